// The decision view: limits on cost, kept in the address, and what to use under them. The rule is that of
// standing/recommend.py: of the models that keep every limit and trained every time, the best mean; those it is not
// shown to beat are within noise of it. Without a limit the page is as it was written.
const form = document.getElementById("limits");
const cards = [...document.querySelectorAll(".decision")].map((element) => ({
  element,
  data: JSON.parse(element.querySelector("script").textContent),
  parts: Object.fromEntries(["use", "score", "cost", "standing", "under", "order"].map((n) => [n, element.querySelector(`.${n}`)])),
}));
for (const card of cards) card.written = { ...Object.fromEntries(Object.entries(card.parts).map(([n, e]) => [n, e.innerHTML])), tone: card.parts.standing.className };

const fields = [...form.querySelectorAll("fieldset")].map((field) => ({
  name: field.dataset.name,
  title: field.dataset.title,
  scale: Number(field.dataset.scale),
  steps: JSON.parse(field.dataset.steps),
  words: JSON.parse(field.dataset.words),
  range: field.querySelector("[type=range]"),
  box: field.querySelector("[type=number]"),
}));
const fold = document.getElementById("limits-fold");
fold.hidden = false;
fold.open = matchMedia("(min-width: 40rem)").matches; // on a narrow screen the answer comes first
form.addEventListener("submit", (event) => event.preventDefault());
for (const field of fields) {
  field.range.addEventListener("input", () => {
    const at = Number(field.range.value);
    set(field, at < field.steps.length ? field.steps[at] : null);
    apply();
  });
  field.box.addEventListener("input", () => {
    const value = Number(field.box.value);
    field.limit = field.box.value !== "" && value > 0 ? value * field.scale : null;
    slide(field);
    apply();
  });
}
form.querySelector("[type=reset]").addEventListener("click", (event) => {
  event.preventDefault();
  for (const field of fields) set(field, null);
  apply();
});
addEventListener("hashchange", read);
read();

function read() {
  const asked = new URLSearchParams(location.hash.slice(1));
  let any = false;
  for (const field of fields) {
    const value = Number(asked.get(field.name));
    set(field, value > 0 ? value : null);
    any ||= value > 0;
  }
  if (any) fold.open = true;
  if (any || form.classList.contains("used")) apply(false);
}

function set(field, limit) {
  field.limit = limit;
  field.box.value = limit === null ? "" : Number((limit / field.scale).toPrecision(6));
  slide(field);
}

function slide(field) {
  const at = field.limit === null ? field.steps.length : field.steps.findIndex((step) => step >= field.limit);
  field.range.value = at < 0 ? field.steps.length : at;
  field.range.setAttribute("aria-valuetext", field.limit === null ? "no limit" : field.words[field.steps.indexOf(field.limit)] || field.box.value);
}

function apply(write = true) {
  form.classList.add("used");
  const limits = fields.filter((field) => field.limit !== null);
  for (const card of cards) limits.length ? show(card, limits) : restore(card);
  form.querySelector("output").textContent = limits.length ? `${limits.length} limit${limits.length > 1 ? "s" : ""} set` : "no limit set";
  if (!write) return;
  const asked = new URLSearchParams(limits.map((field) => [field.name, field.limit]));
  history.replaceState(null, "", limits.length ? `#${asked}` : location.pathname + location.search);
}

function restore(card) {
  card.element.querySelector(".verdict").hidden = false;
  for (const [name, part] of Object.entries(card.parts)) part.innerHTML = card.written[name];
  card.parts.standing.className = card.written.tone;
}

function recommend(data, limits) {
  const broken = (model) => {
    for (const field of limits) {
      const cost = model.costs[field.name];
      if (cost === undefined) return `${field.title} not measured`;
      if (cost > field.limit) return `over the limit on ${field.title}`;
    }
    return "";
  };
  const rows = data.models.map((model) => ({ ...model, why: model.out || broken(model) }));
  const order = rows.filter((model) => !model.why);
  const [first, ...others] = order;
  if (!first) return { rows, order };
  const place = data.order.indexOf(first.label);
  const below = data.baselines.find((one) => data.order.indexOf(one.label) < place);
  const within = others.filter((model) => !first.beats.includes(model.label));
  const beaten = data.baselines.every((one) => first.beats.includes(one.label));
  const best = !within.length && beaten && order.every((model) => model.sure);
  return { rows, order, first, below, within, best };
}

function show(card, limits) {
  const { rows, order, first, below, within, best } = recommend(card.data, limits);
  const { use, score, cost, standing, under } = card.parts;
  const chosen = below || first;
  use.textContent = chosen ? chosen.label : "–";
  score.textContent = chosen ? chosen.score : "";
  cost.textContent = chosen ? chosen.cost || "no training" : "";
  const [words, tone] = !first ? ["no model fits", "bad"] : below ? ["below a baseline", "bad"] : best ? ["best under the limits", "good"] : ["undecided", "warn"];
  standing.textContent = words;
  standing.className = `standing ${tone}`;
  card.element.querySelector(".verdict").hidden = true; // it speaks of all models
  under.textContent = !first
    ? "No model keeps these limits."
    : `Under these limits: ${order.length} of ${rows.length} models${within.length ? `; within noise of ${first.label}: ${within.map((m) => m.label).join(", ")}` : ""}.`;
  card.parts.order.replaceChildren(
    ...[...order, ...rows.filter((model) => model.why)].map((model) => {
      const item = document.createElement("li");
      const name = document.createElement(model.why ? "s" : "b");
      name.textContent = model.label;
      item.append(name, ` ${[model.score, model.cost, model.why].filter(Boolean).join(" · ")}`);
      return item;
    })
  );
}

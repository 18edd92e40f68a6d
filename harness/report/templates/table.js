// Tables that sort by a click on a title (numbers by their value, rows within their group; a third click restores
// the order) and that show only rows with the words of a filter. Details are opened for printing.
const FEWEST_ROWS = 8;
const rowsOf = (body) => [...body.rows].filter((row) => !row.querySelector(".group-title"));
for (const table of document.querySelectorAll("table[data-sortable]")) {
  makeSortable(table);
  if ([...table.tBodies].flatMap(rowsOf).length >= FEWEST_ROWS) makeFilterable(table);
}

function makeSortable(table) {
  const headers = [...table.tHead.rows[0].cells];
  const original = new Map([...table.tBodies].map((body) => [body, rowsOf(body)]));
  headers.forEach((header, column) => {
    const title = header.querySelector(".title") || header;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...title.childNodes);
    title.append(button);
    button.addEventListener("click", () => {
      const before = header.getAttribute("aria-sort");
      const now = before === "ascending" ? "descending" : before === "descending" ? null : "ascending";
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      if (now) header.setAttribute("aria-sort", now);
      for (const [body, rows] of original) {
        const sign = now === "descending" ? -1 : 1;
        body.append(...(now ? [...rows].sort((a, b) => compare(a.cells[column], b.cells[column], sign)) : rows));
      }
    });
  });
}

function compare(one, two, sign) {
  const [a, b] = [one.dataset.value, two.dataset.value];
  if (a !== undefined && b !== undefined) return a === b ? 0 : sign * (Number(a) < Number(b) ? -1 : 1);
  if (a !== undefined || b !== undefined) return a === undefined ? 1 : -1; // without a value: last
  return sign * one.textContent.localeCompare(two.textContent);
}

function makeFilterable(table) {
  const rows = [...table.tBodies].flatMap(rowsOf).map((row) => [row, row.textContent.toLowerCase()]);
  const label = document.createElement("label");
  const input = document.createElement("input");
  const shown = document.createElement("output");
  input.type = "search";
  input.setAttribute("aria-controls", table.id);
  input.setAttribute("aria-describedby", table.caption.id);
  label.append("Show only rows with ", input);
  shown.setAttribute("aria-live", "polite");
  const box = document.createElement("div");
  box.className = "filter";
  box.append(label, shown);
  table.closest(".scroll").before(box);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      count += !row.hidden;
    }
    for (const body of table.tBodies) body.hidden = rowsOf(body).every((row) => row.hidden);
    shown.textContent = words.length ? `${count} of ${rows.length} rows` : "";
  });
}

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const one of opened) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of opened) one.open = false;
});

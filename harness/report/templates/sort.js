// Sort a table by a column: a click on its title, numbers by their value, rows within their group.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, column) => {
    const title = header.querySelector(".title") || header;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...title.childNodes);
    title.append(button);
    button.addEventListener("click", () => {
      const down = header.getAttribute("aria-sort") === "ascending";
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", down ? "descending" : "ascending");
      for (const body of table.tBodies) {
        const rows = [...body.rows].filter((row) => !row.querySelector(".group-title"));
        rows.sort((one, two) => compare(one.cells[column], two.cells[column], down ? -1 : 1));
        body.append(...rows);
      }
    });
  });
}
function compare(one, two, sign) {
  const [a, b] = [one.dataset.value, two.dataset.value];
  if (a !== undefined && b !== undefined) return sign * (Number(a) - Number(b));
  if (a !== undefined || b !== undefined) return a === undefined ? 1 : -1; // without a value: last
  return sign * one.textContent.localeCompare(two.textContent);
}

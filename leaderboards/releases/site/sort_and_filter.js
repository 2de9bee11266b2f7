// A click on a header sorts by it; the field above hides rows whose text lacks what is typed.
const number = text => {
  const match = text.replace(/−/g, "-").replace(/,/g, "").match(/-?\d+(\.\d+)?/);
  return match ? parseFloat(match[0]) : text === "baseline" ? 0 : Infinity;
};
document.querySelectorAll("table").forEach(table => {
  table.querySelectorAll("th").forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const text = row => row.cells[column].textContent;
      const byName = head.classList.contains("name");
      const rows = [...table.tBodies[0].rows].sort((a, b) =>
        (byName ? text(a).localeCompare(text(b)) : number(text(a)) - number(text(b)) || 0) * (down ? -1 : 1));
      table.tBodies[0].append(...rows);
    });
  });
});
const field = document.querySelector("input[type=search]");
const none = document.querySelector("output");
if (field) field.addEventListener("input", () => {
  const wanted = field.value.toLowerCase();
  let shown = 0;
  document.querySelectorAll("tbody tr").forEach(row => {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
    shown += !row.hidden;
  });
  none.textContent = shown ? "" : "no row has it";
});

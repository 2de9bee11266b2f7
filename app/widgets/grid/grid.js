// Draws a table from plain data. Every text goes in through textContent, so no name is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 200, NARROW = 110, HEIGHT = 22, HEAD = 16;
const CLOSE = 0.27; // of the axis: nearer to the last one a tick has no room for its text on a narrow page

const node = (tag, attributes = {}, text = null) => {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) if (value) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
};

const draw = (tag, attributes, text = null) => {
  const made = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
};

// Positions are per cent of the width, so that a bar keeps its line width however wide its cell is.
const at = (share) => `${(100 * share).toFixed(3)}%`;

const plot = (height) => draw("svg", { width: "100%", height });

// An arrow head at an end of the axis: the interval, or its middle, goes on past it.
const beyond = (share, path, colour, middle) => {
  const svg = draw("svg", { x: at(share), y: middle, width: 1, height: 1 });
  svg.append(draw("path", { d: `M0 0 ${path}`, fill: "none", stroke: colour, "stroke-width": 2, "stroke-linejoin": "round" }));
  return svg;
};

const ticks = (column, height) => {
  const lines = (column.ticks ?? []).map(([x]) => draw("line", { x1: at(x), x2: at(x), y1: 0, y2: height, class: "tick" }));
  if (column.reference != null) {
    const x = at(column.reference);
    lines.push(draw("line", { x1: x, x2: x, y1: 0, y2: height, class: "reference" }));
  }
  return lines;
};

// A column's label; where the guide explains it, a link to that, in a tab beside, so that the page stays as it is.
const named = (column, text, attributes = {}) => {
  if (!column.guide) return node("span", attributes, text);
  const link = node("a", { ...attributes, href: column.guide, target: "snrbench-guide" }, text);
  link.addEventListener("click", (event) => event.stopPropagation());
  return link;
};

const label = (column) => named(column, column.short || column.label, { class: "label" });

const kinds = {
  rank: (cell, td) => {
    td.append(node("span", {}, cell.text));
    if (cell.low === undefined) return;
    const svg = plot(4);
    svg.append(draw("line", { x1: "0%", x2: "100%", y1: 2, y2: 2, class: "tick" }));
    svg.append(draw("line", { x1: at(cell.low), x2: at(cell.high), y1: 2, y2: 2, class: "places" }));
    td.append(svg);
  },
  entry: (cell, td) => {
    if (cell.colour) {
      const swatch = node("span", { class: "swatch" });
      swatch.style.background = cell.colour;
      td.append(swatch);
    }
    td.append(node("span", { class: "name", title: cell.name }, cell.name));
    for (const badge of cell.badges ?? []) {
      td.append(node("span", { class: `badge ${badge.tone ?? ""}`, title: badge.title }, badge.text));
    }
  },
  text: (cell, td, column) => {
    // On a narrow page, where a cell stands beside its label, one that says nothing is left out.
    if (cell === "" || (cell === "–" && column.phone)) td.classList.add("blank");
    td.append(label(column));
    // Parameters may go on in another line after a comma; a number and its interval may not.
    const parts = column.align ? [cell] : cell.split(/(?<=,)/);
    parts.forEach((part, index) => td.append(...(index ? [node("wbr")] : []), part));
  },
  bar: (cell, td, column) => {
    const bar = node("span", { class: "bar" });
    bar.style.width = `${Math.max(1, 70 * cell.share)}px`;
    bar.style.background = cell.colour ?? "var(--accent)";
    td.append(label(column), bar, document.createTextNode(cell.text));
  },
  heat: (cell, td) => {
    td.textContent = cell.text;
    if (cell.fill) td.style.background = cell.fill;
    if (cell.title) td.title = cell.title;
  },
  interval: (cell, td, column) => {
    const svg = plot(HEIGHT), middle = HEIGHT / 2;
    svg.append(...ticks(column, HEIGHT));
    if (column.short) td.append(label(column));
    if (cell) {
      const stroke = { stroke: cell.colour, "stroke-width": 4, "stroke-linecap": "round", "stroke-opacity": 0.55 };
      if (cell.low !== null) svg.append(draw("line", { x1: at(cell.low), x2: at(cell.high), y1: middle, y2: middle, ...stroke }));
      const inside = cell.mean !== null && !(cell.mean === 0 && cell.before) && !(cell.mean === 1 && cell.after);
      if (inside) svg.append(draw("circle", { cx: at(cell.mean), cy: middle, r: 4.5, fill: cell.colour }));
      if (cell.before) svg.append(beyond(0, "m7 -5 l-7 5 l7 5", cell.colour, middle));
      if (cell.after) svg.append(beyond(1, "m-7 -5 l7 5 l-7 5", cell.colour, middle));
      if (cell.note) svg.append(draw("text", { x: "100%", y: middle + 4, "text-anchor": "end" }, cell.note));
      td.title = cell.title ?? "";
    }
    td.append(svg);
  },
  spark: (cell, td) => {
    if (!cell) return;
    const width = 66, inner = ([x, y]) => [3 + x * (width - 6), 3 + (1 - y) * (HEIGHT - 6)];
    const svg = draw("svg", { width, height: HEIGHT });
    const path = cell.points.map(inner).map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
    svg.append(draw("polyline", { points: path, fill: "none", stroke: cell.colour, "stroke-width": 1.8, "stroke-linejoin": "round" }));
    const [x, y] = inner(cell.points.at(-1));
    svg.append(draw("circle", { cx: x, cy: y, r: 2.4, fill: cell.colour }));
    td.title = cell.title ?? "";
    td.append(svg);
  },
};

const header = (several) => (column) => {
  const labelled = column.kind === "interval" && column.short ? "labelled" : "";
  const th = node("th", { class: `${column.kind} ${column.align ?? ""} ${column.phone ?? ""} ${labelled}`, title: column.help, scope: "col" });
  th.append(named(column, column.label));
  if (column.kind === "interval") {
    th.textContent = "";
    th.style.minWidth = `${several ? NARROW : WIDTH}px`;
    const line = node("div");
    line.append(named(column, column.label));
    th.append(line);
    const svg = plot(HEAD);
    let last = -1;
    for (const [x, text] of column.ticks ?? []) {
      const anchor = x < 0.06 ? "start" : x > 0.94 ? "end" : "middle";
      const close = x - last < CLOSE;
      svg.append(draw("text", { x: at(x), y: HEAD - 3, "text-anchor": anchor, class: close ? "close" : "" }, text));
      if (!close) last = x;
    }
    th.append(svg);
  }
  return th;
};

const bodyRow = (row, data, toggle) => {
  if (row.head !== undefined) {
    const tr = node("tr", { class: "head" });
    tr.append(node("td", { colspan: data.columns.length + 1 }, row.head));
    return tr;
  }
  const picked = data.selected.includes(row.id);
  const marks = [...(row.marks ?? []), data.selectable ? "pick" : "", picked ? "picked" : ""];
  const tr = node("tr", { class: marks.join(" ") });
  if (data.selectable) {
    const td = node("td", { class: "check" });
    const box = node("input", { type: "checkbox", "aria-label": `select ${row.id}` });
    box.checked = picked;
    box.dataset.id = row.id;
    box.addEventListener("click", (event) => { event.stopPropagation(); toggle(row.id); });
    td.append(box);
    tr.append(td);
    tr.addEventListener("click", () => { if (!String(getSelection())) toggle(row.id); });
  }
  data.columns.forEach((column, index) => {
    const td = node("td", { class: `${column.kind} ${column.align ?? ""} ${column.phone ?? ""}` });
    const cell = row.cells[index];
    if (cell !== null || column.kind === "interval") kinds[column.kind](cell, td, column);
    tr.append(td);
  });
  return tr;
};

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".grid");
  const focused = (parentElement.activeElement ?? document.activeElement)?.dataset?.id;
  root.className = `grid ${data.look ?? ""}`;
  const toggle = (id) => {
    const rest = data.selected.filter((other) => other !== id);
    const next = rest.length < data.selected.length ? rest : [...rest, id];
    if (next.length > data.most) { focusOn(id).checked = false; return; }
    setStateValue("selected", next);
  };
  const table = node("table", { "aria-label": data.alt });
  const thead = node("thead"), top = node("tr"), tbody = node("tbody");
  if (data.selectable) top.append(node("th", { "aria-label": "selected" }));
  const several = data.columns.filter((column) => column.kind === "interval").length > 1;
  top.append(...data.columns.map(header(several)));
  thead.append(top);
  tbody.append(...data.rows.map((row) => bodyRow(row, data, toggle)));
  table.append(thead, tbody);
  root.replaceChildren(table);
  const focusOn = (id) => [...root.querySelectorAll("input")].find((box) => box.dataset.id === id);
  if (focused !== undefined) focusOn(focused)?.focus();
}

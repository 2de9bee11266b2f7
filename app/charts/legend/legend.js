// Draws a figure's legend from plain data. Every name goes in through textContent, so none is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 26, HEIGHT = 12;
const DASHES = { solid: "", dash: "6 3", dot: "2 2.5", dashdot: "6 2.5 2 2.5" };

const SYMBOLS = {
  circle: "M9.4 6 a3.6 3.6 0 1 0 7.2 0 a3.6 3.6 0 1 0 -7.2 0",
  square: "M9.8 2.8 h6.4 v6.4 h-6.4 z",
  diamond: "M13 1.6 l4.4 4.4 l-4.4 4.4 l-4.4 -4.4 z",
  "triangle-up": "M13 2 l4 7 h-8 z",
};

const draw = (tag, attributes) => {
  const made = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

const sample = (item) => {
  const stroke = item.colour || "var(--st-text-color)", middle = HEIGHT / 2;
  const svg = draw("svg", { width: WIDTH, height: HEIGHT, "aria-hidden": "true" });
  if (item.dash) {
    const dash = DASHES[item.dash] ?? "";
    svg.append(draw("line", { x1: 0, x2: WIDTH, y1: middle, y2: middle, stroke, "stroke-width": 2.4, "stroke-dasharray": dash }));
  }
  if (item.symbol.startsWith("x")) {
    svg.append(draw("path", { d: "M9.5 2.5 l7 7 m0 -7 l-7 7", stroke, "stroke-width": 1.6 }));
  } else if (item.symbol) {
    svg.append(draw("path", { d: SYMBOLS[item.symbol] ?? SYMBOLS.circle, fill: stroke }));
  }
  return svg;
};

export default function ({ data, parentElement }) {
  const items = data.items.map((item) => {
    const made = document.createElement("span"), name = document.createElement("span");
    made.className = "item";
    name.textContent = item.name;
    name.title = item.name;
    made.append(sample(item), name);
    return made;
  });
  parentElement.querySelector(".legend").replaceChildren(...items);
}

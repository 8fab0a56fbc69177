// Drawing in SVG: its text can be read, searched and tested, it prints sharp, and
// it follows light and dark by the style sheet alone. What a run says enters the
// page as text nodes and attributes only, never as markup.

const svgSpace = "http://www.w3.org/2000/svg";

function node(parent, name, attributes, text) {
  const made = document.createElementNS(svgSpace, name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.appendChild(made);
  return made;
}

function element(parent, name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  if (parent) parent.appendChild(made);
  return made;
}

function button(parent, text, label, act) {
  const made = element(parent, "button", "", text);
  made.type = "button";
  if (label) made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

// marker draws an arm's marker at a place. A hollow one has a hole: every second
// arm of a transport, or a point that must not be ranked.
function marker(parent, arm, x, y, hollow = arm.hollow) {
  const at = `translate(${x.toFixed(1)} ${y.toFixed(1)})`;
  node(parent, "path", { d: arm.marker, transform: at + " scale(1.3)", class: "rim" });
  node(parent, "path", { d: arm.marker, transform: at, fill: arm.colour });
  if (hollow) node(parent, "path", { d: arm.marker, transform: at + " scale(.6)", class: "rim" });
}

function swatchOf(arm) {
  const made = node(null, "svg", { class: "swatch", viewBox: "-12 -6 24 12", "aria-hidden": "true" });
  node(made, "line", { x1: -12, x2: 12, stroke: arm.colour, "stroke-width": 2, "stroke-dasharray": arm.dashes });
  marker(made, arm, 0, 0);
  return made;
}

// patch is the swatch of something that is an area and not a line.
function patch(colour) {
  const made = node(null, "svg", { class: "swatch patch", viewBox: "0 0 12 12", "aria-hidden": "true" });
  node(made, "rect", { width: 12, height: 12, fill: colour });
  return made;
}

// widthOf estimates how wide a label is in the font of the charts: asking the
// browser for each would cost a layout for each.
const widthOf = (label) => label.length * 6.7;

// shorten cuts a label to a width; the legend and the tables have it whole.
function shorten(label, width) {
  const letters = [...label], most = Math.max(3, Math.floor(width / 6.7));
  return letters.length <= most ? label : letters.slice(0, most - 1).join("") + "…";
}

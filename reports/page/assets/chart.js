"use strict";
// A line chart in SVG with a cursor that reads values. Text only ever enters the
// page as text nodes and attributes.

const svgSpace = "http://www.w3.org/2000/svg";

function node(parent, name, attributes, text) {
  const made = document.createElementNS(svgSpace, name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.appendChild(made);
  return made;
}

function swatchOf(arm) {
  const made = node(null, "svg", { class: "swatch", viewBox: "-12 -6 24 12", "aria-hidden": "true" });
  node(made, "line", { x1: -12, x2: 12, stroke: arm.colour, "stroke-width": 2, "stroke-dasharray": arm.dashes });
  marker(made, arm, 0, 0);
  return made;
}

function marker(parent, arm, x, y) {
  const at = `translate(${x.toFixed(1)} ${y.toFixed(1)})`;
  node(parent, "path", { d: arm.marker, transform: at + " scale(1.3)", class: "rim" });
  node(parent, "path", { d: arm.marker, transform: at, fill: arm.colour });
  if (arm.hollow) node(parent, "path", { d: arm.marker, transform: at + " scale(.6)", class: "rim" });
}

// chart draws plot into box. plot has
//   lines(): [{arm, points: [[x, y, low, high]]}]   in data units, low and high optional
//   x, y: {of: data -> linear, from, to: linear or undefined, ticks(from, to, wanted): [[linear, label]], label}
//   marks(x): whether a point at x bears a marker
//   readX(x), readY(y): text of a value
class Chart {
  constructor(box, plot) {
    this.box = box;
    this.plot = plot;
    this.at = null; // index into this.stops
    box.tabIndex = 0;
    box.addEventListener("pointermove", (e) => this.point(e));
    box.addEventListener("pointerdown", (e) => this.point(e));
    box.addEventListener("pointerleave", () => this.moveTo(null));
    box.addEventListener("blur", () => this.moveTo(null));
    box.addEventListener("keydown", (e) => this.key(e));
    new ResizeObserver(() => { if (box.clientWidth !== this.width) this.draw(); }).observe(box);
    this.draw();
  }

  draw() {
    const { box, plot } = this;
    this.lines = plot.lines();
    this.width = box.clientWidth;
    this.height = Math.round(Math.min(400, Math.max(240, this.width * 0.42)));
    box.replaceChildren();
    this.tip = null;
    this.svg = node(box, "svg", { viewBox: `0 0 ${this.width} ${this.height}`, height: this.height, role: "img", "aria-label": plot.title });
    const points = this.lines.flatMap((l) => l.points);
    if (points.length === 0) {
      node(this.svg, "text", { x: this.width / 2, y: this.height / 2, "text-anchor": "middle" }, "no data to draw");
      this.stops = [];
      return;
    }
    this.fit(points);
    this.axes();
    for (const l of this.lines) this.band(l);
    for (const l of this.lines) this.line(l);
    this.stops = [...new Set(points.map((p) => p[0]))].sort((a, b) => a - b);
    this.cursor = node(this.svg, "g", {});
  }

  fit(points) {
    const { x, y } = this.plot;
    const xs = points.map((p) => x.of(p[0]));
    const ys = points.flatMap((p) => p.slice(1)).map(y.of);
    const low = ys.reduce((a, b) => Math.min(a, b)), high = ys.reduce((a, b) => Math.max(a, b));
    this.x0 = x.from ?? xs.reduce((a, b) => Math.min(a, b));
    this.x1 = Math.max(xs.reduce((a, b) => Math.max(a, b)), this.x0 + 1e-9);
    this.y0 = y.from ?? low - 0.05;
    this.y1 = Math.max(high + (high - this.y0) * 0.06, this.y0 + 1e-9);
    this.left = 62;
    this.right = this.width - 14;
    this.top = 8;
    this.bottom = this.height - 40;
  }

  px(v) { return this.left + (this.right - this.left) * (this.plot.x.of(v) - this.x0) / (this.x1 - this.x0); }
  py(v) { return this.bottom - (this.bottom - this.top) * (this.plot.y.of(v) - this.y0) / (this.y1 - this.y0); }

  axes() {
    const { svg, left, right, top, bottom } = this;
    const { x, y } = this.plot;
    let free = -Infinity; // where the last label on the x axis ended
    for (const [at, label] of x.ticks(this.x0, this.x1, (right - left) / 90)) {
      const px = left + (right - left) * (at - this.x0) / (this.x1 - this.x0);
      node(svg, "line", { x1: px, x2: px, y1: top, y2: bottom, class: "grid" });
      const half = label.length * 3.6;
      if (px - half < free) continue;
      free = px + half + 6;
      node(svg, "text", { x: Math.min(px, this.width - half), y: bottom + 16, "text-anchor": "middle" }, label);
    }
    for (const [at, label] of y.ticks(this.y0, this.y1, (bottom - top) / 45)) {
      const py = bottom - (bottom - top) * (at - this.y0) / (this.y1 - this.y0);
      node(svg, "line", { x1: left, x2: right, y1: py, y2: py, class: "grid" });
      node(svg, "text", { x: left - 7, y: py + 4, "text-anchor": "end" }, label);
    }
    node(svg, "path", { d: `M${left} ${top}V${bottom}H${right}`, class: "axis" });
    node(svg, "text", { x: (left + right) / 2, y: this.height - 5, "text-anchor": "middle" }, x.label);
  }

  band(l) {
    const wide = l.points.filter((p) => p.length > 3);
    if (wide.length < 2) return;
    const there = wide.map((p) => `${this.px(p[0]).toFixed(1)} ${this.py(p[3]).toFixed(1)}`);
    const back = wide.map((p) => `${this.px(p[0]).toFixed(1)} ${this.py(p[2]).toFixed(1)}`).reverse();
    node(this.svg, "path", { d: "M" + there.concat(back).join("L") + "Z", fill: l.arm.colour, "fill-opacity": 0.2 });
  }

  line(l) {
    const d = "M" + l.points.map((p) => `${this.px(p[0]).toFixed(1)} ${this.py(p[1]).toFixed(1)}`).join("L");
    node(this.svg, "path", { d, fill: "none", stroke: l.arm.colour, "stroke-width": 2, "stroke-dasharray": l.arm.dashes, "stroke-linejoin": "round" });
    l.points.forEach((p, i) => { if (this.plot.marks(p[0], i, l)) marker(this.svg, l.arm, this.px(p[0]), this.py(p[1])); });
  }

  point(e) {
    const x = e.clientX - this.box.getBoundingClientRect().left;
    let best = null;
    this.stops.forEach((s, i) => { if (best === null || Math.abs(this.px(s) - x) < Math.abs(this.px(this.stops[best]) - x)) best = i; });
    this.moveTo(best);
  }

  key(e) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!step || this.stops.length === 0) return;
    e.preventDefault();
    const from = this.at ?? (step > 0 ? -1 : this.stops.length);
    this.moveTo(Math.min(this.stops.length - 1, Math.max(0, from + step)));
  }

  moveTo(index) {
    this.at = index;
    if (this.cursor) this.cursor.replaceChildren();
    if (this.tip) this.tip.remove();
    this.tip = null;
    if (index === null) return;
    const stop = this.stops[index], px = this.px(stop);
    node(this.cursor, "line", { x1: px, x2: px, y1: this.top, y2: this.bottom, class: "cursor" });
    const read = [];
    for (const l of this.lines) {
      const p = l.points.find((p) => p[0] === stop);
      if (!p) continue;
      marker(this.cursor, l.arm, px, this.py(p[1]));
      read.push([l.arm, p]);
    }
    read.sort((a, b) => b[1][1] - a[1][1]); // as they lie
    this.tip = this.tipOf(stop, read);
    this.box.appendChild(this.tip);
    const room = this.width - this.tip.offsetWidth;
    const beside = px + 14 <= room ? px + 14 : px - 14 - this.tip.offsetWidth;
    this.tip.style.left = Math.max(0, Math.min(beside, room)) + "px";
    this.tip.style.top = this.top + 4 + "px";
  }

  tipOf(stop, read) {
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.append(this.plot.readX(stop));
    for (const [arm, p] of read) {
      const row = document.createElement("div");
      const value = document.createElement("b");
      value.textContent = this.plot.readY(p[1]);
      row.append(swatchOf(arm), arm.label + " ", value);
      if (p.length > 3 && p[2] !== p[3]) {
        const range = document.createElement("span");
        range.className = "range";
        range.textContent = ` ${this.plot.readY(p[2])} to ${this.plot.readY(p[3])}`;
        row.append(range);
      }
      tip.append(row);
    }
    return tip;
  }
}

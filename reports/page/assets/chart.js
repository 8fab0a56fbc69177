// A chart of lines over an axis, with bands, events and a cursor that reads values.
//
// A plot says what is drawn:
//   title                          for who cannot see it
//   x, y      {of, ticks, label, from}   of: data -> the units in which the axis is linear
//   lines()   [{arm, points: [[x, y, low, high]], name, notes, thin}]   in data; low, high, notes may be missing
//   events()  [{arm, at, kind, text, replicate}]
//   whiskers                       low and high belong to a point and not to a line
//   marks(x, i, n)                 whether point i of n bears a marker
//   readX, readY                   text of a value
//   beyond                         y of a line before its first and behind its last point, if that is known
// A Chart is drawn anew whenever something changes; that takes a few milliseconds.

const maxTold = 6; // events in one tip
const maxKinds = 4; // of events that are named above a plot; there are faults, repairs, changes and elections

class Chart {
  constructor(box, plot, view) {
    this.box = box;
    this.plot = plot;
    this.view = view;
    this.tip = new Tip(box);
    this.at = null; // index into this.stops
    view.add(this);
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", plot.title + ". Arrow keys read values, plus and minus zoom, 0 shows everything.");
    followPointers(this);
    followKeys(this);
    // Asking for the width between drawings would lay the page out for each of them.
    this.width = box.clientWidth;
    new ResizeObserver(() => {
      if (box.clientWidth === this.width) return;
      this.width = box.clientWidth;
      this.draw();
    }).observe(box);
  }

  // update takes the lines that are to be shown and learns how far they reach.
  update() {
    const { x, y } = this.plot;
    this.lines = this.plot.lines().map((line) => ({
      ...line,
      dots: line.points.map((p, i) => ({
        x: x.of(p[0]), y: y.of(p[1]), low: y.of(p[2] ?? p[1]), high: y.of(p[3] ?? p[1]), data: p, note: line.notes?.[i],
      })),
    }));
    const xs = this.lines.flatMap((l) => l.dots.map((d) => d.x));
    this.extent = xs.length > 0 ? [x.from ?? Math.min(...xs), Math.max(...xs, (x.from ?? -Infinity) + 1e-9)] : null;
  }

  draw() {
    const { box } = this;
    this.height = Math.round(Math.min(400, Math.max(250, this.width * 0.42)));
    this.tip.hide();
    this.svg?.remove();
    this.svg = node(box, "svg", { viewBox: `0 0 ${this.width} ${this.height}`, height: this.height, role: "img", "aria-label": this.plot.title });
    this.stops = [];
    if (!this.extent) {
      node(this.svg, "text", { x: this.width / 2, y: this.height / 2, "text-anchor": "middle" }, "nothing to draw");
      return;
    }
    [this.x0, this.x1] = this.view.range();
    const seen = this.lines.map((line) => ({ ...line, dots: cut(line.dots, this.x0, this.x1) })).filter((line) => line.dots.length > 0);
    this.fit(seen.flatMap((line) => line.dots));
    this.axes();
    for (const line of seen) this.band(line);
    this.drawEvents();
    for (const line of seen) this.line(line);
    this.stops = [...new Set(seen.flatMap((l) => l.dots.filter((d) => d.data).map((d) => d.x)))].sort((a, b) => a - b);
    this.seen = seen;
    this.cursor = node(this.svg, "g", {});
    this.moveTo(null);
  }

  // fit finds the range of the y axis and where the plot stands in its box.
  fit(dots) {
    const { x, y } = this.plot;
    const lows = dots.map((d) => d.low), highs = dots.map((d) => d.high);
    const low = y.from ?? lows.reduce((a, b) => Math.min(a, b), Infinity), high = highs.reduce((a, b) => Math.max(a, b), -Infinity);
    const room = Math.max((high - low) * 0.05, Math.abs(high) * 1e-4, 1e-9);
    this.y0 = y.from ?? low - room;
    this.y1 = y.to ?? (high > low ? high + room : low + 1);
    this.top = 32;
    this.bottom = this.height - 42;
    this.yTicks = y.ticks(this.y0, this.y1, (this.bottom - this.top) / 42);
    this.left = Math.max(34, ...this.yTicks.map(([, label]) => widthOf(label))) + 10;
    this.right = this.width - 14;
    this.xTicks = x.ticks(this.x0, this.x1, (this.right - this.left) / 80);
  }

  px(x) { return this.left + (this.right - this.left) * (x - this.x0) / (this.x1 - this.x0); }
  py(y) { return this.bottom - (this.bottom - this.top) * (y - this.y0) / (this.y1 - this.y0); }
  perPixel() { return (this.x1 - this.x0) / (this.right - this.left); }
  valueAt(px) { return Math.min(this.x1, Math.max(this.x0, this.x0 + (px - this.left) * this.perPixel())); }

  // pinched is the range in which the values lie under the fingers that took hold
  // of them.
  pinched([a, b], [left, right]) {
    const scale = (b - a) / Math.max(24, right - left);
    const from = a - (left - this.left) * scale;
    return [from, from + (this.right - this.left) * scale];
  }

  axes() {
    const { svg, left, right, top, bottom } = this;
    let free = -Infinity; // where the last label on the x axis ended
    for (const [at, label] of this.xTicks) {
      const px = this.px(at);
      node(svg, "line", { x1: px, x2: px, y1: top, y2: bottom, class: "grid" });
      const half = widthOf(label) / 2, centre = Math.min(px, this.width - half);
      if (centre - half < free) continue;
      free = centre + half + 8;
      node(svg, "text", { x: centre, y: bottom + 18, "text-anchor": "middle", class: "x" }, label);
    }
    for (const [at, label] of this.yTicks) {
      const py = this.py(at);
      node(svg, "line", { x1: left, x2: right, y1: py, y2: py, class: "grid" });
      node(svg, "text", { x: left - 7, y: py + 4, "text-anchor": "end", class: "y" }, label);
    }
    node(svg, "path", { d: `M${left} ${top}V${bottom}H${right}`, class: "axis" });
    node(svg, "text", { x: (left + right) / 2, y: this.height - 5, "text-anchor": "middle", class: "title" }, this.plot.x.label);
    node(svg, "text", { x: 0, y: 12, class: "title" }, this.plot.y.label);
  }

  // band shades the uncertainty along a line; points that stand for themselves get
  // whiskers.
  band(line) {
    if (this.plot.whiskers) {
      this.whiskers(line);
      return;
    }
    const wide = line.dots.some((d) => d.high > d.low);
    if (!wide || line.dots.length < 2) return;
    const at = (x, y) => `${this.px(x).toFixed(1)} ${this.py(y).toFixed(1)}`;
    const there = line.dots.map((d) => at(d.x, d.high)), back = line.dots.map((d) => at(d.x, d.low)).reverse();
    node(this.svg, "path", { d: "M" + there.concat(back).join("L") + "Z", fill: line.arm.colour, class: "band" });
  }

  whiskers(line) {
    for (const d of line.dots.filter((p) => p.data && p.high > p.low)) {
      const x = this.px(d.x), low = this.py(d.low), high = this.py(d.high);
      node(this.svg, "path", { d: `M${x - 4} ${low}h8M${x - 4} ${high}h8M${x} ${low}V${high}`, stroke: line.arm.colour, class: "whisker" });
    }
  }

  // line joins points that are next to each other, but none that bears a note: what
  // must not be ranked is no part of a curve.
  line(line) {
    let d = "";
    line.dots.forEach((p, i) => {
      const joined = i > 0 && !p.note && !line.dots[i - 1].note;
      d += `${joined ? "L" : "M"}${this.px(p.x).toFixed(1)} ${this.py(p.y).toFixed(1)}`;
    });
    node(this.svg, "path", { d, stroke: line.arm.colour, "stroke-dasharray": line.arm.dashes, class: line.thin ? "line thin" : "line" });
    const own = line.dots.filter((p) => p.data);
    own.forEach((p, i) => {
      const x = this.px(p.x), y = this.py(p.y);
      if (p.note || this.plot.marks(p.data[0], i, own.length)) marker(this.svg, line.arm, x, y, line.arm.hollow || Boolean(p.note));
      if (p.note) node(this.svg, "path", { d: "M-5 -5L5 5M-5 5L5 -5", transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, class: "doubt" });
    });
  }

  drawEvents() {
    const { of } = this.plot.x;
    this.events = (this.plot.events?.() ?? []).map((e) => ({ ...e, x: of(e.at) })).filter((e) => e.x >= this.x0 && e.x <= this.x1);
    for (const e of this.events) {
      const px = this.px(e.x), colour = e.arm.colour;
      node(this.svg, "line", { x1: px, x2: px, y1: this.top, y2: this.bottom, stroke: colour, class: "event" });
      node(this.svg, "path", { d: eventShape(e.kind), transform: `translate(${px.toFixed(1)} ${this.top - 7})`, fill: colour, class: "sign" });
    }
    let right = this.right;
    for (const kind of [...new Set(this.events.map((e) => e.kind))].slice(0, maxKinds).reverse()) {
      const text = shorten(kind, 80);
      node(this.svg, "text", { x: right, y: 12, "text-anchor": "end", class: "title" }, text);
      right -= widthOf(text) + 12;
      node(this.svg, "path", { d: eventShape(kind), transform: `translate(${right + 4} 8)`, class: "sign key" });
      right -= 12;
    }
  }

  // readAt reads at the stop that is nearest to a place.
  readAt(px) {
    if (this.stops.length === 0) return;
    const x = this.valueAt(px);
    let best = 0;
    this.stops.forEach((s, i) => { if (Math.abs(s - x) < Math.abs(this.stops[best] - x)) best = i; });
    this.moveTo(best);
  }

  // step moves the cursor by so many stops and speaks what is there.
  step(by) {
    if (this.stops.length === 0) return;
    const from = this.at ?? (by > 0 ? -1 : this.stops.length);
    this.moveTo(Math.min(this.stops.length - 1, Math.max(0, from + by)));
    this.tip.say();
  }

  // focus is what a zoom without a pointer keeps in place.
  focus() { return this.at === null ? (this.x0 + this.x1) / 2 : this.stops[this.at]; }

  moveTo(index) {
    this.at = index;
    this.tip.hide();
    this.cursor?.replaceChildren();
    if (index === null || this.stops.length === 0) return;
    const stop = this.stops[index], px = this.px(stop);
    node(this.cursor, "line", { x1: px, x2: px, y1: this.top, y2: this.bottom, class: "cursor" });
    const read = this.seen.map((line) => this.read(line, stop)).filter(Boolean);
    for (const { line, dot } of read) marker(this.cursor, line.arm, px, this.py(dot.y));
    read.sort((a, b) => b.dot.y - a.dot.y); // as they lie
    const near = this.events.filter((e) => Math.abs(this.px(e.x) - px) < 12).slice(0, maxTold);
    this.tip.show(px, this.top, this.plot.readX(read[0].dot.data[0]), [
      ...read.map(({ line, dot }) => this.row(line, dot)),
      ...near.map((e) => ({ swatch: swatchOf(e.arm), text: `${e.kind} in replicate ${e.replicate} at ${secondsText(e.at)}: ${e.text}` })),
    ]);
  }

  // read finds what a line has at a stop. A plot may know what a line is before its
  // first point and behind its last.
  read(line, stop) {
    const dot = line.dots.find((d) => d.x === stop && d.data);
    if (dot || !this.plot.beyond) return dot && { line, dot };
    const y = this.plot.beyond[stop < line.dots[0].x ? 0 : 1];
    return { line, dot: { y, data: [this.dataAt(stop), y] } };
  }

  // dataAt is the x of a stop in data: some line has a point there.
  dataAt(stop) {
    for (const line of this.seen) for (const d of line.dots) if (d.x === stop && d.data) return d.data[0];
    return NaN;
  }

  row(line, dot) {
    const { readY } = this.plot, [, value, low, high] = dot.data;
    const range = low === undefined ? "" : `${readY(low)} to ${readY(high)}`;
    return { swatch: swatchOf(line.arm), name: line.name, value: readY(value), more: [range, dot.note].filter(Boolean).join(", ") };
  }

  // select marks what a drag would zoom to; null takes the mark away.
  select(a, b) {
    this.mark?.remove();
    this.mark = null;
    if (a === null) return;
    this.moveTo(null);
    const [from, to] = [a, b].map((px) => Math.min(this.right, Math.max(this.left, px))).sort((p, q) => p - q);
    this.mark = node(this.svg, "rect", { x: from, y: this.top, width: to - from, height: this.bottom - this.top, class: "mark" });
  }
}

// cut returns the part of a line between two places, with ends that lie on the
// line. Those ends are no data.
function cut(dots, from, to) {
  const part = [];
  const between = (a, b, x) => {
    const share = (x - a.x) / (b.x - a.x), mix = (key) => a[key] + (b[key] - a[key]) * share;
    return { x, y: mix("y"), low: mix("low"), high: mix("high"), note: a.note ?? b.note };
  };
  dots.forEach((dot, i) => {
    const next = dots[i + 1];
    if (dot.x >= from && dot.x <= to) part.push(dot);
    if (!next) return;
    if (dot.x < from && next.x > from) part.push(between(dot, next, from));
    if (dot.x < to && next.x > to) part.push(between(dot, next, to));
  });
  return part;
}

// eventShape is a sign of its own for each kind, five units in radius.
function eventShape(kind) {
  if (kind === "fault") return "M-5 -4H5L0 5Z";
  if (kind === "election") return "M0 -5L5 0L0 5L-5 0Z";
  if (kind === "change") return "M-2 -5H2V-2H5V2H2V5H-2V2H-5V-2H-2Z";
  return "M-4 -4H4V4H-4Z";
}

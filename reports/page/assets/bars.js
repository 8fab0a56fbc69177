// Bars: where the time goes, and what it costs. Nothing to zoom here; the cursor
// reads one bar at a time.

class Bars {
  // draw(svg, width, bars) draws, and adds {x, y, width, height, heading, rows} for
  // each thing that can be read; it returns the height.
  constructor(box, title, draw) {
    this.box = box;
    this.title = title;
    this.drawAll = draw;
    this.tip = new Tip(box);
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", title + ". Arrow keys read values.");
    box.addEventListener("pointermove", (e) => this.point(e));
    box.addEventListener("pointerdown", (e) => this.point(e));
    box.addEventListener("pointerleave", () => this.moveTo(null));
    box.addEventListener("blur", () => this.moveTo(null));
    box.addEventListener("keydown", (e) => this.key(e));
    // Asking for the width between drawings would lay the page out for each of them.
    this.width = box.clientWidth;
    new ResizeObserver(() => {
      if (box.clientWidth === this.width) return;
      this.width = box.clientWidth;
      this.draw();
    }).observe(box);
  }

  draw() {
    this.tip.hide();
    this.svg?.remove();
    this.svg = node(this.box, "svg", { role: "img", "aria-label": this.title });
    this.bars = [];
    this.at = null;
    const height = this.drawAll(this.svg, this.width, this.bars);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    this.svg.setAttribute("height", height);
    this.mark = node(this.svg, "rect", { class: "outline", width: 0, height: 0 });
  }

  point(e) {
    const box = this.box.getBoundingClientRect(), x = e.clientX - box.left, y = e.clientY - box.top;
    const at = this.bars.findIndex((b) => x >= b.x - 1 && x <= b.x + b.width + 1 && y >= b.y && y <= b.y + b.height);
    this.moveTo(at < 0 ? null : at);
  }

  key(e) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
    if (e.key === "Escape") this.moveTo(null);
    if (!step || this.bars.length === 0) return;
    e.preventDefault();
    const from = this.at ?? (step > 0 ? -1 : this.bars.length);
    this.moveTo(Math.min(this.bars.length - 1, Math.max(0, from + step)));
    this.tip.say();
  }

  moveTo(index) {
    if (index === this.at) return;
    this.at = index;
    this.tip.hide();
    const bar = this.bars[index] ?? { x: 0, y: 0, width: 0, height: 0 };
    for (const key of ["x", "y", "width", "height"]) this.mark.setAttribute(key, bar[key]);
    if (index !== null) this.tip.show(bar.x + bar.width / 2, bar.y + bar.height, bar.heading, bar.rows);
  }
}

// stageBars stacks the stages of each arm, as time or as shares of the mean response.
function stageBars(svg, width, bars, { arms, stages, shares }) {
  if (arms.length === 0) return nothingToDraw(svg, width);
  const unit = (s) => (shares ? s.response || 1 : 1);
  const ends = arms.map((a) => Math.max(a.stages.response, a.stages.means.reduce((x, y) => x + y, 0)) / unit(a.stages));
  const longest = Math.max(...ends, 1e-9), right = width - 14, px = (v) => right * v / longest;
  const height = 46, gapHeight = 18, top = 4;
  let y = top;
  const rows = arms.map((arm) => {
    const row = { arm, y };
    y += height + (arm.stages.gap ? gapHeight : 0);
    return row;
  });
  const ticks = linearTicks(shares ? percentText : roundLatency)(0, longest, width / 90);
  let free = -Infinity;
  for (const [at, label] of ticks) {
    node(svg, "line", { x1: px(at), x2: px(at), y1: top, y2: y, class: "grid" });
    const half = widthOf(label) / 2, centre = Math.max(half, Math.min(px(at), width - half));
    if (centre - half < free) continue;
    free = centre + half + 8;
    node(svg, "text", { x: centre, y: y + 16, "text-anchor": "middle", class: "x" }, label);
  }
  for (const row of rows) stageRow(svg, bars, row, { stages, px, unit: unit(row.arm.stages), width });
  node(svg, "text", { x: width / 2, y: y + 34, "text-anchor": "middle", class: "title" },
    shares ? "share of the mean response time" : "mean time; the mark below is the mean response");
  return stageKey(svg, stages, width, y + 48);
}

function stageRow(svg, bars, { arm, y }, { stages, px, unit, width }) {
  const { means, response, gap } = arm.stages;
  marker(svg, arm, 7, y + 9);
  const whole = latencyText(response);
  node(svg, "text", { x: 18, y: y + 13, class: "y" }, shorten(arm.label, width - 40 - widthOf(whole)) + "  " + whole);
  let sum = 0;
  means.forEach((mean, i) => {
    const x = px(sum / unit), length = px(mean / unit);
    sum += mean;
    if (length <= 0) return;
    node(svg, "rect", { x, y: y + 18, width: length, height: 20, fill: stages[i].colour, class: "piece" });
    const name = stages[i].name;
    if (length > widthOf(name) + 6) node(svg, "text", { x: x + length / 2, y: y + 32, "text-anchor": "middle", class: dark(stages[i].colour) ? "on light" : "on" }, name);
    bars.push({
      x, y: y + 18, width: length, height: 20, heading: arm.label,
      rows: [{ swatch: patch(stages[i].colour), name, value: latencyText(mean), more: response > 0 ? shareText(mean / response) : "" }, { text: stages[i].meaning }].filter((row) => row.text !== ""),
    });
  });
  // Below the bar, not across its words.
  node(svg, "path", { d: `M${px(response / unit)} ${y + 38}v7`, class: "whole" });
  if (gap) node(svg, "text", { x: 0, y: y + 54, class: "gap" }, shorten(gap, width * 0.9));
}

// dark says that white is read better than black on a colour.
function dark(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => (parseInt(colour.slice(i, i + 2), 16) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.18;
}

// stageKey names the colours below the bars and returns where they end.
function stageKey(svg, stages, width, y) {
  let x = 0;
  for (const s of stages) {
    const long = 20 + widthOf(s.name) + 12;
    if (x > 0 && x + long > width) { x = 0; y += 20; }
    node(svg, "rect", { x, y, width: 12, height: 12, fill: s.colour, class: "piece" });
    node(svg, "text", { x: x + 17, y: y + 10 }, s.name);
    x += long;
  }
  return y + 18;
}

// costBars has a block of bars for each cost.
function costBars(svg, width, bars, { arms, costs }) {
  if (arms.length === 0) return nothingToDraw(svg, width);
  const columns = Math.max(1, Math.min(4, costs.length, Math.floor(width / 240))), gap = 28;
  const wide = (width - gap * (columns - 1)) / columns, rowHeight = 19, high = 30 + arms.length * rowHeight + 16;
  costs.forEach((cost, c) => {
    const left = (c % columns) * (wide + gap), top = Math.floor(c / columns) * high;
    node(svg, "text", { x: left, y: top + 16, class: "head" }, cost.title);
    const values = arms.map((a) => a.costs[c]);
    const longest = Math.max(1e-12, ...values.map((v) => v?.high ?? 0));
    const room = wide - 20 - 8 - Math.max(...values.map((v) => widthOf(v?.text ?? "-")));
    arms.forEach((arm, i) => costRow(svg, bars, { arm, value: values[i], title: cost.title, left, y: top + 26 + i * rowHeight, scale: room / longest, wide }));
  });
  return Math.ceil(costs.length / columns) * high;
}

function costRow(svg, bars, { arm, value, title, left, y, scale, wide }) {
  marker(svg, arm, left + 7, y + 8);
  const start = left + 20;
  if (!value) {
    node(svg, "text", { x: start, y: y + 12, class: "value" }, "-");
    return;
  }
  node(svg, "rect", { x: start, y: y + 2, width: Math.max(1, value.at * scale), height: 12, fill: arm.colour });
  let end = start + value.at * scale;
  if (value.high > value.low) {
    const x1 = start + value.low * scale, x2 = start + value.high * scale;
    node(svg, "line", { x1, x2, y1: y + 8, y2: y + 8, class: "halo" });
    node(svg, "line", { x1, x2, y1: y + 8, y2: y + 8, class: "span" });
    end = x2;
  }
  node(svg, "text", { x: end + 6, y: y + 12, class: "value" }, value.text);
  bars.push({ x: left, y, width: wide, height: 17, heading: title, rows: [{ swatch: swatchOf(arm), name: arm.label, value: value.text, more: value.span }] });
}

function nothingToDraw(svg, width) {
  node(svg, "text", { x: width / 2, y: 60, "text-anchor": "middle" }, "nothing to draw");
  return 120;
}

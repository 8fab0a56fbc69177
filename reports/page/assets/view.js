// The part of an axis that is shown: all of it, or what somebody zoomed to. Plots
// with the same axis share one, so that they stay comparable.

class View {
  constructor() {
    this.shown = null; // [from, to], or null for everything
    this.charts = [];
    this.followers = []; // called when the shown part changes
  }

  add(chart) { this.charts.push(chart); }
  follow(call) { this.followers.push(call); }

  // refresh draws what the charts have now, which may be other lines than before.
  refresh() {
    for (const chart of this.charts) chart.update();
    this.set(this.shown);
  }

  set(shown) {
    this.shown = shown;
    for (const chart of this.charts) chart.draw();
    for (const call of this.followers) call();
  }

  // everything is what all charts of the view have together.
  everything() {
    const ranges = this.charts.map((c) => c.extent).filter(Boolean);
    if (ranges.length === 0) return [0, 1];
    return [Math.min(...ranges.map((r) => r[0])), Math.max(...ranges.map((r) => r[1]))];
  }

  range() { return this.shown ?? this.everything(); }

  // zoom makes the shown part so many times as long, around a place that stays.
  zoom(factor, around) {
    const [from, to] = this.range();
    this.show(around - (around - from) * factor, around + (to - around) * factor);
  }

  // move shows a part of the same length, no further than there is something.
  move(by, [from, to] = this.range()) {
    const [first, last] = this.everything();
    const step = Math.min(last - to, Math.max(first - from, by));
    this.show(from + step, to + step);
  }

  // show keeps within what there is, and a thousandth of it in length at least.
  show(from, to) {
    const [first, last] = this.everything(), least = (last - first) / 1000;
    if (to - from < least) [from, to] = [(from + to - least) / 2, (from + to + least) / 2];
    from = Math.max(first, from);
    to = Math.min(last, to);
    const all = from <= first + least / 10 && to >= last - least / 10;
    this.set(all ? null : [from, to]);
  }
}

// followPointers turns drags, pinches, wheel and double clicks on a chart into
// calls of its view and its cursor. Reading needs no button; with a mouse a drag
// selects what to zoom to, and moves if shift is held; one finger reads, and moves
// once zoomed; two fingers zoom.
function followPointers(chart) {
  const { box, view } = chart;
  const down = new Map(); // pointer id -> place where it was last seen
  let start = null; // what the gesture began with: {x, range, mode}
  const place = (e) => e.clientX - box.getBoundingClientRect().left;

  const begin = (mode, x) => { start = { mode, x, range: view.range() }; };
  const fingers = () => [...down.values()].sort((a, b) => a - b);

  box.addEventListener("pointerdown", (e) => {
    if (e.button !== 0) return;
    down.set(e.pointerId, place(e));
    box.setPointerCapture(e.pointerId);
    if (down.size === 2) {
      const [a, b] = fingers();
      begin("pinch", a);
      start.values = [chart.valueAt(a), chart.valueAt(b)];
      chart.moveTo(null);
    } else if (e.pointerType === "mouse") {
      begin(e.shiftKey ? "move" : "select", place(e));
    } else {
      begin(view.shown ? "move" : "read", place(e));
      chart.readAt(place(e));
    }
  });
  box.addEventListener("pointermove", (e) => {
    const x = place(e);
    if (down.has(e.pointerId)) down.set(e.pointerId, x);
    if (!start || start.mode === "read") chart.readAt(x);
    else if (start.mode === "select") chart.select(start.x, x);
    else if (start.mode === "move") view.move((start.x - x) * chart.perPixel(), start.range);
    else if (down.size === 2) view.show(...chart.pinched(start.values, fingers()));
  });
  const end = (e) => {
    if (!down.delete(e.pointerId)) return;
    const { mode, x } = start ?? {};
    if (mode === "select") chart.select(null);
    if (mode === "select" && e.type === "pointerup" && Math.abs(place(e) - x) > 8) {
      view.show(...[chart.valueAt(x), chart.valueAt(place(e))].sort((a, b) => a - b));
    }
    if (down.size === 0) start = null;
    else start.mode = "read";
  };
  box.addEventListener("pointerup", end);
  box.addEventListener("pointercancel", end);
  box.addEventListener("pointerleave", () => { if (!start) chart.moveTo(null); });
  box.addEventListener("dblclick", () => view.set(null));
  box.addEventListener("wheel", (e) => {
    // A plain wheel scrolls the page.
    if (e.ctrlKey || e.metaKey) view.zoom(Math.exp(e.deltaY / 400), chart.valueAt(place(e)));
    else if (view.shown && Math.abs(e.deltaX) > Math.abs(e.deltaY)) view.move(e.deltaX * chart.perPixel());
    else return;
    e.preventDefault();
  }, { passive: false });
}

// followKeys makes a chart usable without a pointer.
function followKeys(chart) {
  const { box, view } = chart;
  box.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    const [from, to] = view.range();
    if (step && e.shiftKey) view.move(step * (to - from) / 10);
    else if (step) chart.step(step);
    else if (e.key === "+" || e.key === "=") view.zoom(0.5, chart.focus());
    else if (e.key === "-") view.zoom(2, chart.focus());
    else if (e.key === "0") view.set(null);
    else if (e.key === "Escape") chart.moveTo(null);
    else return;
    e.preventDefault();
  });
  box.addEventListener("blur", () => chart.moveTo(null));
}

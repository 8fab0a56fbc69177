// The kinds of plots: what each draws of a group of arms.

const latencyAxis = { of: (ns) => Math.log10(Math.max(1, ns)), ticks: logTicks(roundLatency), label: "latency" };
const timeAxis = { of: (s) => s, from: 0, ticks: linearTicks(secondsText), label: "time since the start of the window" };
const plain = (v) => v;
const roundCount = (v) => trim(compact(v));
const halves = (v) => trim(v.toFixed(1)); // of things that are counted, over an even number of replicates

// loadAxis is logarithmic where the loads are far apart.
function loadAxis({ arms, offers }) {
  const label = offers ? "operations offered, ops/s" : "operations achieved, ops/s";
  const loads = arms.flatMap((a) => (a.p50 ?? []).filter((p) => p.length > 0).map((p) => p[0]));
  if (Math.max(...loads) > 30 * Math.min(...loads)) return { of: (v) => Math.log10(Math.max(1, v)), ticks: logTicks(roundCount), label };
  return { of: plain, from: 0, ticks: linearTicks(roundCount), label };
}

// Markers tell lines apart without colour: at each nine, or six along a line.
const atNines = (q) => q === 0.5 || (q > 0.5 && Math.abs(Math.log10(1 - q) - Math.round(Math.log10(1 - q))) < 1e-6);
const sixTimes = (x, i, n) => { const every = Math.max(1, Math.ceil(n / 6)); return i % every === Math.floor(every / 2); };
const always = () => true;

// linesOf draws a list of points of each arm. A point without values was not measured.
const linesOf = (key, more = {}) => (arms) => arms.filter((a) => a[key]?.length > 0).map((arm) => {
  const there = arm[key].map((p) => p.length > 0);
  return { arm, name: arm.label, points: arm[key].filter((p, i) => there[i]), notes: arm.notes?.filter((n, i) => there[i]), ...more };
});

const eventsOf = (arms) => arms.flatMap((arm) => (arm.events ?? []).map((e) => ({ ...e, arm })));

const both = (arms) => [
  ...linesOf("p99")(arms).map((l) => ({ ...l, name: "p99 " + l.name })),
  ...linesOf("p50", { thin: true })(arms).map((l) => ({ ...l, name: "p50 " + l.name })),
];

// lineKinds are drawn by Chart; axis names the view that a kind shares. The first
// of the choices is shown first.
const lineKinds = {
  curve: {
    axis: "percentile", marks: atNines, readX: percentText, readY: latencyText, y: latencyAxis,
    x: { of: (q) => -Math.log10(1 - q), from: 0, ticks: ninesTicks, label: "share of operations that took at most this long" },
    choices: { curve: linesOf("curve") },
  },
  rate: {
    axis: "time", marks: sixTimes, readX: secondsText, readY: rateText, x: timeAxis, events: eventsOf,
    y: { of: plain, from: 0, ticks: linearTicks(roundCount), label: "operations/s" },
    choices: { rate: linesOf("rate") },
  },
  time: {
    axis: "time", marks: sixTimes, readX: secondsText, readY: latencyText, x: timeAxis, y: latencyAxis, events: eventsOf,
    choices: { p99: linesOf("p99"), p50: linesOf("p50"), both },
  },
  breakers: {
    axis: "time", marks: sixTimes, readX: secondsText, readY: halves, x: timeAxis, events: eventsOf,
    y: { of: plain, from: 0, ticks: linearTicks(halves), label: "links" },
    choices: { breakers: linesOf("shut") },
  },
  ecdf: {
    axis: "latency", marks: sixTimes, readX: latencyText, readY: shareText, beyond: [0, 1],
    x: latencyAxis,
    y: { of: plain, from: 0, to: 1.02, ticks: linearTicks(percentText), label: "share of operations" },
    choices: { ecdf: linesOf("ecdf") },
  },
  load: {
    axis: "load", marks: always, whiskers: true, readX: rateText, readY: latencyText, y: latencyAxis, x: loadAxis,
    choices: { p99: linesOf("p99"), p50: linesOf("p50"), "p99.9": linesOf("p999") },
  },
};

// barKinds are drawn by Bars.
const barKinds = {
  stages: {
    choices: { time: false, share: true },
    draw: (group, arms, shares) => (svg, width, bars) => stageBars(svg, width, bars, { arms: arms.filter((a) => a.stages), stages: group.stages, shares }),
  },
  costs: {
    choices: { costs: null },
    draw: (group, arms) => (svg, width, bars) => costBars(svg, width, bars, { arms, costs: group.costs }),
  },
};

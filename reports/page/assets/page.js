
// What the charts show, and the legend that turns arms on and off.

function threeDigits(v) { return v >= 99.95 ? v.toFixed(0) : v >= 9.995 ? v.toFixed(1) : v.toFixed(2); }

function latencyText(ns) {
  for (const [unit, name] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]]) {
    if (ns >= 0.9995 * unit) return threeDigits(ns / unit) + " " + name;
  }
  return ns.toFixed(0) + " ns";
}

function compact(v) {
  if (v >= 999.5e3) return threeDigits(v / 1e6) + "M";
  if (v >= 999.5) return threeDigits(v / 1e3) + "k";
  return String(Math.round(v));
}

const trim = (s) => s.replace(/\.0+(?=\D|$)/, "").replace(/(\.\d*?)0+(?=\D|$)/, "$1");

function percentText(q) { return trim((100 * q).toFixed(7)) + " %"; }

function ninesTicks(from, to) {
  const ticks = [[0, "0 %"], [Math.log10(2), "50 %"]];
  for (let n = 1; n <= to + 1e-9; n++) ticks.push([n, percentText(1 - 10 ** -n)]);
  return ticks.filter(([v]) => v >= from - 1e-9 && v <= to + 1e-9);
}

// logTicks labels an axis of log10 of nanoseconds: at 1, 2 and 5 of each power of
// ten, fewer where there is no room, and at round distances where it is short.
function logTicks(from, to, wanted) {
  if (to - from < 0.75) {
    const even = linearTicks((ns) => trim(latencyText(ns)))(10 ** from, 10 ** to, wanted);
    return even.map(([ns, label]) => [Math.log10(ns), label]);
  }
  let ticks = [];
  for (const digits of [[1, 2, 5], [1, 3], [1]]) {
    ticks = [];
    for (let decade = Math.floor(from); decade <= to; decade++) {
      for (const d of digits) {
        const at = decade + Math.log10(d);
        if (at >= from && at <= to) ticks.push([at, trim(latencyText(d * 10 ** decade))]);
      }
    }
    if (ticks.length <= wanted) break;
  }
  return ticks;
}

function linearTicks(text) {
  return (from, to, wanted) => {
    const rough = (to - from) / Math.max(2, wanted);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * (1 - 1e-9));
    const ticks = [];
    for (let i = Math.ceil(from / step); i * step <= to * (1 + 1e-9); i++) ticks.push([i * step, text(i * step)]);
    return ticks;
  };
}

const seconds = (s) => trim(s.toFixed(3)) + " s";
const latencyAxis = { of: Math.log10, ticks: logTicks };
const timeAxis = { of: (v) => v, from: 0, ticks: linearTicks(seconds), label: "time since the start of the window" };
const everySixth = (x, i, l) => i % Math.max(1, Math.ceil(l.points.length / 6)) === Math.floor(l.points.length / 12);
const isNine = (q) => q === 0.5 || (q > 0.5 && Math.abs(Math.log10(1 - q) - Math.round(Math.log10(1 - q))) < 1e-6);

const plots = {
  curve: {
    title: "Latency by percentile",
    x: { of: (q) => -Math.log10(1 - q), from: 0, ticks: ninesTicks, label: "share of operations that took at most this long" },
    y: latencyAxis, marks: isNine, readX: percentText, readY: latencyText,
  },
  rate: {
    title: "Throughput over time",
    x: timeAxis, y: { of: (v) => v, from: 0, ticks: linearTicks((v) => trim(compact(v))) },
    marks: everySixth, readX: seconds, readY: (v) => compact(v) + "/s",
  },
  p99: { title: "p99 over time", x: timeAxis, y: latencyAxis, marks: everySixth, readX: seconds, readY: latencyText },
};

JSON.parse(document.getElementById("plots").textContent).forEach((group, index) => {
  const section = document.querySelector(`[data-group="${index}"]`);
  const hidden = new Set();
  const charts = [...section.querySelectorAll(".chart")].map((box) => {
    const key = box.dataset.plot;
    const lines = () => group.arms.filter((arm) => !hidden.has(arm) && arm[key].length > 0).map((arm) => ({ arm, points: arm[key] }));
    return new Chart(box, { ...plots[key], lines });
  });
  const legend = section.querySelector(".legend");
  for (const arm of group.arms) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    button.append(swatchOf(arm), arm.label);
    button.addEventListener("click", () => {
      if (!hidden.delete(arm)) hidden.add(arm);
      button.setAttribute("aria-pressed", String(!hidden.has(arm)));
      charts.forEach((c) => c.draw());
    });
    legend.append(button);
  }
});

// Numbers as the tables write them.

const threeDigits = (v) => (v >= 99.95 ? v.toFixed(0) : v >= 9.995 ? v.toFixed(1) : v.toFixed(2));

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

// trim drops zeros behind the point: for round values on an axis.
const trim = (s) => s.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");

// roundLatency is for axes.
const roundLatency = (ns) => (ns === 0 ? "0" : trim(latencyText(ns)));

const percentText = (share) => trim((100 * share).toFixed(7)) + " %";
const shareText = (share) => (share > 0.9999 && share < 1 ? ">99.99" : threeDigits(100 * share)) + " %";
const secondsText = (s) => trim(s.toFixed(3)) + " s";
const rateText = (v) => compact(v) + " ops/s";

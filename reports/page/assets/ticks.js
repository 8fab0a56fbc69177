// Where an axis has its labels. Each function takes the range of the axis, in the
// units in which it is linear, and how many labels there is room for; it returns
// [place, label] pairs.

// ninesTicks labels an axis of -log10(1 - quantile): at 50 %, at each nine, and
// between them where a zoom makes room.
function ninesTicks(from, to, wanted) {
  let best = [];
  for (const left of [[1], [1, 0.5], [1, 0.5, 0.2], [1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2]]) {
    const ticks = [];
    for (let nine = Math.max(0, Math.floor(from)); nine <= to; nine++) {
      for (const share of left) {
        // 50 % is worth a label at any distance; 95 % is not.
        const at = nine - Math.log10(share);
        if (at >= from - 1e-9 && at <= to + 1e-9) ticks.push([at, percentText(1 - 10 ** -at)]);
      }
      if (left.length === 1 && nine === 0) ticks.push([Math.log10(2), "50 %"]);
    }
    const inside = ticks.filter(([at]) => at >= from - 1e-9 && at <= to + 1e-9);
    if (best.length > 1 && inside.length > wanted) break;
    best = inside;
  }
  if (best.length > 1) return best;
  const even = linearTicks(percentText)(1 - 10 ** -from, 1 - 10 ** -to, wanted);
  return even.filter(([q]) => q < 1).map(([q, label]) => [-Math.log10(1 - q), label]);
}

// logTicks labels an axis of log10 of what text writes: at 1, 2 and 5 of each power
// of ten, fewer where there is no room, and at round distances where it is short.
function logTicks(text) {
  return (from, to, wanted) => {
    if (to - from < 0.75) {
      const even = linearTicks(text)(10 ** from, 10 ** to, wanted);
      return even.map(([v, label]) => [Math.log10(v), label]);
    }
    let ticks = [];
    for (const digits of [[1, 2, 5], [1, 3], [1]]) {
      ticks = [];
      for (let decade = Math.floor(from); decade <= to; decade++) {
        for (const d of digits) {
          const at = decade + Math.log10(d);
          if (at >= from && at <= to) ticks.push([at, text(d * 10 ** decade)]);
        }
      }
      if (ticks.length <= wanted) break;
    }
    return ticks;
  };
}

function linearTicks(text) {
  return (from, to, wanted) => {
    const rough = (to - from) / Math.max(2, wanted);
    if (!(rough > 0)) return [];
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * (1 - 1e-9));
    const ticks = [];
    for (let i = Math.ceil(from / step - 1e-9); i * step <= to + 1e-9 * step; i++) ticks.push([i * step, text(i * step)]);
    return ticks;
  };
}

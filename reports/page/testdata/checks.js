// What the browser tests ask of a page. Each function returns a list of findings in
// words; an empty list is what is wanted.
(() => {
  const round = (r) => `${Math.round(r.left)},${Math.round(r.top)} ${Math.round(r.width)}x${Math.round(r.height)}`;
  const nameOf = (e) => `${e.localName}${e.className && typeof e.className === "string" ? "." + e.className : ""} "${e.textContent.trim().slice(0, 40)}"`;
  const shown = (e) => e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && e.getBoundingClientRect().width > 0;
  const aside = (e) => e.closest(".aside") !== null;
  const texts = (root) => [...root.querySelectorAll("text")].filter(shown);

  // Elements that have text of their own, and not only in their children.
  function speaking() {
    const list = [];
    for (const e of document.querySelectorAll("body *")) {
      const own = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim() !== "");
      if (own && !["SCRIPT", "STYLE", "NOSCRIPT"].includes(e.tagName) && shown(e) && !aside(e)) list.push(e);
    }
    return list;
  }

  // The page itself never scrolls sideways; boxes named scroll may. innerWidth would
  // not do: a phone zooms out until everything is in it.
  function sideways() {
    const found = [], screenWidth = document.documentElement.clientWidth, wide = document.scrollingElement.scrollWidth;
    if (wide > screenWidth) found.push(`the page is ${wide} px wide, the screen ${screenWidth}`);
    for (const e of document.querySelectorAll("body *")) {
      const right = e.getBoundingClientRect().right;
      if (shown(e) && !e.closest(".scroll table") && right > screenWidth + 1) found.push(`${nameOf(e)} reaches to ${Math.round(right)}`);
    }
    return found.slice(0, 10);
  }

  // Text that its box, or the edge of the plot, cuts off.
  function cutOff() {
    const found = [];
    for (const e of speaking()) {
      if (e.closest("svg")) continue;
      const style = getComputedStyle(e);
      if (style.overflowX !== "visible" && style.overflowX !== "auto" && e.scrollWidth > e.clientWidth + 1) found.push(nameOf(e));
    }
    for (const chart of document.querySelectorAll(".chart")) {
      const box = chart.getBoundingClientRect();
      for (const t of texts(chart)) {
        const r = t.getBoundingClientRect();
        if (r.left < box.left - 3 || r.right > box.right + 3 || r.top < box.top - 3 || r.bottom > box.bottom + 3) found.push(`${nameOf(t)} at ${round(r)} in ${round(box)}`);
      }
    }
    return found;
  }

  // Text that sticks out of the part of the page that it belongs to.
  function spilled() {
    return [...document.querySelectorAll(".who, .much, .late, .effects, figcaption, .tools, .legend, dd, dt, p, li, h1, h2, h3, h4, pre")]
      .filter((e) => shown(e) && !aside(e) && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline").map(nameOf);
  }

  // Labels of one plot that lie on each other.
  function overlaps() {
    const found = [];
    for (const chart of document.querySelectorAll(".chart")) {
      const list = texts(chart).map((t) => [t, t.getBoundingClientRect()]);
      list.forEach(([a, p], i) => {
        for (const [b, q] of list.slice(i + 1)) {
          const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left), high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
          if (wide > 1 && high > 4) found.push(`${nameOf(a)} and ${nameOf(b)}`);
        }
      });
    }
    return found;
  }

  // Plots without lines, bars or labelled axes.
  function undrawn() {
    const found = [];
    for (const figure of document.querySelectorAll("figure[data-kind]")) {
      const kind = figure.dataset.kind, chart = figure.querySelector(".chart");
      const marks = [...chart.querySelectorAll("path.line, rect[fill]")].filter((e) => e.getBBox().width > 1).length;
      if (!shown(chart) || marks === 0) found.push(`${kind} draws nothing`);
      if (texts(chart).length < 3) found.push(`${kind} has ${texts(chart).length} labels`);
      if (/NaN|undefined|Infinity/.test(chart.innerHTML)) found.push(`${kind} draws at NaN, undefined or infinity`);
    }
    return found;
  }

  const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
  function luminance([r, g, b]) {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  }
  function ratio(a, b) {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  }
  function backOf(e) {
    for (let at = e; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  }

  // Text that is less than 4.5 to 1 from what lies behind it (WCAG 2.2, 1.4.3).
  function faint() {
    const found = [];
    for (const e of speaking()) {
      if (e.closest("button:disabled")) continue;
      const svg = e.closest("svg"), style = getComputedStyle(e);
      // A word on a bar follows the bar in the document.
      const back = e.classList.contains("on") ? parse(getComputedStyle(e.previousElementSibling).fill) : backOf(svg ? svg.parentElement : e);
      const is = ratio(parse(svg ? style.fill : style.color), back);
      if (is < 4.5) found.push(`${nameOf(e)}: ${is.toFixed(1)} to 1`);
    }
    return [...new Set(found)].slice(0, 10);
  }

  // What somebody who does not see the page would miss.
  function unnamed() {
    const found = [];
    const levels = [...document.querySelectorAll("h1, h2, h3, h4")].filter(shown).map((h) => Number(h.localName[1]));
    if (levels.filter((l) => l === 1).length !== 1 || levels[0] !== 1) found.push(`headings: ${levels}`);
    levels.forEach((l, i) => { if (i > 0 && l > levels[i - 1] + 1) found.push(`heading ${i} of level ${l} follows level ${levels[i - 1]}`); });
    for (const b of document.querySelectorAll("button, a, summary")) if (!b.getAttribute("aria-label") && b.textContent.trim() === "") found.push(`a ${b.localName} without a name`);
    for (const s of document.querySelectorAll("svg")) if (!s.getAttribute("aria-label") && s.getAttribute("aria-hidden") !== "true") found.push("a drawing without a name");
    for (const c of document.querySelectorAll(".chart")) if (shown(c) && (c.tabIndex !== 0 || !c.getAttribute("aria-label"))) found.push("a plot that the keyboard does not reach");
    for (const f of document.querySelectorAll("figure")) if (f.querySelectorAll(".values tbody tr").length === 0) found.push(`${f.dataset.kind} has no values as text`);
    for (const b of document.querySelectorAll("button")) {
      const r = b.getBoundingClientRect();
      if (shown(b) && (r.width < 24 || r.height < 24)) found.push(`${nameOf(b)} is ${round(r)}: too small to hit`);
    }
    return found;
  }

  const all = { sideways, cutOff, spilled, overlaps, undrawn, faint, unnamed };
  return Object.entries(all).flatMap(([name, check]) => check().map((text) => `${name}: ${text}`));
})()

// What a plot says about the place under the cursor: a box beside it and, for who
// came there with the keyboard, a spoken line.

class Tip {
  constructor(box) {
    this.box = box;
    this.made = null;
  }

  hide() {
    this.made?.remove();
    this.made = null;
  }

  // show puts the box beside x. rows are {swatch, name, value, more}, or {swatch,
  // text} for a sentence.
  show(x, top, heading, rows) {
    this.hide();
    this.made = element(this.box, "div", "tip");
    element(this.made, "div", "what", heading);
    for (const row of rows) {
      const line = element(this.made, "div", "row");
      if (row.swatch) line.append(row.swatch);
      if (row.text) {
        element(line, "span", "", row.text);
        continue;
      }
      element(line, "span", "name", row.name);
      element(line, "b", "", row.value);
      if (row.more) element(line, "span", "dim", row.more);
    }
    const width = this.box.clientWidth, own = this.made.offsetWidth;
    // Where there is no room beside the cursor the box would lie on what it
    // speaks of, and under a finger: it goes above the plot.
    if (own > width * 0.6) {
      this.made.style.left = Math.max(0, (width - own) / 2) + "px";
      this.made.style.bottom = this.box.clientHeight - top + "px";
      return;
    }
    this.made.style.left = (x + 14 + own <= width ? x + 14 : Math.max(0, x - 14 - own)) + "px";
    this.made.style.top = top + 4 + "px";
  }

  say() {
    const lines = this.made ? [...this.made.children].map((line) => [...line.childNodes].map((n) => n.textContent).filter(Boolean).join(" ")) : [];
    document.getElementById("spoken").textContent = lines.join("; ");
  }
}

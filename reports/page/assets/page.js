// Brings the plots into the page: for each group of arms a legend that turns them
// on and off, and for each figure its choices and the buttons for the zoom.

const data = JSON.parse(document.getElementById("plots").textContent);

class Group {
  constructor(section, plots) {
    this.plots = plots;
    this.hidden = new Set();
    this.views = new Map(); // axis -> View
    this.bars = [];
    this.legend(section.querySelector(".legend"));
    for (const figure of section.querySelectorAll("figure[data-kind]")) this.figure(figure);
    this.refresh();
  }

  arms() { return this.plots.arms.filter((a) => !this.hidden.has(a)); }

  refresh() {
    for (const view of this.views.values()) view.refresh();
    for (const bars of this.bars) bars.draw();
    for (const [arm, made] of this.buttons) made.setAttribute("aria-pressed", String(!this.hidden.has(arm)));
    this.all.hidden = this.hidden.size === 0;
  }

  legend(box) {
    this.buttons = this.plots.arms.map((arm) => {
      const made = button(box, "", "", (e) => {
        // With shift: this arm alone.
        if (e.shiftKey) this.hidden = new Set(this.plots.arms.filter((a) => a !== arm));
        else if (!this.hidden.delete(arm)) this.hidden.add(arm);
        this.refresh();
      });
      made.append(swatchOf(arm));
      element(made, "span", "name", arm.label);
      return [arm, made];
    });
    this.all = button(box, "Show all", "", () => {
      this.hidden.clear();
      this.refresh();
    });
  }

  figure(figure) {
    const kind = figure.dataset.kind, title = figure.querySelector("h3").textContent;
    const box = figure.querySelector(".chart"), tools = figure.querySelector(".tools");
    if (kind in lineKinds) this.lines(lineKinds[kind], title, box, tools);
    else this.barsOf(barKinds[kind], title, box, tools);
  }

  lines(kind, title, box, tools) {
    let chosen = Object.values(kind.choices)[0];
    choose(tools, title, kind.choices, (value) => {
      chosen = value;
      view.refresh();
    });
    if (!this.views.has(kind.axis)) this.views.set(kind.axis, new View());
    const view = this.views.get(kind.axis);
    const x = typeof kind.x === "function" ? kind.x(this.plots) : kind.x;
    const chart = new Chart(box, { ...kind, x, title, lines: () => chosen(this.arms()), events: () => kind.events?.(this.arms()) ?? [] }, view);
    const zoom = element(tools, "div", "zoom");
    button(zoom, "−", `zoom out: ${title}`, () => view.zoom(2, chart.focus()));
    button(zoom, "+", `zoom in: ${title}`, () => view.zoom(0.5, chart.focus()));
    const reset = button(zoom, "Reset", `show everything: ${title}`, () => view.set(null));
    view.follow(() => { reset.disabled = view.shown === null; });
  }

  barsOf(kind, title, box, tools) {
    let chosen = Object.values(kind.choices)[0];
    const bars = new Bars(box, title, (svg, width, list) => kind.draw(this.plots, this.arms(), chosen)(svg, width, list));
    choose(tools, title, kind.choices, (value) => {
      chosen = value;
      bars.draw();
    });
    this.bars.push(bars);
  }
}

// choose makes buttons of which one is pressed, if there is a choice.
function choose(tools, title, choices, take) {
  const names = Object.keys(choices);
  if (names.length < 2) return;
  const box = element(tools, "div", "choices");
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", title);
  const buttons = names.map((name) => button(box, name, "", () => {
    for (const other of buttons) other.setAttribute("aria-pressed", String(other === buttons[names.indexOf(name)]));
    take(choices[name]);
  }));
  buttons.forEach((b, i) => b.setAttribute("aria-pressed", String(i === 0)));
}

// A printed page cannot be unfolded.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const d of folded) d.open = true;
});
addEventListener("afterprint", () => { for (const d of folded) d.open = false; });

document.documentElement.classList.add("live");
for (const section of document.querySelectorAll("[data-plots]")) {
  const key = section.dataset.plots;
  new Group(section, key === "load" ? data.load : data.groups[key]);
}

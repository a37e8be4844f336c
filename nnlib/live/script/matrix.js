/* Matrices: the data lists the cells as the page does, each with what it is the sum of or where it goes. */

const APPLY = { sum: (x) => x, max: (x) => Math.max(x, 0), above: (x) => Number(x > 0) };

class MatrixFigure extends Figure {
  setup() {
    const stage = this.one(".nn-stage");
    const boxes = stage.querySelectorAll("td");
    const sliders = [...this.sliders];
    this.cells = this.data.cells.map((cell, i) => ({ ...cell, i, box: boxes[i], slider: cell.goes && sliders.shift() }));
    for (const { key, box, slider } of this.cells) {
      box.tabIndex = box.cellIndex + box.parentElement.rowIndex ? -1 : 0;
      box.closest("table").setAttribute("role", "grid");
      if (slider) slider.closest("label").firstChild.textContent = key;
    }
    this.slide(this.cells[0]);
    this.say.textContent = say("matrix.welcome");
    const on = (type, act) => stage.addEventListener(type, (event) =>
      act(this.cells.find(({ box }) => box === event.target), event));
    on("pointerover", (cell) => this.point(cell));
    on("pointerleave", () => this.point());
    on("focusin", (cell) => cell && this.choose(cell));
    on("keydown", (cell, event) => cell && this.walk(cell, event));
  }

  draw() {
    const x = this.x = this.cells.map(({ slider }) => slider && this.inputs[slider.dataset.input]);
    this.cells.forEach(({ key, box, slider, terms, apply }, i) => {
      if (slider) this.show(slider.closest(".nn-row").querySelector("output"), x[i]);
      else x[i] = APPLY[apply](terms.map((term) => term.reduce((y, k) => y * x[k], 1)).reduce((a, b) => a + b));
      this.show(box, x[i]);
      box.setAttribute("aria-label", say("value", { name: key, value: format(x[i]) }));
    });
  }

  /* What makes a cell, or where it goes. */
  sentence({ i, key, slider, terms, apply, parts }) {
    const value = format(this.x[i]);
    if (slider) return say("matrix.goes", { key, value, parts });
    const factor = (k, first) => (this.x[k] < 0 && !first ? `(${format(this.x[k])})` : format(this.x[k]));
    const sum = say(`matrix.${apply}`, {
      sum: terms.map((term, t) => term.map((k, side) => factor(k, t + side === 0)).join(" × ")).join(" + "),
    });
    return say("matrix.made", { key, sum: sum === value ? sum : `${sum} = ${value}`, parts });
  }

  changed(name) {
    const moved = this.cells.find(({ slider }) => slider?.dataset.input === name);
    const { chosen = moved } = this;
    return chosen === moved ? this.sentence(moved) : `${moved.box.getAttribute("aria-label")} ${this.sentence(chosen)}`;
  }

  /* By click or keys: it stays, and an input gets the slider. */
  choose(cell) {
    this.chosen = cell;
    cell.box.closest("table").querySelector('[tabindex="0"]').tabIndex = -1;
    cell.box.tabIndex = 0;
    cell.box.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (cell.slider) this.slide(cell);
    this.point(cell);
  }

  slide(chosen) {
    for (const cell of this.cells) {
      cell.box.classList.toggle("nn-slid", cell === chosen);
      cell.slider?.closest(".nn-row").classList.toggle("nn-chosen", cell === chosen);
    }
  }

  /* The mouse passes over a cell: it is lit until the mouse leaves, then the chosen one again. */
  point(cell = this.chosen) {
    if (cell === this.lit) return;
    this.lit = cell;
    for (const { box } of this.cells) {
      box.classList.remove("nn-at", "nn-first", "nn-second", "nn-goes");
      delete box.dataset.term;
    }
    const mark = (i, kind) => this.cells[i].box.classList.add(kind);
    cell?.box.classList.add("nn-at");
    cell?.goes?.forEach((i) => mark(i, "nn-goes"));
    cell?.terms?.forEach((term, t) => term.forEach((k, side) => {
      mark(k, side ? "nn-second" : "nn-first");
      this.cells[k].box.dataset.term = t + 1; // two that are multiplied have the same number
    }));
    this.tell(cell ? this.sentence(cell) : say("matrix.welcome"));
  }

  /* The arrow keys, Home and End; Enter goes on to the slider. */
  walk({ box, slider }, event) {
    const step = {
      ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -9], End: [0, 9], Enter: [],
    }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const cells = box.closest("table").rows[box.parentElement.rowIndex + step[0]]?.cells ?? [];
    if (event.key === "Enter") slider?.focus();
    else cells[Math.min(Math.max(box.cellIndex + step[1], 0), cells.length - 1)]?.focus();
  }

  act(action) {
    if (action === "reset") this.point((this.chosen = undefined));
    super.act(action);
  }
}
KINDS.matrix = MatrixFigure;

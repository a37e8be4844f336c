/* Practice problems: made from a seed by the rules of nnlib/practice_rules.py, filled in by the reader. */

/* Ettinger's random integers below 2 ** 32. */
function mulberry32(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

const passes = ({ layer }) => layer === "AddLayer" || layer === "Relu"; // the upstream gradient, or nothing

/* The problem of a seed: a graph, as Graph.to_dict() gives one. */
function problem({ templates, kinds, numbers }, seed) {
  const template = templates[seed % templates.length];
  const random = mulberry32(seed);
  const pick = (options) => options[random() % options.length];
  const passing = template.every(({ inputs }) => !inputs || kinds[inputs.length].every(passes));
  for (;;) {
    const layers = template.map(({ inputs }) => inputs && pick(kinds[inputs.length]));
    if (layers.every((v) => !v || passes(v)) && !passing) continue; // all derivatives would be 1
    const variables = template.map((v, i) => (layers[i] ? { ...v, ...layers[i] } : { ...v, value: pick(numbers) }));
    if (good(plan({ variables }))) return { variables };
  }
}

const rounded = ([x]) => Number(x.toPrecision(3));

/* Exact, not trivial, and no common mistake gives a right number. */
function good(variables) {
  const values = forward(variables);
  const { gradients, parts } = backward(variables, values);
  const locals = variables.map((v, i) => (v.layer ? handed(variables, values, i, [1]) : []));
  const given = values.flat().filter((_, i) => !variables[i].layer);
  const exact = (x) => Math.abs(x) <= 200 && Math.abs(x - rounded([x])) <= 1e-9 * Math.abs(x);
  if (new Set(given).size < given.length || ![values, gradients, parts, locals].flat(3).every(exact)) return false;
  if (variables.some((v, i) => values[i][0] === 0 && (v.layer !== "Relu" || v === variables.at(-1)))) return false;
  const arrived = variables.map(() => []);
  variables.forEach((v, i) => v.inputs?.forEach((k, slot) => arrived[k].push(rounded(parts[i][slot]))));
  return variables.every((v, i) => {
    const [value, up] = [rounded(values[i]), rounded(gradients[i])];
    if (Math.abs(value) === 1 || near(value, up)) return false;
    const [a, b] = (v.inputs ?? []).map((k) => rounded(values[k]));
    if (b !== undefined && (near(a, b) || near(a + b, a * b))) return false;
    const sum = rounded([arrived[i].reduce((x, y) => x + y, 0)]);
    if (arrived[i].length > 1 && ([0, 1].includes(sum) || near(arrived[i].reduce((x, y) => x * y), sum))) return false;
    return passes(v) || locals[i].map(rounded).every((slope) =>
      slope !== 1 && !near(value, slope) && rounded([up * slope]) !== 1 && !near(up + slope, up * slope));
  });
}

class PracticeFigure extends Figure {
  get actions() { return ["hint", "next", ...super.actions]; }

  /* The field for the seed: taken when it is left, not at each digit. */
  addSlider(field) {
    field.hidden = false;
    this.inputs.seed = Number(field.getAttribute("value"));
    field.addEventListener("change", () => {
      if (field.value) this.move("seed", this.allowed("seed", Number(field.value)));
      this.refresh();
    });
  }

  allowed(name, value) { return Math.floor(Math.min(2 ** 32 - 1, Math.max(0, value))); }

  setup() {
    this.one(".nn-answers").remove();
    this.tolerance = 1e-9; // every answer is exact in a few digits
    this.label = (i) => this.names[i];
    this.count = make("p", { className: "nn-count" });
    this.one(".nn-rows").before(this.count);
    this.button("next").textContent = say("practice.next");
    this.draw();
    this.tell(`${this.changed()} ${say("practice.welcome", { y: this.names.at(-1) })}`);
  }

  changed() { return say("practice.posed", { seed: this.seed, question: this.words() }); }
  question({ kind, i }) { return say(`box.${kind}`, { y: this.names.at(-1), name: this.names[i] }); }
  formula({ formula, inputs }) { return formula.replace(/\{(\d)\}/g, (_, k) => this.names[inputs[k]]); }

  /* The problem in words: x = 3, y = −2, z = 4, a = x × y, L = a + z */
  words() {
    return this.variables.map((v) => `${v.name} = ${v.layer ? this.formula(v) : format(v.value)}`).join(", ");
  }

  /* A new problem, in the picture of its template. */
  pose(seed) {
    this.seed = seed;
    this.variables = plan(problem(this.data, seed));
    this.names = this.variables.map((v) => v.name);
    this.values = forward(this.variables);
    Object.assign(this, backward(this.variables, this.values));
    const pictures = this.one(".nn-pictures").content.children;
    const picture = document.importNode(pictures[seed % pictures.length], true);
    this.one(".nn-stage").replaceChildren(picture);
    board(picture);
    picture.querySelector("desc").textContent = this.words();
    for (const v of this.variables) if (v.layer) this.one(`[data-node="${v.name}"] text`).textContent = v.symbol;
    const boxes = (kind, place) => this.names.map((name, i) => ({ kind, i, rect: this.one(`[data-${place}-of="${name}"]`) }));
    this.boxes = new Boxes(this, [
      ...boxes("value", "slot").filter(({ i }) => this.variables[i].layer), ...boxes("gradient", "pill").slice(0, -1).reverse(),
    ], (target, number) => judge(this, target, number), (target) => this.found(target));
    this.clear();
  }

  clear() {
    this.boxes.clear();
    this.asked = new Set(this.boxes.boxes.map(({ target: { kind, i } }) => kind + i));
    this.open = new Set(this.asked); // those that have no right number yet
    this.hints = 0;
  }

  found({ kind, i }) {
    const { boxes, firstTry: first } = this.boxes;
    this.open.delete(kind + i);
    this.hints = 0;
    if (!this.open.size && boxes.includes(document.activeElement)) setTimeout(() => this.button("next").focus()); // after this Enter
    this.draw();
    return this.open.size ? "" : " " + say("allFound", { first, count: boxes.length });
  }

  draw() {
    const seed = Math.floor(this.inputs.seed);
    if (seed !== this.seed) this.pose(seed);
    for (const kind of ["value", "gradient"]) {
      for (const e of this.all(`svg [data-${kind}-of]`)) {
        const i = this.names.indexOf(e.dataset[`${kind}Of`]);
        const open = this.open.has(kind + i);
        this.show(e, this[`${kind}s`][i][0], !open);
        if (open) e.textContent = "";
        else if (this.asked.has(kind + i)) e.textContent += " ✓";
      }
    }
    this.show(this.one("output"), seed);
    this.boxes.sync(({ kind, i }) => this.open.has(kind + i));
    const { firstTry: first, done } = this.boxes;
    this.count.textContent = done ? say("practice.count", { first, done }) : "";
  }

  act(action) {
    if (action === "hint") this.tell(this.hint());
    else if (action === "next") {
      this.move("seed", (this.seed + 1) % 2 ** 32);
      this.boxes.boxes[0].focus();
    } else if (action === "reset") {
      this.clear();
      this.draw();
      this.tell(this.changed());
    } else super.act(action);
  }

  /* A local derivative on the way to a missing derivative, each time another; else how to get a missing value. */
  hint() {
    const ways = this.variables.flatMap((v, n) => (v.inputs ?? []).map((i, slot) => ({ v, n, i, slot })))
      .filter(({ i }) => this.open.has(`gradient${i}`)).reverse();
    if (!ways.length) {
      const v = this.variables.find((_, i) => this.open.has(`value${i}`));
      return v ? `${v.name} = ${this.formula(v)}` : say("practice.nothing");
    }
    const { v, n, i, slot } = ways[this.hints++ % ways.length];
    const other = v.inputs[1 - slot] ?? i;
    const rule = say(`practice.local.${v.layer}`, { name: this.names[i], other: this.names[other] });
    const slope = format(handed(this.variables, this.values, n, [1])[slot][0]);
    const known = v.layer !== "AddLayer" && !this.open.has(`value${other}`);
    return say("practice.hint", { node: v.symbol, name: this.names[i], local: rule + (known ? say("practice.here", { slope }) : "") });
  }
}
KINDS.practice = PracticeFigure;

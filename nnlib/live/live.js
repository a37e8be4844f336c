/* Live figures: the mathematics of nnlib's layers and the page's side of a figure.
 *
 * One source for every place: the website loads it as a classic script, which also works from
 * file://; a notebook gets it as an ES module with an export put behind it; tests run it in Node.
 * Everything a figure needs stands in its own element, so any number of them share a page.
 */
const BackpropLive = (() => {
  "use strict";

  /* ---- Words: the only place where the script speaks a language ---- */

  const TEXT = {
    stepBackward: "◂ Step back",
    stepForward: "Step forward ▸",
    run: "Run all",
    predict: "Predict",
    check: "Check",
    reset: "Reset",
    controls: "Steps of the figure",
    less: (name) => `${name}: one step less`,
    more: (name) => `${name}: one step more`,
    scroll: "Part of the figure that scrolls sideways",
    notANumber: "not a number",
    hidden: "?",
    numerical: "by differences",
    difference: "off by",
    moved: (name, value, y, out, slope) =>
      `${name} = ${value} makes ${y} = ${out}. There, ${y} changes ${slope} times as fast as ${name}.`,
    movedFlat: (name, value, y, out) =>
      `${name} = ${value} makes ${y} = ${out}. There, a small change of ${name} leaves ${y} as it is.`,
    movedOnly: (name, value) => `${name} = ${value}.`,
    movedHidden: (name, value, y, out) => `${name} = ${value} makes ${y} = ${out}.`,
    welcome: "Move a slider, or step through the graph one node at a time.",
    all: (y, out) => `Everything is computed: ${y} = ${out}, derivatives run from right to left.`,
    atStart: "Back at the start.",
    predictOn: "The derivatives are hidden. Work one out, then step back to uncover them one node at a time.",
    checkOn: "Each derivative beside its central difference, in the table.",
    checkOff: "Central differences put away.",
    forwardDone: (y, out) => `The forward pass is complete: ${y} = ${out}. Now step back.`,
    forward: (node, sum, out) => `Forward, ${node} node: ${sum} = ${out}.`,
    seed: (y) => `Backward starts at the right with the derivative of ${y} with respect to itself: 1.`,
    add: (parts) => `Backward, + node: it passes the upstream derivative on unchanged: ${parts}.`,
    mul: (parts) => `Backward, × node: upstream times the other input: ${parts}.`,
    one: (node, local, up, value, name, down) =>
      `Backward, ${node} node: local derivative ${local}, so upstream ${up} × ${value} = ${down} to ${name}.`,
    value: (name, value) => `${name} = ${value}.`,
    slope: (y, name, slope) => `Derivative of ${y} with respect to ${name} = ${slope}.`,
    node: (symbol) => `the ${symbol} node`,
    to: (amount, name) => `${amount} to ${name}`,
    sum: (name, terms, total) => ` ${name} is used ${terms.length} times, so its parts add up: ${terms.join(" + ")} = ${total}.`,
    local: {
      ExpLayer: (y) => `the output itself, ${y}`,
      Relu: (on) => (on ? "1, because x is above 0" : "0, because x is not above 0"),
    },
  };

  /* ---- Mathematics: forward and backward of each layer, as in nnlib/layers.py ---- */

  const LAYERS = {
    AddLayer: { forward: ([x, y]) => x + y, backward: (d) => [d, d] },
    MulLayer: { forward: ([x, y]) => x * y, backward: (d, [x, y]) => [d * y, d * x] },
    PowLayer: {
      forward: ([x], { exponent: n }) => Math.pow(x, n),
      backward: (d, [x], y, { exponent: n }) => [n === 0 ? d * 0 : d * n * Math.pow(x, n - 1)],
    },
    ExpLayer: { forward: ([x]) => Math.exp(x), backward: (d, x, y) => [d * y] },
    LogLayer: { forward: ([x]) => Math.log(x), backward: (d, [x]) => [d / x] },
    ReciprocalLayer: { forward: ([x]) => 1 / x, backward: (d, x, y) => [-d * y * y] },
    Relu: { forward: ([x]) => Math.max(x, 0), backward: (d, x, y) => [d * (y > 0 ? 1 : 0)] },
    Sigmoid: {
      forward: ([x]) => {
        const e = Math.exp(-Math.abs(x)); // between 0 and 1, whatever x is
        return x >= 0 ? 1 / (1 + e) : e / (1 + e);
      },
      backward: (d, [x], y) => [d * y * LAYERS.Sigmoid.forward([-x])], // 1 - y with all its digits
    },
  };

  /* Values of all variables. `inputs` replaces input values by name; `fixed`, if given, holds one
     variable, input or not, at a number: that is how a finite difference moves an inner edge. */
  function forward(variables, inputs = {}, fixed = null) {
    const values = [];
    variables.forEach((v, i) => {
      if (fixed && fixed.index === i) values.push(fixed.value);
      else if (v.layer) values.push(LAYERS[v.layer].forward(v.inputs.map((k) => values[k]), v));
      else values.push(Object.hasOwn(inputs, v.name) ? inputs[v.name] : v.value);
    });
    return values;
  }

  /* Gradients of all variables, and for each node what it hands to each of its inputs. */
  function backward(variables, values) {
    const gradients = variables.map(() => null);
    const parts = variables.map(() => []);
    gradients[variables.length - 1] = 1;
    for (let i = variables.length - 1; i >= 0; i--) {
      const v = variables[i];
      if (!v.layer) continue;
      const x = v.inputs.map((k) => values[k]);
      parts[i] = LAYERS[v.layer].backward(gradients[i], x, values[i], v);
      v.inputs.forEach((k, n) => {
        gradients[k] = (gradients[k] === null ? 0 : gradients[k]) + parts[i][n];
      });
    }
    return { gradients, parts };
  }

  /* { values, gradients } by name, for a graph as Graph.to_dict() gives it. */
  function evaluate(graph, inputs = {}) {
    const values = forward(graph.variables, inputs);
    const { gradients } = backward(graph.variables, values);
    const named = (list) => Object.fromEntries(graph.variables.map((v, i) => [v.name, list[i]]));
    return { values: named(values), gradients: named(gradients) };
  }

  /* The derivative of the output with respect to variable number i, by a central difference. */
  function numerical(variables, inputs, i, x) {
    const h = 1e-5 * Math.max(1, Math.abs(x));
    const at = (value) => forward(variables, inputs, { index: i, value }).at(-1);
    return (at(x + h) - at(x - h)) / (x + h - (x - h));
  }

  /* Four significant digits, or exact where it is a whole number: nnlib/formatting.py. */
  function format(x) {
    if (Number.isNaN(x)) return TEXT.notANumber;
    const sign = x < 0 ? "−" : "";
    x = Math.abs(x);
    if (x === Infinity) return sign + "∞";
    const whole = Math.round(x);
    if (x < 1e6 && Math.abs(x - whole) <= 1e-12 * x) return whole ? sign + whole : "0";
    const [digits, exponent] = x.toExponential(3).split("e").map(Number);
    if (exponent >= -4 && exponent < 6) return sign + Number(x.toPrecision(4));
    return `${sign}${digits}e${String(exponent).replace("-", "−")}`;
  }

  /* Ten digits, to compare with; not more than a difference can be trusted for. */
  function long(x) {
    return Number.isFinite(x) ? String(Number(x.toPrecision(10))).replace("-", "−") : format(x);
  }

  /* The size of a difference that should be nothing: one digit will do. */
  function small(x) {
    if (!Number.isFinite(x)) return format(x);
    return x === 0 ? "0" : Math.abs(x).toExponential(0).replace("-", "−");
  }

  /* ---- One figure ---- */

  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  /* What the local derivative of a node with one input is, in a formula and with its reason. */
  function localDerivative(v, x, y) {
    const f = format;
    switch (v.layer) {
      case "PowLayer": {
        const power = v.exponent === 2 ? "x" : `x^${f(v.exponent - 1)}`;
        return `${f(v.exponent)} ${power} = ${f(v.exponent * Math.pow(x, v.exponent - 1))}`;
      }
      case "ExpLayer": return TEXT.local.ExpLayer(f(y));
      case "LogLayer": return `1/x = ${f(1 / x)}`;
      case "ReciprocalLayer": return `−y² = ${f(-y * y)}`;
      case "Relu": return TEXT.local.Relu(y > 0);
      default: return `y (1 − y) = ${f(y * (1 - y))}`;
    }
  }

  class Figure {
    /* `onInput(name, value)` hears of every change that the reader makes to an input. */
    constructor(element, { onInput = () => {} } = {}) {
      this.element = element;
      this.onInput = onInput;
      this.variables = JSON.parse(element.querySelector(".nn-graph").textContent).variables;
      this.names = this.variables.map((v) => v.name);
      this.nodes = this.variables.flatMap((v, i) => (v.layer ? [i] : []));
      this.place = this.names.map((name, i) => this.nodes.indexOf(i)); // among the nodes; -1: an input
      this.firstUse = this.names.map((name, i) => // the place of the first node that uses it
        this.nodes.findIndex((n) => this.variables[n].inputs.includes(i)));
      this.last = this.variables.length - 1;
      this.full = 2 * this.nodes.length + 1; // all forward steps, the seed, all backward steps
      this.inputs = Object.create(null); // a variable may be called "constructor" or "__proto__"
      for (const v of this.variables) if (!v.layer && !v.constant) this.inputs[v.name] = v.value;
      this.start = Object.assign(Object.create(null), this.inputs);
      this.predicting = element.dataset.start === "predict";
      this.cursor = this.predicting ? this.nodes.length : this.full;
      this.at = null; // the node of the step just made, and which way it went
      this.checking = false;
      this.sliders = [...element.querySelectorAll("input[data-input]")];
      this.build();
      this.draw();
    }

    /* What only makes sense with a script is made by the script. */
    build() {
      for (const slider of this.sliders) {
        slider.hidden = false;
        slider.value = this.inputs[slider.dataset.input];
        const take = () => {
          this.set(slider.dataset.input, Number(slider.value));
          this.onInput(slider.dataset.input, Number(slider.value));
        };
        slider.addEventListener("input", take);
        slider.closest("label").after(
          this.nudge(slider, "less", () => (slider.stepDown(), take())),
          this.nudge(slider, "more", () => (slider.stepUp(), take())));
      }
      this.say = make("p", { className: "nn-say", textContent: this.predicting ? TEXT.predictOn : TEXT.welcome });
      this.say.setAttribute("aria-hidden", "true");
      this.heard = make("p", { className: "nn-heard" });
      this.heard.setAttribute("aria-live", "polite");
      this.bar = make("div", { className: "nn-bar" });
      this.bar.setAttribute("role", "group");
      this.bar.setAttribute("aria-label", TEXT.controls);
      const actions = [["step-backward", "stepBackward"], ["step-forward", "stepForward"], ["run"], ["predict"], ["check"], ["reset"]];
      for (const [action, text = action] of actions) {
        const button = make("button", { type: "button", textContent: TEXT[text] });
        button.dataset.action = action;
        if (action === "predict" || action === "check") button.setAttribute("aria-pressed", "false");
        button.addEventListener("click", () => this.act(action));
        this.bar.append(button);
      }
      const stage = this.element.querySelector(".nn-stage");
      stage.after(this.say, this.heard);
      this.element.querySelector(".nn-rows").after(this.bar);
      const svg = stage.querySelector("svg");
      this.description = svg.querySelector("desc");
      svg.style.minWidth = `${Math.round(0.56 * svg.viewBox.baseVal.width)}px`;
      for (const box of this.element.querySelectorAll(".nn-stage, .nn-scroll")) {
        if (typeof ResizeObserver !== "undefined") new ResizeObserver(() => this.reachable(box)).observe(box);
      }
      this.places = { value: this.collect("data-value-of"), gradient: this.collect("data-gradient-of") };
    }

    /* A button for one exact step, for fingers; the arrow keys do the same on the slider itself. */
    nudge(slider, action, step) {
      const button = make("button", { type: "button", tabIndex: -1, className: "nn-nudge" });
      button.textContent = action === "less" ? "−" : "+";
      button.dataset.action = action;
      button.setAttribute("aria-label", TEXT[action](slider.dataset.input));
      button.addEventListener("click", step);
      return button;
    }

    /* What scrolls sideways can be scrolled from the keyboard. */
    reachable(box) {
      const wide = box.scrollWidth > box.clientWidth + 1;
      for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", TEXT.scroll]]) {
        if (wide) box.setAttribute(name, value);
        else box.removeAttribute(name);
      }
    }

    /* How a variable is called in a sentence: only names that stand in the picture. */
    label(i) {
      const v = this.variables[i];
      return v.constant ? format(v.value) : v.unnamed ? TEXT.node(v.symbol) : v.name;
    }

    /* For each variable, the elements that show its number. */
    collect(attribute) {
      const found = this.names.map(() => []);
      for (const e of this.element.querySelectorAll(`[${attribute}]`)) {
        const i = this.names.indexOf(e.getAttribute(attribute));
        if (i >= 0) found[i].push(e);
      }
      return found;
    }

    /* Move an input: by a slider, or from Python. */
    set(name, value) {
      if (this.inputs[name] === value) return;
      this.inputs[name] = value;
      for (const slider of this.sliders) if (slider.dataset.input === name) slider.value = value;
      this.draw();
      const i = this.names.indexOf(name);
      const said = [name, format(value), this.names[this.last], format(this.values[this.last])];
      if (!this.valueShown(this.last)) this.tell(TEXT.movedOnly(name, format(value)));
      else if (!this.gradientShown(i) || !Number.isFinite(this.gradients[i])) this.tell(TEXT.movedHidden(...said));
      else if (this.gradients[i] === 0) this.tell(TEXT.movedFlat(...said));
      else this.tell(TEXT.moved(...said, format(this.gradients[i])));
    }

    act(action) {
      const stepping = this.at !== null;
      this.at = null;
      const forwardSteps = this.nodes.length;
      const y = this.names[this.last];
      const out = format(this.values[this.last]);
      let text = "";
      if (action === "step-forward") {
        if (this.cursor >= this.full || (this.cursor >= forwardSteps && !stepping)) this.cursor = 0;
        if (this.cursor < forwardSteps) {
          this.at = { node: this.nodes[this.cursor], direction: "nn-forth" };
          text = this.forwardSentence(this.nodes[this.cursor++]);
        } else text = TEXT.forwardDone(y, out);
      } else if (action === "step-backward") {
        if (this.cursor < forwardSteps || this.cursor >= this.full) this.cursor = forwardSteps;
        const k = this.cursor++ - forwardSteps;
        if (k > 0) this.at = { node: this.nodes[forwardSteps - k], direction: "nn-back" };
        text = this.at ? this.backwardSentence(this.at.node) : TEXT.seed(y);
      } else if (action === "run") {
        this.cursor = this.full;
        text = TEXT.all(y, out);
      } else if (action === "predict") {
        this.predicting = !this.predicting;
        this.cursor = this.predicting ? forwardSteps : this.full;
        text = this.predicting ? TEXT.predictOn : TEXT.all(y, out);
      } else if (action === "check") {
        this.checking = !this.checking;
        text = this.checking ? TEXT.checkOn : TEXT.checkOff;
        const details = this.element.querySelector("details");
        if (this.checking) details.open = true;
      } else {
        this.predicting ||= this.element.dataset.start === "predict";
        this.cursor = this.predicting ? forwardSteps : this.full;
        this.checking = false;
        for (const [name, value] of Object.entries(this.start)) {
          this.set(name, value);
          this.onInput(name, value);
        }
        text = TEXT.atStart;
      }
      if (this.cursor >= this.full) this.predicting = false;
      this.draw();
      this.tell(text);
    }

    /* Shown at once; read out at most once a second, and then the newest. */
    tell(text) {
      this.say.textContent = text;
      if (this.waiting) return;
      this.heard.textContent = text;
      this.waiting = setTimeout(() => {
        this.waiting = null;
        if (this.heard.textContent !== this.say.textContent) this.tell(this.say.textContent);
      }, 1000);
    }

    valueShown(i) {
      return this.place[i] < this.cursor;
    }

    gradientShown(i) {
      const done = this.cursor - this.nodes.length - 1; // backward steps taken, the seed not counted
      return i === this.last ? done >= 0 : this.nodes.length - this.firstUse[i] <= done;
    }

    draw() {
      this.values = forward(this.variables, this.inputs);
      Object.assign(this, backward(this.variables, this.values));
      this.names.forEach((name, i) => {
        for (const e of this.places.value[i]) this.show(e, this.values[i], this.valueShown(i));
        for (const e of this.places.gradient[i]) this.show(e, this.gradients[i], this.gradientShown(i));
      });
      for (const button of this.bar.querySelectorAll("[aria-pressed]")) {
        const on = button.dataset.action === "predict" ? this.predicting : this.checking;
        button.setAttribute("aria-pressed", String(on));
      }
      this.description.textContent = this.describe();
      this.drawCheck();
      this.highlight();
    }

    /* The picture in words, for those who do not see it: what is shown, and nothing that is hidden. */
    describe() {
      const y = this.names[this.last];
      return this.names.flatMap((name, i) => {
        if (this.variables[i].constant || !this.valueShown(i)) return [];
        const value = TEXT.value(name, format(this.values[i]));
        const shown = i !== this.last && this.gradientShown(i);
        return shown ? [value, TEXT.slope(y, name, format(this.gradients[i]))] : [value];
      }).join(" ");
    }

    show(element, x, shown) {
      element.textContent = shown ? format(x) : TEXT.hidden;
      element.classList.toggle("nn-bad", shown && !Number.isFinite(x));
      if (shown) element.dataset.exact = String(x);
      else delete element.dataset.exact;
    }

    /* The two columns of the check stand in the table only while they are asked for. */
    drawCheck() {
      const table = this.element.querySelector(".nn-table");
      for (const cell of table.querySelectorAll(".nn-checked")) cell.remove();
      if (!this.checking) return;
      const add = (row, tag, text) => {
        const cell = make(tag, { className: "nn-checked", textContent: text });
        if (tag === "th") cell.scope = "col";
        row.append(cell);
        return cell;
      };
      add(table.tHead.rows[0], "th", TEXT.numerical);
      add(table.tHead.rows[0], "th", TEXT.difference);
      for (const row of table.tBodies[0].rows) {
        const i = this.names.indexOf(row.dataset.variable);
        const slope = i === this.last ? 1 : numerical(this.variables, this.inputs, i, this.values[i]);
        const shown = this.gradientShown(i);
        const cell = add(row, "td", shown ? long(slope) : TEXT.hidden);
        cell.dataset.numericalOf = row.dataset.variable;
        if (shown) cell.dataset.exact = String(slope);
        add(row, "td", shown ? small(slope - this.gradients[i]) : TEXT.hidden);
      }
    }

    /* The node of the step that was just made, and its edges. */
    highlight() {
      const name = this.at && this.names[this.at.node];
      for (const e of this.element.querySelectorAll(".nn-node, .nn-edge")) {
        e.classList.remove("nn-forth", "nn-back");
        if (this.at && (e.dataset.node === name || e.dataset.to === name)) e.classList.add(this.at.direction);
      }
    }

    forwardSentence(i) {
      const v = this.variables[i];
      const x = v.inputs.map((k) => format(this.values[k]));
      const sum = v.layer === "AddLayer" ? x.join(" + ") : v.layer === "MulLayer" ? x.join(" × ")
        : v.layer === "PowLayer" ? `(${x[0]})^${format(v.exponent)}` : v.layer === "ReciprocalLayer" ? `1 / ${x[0]}`
          : `${v.symbol}(${x[0]})`;
      return TEXT.forward(v.symbol, sum, format(this.values[i]));
    }

    backwardSentence(i) {
      const v = this.variables[i];
      const up = format(this.gradients[i]);
      const down = this.parts[i].map(format);
      const targets = v.inputs.map((k) => this.label(k));
      const each = (amount) => v.inputs.flatMap((k, n) =>
        (this.variables[k].constant ? [] : [TEXT.to(amount(n), targets[n])])).join(", ");
      let text;
      if (v.layer === "AddLayer") text = TEXT.add(each((n) => down[n]));
      else if (v.layer === "MulLayer") {
        text = TEXT.mul(each((n) => `${up} × ${format(this.values[v.inputs[1 - n]])} = ${down[n]}`));
      } else {
        const [x, y] = [this.values[v.inputs[0]], this.values[i]];
        const slope = LAYERS[v.layer].backward(1, [x], y, v)[0];
        text = TEXT.one(v.symbol, localDerivative(v, x, y), up, format(slope), targets[0], down[0]);
      }
      for (const k of new Set(v.inputs)) {
        const terms = [...this.nodes].reverse().flatMap((n) =>
          this.variables[n].inputs.flatMap((m, slot) => (m === k ? [format(this.parts[n][slot])] : [])));
        if (terms.length > 1 && this.gradientShown(k)) text += TEXT.sum(this.label(k), terms, format(this.gradients[k]));
      }
      return text;
    }
  }

  const mounted = new WeakMap();

  function mount(element, options) {
    if (!mounted.has(element)) mounted.set(element, new Figure(element, options));
    return mounted.get(element);
  }

  /* anywidget: `html` is the figure as Python drew it, input0, input1, ... are its inputs. */
  function render({ model, el }) {
    el.innerHTML = model.get("html");
    const element = el.querySelector(".nn-live");
    element.classList.add("nn-kernel");
    const traits = new Map(model.get("inputs").map((name, k) => [name, `input${k}`]));
    const figure = mount(element, {
      onInput(name, value) {
        model.set(traits.get(name), value);
        model.save_changes();
      },
    });
    for (const [name, trait] of traits) {
      figure.set(name, model.get(trait));
      model.on(`change:${trait}`, () => figure.set(name, model.get(trait)));
    }
  }

  function mountAll() {
    for (const element of document.querySelectorAll(".nn-live")) mount(element);
  }

  /* On a page this is a classic script and finds its figures itself; a module has no currentScript. */
  if (typeof document !== "undefined" && document.currentScript) {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
    else mountAll();
  }

  return { evaluate, format, mount, mountAll, render };
})();

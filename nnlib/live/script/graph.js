/* A computational graph: values above its edges, derivatives below, forward and backward by steps. */

class GraphFigure extends Figure {
  get actions() {
    const all = ["step-backward", "step-forward", "run", "predict", "check", ...super.actions];
    return this.data.forward ? all.filter((action) => !/backward|predict|check/.test(action)) : all;
  }

  setup() {
    this.variables = plan(this.data);
    this.names = this.variables.map((v) => v.name);
    this.last = this.variables.length - 1;
    this.nodes = this.variables.flatMap((v, i) => (v.layer ? [i] : []));
    this.place = this.names.map((_, i) => this.nodes.indexOf(i)); // among the nodes; -1: an input
    this.firstUse = this.names.map((_, i) => // the place of the first node that uses it
      this.nodes.findIndex((n) => this.variables[n].inputs.includes(i)));
    this.uses = this.names.map((_, i) => [...this.nodes].reverse().flatMap((n) => // as they arrive backward
      this.variables[n].inputs.flatMap((k, slot) => (k === i ? [{ n, slot }] : []))));
    this.full = 2 * this.nodes.length + 1; // all forward steps, the seed, all backward steps
    this.label = (i) => { // only names that stand in the picture
      const v = this.variables[i];
      return v.constant ? text(v, v.start) : v.unnamed ? say("node", { symbol: v.symbol }) : v.name;
    };
    this.sources = Object.keys(this.inputs).map((name) => this.locate(name));
    this.at = null; // the node of the step just made, and which way it went
    this.places = { value: this.collect("value"), gradient: this.collect("gradient") };
    this.edges = this.all(".nn-node, .nn-edge");
    const picture = this.one(".nn-stage svg");
    this.description = picture.querySelector("desc");
    board(picture);
    const pills = this.all("[data-pill-of]").map((rect) => ({ rect, i: this.names.indexOf(rect.dataset.pillOf), kind: "gradient" }));
    this.boxes = new Boxes(this, pills.filter(({ i }) => i !== this.last), (target, number) => judge(this, target, number), (target) => this.found(target));
    this.hide(Boolean(this.data.predict));
    this.tell(say(this.predicting ? "predictOn" : "welcome"));
  }

  /* Where a slider moves the graph: a number, or an entry of an array such as W[0,1]. */
  locate(name) {
    const found = this.names.indexOf(name);
    if (found >= 0) return { name, index: found, entry: 0 };
    const [, array, position] = name.match(/^(.*)\[([\d,]+)\]$/);
    const index = this.names.indexOf(array);
    return { name, index, entry: this.entry(index, position) };
  }

  entry(i, position = "") {
    return position ? position.split(",").reduce((sum, k, axis) => sum * this.variables[i].shape[axis] + Number(k), 0) : 0;
  }

  /* For each variable, [entry, element that shows it]. */
  collect(kind) {
    const found = this.names.map(() => []);
    for (const e of this.all(`[data-${kind}-of]`)) {
      const { index: i, entry } = this.locate(e.dataset[`${kind}Of`]);
      found[i].push([entry || this.entry(i, e.dataset.index), e]);
    }
    return found;
  }

  changed(name) {
    this.boxes.forget();
    const { index: i, entry } = this.locate(name);
    const y = this.names[this.last];
    const about = { name, value: format(this.inputs[name]), y, out: format(this.values[this.last][0]) };
    if (!this.valueShown(this.last)) return say("value", about);
    const slope = this.gradients[i][entry];
    if (!this.gradientShown(i) || !Number.isFinite(slope)) return say("movedHidden", about);
    return slope === 0 ? say("movedFlat", about) : say("moved", { ...about, slope: format(slope) });
  }

  /* Hide the derivatives, for the reader to predict them, or show everything. */
  hide(on) {
    this.predicting = on;
    this.known = new Set(); // those that the reader has found
    this.cursor = on ? this.nodes.length : this.full;
    this.boxes.clear();
  }

  question({ i }) { return say("box.gradient", { y: this.names[this.last], name: this.label(i) }); }

  found({ i }) {
    const { boxes, firstTry: first } = this.boxes;
    const inside = boxes.includes(document.activeElement);
    this.known.add(i);
    const all = boxes.every((box) => this.gradientShown(box.target.i));
    if (all) this.known.add(this.last); // the 1 at the right end completes the picture
    this.draw();
    if (all && inside) this.button("predict").focus(); // its box is gone
    return all ? " " + say("allFound", { first, count: boxes.length }) : "";
  }

  act(action) {
    const stepping = this.at !== null;
    const kept = this.at;
    this.at = null;
    const steps = this.nodes.length;
    const done = { y: this.names[this.last], out: format(this.values[this.last][0]) };
    const { forward: only } = this.data; // no backward pass
    let told = "";
    if (action === "step-forward") {
      if (this.cursor >= this.full || (this.cursor >= steps && !stepping)) this.cursor = 0;
      if (this.cursor < steps) {
        this.at = { node: this.nodes[this.cursor], direction: "nn-forth" };
        told = forwardSentence(this, this.nodes[this.cursor++]);
      } else told = say(only ? "forwardEnd" : "forwardDone", done);
    } else if (action === "step-backward") {
      if (this.cursor < steps || this.cursor >= this.full) this.cursor = steps;
      const k = this.cursor++ - steps;
      if (k > 0) this.at = { node: this.nodes[steps - k], direction: "nn-back" };
      told = this.at ? this.backwardSentence(this.at.node) : say("seed", done);
    } else if (action === "run") {
      this.hide(false);
      told = say(only ? "forwardEnd" : "all", done);
    } else if (action === "predict") {
      this.hide(!this.predicting);
      told = this.predicting ? say("predictOn") : say("all", done);
    } else if (action === "check") {
      this.checking = !this.checking;
      told = say(this.checking ? "checkOn" : "checkOff");
      if (this.checking) this.one(".nn-numbers").open = true;
    } else if (action === "reset") {
      this.hide(this.predicting || Boolean(this.data.predict));
      this.checking = false;
    } else this.at = kept; // copying changes nothing
    super.act(action);
    if (this.cursor >= this.full) this.predicting = false;
    this.draw();
    if (told) this.tell(told);
    if (this.at) this.follow(this.at.node);
    else if (action === "step-backward") this.follow(this.last); // the 1 at the right end
  }

  backwardSentence(node) {
    const shown = [...new Set(this.variables[node].inputs)].filter((k) => this.gradientShown(k));
    return backwardSentence(this, node) + shown.map((k) => fanOutSentence(this, k, this.terms(k))).join("");
  }

  /* What each use of a number sends back to it. */
  terms(i) { return this.uses[i].map(({ n, slot }) => this.parts[n][slot][0]); }

  /* Scroll the node of this step into view, if the picture is wider than its place. */
  follow(i) {
    const stage = this.one(".nn-stage");
    const node = this.edges.find((e) => e.dataset.node === this.names[i]);
    const [inside, around] = [node.getBoundingClientRect(), stage.getBoundingClientRect()];
    stage.scrollLeft += inside.left + inside.width / 2 - around.left - around.width / 2;
  }

  valueShown(i) {
    return this.printing || this.place[i] < this.cursor;
  }

  gradientShown(i) {
    if (this.data.forward) return false; // the backward pass is left out
    const done = this.cursor - this.nodes.length - 1; // backward steps taken, the seed not counted
    if (this.printing || this.known.has(i)) return true;
    return i === this.last ? done >= 0 : this.nodes.length - this.firstUse[i] <= done;
  }

  draw() {
    const given = [];
    for (const { name, index, entry } of this.sources) {
      given[index] ??= [...this.variables[index].start];
      given[index][entry] = this.inputs[name];
    }
    this.given = given;
    this.values = forward(this.variables, given);
    Object.assign(this, backward(this.variables, this.values));
    for (let i = 0; i <= this.last; i++) {
      this.fill(this.places.value[i], this.values[i], this.valueShown(i));
      this.fill(this.places.gradient[i], this.gradients[i], this.gradientShown(i));
    }
    for (const e of this.all("[data-parts-of]")) {
      const i = this.names.indexOf(e.dataset.partsOf);
      e.textContent = this.gradientShown(i) ? `= ${addition(this.terms(i))}` : "";
    }
    for (const [action, on] of [["predict", this.predicting], ["check", Boolean(this.checking)]]) {
      this.button(action)?.setAttribute("aria-pressed", String(on));
    }
    this.boxes.sync(({ i }) => this.predicting && this.cursor >= this.nodes.length && !this.gradientShown(i));
    if (this.data.counts) this.one(".nn-count span").textContent = this.data.counts[this.printing ? this.full : this.cursor];
    this.description.textContent = this.describe();
    this.drawCheck();
    this.highlight();
  }

  fill(places, list, shown) {
    const most = Math.max(...list.map(Math.abs));
    for (const [entry, e] of places) {
      if (!e.classList.contains("nn-heat")) this.show(e, list[entry], shown, e.dataset.index ? brief : e.ownerSVGElement ? drawn : format);
      else { // a cell of a heat map: how large, and a mark for what is below 0
        e.setAttribute("fill-opacity", shown && most ? Math.abs(list[entry]) / most : 0);
        e.classList.toggle("nn-minus", shown && list[entry] < 0);
        e.dataset.exact = shown ? String(list[entry]) : "";
      }
    }
  }

  /* The picture in words, for those who do not see it: what is shown, and nothing that is hidden. */
  describe() {
    const y = this.names[this.last];
    return this.variables.flatMap((v, i) => {
      if (v.constant || !this.valueShown(i)) return [];
      const value = say("value", { name: v.name, value: text(v, this.values[i]) });
      const shown = i !== this.last && this.gradientShown(i);
      return shown ? [value, say("slope", { y, name: v.name, slope: text(v, this.gradients[i]) })] : [value];
    }).join(" ");
  }

  /* The two columns of the check stand in the table only while they are asked for. */
  drawCheck() {
    const table = this.one(".nn-table");
    for (const cell of this.all(".nn-checked")) cell.remove();
    if (!this.checking) return;
    const add = (row, tag, content) => {
      const cell = make(tag, { className: "nn-checked", textContent: content });
      if (tag === "th") cell.scope = "col";
      row.append(cell);
      return cell;
    };
    add(table.tHead.rows[0], "th", say("numerical"));
    add(table.tHead.rows[0], "th", say("difference"));
    for (const row of table.tBodies[0].rows) {
      const { index: i, entry } = this.locate(row.dataset.variable);
      const slope = i === this.last ? 1 : numerical(this.variables, this.given, i, entry, this.values[i][entry]);
      const shown = this.gradientShown(i);
      const cell = add(row, "td", shown ? long(slope) : "?");
      cell.dataset.numericalOf = row.dataset.variable;
      if (shown) cell.dataset.exact = String(slope);
      add(row, "td", shown ? small(slope - this.gradients[i][entry]) : "?");
    }
  }

  /* The node of the step that was just made, and its edges. */
  highlight() {
    const name = this.at && this.names[this.at.node];
    for (const e of this.edges) {
      e.classList.remove("nn-forth", "nn-back");
      if (this.at && (e.dataset.node === name || e.dataset.to === name)) e.classList.add(this.at.direction);
    }
  }
}
KINDS.graph = GraphFigure;

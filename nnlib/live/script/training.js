/* A recorded training. Python has computed the numbers of each moment and written the texts. */

class TrainingFigure extends Figure {
  get actions() { return ["play", ...super.actions]; }

  setup() {
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.player = this.button("play");
    this.one(".nn-row").prepend(this.player); // beside the slider, which stays in sight
    this.stop();
    this.parts = [".nn-mark", ".nn-units g path", "caption span", "td rect", "td:last-child"].map((part) => this.all(part));
    this.say.textContent = say("training.welcome");
  }

  get now() { return this.data.moments[Math.round(this.inputs.step)] ?? this.data.moments[0]; }
  changed() { return this.now.said; }

  draw() {
    const { numbers, at, weights, read, probabilities, moment } = this.now;
    const [marks, paths, captions, bars, cells] = this.parts;
    const write = (e, x, text) => { // into its text node: less to lay out anew
      e.firstChild.data = text;
      e.dataset.exact = x;
    };
    for (const [name, [x, text]] of Object.entries(numbers)) {
      for (const e of this.all(`[data-value-of="${name}"]`)) write(e, x, text);
    }
    this.sliders[0].setAttribute("aria-valuetext", moment);
    at.forEach((place, i) => marks[i].setAttribute("transform", `translate(${place})`));
    this.strokes(weights).forEach((d, i) => paths[i].setAttribute("d", d));
    read.forEach((text, i) => { captions[i].firstChild.data = text; });
    probabilities.forEach((p, i) => { // in millionths
      bars[i].setAttribute("width", p / 1e4);
      write(cells[i], p / 1e6, `${(Math.round(p / 1e3) / 10).toFixed(1)} %`);
    });
  }

  /* For each level, 1 to 7 and -1 to -7, a path with a stroke for each run of pixels, as in Python. */
  strokes(letters) {
    const [height, width, gap, columns] = this.data.grid;
    const paths = this.parts[1].map(() => "");
    letters.split(" ").forEach((row, i) => {
      const unit = Math.floor(i / height);
      const y = (i % height) + Math.floor(unit / columns) * (height + gap);
      for (const { 0: run, index } of row.matchAll(/(.)\1*/g)) {
        const level = run.charCodeAt() - 104;
        const x = index + (unit % columns) * (width + gap);
        if (level) paths[level > 0 ? level - 1 : 6 - level] += `M${x} ${y}h${run.length}`;
      }
    });
    return paths;
  }

  act(action) {
    if (action !== "play") return super.act(action);
    if (this.playing) return this.stop();
    const { length } = this.data.moments;
    const next = () => Math.round(this.inputs.step) + 1;
    super.move("step", next() % length);
    if (this.calm) return; // one moment for each press
    this.playing = setInterval(() => (next() < length ? super.move("step", next()) : this.stop()), 200);
    this.player.textContent = say("action.stop");
  }

  stop() {
    clearInterval(this.playing);
    this.playing = 0;
    this.player.textContent = say(this.calm ? "action.next" : "action.play");
  }

  /* A hand at the slider stops the film. */
  move(name, value) {
    this.stop();
    super.move(name, value);
  }
}
KINDS.training = TrainingFigure;

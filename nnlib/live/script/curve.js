/* Plots, and the figure of a function of one number. */

const between = (v, [a, b], [c, d]) => c + ((v - a) / (b - a)) * (d - c); // from one range to another
const clamp = (v, [low, high]) => Math.min(Math.max(v, low), high);

/* The script's side of nnlib/live/axes.py. */
class Frame {
  constructor(box) { Object.assign(this, box); }

  at(x, y) {
    return [between(x, this.x, this.px), between(y, this.y, this.py)].map((v) => Math.round(v * 10) / 10).join(" ");
  }

  /* Points as dots: lines of no length, which a round pen shows. */
  dots(points) {
    const seen = points.filter(([x, y]) => clamp(x, this.x) === x && clamp(y, this.y) === y);
    return seen.map((point) => `M${this.at(...point)}h0`).join("");
  }

  /* The part of the line from p to q that is inside. */
  line(p, q) {
    let [s, t] = [0, 1];
    [this.x, this.y].forEach((range, i) => {
      const ends = range.map((edge) => (edge - p[i]) / (q[i] - p[i]));
      s = Math.max(s, Math.min(...ends));
      t = Math.min(t, Math.max(...ends));
    });
    const point = (k) => this.at(...p.map((v, i) => v + k * (q[i] - v)));
    return s < t ? `M${point(s)}L${point(t)}` : "";
  }

  straight(x, y, slope) {
    return this.line(...this.x.map((v) => [v, y + slope * (v - x)]));
  }

  /* Put a mark on a point, or faintly at the nearest edge. */
  place(mark, x, y, lost = 0.4) {
    const [u, v] = [clamp(x, this.x), clamp(Number.isNaN(y) ? this.y[0] : y, this.y)];
    mark.setAttribute("transform", `translate(${this.at(u, v)})`);
    mark.setAttribute("opacity", u === x && v === y ? 1 : Number.isNaN(y) ? lost : 0.4);
  }
}

/* Value and slope of a cubic between two points; slopes are per width. */
function cubic(t, y, end, p, q) {
  const d = end - y;
  const [a, b] = [3 * d - 2 * p - q, p + q - 2 * d];
  return [y + t * (p + t * (a + t * b)), p + t * (2 * a + t * 3 * b)];
}

class FunctionFigure extends Figure {
  setup() {
    const { graph, box, names } = this.data;
    this.plan = graph && plan(graph);
    this.places = graph && names.map((name) => this.plan.findIndex((v) => v.name === name));
    this.frame = new Frame(box);
    const handle = this.one(".nn-handle");
    // Chromium heeds touch-action on a whole SVG only, and there it would stop the page from scrolling.
    handle.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(handle.ownerSVGElement.getScreenCTM().inverse());
      const to = [between(x, box.px, box.x), between(y, box.py, box.y)];
      names.forEach((name, i) => this.move(name, this.allowed(name, to[i])));
    });
  }

  /* Where the point is. */
  get here() { return this.data.names.map((name) => this.inputs[name]); }

  /* Value and slopes at a point. */
  f(...point) {
    if (!this.plan) return this.sample(...point);
    const given = [];
    this.places.forEach((k, i) => { given[k] = [point[i]]; });
    const values = forward(this.plan, given);
    const { gradients } = backward(this.plan, values);
    this.solved = { values, gradients };
    const y = values.at(-1)[0];
    return [y, ...this.places.map((k) => (Number.isNaN(y) ? y : gradients[k][0]))];
  }
}

class CurveFigure extends FunctionFigure {
  /* Between samples, as SampledCurve in sampled.py. */
  sample(x) {
    const [xs, ys, ms] = this.data.knots.find(([v]) => v[0] <= x && x <= v.at(-1)) ?? [[]];
    if (!ys) return [NaN, NaN];
    const i = (xs.findIndex((v, k) => k && v > x) + xs.length) % xs.length || xs.length - 1;
    const w = xs[i] - xs[i - 1];
    const [y, slope] = cubic((x - xs[i - 1]) / w, ys[i - 1], ys[i], w * ms[i - 1], w * ms[i]);
    return [ys[xs.indexOf(x)] ?? y, this.corner(x) ? NaN : slope / w];
  }

  corner(x) {
    const [low, high] = this.data.box.x;
    return this.data.corners.some((c) => Math.abs(x - c) <= 1e-9 * (high - low));
  }

  /* The central difference, as numerical_diff in nnlib/difference.py. */
  secant(x, h) {
    const [up, down] = [x + h, x - h];
    return up === x || down === x ? NaN : (this.f(up)[0] - this.f(down)[0]) / (up - down);
  }

  draw() {
    const { frame, data, here: [x], inputs: { h } } = this;
    const [name] = data.names;
    const [y, slope] = this.f(x);
    const secant = this.secant(x, h);
    const off = secant - slope;
    this.now = { y, slope, off };
    this.numbers({ value: { [name]: x, h, [data.y]: y }, gradient: { [name]: slope }, numerical: { [name]: secant }, difference: { [name]: off } });
    this.path("tangent", frame.straight(x, y, slope));
    frame.place(this.one(".nn-handle"), x, y);
    frame.place(this.one(".nn-diamond"), x, slope, 0);
    const said = [this.changed(name)];
    const [desc, errors] = this.all("desc");
    if (h) {
      const ends = [x - h, x + h].map((v) => [v, this.f(v)[0]]);
      this.path("secant", frame.straight(...ends[0], secant));
      this.path("ends", frame.dots(ends));
      const plot = new Frame(data.errors);
      const log = (d) => clamp(Math.log10(Math.abs(d) + 1e-99), plot.y);
      this.path("dots", plot.dots(Array.from({ length: 16 }, (_, k) => [k - 15, log(this.secant(x, power(k - 15)) - slope)])));
      plot.place(this.one(".nn-now"), Math.log10(h), log(off), 0);
      if (Number.isFinite(y)) said.push(errors.textContent = this.changed("h"));
    }
    desc.textContent = said.join(" ");
  }

  changed(name) {
    const { data, here: [x], inputs: { h }, now: { y, slope, off } } = this;
    if (name === "h") {
      const word = x + h === x || x - h === x ? "tiny" : !Number.isFinite(off) ? "open"
        : !off ? "exact" : this.corner(x) ? "astride" : this.rounded() ? "rounding" : "width";
      return say(`curve.${word}`, { name: data.names[0], x: format(x), h: format(h), off: format(Math.abs(off)) });
    }
    const key = !Number.isFinite(y) ? "curve.none" : !Number.isFinite(slope) ? "curve.corner"
      : this.corner(x) ? "curve.kink" : slope ? "moved" : "movedFlat";
    return say(key, { name, value: format(x), y: data.y, out: format(y), slope: format(slope) });
  }

  /* Whether rounding alone may be that far off: each value is rounded, and the output feels it. */
  rounded() {
    const { here: [x], inputs: { h }, now: { off } } = this;
    this.f(x);
    const { values, gradients } = this.solved;
    const felt = this.plan.flatMap((v, i) => (v.layer ? values[i].map((a, k) => Math.abs(a * gradients[i][k])) : 0));
    return Math.abs(off) <= (2 ** -52 * felt.reduce((a, b) => a + b)) / h;
  }
}
KINDS.curve = CurveFigure;

/* A perceptron with two inputs. Sums are of whole numbers, as in perceptron_figure.py: no rounding. */

class PerceptronFigure extends Figure {
  get tenths() { return ["w1", "w2", "b"].map((name) => Math.round(10 * this.inputs[name])); }

  draw() {
    const { box, edges, points, strokes } = this.data;
    const [w1, w2, b] = this.tenths;
    this.all("output").forEach((e, i) => this.show(e, this.inputs[this.sliders[i].dataset.input]));
    const above = ([u, v]) => w1 * between(u, box.px, box.x) + w2 * between(v, box.py, box.y) + b;
    const cut = ([p, q]) => {
      const [g, h] = [above(p), above(q)];
      return g > 0 !== h > 0 && p.map((v, i) => v + g / (g - h) * (q[i] - v));
    };
    const part = (line) => line.map((end) => (above(end) > 0 ? end : cut(line))).filter(Boolean);
    const drawn = (ends) => ends.map((end, i) => "ML"[Math.min(i, 1)] + end.map((v) => Math.round(10 * v) / 10).join(" ")).join("");
    this.path("side", drawn(edges.flatMap(part)));
    this.path("hatch", strokes.map((line) => drawn(part(line))).join(""));
    this.path("split", drawn(edges.map(cut).filter(Boolean)));
    const [marks, rows] = [this.all(".nn-point"), this.all("tbody tr")];
    this.right = 0;
    points.forEach(([x1, x2, t], i) => {
      const sum = (w1 * x1 + w2 * x2 + 1e3 * b) / 1e4;
      const y = Number(sum > 0);
      const right = y === t;
      this.right += right;
      marks[i].firstChild.setAttribute("opacity", Number(!right));
      marks[i].lastChild.textContent = right ? t : `${t} ✗`;
      const { cells } = rows[i];
      this.show(cells[2], sum);
      this.show(cells[3], y);
      cells[5].textContent = say(right ? "perceptron.right" : "perceptron.wrong");
    });
    this.one("desc").textContent = this.changed();
  }

  changed() {
    const [w1, w2, b] = this.tenths;
    const word = w1 && w2 ? (b ? "both" : "origin") : w1 ? "upright" : w2 ? "level" : "none";
    const [name, other] = this.data.names;
    const line = say(`perceptron.line.${word}`, { a: name, x: format(-b / w1), b: other, y: format(-b / w2), out: Number(b > 0) });
    return say("perceptron.said", { right: this.right, count: this.data.points.length, line });
  }
}
KINDS.perceptron = PerceptronFigure;

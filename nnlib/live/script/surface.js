/* The figure of a function of two numbers: the gradient at a point, and gradient descent from there. */

class SurfaceFigure extends FunctionFigure {
  /* Between samples, as SampledSurface in sampled.py. A knot is [value, along x, along y, both]. */
  sample(x, y) {
    const { knots, box } = this.data;
    const n = knots.length - 1;
    const [[i, s, wide], [j, t, tall]] = [[x, box.x], [y, box.y]].map(([v, range]) => {
      const u = between(v, range, [0, n]);
      const k = Math.floor(u) - (u === n);
      return [k, u - k, n / (range[1] - range[0])];
    });
    const corners = [j, j + 1].map((row) => [i, i + 1].map((column) => knots[row]?.[column]));
    if (!corners.flat().every(Boolean)) return [NaN, NaN, NaN];
    const [p, q] = corners.map(([a, b]) => [...cubic(s, a[0], b[0], a[1], b[1]), ...cubic(s, a[2], b[2], a[3], b[3])]);
    const [z, up] = cubic(t, p[0], q[0], p[2], q[2]);
    return [z, cubic(t, p[1], q[1], p[3], q[3])[0] * wide, up * tall];
  }

  descend() {
    let { here: [x, y], inputs: { step_size: size } } = this;
    const points = [];
    while (Number.isFinite(x) && Number.isFinite(y) && points.length <= this.data.steps) {
      const [z, right, up] = this.f(x, y);
      points.push([x, y, z]);
      if (![z, right, up].every(Number.isFinite)) break;
      [x, y] = [x - size * right, y - size * up];
    }
    return points;
  }

  /* What became of the path, in a word; surface_figure.py says what each means. */
  outcome(points) {
    const [start, end] = [points[0], points.at(-1)];
    const falls = points.every((p, i) => !i || p[2] < points[i - 1][2]);
    if (!Number.isFinite(end[2]) || points.length <= this.data.steps) {
      return points.length === 1 ? "none" : !end.some((v) => Math.abs(v) > 1e100) ? "left" : falls ? "endless" : "away";
    }
    const [a, b] = points.slice(-3);
    const [before, last, way] = [[a, b], [b, end], [start, end]].map(([p, q]) => Math.hypot(q[0] - p[0], q[1] - p[1]));
    const turns = (b[0] - a[0]) * (end[0] - b[0]) + (b[1] - a[1]) * (end[1] - b[1]) < 0;
    if (last + way === 0) return "still";
    if (falls && last > before && way > 10 * (this.data.box.x[1] - this.data.box.x[0])) return "endless";
    if (end[2] > start[2] || (turns && last > before * (1 + 1e-9))) return "away";
    if (last <= 1e-9 * way || (last < before && last * last <= 0.01 * way * (before - last))) return "arrives";
    return turns ? "turns" : last < before * (1 - 1e-9) ? "creeps" : "falls";
  }

  draw() {
    const { frame, data, here: [x, y], inputs: { step_size } } = this;
    const [a, b] = data.names;
    const [z, right, up] = this.f(x, y);
    const points = this.points = this.descend();
    const end = points.at(-1);
    this.numbers({ value: { [a]: x, [b]: y, step_size, [data.z]: z }, gradient: { [a]: right, [b]: up }, end: { [data.z]: end[2] } });
    for (const kind of ["handle", "uphill"]) frame.place(this.one(`.nn-${kind}`), x, y);
    frame.place(this.one(".nn-end"), ...end);
    const [across, down] = [[right, frame.x, frame.px], [up, frame.y, frame.py]].map(([v, [a, b], [c, d]]) => v * (d - c) / (b - a));
    const arrow = this.one(".nn-arrow");
    arrow.setAttribute("opacity", Number(Number.isFinite(right + up) && (right || up) !== 0));
    arrow.setAttribute("transform", `rotate(${Math.atan2(down, across) * 180 / Math.PI || 0})`);
    this.path("path", points.slice(1).map((p, k) => frame.line(points[k], p)).join(""));
    this.path("steps", frame.dots(points));
    this.one("desc").textContent = this.changed();
  }

  changed() {
    const word = this.outcome(this.points);
    const [x, y, z] = this.points.at(-1).map(format);
    const [a, b] = this.data.names;
    const parts = { count: this.points.length - 1, a, x, b, y, z, name: this.data.z };
    const told = say(`surface.${word}`, parts);
    return ["none", "still", "left"].includes(word) ? told : `${say("surface.after", parts)} ${told}`;
  }
}
KINDS.surface = SurfaceFigure;

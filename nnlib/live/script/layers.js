/* Mathematics: forward and backward of each layer, as in nnlib/layers.py, and of a whole graph.
 *
 * Every value is a flat list, of one entry where it is a number. A variable of the plan, `v`, knows
 * its `shape`; `v.from[k][i]` says which entry of input k goes into entry i, to undo broadcasting.
 */

const both = (v, [x, y], f) => v.from[0].map((i, n) => f(x[i], y[v.from[1][n]]));

/* Sum up what goes back to each entry of input k. */
function back(v, k, gradient) {
  const total = Array(v.sizes[k]).fill(0);
  gradient.forEach((g, n) => { total[v.from[k][n]] += g; });
  return total;
}

/* A matrix product, X (N, D) by Y (D, M); a vector counts as one row of X or one column of Y. */
function product([x, y], { rows, inner, columns }) {
  return Array.from({ length: rows * columns }, (_, i) => {
    const [r, c] = [Math.floor(i / columns), i % columns];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += x[r * inner + k] * y[k * columns + c];
    return sum;
  });
}

const transposed = (x, rows, columns) => x.map((_, i) => x[(i % rows) * columns + Math.floor(i / rows)]);

function sigmoid(x) {
  const e = Math.exp(-Math.abs(x)); // between 0 and 1, whatever x is
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/* A layer of one input, entry by entry, by its function and its local derivative. */
const entrywise = (f, slope) => ({
  forward: ([x], v) => x.map((a) => f(a, v)),
  backward: (d, [x], y, v) => [d.map((up, i) => slope(up, x[i], y[i], v))],
});

const LAYERS = {
  AddLayer: {
    forward: (x, v) => both(v, x, (a, b) => a + b),
    backward: (d, x, y, v) => [back(v, 0, d), back(v, 1, d)],
  },
  MulLayer: {
    forward: (x, v) => both(v, x, (a, b) => a * b),
    backward: (d, [x, y], z, v) => [
      back(v, 0, d.map((up, n) => up * y[v.from[1][n]])), back(v, 1, d.map((up, n) => up * x[v.from[0][n]]))],
  },
  MatMulLayer: {
    forward: product,
    backward: (d, [x, y], z, { rows, inner, columns }) => [
      product([d, transposed(y, inner, columns)], { rows, inner: columns, columns: inner }),
      product([transposed(x, rows, inner), d], { rows: inner, inner: rows, columns })],
  },
  SumLayer: {
    forward: ([x]) => [x.reduce((a, b) => a + b)],
    backward: ([up], [x]) => [x.map(() => up)],
  },
  PowLayer: entrywise((x, v) => Math.pow(x, v.exponent),
    (up, x, y, { exponent: n }) => (n === 0 ? up * 0 : up * n * Math.pow(x, n - 1))),
  ExpLayer: entrywise(Math.exp, (up, x, y) => up * y),
  LogLayer: entrywise(Math.log, (up, x) => up / x),
  ReciprocalLayer: entrywise((x) => 1 / x, (up, x, y) => -up * y * y),
  Relu: entrywise((x) => Math.max(x, 0), (up, x, y) => up * (y > 0 ? 1 : 0)),
  Sigmoid: entrywise(sigmoid, (up, x, y) => up * y * sigmoid(-x)), // 1 - y with all its digits
};

/* The shape that two inputs broadcast to, and which of their entries meet, as in NumPy. */
function broadcast(shapes) {
  const axes = Math.max(...shapes.map((s) => s.length));
  const wide = shapes.map((s) => [...Array(axes - s.length).fill(1), ...s]);
  const shape = Array.from({ length: axes }, (_, a) => Math.max(...wide.map((s) => s[a])));
  const size = shape.reduce((a, b) => a * b, 1);
  const from = wide.map((s) => Array.from({ length: size }, (_, i) => {
    let [entry, stride] = [0, 1];
    for (let a = axes - 1; a >= 0; a--) {
      if (s[a] > 1) entry += (i % shape[a]) * stride;
      stride *= s[a];
      i = Math.floor(i / shape[a]);
    }
    return entry;
  }));
  return { shape, from };
}

const shapeOf = (value) => (Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : []);
const flat = (value) => [value].flat(Infinity);

/* The variables of a graph, as Graph.to_dict() gives it, with their shapes. */
function plan(graph) {
  const variables = [];
  for (const row of graph.variables) {
    const v = { ...row };
    const shapes = (v.inputs ?? []).map((k) => variables[k].shape);
    v.sizes = (v.inputs ?? []).map((k) => variables[k].size);
    if (!v.layer) v.shape = shapeOf(v.value);
    else if (v.layer === "MatMulLayer") {
      const [x, y] = shapes;
      Object.assign(v, { rows: x.length > 1 ? x[0] : 1, inner: y[0], columns: y[1] ?? 1 });
      v.shape = [...x.slice(0, -1), ...y.slice(1)];
    } else if (v.layer === "SumLayer") v.shape = [];
    else Object.assign(v, broadcast(shapes));
    v.size = v.shape.reduce((a, b) => a * b, 1);
    if (!v.layer) v.start = flat(v.value);
    variables.push(v);
  }
  return variables;
}

/* Values of all variables. `given` replaces inputs by position; `fixed`, if given, holds one entry of
   one variable, input or not, at a number: that is how a finite difference moves an inner edge. */
function forward(variables, given = [], fixed = null) {
  const values = [];
  variables.forEach((v, i) => {
    values.push(v.layer ? LAYERS[v.layer].forward(v.inputs.map((k) => values[k]), v) : given[i] ?? v.start);
    if (fixed && fixed.index === i) values[i] = values[i].map((x, j) => (j === fixed.entry ? fixed.value : x));
  });
  return values;
}

/* What node i hands to each of its inputs for an upstream gradient; for [1], its local derivatives. */
function handed(variables, values, i, up) {
  const v = variables[i];
  return LAYERS[v.layer].backward(up, v.inputs.map((k) => values[k]), values[i], v);
}

/* Gradients of all variables, and what each node hands to its inputs. */
function backward(variables, values) {
  const gradients = variables.map(() => null);
  const parts = variables.map(() => []);
  gradients[variables.length - 1] = variables.at(-1).layer ? [1] : values.at(-1).map(() => 1);
  for (let i = variables.length - 1; i >= 0; i--) {
    const v = variables[i];
    if (!v.layer) continue;
    parts[i] = handed(variables, values, i, gradients[i]);
    v.inputs.forEach((k, n) => {
      gradients[k] = gradients[k] ? gradients[k].map((g, j) => g + parts[i][n][j]) : parts[i][n];
    });
  }
  return { gradients, parts };
}

/* { values, gradients } by name; arrays, given or returned, are nested lists as in NumPy's tolist. */
function evaluate(graph, inputs = {}) {
  const variables = plan(graph);
  const given = variables.map((v) => (!v.layer && Object.hasOwn(inputs, v.name) ? flat(inputs[v.name]) : undefined));
  const values = forward(variables, given);
  const { gradients } = backward(variables, values);
  const named = (list) => Object.fromEntries(variables.map((v, i) => [v.name, nested(list[i], v.shape)]));
  return { values: named(values), gradients: named(gradients) };
}

function nested(list, shape) {
  if (!shape.length) return list[0];
  const size = list.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) => nested(list.slice(i * size, (i + 1) * size), shape.slice(1)));
}

/* The derivative of the output with respect to one entry of variable i, by a central difference. */
function numerical(variables, given, index, entry, x) {
  const at = (value) => forward(variables, given, { index, entry, value }).at(-1)[0];
  const across = (h) => (at(x + h) - at(x - h)) / (x + h - (x - h));
  const near = 1e-3 * Math.abs(x) || 1; // a step that is short beside x, for there may be a pole at 0
  const slope = across(Math.max(1e-9, Math.min(1e-5 * Math.max(1, Math.abs(x)), near)));
  return Number.isFinite(slope) ? slope : across(1e-5 * Math.abs(x)); // there is a pole near 0, as of log
}

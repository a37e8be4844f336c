/* One sentence for each step, made from the layer and its numbers. */

/* A value as text: a number, or a small array as in Python, or the shape of a larger one. */
function text(v, list) {
  const size = v.shape.join("×");
  if (v.size > 6) return say("array", { size });
  const write = (x) => (Array.isArray(x) ? `[${x.map(write).join(", ")}]` : format(x));
  return write(nested(list, v.shape));
}

/* The local derivative of a node with one input, in a formula or with its reason. */
function localDerivative(v, x, y) {
  const slope = LAYERS[v.layer].backward([1], [[x]], [y], { ...v, size: 1 })[0][0];
  const parts = { slope: format(slope), y: format(y), exponent: format(v.exponent), less: format(v.exponent - 1) };
  const key = v.layer === "Relu" ? (y > 0 ? "Relu.on" : "Relu.off") : v.layer === "PowLayer" && v.exponent === 2 ? "square" : v.layer;
  return [say(`local.${key}`, parts), slope];
}

function forwardSentence({ variables, values }, i) {
  const v = variables[i];
  const x = v.inputs.map((k) => text(variables[k], values[k]));
  const [a, b] = x.map((part) => (part.startsWith("−") ? `(${part})` : part));
  const sums = { AddLayer: `${x[0]} + ${b}`, MulLayer: `${x[0]} × ${b}`, MatMulLayer: `${x[0]} @ ${x[1]}`, PowLayer: `${a}^${format(v.exponent)}`, ReciprocalLayer: `1 / ${a}` };
  return say("forward", { node: v.symbol, sum: sums[v.layer] ?? `${v.symbol}(${x[0]})`, out: text(v, values[i]) });
}

/* What a node hands back: to each of its inputs, or in words for arrays. */
function backwardSentence(state, i) {
  const { variables, values, gradients, parts, label } = state;
  const v = variables[i];
  const given = { node: v.symbol, up: text(v, gradients[i]), shape: v.shape.join("×") };
  const [first, second] = v.inputs.map(label);
  const each = (amount) => v.inputs.flatMap((k, n) =>
    (variables[k].constant ? [] : [say("to", { amount: amount(n), name: label(k) })])).join(", ");
  const handed = (n) => text(variables[v.inputs[n]], parts[i][n]);
  if (v.layer === "AddLayer") return say("back.AddLayer", { ...given, parts: each(handed) });
  if (v.layer === "MatMulLayer") return say("back.MatMulLayer", { ...given, x: first, y: second });
  if (v.layer === "SumLayer") return say("back.SumLayer", { ...given, name: first });
  if (v.layer === "MulLayer") {
    return say("back.MulLayer", { ...given, parts: each((n) => {
      const other = v.inputs[1 - n];
      return `${given.up} × ${text(variables[other], values[other])} = ${handed(n)}`;
    }) });
  }
  if (v.size > 1) return say("back.entries", { ...given, name: first, down: handed(0) });
  const [local, slope] = localDerivative(v, values[v.inputs[0]][0], values[i][0]);
  return say("back.one", { ...given, local, slope: format(slope), name: first, down: handed(0) });
}

/* Where a number is used several times, its parts add up; "" where it is not. */
function fanOutSentence({ variables, gradients, label }, k, terms) {
  if (terms.length < 2 || variables[k].size > 1) return "";
  return " " + say("fanOut", { name: label(k), count: terms.length, terms: addition(terms), total: format(gradients[k][0]) });
}

/* 5 + 3, 5 − 3 */
function addition(terms) {
  return terms.map((x, n) => (n ? (x < 0 ? " − " : " + ") + format(Math.abs(x)) : format(x))).join("");
}

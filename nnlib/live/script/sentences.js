/* One sentence for each step, made from the layer and its numbers. */

/* A value as text: a number, or a small array as in Python, or the shape of a larger one. */
function text(v, list) {
  const size = v.shape.join("×");
  if (v.size > 6) return say("array", { size });
  const write = (x) => (Array.isArray(x) ? `[${x.map(write).join(", ")}]` : format(x));
  return write(nested(list, v.shape));
}

const bracketed = (part) => (part.startsWith("−") ? `(${part})` : part);

/* The local derivative of a node with one input, in a formula or with its reason. */
function localDerivative({ variables, values }, i) {
  const [v, y, slope] = [variables[i], values[i][0], handed(variables, values, i, [1])[0][0]];
  const parts = { slope: format(slope), y: format(y), exponent: format(v.exponent), less: format(v.exponent - 1) };
  const key = v.layer === "Relu" ? (y > 0 ? "Relu.on" : "Relu.off") : v.layer === "PowLayer" && v.exponent === 2 ? "square" : v.layer;
  return [say(`local.${key}`, parts), slope];
}

function forwardSentence({ variables, values }, i) {
  const v = variables[i];
  const x = v.inputs.map((k) => text(variables[k], values[k]));
  const [a, b] = x.map(bracketed);
  const sums = { AddLayer: `${x[0]} + ${b}`, MulLayer: `${x[0]} × ${b}`, MatMulLayer: `${x[0]} @ ${x[1]}`, PowLayer: `${a}^${format(v.exponent)}`, ReciprocalLayer: `1 / ${a}` };
  return say("forward", { node: v.symbol, sum: sums[v.layer] ?? `${v.symbol}(${x[0]})`, out: text(v, values[i]) });
}

/* What a node hands back: to each of its inputs, or in words for arrays. */
function backwardSentence(state, i) {
  const { variables, values, gradients, parts, label } = state;
  const v = variables[i];
  const given = { node: v.symbol, up: text(v, gradients[i]) };
  const names = v.inputs.map((k, n) => {
    const twin = v.inputs.some((j, m) => m !== n && j !== k && label(j) === label(k));
    return twin ? `${label(k)} (${text(variables[k], values[k])})` : label(k);
  });
  const down = (n) => text(variables[v.inputs[n]], parts[i][n]);
  const each = (amount) => v.inputs.flatMap((k, n) =>
    (variables[k].constant ? [] : [say("to", { amount: amount(n), name: names[n] })])).join(", ");
  const shared = v.from && v.inputs.findIndex((k, n) => v.sizes[n] < v.size && !variables[k].constant);
  const also = shared >= 0 ? say("back.shared", { name: names[shared] }) : "";
  if (v.layer === "AddLayer") return say("back.AddLayer", { parts: each(down) }) + also;
  if (v.layer === "SumLayer") return say("back.SumLayer", { ...given, name: names[0] });
  if (v.layer === "MulLayer" && v.size > 1) return say("back.product", { parts: each(down) }) + also;
  if (v.layer === "MulLayer" || (v.layer === "MatMulLayer" && !v.shape.length)) {
    return say("back.MulLayer", { ...given, parts: each((n) => {
      const other = v.inputs[1 - n];
      return `${given.up} × ${bracketed(text(variables[other], values[other]))} = ${down(n)}`;
    }) });
  }
  if (v.layer === "MatMulLayer") return say("back.MatMulLayer", { x: names[0], y: names[1], dx: down(0), dy: down(1) });
  if (v.size > 1) return say("back.entries", { ...given, name: names[0], down: down(0) });
  const [local, slope] = localDerivative(state, i);
  return say("back.one", { ...given, local, slope: bracketed(format(slope)), name: names[0], down: down(0) });
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

/* Is a number right, and if not, which common mistake gives it? For graphs of numbers. */

/* Three digits will do, unless a figure asks for all; what is 0 has to be 0. */
const near = (a, b, tolerance = 1e-3) => a === b || Math.abs(a - b) <= tolerance * Math.abs(b);

/* `state` is { variables, names, values, gradients, parts, label(i) }; returns { right, text }. */
function judge(state, { i, kind }, number) {
  const exact = (kind === "value" ? state.values : state.gradients)[i][0];
  const about = { name: state.label(i), y: state.label(state.names.length - 1), number: format(number) };
  if (near(number, exact, state.tolerance)) return { right: true, text: say(`right.${kind}`, { ...about, number: format(exact) }) };
  const causes = kind === "value" ? valueMistakes(state, i) : gradientMistakes(state, i);
  causes.push(["sign", -exact]);
  const found = causes.find(([, wrong]) => near(number, wrong));
  const rounded = [1, 2].some((digits) => Number(exact.toPrecision(digits)) === number);
  const close = rounded ? "close" : `rule.${kind}`;
  const [key, , more] = found ?? [close, 0, {}];
  return { right: false, text: say("wrong", about) + say(`wrong.${key}`, { ...about, ...more }) };
}

/* [key of the text, the number that this mistake gives, parts of the text] for a derivative. */
function gradientMistakes({ variables, values, gradients, parts, label }, i) {
  const uses = variables.flatMap((v, n) => (v.inputs ?? []).flatMap((k, slot) => (k === i ? [{ v, n, slot }] : [])));
  const found = [];
  const locals = uses.map(({ n, slot }) => handed(variables, values, n, [1])[slot][0]);
  const sum = (list) => list.reduce((a, b) => a + b, 0);
  if (uses.length > 1) {
    const each = uses.map(({ n, slot }) => parts[n][slot][0]);
    for (const part of each) found.push(["fanOut", part, { count: uses.length }]);
    found.push(["locals", sum(locals)]);
  }
  uses.forEach(({ v, n }, u) => {
    const up = gradients[n][0];
    const node = { node: v.symbol, up: label(n) }; // its name: the number may be asked for
    found.push(["upstream", locals[u], node]);
    if (v.layer === "MulLayer") {
      found.push(["input", up * values[i][0], { other: label(v.inputs.find((k) => k !== i) ?? i) }]);
    }
    found.push(["local", up, node], ["added", up + locals[u], node]);
  });
  found.push(["valueGiven", values[i][0]]);
  return found;
}

/* The same for a value. */
function valueMistakes({ variables, values }, i) {
  const v = variables[i];
  const [x, y] = v.inputs.map((k) => values[k][0]);
  const node = { node: v.symbol };
  switch (v.layer) {
    case "AddLayer": return [["multiplied", x * y, node], ["difference", x - y, node], ["difference", y - x, node]];
    case "MulLayer": return [["summed", x + y, node]];
    case "PowLayer": return [["twice", v.exponent * x, { exponent: format(v.exponent) }], ["passed", x, node]];
    default: return [["passed", x, node]];
  }
}

/* Numbers as text: the same digits as nnlib/formatting.py. */

/* Four significant digits, or exact where it is a whole number. */
function format(x) {
  if (Number.isNaN(x)) return say("notANumber");
  const sign = x < 0 ? "−" : "";
  x = Math.abs(x);
  if (x === Infinity) return sign + "∞";
  const whole = Math.round(x);
  if (x < 1e6 && Math.abs(x - whole) <= 1e-12 * x) return whole ? sign + whole : "0";
  const [digits, exponent] = x.toExponential(3).split("e").map(Number);
  if (exponent >= -4 && exponent < 6) return sign + Number(x.toPrecision(4));
  return `${sign}${digits}e${String(exponent).replace("-", "−")}`;
}

const typeset = (digits) => digits.replaceAll("-", "−").replace("+", "");

/* For a picture, where a word would not fit. */
const drawn = (x) => (Number.isNaN(x) ? "NaN" : format(x));

/* For the cells of an array, which have room for eight characters. */
function brief(x) {
  const text = drawn(x);
  return text.length > 8 ? typeset(x.toExponential(1)) : text;
}

/* Ten digits, to compare with; not more than a difference can be trusted for. */
function long(x) {
  return Number.isFinite(x) ? typeset(String(Number(x.toPrecision(10)))) : format(x);
}

/* The size of a difference that should be nothing: one digit will do. */
function small(x) {
  if (!Number.isFinite(x)) return format(x);
  return x === 0 ? "0" : typeset(Math.abs(x).toExponential(0));
}

/* A number as people type it: −2, -2, 0.5, 0,5, 1/4. NaN if it is none. */
function parseNumber(text) {
  const parts = text.replace(/−/g, "-").replace(/\s/g, "").replace(/,/g, ".").split("/");
  if (parts.length > 2 || parts.some((part) => !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(part))) return NaN;
  return parts.map(Number).reduce((a, b) => a / b);
}

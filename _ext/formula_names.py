"""Make each formula findable by any of its names.

On the page of formulas a heading gives all names, as in ``### Sum of squared errors (SSE)``. The
search of Sphinx shows a heading only where the query is at least half as long, and ranks it below
the entries of an index. So each name becomes an entry of the index that leads to the section.
"""

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

PAGE = "chapters/formulas"


def names(heading: str) -> list[str]:
    """Return the names in a heading: the one before the bracket, and those inside."""
    first, _, others = re.sub(r"\)$", "", heading).partition(" (")
    return [first, *(name for name in others.split(", ") if name)]


class FormulaNames(SphinxTransform):
    """Put the names of a formula into the index, before the index is collected (at 850)."""

    default_priority = 800

    def apply(self, **kwargs: Any) -> None:
        if self.env.docname != PAGE:
            return
        for section in self.document.findall(nodes.section):
            title = section.next_node(nodes.title)
            if title is not None and section.next_node(nodes.section) is None:
                entries = [
                    ("single", name, section["ids"][0], "main", None)
                    for name in names(title.astext())
                ]
                section.insert(1, addnodes.index(entries=entries))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(FormulaNames)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

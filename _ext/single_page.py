"""Let the book be built as a single page or as an ePub, not only as a website.

Sphinx looks for the functions that write a node under the builder's name ("singlehtml") and, if
*no* extension has registered anything under that name, under its format ("html"). sphinx-exercise
registers its nodes for "singlehtml", whereupon the nodes of all other extensions, which rely on
"html", are unknown there and the build stops. Here a builder of the family gets what is registered
for "html" as well.

On a single page, ids that several chapters have ("summary", "id3") would be there several times,
and links to all but the first would lead astray. Sphinx's builder leaves it at that; this one gives
them names of their own.
"""

from typing import Any

from docutils import nodes
from glossary_links import ancestors
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.singlehtml import SingleFileHTMLBuilder
from sphinx.util.nodes import inline_all_toctrees

PREFIX = "#document-"  # of the links that Sphinx makes to the beginning of a chapter


class SinglePageBuilder(SingleFileHTMLBuilder):
    """Sphinx's builder of a single page, on which each id is there once."""

    def assemble_doctree(self) -> nodes.document:
        """Return the whole book, its links resolved."""
        root = self.config.root_doc
        tree = inline_all_toctrees(self, set(), root, self.env.get_doctree(root), str, [root])
        tree["docname"] = root
        own = [node for node in tree.findall(nodes.Element) if "refid" in node]
        self.env.resolve_references(tree, root, self)
        self.renamed = make_unique(tree, own)
        self.fix_refuris(tree)
        return tree

    def assemble_toc_secnumbers(self) -> dict[str, dict[str, tuple[int, ...]]]:
        """Return the numbers of all sections, by page and new id."""
        numbers = super().assemble_toc_secnumbers()
        of_all = numbers[self.config.root_doc]
        for (page, old), new in self.renamed.items():
            if f"{page}/#{old}" in of_all:
                of_all[f"{page}/#{new}"] = of_all[f"{page}/#{old}"]
        return numbers

    def fix_refuris(self, tree: nodes.Node) -> None:
        """Turn ``#document-NAME#id`` into a link to that id on this page."""
        for node in tree.findall(nodes.reference):
            start, _, identifier = node.get("refuri", "").rpartition("#")
            if start.startswith(PREFIX):
                page = start.removeprefix(PREFIX)
                node["refuri"] = "#" + self.renamed.get((page, identifier), identifier)


def make_unique(tree: nodes.document, own: list[nodes.Element]) -> dict[tuple[str, str], str]:
    """Rename each id that an earlier page has; return the new names by page and old name.

    ``own`` are the links that do not leave their page; later ones to the first page look alike.
    """
    parts = list(tree.findall(addnodes.start_of_file))
    inside = {part["docname"]: ids(part) for part in parts}
    first = tree.deepcopy()
    for part in list(first.findall(addnodes.start_of_file)):
        part.parent.remove(part)
    taken = ids(first)
    renamed = {}
    for part in parts:
        page = part["docname"]
        new = {name: f"{page.rpartition('/')[2]}-{name}" for name in inside[page] & taken}
        taken |= inside[page]
        renamed.update({(page, old): name for old, name in new.items()})
        for node in part.findall(nodes.Element):
            for key in ("ids", "backrefs"):
                if node.get(key):
                    node[key] = [new.get(name, name) for name in node[key]]
        for node in own:
            if node["refid"] in new and part in ancestors(node):
                node["refid"] = new[node["refid"]]
    return renamed


def ids(tree: nodes.Element) -> set[str]:
    """Return all ids in a part of the book."""
    return {name for node in tree.findall(nodes.Element) for name in node.get("ids", ())}


def share_html_handlers(app: Sphinx) -> None:
    """Add the handlers for "html" to those of another builder that writes HTML."""
    handlers = app.registry.translation_handlers
    if app.builder.format == "html" and app.builder.name in handlers:
        handlers[app.builder.name] = handlers.get("html", {}) | handlers[app.builder.name]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("sphinx.builders.singlehtml")
    app.add_builder(SinglePageBuilder, override=True)
    app.connect("builder-inited", share_html_handlers)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

"""Each chapter links a glossary term where it first uses it, and the link has a card.

An author writes "the upstream gradient" and nothing else. While a page is written, the first use
of each term in its running text becomes what ``{term}`upstream gradient``` would have made of it:

- Running text is what stands in paragraphs and list items. Headings, captions, tables, code,
  formulas, links and bold type (here a definition, a heading in the line, or a question) are not.
- A plural or a capital is the same term; of two terms at one place the longer one counts.
- What is folded away (solutions, answers) comes after all that is open: a link in it would be
  missed by those who do not unfold it.
- A term that the author has linked before needs no other link; links by hand always stay.
- Words that mostly mean something else are linked by hand only: ``BY_HAND``.

The card is a hidden element at the end of the page for each term that the page links: the first
paragraph of its entry, with its formulas. ``cards.js`` shows it beside the link. So the cards work
from a folder (file://), where nothing can be fetched. A page grows by 0.8 to 1.7 kB (gzipped); one
file with all definitions would have 5 kB, more for whoever reads up to three chapters.
(sphinx-tippy would bring two libraries to vendor, file names that differ with each build, and cards
that Escape does not close.)

At its end each entry of the glossary says which chapter introduces it: the first one in which the
term is both bold and linked.
"""

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any

from docutils import nodes
from of_pages import OfPages
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform

BY_HAND = {
    "accuracy": "more often how exact a number is",
    "class": "before there are classes of pictures there are those of Python",
    "threshold": "any limit by which something is judged",
    "weight": "what things weigh, in a book with fruit shops",
}

_APART = (
    addnodes.desc,
    addnodes.glossary,
    addnodes.pending_xref,
    nodes.citation,
    nodes.FixedTextElement,
    nodes.literal,
    nodes.math,
    nodes.raw,
    nodes.reference,
    nodes.strong,
    nodes.table,
)


def forms(term: str) -> str:
    """Return a pattern of a term: its first letter small or capital, its last word also plural."""
    if re.search(r"(s|x|sh|ch)$", term):
        ending = "(?:es)?"
    elif re.search(r"[^aeiou]y$", term):
        term, ending = term[:-1], "(?:y|ies)"
    else:
        ending = "s?"
    first = f"[{term[0].lower()}{term[0].upper()}]"
    return first + r"\s+".join(re.escape(word) for word in term[1:].split(" ")) + ending


def finder(terms: Iterable[str]) -> tuple[list[str], re.Pattern[str]]:
    """Return the terms, longer ones first, and a pattern with a group for each of them."""
    ordered = sorted(terms, key=lambda term: (-len(term), term))
    words = "|".join(f"({forms(term)})" for term in ordered)
    return ordered, re.compile(rf"(?<![\w-])(?:{words})(?!\w|-\w)")


def ancestors(node: nodes.Node) -> Iterator[nodes.Element]:
    """Yield the elements that a node is in, from the inside out."""
    while isinstance(node.parent, nodes.Element):
        node = node.parent
        yield node


def is_folded(node: nodes.Node) -> bool:
    """Return whether a reader has to open something to see a node."""
    return any(
        "dropdown" in (*above["classes"], above.get("design_component"))
        for above in ancestors(node)
    )


def is_running_text(text: nodes.Text) -> bool:
    """Return whether a text may get links."""
    around = list(ancestors(text))
    return any(isinstance(node, nodes.paragraph) for node in around) and not any(
        isinstance(node, _APART) for node in around
    )


def join_lines(doctree: nodes.Element) -> None:
    """Make one text of the lines of a paragraph, which MyST keeps apart."""
    for paragraph in doctree.findall(nodes.paragraph):
        for element in paragraph.findall(nodes.TextElement):
            joined: list[nodes.Node] = []
            for node in element:
                if joined and isinstance(node, nodes.Text) and isinstance(joined[-1], nodes.Text):
                    node = nodes.Text(joined.pop() + node)
                joined.append(node)
            element[:] = joined


def reference(kind: str, target: str, text: str, page: str) -> addnodes.pending_xref:
    """Return what the role ``kind`` makes of its text; without a text Sphinx finds one."""
    return addnodes.pending_xref(
        text,
        nodes.inline(text, text, classes=["xref", "std", f"std-{kind}"]),
        refdoc=page,
        refdomain="std",
        refexplicit=bool(text),
        reftarget=target,
        reftype=kind,
        refwarn=True,
    )


def is_link(node: nodes.Node) -> bool:
    """Return whether a node is a link to a term, by hand or not, that is still to be resolved."""
    return isinstance(node, addnodes.pending_xref) and node["reftype"] == "term"


def terms_of(env: BuildEnvironment) -> dict[str, str]:
    """Return all terms of the book, each with the page that defines it."""
    objects = env.get_domain("std").get_objects()
    return {name: page for name, _, kind, page, *_ in objects if kind == "term"}


def entries(doctree: nodes.document) -> Iterator[tuple[nodes.term, nodes.definition]]:
    """Yield the terms that a page defines, with their definitions."""
    for glossary in doctree.findall(addnodes.glossary):
        for item in glossary.findall(nodes.definition_list_item):
            for term in item.findall(nodes.term):
                yield term, item[-1]


class Introductions(OfPages):
    """Keep which terms each page introduces, and write all pages again when one has changed.

    That is more than needed, but it happens only when a bold term or the glossary has changed,
    and then cards of any page may have.
    """

    key = "introductions"

    def process_doc(self, app: Sphinx, doctree: nodes.document) -> None:
        """Note the terms of a page that are bold and linked."""
        self.of(app.env)[app.env.docname] = [
            node["reftarget"].lower()
            for node in doctree.findall(is_link)
            if any(isinstance(above, nodes.strong) for above in ancestors(node))
        ]

    def get_updated_docs(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Return all pages, if the glossary or an introduction differs from the last build's."""
        glossaries = sorted(set(terms_of(env).values()))
        texts = [env.get_doctree(page).pformat() for page in glossaries]
        state = (texts, list(env.collect_relations()), sorted(self.of(env).items()))
        if state == getattr(env, "glossary_state", None):
            return []
        env.glossary_state = state  # type: ignore[attr-defined]
        return sorted(env.found_docs)


class LinkTerms(SphinxPostTransform):
    """Link the first use of each term on a page and complete a glossary, before links resolve."""

    default_priority = 8

    def run(self, **kwargs: Any) -> None:
        """Link terms on each page, of which a book on a single page has many."""
        self.say_where_introduced()
        terms, words = finder(terms_of(self.env).keys() - BY_HAND.keys())
        for page in list(self.document.findall(addnodes.start_of_file)) or [self.document]:
            if terms and not next(page.findall(addnodes.desc), None):  # made from docstrings
                self._link_page(page, terms, words)

    def _link_page(self, page: nodes.Element, terms: list[str], words: re.Pattern[str]) -> None:
        """Go through the running text of a page, what is open first."""
        join_lines(page)
        linked: set[str] = set()
        found = [
            node
            for node in page.findall()
            if is_link(node) or (isinstance(node, nodes.Text) and is_running_text(node))
        ]
        for node in sorted(found, key=is_folded):
            if isinstance(node, nodes.Text):
                self._link(node, terms, words, linked)
            else:
                linked.add(node["reftarget"].lower())

    def _link(
        self, text: nodes.Text, terms: list[str], words: re.Pattern[str], linked: set[str]
    ) -> None:
        parts: list[nodes.Node] = []
        end = 0
        for use in words.finditer(text):
            term = terms[(use.lastindex or 0) - 1]
            if term.lower() not in linked:
                linked.add(term.lower())
                parts.append(nodes.Text(text[end : use.start()]))
                parts.append(reference("term", term, use[0], self.env.docname))
                end = use.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[end:])])

    def say_where_introduced(self) -> None:
        """Add to each entry of a glossary the first chapter that introduces its term."""
        introductions = Introductions.of(self.env)
        first: dict[str, str] = {}
        for page in self.env.collect_relations():
            for term in introductions.get(page, []):
                first.setdefault(term, page)
        for term, definition in entries(self.document):
            page = first.get(term.astext().lower())
            if page:
                chapter = reference("doc", f"/{page}", "", self.env.docname)
                words = nodes.Text("Introduced in "), chapter, nodes.Text(".")
                definition += nodes.paragraph("", "", *words, classes=["introduced"])


def without_links(block: nodes.Node) -> nodes.Node:
    """Return a copy of a block in which links are plain text."""
    block = block.deepcopy()
    for node in list(block.findall(addnodes.pending_xref)) + list(block.findall(nodes.reference)):
        label = node[0]
        node.parent.replace(node, label.children if isinstance(label, nodes.inline) else label)
    return block


def add_cards(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Put the cards of all terms that a page links at its end."""
    if doctree is None or next(doctree.findall(addnodes.glossary), None):
        return
    linked = {
        node.get("refuri", "").partition("#")[2]
        for node in doctree.findall(nodes.reference)
        if any("std-term" in child["classes"] for child in node.findall(nodes.inline))
    }
    cards = []
    for page in sorted(set(terms_of(app.env).values())):
        for term, definition in entries(app.env.get_doctree(page)):
            if term["ids"][0] in linked:
                meaning = app.builder.render_partial(without_links(definition[0]))["fragment"]
                cards.append(
                    f'<div class="term-card" id="card-{term["ids"][0]}" role="tooltip" hidden>\n'
                    f"<p><strong>{html.escape(term.astext())}</strong></p>\n{meaning}</div>\n"
                )
    if cards:
        context["body"] += "".join(cards)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension; a new ``env_version`` makes Sphinx read all pages again."""
    app.add_env_collector(Introductions)
    app.add_post_transform(LinkTerms)
    app.add_js_file("cards.js", loading_method="defer")
    app.connect("html-page-context", add_cards)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }

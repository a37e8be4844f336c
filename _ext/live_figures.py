"""Live figures on the website: their script and style, their labels, no widget state.

A figure is the HTML output of a cell, one element of class ``nn-live``; nnlib draws it. This
extension gives the page what that element cannot bring along:

- ``live.js`` and ``live.css``. The package nnlib puts them together, because a notebook in
  JupyterLab needs them too; only pages with a figure ask for the script.
- A label for each figure whose author gave it an id beginning with ``fig-``, so that
  ``{ref}`fig-apples``` in any chapter links to it, with the first sentence of its caption as text.
- The class ``full-width`` for a figure whose picture would shrink or scroll in the column of text:
  ``book.css`` lets it reach into the right margin, and the theme's script takes the table of
  contents out of its way.
- Nothing else: the state of all widgets, which myst-nb writes into each page for the sake of
  a widget manager that the book does not load, is left out.

myst-nb decides only when it writes a page which of a cell's outputs to show. While it reads, all
of them are in the tree, so figures are looked for by what they are, raw HTML, not by where.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import lxml.html
from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from of_pages import OfPages
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from nnlib.live.assets import script, style
from nnlib.live.page import first_sentence

logger = logging.getLogger(__name__)

FIGURE_CLASS = "nn-live"
SCRIPT, STYLE = "live.js", "live.css"
LABEL_PREFIX = "fig-"
COLUMN = 900  # of a picture's units: more would be too small to read in the column of text
WIDGET_STATE_KEY = "ipywidgets_state"  # myst_nb.core.render.NbElementRenderer.render_nb_finalise

_FIGURES = lxml.html.etree.XPath(
    f"descendant::*[contains(concat(' ', normalize-space(@class), ' '), ' {FIGURE_CLASS} ')]"
)


class LabelledFigure(NamedTuple):
    """A figure that other pages can refer to."""

    id: str
    title: str
    line: int | None


def live_nodes(doctree: nodes.document) -> Iterator[tuple[nodes.raw, list[lxml.html.HtmlElement]]]:
    """Yield each raw HTML node that holds live figures, with the figures' elements."""
    for node in doctree.findall(nodes.raw):
        text = node.astext()
        if "html" in node.get("format", "").split() and FIGURE_CLASS in text:
            elements = _FIGURES(lxml.html.fragment_fromstring(text, create_parent="div"))
            if elements:
                yield node, elements


def caption(figure: lxml.html.HtmlElement) -> str:
    """Return the caption of a figure as text, "" if it has none."""
    return " ".join(figure.findtext(".//figcaption", "").split())


def is_wide(figure: lxml.html.HtmlElement) -> bool:
    """Return whether the picture of a figure is wider than the column of text."""
    svg = figure.find("./div[@class='nn-stage']/svg")
    return svg is not None and float(svg.get("width", 0)) > COLUMN


def widen(node: nodes.raw) -> None:
    """Give the figure in a raw HTML node the theme's class for what needs the margin, too."""
    text = node.astext().replace(f'class="{FIGURE_CLASS} ', f'class="{FIGURE_CLASS} full-width ', 1)
    node.children[:] = [nodes.Text(text)]


class LiveFigureCollector(OfPages):
    """Keep the labelled figures of each page in Sphinx's environment, and make them labels.

    The labels go into Sphinx's own domain after all pages have been read: only then is it known
    whether two pages, one of them perhaps about to lose its figure, claim the same label.
    """

    key = "live_figures"

    def process_doc(self, app: Sphinx, doctree: nodes.document) -> None:
        """Note the labelled figures of a page and drop its widget state."""
        docname = app.env.docname
        metadata = NbMetadataCollector.get_doc_data(app.env).get(docname, {})
        metadata.get("js_files", {}).pop(WIDGET_STATE_KEY, None)

        # Without headings the theme has no list of them at the right, and its script trips.
        has_margin = len(list(doctree.findall(nodes.section))) > 1
        labelled: dict[str, LabelledFigure] = {}
        for node, elements in live_nodes(doctree):
            for element in elements:
                if is_wide(element) and has_margin:
                    widen(node)
                name = element.get("id", "")
                if not name.startswith(LABEL_PREFIX):
                    continue
                if name in labelled or name in doctree.ids:
                    _warn_duplicate(name, docname, location=node)
                    continue
                labelled[name] = LabelledFigure(name, first_sentence(caption(element)), node.line)
        if labelled:
            self.of(app.env)[docname] = list(labelled.values())

    def get_updated_docs(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Turn the figures of all pages into labels of Sphinx's standard domain."""
        domain = env.get_domain("std")
        labels, anonymous = domain.data["labels"], domain.data["anonlabels"]
        for docname, figures in sorted(self.of(env).items()):
            for figure in figures:
                label = figure.id.lower()  # as the role {ref} looks it up
                target = (docname, figure.id)
                if anonymous.setdefault(label, target) != target:
                    location = (docname, figure.line)
                    _warn_duplicate(figure.id, anonymous[label][0], location=location)
                elif figure.title:
                    labels[label] = (*target, figure.title)
        return []


def _warn_duplicate(name: str, other: str, *, location: Any) -> None:
    logger.warning(
        "live figure: the id %r is used twice, the other time in %r",
        name,
        other,
        location=location,
        type="live_figures",
        subtype="duplicate",
    )


def static_file(app: Sphinx, config: Config, name: str, text: str) -> None:
    """Write a file where Sphinx takes static files from."""
    file = Path(app.doctreedir, "live_figures", name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    config.html_static_path = [*config.html_static_path, str(file)]


def write_assets(app: Sphinx, config: Config) -> None:
    """Write the script and the style."""
    static_file(app, config, SCRIPT, script())
    static_file(app, config, STYLE, style())


def reference_assets(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Let a page with a live figure ask for the script.

    Sphinx forgets files added in this event after the page, and adds their checksums.
    """
    if doctree is not None and next(live_nodes(doctree), None) is not None:
        app.add_js_file(SCRIPT, loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension; a new ``env_version`` makes Sphinx read all pages again."""
    app.setup_extension("myst_nb")
    app.add_env_collector(LiveFigureCollector)
    app.add_css_file(STYLE)  # to all pages, which share one style sheet
    app.connect("config-inited", write_assets)
    app.connect("html-page-context", reference_assets)
    return {
        "version": "1",
        "env_version": 2,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }

"""A page for each live figure, for slides and a full screen, and links to it.

For each live figure whose id begins with ``fig-``:

- ``figures/<id>.html`` holds the figure and a link back to its place in the chapter. It loads the
  script and the style of live figures and those of ``nnlib.live.page``, which also makes the page,
  and nothing of the theme. Search engines are asked to leave it out: they have the chapter.
- Below the figure in its chapter stand a permanent link, like that of a heading, and a link to its
  own page. They are put there while a page is written, so that notebooks need not have them.

Headings and plots have permanent links from Sphinx; ``book.css`` shows them to the keyboard, too.
"""

import re
from collections.abc import Iterator
from functools import partial
from html import escape
from typing import Any

from docutils import nodes
from live_figures import (
    LABEL_PREFIX,
    SCRIPT,
    STYLE,
    LiveFigureCollector,
    caption,
    live_nodes,
    static_file,
)
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

from nnlib.live.page import page, page_script, page_style
from nnlib.words import say

logger = logging.getLogger(__name__)

FOLDER = "figures"
TEMPLATE = "figure_page.html"
FIGURE_PAGE = "figure_page"  # is in the context of these pages alone
PAGE_SCRIPT, PAGE_STYLE = "figure-page.js", "figure-page.css"
FILES = [f"_static/{name}" for name in (STYLE, PAGE_STYLE, PAGE_SCRIPT, SCRIPT)]
BUILDERS = ("html", "dirhtml")  # those that write a page for each chapter


def split(text: str, name: str) -> tuple[str, str, str]:
    """Return what stands before a figure in some HTML, the figure, and what stands behind it."""
    start = text.rindex("<figure", 0, text.index(f' id="{escape(name)}"'))
    end = text.index("</figure>", start) + len("</figure>")
    return text[:start], text[start:end], text[end:]


def with_links(figure: str, name: str, own_page: str) -> str:
    """Return the HTML of a figure with its links at the end of the caption."""
    link, alone = escape(say("still.page.link")), escape(say("still.page.alone"))
    links = (
        f'<a class="nn-own-page" href="{escape(own_page)}">{alone}</a> '
        f'<a class="headerlink" href="#{escape(name)}" title="{link}">'
        '<span aria-hidden="true">#</span></a>'
    )
    if "</figcaption>" in figure:
        return figure.replace("</figcaption>", f" {links}</figcaption>", 1)
    return figure.replace("</figure>", f"<figcaption>{links}</figcaption></figure>")


def link_figures(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the links below the figures of a page that is about to be written."""
    if app.builder.name not in BUILDERS:
        return
    for node, elements in live_nodes(doctree):
        text = node.astext()
        for name in (element.get("id", "") for element in elements):
            if name.startswith(LABEL_PREFIX):
                own_page = app.builder.get_relative_uri(docname, f"{FOLDER}/{name}")
                before, figure, behind = split(text, name)
                text = before + with_links(figure, name, own_page) + behind
        node.children[:] = [nodes.Text(text)]


def figure_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the name, the context and the template of each figure's page."""
    if app.builder.name not in BUILDERS:
        return
    env = app.env
    for docname, labelled in sorted(LiveFigureCollector.of(env).items()):
        about = {figure.id: figure for figure in labelled}
        for node, elements in live_nodes(env.get_doctree(docname)):
            for element in elements:
                name = element.get("id", "")
                if name not in about:
                    continue
                pagename = f"{FOLDER}/{name}"
                if not re.fullmatch(r"[\w.-]+", name) or pagename in env.found_docs:
                    logger.warning(
                        "live figure: the id %r cannot name a page of its own, %s.html",
                        name, pagename, location=(docname, about[name].line),
                        type="live_figures", subtype="page",
                    )  # fmt: skip
                    continue
                chapter = env.titles[docname].astext()
                address = f"{app.builder.get_relative_uri(pagename, docname)}#{name}"
                back = say("still.page.back", chapter=chapter)
                make = partial(
                    page,
                    split(node.astext(), name)[1],
                    title=f"{about[name].title or name} · {app.config.html_title}",
                    description=caption(element) or name,
                    back=f'<a href="{escape(address)}">{escape(back)}</a>',
                    lang=app.config.language,
                )
                yield pagename, {FIGURE_PAGE: make, "figure_files": FILES}, TEMPLATE


def write_assets(app: Sphinx, config: Config) -> None:
    """Write the script and the style of the pages where Sphinx takes static files from."""
    static_file(app, config, PAGE_SCRIPT, page_script())
    static_file(app, config, PAGE_STYLE, page_style())


def reference_assets(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Let a figure's page ask for its files."""
    if templatename == TEMPLATE:
        app.add_css_file(PAGE_STYLE)
        app.add_js_file(PAGE_SCRIPT)  # at once: it sets the colours
        # The figure is all there is: it is shown when it has its buttons, so that nothing moves.
        app.add_js_file(SCRIPT, loading_method="defer", blocking="render")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("live_figures")
    app.add_js_file("unfold.js", loading_method="defer")  # a solution with a figure that is linked
    app.connect("config-inited", write_assets)
    app.connect("doctree-resolved", link_figures)
    app.connect("html-collect-pages", figure_pages)
    app.connect("html-page-context", reference_assets)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

"""Mend what the theme's and the extensions' pages have twice.

- The theme gives each page two or three viewports.
- sphinx-exercise gives the contents of all exercises and solutions of a page the same two ids.

Thebe, a source of errors and of requests to other hosts, is left out in _config.yml; what scripts
and style sheets ask for is the business of ``one_script`` and ``one_style_sheet``.
"""

from pathlib import Path
from typing import Any

import lxml.html
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

TEMPLATES = Path(__file__).with_name("templates")


def drop_repeated_ids(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Take the ids of sphinx-exercise away that are not unique and that nothing refers to."""
    for section in doctree.findall(nodes.section):
        if section["ids"] in (["exercise-content"], ["solution-content"]):
            section["ids"] = []


def use_templates(app: Sphinx, config: Config) -> None:
    """Put our templates before the theme's."""
    config.templates_path = [str(TEMPLATES), *config.templates_path]


def drop_repeated_viewports(
    app: Sphinx, pagename: str, page: lxml.html.HtmlElement, context: dict[str, Any]
) -> None:
    """Leave one viewport."""
    for repeated in page.xpath("//meta[@name='viewport']")[1:]:
        repeated.drop_tree()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("finished_page")
    app.connect("config-inited", use_templates)
    app.connect("doctree-resolved", drop_repeated_ids)
    app.connect("html-page-finished", drop_repeated_viewports)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

"""Mend what makes the theme's stock pages noisy or broken.

- Font Awesome comes three times: as a style sheet with fonts, as a 1.5 MB script that replaces the
  fonts' icons by SVG, and as preloads of the fonts, which then nobody uses and which a browser
  refuses (an error in the console) when the book is opened from a folder. The style sheet is
  enough; it loads the fonts that a page needs.
- Some extensions ask for the same inline script twice.
- sphinx-exercise gives the contents of all exercises and solutions of a page the same two ids.
- The search page fetches the pages that it found in order to quote them. From a folder (file://)
  a browser refuses that, so there the results are shown without quotations.

Thebe, the other source of errors and of requests to other hosts, is left out in _config.yml.
"""

from pathlib import Path
from typing import Any

import lxml.html
from docutils import nodes
from markupsafe import Markup
from sphinx.application import Sphinx
from sphinx.config import Config

TEMPLATES = Path(__file__).with_name("templates")

NO_QUOTATIONS_FROM_FILES = (
    'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;'
)


def without_font_awesome_script(head: str) -> Markup:
    """Return the style sheets and scripts of a page's head without Font Awesome's superfluous."""
    parent = lxml.html.fragment_fromstring(head, create_parent="div")
    for element in list(parent):
        source = element.get("src") or element.get("href") or ""
        preload = element.tag == "link" and element.get("as") == "font"
        if "fontawesome" in source and (element.tag == "script" or preload):
            element.drop_tree()
    rest = (lxml.html.tostring(element, encoding="unicode").strip() for element in parent)
    return Markup("\n".join(rest))


def drop_repeated_ids(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Take the ids of sphinx-exercise away that are not unique and that nothing refers to."""
    for section in doctree.findall(nodes.section):
        if section["ids"] in (["exercise-content"], ["solution-content"]):
            section["ids"] = []


def use_templates(app: Sphinx, config: Config) -> None:
    """Put our layout before the theme's."""
    config.templates_path = [str(TEMPLATES), *config.templates_path]


def clean_context(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Prepare a page: the layout's filter, scripts without repetition, search without errors."""
    context["without_font_awesome_script"] = without_font_awesome_script
    if pagename == "search":
        app.add_js_file(None, body=NO_QUOTATIONS_FROM_FILES)
    distinct = {
        (script.filename or "", script.attributes.get("body")): script
        for script in context["script_files"]
    }
    context["script_files"] = list(distinct.values())


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension, after all others have added their scripts."""
    app.connect("config-inited", use_templates)
    app.connect("doctree-resolved", drop_repeated_ids)
    app.connect("html-page-context", clean_context, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

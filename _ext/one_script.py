"""One script for the whole website, which does not hold up the page.

The theme and the extensions ask for 16 scripts, half of them before anything may be painted. Here:

- What ``SUPERFLUOUS`` lists is left out. The controls of the theme that this book has are in
  ``controls.js``, without Bootstrap.
- The rest becomes one deferred file, ``site.js``, in the order in which the page has it. Live
  figures and the search come after it, on the pages that need them.
- Attributes such as ``onclick``, which the pages' policy forbids, are taken out; ``controls.js``
  listens instead.
- One script stays in the page: it sets light or dark before anything is painted, and whether
  the page may be laid out in pieces (``sections.js``). It is the same on all pages.

Something that would no longer work so is a warning: a control of Bootstrap or an ``onclick`` that
``controls.js`` does not know, a script in the page that is not listed here.
"""

from pathlib import Path
from typing import Any

import lxml.html
import rjsmin
from built_pages import BUILDERS, STATIC, address, publish
from figure_pages import FIGURE_PAGE
from live_figures import SCRIPT
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

NAME = "site.js"

SUPERFLUOUS = (
    "bootstrap.js",  # controls.js
    "pydata-sphinx-theme.js",  # controls.js
    "sphinx-book-theme.js",  # controls.js
    "togglebutton.js",  # controls.js
    "all.min.js",  # Font Awesome's icons as SVG: the font has them
    "design-tabs.js",  # keeps tabs on different pages in step; the book has no tabs
)
LAST = "sphinx_highlight.js"  # stops where a browser lets nothing be stored, and all behind it
AFTERWARDS = (SCRIPT, "searchtools.js", "language_data.js", "searchindex.js")

# Beginnings of scripts in the page that only the superfluous ones read, or that controls.js does.
SUPERFLUOUS_INLINE = (
    "DOCUMENTATION_OPTIONS.pagename",
    "let toggle",
    "var togglebuttonSelector",
    "// Activate the search field",
)
MODE = (
    '{let d=document.documentElement.dataset,m="auto";'
    'try{m=localStorage.getItem("mode")||m}catch{}d.mode=m;'
    'd.theme=m!=="auto"?m:matchMedia("(prefers-color-scheme: dark)").matches?"dark":"light";'
    'if(!location.hash&&matchMedia("(max-width:1199.98px)").matches'
    '&&performance.getEntriesByType("navigation")[0]?.type==="navigate")d.sections="waiting"}'
)
CLICKS = ("window.print()",)
NOT_ON_PAPER = (
    "bd-header-announcement", "bd-header", "bd-header-article", "bd-sidebar-primary",
    "bd-sidebar-secondary", "bd-footer-article", "bd-footer-content", "bd-footer",
)  # fmt: skip


class OneScript:
    """The script of one build."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        """Paths in the folder of static files of what it is made of."""

    def one_script(
        self, app: Sphinx, pagename: str, page: lxml.html.HtmlElement, context: dict[str, Any]
    ) -> None:
        """Leave one script in a page and those that come after it."""
        if app.builder.name not in BUILDERS or FIGURE_PAGE in context:
            return
        parts, later, root = [], [], ""
        for script in page.xpath("//script[@src]"):
            before, _, name = address(script).partition(STATIC)
            base = address(script).rpartition("/")[2]
            if base in AFTERWARDS:
                later.append(script)
            elif base not in SUPERFLUOUS:
                parts.append(name)
                root = before
            script.drop_tree()
        parts.sort(key=LAST.__eq__)
        if self.parts and parts != self.parts:
            different = sorted({*parts} ^ {*self.parts})
            warn(pagename, "not every page asks for the script %s", ", ".join(different))
        self.parts = self.parts or parts
        first = lxml.html.Element("script", src=f"{root}{STATIC}{NAME}")
        for script in (first, *later):
            script.attrib.pop("data-sd-tabs-storage-prefix", None)
            script.set("defer", "defer")
            page.head.append(script)
        for link in page.xpath("//head/link[@rel='preload']"):
            link.drop_tree()
        self.settle_inline(pagename, page)

    def settle_inline(self, pagename: str, page: lxml.html.HtmlElement) -> None:
        """Leave one script within a page, and none in attributes."""
        for script in page.xpath("//script[not(@src) and not(@type)]"):
            text = (script.text or "").strip()
            if "data-cfasync" in script.attrib:
                script.attrib.clear()
                script.text = MODE
            elif text.startswith(SUPERFLUOUS_INLINE):
                script.drop_tree()
            else:
                warn(pagename, "unknown script in the page: %r", text[:60])
        for element in page.xpath("//*[@onclick]"):
            if element.attrib.pop("onclick") not in CLICKS:
                warn(pagename, "unknown onclick of %r", element.get("class"))
        for element in page.xpath("//*[@data-bs-toggle='tooltip']"):
            del element.attrib["data-bs-toggle"]  # its title is enough
        for element in page.xpath("//*[@data-bs-toggle and @data-bs-toggle != 'dropdown']"):
            warn(pagename, "a control of Bootstrap without its script: %r", element.get("class"))
        for name in NOT_ON_PAPER:
            for element in page.find_class(name):
                element.classes.add("noprint")

    def write(self, app: Sphinx, exception: Exception | None) -> None:
        """Make the script when all files are there."""
        if exception or not self.parts:
            return
        static = Path(app.outdir, STATIC)
        texts = [(static / name).read_text(encoding="utf-8") for name in self.parts]
        small = [rjsmin.jsmin(text, keep_bang_comments=True) for text in texts]
        publish(app, NAME, ";\n".join(small))


def warn(pagename: str, message: str, what: str | None) -> None:
    """Warn about something on a page."""
    logger.warning(message, what, location=pagename, type="one_script")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("finished_page")
    script = OneScript()
    app.add_css_file("controls.css")
    app.add_js_file("controls.js", priority=300)  # after the options of Sphinx
    app.add_js_file("sections.js", priority=300)
    app.connect("html-page-finished", script.one_script, priority=900)
    app.connect("build-finished", script.write, priority=700)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

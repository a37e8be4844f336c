"""Mend what the theme's pages deny to a screen reader.

Each function of ``MENDS`` changes one thing on a finished page. A test runs them over pages of the
stock theme, and fails when one of them finds nothing to mend any more: then it is to be deleted.

Three buttons that the theme's scripts write into the page come from templates of ours
(``search-button.html``, ``search-button-field.html``, ``theme-switcher.html``). What has to be done
in the browser (drawers, what scrolls) is in ``accessible.js``, and how it looks (focus, targets,
forced colours) in ``accessible.css``.
"""

from typing import Any

from lxml.html import HtmlElement
from sphinx.application import Sphinx

SCRIPT, STYLE = "accessible.js", "accessible.css"


def classed(name: str) -> str:
    """Return the condition of XPath for an element that has a class."""
    return f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"


def hide_icons(page: HtmlElement) -> None:
    """Keep icons from being read: their letters mean nothing outside the icons' font."""
    for icon in page.xpath("//*[self::i or self::span][contains(@class, 'fa-')]"):
        if not icon.text_content().strip():
            icon.set("aria-hidden", "true")


def name_by_title(page: HtmlElement) -> None:
    """Give buttons that show an icon alone their title as their name."""
    for button in page.xpath("//button[@title and not(@aria-label) and not(normalize-space())]"):
        button.set("aria-label", button.get("title"))


def name_summaries(page: HtmlElement) -> None:
    """Let the line that opens a hidden cell be named by what it shows.

    All of them are called "Toggle hidden content", which no voice control finds.
    """
    for summary in page.xpath("//summary[@aria-label]"):
        del summary.attrib["aria-label"]


def name_landmarks(page: HtmlElement) -> None:
    """Make each part of a page a landmark with a name of its own."""
    for part, role, name in (
        (classed("bd-sidebar-primary"), "region", "Sidebar"),
        (classed("bd-toc-nav"), None, "On this page"),
        (classed("prev-next-area"), "navigation", "Previous and next page"),
        ("self::form and " + classed("bd-search"), "search", None),
    ):
        for element in page.xpath(f"//*[{part}]"):
            if role:
                element.set("role", role)
            if name:
                element.set("aria-label", name)


def hide_shortcuts(page: HtmlElement) -> None:
    """Keep the keys that open the search out of the names of what shows them."""
    for keys in page.xpath(f"//*[{classed('search-button__kbd-shortcut')}]"):
        keys.set("aria-hidden", "true")


def mark_present_page(page: HtmlElement) -> None:
    """Say which link of the contents leads to the page that is open."""
    for link in page.xpath(f"//nav[{classed('bd-links')}]//a[@href='#']"):
        link.set("aria-current", "page")


def hide_empty_banner(page: HtmlElement) -> None:
    """Let the bar at the top, which this theme keeps empty, be no landmark."""
    for header in page.xpath(f"//header[{classed('bd-header')}][not(*)]"):
        header.set("role", "presentation")


def name_formula_headers(page: HtmlElement) -> None:
    """Give a header that is a formula a name in letters, which is what is read in each cell."""
    for formula in page.xpath("//th[not(.//text()[not(ancestor::math)][normalize-space()])]//math"):
        formula.set("aria-label", " ".join(" ".join(formula.itertext()).split()))


def drop_empty_corners(page: HtmlElement) -> None:
    """Turn the empty corner of a table, which is the header of nothing, into a common cell."""
    for corner in page.xpath("//th[not(normalize-space()) and not(.//img or .//svg)]"):
        corner.tag = "td"


def list_citations(page: HtmlElement) -> None:
    """Make the entries of a list of references items of that list.

    docutils gives them a role that is deprecated and that a list may not hold.
    """
    for entry in page.xpath("//*[@role='doc-biblioentry']"):
        entry.set("role", "listitem")


def search_once(page: HtmlElement) -> None:
    """Leave one search field on the search page, where the theme has a second one behind it."""
    hidden = page.xpath(f"//*[{classed('search-button__search-container')}]/form")
    if len(page.xpath(f"//form[{classed('bd-search')}]")) > len(hidden):
        for form in hidden:
            form.drop_tree()


MENDS = (
    search_once,
    hide_icons,
    name_by_title,
    name_summaries,
    name_landmarks,
    hide_shortcuts,
    mark_present_page,
    hide_empty_banner,
    name_formula_headers,
    drop_empty_corners,
    list_citations,
)


def mend(app: Sphinx, pagename: str, page: HtmlElement, context: dict[str, Any]) -> None:
    """Mend a finished page."""
    for function in MENDS:
        function(page)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("finished_page")
    app.add_css_file(STYLE)
    app.add_js_file(SCRIPT, loading_method="defer")
    app.connect("html-page-finished", mend)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

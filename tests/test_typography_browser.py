"""How the website looks: what stands above the fold, how long lines are, signs, colours of code."""

import re

import lxml.html
import pytest
from conftest import LAID_OUT
from contrast import IN_BROWSER

FRONT = "index.html"
CHAPTER = "chapters/04-computational-graphs.html"
PAGES = [FRONT, CHAPTER, "chapters/notation.html", "chapters/for-teachers.html",
         "chapters/library.html", "chapters/glossary.html", "search.html"]  # fmt: skip

# The number of characters in each line of the page's paragraphs but the last of each.
LINES = """() => {
    const range = document.createRange(), found = [];
    for (const paragraph of document.querySelectorAll(".bd-article section > p")) {
        if (!paragraph.offsetHeight || paragraph.querySelector("math, code")) continue;
        const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
        const lines = [];
        let bottom = -Infinity;
        while (walker.nextNode()) {
            for (let i = 0; i < walker.currentNode.length; i++) {
                range.setStart(walker.currentNode, i);
                range.setEnd(walker.currentNode, i + 1);
                const box = range.getClientRects()[0];
                if (!box?.width) continue;
                if (box.top > bottom - 3) lines.push(0);
                bottom = box.bottom;
                lines[lines.length - 1]++;
            }
        }
        found.push(...lines.slice(0, -1));
    }
    return found;
}"""

# How much of the page jumped while it was loading: Chromium's measure.
SHIFTS = """
    window.shifts = 0;
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifts += entry.value;
    }).observe({type: "layout-shift", buffered: true});
"""

# What reaches out of the window to the right, and cannot be scrolled to within something.
TOO_WIDE = """() => [...document.querySelectorAll("body *")].filter(e => {
    const box = e.getBoundingClientRect();
    if (!box.width || box.right <= innerWidth + 1 || box.left >= innerWidth) return false;
    for (let p = e.parentElement; p; p = p.parentElement)
        if (["auto", "scroll", "hidden"].includes(getComputedStyle(p).overflowX)) return false;
    return true;
}).map(e => e.outerHTML.slice(0, 120))"""

# The smallest contrast between the letters of highlighted code and what they stand on.
CONTRAST = (
    f"() => {{ {IN_BROWSER}"
    """
    const colours = new Map();
    for (const e of document.querySelectorAll(".bd-article .highlight pre span:not(:empty)")) {
        const grounds = [];
        for (let p = e; p; p = p.parentElement)
            grounds.unshift(getComputedStyle(p).backgroundColor);
        const ink = getComputedStyle(e).color;
        colours.set(ink, contrast(grounds, ink));
    }
    return [...colours];
}"""
)


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (820, 1180), (390, 844)])
def test_lines_are_comfortable_and_nothing_is_wider_than_the_window(
    site_url, new_page, width, height
):
    page = new_page(viewport={"width": width, "height": height})
    for name in PAGES:
        page.goto(f"{site_url}/{name}")
        page.locator(LAID_OUT).wait_for(state="attached")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.evaluate(TOO_WIDE) == [], name
        lines = page.evaluate(LINES)
        if name == CHAPTER:
            assert len(lines) > 30
            mean = sum(lines) / len(lines)
            assert (60 if width > 800 else 38) <= mean <= 75, f"{mean:.1f} characters in a line"


@pytest.mark.parametrize(
    ("width", "height", "share"), [(1440, 900, 1.0), (820, 1180, 1.0), (390, 844, 0.85)]
)
def test_the_front_page_has_a_figure_to_move_above_the_fold(
    site_url, new_page, width, height, share
):
    page = new_page(viewport={"width": width, "height": height})
    page.add_init_script(SHIFTS)
    page.goto(f"{site_url}/{FRONT}")
    slider = page.locator('#fig-front input[data-input="apple"]')
    box = slider.bounding_box()
    assert box["y"] + box["height"] < height * share  # a phone's browser takes some of its height
    assert page.locator(".front-lead").bounding_box()["y"] < height / 3
    picture = page.locator("#fig-front .nn-stage")
    assert picture.evaluate("e => e.scrollWidth <= e.clientWidth")  # the total is in sight
    letters = page.locator("#fig-front svg text").evaluate_all(
        "all => all.map(e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a)"
    )
    assert min(letters) > 9.5
    assert page.evaluate("shifts") < 0.002
    slider.press("ArrowRight")
    assert page.locator('#fig-front .nn-stage [data-value-of="total"]').text_content() == "222.2"


@pytest.mark.parametrize("name", [FRONT, CHAPTER, "figures/fig-apples.html"])
def test_nothing_jumps_while_a_page_arrives_by_a_slow_network(site_url, new_page, name):
    page = new_page(viewport={"width": 412, "height": 823})
    slow = {"latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 80_000}
    network = page.context.new_cdp_session(page)
    network.send("Network.emulateNetworkConditions", {"offline": False, **slow})
    page.add_init_script(SHIFTS)
    page.goto(f"{site_url}/{name}")
    page.wait_for_load_state("networkidle")
    assert page.locator("input[data-input]").first.is_visible()
    assert page.evaluate("shifts") < 0.01


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_code_has_few_colours_and_each_is_readable(site_url, new_page, mode):
    page = new_page(color_scheme=mode)
    page.goto(f"{site_url}/chapters/library.html")
    colours = page.evaluate(CONTRAST)
    assert 3 <= len(colours) <= 4, colours  # ink, blue, orange, and grey for comments
    assert min(contrast for _, contrast in colours) >= 4.5, colours


def texts(html, within):
    """Return the texts within such elements of a page, without code, formulas and figures."""
    page = lxml.html.parse(str(html)).getroot()
    return page.xpath(
        f"//article//{within}//text()[not(ancestor::code or ancestor::pre or ancestor::math"
        " or ancestor::script or ancestor::figure or ancestor::a[starts-with(@href, 'http')])]"
    )


def test_signs_are_those_of_print_and_are_not_torn_from_their_numbers(site):
    pages = [site / FRONT, *sorted((site / "chapters").glob("*.html"))]
    assert len(pages) > 20
    wrong, no_break = [], 0
    for html in pages:
        if html.stem == "library":  # made of docstrings, which a terminal shows too
            continue
        for text in texts(html, "*"):
            if re.search(r"(?<![\w.–-])-\.?\d", text):
                wrong.append((html.stem, text))
        for text in texts(html, "p[not(contains(@class, 'admonition-title'))]"):
            if re.search(r'\d %|\bchapter \d|\d × \d|"', text):
                wrong.append((html.stem, text))
            no_break += text.count("\N{NO-BREAK SPACE}")
    assert wrong == []
    assert no_break > 100


def test_a_comma_does_not_begin_a_line(site_url, new_page):
    page = new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{site_url}/chapters/notation.html")
    heights = page.locator("td .joined").evaluate_all("""all => all.map(e => {
        const sign = document.createRange();
        sign.selectNodeContents(e.lastChild);
        const formula = e.querySelector("math").getBoundingClientRect();
        return sign.getBoundingClientRect().top < formula.bottom;
    })""")
    assert len(heights) > 5
    assert all(heights)

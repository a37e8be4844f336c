"""What axe, the keyboard and a screen reader meet on the pages of the website.

Live figures by themselves are in test_live_everywhere_browser.py.
"""

from itertools import pairwise

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from conftest import LAID_OUT
from contrast import IN_BROWSER
from playwright.sync_api import expect

CHAPTER = "chapters/04-computational-graphs"
SMALL = "chapters/notation"  # has all that stands around a page, and little on it
PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1366, "height": 900}
KINDS = ["index.html", "genindex.html", "404.html", "search.html?q=upstream", "search.html?q=zzzz"]
KINDS += ["chapters/01-perceptron.html", "chapters/11-training.html", "chapters/formulas.html"]
KINDS += ["chapters/glossary.html", "chapters/references.html", "chapters/progress.html"]
KINDS += ["figures/fig-apples.html", f"{SMALL}.html"]

# axe leaves these open. Each has its reason, and a test where there is something to test.
EXPLAINED = {
    # Its name says more than the sign on it ("apple: one step more" on "+"), which is no word.
    "label-content-name-mismatch": ".nn-nudge",
}

UNFOLD = """() => {
  for (const e of document.querySelectorAll("details")) e.open = true;
  for (const e of document.querySelectorAll(".toggle-hidden .toggle-button")) e.click();
}"""
USE = """() => {
  const press = (action) => {
    for (const e of document.querySelectorAll(`[data-action=${action}]`)) e.click();
  };
  for (const e of document.querySelectorAll("input[data-input]")) {
    e.value = e.max;
    e.dispatchEvent(new Event("input", { bubbles: true }));
  }
  press("check");
  press("predict");
  for (const e of document.querySelectorAll("[data-gradient-box], [data-value-box]")) {
    e.value = "12345";
    e.dispatchEvent(new Event("change", { bubbles: true }));
  }
  // What has grown is told so at the next frame: that is when it can be scrolled by keyboard.
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""

# All rules of axe, also experimental ones, but contrast, which has a test of its own. Code is
# left out: hundreds of coloured pieces and nothing else.
AXE = """() => axe.run({ exclude: [".highlight pre *"] }, {
  preload: false,
  resultTypes: ["violations", "incomplete"],
  rules: {
    "color-contrast": { enabled: false },
    "label-content-name-mismatch": { enabled: true },
    "target-size": { enabled: true },
  },
})"""

# The contrast of every piece of text with the grounds that lie behind it, once for each look. axe
# takes a minute for a chapter, and cannot decide for signs and for short texts.
CONTRAST = (
    f"() => {{ {IN_BROWSER}"
    """
  const looks = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = walker.nextNode());) {
    const e = text.parentElement;
    const seen = { opacityProperty: true, visibilityProperty: true };
    if (!text.data.trim() || !e.checkVisibility(seen)) continue;
    if (e.closest("svg, script, :disabled")) continue;
    const { color, fontSize, fontWeight } = getComputedStyle(e);
    const grounds = [];
    for (let behind = e; behind; behind = behind.parentElement) {
      const { backgroundColor, opacity } = getComputedStyle(behind);
      if (opacity !== "1") throw new Error(`half seen: ${behind.outerHTML.slice(0, 100)}`);
      grounds.unshift(backgroundColor);
    }
    const look = [color, fontSize, fontWeight, ...grounds.filter((c) => c !== "rgba(0, 0, 0, 0)")];
    looks.set(look.join(), [e, grounds, color, parseFloat(fontSize) >= 24 ? 3 : 4.5]);
  }
  return [...looks.values()].map(([e, grounds, color, least]) => (
    { ratio: contrast(grounds, color), least, html: e.outerHTML.slice(0, 150) }
  ));
}"""
)


def said(found):
    """What axe found, and what it could not decide and is not explained."""
    return [
        (rule["id"], node["html"][:200], node["failureSummary"])
        for rule in found["violations"] + found["incomplete"]
        for node in rule["nodes"]
        if EXPLAINED.get(rule["id"], "\\0").strip(".") not in node["html"]
    ]


@pytest.fixture
def axe(new_page, site_url):
    """Open a page with axe in it."""

    def open_page(name):
        page = new_page(viewport=PHONE, has_touch=True, reduced_motion="reduce")
        page.goto(f"{site_url}/{name}")
        if "?" in name:
            page.locator(".search-summary").filter(has_text="earch").wait_for()
        page.locator(LAID_OUT).wait_for(state="attached")
        page.evaluate(AXE_SCRIPT)
        return page

    return open_page


@pytest.mark.parametrize("name", KINDS)
def test_axe_finds_nothing_on_a_page_that_is_unfolded_and_used(axe, name):
    page = axe(name)
    page.evaluate(UNFOLD)
    page.evaluate(USE)
    assert said(page.evaluate(AXE)) == []
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        looks = page.evaluate(CONTRAST)
        assert len(looks) > 3
        assert [look for look in looks if look["ratio"] < look["least"]] == []


def test_axe_finds_nothing_while_a_menu_is_open(axe):
    page = axe(SMALL + ".html")
    for side in ("primary", "secondary"):
        page.locator(f".{side}-toggle").click()
        assert said(page.evaluate(AXE)) == []
        page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    assert said(page.evaluate(AXE)) == []
    page.keyboard.press("Escape")
    page.locator(".dropdown-toggle").press("Enter")
    assert said(page.evaluate(AXE)) == []
    page.set_viewport_size(WIDE)
    assert said(page.evaluate(AXE)) == []


# --- the keyboard ---

FOCUS = """() => {
  const e = document.activeElement;
  const style = getComputedStyle(e);
  const { left, top, width, height } = e.getBoundingClientRect();
  const [x, y] = [left + width / 2, top + Math.min(height, 40) / 2];
  const above = document.elementFromPoint(x, y);
  return {
    end: e === document.body,
    html: e.outerHTML.slice(0, 150),
    ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    seen: e.checkVisibility({ opacityProperty: true, visibilityProperty: true })
      && (e.contains(above) || above?.contains(e)),
  };
}"""


def stops(page, limit=200):
    """Press Tab until the end of the page, and return each stop."""
    found = []
    for _ in range(limit):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUS)
        if here["end"]:
            return found
        found.append(here)
    raise AssertionError("the focus goes round in circles")


@pytest.mark.parametrize(("viewport", "least"), [(PHONE, 15), (WIDE, 45)])
def test_the_keyboard_reaches_what_is_seen_and_shows_where_it_is(
    new_page, site_url, page_errors, viewport, least
):
    page = new_page(viewport=viewport, forced_colors="active", reduced_motion="reduce")
    page.goto(f"{site_url}/{SMALL}.html")
    found = stops(page)
    assert [stop["html"] for stop in found if not (stop["ring"] and stop["seen"])] == []
    assert len(found) >= least
    assert "Skip to main content" in found[0]["html"]
    page.locator(".skip-link a").press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    assert page_errors.all() == []


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_a_drawer_keeps_the_focus_until_it_is_closed(new_page, site_url, page_errors, side):
    page = new_page(viewport=PHONE)
    page.goto(f"{site_url}/{SMALL}.html")
    button, drawer = page.locator(f".{side}-toggle"), page.locator(f".bd-sidebar-{side}")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    links = drawer.locator("a:visible, button:visible").count()
    assert links
    inside = "e => e.contains(document.activeElement)"
    for _ in range(links - 1):
        assert drawer.evaluate(inside)
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert drawer.evaluate("e => e.contains(document.activeElement) "
                           "|| document.activeElement === document.body")  # fmt: skip
    page.keyboard.press("Escape")
    expect(drawer).not_to_be_visible()
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")
    assert page.locator("[inert]").count() == 0

    # By pointer: a tap beside it.
    button.click()
    expect(drawer).to_be_visible()
    beside = 380 if side == "primary" else 10
    page.locator(f".overlay-{side}").click(position={"x": beside, "y": 400})
    expect(drawer).not_to_be_visible()
    assert page.locator("[inert]").count() == 0
    assert page_errors.all() == []


def test_the_search_and_a_menu_close_and_give_the_focus_back(new_page, site_url, page_errors):
    page = new_page(viewport=WIDE)
    page.goto(f"{site_url}/{SMALL}.html")
    button, field = page.locator(".search-button-field"), page.locator("#search-input")
    button.press("Enter")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).not_to_be_visible()
    expect(button).to_be_focused()
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.press("Tab")
    expect(field).not_to_be_visible()
    menu = page.locator(".dropdown-download-buttons .dropdown-menu")
    page.locator(".dropdown-toggle").press("Enter")
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).not_to_be_visible()
    expect(page.locator(".dropdown-toggle")).to_be_focused()
    mode = page.locator(".theme-switch-button")
    names = []
    for _ in range(3):
        names.append(mode.inner_text().strip())
        mode.press("Enter")
    assert sorted(names) == ["Colours of the system", "Dark colours", "Light colours"]
    assert page_errors.all() == []


def test_what_is_too_wide_takes_the_focus_and_scrolls_and_what_fits_does_not(new_page, site_url):
    page = new_page(viewport=WIDE, reduced_motion="reduce")
    page.goto(f"{site_url}/chapters/formulas.html")
    boxes = page.locator(".formula")
    stops_at = "all => all.filter((e) => e.tabIndex === 0).length"
    assert boxes.evaluate_all(stops_at) == 0
    page.set_viewport_size({"width": 320, "height": 700})
    wide = page.locator(".formula[tabindex='0']")
    expect(wide.first).to_have_attribute("role", "group")
    many = wide.count()
    assert 0 < many < boxes.count()
    wide.first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")
    page.set_viewport_size(WIDE)
    expect(wide).to_have_count(0)
    # Folded code has no width: it is looked at when it is unfolded.
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{site_url}/{CHAPTER}.html")
    page.locator("details.hide summary").first.click()
    expect(page.locator("details.hide pre").first).to_have_attribute("role", "group")


def test_without_a_script_nothing_pretends_to_work(new_page, site_url):
    page = new_page(viewport=PHONE, java_script_enabled=False)
    page.goto(f"{site_url}/{SMALL}.html")
    assert page.locator(".needs-script").count() >= 3
    assert page.locator(".needs-script:visible").count() == 0


# --- the outline ---

HEADINGS = """() => [...document.querySelectorAll("main :is(h1, h2, h3, h4, h5, h6)")]
  .filter((e) => e.checkVisibility()).map((e) => Number(e.tagName[1]))"""


@pytest.mark.parametrize("name", [CHAPTER, "chapters/library", "search", "index"])
def test_a_page_has_a_language_a_title_and_an_outline_without_gaps(new_page, site_url, name):
    page = new_page(viewport=PHONE)
    page.goto(f"{site_url}/{name}.html")
    levels = page.evaluate(HEADINGS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title().startswith(page.locator("main h1:visible").inner_text().rstrip("#")[:6])

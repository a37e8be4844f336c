"""The Content-Security-Policy: all of the book works under it, and nothing foreign does."""

import re

import pytest
from lxml import html
from playwright.sync_api import expect

CHAPTER = "chapters/04-computational-graphs"
STYLES = r"'none'|'unsafe-hashes'( 'sha256-[\w+/]{43}=')+"
STYLES_OF_SEARCH = "'unsafe-inline'"  # it reads other pages
VIOLATIONS = """window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
});"""
INJECTED = """() => {
  window.ran = [];
  const script = document.createElement("script");
  script.textContent = "window.ran.push('script')";
  document.body.append(script);
  const holder = document.createElement("div");
  holder.innerHTML = `<img src="data:," onerror="window.ran.push('attribute')">
    <p id="foreign" style="position: fixed">x</p><iframe src="data:text/html,x"></iframe>`;
  document.body.append(holder);
}"""


@pytest.fixture
def guarded(new_page):
    """A page that remembers violations of the policy, with a clipboard."""
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.add_init_script(VIOLATIONS)
    return page


def violations(page):
    return page.evaluate("violations")


def test_each_page_has_a_strict_policy_before_all_that_it_rules(site):
    pages = [*site.glob("*.html"), *site.glob("chapters/*.html"), *site.glob("figures/*.html")]
    assert len(pages) > 50
    for path in pages:
        head = html.parse(str(path)).getroot().find("head")
        first, policy, referrer = head[:3]
        assert first.get("charset") == "utf-8", path
        assert policy.get("http-equiv") == "Content-Security-Policy", path
        assert referrer.get("name") == "referrer", path
        rules = dict(rule.split(" ", 1) for rule in policy.get("content").split("; "))
        assert rules["default-src"] == "'self'"
        assert re.fullmatch(r"'self'( 'sha256-[\w+/]{43}=')*", rules["script-src"]), path
        styles = STYLES_OF_SEARCH if path.name == "search.html" else STYLES
        assert re.fullmatch(styles, rules["style-src-attr"]), path
        for rule in ("base-uri", "frame-src", "object-src", "worker-src"):
            assert rules[rule] == "'none'", path


@pytest.mark.parametrize("place", ["server", "folder"])
def test_a_chapter_works_under_the_policy(site, site_url, guarded, page_errors, place):
    base = site_url if place == "server" else site.as_uri()
    guarded.goto(f"{base}/{CHAPTER}.html")
    guarded.locator("article a[aria-describedby]").first.focus()
    expect(guarded.locator(".term-card:not([hidden])").first).to_be_visible()
    figure = guarded.locator("#fig-apples")
    figure.locator("input[type=range]").first.press("ArrowRight")
    for action in ("copy-link", "copy-code", "reset"):
        figure.locator(f"button[data-action={action}]").click()
    code = guarded.locator(".cell_input:visible, div.highlight:visible").first
    code.hover()
    code.locator(".copybtn").first.click()
    guarded.locator(".solution :is(button, summary)").first.click()
    guarded.locator("details:visible > summary").first.click()
    guarded.locator("input[data-kind=exercise]").first.check()
    theme = guarded.locator("html").get_attribute("data-mode")
    guarded.locator(".theme-switch-button:visible").first.click()
    expect(guarded.locator("html")).not_to_have_attribute("data-mode", theme)
    guarded.evaluate("print = () => { window.printed = true; }")
    guarded.locator(".dropdown-download-buttons button").first.click()
    guarded.locator(".btn-download-pdf-button").click()
    assert guarded.evaluate("printed")
    figure.get_by_role("button", name="Enlarge").click()
    guarded.keyboard.press("Escape")
    assert violations(guarded) == []
    assert page_errors.all() == []


def test_search_and_progress_work_under_the_policy(site_url, guarded, page_errors):
    guarded.goto(f"{site_url}/search.html?q=softmax")
    guarded.locator("#search-results li p.context").nth(4).wait_for()  # quoted from the pages
    guarded.wait_for_load_state("networkidle")
    assert violations(guarded) == []
    guarded.goto(f"{site_url}/chapters/progress.html")
    guarded.locator("input[data-kind=chapter]").first.check()
    with guarded.expect_download():
        guarded.get_by_role("link", name="Export").click()
    assert violations(guarded) == []
    guarded.goto(f"{site_url}/figures/fig-apples.html")
    guarded.locator("input[type=range]").first.press("ArrowRight")
    guarded.get_by_role("button", name="Copy link").click()
    assert violations(guarded) == []
    assert page_errors.all() == []


def test_nothing_foreign_runs(site_url, guarded):
    for name in (CHAPTER, "figures/fig-apples"):
        guarded.goto(f"{site_url}/{name}.html")
        guarded.evaluate(INJECTED)
        guarded.wait_for_function("() => violations.length >= 4")
        assert guarded.evaluate("ran") == []
        position = guarded.locator("#foreign").evaluate("e => getComputedStyle(e).position")
        assert position == "static"
        refused = {line.split(":")[0] for line in violations(guarded)}
        assert refused == {"script-src-elem", "script-src-attr", "style-src-attr", "frame-src"}

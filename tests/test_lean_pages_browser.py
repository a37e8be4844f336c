"""With one style sheet and one script, pages look and work as with those they are made of."""

import re

import pytest
from conftest import LAID_OUT
from one_style_sheet import WHOLE
from playwright.sync_api import expect

CHAPTER = "chapters/04-computational-graphs"
KINDS = (CHAPTER, "search", "index", "chapters/glossary", "chapters/library", "404")

FONT = re.compile(r"@font-face\s*\{[^}]*\}")

# Adds what scripts and readers add, then notes how the first element of each kind looks. Those of
# the same tag and classes in the same place are one kind. Inside of pictures and formulas there are
# rules of this book alone, which are all kept.
OPENED = """() => {
  document.body.replaceWith(document.body.cloneNode(true)); // which no script changes any more
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
  each("details", (e) => { e.open = true; });
  each(".dropdown-menu, .dropdown-toggle, .search-button__wrapper", (e) => e.classList.add("show"));
  each(".toggle-hidden", (e) => e.classList.remove("toggle-hidden"));
  each(".copybtn", (e) => e.classList.add("success"));
  each(".bd-toc-nav :is(a, li)", (e) => e.classList.add("active"));
  each("input.sidebar-toggle", (e) => { e.checked = true; });
  each("h2", (e) => { e.innerHTML += '<span class="highlighted">found</span>'; });
  each("#searchbox", (e) => { e.innerHTML = '<p class="highlight-link"><a href="#">x</a></p>'; });
}"""
LOOKS = """async (address) => {
  const link = document.querySelector("link[rel=stylesheet]");
  if (address) {
    await new Promise((done) => { link.onload = done; link.href = address; });
  }
  const still = new CSSStyleSheet();
  still.replaceSync(
    "*, *::before, *::after { transition: none !important; animation: none !important }");
  document.adoptedStyleSheets = [still];
  await document.fonts.ready;
  const name = (e) => e && `${e.tagName}.${[...e.classList].sort().join(".")}`;
  const keys = [...getComputedStyle(document.body)].filter((key) => !key.startsWith("--"));
  const seen = new Set(), looks = {};
  for (const e of document.body.querySelectorAll(":not(svg *, math *)")) {
    const kind = `${name(e.parentElement.parentElement)} > ${name(e.parentElement)} > ${name(e)}`;
    if (seen.has(kind)) continue;
    seen.add(kind);
    const pseudos = ["", "::before", "::after"];
    if (e.matches("li, summary")) pseudos.push("::marker");
    if (e.matches("input")) pseudos.push("::placeholder");
    for (const pseudo of pseudos) {
      const style = getComputedStyle(e, pseudo || null);
      if (/before|after/.test(pseudo) && style.content === "none") continue;
      looks[`${kind} ${pseudo}`] = keys.map((key) => `${key}: ${style.getPropertyValue(key)}`);
    }
  }
  return looks;
}"""
COMPARE = f"""async (address) => {{
  const looks = {LOOKS};
  const after = await looks(), before = await looks(address), different = {{}};
  for (const [kind, style] of Object.entries(before)) {{
    if (`${{style}}` === `${{after[kind]}}`) continue;
    different[kind] = style.map((was, k) => [was, after[kind]?.[k]]).filter(([a, b]) => a !== b);
  }}
  return [Object.keys(before).length, Object.entries(different).slice(0, 5)];
}}"""


@pytest.mark.parametrize(
    ("width", "scheme", "media", "pages"),
    [
        (1440, "light", "screen", KINDS),
        (390, "dark", "screen", KINDS[:2]),
        (820, "light", "print", KINDS[:1]),
    ],
)
def test_no_rule_that_a_page_needs_is_lost(site, site_url, new_page, width, scheme, media, pages):
    fonts = FONT.findall((site / "_static/site.css").read_text(encoding="utf-8"))
    assert len(fonts) >= 2
    whole = FONT.sub("", (site.parent / ".doctrees" / WHOLE).read_text(encoding="utf-8"))
    whole = "\n".join([*fonts, whole])
    page = new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.route("**/whole.css", lambda route: route.fulfill(body=whole, content_type="text/css"))
    for name in pages:
        page.goto(f"{site_url}/{name}.html" + ("?q=softmax" if name == "search" else ""))
        if name == "search":
            page.locator("#search-results li").first.wait_for()
        page.locator(LAID_OUT).wait_for(state="attached")
        page.emulate_media(media=media)
        page.evaluate(OPENED)
        seen, different = page.evaluate(COMPARE, f"{site_url}/_static/whole.css")
        assert seen > 80
        assert different == [], name


def test_light_and_dark_are_known_before_anything_else_and_remembered(site_url, new_page):
    page = new_page(color_scheme="dark")
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(f"{site_url}/{CHAPTER}.html")
    theme = "document.documentElement.dataset.theme"
    assert page.evaluate(theme) == "dark"
    page.unroute("**/*.js*")
    page.reload()
    button = page.locator(".theme-switch-button")
    button.click()
    assert page.evaluate(theme) == "light"
    page.goto(f"{site_url}/index.html")
    assert page.evaluate(theme) == "light"
    button.click()
    button.click()
    assert page.evaluate("localStorage.mode") == "auto"
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"() => {theme} === 'light'")


def test_the_controls_work_by_mouse_and_keyboard(site_url, new_page, page_errors):
    page = new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.add_init_script("window.print = () => { window.printed = true; }")
    page.goto(f"{site_url}/{CHAPTER}.html")

    button = page.get_by_role("button", name="Download this page")
    menu = page.locator(".dropdown-menu")
    button.click()
    below, above = menu.bounding_box(), button.bounding_box()
    assert below["y"] >= above["y"] + 20
    assert abs(below["x"] + below["width"] - above["x"] - above["width"]) < 2
    page.locator("article h1").click()
    assert not menu.is_visible()
    button.focus()
    tip = "e => getComputedStyle(e, '::after').content"
    assert page.locator(".theme-switch-button").evaluate(tip) == "none"
    page.keyboard.press("ArrowDown")
    assert menu.locator("a").first.evaluate("e => e === document.activeElement")
    page.keyboard.press("Escape")
    assert not menu.is_visible()
    assert button.evaluate("e => e === document.activeElement")
    assert button.get_attribute("aria-expanded") == "false"
    button.click()
    page.locator(".btn-download-pdf-button").click()
    assert page.evaluate("window.printed")

    page.keyboard.press("Control+k")
    field = page.locator(".search-button__search-container input")
    assert field.evaluate("e => e === document.activeElement")
    page.keyboard.press("Escape")
    assert not field.is_visible()

    page.locator("#a-graph-in-python").scroll_into_view_if_needed()
    page.evaluate("document.getElementById('a-graph-in-python').scrollIntoView()")
    page.locator(".bd-toc-nav li.active > a.active[href='#a-graph-in-python']").wait_for(
        state="attached"
    )
    assert page.locator(".bd-toc-nav a.active").count() == 1
    page.evaluate("scrollBy(0, -100)")
    page.wait_for_function("() => document.body.classList.contains('scrolled')")
    page.locator("#pst-back-to-top").evaluate("e => e.click()")
    page.wait_for_function("() => scrollY === 0")
    assert said == []
    assert page_errors.all() == []


def test_the_drawers_of_a_phone_open_and_close(site_url, new_page, page_errors):
    page = new_page(viewport={"width": 390, "height": 800}, reduced_motion="reduce")
    page.goto(f"{site_url}/{CHAPTER}.html")
    for name in ("primary", "secondary"):
        drawer = page.locator(f".bd-sidebar-{name}")
        page.locator(f".{name}-toggle").click()
        page.wait_for_function(
            "e => getComputedStyle(e).visibility === 'visible'", arg=drawer.element_handle()
        )
        edge = {"x": 385, "y": 400} if name == "primary" else {"x": 5, "y": 400}
        page.locator(f".overlay-{name}").click(position=edge)
        page.wait_for_function(
            "e => getComputedStyle(e).visibility === 'hidden'", arg=drawer.element_handle()
        )
    assert page_errors.all() == []


def test_search_from_a_folder_leads_to_marked_words_that_can_be_unmarked(
    site, new_page, page_errors
):
    page = new_page(offline=True)
    page.goto(f"{(site / 'search.html').as_uri()}?q=upstream")
    assert page.locator("main #search-input").evaluate("e => e === document.activeElement")
    page.locator("#search-results li a[href*=glossary]").first.click()
    marked = page.locator("article .highlighted:visible")
    marked.first.wait_for()
    assert "upstream" in marked.first.text_content().lower()
    page.locator(".highlight-link a").click()
    page.wait_for_function("() => !document.querySelector('.highlighted')")
    assert page_errors.all() == []


# --- a long page on a phone ---

PHONE = {"width": 390, "height": 844}
LAST = "[...document.querySelectorAll('.bd-article > section > section')].at(-1)"
LATER = f"getComputedStyle({LAST}).contentVisibility === 'auto'"
FIRST_LOOK = f"addEventListener('DOMContentLoaded', () => {{ window.later = {LATER}; }});"


def test_a_phone_lays_out_the_end_of_a_page_last_and_brings_all_to_life(site_url, new_page):
    page = new_page(viewport=PHONE)
    page.add_init_script(FIRST_LOOK)
    page.goto(f"{site_url}/chapters/04-computational-graphs.html")
    assert page.evaluate("later") is True
    page.locator(LAID_OUT).wait_for(state="attached")
    assert page.evaluate(LATER) is False
    assert page.locator(".nn-live").count() > 5
    expect(page.locator(".nn-live:not(:has(.nn-bar))")).to_have_count(0)


def test_a_link_into_the_middle_of_a_page_leads_there(site_url, new_page):
    page = new_page(viewport=PHONE, reduced_motion="reduce")
    page.add_init_script(FIRST_LOOK)
    page.goto(f"{site_url}/chapters/04-computational-graphs.html#practice")
    assert page.evaluate("later") is False
    expect(page.locator("#practice h2")).to_be_in_viewport()
    page.reload()
    assert page.evaluate("later") is False
    expect(page.locator("#practice h2")).to_be_in_viewport()

"""Pages load one style sheet, one script and small fonts, and nothing is lost by it."""

import re

import pytest
from one_style_sheet import WHOLE

CHAPTER = "chapters/04-computational-graphs"
KINDS = ("index", CHAPTER, "search", "chapters/glossary", "chapters/library", "404")

FONT = re.compile(r"@font-face\s*\{[^}]*\}")

# Adds what scripts and readers add, then notes how each kind of element looks. Elements of the same
# tag and classes in the same place are one kind, of which two are looked at.
OPENED = """() => {
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
  each("details", (e) => { e.open = true; });
  each(".dropdown-menu, .dropdown-toggle, .search-button__wrapper", (e) => e.classList.add("show"));
  each(".toggle-hidden", (e) => e.classList.remove("toggle-hidden"));
  each(".copybtn", (e) => e.classList.add("success"));
  each(".bd-toc-nav :is(a, li)", (e) => e.classList.add("active"));
  each("input.sidebar-toggle", (e) => { e.checked = true; });
  each("h2", (e) => { e.innerHTML += '<span class="highlighted">found</span>'; });
  each("#searchbox", (e) => { e.innerHTML = '<p class="highlight-link"><a href="#">Hide</a></p>'; });
  document.body.classList.add("scrolled");
}"""
LOOKS = """async (address) => {
  const link = document.querySelector("link[rel=stylesheet]");
  if (address) {
    await new Promise((done) => { link.onload = done; link.href = address; });
  }
  const still = new CSSStyleSheet();
  still.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important }");
  document.adoptedStyleSheets = [still];
  await document.fonts.ready;
  const name = (e) => e && `${e.tagName}.${[...e.classList].sort().join(".")}`;
  const count = {}, looks = {};
  for (const e of document.body.querySelectorAll("*")) {
    const kind = `${name(e.parentElement.parentElement)} > ${name(e.parentElement)} > ${name(e)}`;
    count[kind] = (count[kind] ?? 0) + 1;
    if (count[kind] > 2) continue;
    for (const pseudo of ["", "::before", "::after", "::marker", "::placeholder"]) {
      const style = getComputedStyle(e, pseudo || null);
      if (/before|after/.test(pseudo) && style.content === "none") continue;
      looks[`${kind} ${count[kind]} ${pseudo}`] = Object.fromEntries(
        [...style].filter((key) => !key.startsWith("--")).map((key) => [key, style[key]]));
    }
  }
  return looks;
}"""
COMPARE = f"""async (address) => {{
  const looks = {LOOKS};
  const after = await looks(), before = await looks(address), different = {{}};
  for (const [kind, style] of Object.entries(before)) {{
    for (const [key, value] of Object.entries(style)) {{
      if (after[kind]?.[key] !== value) different[`${{kind}} ${{key}}`] = [value, after[kind]?.[key]];
    }}
  }}
  return [Object.keys(before).length, Object.entries(different).slice(0, 5)];
}}"""


@pytest.mark.parametrize(
    ("width", "scheme", "media"),
    [(1440, "light", "screen"), (390, "dark", "screen"), (820, "light", "print")],
)
def test_no_rule_that_a_page_needs_is_lost(site, site_url, new_page, width, scheme, media):
    fonts = FONT.findall((site / "_static/site.css").read_text(encoding="utf-8"))
    assert len(fonts) >= 2
    whole = FONT.sub("", (site.parent / ".doctrees" / WHOLE).read_text(encoding="utf-8"))
    whole = "\n".join([*fonts, whole])
    page = new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.route("**/whole.css", lambda route: route.fulfill(body=whole, content_type="text/css"))
    for name in KINDS:
        page.goto(f"{site_url}/{name}.html" + ("?q=softmax" if name == "search" else ""))
        if name == "search":
            page.locator("#search-results li").first.wait_for()
        page.emulate_media(media=media)
        page.evaluate(OPENED)
        seen, different = page.evaluate(COMPARE, f"{site_url}/_static/whole.css")
        assert seen > 100
        assert different == [], name

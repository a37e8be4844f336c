"""What pages ask for: few files, and nothing that stands in the way."""

import re
from pathlib import Path

import pydata_sphinx_theme
import pytest
import sphinx_book_theme
import sphinx_design
import sphinx_togglebutton
from chapter import NAMES
from lxml import html
from one_script import MODE, SUPERFLUOUS
from one_style_sheet import Vocabulary, usable, used_names, without_unused

PAGES = ["index", "search", "404", "chapters/glossary", "chapters/library"]
PAGES += [f"chapters/{name}" for name in NAMES]


def asked_for(site, name):
    """Return the files that a page loads, without its pictures."""
    page = html.parse(str(site / f"{name}.html")).getroot()
    found = page.xpath("//script/@src | //link[@rel='stylesheet' or @rel='preload']/@href")
    files = [(site / f"{name}.html").parent / re.sub(r"\?.*", "", link) for link in found]
    return [file.resolve() for file in files]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_few_files(site, name):
    page = html.parse(str(site / f"{name}.html")).getroot()
    files = asked_for(site, name)
    assert [f.name for f in files if f.suffix == ".css"] == ["site.css"]
    scripts = ["site.js"]
    if page.find_class("nn-live"):
        scripts += ["live.js"]
    if name == "search":
        scripts += ["searchtools.js", "language_data.js", "searchindex.js"]
    assert [f.name for f in files if f.suffix == ".js"] == scripts
    assert all("defer" in script.attrib for script in page.xpath("//script[@src]"))
    assert page.xpath("//script[not(@src) and not(@type)]/text()") == [MODE]
    assert page.xpath("//@*[starts-with(name(), 'on')]") == []
    assert len(page.xpath("//meta[@name='viewport']")) == 1


def test_only_what_is_asked_for_is_published_and_licences(site):
    published = {f for f in (site / "_static").rglob("*") if f.is_file()}
    names = {f.name for f in published}
    assert {"LICENSE.txt", "GUST-FONT-LICENSE.txt", "site.css", "site.js"} <= names
    assert sum(f.stat().st_size for f in published) < 600_000
    sheet = (site / "_static/site.css").read_text(encoding="utf-8")
    assert "Bootstrap Authors" in sheet
    assert "Font Awesome" in sheet
    used = [f.resolve() for name in PAGES for f in asked_for(site, name)]
    assert {f for f in published if f.suffix == ".js"} <= {*used, site / "_static/figure-page.js"}


def test_what_is_left_out_is_still_there_to_be_left_out():
    shipped = {
        file.name
        for package in (pydata_sphinx_theme, sphinx_book_theme, sphinx_design, sphinx_togglebutton)
        for file in Path(package.__file__).parent.rglob("*.js")
    }
    assert set(SUPERFLUOUS) <= shipped


def test_the_fonts_have_what_pages_show(site):
    from fontTools.ttLib import TTFont  # not before a book is built: takes long

    fonts = site / "_static/fonts"
    formulas = TTFont(fonts / "BackpropMath-subset.small.woff2")
    assert {0x1D465, 0x2211, 0x221A, ord("x")} <= set(formulas.getBestCmap())
    assert formulas["MATH"].table.MathVariants.VertGlyphConstruction
    shown = {
        ord(c)
        for page in site.rglob("chapters/*.html")
        for math in html.parse(str(page)).getroot().iter("math")
        for c in math.text_content()
    }
    original = TTFont(
        Path(__file__).parents[1] / "chapters/_static/fonts/BackpropMath-subset.woff2"
    )
    assert shown & set(original.getBestCmap()) <= set(formulas.getBestCmap())
    icons = set(TTFont(fonts / "fa-solid-900.small.woff2").getBestCmap())
    assert {0xF002, 0xF0C9, 0xF186} <= icons  # magnifying glass, bars, moon
    assert len(icons) < 40


RULES = {
    ".here": True,
    ".here > p": True,
    ".nowhere": False,
    ".nowhere .here": False,
    ".here:not(.nowhere)": True,
    ":is(.nowhere, .here)": True,
    "#named": True,
    "#unnamed": False,
    "p::before": True,
    "video": False,
    "[data-mode=dark]": True,
    "[data-mode=rose]": False,
    "[data-set-by-script]": True,
    ".added-by-script": True,
    "[dir=rtl]": False,
}


def test_a_rule_is_kept_where_its_selector_can_match():
    vocabulary = Vocabulary()
    vocabulary.add_page(
        html.document_fromstring(
            '<div class="here" id="named" data-mode="dark"><p>dir rtl</p></div>'
        )
    )
    vocabulary.add_script("e.dataset.setByScript = 1; e.classList.add('added-by-script')")
    for selector, kept in RULES.items():
        assert bool(usable(f"{selector} {{ top: 0 }}", vocabulary)) is kept, selector
    some = usable("@media print { .nowhere, .here { top: 0 } .nowhere { left: 0 } }", vocabulary)
    assert re.sub(r"\s", "", some) == "@mediaprint{.here{top:0}}"


def test_variables_animations_and_fonts_go_with_the_last_rule_that_needs_them():
    sheet = """:root { --a: var(--b); --b: 1; --lost: var(--a); --script: 2 }
        p { left: var(--a); animation: turn 1s } @keyframes turn {} @keyframes fade {}
        p { font-family: Shown } @font-face { font-family: Shown; src: url(x) }
        @font-face { font-family: "Never"; src: url(y) }"""
    rest = without_unused(sheet, *used_names(sheet, ["--script"]))
    for word in ("--a:", "--b:", "--script:", "turn {", "font-family: Shown;"):
        assert word.replace(" ", "") in re.sub(r"\s", "", rest + ";"), word
    for word in ("--lost", "fade", "Never"):
        assert word not in rest

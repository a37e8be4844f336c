"""The library's page: an entry for what readers use, its source, and links that arrive."""

import gzip
import inspect
import re

import pytest
from chapter import NAMES
from conftest import LAID_OUT
from lxml import html

from nnlib import gradient, graph, layers, live

LAYERS = [
    name
    for name, thing in vars(layers).items()
    if inspect.isclass(thing) and issubclass(thing, layers.Layer) and not name.startswith("_")
]
LOSSES = ["sum_squared_error", "cross_entropy_error"]
FUNCTIONS = ["identity", "step", "sigmoid", "relu", "softmax", *LOSSES]
ENTRIES = {
    "functions": FUNCTIONS,
    "layers": LAYERS,
    "graph": graph.__all__,
    "gradient": gradient.__all__,
    "network": ["TwoLayerNet"],
    "training": ["train", "History", "Snapshot"],
    "datasets": ["load_digits", "load_digits_weights", "load_mnist"],
    "plot": ["training_curves", "digits", "bars", "style", "Picture"],
    "live": live.__all__,
    "practice": ["problem", "sheet"],
    "gallery": ["mystery", "verdict", "Bug"],
}


@pytest.fixture(scope="module")
def library(site):
    """The page as a tree."""
    return html.parse(str(site / "chapters/library.html")).getroot()


def entry(library, name):
    """Return the one entry of a name, signature and all."""
    (signature,) = library.xpath(f"//dt[@id='nnlib.{name}']")
    return signature.getparent()


@pytest.mark.parametrize("module", ENTRIES)
def test_each_name_has_an_entry(library, module):
    ids = set(library.xpath("//dt/@id"))
    assert [name for name in ENTRIES[module] if f"nnlib.{module}.{name}" not in ids] == []


def test_the_sections_are_the_modules_in_the_order_of_the_design(library):
    headings = [h.text_content().rstrip("#") for h in library.xpath("//article//h2")]
    assert headings == [f"nnlib.{module}" for module in ENTRIES]


@pytest.mark.parametrize("name", LAYERS)
def test_an_entry_of_a_layer_holds_its_source(library, name):
    found = entry(library, f"layers.{name}").xpath("./dd/details//pre")
    assert len(found) == 1
    source = found[0].text_content()
    assert f"class {name}" in source
    assert '"""' not in source  # it stands above, as text
    for method in ("forward", "backward"):
        assert (f"def {method}(" in source) == (method in vars(getattr(layers, name)))
    assert found[0].xpath(".//span[@class='k']")  # highlighted


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_entry_of_a_function_holds_its_source(library, name):
    (source,) = entry(library, f"functions.{name}").xpath("./dd/details//pre")
    assert source.text_content().startswith(f"def {name}(")


def test_signatures_are_short(library):
    signatures = {dt.get("id"): dt.text_content() for dt in library.xpath("//dt[@id]")}
    assert [s for s in signatures.values() if re.search(r":|->|<|\*args", s)] == []
    figure = " ".join(signatures["nnlib.live.GraphFigure"].split())
    assert figure.startswith("class GraphFigure(output, sliders, *, name=None")


@pytest.mark.parametrize("page_name", [*NAMES, "figures", "formulas", "glossary", "notation"])
def test_links_to_the_library_arrive(site, library, page_name):
    page = html.parse(str(site / f"chapters/{page_name}.html")).getroot()
    links = page.xpath("//article//a[starts-with(@href, 'library.html#')]/@href")
    ids = set(library.xpath("//dt/@id"))
    assert links
    assert [link for link in links if link.partition("#")[2] not in ids] == []


def test_the_page_is_light(site):
    assert len(gzip.compress((site / "chapters/library.html").read_bytes())) < 50_000


def test_the_page_fits_a_phone_and_keeps_to_itself(site_url, new_page, page_errors):
    page = new_page(viewport={"width": 390, "height": 800})
    page.goto(f"{site_url}/chapters/library.html", wait_until="networkidle")
    page.locator(LAID_OUT).wait_for(state="attached")
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert page.locator("details pre:visible").count() >= len(LAYERS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    outside = """[...document.querySelectorAll("article :is(dt, dd, p, pre, details)")]
        .filter(e => e.getBoundingClientRect().right > 390).map(e => e.textContent)"""
    assert page.evaluate(outside) == []
    assert page_errors.all() == []


def test_the_list_of_contents_follows_the_reader(site_url, new_page):
    page = new_page(viewport={"width": 1200, "height": 900})
    page.goto(f"{site_url}/chapters/library.html")
    for name in ("Relu", "MulLayer"):
        page.locator(f"[id='nnlib.layers.{name}']").evaluate("e => e.scrollIntoView()")
        marked = page.locator(".page-toc a.active")
        marked.filter(has_text=re.compile(f"^{name}$")).wait_for()
        assert marked.first.text_content() == "nnlib.layers"


def test_an_example_is_copied_without_prompts_and_answers(site_url, new_page):
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{site_url}/chapters/library.html")
    example = page.locator("dl:has(> dt[id='nnlib.layers.MulLayer']) .doctest").first
    example.hover()
    example.locator("button.copybtn").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()) !== ''")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.split("\n")[:2] == ["mul = MulLayer()", "mul.forward(100, 2)"]
    assert ">>>" not in copied
    assert "200" not in copied

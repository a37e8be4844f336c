"""What programs read of each page: title, description, picture, structured data."""

import json
import re
import struct

import metadata
import pytest
from chapter import NAMES, Chapter
from conftest import CHAPTERS
from lxml import html

SUFFIX = " · Backprop, Live"


def content(page, name):
    return page.xpath(f"//meta[@name='{name}' or @property='{name}']/@content")


def data(page):
    blocks = page.xpath("//script[@type='application/ld+json']/text()")
    return json.loads(blocks[0]) if blocks else None


@pytest.fixture(scope="module")
def pages(site):
    """The pages of the website by name, without those of single figures."""
    files = sorted([*site.glob("*.html"), *site.glob("chapters/*.html")])
    return {str(p.relative_to(site).with_suffix("")): html.parse(str(p)).getroot() for p in files}


def test_each_page_has_a_title_and_a_description_of_its_own(pages):
    seen = {}
    for name, page in pages.items():
        (title,), (description,) = page.xpath("//head/title/text()"), content(page, "description")
        where = name, description
        assert title.endswith(SUFFIX) is (name != "index"), where
        assert metadata.SHORTEST <= len(description) <= metadata.LONGEST, where
        assert re.fullmatch(r"[A-Z][^$\\{}`*]*[.?!]", description), where
        assert content(page, "og:title") == [title.removesuffix(SUFFIX)], where
        assert content(page, "og:description") == [description], where
        assert content(page, "og:type") == ["book" if name == "index" else "article"], where
        for text in (title, description):
            assert seen.setdefault(text, name) == name
    assert len(pages) > len(NAMES) + 10


def test_without_an_address_nothing_pretends_to_have_one(site, pages):
    assert not (site / "sitemap.xml").exists()
    assert not (site / "robots.txt").exists()
    for page in pages.values():
        assert page.xpath("//link[@rel='canonical']") == []
        assert content(page, "og:url") + content(page, "og:image") == []


def test_structured_data_says_what_the_chapters_say(pages):
    book = data(pages["index"])
    assert {"Book", "LearningResource"} == set(book["@type"])
    assert [part["url"] for part in book["hasPart"]] == [f"chapters/{n}.html" for n in NAMES]
    for number, (name, part) in enumerate(zip(NAMES, book["hasPart"], strict=True), start=1):
        about = data(pages[f"chapters/{name}"])
        assert about["position"] == part["position"] == number
        assert about["name"] == part["name"]
        assert about["timeRequired"] == f"PT{sum(Chapter(name).minutes)}M"
        listed = pages[f"chapters/{name}"].xpath("//p[normalize-space()='You will']")
        goals = listed[0].getnext().findall("li")
        assert len(goals) - 1 <= len(about["teaches"]) <= len(goals)
        assert about["isPartOf"]["url"] == "../index.html"
        assert about["license"] == book["license"]
    assert data(pages["chapters/glossary"]) is None


@pytest.mark.parametrize(
    ("name", "size"), [(metadata.PICTURE, metadata.PICTURE_SIZE), (metadata.TOUCH_ICON, (180, 180))]
)
def test_pictures_have_the_size_that_is_said_of_them(name, size):
    picture = (CHAPTERS / name).read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", picture[16:24]) == size
    assert len(picture) < 100_000

"""The page "Your progress" and the ticks of the chapters, as they are built."""

import re

import pytest
from chapter import NAMES, Chapter
from lxml import html
from test_site import BUILD, build, small_book

__all__ = ["BUILD", "small_book"]


def tree(site, name):
    return html.parse(str(site / f"chapters/{name}.html")).getroot()


def ticks(page):
    return page.xpath("//article//input/@data-done")


def test_the_page_has_every_chapter_and_exercise_of_the_book_in_order(site):
    page = tree(site, "progress")
    wanted = [n for name in NAMES for n in (f"chapters/{name}", *Chapter(name).exercises)]
    assert ticks(page) == wanted

    links = page.xpath("//article//ol//a/@href")
    assert [re.sub(r".*#|\.html$", "", link) for link in links] == [
        name.removeprefix("chapters/") for name in wanted
    ]
    text = " ".join(page.xpath("//article//ol")[0].text_content().split())
    for name in NAMES:
        title = Chapter(name).text.partition("\n# ")[2].partition("\n")[0]
        minutes, exercises = re.findall(r"\d+", re.search(r"\*\*Time.*", Chapter(name).text)[0])
        assert f"{title} {minutes} min, exercises {exercises} min" in text


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_has_a_tick_in_each_exercise_and_one_at_its_end(site, name):
    page = tree(site, name)
    assert ticks(page) == [*Chapter(name).exercises, f"chapters/{name}"]
    for label in Chapter(name).exercises:
        assert page.xpath(f"//div[@id='{label}']//input/@data-done") == [label]


def test_a_new_exercise_and_a_new_title_reach_the_page_when_only_the_chapter_was_built(small_book):
    def write(title, *labels):
        boxes = [f"```{{exercise}}\n:label: ex-{label}\nDo it.\n```\n" for label in labels]
        time = "**Time** 5 minutes, and 6 for the exercises."
        lines = [f"# {title}", time, "## On paper", *boxes]
        (small_book / "chapters/one.md").write_text("\n\n".join(lines))
        code, output = build(small_book)
        assert code == 0, output
        page = tree(small_book / "_build/html", "progress")
        return page.xpath("//article//ol//a/text()"), ticks(page)

    (small_book / "index.md").write_text("# A small book\n")
    (small_book / "chapters/progress.md").write_text("# Your progress\n")
    files = "".join(f"- file: chapters/{name}\n" for name in ("one", "progress"))
    (small_book / "_toc.yml").write_text(f"format: jb-book\nroot: index\nchapters:\n{files}")
    assert write("One", "a") == (["One", "Exercise 1"], ["chapters/one", "ex-a"])
    assert write("Two & more", "b", "a") == (
        ["Two & more", "Exercise 1", "Exercise 2"],
        ["chapters/one", "ex-b", "ex-a"],
    )

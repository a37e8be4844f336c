"""What the pages around the text say of the chapters is so, and following them works."""

import os
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from chapter import CHAPTERS, NAMES, Chapter

PREFACE = (CHAPTERS / "preface.md").read_text(encoding="utf-8")
TEACHERS = (CHAPTERS / "for-teachers.md").read_text(encoding="utf-8")


def needed(chapter):
    """The numbers of the chapters that a chapter links to as needed."""
    line = re.search(r"^\*\*You need\*\*.*$", chapter.text, flags=re.MULTILINE)[0]
    sentences = [s for s in re.split(r"(?<=\.) ", line) if not re.search("helps|useful", s)]
    return {int(number) for number in re.findall(r"\((\d\d)-", " ".join(sentences))}


def rows(text):
    """The cells of each row of a table."""
    lines = re.findall(r"^\| *(.*?) *\|$", text, flags=re.MULTILINE)
    return [re.split(r" *\| *", line) for line in lines if not set(line) <= set("-| ")]


def reached(edges, number):
    """All chapters before one, by any number of steps."""
    before = edges.get(number, set())
    return before.union(*(reached(edges, earlier) for earlier in before))


def test_the_table_of_the_preface_has_the_minutes_of_each_chapter():
    found = {}
    for chapter, _, reading, exercises in rows(PREFACE)[1:]:
        name = re.search(r"\(([\w-]+)\.ipynb\)", chapter)[1]
        found[name] = int(reading), int(exercises)
    assert found == {name: Chapter(name).minutes for name in NAMES}


def test_the_map_leads_to_each_chapter_through_all_that_it_needs():
    table = {
        int(number): {int(n) for n in re.findall(r"\d+", after)}
        for (number, after) in (
            (re.match(r"(\d+)", chapter)[1], after) for chapter, after, *_ in rows(PREFACE)[1:]
        )
    }
    for name in NAMES:
        number, needs = int(name[:2]), needed(Chapter(name))
        if number == 12:
            needs -= {3, 9}  # for one section, as the chapter says
        assert needs <= reached(table, number), name
    links = re.findall(r'<a href="([\w-]+)\.html">', PREFACE)
    assert sorted(links) == NAMES


def test_a_weekend_is_as_long_as_the_preface_says():
    first = sum(Chapter(name).minutes[0] for name in NAMES if name[:2] in {"04", "05", "06", "07"})
    second = sum(Chapter(name).minutes[0] for name in NAMES if name[:2] in {"08", "09", "11"})
    assert 180 < first < 210  # "a little over three hours"
    assert 150 < second < 180  # "a little under three hours"
    assert f"({Chapter(NAMES[3]).minutes[0]} minutes)" in PREFACE


def test_every_lesson_of_both_plans_has_90_minutes():
    twelve, six = (rows(TEACHERS.partition(mark)[2].partition("\n## ")[0])[1:] for mark in PLANS)
    assert [sum(int(cell) for cell in row[2:]) for row in twelve] == [90] * 12
    lessons = {}
    for lesson, _, time in six:
        number = lesson or max(lessons)
        lessons[number] = lessons.get(number, 0) + int(time)
    assert lessons == {str(number): 90 for number in range(1, 7)}
    assert [re.search(r"\(([\w-]+)\.ipynb", row[1])[1] for row in twelve] == NAMES


PLANS = "## Twelve lessons of 90 minutes", "## Six lessons of 90 minutes"


def test_a_chapter_of_ones_own_is_made_as_the_page_for_teachers_says(site, tmp_path):
    with ZipFile(site / "backprop-live.zip") as file:
        file.extractall(tmp_path)
    book = tmp_path / "backprop-live"
    name = re.search(r"Make a file `(.+?)`", TEACHERS)[1]
    text = re.search(r"^ *````markdown\n(.*?)^ *````$", TEACHERS, flags=re.M | re.S)[1]
    (book / name).write_text(re.sub(r"^   ", "", text, flags=re.MULTILINE), encoding="utf-8")
    entry = re.search(r"```yaml\n *(- file: .+)\n", TEACHERS)[1]
    short = f"{entry}\n- file: chapters/05-chain-rule\n- file: chapters/references\n"
    (book / "_toc.yml").write_text(
        f"format: jb-book\nroot: chapters/glossary\nchapters:\n{short}", encoding="utf-8"
    )
    build = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-n", "--keep-going"]
    address = "https://github.com/someone/backprop-live"
    done = subprocess.run(
        build, cwd=book, env={**os.environ, "BOOK_REPOSITORY": address},
        capture_output=True, text=True, encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip
    log = done.stdout + done.stderr
    assert "my-resistors" not in "".join(re.findall(r".*WARNING.*|.*ERROR.*", log)), log
    html = book / "_build" / "html"
    page = (html / "chapters/my-resistors.html").read_text(encoding="utf-8")
    assert 'data-figure="fig-my-resistors"' in page
    assert 'data-gradient-of="r1" data-exact="0.36' in page
    assert "ex-my-resistors" in page

    # Built where a repository is named, a notebook can be started elsewhere from its page.
    page = (html / "chapters/05-chain-rule.html").read_text(encoding="utf-8")
    colab = "colab.research.google.com/github/someone/backprop-live/blob/main/chapters/05-chain"
    for link in colab, "mybinder.org/v2/gh/someone/backprop-live/main?", f"{address}/issues/new":
        assert link in page, link

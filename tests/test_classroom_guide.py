"""The teacher's guide, followed to the letter."""

import csv
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from classroom.author import check
from classroom.course import Course, Late
from classroom.source import Assignment

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "chapters/grading.md").read_text(encoding="utf-8")
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_table_of_assignments_is_right() -> None:
    rows = re.findall(
        r"^\| (.+) \| `([a-z-]+)` \| [\d, ]+ \| (\d+) \| (\d+) \| (\d+) more \|$",
        GUIDE,
        re.MULTILINE,
    )
    assert len(rows) == 7
    for title, name, *numbers in rows:
        assignment = Assignment.load(name)
        automatic = sum(item.points for item in assignment.items.values())
        by_hand = sum(question.points for question in assignment.questions.values())
        found = [title, *map(int, numbers)]
        assert found == [assignment.title, assignment.minutes, automatic, by_hand]


@LINUX
def test_all_commands_of_the_guide_work_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "book").symlink_to(ROOT)
    script = "set -e\n" + "".join(blocks("shell"))
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path / "book",
        env=os.environ | {"PWD": str(tmp_path / "book"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The sandbox holds" in done.stdout
    practice = tmp_path / "practice"
    solution = (practice / "solution/chain-rule/chain-rule.ipynb").read_text()
    assert "Rubric" in solution
    assert "def ask" not in solution
    assert len(list(practice.glob("feedback/*/chain-rule/chain-rule.html"))) == 30
    with (practice / "made-up/chain-rule.expected.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    expected = {row["id"]: float(row["mark"]) for row in rows if row["mark"]}  # not of "half"
    with (practice / "marks.csv").open(encoding="utf-8-sig") as file:
        marks = {row["id"]: float(row["items"]) for row in csv.DictReader(file)}
    assert len(marks) == 30
    assert len(expected) > 25
    assert {student: marks[student] for student in expected} == expected


def test_its_settings_are_read_as_it_says(tmp_path: Path) -> None:
    [settings], [roster] = blocks("toml"), blocks("text")
    (tmp_path / "course.toml").write_text(settings)
    (tmp_path / "roster.csv").write_text(roster)
    course = Course.load(tmp_path)
    assert course.course_id == "calculus"
    assert list(course.roster()) == ["ann", "joann"]
    assert course.due["chain-rule"] == datetime.fromisoformat("2027-01-15T18:00:00+01:00")
    assert course.late == Late("percent", 10, 50)


@LINUX
def test_its_assignment_of_your_own_gives_the_marks_that_it_says(tmp_path: Path) -> None:
    source, mistakes = blocks("python")
    (tmp_path / "cubes.py").write_text(source)
    (tmp_path / "cubes.mistakes.py").write_text(mistakes)
    found = {one.version: one for one in check(str(tmp_path / "cubes.py"))}
    assert list(found) == ["solution", "release", "upstream-forgotten"]
    assert all(one.right for one in found.values())


def test_its_other_commands_exist() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "classroom", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for step in re.findall(r"^classroom ([a-z]+)", "\n".join(blocks("console")), re.MULTILINE):
        assert re.search(rf"^ +{step} ", shown, re.MULTILINE), step

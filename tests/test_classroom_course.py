"""The teacher's workflow, from a new course to a table of marks: nothing in it is a stand-in."""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from classroom_class import (
    LATE,
    answered,
    bare,
    gives_hand_mark,
    points,
    small_course,
    submit,
)
from classroom_small import FULL, SMALL
from hypothesis import given
from hypothesis import strategies as st

from classroom import command
from classroom.course import Course, Late, new_course, read_roster
from classroom.errors import Refused
from classroom.export import export
from classroom.feedback import feedback
from classroom.files import write
from classroom.grade import Graded, grade
from classroom.release import release

ANSWER = "I think > 1 & so *on*."


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course that has released the small assignment."""
    course = small_course(tmp_path_factory.mktemp("courses") / "fresh")
    assert release(course, "small") == ["release/small/small.ipynb"]
    return course.root


@pytest.fixture
def course(fresh: Path, tmp_path: Path) -> Course:
    """A copy of that course."""
    shutil.copytree(fresh, tmp_path / "course")
    return Course.load(tmp_path / "course")


def right(answer: str = ANSWER) -> nbformat.NotebookNode:
    return answered(SMALL.solution_notebook(), why=answer)


def digests(folder: Path) -> dict[str, str]:
    """Return what every file is, by its name."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


# --- the course folder ---


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('course_id = "demo"', "", "course_id is None"),
        ('"demo"', '"../demo"', "letters, digits"),
        ("[due]", "excange = 1\n[due]", "no setting 'excange'. Known: course_id, exchange"),
        ("[due]", 'exchange = "srv"\n[due]', "full path"),
        ("[due]", "check_owner = 1\n[due]", "true or false"),
        ("+01:00", "", r"offset from UTC"),
        ("2026-11-20T18:00:00+01:00", '"2026-11-20"', "without quotation marks"),
        ("small = ", "smal = ", "there is no such assignment"),
        ("percent = 10", "percent = true", "a number from 0"),
        ("percent = 10", "percent = -1", "a number from 0"),
        ("percent = 10", "percent = 10\npoints = 1", "either points or percent"),
        ("percent = 10", "", "either points or percent"),
        ("cap = 50", "most = 50", "no setting 'most'"),
        ("cap = 50", "cap = ", "cannot be read"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(
    course: Course, old: str, new: str, says: str
) -> None:
    path = course.root / "course.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(Refused, match=says):
        Course.load(course.root)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name\nann", "of which id is needed"),
        ("id,phone\nann,1", "of which id is needed"),
        ("id,id\nann,1", "of which id is needed"),
        ("id\n../ann", "line 2: the id '../ann' cannot"),
        ("id\nann*", "cannot be the name of a folder"),
        ("id\nann+b", "cannot be the name of a folder"),
        ("id\nann\n\nAnn", "line 4: the id 'Ann' is there twice"),
        ("id,last_name\nann", "line 2: 1 entries, but 2 columns"),
    ],
)
def test_a_roster_that_cannot_be_meant_is_refused(text: str, says: str) -> None:
    with pytest.raises(Refused, match=re.escape(says)):
        read_roster(text)


def test_a_new_course_has_a_secret_that_others_cannot_read_and_keeps_what_is_there(
    tmp_path: Path,
) -> None:
    first = new_course(tmp_path / "calculus")
    assert first.course_id == "calculus"
    assert len(first.key()) == 32
    assert stat.S_IMODE(first.root.stat().st_mode) == 0o700
    assert stat.S_IMODE((first.root / "key").stat().st_mode) == 0o600
    before = digests(first.root)
    assert new_course(first.root).key() == first.key()
    assert digests(first.root) == before
    (first.root / "key").chmod(0o644)
    with pytest.raises(Refused, match="chmod 600"):
        first.key()


@given(
    st.sampled_from(["points", "percent"]),
    st.floats(0, 100),
    st.floats(0, 100),
    st.floats(0, 40),
    st.floats(0, 20 * 24 * 3600),
)
def test_being_late_costs_more_each_day_and_never_more_than_there_is(
    unit: str, per_day: float, cap: float, score: float, seconds: float
) -> None:
    late = Late(unit, per_day, cap)
    cost = late.penalty(score, seconds)
    assert 0 <= cost <= score + 0.005
    assert late.penalty(score, seconds + 24 * 3600) >= cost
    assert late.penalty(score, 0) == 0
    most = score * cap / 100 if unit == "percent" else cap
    assert cost <= most + 0.005


# --- the chain ---


def test_a_class_gets_the_marks_that_it_must_get(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through the command, with a made-up class: every kind of submission, and hostile ones."""
    course = small_course(tmp_path / "course")
    (course.root / "roster.csv").write_text("id\n")
    root = str(course.root)

    def run(*arguments: str) -> tuple[int, str]:
        status = command.main(arguments)
        return status, capsys.readouterr().out

    assert run("release", root, "small")[0] == 0
    made = ["--students", "8", "--seed", "3", "--zip", "--hostile"]
    status, text = run("class", root, "--assignment", "small", *made)
    assert status == 0
    following = text.split("Next: classroom ")[1].split()
    status, text = run(*following)
    assert status == 1
    assert "8 new, 0 replaced by a newer one, 0 unchanged; 1 earlier ones" in text
    assert "13 were refused" in text
    status, text = run("grade", root, "small", "--jobs", "1")
    assert status == 0, text
    assert "8 judged, 8 marked, 0 up to date" in text
    waiting = int(re.search(r"(\d) have to be marked by hand", text)[1])  # type: ignore[index]
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(export(course)))}
    expected = (course.root / "made-up" / "small.expected.csv").read_text()
    marks = [row for row in csv.DictReader(io.StringIO(expected)) if row["mark"]]
    assert len(marks) >= 6
    for row in marks:
        assert rows[row["id"]]["items"] == row["mark"], row
    states = [row["state"] for row in rows.values()]
    assert states.count("needs marking: why") == waiting > 0
    assert states.count("not submitted") == 12
    late = [row for row in rows.values() if float(row["late_penalty"] or 0) > 0]
    assert late
    assert all(
        float(row["total"]) == float(row["items"]) - float(row["late_penalty"]) for row in late
    )
    status, text = run("grade", root, "small")
    assert status == 0
    assert "0 judged, 0 marked, 8 up to date" in text
    status, text = run("feedback", root, "small")
    assert status == 0
    assert "8 pages written" in text


def test_grading_twice_gives_the_same_marks_and_the_same_bytes(course: Course) -> None:
    prints = 'print(object())\nprint(__import__("time").time_ns() > 0)\n'
    submit(course, "ann", right(f"{ANSWER} {prints}"))
    submit(course, "joann", SMALL.with_mistake("half"), LATE)
    first = grade(course, "small")
    assert first.marked == ["ann", "joann"]
    assert not first.failed
    feedback(course, "small")
    marks, pages = points(course), digests(course.root / "feedback")
    assert marks == {"ann": (6.0, True), "joann": (3.0, True)}
    again = grade(course, "small", force=True)
    assert again.judged == 2
    assert again.marked == ["ann", "joann"]
    feedback(course, "small", force=True)
    assert (points(course), digests(course.root / "feedback")) == (marks, pages)


@pytest.mark.parametrize("force", [False, True])
def test_a_run_that_was_interrupted_goes_on_where_it_was(
    course: Course, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    """It breaks off after a verdict, and then while the gradebook is written."""
    for student in ("ann", "bob", "joann"):
        submit(course, student, SMALL.solution_notebook())
    if force:
        grade(course, "small")
    real = os.replace

    def breaks(old: Any, new: Any) -> None:
        real(old, new)
        if str(new).endswith(("verdicts/small/bob.json", "autograded/small/joann/marked")):
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", breaks)
    with pytest.raises(KeyboardInterrupt):
        grade(course, "small", force=force)
    monkeypatch.undo()
    assert sorted(path.name for path in (course.root / "verdicts/small").iterdir()) == [
        "ann.json",
        "bob.json",
    ]
    done = grade(course, "small")
    assert done.judged == 1
    assert (done.skipped, sorted(done.marked)) == (["ann"], ["bob", "joann"])
    assert {mark for mark, _ in points(course).values()} == {FULL}


def test_one_run_at_a_time_writes_into_a_course(
    course: Course, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    submit(course, "ann", right())
    root = str(course.root)
    steps = {
        "release": [],
        "collect": ["--folder", str(tmp_path)],
        "grade": [],
        "feedback": [],
    }
    with course.alone():
        for step, options in steps.items():
            assert command.main([step, root, "small", *options]) == 1
            assert "Another `classroom` is writing" in capsys.readouterr().err
    assert command.main(["grade", root, "small"]) == 0


def test_what_is_handed_in_again_is_judged_again_and_a_hand_mark_is_looked_at_again(
    course: Course,
) -> None:
    submit(course, "ann", right())
    submit(course, "bob", right("Something else."))
    grade(course, "small")
    for student in ("ann", "bob"):
        gives_hand_mark(course, student, 1.5, "Nearly: *why*?")
    assert points(course) == {"ann": (7.5, False), "bob": (7.5, False)}

    # Nothing has changed, or only the code: the answer in words is the same, and so is its mark.
    assert grade(course, "small").judged == 0
    submit(course, "ann", answered(right(), task_double="def double(x): return x + x"))
    done = grade(course, "small")
    assert (done.judged, done.marked, done.waiting) == (1, ["ann"], {})
    assert points(course)["ann"] == (7.5, False)

    # Another answer: the mark stays, and the teacher is asked to look again.
    submit(course, "ann", right("Another answer."))
    assert grade(course, "small").waiting == {"ann": ["why"]}
    assert points(course) == {"ann": (7.5, True), "bob": (7.5, False)}


def test_one_submission_that_fails_does_not_stop_the_others(course: Course) -> None:
    submit(course, "ann", right())
    submit(course, "bob", "no notebook")
    submit(course, "stranger", right())
    submit(course, "joann", right())
    secret = course.root / "solution.ipynb"
    write(secret, nbformat.writes(SMALL.solution_notebook()))
    notebook = course.place("submitted", "joann", "small") / "small.ipynb"
    notebook.unlink()
    notebook.symlink_to(secret)
    submit(course, "zoe", right())
    (course.place("submitted", "zoe", "small") / "data").symlink_to("/etc")
    with (course.root / "roster.csv").open("a") as roster:
        roster.write("eve,Eve,,,\n")
    submit(course, "eve", right(), "2026-11-20")
    done = grade(course, "small")
    why = dict(done.failed)
    assert done.marked == ["ann"]
    assert set(why) == {"bob", "eve", "joann", "stranger", "zoe"}
    assert "symbolic link" in why["joann"]
    assert "data is a symbolic link" in why["zoe"]
    assert "cannot be read" in why["eve"]
    assert "not JSON" in why["bob"]
    assert "roster.csv" in why["stranger"]
    assert set(points(course)) == {"ann"}
    assert command.main(["grade", str(course.root), "small"]) == 1


@pytest.mark.parametrize("part", ["submitted/joann", "submitted/joann/small"])
def test_a_folder_that_is_a_link_is_not_followed(course: Course, part: str) -> None:
    submit(course, "ann", right())
    (course.root / part).parent.mkdir(parents=True, exist_ok=True)
    target = "ann" if part.endswith("joann") else "../ann/small"
    (course.root / part).symlink_to(target, target_is_directory=True)
    done = grade(course, "small")
    assert done.marked == ["ann"]
    assert [who for who, _ in done.failed] == ["joann"]


# --- what is not graded ---


def test_what_could_not_be_judged_is_neither_zero_nor_full(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    """An item whose reference fails has no mark: in the summary, the table, and on the page."""
    source = course.root / "assignments" / "small.py"
    broken = source.read_text().replace(
        "yield program.double(rng.normal(size=(3, 4)))", "raise RuntimeError('the item is broken')"
    )
    source.write_text(broken)
    submit(course, "ann", answered(SMALL.solution_notebook(), why="YOUR ANSWER HERE"))
    assert command.main(["grade", str(course.root), "small"]) == 0
    assert "ann: double-array" in capsys.readouterr().out
    with course.gradebook() as gradebook:
        mark = gradebook.find_grade("double-array", "small", "small", "ann")
        assert mark.auto_score is None
        assert mark.manual_score is None
        assert mark.needs_manual_grade
    row = next(csv.DictReader(io.StringIO(export(course, details=True))))
    assert row["state"] == "needs marking: double-array"
    assert (row["items"], row["small: double-array"], row["small: square"]) == ("4", "", "3")
    assert feedback(course, "small").waiting == {"ann": ["double-array"]}
    page = (course.place("feedback", "ann", "small") / "small.html").read_text()
    assert "1 part is not graded yet" in page
    assert "Not graded yet." in page
    assert "4</strong> of 8 points so far" in page


def test_an_answer_that_is_lost_waits_and_one_that_is_blank_does_not(course: Course) -> None:
    lost = SMALL.solution_notebook()
    lost.cells = [cell for cell in lost.cells if cell.id not in ("why", "double-array", "square")]
    submit(course, "ann", lost)
    submit(course, "bob", answered(SMALL.solution_notebook(), why="YOUR ANSWER HERE"))
    submit(course, "joann", bare(right()))
    submit(course, "zoe", bare(answered(SMALL.solution_notebook(), why="YOUR ANSWER HERE")))
    grade(course, "small")
    assert points(course) == {
        "ann": (FULL, True),  # deleted tests are asked nevertheless
        "bob": (FULL, False),
        "joann": (FULL, True),
        "zoe": (FULL, False),
    }


# --- late, and the table ---


def test_a_penalty_follows_the_marks_by_hand(course: Course) -> None:
    """nbgrader computes it before anybody has marked by hand, and never again."""
    submit(course, "ann", answered(right(), task_node="", task_double=""), LATE)
    grade(course, "small")
    assert points(course)["ann"][0] == 0
    gives_hand_mark(course, "ann", 2.0)
    row = next(csv.DictReader(io.StringIO(export(course))))
    assert (row["manual"], row["late_penalty"], row["total"]) == ("2", "0.4", "1.6")
    feedback(course, "small")
    page = (course.place("feedback", "ann", "small") / "small.html").read_text()
    assert "<strong>1.6</strong> of 8 points" in page
    assert "2 points were reached; 0.4 are taken off" in page
    settings = course.root / "course.toml"
    settings.write_text(settings.read_text().replace("2026-11-20", "2026-11-22"))
    row = next(csv.DictReader(io.StringIO(export(Course.load(course.root)))))
    assert (row["late_penalty"], row["total"]) == ("0", "2")


def test_no_cell_of_the_table_is_a_formula(course: Course) -> None:
    roster = "id,first_name,last_name\nann,=1+1,@SUM(A1)\nbob,+1,-1\nzoe,Zoë,O'Neil\n"
    (course.root / "roster.csv").write_text(roster)
    rows = list(csv.reader(io.StringIO(export(course))))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for row in rows for cell in row)
    assert rows[1][:3] == ["ann", "'@SUM(A1)", "'=1+1"]
    assert rows[3][2] == "Zoë"


# --- what is handed out ---


def test_what_is_handed_out_holds_no_solution_and_no_hidden_test(course: Course) -> None:
    for folder in ("release", "source"):
        text = (course.root / folder / "small" / "small.ipynb").read_text()
        assert "def ask" not in text
        assert "rng" not in text
    assert "2 * x" not in (course.root / "release" / "small" / "small.ipynb").read_text()


def test_an_assignment_that_has_changed_since_is_not_graded_unawares(course: Course) -> None:
    submit(course, "ann", right())
    source = course.root / "assignments" / "small.py"
    source.write_text(source.read_text().replace("twice 2 is 4", "twice 2 is four"))
    with pytest.raises(Refused, match="is another one than was handed out"):
        grade(course, "small")
    release(course, "small")
    assert grade(course, "small").marked == ["ann"]

    before = digests(course.root / "release")
    source.write_text(source.read_text().replace('item="square"', 'item="squares"'))
    with pytest.raises(Refused, match="neither added nor taken away"):
        release(course, "small")
    assert digests(course.root / "release") == before


def test_no_kernel_can_start(course: Course, tmp_path: Path) -> None:
    """Not even where nbgrader's own autograding is asked for, and no mark comes of it."""
    submit(course, "ann", right())
    grade(course, "small")
    api = course.api()
    result = api.autograde("small", "ann", force=True)
    assert not result["success"]
    assert "classroom grade" in result["log"]
    assert points(course) == {"ann": (FULL, True)}
    kernel = {"argv": ["touch", str(tmp_path / "ran")], "display_name": "k", "language": "python"}
    write(tmp_path / "kernels" / "k" / "kernel.json", json.dumps(kernel))
    start = (
        "from jupyter_client.kernelspec import KernelSpecManager\n"
        "from jupyter_client.manager import KernelManager\n"
        "from classroom.course import Course\n"
        f"specs = KernelSpecManager(kernel_dirs=[{str(tmp_path / 'kernels')!r}])\n"
        "manager = KernelManager(kernel_name='k', kernel_spec_manager=specs)\n"
    )
    grading = f"Course.load({str(course.root)!r}).api()\n"
    for before, ran in ((grading, False), ("", True)):
        done = subprocess.run(
            [sys.executable, "-c", f"{start}{before}manager.start_kernel()"],
            env={k: v for k, v in os.environ.items() if "PROVISIONER" not in k},
            capture_output=True,
            text=True,
        )
        assert ("NoSuchKernel" in done.stderr) is not ran, done.stderr
        assert (tmp_path / "ran").exists() is ran


def test_the_gradebook_is_written_quickly(course: Course) -> None:
    """A class of thirty is marked in seconds: verdicts are there, the gradebook is written."""
    roster = "id\n" + "".join(f"s{n}\n" for n in range(31))
    (course.root / "roster.csv").write_text(roster)
    submit(course, "s0", right())
    grade(course, "small")
    kept = (course.root / "verdicts/small/s0.json").read_text()
    for number in range(1, 31):
        submit(course, f"s{number}", right())
        write(course.verdict_file("small", f"s{number}"), kept)
    start = time.process_time()
    done: Graded = grade(course, "small")
    assert done.judged == 0
    assert len(done.marked) == 30
    assert time.process_time() - start < 30 * 0.3


@pytest.mark.parametrize("kind", ["server extension", "labextension"])
def test_nothing_of_the_classroom_is_in_a_readers_jupyterlab(kind: str) -> None:
    """A formgrader there would run students' programs without a sandbox."""
    command = [Path(sys.executable).with_name("jupyter"), *kind.split(), "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    listed = [line for line in (done.stdout + done.stderr).splitlines() if "abled" in line]
    found = [line for line in listed if "nbgrader" in line or "jupytext" in line]
    assert len(found) >= 2
    assert all("disabled" in line for line in found), found

"""A class that does not exist, and what it hands in: to try everything before it matters.

There are right and blank submissions, half of one, each mistake of the assignment, odd names, late
ones, two of one student, and notebooks that have lost all metadata. On request there is what
somebody could do on purpose.
"""

import copy
import csv
import io
import json
import random
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from classroom.course import Course, Student
from classroom.errors import Refused
from classroom.files import LARGEST_NOTEBOOK, MEGABYTE, write
from classroom.layouts import LAYOUTS, sortable
from classroom.source import Assignment
from classroom.times import write_time

FIRST = (
    "Ann", "Jo Ann", "Zoë", "José María", "Nguyễn", "Bjørn", "Siobhán", "Łukasz", "Mary-Jane",
    "Noël", "Aylin", "Dmitri", "Chloé", "Emre", "Fatima", "Goran", "Hana", "Imre", "Jürgen", "Kofi",
)  # fmt: skip
LAST = (
    "Lee", "O'Neil", "de la Cruz", "Ødegård", "van der Berg", "Müller", "D'Angelo", "Şahin",
    "Kowalski-Nowak", "Nguyễn", "García Márquez", "Ó Briain", "Smith", "Åström", "Mbeki", "Çelik",
)  # fmt: skip
DUE = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
LINK = 0o120777 << 16


@dataclass
class Part:
    """A file of the class: its name, its content, and what is odd about it."""

    name: str
    content: bytes
    attributes: int = 0o100644 << 16
    flags: int = 0


@dataclass
class MadeUp:
    """A class: its students, its files, and what each student must get.

    Attributes
    ----------
    expected : list of (str, str, str)
        Student, what was handed in, and the automatic mark; "" where it is not known beforehand.
    times : list of (str, str)
        Student and time, for layouts whose names do not say it.
    """

    students: list[Student] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    expected: list[tuple[str, str, str]] = field(default_factory=list)
    times: list[tuple[str, str]] = field(default_factory=list)


def make(
    assignment: Assignment,
    students: int,
    seed: int,
    layout: str = "plain",
    hostile: bool = False,
    due: datetime = DUE,
) -> MadeUp:
    """Return a class, the same for the same arguments.

    Parameters
    ----------
    assignment : Assignment
        What is handed in.
    students : int
        How many there are.
    seed : int
        Which class.
    layout : str
        How the files are named: one of `layouts.LAYOUTS`.
    hostile : bool
        Whether there are also submissions that must be refused.
    due : datetime
        When it is due.
    """
    rng = random.Random(f"{seed} {assignment.name}")
    made = MadeUp(students=_students(students, rng))
    versions = _versions(assignment)
    kinds = list(versions)
    for number, student in enumerate(made.students):
        kind = kinds[number % len(kinds)]
        notebook, mark = versions[kind]
        late = rng.randint(1, 4 * 24 * 60) if number % 5 == 3 else -rng.randint(1, 3 * 24 * 60)
        when = due + timedelta(minutes=late)
        if number % 7 == 2 and layout == "plain":
            early = when - timedelta(days=1)
            first = versions["blank"][0]
            made.parts.append(_part(layout, assignment, student, number, early, first, False))
        if number % 6 == 4:
            notebook, kind = _stripped(notebook), f"{kind}, without metadata"
        made.parts.append(_part(layout, assignment, student, number, when, notebook, late > 0))
        made.expected.append((student.id, kind, "" if mark is None else f"{mark:g}"))
        made.times.append((student.id, write_time(when)))
    if hostile:
        _add_hostile(made, assignment, layout, due)
    return made


def _students(count: int, rng: random.Random) -> list[Student]:
    """Return people with odd names; the first two are ann and joann."""
    found: dict[str, Student] = {}
    while len(found) < count:
        number = len(found)
        first = FIRST[number] if number < 2 else rng.choice(FIRST)
        last = LAST[0] if number < 2 else rng.choice(LAST)
        name = "".join(letter for letter in first.lower() if letter.isascii() and letter.isalnum())
        student_id = name if number < 2 else f"{name}{100 + number}"
        if any((one.first_name, one.last_name) == (first, last) for one in found.values()):
            last = f"{last} {number}"
        mail = f"{student_id}@school.example"
        found[student_id] = Student(student_id, first, last, mail, str(70_000 + number))
    return list(found.values())


def _versions(assignment: Assignment) -> dict[str, tuple[NotebookNode, float | None]]:
    """Return what can be handed in, and its automatic mark where that is known."""
    solution, blank = assignment.solution_notebook(), assignment.release_notebook()
    full = float(sum(item.points for item in assignment.items.values()))
    half = copy.deepcopy(blank)
    tasks = [n for n, cell in enumerate(blank.cells) if _is_answer(cell)]
    for place in tasks[: len(tasks) // 2]:
        half.cells[place].source = solution.cells[place].source
    found: dict[str, tuple[NotebookNode, float | None]] = {
        "right": (solution, full),
        "blank": (blank, 0.0),
        "half": (half, None),
    }
    for mistake in assignment.mistakes.values():
        found[mistake.name] = (assignment.with_mistake(mistake.name), float(mistake.mark))
    for notebook, _ in found.values():
        for cell in notebook.cells:
            if _is_answer(cell) and cell.cell_type == "markdown" and "Rubric:" in cell.source:
                cell.source = cell.source.partition("Rubric:")[0].strip()
    return found


def _is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _stripped(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook as some programs save it: no metadata, no ids of nbgrader's."""
    bare = copy.deepcopy(notebook)
    for number, cell in enumerate(bare.cells):
        cell.metadata = NotebookNode()
        cell.id = f"new-{number}"
    return bare


def _part(
    layout: str,
    assignment: Assignment,
    student: Student,
    number: int,
    when: datetime,
    notebook: NotebookNode,
    late: bool,
) -> Part:
    name = file_name(layout, student, assignment.name, when, number, late=late)
    return Part(name, nbformat.writes(notebook).encode())


def file_name(
    layout: str, student: Student, assignment: str, when: datetime, number: int, late: bool
) -> str:
    """Return how a learning platform would call a submission."""
    if layout == "plain":
        return f"{student.id}_{write_time(when).replace(':', '-')}_{assignment}.ipynb"
    if layout == "moodle":
        return f"{student.name}_{5000 + number}_assignsubmission_file_/{assignment}.ipynb"
    flag = "LATE_" if late else ""
    return f"{sortable(student)}_{flag}{student.lms_user_id}_{9000 + number}_{assignment}.ipynb"


# --- on purpose ---


def _add_hostile(made: MadeUp, assignment: Assignment, layout: str, due: datetime) -> None:
    """Add what must be refused; each is somebody's, so that the name is not the reason."""
    good = nbformat.writes(assignment.solution_notebook()).encode()
    for number, (kind, part) in enumerate(_hostile(good), start=len(made.students)):
        student = Student(f"hostile-{kind}", "Hostile", kind, "", str(70_000 + number))
        name = file_name(layout, student, assignment.name, due, number, late=False)
        if kind == "time":
            name = f"{student.id}_2026-13-45T99-00-00+00-00_{assignment.name}.ipynb"
        elif kind == "stranger":
            made.parts.append(Part(name, good))
            continue
        elif part.name:
            name = part.name.format(name=name)
        made.students.append(student)
        made.parts.append(Part(name, part.content, part.attributes, part.flags))


def _hostile(good: bytes) -> Iterator[tuple[str, Part]]:
    yield "link", Part("", b"/etc/passwd", LINK)
    yield "slip", Part("../../{name}", good)
    yield "absolute", Part("/tmp/{name}", good)
    yield "backslash", Part("..\\..\\{name}", good)
    yield "encrypted", Part("", good, flags=1)
    yield "bomb", Part("", bytes(200 * MEGABYTE))
    yield "large", Part("", b" " * (LARGEST_NOTEBOOK + 1))
    yield "stranger", Part("", good)
    yield "time", Part("", good)
    yield "text", Part("", b"I could not do it.")
    yield "list", Part("", b"[1, 2, 3]")
    yield "deep", Part("", b"[" * 100_000)
    yield "cells", Part("", json.dumps({"nbformat": 4, "cells": [{"cell_type": "x"}]}).encode())


# --- files ---


def write_class(
    course: Course, assignment: Assignment, made: MadeUp, zipped: bool, layout: str
) -> Path:
    """Write a class below `made-up/` of a course, and its students into an empty roster.

    Returns
    -------
    Path
        The zip or the folder, which `classroom collect` takes.

    Raises
    ------
    Refused
        The roster has other students, or the layout is unknown.
    """
    if layout not in LAYOUTS:
        raise Refused(f"There is no layout {layout!r}; known are {', '.join(LAYOUTS)}.")
    roster = course.roster()
    if roster and not {student.id for student in made.students} <= set(roster):
        raise Refused(
            "roster.csv has other students. A made-up class needs a course of its own: "
            "`classroom init` makes one."
        )
    if not roster:
        rows = [list(vars(student).values()) for student in made.students]
        write(course.root / "roster.csv", _csv([list(vars(Student("x"))), *rows]))
    folder = course.root / "made-up"
    write(
        folder / f"{assignment.name}.expected.csv",
        _csv([("id", "handed in", "mark"), *made.expected]),
    )
    write(folder / f"{assignment.name}.times.csv", _csv([("id", "time"), *made.times]))
    if zipped:
        return _zip(folder / f"{assignment.name}.zip", made.parts)
    return _folder(folder / assignment.name, made.parts)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _zip(path: Path, parts: list[Part]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            info = zipfile.ZipInfo(part.name)  # with the same date for all: the same bytes again
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, part.attributes
            archive.writestr(info, part.content)
            info.flag_bits |= part.flags
    return path


def _folder(folder: Path, parts: list[Part]) -> Path:
    for part in parts:
        if ".." in part.name or part.name.startswith("/") or "\\" in part.name or part.flags:
            continue  # there can be no such file in a folder
        path = folder / part.name
        path.parent.mkdir(parents=True, exist_ok=True)
        if part.attributes == LINK:
            path.unlink(missing_ok=True)
            path.symlink_to(part.content.decode())
        else:
            write(path, part.content)
    return folder

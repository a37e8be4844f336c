"""A page for each student: points and what was found for each item, comments, total.

nbgrader's GenerateFeedback makes the pages of the autograded notebooks. What it makes is then
cleaned and put into a page of ours with a Content-Security-Policy, under which nothing runs and
nothing is asked of elsewhere.
"""

import hashlib
import html
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbconvert.exporters import TemplateExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook, SubmittedNotebook
from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.exchange import ExchangeError
from nbgrader.preprocessors import GetGrades
from nbgrader.utils import temp_attrs
from tqdm import tqdm

from classroom import marking, markup
from classroom.course import TEMPLATES, Course
from classroom.errors import Refused
from classroom.files import read, write
from classroom.source import Assignment

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)
BOLD_START = re.compile(r"\s*\*\*[^*]*\*\*")
SIGNS = re.compile(r"[*`#]")
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


@dataclass
class Made:
    """What became of the pages."""

    written: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    released: list[str] = field(default_factory=list)


def feedback(
    course: Course,
    name: str,
    students: list[str] | None = None,
    to_exchange: bool = False,
    force: bool = False,
) -> Made:
    """Write the pages of all whose marks were written.

    Parameters
    ----------
    course : Course
        The course.
    name : str
        The assignment.
    students : list of str, optional
        Whose pages; those of all if left out.
    to_exchange : bool
        Whether to give them back through nbgrader's exchange, too.
    force : bool
        Whether to write again what is up to date.

    Raises
    ------
    Refused
        Nobody's marks were written yet, or there is no exchange.
    """
    if to_exchange and course.exchange is None:
        raise Refused("course.toml names no exchange. Give your students their pages yourself.")
    assignment, made = course.assignment(name), Made()
    with course.gradebook() as gradebook:
        if not gradebook.assignment_submissions(name):
            raise Refused(f"Nothing was graded: `classroom grade {course.root} {name}`.")
        marking.assign_penalties(course, gradebook, name)
        pages = _pages(course, gradebook, assignment, students, force)
        with pages.progress:
            pages.make()
        made.written, made.skipped = pages.written, pages.skipped
        made.failed = pages.failed
        made.waiting = {who: waiting for who, waiting in pages.waiting.items() if waiting}
    if to_exchange:
        _release(course, name, made)
    return made


def _pages(
    course: Course,
    gradebook: Gradebook,
    assignment: Assignment,
    students: list[str] | None,
    force: bool,
) -> "Pages":
    api = course.api()
    api.coursedir.assignment_id = api.coursedir.notebook_id = assignment.name
    pages = Pages(coursedir=api.coursedir, parent=api)
    pages.course, pages.force, pages.only = course, force, students
    pages.marks = Marks(parent=pages)
    pages.marks.gradebook, pages.marks.course, pages.marks.assignment = (
        gradebook,
        course,
        assignment,
    )
    pages.preprocessors = [pages.marks]
    pages.exporter_class = PageExporter
    pages.begin()
    return pages


class Pages(GenerateFeedback):
    """nbgrader's feedback, for many students with one exporter and one open gradebook."""

    course: Course
    marks: "Marks"
    only: list[str] | None

    def begin(self) -> None:
        """Start to count."""
        self.written: list[str] = []
        self.skipped: list[str] = []
        self.failed: list[tuple[str, str]] = []
        self.waiting: dict[str, list[str]] = {}
        total = len(self.only) if self.only is not None else None
        self.progress = tqdm(total=total, desc="Feedback", unit="page", disable=None)

    def make(self) -> None:
        """Make the pages; what nbgrader says in the end is that one or more were not made."""
        try:
            self.start()
        except NbGraderException as error:
            if not self.failed:
                raise Refused(f"nbgrader made no pages: {error}") from None

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Say whether a page has to be made; what the page says is known by then."""
        if self.only is not None and student_id not in self.only:
            return False
        self.progress.update()
        try:
            self.digest, self.waiting[student_id] = self.marks.state(student_id)
        except Exception as error:
            self.failed.append((student_id, f"{error}"))
            return False
        place = self.course.place("feedback", student_id, assignment_id)
        made, page = place / "made", place / f"{assignment_id}.html"
        there = not self.force and page.is_file() and made.is_file()
        if there and made.read_text() == f"{self.digest} {_sha(page.read_bytes())}":
            self.skipped.append(student_id)
            return False
        made.unlink(missing_ok=True)
        return True

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Take along what nbgrader's exchange needs, and no file of the student's."""
        for name in ("timestamp.txt", "submission_secret.txt"):
            old = self.course.place("autograded", student_id, assignment_id) / name
            new = self.course.place("feedback", student_id, assignment_id) / name
            if old.is_file():
                write(new, old.read_bytes())
            else:
                new.unlink(missing_ok=True)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        student = Path(notebook_filename).parent.parent.name
        try:
            super().convert_single_notebook(notebook_filename)
            name = self.coursedir.assignment_id
            place = self.course.place("feedback", student, name)
            page = (place / f"{name}.html").read_bytes()
            write(place / "made", f"{self.digest} {_sha(page)}")
            self.written.append(student)
        except Exception as error:
            self.failed.append((student, f"{type(error).__name__}: {error}"))
            raise


class PageExporter(TemplateExporter):
    """nbconvert with our template and our Markdown, and the last stage behind it."""

    file_extension = ".html"
    output_mimetype = "text/html"

    def __init__(self, **about: Any) -> None:
        super().__init__(**about)
        self.register_filter("markdown2html", markup.markdown_html)
        self.register_filter("code_html", markup.code_html)

    def from_notebook_node(  # type: ignore[override]  # as nbconvert's own exporters of text do
        self, nb: NotebookNode, resources: Any = None, **about: Any
    ) -> tuple[str, Any]:
        """Return the page of a notebook."""
        body, resources = super().from_notebook_node(nb, resources, **about)
        return page(resources["page"]["title"], body), resources


def page(title: str, body: str) -> str:
    """Return a page that holds what is harmless of this body."""
    style = (TEMPLATES / "page" / "page.css").read_text(encoding="utf-8")
    return PAGE.format(
        policy=html.escape(POLICY), title=html.escape(title), style=style, body=markup.clean(body)
    )


class Marks(GetGrades):
    """Looks up everything that a page says besides the notebook."""

    gradebook: Gradebook
    course: Course
    assignment: Assignment

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        marks = self.of(resources["nbgrader"]["student"])
        resources["page"] = self.page_data(marks, nb)
        return nb, resources

    def of(self, student: str) -> SubmittedNotebook:
        """Return a student's marks."""
        name = self.assignment.name
        return self.gradebook.find_submission_notebook(name, name, student)

    def state(self, student: str) -> tuple[str, list[str]]:
        """Return a digest of all that a page depends on, and what still waits for the teacher."""
        marks, name = self.of(student), self.assignment.name
        notebook = read(self.course.root, f"autograded/{student}/{name}/{name}.ipynb", 100 << 20)
        grades = marking.grades(self.gradebook, marks)
        comments = marking.comments(self.gradebook, marks)
        known = [
            [(item, grade.score, grade.needs_manual_grade) for item, grade in grades.items()],
            [(item, comment.comment) for item, comment in comments.items()],
            str(marks.late_submission_penalty),
            str(marks.assignment.timestamp),
            repr(self.course.roster().get(student)),
            self.course.course_id,
            self.assignment.digest,
            _ourselves(),
        ]
        waiting = [item for item, grade in grades.items() if grade.needs_manual_grade]
        return _sha(json.dumps(known).encode() + notebook), waiting

    def page_data(self, marks: SubmittedNotebook, nb: NotebookNode) -> dict[str, Any]:
        """Return what the template asks for."""
        course, assignment = self.course, self.assignment
        grades = marking.grades(self.gradebook, marks)
        comments = marking.comments(self.gradebook, marks)
        titles = {name: item.title for name, item in assignment.items.items()}
        titles |= {name: _question(nb, name) for name in assignment.questions}
        cells = []
        for cell in nb.cells:
            about = cell.metadata.get("nbgrader", {})
            name = about.get("grade_id", "")
            said = comments.get(name)
            part: dict[str, Any] = {
                "kind": _kind(about),
                "name": name,
                "comment": said.comment if said else None,
            }
            if name in grades:
                grade = grades[name]
                waits = grade.needs_manual_grade
                part |= {
                    "title": titles.get(name, name),
                    "points": None if waits else number(grade.score),
                    "maximum": number(about["points"]),
                    "message": cell.metadata.get("classroom", {}).get("message", ""),
                }
                if waits:
                    part["message"] = f"Not graded yet. {part['message']}".strip()
                elif part["kind"] == "answer":
                    part["message"] = "There is a comment." if part["comment"] else ""
            cells.append(part)
        parts = [part for part in cells if part["name"] in grades]
        penalty = marks.late_submission_penalty or 0.0
        handed_in = marks.assignment.timestamp
        student = course.roster().get(marks.student.id)
        return {
            "course": course.course_id,
            "title": assignment.title,
            "student": student.name if student else marks.student.id,
            "handed_in": f"{handed_in:%Y-%m-%d %H:%M} UTC" if handed_in else "",
            "total": number(max(marks.score - penalty, 0.0)),
            "reached": number(marks.score),
            "maximum": number(marks.max_score),
            "penalty": number(penalty) if penalty else "",
            "waiting": sum(part["points"] is None for part in parts),
            "parts": parts,
            "cells": cells,
        }


def _kind(about: dict[str, Any]) -> str:
    if about.get("grade"):
        return "answer" if about.get("solution") else "test"
    return "task" if about.get("solution") else "given" if about else "own"


def _question(nb: NotebookNode, name: str) -> str:
    """Return the first words of a question, without what makes them bold."""
    for cell in nb.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == f"question-{name}":
            words = SIGNS.sub("", BOLD_START.sub("", cell.source)).split()
            text = " ".join(words)
            return text if len(text) <= 80 else f"{text[:80].rpartition(' ')[0]} ..."
    return name


def number(value: float) -> str:
    """Return points as they are written: 3, and 2.5.

    Examples
    --------
    >>> number(3.0), number(2.25)
    ('3', '2.25')
    """
    return f"{round(value, 2):g}"


def _ourselves() -> str:
    """Return a digest of what makes the pages."""
    here = Path(__file__).parent
    files = [here / "feedback.py", here / "markup.py", *sorted((TEMPLATES / "page").iterdir())]
    return _sha(b"".join(path.read_bytes() for path in files))


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _release(course: Course, name: str, made: Made) -> None:
    """Give pages back through the exchange, to those who handed in through it."""
    api = course.api()
    for student in made.written + made.skipped:
        place = course.place("feedback", student, name)
        if not all((place / file).is_file() for file in ("timestamp.txt", "submission_secret.txt")):
            made.failed.append((student, "It was not handed in through the exchange."))
            continue
        with temp_attrs(api.coursedir, assignment_id=name, student_id=student):
            # nbgrader's api.release_feedback does this, too, but misspells an argument.
            give = api.exchange.ReleaseFeedback(
                coursedir=api.coursedir, authenticator=api.authenticator, parent=api
            )
            try:
                give.start()
                made.released.append(student)
            except (ExchangeError, OSError) as error:
                made.failed.append((student, str(error)))

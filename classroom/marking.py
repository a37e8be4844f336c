"""Verdicts into nbgrader: into the cells of the autograded notebook, and into the gradebook.

nbgrader would run the student's code here and read marks from what it printed: a test without
output gets full marks there. Nothing is run here. Each mark is a number of the verdict, or nothing
where there is none, and a test without a verdict is an error.
"""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import BaseCell, Comment, Grade, Gradebook, MissingEntry, SubmittedNotebook
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import (
    AssignLatePenalties,
    LimitOutput,
    NbGraderPreprocessor,
    OverwriteCells,
    SaveAutoGrades,
)
from traitlets import Enum, Float

from classroom.course import Course, Late, Student
from classroom.errors import Refused
from classroom.repair import MISSING
from classroom.verdict import ItemVerdict, Verdict

NOT_GRADED = "not graded yet"
BLANK = "No response."  # nbgrader's words for an answer that is as it was handed out
TAG = re.compile(r"<(?=[A-Za-z/!?])")
MOST_TEXT = 200_000  # characters of a student's own text that are shown
WORD_JOINER = "\u2060"  # has no width


@dataclass
class Work:
    """What is to be marked.

    Attributes
    ----------
    student : Student
        Whose it is.
    notebook : NotebookNode
        The repaired submission.
    verdict : Verdict
        What the hidden tests found.
    handed_in : datetime or None
        When; None is never late.
    marked_before : dict of str to str
        Digests of the answers as they were when the last marks were given.
    """

    student: Student
    notebook: NotebookNode
    verdict: Verdict
    handed_in: datetime | None = None
    marked_before: dict[str, str] = field(default_factory=dict)


class Marker(Autograde):
    """nbgrader's autograding with a verdict in place of a kernel, and one open gradebook.

    `work` is set before each start. What failed is in `failure`: nbgrader logs it and raises
    something else.
    """

    gradebook: Gradebook
    handed_out: "HandedOut"
    work: Work
    failure: Exception | None = None

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Make the entries of the gradebook. No file of the student's is copied."""
        student = self.work.student
        about = {
            name: getattr(student, name) or None
            for name in ("first_name", "last_name", "email", "lms_user_id")
        }
        when = self.work.handed_in.replace(tzinfo=None) if self.work.handed_in else None
        with self.gradebook.db.no_autoflush:
            self.gradebook.update_or_create_student(student_id, **about)
            self.gradebook.update_or_create_submission(assignment_id, student_id, timestamp=when)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Pass the repaired notebook, not the file, through all steps and write it."""
        try:
            resources = self.init_single_notebook_resources(notebook_filename)
            notebook = self.work.notebook
            for step in self.steps():
                notebook, resources = step.preprocess(notebook, resources)
            output, resources = self.exporter.from_notebook_node(notebook, resources)
            self.write_single_notebook(output, resources)
        except Exception as error:
            self.failure = error
            raise

    def steps(self) -> list[NbGraderPreprocessor]:
        """Return what is done with a notebook, in this order."""
        overwrite, show = OverwriteChanged(parent=self), ShowVerdict(parent=self)
        save = SaveMarks(parent=self)
        overwrite.gradebook, save.gradebook = self.handed_out, self.gradebook
        show.work = save.work = self.work
        return [overwrite, show, LimitOutput(parent=self), save, Harmless(parent=self)]


class HandedOut:
    """The cells of a notebook as the gradebook has them: read once for the whole class.

    It answers as a `Gradebook` does what `OverwriteCells` asks of it.
    """

    def __init__(self, gradebook: Gradebook, assignment: str) -> None:
        notebook = gradebook.find_notebook(assignment, assignment)
        self.source_cells = [
            SimpleNamespace(
                name=cell.name, cell_type=cell.cell_type, locked=cell.locked, source=cell.source,
                checksum=cell.checksum,
            )
            for cell in notebook.source_cells
        ]  # fmt: skip
        self.grade_cells = [
            SimpleNamespace(name=cell.name, max_score=cell.max_score)
            for cell in notebook.grade_cells
        ]
        self.solution_cells = [SimpleNamespace(name=cell.name) for cell in notebook.solution_cells]

    def find_notebook(self, *_: str) -> "HandedOut":
        return self

    def find_source_cell(self, name: str, *_: str) -> SimpleNamespace:
        return self._find(self.source_cells, name)

    def find_graded_cell(self, name: str, *_: str) -> SimpleNamespace:
        return self._find(self.grade_cells, name)

    @staticmethod
    def _find(cells: list[SimpleNamespace], name: str) -> SimpleNamespace:
        found = next((cell for cell in cells if cell.name == name), None)
        if found is None:
            raise MissingEntry(f"No such cell: {name}")
        return found


class OverwriteChanged(OverwriteCells):
    """nbgrader's second look at the cells: those of the gradebook are there, and as they were."""

    gradebook: HandedOut

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        about = resources["nbgrader"]
        self.notebook_id, self.assignment_id = about["notebook"], about["assignment"]
        nb, resources = NbGraderPreprocessor.preprocess(self, nb, resources)
        if self.add_missing_cells:
            nb, resources = self.add_missing_grade_cells(nb, resources)
        return nb, resources


class ShowVerdict(NbGraderPreprocessor):
    """Puts into the notebook what the cells showed, and below each test what it found."""

    work: Work

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        items = self.work.verdict.items
        tests = {cell.metadata.nbgrader.grade_id: cell for cell in nb.cells if _is_test(cell)}
        if set(tests) != set(items):
            raise Refused(
                f"The notebook has the tests {_names(tests)}, the verdict {_names(items)}: the "
                "assignment is another one now. Run `classroom release` again."
            )
        for number, cell in enumerate(nb.cells):
            if cell.cell_type == "code":
                shown = self.work.verdict.outputs.get(number, [])
                cell.outputs = [NotebookNode(output) for output in shown]
        for name, cell in tests.items():
            if float(cell.metadata.nbgrader.points) != items[name].maximum:
                raise Refused(
                    f"{name} gives {items[name].maximum:g} points, but was handed out for "
                    f"{cell.metadata.nbgrader.points:g}. Run `classroom release` again."
                )
            text = f"{told(items[name])}\n"
            cell.outputs = [NotebookNode(output_type="stream", name="stdout", text=text)]
            cell.metadata["classroom"] = {"message": items[name].message}
        return nb, resources


def told(item: ItemVerdict) -> str:
    """Return a verdict on one item as a line."""
    if item.points is None:
        return f"{NOT_GRADED}: {item.message}"
    return f"{item.points:g} of {item.maximum:g} points: {item.message}"


class SaveMarks(SaveAutoGrades):
    """Writes the marks into the gradebook.

    An item has the points of the verdict; where there are none, it waits for the teacher. An answer
    that was left blank has 0 points; every other answer waits for the teacher, also one that was
    not found. What the teacher has marked stays marked while the answer is the same.
    """

    gradebook: Gradebook
    work: Work

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        about = resources["nbgrader"]
        marks = self.gradebook.find_submission_notebook(
            about["notebook"], about["assignment"], about["student"]
        )
        cells = {cell.metadata.nbgrader.grade_id: cell for cell in nb.cells if _has_id(cell)}
        for name, grade in grades(self.gradebook, marks).items():
            cell = cells[name]
            points = self.points(cell)
            same = grade.auto_score == points and (
                _is_test(cell) or self.work.marked_before.get(name) == answer_digest(cell)
            )
            grade.needs_manual_grade = (
                not same if grade.manual_score is not None else points is None
            )
            grade.auto_score = points
            if not _is_test(cell):
                cell.metadata["classroom"] = {"answer": answer_digest(cell)}
        for name, comment in comments(self.gradebook, marks).items():
            cell = cells.get(name)
            comment.auto_comment = BLANK if cell is not None and is_blank(cell) else None
        self.gradebook.db.commit()
        return nb, resources

    def points(self, cell: NotebookNode) -> float | None:
        """Return the points of a cell that no teacher has looked at; None if it has to wait."""
        if _is_test(cell):
            return self.work.verdict.items[cell.metadata.nbgrader.grade_id].points
        return 0.0 if is_blank(cell) else None


def answer_digest(cell: NotebookNode) -> str:
    """Return what changes when an answer does."""
    return hashlib.sha256(cell.source.encode()).hexdigest()


def grades(gradebook: Gradebook, marks: SubmittedNotebook) -> dict[str, Grade]:
    """Return the grades of a submission by the names of their cells, with one question."""
    return _named(gradebook, Grade, marks)


def comments(gradebook: Gradebook, marks: SubmittedNotebook) -> dict[str, Comment]:
    """Return the comments on a submission by the names of their cells, with one question."""
    return _named(gradebook, Comment, marks)


def _named(gradebook: Gradebook, kind: Any, marks: SubmittedNotebook) -> dict[str, Any]:
    found = gradebook.db.query(BaseCell.name, kind).join(BaseCell, kind.cell_id == BaseCell.id)
    return dict(sorted(found.filter(kind.notebook_id == marks.id).all(), key=lambda pair: pair[0]))


def is_blank(cell: NotebookNode) -> bool:
    """Whether an answer cell is as it was handed out."""
    same = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
    return same and MISSING not in cell.metadata


class Harmless(SanitizeHTML):
    """Takes what a browser could run out of the notebook, for everything that shows it.

    In Markdown nbconvert's own SanitizeHTML would also change `>` and `&`, which mean something
    there. So only what could begin a tag is changed: a sign without width behind the `<`. The
    outputs are text and PNG already; what is none of them is dropped. Of a very long notebook the
    end is cut off, since showing it would take very long, too.
    """

    room = MOST_TEXT

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        cell.pop("attachments", None)
        if not utils.is_locked(cell):
            if len(cell.source) > self.room:
                cell.source = f"{cell.source[: self.room]}\n\n(The rest is not shown: too long.)"
            self.room = max(self.room - len(cell.source), 0)
        if cell.cell_type != "code":
            if not utils.is_locked(cell):
                cell.source = harmless(cell.source)
            return cell, resources
        for output in cell.outputs:
            for kind in set(output.get("data", {})) - {"text/plain", "image/png"}:
                del output.data[kind]
        return cell, resources


def harmless(markdown: str) -> str:
    """Return Markdown in which no tag begins.

    Examples
    --------
    >>> harmless("> 1 < 2, <b>").replace(WORD_JOINER, "|")
    '> 1 < 2, <|b>'
    """
    return TAG.sub(f"<{WORD_JOINER}", markdown)


class Refuse(NbGraderPreprocessor):
    """Stands where nbgrader would run a student's code."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        raise Refused("Nothing is run here. Use `classroom grade`.")


# --- being late ---


class LatePenalty(LateSubmissionPlugin):
    """The points that being late costs, as `course.toml` says."""

    unit = Enum(("points", "percent"), "points").tag(config=True)
    per_day = Float(0.0).tag(config=True)
    cap = Float(0.0).tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float:
        return Late(self.unit, self.per_day, self.cap).penalty(score, total_seconds_late)


def assign_penalties(course: Course, gradebook: Gradebook, assignment: str) -> None:
    """Compute what being late costs everyone, by the marks as they are now.

    nbgrader does so when it autogrades. What a teacher adds afterwards would be left out, and a
    penalty stays limited by the points there were before.
    """
    penalties = AssignLatePenalties(config=course.config())
    penalties.init_plugin()
    due = course.due.get(assignment)
    gradebook.update_or_create_assignment(
        assignment, duedate=due.replace(tzinfo=None) if due else None
    )
    gradebook.db.expire_all()
    for marks in gradebook.notebook_submissions(assignment, assignment):
        late = marks.assignment.total_seconds_late
        cost = penalties.plugin_inst.late_submission_penalty(marks.student.id, marks.score, late)
        marks.late_submission_penalty = penalties._check_late_penalty(marks, cost) or None
    gradebook.db.commit()


def _is_test(cell: NotebookNode) -> bool:
    return bool(utils.is_grade(cell) and not utils.is_solution(cell))


def _has_id(cell: NotebookNode) -> bool:
    return "grade_id" in cell.metadata.get("nbgrader", {})


def _names(names: Any) -> str:
    return ", ".join(sorted(names)) or "(none)"


def marker(course: Course, gradebook: Gradebook, assignment: str) -> Marker:
    """Return what marks submissions of an assignment."""
    api = course.api()
    directory: CourseDirectory = api.coursedir
    directory.assignment_id = directory.notebook_id = assignment
    made = Marker(coursedir=directory, parent=api)
    made.gradebook, made.handed_out, made.force = gradebook, HandedOut(gradebook, assignment), True
    return made


def mark(marker: Marker, work: Work) -> None:
    """Write one submission's marks and its autograded notebook.

    Raises
    ------
    Refused
        It was not marked; the message says why.
    """
    marker.coursedir.student_id = work.student.id
    marker.work, marker.failure = work, None
    try:
        marker.start()
    except Exception as error:  # nbgrader's own says only that there was one
        marker.gradebook.db.rollback()
        if isinstance(marker.failure, Refused):
            raise marker.failure from None
        raise Refused(f"nbgrader did not mark it: {marker.failure or error!r}") from error

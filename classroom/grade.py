"""All submissions of an assignment, judged and marked.

Verdicts are made first and kept, since they take the time; the gradebook is written from this
process alone. What is up to date is left as it is, so a run that was interrupted goes on where it
was.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from tqdm import tqdm

from classroom import collect, repair
from classroom.course import Course, Student
from classroom.errors import Refused
from classroom.files import LARGEST_NOTEBOOK, MEGABYTE, read, walk, write
from classroom.many import verdicts
from classroom.source import Assignment
from classroom.times import write_time
from classroom.verdict import Verdict

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

WORTH_A_PROCESS = 15  # submissions: for fewer, starting a process takes longer than it saves
# Raised when what is written changes, so that all is written again.
VERSION = "1"


@dataclass(frozen=True)
class Submission:
    """A submission that can be judged: repaired, and with the digests of what marks depend on."""

    student: Student
    notebook: nbformat.NotebookNode
    handed_in: datetime | None
    secret: bytes
    judged_by: str  # digest of what a verdict depends on

    @property
    def content(self) -> bytes:
        """The repaired notebook, as it is judged."""
        text: str = nbformat.writes(self.notebook)
        return text.encode()

    @property
    def marked_by(self) -> str:
        """Digest of what the entry in the gradebook depends on."""
        when = write_time(self.handed_in) if self.handed_in else ""
        return _digest(self.judged_by, when, repr(self.student))


@dataclass
class Graded:
    """What a run did.

    Attributes
    ----------
    marked, skipped : list of str
        Students whose marks were written, and whose were up to date.
    judged : int
        How many programs were run.
    failed : list of (str, str)
        Students, and why they were not graded.
    waiting : dict of str to list of str
        What a teacher has to mark, by student.
    notes : list of (str, str)
        Students, and what a teacher should know.
    """

    marked: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    judged: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)


def grade(
    course: Course,
    name: str,
    students: list[str] | None = None,
    jobs: int = 1,
    force: bool = False,
    scheduler: str | None = None,
) -> Graded:
    """Judge and mark what was collected.

    Parameters
    ----------
    course : Course
        The course.
    name : str
        The assignment.
    students : list of str, optional
        Whose submissions; those of all if left out.
    jobs : int
        How many are judged at a time.
    force : bool
        Whether to judge and mark again what is up to date.
    scheduler : str, optional
        The address of a dask scheduler whose workers judge.

    Raises
    ------
    Refused
        The assignment was not released, or nothing was collected.
    NoSandbox
        Programs cannot be run safely here. Nothing was graded.
    """
    assignment, key, report = course.assignment(name), course.key(), Graded()
    name = assignment.name
    release = released(course, assignment)
    submissions = _submissions(course, assignment, key, release, students, report)
    kept: dict[str, Verdict] = {}
    for student, submission in submissions.items():
        if force:  # forgotten now, so that a run that is interrupted is gone on with
            course.verdict_file(name, student).unlink(missing_ok=True)
            _marked(course, name, student).unlink(missing_ok=True)
        old = kept_verdict(course, name, student, submission.judged_by)
        if old is not None:
            kept[student] = old
    with course.gradebook() as gradebook:
        marks = _Marks(course, gradebook, name, report)
        for student, old in kept.items():
            marks.write(submissions[student], old)
        new = [student for student in submissions if student not in kept]
        if new:
            todo = ((student, submissions[student].content) for student in new)
            jobs = min(jobs, 1 + len(new) // WORTH_A_PROCESS)
            found = verdicts(todo, assignment, key, jobs=jobs, scheduler=scheduler)
            for student, made in tqdm(found, total=len(new), desc="Grading", disable=None):
                report.judged += 1
                if isinstance(made, Refused):
                    report.failed.append((student, str(made)))
                    continue
                _keep(course, name, submissions[student], made)
                marks.write(submissions[student], made)
        marks.finish()
    return report


# --- submissions ---


def released(course: Course, assignment: Assignment) -> nbformat.NotebookNode:
    """Return the notebook that was handed out.

    Raises
    ------
    Refused
        There is none, or the assignment has changed since.
    """
    name = assignment.name
    path = course.root / "release" / name / f"{name}.ipynb"
    if not path.is_file():
        raise Refused(f"{name} was not released: `classroom release {course.root} {name}`.")
    release: nbformat.NotebookNode = nbformat.read(path, as_version=4)
    now = assignment.release_notebook()
    if [(cell.id, cell.source) for cell in release.cells] != [
        (cell.id, cell.source) for cell in now.cells
    ]:
        raise Refused(
            f"{name} is another one than was handed out. To grade by what it is now: "
            f"`classroom release {course.root} {name}`; else bring the old one back."
        )
    return release


def _submissions(
    course: Course,
    assignment: Assignment,
    key: bytes,
    release: nbformat.NotebookNode,
    students: list[str] | None,
    report: Graded,
) -> dict[str, Submission]:
    """Read what was collected, as if it had not been looked at before."""
    roster, there = course.roster(), course.submitted(assignment.name)
    for unknown in sorted(set(students or []) - set(there)):
        report.failed.append((unknown, "There is no submission."))
    if not there:
        raise Refused(
            f"Nothing was collected: `classroom collect {course.root} {assignment.name}`."
        )
    by = _digest(
        VERSION, assignment.digest, hashlib.sha256(key).hexdigest(), nbformat.writes(release)
    )
    found = {}
    for student in there if students is None else sorted(set(students) & set(there)):
        try:
            if student not in roster:
                raise Refused(f"Nobody in roster.csv is {student!r}.")
            found[student] = _submission(course, assignment.name, roster[student], release, by)
        except Refused as why:
            report.failed.append((student, str(why)))
    return found


def _submission(
    course: Course, name: str, student: Student, release: nbformat.NotebookNode, by: str
) -> Submission:
    place = f"submitted/{student.id}/{name}"
    for file, wrong in walk_all(course.root, place):
        if wrong:
            raise Refused(f"{place}/{file} is {wrong}. Collect it again.")
    content = read(course.root, f"{place}/{name}.ipynb", LARGEST_NOTEBOOK)
    notebook = repair.repair(repair.read(content), release)
    with suppress(Refused):
        secret = b""
        secret = read(course.root, f"{place}/submission_secret.txt", 1000)
    return Submission(
        student,
        notebook,
        collect.handed_in(course, name, student.id),
        secret,
        _digest(by, hashlib.sha256(content).hexdigest()),
    )


def walk_all(root: Path, place: str) -> Iterator[tuple[str, str]]:
    """Yield what is below a folder of the course; the folder itself may be no link either."""
    folder = root
    for part in place.split("/"):
        folder = folder / part
        if folder.is_symlink():
            raise Refused(f"{folder} is a symbolic link. Remove it and collect again.")
    return walk(folder)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


# --- verdicts that are kept ---


def kept_verdict(course: Course, assignment: str, student: str, judged_by: str) -> Verdict | None:
    """Return a verdict from an earlier run, or None where there is none of just this submission."""
    try:
        data = json.loads(
            read(course.root, f"verdicts/{assignment}/{student}.json", 100 * MEGABYTE)
        )
        return Verdict.from_json(json.dumps(data["verdict"])) if data["by"] == judged_by else None
    except (Refused, ValueError, KeyError, TypeError):
        return None


def _keep(course: Course, assignment: str, submission: Submission, made: Verdict) -> None:
    data = {"by": submission.judged_by, "verdict": json.loads(made.as_json())}
    path = course.verdict_file(assignment, submission.student.id)
    write(path, json.dumps(data, indent=1) + "\n")


# --- marks ---


def _marked(course: Course, assignment: str, student: str) -> Path:
    """Return the file that says of what a mark was made."""
    return course.place("autograded", student, assignment) / "marked"


class _Marks:
    """Writes verdicts into the gradebook, and knows which are there already."""

    def __init__(
        self, course: Course, gradebook: "Gradebook", assignment: str, report: Graded
    ) -> None:
        from classroom import marking  # brings nbgrader, which takes a second

        self.course, self.gradebook, self.assignment = course, gradebook, assignment
        self.report, self.marking = report, marking
        self.marker = marking.marker(course, gradebook, assignment)
        submissions = gradebook.assignment_submissions(assignment)
        self.known = {submission.student.id for submission in submissions}

    def write(self, submission: Submission, made: Verdict) -> None:
        student = submission.student.id
        self.report.notes += [(student, note) for note in made.notes]
        place = self.course.place("autograded", student, self.assignment)
        mark = _marked(self.course, self.assignment, student)
        up_to_date = student in self.known and mark.is_file()
        if up_to_date and mark.read_text() == submission.marked_by:
            self.report.skipped.append(student)
            return
        before = _answers(place / f"{self.assignment}.ipynb")
        mark.unlink(missing_ok=True)
        work = self.marking.Work(
            submission.student, submission.notebook, made, submission.handed_in, before
        )
        try:
            self.marking.mark(self.marker, work)
        except Refused as why:
            self.report.failed.append((student, str(why)))
            return
        if submission.handed_in:
            write(place / "timestamp.txt", write_time(submission.handed_in))
        if submission.secret:
            write(place / "submission_secret.txt", submission.secret)
        write(mark, submission.marked_by)
        self.report.marked.append(student)

    def finish(self) -> None:
        """Compute what being late costs, and say what waits for the teacher."""
        self.marking.assign_penalties(self.course, self.gradebook, self.assignment)
        for marks in self.gradebook.notebook_submissions(self.assignment, self.assignment):
            grades = self.marking.grades(self.gradebook, marks)
            waiting = [name for name, grade in grades.items() if grade.needs_manual_grade]
            if waiting:
                self.report.waiting[marks.student.id] = waiting


def _answers(path: Path) -> dict[str, str]:
    """Return the digests of the answers of an autograded notebook, by their ids."""
    if not os.path.isfile(path):
        return {}
    cells = nbformat.read(path, as_version=4).cells
    return {
        cell.metadata.nbgrader.grade_id: cell.metadata.classroom.answer
        for cell in cells
        if "answer" in cell.metadata.get("classroom", {})
    }

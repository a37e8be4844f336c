"""Marks as a table: one row for each student and assignment."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from nbgrader.api import Gradebook, MissingEntry, SubmittedNotebook

from classroom import marking
from classroom.course import Course, Student
from classroom.errors import Refused
from classroom.feedback import number

COLUMNS = (
    "id", "last_name", "first_name", "assignment", "items", "manual", "late_penalty", "total",
    "maximum", "state",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(course: Course, names: Iterable[str] = (), details: bool = False) -> str:
    """Return the marks as CSV.

    `items` are the automatic points, `manual` those of the teacher, and `total` is both without
    what being late costs. `state` says whether that is `final`.

    Parameters
    ----------
    course : Course
        The course.
    names : iterable of str
        Which assignments; all that were released if there is none.
    details : bool
        Whether each item has a column, too.

    Raises
    ------
    Refused
        One of the assignments is not in the gradebook.
    """
    rows: list[dict[str, str]] = []
    with course.gradebook() as gradebook:
        for name in list(names) or sorted(known.name for known in gradebook.assignments):
            try:
                notebook = gradebook.find_notebook(name, name)
            except MissingEntry:
                raise Refused(
                    f"{name} is not in the gradebook: `classroom release {course.root} {name}`."
                ) from None
            marking.assign_penalties(course, gradebook, name)
            rows += _rows(course, gradebook, name, number(notebook.max_score))
    more = list(dict.fromkeys(key for row in rows for key in row if key not in COLUMNS))
    text = io.StringIO()
    writer = csv.DictWriter(
        text, [*COLUMNS, *(more if details else [])], extrasaction="ignore", lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows({key: guarded(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _rows(
    course: Course, gradebook: Gradebook, name: str, maximum: str
) -> Iterable[dict[str, str]]:
    roster = course.roster()
    marks = {one.student.id: one for one in gradebook.notebook_submissions(name, name)}
    for student_id in sorted({*roster, *marks}):
        student = roster.get(student_id, Student(student_id))
        row = {
            "id": student.id,
            "last_name": student.last_name,
            "first_name": student.first_name,
            "assignment": name,
            "maximum": maximum,
            "state": "not submitted",
        }
        if student_id in marks:
            row |= _marks(gradebook, name, marks[student_id])
        elif student_id in course.submitted(name):
            row["state"] = "not graded"
        yield row


def _marks(gradebook: Gradebook, assignment: str, marks: SubmittedNotebook) -> dict[str, str]:
    grades = marking.grades(gradebook, marks)
    waiting = [name for name, grade in grades.items() if grade.needs_manual_grade]
    automatic = [grade for grade in grades.values() if grade.cell_type == "code"]
    manual = [grade for grade in grades.values() if grade.cell_type != "code"]
    penalty = marks.late_submission_penalty or 0.0
    each = {
        f"{assignment}: {name}": "" if grade.needs_manual_grade else number(grade.score)
        for name, grade in grades.items()
    }
    return each | {
        "items": number(sum(grade.score for grade in automatic)),
        "manual": number(sum(grade.score for grade in manual)),
        "late_penalty": number(penalty),
        "total": number(max(marks.score - penalty, 0.0)),
        "state": f"needs marking: {' '.join(waiting)}" if waiting else "final",
    }


def guarded(cell: Any) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    Examples
    --------
    >>> guarded("=1+1"), guarded("Ann")
    ("'=1+1", 'Ann')
    """
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULA) else text

"""A course with the small assignment, for tests of the teacher's workflow."""

import json
from pathlib import Path
from typing import Any

import nbformat
from classroom_small import SMALL

from classroom.course import Course, new_course
from classroom.files import write

ROSTER = """\
id,first_name,last_name,email,lms_user_id
ann,Ann,Lee,,11
joann,Jo Ann,Lee,,12
zoe,Zoë,O'Neil-Smith,,13
bob,Bob,van der Berg,,14
"""
SETTINGS = """\
course_id = "demo"
[due]
small = 2026-11-20T18:00:00+01:00
[late]
percent = 10
cap = 50
"""
DUE = "2026-11-20T17:00:00+00:00"
LATE = "2026-11-21T17:00:01+00:00"  # the second day has begun


def small_course(root: Path) -> Course:
    """Make a course that has the small assignment as its own."""
    new_course(root, "demo")
    write(root / "course.toml", SETTINGS)
    write(root / "roster.csv", ROSTER)
    write(root / "assignments" / "small.py", SMALL.text.lstrip())
    write(root / "assignments" / "small.mistakes.py", SMALL.mistakes_text)
    return Course.load(root)


def answered(notebook: nbformat.NotebookNode, **answers: str) -> nbformat.NotebookNode:
    """Return the notebook with these texts in the cells of these ids (with _ for -)."""
    for cell in notebook.cells:
        cell.source = answers.get(cell.id.replace("-", "_"), cell.source)
    return notebook


def submit(course: Course, student: str, notebook: Any, when: str = DUE) -> None:
    """Put a submission where it has been collected."""
    place = course.place("submitted", student, "small")
    text = nbformat.writes(notebook) if isinstance(notebook, dict) else notebook
    write(place / "small.ipynb", text)
    write(place / "timestamp.txt", when)


def points(course: Course) -> dict[str, tuple[float, bool]]:
    """Return the score of each student, and whether it waits for the teacher."""
    with course.gradebook() as gradebook:
        found = gradebook.assignment_submissions("small")
        return {one.student.id: (one.score, bool(one.needs_manual_grade)) for one in found}


def gives_hand_mark(course: Course, student: str, score: float, comment: str = "") -> None:
    """Mark the question as the formgrader does."""
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("why", "small", "small", student)
        grade.manual_score, grade.needs_manual_grade = score, False
        said = gradebook.find_comment("why", "small", "small", student)
        said.manual_comment = comment or None
        gradebook.db.commit()


def bare(notebook: nbformat.NotebookNode) -> str:
    """Return the notebook as programs save it that know nothing of nbgrader."""
    data = json.loads(nbformat.writes(notebook))
    for cell in data["cells"]:
        cell["metadata"] = {}
        del cell["id"]
    return json.dumps(data | {"metadata": {}, "nbformat_minor": 2})

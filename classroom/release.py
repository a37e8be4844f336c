"""Handing out: the notebook without solutions, and its entry in the gradebook."""

import shutil

import nbformat
from nbgrader.api import MissingEntry

from classroom.course import Course
from classroom.errors import Refused
from classroom.files import write


def release(course: Course, name: str, to_exchange: bool = False) -> list[str]:
    """Make the students' version of an assignment, and put it into the exchange if wanted.

    Returns
    -------
    list of str
        The files that students get, below the course's folder.

    Raises
    ------
    Refused
        There is no such assignment, no exchange, or a cell was added or taken away although
        submissions were graded already.
    """
    assignment = course.assignment(name)
    if to_exchange and course.exchange is None:
        raise Refused(
            "course.toml names no exchange. Name it there, or give your students the files of "
            f"{course.root / 'release' / assignment.name} yourself."
        )
    notebook = assignment.source_notebook()
    _same_cells(course, assignment.name, notebook)
    source = course.root / "source" / assignment.name
    shutil.rmtree(source, ignore_errors=True)
    write(source / f"{assignment.name}.ipynb", nbformat.writes(notebook))
    solved = course.root / "solution" / assignment.name / f"{assignment.name}.ipynb"
    write(solved, nbformat.writes(assignment.solution_notebook()))
    for file, content in assignment.files.items():
        write(source / file, content)
    api = course.api()
    _done(api.generate_assignment(assignment.name), assignment.name)
    if to_exchange:
        _done(api.release_assignment(assignment.name), assignment.name)
    made = course.root / "release" / assignment.name
    return sorted(f"release/{assignment.name}/{path.name}" for path in made.iterdir())


def _same_cells(course: Course, name: str, notebook: nbformat.NotebookNode) -> None:
    """Refuse what nbgrader would refuse, before it has taken away what was released."""
    with course.gradebook() as gradebook:
        try:
            known = gradebook.find_notebook(name, name)
        except MissingEntry:
            return
        old = {cell.name for cell in known.source_cells} if known.submissions else None
    new = {
        cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata
    }
    if old is not None and old != new:
        raise Refused(
            f"{name} has other cells than when the first submission was graded: "
            f"{', '.join(sorted(old ^ new))}. Cells can be changed, but neither added nor taken "
            "away. Call the new one something else, or bring the cells back."
        )


def _done(result: dict[str, str], name: str) -> None:
    if not result["success"]:
        lines = (result.get("log") or result.get("error") or "").strip().split("\n")
        raise Refused(f"nbgrader did not release {name}: {lines[-1]}")

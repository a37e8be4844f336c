"""How learning platforms name what was handed in, and whose it is.

A name has to match a pattern from its first letter to its last, and what it says has to be true of
exactly one line of the roster. A pattern that matches a part would file "joann" as "ann".
"""

import re
import unicodedata
from dataclasses import dataclass

from classroom.course import Student
from classroom.errors import Refused

TIME = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d-\d\d)"
PATTERNS = {
    "plain": [
        r"(?P<id>[^/]+)/(?P<file>[^/]+\.ipynb)",
        rf"(?P<id>[^/]+?)_(?P<time>{TIME})_(?P<file>[^/]+\.ipynb)",
    ],
    "moodle": [r"(?P<name>[^/]+)_\d+_assignsubmission_file_?/(?P<file>[^/]+\.ipynb)"],
    "canvas": [r"(?P<sortable>[^/_]+)_(?:LATE_)?(?P<number>\d+)_\d+_(?P<file>[^/]+\.ipynb)"],
    "exchange": [
        r"(?P<id>[^/+]+)\+(?P<assignment>[^/+]+)\+(?P<time>[^/+]+)(?:\+[^/+]*)?/(?P<file>[^/]+\.ipynb)"
    ],
}
LAYOUTS = {
    "plain": "student-id/file.ipynb, or student-id_2026-11-20T17-45-00+00-00_file.ipynb",
    "moodle": "Full Name_12345_assignsubmission_file_/file.ipynb",
    "canvas": "lastfirst_12345_67890_file.ipynb, or lastfirst_LATE_12345_67890_file.ipynb",
}


@dataclass(frozen=True)
class Named:
    """What a name says: whose it is, the file's own name, and the time if it has one."""

    student: Student
    file: str
    time: str = ""


def whose(name: str, layout: str, roster: dict[str, Student]) -> Named:
    """Return what a name says.

    Parameters
    ----------
    name : str
        The name in the zip or below the folder, with `/` between its parts.
    layout : str
        Whose names these are: one of `PATTERNS`.
    roster : dict of str to Student
        The class.

    Raises
    ------
    Refused
        The name is another one, or nobody's, or of more than one student.
    """
    name = unicodedata.normalize("NFC", name)
    found = [match for form in PATTERNS[layout] if (match := re.fullmatch(form, name))]
    if not found:
        expected = LAYOUTS.get(layout, "student-id+assignment+time")
        raise Refused(f"The name is not as {layout} has it: {expected}.")
    said = found[0].groupdict()
    students = [student for student in roster.values() if _is_of(student, said)]
    who = said.get("id") or said.get("name") or said.get("sortable")
    if not students:
        raise Refused(f"Nobody in roster.csv is {who!r}.")
    if len(students) > 1:
        ids = ", ".join(student.id for student in students)
        raise Refused(
            f"{who!r} can be {ids}. If the layout is canvas, give them an lms_user_id in "
            "roster.csv; or rename the file to one of these ids and collect it with --layout plain."
        )
    return Named(students[0], said["file"], said.get("time") or "")


def _is_of(student: Student, said: dict[str, str | None]) -> bool:
    if (named := said.get("id")) is not None:
        return student.id == named
    if (named := said.get("name")) is not None:
        return student.name == named
    same = sortable(student) == said["sortable"]
    return same and student.lms_user_id in ("", said["number"])


def sortable(student: Student) -> str:
    """Return a name as Canvas writes it in the names of files.

    Examples
    --------
    >>> sortable(Student("zoe", "Zoë", "O'Neil-Smith"))
    'oneilsmithzoë'
    """
    name = f"{student.last_name}{student.first_name}".lower()
    return "".join(letter for letter in name if letter.isalnum())

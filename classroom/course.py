"""A course: its folder, what `course.toml` says, the class, and nbgrader's configuration in code.

course.toml          what is due when, and what being late costs
roster.csv           who is in the class
key                  a secret, from which the random numbers of the hidden tests follow
assignments/         assignments of your own; those of the book need not be here
source/ release/     the assignments, as nbgrader wants them, and as students get them
solution/            the same with solutions and rubrics, for the teacher
submitted/ earlier/  what was handed in, and what was handed in before that
verdicts/            what the hidden tests found
autograded/          the submissions with their outputs; gradebook.db has the marks
feedback/            a page for each student
"""

import contextlib
import csv
import io
import logging
import os
import re
import secrets
import sysconfig
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classroom.errors import Refused
from classroom.files import write

if TYPE_CHECKING:
    from nbgrader.api import Gradebook
    from nbgrader.apps.api import NbGraderAPI
    from traitlets.config import Config

    from classroom.source import Assignment

STUDENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
COURSE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
KEY = re.compile(r"[0-9a-f]{64}")
BOOK = Path(__file__).resolve().parent.parent / "assignments"
TEMPLATES = Path(__file__).parent / "templates"
NO_KERNEL = "no-kernel-in-the-classroom"  # a provisioner that does not exist

SETTINGS = """\
# What `classroom` knows of this course. An entry that it does not know is refused.
course_id = "{course_id}"

# The folder through which nbgrader hands out and collects, on a machine that all share:
# exchange = "/srv/nbgrader/exchange"
# On such a machine a submission has to belong to the user that it is of. Where all students
# share one user:
# check_owner = false

# When each assignment is due. The offset from UTC is needed: +01:00, or Z for UTC itself.
[due]
# chain-rule = 2026-11-20T18:00:00+01:00

# What each day costs that has begun after that: percent of the points reached, or points; and the
# most that all days together can cost, in the same unit.
[late]
# percent = 10
# cap = 50
"""
ROSTER = "id,first_name,last_name,email,lms_user_id\n"


@dataclass(frozen=True)
class Student:
    """A line of the roster.

    Attributes
    ----------
    id : str
        The student's name on this machine: of files, and in the gradebook.
    lms_user_id : str
        The student's number in the learning platform; it makes equal names distinct.
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""

    @property
    def name(self) -> str:
        """First and last name, or the id of someone without names."""
        return f"{self.first_name} {self.last_name}".strip() or self.id


@dataclass(frozen=True)
class Late:
    """What being late costs.

    Attributes
    ----------
    unit : str
        "points", or "percent" of the points reached.
    per_day : float
        For each day that has begun.
    cap : float
        The most it costs, in the same unit.
    """

    unit: str
    per_day: float
    cap: float

    def penalty(self, score: float, seconds: float) -> float:
        """Return the points that are taken away; never more than there are.

        Examples
        --------
        >>> Late("percent", 10, 50).penalty(20, 24 * 3600 + 1)  # the second day has begun
        4.0
        >>> Late("points", 2, 3).penalty(20, 5 * 24 * 3600)
        3.0
        """
        if seconds <= 0:
            return 0.0
        days = -(-seconds // (24 * 3600))
        cost = min(self.per_day * days, self.cap)
        points = score * cost / 100 if self.unit == "percent" else cost
        return float(round(min(points, score), 2))


@dataclass(frozen=True)
class Course:
    """A course folder and its settings.

    Attributes
    ----------
    root : Path
        The folder.
    course_id : str
        The course's name in the gradebook and in the exchange.
    due : dict of str to datetime
        When each assignment is due; one that is missing is never late.
    late : Late or None
        What being late costs; None costs nothing.
    exchange : Path or None
        nbgrader's exchange folder.
    check_owner : bool
        Whether a submission in the exchange has to belong to the user that it is of.
    """

    root: Path
    course_id: str
    due: dict[str, datetime]
    late: Late | None = None
    exchange: Path | None = None
    check_owner: bool = True

    @classmethod
    def load(cls, root: str | Path) -> "Course":
        """Read a course folder.

        Raises
        ------
        Refused
            It is none, or `course.toml` says something unknown or impossible.
        """
        folder = Path(root).resolve()
        if not (folder / "course.toml").is_file():
            raise Refused(
                f"{folder} is no course: it has no course.toml. `classroom init {root}` makes one."
            )
        if found := re.search(r"[\[\]*?{}+]", str(folder)):
            raise Refused(
                f"The path {folder} holds {found[0]!r}, which nbgrader takes for a pattern. "
                "Rename that folder."
            )
        try:
            settings = tomllib.loads((folder / "course.toml").read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Refused(f"course.toml cannot be read: {error}.") from None
        return _course(folder, settings)

    # -- places ------------------------------------------------------------------------------------

    def place(self, step: str, student: str, assignment: str) -> Path:
        """Return a folder as nbgrader lays them out: step, student, assignment."""
        return self.root / step / student / assignment

    def verdict_file(self, assignment: str, student: str) -> Path:
        """Return where the verdict on a submission is kept."""
        return self.root / "verdicts" / assignment / f"{student}.json"

    def submitted(self, assignment: str) -> list[str]:
        """Return the students of whom there is a submission."""
        found = (self.root / "submitted").glob(f"*/{assignment}")
        return sorted(path.parent.name for path in found if not path.parent.name.startswith("."))

    def assignment(self, name: str) -> "Assignment":
        """Return the assignment of the course's own folder `assignments/`, or that of the book.

        Raises
        ------
        Refused
            There is neither.
        """
        from classroom.source import Assignment

        own = self.root / "assignments" / f"{name}.py"
        return Assignment.load(own if own.is_file() else name)

    # -- people ------------------------------------------------------------------------------------

    def roster(self) -> dict[str, Student]:
        """Return the class, by id.

        Raises
        ------
        Refused
            `roster.csv` is missing, or a line of it cannot be right.
        """
        path = self.root / "roster.csv"
        try:
            return read_roster(path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            raise Refused(f"{path} is missing. Its first line is {ROSTER.strip()}") from None
        except UnicodeDecodeError:
            raise Refused(f"{path} is not UTF-8. Save it as CSV UTF-8.") from None

    def key(self) -> bytes:
        """Return the course's secret.

        Raises
        ------
        Refused
            It is missing, or others on this machine can read it.
        """
        path = self.root / "key"
        if not path.is_file():
            raise Refused(f"{path} is missing. Put it back: with another one, marks may change.")
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise Refused(f"Others can read {path}, and foresee the tests: chmod 600 {path}")
        if not KEY.fullmatch(text := path.read_text().strip()):
            raise Refused(f"{path} is not as `classroom init` made it: 64 digits from 0 to f.")
        return bytes.fromhex(text)

    # -- nbgrader ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs of `classroom` out while this one writes into the course.

        Raises
        ------
        Refused
            Another one is at work.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.root / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise Refused(
                f"Another `classroom` is writing into {self.root}. Wait until it has ended."
            ) from None
        try:
            yield
        finally:
            lock.release()

    def config(self) -> "Config":
        """Return nbgrader's configuration. No file adds to it, so none can fail to load."""
        from traitlets.config import Config

        from classroom import marking

        config = Config()
        config.CourseDirectory.root = str(self.root)
        config.CourseDirectory.course_id = self.course_id
        config.Exchange.root = str(self.exchange or self.root / "no-exchange")
        config.ExchangeReleaseAssignment.force = True
        config.NbGraderAPI.log_level = "ERROR"
        config.OverwriteCells.add_missing_cells = True
        config.SanitizeHTML.enabled = True
        config.AssignLatePenalties.plugin_class = marking.LatePenalty
        if self.late is not None:
            config.LatePenalty.unit = self.late.unit
            config.LatePenalty.per_day = self.late.per_day
            config.LatePenalty.cap = self.late.cap
        config.PageExporter.extra_template_basedirs = [str(TEMPLATES)]
        config.PageExporter.template_name = "page"
        # For nbgrader's own button. `classroom grade` does not use these lists.
        config.Autograde.sanitize_preprocessors = [marking.Refuse]
        config.Autograde.autograde_preprocessors = [marking.Refuse]
        return config

    def api(self) -> "NbGraderAPI":
        """Return nbgrader, configured for this course, and unable to start a kernel."""
        prepare_environment()
        from nbgrader.apps.api import NbGraderAPI

        return NbGraderAPI(config=self.config())

    @contextlib.contextmanager
    def gradebook(self) -> "Iterator[Gradebook]":
        """Open the gradebook."""
        prepare_environment()
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}", self.course_id) as gradebook:
            yield gradebook


def prepare_environment() -> None:
    """Make sure that no kernel can start here, and that nbgrader finds its own programs.

    nbgrader calls `alembic` by its bare name when it makes a gradebook. What it logs is told by who
    calls it; without a handler, Python would print it as well.
    """
    log = logging.getLogger("traitlets")
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = NO_KERNEL
    scripts = sysconfig.get_path("scripts")
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])


def new_course(root: str | Path, course_id: str = "") -> Course:
    """Make a course folder, with settings to fill in, an empty roster, and a secret.

    What is there already is left as it is. A new folder can be entered by nobody else: it will hold
    marks and solutions.

    Raises
    ------
    Refused
        The course's name cannot be one.
    """
    folder = Path(root).resolve()
    course_id = course_id or folder.name
    if not COURSE_ID.fullmatch(course_id):
        raise Refused(
            f"The course cannot be called {course_id!r}: letters, digits, `.`, `_` and `-` are "
            "possible. Name it with --id."
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = {"course.toml": SETTINGS.format(course_id=course_id), "roster.csv": ROSTER}
    for name, text in new.items():
        if not (folder / name).exists():
            write(folder / name, text)
    if not (folder / "key").exists():
        number = os.open(folder / "key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(number, "w") as file:
            file.write(f"{secrets.token_hex(32)}\n")
    return Course.load(folder)


# --- course.toml ---


def _course(root: Path, settings: dict[str, Any]) -> Course:
    known = ("course_id", "exchange", "check_owner", "due", "late")
    _only(settings, known, "course.toml")
    course_id = settings.get("course_id")
    if not isinstance(course_id, str) or not COURSE_ID.fullmatch(course_id):
        raise Refused(
            f"course.toml: course_id is {course_id!r}; expected is text of letters, digits, "
            '`.`, `_` and `-`, as in course_id = "calculus-2026".'
        )
    exchange = settings.get("exchange")
    if exchange is not None and not (isinstance(exchange, str) and Path(exchange).is_absolute()):
        raise Refused(
            f"course.toml: exchange is {exchange!r}; expected is the full path of a folder, as in "
            'exchange = "/srv/nbgrader/exchange".'
        )
    check_owner = settings.get("check_owner", True)
    if not isinstance(check_owner, bool):
        raise Refused(f"course.toml: check_owner is {check_owner!r}; expected is true or false.")
    return Course(
        root,
        course_id,
        _due(root, settings.get("due", {})),
        _late(settings.get("late", {})),
        Path(exchange) if exchange else None,
        check_owner,
    )


def _only(table: Any, known: tuple[str, ...], where: str) -> None:
    if not isinstance(table, dict):
        raise Refused(f"{where} is {table!r}; expected is a table with {', '.join(known)}.")
    for name in table:
        if name not in known:
            raise Refused(f"{where}: there is no setting {name!r}. Known: {', '.join(known)}.")


def _due(root: Path, table: Any) -> dict[str, datetime]:
    example = "chain-rule = 2026-11-20T18:00:00+01:00"
    if not isinstance(table, dict):
        raise Refused(f"course.toml: [due] is {table!r}; expected are lines as {example}.")
    for name, when in table.items():
        if not any((folder / f"{name}.py").is_file() for folder in (root / "assignments", BOOK)):
            raise Refused(
                f"course.toml: [due] {name}: there is no such assignment in the book or in "
                f"{root / 'assignments'}."
            )
        if not isinstance(when, datetime) or when.tzinfo is None:
            raise Refused(
                f"course.toml: [due] {name} is {when!s}; expected is date, time and offset from "
                f"UTC, without quotation marks: {example}."
            )
    return {name: when.astimezone(UTC) for name, when in table.items()}


def _late(table: Any) -> Late | None:
    _only(table, ("points", "percent", "cap"), "course.toml: [late]")
    for name, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
            raise Refused(
                f"course.toml: [late] {name} is {value!r}; expected is a number from 0, as in "
                f"{name} = 10."
            )
    units = [unit for unit in ("points", "percent") if unit in table]
    if not table:
        return None
    if len(units) != 1:
        raise Refused(
            f"course.toml: [late] has {' and '.join(table)}; expected is either points or percent, "
            "for each day, and if you like a cap in the same unit."
        )
    most = 100 if units == ["percent"] else 1e6
    return Late(units[0], float(table[units[0]]), float(min(table.get("cap", most), most)))


# --- roster.csv ---


def read_roster(text: str) -> dict[str, Student]:
    r"""Return the students of a roster, by id.

    Raises
    ------
    Refused
        A column is unknown, an id cannot be one, or two lines have the same.

    Examples
    --------
    >>> [student.name for student in read_roster("id,last_name\nann,Lee").values()]
    ['Lee']
    """
    rows = csv.reader(io.StringIO(text), strict=True)
    columns = [name.strip() for name in next(rows, [])]
    known = [field.name for field in fields(Student)]
    if "id" not in columns or not set(columns) <= set(known) or len(set(columns)) < len(columns):
        raise Refused(
            f"roster.csv: its first line is {','.join(columns)!r}; expected are columns of "
            f"{','.join(known)}, of which id is needed."
        )
    students: dict[str, Student] = {}
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(columns):
            raise Refused(
                f"roster.csv, line {number}: {len(row)} entries, but {len(columns)} columns."
            )
        cells = (unicodedata.normalize("NFC", cell.strip()) for cell in row)
        student = Student(**dict(zip(columns, cells, strict=True)))
        if not STUDENT_ID.fullmatch(student.id):
            raise Refused(
                f"roster.csv, line {number}: the id {student.id!r} cannot be the name of a folder; "
                "expected are up to 64 of a-z, A-Z, 0-9 and . _ @ -"
            )
        if student.id.lower() in (known.lower() for known in students):
            raise Refused(f"roster.csv, line {number}: the id {student.id!r} is there twice.")
        students[student.id] = student
    return students

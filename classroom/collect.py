"""What was handed in, into `submitted/`: from a zip, from a folder, or from nbgrader's exchange.

All of it may be hostile. Each notebook is taken or refused by itself, and only the notebook is
taken; other files of a student's reach neither the grader nor anybody's browser.
"""

import csv
import hashlib
import io
import os
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from classroom import layouts, repair
from classroom.course import Course, Student
from classroom.errors import Refused
from classroom.files import LARGEST_NOTEBOOK, MEGABYTE, read, walk
from classroom.times import read_time, write_time

MOST_ENTRIES = 5000
LARGEST_TOTAL = 500 * MEGABYTE
SECRET = re.compile(r"[0-9a-f]{1,128}")  # by which nbgrader's exchange gives feedback back
JUNK = ("__MACOSX", ".DS_Store", "Thumbs.db", ".ipynb_checkpoints")


@dataclass(frozen=True)
class Entry:
    """A file that was handed in: its name, what is wrong with it, and how to read it."""

    name: str
    wrong: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Handed:
    """A notebook that was handed in, with a name that is somebody's."""

    name: str
    student: Student
    file: str
    content: bytes
    when: datetime | None
    secret: str = ""

    @property
    def label(self) -> str:
        """A name for the folder of an earlier submission."""
        when = write_time(self.when).replace(":", "-") if self.when else "no-time"
        return f"{when}-{hashlib.sha256(self.content).hexdigest()[:8]}"


@dataclass
class Collected:
    """What became of what was handed in.

    Attributes
    ----------
    new, replaced, unchanged : list of str
        Students.
    earlier : list of str
        Names of what was kept aside, since a newer one counts.
    refused : list of (str, str)
        Names, and why.
    others : list of str
        Names of what is no notebook, and was left where it is.
    missing : list of str
        Students without any submission.
    """

    new: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    earlier: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def collect(
    course: Course,
    assignment: str,
    source: Path | None = None,
    layout: str = "plain",
    times: dict[str, datetime] | None = None,
) -> Collected:
    """Take what was handed in.

    Parameters
    ----------
    course : Course
        Where it goes.
    assignment : str
        What it is.
    source : Path, optional
        A zip or a folder; without one it is the course's exchange.
    layout : str
        How the names are made: one of `layouts.LAYOUTS`.
    times : dict of str to datetime, optional
        When something was handed in, by student, where the names do not say it.

    Raises
    ------
    Refused
        Nothing was taken: there is no such zip, or it has far too many entries.
    """
    report = Collected()
    roster = course.roster()
    handed: dict[str, list[Handed]] = {}
    with ExitStack() as opened:
        if source is None:
            layout, entries = "exchange", _in_exchange(course, assignment)
        elif source.is_dir():
            entries = _in_folder(source)
        else:
            entries = _in_zip(opened.enter_context(_zip(source)))
        for one in _readable(entries, layout, roster, times or {}, report):
            handed.setdefault(one.student.id, []).append(one)
    for _, several in sorted(handed.items()):
        try:
            newest, older = _newest(several, assignment)
        except Refused as why:
            report.refused += [(one.name, str(why)) for one in several]
            continue
        _take(course, assignment, newest, report)
        for one in older:
            _keep_aside(course, assignment, one)
            report.earlier.append(one.name)
    report.missing = sorted(set(roster) - set(course.submitted(assignment)))
    return report


def read_times(text: str) -> dict[str, datetime]:
    r"""Return when each student handed in, of a CSV with the columns id and time.

    Raises
    ------
    Refused
        A line is not so.

    Examples
    --------
    >>> read_times("id,time\nann,2026-11-20T17:45:00Z")["ann"].hour
    17
    """
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or [name.strip() for name in rows[0]] != ["id", "time"]:
        raise Refused("The file of times has to begin with the line id,time")
    found = {}
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != 2:
            raise Refused(f"The file of times, line {number}: expected are an id and a time.")
        found[row[0].strip()] = read_time(row[1])
    return found


# --- where it comes from ---


def _in_folder(folder: Path) -> Iterator[Entry]:
    for name, wrong in walk(folder):
        yield Entry(name, wrong, partial(read, folder, name))


def _in_exchange(course: Course, assignment: str) -> Iterator[Entry]:
    if course.exchange is None:
        raise Refused(
            "course.toml names no exchange. Name it there, or collect with --zip or --folder."
        )
    inbound = course.exchange / course.course_id / "inbound"
    if not inbound.is_dir():
        raise Refused(f"{inbound} is not there: `classroom release --exchange` makes it.")
    for entry in sorted(os.scandir(inbound), key=lambda entry: entry.name):
        if f"+{assignment}+" not in entry.name:
            continue
        wrong = _not_the_owner(entry) if course.check_owner else ""
        if wrong or not entry.is_dir(follow_symlinks=False):
            yield Entry(entry.name, wrong or "no folder", bytes)
            continue
        for name, wrong in walk(inbound / entry.name):
            yield Entry(
                f"{entry.name}/{name}", wrong, partial(read, inbound, f"{entry.name}/{name}")
            )


def _not_the_owner(entry: os.DirEntry[str]) -> str:
    import pwd  # there is none on Windows, where nbgrader has no exchange

    try:
        owner = pwd.getpwuid(entry.stat(follow_symlinks=False).st_uid).pw_name
    except KeyError:
        owner = "an unknown user"
    student = entry.name.partition("+")[0]
    if owner == student:
        return ""
    return (
        f"says it is {student}'s, but belongs to {owner}. Where all students share one user, write "
        "check_owner = false in course.toml"
    )


def _zip(path: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise Refused(f"{path} is not there.") from None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Refused(f"{path} is no zip that can be read: {error}.") from None
    if len(archive.infolist()) > MOST_ENTRIES:
        archive.close()
        raise Refused(
            f"{path} has {len(archive.infolist())} entries; at most {MOST_ENTRIES} are looked at."
        )
    return archive


def _in_zip(archive: zipfile.ZipFile) -> Iterator[Entry]:
    seen: set[str] = set()
    for info in archive.infolist():
        if not info.is_dir():
            wrong = _wrong_in_zip(info, seen)
            yield Entry(info.orig_filename, wrong, partial(_unpack, archive, info))
        seen.add(info.orig_filename)


def _wrong_in_zip(info: zipfile.ZipInfo, seen: set[str]) -> str:
    name, mode = info.orig_filename, info.external_attr >> 16
    if name.startswith("/") or "\\" in name or "\0" in name or re.match("[A-Za-z]:", name):
        return "its name is not a path below the zip"
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "its name leads out of the zip"
    if stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        return "a symbolic link" if stat.S_ISLNK(mode) else "no plain file"
    if info.flag_bits & 0x1:
        return "it is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "it is packed in an unusual way"
    return "its name is in the zip twice" if name in seen else ""


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return a file of a zip. What counts is what comes out, not what the zip says about it."""
    try:
        with archive.open(info) as file:
            content = file.read(LARGEST_NOTEBOOK + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,
        NotImplementedError,
    ) as e:
        raise Refused(f"It cannot be unpacked: {e}.") from None
    if len(content) > LARGEST_NOTEBOOK:
        raise Refused(f"Unpacked it has more than {LARGEST_NOTEBOOK // MEGABYTE} MB.")
    return content


# --- what is in it ---


def _readable(
    entries: Iterator[Entry],
    layout: str,
    roster: dict[str, Student],
    times: dict[str, datetime],
    report: Collected,
) -> Iterator[Handed]:
    """Yield what can be read and is somebody's; report the rest."""
    everything = [entry for entry in entries if not _junk(entry.name)]
    beside = {entry.name: entry for entry in everything if _is_beside(entry.name)}
    total = 0
    for entry in tqdm(everything, desc="Collecting", unit="file", disable=None):
        if entry.name in beside and not entry.wrong:
            continue
        try:
            if entry.wrong:
                raise Refused(f"It is refused: {entry.wrong}.")
            if not entry.name.endswith(".ipynb"):
                report.others.append(entry.name)
                continue
            named = layouts.whose(entry.name, layout, roster)
            if total > LARGEST_TOTAL:
                raise Refused(f"All together has more than {LARGEST_TOTAL // MEGABYTE} MB.")
            content = entry.read()
            total += len(content)
            repair.read(content)
            secret = _beside(beside, entry, "submission_secret.txt")
            when = named.time or _beside(beside, entry, "timestamp.txt")
            yield Handed(
                entry.name,
                named.student,
                named.file,
                content,
                read_time(when) if when else times.get(named.student.id),
                secret if SECRET.fullmatch(secret) else "",
            )
        except Refused as why:
            report.refused.append((entry.name, str(why)))


def _junk(name: str) -> bool:
    return any(part in JUNK for part in PurePosixPath(name).parts)


def _is_beside(name: str) -> bool:
    return PurePosixPath(name).name in ("timestamp.txt", "submission_secret.txt")


def _beside(beside: dict[str, Entry], entry: Entry, name: str) -> str:
    found = beside.get(str(PurePosixPath(entry.name).with_name(name)))
    if found is None or "/" not in entry.name:
        return ""
    if found.wrong:
        raise Refused(f"{name} beside it is refused: {found.wrong}.")
    return found.read()[:1000].decode(errors="replace").strip()


def _newest(several: list[Handed], assignment: str) -> tuple[Handed, list[Handed]]:
    """Return what counts, and the rest."""
    if len(several) > 1 and not all(one.when for one in several):
        named = [one for one in several if one.file == f"{assignment}.ipynb"]
        if len(named) != 1:
            raise Refused(
                f"There are {len(several)} of {several[0].student.id}, and not all have a time. "
                f"Leave one, or call the one that counts {assignment}.ipynb."
            )
        return named[0], [one for one in several if one is not named[0]]
    in_order = sorted(several, key=lambda one: (one.when is not None and one.when, one.name))
    return in_order[-1], in_order[:-1]


# --- where it goes ---


def _take(course: Course, assignment: str, one: Handed, report: Collected) -> None:
    """Put a submission where nbgrader looks for it, unless a newer one is there."""
    student = one.student.id
    place = course.place("submitted", student, assignment)
    there = _there(course, assignment, one.student)
    if there is None:
        report.new.append(student)
    elif (there.content, there.when) == (one.content, one.when):
        report.unchanged.append(student)
        return
    elif there.when and one.when and there.when > one.when:
        _keep_aside(course, assignment, one)
        report.earlier.append(one.name)
        return
    else:
        report.replaced.append(student)
    new = _written(course, one, assignment)
    if os.path.lexists(place):
        _move_aside(place, _aside(course, assignment, student) / (there or one).label)
    place.parent.mkdir(parents=True, exist_ok=True)
    os.rename(new, place)


def _there(course: Course, assignment: str, student: Student) -> Handed | None:
    """Return what has been collected before; None also where it cannot be read."""
    place, file = f"submitted/{student.id}/{assignment}", f"{assignment}.ipynb"
    try:
        content = read(course.root, f"{place}/{file}")
        when = handed_in(course, assignment, student.id)
    except Refused:
        return None
    return Handed(place, student, file, content, when)


def handed_in(course: Course, assignment: str, student: str) -> datetime | None:
    """Return when a submission was handed in, or None where that is not known."""
    place = course.place("submitted", student, assignment)
    if not os.path.lexists(place / "timestamp.txt"):
        return None
    content = read(course.root, f"submitted/{student}/{assignment}/timestamp.txt", 1000)
    return read_time(content.decode(errors="replace"))


def _written(course: Course, one: Handed, assignment: str) -> Path:
    """Write a submission into a folder beside all others; it is moved when it is complete."""
    (course.root / ".new").mkdir(exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=course.root / ".new"))
    new.chmod(0o755)
    (new / f"{assignment}.ipynb").write_bytes(one.content)
    if one.when:
        (new / "timestamp.txt").write_text(write_time(one.when))
    if one.secret:
        (new / "submission_secret.txt").write_text(one.secret)
    return new


def _aside(course: Course, assignment: str, student: str) -> Path:
    return course.root / "earlier" / assignment / student


def _keep_aside(course: Course, assignment: str, one: Handed) -> None:
    _move_aside(
        _written(course, one, assignment), _aside(course, assignment, one.student.id) / one.label
    )


def _move_aside(folder: Path, to: Path) -> None:
    if to.exists():  # the same, from another run
        shutil.rmtree(to)
    to.parent.mkdir(parents=True, exist_ok=True)
    os.rename(folder, to)

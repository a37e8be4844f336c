"""Collecting: what is somebody's is taken, and everything else is named and refused."""

import os
import socket
import stat
import struct
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import nbformat
import pytest
from classroom_class import answered, small_course
from classroom_small import SMALL
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.exchange.default import ExchangeSubmit
from nbgrader.utils import parse_utc, temp_attrs

from classroom import collect as collecting
from classroom import command, files, layouts
from classroom.collect import collect
from classroom.course import Course, Student, read_roster
from classroom.errors import Refused
from classroom.feedback import feedback
from classroom.files import write
from classroom.grade import grade
from classroom.release import release
from classroom.times import read_time, write_time

EARLY, LATER = "2026-11-20T12-00-00+01-00", "2026-11-20T12-00-00+00-00"  # an hour apart


def notebook(answer: str = "So.") -> bytes:
    made: str = nbformat.writes(answered(SMALL.solution_notebook(), why=answer))
    return made.encode()


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return small_course(tmp_path / "course")


def zipped(path: Path, entries: dict[str, bytes] | list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items() if isinstance(entries, dict) else entries:
            info = zipfile.ZipInfo(name)
            info.filename = name  # as it is, whatever it is
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, content)
    return path


def submitted(course: Course, student: str) -> bytes:
    return (course.place("submitted", student, "small") / "small.ipynb").read_bytes()


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


# --- whose it is ---

names = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12)
ids = st.from_regex(r"[a-z0-9][a-z0-9._@-]{0,8}", fullmatch=True)


@given(st.lists(ids, min_size=1, max_size=6, unique=True), st.data())
def test_a_name_is_exactly_one_students_or_nobodys(known: list[str], data: st.DataObject) -> None:
    """Also where one id is a part of another, or looks like what stands behind it."""
    students = {one: Student(one) for one in known}
    who = data.draw(st.sampled_from(known) | ids)
    file = data.draw(names) + ".ipynb"
    timed = data.draw(st.booleans())
    name = f"{who}_{EARLY}_{file}" if timed else f"{who}/{file}"
    if who in students:
        found = layouts.whose(name, "plain", students)
        assert (found.student.id, found.time) == (who, EARLY if timed else "")
    else:
        with pytest.raises(Refused, match="Nobody"):
            layouts.whose(name, "plain", students)


@given(names, st.sampled_from(sorted(layouts.LAYOUTS)))
def test_any_name_is_refused_or_right(name: str, layout: str) -> None:
    students = read_roster("id,first_name,last_name\nann,Ann,Lee\njoann,Jo Ann,Lee")
    moodle = f"{name}Ann Lee_1_assignsubmission_file_/x.ipynb"
    for given_name in (name, f"{name}ann/x.ipynb", moodle):
        try:
            found = layouts.whose(given_name, layout, students)
        except Refused:
            continue
        assert given_name.startswith((found.student.id, found.student.name, "leeann", "leejoann"))


def test_learning_platforms_names() -> None:
    roster = (
        "id,first_name,last_name,email,lms_user_id\n"
        "ann,Ann,Lee,,11\njoann,Jo Ann,Lee,,12\nann2,Ann,Lee,,13\nzoe,Zoë,O'Neil-Smith,,14\n"
    )
    students = read_roster(roster)
    decomposed = "Zoe\u0308 O'Neil-Smith_12345_assignsubmission_file_/my work.ipynb"
    assert layouts.whose(decomposed, "moodle", students).student.id == "zoe"
    assert layouts.whose("leejoann_12_99_x.ipynb", "canvas", students).student.id == "joann"
    assert layouts.whose("leeann_LATE_13_99_x-1.ipynb", "canvas", students).student.id == "ann2"
    assert layouts.whose("oneilsmithzoë_14_7_x.ipynb", "canvas", students).student.id == "zoe"
    for name, layout, says in (
        ("Ann Lee_1_assignsubmission_file_/x.ipynb", "moodle", "can be ann, ann2"),
        ("ann lee_1_assignsubmission_file_/x.ipynb", "moodle", "Nobody"),
        ("Jo Ann Lee_1_assignsubmission_file_/x.py", "moodle", "not as moodle has it"),
        ("Jo Ann Lee_1_assignsubmission_file_/a/x.ipynb", "moodle", "not as moodle has it"),
        ("Jo Ann Lee_1_assignsubmission_file_/a.ipynb/x.ipynb", "moodle", "not as moodle has it"),
        ("zoe/a.ipynb/x.ipynb", "plain", "not as plain has it"),
        ("leeann_14_99_x.ipynb", "canvas", "Nobody"),
        ("annlee_11_99_x.ipynb", "canvas", "Nobody"),
    ):
        with pytest.raises(Refused, match=says):
            layouts.whose(name, layout, students)


# --- when it was ---


@given(
    st.datetimes(datetime(2000, 1, 3), datetime(2099, 12, 28)),
    st.integers(-14 * 60, 14 * 60),
    st.booleans(),
)
def test_nbgrader_reads_the_time_that_was_meant(
    when: datetime, offset: int, in_a_name: bool
) -> None:
    aware = when.replace(tzinfo=timezone(timedelta(minutes=offset)))
    text = aware.isoformat()
    found = read_time(text.replace(":", "-") if in_a_name else text)
    assert found == aware
    assert parse_utc(write_time(found)) == aware.astimezone(UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-20",
        "2026-11-20T17:45:00",
        "20.11.2026 17:45",
        "2026-13-01T00:00:00Z",
        "2026-11-20T25:00:00Z",
        "1020-11-20T17:45:00Z",
        "2026-11-20T17:45:00Z\n;",
        "٢٠٢٦-11-20T17:45:00Z",
    ],
)
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="ISO 8601"):
        read_time(text)


# --- what counts ---


def test_the_newest_counts_whatever_the_order_and_the_older_is_kept(
    course: Course, tmp_path: Path
) -> None:
    old, new = notebook("old"), notebook("new")
    later, early = f"ann_{LATER}_a.ipynb", f"ann_{EARLY}_z.ipynb"
    both = zipped(tmp_path / "both.zip", {later: new, early: old, "joann/any.ipynb": old})
    done = collect(course, "small", both)
    assert (done.new, done.earlier, done.missing) == (["ann", "joann"], [early], ["bob", "zoe"])
    assert submitted(course, "ann") == new
    kept = everything(course.root / "earlier" / "small" / "ann")
    assert old in kept.values()
    assert len(kept) == 2
    time = course.place("submitted", "ann", "small") / "timestamp.txt"
    assert time.read_text() == "2026-11-20T12:00:00+00:00"

    before = everything(course.root)
    again = collect(course, "small", both)
    assert (again.new, again.replaced, again.unchanged) == ([], [], ["ann", "joann"])
    assert everything(course.root) == before

    only_old = zipped(tmp_path / "old.zip", {early: old})
    assert collect(course, "small", only_old).earlier == [early]
    assert submitted(course, "ann") == new

    newest = zipped(tmp_path / "new.zip", {"ann_2026-11-21T12-00-00Z_x.ipynb": notebook("newest")})
    assert collect(course, "small", newest).replaced == ["ann"]
    assert submitted(course, "ann") == notebook("newest")
    assert {old, new} <= set(everything(course.root / "earlier").values())


def test_of_several_without_times_only_a_name_can_tell(course: Course, tmp_path: Path) -> None:
    folder = tmp_path / "class"
    write(folder / "ann" / "draft.ipynb", notebook("draft"))
    write(folder / "ann" / "small.ipynb", notebook("final"))
    write(folder / "bob" / "1.ipynb", notebook())
    write(folder / "bob" / "2.ipynb", notebook())
    write(folder / "joann" / "x.ipynb", notebook())
    write(folder / "joann" / "timestamp.txt", "2026-11-20 17:45:00.123456 UTC")
    write(folder / "__MACOSX" / "joann" / "._x.ipynb", b"\0\5")
    done = collect(course, "small", folder)
    assert done.new == ["ann", "joann"]
    assert submitted(course, "ann") == notebook("final")
    assert [name for name, _ in done.refused] == ["bob/1.ipynb", "bob/2.ipynb"]
    assert "call the one that counts small.ipynb" in done.refused[0][1]
    assert (course.place("submitted", "joann", "small") / "timestamp.txt").read_text() == (
        "2026-11-20T17:45:00.123456+00:00"
    )


def test_times_from_a_list(course: Course, tmp_path: Path) -> None:
    name = "Jo Ann Lee_1_assignsubmission_file_/x.ipynb"
    download = zipped(tmp_path / "moodle.zip", {name: notebook()})
    (tmp_path / "times.csv").write_text("id,time\njoann,2026-11-20T18:00:00+01:00\n")
    options = ["--zip", str(download), "--layout", "moodle", "--times", str(tmp_path / "times.csv")]
    assert command.main(["collect", str(course.root), "small", *options]) == 0
    time = course.place("submitted", "joann", "small") / "timestamp.txt"
    assert time.read_text() == "2026-11-20T17:00:00+00:00"


# --- what must not come in ---


def hostile_zip(path: Path) -> dict[str, str]:
    """Write a zip in which only ann's is in order; return names and what must be said of them."""
    good = notebook()
    many = 21 * files.MEGABYTE
    entries: list[tuple[str, bytes]] = [
        (f"ann_{LATER}_x.ipynb", good),
        ("../ann/x.ipynb", good),
        ("/ann/x.ipynb", good),
        ("C:/ann/x.ipynb", good),
        ("ann\\x.ipynb", good),
        ("ann/./x.ipynb", good),
        ("bob/link.ipynb", b"/etc/passwd"),
        ("bob/fifo.ipynb", good),
        ("bob/locked.ipynb", good),
        ("bob/bomb.ipynb", b" " * many),
        ("bob/liar.ipynb", b" " * many),
        ("bob/broken.ipynb", good),
        ("bob/text.ipynb", b"It did not work."),
        ("bob/list.ipynb", b"[]"),
        ("mallory/x.ipynb", good),
        ("nann/x.ipynb", good),
        ("bob_2026-02-30T00-00-00+00-00_x.ipynb", good),
        ("bob/work.py", b"print()"),
        ("bob\x1b[2J/x.ipynb", good),
    ]
    zipped(path, entries)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        infos = {info.filename: info for info in archive.infolist()}
    for name, field, value in (
        ("bob/link.ipynb", 38, struct.pack("<L", (stat.S_IFLNK | 0o777) << 16)),
        ("bob/fifo.ipynb", 38, struct.pack("<L", (stat.S_IFIFO | 0o644) << 16)),
        ("bob/locked.ipynb", 8, struct.pack("<H", 1)),
        ("bob/liar.ipynb", 24, struct.pack("<L", 100)),  # says that it has 100 bytes
    ):
        place = data.rindex(name.encode()) - 46  # its entry in the list at the end
        data[place + field : place + field + len(value)] = value
    start = infos["bob/broken.ipynb"].header_offset
    data[start + 60 : start + 90] = bytes(30)
    path.write_bytes(data)
    return {
        "../ann/x.ipynb": "leads out of the zip",
        "/ann/x.ipynb": "not a path below the zip",
        "C:/ann/x.ipynb": "not a path below the zip",
        "ann\\x.ipynb": "not a path below the zip",
        "ann/./x.ipynb": "leads out of the zip",
        "bob/link.ipynb": "a symbolic link",
        "bob/fifo.ipynb": "no plain file",
        "bob/locked.ipynb": "encrypted",
        "bob/bomb.ipynb": "more than 20 MB",
        "bob/liar.ipynb": "cannot be unpacked",
        "bob/broken.ipynb": "cannot be unpacked",
        "bob/text.ipynb": "not JSON",
        "bob/list.ipynb": "no object",
        "mallory/x.ipynb": "Nobody in roster.csv",
        "nann/x.ipynb": "Nobody in roster.csv",
        "bob_2026-02-30T00-00-00+00-00_x.ipynb": "cannot be read",
        "bob\x1b[2J/x.ipynb": "Nobody in roster.csv",
    }


def test_a_hostile_zip_gives_nothing_but_the_one_good_notebook(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = hostile_zip(tmp_path / "x.zip")
    done = collect(course, "small", tmp_path / "x.zip")
    found = dict(done.refused)
    assert set(found) == set(expected)
    for name, says in expected.items():
        assert says in found[name], (name, found[name])
    assert done.new == ["ann"]
    assert done.others == ["bob/work.py"]
    assert set(everything(course.root / "submitted")) == {
        "ann/small/small.ipynb",
        "ann/small/timestamp.txt",
    }
    assert not list(tmp_path.rglob("x.ipynb"))
    options = ["--zip", str(tmp_path / "x.zip")]
    assert command.main(["collect", str(course.root), "small", *options]) == 1
    said = capsys.readouterr().out
    assert "17 were refused" in said
    assert "\x1b" not in said


def test_a_zip_that_is_none_or_has_too_many_entries(course: Course, tmp_path: Path) -> None:
    (tmp_path / "none.zip").write_bytes(b"PK")
    with pytest.raises(Refused, match="no zip"):
        collect(course, "small", tmp_path / "none.zip")
    many = zipped(tmp_path / "many.zip", {f"ann/{n}.ipynb": b"" for n in range(5001)})
    with pytest.raises(Refused, match="5001 entries"):
        collect(course, "small", many)


def test_all_together_may_not_be_too_large(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "LARGEST_TOTAL", len(notebook()))
    entries = {f"{who}/x.ipynb": notebook() for who in ("ann", "bob", "joann", "zoe")}
    done = collect(course, "small", zipped(tmp_path / "x.zip", entries))
    assert len(done.new) == 2
    assert all("All together" in why for _, why in done.refused)


@pytest.fixture
def hostile_folder(tmp_path: Path) -> Iterator[Path]:
    folder, secret = tmp_path / "class", tmp_path / "secret"
    write(secret / "x.ipynb", notebook("secret"))
    write(folder / "ann" / "x.ipynb", notebook())
    (folder / "bob").symlink_to(secret)
    (folder / "joann").mkdir()
    (folder / "joann" / "x.ipynb").symlink_to(secret / "x.ipynb")
    (folder / "zoe").mkdir()
    os.mkfifo(folder / "zoe" / "x.ipynb")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "zoe" / "y.ipynb"))
        with (folder / "zoe" / "z.ipynb").open("wb") as file:
            file.truncate(files.LARGEST_NOTEBOOK + 1)
        yield folder


def test_links_and_what_is_no_file_are_refused(course: Course, hostile_folder: Path) -> None:
    done = collect(course, "small", hostile_folder)
    assert done.new == ["ann"]
    assert {name: why.split(": ")[-1] for name, why in done.refused} == {
        "bob": "a symbolic link.",
        "joann/x.ipynb": "a symbolic link.",
        "zoe/x.ipynb": "no plain file.",
        "zoe/y.ipynb": "no plain file.",
        "zoe/z.ipynb": "zoe/z.ipynb has 20.0 MB; at most 20.0 MB are read.",
    }
    assert b"secret" not in b"".join(everything(course.root).values())


def test_a_link_that_comes_after_the_look_is_not_followed(hostile_folder: Path) -> None:
    """The file, or a folder on the way, is exchanged between listing and reading."""
    for name in ("bob/x.ipynb", "joann/x.ipynb", "zoe/x.ipynb", "zoe/y.ipynb"):
        with pytest.raises(Refused, match=r"link or no plain file|no plain file"):
            files.read(hostile_folder, name)
    with pytest.raises(Refused, match="not there"):
        files.read(hostile_folder, "ann/y.ipynb")


@given(st.binary(max_size=300) | st.just(b"PK\5\6" + bytes(18)))
def test_any_bytes_are_a_zip_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.zip"
    path.write_bytes(content)
    try:
        collecting._zip(path).close()
    except Refused as why:
        assert str(path) in str(why)  # noqa: PT017


# --- nbgrader's exchange ---


@pytest.mark.filterwarnings("ignore:unclosed file .*timestamp.txt:ResourceWarning")  # nbgrader's
def test_the_exchange_there_and_back(course: Course, tmp_path: Path) -> None:
    """Hand out, submit with nbgrader's own code as a student does, collect, give feedback back."""
    exchange = tmp_path / "exchange"
    settings = course.root / "course.toml"
    lines = f'exchange = "{exchange}"\ncheck_owner = false\n[due]'
    settings.write_text(settings.read_text().replace("[due]", lines))
    course = Course.load(course.root)
    release(course, "small", to_exchange=True)
    assert (exchange / "demo" / "outbound" / "small" / "small.ipynb").is_file()

    home = tmp_path / "home" / "small"
    write(home / "small.ipynb", notebook())
    write(home / "evil.html", "<script>alert(1)</script>")
    api = course.api()
    submission = ExchangeSubmit(
        coursedir=api.coursedir, authenticator=api.authenticator, parent=api,
        assignment_dir=str(home.parent), cache=str(tmp_path / "cache"),
    )  # fmt: skip
    with temp_attrs(api.coursedir, assignment_id="small", student_id="ann"):
        submission.start()
    inbound = next((exchange / "demo" / "inbound").iterdir())
    forged = inbound.with_name(f"bob+small+{'2026-11-20 17:00:00 UTC'}+x")
    forged.mkdir()
    (forged / "small.ipynb").symlink_to(inbound / "small.ipynb")

    done = collect(course, "small")
    assert done.new == ["ann"]
    assert [name.rpartition("/")[2] for name, _ in done.refused] == ["small.ipynb"]
    assert [name.rpartition("/")[2] for name in done.others] == ["evil.html"]
    strict = Course(course.root, course.course_id, course.due, exchange=exchange)
    assert all("belongs to" in why for _, why in collect(strict, "small").refused)

    assert grade(course, "small").marked == ["ann"]
    given_back = feedback(course, "small", to_exchange=True)
    assert given_back.released == ["ann"]
    pages = list((exchange / "demo" / "feedback").iterdir())
    page = course.place("feedback", "ann", "small") / "small.html"
    assert [path.read_bytes() for path in pages] == [page.read_bytes()]
    assert not list(course.root.rglob("evil.html"))

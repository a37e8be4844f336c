"""The command `classroom`: hand out, collect, grade, mark, give back.

Each step says what it did, can be run again at any time, and ends with status 1 if there was
something that it did not do.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from classroom.errors import NoSandbox, Refused
from classroom.layouts import LAYOUTS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands behind `classroom`; what was typed if left out.
    """
    given = _parser().parse_args(arguments)
    step: Callable[[argparse.Namespace], bool] = given.step
    try:
        return 0 if step(given) else 1
    except (Refused, NoSandbox) as why:
        print(f"classroom {given.name}: {why}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # who read what is printed, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What is done stays; the same command goes on.", file=sys.stderr)
        return 130


# --- the steps; each returns whether all of it was done ---


def _init(given: argparse.Namespace) -> bool:
    from classroom.course import new_course

    course = new_course(given.course, given.id or "")
    print(f"The course {course.course_id} is in {course.root}.")
    print("Next: fill in course.toml and roster.csv, then `classroom release`.")
    print("`key` is the secret behind the hidden tests. Keep it, and give it to nobody.")
    return True


def _author(given: argparse.Namespace) -> bool:
    from classroom import author

    right = True
    for name in given.assignments:
        print(f"{name}\n  {'version':28} {'mark':>6} {'should':>6} {'seconds':>8}")
        for checked in author.check(name):
            right &= checked.right
            mark, wanted = f"{checked.verdict.points:g}", f"{checked.wanted:g}"
            sign = "" if checked.right else "  <-- wrong"
            print(f"  {checked.version:28} {mark:>6} {wanted:>6} {checked.seconds:8.2f}{sign}")
            if not checked.right:
                for item, found in checked.verdict.items.items():
                    print(f"      {item}: {found.points} of {found.maximum:g}: {found.message}")
    return right


def _release(given: argparse.Namespace) -> bool:
    from classroom.course import Course
    from classroom.release import release

    course = Course.load(given.course)
    for name in given.assignments:
        with course.alone():
            files = release(course, name, given.exchange)
        where = f"the exchange {course.exchange}" if given.exchange else str(course.root)
        print(f"{name}: released in {where}: {', '.join(files)}")
        if name not in course.due:
            print(f"  It is never late: course.toml has no due date for {name}.")
    return True


def _collect(given: argparse.Namespace) -> bool:
    from classroom.collect import collect, read_times
    from classroom.course import Course

    course = Course.load(given.course)
    times = read_times(given.times.read_text(encoding="utf-8-sig")) if given.times else None
    for source in (given.zip, given.folder):
        if source is not None and not source.exists():
            raise Refused(f"{source} is not there.")
    with course.alone():
        done = collect(course, given.assignment, given.zip or given.folder, given.layout, times)
    print(
        f"{given.assignment}: {len(done.new)} new, {len(done.replaced)} replaced by a newer one, "
        f"{len(done.unchanged)} unchanged; {len(done.earlier)} earlier ones kept in earlier/."
    )
    if done.others:
        print(f"{len(done.others)} files are no notebooks and were left out:")
        for other in done.others:
            print(f"  {printable(other)}")
    if done.missing:
        print(f"Nothing from {len(done.missing)}: {', '.join(done.missing)}")
    return _all_done("were refused", done.refused)


def _grade(given: argparse.Namespace) -> bool:
    from classroom.course import Course
    from classroom.grade import grade

    course = Course.load(given.course)
    start = time.perf_counter()
    with course.alone():
        done = grade(
            course, given.assignment, given.student, given.jobs, given.force, given.scheduler
        )
    print(
        f"{given.assignment}: {done.judged} judged, {len(done.marked)} marked, "
        f"{len(done.skipped)} up to date, in {time.perf_counter() - start:.1f} s."
    )
    for student, note in done.notes:
        print(f"  {student}: {note}")
    if done.waiting:
        print(f"{len(done.waiting)} have to be marked by hand: `classroom mark {given.course}`")
        for student, items in done.waiting.items():
            print(f"  {student}: {', '.join(items)}")
    return _all_done("were not graded", done.failed)


def _mark(given: argparse.Namespace) -> bool:
    from classroom import desk
    from classroom.course import Course

    desk.mark(Course.load(given.course), given.port, not given.no_browser)
    return True


def _feedback(given: argparse.Namespace) -> bool:
    from classroom.course import Course
    from classroom.feedback import feedback

    course = Course.load(given.course)
    with course.alone():
        done = feedback(course, given.assignment, given.student, given.exchange, given.force)
    print(
        f"{given.assignment}: {len(done.written)} pages written, {len(done.skipped)} up to date, "
        f"in {course.root / 'feedback'}."
    )
    if given.exchange:
        print(f"{len(done.released)} were given back through the exchange.")
    if done.waiting:
        print(
            f"{len(done.waiting)} say that something is not graded yet: {', '.join(done.waiting)}"
        )
    return _all_done("have no page", done.failed)


def _check(given: argparse.Namespace) -> bool:
    from classroom.probe import check_sandbox

    check_sandbox()
    print("The sandbox holds: assignments can be graded here.")
    return True


def _export(given: argparse.Namespace) -> bool:
    from classroom.course import Course
    from classroom.export import export
    from classroom.files import write

    table = export(Course.load(given.course), given.assignments, given.details)
    if given.to is None:
        print(table, end="")
        return True
    write(given.to, table.encode("utf-8-sig"))  # the mark at its start lets Excel read accents
    rows = table.count("\n") - 1
    print(f"{rows} rows in {given.to}; {table.count('needs marking')} are not final.")
    return True


def _class(given: argparse.Namespace) -> bool:
    from classroom import made_up
    from classroom.course import Course

    course = Course.load(given.course)
    assignment = course.assignment(given.assignment)
    due = course.due.get(assignment.name, made_up.DUE)
    made = made_up.make(assignment, given.students, given.seed, given.layout, given.hostile, due)
    path = made_up.write_class(course, assignment, made, given.zip, given.layout)
    option = f"--zip {path}" if given.zip else f"--folder {path}"
    times = (
        "" if given.layout == "plain" else f" --times {path.with_name(assignment.name)}.times.csv"
    )
    print(f"{len(made.students)} students handed in {len(made.parts)} files: {path}")
    print(f"The marks that they must get: {path.with_name(assignment.name)}.expected.csv")
    print(
        f"Next: classroom collect {given.course} {assignment.name} {option} "
        f"--layout {given.layout}{times}"
    )
    return True


def _all_done(what: str, failed: Iterable[tuple[str, str]]) -> bool:
    failed = list(failed)
    if failed:
        print(f"{len(failed)} {what}:")
        for name, why in failed:
            print(f"  {printable(name)}: {printable(why)}")
    return not failed


def printable(text: str) -> str:
    r"""Return text that does nothing to a terminal, whatever it is made of.

    Examples
    --------
    >>> printable("a\x1b[2Jb\nc")
    'a?[2Jb c'
    """
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else "?" for sign in text)


# --- what can be typed ---


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "classroom",
        description="Hand out, collect, grade and give back the assignments of the book.",
    )
    steps = parser.add_subparsers(title="steps", metavar="STEP", required=True, dest="name")

    def add(
        name: str, step: Callable[[argparse.Namespace], bool], text: str, example: str
    ) -> argparse.ArgumentParser:
        made = steps.add_parser(
            name,
            help=text[0].lower() + text[1:].partition(".")[0],
            description=text,
            epilog=f"example: {example}",
        )
        made.set_defaults(step=step)
        if name not in ("author", "check"):
            made.add_argument("course", metavar="COURSE", help="the course's folder")
        return made

    _add_author_steps(add)
    _add_student_steps(add)
    return parser


Add = Callable[..., argparse.ArgumentParser]


def _add_author_steps(add: Add) -> None:
    init = add(
        "init", _init,
        "Make a course: a folder with settings, a roster and a secret. What is there stays.",
        "classroom init calculus",
    )  # fmt: skip
    init.add_argument(
        "--id", metavar="NAME", help="the course's name; that of the folder if left out"
    )

    add(
        "check", _check,
        "Try the sandbox of this machine, as `grade` does each time.",
        "classroom check",
    )  # fmt: skip

    author = add(
        "author", _author,
        "Check assignments: the solution must get full marks, what is handed out none, and each "
        "mistake exactly its mark.",
        "classroom author chain-rule affine",
    )  # fmt: skip
    author.add_argument(
        "assignments", metavar="NAME", nargs="+", help="an assignment of the book, or a source file"
    )

    release = add(
        "release", _release,
        "Make the notebooks that students get. They have no solutions and no hidden tests.",
        "classroom release calculus chain-rule --exchange",
    )  # fmt: skip
    release.add_argument("assignments", metavar="NAME", nargs="+", help="an assignment of the book")
    release.add_argument(
        "--exchange", action="store_true", help="also put them where nbgrader's students find them"
    )

    made_up = add(
        "class", _class,
        "Make up a class and what it hands in, to try everything: right, blank, half and wrong "
        "ones, odd names, late, and twice.",
        "classroom class calculus --assignment chain-rule --students 30 --seed 1 --zip",
    )  # fmt: skip
    made_up.add_argument("--assignment", required=True, metavar="NAME", help="what is handed in")
    made_up.add_argument("--students", type=int, default=30, metavar="N", help="how many (30)")
    made_up.add_argument("--seed", type=int, default=1, metavar="N", help="which class (1)")
    made_up.add_argument(
        "--zip", action="store_true", help="as one zip, as a learning platform does"
    )
    made_up.add_argument(
        "--hostile", action="store_true", help="also what somebody could hand in on purpose"
    )
    _add_layout(made_up)


def _add_student_steps(add: Add) -> None:
    collect = add(
        "collect", _collect,
        "Take what was handed in, if it is somebody's and a notebook. The newest counts.",
        "classroom collect calculus chain-rule --zip download.zip --layout moodle",
    )  # fmt: skip
    _add_assignment(collect)
    source = collect.add_mutually_exclusive_group(required=True)
    source.add_argument("--exchange", action="store_true", help="from nbgrader's exchange")
    source.add_argument(
        "--zip", type=Path, metavar="FILE", help="from a zip of a learning platform"
    )
    source.add_argument("--folder", type=Path, metavar="FOLDER", help="from a folder")
    _add_layout(collect)
    collect.add_argument(
        "--times", type=Path, metavar="FILE",
        help="a CSV with the columns id and time, for layouts whose names have no time",
    )  # fmt: skip

    grade = add(
        "grade", _grade,
        "Run the programs that were handed in, each in a sandbox, and write the marks.",
        "classroom grade calculus chain-rule --jobs 4",
    )  # fmt: skip
    _add_assignment(grade)
    _add_who(grade)
    grade.add_argument(
        "--jobs", type=_count, default=os.cpu_count() or 1, metavar="N",
        help="how many programs run at a time (as many as there are processors)",
    )  # fmt: skip

    grade.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="a dask scheduler whose workers run them, as tcp://10.0.0.5:8786",
    )  # fmt: skip

    mark = add(
        "mark", _mark,
        "Mark by hand in the browser, with nbgrader's formgrader. No program can run there.",
        "classroom mark calculus",
    )  # fmt: skip
    mark.add_argument("--port", type=int, default=0, metavar="N", help="where it answers (any)")
    mark.add_argument("--no-browser", action="store_true", help="only print the address")

    feedback = add(
        "feedback", _feedback,
        "Write a page for each student: points, what was found, comments.",
        "classroom feedback calculus chain-rule",
    )  # fmt: skip
    _add_assignment(feedback)
    _add_who(feedback)
    feedback.add_argument(
        "--exchange", action="store_true", help="also give them back through nbgrader's exchange"
    )

    export = add(
        "export", _export,
        "Write the marks as CSV: a row for each student and assignment.",
        "classroom export calculus --to marks.csv",
    )  # fmt: skip
    export.add_argument(
        "assignments", metavar="NAME", nargs="*", help="an assignment; all if there is none"
    )
    export.add_argument(
        "--to", type=Path, metavar="FILE", help="the file; it is printed if left out"
    )
    export.add_argument("--details", action="store_true", help="a column for each item, too")


def _add_assignment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("assignment", metavar="NAME", help="the assignment")


def _add_who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--student", action="append", metavar="ID", help="only this one; can be given several times"
    )
    parser.add_argument("--force", action="store_true", help="also what is up to date")


def _add_layout(parser: argparse.ArgumentParser) -> None:
    names = "; ".join(f"{name}: {form}" for name, form in LAYOUTS.items())
    parser.add_argument(
        "--layout", choices=LAYOUTS, default="plain", help=f"how the files are named ({names})"
    )


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)

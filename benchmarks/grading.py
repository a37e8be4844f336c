"""How long it takes to grade a class: verdicts in one and in two processes, and with the gradebook.

    .venv/bin/python benchmarks/grading.py                   # 200 made-up submissions
    .venv/bin/python benchmarks/grading.py --students 1000
    .venv/bin/python benchmarks/grading.py --assignment digits --students 30

The class is the one of `classroom class`: right, blank, half right, each known mistake. What is
measured is the time on the clock, so let the machine do nothing else.
"""

import argparse
import contextlib
import io
import tempfile
import time
from pathlib import Path

from rounds import machine

from classroom.command import main
from classroom.course import Course
from classroom.grade import grade
from classroom.many import verdicts

VERDICT, MARKED = 0.3, 1.0  # seconds for a submission: what is aimed at on two cores


def step(*words):
    """Run a step of `classroom` without a word; it may refuse some files."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        main([str(word) for word in words])


def measure(count, assignment):
    """Make up a class, grade it in three ways, and print how long each of them takes."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "course")
        step("init", root)
        step("release", root, assignment)
        step("class", root, "--assignment", assignment, "--students", count)
        step("collect", root, assignment, "--folder", root / "made-up" / assignment)
        course = Course.load(root)
        handed_in = {
            path.parent.parent.name: path.read_bytes()
            for path in root.glob(f"submitted/*/{assignment}/*.ipynb")
        }
        about = machine("nbgrader", "distributed")
        print(about.replace("one thread, processor time", "time on the clock"))
        print(f"{assignment}, {len(handed_in)} submissions of {count} students\n")
        print(f"{'':34}{'s each':>8}{'a minute':>10}{'1,000 take':>14}")
        ways = {f"verdicts, {jobs} process{'es' * (jobs > 1)}": jobs for jobs in (1, 2)}
        for name, jobs in ways.items():
            start = time.perf_counter()
            found = list(
                verdicts(handed_in.items(), course.assignment(assignment), course.key(), jobs=jobs)
            )
            show(name, time.perf_counter() - start, len(found), VERDICT if jobs == 1 else None)
        start = time.perf_counter()
        report = grade(course, assignment, jobs=2)
        seconds = time.perf_counter() - start
        show("verdicts and gradebook, 2 processes", seconds, len(report.marked), MARKED)


def show(name, seconds, count, target):
    """Print a line of the table."""
    each = seconds / count
    met = "" if target is None else f"  {'met' if each <= target else 'MISSED'}: at most {target} s"
    print(f"{name:35}{each:7.3f}{60 / each:10.0f}{each * 1000 / 60:10.1f} min{met}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--assignment", default="chain-rule")
    given = parser.parse_args()
    measure(given.students, given.assignment)

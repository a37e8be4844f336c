"""Whether an assignment gives the marks that its author means."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import nbformat

from classroom.source import Assignment
from classroom.verdict import Verdict, judge

KEY = b"for authors"


@dataclass(frozen=True)
class Checked:
    """A version of an assignment, the mark it should get, and the verdict."""

    version: str
    wanted: float
    verdict: Verdict
    seconds: float

    @property
    def right(self) -> bool:
        """Whether the mark is the one that was meant, and every item could be judged."""
        judged = all(item.points is not None for item in self.verdict.items.values())
        return judged and self.verdict.points == self.wanted


def check(name: str) -> Iterator[Checked]:
    """Judge the solution, the release, and each mistake.

    Parameters
    ----------
    name : str
        An assignment of the book, or the path of one.

    Raises
    ------
    Refused
        The source is not written as it should be.
    """
    assignment = Assignment.load(name)
    _ = assignment.title, assignment.minutes, assignment.questions  # checked when they are read
    full = float(sum(item.points for item in assignment.items.values()))
    versions = [
        ("solution", full, assignment.solution_notebook()),
        ("release", 0.0, assignment.release_notebook()),
    ]
    versions += [
        (mistake.name, float(mistake.mark), assignment.with_mistake(mistake.name))
        for mistake in assignment.mistakes.values()
    ]
    for version, wanted, notebook in versions:
        start = time.perf_counter()
        verdict = judge(nbformat.writes(notebook).encode(), assignment, KEY)
        yield Checked(version, wanted, verdict, time.perf_counter() - start)

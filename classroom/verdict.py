"""A submission, judged: a pure function of its bytes, the assignment, and the course's key.

The student's cells run in a sandbox. The verdict is made here, of plain data that the program
answers to questions with random numbers. Nothing that it does to itself changes what is right.
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np

from classroom.answers import BadAnswer, writable
from classroom.errors import NoSandbox, Refused
from classroom.files import LARGEST_NOTEBOOK
from classroom.outputs import notebook_outputs, plain
from classroom.program import Session, Wrong, compare
from classroom.sandbox import Died, Limits, ProgramError, Sandbox
from classroom.source import Assignment, Item

MOST_CELLS = 1000
TOTAL = 120.0  # seconds for one submission


@dataclass(frozen=True)
class ItemVerdict:
    """What an item gave: points, or None where it could not be judged."""

    points: float | None
    maximum: float
    message: str


@dataclass(frozen=True)
class Verdict:
    """What a submission gave.

    Attributes
    ----------
    items : dict of str to ItemVerdict
        By the items' names, in the assignment's order.
    outputs : dict of int to list of dict
        By the numbers of the submission's cells: what they showed, as a notebook's outputs; text
        and PNG only.
    notes : list of str
        What a teacher should know.
    """

    items: dict[str, ItemVerdict]
    outputs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def points(self) -> float:
        """The sum of what could be judged."""
        return sum(item.points or 0.0 for item in self.items.values())

    def as_json(self) -> str:
        """Return a text that `from_json` reads."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Verdict":
        """Return the verdict of a text from `as_json`."""
        data = json.loads(text)
        items = {name: ItemVerdict(**item) for name, item in data["items"].items()}
        outputs = {int(number): shown for number, shown in data["outputs"].items()}
        return cls(items, outputs, data["notes"])


def judge(
    submission: bytes, assignment: Assignment, key: bytes, limits: Limits | None = None
) -> Verdict:
    """Run a submitted notebook in a sandbox and judge what it computes.

    The random numbers follow from the key, the item, and the submission: nobody knows them
    beforehand, and judging the same submission again asks the same.

    Parameters
    ----------
    submission : bytes
        A notebook, as it was handed in. It may be hostile.
    assignment : Assignment
        What it is judged by.
    key : bytes
        A secret of the course.
    limits : Limits, optional
        What the sandbox may use.

    Raises
    ------
    Refused
        The submission is no notebook.
    NoSandbox
        Nothing was judged, for it cannot be done safely here.
    """
    cells = code_cells(submission)
    own = _students_own(cells, assignment)
    seed = hashlib.sha256("\0".join(source for _, source in own).encode()).digest()
    with _Run(assignment, own, limits or Limits()) as run:
        items = {
            name: run.item(item, _random(key, assignment.name, name, seed))
            for name, item in assignment.items.items()
        }
        return Verdict(items, run.outputs, run.notes)


class CodeCell(NamedTuple):
    """A code cell of a submission: its number among all cells, and its text."""

    number: int
    source: str


def code_cells(submission: bytes) -> list[CodeCell]:
    """Return the code cells of a notebook.

    Raises
    ------
    Refused
        It is no notebook of format 4, or too large.
    """
    if len(submission) > LARGEST_NOTEBOOK:
        raise Refused(f"The notebook has {len(submission) / 1e6:.0f} MB; at most 20 MB are read.")
    try:
        notebook = json.loads(submission)
    except (ValueError, RecursionError):
        raise Refused("The file is no notebook: it is not JSON.") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or notebook.get("nbformat") != 4:
        raise Refused("The file is no notebook of format 4. Save it again with a current Jupyter.")
    if len(cells) > MOST_CELLS:
        raise Refused(f"The notebook has {len(cells)} cells; at most {MOST_CELLS} are read.")
    found = []
    for number, cell in enumerate(cells):
        source = cell.get("source") if isinstance(cell, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if not isinstance(source, str):
            raise Refused(f"Cell {number + 1} of the notebook has no text.")
        if cell.get("cell_type") == "code":
            found.append(CodeCell(number, writable(source)))
    return found


def _students_own(cells: list[CodeCell], assignment: Assignment) -> list[tuple[int, str]]:
    """Return number and source of the cells that are run: all but what was handed out.

    A changed test is run like any cell: it may hold a definition, and its verdict means nothing.
    """
    handed_out = {
        cell.source.strip() for cell in assignment.cells if cell.role in ("item", "given")
    }
    return [(cell.number, cell.source) for cell in cells if cell.source.strip() not in handed_out]


def _random(key: bytes, assignment: str, item: str, submission: bytes) -> int:
    about = b"\0".join([assignment.encode(), item.encode(), submission])
    return int.from_bytes(hmac.digest(key, about, "sha256"))


class _NoTime(Exception):
    """All of the submission's time is used up."""


class _Run:
    """A submission's program, started again as often as it ends."""

    def __init__(self, assignment: Assignment, own: list[tuple[int, str]], limits: Limits) -> None:
        self.assignment, self.limits = assignment, limits
        self.cells = dict(own)
        self.careful: set[int] = set()  # cells that are run for their definitions only
        self.outputs: dict[int, list[dict[str, Any]]] = {}
        self.notes: list[str] = []
        self.deaths = 0
        self.end = time.monotonic() + TOTAL
        self.sandbox: Sandbox | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the program."""
        if self.sandbox is not None:
            self.sandbox.close()
            self.sandbox = None

    def program(self) -> Sandbox:
        """Return the program, with its cells run.

        A cell that ends it is run for its definitions alone the next time, and not at all when it
        ends the program again. When it goes on ending, a cell before may be the reason, so all of
        them are run for their definitions.
        """
        while self.sandbox is None:
            if time.monotonic() > self.end:
                raise _NoTime
            if self.deaths > 3:
                self.careful.update(self.cells)
            self.sandbox = Sandbox(self.assignment.files, self.limits)
            try:
                self.run_cells(self.sandbox)
            except Died:
                self.died()
        return self.sandbox

    def died(self) -> None:
        """Count an end of the program."""
        self.deaths += 1
        self.stop()

    def run_cells(self, sandbox: Sandbox) -> None:
        """Run all cells; once more those that missed a name, for cells may have been moved.

        What a test that was handed out defines, nobody has here. A cell that reads it, say to print
        it, is run for its definitions.
        """
        for cell in self.assignment.cells:
            if cell.role == "given":
                sandbox.ask("run", seconds=self.limits.cell, source=cell.source, careful=False)
        waiting, defined = list(self.cells), False
        while waiting:
            missed = [number for number in waiting if self.run_cell(sandbox, number) == "NameError"]
            if len(missed) == len(waiting):
                if defined:
                    return
                for number in missed:
                    self.run_cell(sandbox, number, careful=True)
                defined = True
            waiting = missed

    def run_cell(self, sandbox: Sandbox, number: int, careful: bool = False) -> str:
        """Run a cell, keep what it shows, and return the name of the error it ended with, or ""."""
        careful = careful or number in self.careful
        left = min(self.limits.cell, self.end - time.monotonic())
        if left <= 0:
            raise _NoTime
        try:
            shown = sandbox.ask("run", seconds=left, source=self.cells[number], careful=careful)
        except ProgramError as error:
            shown = [["error", error.type_name, error.says, ""]]
        except Died as error:
            self.outputs[number] = notebook_outputs(
                [["error", "Stopped", f"the program {error}", ""]]
            )
            self.notes.append(f"Cell {number + 1}: the program {error}.")
            self.careful.add(number)
            if careful:
                del self.cells[number]
            raise
        if not careful:
            self.outputs[number] = notebook_outputs(shown)
        errors = [part for part in notebook_outputs(shown) if part["output_type"] == "error"]
        return str(errors[0]["ename"]) if errors else ""

    def item(self, item: Item, seed: int) -> ItemVerdict:
        """Ask the reference, then the program, and compare."""
        try:
            reference = self.assignment.reference()
            wanted = list(item.ask(reference, np.random.default_rng(seed)) or ())
        except Exception as error:
            self.notes.append(
                f"Item {item.name}: the reference failed: {type(error).__name__}: {error}"
            )
            return ItemVerdict(None, item.points, "Not graded: the reference failed here.")
        try:
            session = Session(self.program())
            if time.monotonic() > self.end:
                raise _NoTime
        except _NoTime:
            self.notes.append(f"Item {item.name}: not judged, for there was no time left.")
            return ItemVerdict(
                None, item.points, f"Not graded: the notebook had used up its {TOTAL:.0f} seconds."
            )
        try:
            answers = item.ask(session.program, np.random.default_rng(seed)) or ()
            self.compare(answers, wanted, session)
        except Wrong as error:
            message = str(error)
        except ProgramError as error:
            message = f"{session.asked} raised {error}"
            name = session.asked.partition("(")[0].partition(".")[0]
            if error.type_name == "NotImplementedError":
                message = f"Not done yet: {message}"
            elif (error.type_name, error.says) == ("NameError", f"name {name!r} is not defined"):
                message = f"Not done yet: {self.missing(name)}"
        except Died as error:
            message = f"{session.asked}: the program {error}"
            self.died()
        except BadAnswer as error:
            message = f"{session.asked} gave what cannot be compared: {error}"
        except NoSandbox:
            raise
        except Exception as error:
            message = f"{session.asked} gave something else than was expected: {error}"
        else:
            return ItemVerdict(item.points, item.points, "Right.")
        return ItemVerdict(0.0, item.points, plain(message, 600))

    def missing(self, name: str) -> str:
        """Say that a name is not defined, and which error its cell ended with, if any."""
        for number, source in self.cells.items():
            for part in self.outputs.get(number, []):
                if part["output_type"] == "error" and re.search(rf"\b{re.escape(name)}\b", source):
                    return f"the cell of {name} ended with {part['ename']}: {part['evalue']}"
        return f"no cell defines {name}"

    def compare(self, answers: Iterable[Any], wanted: list[Any], session: Session) -> None:
        """Raise `Wrong` where the two runs of an item differ."""
        for number, got in enumerate(answers):
            if number == len(wanted):
                raise Wrong(f"{session.asked}: more answers than expected")
            compare(got, wanted[number], session)
        # Here the item itself has ended, and with it what it requires.

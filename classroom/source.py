"""An assignment: one readable Python file, and the versions of a notebook that are made of it.

The file is in the percent format, which jupytext reads. What a cell is for, its first line says:

    # %% [markdown]                              text
    # %% given="setup"                           code that is handed out
    # %% task="mul-layer"                        an answer cell; the solution between markers
    # %% item="mul-forward" points=2             visible tests, and the hidden item between markers
    # %%                                         a cell to try things in
    # %% [markdown] question="why"               a question that is marked by hand
    # %% [markdown] answer="why" points=3        its answer cell: model answer and rubric
    # %% hidden="..."                            code that items use; it is in no notebook

Hidden code never enters a notebook, and the solution enters no sandbox.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

from classroom.errors import Refused
from classroom.program import Ask, Reference, approx, require

if TYPE_CHECKING:
    from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent.parent / "assignments"
ROLES = ("given", "task", "item", "question", "answer", "hidden", "mistake")
HIDDEN = re.compile(r"^### BEGIN HIDDEN\n(.*?)^### END HIDDEN\n?", re.MULTILINE | re.DOTALL)
INCLUDE = re.compile(r"^### INCLUDE ([a-z-]+)$", re.MULTILINE)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
RUBRIC = re.compile(r"^- (\d+) points?: \S", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A cell of the source: what it is for, its name, points, and text without hidden code."""

    role: str  # one of ROLES, or "" for text and cells to try things in
    name: str
    kind: str  # "code" or "markdown"
    source: str
    points: int = 0
    hidden: str = ""

    @property
    def grade_id(self) -> str:
        """The name of the cell in a notebook and in the gradebook."""
        return self.name if self.role in ("item", "answer") else f"{self.role}-{self.name}"


@dataclass(frozen=True)
class Item:
    """What is asked of a student's program, and the points that a right answer gives."""

    name: str
    points: int
    title: str
    ask: Ask


@dataclass(frozen=True)
class Question:
    """What is marked by hand, and how."""

    name: str
    points: int
    model_answer: str
    rubric: str


@dataclass(frozen=True)
class Mistake:
    """A wrong solution that people hand in, and the mark that it must get."""

    name: str
    mark: int
    thought: str
    cells: dict[str, str] = field(hash=False)  # task -> source


@dataclass(frozen=True)
class Assignment:
    """An assignment.

    Parameters
    ----------
    name : str
        As its file is called.
    text : str
        Its source, with everything that it includes.
    mistakes_text : str
        The source of the wrong solutions; may be empty.

    Raises
    ------
    Refused
        By `load`, and by all that reads the text: a cell is not written as it should be.
    """

    name: str
    text: str
    mistakes_text: str = ""

    @classmethod
    def load(cls, name: str | Path) -> "Assignment":
        """Read the assignment of the book with this name, or the one in this file."""
        path = Path(name)
        if path.suffix != ".py":
            path = FOLDER / f"{name}.py"
        if not path.is_file():
            known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.mistakes.py"))).replace(
                ".mistakes", ""
            )
            raise Refused(f"There is no assignment {str(name)!r}. Those of the book: {known}.")
        mistakes = path.with_suffix(".mistakes.py")
        return cls(
            path.stem,
            INCLUDE.sub(lambda found: _included(path, found[1]), path.read_text()),
            mistakes.read_text() if mistakes.is_file() else "",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process as text and cells; what reads notebooks takes long to load."""
        return _sent, (self.name, self.text, self.mistakes_text, self.cells)

    @property
    def digest(self) -> str:
        """What changes when anything of it does that grading depends on."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells, in their order; checked."""
        cells = [_cell(self.name, cell) for cell in _read(self.text)]
        names = [cell.grade_id for cell in cells if cell.role]
        for name in names:
            if names.count(name) > 1:
                raise Refused(f"{self.name}: two cells are called {name!r}; names are used once.")
        for before, cell in zip([None, *cells], cells, strict=False):
            if cell.role == "answer" and (
                before is None or before.grade_id != f"question-{cell.name}"
            ):
                raise Refused(f'{self.name}: above answer="{cell.name}" must stand its question.')
        return cells

    def _of(self, *roles: str) -> list[Cell]:
        return [cell for cell in self.cells if cell.role in roles]

    @cached_property
    def title(self) -> str:
        """The heading of the first cell."""
        found = re.match(r"# (.+)", self.cells[0].source) if self.cells else None
        if not found:
            raise Refused(f"{self.name}: the first cell must begin with `# Title`.")
        return found[1]

    @cached_property
    def minutes(self) -> int:
        """How long it takes, as the first cell says."""
        found = re.search(r"\*\*Time\*\*: (\d+) minutes", self.cells[0].source)
        if not found:
            raise Refused(f"{self.name}: the first cell must say `**Time**: 45 minutes`.")
        return int(found[1])

    @cached_property
    def items(self) -> dict[str, Item]:
        """What is asked of a program, by name."""
        shared: dict[str, Any] = {"np": np, "approx": approx, "require": require}
        for cell in self._of("hidden"):
            exec(compile(cell.source, f"<{self.name}, {cell.name}>", "exec"), shared)
        items = {}
        for cell in self._of("item"):
            names = dict(shared)
            exec(compile(cell.hidden, f"<{self.name}, {cell.name}>", "exec"), names)
            title = (getattr(names.get("ask"), "__doc__", None) or "").strip().partition("\n")[0]
            if not title:
                raise Refused(
                    f"{self.name}: item {cell.name!r} needs `def ask(program, rng):` with a title "
                    "in its docstring."
                )
            items[cell.name] = Item(cell.name, cell.points, title, names["ask"])
        return items

    @cached_property
    def questions(self) -> dict[str, Question]:
        """What is marked by hand, by name."""
        found = {}
        for cell in self._of("answer"):
            text = "\n".join(_solution_lines(cell.source.split("\n")))
            model, _, rubric = text.partition("\nRubric:\n")
            points = sum(int(points) for points in RUBRIC.findall(rubric))
            if points != cell.points:
                raise Refused(
                    f"{self.name}: the rubric of {cell.name!r} has {points} points, and the "
                    f"question {cell.points}. Its lines read `- 1 point: says that ...`."
                )
            found[cell.name] = Question(cell.name, cell.points, model.strip(), rubric.strip())
        return found

    @cached_property
    def mistakes(self) -> dict[str, Mistake]:
        """The wrong solutions, by name."""
        found: dict[str, Mistake] = {}
        tasks = {cell.name for cell in self._of("task")}
        for cell in _read(self.mistakes_text):
            about = cell.metadata
            if "mistake" not in about:
                continue
            if about.get("task") not in tasks:
                raise Refused(f"{self.name}: mistake {about['mistake']!r} is of no task of it.")
            if about["mistake"] not in found:
                thought = "\n".join(line[2:] for line in _leading_comments(cell.source.split("\n")))
                if not isinstance(about.get("mark"), int) or not thought:
                    raise Refused(
                        f"{self.name}: mistake {about['mistake']!r} needs `mark=` and a comment "
                        "that says what was thought."
                    )
                found[about["mistake"]] = Mistake(about["mistake"], about["mark"], thought, {})
            found[about["mistake"]].cells[about["task"]] = cell.source
        return found

    @cached_property
    def files(self) -> dict[str, bytes]:
        """What is handed out beside the notebook, by the names of the files."""
        for cell in self._of("hidden"):
            names: dict[str, Any] = {"np": np}
            exec(compile(cell.source, f"<{self.name}, {cell.name}>", "exec"), names)
            if "files" in names:
                return dict(names["files"]())
        return {}

    def reference(self) -> Reference:
        """Run the solution here, afresh."""
        names: dict[str, Any] = {"__name__": f"reference of {self.name}"}
        for code in self._solution:
            exec(code, names)
        return Reference(names)

    @cached_property
    def _solution(self) -> list[CodeType]:
        return [
            compile(
                "\n".join(_solution_lines(cell.source.split("\n"))),
                f"<{self.name}, {cell.name}>",
                "exec",
            )
            for cell in self._of("given", "task")
        ]

    # -- notebooks ---------------------------------------------------------------------------------

    def source_notebook(self) -> "NotebookNode":
        """Return what nbgrader takes: solutions between markers, and no hidden code."""
        import nbformat

        notebook: NotebookNode = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL})
        for number, cell in enumerate(c for c in self.cells if c.role != "hidden"):
            new = (
                nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
            )
            name = cell.grade_id if cell.role else f"cell-{number}"
            made = new(cell.source, id=name)
            if cell.role:
                made.metadata["nbgrader"] = _nbgrader(cell)
            notebook.cells.append(made)
        return notebook

    def release_notebook(self) -> "NotebookNode":
        """Return the notebook that students get."""
        from nbgrader import preprocessors

        notebook = self.source_notebook()
        for step in (
            preprocessors.LockCells,
            preprocessors.ClearSolutions,
            preprocessors.ClearOutput,
            preprocessors.ComputeChecksums,
        ):
            notebook, _ = step().preprocess(notebook, {})
        return notebook

    def solution_notebook(self) -> "NotebookNode":
        """Return the release with solutions, model answers and rubrics."""
        return self._filled({})

    def with_mistake(self, name: str) -> "NotebookNode":
        """Return the solution in which a mistake has been made."""
        return self._filled(self.mistakes[name].cells)

    def _filled(self, instead: dict[str, str]) -> "NotebookNode":
        notebook = self.release_notebook()
        sources = {cell.grade_id: cell for cell in self._of("task", "answer")}
        for cell in notebook.cells:
            if own := sources.get(cell.id):
                solution = "\n".join(_solution_lines(own.source.split("\n")))
                cell.source = instead.get(own.name, solution) if own.role == "task" else solution
        return notebook


def _sent(name: str, text: str, mistakes_text: str, cells: list[Cell]) -> Assignment:
    assignment = Assignment(name, text, mistakes_text)
    assignment.__dict__["cells"] = cells
    return assignment


def _read(text: str) -> list["NotebookNode"]:
    import jupytext  # takes a second to load, which a process that only judges can do without

    return list(jupytext.reads(text, "py:percent").cells)


def _cell(assignment: str, cell: "NotebookNode") -> Cell:
    roles = [role for role in ROLES if role in cell.metadata]
    if not roles:
        return Cell("", "", cell.cell_type, cell.source)
    role = roles[0]
    name, points = cell.metadata[role], cell.metadata.get("points", 0)
    where = f'{assignment}: the cell {role}="{name}"'
    if len(roles) > 1:
        raise Refused(f"{where} cannot be {roles[1]!r} as well.")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise Refused(f"{where} needs a name of small letters, digits and hyphens.")
    if (role in ("item", "answer")) != (isinstance(points, int) and points > 0):
        raise Refused(f"{where}: `points=` with a whole number belongs to items and answers only.")
    if (cell.cell_type == "markdown") != (role in ("question", "answer")):
        raise Refused(
            f"{where} is a {cell.cell_type} cell; only questions and answers are Markdown."
        )
    source, hidden = cell.source, ""
    if role in ("task", "answer") and "### BEGIN SOLUTION" not in source:
        raise Refused(
            f"{where} has no solution between `### BEGIN SOLUTION` and `### END SOLUTION`."
        )
    if role == "item":
        found = HIDDEN.findall(f"{source}\n")
        if len(found) != 1:
            raise Refused(f"{where} needs one part from `### BEGIN HIDDEN` to `### END HIDDEN`.")
        hidden, source = found[0], HIDDEN.sub("", f"{source}\n").rstrip()
    return Cell(role, name, cell.cell_type, source, points, hidden)


def _nbgrader(cell: Cell) -> dict[str, Any]:
    """Return what nbgrader wants to know of a cell."""
    graded = cell.role in ("item", "answer")
    answer = cell.role in ("task", "answer")
    about = {
        "grade": graded,
        "solution": answer,
        "locked": not answer,
        "task": False,
        "grade_id": cell.grade_id,
        "schema_version": 3,
        "cell_type": cell.kind,
    }
    return about | {"points": cell.points} if graded else about


def _solution_lines(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if line.strip() not in ("### BEGIN SOLUTION", "### END SOLUTION"):
            yield line


def _leading_comments(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("# "):
            return
        yield line


def _included(path: Path, name: str) -> str:
    for folder in (path.parent, FOLDER):
        if (folder / f"{name}.py").is_file():
            return (folder / f"{name}.py").read_text().rstrip()
    raise Refused(f"{path.name} includes {name!r}, but there is no {name}.py beside it.")

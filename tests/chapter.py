"""A chapter as its tests see it: its prose, its exercises and quiz, what its code defined."""

import json
import re
from functools import cached_property
from pathlib import Path

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
NAMES = sorted(path.stem for path in CHAPTERS.glob("[0-9][0-9]-*.ipynb"))


class Chapter:
    """The notebook of a name in `chapters`, without its ending."""

    def __init__(self, name):
        self.name = name
        notebook = json.loads((CHAPTERS / f"{name}.ipynb").read_text(encoding="utf-8"))
        self.cells = [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]
        self.code = [source for kind, source in self.cells if kind == "code"]
        self.text = "\n".join(source for kind, source in self.cells if kind == "markdown")
        self.prose = " ".join(self.text.split())

    @property
    def minutes(self):
        """How long it takes to read the chapter, and to do its exercises."""
        line = re.search(r"\*\*Time\*\* (\d+) minutes, and (\d+) for the exercises", self.text)
        return int(line[1]), int(line[2])

    def says(self, *phrases):
        """Fail unless the prose holds each phrase, white space aside."""
        missing = [phrase for phrase in phrases if phrase not in self.prose]
        assert not missing

    @cached_property
    def _run(self):
        """What is defined after each cell, when all are run in order."""
        found = {"__name__": self.name}
        after = []
        for kind, source in self.cells:
            if kind == "code":
                exec(compile(source, f"{self.name} cell", "exec"), found)
            after.append(dict(found))
        return after

    def _where(self, mark, kind="markdown"):
        """The place of the first cell of a kind that holds `mark`."""
        places = [i for i, (k, source) in enumerate(self.cells) if k == kind and mark in source]
        assert places, f"{self.name}: no cell holds {mark!r}"
        return places[0]

    @property
    def source(self):
        """All code of the chapter, as one text."""
        return "\n".join(self.code)

    @property
    def end(self):
        """What is defined when all of the chapter has run."""
        return self._run[-1]

    def at(self, text):
        """What is defined after the first code cell that holds `text`."""
        return self._run[self._where(text, "code")]

    def before(self, label):
        """What is defined when the solution of the exercise begins: after its starter cell."""
        return self._run[self._where(f"{{solution-start}} {label}\n") - 1]

    def solution_cells(self, label):
        """Where the solution of an exercise begins and ends among the cells."""
        start = self._where(f"{{solution-start}} {label}\n")
        return start, next(
            i
            for i, (kind, source) in enumerate(self.cells[start:], start)
            if kind == "markdown" and "{solution-end}" in source
        )

    def after(self, label):
        """What is defined when the solution of the exercise ends."""
        return self._run[self.solution_cells(label)[1]]

    def solution(self, label):
        """The text of the solution."""
        start, end = self.solution_cells(label)
        return " ".join(" ".join(s for k, s in self.cells[start:end] if k == "markdown").split())

    @property
    def exercises(self):
        """The text of each exercise, by its label."""
        pattern = r"\{exercise\}\n:label: (\S+)\n(.*?)(?=\n`{3,}\n|\n`{3,}$|\Z)"
        return {
            label: body.strip()
            for kind, source in self.cells
            if kind == "markdown"
            for label, body in re.findall(pattern, source, flags=re.DOTALL)
        }

    @property
    def quiz(self):
        """The options of each question: a list of pairs of a title and a text."""
        section = self.text.partition("\n## Check yourself\n")[2].partition("\n## ")[0]
        parts = re.split(r"^\*\*(.+?\?)\*\*$", section, flags=re.MULTILINE | re.DOTALL)
        option = r"\{dropdown\} ([^\n]+)\n(.*?)\n`{3,}(?:\n|$)"
        return {
            " ".join(question.split()): re.findall(option, options, flags=re.DOTALL)
            for question, options in zip(parts[1::2], parts[2::2], strict=True)
        }


def slopes(function, *at):
    """The derivatives by a complex step, which has no rounding error and knows no graph."""
    h = 1e-30
    return [
        function(*[x + (1j * h if i == k else 0) for i, x in enumerate(at)]).imag / h
        for k in range(len(at))
    ]


def rounded(numbers):
    """Numbers to six digits after the point, for those that a text can state."""
    return [round(float(number), 6) for number in numbers]

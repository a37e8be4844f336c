"""The book's assignments: solution full, blank zero, each known mistake its exact mark."""

import re
import tokenize
from io import StringIO

import pytest
from classroom_small import judged

from classroom.sandbox import Limits
from classroom.source import FOLDER, Assignment

NAMES = [
    "chain-rule",
    "simple-layers",
    "activation-layers",
    "affine",
    "softmax-with-loss",
    "gradient-check",
    "digits",
]
ALL = {name: Assignment.load(name) for name in NAMES}
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)\s*### END SOLUTION", re.DOTALL)
MISTAKES = [(name, mistake) for name in NAMES for mistake in ALL[name].mistakes]


def test_all_of_them_are_here() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == {
        "expect",
        *NAMES,
        *(f"{name}.mistakes" for name in NAMES),
    }


@pytest.mark.parametrize("name", NAMES)
def test_an_assignment_has_the_agreed_form(name: str) -> None:
    assignment = ALL[name]
    assert assignment.title
    assert 30 <= assignment.minutes <= 90
    assert 8 <= len(assignment.items) <= 18
    assert 20 <= sum(item.points for item in assignment.items.values()) <= 32
    assert 1 <= len(assignment.questions) <= 2
    assert len(assignment.mistakes) >= 5
    for item in assignment.items.values():
        assert item.title.endswith(".")
    texts = "\n".join(cell.source for cell in assignment.cells if cell.kind == "markdown")
    headings = re.findall(r"^## .*\((\d+) points?[,)]", texts, re.MULTILINE)
    assert sum(map(int, headings)) == sum(item.points for item in assignment.items.values())
    for name, question in assignment.questions.items():
        [text] = [cell.source for cell in assignment.cells if cell.grade_id == f"question-{name}"]
        assert f"({question.points} points)" in text
    tested = [cell for cell in assignment.cells if cell.role == "item"]
    assert (
        sum("expect(" in cell.source or "assert " in cell.source for cell in tested)
        > len(tested) / 2
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_has_full_marks_and_passes_its_own_tests(name: str) -> None:
    assignment = ALL[name]
    notebook = assignment.solution_notebook()
    for cell in notebook.cells:  # as cells of one's own, the visible tests are run, too
        if cell.id in assignment.items:
            cell.source = f"# run this\n{cell.source}"
    verdict = judged(notebook, assignment, Limits())
    wrong = {n: item.message for n, item in verdict.items.items() if item.points != item.maximum}
    assert not wrong
    failed = [o for shown in verdict.outputs.values() for o in shown if o["output_type"] == "error"]
    assert not failed
    assert not verdict.notes


@pytest.mark.parametrize("name", NAMES)
def test_what_was_handed_out_has_no_marks(name: str) -> None:
    verdict = judged(ALL[name].release_notebook(), ALL[name], Limits())
    assert {item.points for item in verdict.items.values()} == {0.0}
    assert any("Not done yet" in item.message for item in verdict.items.values())


@pytest.mark.parametrize(("name", "mistake"), MISTAKES, ids=[":".join(pair) for pair in MISTAKES])
def test_a_known_mistake_has_its_exact_mark(name: str, mistake: str) -> None:
    assignment = ALL[name]
    verdict = judged(assignment.with_mistake(mistake), assignment, Limits())
    lost = {n: item.message for n, item in verdict.items.items() if item.points != item.maximum}
    assert verdict.points == assignment.mistakes[mistake].mark, lost
    assert lost
    assert all(re.search(r"\d|raised|expected", message) for message in lost.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_visible_test_says_why(name: str) -> None:
    for cell in ALL[name].cells:
        if cell.role == "item" and "expect(" in cell.source:
            tokens = tokenize.generate_tokens(StringIO(cell.source + "\n").readline)
            strings = [token.string for token in tokens if token.type == tokenize.STRING]
            assert any(len(text.split()) >= 4 for text in strings), cell.name


@pytest.mark.parametrize("name", NAMES)
def test_no_solution_no_hidden_code_and_no_rubric_is_handed_out(name: str) -> None:
    assignment = ALL[name]
    released = "\n".join(cell.source for cell in assignment.release_notebook().cells)
    for cell in assignment.cells:
        solutions = SOLUTION.findall(cell.source)
        assert bool(solutions) == (cell.role in ("task", "answer"))
        for secret in [*solutions, cell.hidden.strip()]:
            assert not secret or secret not in released
    for word in ("### BEGIN", "Rubric", "nnlib", "def ask", "(program, rng)"):
        assert word not in released

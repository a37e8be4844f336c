"""What a verdict promises: right is full, wrong is told why, what was not judged has no mark."""

import base64
import dataclasses
import io
import json
import math
import random
import textwrap
from typing import Any

import numpy as np
import pytest
from classroom_small import FULL, LIMITS, SMALL, code, judged
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from classroom import verdict
from classroom.answers import BadAnswer, Handle, decode, encode
from classroom.errors import Refused
from classroom.outputs import notebook_outputs, png
from classroom.program import differs
from classroom.sandbox import Limits
from classroom.source import Assignment
from classroom.verdict import Verdict, judge

numbers = st.floats(allow_nan=False, allow_subnormal=True) | st.integers(-(2**70), 2**70)
plain = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=20)
    | arrays.arrays(
        st.sampled_from([np.float64, np.int64, np.bool_]), arrays.array_shapes(min_dims=0)
    ),
    lambda inner: st.lists(inner, max_size=4)
    | st.lists(inner, max_size=4).map(tuple)
    | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip
json_data = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["array", "tuple", "dict", "handle"]) | st.text(max_size=5),
            inner,
            max_size=2,
        )
    ),
    max_leaves=20,
)


def alike(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(
            one, other, equal_nan=one.dtype.kind == "f"
        )
    if isinstance(one, list | tuple):
        return type(one) is type(other) and all(map(alike, one, other)) and len(one) == len(other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


@given(plain)
def test_what_is_plain_arrives_as_it_was(value: Any) -> None:
    assert alike(decode(json.loads(json.dumps(encode(value)))), value)


@given(json_data)
def test_an_answer_is_plain_data_or_refused(data: Any) -> None:
    try:
        value = decode(data)
    except BadAnswer:
        return
    assert isinstance(
        value, bool | int | float | str | list | tuple | dict | np.ndarray | Handle | None
    )


@pytest.mark.parametrize(
    "part",
    [[[2, 3], "f", 40], [[-1], "f", 0], [[10**9] * 3, "f", 0], [[1], "O", 8], [[True], "i", 8],
     [[1], "i", 7]],
)  # fmt: skip
def test_an_array_must_be_as_large_as_it_says(part: list[Any]) -> None:
    data = base64.b64encode(bytes(part[2])).decode()
    with pytest.raises(BadAnswer):
        decode({"array": [part[0], part[1], data]})


@given(plain)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert differs(value, value, 1e-6, 1e-9) == ""


@given(arrays.arrays(np.float64, arrays.array_shapes(), elements=st.floats(-1e3, 1e3)), st.data())
def test_one_wrong_number_is_found_and_named(
    right: np.ndarray[Any, Any], data: st.DataObject
) -> None:
    where = data.draw(st.sampled_from(list(np.ndindex(right.shape))))
    wrong = right.copy()
    wrong[where] += data.draw(st.sampled_from([1e-2, -1.0, math.inf, math.nan]))
    found = differs(wrong, right, 1e-6, 1e-9)
    assert f"at {list(where)}, expected" in found
    assert f"1 of {right.size} numbers" in found


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (1.0, np.array([1.0])), (np.array([1.0]), 1.0), (None, 1.0), ("1", 1), (True, "True"),
        (1, True), ((1, 2), (1, 2, 3)), (1, (1,)), ({"a": 1}, {"a": 1, "b": 2}),
        ([[1], [2, 3]], np.zeros((2, 2))), ((np.zeros(2), np.zeros(3)), (np.zeros(2), np.zeros(2))),
        (Handle(0, "float"), 1.0), (10**400, 1.0), (math.nan, math.nan), ("", None), (0, None),
    ],
)  # fmt: skip
def test_things_that_differ(got: Any, wanted: Any) -> None:
    assert differs(got, wanted, 1e-6, 1e-9)


@pytest.mark.parametrize(
    ("got", "wanted"),
    [(2, 2.0), (np.array(2.0), 2), ([1, 2], (1, 2)),
     ((np.ones(2), np.ones(3)), (np.ones(2), np.ones(3))),  ([1.0, 2.0], np.array([1, 2])),
     (np.array([1.0, 2.0]), [1, 2]), (np.array([[1, 2]]), ((1, 2),)), (1.0000005, 1.0)],
)  # fmt: skip
def test_another_way_to_write_the_same_is_as_good(got: Any, wanted: Any) -> None:
    assert differs(got, wanted, 1e-6, 1e-9) == ""


# --- fair ---

HARMLESS = {
    "prints": "print('hello')\nfor n in range(10_000): print(n)",
    "warnings": "import sys, warnings\nwarnings.warn('careful')\nprint('error', file=sys.stderr)",
    "a plot": "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    "an error": "1 / 0",
    "a cell that is no Python": "this is not code (",
    "a visible test that fails": "assert double(2) == 5, 'expected 5'",
    "an endless demonstration": "while True:\n    double(2)",
    "input": "x = input('How many? ')",
    "signs of Jupyter": "%matplotlib inline\n!ls\ndouble?\nx = double(1)",
    "a cell of another language": "%%bash\nls",
    "exit": "exit()",
    "its own random numbers": "np.random.seed(1); rng = np.random.default_rng(); rng.normal()",
    "warnings are errors": "import warnings; warnings.simplefilter('error'); np.seterr('raise')",
}


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_what_does_no_harm_costs_nothing(name: str, first: bool) -> None:
    notebook = SMALL.solution_notebook()
    notebook.cells.insert(0 if first else len(notebook.cells), *code(HARMLESS[name]))
    assert judged(notebook).points == FULL


def test_a_cell_may_read_what_a_test_defines_or_be_indented() -> None:
    """Tests are not run here, so what they define is missing; at home, the cell did its work."""
    notebook = SMALL.solution_notebook()
    for cell in notebook.cells:
        if cell.id == "task-double":
            cell.source = f"print(of_a_test.shape)\nlines = of_a_test.size\n{cell.source}"
            cell.source = cell.source.replace("2 * x", "twice(x)")
        elif cell.id == "task-node":
            cell.source = textwrap.indent(cell.source, "  ")
    notebook.cells += code("of_a_test[0]\ndef twice(x):\n    return two * x", "two = 2")
    assert judged(notebook).points == FULL


def test_a_plot_is_shown_as_a_picture_and_an_error_as_text() -> None:
    notebook = SMALL.solution_notebook()
    notebook.cells += code(HARMLESS["a plot"], HARMLESS["an error"], "print('one'); 2")
    outputs = list(judged(notebook, limits=Limits()).outputs.values())[-3:]
    assert any("image/png" in output.get("data", {}) for output in outputs[0])
    assert outputs[1][0]["evalue"] == "division by zero"
    assert outputs[1][0]["traceback"][0] == "line 1, in <module>: 1 / 0"
    assert [outputs[2][0]["text"], outputs[2][1]["data"]] == ["one\n", {"text/plain": "2"}]


@settings(max_examples=6, deadline=None)
@given(st.randoms(use_true_random=False))
def test_cells_may_be_moved_and_lose_all_that_is_not_text(rng: random.Random) -> None:
    notebook = SMALL.solution_notebook()
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    sources += ["class Cube(Square):\n    pass", "SIDE = double(3)"]
    rng.shuffle(sources)
    cells = [{"cell_type": "code", "source": source.splitlines(True)} for source in sources]
    assert judged({"nbformat": 4, "cells": cells}).points == FULL


def test_what_was_handed_out_may_be_deleted_or_spoilt() -> None:
    answers = [cell for cell in SMALL.solution_notebook().cells if cell.id.startswith("task-")]
    changed = [cell for cell in SMALL.solution_notebook().cells if cell.id.startswith("double-")]
    for cell in changed:
        cell.source = "assert True  # passes"
    for cells in (answers, answers + changed, changed + answers):
        notebook = SMALL.solution_notebook()
        notebook.cells = cells
        assert judged(notebook).points == FULL


def test_a_test_that_was_made_to_pass_gives_no_mark() -> None:
    notebook = SMALL.release_notebook()
    for cell in notebook.cells:
        if cell.id in SMALL.items:
            cell.source = "1.0"
    assert judged(notebook).points == 0


def test_the_same_submission_is_judged_the_same() -> None:
    notebook = SMALL.with_mistake("half")
    notebook.cells += code(
        "object()", "import random\nrandom.random(), np.random.rand()", "{'b', 'a', 'c'}"
    )
    first, second = judged(notebook), judged(notebook)
    assert first.as_json() == second.as_json()
    assert Verdict.from_json(first.as_json()) == first
    content = json.dumps(notebook).encode()
    other = judge(content, SMALL, b"another key", LIMITS)
    assert other.items["double-number"].message != first.items["double-number"].message
    assert other.points == first.points == SMALL.mistakes["half"].mark


def test_a_wrong_answer_is_told_with_its_numbers() -> None:
    messages = {
        name: item.message for name, item in judged(SMALL.with_mistake("half")).items.items()
    }
    called, _, rest = messages["double-number"].partition(") gave ")
    got, expected = rest.split(", expected ")
    assert float(expected) == pytest.approx(2 * float(called.removeprefix("double(")), rel=1e-4)
    assert float(got) == pytest.approx(float(expected) / 4, rel=1e-4)
    assert "at [0, 0], expected" in messages["double-array"]
    assert messages["square"] == "Right."
    blank = judged(SMALL.release_notebook())
    assert all("Not done yet" in item.message for item in blank.items.values())
    assert blank.points == 0


# --- not judged ---


def changed(old: str, new: str) -> Assignment:
    assert old in SMALL.text
    return dataclasses.replace(SMALL, text=SMALL.text.replace(old, new))


def test_where_the_reference_fails_there_is_no_mark() -> None:
    broken = changed('"""Twice a number."""\n', '"""Twice a number."""\n    yield 1 / 0\n')
    found = judged(SMALL.solution_notebook(), broken)
    assert found.items["double-number"].points is None
    assert "Not graded" in found.items["double-number"].message
    assert any("ZeroDivisionError" in note for note in found.notes)
    assert found.points == FULL - 1


def test_where_time_runs_out_there_is_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "TOTAL", 2.0)
    notebook = SMALL.solution_notebook()
    notebook.cells += code(*["import time\ntime.sleep(0.9)"] * 4)
    found = judged(notebook)
    assert [item.points for item in found.items.values()] == [None] * 3
    assert found.notes


# --- what an item can say ---

WORKSHOP = Assignment(
    "workshop",
    '''
# %% [markdown]
# # Workshop

# %% task="net"
### BEGIN SOLUTION
import numpy as np

class Net:
    def __init__(self, *, scale=1.0):
        self.params = {"W": np.ones((2, 2)) * scale}
        self.layers = [self]
    def predict(self, x):
        return x @ self.params["W"]
    def both(self, x):
        return self.predict(x), {"sum": float(x.sum()), "names": ["a", "b"], "none": None}

def apply(f, x):
    return f(x)

def same(net):
    return net

def spoil(x):
    x[0] = 7
    return x

RATE = 0.5
### END SOLUTION

# %% item="everything" points=1
### BEGIN HIDDEN
def ask(program, rng):
    """All ways to talk."""
    net = program.Net(scale=2.0)
    x = rng.normal(size=(3, 2))
    yield net.predict(x)
    net.params["W"] = rng.normal(size=(2, 2))
    yield net.predict(x)
    yield net.params
    yield net.params["W"]
    yield program.same(net).layers[0].predict(x=x)
    predicted, about = net.both(x)
    yield predicted
    yield about["sum"], about
    program.define("def cube(x): return x ** 3")
    yield program.apply(program.cube, 3.0)
    yield program.apply(net.predict, x)
    yield program.RATE
    program.RATE = 0.25
    yield program.RATE
    yield approx(program.RATE, rtol=1e-2)
    require(predicted.shape == (3, 2), "two columns")
    yield program.spoil([1, 2])
### END HIDDEN
''',
)  # fmt: skip


def test_an_item_talks_to_both_programs_alike() -> None:
    found = judged(WORKSHOP.solution_notebook(), WORKSHOP)
    assert found.items["everything"].message == "Right."


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "x @ self.params",
            "x + self.params",
            r"Net\(scale=2\).predict\(.*\) raised",
        ),
        ("return self.predict(x), {", "return {", "not enough values to unpack|something else"),
        ("return net", "pass", "same"),
        ("RATE = 0.5", "rate = 0.5", "no cell defines RATE"),
        (
            "RATE = 0.5",
            "import nnlib\nRATE = 0.5",
            "the cell of .* ended with ModuleNotFoundError: No module named 'nnlib'",
        ),
        ('"names": ["a", "b"]', '"names": ["a"]', "'names'.*expected"),
    ],
)
def test_what_a_student_reads(old: str, new: str, says: str) -> None:
    import re

    notebook = WORKSHOP.solution_notebook()
    for cell in notebook.cells:
        cell.source = cell.source.replace(old, new)
    found = judged(notebook, WORKSHOP).items["everything"]
    assert found.points == 0
    assert re.search(says, found.message), found.message


@pytest.mark.parametrize(
    ("double", "says"),
    [
        ("2 * x", "Right."),
        ("(2 * x).tolist()", "Right."),
        ("tuple(map(tuple, 2 * x))", "Right."),
        ("2.000003 * x", r"gave -?\d\.\d{9,} at .* expected -?\d\.\d{9,};"),
        ("__import__('collections').deque(2 * x)", "gave a deque, expected <array of shape"),
        ("np.matrix(2 * x)", "Right."),
        ("str(x)", "gave '.*, expected <array"),
    ],
)
def test_what_counts_as_an_array_and_what_is_said_of_the_rest(double: str, says: str) -> None:
    import re

    notebook = SMALL.solution_notebook()
    for cell in notebook.cells:
        cell.source = cell.source.replace("return 2 * x", f"return {double}")
    assert re.search(says, judged(notebook, SMALL).items["double-array"].message)


def test_a_demand_that_is_not_met_is_told() -> None:
    demanding = changed(
        "yield program.double(rng.normal())", 'require(program.double(1) > 2, "too small")'
    )
    assert judged(SMALL.solution_notebook(), demanding).items["double-number"].points is None
    demanding = changed(
        "yield program.double(rng.normal())", 'require(program.double(1) >= 2, "too small")'
    )
    assert (
        judged(SMALL.with_mistake("half"), demanding).items["double-number"].message == "too small"
    )


# --- pictures ---


def picture(**options: Any) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(file, "PNG", **options)
    return file.getvalue()


def test_a_picture_keeps_its_pixels_and_loses_its_texts() -> None:
    from PIL import Image, PngImagePlugin

    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "<script>")
    kept = base64.b64decode(png(base64.b64encode(picture(pnginfo=texts)).decode()))
    assert b"script" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert image.size == (30, 20)
        assert image.getpixel((3, 3)) == (255, 0, 0)


@given(st.data())
def test_a_spoilt_picture_is_no_picture(data: st.DataObject) -> None:
    content = bytearray(picture())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    assert png(base64.b64encode(bytes(content)).decode()) == ""


@pytest.mark.parametrize(
    "content", [b"", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n", b"GIF89a"]
)
def test_what_is_no_picture_is_left_out(content: bytes) -> None:
    assert png(base64.b64encode(content).decode()) == ""
    assert notebook_outputs([["png", base64.b64encode(content).decode()], ["png", "%%%"]]) == []


def test_a_picture_that_unpacks_to_much_is_left_out() -> None:
    from PIL import Image

    file = io.BytesIO()
    Image.new("L", (9000, 9000)).save(file, "PNG")
    assert len(file.getvalue()) < 200_000
    assert png(base64.b64encode(file.getvalue()).decode()) == ""


@given(json_data)
def test_whatever_a_program_shows_becomes_text_or_nothing(shown: Any) -> None:
    for output in notebook_outputs(shown):
        assert output["output_type"] in ("stream", "display_data", "error")
        assert set(output.get("data", {})) <= {"text/plain", "image/png"}


# --- sources ---

SQUARE = '### BEGIN HIDDEN\ndef ask(program, rng):\n    """A square'


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('item="square" points=3', 'item="square"', "points="),
        ('task="node"', 'task="double"', "two cells are called 'task-double'"),
        (SQUARE, SQUARE.partition("\n")[2], "BEGIN HIDDEN"),
        ('task="node"', 'task="The Node"', "small letters"),
        ('"""Twice a number."""', "pass", "docstring"),
        ("# - 2 points: says", "# - 1 point: says", "rubric of 'why' has 1 points"),
        ("### BEGIN SOLUTION\nclass", "class", "no solution between"),
        ('# %% [markdown] question="why"', "# %% [markdown]", "must stand its question"),
    ],
)  # fmt: skip
def test_a_source_that_is_not_as_it_should_be_is_refused(old: str, new: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        read_all(changed(old, new))


def read_all(assignment: Assignment) -> None:
    assert assignment.cells
    assert assignment.items
    assert assignment.questions


def test_no_hidden_code_and_no_solution_is_handed_out() -> None:
    released = json.dumps(SMALL.release_notebook())
    for secret in ("def ask", "rng", "Square:", "return 2 * x", "Because", "Rubric", "HIDDEN"):
        assert secret not in released
    solved = json.dumps(SMALL.solution_notebook())
    assert "return 2 * x" in solved
    assert "Rubric" in solved
    assert "def ask" not in solved


def test_an_assignment_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(Refused, match=r"no assignment 'chain'.*chain-rule"):
        Assignment.load("chain")

"""A submission is put together again, whatever a program or a student did to its cells."""

import copy
import json
from typing import Any

import nbformat
import pytest
from classroom_small import SMALL
from hypothesis import given
from hypothesis import strategies as st

from classroom import repair
from classroom.errors import Refused

RELEASE = SMALL.release_notebook()
ANSWERS = {
    "task-double": "def double(x):\n    return x + x",
    "task-node": "class Square:\n    ...",
    "why": "It is *so*.",
}
LOCKED = [c.id for c in RELEASE.cells if c.id in ("given-setup", "question-why")]
LOCKED += ["double-number", "double-array", "square"]


def answered() -> nbformat.NotebookNode:
    notebook = copy.deepcopy(RELEASE)
    for cell in notebook.cells:
        cell.source = ANSWERS.get(cell.id, cell.source)
    return notebook


def repaired(cells: list[dict[str, Any]]) -> nbformat.NotebookNode:
    submission = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    return repair.repair(repair.read(submission.encode()), RELEASE)


def by_id(notebook: nbformat.NotebookNode) -> dict[str, nbformat.NotebookNode]:
    """Return the cells that nbgrader knows, and make sure that each is there once."""
    known = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    found = {cell.metadata.nbgrader.grade_id: cell for cell in known}
    assert len(found) == len(known)
    assert all(cell.id == name for name, cell in found.items())
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    nbformat.validate(notebook)
    return found


def own_cells(cell_type: str) -> st.SearchStrategy[dict[str, Any]]:
    made = st.text("abc <>`*\n", min_size=1, max_size=20).map(
        lambda text: {"cell_type": cell_type, "source": f"# mine {text}", "metadata": {}}
    )
    return made


@given(st.data())
def test_nothing_is_lost_with_metadata_and_ids(data: st.DataObject) -> None:
    """Any cell loses any of both; cells of the student's own stand where no answer is."""
    cells: list[dict[str, Any]] = []
    for cell in answered().cells:
        new = json.loads(json.dumps(cell))
        if data.draw(st.booleans()):
            new["metadata"] = {}
        if data.draw(st.booleans()):
            new["id"] = data.draw(st.sampled_from(["", "a1b2", "why2"])) + str(len(cells))
        if new["cell_type"] == "code":
            new["outputs"] = [{"output_type": "display_data", "data": {"text/html": "<b>"}}]
        cells.append(new)
        if cell.id.startswith("cell-"):  # no answer is looked for here
            cells += data.draw(st.lists(own_cells("raw"), max_size=2))
    notebook = repaired(cells)
    found = by_id(notebook)
    for name, text in ANSWERS.items():
        assert found[name].source == text
    for original in RELEASE.cells:
        if "nbgrader" in original.metadata:
            assert found[original.id].metadata.nbgrader == original.metadata.nbgrader
            if original.id not in ANSWERS:
                assert found[original.id].source == original.source
    mine = [cell["source"] for cell in cells if cell["cell_type"] == "raw"]
    shown = "\n".join(cell.source for cell in notebook.cells)
    assert all(text in shown for text in mine)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    assert not any(repair.MISSING in cell.metadata for cell in notebook.cells)


@given(st.permutations(range(len(RELEASE.cells))), st.booleans(), st.booleans())
def test_cells_may_be_moved_and_doubled(
    order: list[int], without_metadata: bool, blank_first: bool
) -> None:
    """While the ids are there, order does not matter, and of copies the answered one counts."""
    cells = [json.loads(json.dumps(cell)) for cell in answered().cells]
    blank = [json.loads(json.dumps(cell)) for cell in RELEASE.cells]
    moved = [cells[place] for place in order]
    doubled = blank + moved if blank_first else moved + blank
    for cell in doubled if without_metadata else []:
        cell["metadata"] = {}
    found = by_id(repaired(doubled))
    assert {name: found[name].source for name in ANSWERS} == ANSWERS
    assert [cell["source"] for cell in cells if cell["id"] in LOCKED] == [
        found[cell["id"]].source for cell in cells if cell["id"] in LOCKED
    ]


@given(st.sets(st.sampled_from([cell.id for cell in RELEASE.cells])), st.booleans())
def test_what_is_missing_is_put_back_and_an_answer_is_not_taken_for_blank(
    lost: set[str], stripped: bool
) -> None:
    cells = [json.loads(json.dumps(cell)) for cell in answered().cells if cell.id not in lost]
    for cell in cells if stripped else []:
        cell["metadata"], cell["id"] = {}, ""
    notebook = repaired(cells)
    found = by_id(notebook)
    assert set(LOCKED) <= set(found)
    assert (repair.MISSING in found["why"].metadata) == ("why" in lost)
    # A stub in place of a missing answer would hide what stands elsewhere.
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert "NotImplementedError" not in code
    texts = [cell.source for cell in notebook.cells]
    assert all(text in texts for name, text in ANSWERS.items() if name not in lost)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
any_text = st.text(st.characters(exclude_categories=())) | st.just("half a pair: \ud800")
cells_of_any_kind = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw"])},
    optional={
        "source": any_text | st.lists(any_text) | json_values,
        "id": st.sampled_from([cell.id for cell in RELEASE.cells]) | json_values,
        "metadata": json_values
        | st.fixed_dictionaries({"nbgrader": st.fixed_dictionaries({"grade_id": json_values})}),
        "attachments": json_values,
        "outputs": json_values,
    },
)


@given(st.lists(cells_of_any_kind | json_values, max_size=8))
def test_any_json_is_repaired_or_refused(cells: list[Any]) -> None:
    try:
        notebook = repaired(cells)
    except Refused:
        return
    found = by_id(notebook)
    assert set(LOCKED) <= set(found)
    nbformat.writes(notebook).encode()  # it can be written, whatever signs are in it
    assert all("attachments" not in cell for cell in notebook.cells)


def test_a_changed_test_is_restored_and_the_change_kept_as_a_cell_of_ones_own() -> None:
    cells = [json.loads(json.dumps(cell)) for cell in answered().cells]
    for cell in cells:
        if cell["id"] == "double-number":
            cell["source"] = "SQUARES = {n: n * n for n in range(9)}"
    texts = [cell.source for cell in repaired(cells).cells]
    place = texts.index('assert double(2) == 4, "twice 2 is 4"')
    assert texts[place + 1] == "SQUARES = {n: n * n for n in range(9)}"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"I could not do it.", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1, 2]", "no object"),
        (b"[" * 100_000, "not JSON"),
        (b"9" * 10_000, "not JSON"),
        (b'{"nbformat": 3, "worksheets": []}', "format 4"),
        (b'{"nbformat": 4, "cells": {}}', "format 4"),
        (json.dumps({"nbformat": 4, "cells": [{"cell_type": "code"}] * 1001}).encode(), "1001"),
    ],
)
def test_a_file_that_is_no_notebook_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says):
        repair.read(content)

"""The stored notebooks are canonical, and the program that says so notices when one is not."""

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import notebooks
import pytest
from conftest import CHAPTERS

CHAPTER_FILES = sorted(CHAPTERS.glob("*.ipynb"))


def small_notebook() -> dict[str, Any]:
    """A notebook with one of each: text, a stream, a result, a picture, two equal cells."""
    v4 = nbformat.v4
    cells = [
        v4.new_markdown_cell("# Title\n\nDérivée: ∂L/∂x"),
        v4.new_code_cell(
            "print('a')",
            execution_count=1,
            outputs=[v4.new_output("stream", name="stdout", text="a\n")],
        ),
        v4.new_code_cell(
            "2 + 2",
            execution_count=2,
            metadata={"tags": ["hide-input"]},
            outputs=[v4.new_output("execute_result", {"text/plain": "4"}, execution_count=2)],
        ),
        v4.new_code_cell(
            "picture",
            execution_count=3,
            outputs=[v4.new_output("display_data", {"image/png": "aGk=", "text/plain": "p"})],
        ),
        v4.new_markdown_cell("Equal."),
        v4.new_markdown_cell("Equal."),
        v4.new_code_cell(""),
    ]
    return notebooks.canonical(v4.new_notebook(cells=cells))


def test_there_are_chapters() -> None:
    assert CHAPTER_FILES


@pytest.mark.parametrize("path", CHAPTER_FILES, ids=lambda path: path.stem)
def test_chapter_is_canonical(path: Path) -> None:
    if problems := notebooks.problems(path.read_text(encoding="utf-8")):
        advice = "`make notebooks` runs the chapters and stores them in order."
        pytest.fail("\n".join([*problems, advice]), pytrace=False)


def test_canonical_form_has_no_problems_and_is_kept() -> None:
    notebook = small_notebook()
    text = notebooks.write(notebook)
    assert notebooks.problems(text) == []
    assert notebooks.write(notebooks.canonical(notebooks.read(text))) == text


def test_file_is_laid_out_for_reading_changes() -> None:
    text = notebooks.write(small_notebook())
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")
    assert "∂L/∂x" in text
    assert '\n "cells": [' in text
    assert json.loads(text)["cells"][0]["source"] == ["# Title\n", "\n", "Dérivée: ∂L/∂x"]


def test_a_solution_is_folded_and_nothing_else() -> None:
    v4 = nbformat.v4
    texts = ["````{solution-start} ex-1\n:class: dropdown\n````", "Why.", "```{solution-end}\n```"]
    start, why, end = (v4.new_markdown_cell(text) for text in texts)
    task, answer, more, after = (v4.new_code_cell(name) for name in "abcd")
    cells = [task, start, answer, why, more, end, after]
    form = notebooks.canonical(v4.new_notebook(cells=cells))
    folded = [cell["source"] for cell in form["cells"] if "jupyter" in cell["metadata"]]
    assert folded == ["b", "c"]
    collapsed = [c["source"] for c in form["cells"] if notebooks.COLLAPSED in c["metadata"]]
    assert collapsed == texts[:1]


def test_ids_are_unique_and_depend_on_the_cell_itself() -> None:
    notebook = small_notebook()
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    changed = copy.deepcopy(notebook)
    changed["cells"][1]["source"] = "print('b')"
    changed["cells"].insert(1, nbformat.v4.new_markdown_cell("New."))
    after = [cell["id"] for cell in notebooks.canonical(changed)["cells"]]
    assert after[0] == ids[0]
    assert after[2] != ids[1]
    assert after[3:] == ids[2:]


Spoil = Callable[[dict[str, Any]], object]
VIEW = {notebooks.WIDGET_VIEW: {"model_id": "x"}, "text/plain": "p"}
STDERR = {"output_type": "stream", "name": "stderr", "text": "Warning: old\n"}
ERROR = {"output_type": "error", "ename": "NameError", "evalue": "no x", "traceback": []}
MORE = {"output_type": "stream", "name": "stdout", "text": "b\n"}

SPOILS: dict[str, tuple[Spoil, str]] = {
    "older format": (lambda nb: nb.update(nbformat_minor=4), "format 4.4"),
    "kernel": (
        lambda nb: nb["metadata"]["kernelspec"].update(name="my-env"),
        "notebook: metadata 'kernelspec'",
    ),
    "language version": (
        lambda nb: nb["metadata"]["language_info"].update(version="3.12.1"),
        "notebook: metadata 'language_info'",
    ),
    "widget state": (lambda nb: nb["metadata"].update(widgets={}), "notebook: metadata 'widgets'"),
    "cell id": (lambda nb: nb["cells"][0].update(id="mine"), "cell 1: id 'mine'"),
    "no cell id": (lambda nb: nb["cells"][0].pop("id"), "cell 1: id None"),
    "cell metadata": (
        lambda nb: nb["cells"][0]["metadata"].update(collapsed=True),
        "cell 1: metadata 'collapsed'",
    ),
    "count": (lambda nb: nb["cells"][1].update(execution_count=7), "cell 2: execution count 7"),
    "count in result": (
        lambda nb: nb["cells"][2]["outputs"][0].update(execution_count=7),
        "cell 3: outputs",
    ),
    "not run": (
        lambda nb: nb["cells"][1].update(execution_count=None, outputs=[]),
        "cell 2: was not run",
    ),
    "widget view": (lambda nb: nb["cells"][3]["outputs"][0].update(data=VIEW), "cell 4: outputs"),
    "output metadata": (
        lambda nb: nb["cells"][3]["outputs"][0]["metadata"].update(width=3),
        "cell 4: outputs",
    ),
    "split stream": (lambda nb: nb["cells"][1]["outputs"].append(MORE), "cell 2: outputs"),
    "stderr": (lambda nb: nb["cells"][1]["outputs"].append(STDERR), "stderr: Warning: old"),
    "error": (lambda nb: nb["cells"][1]["outputs"].append(ERROR), "cell 2: error NameError: no x"),
    "unknown output": (
        lambda nb: nb["cells"][1]["outputs"].append({"output_type": "odd"}),
        "not a valid notebook",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), SPOILS.values(), ids=SPOILS.keys())
def test_spoiled_notebook_is_noticed(
    spoil: Spoil, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = small_notebook()
    spoil(notebook)
    path = tmp_path / "spoiled.ipynb"
    path.write_text(notebooks.write(notebook), encoding="utf-8")
    before = path.read_bytes()
    assert notebooks.main(["--check", str(path)]) == 1
    said = capsys.readouterr().err
    assert str(path) in said
    assert message in said
    assert path.read_bytes() == before


RESPELLED: dict[str, Callable[[str], str]] = {
    "indent": lambda text: json.dumps(json.loads(text), ensure_ascii=False) + "\n",
    "escapes": lambda text: json.dumps(json.loads(text), indent=1) + "\n",
    "no final newline": lambda text: text.rstrip("\n"),
    "blank line at the end": lambda text: text + "\n",
}


@pytest.mark.parametrize("respell", RESPELLED.values(), ids=RESPELLED.keys())
def test_same_notebook_in_other_json_is_noticed(respell: Callable[[str], str]) -> None:
    text = notebooks.write(small_notebook())
    assert notebooks.problems(respell(text)) == ["the JSON is not laid out as nbformat writes it"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '"x"', '{"nbformat": 3}', '{"nbformat": 4, "cells": 1}', "<xml>"]
)
def test_what_is_no_notebook_is_said_so(text: str) -> None:
    (problem,) = notebooks.problems(text)
    assert "notebook" in problem


def test_write_mends_what_needs_no_run(tmp_path: Path) -> None:
    notebook = small_notebook()
    expected = notebooks.write(notebook)
    for name in (
        "older format",
        "kernel",
        "widget state",
        "no cell id",
        "count",
        "output metadata",
    ):
        SPOILS[name][0](notebook)
    path = tmp_path / "spoiled.ipynb"
    path.write_text(notebooks.write(notebook), encoding="utf-8")
    assert notebooks.main(["--write", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == expected


def test_write_does_not_pretend_that_a_notebook_was_run(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    path = tmp_path / "new.ipynb"
    path.write_text(notebooks.write(notebook), encoding="utf-8")
    assert notebooks.main(["--write", str(path)]) == 1
    assert notebooks.read(path.read_text(encoding="utf-8"))["cells"][0]["execution_count"] is None


def execute(tmp_path: Path, *sources: str) -> tuple[int, Path]:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    path = tmp_path / "run.ipynb"
    path.write_text(notebooks.write(nbformat.v4.new_notebook(cells=cells)), encoding="utf-8")
    return notebooks.main(["--execute", str(path)]), path


def test_execute_runs_here_and_stores_canonical_outputs(tmp_path: Path) -> None:
    code, path = execute(
        tmp_path,
        "import os, sys\nprint(sys.prefix)",
        "print('b')\nos.getcwd()",
        "import ipywidgets\nipywidgets.IntSlider()",
    )
    assert code == 0
    text = path.read_text(encoding="utf-8")
    assert notebooks.problems(text) == []
    first, second, third = (cell["outputs"] for cell in notebooks.read(text)["cells"])
    assert first[0]["text"].strip() == sys.prefix
    assert second[1]["data"]["text/plain"] == repr(str(tmp_path))
    assert list(third[0]["data"]) == ["text/plain"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import sys\nprint('careful', file=sys.stderr)", "cell 1: writes to stderr: careful"),
        ("import warnings\nwarnings.warn('old')", "cell 1: writes to stderr"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_execute_stores_nothing_when_a_cell_fails(
    source: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, path = execute(tmp_path, source)
    assert code == 1
    assert message in capsys.readouterr().err
    assert notebooks.read(path.read_text(encoding="utf-8"))["cells"][0]["execution_count"] is None

"""Keep the notebooks of the book canonical: one text for one notebook, whoever saved it.

    python tools/notebooks.py --check      say what is not canonical and change nothing
    python tools/notebooks.py --write      make canonical, without running
    python tools/notebooks.py --execute    run, make canonical, store the outputs

All chapters, unless files are named.

Canonical is: format 4.5; the metadata that the book needs and no other; cell ids made from the
cells' own text; execution counts 1, 2, 3, ...; solutions folded; outputs without
metadata and without widgets, which mean nothing once their kernel is gone; no error and nothing on
stderr; JSON as nbformat writes it.
"""

import argparse
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

Node = dict[str, Any]

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = ("mystnb", "tags")
NOTEBOOK_METADATA = ("myst", "mystnb")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
ID_LENGTH = 8
FOLDED = {"source_hidden": True, "outputs_hidden": True}
COLLAPSED = "jp-MarkdownHeadingCollapsed"
"""What JupyterLab understands; the website folds a solution by itself."""
_GATES = re.compile(r"^\W*\{solution-(start|end)\}", re.MULTILINE)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
TIMEOUT = 300
"""Seconds that one cell may take."""


class NotebookError(Exception):
    """A notebook that cannot be made canonical; the message says where and why."""


# --- the canonical form ---


def read(text: str) -> Node:
    """Return the notebook in a file's text, with its lines joined, otherwise as it stands.

    Raises
    ------
    NotebookError
        If it is not a notebook of format 4.
    """
    try:
        notebook: Node = nbformat.v4.reads(text)
        major = notebook["nbformat"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotebookError(f"not a notebook: {error}") from error
    if major != 4:
        raise NotebookError(f"notebook format {major}, expected 4")
    return notebook


def canonical(notebook: Node) -> Node:
    """Return the canonical form of a notebook, which is left as it is."""
    cells = [_canonical_cell(cell) for cell in notebook["cells"]]
    for identifier, cell in zip(_identifiers(cells), cells, strict=True):
        cell["id"] = identifier
    _fold_solutions(cells)
    # A notebook that was never run as a whole keeps its gaps: numbers would pretend that it was.
    if all(cell["execution_count"] is not None for cell in cells if _runs(cell)):
        for count, cell in enumerate(filter(_runs, cells), start=1):
            _set_count(cell, count)
    kept = {k: v for k, v in notebook["metadata"].items() if k in NOTEBOOK_METADATA}
    form = {"cells": cells, "metadata": kept | METADATA, "nbformat": 4, "nbformat_minor": 5}
    node: Node = nbformat.from_dict(form)
    return node


def write(notebook: Node) -> str:
    """Return the text of a notebook's file."""
    text: str = nbformat.v4.writes(nbformat.from_dict(notebook))
    return text.rstrip("\n") + "\n"


def faults(notebook: Node) -> list[str]:
    """Return what no rewriting can mend: it has to be run again, or the cell to be changed."""
    found = []
    for position, cell in enumerate(notebook["cells"], start=1):
        if not _runs(cell):
            continue
        if cell.get("execution_count") is None:
            found.append(f"cell {position}: was not run: run `make notebooks`")
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                found.append(
                    f"cell {position}: error {output.get('ename')}: {output.get('evalue')}"
                )
            elif output["output_type"] == "stream" and output.get("name") == "stderr":
                lines = output["text"].strip().splitlines() or [""]
                found.append(f"cell {position}: writes to stderr: {lines[-1]}")
    return found


def problems(text: str) -> list[str]:
    """Return what is not canonical in a notebook's text, a line for each; none if it is."""
    try:
        notebook = read(text)
        form = canonical(notebook)
        expected = write(form)
    except NotebookError as error:
        return [str(error)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return [f"not a notebook: {type(error).__name__}: {error}"]
    found = faults(notebook)
    if invalid := _invalid(form):
        found.append(invalid)
    if (version := (notebook["nbformat"], notebook.get("nbformat_minor"))) != (4, 5):
        found.append(f"notebook format {version[0]}.{version[1]}, expected 4.5")
    found += _differences("notebook", notebook["metadata"], form["metadata"])
    for position, (cell, wanted) in enumerate(
        zip(notebook["cells"], form["cells"], strict=True), start=1
    ):
        where = f"cell {position}"
        if cell.get("id") != wanted["id"]:
            found.append(f"{where}: id {cell.get('id')!r}, expected {wanted['id']!r}")
        found += _differences(where, cell["metadata"], wanted["metadata"])
        count, wanted_count = cell.get("execution_count"), wanted.get("execution_count")
        if count != wanted_count:
            found.append(f"{where}: execution count {count}, expected {wanted_count}")
        elif cell.get("outputs", []) != wanted.get("outputs", []):
            found.append(f"{where}: outputs are not in canonical form")
    if not found and text != expected:
        found.append("the JSON is not laid out as nbformat writes it")
    return found


def _fold_solutions(cells: list[Node]) -> None:
    """Fold the code between the gates of sphinx-exercise, and collapse the heading above it.

    JupyterLab then hides all cells from that heading to the next.
    """
    inside = False
    for cell in cells:
        if cell["cell_type"] == "markdown":
            for gate in _GATES.findall(cell["source"]):
                inside = gate == "start"
                if inside:
                    cell["metadata"][COLLAPSED] = True
        elif inside and cell["cell_type"] == "code":
            cell["metadata"]["jupyter"] = dict(FOLDED)


def _canonical_cell(cell: Node) -> Node:
    metadata = {k: cell["metadata"][k] for k in CELL_METADATA if cell["metadata"].get(k)}
    form: Node = {"cell_type": cell["cell_type"], "metadata": metadata, "source": cell["source"]}
    if cell.get("attachments"):
        form["attachments"] = cell["attachments"]
    if cell["cell_type"] == "code":
        form["execution_count"] = cell.get("execution_count") if _runs(cell) else None
        form["outputs"] = list(_canonical_outputs(cell.get("outputs", [])))
    return form


def _canonical_outputs(outputs: list[Node]) -> Iterator[Node]:
    stream: Node | None = None
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            if stream is not None and stream["name"] == output["name"]:
                stream["text"] += output["text"]
                continue
            stream = {"output_type": kind, "name": output["name"], "text": output["text"]}
            yield stream
            continue
        stream = None
        if kind not in ("display_data", "execute_result"):
            yield dict(output)
            continue
        data = {
            # Front ends differ in whether base64 ends with a line break.
            mime: value.strip() if mime in ("image/png", "image/jpeg") else value
            for mime, value in output["data"].items()
            if mime != WIDGET_VIEW
        }
        if data:
            form: Node = {"output_type": kind, "data": data, "metadata": {}}
            if kind == "execute_result":
                form["execution_count"] = output.get("execution_count")
            yield form


def _identifiers(cells: list[Node]) -> Iterator[str]:
    """Yield an id for each cell that depends on its own text, and on equal cells before it."""
    seen: set[str] = set()
    for cell in cells:
        copies = 0
        while True:
            text = f"{cell['cell_type']}\0{copies}\0{cell['source']}"
            identifier = hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]
            if identifier not in seen:
                break
            copies += 1
        seen.add(identifier)
        yield identifier


def _runs(cell: Node) -> bool:
    skipped = "skip-execution" in cell["metadata"].get("tags", [])
    return cell["cell_type"] == "code" and bool(cell["source"].strip()) and not skipped


def _set_count(cell: Node, count: int) -> None:
    cell["execution_count"] = count
    for output in cell["outputs"]:
        if output["output_type"] == "execute_result":
            output["execution_count"] = count


def _invalid(form: Node) -> str | None:
    try:
        nbformat.validate(nbformat.from_dict(form))
    except nbformat.ValidationError as error:
        return f"not a valid notebook: {str(error).splitlines()[0]}"
    return None


def _differences(where: str, found: Node, wanted: Node) -> list[str]:
    return [
        f"{where}: metadata {key!r} is not canonical"
        for key in sorted(found.keys() | wanted.keys())
        if found.get(key) != wanted.get(key)
    ]


# --- running ---


class _OwnKernel(KernelSpecManager):
    """The kernel of the Python that runs this program, whatever else is called python3 here."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


class _OwnKernelManager(AsyncKernelManager):
    def __init__(self, **options: Any) -> None:
        super().__init__(kernel_spec_manager=_OwnKernel(), **options)


def execute(notebook: Node, folder: Path) -> Node:
    """Run a notebook in a folder and return it with its outputs.

    Raises
    ------
    NotebookError
        If a cell raises, takes too long, or writes to stderr.
    """
    node = nbformat.from_dict(canonical(notebook))
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.update(execution_count=None, outputs=[])
    client = NotebookClient(
        node,
        kernel_manager_class=_OwnKernelManager,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        timeout=TIMEOUT,
        store_widget_state=False,
    )
    with tempfile.TemporaryDirectory(prefix="ipython-") as profile:
        environment = {k: v for k, v in os.environ.items() if k not in ("MPLBACKEND", "PYTHONPATH")}
        try:
            client.execute(env=environment | {"IPYTHONDIR": profile})
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise NotebookError(_COLOURS.sub("", str(error)).strip()) from error
    done = canonical(node)
    if found := faults(done):
        raise NotebookError("\n".join(found))
    return done


# --- the command ---


def _check(path: Path) -> list[str]:
    return problems(path.read_text(encoding="utf-8"))


def _write(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    try:
        form = canonical(read(text))
    except NotebookError as error:
        return [str(error)]
    _store(path, text, form)
    return faults(form)


def _execute(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    try:
        done = execute(read(text), path.resolve().parent)
    except NotebookError as error:
        return str(error).splitlines()
    _store(path, text, done)
    return []


def _store(path: Path, before: str, form: Node) -> None:
    after = write(form)
    if after != before:
        path.write_text(after, encoding="utf-8", newline="\n")
        print(f"{path}: written")
    else:
        print(f"{path}: unchanged")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if every notebook is in order."""
    parser = argparse.ArgumentParser(
        description="Keep the notebooks of the book canonical. Without FILES: all chapters.",
    )
    action = parser.add_mutually_exclusive_group(required=True)
    for name, function, text in (
        ("--check", _check, "say what is not canonical and change nothing"),
        ("--write", _write, "make canonical, without running"),
        ("--execute", _execute, "run, make canonical and store the outputs"),
    ):
        action.add_argument(name, dest="act", action="store_const", const=function, help=text)
    parser.add_argument("files", metavar="FILES", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    chapters = Path(__file__).resolve().parents[1] / "chapters"
    act: Callable[[Path], list[str]] = options.act
    failed = False
    for path in options.files or sorted(chapters.glob("*.ipynb")):
        for problem in act(path):
            failed = True
            print(f"{path}: {problem}", file=sys.stderr)
    if failed and act is _check:
        print("`make notebooks` runs the chapters and stores them in order.", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

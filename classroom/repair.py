"""A submission's notebook, brought back to what was handed out with the student's answers in it.

Programs that students use may drop what nbgrader writes into a cell, or all cell ids, or move
cells, or double them. Here each cell is found again: by nbgrader's own id, by the cell's id, by its
text, and an answer at last by where it stands. What was locked gets its text back; a student's
change of it is kept as a cell of the student's own. Nothing else that came with the notebook is
kept: no output, no metadata, no attachment.
"""

import copy
import json
from collections import Counter
from typing import Any

from nbformat import NotebookNode

from classroom.errors import Refused

MOST_CELLS = 1000
KINDS = ("code", "markdown", "raw")
MISSING = "classroom-missing"  # in the metadata of an answer cell that was not found


def read(submission: bytes) -> NotebookNode:
    """Return the cells of a submitted notebook: kind, text, id, and the id that nbgrader gave.

    Raises
    ------
    Refused
        It is no notebook of format 4, or has more cells than anybody writes.
    """
    try:
        data = json.loads(submission)
    except (ValueError, RecursionError):
        raise Refused("The file is no notebook: it is not JSON.") from None
    if not isinstance(data, dict):
        raise Refused("The file is no notebook: its JSON is no object.")
    cells = data.get("cells")
    if not isinstance(cells, list) or data.get("nbformat") != 4:
        raise Refused("The file is no notebook of format 4. Save it again with a current Jupyter.")
    if len(cells) > MOST_CELLS:
        raise Refused(f"The notebook has {len(cells)} cells; at most {MOST_CELLS} are read.")
    return _notebook([_cell(cell, number) for number, cell in enumerate(cells, start=1)])


def _cell(cell: Any, number: int) -> NotebookNode:
    kind = cell.get("cell_type") if isinstance(cell, dict) else None
    if kind not in KINDS:
        raise Refused(f"Cell {number} of the notebook is neither code nor Markdown nor raw.")
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise Refused(f"Cell {number} of the notebook has no text.")
    about = cell.get("metadata")
    about = about.get("nbgrader") if isinstance(about, dict) else None
    grade_id = about.get("grade_id") if isinstance(about, dict) else None
    own_id = cell.get("id")
    return _new(
        kind,
        source.encode(errors="replace").decode().replace("\0", "\ufffd"),
        own_id if isinstance(own_id, str) else "",
        {"grade_id": grade_id} if isinstance(grade_id, str) else None,
    )


def repair(submission: NotebookNode, release: NotebookNode) -> NotebookNode:
    """Return the submission with the release's cells found again.

    Of several cells with one id the first counts that is not as it was handed out, or else the
    first. The others stay, as the student's own. Of the release's cells that are in no place, those
    that are locked are put back, and answer cells with a mark `MISSING`, so that nobody takes them
    for left blank. An answer cell for code is not put back: its `NotImplementedError` would hide
    what the student may have written elsewhere.

    Parameters
    ----------
    submission : NotebookNode
        From `read`. It is not changed.
    release : NotebookNode
        What was handed out: a cell's id is nbgrader's `grade_id` where it has one.
    """
    wanted = {cell.id: cell for cell in release.cells}
    found = _find(submission.cells, release.cells)
    cells: list[NotebookNode] = []
    for position, cell in enumerate(submission.cells):
        original = wanted.get(found.get(position, ""))
        if original is None:
            cells.append(_own(cell))
            continue
        cells.append(_restored(cell, original))
        if _is_locked(original) and not _same(cell, original):
            cells.append(_own(cell))
    _put_back(cells, release.cells, set(found.values()))
    for number, cell in enumerate(cells):
        cell.id = cell.id or f"own-{number}"
    return _notebook(cells, copy.deepcopy(release.metadata))


# --- finding ---


def _find(cells: list[NotebookNode], originals: list[NotebookNode]) -> dict[int, str]:
    """Return which position holds which of the release's cells, by its id."""
    found: dict[int, str] = {}
    by_id = {original.id: original for original in originals}
    texts = Counter((original.cell_type, _text(original)) for original in originals)
    by_text = {
        (original.cell_type, _text(original)): original.id
        for original in originals
        if texts[original.cell_type, _text(original)] == 1 and _text(original)
    }
    _take(
        found, cells, by_id, [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells]
    )
    _take(found, cells, by_id, [cell.id for cell in cells])
    _take(found, cells, by_id, [by_text.get((cell.cell_type, _text(cell))) for cell in cells])
    _by_place(found, cells, originals)
    return found


def _take(
    found: dict[int, str],
    cells: list[NotebookNode],
    by_id: dict[str, NotebookNode],
    claims: list[str | None],
) -> None:
    """Give each claimed id to one of the positions that claim it."""
    taken = set(found.values())
    claimants: dict[str, list[int]] = {}
    for position, claim in enumerate(claims):
        if claim in by_id and claim not in taken and position not in found:
            claimants.setdefault(claim, []).append(position)
    for claim, positions in claimants.items():
        changed = [place for place in positions if not _same(cells[place], by_id[claim])]
        answer = _is_answer(by_id[claim])
        unchanged = [place for place in positions if place not in changed]
        first = (changed or positions) if answer else (unchanged or positions)
        found[first[0]] = claim


def _by_place(
    found: dict[int, str], cells: list[NotebookNode], originals: list[NotebookNode]
) -> None:
    """Find answers between what stood before and behind them."""
    place_of = {name: position for position, name in found.items()}
    order = [original.id for original in originals]
    for index, original in enumerate(originals):
        if original.id in place_of or not _is_answer(original):
            continue
        before = [place_of[name] for name in order[:index] if name in place_of]
        behind = [place_of[name] for name in order[index + 1 :] if name in place_of]
        first = before[-1] + 1 if before else 0
        last = behind[0] if behind else len(cells)
        free = [
            place
            for place in range(first, last)
            if place not in found and cells[place].cell_type == original.cell_type
        ]
        if free:
            place = max(free, key=lambda place: (_likeness(cells[place], original), -place))
            found[place] = original.id
            place_of[original.id] = place


def _likeness(cell: NotebookNode, original: NotebookNode) -> float:
    """Return how much of a code cell's stub is still there; of an answer in words nothing is."""
    if original.cell_type != "code":
        return 0.0
    lines = [line.strip() for line in original.source.split("\n") if line.strip()]
    theirs = {line.strip() for line in cell.source.split("\n")}
    return sum(line in theirs for line in lines) / max(len(lines), 1)


# --- cells ---


def _notebook(cells: list[NotebookNode], metadata: NotebookNode | None = None) -> NotebookNode:
    """Return a notebook; nbformat's own function would look at each cell before it has its id."""
    return NotebookNode(
        nbformat=4, nbformat_minor=5, metadata=metadata or NotebookNode(), cells=cells
    )


def _new(kind: str, source: str, name: str, nbgrader: dict[str, Any] | None = None) -> NotebookNode:
    cell = NotebookNode(cell_type=kind, source=source, id=name, metadata=NotebookNode())
    if nbgrader is not None:
        cell.metadata["nbgrader"] = copy.deepcopy(nbgrader)
    if kind == "code":
        cell.update(outputs=[], execution_count=None)
    return cell


def _own(cell: NotebookNode) -> NotebookNode:
    """Return a cell of the student's own. Raw text is shown as it is."""
    if cell.cell_type != "raw":
        return _new(cell.cell_type, cell.source, "")
    fence = "```"
    while fence in cell.source:
        fence += "`"
    return _new("markdown", f"{fence}\n{cell.source}\n{fence}", "")


def _restored(cell: NotebookNode, original: NotebookNode) -> NotebookNode:
    source = original.source if _is_locked(original) else cell.source
    return _new(original.cell_type, source, original.id, original.metadata.get("nbgrader"))


def _put_back(cells: list[NotebookNode], originals: list[NotebookNode], present: set[str]) -> None:
    """Put what is missing behind what it stood behind."""
    place = 0
    for original in originals:
        if original.id in present:
            place = next(n for n, cell in enumerate(cells) if cell.id == original.id) + 1
            continue
        nbgrader = original.metadata.get("nbgrader", {})
        if not (_is_locked(original) or nbgrader.get("grade")):
            continue
        missing = _restored(original, original)
        if _is_answer(original):
            missing.metadata[MISSING] = True
        cells.insert(place, missing)
        place += 1


def _is_locked(original: NotebookNode) -> bool:
    return "nbgrader" in original.metadata and not _is_answer(original)


def _is_answer(original: NotebookNode) -> bool:
    return bool(original.metadata.get("nbgrader", {}).get("solution"))


def _same(cell: NotebookNode, original: NotebookNode) -> bool:
    return cell.cell_type == original.cell_type and _text(cell) == _text(original)


def _text(cell: NotebookNode) -> str:
    """Return a cell's text without what editors change: the spaces at the end of lines."""
    lines = cell.source.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()

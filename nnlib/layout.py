"""Where the parts of a drawn graph stand: columns from left to right, rows from top to bottom.

Every variable owns one level line, which starts at its source (an input's box or a node's circle)
and runs to the last node that uses it. Inputs stand in the first column, a node one column right
of its inputs. All variables get one order from top to bottom; wherever two lines share a column,
the later one lies below. So no edge runs through a node, and a label beside a source meets nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnlib.functions import Array
from nnlib.graph import Graph

ROW = 76.0  # least distance of two lines that share a column
LABELS = 90.0  # level run right of a source, where value and derivative stand
BEND = 46.0  # where an edge leaves its level for the node on the right
RADIUS = 23.0
MARGIN = 14.0
TOP = 46.0  # above the first line and below the last
STIFF = 1e4


@dataclass(frozen=True)
class Layout:
    """Positions in SVG units, in the order of `Graph.variables`.

    Attributes
    ----------
    x, y : list of float
        Centre of each variable's source.
    half_width : list of float
        Of each source: a circle's radius, or half a box.
    bend : list of float
        Where the edges into each node leave their level.
    output_x, output_half_width : float
        Centre of the box with the name of the output, and half its width.
    width, height : float
    """

    x: list[float]
    y: list[float]
    half_width: list[float]
    bend: list[float]
    output_x: float
    output_half_width: float
    width: float
    height: float


def layout(graph: Graph, labels: list[str]) -> Layout:
    """Return positions for a graph whose inputs are drawn as boxes with these labels.

    Examples
    --------
    >>> from nnlib.variable import Variable
    >>> graph = Graph(Variable(2.0, name="x") * Variable(3.0, name="w"))
    >>> positions = layout(graph, ["x", "w", "y"])
    >>> positions.y
    [46.0, 122.0, 84.0]
    """
    sources = [row.get("inputs", []) for row in graph.to_dict()["variables"]]
    count = len(sources)
    users = [[j for j in range(count) if i in sources[j]] for i in range(count)]
    column = _columns(sources, users, [name in graph.constants for name in graph.variables])
    last = [max((column[j] - 1 for j in users[i]), default=column[i] + 1) for i in range(count)]
    order = _without_crossings(_in_order(sources), sources, column, last)
    y = _rows(order, sources, column, last)

    half = [RADIUS if sources[i] else _half_box(labels[i]) for i in range(count)]
    inputs = [i for i in range(count) if not sources[i] and column[i] == 0]
    for i in inputs:
        half[i] = max(half[j] for j in inputs)
    output_half = _half_box(labels[-1])
    centre, right = {}, MARGIN
    for c in range(column[-1] + 1):
        widest = max(half[i] for i in range(count) if column[i] == c)
        centre[c] = right + widest
        right = centre[c] + widest + LABELS + BEND
    x = [centre[c] for c in column]
    output_x = x[-1] + RADIUS + LABELS + output_half
    return Layout(
        x, y, half, [x[i] - half[i] - BEND for i in range(count)],
        output_x, output_half, output_x + output_half + MARGIN, max(y) + TOP,
    )  # fmt: skip


def _half_box(label: str) -> float:
    return max(RADIUS, 5.3 * len(label) + 12)


def _columns(sources: list[list[int]], users: list[list[int]], constant: list[bool]) -> list[int]:
    """Named inputs at 0, a node right of its inputs, a constant just left of its first use."""
    column: list[int] = []
    for inputs in sources:
        column.append(1 + max(column[i] for i in inputs) if inputs else 0)
    for i in range(len(sources)):
        if constant[i] and users[i]:
            column[i] = min(column[j] for j in users[i]) - 1
    return column


def _in_order(sources: list[list[int]]) -> list[int]:
    """Each node between its first and its second input: planar wherever the graph is a tree."""
    order: list[int] = []
    seen: set[int] = set()
    stack: list[tuple[int, bool]] = [(len(sources) - 1, False)]
    while stack:
        i, expanded = stack.pop()
        if expanded:
            order.append(i)
        elif i not in seen:
            seen.add(i)
            first, rest = sources[i][:1], sources[i][1:]
            stack += [(j, False) for j in reversed(rest)] + [(i, True)]
            stack += [(j, False) for j in first]
    return order


def _without_crossings(
    order: list[int], sources: list[list[int]], column: list[int], last: list[int]
) -> list[int]:
    """Swap neighbours in the order as long as that leaves fewer crossings."""
    best = _crossings(order, sources, column, last)
    improved = True
    while improved and best:
        improved = False
        for k in range(len(order) - 1):
            trial = [*order[:k], order[k + 1], order[k], *order[k + 2 :]]
            crossings = _crossings(trial, sources, column, last)
            if crossings < best:
                order, best, improved = trial, crossings, True
    return order


def _crossings(
    order: list[int], sources: list[list[int]], column: list[int], last: list[int]
) -> int:
    rank = {variable: k for k, variable in enumerate(order)}
    total = 0
    for c in range(1, max(column) + 1):
        lines = [
            (rank[i], rank[j], i) for j in rank if column[j] == c for i in sources[j]
        ]  # bending into column c
        lines += [(rank[i], rank[i], i) for i in rank if column[i] < c <= last[i]]  # passing it
        total += sum(
            (a[0] - b[0]) * (a[1] - b[1]) < 0
            for n, a in enumerate(lines)
            for b in lines[:n]
            if a[2] != b[2]
        )
    return total


def _rows(
    order: list[int], sources: list[list[int]], column: list[int], last: list[int]
) -> list[float]:
    """Heights that make the edges as short as the order and the row distance allow.

    Least squares over the edges; lines that come too close are pushed apart by a stiff spring, and
    this is solved again until the same springs are at work twice.
    """
    count = len(order)
    springs = 1e-9 * np.eye(count)
    for i in range(count):
        for j in sources[i]:
            springs += _spring(count, j, i) / column[i] ** 2  # the inputs' own nodes first
    pairs = [
        (i, j)
        for k, j in enumerate(order)
        for i in order[:k]
        if column[i] <= last[j] and column[j] <= last[i]
    ]
    y: Array = np.zeros(count)
    pushing = None
    for _ in range(50):  # pragma: no branch: it settles in a few
        near = [(i, j) for i, j in pairs if y[j] - y[i] < ROW]
        if near == pushing:
            break
        pushing = near
        stiff, force = springs.copy(), np.zeros(count)
        for i, j in pushing:
            stiff += STIFF * _spring(count, i, j)
            force[j] += STIFF * ROW
            force[i] -= STIFF * ROW
        y = np.linalg.solve(stiff, force)
    for i, j in pairs:  # what little the springs gave way
        y[j] = max(y[j], y[i] + ROW)
    return [round(float(v), 1) for v in y - y.min() + TOP]


def _spring(count: int, i: int, j: int) -> Array:
    pull = np.zeros(count)
    pull[i], pull[j] = 1.0, -1.0
    return np.outer(pull, pull)

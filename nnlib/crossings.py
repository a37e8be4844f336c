"""The order of the lines of a drawn graph from top to bottom, chosen so that few of them cross.

To find the fewest is too hard for a drawing that should be there at once. So this begins with
several orders that are good for trees, and moves one line at a time as long as that helps.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from nnlib.functions import Array


def top_to_bottom(sources: list[list[int]], column: list[int], last: list[int]) -> list[int]:
    """Return all variables in the order of their lines, the upmost first.

    Parameters
    ----------
    sources : list of list of int
        What each variable is computed from.
    column, last : list of int
        The columns in which the line of each variable begins and ends.

    Examples
    --------
    Node 3 uses 0 and 2, node 4 uses 3 and 1: with 1 below 2 nothing crosses.

    >>> top_to_bottom([[], [], [], [0, 2], [3, 1]], [0, 0, 0, 1, 2], [0, 1, 0, 1, 3])
    [0, 3, 2, 4, 1]

    References
    ----------
    Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system structures",
    IEEE Transactions on Systems, Man, and Cybernetics 11 (1981).
    """
    meetings = _meetings(sources, column, last)
    first = _in_order(sources)
    best, fewest = first, None
    for order in [first, first[::-1], list(range(len(sources))), _balanced(first, sources)]:
        crossings = int(_crossings(np.array([order]), meetings)[0])
        while crossings:
            trials = _moves(order)
            counts = _crossings(trials, meetings)
            k = int(counts.argmin())
            if counts[k] >= crossings:
                break
            order, crossings = trials[k].tolist(), int(counts[k])
        if fewest is None or crossings < fewest:
            best, fewest = order, crossings
        if not fewest:
            break
    return best


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


def _meetings(sources: list[list[int]], column: list[int], last: list[int]) -> Array:
    """Rows (i, to, j, to): the lines i and j, and where each goes, between the same two columns."""
    count = len(sources)
    rows = []
    for c in range(1, max(column) + 1):
        lines = {(i, j) for j in range(count) if column[j] == c for i in sources[j]}
        lines |= {(i, i) for i in range(count) if column[i] < c <= last[i]}  # passing it
        rows += [a + b for a, b in combinations(sorted(lines), 2) if a[0] != b[0]]
    return np.array(rows, int).reshape(-1, 4).T


def _crossings(orders: Array, meetings: Array) -> Array:
    """Return for each order how many lines cross."""
    rank = np.argsort(orders, axis=1)
    i, i_to, j, j_to = (rank[:, m] for m in meetings)
    crossed: Array = ((i - j) * (i_to - j_to) < 0).sum(axis=1)
    return crossed


def _moves(order: list[int]) -> Array:
    """Return each order in which one variable has moved elsewhere; not far in a large graph."""
    count = len(order)
    far = max(1, 3000 // count)
    return np.array(
        [
            [*without[:new], order[old], *without[new:]]
            for old in range(count)
            for without in [order[:old] + order[old + 1 :]]
            for new in range(max(0, old - far), min(count, old + far + 1))
            if new != old
        ],
        int,
    ).reshape(-1, count)


def _balanced(order: list[int], sources: list[list[int]]) -> list[int]:
    """Return an order in which each variable stands near the middle of those it is joined to."""
    edges = np.array([(i, j) for j, inputs in enumerate(sources) for i in inputs], int)
    place = np.argsort(order).astype(float)
    for _ in range(8 if len(edges) else 0):
        total, joined = place.copy(), np.ones(len(order))
        for a, b in (edges.T, edges.T[::-1]):
            np.add.at(total, a, place[b])
            np.add.at(joined, a, 1.0)
        place = np.argsort(np.argsort(total / joined, kind="stable")).astype(float)
    return [int(i) for i in np.argsort(place)]

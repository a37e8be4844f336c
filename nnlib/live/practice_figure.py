"""Practice problems in a page: boxes to fill in, and the reason why a wrong number is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from nnlib.formatting import format_number, table
from nnlib.graph import Graph
from nnlib.layers import PowLayer
from nnlib.live.base import Control, LiveFigure
from nnlib.live.graph_code import quoted
from nnlib.picture import symbol
from nnlib.practice import (
    INNER,
    INPUTS,
    OUTPUT,
    SEEDS,
    checked_nodes,
    checked_seed,
    formulas,
    problem,
    worksheet_svg,
)
from nnlib.practice_rules import NUMBERS, Kind, templates_for
from nnlib.words import say

__all__ = ["PracticeFigure"]


EXACT = ' data-exact="[^"]*"'  # the script puts it where it shows a number


@dataclass(frozen=True)
class SeedField(Control):
    """The field for a seed, in place of a slider that would go to four billion."""

    def html(self, name: str) -> str:
        """Return the field for a page; it is hidden until there is a script to serve it."""
        return (
            f'<input type="number" hidden data-input="{escape(name)}" min="0" max="{SEEDS - 1}" '
            f'step="1" value="{self.value:.0f}" autocomplete="off">'
        )


class PracticeFigure(LiveFigure):
    """Problems without end: computational graphs whose numbers the reader fills in.

    A problem has an empty box for each value that is computed and for each derivative. Each number
    is judged at once, with the mistake that gives it if it is a common one. The next problem is the
    next seed's; a reader may also type a seed, such as a number of their own.

    Parameters
    ----------
    nodes : iterable of str, default ("add", "multiply")
        The nodes that have been taught: see `nnlib.practice.problem`.
    seed : int, default 0
        Of the first problem.
    name : str, default "practice"
        Names the figure on a page, also as the target of links to it if it begins with "fig-".
    caption : str, optional
        One or two sentences below the figure.

    Attributes
    ----------
    seed : int
        Of the present problem.
    values, gradients : dict of str to float
        The answers to it, computed by nnlib. The figure as text does not have them.

    Raises
    ------
    TypeError, ValueError
        As `nnlib.practice.problem`.

    Examples
    --------
    >>> figure = PracticeFigure(["multiply"], seed=7, name="fig-practice")
    >>> figure.gradients["x"]
    17.5
    >>> figure.sliders["seed"].value = 8
    >>> figure.seed
    8
    >>> figure
    Problem 8
               value  dL/d…
            x    0.5      ?
            y     −3      ?
    a = x × y      ?      ?
    L = a × x      ?      1
    """

    kind = "practice"
    own_sliders = True

    def __init__(
        self,
        nodes: Iterable[str] = ("add", "multiply"),
        *,
        seed: int = 0,
        name: str = "practice",
        caption: str = "",
    ):
        self._kinds = checked_nodes(nodes)
        self._templates = templates_for(list(self._kinds.values()))
        control = SeedField(checked_seed(seed), 0, SEEDS - 1, 1)
        super().__init__(name=name, caption=caption, controls={"seed": control})

    @property
    def seed(self) -> int:
        """The seed of the present problem."""
        return int(self.inputs["seed"])

    @property
    def values(self) -> dict[str, float]:
        """The value of each variable of the present problem."""
        return self._now.values

    @property
    def gradients(self) -> dict[str, float]:
        """The derivative of the output with respect to each variable of the present problem."""
        return self._now.gradients

    @property
    def _now(self) -> Graph:
        return problem(self.seed, self._kinds)

    def __repr__(self) -> str:
        """Return the problem as text, with a question mark for each answer."""
        graph = self._now
        given = [[name, format_number(graph.values[name]), "?"] for name in graph.inputs]
        asked = [[formula, "?", "?"] for formula in formulas(graph)]
        asked[-1][-1] = "1"  # the derivative of the output with respect to itself
        head = ["", say("still.valueHead"), f"d{OUTPUT}/d…"]
        return f"{say('still.practice.one', seed=self.seed)}\n{table(head, given + asked)}"

    def _label(self, name: str) -> str:
        return say("still.practice.seed")

    def _stage(self) -> str:
        return worksheet_svg(self._now)

    def _beside(self, name: str) -> str:
        return f'<span class="nn-beside">{escape(say("still.practice.beside"))}</span>'

    def _below(self) -> str:
        """Return the key of the present problem, and a picture for each template.

        The first seeds have the templates in order.
        """
        graph = self._now
        cells = "".join(
            f'<tr><th scope="row">{name}</th><td>{format_number(value)}</td>'
            f"<td>{format_number(graph.gradients[name])}</td></tr>"
            for name, value in graph.values.items()
        )
        pictures = [
            worksheet_svg(problem(seed, self._kinds)) for seed in range(len(self._templates))
        ]
        return (
            '<details class="nn-numbers nn-answers"><summary>'
            f'{escape(say("still.practice.answers"))}</summary><table class="nn-table"><thead><tr>'
            f'<th scope="col">{escape(say("still.variable"))}</th>'
            f'<th scope="col">{escape(say("still.valueHead"))}</th>'
            f'<th scope="col">∂{OUTPUT}/∂…</th></tr></thead><tbody>{cells}</tbody></table>'
            "</details>"
            f'<template class="nn-pictures">{re.sub(EXACT, "", "".join(pictures))}</template>'
        )

    def _data(self) -> dict[str, Any]:
        kinds = self._kinds.values()
        return {
            "templates": [_named(*template) for template in self._templates],
            "kinds": {n: [_row(kind) for kind in kinds if kind.inputs == n] for n in (1, 2)},
            "numbers": NUMBERS,
        }

    def _code(self) -> str:
        names = ", ".join(map(quoted, self._kinds))
        options = [f"name={quoted(self.name)}"] if self.name != "practice" else []
        options += [f"caption={quoted(self.caption)}"] if self.caption else []
        arguments = ", ".join([f"[{names}]", "seed=⟦seed⟧", *options])
        return f"from nnlib.live import PracticeFigure\n\nPracticeFigure({arguments})"


def _named(inputs: int, places: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    """Return a template as rows with the names of its variables."""
    names = [*INNER[: len(places) - 1], OUTPUT]
    return [
        *({"name": name} for name in INPUTS[:inputs]),
        *({"name": n, "inputs": sources} for n, sources in zip(names, places, strict=True)),
    ]


def _row(kind: Kind) -> dict[str, Any]:
    """Return what a node of a kind has in `Graph.to_dict`, and how it is written."""
    row: dict[str, Any] = {"layer": type(kind.layer).__name__, "symbol": symbol(kind.layer)}
    if isinstance(kind.layer, PowLayer):
        row["exponent"] = kind.layer.exponent
    return row | {"formula": kind.formula}

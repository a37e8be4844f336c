"""A computational graph with sliders: in a notebook, on a page without a kernel, and as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import numpy as np

from nnlib.graph import Graph
from nnlib.live.base import Control, LiveFigure, with_number
from nnlib.live.counting import counted, counts, differences
from nnlib.live.graph_code import entry_name, graph_code, identifiers, quoted
from nnlib.picture import describe, graph_svg, hook, symbol
from nnlib.variable import Variable
from nnlib.words import say

Range = tuple[float, float, float]


class GraphFigure(LiveFigure):
    """A live figure of the graph that computes a number.

    In a notebook the sliders move it with or without the kernel's help; on the website it is
    HTML that the book's one script makes live; elsewhere it is text with the same numbers.

    Parameters
    ----------
    output : Variable
        What the graph computes, a number. Its graph is copied: the variables stay as they are.
    sliders : mapping of str to (low, high, step)
        A range for each input that is a number and has a name, and for as many entries of arrays
        as shall move, by names such as "W[0,1]"; the present value must lie on a step.
    name : str, optional
        Names the figure on a page, also as the target of links to it. Default: the name of the
        output.
    caption : str, optional
        One or two sentences below the figure.
    predict : bool, default False
        Start with the derivatives hidden, for the reader to work out. Only the folded table has
        them, also where there is no script.
    count : bool, default False
        Count the multiplications and additions of the steps, and say what central differences
        would take. For graphs of + and × of numbers.
    backward : bool, default True
        False leaves the backward pass out, with all derivatives, for readers who do not know it
        yet.

    Attributes
    ----------
    values, gradients : dict of str to float or array
        At the present slider positions, computed by nnlib.
    sliders : dict of str to ipywidgets.FloatSlider
    code : str
        Python that makes this figure, at the present slider positions.

    Raises
    ------
    TypeError
        If `output` is not a Variable, or a range is not three numbers.
    ValueError
        If the output is an array, a layer or an array cannot be drawn, a value or derivative is
        not finite, an input has no range, a range has no input, a value is not on its slider,
        the graph is not one to count, or derivatives are to be predicted that are left out.

    Examples
    --------
    >>> x, w = Variable(3.0, name="x"), Variable(2.0, name="w")
    >>> figure = GraphFigure(x * w, sliders={"x": (0, 10, 1), "w": (0, 10, 1)}, name="fig-product")
    >>> figure.gradients["x"]
    2.0
    >>> figure.sliders["w"].value = 5
    >>> figure.gradients["x"]
    5.0
    >>> figure
    Graph of y
       value  dy/d…
    x      3      5
    w      5      3
    y     15      1
    """

    kind = "graph"

    def __init__(
        self,
        output: Variable,
        sliders: Mapping[str, Range],
        *,
        name: str | None = None,
        caption: str = "",
        predict: bool = False,
        count: bool = False,
        backward: bool = True,
    ):
        self.graph = Graph(output)
        if not isinstance(sliders, Mapping) or not all(isinstance(key, str) for key in sliders):
            raise TypeError(
                "GraphFigure: sliders must be a dict with (low, high, step) for each name, such as "
                f"{{'x': (-5, 5, 0.1)}}; got {sliders!r}"
            )
        if predict and not backward:
            raise ValueError(
                "GraphFigure: predict=True needs the backward pass: leave one option out"
            )
        self.predict, self.backward = predict, backward
        self.counts = [counted(c) for c in counts(self.graph)] if count else []
        _check_drawable(self.graph)
        given = {key.replace(" ", ""): r for key, r in sliders.items()} | dict(sliders)
        entries = dict(_entries(self.graph))
        controls = {}
        for entry, value in entries.items():
            if entry in given:
                controls[entry] = _checked_control(entry, value, given[entry])
            elif entry in self.graph.inputs:
                raise ValueError(
                    f"GraphFigure: the input {entry!r} has no slider; add {entry!r}: (low, high, "
                    "step) to sliders, or make it a constant by leaving its name away"
                )
        unknown = [key for key in sliders if {key, key.replace(" ", "")}.isdisjoint(entries)]
        if unknown or not controls:
            raise ValueError(
                f"GraphFigure: {unknown[0]!r} has a slider but is not an input of the graph; "
                f"the inputs are {', '.join(entries)}"
                if unknown
                else "GraphFigure: nothing in the graph can move; give at least one entry of an "
                f"array a slider, such as {next(iter(entries), 'W[0,1]')!r}: (low, high, step)"
            )
        super().__init__(name=name or self.graph.output, caption=caption, controls=controls)

    @property
    def _now(self) -> Graph:
        arrays: dict[str, Any] = {}
        for entry, value in self.inputs.items():
            found = re.fullmatch(r"(.*)\[([\d,]+)\]", entry)
            if entry in self.graph.inputs or found is None:
                arrays[entry] = value
            else:
                name, index = found[1], tuple(int(k) for k in found[2].split(","))
                arrays.setdefault(name, np.array(self.graph.values[name]))[index] = value
        return self.graph.at(**arrays)

    @property
    def values(self) -> dict[str, Any]:
        """The value of each variable at the present slider positions."""
        return self._now.values

    @property
    def gradients(self) -> dict[str, Any]:
        """The derivative of the output with respect to each variable, at the same positions."""
        return self._now.gradients

    def __repr__(self) -> str:
        return repr(self._now)

    def _stage(self) -> str:
        now = self._now
        svg = graph_svg(now, backward=self.backward)
        return _without_derivatives(svg, now) if self.predict else svg

    def _beside(self, name: str) -> str:
        if not self.backward:
            return ""
        slope = dict(_entries(self._now, "grad"))[name]
        beside = with_number(f"∂{self.graph.output}/∂{name} =", "gradient", name, slope)
        return _without_derivatives(beside, self.graph) if self.predict else beside

    def _below(self) -> str:
        """Return all numbers as a table, with a row for each number and each entry of an array."""
        y, graph = escape(self.graph.output), self._now
        counting = (
            f'<p class="nn-count"><span>{self.counts[-1]}</span> {differences(graph)}</p>'
            if self.counts
            else ""
        )
        cells = "".join(
            f'<tr data-variable="{escape(entry)}">'
            f'<th scope="row">{escape(_row_label(entry, graph))}</th>'
            f"<td {hook('value', entry, value)}</td>"
            + (f"<td {hook('gradient', entry, slope)}</td></tr>" if self.backward else "</tr>")
            for (entry, value), (_, slope) in zip(
                _entries(graph, only_inputs=False),
                _entries(graph, "grad", only_inputs=False),
                strict=True,
            )
        )
        slopes = f'<th scope="col">∂{y}/∂…</th>' if self.backward else ""
        return (
            f'{counting}<details class="nn-numbers"><summary>{say("still.table")}</summary>'
            '<div class="nn-scroll"><table class="nn-table">'
            f'<thead><tr><th scope="col">{say("still.variable")}</th><th scope="col">'
            f"{say('still.valueHead')}</th>{slopes}</tr></thead>"
            f"<tbody>{cells}</tbody></table></div></details>"
        )

    def _data(self) -> dict[str, Any]:
        rows = self.graph.to_dict()["variables"]
        for row in rows:
            node = self.graph.variables[row["name"]].node
            if node is not None:
                row["symbol"] = symbol(node)
            if row["name"] in self.graph.unnamed:
                row["unnamed"] = True
        options = {"predict": self.predict, "forward": not self.backward, "counts": self.counts}
        return {"variables": rows} | {key: value for key, value in options.items() if value}

    def _code(self) -> str:
        lines = graph_code(self.graph, set(self.controls))
        ranges = ", ".join(
            f"{quoted(n)}: ({c.low:.12g}, {c.high:.12g}, {c.step:.12g})"
            for n, c in self.controls.items()
        )
        options = [f"name={quoted(self.name)}"] if self.name != self.graph.output else []
        options += [f"caption={quoted(self.caption)}"] if self.caption else []
        options += ["predict=True"] if self.predict else []
        options += ["count=True"] if self.counts else []
        options += [] if self.backward else ["backward=False"]
        output = identifiers(self.graph)[self.graph.output]
        return "\n".join(
            [
                "from nnlib.graph import Variable",
                "from nnlib.live import GraphFigure",
                "",
                *lines,
                f"sliders = {{{ranges}}}",
                f"GraphFigure({', '.join([output, 'sliders', *options])})",
            ]
        )


def _without_derivatives(html: str, graph: Graph) -> str:
    """Return HTML with a question mark for each derivative, as the script draws it."""
    html = re.sub(r'(data-gradient-of="[^>]*?) data-exact="[^"]*">[^<]*', r"\1>?", html)
    html = re.sub(r'(data-parts-of="[^>]*>)[^<]*', r"\1", html)
    described = escape(describe(graph, backward=False))
    return re.sub("(?<=<desc>)[^<]*", lambda _: described, html)


def _entries(
    graph: Graph, what: str = "value", *, only_inputs: bool = True
) -> Iterator[tuple[str, float]]:
    """Yield the name and the number of each input, or of each variable, entry by entry."""
    for name in graph.inputs if only_inputs else graph.values:
        array = np.asarray(getattr(graph.variables[name], what))
        for index in np.ndindex(array.shape):
            yield entry_name(name, index), float(array[index])


def _row_label(entry: str, graph: Graph) -> str:
    name = entry if entry in graph.variables else entry[: entry.rindex("[")]
    node = graph.variables[name].node
    if node is None or name not in graph.unnamed:
        return entry
    return say("still.graph.row", name=entry, symbol=symbol(node))


def _check_drawable(graph: Graph) -> None:
    if graph.output in graph.constants or not graph.inputs:
        raise ValueError(
            "GraphFigure: the graph has no input with a name, so nothing in it can move; "
            'give at least one: Variable(3.0, name="x")'
        )
    output = graph.variables[graph.output]
    if not isinstance(output.value, float):
        raise ValueError(
            f"GraphFigure: the output is an array of shape {output.value.shape}, and a derivative "
            "is that of a number; end the graph with .sum()"
        )
    for name, derivative in graph.gradients.items():
        if not np.isfinite(derivative).all():
            raise ValueError(
                f"GraphFigure: the derivative with respect to {name} is {derivative}; "
                "start the inputs where the graph is smooth"
            )


def _checked_control(name: str, value: float, given: Range) -> Control:
    try:
        low, high, step = (float(v) for v in given)
    except (TypeError, ValueError):
        raise TypeError(
            f"GraphFigure: the slider of {name!r} must be (low, high, step), got {given!r}"
        ) from None
    if not (np.isfinite([low, high, step]).all() and low < high and 0 < step <= high - low):
        raise ValueError(
            f"GraphFigure: the slider of {name!r} needs finite low < high and a step above 0 "
            f"that fits between them, got {given!r}"
        )
    steps = (value - low) / step
    if not low <= value <= high or abs(steps - round(steps)) > 1e-6:
        raise ValueError(
            f"GraphFigure: {name} = {value:g} is not on its slider, which goes from {low:g} to "
            f"{high:g} in steps of {step:g}; change the value or the range"
        )
    return Control(value, low, high, step)

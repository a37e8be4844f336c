"""A computational graph with sliders: in a notebook, on a page without a kernel, and as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets

from nnlib.graph import Graph
from nnlib.picture import graph_svg, hook, refuse_arrays, symbol
from nnlib.variable import Variable

HERE = Path(__file__).parent
SCRIPT = (HERE / "live.js").read_text(encoding="utf-8")
STYLE = (HERE / "live.css").read_text(encoding="utf-8")


class View(anywidget.AnyWidget):
    """The drawn figure in a notebook; it runs the same script as the website."""

    _esm = SCRIPT + "\nexport default { render: BackpropLive.render };\n"
    _css = STYLE
    html = traitlets.Unicode().tag(sync=True)
    inputs = traitlets.List(traitlets.Unicode()).tag(sync=True)


class GraphFigure(ipywidgets.VBox):
    """A live figure of the graph that computes a variable.

    In a notebook the sliders move it with or without the kernel's help; on the website it is
    HTML that the book's one script makes live; elsewhere it is text with the same numbers.

    Parameters
    ----------
    output : Variable
        What the graph computes, a number. Its graph is copied: the variables stay as they are.
    sliders : mapping of str to (low, high, step)
        A range for each input that has a name; its present value must lie on a step.
    name : str, optional
        Names the figure on a page, also as the target of links to it. Default: the name of the
        output.
    caption : str, optional
        One or two sentences below the figure.
    predict : bool, default False
        Start with the derivatives hidden, until the reader asks for them.

    Attributes
    ----------
    values, gradients : dict of str to float
        At the present slider positions, computed by nnlib.
    sliders : dict of str to ipywidgets.FloatSlider

    Raises
    ------
    TypeError
        If `output` is not a Variable, or a range is not three numbers.
    ValueError
        If a layer cannot be drawn, a variable is an array, a value or derivative is not finite,
        an input has no range, a range has no input, or a value is not on its slider.

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

    def __init__(
        self,
        output: Variable,
        sliders: Mapping[str, tuple[float, float, float]],
        *,
        name: str | None = None,
        caption: str = "",
        predict: bool = False,
    ):
        self.graph = Graph(output)
        self.name = name or self.graph.output
        self.caption = caption
        self.predict = predict
        _check_drawable(self.graph)
        ranges = {n: _checked_range(n, sliders, self.graph) for n in self.graph.inputs}
        unknown = sorted(set(sliders) - set(ranges))
        if unknown:
            raise ValueError(
                f"GraphFigure: {unknown[0]!r} has a slider but is not an input of the graph; "
                f"the inputs are {', '.join(ranges)}"
            )
        self._ranges = ranges
        self.sliders = {n: _slider(n, self.graph.values[n], *ranges[n]) for n in ranges}

        self.view = view = View(html=self._html(), inputs=list(ranges))
        for i, slider in enumerate(self.sliders.values()):
            view.add_traits(**{f"input{i}": traitlets.Float(slider.value).tag(sync=True)})
            ipywidgets.jslink((slider, "value"), (view, f"input{i}"))
        super().__init__([*self.sliders.values(), view])

    @property
    def _now(self) -> Graph:
        return self.graph.at(**{n: slider.value for n, slider in self.sliders.items()})

    @property
    def values(self) -> dict[str, float]:
        """The value of each variable at the present slider positions."""
        return self._now.values

    @property
    def gradients(self) -> dict[str, float]:
        """The derivative of the output with respect to each variable, at the same positions."""
        return self._now.gradients

    def __repr__(self) -> str:
        return repr(self._now)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = dict(super()._repr_mimebundle_(**kwargs) or {})
        return bundle | {"text/html": self.view.html, "text/plain": repr(self)}

    def _html(self) -> str:
        """Return the figure as HTML without a script: the picture and the numbers stand there."""
        graph, y = self.graph, escape(self.graph.output)
        values, gradients = graph.values, graph.gradients
        rows = "".join(
            f'<div class="nn-row"><label><span>{escape(n)}</span> <input type="range" hidden '
            f'data-input="{escape(n)}" min="{low!r}" max="{high!r}" step="{step!r}" '
            f'value="{values[n]!r}" autocomplete="off"></label> '
            f"<output {hook('value', n, values[n])}</output> "
            f'<span class="nn-slope">∂{y}/∂{escape(n)} = '
            f"<span {hook('gradient', n, gradients[n])}</span></span></div>"
            for n, (low, high, step) in self._ranges.items()
        )
        variables = graph.to_dict()["variables"]
        for row in variables:
            node = graph.variables[row["name"]].node
            if node is not None:
                row["symbol"] = symbol(node)
            if row["name"] in graph.unnamed:
                row["unnamed"] = True
        cells = "".join(
            f'<tr data-variable="{escape(n)}"><th scope="row">{escape(_row_label(n, graph))}</th>'
            f"<td {hook('value', n, values[n])}</td>"
            f"<td {hook('gradient', n, gradients[n])}</td></tr>"
            for n in values
        )
        data = json.dumps({"variables": variables}, ensure_ascii=False, separators=(",", ":"))
        anchor = f' id="{escape(self.name)}"' if self.name.startswith("fig-") else ""
        start = ' data-start="predict"' if self.predict else ""
        caption = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        return (
            f'<figure class="nn-live"{anchor} data-figure="{escape(self.name)}"{start}>'
            f'<div class="nn-stage">{graph_svg(graph)}</div>'
            f'<div class="nn-rows">{rows}</div>'
            '<details class="nn-numbers"><summary>All numbers as a table</summary>'
            '<div class="nn-scroll"><table class="nn-table">'
            '<thead><tr><th scope="col">variable</th>'
            f'<th scope="col">value</th><th scope="col">∂{y}/∂…</th></tr></thead>'
            f"<tbody>{cells}</tbody></table></div></details>{caption}"
            '<script type="application/json" class="nn-graph">'
            f"{data.replace('<', chr(92) + 'u003c')}</script></figure>"
        )


def _row_label(name: str, graph: Graph) -> str:
    node = graph.variables[name].node
    return f"{name} ({symbol(node)} node)" if name in graph.unnamed and node else name


def _check_drawable(graph: Graph) -> None:
    if graph.output in graph.constants or not graph.inputs:
        raise ValueError(
            "GraphFigure: the graph has no input with a name, so nothing in it can move; "
            'give at least one: Variable(3.0, name="x")'
        )
    refuse_arrays(graph)
    for name, derivative in graph.gradients.items():
        if not np.isfinite(derivative):
            raise ValueError(
                f"GraphFigure: the derivative with respect to {name} is {derivative}; "
                "start the inputs where the graph is smooth"
            )


def _checked_range(
    name: str, sliders: Mapping[str, tuple[float, float, float]], graph: Graph
) -> tuple[float, float, float]:
    if name not in sliders:
        raise ValueError(
            f"GraphFigure: the input {name!r} has no slider; "
            f"add {name!r}: (low, high, step) to sliders, or make it a constant by leaving its "
            "name away"
        )
    try:
        low, high, step = (float(v) for v in sliders[name])
    except (TypeError, ValueError):
        raise TypeError(
            f"GraphFigure: the slider of {name!r} must be (low, high, step), got {sliders[name]!r}"
        ) from None
    if not (np.isfinite([low, high, step]).all() and low < high and 0 < step <= high - low):
        raise ValueError(
            f"GraphFigure: the slider of {name!r} needs finite low < high and a step above 0 "
            f"that fits between them, got {sliders[name]!r}"
        )
    value = graph.values[name]
    steps = (value - low) / step
    if not low <= value <= high or abs(steps - round(steps)) > 1e-6:
        raise ValueError(
            f"GraphFigure: {name} = {value:g} is not on its slider, which goes from {low:g} to "
            f"{high:g} in steps of {step:g}; change the value or the range"
        )
    return low, high, step


def _slider(name: str, value: float, low: float, high: float, step: float) -> Any:
    decimals = max(0, -int(Decimal(str(step)).normalize().as_tuple().exponent))
    return ipywidgets.FloatSlider(
        value, min=low, max=high, step=step, description=name, readout_format=f".{decimals}f",
        style={"description_width": "8em"}, layout={"width": "auto", "max_width": "36em"},
    )  # fmt: skip

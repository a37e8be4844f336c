"""What every live figure has: sliders, one HTML for every place, and text with the same numbers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import ipywidgets
import numpy as np
import traitlets

from nnlib.live import page
from nnlib.live.assets import script, style
from nnlib.picture import hook


class View(anywidget.AnyWidget):
    """The drawn figure in a notebook; it runs the same script as the website."""

    _esm = script() + "\nexport default { render: BackpropLive.render };\n"
    _css = style()
    html = traitlets.Unicode().tag(sync=True)
    inputs = traitlets.List(traitlets.Unicode()).tag(sync=True)


@dataclass(frozen=True)
class Control:
    """A slider: its value and its range.

    Parameters
    ----------
    value : float
        On a step of the slider.
    low, high, step : float
        With `log`, exponents of 10: the slider moves over exponents.
    log : bool, default False

    Examples
    --------
    >>> Control(1e-5, -15, -1, 1, log=True).position
    -5.0
    """

    value: float
    low: float
    high: float
    step: float
    log: bool = False

    @property
    def position(self) -> float:
        """Where the slider stands: the value, or its exponent."""
        return float(round(np.log10(self.value), 9)) if self.log else self.value

    def nearest(self, value: float) -> float:
        """Return the value at the nearest step: a notebook's slider gives 99.99999999999999.

        Examples
        --------
        >>> Control(1.0, 0, 300, 1).nearest(99.99999999999999), Control(1.1, 1, 2, 0.1).nearest(1.3)
        (100.0, 1.3)
        """
        at = np.log10(value) if self.log else value
        low, step = Decimal(repr(float(self.low))), Decimal(repr(float(self.step)))
        position = low + round((Decimal(float(at)) - low) / step) * step
        if not self.log:
            return float(position)
        whole = position == position.to_integral_value()
        return float(f"1e{int(position)}") if whole else 10.0 ** float(position)

    def slider(self, name: str) -> Any:
        """Return the slider for a notebook."""
        look = {
            "style": {"description_width": "8em"},
            "layout": {"width": "auto", "max_width": "36em"},
        }
        if self.log:
            return ipywidgets.FloatLogSlider(
                self.value, min=self.low, max=self.high, step=self.step, description=name,
                readout_format=".0e", **look,
            )  # fmt: skip
        digits = (Decimal(str(v)).normalize().as_tuple().exponent for v in (self.low, self.step))
        decimals = min(4, max(0, *(-int(exponent) for exponent in digits)))
        return ipywidgets.FloatSlider(
            self.value, min=self.low, max=self.high, step=self.step, description=name,
            readout_format=f".{decimals}f", **look,
        )  # fmt: skip

    def html(self, name: str) -> str:
        """Return the slider for a page; it is hidden until there is a script to serve it."""
        return (
            f'<input type="range" hidden data-input="{escape(name)}" min="{self.low!r}" '
            f'max="{self.high!r}" step="{self.step!r}" value="{self.position!r}" '
            f'{"data-scale=log " if self.log else ""}autocomplete="off">'
        )


def with_number(text: str, kind: str, name: str, number: float) -> str:
    """Return what a slider's row ends with: what a number is, such as a derivative, and the number.

    Examples
    --------
    >>> with_number("dy/dx =", "gradient", "x", 2.0)[:31]
    '<span class="nn-slope">dy/dx = '
    """
    shown = f"<span {hook(kind, name, number)}</span>"
    return f'<span class="nn-slope">{escape(text)} {shown}</span>'


class LiveFigure(ipywidgets.VBox):
    """A live figure; the kinds of figures derive from it.

    A kind gives its `kind` and overrides `_stage` and what else it needs, and calls `__init__` at
    the end of its own, for that is when the HTML is made.
    """

    kind: ClassVar[str]
    own_sliders: ClassVar[bool] = False  # in a notebook, too, the page's controls and no others

    def __init__(self, *, name: str, caption: str, controls: Mapping[str, Control]):
        for what, given in ("name", name), ("caption", caption):
            if not isinstance(given, str):
                raise TypeError(f"{type(self).__name__}: {what} must be a string, got {given!r}")
        self.name = name
        self.caption = caption
        self.controls = dict(controls)
        self.sliders = {n: control.slider(n) for n, control in self.controls.items()}
        self.view = view = View(html=self._html(), inputs=list(self.controls))
        for i, slider in enumerate(self.sliders.values()):
            view.add_traits(**{f"input{i}": traitlets.Float(slider.value).tag(sync=True)})
            link = ipywidgets.link if self.own_sliders else ipywidgets.jslink
            link((slider, "value"), (view, f"input{i}"))
        super().__init__([view] if self.own_sliders else [*self.sliders.values(), view])

    @property
    def inputs(self) -> dict[str, float]:
        """The present slider positions by name."""
        return {n: self.controls[n].nearest(slider.value) for n, slider in self.sliders.items()}

    @property
    def code(self) -> str:
        """The Python that makes this figure, at the present slider positions."""
        text = self._code()
        for name, value in self.inputs.items():
            text = text.replace(f"⟦{name}⟧", f"{value:.12g}")
        return text

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the figure as one HTML file, for slides or any browser, with or without a network.

        It starts at the present slider positions. A file that is already there is replaced.

        Parameters
        ----------
        path : str or path
            Ends with .html; its folder must exist.

        Raises
        ------
        ValueError
            If the path does not end with .html.
        FileNotFoundError
            If there is no such folder.

        Examples
        --------
        >>> import tempfile
        >>> from nnlib.live import CurveFigure
        >>> figure = CurveFigure(lambda x: x**2, x=(-2, 2), caption="A parabola.")
        >>> figure.sliders["x"].value = 1.5
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "parabola.html")
        ...     figure.save(file)
        ...     "<title>A parabola</title>" in file.read_text(encoding="utf-8")
        True
        """
        file = Path(path)
        who = f"{type(self).__name__}.save"
        if file.suffix.lower() != ".html":
            raise ValueError(f"{who}: the file must end with .html, got {str(path)!r}")
        if not file.parent.is_dir():
            raise FileNotFoundError(
                f"{who}: there is no folder {str(file.parent)!r} for {file.name!r}; make it first"
            )
        title = page.first_sentence(self.caption) or self.name
        html = page.file(self._html(), title=title, description=self.caption or title)
        file.write_text(html, encoding="utf-8")

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = dict(super()._repr_mimebundle_(**kwargs) or {})
        return bundle | {"text/html": self.view.html, "text/plain": repr(self)}

    def _present(self) -> dict[str, Control]:
        """Return the controls as they stand now."""
        return {n: replace(self.controls[n], value=x) for n, x in self.inputs.items()}

    def _stage(self) -> str:
        """Return the picture as HTML, with its present numbers."""
        raise NotImplementedError

    def _label(self, name: str) -> str:
        """Return what stands before a slider."""
        return name

    def _beside(self, name: str) -> str:
        """Return what stands at the end of a slider's row, as HTML."""
        return ""

    def _below(self) -> str:
        """Return what stands below the sliders, as HTML."""
        return ""

    def _data(self) -> dict[str, Any]:
        """Return what the script needs to know, as plain data for JSON."""
        return {}

    def _code(self) -> str:
        """Return Python that makes this figure; ⟦x⟧ stands where the value of x belongs."""
        raise NotImplementedError

    def _html(self) -> str:
        """Return the figure as HTML without a script: the picture and the numbers stand there.

        It starts at the present slider positions.
        """
        rows = "".join(
            f'<div class="nn-row"><label><span>{escape(self._label(n))}</span> '
            f"{control.html(n)}</label> "
            f"<output {hook('value', n, control.value)}</output> {self._beside(n)}</div>"
            for n, control in self._present().items()
        )
        data = json.dumps(
            self._data() | {"code": self._code()}, ensure_ascii=False, separators=(",", ":")
        )
        anchor = f' id="{escape(self.name)}"' if self.name.startswith("fig-") else ""
        own = " nn-own" if self.own_sliders else ""
        caption = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        return (
            f'<figure class="nn-live nn-{self.kind}{own}"{anchor} data-kind="{self.kind}" '
            f'data-figure="{escape(self.name)}">'
            f'<div class="nn-stage">{self._stage()}</div>'
            f'<div class="nn-rows">{rows}</div>{self._below()}{caption}'
            '<script type="application/json" class="nn-data">'
            f"{data.replace('<', chr(92) + 'u003c')}</script></figure>"
        )

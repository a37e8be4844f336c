"""Figures that follow a slider, in a notebook and on a page without a kernel."""

from nnlib.live.graph_figure import GraphFigure

__all__ = ["GraphFigure"]

"""Figures that follow a slider, in a notebook and on a page without a kernel."""

from nnlib.live.curve_figure import CurveFigure
from nnlib.live.graph_figure import GraphFigure
from nnlib.live.matrix_figure import MatrixFigure
from nnlib.live.perceptron_figure import PerceptronFigure
from nnlib.live.practice_figure import PracticeFigure
from nnlib.live.surface_figure import SurfaceFigure
from nnlib.live.training_figure import TrainingFigure

__all__ = [
    "CurveFigure",
    "GraphFigure",
    "MatrixFigure",
    "PerceptronFigure",
    "PracticeFigure",
    "SurfaceFigure",
    "TrainingFigure",
]

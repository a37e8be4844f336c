"""Pages with live figures, for tests that look at them without building the site."""

import ast
import functools
import linecache
from html import escape
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, Page

from nnlib.datasets import load_digits
from nnlib.graph import Graph, Variable
from nnlib.layers import Affine
from nnlib.live import GraphFigure
from nnlib.live.assets import script, style
from nnlib.live.base import LiveFigure
from nnlib.live.curve_figure import CurveFigure
from nnlib.live.matrix_figure import MatrixFigure
from nnlib.live.perceptron_figure import PerceptronFigure
from nnlib.live.practice_figure import PracticeFigure
from nnlib.live.surface_figure import SurfaceFigure
from nnlib.live.training_figure import TrainingFigure
from nnlib.network import TwoLayerNet
from nnlib.training import History, train

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'"
)
# The colours of the book's theme, and what a page around the figures may look like.
PAGE_STYLE = """
html { --pst-color-text-base: #222832; --pst-color-background: #fff; }
html[data-theme="dark"] {
  --pst-color-text-base: #ced6dd; --pst-color-background: #121212; color-scheme: dark;
}
body { margin: 0; background: var(--pst-color-background); color: var(--pst-color-text-base); }
main { max-width: 60rem; margin: 0 auto; padding: 0 .75rem; font: 16px/1.5 sans-serif; }
.closed { display: none; }
.tall { height: 200vh; }
"""


@functools.cache
def every_kind() -> dict[str, LiveFigure]:
    """Return a figure of each kind, by name; of some, one in each of their forms."""
    layer = Affine(W=[[1.0, 2.0, -1.0], [3.0, -2.0, 0.5]], b=[1.0, 0.0, -1.0])
    history, network, digits = recorded()
    figures = [
        GraphFigure(shop(), SHOP, name="fig-graph", caption="Two apples & the tax."),
        GraphFigure(neuron(), NEURON, name="fig-predict", caption="One neuron.", predict=True),
        GraphFigure(row_times_matrix(), ENTRIES, name="fig-array"),
        GraphFigure(many_weights(), {"W[4,4]": (-5, 5, 0.5)}, name="fig-shaded"),
        CurveFigure(lambda x: x**3 / 4 - x, x=(-3, 3), name="fig-curve", caption="A bend."),
        CurveFigure(np.sin, name="fig-sampled"),
        SurfaceFigure(lambda x, y: x**2 / 20 + y**2, start=(-2.4, 1.8), name="fig-surface"),
        SurfaceFigure(lambda x, y: np.sin(x) * np.cos(y), name="fig-hills"),
        PracticeFigure(["add", "multiply", "square", "relu"], seed=9, name="fig-practice"),
        PerceptronFigure(CORNERS, [0, 1, 1, 1], names=("A", "B"), name="fig-perceptron"),
        MatrixFigure(layer, x=[[1, 2], [-1, 0.5]], name="fig-matrix", caption="A batch of two."),
        TrainingFigure(history, network, digits, units=8, name="fig-training"),
    ]
    return {figure.name.removeprefix("fig-"): figure for figure in figures}


CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]]  # what a gate of two bits may get
SHOP = {"apple": (0, 300, 1), "number": (0, 10, 1), "tax": (1, 1.5, 0.01)}


def shop() -> Variable:
    """Two apples, and the tax on them."""
    total = Variable(100, "apple") * Variable(2, "number") * Variable(1.1, "tax")
    total.name = "total"
    return total


NEURON = {"x": (-5, 5, 0.1), "w": (-5, 5, 0.1), "b": (-5, 5, 0.1)}


def neuron() -> Variable:
    """A neuron whose input is used twice, and the square of what it gives."""
    x = Variable(1.5, "x")
    a = (x * Variable(-0.4, "w") + Variable(1, "b")).sigmoid()
    a.name = "a"
    loss = (a + -0.3 * x) ** 2
    loss.name = "loss"
    return loss


ENTRIES = {"X[0]": (-5, 5, 0.5), "W[1,2]": (-5, 5, 0.5)}


def row_times_matrix() -> Variable:
    """A vector times a matrix, small enough to be drawn as numbers."""
    w = Variable([[1.0, 0.5, -1.0], [2.0, -1.5, 3.0]], "W")
    return (Variable([1.0, -2.0], "X") @ w).relu().sum()


def many_weights() -> Variable:
    """A matrix of 25 numbers, which is drawn as shades."""
    w = np.round(np.sin(np.arange(25.0)), 1).reshape(5, 5)
    w[4, 4] = 2
    return (Variable(w, "W") * 0.5).sum()


def softmax_with_loss() -> GraphFigure:
    """Three scores, their softmax, and the cross entropy with a label: 25 variables."""
    scores = [Variable(v, f"a{k}") for k, v in enumerate([2.0, 1.0, -0.5], start=1)]
    powers = [score.exp() for score in scores]
    share = (powers[0] + powers[1] + powers[2]).reciprocal()
    terms = [
        (power * share).log() * label for power, label in zip(powers, (0.0, 1.0, 0.0), strict=True)
    ]
    loss = (terms[0] + terms[1] + terms[2]) * -1.0
    loss.name = "loss"
    ranges = {str(score.name): (-5, 5, 0.01) for score in scores}
    return GraphFigure(loss, ranges, name="fig-softmax")


def training_of(
    hidden: int, *, epochs: int, snapshots: int, learning_rate: float
) -> tuple[History, TwoLayerNet]:
    """Train on the digits and record it."""
    network = TwoLayerNet(64, hidden, 10, weight_init_std=0.1, rng=np.random.default_rng(0))
    history = train(
        network,
        *load_digits(),
        epochs=epochs,
        snapshots=snapshots,
        learning_rate=learning_rate,
    )
    return history, network


def full_training() -> TrainingFigure:
    """A figure of a training as large as one in a chapter: 50 hidden units, 20 moments."""
    history, network = training_of(50, epochs=20, snapshots=20, learning_rate=0.5)
    _, (x, t) = load_digits()
    return TrainingFigure(history, network, digits=(x[:6], t[:6]), name="fig-film")


@functools.cache
def recorded() -> tuple[History, TwoLayerNet, tuple[np.ndarray, np.ndarray]]:
    """A short training that was recorded, its network, and digits to look at."""
    _, (x, t) = load_digits()
    return *training_of(12, epochs=3, snapshots=6, learning_rate=0.1), (x[:3], t[:3])


def figure_of(graph: Graph, name: str | None = None) -> GraphFigure:
    """Return the figure of a random graph, with a slider for each input."""
    for made_up in graph.constants | graph.unnamed:
        graph.variables[made_up].name = None
    start = {n: float(graph.values[n]) for n in graph.inputs}
    ranges = {n: (round(x - 0.25, 2), round(x + 1, 2), 0.01) for n, x in start.items()}
    return GraphFigure(graph.variables[graph.output], ranges, name=name)


def write_page(folder: Path, *content: LiveFigure | str, theme: str = "light") -> Path:
    """Write a page with figures, or with any HTML, and return its file.

    Script and style stand in files beside it, as on the website, and it lets in nothing else.
    """
    main = "\n".join(c if isinstance(c, str) else c.view.html for c in content)
    files = {
        "live.js": script(),
        "live.css": style(),
        "page.css": PAGE_STYLE,
        "page.html": f"""<!DOCTYPE html>
<html lang="en" data-theme="{theme}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Live figures</title>
<link rel="stylesheet" href="page.css">
<link rel="stylesheet" href="live.css">
<script src="live.js" defer></script>
</head>
<body><main><h1>Live figures</h1>
{main}
</main></body>
</html>
""",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "page.html"


def open_page(page: Page, folder: Path, *content: LiveFigure | str, theme: str = "light") -> None:
    """Write a page with figures and open it."""
    page.goto(write_page(folder, *content, theme=theme).as_uri())


def find(page: Page, kind: str) -> Locator:
    """Return the figure that `every_kind` gives this name."""
    return page.locator(f'.nn-live[data-figure="fig-{kind}"]')


def shown(figures: Locator) -> list[list[list[str]]]:
    """Return for each figure its numbers: where each stands, in full, and as it is shown."""
    found: list[list[list[str]]] = figures.evaluate_all(
        """figures => figures.map((figure) =>
          [...figure.querySelectorAll("[data-exact]")].map((e) => [
            ["value", "gradient"].map((kind) => e.getAttribute(`data-${kind}-of`)).join("|"),
            e.dataset.exact, e.textContent]))"""
    )
    return found


def move(figure: Locator, key: str | None = None) -> str:
    """Move the first input of a figure by a step, by key; return the key that moves it back."""
    slider = figure.locator("input[data-input]:visible").first
    at_end = slider.evaluate("e => Number(e.value) === Number(e.max)")
    pressed = key or ("ArrowDown" if at_end else "ArrowUp")
    slider.press(pressed)
    slider.blur()  # what is typed counts when it is left
    return "ArrowUp" if pressed == "ArrowDown" else "ArrowDown"


def run(code: str) -> LiveFigure:
    """Run the Python of a figure as a cell of a notebook does, and return the figure at its end.

    What the code cannot bring along it takes from here: a training, and a function.
    """
    history, net, (x, t) = recorded()
    place = {"history": history, "net": net, "x": x, "t": t, "f": np.sin}
    # As in a notebook the source of a lambda can be found.
    linecache.cache["<cell>"] = (len(code), None, code.splitlines(keepends=True), "<cell>")
    *lines, last = ast.parse(code).body
    assert isinstance(last, ast.Expr)
    exec(compile(ast.Module(lines, []), "<cell>", "exec"), place)
    figure: LiveFigure = eval(compile(ast.Expression(last.value), "<cell>", "eval"), place)
    return figure

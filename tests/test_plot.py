"""The pictures: readable colours, true words beside them, the same bytes on every run."""

import base64
import io
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib.figure import Figure
from PIL import Image

from nnlib import plot
from nnlib.training import History

SVG = "{http://www.w3.org/2000/svg}"
HISTORY = History(
    losses=list(np.linspace(2.3, 0.1, 450)),
    train_accuracies=list(np.linspace(0.1, 0.99, 31)),
    test_accuracies=list(np.linspace(0.1, 0.95, 31)),
    steps_per_epoch=15,
)
IMAGES = np.random.default_rng(0).random((7, 64))
CORNERS = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])


def xor(x):
    return np.exp(-3 * (x[:, 0] + x[:, 1] - 1) ** 2)


PICTURES = {
    "training_curves": lambda: plot.training_curves(HISTORY),
    "digits": lambda: plot.digits(IMAGES, np.arange(7), [0, 1, 2, 3, 4, 6, 6]),
    "bars": lambda: plot.bars({"backpropagation": 0.41, "numerical gradient": 5213.0}, "ms"),
    "decision_regions": lambda: plot.decision_regions(xor, CORNERS, [0, 1, 1, 0]),
    "gradient_field": lambda: plot.gradient_field(lambda x, y: x**2 / 2 + y**2, names=("w", "b")),
}


def shown(picture):
    """Return what a notebook would store for the picture."""
    return DisplayFormatter().format(picture)


@pytest.mark.parametrize("name", PICTURES)
def test_shown_once_and_in_words(name):
    picture = PICTURES[name]()
    data, metadata = shown(picture)
    assert set(data) == {"text/plain", "image/svg+xml"}
    assert not metadata
    assert data["text/plain"] == repr(picture) == picture.text
    assert "0x" not in picture.text
    assert isinstance(picture.figure, Figure)
    assert shown(picture)[0] == data  # drawing again changes nothing


@pytest.mark.parametrize("name", PICTURES)
def test_same_bytes_whatever_the_settings_and_the_process(name):
    here = PICTURES[name]().data
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert PICTURES[name]().data == here
    code = f"import test_plot; print(test_plot.PICTURES[{name!r}]().data, end='')"
    there = subprocess.run(
        [sys.executable, "-c", code],
        cwd=__file__.rpartition("/")[0],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    assert there.stdout == here


def test_settings_of_the_caller_stay():
    before = dict(mpl.rcParams)
    for make in PICTURES.values():
        shown(make())
    assert dict(mpl.rcParams) == before


SIZES = {"training_curves": 25_000, "digits": 20_000, "bars": 5_000, "decision_regions": 60_000,
         "gradient_field": 60_000}  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
def test_svg(name):
    picture = PICTURES[name]()
    svg = ElementTree.fromstring(picture.data)
    assert svg.get("width") == "324pt"  # 432 px
    assert svg.find(f"{SVG}title").text == picture.text
    assert "<metadata" not in picture.data
    assert len(picture.data) < SIZES[name]
    sizes = [float(e.get("style").split("font-size: ")[1].split("px")[0])
             for e in svg.iter(f"{SVG}text")]  # fmt: skip
    assert min(sizes) * 350 / 324 >= 11  # px on a phone
    assert svg.get("class") == ("nn-photo" if name == "digits" else "nn-plot")
    inks = {"#000000", "#ffffff", plot.BLUE, plot.ORANGE, plot.GREY}
    inks |= {plot.ORANGE_ON_BLACK} if name == "digits" else set()
    assert set(re.findall(r"(?:fill|stroke): (#\w+)", picture.data)) <= inks


def test_without_the_style_of_the_book_a_picture_keeps_its_colours():
    assert 'class="nn-photo"' in plot.Picture(Figure(), "White.").data


def test_tidy_moves_nothing_and_keeps_what_is_referred_to():
    figure = plot.decision_regions(xor, CORNERS, [0, 1, 1, 0]).figure
    before = io.BytesIO()
    with plot.style():
        figure.savefig(before, format="svg")
    after = plot.tidy(before.getvalue())

    def places(svg):
        return [float(n) for d in re.findall(r' d="([^"]*)"', svg)
                for n in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", d)]  # fmt: skip

    np.testing.assert_allclose(places(after), places(before.getvalue().decode()), atol=0.00501)
    names = re.findall(r'id="([^"]*)"', after)
    assert set(names) == set(re.findall(r"#([a-z][0-9a-f]{10})\b", after)) != set()
    assert len(after) < 0.65 * len(before.getvalue())


def test_photographs_are_stored_dot_by_dot():
    found = re.findall(r"data:image/png;base64,([^\"]+)", PICTURES["digits"]().data)
    assert len(found) == len(IMAGES)
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[3]))).convert("L"))
    grey = (IMAGES[3] - IMAGES.min()) / np.ptp(IMAGES) * 255
    np.testing.assert_allclose(image, grey.reshape(8, 8), atol=2)


def test_training_curves_text():
    assert repr(plot.training_curves(HISTORY)) == (
        "Loss from 2.300 in the first step to 0.100 in step 450. Accuracy before training and "
        "after each of 30 epochs: training 10.0 to 99.0 %, test 10.0 to 95.0 %."
    )
    assert repr(HISTORY.plot()) == repr(plot.training_curves(HISTORY))


@pytest.mark.parametrize("steps", [1, 2, 99, 100, 101, 450, 6000])
def test_training_curves_hold_all_losses(steps):
    losses = np.random.default_rng(steps).random(steps)
    history = History(list(losses), [0.1, 0.5], [0.1, 0.4], steps_per_epoch=steps)
    above, below = plot.training_curves(history).figure.axes
    x, mean = above.lines[0].get_data()
    size = -(-steps // 100)
    groups = [losses[i : i + size] for i in range(0, steps, size)]
    np.testing.assert_allclose(mean, [g.mean() for g in groups])
    assert 0 < x[0] <= x[-1] < 1
    assert len(above.collections) == (size > 1)
    if size > 1:
        band = above.collections[0].get_paths()[0].vertices[:, 1]
        assert (band.min(), band.max()) == (losses.min(), losses.max())
    assert len({line.get_linestyle() for line in below.lines}) == 2
    assert len({line.get_marker() for line in below.lines}) == 2
    np.testing.assert_allclose(below.lines[1].get_ydata(), [10, 40])


def test_digits_take_any_integers():
    assert repr(plot.digits(IMAGES[:2], np.uint8([7, 2]), [7, 2])).startswith("2 digits: 7, 2.")


@pytest.mark.parametrize("shape", [(7, 64), (7, 1, 8, 8), (7, 8, 8)])
def test_digits_take_every_form(shape):
    expected = plot.digits(IMAGES, np.arange(7))
    picture = plot.digits(IMAGES.reshape(shape), np.eye(7)[np.arange(7)])
    assert picture.data == expected.data
    assert repr(picture) == "7 digits: 0, 1, 2, 3, 4, 5, 6."


def test_digits_mark_a_wrong_answer_by_more_than_colour():
    picture = PICTURES["digits"]()
    assert repr(picture) == "7 digits: 0, 1, 2, 3, 4, 6 (not 5), 6. 6 of 7 answers are right."
    axes = [ax for ax in picture.figure.axes if ax.images]
    np.testing.assert_array_equal(axes[5].images[0].get_array(), IMAGES[5].reshape(8, 8))
    labels = [ax.xaxis.label for ax in axes]
    assert [label.get_text() for label in labels] == ["0", "1", "2", "3", "4", "6, not 5", "6"]
    assert [label.get_weight() == "bold" for label in labels] == [False] * 5 + [True, False]
    assert axes[5].spines["left"].get_linewidth() > axes[4].spines["left"].get_linewidth()


@pytest.mark.parametrize(
    ("images", "labels", "predictions"),
    [
        (IMAGES, np.arange(6), None),
        (IMAGES, np.arange(7), np.arange(6)),
        (IMAGES[:, :63], np.arange(7), None),
        (IMAGES[:0], np.arange(0), None),
        (IMAGES[0], 3, None),
        (3, [3], None),
        (np.zeros((51, 64)), np.zeros(51, int), None),
        (np.zeros((7, 0)), np.arange(7), None),
        (np.zeros((7, 4, 9)), np.arange(7), None),  # 36 dots, but no square
        (IMAGES, np.arange(7)[:, np.newaxis], None),  # shown as seven times 0 otherwise
        (IMAGES, np.ones((7, 1), int), None),
        (IMAGES, np.arange(7), np.arange(7)[:, np.newaxis]),
        (IMAGES, np.arange(7.0), None),
        (IMAGES, np.arange(7), np.linspace(0, 1, 7)),
        (IMAGES, list("0123456"), None),
    ],
)
def test_digits_wrong_input(images, labels, predictions):
    with pytest.raises(ValueError, match="expected 1 to 50 square pictures"):
        plot.digits(images, labels, predictions)


def test_digits_refuse_rows_that_are_not_one_hot():
    with pytest.raises(ValueError, match="exactly one 1 in each row of 10"):
        plot.digits(IMAGES, np.full((7, 10), 0.1))


def test_bars():
    picture = PICTURES["bars"]()
    assert repr(picture) == "backpropagation: 0.41 ms; numerical gradient: 5213 ms."
    (ax,) = picture.figure.axes
    assert ax.get_xscale() == "log"
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(ends, [0.41, 5213])
    assert {bar.get_x() for bar in ax.patches} == {0.1}


@pytest.mark.parametrize("values", [{}, {"a": 0.0}, {"a": -1.0}, {"a": float("inf")}])
def test_bars_wrong_input(values):
    with pytest.raises(ValueError, match="expected numbers above 0"):
        plot.bars(values, "ms")


def test_decision_regions_show_the_sides_and_the_border():
    picture = PICTURES["decision_regions"]()
    assert repr(picture) == (
        "Outputs: 0.05 at (0, 0) with label 0, 1 at (1, 0) with label 1, 1 at (0, 1) with label 1, "
        "0.05 at (1, 1) with label 0. 4 of 4 points are on the side of their label."
    )
    (ax,) = picture.figure.axes
    shade, hatched, border = ax.collections
    assert hatched.hatches == ["//"]
    width = np.sqrt(np.log(2) / 3)
    lines = np.concatenate([path.vertices for path in border.get_paths()])
    np.testing.assert_allclose(abs(lines.sum(axis=1) - 1), width, atol=1e-4)
    inside = shade.get_paths()[0].vertices.sum(axis=1) - 1
    assert abs(inside).max() < width + 1e-4
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x1", "x2")
    np.testing.assert_allclose([*ax.get_xlim(), *ax.get_ylim()], [-0.4, 1.4] * 2)


def test_decision_regions_tell_labels_apart_by_more_than_colour():
    figure = plot.decision_regions(xor, CORNERS, [[0], [1], [1], [0]], names=("a", "b")).figure
    (ax,) = figure.axes
    zeros, ones = ax.lines
    assert zeros.get_marker() != ones.get_marker()
    np.testing.assert_array_equal(np.transpose(ones.get_data()), CORNERS[[1, 2]])
    written = {text.xy[0] * 10 + text.xy[1]: text.get_text() for text in ax.texts}
    assert written == {0: "0", 10: "1", 1: "1", 11: "0"}
    (legend,) = figure.legends
    said = [text.get_text() for text in legend.get_texts()]
    assert said == ["label 0", "label 1", "output above 0.5"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "b")


@pytest.mark.parametrize(("value", "drawn"), [(0.5, 0), (0.6, 2)])
def test_decision_regions_without_a_border(value, drawn):
    picture = plot.decision_regions(lambda x: np.full(len(x), value), [[2, 3]], [1])
    (ax,) = picture.figure.axes
    assert len(ax.collections) == drawn
    if drawn:
        low, high = ax.collections[0].get_paths()[0].get_extents().get_points()
        np.testing.assert_allclose([low, high], [[1.6, 2.6], [2.4, 3.4]])
    assert shown(picture)[0]["text/plain"].endswith(f" {drawn // 2} of 1 points are on the side of "
                                                    "their label.")  # fmt: skip


def test_decision_regions_of_many_points():
    x = np.random.default_rng(0).normal(size=(100, 2))
    picture = plot.decision_regions(lambda x: x[:, :1] > 0, x, x[:, 0] > -0.1)
    right = np.sum((x[:, 0] > 0) == (x[:, 0] > -0.1))
    assert repr(picture) == f"{right} of 100 points are on the side of their label."
    assert not list(picture.figure.axes[0].texts)
    assert 90 < right < 100


@pytest.mark.parametrize(
    ("x", "t"),
    [
        (CORNERS, [0, 1, 1]),
        (CORNERS, [0, 1, 1, 2]),
        (CORNERS, np.eye(4)),
        (CORNERS[0], 0),
        (CORNERS[:0], []),
        (CORNERS.T, [0, 1]),
        (CORNERS * np.nan, [0, 1, 1, 0]),
    ],
)
def test_decision_regions_wrong_points(x, t):
    with pytest.raises(ValueError, match=r"expected points x \(N, 2\)"):
        plot.decision_regions(xor, x, t)


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: 1.0, r"for an array \(4, 2\) it returned \(\)"),
        (lambda x: x, r"for an array \(4, 2\) it returned \(4, 2\)"),
        (lambda x: np.where(x[:, 0] < 0, np.nan, 1), r"\(160801,\) with nan"),
    ],
)
def test_decision_regions_wrong_function(f, words):
    with pytest.raises(ValueError, match=f"a finite number for each row; .*{words}"):
        plot.decision_regions(f, CORNERS, [0, 1, 1, 0])


def test_gradient_field():
    picture = PICTURES["gradient_field"]()
    assert repr(picture) == (
        "Minus the gradient: (3, 6) at (−3, −3), (−3, 6) at (3, −3), (0, 0) at (0, 0), "
        "(3, −6) at (−3, 3), (−3, −6) at (3, 3)."
    )
    (ax,) = picture.figure.axes
    contours, arrows = ax.collections
    steps = np.transpose([arrows.U, arrows.V]) / arrows.scale  # in units of the axes
    way = arrows.XY * [-1, -2]
    np.testing.assert_allclose(steps, way * 0.57 / np.hypot(3, 6), atol=1e-6)
    assert (arrows.angles, arrows.scale_units) == ("xy", "xy")
    for path, level in zip(contours.get_paths(), contours.levels, strict=True):
        values = path.vertices[:, 0] ** 2 / 2 + path.vertices[:, 1] ** 2
        np.testing.assert_allclose(values, level, atol=0.02)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("w", "b")
    assert ax.get_aspect() == 1


def test_gradient_field_of_a_plane_and_other_ranges():
    picture = plot.gradient_field(lambda x, y: 4.0, x=(0, 8), y=(-1, 1))
    assert repr(picture).startswith("Minus the gradient: (0, 0) at (0, −1), (0, 0) at (8, −1),")
    (ax,) = picture.figure.axes
    assert len(ax.collections) == 1  # no contours
    assert shown(picture)[0]["text/plain"] == picture.text


def test_gradient_field_wrong_input():
    for wrong in [(3, -3), (1, 1), (0, np.inf)]:
        with pytest.raises(ValueError, match="y must rise from low to high"):
            plot.gradient_field(lambda x, y: x, y=wrong)
    with pytest.raises(ValueError, match=r"f is nan at \(-3.0, -3.0\)"):
        plot.gradient_field(lambda x, y: float("nan"))
    with pytest.raises(ValueError, match="single number"):
        plot.gradient_field(lambda x, y: np.array([x, y]))

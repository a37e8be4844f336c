"""The pictures: readable colours, true words beside them, the same bytes on every run."""

import io
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
PICTURES = {
    "training_curves": lambda: plot.training_curves(HISTORY),
    "digits": lambda: plot.digits(IMAGES, np.arange(7), [0, 1, 2, 3, 4, 6, 6]),
    "bars": lambda: plot.bars({"backpropagation": 0.41, "numerical gradient": 5213.0}, "ms"),
}


def contrast(one, other):
    """Return the contrast ratio of WCAG 2."""

    def luminance(colour):
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                 for c in mpl.colors.to_rgb(colour)]  # fmt: skip
        return np.dot(parts, [0.2126, 0.7152, 0.0722])

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("page", ["#ffffff", "#121212"])
@pytest.mark.parametrize("name", ["BLUE", "ORANGE", "GREEN", "PURPLE", "GREY"])
def test_contrast(name, page):
    assert contrast(getattr(plot, name), page) >= 3


def test_contrast_of_text():
    assert contrast(plot.GREY, "#ffffff") >= 4.5
    assert contrast(plot.GREY, "#121212") >= 4.1


def shown(picture):
    """Return what a notebook would store for the picture."""
    return DisplayFormatter().format(picture)


@pytest.mark.parametrize("name", PICTURES)
def test_shown_once_and_in_words(name):
    picture = PICTURES[name]()
    data, metadata = shown(picture)
    image = {"image/png"} if name == "digits" else {"image/svg+xml"}
    assert set(data) == {"text/plain", *image}
    assert data["text/plain"] == repr(picture) == picture.text
    assert "0x" not in picture.text
    if name == "digits":
        assert metadata["image/png"]["width"] == 432
    assert isinstance(picture.figure, Figure)
    assert shown(picture)[0] == data  # drawing again changes nothing


@pytest.mark.parametrize("name", PICTURES)
def test_same_bytes_whatever_the_settings_and_the_process(name):
    here = PICTURES[name]().data
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert PICTURES[name]().data == here
    code = f"import sys, test_plot; sys.stdout.buffer.write(test_plot.PICTURES[{name!r}]().data)"
    there = subprocess.run(
        [sys.executable, "-c", code], cwd=__file__.rpartition("/")[0], capture_output=True
    )
    assert there.stdout == here


def test_settings_of_the_caller_stay():
    before = dict(mpl.rcParams)
    for make in PICTURES.values():
        shown(make())
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", ["training_curves", "bars"])
def test_svg(name):
    picture = PICTURES[name]()
    svg = ElementTree.fromstring(picture.data)
    assert svg.get("width") == "324pt"  # 432 px
    assert svg.find(f"{SVG}title").text == picture.text
    assert b"<dc:date>" not in picture.data
    assert len(picture.data) < 40_000
    sizes = [float(e.get("style").split("font-size: ")[1].split("px")[0])
             for e in svg.iter(f"{SVG}text") if "font-size" in (e.get("style") or "")]  # fmt: skip
    assert all(size * 350 / 324 >= 8 for size in sizes)  # exponents; all else is larger


def test_png_is_transparent_and_large_enough():
    image = Image.open(io.BytesIO(PICTURES["digits"]().data))
    assert image.width == 648
    assert image.mode == "RGBA"
    assert image.getpixel((0, 0))[3] == 0
    assert len(PICTURES["digits"]().data) < 40_000


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

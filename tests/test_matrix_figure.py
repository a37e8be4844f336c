"""MatrixFigure in Python: its numbers, what it says makes what, what it shows, what it refuses."""

import json
import re
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from nnlib.layers import Affine, Relu, Sigmoid
from nnlib.live import MatrixFigure
from nnlib.live.matrix_figure import _control
from nnlib.words import WORDS


def affine(n, d, m, seed=0):
    """An Affine on n samples, or on one sample that is no batch if n is 0; no number is 0."""
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape)

    batch = [n] if n else []
    layer = Affine(draw(d, m), draw(m))
    return MatrixFigure(layer, draw(*batch, d), draw(*batch, m), name="affine")


def relu(*shape, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape)
    return MatrixFigure(Relu(), x, rng.uniform(0.5, 2, shape), name="relu")


def matrices(figure):
    """All matrices by the names that stand over them."""
    return figure.values | {f"d{name}": matrix for name, matrix in figure.gradients.items()}


def numbers(figure):
    """The number of each cell, by the cell's name with spaces: "dW[1, 0]"."""
    return {
        f"{name}[{', '.join(map(str, index))}]": float(matrix[index])
        for name, matrix in matrices(figure).items()
        for index in np.ndindex(matrix.shape)
    }


def cells(figure):
    """What the script is told of each cell."""
    data = html.fromstring(figure.view.html).findtext(".//script[@class='nn-data']")
    return json.loads(data)["cells"]


def test_the_first_sentence_tells_which_cells_do_what():
    """A result says what makes it; only a given number goes somewhere and can be moved."""
    made, given_here = WORDS["matrix.welcome"].split("; ")
    for figure in (affine(2, 2, 3), relu(2, 3)):
        results = {cell["key"].partition("[")[0] for cell in cells(figure) if "terms" in cell}
        assert set(re.findall(r"\bd?[A-Z]\b", made)) <= results
        moved = {name.partition("[")[0] for name in figure.sliders}
        assert set(re.findall(r"\bd?[A-Z]\b", given_here)) <= moved


SHAPES = [(2, 2, 3), (1, 3, 2), (0, 3, 2), (4, 1, 1), (0, 1, 1), (0, 6, 2), (2, 2, 2)]
FIGURES = [
    *(pytest.param(affine, shape, id=f"affine{shape}") for shape in SHAPES),
    *(pytest.param(relu, shape, id=f"relu{shape}") for shape in [(2, 3), (5,), (6, 2), (1, 1)]),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_affine_is_the_sums_written_out_by_hand(shape):
    figure = affine(*shape)
    x, w, b, y = figure.values.values()
    dx, dw, db, dy = (figure.gradients[n] for n in ("X", "W", "b", "Y"))
    xs, ys, dxs, dys = (np.atleast_2d(a) for a in (x, y, dx, dy))
    rows, insides, columns = range(len(xs)), range(len(w)), range(len(b))
    for m in columns:
        assert db[m] == pytest.approx(sum(dys[n, m] for n in rows))
        for n in rows:
            assert ys[n, m] == pytest.approx(sum(xs[n, d] * w[d, m] for d in insides) + b[m])
        for d in insides:
            assert dw[d, m] == pytest.approx(sum(xs[n, d] * dys[n, m] for n in rows))
    for n in rows:
        for d in insides:
            assert dxs[n, d] == pytest.approx(sum(dys[n, m] * w[d, m] for m in columns))
    for name, matrix in figure.values.items():
        assert figure.gradients[name].shape == matrix.shape


@pytest.mark.parametrize(("make", "shape"), FIGURES)
def test_each_gradient_is_what_a_slider_does_to_the_sum_of_dout_times_y(make, shape):
    figure = make(*shape)
    gradients = numbers(figure)
    upstream = figure.gradients["Y"]
    for name, slider in figure.sliders.items():
        if name.startswith("dY"):
            continue
        start, ends = slider.value, []
        for slider.value in (start + 1e-3, start - 1e-3):
            ends.append((figure.values["Y"] * upstream).sum())
        slider.value = start
        expected = gradients[f"d{name}".replace(",", ", ")]
        assert (ends[0] - ends[1]) / 2e-3 == pytest.approx(expected, abs=1e-8), name


@pytest.mark.parametrize(("make", "shape"), FIGURES)
def test_the_terms_of_a_cell_add_up_to_it(make, shape):
    figure = make(*shape)
    there = list(cells(figure))
    expected = numbers(figure)
    assert {cell["key"] for cell in there} == set(expected)
    apply = {"sum": lambda x: x, "max": lambda x: max(x, 0), "above": lambda x: float(x > 0)}
    for cell in there:
        if "terms" in cell:
            total = sum(prod(expected[there[k]["key"]] for k in term) for term in cell["terms"])
            assert apply[cell["apply"]](total) == pytest.approx(expected[cell["key"]], rel=1e-12)


@pytest.mark.parametrize(("make", "shape"), FIGURES)
def test_a_cell_goes_where_a_change_of_it_changes_something(make, shape):
    figure = make(*shape)
    there = cells(figure)
    goes = {c["key"]: {there[i]["key"] for i in c["goes"]} for c in there if "goes" in c}
    assert {key.replace(" ", "") for key in goes} == set(figure.sliders)
    for name, slider in figure.sliders.items():
        before, start = numbers(figure), slider.value
        slider.value = -start  # also beyond the kink of a Relu
        after = numbers(figure)
        slider.value = start
        key = name.replace(",", ", ")
        changed = {k for k in before if before[k] != after[k]} - {key}
        assert changed <= goes[key], key
        # nothing else is lit; a dX is not moved where the mask lets nothing through
        assert changed == goes[key] or make is relu, key


def test_places_are_named_as_slices():
    parts = {cell["key"]: cell["parts"] for cell in cells(affine(2, 2, 3))}
    assert parts["dW[1, 2]"] == "X[:, 1], dY[:, 2]"
    assert parts["Y[0, 1]"] == "X[0, :], W[:, 1], b[1]"
    assert parts["W[1, 0]"] == "Y[:, 0] (times X[:, 1]), dX[:, 1] (times dY[:, 0])"
    assert parts["dY[1, 0]"] == "dX[1, :] (times W[:, 0]), dW[:, 0] (times X[1, :]), db[0]"
    assert parts["b[2]"] == "Y[:, 2]"
    parts = {cell["key"]: cell["parts"] for cell in cells(relu(3))}
    assert parts["X[2]"] == "mask[2], dX[2] (times dY[2]), Y[2]"


def test_the_caller_s_arrays_and_layer_stay_as_they_are():
    w, b, x, dout = np.eye(2), np.ones(2), np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])
    layer = Affine(w, b)
    layer.forward([[5.0, 6.0]])
    before = [a.copy() for a in (w, b, x, dout)]
    figure = MatrixFigure(layer, x, dout)
    for slider in figure.sliders.values():
        slider.value += 1
    for shown in matrices(figure).values():
        shown += 7
    assert all(np.array_equal(a, c) for a, c in zip((w, b, x, dout), before, strict=True))
    assert layer.x.tolist() == [[5.0, 6.0]]
    w[:] = 100  # and the figure does not follow the caller
    assert figure.values["W"].tolist() == [[2.0, 1.0], [1.0, 2.0]]


def test_without_an_upstream_gradient_it_is_ones():
    figure = MatrixFigure(Affine(np.eye(2, dtype=np.float32), [0, 0]), [[1, 2], [3, 4]])
    assert figure.gradients["Y"].tolist() == [[1, 1], [1, 1]]
    assert all(m.dtype == np.float64 for m in matrices(figure).values())


class Doubled(Affine):
    """An Affine of somebody's own, whose formulas this figure does not know."""


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((Sigmoid(), [1.0]), TypeError, "an Affine or a Relu .* got nnlib.layers.Sigmoid"),
        ((Relu, [1.0]), TypeError, r"such as Affine\(W, b\)"),
        ((Doubled(np.eye(2), [0, 0]), [1.0, 1.0]), TypeError, "Doubled"),
        ((Relu(), "text"), TypeError, "real numbers"),
        ((Relu(), [1.0], "text"), TypeError, "dout"),
        ((Relu(), 1.0), ValueError, r"X has shape \(\)"),
        ((Relu(), np.zeros((1, 1, 1))), ValueError, r"X has shape \(1, 1, 1\)"),
        ((Relu(), np.zeros((0, 2))), ValueError, r"X has shape \(0, 2\)"),
        ((Relu(), np.zeros((7, 1))), ValueError, "1 to 6 rows and columns"),
        ((Affine(np.zeros((1, 7)), np.zeros(7)), [1.0]), ValueError, r"W has shape \(1, 7\)"),
        ((Relu(), np.zeros((3, 5))), ValueError, r"X \(3, 5\), dY \(3, 5\) are more than 24"),
        ((Affine(np.eye(2), [0, 0]), [[1.0, 2.0, 3.0]]), ValueError, "W expects 2"),
        ((Affine(np.eye(2), [0, 0]), [[1.0, 2.0]], [1.0, 2.0]), ValueError, "dout must have"),
        ((Affine(np.eye(2), [0, np.nan]), [1.0, 2.0]), ValueError, "b must be finite"),
        ((Relu(), [1e10]), ValueError, "at most 1e"),
        ((Relu(), [1.0], [np.inf]), ValueError, "dY must be finite"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_a_reason(arguments, error, words):
    with pytest.raises(error, match=words):
        MatrixFigure(*arguments)


@given(
    value=st.floats(-1e9, 1e9) | st.decimals(-9, 9, places=1).map(float),
    more=st.floats(1, 3),
)
def test_a_slider_has_its_value_on_a_step_and_goes_far_enough(value, more):
    largest = min(abs(value) * more, 1e9)
    control = _control(value, largest)
    bound = max(5, 2 * largest)
    assert control.low <= value <= control.high
    assert control.low <= -bound + control.step * 1.01
    assert control.high >= bound - control.step * 1.01
    steps = (value - control.low) / control.step
    assert steps == pytest.approx(round(steps), abs=1e-5)
    assert 50 <= (control.high - control.low) / control.step <= 1000


def test_round_numbers_have_a_slider_from_minus_5_to_5():
    control = _control(0.3, 2.5)
    assert (control.low, control.high, control.step) == (-5, 5, 0.1)


@pytest.mark.parametrize(("make", "shape"), FIGURES)
def test_the_html_has_every_number_in_a_table_and_is_small(make, shape):
    figure = make(*shape)
    page = figure.view.html
    root = html.fromstring(page)
    for kind, shown in (("value", figure.values), ("gradient", figure.gradients)):
        for name, matrix in shown.items():
            for index in np.ndindex(matrix.shape):
                found = root.xpath(
                    f"//table//td[@data-{kind}-of=$name][@data-index=$index]",
                    name=name, index=",".join(map(str, index)),
                )  # fmt: skip
                assert [float(cell.get("data-exact")) for cell in found] == [matrix[index]]
            table = root.xpath(f"//table[.//td[@data-{kind}-of=$name]]", name=name)[0]
            assert str(matrix.shape) in table.get("aria-label")
            assert len(table.findall(".//tr")) == np.atleast_2d(matrix).shape[0]
    assert len(root.findall(".//table")) == len(figure.values) + len(figure.gradients)
    assert [s.get("data-input") for s in root.findall(".//input")] == list(figure.sliders)
    assert not root.xpath("//@style | //@onclick | //script[not(@type='application/json')]")
    assert page == make(*shape).view.html


def test_as_text_all_matrices_stand_there():
    figure = MatrixFigure(Relu(), [[1, -2.5], [0, 1e7]], [[1, 2], [3, 4]])
    assert repr(figure).split("\n") == [
        "Relu",
        "X (2, 2)   mask (2, 2)  Y (2, 2)",
        "1  −2.5    1  0         1    0",
        "0   1e7    0  1         0  1e7",
        "dX (2, 2)               dY (2, 2)",
        "1  0                    1  2",
        "0  4                    3  4",
    ]
    assert "db (2,)" in repr(affine(0, 3, 2))
    figure.sliders["X[0,0]"].value = -1
    assert figure.values["mask"].tolist() == [[0, 0], [0, 1]]
    assert figure._repr_mimebundle_()["text/plain"] == repr(figure)


@pytest.mark.parametrize(("make", "shape"), FIGURES)
def test_its_code_makes_the_same_figure(make, shape):
    figure = make(*shape)
    for i, slider in enumerate(figure.sliders.values()):
        slider.value = i / 8 - 1
    start, call = figure.code.split("\n\n")
    names: dict[str, object] = {}
    exec(start, names)
    again = eval(call, names)
    assert again.name == figure.name
    assert numbers(again) == numbers(figure)

"""Gradient checks: they pass what is right, flag what is wrong, and leave everything as it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlib import layers
from nnlib.gradient import gradient_check, layer_check, numerical_diff, numerical_gradient

seeds = st.integers(0, 2**32 - 1)


def bowl(x):
    return np.sum(x**3)


def bowl_of_mapping(x):
    return sum(np.sum(v**3) for v in x.values())


@given(seeds)
def test_numerical_gradient_of_any_shape_leaves_the_array_as_it_was(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=tuple(rng.integers(1, 4, rng.integers(1, 4))))
    before = x.tobytes()
    np.testing.assert_allclose(numerical_gradient(bowl, x), 3 * x**2, rtol=1e-6, atol=1e-8)
    assert x.tobytes() == before


def test_numerical_gradient_restores_the_array_when_f_raises():
    x = np.array([0.1, 0.2, 0.3])
    before = x.tobytes()

    def f(x):
        if x[1] != 0.2:
            raise RuntimeError
        return x.sum()

    with pytest.raises(RuntimeError):
        numerical_gradient(f, x)
    assert x.tobytes() == before


def test_numerical_gradient_moves_the_callers_own_array():
    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(numerical_gradient(lambda _: np.sum(x**2), x), [2.0, 4.0])


def test_numerical_gradient_of_integers_does_not_truncate():
    x = np.array([3, 4])
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**2), x), [6.0, 8.0])
    assert x.dtype.kind == "i"


def test_numerical_gradient_of_a_read_only_array():
    x = np.array([3.0, 4.0])
    x.flags.writeable = False
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**2), x), [6.0, 8.0])


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: numerical_diff(np.sin, 1.0, h=0), ValueError, "h above 0"),
        (lambda: numerical_diff(np.sin, 1e20), ValueError, "changes x"),
        (lambda: numerical_diff(np.sin, np.nan), ValueError, "finite"),
        (lambda: numerical_gradient(bowl, np.ones(2, np.float32)), TypeError, "float32.*float64"),
        (lambda: numerical_gradient(bowl, [1.0, np.inf]), ValueError, "finite, got inf"),
        (lambda: numerical_gradient(lambda x: x, np.ones(2)), ValueError, "single number"),
        (lambda: numerical_gradient(bowl, np.ones(2), h=-1), ValueError, "above 0"),
        (lambda: numerical_gradient(bowl, np.ones(2), h=1e-30), ValueError, "h is too small"),
        (lambda: numerical_gradient(bowl, np.array([1e15])), ValueError, "h is too small"),
        (lambda: numerical_gradient(lambda _: 1.0, [1, 2]), ValueError, "f did not react"),
        (lambda: gradient_check(bowl, np.ones(2), np.ones(3)), ValueError, r"\(2,\).*\(3,\)"),
        (lambda: gradient_check(bowl, {"W": np.ones(2)}, np.ones(2)), ValueError, "same names"),
        (
            lambda: gradient_check(bowl, {"W": np.ones(2)}, {"b": np.ones(2)}),
            ValueError,
            "same names",
        ),
        (lambda: gradient_check(bowl, np.ones(2, np.float32), np.ones(2)), TypeError, "float32"),
        (lambda: layer_check(layers.Relu(), np.ones(2, np.float32)), TypeError, "float32"),
    ],
)
def test_bad_input_is_told_clearly(call, error, says):
    with pytest.raises(error, match=says):
        call()


@given(seeds)
@settings(max_examples=30)
def test_a_right_gradient_passes_and_a_wrong_one_does_not(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(20, 30))  # large enough for random directions
    gradient = 3 * x**2
    assert gradient_check(bowl, x, gradient, seed=seed)
    assert not gradient_check(bowl, x, 1.001 * gradient, seed=seed)
    one_wrong = gradient.copy()
    one_wrong[rng.integers(20), rng.integers(30)] += 0.1
    assert not gradient_check(bowl, x, one_wrong, seed=seed)


def test_the_report_names_the_worst_entry():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    gradient = 3 * x**2
    gradient[1, 0] = 20.0
    report = gradient_check(bowl_of_mapping, {"W": x}, {"W": gradient})
    assert not report.passed
    row = report.rows[0]
    assert (row.name, row.worst, row.derived) == ("W", (1, 0), 20.0)
    assert row.numerical == pytest.approx(27.0)
    assert "WRONG" in str(report)
    assert "<td>✗ WRONG</td>" in report._repr_html_()


def test_a_mapping_is_checked_by_name():
    x = {"W": np.array([1.0, 2.0]), "b": np.array(3.0)}
    gradient = {name: 3 * v**2 for name, v in x.items()}
    report = gradient_check(bowl_of_mapping, x, gradient)
    assert report, report
    assert [row.name for row in report.rows] == ["W", "b"]


def test_a_kink_is_told_apart_from_an_error():
    x = np.array([1.0, -1.0, 2e-6, -2e-6, 0.0])
    report = gradient_check(lambda x: np.maximum(x, 0).sum(), x, (x > 0).astype(float))
    assert report, report
    assert report.rows[0].kinks == 1  # the others are beside it: shorter steps are taken there
    assert not gradient_check(lambda x: np.maximum(x, 0).sum(), x, np.ones(5))


class Broken(layers.MulLayer):
    """A multiply layer with one bug at a time."""

    def __init__(self, bug):
        self.bug = bug
        self.calls = 0

    def backward(self, dout):
        self.calls += 1
        dx, dy = super().backward(dout)
        match self.bug:
            case "inputs not swapped":
                return dout * self.x, dout * self.y
            case "upstream gradient ignored":
                return self.y, self.x
            case "a factor of 1.001":
                return 1.001 * dx, dy
            case "one wrong entry":
                dx = dx.copy()
                dx[0, 0] += 1e-3
                return dx, dy
            case "accumulated over calls":
                return dx * self.calls, dy
            case "dout written to":
                dout *= 2
                return dx, dy
            case "float32 on the way":
                return dx.astype(np.float32), dy
            case "wrong shape":
                return dx.sum(axis=0), dy
            case "transposed":
                return dx.T, dy


@pytest.mark.parametrize(
    "bug",
    [
        "inputs not swapped",
        "upstream gradient ignored",
        "a factor of 1.001",
        "one wrong entry",
        "accumulated over calls",
        "dout written to",
        "float32 on the way",
        "wrong shape",
        "transposed",
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_layer_check_flags_every_planted_bug(bug, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    assert layer_check(layers.MulLayer(), x, y, seed=seed)
    report = layer_check(Broken(bug), x, y, seed=seed)
    assert not report, report


class InPlaceRelu(layers.Relu):
    """The ReLU of many a textbook: its backward writes into the upstream gradient."""

    def backward(self, dout):
        dout[~self.mask] = 0
        return dout


class InPlaceForward(layers.Relu):
    def forward(self, x):
        x[x < 0] = 0
        return super().forward(x)


@pytest.mark.parametrize("layer", [InPlaceRelu(), InPlaceForward()])
def test_layer_check_flags_what_writes_into_its_input_and_shields_the_callers(layer):
    x = np.array([-1.0, 2.0])
    report = layer_check(layer, x)
    assert not report
    assert "writes into" in str(report)
    np.testing.assert_array_equal(x, [-1.0, 2.0])


class Forgetful(layers.MulLayer):
    def __init__(self, backward):
        self.backward = backward


@pytest.mark.parametrize(
    "backward", [lambda dout: dout, lambda dout: None, lambda dout: (dout, dout, dout)]
)
def test_layer_check_flags_a_missing_and_a_superfluous_gradient(backward):
    report = layer_check(Forgetful(backward), 2.0, 3.0)
    assert not report
    assert "a gradient for each of x, y, in order" in str(report)


def test_a_large_array_with_zeros_at_a_kink_passes_and_its_bug_is_traced():
    x = np.where(np.arange(400) % 2, 1.0, 0.0)
    report = layer_check(layers.Relu(), x)
    assert report, report
    assert report.rows[0].kinks == 200
    gradient = (x > 0).astype(float)
    gradient[7] = 1.01
    report = gradient_check(lambda x: np.maximum(x, 0).sum(), x, gradient)
    assert report.rows[0].worst == (7,)


def test_curvature_is_no_kink():
    x = np.array([1e-4])
    assert gradient_check(lambda v: 50 * v[0] ** 2, x, np.array([0.0100]))
    assert not gradient_check(lambda v: 50 * v[0] ** 2, x, np.array([0.0105]))


@given(st.floats(-1.2e-5, 1.2e-5), seeds)
def test_a_kink_anywhere_near_is_told_apart(x, seed):
    slope = np.random.default_rng(seed).uniform(0.1, 10)

    def bent(v):
        return slope * np.maximum(v[0], 0) + 0.3 * v[0]

    right = slope * (x > 0) + 0.3
    assert gradient_check(bent, np.array([x]), np.array([right]))
    assert not gradient_check(bent, np.array([x]), np.array([1.3 * right]))


def test_infinity_next_door_is_no_excuse():
    with np.errstate(all="ignore"):
        assert not gradient_check(lambda v: np.log(v[0]), np.array([1e-5]), np.array([12345.0]))


def test_layer_check_leaves_layer_and_inputs_as_they_were():
    affine = layers.Affine(np.ones((2, 3)), np.zeros(3))
    x = np.array([[1.0, 2.0]])
    affine.forward(x)
    assert layer_check(affine, np.array([[5.0, 6.0]]))
    np.testing.assert_array_equal(affine.x, x)
    assert not hasattr(affine, "dW")

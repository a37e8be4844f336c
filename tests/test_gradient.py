"""Gradient checks: they pass what is right, flag what is wrong, and leave everything as it was."""

import math

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


def test_numerical_diff_is_right_to_eight_digits():
    assert numerical_diff(np.sin, 1.0) == pytest.approx(np.cos(1.0), rel=1e-8)


def test_numerical_gradient_moves_the_callers_own_array_twice_for_each_number():
    x, seen = np.array([1.0, 2.0]), []
    found = numerical_gradient(lambda _: seen.append(x.tolist()) or np.sum(x**2), x)
    np.testing.assert_allclose(found, [2.0, 4.0])
    assert len(seen) == 4


def test_numerical_gradient_of_a_copy_that_reacts_on_one_side_only():
    def f(x):
        return np.maximum(x, 0).sum()

    assert numerical_gradient(f, [0]) == pytest.approx(0.5)
    assert numerical_gradient(lambda x: f(-x), [0]) == pytest.approx(-0.5)
    assert numerical_gradient(f, []).shape == (0,)


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
        (lambda: numerical_diff(np.sin, 1.0, h=-1), ValueError, "h above 0"),
        (lambda: numerical_diff(np.sin, 2.0**53, h=1.0), ValueError, "changes x"),  # not upwards
        (lambda: numerical_diff(np.sin, -(2.0**53), h=1.0), ValueError, "changes x"),
        (lambda: numerical_diff(np.sin, np.nan), ValueError, "finite"),
        (
            lambda: numerical_gradient(bowl, np.ones(2, np.float32)),
            TypeError,
            "^numerical_gradient: x is float32.*float64",
        ),
        (lambda: numerical_gradient(bowl, "ab"), TypeError, "^numerical_gradient: x must be real"),
        (lambda: numerical_gradient(bowl, [1.0, np.inf]), ValueError, "finite, got inf"),
        (lambda: numerical_gradient(lambda x: x, np.ones(2)), ValueError, "single number"),
        (lambda: numerical_gradient(bowl, np.ones(2), h=-1), ValueError, "above 0"),
        (lambda: numerical_gradient(bowl, np.ones(2), h=0), ValueError, "above 0"),
        (lambda: numerical_gradient(bowl, np.ones(2), h=1e-30), ValueError, "h is too small"),
        (lambda: numerical_gradient(bowl, np.array([1e15])), ValueError, "h is too small"),
        (lambda: numerical_gradient(lambda _: 1.0, [1, 2]), ValueError, "x was copied"),
        (lambda: numerical_gradient(lambda _: 1.0, [1]), ValueError, "x was copied"),
        (lambda: gradient_check(bowl, np.ones(2), np.ones(3)), ValueError, r"\(2,\).*\(3,\)"),
        (lambda: gradient_check(bowl, {"W": np.ones(2)}, np.ones(2)), ValueError, "same names"),
        (
            lambda: gradient_check(bowl, {"W": np.ones(2)}, {"b": np.ones(2)}),
            ValueError,
            "same names",
        ),
        (
            lambda: gradient_check(bowl_of_mapping, {"W": np.ones(2, np.float32)}, {"W": 1}),
            TypeError,
            "^gradient_check: W is float32",
        ),
        (
            lambda: gradient_check(bowl, np.ones(2), "ab"),
            TypeError,
            "^the gradient of x must be real numbers",
        ),
        (lambda: gradient_check(bowl, np.ones(2), np.ones(2), h=0), ValueError, "above 0, got 0"),
        (lambda: gradient_check(bowl, np.ones(2), np.ones(2), rtol=0), ValueError, "and 0$"),
        (lambda: gradient_check(lambda x: np.inf, np.ones(2), np.ones(2)), ValueError, "f is inf"),
        (lambda: layer_check(layers.Relu(), np.ones(2, np.float32)), TypeError, "^Relu: x is"),
        (
            lambda: layer_check(layers.Affine(np.ones((1, 1), np.float32), [1.0]), [1.0]),
            TypeError,
            "^Affine: W is float32",
        ),
        (lambda: gradient_check(bowl, np.ones(2), np.ones(2), h=1e-17), ValueError, "above 0"),
        (lambda: gradient_check(bowl, np.ones(2), np.ones(2), h=np.inf), ValueError, "small"),
        (lambda: gradient_check(bowl, np.ones(2), np.ones(2), rtol=np.inf), ValueError, "small"),
        (lambda: gradient_check(bowl_of_mapping, {}, {}), ValueError, "x is empty"),
        (lambda: gradient_check(np.float32, np.ones(1), np.ones(1)), TypeError, "returns float32"),
        (lambda: gradient_check(lambda x: "ab", [1.0], [1.0]), TypeError, "^what f returns must"),
        (
            lambda: gradient_check(lambda x: np.random.default_rng().random(), [1.0], [0.0]),
            ValueError,
            "another value when it is called again",
        ),
        (lambda: layer_check(layers.LogLayer(), [0.0, 1.0]), ValueError, "nothing to compare"),
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


@pytest.mark.parametrize(
    ("gradient", "worst", "derived", "numerical", "relative", "mean"),
    [
        ([2.0, 5.0, 8.0], (1,), 5.0, 4.0, 1 / 5, 1 / 3),  # relative to the larger of the two
        ([2.0, 3.0, 8.0], (1,), 3.0, 4.0, 1 / 4, 1 / 3),
        ([2.0, -4.0, 8.0], (1,), -4.0, 4.0, 2.0, 8 / 3),
        ([2.0, 5.0, 16.0], (2,), 16.0, 8.0, 1 / 2, 3.0),
        ([3.0, 4.0, 8.4], (0,), 3.0, 2.0, 1 / 3, 1.4 / 3),
        ([2.0, 4.0, 8.0], (2,), 8.0, 8.0, 0.0, 0.0),  # all agree: the largest
        ([2.0, np.nan, 8.0], (1,), np.nan, np.nan, np.inf, np.nan),
        ([2.0, np.inf, 8.0], (1,), np.inf, np.nan, np.inf, np.nan),
    ],
)
def test_a_row_says_how_far_off_a_gradient_is(gradient, worst, derived, numerical, relative, mean):
    x, slopes = np.ones(3), np.array([2.0, 4.0, 8.0])
    row = gradient_check(lambda x: np.sum(slopes * x), x, np.array(gradient)).rows[0]
    assert (row.name, row.passed, row.worst, row.kinks) == ("x", relative == 0, worst, 0)
    found = row.derived, row.numerical, row.max_relative_error, row.mean_absolute_error
    expected = derived, numerical, relative, mean
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True)


def test_a_derivative_that_drowns_in_rounding_is_told():
    def f(x):
        return 1e4 + x[0] + 1e-9 * x[1]

    report = gradient_check(f, np.ones(2), np.array([1.0, 1e-9]))
    assert report
    assert "x: 1 of 2 slopes are too small to be seen beside the rounding of f" in str(report)
    assert not gradient_check(f, np.ones(2), np.array([1.0, 1e-5]))
    assert not gradient_check(f, np.ones(2), np.array([1.0001, 1e-9]))
    assert gradient_check(bowl, np.ones(2), 3 * np.ones(2)).rows[0].note == ""
    report = gradient_check(lambda x: 1e4 + 1e-9 * x.sum(), np.ones(400), np.full(400, 1e-9))
    assert "x: 20 of 20 slopes are too small" in str(report)


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


def test_at_a_kink_a_function_may_have_the_slope_of_either_side_and_a_layer_the_flatter_one():
    class ReluWith(layers.Relu):
        def __init__(self, slope_at_0):
            self.slope_at_0 = slope_at_0

        def forward(self, x):
            out = super().forward(x)
            self.mask = np.where(x == 0, self.slope_at_0, self.mask)
            return out

    for offset, next_kink in ((0.0, 1e-4), (1e3, 1e-4), (1e8, 1.0)):

        def f(x, offset=offset, next_kink=next_kink):
            return offset + np.maximum(x, 0).sum() + np.maximum(x - next_kink, 0).sum()

        for slope, right in ((0.0, True), (1.0, True), (0.7, False)):
            report = gradient_check(f, np.zeros(1), np.array([slope]))
            assert bool(report) is right, (offset, report)
        assert "a kink at (0,), with slopes 0 and 1" in str(report)
    for size in (1, 200):
        report = gradient_check(
            lambda x: np.maximum(x, 0).sum(), np.zeros(size), np.full(size, 0.5)
        )
        assert report, report  # the mean of both
        assert report.rows[0].kinks == 0
        assert not layer_check(ReluWith(0.5), np.zeros(size))
    for slope_at_0, right in ((0.0, True), (0.5, False), (1.0, False)):
        report = layer_check(ReluWith(slope_at_0), np.array([1.0, 0.0, -1.0]))
        assert bool(report) is right, report
    assert report.rows[0].worst == (1,)
    assert "take the flatter side" in str(report)


def test_the_tolerance_and_the_step_are_the_callers():
    x, gradient, seen = np.array([1.0]), np.array([3.003]), []
    assert not gradient_check(bowl, x, gradient)
    assert gradient_check(bowl, x, gradient, rtol=2e-3)
    gradient_check(lambda x: seen.append(x[0]) or x[0], x, np.ones(1), h=1e-3)
    assert seen[-2:] == [1.0 + 1e-3, 1.0 - 1e-3]
    assert gradient_check(np.sum, x, np.array([1 + 0.7e-5]))
    assert not gradient_check(np.sum, x, np.array([1 + 1.4e-5]))


@pytest.mark.parametrize("seed", range(5))
def test_a_large_array_is_checked_along_ten_directions_and_at_ten_entries(seed):
    def moves(x, **options):
        seen = []
        gradient_check(
            lambda v: seen.append(v - x) or v.sum(), x.copy(), np.ones(x.shape), **options
        )
        return [move for move in seen if move.any()]

    small = moves(np.ones(100))
    assert [np.flatnonzero(move).tolist() for move in small[::2]] == [[i] for i in range(100)]

    x = np.linspace(0.1, 3, 101)
    large = moves(x, h=1e-4, seed=seed)
    entries = [move for move in large if np.count_nonzero(move) == 1]
    assert len({int(move.argmax()) for move in entries[::2]}) == 10
    directions = [move / np.maximum(1, x) for move in large if move.all()]
    assert (len(entries), len(directions)) == (20, 20)
    for move in directions:
        np.testing.assert_allclose(np.abs(move), 1e-4 / np.sqrt(101))  # of length h in all
        assert move.min() < 0 < move.max()


def test_kinks_in_one_part_of_a_large_array_do_not_hide_an_error_in_another():
    x = np.append(np.ones(100), np.zeros(100))
    gradient = np.append(np.zeros(100), np.ones(100))

    def f(x):
        return np.maximum(x[:100] - 1, 0).sum() + x[100:].sum()

    assert gradient_check(f, x, gradient)
    gradient[150] = 1.01
    assert gradient_check(f, x, gradient).rows[0].worst == (150,)


def test_a_function_that_stays_the_same():
    row = gradient_check(lambda x: 1.0, np.ones(2), np.zeros(2)).rows[0]
    assert (row.passed, row.max_relative_error) == (True, 0.0)
    assert "f stayed the same" in row.note
    assert (
        layer_check(layers.PowLayer(0), np.ones(2)).rows[0].note == ""
    )  # of a layer that is nothing odd


@pytest.mark.parametrize("i", [0, 123, 399])
def test_one_wrong_entry_of_many_is_found(i):
    gradient = np.ones(400)
    gradient[i] = 1.001  # 1e-3, where 2e-4 is rtol times the length of the gradient
    report = gradient_check(np.sum, np.ones(400), gradient)
    assert report.rows[0].worst == (i,)


def test_a_seed_gives_one_check():
    def checked(check, **seed):
        seen = []
        check(seen, **seed)
        return seen

    def function(seen, **seed):
        x = np.ones(400)
        gradient_check(lambda x: seen.append(x.tobytes()) or x.sum(), x, np.ones(400), **seed)

    def layer(seen, **seed):
        class Seen(layers.Relu):
            def forward(self, x):
                seen.append(x.tobytes())
                return super().forward(x)

            def backward(self, dout):
                seen.append(dout.tobytes())
                return super().backward(dout)

        layer_check(Seen(), np.linspace(1, 2, 400), **seed)

    for check in (function, layer):
        assert checked(check) == checked(check, seed=0) != checked(check, seed=1)


def test_where_all_entries_are_at_a_kink_nothing_is_compared():
    report = gradient_check(lambda x: np.maximum(x, 0).sum(), np.zeros(2), np.zeros(2))
    assert report
    row = report.rows[0]
    assert (row.kinks, row.worst, row.max_relative_error, row.mean_absolute_error) == (2, (), 0, 0)
    assert str(report).count("–") == 2


def test_more_kinks_than_can_be_traced_are_told():
    report = gradient_check(lambda x: np.maximum(x, 0).sum(), np.zeros(1000), np.zeros(1000))
    assert report
    assert "went unjudged" in str(report)


def test_a_function_that_raises_outside_its_domain():
    def log(x):
        return math.log(x[0])

    assert gradient_check(log, np.array([1e-6]), np.array([1e6]))
    assert not gradient_check(log, np.array([1e-6]), np.array([1.001e6]))


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
            case "not a number":
                return dx * np.nan, dy
            case "float32 on the way":
                return dx.astype(np.float32), dy
            case "wrong shape":
                return dx.sum(axis=0), dy
            case "transposed":
                return dx.T, dy


@pytest.mark.parametrize(
    ("bug", "problems"),
    [
        ("inputs not swapped", []),
        ("upstream gradient ignored", []),
        ("a factor of 1.001", []),
        ("one wrong entry", []),
        ("accumulated over calls", [": a second backward gives something else than the first"]),
        (
            "dout written to",
            [
                " writes into the dout that it is given",
                ": a second backward gives something else than the first",
            ],
        ),
        ("not a number", []),
        ("float32 on the way", [": dx is float32, x is float64"]),
        ("wrong shape", [": dx has shape (3,), x has shape (3, 3)"]),
        ("transposed", []),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_layer_check_flags_every_planted_bug(bug, problems, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    assert layer_check(layers.MulLayer(), x, y, seed=seed)
    report = layer_check(Broken(bug), x, y, seed=seed)
    assert not report, report
    assert report.problems == tuple(f"Broken{problem}" for problem in problems)


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
    ("backward", "is_none"),
    [
        (lambda dout: dout, [False]),
        (lambda dout: None, [True]),
        (lambda dout: (dout, None), [False, True]),
        (lambda dout: (dout, dout, dout), [False, False, False]),
    ],
)
def test_layer_check_flags_a_missing_and_a_superfluous_gradient(backward, is_none):
    report = layer_check(Forgetful(backward), 2.0, 3.0)
    assert not report
    assert "a gradient for each of x, y, in order" in str(report)
    returned = report.problems[0].split("it returned ")[1].split(", ")
    assert [text == "None" for text in returned] == is_none


class Scale(layers.Layer):
    """A layer with a parameter that is no array."""

    def __init__(self, factor=1.0):
        self.a, self.factor = 2, factor

    def forward(self, x):
        self.x = np.asarray(x)
        return self.x * self.a

    def backward(self, dout):
        self.da = self.factor * np.sum(dout * self.x)
        return dout * self.a


def test_layer_check_checks_a_parameter_that_is_a_number():
    x = np.array([1.0, -2.0])
    assert layer_check(Scale(), x)
    report = layer_check(Scale(1.01), x)
    assert [(row.name, row.passed) for row in report.rows] == [("x", True), ("a", False)]


def test_layer_check_flags_what_keeps_the_numbers_of_its_first_use():
    class First(layers.MulLayer):
        def forward(self, x, y):
            self.first = getattr(self, "first", x)
            return super().forward(x, y)

        def backward(self, dout):
            return dout * self.y, dout * self.first

    assert not layer_check(First(), np.arange(5.0), np.arange(5.0))


def test_layer_check_checks_the_parameters_of_a_layer_whose_only_input_is_labels():
    class Table(layers.Layer):
        def __init__(self):
            self.W = np.array([[1.0, 2.0], [3.0, 4.0]])

        def forward(self, t):
            self.t = t
            return self.W[t]

        def backward(self, dout):
            self.dW = np.zeros((2, 2))
            np.add.at(self.dW, self.t, dout)

    report = layer_check(Table(), [1, 1, 0])
    assert report, report
    assert [row.name for row in report.rows] == ["W"]


def test_inputs_that_have_no_names_are_numbered():
    class Sum(layers.AddLayer):
        def forward(self, *inputs):
            return super().forward(*inputs)

    report = layer_check(Sum(), 2.0, np.array([1.0, 2.0]))
    assert report, report
    assert [row.name for row in report.rows] == ["input 1", "input 2"]


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
    for scale in (1e-9, 1.0, 1e9):

        def f(v, scale=scale):
            return scale * 50 * v[0] ** 2

        assert gradient_check(f, x, scale * np.array([0.0100]))
        report = gradient_check(f, x, scale * np.array([0.0105]))
        assert not report
        assert report.rows[0].numerical == pytest.approx(0.01 * scale, rel=1e-6)


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
    report = layer_check(affine, np.array([[5.0, 6.0]]))
    assert report
    assert (report.problems, report.notes) == ((), ())
    np.testing.assert_array_equal(affine.x, x)
    assert not hasattr(affine, "dW")


def test_a_layer_that_was_used_before_is_checked_as_a_new_one():
    layer = layers.Affine(np.arange(6.0).reshape(2, 3), np.ones(3))
    x = np.array([[1.0, -2.0]])
    before = str(layer_check(layer, x))
    layer.forward(x)
    layer.backward(np.ones((1, 3)))
    assert str(layer_check(layer, x)) == before

"""The mathematics of curves and surfaces in live figures, against calculus and NumPy."""

import functools
import gzip
import itertools
import json
import math
import re
import subprocess
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnlib.difference import numerical_diff
from nnlib.functions import relu, sigmoid, step
from nnlib.graph import Graph, Variable
from nnlib.layers import Layer
from nnlib.live.assets import script
from nnlib.live.axes import Axes, ticks
from nnlib.live.curve_figure import CurveFigure, written
from nnlib.live.sampled import pieces, traced
from nnlib.live.surface_figure import SurfaceFigure
from nnlib.variable import apply


def swish(x):
    """Not to be written as one line of a figure's own: a Python function with a name."""
    return x * (1 / (1 + (-x).exp()))


def bowl(x, y):
    return x**2 / 20 + y**2


def loss(w, b):
    return named((2 * w + b - 7) ** 2, "L")


CURVES = {
    "cubic": lambda: CurveFigure(lambda x: x * x * x * 0.1 - x, h=0.1, caption="A <cubic>."),
    "relu": lambda: CurveFigure(lambda x: x.relu(), at=0),
    "sigmoid": lambda: CurveFigure(lambda x: x.sigmoid(), h=1e-12),
    "log": lambda: CurveFigure(lambda x: x.log(), x=(-1, 5), at=0.5),
    "pole": lambda: CurveFigure(lambda x: 1 / x, name="fig-pole"),
    "swish": lambda: CurveFigure(swish, secant=False),
    "sin": lambda: CurveFigure(np.sin),
    "step": lambda: CurveFigure(step, at=-1),
    "tan": lambda: CurveFigure(np.tan),
    "abs": lambda: CurveFigure(abs, x=(-1, 2), at=1),
    "root": lambda: CurveFigure(np.sqrt, x=(-1, 4)),
    "constant": lambda: CurveFigure(lambda x: 3.0),
    "sign": lambda: CurveFigure(np.sign, at=1),
    "surprise": lambda: surprise(),
}
SURFACES = {
    "bowl": lambda: SurfaceFigure(bowl, (-10, 10), (-5, 5), start=(-7, 2), caption="A <bowl>."),
    "rosenbrock": lambda: SurfaceFigure(
        lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2, (-2, 2), (-1, 3), start=(-1.2, 1)
    ),
    "log": lambda: SurfaceFigure(lambda x, y: x.log() + y**2, (-1, 3), (-2, 2), start=(1, 1)),
    "pole": lambda: SurfaceFigure(lambda x, y: 1 / (x**2 + y**2)),
    "plane": lambda: SurfaceFigure(lambda x, y: x - 2 * y),
    "saddle": lambda: SurfaceFigure(lambda x, y: x**2 - y**2),
    "max": lambda: SurfaceFigure(lambda x, y: max(x, y)),
    "waves": lambda: SurfaceFigure(lambda x, y: np.sin(x) * np.cos(y)),
    "abs": lambda: SurfaceFigure(lambda x, y: abs(x) + abs(y)),
    "root": lambda: SurfaceFigure(lambda x, y: np.sqrt(x) + y * y, (-1, 3), start=(1, 1.2)),
    "loss": lambda: SurfaceFigure(loss, start=(1, 1)),
}
EVERY = CURVES | {f"surface {name}": make for name, make in SURFACES.items()}


def at(figure, **places):
    for name, value in places.items():
        figure.sliders[name].value = value
    return figure


# --- the frame ---

ends = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)).map(lambda p: (p[0], p[0] + p[1]))


@given(ends, st.integers(3, 12))
def test_ticks_are_round_and_evenly_spaced_and_say_their_number(span, most):
    low, high = span
    assume(high - low > 1e-7 * max(abs(low), abs(high)))
    found = ticks(low, high, most)
    gaps = np.diff(list(found))
    assert 2 <= len(found) <= most
    assert all(low <= x <= high for x in found)
    mantissa = float(f"{gaps[0]:.3e}".split("e")[0])
    assert gaps == pytest.approx(gaps[0], rel=1e-2)
    assert mantissa == pytest.approx(min((1, 2, 5, 10), key=lambda m: abs(m - mantissa)), rel=1e-2)
    said = [float(text.replace("−", "-")) for text in found.values()]
    assert said == pytest.approx(list(found), abs=1e-3 * gaps[0])
    assert gaps[0] * most >= (high - low) / 2.6  # no fewer than needed


def points_of(d):
    return [
        [tuple(map(float, pair.split())) for pair in part.split("L")] for part in d.split("M")[1:]
    ]


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=2, max_size=6))
def test_a_line_is_drawn_where_it_is_inside_the_frame_and_nowhere_else(line):
    axes = Axes(x=(-1, 2), y=(-2, 1))
    drawn = points_of(axes.path(*np.array(line).T))
    for x, y in itertools.chain(*drawn):
        assert axes.left <= x <= axes.right
        assert axes.top <= y <= axes.bottom
    segments = [pair for part in drawn for pair in itertools.pairwise(part)]
    for (a, b), (c, d) in itertools.pairwise(line):
        for t in np.linspace(0, 1, 9):
            x, y = a + t * (c - a), b + t * (d - b)
            if -0.99 < x < 1.99 and -1.99 < y < 0.99:
                place = np.array([axes.px(x), axes.py(y)])
                assert min(distance(place, *map(np.array, s)) for s in segments) < 0.2


def distance(p, a, b):
    """From a point to a segment."""
    length = np.sum((b - a) ** 2)
    t = np.clip(np.dot(p - a, b - a) / length, 0, 1) if length else 0
    return np.linalg.norm(a + t * (b - a) - p)


def test_a_line_has_gaps_where_it_is_not_finite_and_no_number_is_too_large():
    axes = Axes(x=(0, 4), y=(-1, 1))
    assert axes.path([0, 1, 2, 3, 4], [0, 0, math.nan, 0, 0]).count("M") == 2
    assert len(points_of(axes.path([0, 1, 2], [0, 1e308, 0]))) == 2  # up, and down again
    assert axes.path([0, 1, 2], [math.inf, 0, -math.inf]) == ""


@pytest.mark.parametrize("span", [(1, 1), (2, 1), (0, math.inf), (math.nan, 1), "ab", 3, (0, 1, 2)])
def test_a_frame_needs_two_numbers_that_rise(span):
    with pytest.raises(ValueError, match="Axes: x must be"):
        Axes(x=span, y=(0, 1))


def test_a_frame_refuses_what_it_cannot_draw():
    with pytest.raises(ValueError, match="leave no room"):
        Axes(x=(0, 1), y=(0, 1), width=40)
    with pytest.raises(ValueError, match="two arrays of shape"):
        Axes(x=(0, 1), y=(0, 1)).path([1, 2], [1, 2, 3])


def test_axes_of_powers_have_ticks_at_whole_powers():
    assert list(ticks(-7.5, 0.2, 4, powers=True).values()) == ["1e−6", "1e−4", "1e−2", "1"]


# --- tracing and cutting ---


class Cube(Layer):
    def forward(self, x):
        self.x = x
        return x**3

    def backward(self, dout):
        return dout * 3 * self.x**2


def test_a_function_of_variables_is_traced_unless_it_asks_for_their_values():
    probes = [{"x": 1.5}, {"x": -1.5}, {"x": 0.0}]
    weight = Variable(3.0, name="w")
    assert traced(lambda x: weight * x + 1, probes, "y").values == {
        "w": 3,
        "x": 1.5,
        "v1": 4.5,
        "y": 5.5,
    }
    assert weight.grad is None
    assert traced(lambda x: x * x if x.value > 0 else -x, probes, "y") is None
    assert traced(lambda x: x * x.value, probes, "y") is None
    assert traced(lambda x: Variable(3.0), probes, "y") is None
    assert traced(lambda x: x * np.ones(3), probes, "y") is None
    assert traced(lambda x: apply(Cube(), x), probes, "y") is None  # unknown to the script
    assert traced(lambda x: x, probes, "y").values == {"x": 1.5, "y": 1.5}


def test_a_function_that_asks_for_values_is_sampled_with_variables():
    figure = CurveFigure(lambda x: x.exp() if x.value > 0 else x + 1.0, at=2)
    assert figure.graph is None
    assert figure.values["y"] == pytest.approx(math.exp(2))
    assert at(figure, x=-1).values["y"] == 0


JUMPS = {
    "step": (step, [0]),
    "relu": (relu, [0]),
    "floor": (np.floor, [-2, -1, 0, 1, 2, 3]),  # at 3 it ends with a point alone
    "away from every sample": (
        lambda x: abs(x - 1 / 3) + (x > math.sqrt(2)),
        [1 / 3, math.sqrt(2)],
    ),
    "tan": (np.tan, [-math.pi / 2, math.pi / 2]),
    "smooth": (lambda x: np.exp(np.sin(3 * x)), []),
    "steep but smooth": (lambda x: np.tanh(40 * x), []),
    "cube root": (np.cbrt, [0]),
    "hat": (lambda x: max(0.0, 1 - abs(x - 0.123)), [-0.877, 0.123, 1.123]),
}


@pytest.mark.parametrize("name", JUMPS)
def test_corners_and_jumps_are_found_where_they_are(name):
    f, wanted = JUMPS[name]
    found, corners = pieces(
        lambda xs: np.array([float(f(x)) for x in xs]), None, np.linspace(-3, 3, 121)
    )
    assert sorted(corners) == pytest.approx(wanted, abs=1e-5)
    assert len(found) == len(wanted) + 1


@given(
    st.lists(st.floats(-0.95, 0.95), min_size=1, max_size=3, unique=True),
    # A slope of 5e-324 would be a staircase: the computer has no numbers in between.
    st.lists(st.floats(-3, 3).map(lambda m: round(m, 9)), min_size=4, max_size=4),
    st.lists(st.sampled_from([0.0, 0.7, -1.5]), min_size=3, max_size=3),
)
def test_any_function_of_straight_pieces_is_cut_at_its_corners(places, slopes, jumps):
    places = sorted(places)
    assume(all(b - a > 0.12 for a, b in itertools.pairwise([-1, *places, 1])))
    bends = np.diff(slopes)[: len(places)]
    assume(all(abs(b) > 0.2 for b in bends))

    def f(xs):
        y = slopes[0] * xs
        for c, bend, jump in zip(places, bends, jumps, strict=False):
            y = y + np.where(xs > c, bend * (xs - c) + jump, 0)
        return y

    found, corners = pieces(f, None, np.linspace(-1, 1, 101))
    assert sorted(corners) == pytest.approx(places, abs=1e-5)
    assert [p.slope for p in found] == [
        pytest.approx(np.full(len(p.x), m), abs=1e-6) for p, m in zip(found, slopes, strict=False)
    ]


# --- the curve ---

FORMULAS = [
    (lambda x: x**3 - 2 * x, lambda x: x**3 - 2 * x, lambda x: 3 * x**2 - 2),
    (lambda x: (x * 0.5).exp(), lambda x: math.exp(x / 2), lambda x: math.exp(x / 2) / 2),
    (swish, lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x)))),
]


@pytest.mark.parametrize(("f", "value", "slope"), FORMULAS)
def test_an_exact_curve_shows_what_calculus_says(f, value, slope):
    figure = CurveFigure(f)
    for x, exponent in zip(np.round(np.arange(-5, 5.04, 0.05), 9), itertools.cycle(range(-15, 1))):
        h = float(f"1e{exponent}")
        at(figure, x=x, h=h)
        assert figure.values["y"] == pytest.approx(value(x), rel=1e-12, abs=1e-12)
        assert figure.gradients["x"] == pytest.approx(slope(x), rel=1e-11, abs=1e-12)
        if x in (x + h, x - h):
            assert math.isnan(figure.secant)
        else:
            wanted = numerical_diff(lambda v: f(Variable(v)).value, x, h)
            assert figure.secant == wanted
            assert figure.difference == wanted - figure.gradients["x"]


def test_a_sampled_curve_is_right_at_every_step_of_its_slider_and_close_between():
    figure = CurveFigure(np.sin)
    for x in np.round(np.linspace(-5, 5, 201), 9):
        at(figure, x=x)
        assert figure.values["y"] == pytest.approx(math.sin(x), rel=1e-14, abs=1e-15)
        assert figure.gradients["x"] == pytest.approx(math.cos(x), abs=1e-8)
    for x in np.linspace(-5, 5, 77):
        assert figure._at(x) == (
            pytest.approx(math.sin(x), abs=1e-7),
            pytest.approx(math.cos(x), abs=1e-5),
        )
    assert "sampled" in figure.view.html
    assert "sampled" not in CURVES["cubic"]().view.html


@pytest.mark.parametrize("name", ["log", "pole", "tan", "root", "step", "abs"])
def test_poles_corners_and_ends_throw_nothing_and_do_not_stick(name):
    figure = CURVES[name]()
    seen = []
    for x in np.round(np.arange(figure.x[0], figure.x[1] + 0.01, 0.05), 9):
        at(figure, x=x)
        seen.append(math.isfinite(figure.values["y"]) and math.isfinite(figure.gradients["x"]))
        assert repr(figure)
    places = np.round(np.arange(figure.x[0], figure.x[1] + 0.01, 0.05), 9)
    hidden = places[~np.array(seen)]
    wanted = {
        "log": places[places <= 0], "root": places[places <= 0], "pole": [0], "tan": [],
        "step": [0], "abs": [0],
    }  # fmt: skip
    assert hidden == pytest.approx(wanted[name])


def test_a_jump_is_drawn_as_a_jump_with_a_ring_and_a_dot():
    html = CURVES["step"]().view.html
    d = re.search(r'class="nn-f" d="([^"]*)"', html)[1]
    for part in points_of(d):
        assert len({y for _, y in part}) == 1  # level
    assert len(points_of(d)) == 2
    assert html.count('class="nn-open"') == html.count('class="nn-closed"') == 1
    stairs = CurveFigure(np.floor, x=(-2, 2), at=0.5).view.html
    rings, closed = (
        re.findall(rf'class="nn-{kind}" transform="translate\(([\d. ]+)\)', stairs)
        for kind in ("open", "closed")
    )
    places = [tuple(map(float, point.split())) for point in (*rings, *closed)]
    rings, full = sorted(places[:4]), sorted(places[4:])  # the last pair at the end, x = 2
    assert [x for x, _ in rings] == pytest.approx([x for x, _ in full], abs=0.11)
    assert all(ring[1] > dot[1] for ring, dot in zip(rings, full, strict=True))
    slopes = re.search(r'class="nn-df" d="([^"]*)"', CURVES["relu"]().view.html)[1]
    assert [len({y for _, y in part}) for part in points_of(slopes)] == [1, 1]


POLYNOMIALS = [[0, -2, 0, 1], [3, 0, 1], [0, 5], [1, 1, 1, 1, 0, -1]]


@pytest.mark.parametrize("factors", POLYNOMIALS)
def test_the_sentence_names_the_error_that_dominates(factors):
    """The judge computes in fractions, where nothing is rounded."""

    def f(x):
        total = x * 0.0 + factors[-1]
        for factor in reversed(factors[:-1]):
            total = total * x + factor
        return total

    def exactly(v):
        return sum(Fraction(c) * v**n for n, c in enumerate(factors))

    figure = CurveFigure(f)
    named = set()
    for x, exponent in itertools.product([-4.55, -1.2, 0.3, 1, 3.7], range(-14, 1)):
        h = float(f"1e{exponent}")
        said = at(figure, x=x, h=h)._sentences()[1]
        up, down = Fraction(x + h), Fraction(x - h)
        secant = (exactly(up) - exactly(down)) / (up - down)
        tangent = sum(n * c * Fraction(x) ** (n - 1) for n, c in enumerate(factors) if n)
        width, rounding = abs(secant - tangent), abs(Fraction(figure.secant) - secant)
        possible = 1e-15 * sum(abs(c * x**n) for n, c in enumerate(factors)) / h
        if width > 10 * (rounding + Fraction(possible)):
            assert "too wide" in said
            named.add("width")
        if figure.difference == 0:
            assert "exactly the slope" in said
        elif rounding > 10 * width:
            assert "rounding" in said
            named.add("rounding")
    assert named == ({"width", "rounding"} if len(factors) > 3 else {"rounding"})


def test_the_sentence_tells_of_corners_and_of_where_there_is_no_value():
    assert "no value" in at(CURVES["log"](), x=-1)._sentences()[0]
    assert len(at(CURVES["log"](), x=-1)._sentences()) == 1
    assert "needs" in CURVES["log"]()._sentences()[1]
    assert "nnlib takes 0" in CURVES["relu"]()._sentences()[0]
    assert "no tangent" in at(CURVES["step"](), x=0)._sentences()[0]
    root = CurveFigure(lambda x: x**0.5, x=(0, 4))
    assert "no tangent" in at(root, x=0)._sentences()[0]
    assert "leaves y as it is" in at(CURVES["step"](), x=1)._sentences()[0]


def test_values_beyond_all_bounds_are_drawn_as_nothing():
    assert CurveFigure(lambda x: (x * 100).exp(), at=4).values["y"] == pytest.approx(math.exp(400))
    assert SurfaceFigure(lambda x, y: 3.0).outcome == "still"
    level = SurfaceFigure(lambda x, y: (x - y) * 0.0 + 2.0, start=(0, 0)).view.html
    assert level.count('class="nn-level"') == 1  # in the legend
    assert 'opacity="0" transform="rotate(0)"' in level


def test_at_a_corner_no_h_helps_and_far_out_h_is_too_small():
    assert "however small" in CURVES["relu"]()._sentences()[1]
    figure = CurveFigure(lambda x: x**2, x=(-100, 100), step=1, at=100, h=1e-15)
    assert "too small to change x" in figure._sentences()[1]
    assert math.isnan(figure.secant)


# --- the surface ---


def test_an_exact_surface_shows_what_calculus_says():
    figure = SURFACES["rosenbrock"]()
    for x, y in itertools.product([-1.2, 0, 0.6, 1], [-1, 0.2, 1, 3]):
        at(figure, x=x, y=y)
        assert figure.values["z"] == pytest.approx((1 - x) ** 2 + 100 * (y - x * x) ** 2)
        assert figure.gradients["x"] == pytest.approx(-2 * (1 - x) - 400 * x * (y - x * x))
        assert figure.gradients["y"] == pytest.approx(200 * (y - x * x))


def test_the_path_is_gradient_descent():
    figure = SURFACES["rosenbrock"]()
    p = np.array([-1.2, 1.0])
    for row in figure.path:
        assert row[:2] == pytest.approx(p, rel=1e-12)
        assert row[2] == pytest.approx((1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2, rel=1e-9)
        inner = p[1] - p[0] ** 2
        p = p - figure.inputs["step_size"] * np.array(
            [2 * (p[0] - 1) - 400 * p[0] * inner, 200 * inner]
        )
    assert len(figure.path) == 31


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_sampled_surface_is_close_and_its_slopes_are_its_own(x, y):
    surface = WAVES._at
    z, along_x, along_y = surface(x, y)
    assert z == pytest.approx(math.sin(x) * math.cos(y), abs=7e-5)
    assert along_x == pytest.approx(math.cos(x) * math.cos(y), abs=5e-4)
    assert along_y == pytest.approx(-math.sin(x) * math.sin(y), abs=5e-4)
    assume(max(abs(x), abs(y)) < 2.999)
    own = (
        numerical_diff(lambda v: surface(v, y)[0], x),
        numerical_diff(lambda v: surface(x, v)[0], y),
    )
    assert (along_x, along_y) == pytest.approx(own, abs=1e-4)


WAVES = SURFACES["waves"]()


@pytest.mark.parametrize(
    ("step_size", "wanted"),
    [(0.01, "creeps"), (0.5, "arrives"), (0.85, "arrives"), (1.0, "turns"), (1.1, "away")],
)
def test_what_became_of_the_path_in_a_round_bowl(step_size, wanted):
    figure = SurfaceFigure(lambda x, y: x**2 + y**2, start=(1.2, -2), step_size=step_size)
    assert figure.outcome == wanted


def test_other_ends_of_a_path():
    assert SURFACES["plane"]().outcome == "falls"
    assert SURFACES["abs"]().outcome == "turns"
    assert SURFACES["log"]().outcome == "left"
    assert at(SURFACES["log"](), x=-0.4).outcome == "none"
    assert at(SURFACES["pole"](), x=0, y=0).outcome == "none"
    assert at(SURFACES["bowl"](), x=0, y=0).outcome == "still"
    assert at(SURFACES["rosenbrock"](), x=-2, y=3, step_size=0.003).outcome == "away"
    assert at(SURFACES["waves"](), y=3, x=-1.6, step_size=2).outcome in ("left", "arrives", "turns")


@settings(max_examples=12)
@given(st.floats(0.02, 50), st.floats(0.2, 1), st.floats(0, 3.1))
def test_the_slider_of_the_step_size_reaches_from_too_short_to_too_long(bend, ratio, angle):
    c, s = math.cos(angle), math.sin(angle)
    figure = SurfaceFigure(
        lambda x, y: bend * ((c * x + s * y) ** 2 + ratio * (c * y - s * x) ** 2), start=(1.2, -2)
    )
    slider = figure.sliders["step_size"]
    assert at(figure, step_size=slider.min).outcome == "creeps"
    assert at(figure, step_size=slider.max).outcome == "away"
    sizes = np.linspace(slider.min, slider.max, 13)
    assert "arrives" in [at(figure, step_size=size).outcome for size in sizes]


def test_contours_run_where_the_value_is_the_number_on_them():
    """In a tilted plane they are straight; each is checked at both ends."""
    figure = SURFACES["plane"]()
    axes = figure._axes
    lines = re.findall(
        r'class="nn-level" d="M([\d.]+) ([\d.]+)l([-\d.]+) ([-\d.]+)"', figure.view.html
    )
    assert len(lines) > 5
    levels = []
    for x, y, right, down in (map(float, line) for line in lines):
        ends = [
            (
                np.interp(u, [axes.left, axes.right], axes.x),
                np.interp(v, [axes.top, axes.bottom], axes.y[::-1]),
            )
            for u, v in ((x, y), (x + right, y + down))
        ]
        values = [u - 2 * v for u, v in ends]
        assert values[0] == pytest.approx(values[1], abs=0.02)
        levels.append(round(values[0]))
    texts = re.search(r'<g class="nn-heights"[^>]*>(.*?)</g>', figure.view.html)[1]
    shown = [int(text.replace("−", "-")) for text in re.findall(r">([^<>]+)</text>", texts)]
    assert shown == levels[::2]


KINKED = {
    "max": lambda x, y: max(x, y),
    "|x - y|": lambda x, y: abs(float(x) - y),
    "step": lambda x, y: float(x + y > 0),
    "steep": lambda x, y: math.tanh(40 * (x + y)),
    "smooth": lambda x, y: math.sin(x) * math.cos(y),
}


@pytest.mark.parametrize("name", KINKED)
def test_a_sampled_surface_stays_within_what_the_function_does_around(name):
    f = KINKED[name]
    figure = SurfaceFigure(f)
    most = 6 / 18  # a cell
    for x, y in itertools.product(np.linspace(-2.99, 2.99, 34), repeat=2):
        around = [f(x + u, y + v) for u, v in itertools.product((-most, 0, most), repeat=2)]
        room = 0.15 * (max(around) - min(around)) + 1e-4
        assert min(around) - room <= figure._at(x, y)[0] <= max(around) + room
    assert figure.inputs["step_size"] <= 6


def test_a_large_offset_leaves_the_gradients_of_a_sampled_surface_as_they_are():
    with_offset = SurfaceFigure(lambda x, y: 1e6 + np.hypot(x, y))
    assert with_offset._at(1, 1) == pytest.approx((1e6 + 2**0.5, 0.5**0.5, 0.5**0.5), rel=1e-5)
    assert with_offset._at(1.1, -2.05)[1:] == pytest.approx((0.4728, -0.8812), abs=5e-3)
    assert len(gzip.compress(with_offset.view.html.encode(), 9)) < 15_000


@pytest.mark.parametrize("scale", [1e-3, 1, 1e4])
def test_first_steps_stay_near_the_picture_where_nothing_bends(scale):
    for f in (lambda x, y: scale * (x - 2 * y), lambda x, y: scale * max(x, float(y))):
        figure = SurfaceFigure(f)
        (x, y, _), (u, v, _) = figure.path[:2].tolist()
        assert 0.01 < math.hypot(u - x, v - y) < 6


@pytest.mark.parametrize("f", [lambda x, y: x**2 - y**2, lambda x, y: x**3 + y**2])
def test_downhill_without_end_is_said(f):
    figure = at(SurfaceFigure(f), x=-2)
    assert figure.outcome == "endless"
    assert "no lowest point" in figure._sentence()


@pytest.mark.parametrize("name", SURFACES)
def test_each_number_stands_on_its_contour_and_inside_the_frame(name):
    """Even with the larger digits of a narrow screen, which are 12.5 wide and 15.5 high."""
    figure = SURFACES[name]()
    axes = figure._axes
    numbers = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" dy=".35em">([^<]+)<', figure.view.html)
    assert len(numbers) >= 3
    values = [float(text.replace("−", "-")) for _, _, text in numbers]
    for (x, y, text), value in zip(numbers, values, strict=True):
        right, down, half = float(x), float(y), 12.5 * len(text) / 2
        assert axes.left <= right - half < right + half <= axes.right
        assert axes.top <= down - 7.75 < down + 7.75 <= axes.bottom
        u = np.interp(right, [axes.left, axes.right], axes.x)
        v = np.interp(down, [axes.top, axes.bottom], axes.y[::-1])
        assert figure._at(u, v)[0] == pytest.approx(value, abs=0.1 * min(np.diff(values)))


# --- the names of the inputs ---


class Model:
    def __call__(self, w, b=2.0):
        return w * b

    def loss(self, w, b):
        return w * b


def with_any(*numbers):
    return sum(numbers)


NAMES = [
    (CurveFigure, lambda p: -p * p, "p"),
    (CurveFigure, lambda p, /: p.exp(), "p"),
    (CurveFigure, functools.cache(lambda θ: math.sin(θ)), "θ"),
    (CurveFigure, lambda self: self * 2.0, "self"),
    (CurveFigure, lambda graph: graph * graph, "graph"),
    (CurveFigure, lambda constructor: constructor.relu(), "constructor"),
    (CurveFigure, Model(), "w"),
    (CurveFigure, functools.partial(Model().loss, 3.0), "b"),
    (CurveFigure, lambda w: w * Variable(2.0, "x"), "w"),
    (CurveFigure, lambda w: w * Variable(2.0, "w"), "x"),
    (CurveFigure, lambda y: y * y, "x"),
    (CurveFigure, lambda y: float(y), "x"),
    (CurveFigure, lambda y: named(y * y, "L"), "y"),
    (CurveFigure, lambda L: named(L * L, "L"), "x"),
    (CurveFigure, lambda h: h * h, "x"),
    (CurveFigure, lambda _: 3.0, "x"),
    (CurveFigure, np.sin, "x"),
    (CurveFigure, math.exp, "x"),
    (CurveFigure, round, "x"),
    (CurveFigure, int, "x"),
    (CurveFigure, functools.partial(np.maximum, 1.0), "x"),
    (CurveFigure, functools.partial(pow, 2.0), "x"),
    (CurveFigure, np.vectorize(step), "x"),
    (CurveFigure, with_any, "x"),
    (SurfaceFigure, loss, "wb"),
    (SurfaceFigure, Model().loss, "wb"),
    (SurfaceFigure, lambda h, x: h * x, "hx"),
    (SurfaceFigure, lambda w, z: w * z, "xy"),
    (SurfaceFigure, lambda w, step_size: w * step_size, "xy"),
    (SurfaceFigure, lambda w, *more: w * more[0], "xy"),
    (SurfaceFigure, np.hypot, "xy"),
    (SurfaceFigure, math.atan2, "xy"),
]


@pytest.mark.parametrize(("kind", "f", "wanted"), NAMES)
def test_inputs_are_called_as_the_parameters_of_the_function(kind, f, wanted):
    figure = kind(f)
    names, other = ([wanted], "h") if kind is CurveFigure else (list(wanted), "step_size")
    assert [n for n in figure.inputs if n != other] == names
    assert set(names) <= set(figure.values) & set(figure.gradients)


def renamed(text, names):
    """Put other names into what a figure of x or of x and y shows; keywords and places stay."""
    stays = r' d?[xy]="[-\d.em]+"|"[xy]":\[|[xy]=\('
    return re.sub(
        rf"({stays})|\b(d?)([xy])\b", lambda m: m[1] or m[2] + names.get(m[3], m[3]), text
    )


def wide(f):
    return CurveFigure(f, x=(-100, 100), step=1)


FUNCTIONS = [
    (CurveFigure, "lambda x: x.log()"),
    (CurveFigure, "lambda x: x.relu()"),
    (CurveFigure, "lambda x: 2.0 if float(x) > 0 else 1.0"),
    (wide, "lambda x: x**2"),
    (SurfaceFigure, "lambda x, y: (x + 2.9).log() + y**2"),
    (SurfaceFigure, "lambda x, y: np.sin(x) * np.cos(y)"),
]


@pytest.mark.parametrize(("kind", "f"), FUNCTIONS)
def test_a_figure_of_other_names_is_the_same_but_for_the_names(kind, f):
    """In all that it shows and says, wherever the point is, and in what the script gets."""
    names = {"x": "w", "y": "b"} if kind is SurfaceFigure else {"x": "p"}
    usual, other = kind(eval(f)), kind(eval(renamed(f, names)))
    rng = np.random.default_rng(1)
    for _ in range(20):
        places = {
            n: c.nearest(10.0**at if c.log else at)
            for n, c in usual.controls.items()
            for at in [float(rng.choice([c.low, c.high, 0.0, rng.uniform(c.low, c.high)]))]
        }
        at(usual, **places)
        at(other, **{names.get(n, n): v for n, v in places.items()})
        for show in (repr, lambda figure: figure._html(), lambda figure: figure.code):
            assert renamed(show(usual), names) == show(other)
        for each in ("inputs", "values", "gradients"):
            wanted = {names.get(n, n): v for n, v in getattr(usual, each).items()}
            assert wanted == pytest.approx(getattr(other, each), nan_ok=True, rel=0)


# --- points alone, and the value at a knot ---


def circles(figure, kind):
    return figure.view.html.count(f'class="nn-{kind}"')


def test_points_alone_have_their_value_and_a_dot():
    sign = CurveFigure(np.sign, at=0)
    assert sign.values["y"] == 0
    assert math.isnan(sign.gradients["x"])
    assert (circles(sign, "closed"), circles(sign, "open")) == (1, 2)
    assert CurveFigure(np.floor, at=5).values["y"] == 5
    nowhere = CurveFigure(lambda x: float(x / abs(x)), at=1)
    assert (circles(nowhere, "closed"), circles(nowhere, "open")) == (0, 2)


def test_a_knot_has_its_own_value():
    assert CurveFigure(abs, at=0).values["y"] == 0


def test_a_level_curve_shows_its_derivative_too():
    low, high = CurveFigure(lambda x: 30.0)._axes.y
    assert low < 0 < 30 < high


def test_a_secant_that_is_right_is_not_called_off():
    assert "exactly" in CurveFigure(lambda x: x**2, at=1)._sentences()[1]


def test_a_function_that_branches_between_few_places_is_not_called_exact():
    for edge in (4.97, -4.97, 0.99):
        narrow = CurveFigure(lambda x, e=edge: x * x if abs(x.value - e) > 0.04 else x * 3.0, at=2)
        assert narrow.graph is None


@pytest.mark.filterwarnings("error")
def test_nothing_is_printed_beside_a_figure():
    CurveFigure(math.exp, x=(-1000, 1000))
    CurveFigure(lambda x: (x * 300).exp(), at=0)
    figure = SurfaceFigure(lambda x, y: 1 / (x * y), steps=np.int64(20))
    assert figure.steps == 20
    assert repr(figure)


# --- what both hold to ---


class Checker(HTMLParser):
    """Every tag that is opened is closed, and no style stands in an attribute."""

    def __init__(self):
        super().__init__()
        self.stack = []

    def handle_starttag(self, tag, attributes):
        self.handle_startendtag(tag, attributes)
        if tag != "input":
            self.stack.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert not {"style", "onclick"} & {name for name, _ in attributes}

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


@pytest.mark.parametrize("name", EVERY)
def test_the_html_is_whole_small_and_the_same_each_time(name):
    figure = EVERY[name]()
    html = figure.view.html
    checker = Checker()
    checker.feed(html)
    assert checker.stack == []
    assert len(gzip.compress(html.encode(), 9)) < 15_000
    assert html == EVERY[name]().view.html
    assert "<cubic>" not in html
    assert "<bowl>" not in html

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    data = re.search(r'class="nn-data">(.*?)</script>', html)[1]
    assert json.loads(data, parse_constant=refuse)
    numbers = re.sub(r"<script.*|<title>.*?</title>|<desc>.*?</desc>", "", html)
    assert not re.search(r'(?<!data-exact)="[^"]*\b(nan|inf)\b[^"]*"', numbers)
    said = {
        (kind, of): float(number)
        for kind, of, number in re.findall(r'data-(\w+)-of="([^"]*)" data-exact="([^"]*)"', html)
    }
    wanted = {("value", n): v for n, v in figure.inputs.items()}
    output = figure.output
    wanted |= {("value", output): figure.values[output]}
    wanted |= {("gradient", n): figure.gradients[n] for n in figure._data()["names"]}
    assert {key: said[key] for key in wanted} == wanted


def cubic(name="fig-cubic"):
    return CurveFigure(lambda x: x**3 / 10 - x, at=1.5, h=0.1, name=name, caption="A 'cubic'.")


def fine():
    return CurveFigure(np.sin, step=0.01, at=1.51)


def turns():
    return SurfaceFigure(np.hypot, (0, np.pi), (0, np.pi))


def plain():
    return CurveFigure(swish, secant=False)


def surprise():
    return CurveFigure(lambda p: -p.log(), x=(-0.5, 1), h=0.01)


def squares():
    return SurfaceFigure(lambda w, b: (2 * w + b - 7) ** 2, start=(1, 1))


def by_math():
    return CurveFigure(math.sin, x=(-math.pi, math.pi), step=math.pi / 100)


ALIKE = [cubic, CURVES["sin"], CURVES["step"], SURFACES["bowl"], fine, turns, plain]
ALIKE += [surprise, squares]


@pytest.mark.parametrize("make", ALIKE)
def test_the_copied_code_makes_the_same_figure(make):
    figure = make()
    at(figure, **{figure._data()["names"][0]: 1})
    space = {}
    *lines, call = figure.code.split("\n")
    exec("\n".join([*lines, f"figure = {call}"]), space)
    again = space["figure"]
    assert again.inputs == figure.inputs
    assert repr(again) == repr(figure)


def test_the_copied_code_has_a_function_of_ones_own_or_says_that_it_is_missing():
    assert "def swish(x):\n" in CURVES["swish"]().code
    slope = 3.0
    assert "# define" in CurveFigure(lambda x: slope * x).code
    assert "from math import sin\n" in by_math().code

    def given(x, k=2.0):
        return k * x

    def annotated(x: Fraction) -> Fraction:
        return x

    for f in (np.poly1d([1, 2]), np.vectorize(step), np.linalg.norm, given, annotated, [1].index):
        lines, name = written(f)
        assert lines == [f"# define {name} here"]
        assert name.isidentifier()


BAD = [
    (lambda: CurveFigure(3), TypeError, "must be a function"),
    (lambda: CurveFigure(np.sin, x=(1, 1)), ValueError, "that rise"),
    (lambda: CurveFigure(np.sin, x=3), TypeError, "must be \\(low, high\\)"),
    (lambda: CurveFigure(np.sin, x=(0, math.inf)), ValueError, "that rise"),
    (lambda: CurveFigure(np.sin, at=0.01), ValueError, "not on its slider"),
    (lambda: CurveFigure(np.sin, at="1"), TypeError, "must be a number"),
    (lambda: CurveFigure(np.sin, step=0.3), ValueError, "whole number of times"),
    (lambda: CurveFigure(np.sin, step=-1), ValueError, "whole number of times"),
    (lambda: CurveFigure(np.log, at=-1), ValueError, "not finite at x = -1"),
    (lambda: CurveFigure(lambda x: x.log(), x=(-2, -1)), ValueError, "no finite value"),
    (lambda: CurveFigure(lambda x: 1e200), ValueError, "too large to draw"),
    (lambda: CurveFigure(lambda x: 1e300 * x), ValueError, "too large to draw"),
    (lambda: CurveFigure(np.sin, step="a"), TypeError, "step of x must be a number"),
    (lambda: CurveFigure(lambda x: x**2, h="1"), ValueError, "h must be"),
    (lambda: CurveFigure(lambda x: x**2, h=math.inf), ValueError, "h must be"),
    (lambda: CurveFigure(lambda x: None), TypeError, "CurveFigure: .* None at x = -5"),
    (lambda: CurveFigure(lambda x: "a"), TypeError, "CurveFigure: .* 'a' at x = -5"),
    (lambda: CurveFigure(lambda x, y: x), TypeError, "of one number"),
    (lambda: SurfaceFigure(lambda x: x), TypeError, "of two numbers"),
    (lambda: SurfaceFigure(lambda x, y: None), TypeError, "SurfaceFigure: .* None at x = -3, y"),
    (lambda: SurfaceFigure(bowl, start=(1,)), TypeError, "start must be"),
    (lambda: CurveFigure(lambda x: x**2, h=0.3), ValueError, "h must be"),
    (lambda: CurveFigure(lambda x: x**2, h=-1), ValueError, "h must be"),
    (lambda: CurveFigure(lambda x: [x, x]), ValueError, "single number"),
    (lambda: CurveFigure(lambda x: named(x * 2, "h")), ValueError, "rename it"),
    (lambda: SurfaceFigure(3), TypeError, "must be a function"),
    (lambda: SurfaceFigure(bowl, y=(2, 1)), ValueError, "that rise"),
    (lambda: SurfaceFigure(bowl, start=(0.001, 0)), ValueError, "not on its slider"),
    (lambda: SurfaceFigure(bowl, start=(0, 0.001)), ValueError, r"start\[1\] = 0.001"),
    (lambda: CurveFigure(lambda p: None), TypeError, "None at p = -5"),
    (lambda: CurveFigure(lambda p: p.log(), at=-1), ValueError, "not finite at p = -1"),
    (lambda: CurveFigure(lambda p: p.log(), x=(-2, -1)), ValueError, "value from p = -2 to -1"),
    (lambda: CurveFigure(lambda p: p, at=0.01), ValueError, "at = 0.01 is not on its slider"),
    (lambda: SurfaceFigure(lambda w, b: None), TypeError, "None at w = -3, b = -3"),
    (lambda: SurfaceFigure(lambda w, b: w / b, start=(0, 0)), ValueError, "at w = 0, b = 0;"),
    (lambda: CurveFigure(lambda x: x * Variable(2, "x")), ValueError, "two variables are called"),
    (lambda: SurfaceFigure(bowl, start=3), TypeError, "start must be"),
    (lambda: SurfaceFigure(bowl, step_size=77), ValueError, "step_size = 77 is not"),
    (lambda: SurfaceFigure(bowl, step_sizes=(0, 1, 0.1)), ValueError, "above 0"),
    (lambda: SurfaceFigure(bowl, step_sizes=1), TypeError, "must be \\(low, high, step\\)"),
    (lambda: SurfaceFigure(bowl, steps=1), ValueError, "from 2 to 200"),
    (lambda: SurfaceFigure(lambda x, y: 1 / (x * y), start=(0, 0)), ValueError, "not finite at"),
    (lambda: SurfaceFigure(lambda x, y: named(x * y, "step_size")), ValueError, "rename it"),
]


def named(variable, name):
    if isinstance(variable, Variable):
        variable.name = name
    return variable


@pytest.mark.parametrize(("make", "error", "says"), BAD)
def test_bad_input_is_refused_with_a_reason(make, error, says):
    with pytest.raises(error, match=says):
        make()


def test_a_graph_with_a_matrix_in_it_is_exact_too():
    w = Variable([[1.0, -2.0], [0.5, 3.0]])
    figure = CurveFigure(lambda x: ((x * [1.0, 2.0]) @ w).relu().sum(), at=1, step=0.5)
    assert isinstance(figure.graph, Graph)
    assert figure.values["y"] == 6  # 1 + 1, and -2 + 6
    assert figure.gradients["x"] == 6


# --- the script computes the same ---

IN_NODE = """
const { script, figures } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const end = script.lastIndexOf("return{");
const inner = `${script.slice(0, end)} return { KINDS, plan }; })()`;
const { KINDS, plan } = new Function(`${inner}; return BackpropLive;`)();
const text = (value) => (Array.isArray(value) ? value.map(text) : String(value));
process.stdout.write(JSON.stringify(figures.map(({ kind, data, inputs }) => {
  const figure = Object.assign(Object.create(KINDS[kind].prototype), { data });
  if (data.graph) {
    figure.plan = plan(data.graph);
    figure.places = data.names.map((name) => figure.plan.findIndex((v) => v.name === name));
  }
  return inputs.map((now) => {
    figure.inputs = now;
    const here = data.names.map((name) => now[name]);
    if (kind === "curve") return text([...figure.f(...here), figure.secant(...here, now.h)]);
    const path = figure.descend();
    return [text(figure.f(...here)), text(path), figure.outcome(path)];
  });
})));
"""


def places_for(figure, rng):
    """The ends of each slider and places on its steps; for x of a curve also places between."""
    each = {}
    for name, control in figure.controls.items():
        low, high = control.low, control.high
        places = [low, high, *rng.uniform(low, high, 12)]
        if name == "h" or figure.kind == "surface":
            places = [control.nearest(10.0**v if control.log else v) for v in places]
        each[name] = [*places, 0.0] if low < 0 and not control.log else places
    return [{name: float(rng.choice(values)) for name, values in each.items()} for _ in range(30)]


def number(text):
    return float(text.replace("Infinity", "inf"))


def test_the_script_computes_what_python_computes(node):
    rng = np.random.default_rng(0)
    figures = {name: make() for name, make in EVERY.items()}
    asked = [
        {"kind": f.kind, "data": f._data(), "inputs": places_for(f, rng)} for f in figures.values()
    ]
    answer = subprocess.run(
        [node, "-e", IN_NODE],
        input=json.dumps({"script": script(), "figures": asked}),
        capture_output=True,
        encoding="utf-8",
    )
    assert answer.returncode == 0, answer.stderr
    outcomes = set()
    answers = zip(figures.items(), asked, json.loads(answer.stdout), strict=True)
    for (name, figure), question, found in answers:
        for inputs, numbers in zip(question["inputs"], found, strict=True):
            if figure.kind == "curve":
                x, h = inputs[figure._data()["names"][0]], inputs.get("h")
                y, slope = figure._at(x)
                secant = figure._secant(x, h) if h else math.nan
                # Powers, exp and log differ in their last bit, sums and products do not.
                noise = 0 if name == "cubic" else 1e-14 * (1 + abs(y)) / (h or 1)
                assert [number(v) for v in numbers] == [
                    pytest.approx(y, rel=1e-12, nan_ok=True),
                    pytest.approx(slope, rel=1e-12, nan_ok=True),
                    pytest.approx(secant, rel=1e-12, abs=noise, nan_ok=True),
                ]
                continue
            at(figure, **inputs)
            slopes, path, word = numbers
            own = figure.path
            wanted = figure._at(*[inputs[n] for n in figure._data()["names"]])
            assert [number(v) for v in slopes] == pytest.approx(
                wanted, rel=1e-12, abs=1e-12, nan_ok=True
            )
            assert word == figure.outcome
            outcomes.add(word)
            assert len(path) == len(own)
            close = np.array([[number(v) for v in row] for row in path])
            if word != "away":  # which magnifies the last digit without end
                assert close == pytest.approx(own, rel=1e-12, abs=1e-12, nan_ok=True)
    assert outcomes >= {
        "none", "left", "away", "endless", "turns", "falls", "creeps", "arrives"
    }  # fmt: skip

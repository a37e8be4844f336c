"""PerceptronFigure in Python: exact sums and outputs, the drawn line, what it says and refuses."""

import json
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from matplotlib.path import Path as Outline

from nnlib.formatting import format_number
from nnlib.live import PerceptronFigure

CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]]
NAMES = ("w1", "w2", "b")
TENTHS = st.integers(-20, 20)


@st.composite
def settings_and_points(draw):
    """Weights and a bias in tenths, and points of which the first is often exactly on the line."""
    w1, w2, b = draw(TENTHS), draw(TENTHS), draw(TENTHS)
    if draw(st.booleans()):
        first = (draw(st.integers(-1, 1)), draw(st.integers(-1, 1)))
        b = -w1 * first[0] - w2 * first[1]
        points = [tuple(map(Fraction, first))] if abs(b) <= 20 else []
    elif w1:  # x2 = 0.1, and x1 where it has no more than three decimals
        x1 = -(Fraction(b) + Fraction(w2, 10)) / w1
        points = [(x1, Fraction(1, 10))] if 1000 % x1.denominator == 0 else []
    else:
        points = []
    b = max(-20, min(b, 20))
    size = draw(st.sampled_from([2000, 1_000_000]))
    more = st.tuples(*[st.integers(-size, size).map(lambda k: Fraction(k, 1000))] * 2)
    points += draw(st.lists(more, min_size=not points, max_size=6))
    labels = {point: draw(st.integers(0, 1)) for point in points}  # one for those that coincide
    return [Fraction(k, 10) for k in (w1, w2, b)], points, [labels[point] for point in points]


def drawn(path):
    """The points of an SVG path."""
    return [tuple(map(float, p.split())) for p in re.split("[ML]", path.get("d")) if p]


def read(figure):
    """The figure's HTML, and a function from places in its picture to the plane."""
    root = html.fromstring(figure.view.html)
    box = json.loads(root.findtext(".//script[@class='nn-data']"))["box"]

    def plane(u, v):
        return tuple(
            low + (at - start) / (end - start) * (high - low)
            for at, (start, end), (low, high) in (
                (u, box["px"], box["x"]),
                (v, box["py"], box["y"]),
            )
        )

    return root, plane


@settings(max_examples=60, deadline=None)
@given(case=settings_and_points())
def test_sums_and_outputs_are_those_of_exact_decimals(case):
    weights, points, labels = case
    figure = PerceptronFigure([list(map(float, p)) for p in points], labels)
    for slider, weight in zip(figure.sliders.values(), weights, strict=True):
        slider.value = float(weight) + 1e-16  # as a slider that counts steps in floats
    w1, w2, b = weights
    sums = [w1 * x1 + w2 * x2 + b for x1, x2 in points]
    outputs = [int(total > 0) for total in sums]
    assert figure.values == dict(zip(NAMES, map(float, weights), strict=True))
    assert figure.outputs.tolist() == outputs
    again = PerceptronFigure(
        np.array(points, dtype=float), np.array(labels), **figure.values, name="again"
    )
    root, _ = read(again)
    rows = root.findall(".//tbody/tr")
    verdicts = ["right" if y == t else "wrong" for y, t in zip(outputs, labels, strict=True)]
    for row, point, numbers in zip(
        rows, points, zip(sums, outputs, labels, strict=True), strict=True
    ):
        exact = [float(cell.get("data-exact")) for cell in row[:5]]
        assert exact == [float(v) for v in (*point, *numbers)]
        assert [cell.text for cell in row[:5]] == [format_number(v) for v in exact]
    assert [row[5].text for row in rows] == verdicts
    rings = root.xpath("//*[@class='nn-point']/*[@class='nn-ring']/@opacity")
    assert rings == [str(int(verdict == "wrong")) for verdict in verdicts]
    texts = root.xpath("//*[@class='nn-point']/*[local-name()='text']")
    assert ["✗" in text.text for text in texts] == [verdict == "wrong" for verdict in verdicts]
    assert [int(text.text[0]) for text in texts] == labels
    right = f"{verdicts.count('right')} of {len(points)} points are right. "
    assert root.findtext(".//desc").startswith(right)
    head, _, *lines, said = repr(again).split("\n")
    assert head == ", ".join(
        f"{n} = {format_number(v)}" for n, v in zip(NAMES, map(float, weights), strict=True)
    )
    assert [line.split()[-1] for line in lines] == verdicts
    assert [line.split()[2] for line in lines] == [format_number(float(v)) for v in sums]
    assert said.startswith(right)


@settings(max_examples=60, deadline=None)
@given(weights=st.tuples(TENTHS, TENTHS, TENTHS), shape=st.sampled_from([1, 0.25, 40]))
def test_the_line_is_where_the_sum_is_0_and_the_hatched_side_where_it_is_above(weights, shape):
    w1, w2, b = (k / 10 for k in weights)
    points = np.array(CORNERS) * [1, shape]
    figure = PerceptronFigure(points, [0, 0, 0, 1], w1=w1, w2=w2, b=b)
    root, plane = read(figure)
    split, side, hatch = (
        root.find(f".//path[@class='nn-{n}']") for n in ("split", "side", "hatch")
    )
    near = 0.3 * (abs(w1) + abs(w2) * shape) / 80  # a fraction of a unit of the picture

    def total(at):
        x, y = plane(*at)
        return w1 * x + w2 * y + b

    ends, corners = drawn(split), drawn(side)
    assert len(ends) in (0, 2)
    assert all(abs(total(end)) <= near for end in ends)
    assert all(total(at) >= -near for at in corners + drawn(hatch))
    frame = root.find(".//path[@class='nn-edge']").get("d")
    left, top, right, bottom = map(float, re.findall(r"[\d.]+", frame)[:4])
    for end in ends:
        assert min(abs(end[0] - left), abs(end[0] - right)) < 0.1 or (
            min(abs(end[1] - top), abs(end[1] - bottom)) < 0.1
        )
    outline = Outline([*corners, (0, 0)], closed=True) if corners else None
    for u in np.linspace(left + 1, right - 1, 9):
        for v in np.linspace(top + 1, bottom - 1, 9):
            if abs(total((u, v))) > near:
                inside = outline is not None and outline.contains_point((u, v))
                assert inside == (total((u, v)) > 0), (u, v)
    across = {total(at) > 0 for at in [(u, v) for u in (left, right) for v in (top, bottom)]}
    assert len(ends) == 2 * (len(across) == 2)


@pytest.mark.parametrize(
    ("w1", "w2", "b", "said"),
    [
        (0.5, -0.5, -0.2, "The line crosses the A axis at 0.4 and the B axis at −0.4."),
        (0.5, -0.5, 0, "The line goes through the origin."),
        (-2, 0, 1, "The line is upright, at A = 0.5."),
        (0, 0.3, -0.1, "The line is level, at B = 0.3333."),
        (0, 0, 0.1, "With both weights 0 there is no line: the output is 1 everywhere."),
        (0, 0, 0, "With both weights 0 there is no line: the output is 0 everywhere."),
    ],
)
def test_it_says_where_the_line_is(w1, w2, b, said):
    figure = PerceptronFigure(CORNERS, [0, 0, 0, 1], w1=w1, w2=w2, b=b, names=("A", "B"))
    assert repr(figure).endswith(f" points are right. {said}")
    assert said in figure._repr_mimebundle_()["text/html"]


def test_the_points_of_the_caller_are_copied_whatever_their_type():
    x, t = np.array([[0.1, 0.7]], dtype=np.float32), np.array([True])
    figure = PerceptronFigure(x, t, w1=-0.5, w2=-0.5, b=0.4, name="fig-own", caption="One <point>.")
    assert figure.outputs.tolist() == [0]  # on the line, though not in floats
    x[:] = 5
    figure.sliders["b"].value = 0.5
    assert figure.outputs.tolist() == [1]
    start, call = figure.code.split("\n\n")
    names: dict[str, object] = {}
    exec(start, names)
    again = eval(call, names)
    assert repr(again) == repr(figure)
    assert (again.name, again.caption) == ("fig-own", "One <point>.")


@pytest.mark.parametrize(
    ("x", "t", "more", "error", "words"),
    [
        ([[0, "a"]], [0], {}, TypeError, "x must be real numbers"),
        ([0, 1], [0], {}, ValueError, r"shape \(N, 2\), got shape \(2,\)"),
        (np.zeros((0, 2)), [], {}, ValueError, r"1 to 20 points .* got shape \(0, 2\)"),
        (np.zeros((21, 2)), [0] * 21, {}, ValueError, r"got shape \(21, 2\)"),
        (CORNERS, [0, 1], {}, ValueError, r"label for each of the 4 points, got shape \(2,\)"),
        (CORNERS, [0, 1, 2, 0], {}, ValueError, "must be 0 or 1, got 2.0"),
        (CORNERS, [0, 1, np.nan, 0], {}, ValueError, "must be 0 or 1, got nan"),
        ([[0, 1 / 3]], [0], {}, ValueError, r"at most three decimals, got 0.333.* np.round"),
        ([[0, 1000.5]], [0], {}, ValueError, "from -1000 to 1000"),
        ([[0, np.nan]], [0], {}, ValueError, "got nan"),
        ([[0, 1], [0.0, 1]], [0, 1], {}, ValueError, r"point \(0.0, 1.0\) .* both labels"),
        (CORNERS, [0] * 4, {"w1": 2.1}, ValueError, "w1 = 2.1 is not on its slider"),
        (CORNERS, [0] * 4, {"b": 0.05}, ValueError, "b = 0.05 is not on its slider"),
        (CORNERS, [0] * 4, {"w2": "1"}, TypeError, "w2 must be a number"),
        (CORNERS, [0] * 4, {"names": "AB"}, TypeError, "names must be two strings, got 'AB'"),
        (CORNERS, [0] * 4, {"names": ("A", 2)}, TypeError, "names must be two strings"),
        (CORNERS, [0] * 4, {"names": ("A", "y")}, ValueError, "'y' cannot be the name"),
        (CORNERS, [0] * 4, {"names": ("A", "A")}, ValueError, "must differ"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_a_reason(x, t, more, error, words):
    with pytest.raises(error, match=words):
        PerceptronFigure(x, t, **more)

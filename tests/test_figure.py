"""GraphFigure in Python: what it shows as text and HTML, what it follows, what it refuses."""

import json
import re

import pytest
from lxml import html

from nnlib.graph import Variable
from nnlib.live import GraphFigure


def shop():
    apple, number, tax = Variable(100, "apple"), Variable(2, "number"), Variable(1.1, "tax")
    subtotal = apple * number
    subtotal.name = "subtotal"
    total = subtotal * tax
    total.name = "total"
    return total


RANGES = {"apple": (0, 300, 1), "number": (0, 10, 1), "tax": (1, 1.5, 0.01)}


@pytest.fixture
def figure():
    return GraphFigure(shop(), RANGES, name="fig-apples", caption="Two apples & tax.")


def test_values_and_gradients_follow_the_sliders(figure):
    assert figure.values["total"] == pytest.approx(220)
    figure.sliders["apple"].value = 150
    assert figure.values["subtotal"] == 300
    assert figure.gradients["number"] == pytest.approx(165)


def test_one_bundle_for_notebook_page_and_text(figure):
    bundle = figure._repr_mimebundle_()
    assert set(bundle) == {
        "application/vnd.jupyter.widget-view+json",
        "text/html",
        "text/plain",
    }
    lines = [line.split() for line in bundle["text/plain"].splitlines()]
    assert ["apple", "100", "2.2"] in lines
    assert ["total", "220", "1"] in lines


def test_the_html_states_true_numbers_without_a_script(figure):
    root = html.fromstring(figure._repr_mimebundle_()["text/html"])
    assert (root.get("class"), root.get("id")) == ("nn-live nn-graph", "fig-apples")
    for kind, numbers in (("value", figure.values), ("gradient", figure.gradients)):
        for name, number in numbers.items():
            places = root.xpath(f"//*[@data-{kind}-of=$name]", name=name)
            assert len(places) >= 2  # in the picture and in the table
            assert {float(p.get("data-exact")) for p in places} == {number}
    assert root.findtext(".//figcaption") == "Two apples & tax."
    sliders = {s.get("data-input"): s for s in root.xpath("//input[@type='range']")}
    assert list(sliders) == ["apple", "number", "tax"]
    assert float(sliders["tax"].get("step")) == 0.01
    assert not root.xpath("//@style | //@onclick | //script[not(@type='application/json')]")


def test_the_html_is_the_same_each_time_and_small(figure):
    again = GraphFigure(shop(), RANGES, name="fig-apples", caption="Two apples & tax.")
    assert figure._repr_mimebundle_()["text/html"] == again._repr_mimebundle_()["text/html"]


def test_ends_and_steps_of_a_slider_are_exact():
    ranges = {"x": (1234561.0, 1234569.0, 1 / 3)}
    page = GraphFigure(Variable(1234561.0, "x") * 2, ranges)._repr_mimebundle_()["text/html"]
    slider = html.fromstring(page).xpath("//input")[0]
    assert tuple(float(slider.get(n)) for n in ("min", "max", "step")) == ranges["x"]


@pytest.mark.parametrize("name", ["self", "constructor", "__proto__", "x y", "ü", "1"])
def test_any_name_will_do(name):
    figure = GraphFigure(Variable(3.0, name) * 2, {name: (0, 5, 1)})
    assert (figure.values[name], figure.gradients[name]) == (3, 2)


def test_names_with_markup_are_escaped():
    x = Variable(1.0, name="</script><b>")
    figure = GraphFigure(x * 2, {"</script><b>": (0, 2, 1)})
    root = html.fromstring(figure._repr_mimebundle_()["text/html"])
    assert not root.xpath("//b")
    graph = json.loads(root.xpath("//script")[0].text)
    assert graph["variables"][0]["name"] == "</script><b>"


def test_the_variables_of_the_caller_stay_as_they_are():
    total = shop()
    GraphFigure(total, RANGES).sliders["apple"].value = 7
    assert total.value == pytest.approx(220)
    assert total.grad is None


X = Variable(1.0, "x")


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: GraphFigure(3.0, {}), TypeError, "expected a Variable, got float"),
        (lambda: GraphFigure(X * 2, {}), ValueError, "'x' has no slider"),
        (lambda: GraphFigure(X * 2, {"x": (0, 2, 1), "z": (0, 1, 1)}), ValueError, "'z' has a sli"),
        (lambda: GraphFigure(X * 2, {"x": (0, 2)}), TypeError, r"must be \(low, high, step\)"),
        (lambda: GraphFigure(X * 2, {"x": "0-2"}), TypeError, "must be"),
        (lambda: GraphFigure(X * 2, {"x": (2, 0, 1)}), ValueError, "low < high"),
        (lambda: GraphFigure(X * 2, {"x": (0, 2, 0)}), ValueError, "step above 0"),
        (lambda: GraphFigure(X * 2, {"x": (0, float("inf"), 1)}), ValueError, "finite"),
        (lambda: GraphFigure(X * 2, {"x": (2, 5, 1)}), ValueError, "x = 1 is not on its slider"),
        (lambda: GraphFigure(X * 2, {"x": (0, 2, 0.3)}), ValueError, "in steps of 0.3"),
        (
            lambda: GraphFigure(Variable(0.0, "x") ** 0.5, {"x": (0, 1, 0.1)}),
            ValueError,
            "derivative with respect to x is inf",
        ),
        (
            lambda: GraphFigure(Variable([1.0], "x") * 2, {"x": (0, 2, 1)}),
            ValueError,
            "is an array",
        ),
        (
            lambda: GraphFigure(X * 2, {"x": (0, 2, 1)}, predict=True, backward=False),
            ValueError,
            "predict=True needs the backward pass",
        ),
        (lambda: GraphFigure(Variable(3.0), {}), ValueError, "no input with a name"),
        (lambda: GraphFigure(Variable(3.0) * 2, {}), ValueError, "no input with a name"),
    ],
)
def test_a_bad_figure_is_told_when_it_is_made(make, error, says):
    with pytest.raises(error, match=says):
        make()


def test_the_name_of_the_output_names_a_figure_without_a_name():
    page = GraphFigure(shop(), RANGES)._repr_mimebundle_()["text/html"]
    assert 'data-figure="total"' in page
    assert not re.search(r"<figure[^>]* id=", page)


def test_a_figure_to_predict_gives_nothing_away_before_there_is_a_script():
    x, y = Variable(4.0, "x"), Variable(2.0, "y")
    z = x * y + x
    z.name = "z"
    figure = GraphFigure(z, {"x": (0, 9, 1), "y": (0, 9, 1)}, name="fig-z", predict=True)
    picture, _, table = figure.view.html.partition('<details class="nn-numbers">')
    assert re.findall(r'data-gradient-of="\w+">([^<]*)<', picture) == ["?"] * 6  # 4 edges, 2 rows
    assert "data-gradient-of" not in re.sub(r'data-gradient-of="\w+">', "", picture)
    assert "<desc>x = 4. y = 2. z = 12.</desc>" in picture
    assert re.search(r'class="nn-parts"[^>]*></text>', picture)
    assert 'data-gradient-of="x" data-exact="3.0">3<' in table  # who has no script unfolds it


def test_a_figure_without_the_backward_pass_has_no_derivative_anywhere():
    x, w = Variable(4.0, "x"), Variable([1.0, 2.0], "w")
    y = (w * x).sum() + x
    y.name = "y"
    figure = GraphFigure(y, {"x": (0, 9, 1)}, name="fig-y", backward=False)
    assert not re.search("gradient|∂|◂|Derivative|data-parts-of", figure.view.html)
    assert 'data-value-of="y" data-exact="16.0"' in figure.view.html
    assert figure.gradients["x"] == 4  # in Python it is there
    made = {}
    exec(figure.code.replace("GraphFigure(y", "again = GraphFigure(y"), made)
    assert made["again"].view.html == figure.view.html

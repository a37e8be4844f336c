"""Live figures in a real browser: on the built page, from the folder, and in JupyterLab."""

import re

import live_pages
import nbformat
import pytest
from chapter import NAMES
from conftest import LAID_OUT
from live_pages import open_page
from playwright.sync_api import expect

from nnlib.graph import Graph, Variable
from nnlib.layers import Affine
from nnlib.live import GraphFigure, MatrixFigure

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def shop(apple, number, tax):
    """The numbers that nnlib computes for the figure of the front page."""
    inputs = Variable(apple, "apple"), Variable(number, "number"), Variable(tax, "tax")
    total = inputs[0] * inputs[1] * inputs[2]
    total.name = "total"
    return Graph(total)


def exact(figure, kind, name):
    """The full numbers in all places where a figure shows one number."""
    places = figure.locator(f'[data-{kind}-of="{name}"]')
    return [float(x) for x in places.evaluate_all("all => all.map(e => e.dataset.exact)")]


def assert_shows(figure, graph):
    for kind, numbers in (("value", graph.values), ("gradient", graph.gradients)):
        for name in ("apple", "number", "tax", "total"):
            shown = exact(figure, kind, name)
            assert len(shown) >= 2
            assert shown == [pytest.approx(numbers[name], rel=1e-12)] * len(shown)


def drag(page, figure, name, share):
    """Drag the handle of a slider to a share of its length."""
    slider = figure.locator(f'input[data-input="{name}"]')
    slider.scroll_into_view_if_needed()
    low, high, value = (
        float(slider.evaluate(f"e => e.{attribute}")) for attribute in ("min", "max", "value")
    )
    box = slider.bounding_box()
    handle = 8 + (box["width"] - 16) * (value - low) / (high - low)
    page.mouse.move(box["x"] + handle, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    return float(slider.input_value())


@pytest.fixture
def figure(site_url, page):
    page.goto(f"{site_url}/index.html")
    return page.locator('.nn-live[data-figure="fig-front"]')


def test_a_slider_dragged_by_mouse_moves_every_value_and_derivative(figure, page, page_errors):
    assert_shows(figure, shop(100, 2, 1.1))
    apple = drag(page, figure, "apple", 0.8)
    assert apple > 150
    number = drag(page, figure, "number", 0.7)
    assert number > 5
    assert_shows(figure, shop(apple, number, 1.1))
    assert page_errors.all() == []


def test_a_slider_moved_by_keyboard_moves_every_value_and_derivative(figure, page, page_errors):
    page.keyboard.press("Tab")
    figure.locator('input[data-input="tax"]').focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert_shows(figure, shop(100, 2, 1.13))
    figure.locator('input[data-input="apple"]').focus()
    page.keyboard.press("End")
    assert_shows(figure, shop(300, 2, 1.13))
    assert page_errors.all() == []


def test_a_finger_makes_one_exact_step(site_url, new_page):
    page = new_page(**PHONE)
    page.goto(f"{site_url}/index.html")
    figure = page.locator('.nn-live[data-figure="fig-front"]')
    figure.get_by_label("apple: one step more").tap()
    figure.get_by_label("tax: one step less").tap()
    assert_shows(figure, shop(101, 2, 1.09))


def test_every_control_is_reached_by_tab_and_worked_by_keyboard(figure, page):
    figure.locator('input[data-input="apple"]').focus()
    reached = []
    for _ in range(12):
        reached.append(
            page.evaluate("() => ({...document.activeElement.dataset}.action"
                          " || document.activeElement.dataset.input)")
        )  # fmt: skip
        page.keyboard.press("Tab")
    wanted = ["apple", "number", "tax", "step-backward", "step-forward", "run", "predict", "check"]
    assert [r for r in reached if r][:9] == [*wanted, "reset"]
    figure.locator('[data-action="check"]').focus()
    page.keyboard.press("Enter")
    expect(figure.locator('[data-numerical-of="apple"]')).to_be_visible()


def test_stepping_goes_forward_node_by_node_and_back(figure, page):
    def hidden(kind):
        return figure.locator(f".nn-stage [data-{kind}-of]", has_text="?").count()

    forward = figure.locator('[data-action="step-forward"]')
    backward = figure.locator('[data-action="step-backward"]')
    say = figure.locator(".nn-say")
    forward.click()
    assert (hidden("value"), hidden("gradient")) == (1, 5)
    expect(say).to_have_text("Forward, × node: 100 × 2 = 200.")
    forward.click()
    assert (hidden("value"), hidden("gradient")) == (0, 5)
    forward.click()  # nothing is left to compute
    assert (hidden("value"), hidden("gradient")) == (0, 5)
    backward.click()
    assert hidden("gradient") == 4
    assert exact(figure, "gradient", "total")[0] == 1
    backward.click()
    assert hidden("gradient") == 2
    backward.click()
    assert hidden("gradient") == 0
    expect(say).to_contain_text("1.1 × 2 = 2.2 to apple, 1.1 × 100 = 110 to number", timeout=5000)
    assert_shows(figure, shop(100, 2, 1.1))


def test_predict_hides_the_derivatives_until_they_are_asked_for(figure):
    predict = figure.locator('[data-action="predict"]')
    predict.click()
    expect(predict).to_have_attribute("aria-pressed", "true")
    assert figure.locator("[data-gradient-of][data-exact]").count() == 0
    figure.locator('[data-action="step-backward"]').click()
    assert exact(figure, "gradient", "total")[0] == 1
    figure.locator('[data-action="reset"]').click()  # a slider put back gives nothing away
    assert figure.locator("[data-gradient-of][data-exact]").count() == 0
    assert exact(figure, "value", "total")[0] == pytest.approx(220)
    figure.locator('[data-action="run"]').click()
    expect(predict).to_have_attribute("aria-pressed", "false")
    assert_shows(figure, shop(100, 2, 1.1))


def test_a_figure_that_starts_hidden_gives_nothing_away(site_url, page):
    page.goto(f"{site_url}/chapters/04-computational-graphs.html")
    figure = page.locator('.nn-live[data-figure="fig-apples"]')
    said = figure.locator("svg desc, .nn-say, [aria-live]")

    def words():
        return " ".join(said.all_text_contents())

    assert figure.locator("[data-gradient-of][data-exact]").count() == 0
    assert "Derivative of" not in words()
    figure.get_by_label("apple: one step more").click()
    assert "total = 222.2" in words()
    assert "times as fast" not in words()
    figure.locator('[data-action="step-forward"]').click()
    figure.get_by_label("apple: one step more").click()
    assert "224.4" not in words()  # the total is not computed yet
    figure.locator('[data-action="run"]').click()
    assert "Derivative of total with respect to apple = 2.2." in words()
    figure.locator('[data-action="reset"]').click()
    assert figure.locator("[data-gradient-of][data-exact]").count() == 0
    assert figure.locator('input[data-input="apple"]').input_value() == "100"


def test_a_figure_without_the_backward_pass_goes_forward_only(page, tmp_path, page_errors):
    x, w = Variable(2.0, "x"), Variable(3.0, "w")
    y = x * w
    y.name = "y"
    ranges = {"x": (0, 5, 1), "w": (0, 5, 1)}
    layer = Affine([[1.0, 2.0]], [0.5, 0.5])
    open_page(
        page,
        tmp_path,
        GraphFigure(y, ranges, name="fig-y", backward=False),
        MatrixFigure(layer, [3.0], name="fig-m", backward=False),
    )
    figure, matrix = page.locator(".nn-live").all()
    buttons = figure.locator(".nn-bar > button").all_text_contents()
    assert buttons == ["Step forward ▸", "Run all", "Reset"]
    said = figure.locator(".nn-say")
    for words in "2 × 3 = 6", "The forward pass is complete: y = 6.":
        figure.locator('[data-action="step-forward"]').click()
        expect(said).to_contain_text(words)
    for action in "step-forward", "run":
        figure.locator(f'[data-action="{action}"]').click()
        figure.get_by_label("x: one step more").click()
        assert not re.search("fast|erivative|back", figure.inner_text())
    figure.locator('[data-action="reset"]').click()
    assert exact(figure, "value", "y") == [6, 6]

    assert matrix.locator("table").count() == 4  # X, W, b and Y
    matrix.locator('td[data-value-of="X"]').click()
    matrix.locator('input[data-input="X[0]"]').press("ArrowRight")
    assert "dW" not in matrix.inner_text()
    moved = float(matrix.locator('input[data-input="X[0]"]').input_value())
    assert moved > 3
    assert exact(matrix, "value", "Y") == [moved + 0.5, 2 * moved + 0.5]
    assert page_errors.all() == []


def test_a_number_that_is_not_finite_is_shown_as_such_and_does_not_stick(site_url, page):
    page.goto(f"{site_url}/chapters/06-add-and-multiply-nodes.html")
    figure = page.locator('.nn-live[data-figure="fig-quotient"]')
    slider = figure.locator('input[data-input="time"]')
    move = "(e, v) => { e.min = -1; e.value = v; e.dispatchEvent(new Event('input')); }"
    slider.evaluate(move, 0)
    expect(figure.locator('.nn-stage [data-value-of="speed"]')).to_have_text("∞")
    assert figure.locator(".nn-bad").count() > 0
    slider.evaluate(move, 4)
    expect(figure.locator('.nn-stage [data-value-of="speed"]')).to_have_text("30")
    assert figure.locator(".nn-bad").count() == 0


def test_check_puts_a_finite_difference_beside_each_derivative(figure):
    figure.locator('[data-action="check"]').click()
    for name, derivative in shop(100, 2, 1.1).gradients.items():
        cell = figure.locator(f'[data-numerical-of="{name}"]')
        if name == "v1":
            continue
        assert float(cell.get_attribute("data-exact")) == pytest.approx(derivative, rel=1e-8)


def test_reset_puts_everything_back(figure, page):
    drag(page, figure, "apple", 0.9)
    figure.locator('[data-action="step-forward"]').click()
    figure.locator('[data-action="check"]').click()
    figure.locator('[data-action="reset"]').click()
    assert_shows(figure, shop(100, 2, 1.1))
    assert figure.locator('input[data-input="apple"]').input_value() == "100"
    assert figure.locator("[data-numerical-of]").count() == 0


def test_a_change_is_said_to_those_who_listen(figure, page):
    say = figure.locator('[aria-live="polite"]')
    figure.locator('input[data-input="apple"]').focus()
    page.keyboard.press("ArrowRight")
    expect(say).to_contain_text("apple = 101 makes total = 222.2", timeout=5000)


def test_without_a_script_picture_and_numbers_stand_there(site_url, new_page):
    page = new_page(java_script_enabled=False)
    page.goto(f"{site_url}/index.html")
    figure = page.locator('.nn-live[data-figure="fig-front"]')
    assert figure.locator("svg").is_visible()
    expect(figure.locator('.nn-stage [data-gradient-of="apple"]')).to_have_text("2.2")
    expect(figure.locator('.nn-rows [data-gradient-of="apple"]')).to_have_text("2.2")
    assert not figure.locator("input").first.is_visible()  # no dead slider
    assert figure.locator("button").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_from_the_folder_without_a_network(site, new_page, page_errors, scheme):
    page = new_page(offline=True, color_scheme=scheme, **PHONE)
    page.goto((site / "index.html").as_uri())
    figure = page.locator('.nn-live[data-figure="fig-front"]')
    figure.locator('input[data-input="apple"]').focus()
    page.keyboard.press("ArrowLeft")
    assert_shows(figure, shop(99, 2, 1.1))
    assert page_errors.all() == []


@pytest.mark.parametrize("width", [820, 1440])  # phones: all pages, in test_site
def test_a_figure_never_makes_the_page_scroll_sideways(site_url, new_page, width):
    page = new_page(viewport={"width": width, "height": 800})
    for name in ("index", *(f"chapters/{name}" for name in NAMES)):
        page.goto(f"{site_url}/{name}.html")
        page.locator(LAID_OUT).wait_for(state="attached")
        page.locator(".nn-live").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_all_figures_of_a_page_work_and_do_not_disturb_each_other(site_url, page, page_errors):
    page.goto(f"{site_url}/chapters/06-add-and-multiply-nodes.html")
    figures = page.locator(".nn-graph").all()
    assert len(figures) >= 3
    numbers = "all => all.map(e => e.querySelector('svg').textContent)"
    before = page.locator(".nn-graph").evaluate_all(numbers)
    for k, figure in enumerate(figures):
        slider = figure.locator("input[data-input]").first
        slider.focus()
        page.keyboard.press("ArrowLeft")
        after = page.locator(".nn-graph").evaluate_all(numbers)
        assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [k]
        before = after
    assert page_errors.all() == []


NOTEBOOK = [
    """from nnlib.graph import Variable
from nnlib.live import GraphFigure
a, n = Variable(100, name="apple"), Variable(2, name="number")
total = a * n * 1.1
total.name = "total"
figure = GraphFigure(total, sliders={"apple": (0, 300, 1), "number": (0, 10, 1)})
figure""",
    "print(figure.values, figure.gradients)",
]


def test_in_jupyterlab_with_a_kernel(lab, page):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in NOTEBOOK])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, lab.folder / "own-graph.ipynb")
    page.set_viewport_size({"width": 1200, "height": 1000})
    page.goto(lab.open_url("own-graph.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.wait_for_function(
        "() => jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=60_000,
    )
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
    figure = page.locator(".jp-OutputArea .nn-live")
    figure.wait_for(timeout=60_000)
    assert exact(figure, "gradient", "number")[0] == pytest.approx(110)

    handle = page.locator(".widget-slider .noUi-handle").first
    handle.wait_for()
    box = handle.bounding_box()
    track = page.locator(".widget-slider .noUi-target").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] * 0.8, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    page.wait_for_function(
        "e => Number(e.querySelector('[data-value-of=apple]').dataset.exact) > 200",
        arg=figure.element_handle(),
    )
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)

    page.evaluate(
        """async () => {
            const notebook = jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = 1;
            await jupyterapp.commands.execute('notebook:run-cell');
        }"""
    )
    apple = exact(figure, "value", "apple")[0]
    printed = page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")
    expect(printed).to_contain_text(re.compile(rf"'apple': {re.escape(repr(apple))}"))
    expect(printed).to_contain_text(f"'number': {exact(figure, 'gradient', 'number')[0]!r}")
    assert exact(figure, "gradient", "number")[0] == pytest.approx(apple * 1.1)
    figure.locator('[data-action="reset"]').click()  # the sliders of the notebook follow the figure
    readout = page.locator(".widget-slider .widget-readout").first
    expect(readout).to_have_text("100")

    figure.locator('[data-action="enlarge"]').click()  # it covers the notebook's sliders
    own = figure.locator('input[data-input="apple"]')
    own.wait_for()  # the browser takes its time to the full screen, and hidden things have no focus
    own.focus()
    page.keyboard.press("ArrowRight")
    expect(readout).to_have_text("101")


def test_the_steps_of_a_figure_are_counted(page, tmp_path, page_errors):
    made = GraphFigure(live_pages.shop(), live_pages.SHOP, name="fig-counted", count=True)
    open_page(page, tmp_path, made)
    figure = page.locator(".nn-live")
    count = figure.locator(".nn-count")
    expect(count).to_contain_text("Counted so far: 6 × and 0 +.")
    expect(count).to_contain_text("3 inputs take 6 forward passes: 12 × and 0 +.")
    figure.locator('[data-action="predict"]').click()
    expect(count).to_contain_text("Counted so far: 2 × and 0 +.")
    for done in (2, 4, 6):
        figure.locator('[data-action="step-backward"]').click()
        expect(count).to_contain_text(f"Counted so far: {done} × and 0 +.")
    figure.locator('[data-action="step-forward"]').click()
    expect(count).to_contain_text("Counted so far: 1 × and 0 +.")
    assert page_errors.all() == []


def test_each_step_through_a_wide_graph_brings_its_node_into_view(new_page, tmp_path):
    page = new_page(**PHONE)
    y = Variable(1, "x")
    for _ in range(8):
        y = y * 1 + 1
    open_page(page, tmp_path, GraphFigure(y, {"x": (0, 2, 1)}, name="fig-wide", predict=True))
    figure = page.locator(".nn-live")
    seen = """(stage) => {
      const { left, right } = stage.getBoundingClientRect();
      return [...stage.querySelectorAll(".nn-node")].flatMap((node, i) => {
        const box = node.getBoundingClientRect();
        return box.left >= left && box.right <= right ? [i] : [];
      });
    }"""
    nodes = figure.locator(".nn-node").count()
    assert nodes == 16
    assert nodes - 1 not in figure.locator(".nn-stage").evaluate(seen)
    for node in [nodes - 1, *reversed(range(nodes))]:  # first the 1 at the right end
        figure.locator('[data-action="step-backward"]').click()
        assert node in figure.locator(".nn-stage").evaluate(seen)

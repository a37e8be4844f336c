"""MatrixFigure in a real browser: pointing, sentences, keys, the slider; and in JupyterLab."""

import re

import nbformat
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from live_pages import write_page
from playwright.sync_api import expect
from test_matrix_figure import affine, numbers, relu

from nnlib.formatting import format_number
from nnlib.layers import Affine
from nnlib.live import MatrixFigure

NUMBER = r"\(?−?(?:[\d.]+(?:e−?\d+)?)\)?"

# All cells of a figure: their names, exact numbers, and how they are lit.
CELLS = """figure => Object.fromEntries([...figure.querySelectorAll("td")].map((td) => {
  const { gradientOf, index, exact, term = "" } = td.dataset;
  const name = gradientOf ? `d${gradientOf}` : td.dataset.valueOf;
  const lit = [...td.classList].filter((c) => /^nn-(at|first|second|goes)$/.test(c)).join();
  return [`${name}[${index.split(",").join(", ")}]`, { exact: Number(exact), term, lit }];
}))"""
# Each slider to a share of its length, as a reader would move it; the answer is where they stand.
MOVE = """(figure, shares) => [...figure.querySelectorAll("input")].map((slider, i) => {
  slider.value = Number(slider.min) + shares[i] * (slider.max - slider.min);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  return [slider.dataset.input, Number(slider.value)];
})"""


def product():
    """Round numbers, so that the sentences can be read."""
    layer = Affine(W=[[1, 2, -1], [3, -0.5, 0]], b=[0.5, 0, -3])
    return MatrixFigure(layer, [[1, -2], [3, 4]], [[0.5, 1, 0], [-1, 2, 4]], name="fig-product")


@pytest.fixture
def show(tmp_path, page):
    """Return a function that opens a page with figures and gives the first of them."""

    def open_page(*figures, page=page, theme="light"):
        page.goto(write_page(tmp_path, *figures, theme=theme).as_uri())
        figure = page.locator(".nn-live").first
        figure.locator(".nn-bar").wait_for()
        return figure

    return open_page


def place(figure, key):
    """The element of a cell, by its name: "dW[1, 0]"."""
    name, index = re.fullmatch(r"(\w+)\[(.*)\]", key).groups()
    kind = "gradient" if name.startswith("d") else "value"
    index = index.replace(" ", "")
    return figure.locator(f'td[data-{kind}-of="{name.removeprefix("d")}"][data-index="{index}"]')


def lit(figure, kind):
    return {key for key, cell in figure.evaluate(CELLS).items() if kind in cell["lit"].split(",")}


@pytest.mark.parametrize("make", [product, lambda: affine(0, 6, 2), lambda: relu(2, 3)])
def test_every_number_follows_its_slider_as_in_nnlib(show, page_errors, make):
    python = make()
    figure = show(python)
    for seed in range(3):
        shares = np.random.default_rng(seed).random(len(python.sliders)).tolist()
        for name, value in figure.evaluate(MOVE, shares):
            python.sliders[name].value = value
        expected = numbers(python)
        shown = figure.evaluate(CELLS)
        largest = max(abs(x) for x in expected.values())
        assert set(shown) == set(expected)
        for key, cell in shown.items():
            assert abs(cell["exact"] - expected[key]) <= 1e-12 * largest, key
            assert place(figure, key).inner_text() == format_number(cell["exact"])
    output = figure.locator(".nn-chosen output")
    expect(output).to_have_text(format_number(next(iter(python.inputs.values()))))
    assert page_errors.all() == []


@pytest.mark.parametrize("make", [product, lambda: affine(0, 3, 2), lambda: relu(2, 2)])
def test_each_sentence_adds_up_to_its_cell_and_lights_what_it_adds(show, make):
    python = make()
    figure = show(python)
    there = numbers(python)
    made = [key for key in there if key.replace(" ", "") not in python.sliders]
    assert made
    for key in made:
        place(figure, key).hover()
        sentence = figure.locator(".nn-say").inner_text()
        written = re.fullmatch(
            rf"{re.escape(key)} = (.*?)(?: = ({NUMBER}))?, from (.*)\.", sentence
        )
        terms, total, parts = written.groups()
        if total is None:  # a single number: "db[0] = 1"
            total = terms
        formula = terms.replace("−", "-").replace("×", "*")
        assert re.fullmatch(r"[-\d.e +*()>,max]*", formula), sentence
        assert total == format_number(there[key])
        assert eval(formula) == pytest.approx(there[key], abs=0.01), sentence

        cells = figure.evaluate(CELLS)
        shining = {k: cell for k, cell in cells.items() if cell["lit"]}
        assert shining.pop(key)["lit"] == "nn-at"
        pairs: dict[str, float] = {}
        for cell in shining.values():
            pairs[cell["term"]] = pairs.get(cell["term"], 1) * cell["exact"]
        if not key.startswith(("mask", "Y")) or "mask[0, 0]" not in there:
            assert sum(pairs.values()) == pytest.approx(there[key], rel=1e-12)
        assert len(pairs) == terms.count(" + ") + 1
        slices = {f"{k.split('[')[0]}[" for k in shining}
        assert slices == {f"{part.split('[')[0]}[" for part in re.findall(r"\w+\[", parts)}


def test_a_row_and_a_column_make_a_cell_and_differ_by_more_than_colour(show):
    figure = show(product())
    place(figure, "dW[1, 0]").click()
    expect(figure.locator(".nn-say")).to_have_text(
        "dW[1, 0] = −2 × 0.5 + 4 × (−1) = −5, from X[:, 1], dY[:, 0]."
    )
    assert lit(figure, "nn-first") == {"X[0, 1]", "X[1, 1]"}
    assert lit(figure, "nn-second") == {"dY[0, 0]", "dY[1, 0]"}
    assert [c["term"] for c in figure.evaluate(CELLS).values() if c["term"]] == ["1", "2", "1", "2"]
    styles = {
        key: place(figure, key).evaluate("e => getComputedStyle(e).outlineStyle + e.tabIndex")
        for key in ("dW[1, 0]", "X[0, 1]", "dY[0, 0]")
    }
    assert styles == {"dW[1, 0]": "solid0", "X[0, 1]": "solid-1", "dY[0, 0]": "dashed0"}
    place(figure, "Y[0, 2]").click()
    expect(figure.locator(".nn-say")).to_contain_text("Y[0, 2] = 1 × (−1) + (−2) × 0 + (−3) = −4,")
    place(figure, "db[1]").click()
    expect(figure.locator(".nn-say")).to_contain_text("db[1] = 1 + 2 = 3, from dY[:, 1].")


def test_an_input_shows_where_it_goes(show):
    figure = show(product(), relu(3))
    place(figure, "dY[0, 1]").hover()
    assert lit(figure, "nn-goes") == {
        *("dX[0, 0]", "dX[0, 1]", "dW[0, 1]", "dW[1, 1]", "db[1]"),
    }
    expect(figure.locator(".nn-say")).to_have_text(
        "dY[0, 1] = 1 goes into dX[0, :] (times W[:, 1]), dW[:, 1] (times X[0, :]), db[1]."
    )
    other = figure.page.locator(".nn-live").nth(1)
    place(other, "X[1]").hover()
    assert lit(other, "nn-goes") == {"mask[1]", "Y[1]", "dX[1]"}


def test_the_mouse_shows_and_a_click_keeps(show, page):
    figure = show(product())
    chosen = figure.locator(".nn-chosen input")
    expect(figure.locator(".nn-say")).to_contain_text("Point at a result")
    assert not lit(figure, "nn-at")
    place(figure, "W[1, 2]").click()
    expect(chosen).to_have_attribute("data-input", "W[1,2]")
    place(figure, "X[0, 0]").hover()
    assert lit(figure, "nn-at") == {"X[0, 0]"}
    expect(chosen).to_have_attribute("data-input", "W[1,2]")  # passing over takes nothing away
    figure.locator(".nn-say").hover()
    assert lit(figure, "nn-at") == {"W[1, 2]"}
    place(figure, "Y[0, 2]").click()
    expect(chosen).to_have_attribute("data-input", "W[1,2]")  # a result keeps the last input
    assert figure.locator(".nn-row:visible").count() == 1

    figure.get_by_label("W[1,2]: one step more").click()
    assert place(figure, "W[1, 2]").get_attribute("data-exact") == "0.1"
    expect(figure.locator(".nn-say")).to_have_text(
        "W[1, 2] = 0.1. Y[0, 2] = 1 × (−1) + (−2) × 0.1 + (−3) = −4.2, from X[0, :], W[:, 2], b[2]."
    )
    figure.locator('[data-action="reset"]').click()
    assert place(figure, "W[1, 2]").get_attribute("data-exact") == "0"
    assert not lit(figure, "nn-at")
    expect(figure.locator(".nn-say")).to_have_text("Back at the start.")
    place(figure, "Y[0, 2]").click()
    assert lit(figure, "nn-at") == {"Y[0, 2]"}


def test_a_finger_chooses(tmp_path, show, new_page):
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    figure = show(product(), page=page)
    place(figure, "b[1]").tap()
    assert lit(figure, "nn-goes") == {"Y[0, 1]", "Y[1, 1]"}
    figure.get_by_label("b[1]: one step more").tap()
    assert place(figure, "Y[0, 1]").get_attribute("data-exact") == "3.1"


def test_tab_enters_a_matrix_and_the_arrows_walk_in_it(show, page):
    figure = show(product())
    assert figure.locator('td[tabindex="0"]').count() == 8  # one stop for each matrix
    page.keyboard.press("Tab")

    def focused():
        return page.evaluate("document.activeElement.getAttribute('aria-label')")

    assert focused() == "X[0, 0] = 1."
    for keys, expected in (
        ("Tab", "W[0, 0] = 1."),
        ("End", "W[0, 2] = −1."),
        ("ArrowRight", "W[0, 2] = −1."),
        ("ArrowDown", "W[1, 2] = 0."),
        ("ArrowDown", "W[1, 2] = 0."),
        ("ArrowLeft", "W[1, 1] = −0.5."),
        ("Shift+Tab", "X[0, 0] = 1."),
        ("Tab", "W[1, 1] = −0.5."),  # it remembers where one was
        ("ArrowUp", "W[0, 1] = 2."),
        ("End", "W[0, 2] = −1."),
        ("Home", "W[0, 0] = 1."),
    ):
        page.keyboard.press(keys)
        assert focused() == expected, keys
    assert lit(figure, "nn-at") == {"W[0, 0]"}
    heard = figure.locator("[aria-live]")
    expect(heard).to_contain_text("W[0, 0] = 1 goes into Y[:, 0] (times X[:, 0])", timeout=5000)

    page.keyboard.press("Enter")
    expect(figure.locator(".nn-chosen input")).to_be_focused()
    assert figure.get_by_label("W[0, 0]", exact=True).count() == 1
    page.keyboard.press("ArrowRight")
    assert place(figure, "Y[1, 0]").get_attribute("data-exact") == "15.8"
    assert lit(figure, "nn-at") == {"W[0, 0]"}  # it stays when the reader has gone on


@pytest.mark.parametrize("width", [320, 390, 1200])
@pytest.mark.parametrize("make", [product, lambda: affine(0, 2, 5), lambda: relu(2, 6)])
def test_matrices_wrap_or_scroll_and_never_the_page(show, new_page, width, make):
    page = new_page(viewport={"width": width, "height": 800})
    figure = show(make(), page=page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = figure.locator("td").evaluate_all(
        "all => all.map(e => [e.getBoundingClientRect().width, e.getBoundingClientRect().height])"
    )
    assert min(w for w, _ in sizes) >= 40
    assert min(h for _, h in sizes) >= 32
    last = figure.locator("td").last
    last.focus()
    expect(last).to_be_in_viewport(ratio=0.9)
    if width == 1200 and figure.locator(".nn-beside").count():
        # a gradient stands below what it belongs to
        tables = figure.locator("table")
        x, dx = (tables.nth(i).bounding_box() for i in (0, 4 if make is product else 3))
        assert x["y"] + x["height"] < dx["y"]
        assert x["x"] == pytest.approx(dx["x"], abs=1)


def test_without_a_script_and_on_paper_all_numbers_stand_there(show, new_page, tmp_path, page):
    python = product()
    plain = new_page(java_script_enabled=False)
    plain.goto(write_page(tmp_path, python).as_uri())
    figure = plain.locator(".nn-live")
    printed = show(python)
    page.emulate_media(media="print")
    for key, number in numbers(python).items():
        for shown in (figure, printed):
            expect(place(shown, key)).to_have_text(format_number(number))
            expect(place(shown, key)).to_be_visible()
    for shown in (figure, printed):
        assert shown.locator("input:visible, output:visible, button:visible").count() == 0
        assert shown.locator("table:visible").count() == 8


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_denied_to_people_with_disabilities(show, page, page_errors, theme):
    figure = show(product(), relu(2, 3), theme=theme)
    place(figure, "dW[1, 1]").click()
    page.mouse.move(0, 0)
    assert page_errors.all() == []
    found = Axe().run(page, context=".nn-live")
    assert found.violations_count == 0, found.generate_report()


NOTEBOOK = [
    "from nnlib.layers import Affine\n"
    "from nnlib.live import MatrixFigure\n"
    "figure = MatrixFigure(Affine([[1, 2], [3, 4]], [10, 20]), [[1, 0], [2, -1]])\n"
    "figure",
    "print(figure.values['X'].tolist(), figure.gradients['W'].tolist())",
    "figure.sliders['dY[1,1]'].value = 3",
]


def test_in_jupyterlab_the_kernel_follows_and_is_followed(lab, page):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in NOTEBOOK])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, lab.folder / "own-matrix.ipynb")

    def run(cell):
        page.evaluate(
            """async (cell) => {
                jupyterapp.shell.currentWidget.content.activeCellIndex = cell;
                await jupyterapp.commands.execute("notebook:run-cell");
            }""",
            cell,
        )

    page.set_viewport_size({"width": 1200, "height": 1000})
    lab.open(page, "own-matrix.ipynb")
    run(0)
    figure = page.locator(".jp-OutputArea .nn-live")
    figure.wait_for(timeout=60_000)
    assert page.locator(".widget-slider").count() == 0  # it looks as on the page
    place(figure, "X[0, 0]").click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(place(figure, "X[1, 1]")).to_be_focused()  # the notebook did not take the keys
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    expect(place(figure, "dW[1, 0]")).to_have_text("−0.9")
    page.wait_for_timeout(500)
    run(1)
    printed = page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")
    expect(printed).to_have_text("[[1.0, 0.0], [2.0, -0.9]] [[3.0, 3.0], [-0.9, -0.9]]")
    run(2)
    expect(place(figure, "dW[1, 1]")).to_have_text("−2.7")

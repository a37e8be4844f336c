"""TrainingFigure in a real browser: slider, film, phone, colours, JupyterLab."""

import io
import itertools
import re

import nbformat
import numpy as np
import pytest
from live_pages import open_page, write_page
from PIL import Image
from playwright.sync_api import expect

from nnlib.datasets import load_digits
from nnlib.live.training_figure import TrainingFigure
from nnlib.network import TwoLayerNet
from nnlib.training import History, Snapshot, train

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


@pytest.fixture(scope="module")
def make():
    """A function that makes the figure of one short training."""
    data = load_digits()
    net = TwoLayerNet(64, 20, 10, weight_init_std=0.1)
    history = train(net, *data, epochs=10, learning_rate=0.5, snapshots=8)
    x, t = data[1]
    return lambda **options: TrainingFigure(history, net, (x[5:9], t[5:9]), units=6, **options)


def slider_of(page):
    return page.locator('input[data-input="step"]')


def state(page):
    """All that the figure shows, strokes of the pictures as sets of pixels for each level."""
    return page.locator(".nn-live").evaluate(
        """(figure) => {
          const place = /[\\d.]+/g;
          const all = (selector, f) => [...figure.querySelectorAll(selector)].map(f);
          const pixels = (d) => {
            const found = [];
            let [x, y] = [0, 0];
            for (const [, kind, a, b, n] of d.matchAll(/([Mm])(-?\\d+) (-?\\d+)h(\\d+)/g)) {
              [x, y] = kind === "M" ? [+a, +b] : [x + +a, y + +b];
              for (let k = 0; k < +n; k++) found.push(`${x++} ${y}`);
            }
            return found.sort();
          };
          return {
            numbers: all("[data-exact]", ({ dataset, textContent }) =>
              [dataset.valueOf, +dataset.exact, textContent]),
            marks: all(".nn-mark", (e) => e.getAttribute("transform").match(place).map(Number)),
            weights: all(".nn-units g path", (e) => pixels(e.getAttribute("d"))),
            bars: all(".nn-digits rect", (e) => +e.getAttribute("width")),
            read: all("caption span", (e) => e.textContent),
          };
        }"""
    )


def test_each_moment_is_what_python_draws_of_it(make, page, page_errors, tmp_path):
    figure = make(name="fig-training")
    open_page(page, tmp_path / "live", figure)
    still = page.context.browser.new_context(java_script_enabled=False).new_page()
    slider = slider_of(page)
    slider.focus()
    slider.press("Home")
    seen = []
    for k in range(8):
        figure.sliders["step"].value = k
        shown = state(page)
        for name, exact, text in shown["numbers"]:
            if name in figure.values:
                assert exact == pytest.approx(figure.values[name], rel=1e-12, abs=0), name
            else:
                i, c = map(int, re.findall(r"\d+", name))
                assert exact == pytest.approx(figure.probabilities[i, c], abs=0.5001e-6)
                assert float(text.removesuffix(" %")) == pytest.approx(100 * exact, abs=0.050001)
        still.goto(write_page(tmp_path / f"{k}", make(name="fig-training", start=k)).as_uri())
        assert state(still) == shown
        step, epoch = (f"{figure.values[name]:g}" for name in ("step", "epoch"))
        name = f"step {step} of 150, epoch {epoch}"
        expect(slider).to_have_attribute("aria-valuetext", name)
        if k:
            expect(page.locator(".nn-say")).to_contain_text(f"At {name}: loss")
        seen.append(shown["weights"])
        slider.press("ArrowRight")
    assert all(a != b for a, b in itertools.pairwise(seen))
    still.context.close()
    assert page_errors.all() == []


def test_the_film(make, page, page_errors, tmp_path):
    page.clock.install(time=0)
    open_page(page, tmp_path, make())
    page.clock.pause_at(10_000)
    slider, play = slider_of(page), page.locator('[data-action="play"]')
    reset = page.locator('[data-action="reset"]')

    def after(milliseconds):
        page.clock.run_for(milliseconds)
        return int(slider.input_value())

    assert after(0) == 7
    play.click()  # from the end: once more from the beginning
    assert after(0) == 0
    expect(play).to_have_text("■ Stop")
    assert 1 <= after(500) <= 4  # eight in a second at most
    assert after(2500) == 7
    expect(play).to_have_text("▶ Play")

    for stop in (play.click, lambda: slider.press("ArrowLeft"), reset.click):
        play.click()
        expect(play).to_have_text("■ Stop")
        assert 0 < after(500) < 7
        stop()
        expect(play).to_have_text("▶ Play")
        stays = after(0)
        assert after(3000) == stays
        reset.click()
        assert after(0) == 7
    slider.press("Home")
    play.click()  # from somewhere else: from there
    assert after(0) == 1
    assert page_errors.all() == []


def test_by_single_steps_for_those_who_want_no_motion(make, new_page, tmp_path):
    page = new_page(reduced_motion="reduce")
    open_page(page, tmp_path, make())
    play = page.locator('[data-action="play"]')
    for expected in ("0", "1", "2"):
        play.press("Enter")
        page.wait_for_timeout(500)
        expect(slider_of(page)).to_have_value(expected)
        expect(play).to_have_text("Next moment ▸")


@pytest.mark.parametrize("width", [320, 390, 820, 1440])
def test_it_fits_and_the_slider_stays_in_sight(make, new_page, tmp_path, width):
    page = new_page(viewport={"width": width, "height": 700})
    open_page(page, tmp_path, make(), '<div class="tall"></div>')
    figure, slider = page.locator(".nn-live"), slider_of(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".nn-stage").evaluate("e => e.scrollWidth <= e.clientWidth")
    slider.wait_for()
    for control in page.locator(".nn-live :is(button, input)").all():
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    assert slider.bounding_box()["width"] > 60
    assert figure.bounding_box()["height"] > 750  # higher than the window
    for share in (0, 0.5, 1):
        figure.evaluate("(e, share) => scrollTo(0, share * e.scrollHeight - 300)", share)
        box = slider.bounding_box()
        assert 0 <= box["y"] <= 700 - box["height"]
    words = page.locator(".nn-axes text")
    heights = words.evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    assert min(heights) >= 12
    overlap = words.evaluate_all(
        """all => { const boxes = all.map((e) => e.getBoundingClientRect());
          return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => a.left < b.right
            && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom)).length; }"""
    )
    assert overlap == 0
    middles = (
        """all => all.map(e => e.getBoundingClientRect()).map(({ y, height }) => y + height / 2)"""
    )
    rows = page.locator(".nn-digits tr").evaluate_all(middles)
    assert page.locator(".nn-digits rect").evaluate_all(middles) == pytest.approx(rows, abs=1.5)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scale", [1, 2])
def test_signs_differ_also_without_colour(new_page, tmp_path, theme, scale):
    """Three units of 28 by 28: all positive, all negative, zero. Rows of grey tell them apart."""
    w = np.ones((784, 1)) * [0.3, -0.3, 0]
    snapshot = Snapshot(0, {"W": w, "b": np.zeros(3)}, 0.5, 0.5)
    history = History([1.0], [0.5], [0.5], 1, [snapshot, snapshot._replace(step=1)])

    class Net:
        def __init__(self):
            self.params = {"W": w.copy(), "b": np.zeros(3)}

        def predict(self, x):
            return x @ self.params["W"]

    page = new_page(device_scale_factor=scale, viewport={"width": 390, "height": 1800})
    figure = TrainingFigure(history, Net(), (np.zeros((1, 784)), [0]), shape=(28, 28))
    open_page(page, tmp_path, figure, theme=theme)
    grey = Image.open(io.BytesIO(page.locator(".nn-units").screenshot())).convert("L")
    pixels = np.asarray(grey, float)
    unit = pixels.shape[1] / 90  # 28 + 3 + 28 + 3 + 28
    positive, negative, zero = (
        pixels[6:-6, round((31 * j + 4) * unit) : round((31 * j + 24) * unit)] for j in range(3)
    )
    assert (np.ptp(positive), np.ptp(zero)) == (0, 0)
    assert abs(positive.mean() - zero.mean()) > 80
    assert np.ptp(negative, axis=1).max() == 0  # stripes: each row of pixels is of one grey
    lines = np.diff((abs(negative[:, 0] - zero.mean()) > 40).astype(int))
    assert (lines == 1).sum() >= 24  # nearly one for each row of the picture


NOTEBOOK = [
    """from nnlib.datasets import load_digits
from nnlib.live.training_figure import TrainingFigure
from nnlib.network import TwoLayerNet
from nnlib.training import train
data = load_digits()
net = TwoLayerNet(64, 20, 10, weight_init_std=0.1)
history = train(net, *data, epochs=2, snapshots=6)
figure = TrainingFigure(history, net, (data[1][0][:2], data[1][1][:2]))
figure""",
    "print(figure.values)",
    "figure.sliders['step'].value = 2",
]


def test_in_jupyterlab_with_a_kernel(lab, page):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in NOTEBOOK])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, lab.folder / "own-training.ipynb")
    page.set_viewport_size({"width": 1200, "height": 1000})
    lab.open(page, "own-training.ipynb")

    def run(cell):
        page.evaluate(
            """async (index) => {
                const notebook = jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = index;
                await jupyterapp.commands.execute("notebook:run-cell");
            }""",
            cell,
        )

    run(0)
    figure = page.locator(".jp-OutputArea .nn-live")
    figure.wait_for(timeout=60_000)
    slider = figure.locator('input[data-input="step"]')
    expect(slider).to_have_value("5")
    slider.press("Home")
    slider.press("ArrowRight")
    expect(slider).to_have_value("1")
    step = figure.locator('output[data-value-of="step"]')
    expect(step).to_have_text("1")
    page.wait_for_timeout(500)
    run(1)
    printed = page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")
    expect(printed).to_contain_text("'step': 1, 'epoch': 1, 'mini-batch': 2")
    run(2)  # the figure follows
    expect(slider).to_have_value("2")
    expect(step).not_to_have_text("1")
    figure.locator('[data-action="play"]').click()
    expect(slider).to_have_value("5")

"""PerceptronFigure on a page: what sliders make of it is what Python draws at the same numbers."""

import re

import numpy as np
from live_pages import open_page
from lxml import html
from playwright.sync_api import expect

from nnlib.live import PerceptronFigure

POINTS = [[0, 0], [0, 1], [1, 0], [1, 1], [0.1, 0.7], [-0.333, 1.25], [0.3, -0.6], [1, 1]]
LABELS = [0, 1, 1, 0, 1, 0, 1, 0]
# What a figure shows, of the picture and of the table, without what the script adds to it.
SHOWN = """(root) => {
  const texts = (css) => [...root.querySelectorAll(css)].map((e) => e.textContent);
  const all = (css, name) => [...root.querySelectorAll(css)].map((e) => e.getAttribute(name));
  return [all(".nn-stage svg[role] path", "d"), all(".nn-point .nn-ring", "opacity"),
    texts(".nn-point text"), texts("desc"), texts("td"), texts("output"),
    all("[data-exact]", "data-exact").map(Number)];
}"""
PLACED = f"""(figure, settings) => {{
  const shown = {SHOWN};
  return settings.map((values) => {{
    for (const [name, value] of Object.entries(values)) {{
      const slider = figure.querySelector(`input[data-input="${{name}}"]`);
      slider.value = value;
      slider.dispatchEvent(new Event("input"));
    }}
    return [...shown(figure), figure.querySelector(".nn-say").textContent];
  }});
}}"""


def python(values):
    """The same of the HTML that Python makes at these numbers, and the sentence."""
    figure = PerceptronFigure(POINTS, LABELS, **values)
    root = html.fromstring(figure.view.html)

    def texts(xpath):
        return [e.text for e in root.xpath(xpath)]

    point = "//*[@class='nn-point']"
    return [
        root.xpath("//svg[@role]//path/@d"),
        root.xpath("//*[@class='nn-ring']/@opacity"),
        texts(f"{point}/text"),
        texts("//desc"),
        texts("//td"),
        texts("//output"),
        [float(exact) for exact in root.xpath("//@data-exact")],
        repr(figure).split("\n")[-1],
    ]


def test_at_any_place_of_the_sliders_the_page_is_as_python_draws_it(page, page_errors, tmp_path):
    rng = np.random.default_rng(5)
    settings = [
        dict(zip(("w1", "w2", "b"), (k / 10 for k in tenths.tolist()), strict=True))
        for tenths in rng.integers(-20, 21, (30, 3))
    ]
    settings += [
        {"w1": 0.5, "w2": 0.5, "b": -0.5},  # two corners exactly on the line
        {"w1": -0.5, "w2": -0.5, "b": 0.4},  # (0.1, 0.7), which floats would put above it
        {"w1": 0.0, "w2": 0.0, "b": 0.1},
        {"w1": 0.0, "w2": 0.0, "b": 0.0},
        {"w1": 0.0, "w2": -0.3, "b": 0.1},
        {"w1": 2.0, "w2": 0.0, "b": 0.0},
    ]
    open_page(page, tmp_path, PerceptronFigure(POINTS, LABELS, w1=-2, w2=-2, b=-2))
    found = page.locator(".nn-live").evaluate(PLACED, settings)
    for values, shown in zip(settings, found, strict=True):
        for there, expected in zip(shown, python(values), strict=True):
            assert there == expected, values
    assert page_errors.all() == []


def test_by_keyboard_on_a_phone(new_page, page_errors, tmp_path):
    page = new_page(viewport={"width": 390, "height": 844})
    open_page(
        page,
        tmp_path,
        PerceptronFigure(POINTS[:4], [*LABELS[:3], 1], b=-0.6, names=("A", "B"), name="fig-or"),
    )
    figure = page.locator(".nn-live")
    heard = figure.locator("[aria-live]")
    expect(figure.locator(".nn-say")).to_contain_text("2 of 4 points are right.")
    slider = figure.get_by_label("b", exact=True)
    sums = figure.locator('td[data-value-of="sum"]')
    verdicts = figure.locator("td:last-child")
    picture = figure.locator("svg[role]")
    slider.press("ArrowRight")
    expect(heard).to_contain_text("2 of 4 points are right.")
    assert sums.nth(1).get_attribute("data-exact") == "0"  # on the line: still 0
    slider.press("ArrowRight")
    assert sums.nth(1).get_attribute("data-exact") == "0.1"
    expect(verdicts).to_have_text(["right"] * 4)
    expect(heard).to_have_text(
        "4 of 4 points are right. The line crosses the A axis at 0.8 and the B axis at 0.8."
    )
    # The line on the screen: between the marks of (0, 0) and (1, 1), at 0.4 of the way.
    start, end = (
        picture.locator(".nn-point").nth(i).locator("path").last.bounding_box() for i in (0, 3)
    )
    line = picture.locator(".nn-split").evaluate(
        """(e) => [e.getPointAtLength(0), e.getPointAtLength(e.getTotalLength())]
          .map((p) => p.matrixTransform(e.getScreenCTM())).map(({ x, y }) => [x, y])"""
    )
    (a, b), (c, d) = line
    x, y = (
        start[at] + start[size] / 2 + 0.4 * (end[at] + end[size] / 2 - start[at] - start[size] / 2)
        for at, size in (("x", "width"), ("y", "height"))
    )
    assert abs((c - a) * (y - b) - (d - b) * (x - a)) / np.hypot(c - a, d - b) < 0.5
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    table = figure.locator(".nn-numbers")
    assert table.evaluate("e => e.scrollWidth <= e.clientWidth")  # nothing to scroll for a gate
    assert re.fullmatch("[01]", picture.locator(".nn-point text").first.text_content())
    figure.locator('[data-action="reset"]').press("Enter")
    expect(sums.first).to_have_attribute("data-exact", "-0.6")
    expect(picture.locator(".nn-point text").nth(1)).to_have_text("1 ✗")
    assert page_errors.all() == []

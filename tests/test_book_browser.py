"""Every figure of every chapter, on the built site: it is live, and its derivatives are right."""

import random
import shutil

import pytest
from chapter import CHAPTERS, NAMES, Chapter
from conftest import LAID_OUT

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
POSITIONS = 4
UNFOLD = """() => {
  for (const e of document.querySelectorAll("details")) e.open = true;
  for (const e of document.querySelectorAll(".toggle-hidden")) e.classList.remove("toggle-hidden");
}"""
MOVE = """(slider, share) => {
  const [low, high] = [Number(slider.min), Number(slider.max)];
  slider.value = low + share * (high - low);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}"""
ROWS = """(figure) => [...figure.querySelectorAll("tbody tr")].map((row) => {
  const number = (kind) => Number(row.querySelector(`[data-${kind}-of]`)?.dataset.exact ?? NaN);
  return [row.dataset.variable, number("gradient"), number("numerical")];
})"""


@pytest.fixture(params=NAMES)
def chapter(request, site_url, new_page):
    """A chapter on a phone."""
    page = new_page(**PHONE)
    page.goto(f"{site_url}/chapters/{request.param}.html")
    page.locator(LAID_OUT).wait_for(state="attached")
    page.locator(".nn-live").first.wait_for()
    page.evaluate(UNFOLD)
    return page


def test_every_figure_is_live_and_its_derivatives_are_central_differences(chapter, page_errors):
    rng = random.Random(0)
    compared = 0
    graphs = chapter.locator('.nn-graph:has([data-action="check"])').all()  # not: forward only
    for figure in graphs:
        figure.locator('[data-action="run"]').click()
        figure.locator('[data-action="check"]').click()
        for _ in range(POSITIONS):
            for slider in figure.locator("input[data-input]").all():
                slider.evaluate(MOVE, rng.random())
            rows = figure.evaluate(ROWS)
            far = {
                name: (derived, numerical)
                for name, derived, numerical in rows
                if abs(derived - numerical) > 1e-4 * max(1, abs(derived), abs(numerical))
            }
            assert not far, figure.get_attribute("data-figure")
            compared += sum(derived - derived == 0 for _, derived, _ in rows)
    assert compared > 10 or not graphs

    # On the same page, unfolded as it is: nothing is too wide, and every kind of figure answers.
    assert chapter.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    for figure in chapter.locator(".nn-live").all():
        numbers = "e => [...e.querySelectorAll('[data-exact]')].map((n) => n.dataset.exact).join()"
        before = figure.evaluate(numbers)
        control = figure.locator("input[data-input]:visible").first
        control.focus()
        for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft", "Enter"):
            control.press(key)
            if figure.evaluate(numbers) != before:
                break
        name = figure.get_attribute("data-figure")
        assert figure.evaluate(numbers) != before, f"{name}: nothing moved"
    assert page_errors.all() == []


def test_in_jupyterlab_a_solution_is_folded_until_it_is_asked_for(lab, page):
    name = NAMES[0]
    shutil.copy(CHAPTERS / f"{name}.ipynb", lab.folder)
    page.goto(lab.open_url(f"{name}.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    label = next(iter(Chapter(name).exercises))
    where = """(label) => {
      const { widgets } = jupyterapp.shell.currentWidget.content;
      const of = (text) => widgets.findIndex((w) => w.model.sharedModel.source.includes(text));
      const start = of(`{solution-start} ${label}`);
      const hidden = (i) => widgets[i].isHidden || widgets[i].inputHidden === true;
      const heads = (w) => /^### /m.test(w.model.sharedModel.source);
      const end = widgets.findIndex((w, i) => i > start && heads(w));
      const inside = widgets.slice(start + 1, end).map((_, i) => hidden(start + 1 + i));
      return { inside, next: hidden(end), start: hidden(start) };
    }"""
    page.wait_for_function("() => jupyterapp.shell.currentWidget?.content?.widgets?.length > 10")
    page.wait_for_timeout(1000)
    found = page.evaluate(where, label)
    assert len(found["inside"]) >= 2
    assert all(found["inside"])
    assert not found["start"]
    assert not found["next"]

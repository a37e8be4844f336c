"""One palette: the table in CONTRIBUTING.md is what library, figures and website use."""

import re
from pathlib import Path

import pytest
from contrast import contrast

from nnlib import palette

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"light": "#ffffff", "dark": "#121212"}
ROW = re.compile(r"^\| (\w+) \| `(#\w{6})` \| `(#\w{6})` \| `(#\w{6})` \|", re.MULTILINE)
TABLE = {name: forms for name, *forms in ROW.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8"))}


def test_the_library_draws_with_the_middle_forms():
    assert list(TABLE) == ["blue", "orange", "grey"]
    assert [forms[2] for forms in TABLE.values()] == [palette.BLUE, palette.ORANGE, palette.GREY]
    assert TABLE["orange"][1] == palette.ORANGE_ON_BLACK


@pytest.mark.parametrize("name", TABLE)
def test_every_form_can_be_read(name):
    light, dark, middle = TABLE[name]
    assert contrast(light, PAGES["light"]) >= 4.5
    assert contrast(dark, PAGES["dark"]) >= 4.5
    assert contrast(middle, PAGES["light"]) >= 4.5
    assert contrast(middle, PAGES["dark"]) >= 3


def test_the_middle_forms_are_as_near_to_both_pages_as_can_be():
    for blue, grey in [(TABLE["blue"][2], TABLE["grey"][2])]:
        assert min(contrast(c, PAGES["dark"]) for c in (blue, grey)) >= 4.1


FOLDERS = "nnlib", "chapters/_static", "_ext"
FILES = [f for folder in FOLDERS for f in (ROOT / folder).rglob("*")]
FILES = [f for f in FILES if f.suffix in (".py", ".css", ".js", ".svg")]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_other_hue_is_used(file):
    found = {c.lower() for c in re.findall(r"#[0-9a-fA-F]{3,8}\b", file.read_text("utf-8"))}
    found = {c if len(c) > 5 else "#" + "".join(2 * digit for digit in c[1:]) for c in found}
    hues = {c for c in found if not c[1:3] == c[3:5] == c[5:7]}
    assert hues <= {form for forms in TABLE.values() for form in forms}


def test_figures_and_website_use_both_forms():
    for style in ("nnlib/live/style/figure.css", "chapters/_static/palette.css"):
        text = (ROOT / style).read_text("utf-8")
        for name in ("blue", "orange"):
            assert all(form in text for form in TABLE[name][:2]), (style, name)

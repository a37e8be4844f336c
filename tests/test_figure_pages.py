"""A page for each live figure, links to everything that has a name, and figures saved as files."""

import re

import pytest
from live_pages import every_kind, run
from lxml import html
from test_site import PAGES, tree

from nnlib.live import CurveFigure

LIVE = "//figure[contains(@class, 'nn-live')]"


def target(site, page, link):
    """The page and the fragment that a link leads to."""
    path, _, fragment = link.partition("#")
    found = (site / f"{page}.html").parent / path
    assert found.is_file(), link
    return str(found.resolve().relative_to(site.resolve()).with_suffix("")), fragment


def test_every_live_figure_has_a_page_and_each_leads_to_the_other(site):
    found = set()
    for page in PAGES:
        for figure in tree(site, page).xpath(LIVE):
            name = figure.get("id")
            own, permanent = figure.xpath(".//figcaption/a")
            assert permanent.get("href") == f"#{name}"
            assert permanent.get("title") == "Link to this figure"
            assert permanent.find("span").get("aria-hidden") == "true"  # so the title is its name
            assert target(site, page, own.get("href")) == (f"figures/{name}", "")
            found.add(name)

            alone = tree(site, f"figures/{name}")
            assert [f.get("id") for f in alone.xpath(LIVE)] == [name]
            assert alone.xpath(f"string({LIVE}//script)") == figure.xpath("string(.//script)")
            assert figure.xpath("string(.//figcaption)").startswith(
                alone.xpath("string(//figcaption)")
            )
            (back,) = alone.xpath("//a/@href")
            assert target(site, f"figures/{name}", back) == (page, name)
    assert len(found) > 50
    assert {p.stem for p in (site / "figures").iterdir()} == found


def test_the_page_of_a_figure_loads_only_its_own_files_and_has_nothing_inline(site):
    for path in (site / "figures").iterdir():
        page = html.parse(str(path)).getroot()
        assert page.get("lang") == "en"
        assert page.findtext("head/title").endswith(" · Backprop, Live")
        assert len(page.xpath("//h1")) == 1
        content = {m.get("name"): m.get("content") for m in page.xpath("//meta[@name]")}
        assert content["robots"] == "noindex"
        assert len(content["description"]) > 10
        files = page.xpath("//script/@src | //link/@href")
        names = [re.fullmatch(r"\.\./_static/([\w.-]+)(\?v=\w+)?", file)[1] for file in files]
        assert sorted(names) == [
            "favicon.svg", "figure-page.css", "figure-page.js", "live.css", "live.js",
            "touch-icon.png",
        ]  # fmt: skip
        assert all((site / "_static" / name).is_file() for name in names)
        assert page.xpath("//style | //@style | //@onclick") == []
        assert {s.get("type") for s in page.xpath("//script[not(@src)]")} == {"application/json"}


def test_every_heading_and_every_plot_with_a_name_has_a_permanent_link(site):
    for page in PAGES:
        text = tree(site, page)
        for part in text.xpath("//article//section[@id and not(contains(@class, 'solution'))]"):
            for heading in part.xpath("h1 | h2 | h3 | h4"):
                assert heading.xpath("a/@href") == [f"#{part.get('id')}"], heading.text_content()
        for plot in text.xpath("//figure[@id and not(contains(@class, 'nn-live'))]"):
            assert plot.xpath(".//figcaption//a/@href") == [f"#{plot.get('id')}"]
        for link in text.xpath("//a[contains(@class, 'headerlink')]"):
            assert link.get("title")
            assert "".join(link.xpath("text()")).strip() == ""


# --- files ---


def numbers(page):
    """Each number of a figure and where its controls stand."""
    (figure,) = html.fromstring(page).xpath(f"descendant-or-self::{LIVE[2:]}")
    shown = [dict(e.attrib) | {"text": e.text} for e in figure.xpath(".//*[@data-exact]")]
    return shown, [(e.get("data-input"), e.get("value")) for e in figure.iter("input")]


@pytest.mark.parametrize(
    "kind", ["graph", "predict", "array", "curve", "sampled", "surface", "practice", "matrix",
             "training"],
)  # fmt: skip
def test_a_figure_is_saved_as_it_stands(kind, tmp_path):
    figure = every_kind()[kind]
    before = figure.view.html
    starts = {name: slider.value for name, slider in figure.sliders.items()}
    try:
        for name, control in figure.controls.items():
            up = control.position + control.step
            figure.sliders[name].value = up if up <= control.high else up - 2 * control.step
        figure.save(tmp_path / "figure.html")
        again = run(figure.code)  # the same figure, made at these positions
    finally:
        for name, value in starts.items():
            figure.sliders[name].value = value
    saved = (tmp_path / "figure.html").read_text(encoding="utf-8")
    assert numbers(saved) == numbers(again.view.html)
    assert numbers(saved) != numbers(before)
    assert figure.view.html == before
    assert re.findall(r"\b(?:src|href)=", saved.split("</head>")[1]) == []


def test_saving_replaces_a_file_and_says_what_is_wrong_with_a_path(tmp_path):
    figure = CurveFigure(lambda x: x**2, x=(-2, 2), caption="A parabola & more. Move x.")
    path = tmp_path / "Figure.HTML"
    path.write_text("old")
    figure.save(str(path))
    page = html.fromstring(path.read_text(encoding="utf-8"))
    assert page.findtext("head/title") == "A parabola & more"
    with pytest.raises(ValueError, match=r"CurveFigure\.save: .* must end with \.html, got '.*png"):
        figure.save(tmp_path / "figure.png")
    with pytest.raises(FileNotFoundError, match=r"no folder '.*nowhere' .* make it first"):
        figure.save(tmp_path / "nowhere" / "figure.html")
    assert [p.name for p in tmp_path.iterdir()] == ["Figure.HTML"]

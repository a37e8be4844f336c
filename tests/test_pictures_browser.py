"""Pictures on the website: seen in light, in dark and on paper; told in words; in their place."""

import io
import re
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from chapter import NAMES
from contrast import contrast
from lxml import html
from PIL import Image

from nnlib.palette import BLUE, GREY, ORANGE

SVG = "{http://www.w3.org/2000/svg}"
COLOURS = [BLUE, ORANGE, GREY, "#ffffff", "#000000"]
BARS = "".join(f'<path fill="{c}" d="M{20 * i} 0h20v20h-20z"/>' for i, c in enumerate(COLOURS))
SAMPLE = f'<svg xmlns="http://www.w3.org/2000/svg" width="120" height="20">{BARS}</svg>'
PLACE = """(plot, svg) => {
  const sample = plot.cloneNode();
  sample.id = "sample";
  sample.width = 120;
  sample.height = 20;
  sample.loading = "eager";
  sample.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  plot.before(sample);
  return sample.decode();
}"""


def pictures(site):
    """Return each picture of the chapters with its name, and its file as XML."""
    for name in NAMES:
        page = html.parse(str(site / f"chapters/{name}.html")).getroot()
        for picture in page.xpath("//article//img"):
            file = site / "chapters" / unquote(picture.get("src"))
            yield name, picture, ElementTree.parse(file).getroot()


def test_every_picture_says_in_words_and_in_numbers_what_it_shows(site):
    texts = [picture.get("alt") for _, picture, _ in pictures(site)]
    assert len(texts) >= 12
    for text in texts:
        assert re.search(r"\d|two|three|four|five|ten", text, re.IGNORECASE), text
        assert len(text.split()) >= 12, text
        assert not re.match(r"(a |the )?(plot|picture|image|figure|graph)\b", text, re.IGNORECASE)


def test_every_picture_has_a_caption_a_size_and_can_wait(site):
    for name, picture, file in pictures(site):
        caption = picture.xpath("string(ancestor::figure/figcaption)")
        assert len(caption.split()) >= 5, name
        size = [float(file.get(side).removesuffix("pt")) * 4 / 3 for side in ("width", "height")]
        written = [int(picture.get(side)) for side in ("width", "height")]
        assert written == [pytest.approx(number, abs=1) for number in size]
        assert (picture.get("loading"), picture.get("decoding")) == ("lazy", "async")
        assert picture.get("class") == file.get("class")


def test_words_in_pictures_are_large_enough_on_a_phone(site):
    for name, _, file in pictures(site):
        share = min(1.0, 350 / (float(file.get("width").removesuffix("pt")) * 4 / 3))
        for text in file.iter(f"{SVG}text"):
            for part in text.iter():
                for size in re.findall(r"font-size: ([\d.]+)px", part.get("style", "")):
                    assert float(size) * 4 / 3 * share >= 11, (name, "".join(text.itertext()))


def test_plots_follow_the_page_and_keep_their_place(site_url, new_page, page_errors):
    page = new_page(viewport={"width": 1000, "height": 800}, color_scheme="light")
    page.goto(f"{site_url}/chapters/11-training.html")
    last = page.locator("article img").last
    assert not last.evaluate("e => e.complete")
    kept = last.bounding_box()
    assert kept["height"] > 100
    last.scroll_into_view_if_needed()
    page.wait_for_function("e => e.complete", arg=last.element_handle())
    assert last.bounding_box()["height"] == pytest.approx(kept["height"], abs=1)

    photo = page.locator("article img.nn-photo").first
    plot = page.locator("article img.nn-plot").first
    plot.evaluate(PLACE, SAMPLE)
    sample = page.locator("#sample")

    def seen():
        image = Image.open(io.BytesIO(sample.screenshot())).convert("RGB")
        assert photo.evaluate("e => getComputedStyle(e).filter") == "none"
        return [tuple(c / 255 for c in image.getpixel((20 * i + 10, 10))) for i in range(6)]

    for theme, medium in [("light", "screen"), ("dark", "screen"), ("dark", "print")]:
        page.emulate_media(media=medium)
        page.locator("html").evaluate("(e, theme) => { e.dataset.theme = theme; }", theme)
        blue, orange, grey, white, black, ground = seen()
        assert ground == ((1, 1, 1) if (theme, medium) != ("dark", "screen") else (18 / 255,) * 3)
        assert (white, black) == ((1, 1, 1), (0, 0, 0))  # what is written on them stays readable
        for colour in (blue, orange, grey):
            assert contrast(colour, ground) >= 5.5, (theme, medium)
        assert blue[2] > blue[1] > blue[0]
        assert orange[0] > orange[1] > orange[2]
    assert page_errors.all() == []

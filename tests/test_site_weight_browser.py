"""What a page costs a reader's browser: little, all of it from here, and without a word."""

import functools
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import PageErrors
from test_site import PAGES

KILOBYTES = 160  # of the first load, compressed, without pictures
REQUESTS = 20
WINDOW = {"width": 1366, "height": 900}

# Each picture: what its element says, how large it is drawn, and how large it is.
PICTURES = """async () => {
  const pictures = [...document.images];
  const lazy = pictures.map((picture) => picture.loading === "lazy");
  for (const picture of pictures) picture.loading = "eager";
  await Promise.all(pictures.map((picture) => picture.decode()));
  return pictures.map((e, k) => ({
    file: decodeURI(new URL(e.currentSrc).pathname),
    lazy: lazy[k],
    top: e.getBoundingClientRect().top,
    kept: e.getAttribute("width") / e.getAttribute("height"),
    shape: e.naturalWidth / e.naturalHeight,
    times: e.clientWidth ? e.naturalWidth / e.clientWidth : 0,
  }));
}"""


@dataclass
class Load:
    """What was seen while a page was opened for the first time."""

    errors: list[str]
    said: list[str]
    sizes: list[tuple[str, str, int]]
    """Of each request: address, kind, and bytes over the wire."""
    theme: str
    pictures: list[dict[str, Any]]


@pytest.fixture(scope="module")
def load(browser, site_url):
    """Return a function that opens a page once, in a browser that has nothing stored."""

    @functools.cache
    def open_once(page_name, scheme):
        context = browser.new_context(color_scheme=scheme, viewport=WINDOW)
        page = context.new_page()
        errors, said, asked = PageErrors(), [], []
        errors.watch(page)
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("request", lambda request: asked.append(request))
        page.goto(f"{site_url}/{page_name}.html", wait_until="networkidle")
        # A browser fetches the site's icon when it likes.
        icons = page.locator("link[rel~=icon]").evaluate_all("all => all.map((link) => link.href)")
        asked = [request for request in asked if request.url not in icons]
        sizes = [(r.url, r.resource_type, r.sizes()["responseBodySize"]) for r in asked]
        theme = page.locator("html").get_attribute("data-theme")
        seen = Load(errors.all(), said, sizes, theme, page.evaluate(PICTURES))
        context.close()
        return seen

    return open_once


@pytest.mark.parametrize(
    ("page_name", "scheme"),
    [*((name, "light") for name in PAGES), ("index", "dark"), (PAGES[1], "dark")],
)
def test_no_page_leaves_the_site_or_says_a_word(load, site_url, page_name, scheme):
    seen = load(page_name, scheme)
    assert seen.theme == scheme
    assert seen.errors + seen.said == []
    assert f"{site_url}/{page_name}.html" in [url for url, _, _ in seen.sizes]  # the ear was open


@pytest.mark.parametrize("page_name", PAGES)
def test_the_first_load_is_small(load, page_name):
    sizes = load(page_name, "light").sizes
    assert len(sizes) <= REQUESTS, sizes
    assert sum(size for _, kind, size in sizes if kind != "image") <= 1000 * KILOBYTES, sizes


def test_pictures_come_late_keep_their_place_and_are_no_larger_than_shown(load):
    faults, found = [], 0
    for page_name in PAGES:
        for picture in load(page_name, "light").pictures:
            found += 1
            if picture["top"] >= WINDOW["height"] and not picture["lazy"]:
                faults.append(f"{picture['file']}: not lazy")
            if not picture["kept"] or abs(picture["kept"] / picture["shape"] - 1) > 0.02:
                faults.append(f"{picture['file']}: no width and height that keep its place")
            if not picture["file"].endswith(".svg") and picture["times"] > 2.2:
                faults.append(f"{picture['file']}: {picture['times']:.1f} times as wide as shown")
    assert not faults, "\n".join(faults)
    assert found >= 6

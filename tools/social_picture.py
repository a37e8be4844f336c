"""Draw the picture that a link to the book shows in a messenger, and the icon of a phone's screen.

    python tools/social_picture.py    writes social.png and touch-icon.png in chapters/_static

The picture is the graph of the front page with the book's title, the icon is favicon.svg. Both are
drawn by a Chromium and committed, because building the book needs no browser. Messengers show the
picture as small as a stamp: few words, large.
"""

from pathlib import Path

import chromium
from playwright.sync_api import Browser, sync_playwright

from nnlib.graph import Graph, Variable
from nnlib.live.assets import style

STATIC = Path(__file__).resolve().parents[1] / "chapters/_static"
SIZE = 1200, 630
ICON_SIZE = 180

PICTURE = """<!DOCTYPE html>
<html lang="en" data-theme="light"><meta charset="utf-8">
<style>{style}</style>
<style>
  :root {{ --pst-color-text-base: #222832; --pst-color-background: #fff; }}
  body {{ display: grid; grid-template-rows: auto 1fr; box-sizing: border-box; width: 1200px;
    height: 630px; margin: 0; padding: 52px 64px 40px; border-bottom: 14px solid #0b62a4;
    font-family: "Liberation Sans", Arial, sans-serif; color: #222832; background: #fff; }}
  header {{ display: grid; grid-template-columns: auto 1fr; column-gap: 30px;
    align-items: center; }}
  header svg {{ width: 116px; }}
  h1 {{ margin: 0; font-size: 76px; line-height: 1; letter-spacing: -.02em; }}
  p {{ margin: 10px 0 0; font-size: 34px; color: #48566b; }}
  .nn-live {{ display: grid; align-items: center; margin: 0; border: 0; background: none; }}
  .nn-stage svg {{ width: 1072px; max-width: none; font-family: inherit; }}
</style>
<header>{icon}
<div><h1>Backprop, Live</h1><p>An interactive textbook on backpropagation</p></div></header>
<div class="nn-live nn-graph"><div class="nn-stage">{graph}</div></div>
"""
ICON = """<!DOCTYPE html>
<style>body {{ margin: 0; background: #0b62a4; }} svg {{ display: block; }}</style>
{icon}
"""


def graph() -> str:
    """Return the graph of the front page as SVG."""
    apple, number, tax = Variable(100, "apple"), Variable(2, "number"), Variable(1.1, "tax")
    total = apple * number * tax
    total.name = "total"
    return Graph(total).svg()


def draw(browser: Browser, html: str, size: tuple[int, int], file: Path) -> None:
    """Store a picture of a page."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_content(html)
    page.screenshot(path=file)
    page.close()
    print(f"{file}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    icon = (STATIC / "favicon.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.ensure(), **chromium.launch_options()
        )
        picture = PICTURE.format(style=style(), icon=icon, graph=graph())
        draw(launched, picture, SIZE, STATIC / "social.png")
        draw(launched, ICON.format(icon=icon), (ICON_SIZE,) * 2, STATIC / "touch-icon.png")
        launched.close()

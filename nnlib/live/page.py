"""A page that holds one live figure, for slides and a full screen: of the website, or a file."""

from __future__ import annotations

import re
from html import escape

from nnlib.live.assets import script, source, style
from nnlib.words import LANGUAGE, say

BESIDE = 1.8  # width by height: a picture below that leaves room for the sliders beside it

_PICTURE = re.compile(r'<div class="nn-stage"><svg [^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"')
_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")


def page_script() -> str:
    """Return the script of the page, which runs before anything is painted.

    Examples
    --------
    >>> "requestFullscreen" in page_script()
    True
    """
    return source("script/page.js")


def page_style() -> str:
    """Return the style sheet of the page.

    Examples
    --------
    >>> ".nn-live" in page_style()
    True
    """
    return source("style/page.css")


def first_sentence(text: str) -> str:
    """Return the first sentence of a text without its full stop.

    Examples
    --------
    >>> first_sentence("Two apples. Move the sliders.")
    'Two apples'
    """
    return _END_OF_SENTENCE.split(" ".join(text.split()), maxsplit=1)[0].removesuffix(".")


def page(
    figure: str, *, title: str, description: str, head: str, back: str = "", lang: str = LANGUAGE
) -> str:
    """Return the page of a figure as HTML.

    Parameters
    ----------
    figure : str
        The figure's HTML.
    title, description : str
        Of the page, as text.
    head : str
        HTML that brings the script and the style of figures, and those of this module.
    back : str, default ""
        HTML at the foot of the page: where the figure is from.
    lang : str, optional
        The language of the page. Default: that of the figures.

    Examples
    --------
    >>> html = page("<figure></figure>", title="2 < 3", description="", head="")
    >>> "<title>2 &lt; 3</title>" in html
    True
    """
    picture = _PICTURE.search(figure)
    beside = picture is not None and float(picture[1]) < BESIDE * float(picture[2])
    return f"""<!DOCTYPE html>
<html lang="{escape(lang)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<meta name="description" content="{escape(description)}">
{head}
</head>
<body{' class="nn-picture-beside"' if beside else ""}>
<main>
<h1>{escape(title)}</h1>
{figure}
</main>
<footer>{back}<button type="button" hidden>{say("still.page.full")}</button></footer>
</body>
</html>
"""


def file(figure: str, *, title: str, description: str) -> str:
    """Return the page of a figure with script and style inside it.

    Examples
    --------
    >>> html = file("<figure></figure>", title="A product", description="")
    >>> " src=" in html, "<link" in html
    (False, False)
    """
    head = (
        f"<style>\n{style()}{page_style()}</style>\n"
        f"<script>\n{page_script()}</script>\n<script>\n{script()}</script>"
    )
    return page(figure, title=title, description=description, head=head)

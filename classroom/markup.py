"""Students' text as HTML in which nothing can happen.

Markdown is rendered without raw HTML, and code in colours. Then a whitelist lets through a few
elements and attributes, links to the web, and PNG pictures that were looked at. It does so once
more with the whole page, whatever that is made of.
"""

import html
from functools import lru_cache
from typing import Any

import bleach
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from classroom import outputs

LONGEST = 10_000  # characters that are rendered; a longer text is shown as it is

TAGS = frozenset(
    [
        *["a", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3"],
        *["h4", "h5", "h6", "header", "hr", "img", "li", "main", "ol", "p", "pre", "section"],
        *["span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"],
    ]
)
ATTRIBUTES = frozenset({"class", "id", "scope", "alt", "rel"})
PNG = "data:image/png;base64,"


class Harmless(IPythonRenderer):
    """Renders Markdown without raw HTML, without pictures from elsewhere, and without scripts."""

    def __init__(self) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)

    def heading(self, text: str, level: int, **about: Any) -> str:
        """Put a heading of a notebook below those of the page that it stands in."""
        return super().heading(text, min(level + 2, 6), **about)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Tell the address of a picture, which would be fetched from elsewhere."""
        return f"[picture: {text} {html.escape(url[:200])}]"

    def block_mermaidjs(self, code: str) -> str:
        """Show a diagram as code; nbconvert would put it into the page as it is."""
        return f"<pre><code>{html.escape(code)}</code></pre>"

    def block_math(self, body: str) -> str:
        return f"<p><code>{html.escape(body.strip())}</code></p>"

    def inline_math(self, body: str) -> str:
        return f"<code>{html.escape(body.strip())}</code>"

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")


def markdown_html(source: str) -> str:
    r"""Return Markdown as HTML, and what is too long or cannot be read as plain text.

    Examples
    --------
    >>> markdown_html("*x* <b>y</b>")
    '<p><em>x</em> &lt;b&gt;y&lt;/b&gt;</p>\n'
    """
    if len(source) <= LONGEST:
        try:
            return MarkdownWithMath(renderer=Harmless()).render(source)
        except Exception:  # such as nesting that is too deep; the parser is not ours
            pass
    return f"<pre>{html.escape(source)}</pre>"


def code_html(source: str) -> str:
    """Return Python in colours."""
    if len(source) > LONGEST:
        return f"<pre>{html.escape(source)}</pre>"
    return f"<pre>{highlight(source, PythonLexer(), HtmlFormatter(nowrap=True))}</pre>"


def clean(page: str) -> str:
    """Return what is harmless of some HTML; the text of everything else stays.

    Examples
    --------
    >>> clean('<p onclick="x()">a <a href="javascript:x()">b</a><svg/onload=x()> <img src=x></p>')
    '<p>a <a>b</a> <img></p>'
    """
    return str(_cleaner().clean(page))


@lru_cache(maxsize=1)
def _cleaner() -> bleach.Cleaner:
    return bleach.Cleaner(
        tags=TAGS,
        attributes=_allowed,
        protocols=["http", "https", "mailto", "data"],
        strip=True,
        strip_comments=True,
    )


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "a" and name == "href":
        return value.startswith(("#", "http://", "https://", "mailto:"))
    if tag == "img" and name == "src":
        return value.startswith(PNG) and bool(outputs.png(value[len(PNG) :]))
    return name in ATTRIBUTES

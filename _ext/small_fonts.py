"""Fonts with the characters that the pages show, and no others.

Of Font Awesome's 1,400 icons the book shows about 20, and of the mathematical alphabets it uses a
few letters: together 21 kB instead of 218 kB. ``one_style_sheet`` asks for this when the style
sheet is known, in which the icons stand; the formulas' characters are in the pages.
"""

import hashlib
import io
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import lxml.html
import tinycss2
from fontTools import subset
from tinycss2.ast import Declaration, Node

FORMULAS = "Backprop Math"
FOLDER = "fonts"

# A browser shows the letter of an mi as one of these.
ITALIC = ["\N{PLANCK CONSTANT}"] + [
    c for c in map(chr, range(0x1D400, 0x1D800)) if "MATHEMATICAL ITALIC" in unicodedata.name(c, "")
]


def icons(tokens: Iterable[Node]) -> set[int]:
    """Return the characters for private use, as icons are, in the strings of a style sheet."""
    found: set[int] = set()
    for token in tokens:
        if token.type == "string":
            found.update(ord(c) for c in token.value if unicodedata.category(c) == "Co")
        for inside in ("prelude", "content", "arguments"):
            found |= icons(getattr(token, inside, None) or [])
    return found


def letters(pages: Iterable[lxml.html.HtmlElement]) -> set[int]:
    """Return the characters of all formulas as a browser shows them."""
    found = {*" √"}  # msqrt and mroot draw the sign
    slanted: set[str] = set()
    for page in pages:
        for formula in page.iter("math"):
            found.update(formula.text_content())
            names = ((name.text or "").strip() for name in formula.iter("mi"))
            slanted.update(unicodedata.normalize("NFKC", name) for name in names if len(name) == 1)
    found.update(c for c in ITALIC if unicodedata.normalize("NFKC", c) in slanted)
    return set(map(ord, found))


def small(font: Path, characters: set[int]) -> bytes | None:
    """Return a font with some of its characters as woff2, None if it has none of them."""
    options = subset.Options(
        flavor="woff2", layout_features=[], hinting=False, desubroutinize=True,
        notdef_outline=False, name_IDs=["*"], drop_tables=["FFTM", "GPOS", "GSUB"],
    )  # fmt: skip
    loaded = subset.load_font(str(font), options)
    if not characters & {*loaded.getBestCmap()}:
        return None
    worker = subset.Subsetter(options)
    worker.populate(unicodes=characters)
    worker.subset(loaded)
    file = io.BytesIO()
    subset.save_font(loaded, file, options)
    return file.getvalue()


def plain(value: str) -> str:
    """Return a value without quotation marks and what escapes spaces: a name has many forms."""
    return value.translate({ord(c): None for c in "\\\"'"}).strip()


def family(said: Declaration) -> str:
    """Return the name of a font."""
    return plain(tinycss2.serialize(said.value))


def with_small_fonts(text: str, static: Path, pages: Iterable[lxml.html.HtmlElement]) -> str:
    """Return a style sheet whose fonts are small ones; they are written beside it."""
    sheet = tinycss2.parse_stylesheet(text)
    of_icons, of_formulas = icons(sheet), letters(pages)
    kept = []
    for rule in sheet:
        if getattr(rule, "lower_at_keyword", "") == "font-face":
            said = {
                part.name: part
                for part in tinycss2.parse_blocks_contents(rule.content)
                if part.type == "declaration"
            }
            source = static / next(t.value for t in addresses(said["src"].value))
            font = small(
                source, of_formulas if family(said["font-family"]) == FORMULAS else of_icons
            )
            if font is None:
                continue
            file = static / FOLDER / f"{source.stem}.small.woff2"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(font)
            version = hashlib.sha256(font).hexdigest()[:8]
            said.pop("src")
            rest = ";".join(part.serialize() for part in said.values())
            url = f"{FOLDER}/{file.name}?v={version}"
            kept.append(f'@font-face{{{rest};src:url({url}) format("woff2")}}')
        else:
            kept.append(rule.serialize())
    return "".join(kept)


def addresses(tokens: Iterable[Node]) -> Iterator[Node]:
    """Yield the addresses in a value."""
    for token in tokens:
        if token.type == "url":
            yield token
        elif token.type == "function" and token.lower_name == "url":
            yield from (t for t in token.arguments if t.type == "string")

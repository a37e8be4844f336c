"""One style sheet for the whole website, without the rules that no page can use.

The theme and the extensions bring a dozen style sheets, 99 kB compressed, and all of them have to
be there before anything is painted. Here each page asks for one instead, ``site.css``:

- It holds what the pages asked for, in the same order, so that the same rule wins.
- A rule of the theme or of an extension is kept if each class, id, element and attribute that its
  selector names occurs in some page or as a word in some script; what stands in brackets, as in
  ``:not(...)``, is not looked at. Then go variables, animations and fonts that nothing names any
  more. Rules of this book are always kept: whoever wrote one wants it.
- Fonts are reduced to the characters that pages show: ``small_fonts``.

What pages hold is known when the last one is written. Therefore a page is written with a link to
``site.css``, and the sheet is made at the end of a build from all pages there are, also those that
an incremental build has not touched.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import lxml.html
import rcssmin
import tinycss2
from built_pages import BUILDERS, STATIC, address, built_pages, publish
from figure_pages import FIGURE_PAGE
from live_figures import STYLE
from small_fonts import family, plain, with_small_fonts
from sphinx.application import Sphinx
from sphinx.util import logging
from tinycss2.ast import AtRule, Declaration, Node, QualifiedRule

logger = logging.getLogger(__name__)

NAME = "site.css"
WHOLE = "site-whole.css"  # before anything is taken out; a test compares what pages look like
GROUPS = ("container", "layer", "media", "supports")  # at-rules that hold rules

_WORD = re.compile(r"[A-Za-z_][\w-]*")
_VARIABLE = re.compile(r"--[\w-]+")
_NOTICE = re.compile(r"/\*!.*?\*/", re.DOTALL)  # of a licence


@dataclass
class Vocabulary:
    """What the selectors of a rule may name."""

    elements: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    attributes: dict[str, set[str]] = field(default_factory=dict)
    """The values of each attribute, whole and by words."""
    scripts: set[str] = field(default_factory=set)
    """Words of scripts, which may be the names of anything."""
    variables: set[str] = field(default_factory=set)
    """Those that pages and scripts name."""

    def add_page(self, page: lxml.html.HtmlElement) -> None:
        """Add what a page has, and the words of its own scripts."""
        for element in page.iter(lxml.html.etree.Element):
            self.elements.add(element.tag)
            self.classes.update(element.get("class", "").split())
            self.ids.add(element.get("id", ""))
            for name, value in element.attrib.items():
                self.attributes.setdefault(name, set()).update((value, *value.split()))
            self.variables.update(_VARIABLE.findall(element.get("style", "")))
            if element.tag == "script" and element.get("type") is None:
                self.add_script(element.text or "")

    def add_script(self, text: str) -> None:
        """Add the words of a script."""
        self.scripts.update(_WORD.findall(text))
        self.variables.update(_VARIABLE.findall(text))

    def allows(self, selector: list[Node]) -> bool:
        """Return whether all that a selector names outside of brackets is there."""
        before = ""
        for token in selector:
            if token.type == "ident" and before != ":":
                names = self.classes if before == "." else self.elements
                found = token.value in names or token.value.lower() in names
            elif token.type == "hash":
                found = token.value in self.ids
            elif token.type == "[] block":
                found = self._has_attribute(token.content)
            else:
                found = True
            if not found and getattr(token, "value", None) not in self.scripts:
                return False
            before = token.value if token.type == "literal" else ""
        return True

    def _has_attribute(self, tokens: list[Node]) -> bool:
        name, *rest = (token for token in tokens if token.type != "whitespace")
        values = self.attributes.get(name.lower_value, set()) | self.scripts
        if name.lower_value not in self.attributes and not self._set_by_script(name.lower_value):
            return False
        if len(rest) > 1 and rest[0] in ("=", "~="):
            return rest[1].value in values
        return True

    def _set_by_script(self, attribute: str) -> bool:
        return attribute in self.scripts or (
            attribute.startswith("data-")
            and _camel(attribute.removeprefix("data-")) in self.scripts
        )


def _camel(name: str) -> str:
    head, *rest = name.split("-")
    return head + "".join(map(str.capitalize, rest))


def rules(text: str) -> list[Node]:
    """Return the rules of a style sheet or of the inside of ``@media``."""
    found = tinycss2.parse_rule_list(text, skip_comments=True, skip_whitespace=True)
    for rule in found:
        if rule.type == "error":
            raise ValueError(f"{rule.message} in the style sheet {text[:60]!r}")
    return [rule for rule in found if getattr(rule, "lower_at_keyword", "") != "charset"]


def selectors(prelude: list[Node]) -> Iterator[list[Node]]:
    """Yield the selectors of a list that commas separate."""
    selector: list[Node] = []
    for token in prelude:
        if token == ",":
            yield selector
            selector = []
        else:
            selector.append(token)
    yield selector


def usable(text: str, vocabulary: Vocabulary) -> str:
    """Return the rules of a style sheet that the vocabulary allows."""
    kept = []
    for rule in rules(text):
        if isinstance(rule, QualifiedRule):
            allowed = [s for s in selectors(rule.prelude) if vocabulary.allows(s)]
            if allowed:
                prelude = ",".join(map(tinycss2.serialize, allowed))
                kept.append(f"{prelude}{{{tinycss2.serialize(rule.content)}}}")
        elif rule.lower_at_keyword in GROUPS and rule.content is not None:
            inside = usable(tinycss2.serialize(rule.content), vocabulary)
            if inside:
                head = f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}"
                kept.append(f"{head}{{{inside}}}")
        else:
            kept.append(rule.serialize())
    return "\n".join(kept)


def _declarations(content: list[Node]) -> list[Node]:
    return tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)


def used_names(text: str, start: Iterable[str]) -> tuple[set[str], str]:
    """Return the variables that a style sheet needs, and all values of what it declares.

    A variable is needed by a page, by a script, by the value of a property, or by the value of
    another variable that is needed.
    """
    needed, values = set(start), []
    needs: dict[str, set[str]] = {}

    def visit(nodes: Iterable[Node]) -> None:
        for node in nodes:
            if isinstance(node, Declaration):
                value = tinycss2.serialize(node.value)
                inside = set(_VARIABLE.findall(value))
                if node.name.startswith("--"):
                    needs.setdefault(node.name, set()).update(inside)
                    values.append(value)
                else:
                    needed.update(inside)
                    values.append(value)
            elif isinstance(node, QualifiedRule):
                visit(_declarations(node.content))
            elif isinstance(node, AtRule) and node.content is not None:
                if node.lower_at_keyword == "font-face":
                    continue
                if node.lower_at_keyword in (*GROUPS, "keyframes"):
                    visit(rules(tinycss2.serialize(node.content)))

    visit(rules(text))
    waiting = list(needed)
    while waiting:
        for name in needs.get(waiting.pop(), set()) - needed:
            needed.add(name)
            waiting.append(name)
    return needed, "\n".join(values)


def without_unused(text: str, needed: set[str], values: str) -> str:
    """Take out variables, animations, fonts and blocks that nothing needs."""
    kept = []
    for rule in rules(text):
        if isinstance(rule, QualifiedRule):
            parts = [
                part
                for part in _declarations(rule.content)
                if not (isinstance(part, Declaration) and part.name.startswith("--"))
                or part.name in needed
            ]
            if parts:
                inside = ";".join(part.serialize() for part in parts)
                kept.append(f"{tinycss2.serialize(rule.prelude)}{{{inside}}}")
        elif rule.lower_at_keyword in GROUPS and rule.content is not None:
            inside = without_unused(tinycss2.serialize(rule.content), needed, values)
            if inside:
                head = f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}"
                kept.append(f"{head}{{{inside}}}")
        elif rule.lower_at_keyword == "keyframes":
            if tinycss2.serialize(rule.prelude).strip() in values:
                kept.append(rule.serialize())
        elif rule.lower_at_keyword == "font-face":
            said = next(part for part in _declarations(rule.content) if part.name == "font-family")
            if family(said) in plain(values):
                kept.append(rule.serialize())
        else:
            kept.append(rule.serialize())
    return "\n".join(kept)


class OneStyleSheet:
    """The style sheet of one build."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, str]] = []
        """Path in the folder of static files, and medium, of each sheet that it is made of."""

    def one_link(
        self, app: Sphinx, pagename: str, page: lxml.html.HtmlElement, context: dict[str, Any]
    ) -> None:
        """Put one link in the place of all; a figure's own page has little and keeps it."""
        if app.builder.name not in BUILDERS or FIGURE_PAGE in context:
            return
        links = page.xpath("//head/link[@rel='stylesheet']")
        found = [(address(link), link.get("media", "all")) for link in links]
        parts = [(asked.partition(STATIC)[2], medium) for asked, medium in found]
        if self.parts and parts != self.parts:
            different = sorted({name for name, _ in {*parts} ^ {*self.parts}})
            logger.warning(
                "not every page has the style sheet %s: one sheet serves all pages",
                ", ".join(different), location=pagename, type="one_style_sheet",
            )  # fmt: skip
        self.parts = self.parts or parts
        for link in links[1:]:
            link.drop_tree()
        root = found[0][0].partition(STATIC)[0]
        links[0].attrib.clear()
        links[0].set("rel", "stylesheet")
        links[0].set("href", f"{root}{STATIC}{NAME}")

    def write(self, app: Sphinx, exception: Exception | None) -> None:
        """Make the style sheet when all pages and scripts are there."""
        if exception or not self.parts:
            return
        static = Path(app.outdir, STATIC)
        pages = [page for _, page in built_pages(app)]
        vocabulary = Vocabulary()
        for page in pages:
            vocabulary.add_page(page)
        asked = (address(script) for page in pages for script in page.iter("script"))
        for name in sorted({name.partition(STATIC)[2] for name in asked if STATIC in name}):
            vocabulary.add_script((static / name).read_text(encoding="utf-8"))
        ours = {path.name for path in Path(app.srcdir, "chapters", "_static").glob("*.css")}
        written = "".join((static / name).read_text("utf-8") for name, _ in self.parts)
        texts, small = [], []
        for name, medium in self.parts:
            text = whole(static, PurePosixPath(name))
            texts.append(in_medium(medium, text))
            ours_alone = name in {STYLE, *ours}
            small.append(in_medium(medium, text if ours_alone else usable(text, vocabulary)))
        Path(app.doctreedir, WHOLE).write_text("\n".join(texts), encoding="utf-8")
        text = "\n".join(small)
        text = without_unused(text, *used_names(text, vocabulary.variables))
        text = with_small_fonts(text, static, pages)
        notices = "\n".join(dict.fromkeys(_NOTICE.findall(written)))
        publish(app, NAME, f'@charset "utf-8";\n{notices}\n{rcssmin.cssmin(text)}\n')


def in_medium(medium: str, text: str) -> str:
    """Return rules for a medium."""
    return text if medium == "all" else f"@media {medium}{{{text}}}"


def whole(static: Path, name: PurePosixPath) -> str:
    """Return a style sheet with what it imports, and its addresses as seen from ``static``."""
    text = (static / name).read_text(encoding="utf-8")
    sheet = rules(text)
    imported = []
    for rule in sheet:
        if getattr(rule, "lower_at_keyword", "") == "import":
            address_token = next(t for t in rule.prelude if t.type in ("string", "url"))
            imported.append(whole(static, _joined(name, address_token.value)))
    rest = [rule for rule in sheet if getattr(rule, "lower_at_keyword", "") != "import"]
    for rule in rest:
        _move_addresses(rule.prelude, name)
        _move_addresses(rule.content or [], name)
    return "\n".join([*imported, *(rule.serialize() for rule in rest)])


def _joined(name: PurePosixPath, url: str) -> PurePosixPath:
    parts: list[str] = []
    for part in (name.parent / url).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return PurePosixPath(*parts)


def _move_addresses(tokens: Iterable[Node], name: PurePosixPath) -> None:
    for token in tokens:
        if token.type == "url":
            moved(token, name)
        elif token.type == "function" and token.lower_name == "url":
            for argument in token.arguments:
                if argument.type == "string":
                    moved(argument, name)
        for inside in ("content", "arguments"):
            _move_addresses(getattr(token, inside, None) or [], name)


def moved(token: Node, name: PurePosixPath) -> None:
    """Change a relative address in place."""
    url = token.value
    if urlsplit(url).scheme or url.startswith("#"):
        return
    token.value = str(_joined(name, url))
    token.representation = f"url({token.value})" if token.type == "url" else f'"{token.value}"'


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("finished_page")
    sheet = OneStyleSheet()
    app.connect("html-page-finished", sheet.one_link, priority=900)
    app.connect("build-finished", sheet.write, priority=800)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

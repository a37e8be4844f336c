"""Every term of the glossary is linked where a chapter first uses it, and every link has a card."""

import re
import subprocess
import sys

import pytest
from chapter import NAMES, Chapter
from conftest import ROOT
from glossary_links import BY_HAND
from lxml import html

APART = """.//h1 | .//h2 | .//h3 | .//h4 | .//table | .//figure | .//summary | .//strong
  | .//code | .//pre | .//math | .//a[not(contains(@href, '#term-'))]
  | .//div[contains(@class, 'cell_output')] | .//div[@role='tooltip']
  | .//p[contains(@class, 'admonition-title')]"""


def article(site, page):
    return html.parse(str(site / f"chapters/{page}.html")).find(".//article")


@pytest.fixture(scope="module")
def glossary(site):
    """The ids of the terms in the built glossary, by term."""
    terms = article(site, "glossary").xpath(".//dl[contains(@class, 'glossary')]/dt")
    return {term.text.strip(): term.get("id") for term in terms}


def running_text(page, names):
    """The words and marks of a page, each with the term that it is linked to, open text first.

    Where something stands that is no running text there is an empty word.
    """
    apart = set(page.xpath(APART))

    def walk(element, counts, folded, term):
        if counts is not False:
            counts = False if element in apart else counts or element.tag == "p" or None
        folded = (
            folded or element.tag == "details" or "dropdown" in element.get("class", "").split()
        )
        term = names.get((element.get("href") or "").partition("#")[2], term)
        yield folded, "", term
        for child in [None, *element]:
            if child is not None and isinstance(child.tag, str):
                yield from walk(child, counts, folded, term)
            text = element.text if child is None else child.tail
            for word in re.findall(r"[\w-]+|[^\w\s]", text or "") if counts else ():
                yield folded, word.lower(), term
        yield folded, "", None

    found = sorted(walk(page, None, False, None), key=lambda word: word[0])
    return [word for _, word, _ in found], [term for *_, term in found]


def singulars(word):
    return {word, word.removesuffix("s"), word.removesuffix("es"), re.sub("ies$", "y", word)}


def use_at(words, place, terms):
    """The longest term that begins at a place of the text."""
    for term in sorted(terms, key=len, reverse=True):
        *first, last = term.lower().split()
        here = words[place : place + len(first) + 1]
        if here[:-1] == first and len(here) > len(first) and last in singulars(here[-1]):
            return term
    return None


@pytest.mark.parametrize("name", NAMES)
def test_each_term_is_linked_where_a_chapter_first_uses_it_and_has_a_card(site, glossary, name):
    page = article(site, name)
    links = page.xpath(".//a[contains(@href, 'glossary.html#term-')]")
    linked_to = [link.get("href").partition("#")[2] for link in links]
    assert set(linked_to) <= set(glossary.values())
    assert BY_HAND.keys() <= glossary.keys()
    cards = {card.get("id"): card for card in page.iterfind(".//div[@role='tooltip']")}
    assert set(cards) == {f"card-{at}" for at in linked_to}
    names = {at: term for term, at in glossary.items()}
    for at in set(linked_to):
        words = " ".join(cards[f"card-{at}"].text_content().split())
        assert words.startswith(f"{names[at]} ")
        assert not cards[f"card-{at}"].findall(".//a")  # a tooltip holds nothing to operate

    # No link but by hand, and for each term at most one more.
    roles = re.findall(r"\{term\}`(?:[^`<]*<)?([^`>]+)>?`", Chapter(name).text)
    written = [role.lower() for role in roles]
    for term, at in glossary.items():
        more = linked_to.count(at) - written.count(term.lower())
        assert 0 <= more <= (term not in BY_HAND), term

    words, link = running_text(page, names)
    uses, place = 0, 0
    while place < len(words):
        term = use_at(words, place, glossary)
        if term and term not in BY_HAND:
            uses += 1
            around = " ".join(words[max(0, place - 8) : place + 8])
            assert term in link[: place + 1], f"{term} is not linked in: {around}"
        place += len(term.split()) if term else 1
    assert uses > 50


SMALL = {
    "conf.py": """
import sys
sys.path.insert(0, {extensions!r})
extensions = ["myst_parser", "sphinx_design", "glossary_links"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
html_theme = "basic"
""",
    "index.md": """
# A book

A graph.

```{toctree}
one
two
words
```
""",
    "words.md": """
# Words

```{glossary}
graph
  A {term}`node` or more.

node
  A dot.

upstream node
  What is above.

class
  One of the answers.
```
""",
    "one.md": """
# The node in a heading

| a node | in a table |
|---|---|
| node | node |

:::{dropdown} A title with node
The node that is folded.
:::

A `node`, a [node](https://example.org), an **upstream node**: a class of its own, a sub-node.
Nothing yet. *Nodes* come first; a node is later. Upstream
nodes are longer, a **{term}`graph`** is by hand, and graphs are not linked again.
""",
    "two.md": """
# Two

:::{dropdown} A title
The graph, only here.
:::
""",
}


def built(folder, builder="html"):
    out = folder / builder
    run = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", builder, folder, out],
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    return lambda page: html.parse(str(out / f"{page}.html")).getroot()


def links(page):
    found = page.xpath("//a[contains(@href, '#term-')][not(contains(@class, 'headerlink'))]")
    return [(" ".join(a.text_content().split()), a.get("href").partition("-")[2]) for a in found]


def test_what_counts_as_a_first_use(tmp_path):
    for name, text in SMALL.items():
        text = text.replace("{extensions!r}", repr(str(ROOT / "_ext")))
        (tmp_path / name).write_text(text.lstrip(), encoding="utf-8")
    page = built(tmp_path)
    first = [("Nodes", "node"), ("Upstream nodes", "upstream-node"), ("graph", "graph")]
    assert links(page("one")) == first
    assert links(page("two")) == [("graph", "graph")]
    assert links(page("index")) == [("graph", "graph")]
    assert links(page("words")) == [("node", "node")]
    says = [" ".join(dd.text_content().split()) for dd in page("words").iterfind(".//dd")]
    assert says[0] == "A node or more. Introduced in The node in a heading."
    assert says[1] == "A dot."

    # Another definition, another introduction: pages that are not read again are up to date.
    words = tmp_path / "words.md"
    words.write_text(words.read_text().replace("A dot.", "A circle, or a square."))
    (tmp_path / "two.md").write_text("# Two\n\nA **{term}`node`**, and an edge.\n")
    page = built(tmp_path)
    card = page("one").find(".//div[@id='card-term-node']")
    assert "A circle, or a square." in card.text_content()
    assert "Introduced in Two." in page("words").find(".//dl").text_content()
    before = (tmp_path / "html/one.html").read_bytes()
    words.write_text(words.read_text().replace("class\n", "edge\n"))
    assert links(built(tmp_path)("two")) == [("node", "node"), ("edge", "edge")]
    assert (tmp_path / "html/one.html").read_bytes() == before
    assert ("Nodes", "node") in links(built(tmp_path, "singlehtml")("index"))

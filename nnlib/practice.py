"""Problems without end: small computational graphs to work through by hand, each from a seed.

A seed always makes the same problem, here and in a `PracticeFigure` in the browser. Every number
in it is exact in three digits, and no common mistake gives a right answer by chance.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from nnlib.formatting import format_number
from nnlib.graph import Graph
from nnlib.picture import graph_svg
from nnlib.practice_rules import KINDS, NUMBERS, Kind, good, mulberry32, templates_for
from nnlib.variable import Variable
from nnlib.words import LANGUAGE, say

__all__ = ["problem", "sheet"]

SEEDS = 2**32
INPUTS, INNER, OUTPUT = "xyzw", "abcd", "L"  # names of variables
SVG = "http://www.w3.org/2000/svg"


def problem(seed: int, nodes: Iterable[str] = ("add", "multiply")) -> Graph:
    """Return the problem of a seed: a graph of two to four inputs and two to five nodes.

    Consecutive seeds go through the kinds of graphs from the simplest to the hardest and begin
    again, so that neighbours are never alike. Every value, derivative and local derivative is
    exact in at most three digits and at most 200 in size. A derivative is 0 only where the gradient
    cannot pass a ReLU that is off, and no more than one is.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1, such as a student's number.
    nodes : iterable of str
        The nodes that a problem may have, of "add", "multiply", "square", "relu" and "reciprocal";
        one of the first two must be among them. Their order does not matter.

    Returns
    -------
    Graph
        The inputs are called x, y, z and w, what is computed a, b, c and d, the output L.

    Raises
    ------
    TypeError
        If `seed` is not a whole number, or `nodes` is not several strings.
    ValueError
        If `seed` is out of range, or `nodes` has an unknown name or no node of two inputs.

    References
    ----------
    Ettinger, "Mulberry32" (2017), a random number generator in the public domain,
    https://gist.github.com/tommyettinger/46a874533244883189143505d203312c.

    Examples
    --------
    >>> problem(2026)
    Graph of L
       value  dL/d…
    x      8      1
    y      9      1
    z     −4    1.5
    w    1.5     −4
    a     −6      1
    b      3      1
    L     11      1
    >>> problem(7, nodes=["multiply", "relu"]).values
    {'x': -5.0, 'y': 0.5, 'a': -2.5, 'z': 3.0, 'b': 1.5, 'L': -3.75}
    """
    variables = _drawn(checked_seed(seed), list(checked_nodes(nodes).values()))
    *inner, output = [variable for variable in variables if variable.node is not None]
    for variable, name in zip(inner, INNER, strict=False):
        variable.name = name
    output.name = OUTPUT
    return Graph(output)


def _drawn(seed: int, kinds: list[Kind]) -> list[Variable]:
    """Return the variables of a seed's problem: random ones, as often as needed for good ones."""
    templates = templates_for(kinds)
    inputs, places = templates[seed % len(templates)]
    random = mulberry32(seed)

    def pick(options: Sequence[Any]) -> Any:
        return options[next(random) % len(options)]

    fitting = {n: [kind for kind in kinds if kind.inputs == n] for n in (1, 2)}
    passing = all(kind.passes for sources in places for kind in fitting[len(sources)])
    while True:
        chosen = [pick(fitting[len(sources)]) for sources in places]
        if all(kind.passes for kind in chosen) and not passing:
            continue  # all derivatives would be 1
        variables = [Variable(pick(NUMBERS), name) for name in INPUTS[:inputs]]
        try:
            for kind, sources in zip(chosen, places, strict=True):
                variables.append(kind.apply(*[variables[i] for i in sources]))
        except ValueError:  # 1 / 0
            continue
        variables[-1].backward()
        if good(variables):
            return variables


def checked_seed(seed: Any) -> int:
    """Return a seed as an int, or say what is wrong with it."""
    number = _whole(seed)
    if number is None:
        text = isinstance(seed, str) and seed.isdecimal()
        whole = text or (isinstance(seed, float) and seed.is_integer())
        advice = f"write int({seed!r})" if whole else "give one such as 2026"
        raise TypeError(f"practice: the seed must be a whole number, got {seed!r}; {advice}")
    if not 0 <= number < SEEDS:
        advice = "leave out the minus sign" if number < 0 else "take its last nine digits"
        raise ValueError(
            f"practice: the seed must be from 0 to {SEEDS - 1}, got {number}; {advice}"
        )
    return number


def _whole(number: Any) -> int | None:
    """Return a whole number of any kind as an int, and None for all else, True and False too."""
    try:
        return None if isinstance(number, bool) else operator.index(number)
    except TypeError:
        return None


def checked_nodes(nodes: Iterable[str]) -> dict[str, Kind]:
    """Return the kinds of nodes with these names, or say what is wrong with them."""
    if isinstance(nodes, str):
        raise TypeError(f"practice: nodes must be several names, got {nodes!r}; write [{nodes!r}]")
    if not isinstance(nodes, Iterable):
        raise TypeError(
            f"practice: nodes must be several names, got {nodes!r}; write ['add', 'multiply']"
        )
    names = list(nodes)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(
                f"practice: each of nodes must be a name, got {name!r}; write them "
                "side by side, as in ['add', 'multiply']"
            )
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        raise ValueError(f"practice: there is no node {unknown[0]!r}; there are {', '.join(KINDS)}")
    if not {"add", "multiply"} & set(names):
        raise ValueError(
            f"practice: one of the nodes must be 'add' or 'multiply', got {names!r}; "
            "nodes of one input alone make no graph"
        )
    return {name: kind for name, kind in KINDS.items() if name in names}


def formulas(graph: Graph) -> list[str]:
    """Return what each node of a problem computes.

    Examples
    --------
    >>> formulas(problem(0))
    ['a = x × y', 'L = a × z']
    """
    written = {type(kind.layer): kind.formula for kind in KINDS.values()}
    return [
        f"{name} = {written[type(v.node)].format(*[source.name for source in v.inputs])}"
        for name, v in graph.variables.items()
        if v.node is not None
    ]


def question(graph: Graph) -> str:
    """Return a problem in words: the values of its inputs, and its formulas.

    Examples
    --------
    >>> question(problem(0))
    'x = −4, y = −1.5, z = 10, a = x × y, L = a × z'
    """
    given = [f"{name} = {format_number(graph.values[name])}" for name in graph.inputs]
    return ", ".join(given + formulas(graph))


def worksheet_svg(graph: Graph) -> str:
    """Return the picture of a problem, with an empty box for each number that is asked for.

    Given are the values of the inputs, and the derivative of the output, 1.

    Examples
    --------
    >>> worksheet_svg(problem(0)).count("data-exact")
    4
    """
    ElementTree.register_namespace("", SVG)
    picture = ElementTree.fromstring(graph_svg(graph))
    for element in picture.iter():
        value, slope = element.get("data-value-of"), element.get("data-gradient-of")
        if value not in (None, *graph.inputs) or slope not in (None, OUTPUT):
            element.text = ""
            del element.attrib["data-exact"]
        elif element.get("data-slot-of") not in (None, *graph.inputs):
            element.attrib |= {"fill": "Canvas", "stroke": "currentColor"}
        elif element.get("class") == "nn-derivative":
            _make_room(element)
        elif element.get("data-parts-of"):
            element.text = ""
        elif element.tag == f"{{{SVG}}}desc":
            element.text = question(graph)
    return ElementTree.tostring(picture, encoding="unicode")


def _make_room(derivative: ElementTree.Element) -> None:
    """Draw the box of a derivative, with the arrow at its left end, out of the way of a number."""
    box, text = derivative
    text.attrib |= {"x": f"{float(box.attrib['x']) + 9:g}", "text-anchor": "start"}
    if box.get("data-pill-of") != OUTPUT:
        box.attrib |= {"fill": "Canvas", "stroke": derivative.attrib["fill"]}


STYLE = """
.nn-problem { display: inline-block; max-width: 100%; margin: 0 1.5em 1.5em 0; }
.nn-problem p, .nn-key > p { margin: 0; font-weight: bold; }
.nn-problem svg { max-width: 100%; height: auto; }
.nn-key div { columns: 10em; }
.nn-key table { break-inside: avoid; width: auto; margin: 0 0 1em; border-collapse: collapse; }
.nn-key table { font-size: .85em; }
.nn-key caption { caption-side: top; padding: 0; font-weight: bold; white-space: nowrap; }
.nn-key th, .nn-key td { padding: .05em .5em; text-align: right; }
@media print { .nn-sheet { zoom: 0.9; } .nn-key { break-before: page; } }
"""


@dataclass(frozen=True)
class Sheet:
    """Problems to print, with a key: what `sheet` returns.

    Attributes
    ----------
    problems : list of (int, Graph)
        Each with its seed.
    """

    problems: list[tuple[int, Graph]]

    def __repr__(self) -> str:
        asked = [f"{title}: {question(graph)}" for title, graph in self._titled()]
        key = [f"\n{title}\n{graph}" for title, graph in self._titled()]
        return "\n".join([*asked, "", say("still.practice.key"), *key])

    def _repr_html_(self) -> str:
        pictures = "".join(
            f'<div class="nn-problem"><p>{escape(title)}</p>{worksheet_svg(graph)}</div>\n'
            for title, graph in self._titled()
        )
        key = "".join(_key(title, graph) for title, graph in self._titled())
        return (
            f'<div class="nn-sheet"><style>{STYLE}</style>'
            f"<p>{escape(say('still.practice.task', y=OUTPUT))}</p>\n{pictures}"
            f'<div class="nn-key"><p>{escape(say("still.practice.key"))}</p><div>{key}</div></div>'
            "</div>"
        )

    def save(self, file: str | Path) -> None:
        """Write the sheet as a page of its own, to open in a browser and print.

        Parameters
        ----------
        file : str or Path
            Its name should end with ".html".
        """
        page = (
            f'<!DOCTYPE html>\n<html lang="{LANGUAGE}">\n<meta charset="utf-8">\n'
            f"<title>{escape(say('still.practice.title'))}</title>\n"
            "<style>body { font: 15px/1.4 system-ui, sans-serif; } "
            "@page { margin: 12mm; }</style>\n"
            f"{self._repr_html_()}\n"
        )
        Path(file).write_text(page, encoding="utf-8")

    def _titled(self) -> list[tuple[str, Graph]]:
        return [
            (say("still.practice.problem", number=number, seed=seed), graph)
            for number, (seed, graph) in enumerate(self.problems, 1)
        ]


def sheet(seeds: Iterable[int], nodes: Iterable[str] = ("add", "multiply")) -> Sheet:
    """Return the problems of several seeds to print, with a key on a page of its own.

    Parameters
    ----------
    seeds : iterable of int
        As for `problem`: `range(20)`, or the numbers of a class.
    nodes : iterable of str
        As for `problem`.

    Returns
    -------
    Sheet
        In a notebook it shows itself as pictures with empty boxes, and the key; its text has the
        problems as formulas. `save(file)` writes it as a page to print.

    Raises
    ------
    TypeError, ValueError
        As `problem`; also if `seeds` is one number, or there is no seed.

    Examples
    --------
    >>> sheet([0])
    Problem 1 (seed 0): x = −4, y = −1.5, z = 10, a = x × y, L = a × z
    <BLANKLINE>
    Key
    <BLANKLINE>
    Problem 1 (seed 0)
       value  dL/d…
    x     −4    −15
    y   −1.5    −40
    a      6     10
    z     10      6
    L     60      1
    """
    nodes = checked_nodes(nodes)
    if isinstance(seeds, str) or not isinstance(seeds, Iterable):
        number = _whole(seeds)
        few = number if number is not None and 0 < number <= 100 else 20
        one = 2026 if number is None else number
        raise TypeError(
            f"sheet: seeds must be several whole numbers, got {seeds!r}; write [{one}] or "
            f"range({few}): the problem of one seed, or the first {few}"
        )
    problems = [(checked_seed(seed), problem(seed, nodes)) for seed in seeds]
    if not problems:
        raise ValueError("sheet: there is no seed; give at least one, such as range(20)")
    return Sheet(problems)


def _key(title: str, graph: Graph) -> str:
    rows = "".join(
        f'<tr><th scope="row">{name}</th><td>{format_number(value)}</td>'
        f"<td>{format_number(graph.gradients[name])}</td></tr>"
        for name, value in graph.values.items()
    )
    return (
        f'<table><caption>{escape(title)}</caption><tr><td></td><th scope="col">'
        f'{escape(say("still.valueHead"))}</th><th scope="col">∂{OUTPUT}/∂…</th></tr>{rows}</table>'
    )

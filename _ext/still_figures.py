"""Still pictures of live figures, for a book that runs no script.

A live figure's HTML holds its picture with all numbers, whether or not a script runs. What is left
of it here is what says something on paper: the picture, its key, what it tells, the numbers as a
table, the caption. Sliders become a line with the numbers at which the picture was taken; where the
picture shows a slider's number already, that line would repeat it. Derivatives that a reader of the
website is to predict are filled in, from the table.
"""

import lxml.html
from lxml.html import HtmlElement
from lxml.html import builder as E

_CONTROLS = "script", "template", "button", "input"


def positions(figure: HtmlElement) -> list[str]:
    """Return where the sliders stand whose numbers are not in the picture: "x = 2, dy/dx = 4"."""
    if figure.get("data-kind") == "matrix":
        return []  # a slider for each entry, which stands in its array
    shown = set(figure.xpath(".//*[@class='nn-stage']//@data-value-of"))
    found = []
    for row in figure.xpath(".//*[@class='nn-row']"):
        number = row.find("output")
        if number is not None and number.get("data-value-of") not in shown:
            slope = row.xpath("./*[@class='nn-slope']")
            text = f"{row.find('label/span').text_content()} = {number.text_content()}"
            found.append(", ".join([text, *(part.text_content() for part in slope)]))
    return found


def hidden_numbers(figure: HtmlElement) -> list[HtmlElement]:
    """Return where the picture has a question mark in place of a derivative."""
    return [number for number in figure.xpath(".//svg//tspan") if number.text == "?"]


def fill_in(figure: HtmlElement) -> None:
    """Put the derivatives of the table into the picture and into its description."""
    hidden = hidden_numbers(figure)
    if not hidden:
        return
    table = figure.xpath(".//table[contains(@class, 'nn-table')]")[0]
    cells = {cell.get("data-gradient-of"): cell.text_content() for cell in table.iter("td")}
    for number in hidden:
        index = number.get("data-index")
        number.text = cells[number.get("data-gradient-of") + (f"[{index}]" if index else "")]
    heading = table.xpath("./thead//th")[-1].text_content()
    derived = [
        f"{heading.replace('…', row[0].text_content())} = {row[-1].text_content()}"
        for row in table.xpath("./tbody/tr")
    ]
    described = figure.xpath(".//svg/desc")[0]
    described.text = f"{described.text} {', '.join(derived)}."


def still(figure: HtmlElement) -> None:
    """Make a still picture of a live figure, in place."""
    at = positions(figure)
    for rows in figure.xpath("./*[@class='nn-rows']"):
        if at:
            rows.addprevious(E.P(E.CLASS("nn-at"), "; ".join(at)))
        rows.drop_tree()
    for element in list(figure.iter(*_CONTROLS)):
        element.drop_tree()
    for paper in figure.xpath(".//*[@fill='Canvas']"):
        paper.set("fill", "none")  # whatever colour the page has


def own_page(figure: HtmlElement, address: str, words: str) -> None:
    """Let a still picture's caption end with a link to the figure that moves."""
    caption = figure.find("figcaption")
    if caption is None:
        caption = lxml.html.Element("figcaption")
        figure.append(caption)
    if len(caption) or caption.text:
        last = caption[-1] if len(caption) else None
        if last is None:
            caption.text += " "
        else:
            last.tail = f"{last.tail or ''} "
    caption.append(E.A(words, href=address))

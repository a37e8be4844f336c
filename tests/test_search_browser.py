"""The search of the website leads to a formula by each of its names."""

import pytest
from lxml import html

# What a reader may type, and how the heading begins that is to be found.
FOUND = {
    "softmax": "Softmax",
    "cross-entropy": "Cross-entropy",
    "sum of squared errors": "Sum of squared errors",
    "SSE": "Sum of squared errors",
    "chain rule": "Chain rule",
    "fan-out": "Chain rule with several paths",
    "log-sum-exp": "Log-sum-exp",
    "central difference": "Central difference",
    "relu": "ReLU",
    "ReLU": "ReLU",
    "rectified linear unit": "ReLU",
}
FIRST_TWO = """() => {
    const finished = document.querySelector("#search-results .search-summary")?.textContent;
    const links = document.querySelectorAll("#search-results ul.search > li > a");
    return finished ? [...links].slice(0, 2).map(link => link.href) : null;
}"""
SEARCH = """name => {
    document.getElementById("search-results").replaceChildren();
    Search.performSearch(name);
}"""


@pytest.fixture(scope="module")
def headings(site):
    """The text of each formula's heading, by the id that a link to it ends in."""
    page = html.parse(str(site / "chapters/formulas.html")).getroot()
    sections = page.xpath("//article//section[h3]")
    return {section.get("id"): section.find("h3").text_content() for section in sections}


def test_each_name_finds_its_formula(site_url, page, page_errors, headings):
    page.goto(f"{site_url}/search.html?q=softmax")
    page.wait_for_function(FIRST_TWO)
    found = {}
    for name in FOUND:
        page.evaluate(SEARCH, name)
        links = page.wait_for_function(FIRST_TWO).json_value()
        places = [link.partition("/chapters/formulas.html#")[2] for link in links]
        found[name] = [headings[place] for place in places if place]
    missing = {n: f for n, f in found.items() if not any(h.startswith(FOUND[n]) for h in f)}
    assert missing == {}
    assert page_errors.all() == []

"""What accessible.py mends is still there to be mended: in pages of the stock theme."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXT = Path(__file__).resolve().parents[1] / "_ext"

CONF = f"""
import sys
sys.path.insert(0, {str(EXT)!r})
extensions = ["myst_nb", "sphinx_book_theme", "finished_page", "mathml"]
html_math_renderer = "mathml"
html_theme = "sphinx_book_theme"
html_theme_options = {{"use_fullscreen_button": True}}
myst_enable_extensions = ["dollarmath"]
nb_execution_mode = "off"

def setup(app):
    from accessible import MENDS
    from lxml import html

    def note(app, pagename, page, context):
        for mend in MENDS:
            before = html.tostring(page)
            mend(page)
            if html.tostring(page) != before:
                print("mended:", mend.__name__)

    app.connect("html-page-finished", note)
"""
INDEX = """---
file_format: mystnb
kernelspec: {name: python3}
---
# A book

```{toctree}
other
```

```{code-cell}
:tags: [hide-input]
1
```

| | $x$ |
|---|---|
| 1 | 2 |

```{eval-rst}
.. [A] A book.
```

## A section
"""


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    """What Sphinx said, and its front page, of a little book in the stock theme."""
    folder = tmp_path_factory.mktemp("stock")
    (folder / "conf.py").write_text(CONF)
    (folder / "index.md").write_text(INDEX)
    (folder / "other.md").write_text("# Another page\n\n[A]_\n")
    command = [sys.executable, "-m", "sphinx", "-q", "-E", str(folder), str(folder / "html")]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return built.stdout, (folder / "html" / "index.html").read_text(encoding="utf-8")


def test_each_mend_finds_something_to_mend(stock):
    mends = re.findall(
        r"^def (\w+)\(page: HtmlElement\)", (EXT / "accessible.py").read_text(), re.M
    )
    assert len(mends) > 5
    assert {*re.findall("^mended: (.*)", stock[0], re.M)} == {*mends}


@pytest.mark.parametrize("name", ["search-button-field", "theme-switch-button", "search-button "])
def test_the_theme_still_needs_a_script_to_write_its_buttons(stock, name):
    written = re.findall(r"document\.write\(`(.*?)`\)", stock[1], re.DOTALL)
    assert any(name in text for text in written)

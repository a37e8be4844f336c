"""The line of the front page with what there is to keep."""

import lxml.html
import pytest
from sphinx.application import Sphinx


@pytest.fixture
def build(tmp_path):
    """Build a book of one page as an editor does, again and again, and return its links."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "index.rst").write_text("Book\n====\n\n.. to-keep::\n", encoding="utf-8")

    def build(builder="html"):
        out = tmp_path / builder
        options = {"extensions": "to_keep", "html_theme": "basic"}
        app = Sphinx(source, None, out, tmp_path / "trees", builder, options, None, None)
        app.build()
        page = lxml.html.parse(str(out / "index.html")).getroot()
        return out, {a.get("href"): a.text_content() for a in page.xpath("//p//a")}

    return build


def test_files_are_offered_with_their_sizes_when_they_are_there(build, tmp_path, monkeypatch):
    monkeypatch.delenv("BOOK_TO_KEEP", raising=False)
    _, links = build()
    assert list(links) == ["backprop-live.zip"]

    (tmp_path / "backprop-live.pdf").write_bytes(bytes(4_960_000))
    monkeypatch.setenv("BOOK_TO_KEEP", str(tmp_path))
    out, links = build()
    assert list(links) == ["backprop-live.pdf", "backprop-live.zip"]
    assert links["backprop-live.pdf"] == "PDF (5.0\N{NO-BREAK SPACE}MB)"
    assert (out / "backprop-live.pdf").stat().st_size == 4_960_000

    (tmp_path / "backprop-live.epub").write_bytes(bytes(2_100_000))  # and no source has changed
    _, links = build()
    assert list(links) == ["backprop-live.epub", "backprop-live.pdf", "backprop-live.zip"]

    _, links = build("singlehtml")  # of which the PDF is made
    assert links == {}

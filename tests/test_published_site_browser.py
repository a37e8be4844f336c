"""A book that is built for an address: canonical links, sitemap, and the page for a missing one."""

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import site_address
from conftest import ROOT
from lxml import etree, html
from playwright.sync_api import expect
from sphinx.config import Config
from sphinx.errors import ConfigError

BASE = "https://example.org/books/live"  # with a path, as a project on GitHub Pages has
CONFIGURED = (
    "_config.yml",
    "_ext",
    "nnlib",
    "requirements.txt",
    "CITATION.cff",
    "chapters/_static",
)
SOURCES = {
    "_toc.yml": "format: jb-book\nroot: index\nchapters: [{file: chapters/one}]\n",
    "index.md": "# A small book\n\nFor tests.\n",
    "chapters/one.md": "# One\n\nA formula, $x$.\n",
}


def tree(site, page):
    return html.parse(str(site / f"{page}.html")).getroot()


def content(page, name):
    return page.xpath(f"//meta[@property='{name}']/@content")


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """A small book that was built for BASE."""
    folder = tmp_path_factory.mktemp("published")
    for name in CONFIGURED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    shutil.copy(ROOT / "chapters/references.bib", folder / "chapters/references.bib")
    for name, text in SOURCES.items():
        (folder / name).write_text(text, encoding="utf-8")
    start = "from jupyter_book.cli.main import main; main()"
    built = subprocess.run(
        [sys.executable, "-c", start, "build", ".", "-W", "-n"],
        cwd=folder,
        env=os.environ | {"BOOK_URL": BASE},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "_build/html"


def test_a_published_page_names_its_address_and_its_picture(published):
    for name, address in {"index": f"{BASE}/", "chapters/one": f"{BASE}/chapters/one.html"}.items():
        page = tree(published, name)
        assert page.xpath("//link[@rel='canonical']/@href") == [address]
        assert content(page, "og:url") == [address]
        (picture,) = content(page, "og:image")
        assert picture.startswith(f"{BASE}/")
        assert (published / picture.removeprefix(f"{BASE}/")).is_file()
        assert content(page, "og:image:alt")
    (block,) = tree(published, "index").xpath("//script[@type='application/ld+json']/text()")
    assert json.loads(block)["url"] == f"{BASE}/"
    assert tree(published, "404").xpath("//link[@rel='canonical']") == []


def test_the_sitemap_has_the_pages_that_are_to_be_found(published):
    addresses = etree.parse(str(published / "sitemap.xml")).xpath("//*[local-name()='loc']/text()")
    assert addresses == [f"{BASE}/", f"{BASE}/chapters/one.html"]
    robots = (published / "robots.txt").read_text(encoding="utf-8")
    assert f"Sitemap: {BASE}/sitemap.xml" in robots.splitlines()


@pytest.mark.parametrize("address", ["example.org/book", "ftp://example.org", "https://"])
def test_an_address_that_is_none_stops_the_build(monkeypatch, address):
    monkeypatch.setenv("BOOK_URL", address)
    with pytest.raises(ConfigError, match="BOOK_URL"):
        site_address.set_address(None, Config())


class _Pages(http.server.SimpleHTTPRequestHandler):
    """Serves a project below a path, and 404.html for whatever is not there, as GitHub Pages."""

    def translate_path(self, path):
        return super().translate_path(path.removeprefix(urlsplit(BASE).path))

    def send_error(self, code, message=None, explain=None):
        body = Path(self.directory, "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


def test_the_page_for_a_missing_one_works_at_any_depth(published, page, page_errors):
    handler = functools.partial(_Pages, directory=str(published))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}{urlsplit(BASE).path}"
            page.goto(f"{url}/a/b/c.html")
            assert page.title() == "Page not found · Backprop, Live"
            assert page.locator("article a").evaluate_all("all => all.map(a => a.href)") == [
                f"{url}/index.html", f"{url}/chapters/one.html",
            ]  # fmt: skip
            page.locator(".theme-switch-button").first.click()  # scripts and styles are there
            page.locator("article input[name=q]").fill("formula")
            page.keyboard.press("Enter")
            expect(page.locator("#search-results li a").first).to_be_visible()
            assert page.url.startswith(f"{url}/search.html?q=formula")
        finally:
            server.shutdown()
            thread.join()
    lost = [line for line in page_errors.all() if "/a/b/c.html" not in line]
    assert lost == []

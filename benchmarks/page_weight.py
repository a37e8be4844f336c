"""Print what a reader's browser loads: requests and kilobytes of each page, and of our script.

    .venv/bin/python benchmarks/page_weight.py      (after `make book`)

Each page is loaded once in a new Chromium, from a server on this machine that compresses text as
web servers do. Sizes are what went over the wire, headers left out.
"""

import functools
import gzip
import http.server
import sys
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from nnlib.live.assets import script, style

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
sys.path.insert(0, str(ROOT / "tools"))

import chromium  # noqa: E402

COMPRESSED = {".html", ".css", ".js", ".svg", ".json", ".txt", ".ipynb"}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serve files, text compressed, and say nothing."""

    def do_GET(self):
        """Send a file."""
        path = Path(self.translate_path(self.path))
        if path.suffix not in COMPRESSED or not path.is_file():
            super().do_GET()
            return
        body = gzip.compress(path.read_bytes(), 9)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """Keep quiet."""


def weigh(browser, url):
    """Return the number of requests of a page and the bytes that they took, by kind of resource."""
    context = browser.new_context()
    page = context.new_page()
    sizes = {}

    def add(response):
        kind = response.request.resource_type
        sizes.setdefault(kind, []).append(response.request.sizes()["responseBodySize"])

    page.on("requestfinished", lambda request: add(request.response()))
    page.goto(url, wait_until="networkidle")
    context.close()
    return sizes


def main():
    """Print the table."""
    if not (SITE / "index.html").is_file():
        sys.exit("There is no built book: run `make book` first.")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(SITE))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kinds = "document", "stylesheet", "script", "font", "image"
    print(f"{'page':<36}{'requests':>9}{'kB':>7}" + "".join(f"{kind:>12}" for kind in kinds))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), **chromium.launch_options()
        )
        for path in sorted(SITE.rglob("*.html")):
            name = path.relative_to(SITE).as_posix()
            if name.startswith("_"):
                continue
            sizes = weigh(browser, f"http://127.0.0.1:{server.server_port}/{name}")
            requests = sum(len(s) for s in sizes.values())
            total = sum(sum(s) for s in sizes.values())
            each = "".join(f"{sum(sizes.get(kind, [])) / 1000:>12.1f}" for kind in kinds)
            print(f"{name:<36}{requests:>9}{total / 1000:>7.0f}{each}")
        browser.close()
    packed = [len(gzip.compress(text.encode(), 9)) for text in (script(), style())]
    print(f"live.js {packed[0] / 1000:.1f} kB, live.css {packed[1] / 1000:.1f} kB, gzipped")


if __name__ == "__main__":
    main()

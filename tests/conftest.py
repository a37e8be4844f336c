"""What the tests share: the built site, a browser, a JupyterLab, and one order for all of it."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import chromium
import nodejs
import pytest
from hypothesis import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from web_host import serve

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = ROOT / "chapters"
LAID_OUT = "html:not([data-sections])"  # a page of which nothing is laid out later: sections.js

# A shared machine is sometimes slow: that is no failure. And the same commit gives the same run.
settings.register_profile("book", deadline=None, derandomize=True)
settings.load_profile("book")

# Settings of the person at the keyboard (a kernel called python3 elsewhere, start-up scripts of
# IPython, a matplotlibrc) must not change what a test sees.
_SETTINGS = tempfile.TemporaryDirectory(prefix="nnlib-tests-", ignore_cleanup_errors=True)
for _name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
    os.environ[_name] = str(Path(_SETTINGS.name, _name.lower()))
for _name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "MATPLOTLIBRC", "MPLBACKEND", "PYTHONPATH"):
    os.environ.pop(_name, None)


def pytest_unconfigure() -> None:
    """Remove the empty settings folders."""
    _SETTINGS.cleanup()


_SITE = pytest.StashKey["_SiteBuild"]()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to build the website if a test needs it."""
    factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    shared = factory.getbasetemp()
    if hasattr(session.config, "workerinput"):  # pytest-xdist: the folder above is every worker's
        shared = shared.parent
    build = session.config.stash[_SITE] = _SiteBuild(shared / "site")
    if any("site" in getattr(item, "fixturenames", ()) for item in session.items):
        build.begin()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave nothing running."""
    if build := session.config.stash.get(_SITE, None):
        build.end()


@pytest.fixture(autouse=True, scope="module")
def _environment() -> Iterator[None]:
    """Take back what a module's tests changed: after grading, say, no kernel can start."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what is quick first, and what needs the browser last.

    While Playwright is running, its event loop counts as running in this thread, which the clients
    of Jupyter kernels (nbval, nbclient) do not expect.
    """
    late = ("site", "lab", "browser")

    def place(item: pytest.Item) -> int:
        fixtures = getattr(item, "fixturenames", ())
        return max((late.index(name) + 1 for name in late if name in fixtures), default=0)

    items.sort(key=place)
    if not sys.platform.startswith("linux"):
        for item in items:
            if item.nodeid.startswith("classroom/sandbox.py"):
                item.add_marker(pytest.mark.skip(reason="the sandbox is Linux's"))


# --- programs ---


@pytest.fixture(scope="session")
def node() -> Path:
    """The Node.js of this environment."""
    return nodejs.node()


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """A Chromium on this machine. There is no test without one: it fails and says what to do."""
    try:
        path = chromium.find()
    except chromium.NoChromiumError as error:
        pytest.fail(str(error), pytrace=False)
    if path is None:
        pytest.fail(chromium.MISSING, pytrace=False)
    return path


# --- the site ---


class _SiteBuild:
    """The website being built, once for all processes that share the tests of a run.

    It is begun when it is known that a test needs it, so that it is built while others run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done, self.log = folder / "done", folder / "log.txt"
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Build in the background, from nothing; not if another process does."""
        try:
            self.folder.mkdir(parents=True)
        except FileExistsError:
            return
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BUILD, str(self.done), str(self.folder)],
                cwd=ROOT,
                env=os.environ | {"NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def result(self) -> Path:
        """Wait for the end and return the folder of the pages; fail if it was none."""
        self.begin()
        deadline = time.monotonic() + 600
        while not self.done.exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        html = self.folder / "_build" / "html"
        log = self.log.read_text(encoding="utf-8", errors="replace")
        if not self.done.exists() or self.done.read_text() != "0":
            reports = "\n".join(
                f"{path.name}:\n{path.read_text(encoding='utf-8')}"
                for path in sorted((html / "reports").rglob("*.log"))
            )
            pytest.fail(f"The site does not build.\n{log[-20_000:]}\n{reports}", pytrace=False)
        return html

    def end(self) -> None:
        """End the process if it is still building."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


# What `make book` does; how it ended is in a file that appears when it has.
_BUILD = """
import os, sys, traceback
done, folder = sys.argv[1:]
sys.argv = ["jupyter-book", "build", ".", "-W", "-n", "--keep-going", "--path-output", folder]
code = 1
try:
    from jupyter_book.cli.main import main
    main()
except SystemExit as end:
    code = end.code or 0
except Exception:
    traceback.print_exc()
with open(done + ".part", "w") as file:
    file.write(str(code))
os.replace(done + ".part", done)
"""


@pytest.fixture(scope="session")
def site(pytestconfig: pytest.Config) -> Path:
    """The website as ``make book`` builds it, from nothing, in a folder of its own."""
    build: _SiteBuild = pytestconfig.stash[_SITE]
    return build.result()


@pytest.fixture(scope="session")
def site_url(site: Path) -> Iterator[str]:
    """The URL of the built website on a server as hosts have it, without a slash at the end."""
    with serve(site) as url:
        yield url


# --- the browser ---


@pytest.fixture(scope="session")
def browser(chromium_path: Path) -> Iterator[Browser]:
    """A headless Chromium."""
    options: dict[str, Any] = chromium.launch_options()
    with sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(executable_path=chromium_path, **options)
        except PlaywrightError:
            if not options["chromium_sandbox"]:
                raise
            # Inside most containers Chromium cannot make its sandbox. It opens our own pages only.
            options["chromium_sandbox"] = False
            launched = playwright.chromium.launch(executable_path=chromium_path, **options)
        yield launched
        launched.close()


@dataclass
class PageErrors:
    """What went wrong in the pages that it watches, and what they asked of other hosts."""

    console: list[str] = field(default_factory=list)
    """Errors and warnings on the console."""
    exceptions: list[str] = field(default_factory=list)
    """Exceptions that nothing caught."""
    failed: list[str] = field(default_factory=list)
    """Requests without an answer, or with an answer of 400 or more."""
    external: list[str] = field(default_factory=list)
    """URLs of requests that left the site."""
    requests: list[str] = field(default_factory=list)
    """URLs of all requests."""

    def watch(self, page: Page) -> None:
        """Begin to listen to a page."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.exceptions.append(str(error)))
        page.on("request", self._on_request)
        page.on("requestfailed", self._on_failed)
        page.on("response", self._on_response)

    def all(self) -> list[str]:
        """Return everything that went wrong, one line for each."""
        return [
            f"{kind}: {line}"
            for kind in ("console", "exceptions", "failed", "external")
            for line in getattr(self, kind)
        ]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.console.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _on_request(self, request: Request) -> None:
        self.requests.append(request.url)
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self.external.append(request.url)

    def _on_failed(self, request: Request) -> None:
        if request.failure == "net::ERR_ABORTED":
            return  # the page was left before its answer came
        self.failed.append(f"{request.url} ({request.failure})")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.failed.append(f"{response.url} ({response.status})")


@pytest.fixture
def page_errors() -> PageErrors:
    """What went wrong in the pages of this test: ``assert page_errors.all() == []``."""
    return PageErrors()


@pytest.fixture
def new_page(browser: Browser, page_errors: PageErrors) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page in a context of its own, watched by ``page_errors``.

    Its arguments are those of Playwright's ``new_context``: ``viewport``, ``color_scheme``,
    ``offline``, ``java_script_enabled``, ``reduced_motion`` and so on.
    """
    with contextlib.ExitStack() as stack:

        def open_page(**options: Any) -> Page:
            context = browser.new_context(**options)
            stack.callback(context.close)
            context.set_default_timeout(15_000)
            page = context.new_page()
            page_errors.watch(page)
            return page

        yield open_page


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """An empty page with the browser's own settings, watched by ``page_errors``."""
    return new_page()


# --- JupyterLab ---


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that is running."""

    url: str
    """Where it answers, without a slash at the end."""
    token: str
    folder: Path
    """The folder that it shows."""

    def add(self, notebook: Path) -> str:
        """Copy a notebook into the folder and return the URL that opens it."""
        shutil.copy(notebook, self.folder)
        return self.open_url(notebook.name)

    def open_url(self, name: str) -> str:
        """Return the URL that opens a notebook of the folder, logged in."""
        workspace = Path(name).stem.replace(".", "-")
        return f"{self.url}/lab/workspaces/{workspace}/tree/{name}?token={self.token}"

    def open(self, page: Page, name: str) -> None:
        """Open a notebook of the folder in a page and wait until its kernel is ready.

        On a busy machine the page may miss that the kernel is there; it is then loaded again.
        """
        page.goto(self.open_url(name))
        ready = """() => {
            const shown = window.jupyterapp?.shell?.currentWidget;
            return shown?.context?.isReady
                && shown.sessionContext?.session?.kernel?.status === "idle";
        }"""
        try:
            page.wait_for_function(ready, timeout=30_000)
        except PlaywrightTimeout:
            page.reload()
            page.wait_for_function(ready, timeout=60_000)

    def run_all(self, page: Page) -> None:
        """Run all cells of the notebook that is open in the page and wait for the last."""
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")


@contextlib.contextmanager
def running_lab(folder: Path, settings: Path, notebooks: Iterable[Path] = ()) -> Iterator[Lab]:
    """Run the JupyterLab of this environment, without the user's settings, over copies."""
    folder.mkdir(parents=True, exist_ok=True)
    settings.mkdir(parents=True, exist_ok=True)
    for notebook in notebooks:
        shutil.copy(notebook, folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lab = Lab(f"http://127.0.0.1:{port}", "test-token", folder)
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": str(folder),
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": lab.token,
        "LabApp.expose_app_in_browser": True,  # window.jupyterapp, to run commands by name
        "LabApp.workspaces_dir": str(settings / "workspaces"),
        "LabApp.user_settings_dir": str(settings / "user-settings"),
        "LabApp.news_url": None,  # never ask for news or a newer version
        "LabApp.check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
    }
    asks = (
        settings / "user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    )
    asks.parent.mkdir(parents=True)
    asks.write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")
    log = settings / "log.txt"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *(f"--{k}={v}" for k, v in options.items())],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(lab, server, log)
        yield lab
    finally:
        _stop(lab, server)


def _ask(lab: Lab, path: str, method: str = "GET") -> bytes:
    headers = {"Authorization": f"token {lab.token}"}
    request = urllib.request.Request(f"{lab.url}{path}", headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=5) as answer:
        body: bytes = answer.read()
        return body


def _wait_for(lab: Lab, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 90
    while True:
        with contextlib.suppress(OSError):
            json.loads(_ask(lab, "/api/status"))
            return
        if server.poll() is not None or time.monotonic() > deadline:
            text = log.read_text(encoding="utf-8", errors="replace")
            pytest.fail(f"JupyterLab does not start:\n{text[-5000:]}", pytrace=False)
        time.sleep(0.1)


def _stop(lab: Lab, server: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(OSError):
        _ask(lab, "/api/shutdown", "POST")  # also ends the kernels
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        if hasattr(os, "killpg"):
            os.killpg(server.pid, signal.SIGKILL)
        else:
            server.kill()
        server.wait()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab over copies of all chapters; ``lab.add`` brings further notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    chapters = sorted(CHAPTERS.glob("*.ipynb"))
    with running_lab(folder / "chapters", folder / "settings", chapters) as running:
        yield running

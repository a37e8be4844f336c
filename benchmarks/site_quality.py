"""Judge the built website as its readers get it: speed, access, weight, and silence.

    .venv/bin/python benchmarks/site_quality.py                       (after `make book`)
    .venv/bin/python benchmarks/site_quality.py --details chapters/11-training
    .venv/bin/python benchmarks/site_quality.py --only weight --all   # quick, and needs no npm

Every page is opened in Chromium from a server on this machine that compresses text as web servers
do. Without further arguments one page of each kind is judged by

weight      what the first load asks for, in a browser that has nothing stored yet. Sizes are those
            of the bodies over the wire. The site's icon is left out: a browser fetches it when it
            likes, if at all. A search fetches pages to show where its words stand: with a question
            it is held to no target of weight, requests or performance.
axe         in light, dark, and 390 px wide: as the page opens, then with all that is folded open
            and each live figure used; then, around the text, with each menu open. "contrast ?"
            counts the elements whose contrast axe could not decide.
lighthouse  as a phone on a slow network. Performance and its times are those of the middle of
            `--runs` runs, the other scores the lowest. A figure's own page asks search engines to
            pass it by, so it is not held to the target of SEO.

"hosts" and "console" count the addresses on other hosts and the messages that were met in the first
two, each once; Lighthouse counts errors in "best practices". The exit code is 1 where a target is
missed. Lighthouse comes from npm (benchmarks/lighthouse/package-lock.json) and is installed there
by the first run. Its times hold for an idle machine only.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

ROOT = Path(__file__).resolve().parents[1]
LIGHTHOUSE = ROOT / "benchmarks" / "lighthouse"
sys.path.insert(0, str(ROOT / "tools"))

import chromium  # noqa: E402
import nodejs  # noqa: E402
import web_host  # noqa: E402

KINDS = (
    "index",
    "chapters/03-learning",  # plots
    "chapters/04-computational-graphs",  # live figures
    "chapters/09-softmax-with-loss",  # the heaviest figures
    "chapters/11-training",  # plots and exercises
    "chapters/formulas",
    "chapters/glossary",
    "chapters/library",
    "figures/fig-apples",
    "search",
    "search?q=upstream",
)
LOOKS = {
    "light": {"viewport": {"width": 1366, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1366, "height": 900}, "color_scheme": "dark"},
    "mobile": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


@dataclass
class Judgement:
    """What was found out about one page: a number in each column, and where to look."""

    page: str
    site: str
    """Where it is served."""
    row: dict[str, float] = field(default_factory=dict)
    details: Counter[str] = field(default_factory=Counter)
    """Lines that say what to mend, each with the number of times it was met."""
    indices: list[float] = field(default_factory=list)
    """Lighthouse's measure of the machine, one for each run."""

    @property
    def url(self) -> str:
        """Its address: a page is named without its ".html", a question may follow."""
        path, _, query = self.page.partition("?")
        return f"{self.site}/{path}.html" + (f"?{query}" if query else "")

    def note(self, *words: object) -> None:
        """Keep a line for those who want details."""
        line = " ".join(str(word) for word in words).replace(self.site, "")
        self.details[" ".join(line.split())[:300]] += 1

    def count(self, kind: str) -> int:
        """Return how many different lines of a kind were kept."""
        return sum(line.startswith(f"{kind}: ") for line in self.details)


COLUMNS: dict[str, tuple[int, str]] = {  # of each number: width, format
    "performance": (5, ".0f"),
    "accessibility": (5, ".0f"),
    "best-practices": (5, ".0f"),
    "seo": (5, ".0f"),
    "LCP": (6, ".1f"),
    "TBT": (6, ".0f"),
    "CLS": (6, ".3f"),
    "axe": (5, ".0f"),
    "contrast ?": (11, ".0f"),
    "requests": (9, ".0f"),
    "kB": (7, ".1f"),
    "+ pictures": (11, ".1f"),
    "hosts": (6, ".0f"),
    "console": (8, ".0f"),
}
HEADS = {"performance": "perf", "accessibility": "acc", "best-practices": "best", "LCP": "LCP s"}
HEADS |= {"TBT": "TBT ms"}
TARGETS: dict[str, tuple[str, Callable[[float], bool]]] = {
    "performance": ("at least 95", lambda x: x >= 95),
    "accessibility": ("100", lambda x: x == 100),
    "best-practices": ("100", lambda x: x == 100),
    "seo": ("100", lambda x: x == 100),
    "axe": ("no rule violated", lambda x: x == 0),
    "requests": ("at most 20", lambda x: x <= 20),
    "kB": ("at most 160 without pictures", lambda x: x <= 160),
    "hosts": ("no request to another host", lambda x: x == 0),
    "console": ("no message", lambda x: x == 0),
}
EXEMPT = {"requests": ["?"], "kB": ["?"], "performance": ["?"], "seo": ["figures/"]}
"""What a page's name contains that is not held to a target."""


# --- weight ---


def is_elsewhere(url: str, site: str) -> bool:
    """Whether a request for this URL leaves the site."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(site).netloc


def open_page(context: BrowserContext, judged: Judgement) -> tuple[Page, list[Request]]:
    """Open a page, and keep what it asks for and what it says on the console."""
    page = context.new_page()
    asked: list[Request] = []

    def on_console(message: ConsoleMessage) -> None:
        judged.note(f"console: {message.type}: {message.text} {message.location['url']}")

    def on_request(request: Request) -> None:
        asked.append(request)
        on_url(request.url)

    def on_url(url: str) -> None:
        if is_elsewhere(url, judged.site):
            judged.note("another host:", url)

    page.on("console", on_console)
    page.on("pageerror", lambda error: judged.note("console: exception:", error))
    page.on("request", on_request)
    page.on("websocket", lambda socket: on_url(socket.url))
    page.goto(judged.url, wait_until="networkidle")
    return page, asked


def weigh(browser: Browser, judged: Judgement) -> None:
    """Load a page once, with an empty cache, and add up what came over the wire."""
    context = browser.new_context(**LOOKS["light"])
    page, asked = open_page(context, judged)
    icons = page.locator("link[rel~=icon]").evaluate_all("all => all.map((link) => link.href)")
    counted = [request for request in asked if request.url not in icons]
    sizes = Counter[str]()
    for request in counted:
        answer = request.response()
        size = request.sizes()["responseBodySize"] if answer else 0
        sizes["picture" if request.resource_type == "image" else "other"] += size
        judged.note(f"{size / 1000:6.1f} kB", request.resource_type, request.url)
    judged.row["requests"] = len(counted)
    judged.row["kB"] = sizes["other"] / 1000
    judged.row["+ pictures"] = sizes.total() / 1000
    context.close()


# --- axe ---

# What opens something over the page: the download menu, the search field, the drawers of a phone.
MENUS = "[data-bs-toggle=dropdown], .search-button__button, .sidebar-toggle, [popovertarget]"
UNFOLD = """(menus) => {
  const folded = `details:not([open]), [aria-expanded=false]:not(${menus})`;
  let count = 0;
  for (const e of document.querySelectorAll(folded)) {
    if (e.localName === "details") e.open = true;
    else e.click();
    count += 1;
  }
  return count;
}"""
STILL = """() => Promise.all(document.getAnimations()
  .filter((motion) => Number.isFinite(motion.effect.getComputedTiming().endTime))
  .map((motion) => motion.finished.catch(() => {})))"""


def use_figures(page: Page) -> int:
    """Move the first slider of each live figure, take a step back, and check the derivatives."""
    used = 0
    for figure in page.locator(".nn-live").all():
        sliders = figure.locator("input[data-input]:visible")
        if sliders.count():
            sliders.first.press("ArrowRight")
            used += 1
        for action in ("step-backward", "check"):
            button = figure.locator(f"button[data-action={action}]:visible:enabled")
            if button.count():
                button.first.click()
    return used


ASK_AXE = """async (without) => {
  const found = await axe.run(without ? { exclude: [without] } : document, {
    elementRef: true, preload: false, resultTypes: ["violations", "incomplete"],
  });
  const places = (rules) => rules.flatMap(({ id, nodes }) => nodes.map((node) => {
    const checks = [...node.any, ...node.all, ...node.none].map(({ data }) => data ?? {});
    const { fgColor, bgColor, contrastRatio } = checks.find((data) => data.contrastRatio) ?? {};
    const why = checks.find((data) => data.messageKey)?.messageKey
      ?? (contrastRatio ? `${fgColor} on ${bgColor}: ${contrastRatio}` : "");
    const kind = [node.element?.localName, ...(node.element?.classList ?? [])].join(".");
    return { rule: id, why, kind, html: node.html, target: String(node.target) };
  }));
  return [places(found.violations), places(found.incomplete)];
}"""


def ask_axe(page: Page, judged: Judgement, when: str, without: str = "") -> tuple[set[str], ...]:
    """Run axe once; return the rules violated and the elements whose contrast it left open."""
    page.mouse.move(0, 0)  # no link is pointed at
    page.evaluate(STILL)
    page.evaluate(AXE_SCRIPT)
    violated, left_open = page.evaluate(ASK_AXE, without)
    for place in violated:
        why = f"({when}{place['why'] and ', ' + place['why']})"
        judged.note("axe", place["rule"], why, place["html"][:200])
    if not without:
        for place in left_open:
            judged.note(f"axe cannot decide {place['rule']} ({place['why']})", place["kind"])
    contrast = {p["target"] for p in left_open if p["rule"] == "color-contrast"}
    return {place["rule"] for place in violated}, contrast


def examine(browser: Browser, judged: Judgement) -> None:
    """Ask axe in each look: as the page opens, unfolded and used, and with each menu open."""
    broken: set[str] = set()
    undecided: set[str] = set()

    def ask(when: str) -> None:
        rules, elements = ask_axe(page, judged, when)
        broken.update(rules)
        undecided.update(elements)

    for look, options in LOOKS.items():
        context = browser.new_context(**options, reduced_motion="reduce")
        context.set_default_timeout(10_000)
        page, _ = open_page(context, judged)
        ask(look)
        unfolded, used = page.evaluate(UNFOLD, MENUS), use_figures(page)
        page.evaluate("scrollTo(0, 0)")
        if unfolded or used:
            ask(f"{look}, unfolded and used")
        menus = [k for k, menu in enumerate(page.locator(MENUS).all()) if menu.is_visible()]
        for k in menus:
            page.reload()
            page.locator(MENUS).nth(k).press("Enter")
            # The text has been judged; what of it lies under a menu cannot be.
            broken.update(ask_axe(page, judged, f"{look}, menu {k}", "article")[0])
        judged.note(f"axe ({look}): {unfolded} unfolded, {used} figures used, {len(menus)} menus")
        context.close()
    judged.row |= {"axe": len(broken), "contrast ?": len(undecided)}


# --- Lighthouse ---


def install_lighthouse() -> None:
    """Install the locked Lighthouse beside its lock, if it is not there yet."""
    done, lock = LIGHTHOUSE / "node_modules/.package-lock.json", LIGHTHOUSE / "package-lock.json"
    fresh = done.is_file() and done.stat().st_mtime >= lock.stat().st_mtime
    if not fresh and nodejs.install(LIGHTHOUSE):
        sys.exit("npm could not install Lighthouse: try `--only weight --only axe`.")


def ask_lighthouse(judged: list[Judgement], runs: int) -> None:
    """Let Lighthouse judge all pages, each several times."""
    install_lighthouse()
    flags = [*chromium.FLAGS, *(["--no-sandbox"] if chromium.is_root() else [])]
    urls = [one.url for one in judged]
    order = {"chromium": str(chromium.find()), "flags": flags, "runs": runs, "urls": urls}
    command = [nodejs.node(), LIGHTHOUSE / "lighthouse.mjs", json.dumps(order)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        for one, line in zip(judged, process.stdout, strict=False):
            reports: list[dict[str, Any]] = json.loads(line)
            say(f"lighthouse {one.page}")
            if not reports:
                continue
            reports.sort(key=lambda report: report["scores"]["performance"])
            middle = reports[len(reports) // 2]
            for category in CATEGORIES:
                one.row[category] = min(report["scores"][category] for report in reports)
            one.row["performance"] = middle["scores"]["performance"]
            one.row |= middle["metrics"]
            one.row["LCP"] /= 1000
            one.indices = [report["index"] for report in reports]
            one.note("lighthouse", *(r["scores"]["performance"] for r in reports), "in the runs")
            for audit in middle["failed"]:
                for place in audit["places"] or [""]:
                    one.note("lighthouse", audit["id"], f"({audit['says']})", place)


# --- the table ---


def say(what: str) -> None:
    """Tell whoever waits how far it is."""
    print(what, file=sys.stderr, flush=True)


def table(judged: list[Judgement]) -> list[str]:
    """Return the lines of the table: a row for each page."""
    width = max(len(one.page) for one in judged) + 1
    columns = [name for name in COLUMNS if any(name in one.row for one in judged)]
    lines = [" " * width + "".join(f"{HEADS.get(n, n):>{COLUMNS[n][0] + 1}}" for n in columns)]
    for one in judged:
        numbers = (f"{one.row[n]:{COLUMNS[n][1]}}" if n in one.row else "?" for n in columns)
        cells = zip(columns, numbers, strict=True)
        lines.append(
            f"{one.page:<{width}}" + "".join(f"{x:>{COLUMNS[n][0] + 1}}" for n, x in cells)
        )
    return lines


def verdicts(judged: list[Judgement]) -> tuple[list[str], bool]:
    """Return a line for each target, and whether all are met."""
    lines, all_met = [], True
    for name, (words, met) in TARGETS.items():
        held = [one for one in judged if not any(s in one.page for s in EXEMPT.get(name, []))]
        if not any(name in one.row for one in held):
            continue
        missed = [one.page for one in held if not (name in one.row and met(one.row[name]))]
        verdict = f"missed by {len(missed)}: {', '.join(missed)}" if missed else "met"
        lines.append(f"{name + ':':<16}{words:<32}{verdict}")
        all_met = all_met and not missed
    return lines, all_met


def footer(judged: list[Judgement]) -> str:
    """Return what the times depend on."""
    words = f"{os.cpu_count()} cores"
    if hasattr(os, "getloadavg"):
        words += ", load {:.1f} {:.1f} {:.1f}".format(*os.getloadavg())
    if indices := [index for one in judged for index in one.indices]:
        words += f", Lighthouse's benchmarkIndex {min(indices):.0f} to {max(indices):.0f}"
    return words


def arguments() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description="Judge the built website as readers get it.")
    parser.add_argument("pages", nargs="*", help="such as chapters/11-training; else each kind")
    parser.add_argument("--all", action="store_true", help="every page")
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html", help="its folder")
    parser.add_argument("--runs", type=int, default=3, help="of Lighthouse, for each page")
    parser.add_argument("--only", action="append", choices=("weight", "axe", "lighthouse"))
    parser.add_argument("--details", action="store_true", help="what to mend, and where")
    return parser.parse_args()


def main() -> int:
    """Print the table; 1 where a target is missed."""
    given = arguments()
    if not (given.site / "index.html").is_file():
        sys.exit("There is no built book: run `make book` first.")
    pages = [name.removesuffix(".html") for name in given.pages] or list(KINDS)
    if given.all:
        built = (
            path.relative_to(given.site).with_suffix("") for path in given.site.rglob("*.html")
        )
        pages = sorted(path.as_posix() for path in built if not path.parts[0].startswith("_"))
    paths = {name: given.site / f"{name.partition('?')[0]}.html" for name in pages}
    if missing := [name for name, path in paths.items() if not path.is_file()]:
        sys.exit(f"The site has no {', '.join(missing)}")
    only = given.only or ["weight", "axe", "lighthouse"]
    with web_host.serve(given.site) as site:
        judged = [Judgement(name, site) for name in pages]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium.find(), **chromium.launch_options()
            )
            for one in judged:
                say(one.page)
                if "weight" in only:
                    weigh(browser, one)
                if "axe" in only:
                    examine(browser, one)
                if only != ["lighthouse"]:
                    one.row |= {"hosts": one.count("another host"), "console": one.count("console")}
            browser.close()
        if "lighthouse" in only:
            ask_lighthouse(judged, given.runs)
            if not any(one.indices for one in judged):
                sys.exit("Lighthouse could judge no page.")
    if given.details:
        for one in judged:
            print(f"\n{one.page}")
            for line, times in one.details.items():
                print(f"    {line}" + (f"  ({times} times)" if times > 1 else ""))
        print()
    print("\n".join(table(judged)))
    lines, all_met = verdicts(judged)
    print("\n" + "\n".join(lines))
    print("\n" + footer(judged))
    return 0 if all_met else 1


if __name__ == "__main__":
    sys.exit(main())

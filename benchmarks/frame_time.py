"""Time live figures in Chromium at 4 times slower: from an input event to the painted frame.

    .venv/bin/python benchmarks/frame_time.py

A mouse drags a slider of the figure, 200 moves. The time of a move begins when the page gets the
event, before any of its listeners, and ends when the main thread has painted the frame with the
change: script, style, layout and paint. (Chromium delivers moves of the mouse just before it makes
a frame; a message that is posted there arrives as soon as that frame is painted.) Waiting for the
screen's next turn is not in it, because what has to fit between two turns, 16.7 ms, is the work;
nor is what other processes do with the frame afterwards. "Script" is the part of it until all
listeners have run. A slider without a figure shows what the browser takes by itself. The slowdown
is Chromium's own, as in its developer tools. These are times of the clock: a machine that does
something else meanwhile shows too much.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright
from rounds import machine, print_target

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

import chromium  # noqa: E402
from live_pages import every_kind, full_training, open_page, softmax_with_loss  # noqa: E402

MOVES, SLOWDOWN, FRAME = 200, 4, 16.7  # the last in ms
WATCH = """() => {
  window.times = [];
  const channel = new MessageChannel();
  let [start, listened] = [0, 0];
  channel.port1.onmessage = () => {
    times.push([performance.now() - start, listened - start]);
    start = 0;
  };
  window.begin = () => { start = performance.now(); };
  window.end = () => {
    listened = performance.now();
    channel.port2.postMessage(null);
  };
  addEventListener("pointermove", ({ buttons }) => {
    if (start || !buttons) return;
    begin();
    requestAnimationFrame(end); // after the input event, which is what the move does to a slider
  }, { capture: true });
}"""
PRESS = """(button) => new Promise((done) => requestAnimationFrame(() => {
  begin();
  button.click();
  end();
  setTimeout(done, 20);
}))"""


def drag(page, slider):
    """Drag a slider to and fro."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for k in range(MOVES + 1):
        page.mouse.move(x + 0.45 * box["width"] * np.sin(k / 7), y + k % 2)
        page.evaluate("() => new Promise(requestAnimationFrame)")
    page.mouse.up()


def press(button):
    """Press a button as often, each time just before a frame is made."""
    for _ in range(MOVES + 1):
        button.evaluate(PRESS)


def measure(page, name, figure, folder):
    """Return the times of all moves in ms, to the painted frame and of the script alone."""
    open_page(page, folder, figure)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    page.evaluate(WATCH)
    if page.locator(".nn-practice").count():  # it has no slider: from problem to problem
        press(page.locator('[data-action="next"]'))
    else:
        drag(page, page.locator('input[type="range"]:visible').first)
    page.wait_for_timeout(200)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    times = page.evaluate("times")
    if len(times) < 0.9 * MOVES:
        sys.exit(f"{name}: only {len(times)} of {MOVES} moves gave a frame")
    return np.array(times[1:]).T


def main():
    """Print a table, and whether the target is met."""
    bare = '<input type="range" aria-label="bare" max="1000">'
    figures = {"a bare slider": bare, "softmax with loss": softmax_with_loss()}
    figures |= every_kind() | {"film": full_training()}
    here = machine("playwright").replace("one thread, processor time", "time of the clock")
    print(f"{here}, Chromium {SLOWDOWN} times slower")
    print(f"{'ms from event to paint':<24}{'median':>9}{'95 %':>9}{'script':>9}")
    slowest = {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), **chromium.launch_options()
        )
        for name, figure in figures.items():
            page = browser.new_page(viewport={"width": 1200, "height": 900})
            painted, script = measure(page, name, figure, Path(folder))
            page.close()
            median, slowest[name] = np.quantile(painted, [0.5, 0.95])
            print(f"{name:<24}{median:>9.1f}{slowest[name]:>9.1f}{np.median(script):>9.1f}")
        browser.close()
    for name, time in slowest.items():
        print_target(f"{name}, 95 % of the frames, ms", time, most=FRAME)


if __name__ == "__main__":
    main()

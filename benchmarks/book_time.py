"""Print how long each chapter takes to run, and the whole book.

    .venv/bin/python benchmarks/book_time.py

Two chapters run at a time, each in a kernel of its own, as a reader's laptop or a runner with two
cores would do it. Seconds include the start of the kernel.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rounds import print_target

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from notebooks import execute, read  # noqa: E402

CORES, WHOLE = 2, 90  # the target in seconds


def seconds(path):
    """Run a chapter from the top, and return how long it took."""
    start = time.perf_counter()
    execute(read(path.read_text(encoding="utf-8")), path.parent)
    return time.perf_counter() - start


def main():
    """Print a table and the target."""
    chapters = sorted((ROOT / "chapters").glob("*.ipynb"))
    start = time.perf_counter()
    with ThreadPoolExecutor(CORES) as pool:
        for path, took in zip(chapters, pool.map(seconds, chapters), strict=True):
            print(f"{path.stem:<32}{took:>8.1f} s")
    print_target("the whole book, s", time.perf_counter() - start, most=WHOLE)


if __name__ == "__main__":
    main()

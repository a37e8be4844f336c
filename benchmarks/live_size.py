"""Print what live figures weigh: their script with its words, their style, one figure of each kind.

    .venv/bin/python benchmarks/live_size.py

Bytes as a web server sends them, compressed with gzip -9. Script and style are loaded once for the
whole book; a figure is part of its page. The parts are compressed one by one, so that they are
together a little more than the whole.
"""

import gzip
import json
import sys
from pathlib import Path

from rounds import print_target

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from live_pages import every_kind, full_training, softmax_with_loss  # noqa: E402

from nnlib.live.assets import HERE, PARTS, STYLES, WORDS, script, style  # noqa: E402

SITE, FIGURE, TRAINING = 24, 15, 60  # targets in kB, of 1000 bytes


def packed(text):
    """Return the bytes of a text, compressed."""
    return len(gzip.compress(text.encode(), 9, mtime=0))


def read(name):
    """Return the text of a part, "" if there is none."""
    file = HERE / name
    return file.read_text(encoding="utf-8") if file.exists() else ""


def main():
    """Print tables and targets."""
    words = {key: text for key, text in WORDS.items() if not key.startswith("still.")}
    parts = {"words": json.dumps(words, ensure_ascii=False, indent=0)}
    parts |= {f"{name}.js": read(f"script/{name}.js") for name in PARTS}
    parts |= {f"{name}.css": read(f"style/{name}.css") for name in STYLES}
    print(f"{'part':<16}{'bytes':>9}{'gzipped':>9}")
    for name, text in parts.items():
        print(f"{name:<16}{len(text.encode()):>9,}{packed(text):>9,}")
    whole = {"script": script(), "style": style()}
    for name, text in whole.items():
        print(f"{name:<16}{len(text.encode()):>9,}{packed(text):>9,}")
    together = sum(map(packed, whole.values()))
    print_target("script, words and style, kB", together / 1000, most=SITE)

    figures = every_kind() | {"softmax": softmax_with_loss(), "film": full_training()}
    print(f"\n{'figure':<16}{'bytes':>9}{'gzipped':>9}")
    for name, figure in figures.items():
        html = figure.view.html
        print(f"{name:<16}{len(html.encode()):>9,}{packed(html):>9,}")
    for name, figure in figures.items():
        most = TRAINING if figure.kind == "training" else FIGURE
        print_target(f"{name}, kB", packed(figure.view.html) / 1000, most=most)


if __name__ == "__main__":
    main()

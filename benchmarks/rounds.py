"""What the timing scripts share: contenders that take turns, and a table of what they took."""

import importlib.metadata
import importlib.util
import os
import platform
import time
from pathlib import Path

import numpy as np


def installed(*modules):
    """Return whether all of these can be imported; a missing competitor is left out."""
    return all(importlib.util.find_spec(module) for module in modules)


def machine(*packages):
    """Return one line: processor, how busy it is, and versions of Python and of the packages."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [s for s in cpuinfo.read_text().splitlines() if s.startswith("model name")]
        processor = models[0].partition(": ")[2] if models else processor
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{package} not installed")
    computer = f"{processor}, {os.cpu_count()} cores{load}"
    return f"{computer}; one thread, processor time; {', '.join(versions)}"


def take_turns(contenders, rounds):
    """Return the seconds of each contender, a function without arguments, in each round.

    In each round every contender runs once, beginning with another one each time, so that what
    else the machine does hits all alike. The time is the processor's: waiting for a turn on a busy
    machine does not count. One round before the first is for warming up.
    """
    names = list(contenders)
    seconds = {name: [] for name in names}
    for i in range(rounds + 1):
        first = i % len(names)
        for name in names[first:] + names[:first]:
            start = time.process_time()
            contenders[name]()
            seconds[name].append(time.process_time() - start)
    return {name: np.array(s[1:]) for name, s in seconds.items()}


def ratio(seconds, a, b):
    """Return how many times as long as `b` `a` takes: the median over the rounds."""
    return float(np.median(seconds[a] / seconds[b]))


def print_table(seconds, unit, per_unit, base, missing=()):
    """Print for each contender the median, the quartiles, and the ratio to the contender `base`.

    `per_unit` turns the seconds of a round into the `unit` that is shown.
    """
    width = max(map(len, [*seconds, *missing])) + 2
    print(f"{'':<{width}}{unit + ', median':>16}{'quartiles':>22}{'÷ ' + base:>{len(base) + 6}}")
    for name, s in seconds.items():
        low, median, high = np.quantile(s * per_unit, [0.25, 0.5, 0.75])
        quartiles, shown = f"{low:,.1f} – {high:,.1f}", ratio(seconds, name, base)
        print(f"{name:<{width}}{median:>16,.1f}{quartiles:>22}{shown:>{len(base) + 6}.2f}")
    for name in missing:
        print(f"{name:<{width}}{'not installed':>16}")


def print_target(text, value, *, most=np.inf, least=0):
    """Print a target, `value` at most or at least so much, and whether it was reached."""
    bound = f"at most {most:g}" if np.isfinite(most) else f"at least {least:g}"
    print(f"{'reached' if least <= value <= most else 'MISSED '}  {text}: {value:.3g}, {bound}")

"""Notebooks that mean harm, each graded for real: contained, and marked for its honest part."""

import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from classroom_small import FULL, LIMITS, SMALL, code, judged

from classroom.errors import Refused
from classroom.verdict import judge

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the sandbox is Linux's"
)

NODE = 3  # what is left when `double` is not right

# Name: the cell, and the mark. It stands behind the solution, or before it: "# first".
ATTACKS = {
    # time
    "loop": ("while True: pass", FULL),
    "loop that hears nothing": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        FULL,
    ),
    "loop in C": ("# first\nx = 7 ** (7 ** 12)", FULL),
    "sleep": ("import time\ntime.sleep(1e6)", FULL),
    "no alarm": (
        "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass",
        FULL,
    ),
    "stopped by itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", FULL),
    "loop where it is called": ("def double(x):\n    while True: pass", NODE),
    "waits for input": ("# first\ninput()", FULL),
    # memory
    "memory at once": ("x = bytearray(10 ** 11)", FULL),
    "memory by and by": ("x = []\nwhile True: x.append(bytearray(10 ** 6))", FULL),
    "memory in many processes": (
        "import os, time\n"
        "for _ in range(12):\n    if not os.fork():\n        x = bytearray(60_000_000)\n        time.sleep(60)\n"
        "time.sleep(60)",
        FULL,
    ),
    "memory in a folder": (
        "for n in range(10 ** 6): open(f'/tmp/{n}', 'wb').write(bytes(10 ** 6))",
        FULL,
    ),
    "memory that is shared": (
        "import mmap\nx = mmap.mmap(-1, 3 << 30)\nfor n in range(0, 3 << 30, 4096): x[n] = 1",
        FULL,
    ),
    "memory without a name": (
        "import os\nf = os.memfd_create('x')\nos.write(f, bytes(10 ** 9))",
        FULL,
    ),
    # processes
    "fork bomb": ("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", FULL),
    "thread bomb": (
        "import threading, time\n"
        "while True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        FULL,
    ),
    "daemon": (
        "import os, signal\n"
        "if not os.fork():\n    os.setsid()\n"
        "    for n in range(1, 32):\n        try: signal.signal(n, signal.SIG_IGN)\n        except OSError: pass\n"
        "    while True: signal.pause()",
        FULL,
    ),
    "ends at once": ("import os\nos._exit(0)", FULL),
    "ends later": ("import os, threading\nthreading.Timer(0.05, os._exit, [0]).start()", FULL),
    "ends where it is called": ("import os\ndef double(x):\n    os._exit(0)", NODE),
    "kills all": ("import os, signal\nos.kill(-1, signal.SIGKILL)", FULL),
    "kills its parent": (
        "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nos.kill(1, 9)",
        FULL,
    ),
    "crash": ("import ctypes\nctypes.string_at(0)", FULL),
    "stack overflow": (
        "import sys\nsys.setrecursionlimit(10 ** 9)\ndef double(x): return double(x)",
        NODE,
    ),
    "recursion": ("def double(x): return double(x)", NODE),
    "exit": ("# first\nraise SystemExit", FULL),
    # what is not the student's
    "reads files": (
        "import os\nfor path in (SECRET, '/etc/shadow', '/etc/passwd', '/root', '/home'):\n"
        "    try: print(open(path).read())\n    except OSError as e: print(e)\n"
        "    try: print(os.listdir(path))\n    except OSError as e: print(e)",
        FULL,
    ),
    "looks for answers": (
        "import os\n"
        "for folder, _, names in os.walk('/'):\n"
        "    if folder.startswith(('/usr', '/students/lib', '/sys')): continue\n"
        "    for name in names:\n"
        "        try:\n"
        "            if b'SECRET' in open(os.path.join(folder, name), 'rb').read(10 ** 6): print('TOKEN')\n"
        "        except OSError: pass",
        FULL,
    ),
    "looks into processes": (
        "import os\nfor n in os.listdir('/proc'):\n"
        "    if n.isdigit():\n"
        "        for what in ('environ', 'cmdline', 'maps', 'mem'):\n"
        "            try: print(open(f'/proc/{n}/{what}', 'rb').read(10 ** 5))\n"
        "            except OSError as e: print(e)",
        FULL,
    ),
    "looks at who calls": (
        "import sys\ndef double(x):\n"
        "    frame, found = sys._getframe(), 0\n"
        "    while frame:\n"
        "        found = frame.f_locals.get('wanted', found)\n        frame = frame.f_back\n"
        "    return found",
        NODE,
    ),
    "writes elsewhere": (
        "import os\n"
        "for folder in ('/', '/usr', '/etc', '/students', '/runner', '/dev', os.path.dirname(SECRET)):\n"
        "    try: open(folder + '/written', 'w').write('x')\n    except OSError as e: print(e)\n"
        "try: os.remove(SECRET)\nexcept OSError as e: print(e)",
        FULL,
    ),
    "network": (
        "import socket\n"
        "for make in (lambda: socket.create_connection(('127.0.0.1', PORT), 1),\n"
        "             lambda: socket.getaddrinfo('example.org', 80),\n"
        "             lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))):\n"
        "    try: make()\n    except OSError as e: print(e)",
        FULL,
    ),
    "another sandbox": (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.unshare(0x10000000), libc.mount(b'x', b'/tmp', b'tmpfs', 0, 0))\n"
        "print(libc.ptrace(16, 1, 0, 0))",
        FULL,
    ),
    # the marks
    "forged answers beforehand": (
        "import os\nfor n in range(3, 60):\n"
        "    try: os.write(n, b'{\"value\": 6}\\n')\n    except OSError: pass",
        FULL,
    ),
    "forged answers all the time": (
        "import os, threading\n"
        "def write():\n    while True:\n        for n in range(3, 9):\n"
        "            try: os.write(n, b'{\"value\": 6}\\n')\n            except OSError: pass\n"
        "threading.Thread(target=write, daemon=True).start()",
        FULL,
    ),
    "no pipe": ("import os\nos.closerange(3, 100)", FULL),
    "marks for oneself": (
        "# first\nprint('6 of 6 points')\nscore = points = 6.0\n__import__('json').dumps({'points': 6})",
        FULL,
    ),
    "patched runner": (
        "import gc, sys\n"
        "for thing in gc.get_objects():\n"
        "    if type(thing).__name__ == 'Program': type(thing).serve = lambda self, request: True",
        0,
    ),
    "patched encoder": (
        "import sys\nsys.modules['classroom.answers'].encode = lambda value: {'array': [[3, 4], 'f', '']}",
        0,
    ),
    "patched JSON": (
        'import json\njson.dumps = lambda *a, **k: \'{"value": {"points": 6}}\'',
        FULL,
    ),
    "patched NumPy": (
        "np.allclose = np.isclose = np.array_equal = lambda *a, **k: True\n"
        "np.testing.assert_allclose = lambda *a, **k: None\ndef double(x): return 3 * x",
        NODE,
    ),
    "equal to everything": (
        "class Yes(float):\n    __eq__ = lambda self, other: True\n    __hash__ = float.__hash__\n"
        "def double(x): return Yes(0)",
        NODE,
    ),
    "array that is equal": (
        "class Yes(np.ndarray):\n    __eq__ = lambda self, other: np.True_\n"
        "def double(x): return np.zeros(np.shape(x)).view(Yes)",
        NODE,
    ),
    "an object for a number": (
        "class Any:\n    def __getattr__(self, name): return lambda *a: Any()\n"
        "    __array__ = lambda self, *a, **k: np.zeros(3)\ndef double(x): return Any()",
        NODE,
    ),
    "NaN": ("def double(x): return x * float('nan')", NODE),
    "infinite": ("def double(x): return x * float('inf')", NODE),
    "a number of a million digits": ("def double(x): return 1 << 4_000_000", NODE),
    "huge answer": ("def double(x): return [0] * 10 ** 7", NODE),
    "deep answer": (
        "def double(x):\n    y = x\n    for _ in range(10 ** 5): y = [y]\n    return y",
        NODE,
    ),
    "array of objects": ("def double(x): return np.array([object()])", NODE),
    "deep JSON": (
        "import os\nfor n in range(3, 60):\n"
        "    try: os.write(n, b'[' * 50_000 + b'\\n')\n    except OSError: pass",
        FULL,
    ),
    "a name without an end": (
        "def double(x): return type('x' * 10 ** 7, (), {})()",
        NODE,
    ),
    "an error that bites": (
        "class Bite(Exception):\n    def __str__(self): raise Bite\ndef double(x): raise Bite",
        NODE,
    ),
    # what is shown
    "much text": ("while True: print('x' * 10 ** 6)", FULL),
    "much text past Python": ("import os\nwhile True: os.write(1, b'x' * 10 ** 6)", FULL),
    "a text without an end": (
        "class Long:\n    def __repr__(self): return 'x' * 10 ** 8\nLong()",
        FULL,
    ),
    "HTML": (
        "class Page:\n    def _repr_html_(self): return '<script>alert(1)</script>'\n"
        "    def __repr__(self): return '<script>alert(1)</script>'\nPage()",
        FULL,
    ),
    "signs for the terminal": (
        "# first\nprint('\\x1b]0;title\\x07\\x1b[31mred\\u202egnp.exe')",
        FULL,
    ),
    "half characters": ("# first\nprint('\\ud800'); raise ValueError('\\udfff')", FULL),
    "false picture": (
        "import sys, types\nfake = types.ModuleType('matplotlib.pyplot')\n"
        "class Figure:\n    def savefig(self, file, **k): file.write(b'\\x89PNG\\r\\n\\x1a\\n<svg onload=x>')\n"
        "fake.get_fignums, fake.figure, fake.close = lambda: [1], lambda n: Figure(), lambda n: None\n"
        "sys.modules['matplotlib.pyplot'] = fake",
        FULL,
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_contained_and_gets_what_its_honest_part_deserves(name: str) -> None:
    cell, mark = ATTACKS[name]
    with machine() as (secret, token, port):
        cell = cell.replace("SECRET", repr(secret)).replace("PORT", str(port))
        cell = cell.replace("TOKEN", "found the TOKEN")
        notebook = SMALL.solution_notebook()
        notebook.cells.insert(0 if cell.startswith("# first") else len(notebook.cells), *code(cell))
        verdict = judged(notebook)
    assert verdict.points == mark, verdict
    assert all(item.points is not None for item in verdict.items.values())
    for text in (token, "found the TOKEN"):
        assert text not in verdict.as_json()
    assert len(verdict.as_json()) < 100_000
    for outputs in verdict.outputs.values():
        for output in outputs:
            assert set(output.get("data", {})) <= {"text/plain"}
            assert "\x1b" not in str(output)


@contextmanager
def machine() -> Iterator[tuple[str, str, int]]:
    """A secret that everybody may read and a server; afterwards nothing has been touched."""
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as server:
        token = os.urandom(8).hex()
        secret = Path(name, "secret")
        secret.write_text(token)
        Path(name).chmod(0o777)
        yield str(secret), token, server.getsockname()[1]
        assert secret.read_text() == token
        assert os.listdir(name) == ["secret"]
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert not runners()


def runners() -> list[str]:
    """What still runs of any sandbox of this process; a moment is given."""
    end = time.monotonic() + 3
    while found := [n for n in os.listdir("/proc") if n.isdigit() and _is_runner(n)]:
        if time.monotonic() > end:
            return found
        time.sleep(0.02)
    return []


def _is_runner(process: str) -> bool:
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
        user = Path(f"/proc/{process}").stat().st_uid
    except OSError:
        return False
    mine = 60_001 + os.getpid() % 1_000 if os.geteuid() == 0 else os.geteuid()
    return b"/runner/runner.py" in command and user == mine


HOSTILE = {
    "nothing": b"",
    "not JSON": b"\x89PNG\r\n\x1a\n",
    "a list": b"[]",
    "a number": b"1e999",
    "deep": b'{"nbformat": 4, "cells": ' + b"[" * 200_000,
    "no cells": b'{"nbformat": 4}',
    "another format": b'{"nbformat": 3, "worksheets": []}',
    "cells that are none": b'{"nbformat": 4, "cells": [null]}',
    "a source that is none": b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": {"a": 1}}]}',
    "too many cells": json.dumps(
        {"nbformat": 4, "cells": [{"cell_type": "code", "source": ""}] * 2000}
    ).encode(),
    "too large": b" " * (21 << 20),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_notebook_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises(Refused, match=r"notebook|Cell"):
        judge(HOSTILE[name], SMALL, b"key", LIMITS)


def test_odd_notebooks_that_are_notebooks_are_judged() -> None:
    solution = SMALL.solution_notebook()
    sources = [cell.source for cell in solution.cells if cell.cell_type == "code"]
    cells = [{"cell_type": "code", "source": source} for source in sources]
    cells[0]["metadata"] = {"nbgrader": [1], "tags": None}  # type: ignore[assignment]
    cells += [
        {"cell_type": "code", "source": text}
        for text in ("\ud800", "\0", "x" * 10**6, "((" * 10**5)
    ]
    cells.append({"cell_type": "raw", "source": "<script>", "id": "\0"})
    assert judged({"nbformat": 4, "cells": cells, "metadata": [[[]]]}).points == FULL

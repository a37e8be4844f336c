"""The sandbox is tried before it is used, and nothing runs where it does not hold."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from classroom import sandbox, students
from classroom.errors import NoSandbox
from classroom.probe import check_sandbox
from classroom.sandbox import Limits, Sandbox, descendants

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the sandbox is Linux's"
)


def test_the_sandbox_of_this_machine_holds() -> None:
    check_sandbox()


def without(*flags: str) -> Callable[[list[str]], list[str]]:
    return lambda command: [part for part in command if part not in flags]


def instead(old: list[str], new: list[str]) -> Callable[[list[str]], list[str]]:
    def change(command: list[str]) -> list[str]:
        for start in range(len(command)):
            if command[start : start + len(old)] == old:
                return [*command[:start], *new, *command[start + len(old) :]]
        raise AssertionError(f"{old} is not in the command")

    return change


# What is taken away of the command, and what the probe must then be able to do.
WEAK = {
    "files": (
        instead(["--proc"], ["--ro-bind", "/var/tmp", "/var/tmp", "--proc"]),
        "read a file of this machine",
    ),
    "writing": (
        instead(["--proc"], ["--bind", "/var/tmp", "/var/tmp", "--proc"]),
        "write to a folder of this machine",
    ),
    "processes": (
        instead(["--unshare-all"], ["--unshare-ipc", "--unshare-net", "--unshare-uts"]),
        "see other processes",
    ),
    "network": (
        instead(["--unshare-all"], ["--unshare-pid", "--unshare-ipc", "--unshare-uts"]),
        "reach a socket of this machine",
    ),
    "number of processes": (without("--nproc=32"), "start more processes"),
    "memory": (without(f"--as={Limits().address_space}"), "take more memory"),
    "parent": (without("--die-with-parent", "--unshare-pid"), "outlive"),
}


class Weak(subprocess.Popen):  # type: ignore[type-arg]
    """Starts the sandbox without what `name` says."""

    name = ""

    def __init__(self, command: list[str], **options: object) -> None:
        if command[0].endswith("bwrap"):
            command = WEAK[self.name][0](command)
        elif "classroom.probe" in command:  # the second grader is to be as weak
            command = [sys.executable, "-c", f"{SECOND}({self.name!r})"]
            options["cwd"] = Path(__file__).parent
        super().__init__(command, **options)  # type: ignore[call-overload]


SECOND = "import test_classroom_sandbox as t; t.be_a_weak_grader"


def be_a_weak_grader(name: str) -> None:
    import runpy

    Weak.name = name
    subprocess.Popen = Weak  # type: ignore[misc]
    runpy.run_module("classroom.probe", run_name="__main__")


@pytest.mark.parametrize("name", WEAK)
def test_a_sandbox_that_leaks_is_found_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Weak, "name", name)
    monkeypatch.setattr(subprocess, "Popen", Weak)
    monkeypatch.setattr(tempfile, "tempdir", "/var/tmp")  # where the bait is laid
    with pytest.raises(NoSandbox, match=WEAK[name][1]):
        check_sandbox()


def test_a_filter_that_lets_calls_through_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "FORBIDDEN", ())
    with pytest.raises(NoSandbox, match="take memory that nothing counts"):
        check_sandbox()


def test_nothing_outlives_a_grader_that_is_killed() -> None:
    code = (
        "from classroom.sandbox import Sandbox\n"
        "box = Sandbox(); print('ready', flush=True)\n"
        "box.ask('run', seconds=60, careful=False, source='while True: pass')"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as grader:
        assert grader.stdout is not None
        assert grader.stdout.readline() == b"ready\n"
        processes = descendants(grader.pid)
        assert len(processes) >= 3
        grader.send_signal(signal.SIGKILL)
    end = time.monotonic() + 5
    while any(Path(f"/proc/{process}/cwd").exists() for process in processes):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_without_bubblewrap_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.shutil, "which", lambda *_, **__: None)
    with pytest.raises(NoSandbox, match=r"apt install bubblewrap(?s:.*)Containerfile"):
        Sandbox()


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_than_on_linux_it_refuses(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(NoSandbox, match="container"):
        Sandbox()


def test_students_have_numpy_and_matplotlib_and_nothing_that_differentiates() -> None:
    with Sandbox() as box:
        for name in ("nnlib", "jax", "torch", "autograd", "nbgrader", "classroom.verdict", "sympy"):
            shown = box.ask("run", seconds=10, careful=False, source=f"import {name}")
            assert shown[0][:2] == ["error", "ModuleNotFoundError"], name
        source = "import numpy, matplotlib; numpy.__version__, matplotlib.__version__"
        [[_, versions]] = box.ask("run", seconds=20, careful=False, source=source)
    locked = (students.ROOT / "requirements.txt").read_text()
    for name, version in zip(("numpy", "matplotlib"), eval(versions), strict=True):
        assert f"\n{name}=={version}" in locked


def test_nothing_of_this_process_is_open_inside() -> None:
    with open(__file__) as held, Sandbox() as box:
        os.set_inheritable(held.fileno(), True)
        source = (
            "import os\nopen_now = [f'/proc/self/fd/{n}' for n in os.listdir('/proc/self/fd')]\n"
            "sorted(os.readlink(path)[:5] for path in open_now if os.path.lexists(path))"
        )
        [[_, links]] = box.ask("run", seconds=5, careful=False, source=source)
    assert set(eval(links)) <= {"/dev/", "pipe:", "/proc"}

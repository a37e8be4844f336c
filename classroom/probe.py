"""Tries the sandbox before a student's program is put into it.

A program of ours attempts from inside what must not be possible, against things that are there to
be reached: a file with a secret, a server on this machine, this very process. What comes through
is named, and then nothing is graded.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from classroom import answers
from classroom.errors import NoSandbox
from classroom.sandbox import Died, Limits, ProgramError, Sandbox, descendants

ATTEMPTS = '''
import ctypes, mmap, os, signal, socket, sys, threading

def attempts(secret, port, name, process, memory, processes):
    """What could be done that must not be, by name."""
    found = {}

    def attempt(what, work):
        try:
            if work() is not False:
                found[what] = True
        except (OSError, MemoryError, RuntimeError, ValueError):
            pass

    def write(folder):
        path = folder + "/written"
        open(path, "w").close()
        os.remove(path)

    def status(field):
        for line in open("/proc/self/status"):
            if line.startswith(field + ":"):
                return line.split()[1]

    libc = ctypes.CDLL(None, use_errno=True)
    attempt("read a file of this machine", lambda: open(secret).read())
    attempt("read the list of users", lambda: open("/etc/passwd").read())
    for folder in ("/", "/usr", "/students", "/runner", "/dev", os.path.dirname(secret)):
        attempt("write to " + ("a folder of this machine" if folder not in
                ("/", "/usr", "/students", "/runner", "/dev") else folder), lambda: write(folder))
    attempt("reach the network", lambda: socket.create_connection(("127.0.0.1", port), 1).close())
    attempt("reach a socket of this machine",
            lambda: socket.socket(socket.AF_UNIX).connect("\\0" + name))
    attempt("signal another process", lambda: process > 10 and os.kill(process, 0))
    attempt("see other processes",
            lambda: len([n for n in os.listdir("/proc") if n.isdigit()]) > 4)
    attempt("be root", lambda: os.getuid() == 0 or os.geteuid() == 0)
    attempt("have a capability", lambda: int(status("CapEff"), 16) != 0)
    attempt("gain rights by a program", lambda: status("NoNewPrivs") != "1")
    attempt("do without the filter of system calls", lambda: status("Seccomp") != "2")
    attempt("make a user namespace", lambda: libc.unshare(0x10000000) == 0)
    attempt("take memory that nothing counts", lambda: os.close(os.memfd_create("x")))
    attempt("take more memory than it may", lambda: mmap.mmap(-1, memory).close())
    attempt("see a variable of this process", lambda: "GRADER" in os.environ
            or b"GRADER" in open("/proc/1/environ", "rb").read())

    children = []
    try:
        for _ in range(processes + 1):
            child = os.fork()
            if not child:
                signal.pause()
            children.append(child)
        found["start more processes than it may"] = True
    except OSError:
        pass
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return list(found)

def outlive():
    """Leave a process behind that hears no signal and has no parent."""
    if os.fork():
        return
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    if os.fork():
        os._exit(0)
    while True:
        signal.pause()
'''


def check_sandbox() -> None:
    """Return when the sandbox holds; this takes a fraction of a second.

    Raises
    ------
    NoSandbox
        It cannot be started, or it let something through, which the message names.
    """
    limits = Limits()
    with _second_grader() as orphan, _bait() as (secret, port, name), Sandbox() as sandbox:
        arguments = [secret, port, name, os.getpid(), limits.address_space, limits.processes]
        try:
            sandbox.ask("define", seconds=10, source=ATTEMPTS)
            path = [["name", "attempts"]]
            answer = sandbox.ask("call", seconds=10, path=path, arguments=[arguments, {}])
            reached = answers.decode(answer)
        except (Died, ProgramError, answers.BadAnswer) as error:
            raise NoSandbox(
                f"The sandbox could not be tried ({error}), so nothing was graded."
            ) from None
        if _survive(orphan):
            reached.append("outlive the grader")
    if reached:
        raise NoSandbox(
            "The sandbox does not hold on this machine, so nothing was graded. A program in it "
            f"could: {'; '.join(reached)}."
        )


@contextmanager
def _bait() -> Iterator[tuple[str, int, str]]:
    """Lay out a file that everybody may read, a server, and a variable."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        secret = Path(folder, "secret")
        secret.write_text("secret")
        for path, mode in ((Path(folder), 0o777), (secret, 0o644)):
            path.chmod(mode)
        with socket.socket(socket.AF_UNIX) as local:
            name = f"bait-{os.getpid()}"
            local.bind("\0" + name)
            local.listen()
            os.environ["GRADER"] = "bait"
            try:
                yield str(secret), server.getsockname()[1], name
            finally:
                del os.environ["GRADER"]


@contextmanager
def _second_grader() -> Iterator[subprocess.Popen[bytes]]:
    """Start another grader, which is there to be killed; leave nothing of it."""
    command = [sys.executable, "-m", "classroom.probe"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as grader:
        try:
            yield grader
        finally:
            for process in [grader.pid, *descendants(grader.pid)]:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)


def _survive(grader: subprocess.Popen[bytes]) -> bool:
    """Kill a grader whose sandbox holds a stubborn process, and see whether it lives on."""
    assert grader.stdout is not None
    ready = grader.stdout.readline()
    processes = descendants(grader.pid)
    grader.kill()
    if not ready or len(processes) < 3:
        raise NoSandbox("The sandbox could not be tried: its second start failed.")
    end = time.monotonic() + 3
    while alive := [process for process in processes if _runs(process)]:
        if time.monotonic() > end:
            os.kill(alive[0], signal.SIGKILL)  # the outermost; the others go with it
            return True
        time.sleep(0.01)
    return False


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


if __name__ == "__main__":
    with Sandbox() as doomed:
        doomed.ask("define", seconds=10, source=ATTEMPTS)
        doomed.ask("call", seconds=10, path=[["name", "outlive"]], arguments=[[], {}])
        print("ready", flush=True)
        time.sleep(60)

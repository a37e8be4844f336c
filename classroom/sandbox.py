"""A student's program in a process that can do nothing but compute.

The process sees the system, the students' environment, and small empty folders in memory; only into
these can it write. It has no network, no other process, no variable of this one, and limits on
everything it could use up. It answers requests over a pipe, as plain data (`answers`).

What each layer holds back:

bubblewrap    files, network, other processes, capabilities: all namespaces are its own
seccomp       calls that reach around the limits, or that a program of this kind never needs
prlimit       memory and time of one process, number of processes, files
this module   time on the clock, memory of all processes together, size of answers and output

The process is never root's: limits on processes do not bind root. A grader that is root gives
it to a user that owns nothing.
"""

import errno
import json
import os
import secrets
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn, Self

from classroom import answers, students
from classroom.errors import NoSandbox
from classroom.files import MEGABYTE

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Limits:
    """What one sandbox may use."""

    cell: float = 10  # seconds for one cell
    call: float = 10  # seconds for one call of an item
    grace: float = 2  # further seconds for a program that does not stop when it is told
    memory: int = 1536 * MEGABYTE  # bytes of all its processes together
    address_space: int = 4096 * MEGABYTE  # bytes of one process
    cpu: int = 120  # seconds of one process
    processes: int = 32
    files: int = 128
    file_size: int = 16 * MEGABYTE
    folder: int = 32 * MEGABYTE  # bytes in /tmp
    output: int = 64 * MEGABYTE  # bytes on its own stdout and stderr, all thrown away


class Died(Exception):
    """The student's program does not answer any more; the message says why."""


# Memory that no limit counts; what reaches other processes, namespaces, or the kernel's insides.
FORBIDDEN = frozenset(
    """
    memfd_create memfd_secret shmget shmat shmctl msgget semget mq_open
    ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp
    unshare setns mount umount2 pivot_root chroot fsopen fsmount fsconfig fspick move_mount
    open_tree mount_setattr open_by_handle_at name_to_handle_at
    bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
    keyctl add_key request_key kexec_load kexec_file_load init_module finit_module delete_module
    syslog acct quotactl reboot swapon swapoff settimeofday clock_settime adjtimex
    personality vhangup fanotify_init lookup_dcookie
    """.split()  # noqa: SIM905
)
NEW_USER_NAMESPACE = 0x10000000


def _filter() -> IO[bytes]:
    """Return the seccomp filter, as bubblewrap reads it."""
    import pyseccomp  # needs libseccomp, and Linux

    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in sorted(FORBIDDEN):
        rules.add_rule(refuse, name)
    unix = 1  # sockets between its own processes, and none to a network
    rules.add_rule(refuse, "socket", pyseccomp.Arg(0, pyseccomp.NE, unix))
    new_user = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, NEW_USER_NAMESPACE, NEW_USER_NAMESPACE)
    rules.add_rule(refuse, "clone", new_user)
    # The arguments of clone3 lie in memory, where no filter can look; without it, clone is used.
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    file = tempfile.TemporaryFile()  # noqa: SIM115
    rules.export_bpf(file)
    file.seek(0)
    return file


def _program(name: str) -> str:
    found = shutil.which(name, path="/usr/bin:/bin:/usr/local/bin")
    if found is None:
        raise NoSandbox(
            f"The program `{name}` is not here, and without it a student's program cannot be kept "
            "from this machine, so nothing was run. On Debian or Ubuntu: "
            "apt install bubblewrap util-linux libseccomp2. On macOS and Windows grade in the "
            "container of `classroom/Containerfile`."
        )
    return found


def _hint() -> str:
    """Return what Ubuntu needs, where it is the reason."""
    setting = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if setting.is_file() and setting.read_text().strip() == "1":
        return (
            ". This system forbids programs to make user namespaces, without which there is no "
            "sandbox. Allow it until the next start, as root: "
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        )
    return ""


def _system() -> Iterator[str]:
    """Yield the folders of the operating system that programs need, for bubblewrap."""
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ("/bin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(name):
            yield from ("--symlink", os.readlink(name), name)
        elif os.path.isdir(name):
            yield from ("--ro-bind", name, name)
    yield from ("--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache")


def _as_another_user(python: str, environment: str) -> list[str]:
    """For root: bring both folders to where anybody may read them, and stop being root.

    A limit on processes counts those of a user, so each grader's process takes a user of its own.
    The change of user undoes `--die-with-parent` for the inner bubblewrap; so that nothing outlives
    the outer one, it has a process namespace too.
    """
    user = str(60_001 + os.getpid() % 1_000)
    outer = [_program("bwrap"), "--dev-bind", "/", "/", "--die-with-parent", "--unshare-pid"]
    outer += ["--tmpfs", "/mnt", "--ro-bind", python, "/mnt/python"]
    outer += ["--ro-bind", environment, "/mnt/students", "--"]
    drop = ["--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs"]
    return [*outer, _program("setpriv"), *drop, "--"]


class Sandbox:
    """A student's program, ready to answer.

    Parameters
    ----------
    files : dict of str to bytes
        What lies in its working folder, read-only, by its names.
    limits : Limits
        What it may use.

    Raises
    ------
    NoSandbox
        It could not be started: no bubblewrap, no user namespaces, no students' environment.

    Examples
    --------
    >>> with Sandbox() as sandbox:
    ...     sandbox.ask("run", seconds=10, careful=False, source="1 + 1")
    [['text', '2']]
    """

    def __init__(self, files: dict[str, bytes] | None = None, limits: Limits | None = None) -> None:
        if not sys.platform.startswith("linux"):
            raise NoSandbox(
                f"There is no sandbox for {sys.platform}: grade on Linux, or in the container of "
                "`classroom/Containerfile`. Nothing was run."
            )
        self.limits = limits or Limits()
        self._received, self._output = b"", b""
        self._output_size = 0
        self._open(files or {})
        try:
            self.ask("define", seconds=30, source="")  # before there is any code of a student
        except Died as error:
            self.close()
            raise NoSandbox(
                f"The sandbox does not start ({error}), so nothing was run. bubblewrap said: "
                f"{self._output.decode(errors='replace').strip()[:500] or 'nothing'}{_hint()}"
            ) from None

    def _open(self, files: dict[str, bytes]) -> None:
        with ExitStack() as held:
            requests, self._requests = os.pipe()
            self._answers, answers_end = os.pipe()
            held.callback(os.close, requests)
            held.callback(os.close, answers_end)
            handed = {
                "/runner/runner.py": (HERE / "runner.py").read_bytes(),
                "/runner/classroom/answers.py": (HERE / "answers.py").read_bytes(),
            } | {f"/tmp/{name}": content for name, content in files.items()}
            environment = students.environment()
            for font in (environment / students.FONTS).iterdir():
                handed[f"/tmp/.matplotlib/{font.name}"] = font.read_bytes()
            given = {name: held.enter_context(_temporary(data)) for name, data in handed.items()}
            rules = held.enter_context(_filter())
            descriptors = [requests, answers_end, rules.fileno()]
            descriptors += [file.fileno() for file in given.values()]
            self._process = subprocess.Popen(
                self._command(environment, requests, answers_end, rules, given),
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={},  # the process can read what bubblewrap was started with
            )
        assert self._process.stdout is not None
        self._printed = self._process.stdout.fileno()
        for descriptor in (self._requests, self._answers, self._printed):
            os.set_blocking(descriptor, False)

    def _command(
        self,
        environment: Path,
        requests: int,
        answers_end: int,
        rules: IO[bytes],
        given: dict[str, IO[bytes]],
    ) -> list[str]:
        limits, python, students_folder = self.limits, sys.base_prefix, str(environment)
        command = []
        if os.geteuid() == 0:
            command = _as_another_user(python, students_folder)
            python, students_folder = "/mnt/python", "/mnt/students"
        command += [_program("bwrap"), "--unshare-all", "--unshare-user", "--disable-userns"]
        command += ["--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
        for name, value in {
            "PATH": "/usr/bin",
            "HOME": "/tmp",
            "LANG": "C.UTF-8",
            "MPLBACKEND": "agg",
            "MPLCONFIGDIR": "/tmp/.matplotlib",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
        }.items():
            command += ["--setenv", name, value]
        command += [*_system(), "--ro-bind", students_folder, "/students"]
        if not sys.base_prefix.startswith("/usr/") and sys.base_prefix != "/usr":
            command += ["--ro-bind", python, sys.base_prefix]
        command += ["--proc", "/proc", "--dev", "/dev"]
        command += ["--size", str(MEGABYTE), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
        command += ["--size", str(limits.folder), "--tmpfs", "/tmp"]
        for name, file in given.items():
            command += ["--ro-bind-data", str(file.fileno()), name]
        command += ["--remount-ro", "/", "--chdir", "/tmp", "--seccomp", str(rules.fileno()), "--"]
        command += [_program("prlimit"), "--core=0", "--msgqueue=0", f"--nofile={limits.files}"]
        command += [f"--as={limits.address_space}", f"--cpu={limits.cpu}"]
        command += [f"--nproc={limits.processes}", f"--fsize={limits.file_size}", "--"]
        runner = "/runner/runner.py"
        command += ["/students/bin/python", "-P", "-s", runner]
        return [*command, str(requests), str(answers_end)]

    def ask(self, do: str, *, seconds: float, **details: Any) -> Any:
        """Send a request, and return the JSON value that is answered.

        Raises
        ------
        Died
            There is no answer, or one that is none. The program has been ended.
        ProgramError
            The student's code raised an error.
        """
        number = secrets.token_hex(8)  # so that nothing that was written before answers this
        question = {"number": number, "do": do, "seconds": seconds, **details}
        request = memoryview(json.dumps(question).encode() + b"\n")
        line = self._exchange(request, time.monotonic() + seconds + self.limits.grace)
        try:
            answer = answers.parse(line)
        except answers.BadAnswer as error:
            self._end(f"answered with {error}")
        if answer.pop("number", None) != number:
            self._end("answered what was not asked")
        raised = answer.get("error")
        if type(raised) is list and [type(part) for part in raised] == [str, str]:
            raise ProgramError(answers.writable(raised[0][:80]), answers.writable(raised[1][:2000]))
        if set(answer) != {"value"}:
            self._end("answered with neither a value nor an error")
        return answer["value"]

    def _exchange(self, request: memoryview, end: float) -> bytes:
        """Write the request, read one line, keep an eye on everything meanwhile."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._requests, selectors.EVENT_WRITE)
            selector.register(self._answers, selectors.EVENT_READ)
            if self._printed >= 0:
                selector.register(self._printed, selectors.EVENT_READ)
            next_look = time.monotonic() + 0.05
            while True:
                now = time.monotonic()
                if now >= end:
                    self._end("took too long")
                if now >= next_look:
                    next_look = now + 0.05
                    if self.memory() > self.limits.memory:
                        self._end("took too much memory")
                for key, _ in selector.select(min(end - now, 0.05)):
                    if key.fd == self._requests:
                        try:
                            request = request[os.write(self._requests, request) :]
                        except BrokenPipeError:
                            request = request[:0]
                        if not request:
                            selector.unregister(self._requests)
                    elif key.fd == self._printed:
                        if not self._drain():
                            selector.unregister(self._printed)
                            self._printed = -1
                    elif line := self._receive():
                        return line

    def _receive(self) -> bytes:
        """Read what there is; a line, once there is a whole one."""
        part = os.read(self._answers, 1 << 16)
        if not part:
            self._end("ended by itself")
        self._received += part
        if len(self._received) > answers.LONGEST_LINE:
            self._end("answered with too much")
        if b"\n" not in part:
            return b""
        line, self._received = self._received.split(b"\n", 1)
        return line + b"\n"

    def _drain(self) -> bool:
        """Throw away what the process prints past Python, but for its first words."""
        part = os.read(self._printed, 1 << 16)
        self._output_size += len(part)
        self._output = (self._output + part)[:4096]
        if self._output_size > self.limits.output:
            self._end("printed too much")
        return bool(part)

    def memory(self) -> int:
        """Return the bytes in memory of all processes in the sandbox."""
        pages = 0
        for process in descendants(self._process.pid):
            with suppress(OSError, IndexError):  # it may have ended meanwhile
                pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def _end(self, why: str) -> NoReturn:
        self._kill()
        raise Died(why)

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End every process in the sandbox.

        Raises
        ------
        NoSandbox
            One of them still held its end of the pipe seconds later.
        """
        self._kill()
        ended = self._nobody_writes()
        assert self._process.stdout is not None
        self._process.stdout.close()
        os.close(self._requests)
        os.close(self._answers)
        if not ended:
            raise NoSandbox("A process outlived its sandbox, so grading was stopped.")

    def _nobody_writes(self) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            end = time.monotonic() + 5
            while time.monotonic() < end:
                if selector.select(0.1) and not os.read(self._answers, 1 << 16):
                    return True
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ProgramError(Exception):
    """The student's code raised an error.

    Attributes
    ----------
    type_name, says : str
        What it was; both come from the student's program.
    """

    def __init__(self, type_name: str, says: str) -> None:
        super().__init__(f"{type_name}: {says}" if says else type_name)
        self.type_name = type_name
        self.says = says


def descendants(process: int) -> list[int]:
    """Return the numbers of the processes that a process has started, and those these have."""
    found, waiting = [], [process]
    while waiting:
        folder = Path(f"/proc/{waiting.pop()}/task")
        with suppress(OSError):
            for thread in folder.iterdir():
                waiting += [int(child) for child in (thread / "children").read_text().split()]
        found += waiting
    return list(dict.fromkeys(found))


def _temporary(content: bytes) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(content)
    file.seek(0)
    return file

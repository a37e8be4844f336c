"""Many verdicts at once: the same ones, each exactly once, though a worker is killed."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import Any

import nbformat
import psutil
import pytest
from classroom_small import SMALL, code
from distributed import Client, LocalCluster, Security, rpc
from distributed.comm import CommClosedError

from classroom import many
from classroom.errors import Refused
from classroom.many import verdicts
from classroom.verdict import Verdict, judge

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox is Linux's"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]
KEY = b"key"


def submissions(count: int) -> dict[str, bytes]:
    """Return right, blank and wrong ones, each with a sign of its own, and one that is none."""
    kinds = [SMALL.solution_notebook, SMALL.release_notebook, lambda: SMALL.with_mistake("half")]
    found = {"none": b"not a notebook"}
    for number in range(count):
        notebook = kinds[number % 3]()
        notebook.cells += code(f"{number}")
        found[f"student-{number}"] = nbformat.writes(notebook).encode()
    return found


def compare_with_judge(found: list[tuple[str, Verdict | Refused]], given: dict[str, bytes]) -> None:
    assert Counter(name for name, _ in found) == Counter(list(given))
    for name, verdict in found:
        if name == "none":
            assert isinstance(verdict, Refused)
        else:
            assert verdict == judge(given[name], SMALL, KEY)


def test_one_after_the_other() -> None:
    given = submissions(4)
    compare_with_judge(list(verdicts(given.items(), SMALL, KEY)), given)


def test_in_two_processes() -> None:
    given = submissions(4)
    compare_with_judge(list(verdicts(given.items(), SMALL, KEY, jobs=2)), given)


def who_is_there(address: str, security: Security | None = None) -> Any:
    """Ask for a dask process's name; in a thread, since a browser's loop may run in this one."""

    async def ask() -> Any:
        arguments = security.get_connection_args("client") if security else {}
        async with rpc(address, timeout=5, connection_args=arguments) as stranger:
            return await stranger.identity()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(ask())).result()


def status_of_a_page(port: int) -> int | None:
    """Return what is said to a browser that asks for the workers; None where it is not HTTP."""
    browser = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        browser.request("GET", "/info/main/workers.html")
        return browser.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        browser.close()


def ports(others: list[psutil.Process]) -> set[int]:
    """Return the ports on which this process and its children listen, without some others."""
    here = psutil.Process()
    return {
        connection.laddr.port
        for process in {here, *here.children()} - {*others}
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }


def test_nobody_else_on_the_machine_can_give_work_or_see_it() -> None:
    others = psutil.Process().children()  # of other tests: the website may be built meanwhile
    before = ports(others)
    asked = iter(verdicts(submissions(12).items(), SMALL, KEY, jobs=2))
    next(asked)
    found = Counter[int | None]()
    for port in ports(others) - before:
        status = status_of_a_page(port)
        found[status] += 1
        if status is None:
            with pytest.raises(CommClosedError):
                who_is_there(f"tcp://127.0.0.1:{port}")
            with pytest.raises(CommClosedError):
                who_is_there(f"tls://127.0.0.1:{port}", Security.temporary())
    list(asked)
    assert set(found) == {None, 404}
    assert found[None] >= 3, "the scheduler and two workers"


def test_a_worker_that_is_killed_costs_nothing() -> None:
    given = submissions(12)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        asked = iter(verdicts(given.items(), SMALL, KEY, scheduler=cluster.scheduler_address))
        found = [next(asked)]
        time.sleep(0.1)  # so that it is in the middle of another one
        workers = client.run(os.getpid)
        os.kill(next(iter(workers.values())), signal.SIGKILL)
        found += asked
        after = client.run(os.getpid)
    compare_with_judge(found, given)
    assert set(after.values()) != set(workers.values())


def test_a_fault_of_ours_does_not_keep_the_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge_all_but_one(submission: bytes, *others: Any) -> Verdict:
        if submission == b"bad luck":
            raise ZeroDivisionError("bad luck")
        return judge(submission, *others)

    monkeypatch.setattr(many, "judge", judge_all_but_one)
    given = submissions(1) | {"unlucky": b"bad luck"}
    found = dict(verdicts(given.items(), SMALL, KEY))
    assert isinstance(found["student-0"], Verdict)
    assert "ZeroDivisionError" in str(found["unlucky"])

"""Many verdicts at once: on this machine, or on several.

A verdict is a pure function of a submission, so it does not matter where it is computed, and
computing one again after a machine was lost gives the same. Only verdicts come back; the gradebook
is written by who asked for them.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import uuid4

from classroom.errors import NoSandbox, Refused
from classroom.probe import check_sandbox
from classroom.source import Assignment
from classroom.verdict import Verdict, judge

WAITING = 4  # submissions sent ahead to each process
NO_PAGES: dict[str, Any] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


def verdicts(
    submissions: Iterable[tuple[str, bytes]],
    assignment: Assignment,
    key: bytes,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Iterator[tuple[str, Verdict | Refused]]:
    """Judge submissions; yield each verdict as soon as it is there, in no particular order.

    Parameters
    ----------
    submissions : iterable of (str, bytes)
        Whose it is, and the notebook. Read little by little.
    assignment : Assignment
        What they are judged by.
    key : bytes
        The secret of the course.
    jobs : int, default 1
        How many processes of this machine judge at once.
    scheduler : str, optional
        The address of a dask scheduler, such as "tcp://10.0.0.5:8786", whose workers judge in place
        of this machine. They need this package, bubblewrap and the students' environment. A worker
        that is lost costs nothing: others do its work. The connection is as safe as the network
        that it goes through, unless the address is a tls:// one.

    Raises
    ------
    NoSandbox
        Somewhere the sandbox does not hold. Verdicts that were there before have been yielded.

    Yields
    ------
    (str, Verdict or Refused)
        Refused says why a file cannot be judged at all.
    """
    run = uuid4().hex
    if jobs == 1 and scheduler is None:
        for name, submission in submissions:
            yield name, _judge(run, submission, assignment, key)
        return
    yield from _on_a_cluster(run, iter(submissions), assignment, key, jobs, scheduler)


def _on_a_cluster(
    run: str,
    submissions: Iterator[tuple[str, bytes]],
    assignment: Assignment,
    key: bytes,
    jobs: int,
    scheduler: str | None,
) -> Iterator[tuple[str, Verdict | Refused]]:
    from dask import config
    from distributed import Client, LocalCluster, as_completed  # takes a second

    with ExitStack() as held:
        if scheduler is None:
            # Whoever reaches a scheduler can run programs as its owner, and a class may share this
            # machine: only who has this run's certificate is heard, and there are no pages.
            held.enter_context(config.set(NO_PAGES))
            local = LocalCluster(
                host="tls://127.0.0.1",
                security=True,
                n_workers=jobs,
                threads_per_worker=1,  # a sandbox ends with the thread that started it
                dashboard_address=None,
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # or port 8787, taken or not
                memory_limit=0,
            )
            client = held.enter_context(Client(held.enter_context(local)))
        else:
            client = held.enter_context(Client(scheduler))
        shared = client.scatter(assignment, broadcast=True)

        def sent(name: str, submission: bytes) -> Any:
            return client.submit(
                _judge, run, submission, shared, key, key=f"{run}-{name}", pure=False
            )

        workers = len(client.scheduler_info(n_workers=-1)["workers"]) or 1
        whose = {sent(*given): given[0] for given in islice(submissions, WAITING * workers)}
        done = as_completed(list(whose))
        for future in done:
            verdict = future.result()
            for name, submission in islice(submissions, 1):
                another = sent(name, submission)
                whose[another] = name
                done.add(another)
            yield whose.pop(future), verdict


def _judge(run: str, submission: bytes, assignment: Assignment, key: bytes) -> Verdict | Refused:
    """Judge one; before the first one of a run, try the sandbox of this process."""
    _checked(run)
    try:
        return judge(submission, _kept(assignment), key)
    except NoSandbox:
        raise
    except Refused as reason:
        return reason
    except Exception as error:  # a fault of ours, which must not keep the others waiting
        return Refused(f"It could not be judged: {type(error).__name__}: {error}")


@lru_cache(maxsize=1)
def _checked(run: str) -> None:
    check_sandbox()


@lru_cache(maxsize=4)
def _kept(assignment: Assignment) -> Assignment:
    """Return the equal assignment that was there first, which has been read already."""
    return assignment

"""Processes seen from outside: where they may run, whose children they are, what these cost."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.load.meters import processor_s

_PROC = Path("/proc")


def threads_of(pid: int) -> list[int]:
    """Return the ids of a process's threads."""
    return [int(path.name) for path in (_PROC / str(pid) / "task").iterdir()]


def children_of(pid: int) -> list[int]:
    """Return the processes that it has started and that live."""
    return [
        int(child)
        for thread in threads_of(pid)
        for child in (_PROC / str(pid) / f"task/{thread}/children").read_text().split()
    ]


def children_s(pid: int) -> float:
    """Return the processor time of all its children, those that have ended included, in seconds.

    proc(5): of those ended it is told in clock ticks, 10 ms.
    """
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    ended_s = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    return ended_s + sum(processor_s(child) for child in children_of(pid))


def pin(pid: int, processors: Collection[int]) -> None:
    """Let the process run there only, with all threads; what it starts later inherits that."""
    for thread in threads_of(pid):
        with suppress(ProcessLookupError):  # it has just ended
            os.sched_setaffinity(thread, processors)


@contextmanager
def pinned(alone: Collection[int], others: Collection[int]) -> Iterator[None]:
    """Give the processes `alone` with their children one processor, us and `others` the rest."""
    before = os.sched_getaffinity(0)
    first, *rest = sorted(before)
    for pid in alone:
        for each in (pid, *children_of(pid)):
            pin(each, {first})
    for pid in (os.getpid(), *others):
        pin(pid, rest)
    try:
        yield
    finally:
        for pid in (os.getpid(), *others):
            pin(pid, before)

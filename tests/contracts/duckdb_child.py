"""Runs a DuckDB store in a process of its own, for tests that kill it or take its disk away.

python -m tests.contracts.duckdb_child ROLE PATH [FIRST]: prints a line for each thing that is durable.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

import numpy as np

from plantroom.errors import StoreError, StoreUnavailableError
from plantroom.readings import ReadingBatch
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.times import SECOND

POINTS = 2_000
TIMES = 10
ROWS = POINTS * TIMES


def numbered(number: int) -> ReadingBatch:
    """The batch of this number: the same to the process that writes and the one that checks."""
    values = np.random.default_rng(number).normal(size=ROWS)
    ts = np.repeat(np.arange(TIMES) + number * TIMES, POINTS) * SECOND
    return ReadingBatch.of(np.tile(np.arange(POINTS), TIMES), ts, values)


def say(*words: object) -> None:
    """Print a line that the parent sees at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def append_for_ever(path: Path, first: int) -> None:
    """Append one numbered batch after the other until killed."""
    store = DuckdbStore(path)
    number = first
    while True:
        store.append(numbered(number))
        say("stored", number)
        number += 1


def append_and_die(path: Path, count: int) -> None:
    """Append so many batches, then die by SIGKILL, leaving the WAL."""
    store = DuckdbStore(path)
    for number in range(count):
        store.append(numbered(number))
        say("stored", number)
    os.kill(os.getpid(), signal.SIGKILL)


def hold(path: Path, _: int) -> None:
    """Open the store and keep it until the parent closes our input."""
    store = DuckdbStore(path)
    say("open")
    sys.stdin.read()
    store.close()


def try_to_open(path: Path, _: int) -> None:
    """Say how opening ended."""
    try:
        DuckdbStore(path).close()
    except StoreError as failure:
        say(type(failure).__name__, failure)
    else:
        say("opened")


def meet_a_full_disk(path: Path, limit: int) -> None:
    """Append until no file may grow over `limit` bytes, get room, append again, die by SIGKILL."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    store = DuckdbStore(path)
    number = 0
    try:
        while True:
            store.append(numbered(number))
            say("stored", number)
            number += 1
    except StoreUnavailableError as failure:
        say("full", str(failure).replace("\n", " "))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store.append(numbered(number))
    say("stored", number)
    say("size", store.size(), "latest", len(store.latest()))
    os.kill(os.getpid(), signal.SIGKILL)


ROLES = {
    "append": append_for_ever,
    "append-and-die": append_and_die,
    "hold": hold,
    "try": try_to_open,
    "full": meet_a_full_disk,
}

if __name__ == "__main__":
    ROLES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)

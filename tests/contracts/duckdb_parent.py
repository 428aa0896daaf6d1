"""The other side of `duckdb_child`: starts it, reads what it did, and checks that against the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.times import SECOND
from tests.contracts.duckdb_child import ROWS, TIMES, numbered

ROOT = Path(__file__).parents[2]


def child(role: str, path: Path, number: int = 0) -> subprocess.Popen[str]:
    """A process that does `role` with the store at `path`."""
    command = [sys.executable, "-m", "tests.contracts.duckdb_child", role, str(path), str(number)]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def said(role: str, path: Path, number: int = 0) -> list[str]:
    """What the child printed until it ended."""
    return child(role, path, number).communicate()[0].splitlines()


def stored_numbers(lines: list[str]) -> list[int]:
    """The batches that were reported as durable."""
    return [int(line.split()[1]) for line in lines if line.startswith("stored ")]


def held(store: DuckdbStore, number: int) -> bool:
    """Whether the store has the batch, all of it; part of it is a failure."""
    expected = numbered(number).normalised()
    found = store.range(None, number * TIMES * SECOND, (number + 1) * TIMES * SECOND)
    assert len(found) in {0, ROWS}
    if not len(found):
        return False
    assert np.array_equal(found.point_id, expected.point_id)
    assert np.array_equal(found.ts, expected.ts)
    assert np.array_equal(found.value, expected.value)
    return True


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the folder, byte by byte."""
    return {item.name: item.read_bytes() for item in sorted(folder.iterdir())}

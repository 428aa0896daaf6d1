"""A backtest over a month of history: seconds, and how many times a bare read of the same history.

    python tests/bench/bench_backtest.py [DAYS] [--whole]

1,000 points of pumps at 10 s (8.6 million readings a day) are written into a real store; then in the same
run they are read bare, read and put through `Engine.step` by one process, and by two. By default 3 days,
scaled to 30; `DAYS` 30 measures all of it. The draft changes three rules of the pump; with `--whole` it
changes a point, so that every rule runs twice, before and after, in engines of their own.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import duckdb
import numpy as np
from rich.console import Console
from rich.table import Table

from plantroom.catalogue import Catalogue, load_catalogue
from plantroom.model import Equipment, Point, PointTable, Text
from plantroom.readings import ReadingBatch
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.times import DAY, HOUR, SECOND
from rules.backtest import Draft, Result, backtest, read_draft
from rules.cases import load_cases

POINTS = 1_000
MONTH = 30
START = 1_767_225_600 * SECOND
CASES = Path(__file__).parent.parent / "cases"
DRAFT = b"""\
class: pump
rules:
  - {key: dry_run, on_delay: 20s}
  - {key: low_flow, on_delay: 60s}
  - {key: overload, on_delay: 30s}
"""
_BARE = "SELECT point_id, ts, value, quality FROM readings WHERE ts >= $start AND ts < $end"


def property_of(catalogue: Catalogue) -> tuple[PointTable, np.ndarray]:
    """Pumps with 1,000 points, and a healthy value for each."""
    cls, name = catalogue["pump"], Text("x", "x")
    healthy = load_cases(CASES / "pump.yaml", catalogue).healthy
    parameters = {spec.key: spec.default for spec in cls.parameters}
    equipment, points, values = [], [], []
    while len(points) < POINTS:
        key = f"pump-{len(equipment)}"
        equipment.append(Equipment(len(equipment) + 1, "bench", key, "pump", name, parameters=parameters))
        for spec in cls.points[: POINTS - len(points)]:
            value = healthy.get(spec.key, sum(spec.normal) / 2 if spec.normal else 0)
            values.append(float((spec.values or {})[value] if isinstance(value, str) else value))
            points.append(
                Point(
                    len(points), "bench", key, spec.key, name, spec.kind, spec.unit,
                    spec.valid_span, spec.normal, 10 * SECOND, 30 * SECOND, spec.values or {},
                )
            )  # fmt: skip
    return PointTable(equipment, points), np.array(values)


def fill(store: DuckdbStore, healthy: np.ndarray, days: float) -> int:
    """How many readings were written: 1 % of noise, and for a minute every six hours one pump is off."""
    chance = np.random.default_rng(3)
    rounds = 360
    ids = np.tile(np.arange(POINTS, dtype=np.int32), rounds)
    for number in range(int(days * DAY / HOUR)):
        ts = START + number * HOUR + np.repeat(np.arange(rounds), POINTS) * 10 * SECOND
        value = healthy[ids]
        value = np.where(np.isin(value, (0, 1)), value, value * (1 + 0.01 * chance.standard_normal(len(ids))))
        if number % 6 == 0:
            off = (ids < 23) & (ts < START + number * HOUR + 60 * SECOND)
            value = np.where(off & ~np.isin(healthy[ids], (0, 1)), value * 0.05, value)
        store.append(ReadingBatch.of(ids, ts, np.round(value, 3)))
    return store.size()


def whole(draft: Draft) -> Draft:
    """The draft with a point changed, so that nothing can be shared."""
    first, *others = draft.cls.points
    changed = first.model_copy(update={"stale_after": 40 * SECOND})
    cls = draft.cls.model_copy(update={"points": (changed, *others)})
    return Draft(draft.in_force, cls, tuple(rule.key for rule in cls.rules))


def read_bare(path: Path, days: float) -> int:
    """The rows of the same history by bare DuckDB, in slices of two hours, as numpy columns."""
    rows = 0
    with duckdb.connect(path, read_only=True, config={"threads": 2}) as bare:
        for number in range(int(days * DAY / (2 * HOUR))):
            given = {"start": START + number * 2 * HOUR, "end": START + (number + 1) * 2 * HOUR}
            rows += len(bare.execute(_BARE, given).fetchnumpy()["ts"])
    return rows


def read(store: DuckdbStore, days: float) -> int:
    """The same through the store."""
    starts = [START + number * 2 * HOUR for number in range(int(days * DAY / (2 * HOUR)))]
    return sum(len(store.scan(None, start, start + 2 * HOUR)) for start in starts)


class Timed(NamedTuple):
    """Seconds by the clock and of all processors, children among them, and what came of it."""

    wall: float
    cpu: float
    found: Any


def timed(work: Callable[[], object]) -> Timed:
    """How long `work` takes: on a machine that others use, the processors' seconds tell more."""
    began, before = perf_counter(), os.times()
    found = work()
    return Timed(perf_counter() - began, sum(os.times()[:4]) - sum(before[:4]), found)


def main() -> None:
    given = [item for item in sys.argv[1:] if not item.startswith("-")]
    days = float(given[0]) if given else 3.0
    catalogue = load_catalogue()
    table, healthy = property_of(catalogue)
    draft = read_draft(DRAFT, catalogue)
    if "--whole" in sys.argv:
        draft = whole(draft)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "readings.duckdb"
        store = DuckdbStore(path)
        rows = fill(store, healthy, days)
        store.close()
        bare = timed(lambda: read_bare(path, days))
        store = DuckdbStore(path)
        scan = timed(lambda: read(store, days))

        def run(processes: int) -> Result:
            return backtest(
                draft, catalogue, table, store,
                start=START, end=START + int(days * DAY), warm_up=0, processes=processes,
            )  # fmt: skip

        runs = {processes: timed(lambda p=processes: run(p)) for processes in (0, 1, 2)}
        report(rows, days, bare, scan=scan, runs=runs, rules=len(draft.tried))
        store.close()


def report(rows: int, days: float, bare: Timed, *, scan: Timed, runs: dict[int, Timed], rules: int) -> None:
    """Print the figures."""
    shown = Table(
        title=f"backtest of {rules} rules, {days:g} days x {POINTS:,} points, {rows / 1e6:.1f} M readings"
    )
    for heading in ("what", "s", "CPU s", f"s, {MONTH} days", "CPU s / 2", "x bare", "x CPU"):
        shown.add_column(heading, justify="left" if heading == "what" else "right")
    names = {
        0: "backtest in this process",
        1: "backtest, engine in one process",
        2: "backtest, engines in two",
    }
    lines = {"bare read by DuckDB": bare, "read by the store": scan}
    lines |= {names[processes]: taken for processes, taken in runs.items()}
    for name, taken in lines.items():
        shown.add_row(
            name,
            f"{taken.wall:.1f}",
            f"{taken.cpu:.1f}",
            f"{taken.wall * MONTH / days:.0f}",
            f"{taken.cpu * MONTH / days / 2:.0f}",
            f"{taken.wall / bare.wall:.1f}",
            f"{taken.cpu / bare.cpu:.1f}",
        )
    Console(width=110).print(shown)
    results = [taken.found for taken in runs.values()]
    assert all(found.readings == rows for found in results)
    assert all(found.lines == results[0].lines for found in results)
    alarms = sum(line.before.alarms for line in results[0].lines)
    print(f"alarms in force {alarms}, draft {sum(line.after.alarms for line in results[0].lines)}")


if __name__ == "__main__":
    main()

"""Speed of the embedded reading store, against bare DuckDB inserts of the same rows in the same run.

python tests/bench/bench_store.py [MILLIONS]: rows to append (default 2).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb
import numpy as np
from pyarrow.lib import table
from rich.console import Console
from rich.table import Table

from plantroom.readings import ReadingBatch
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.times import MINUTE, SECOND

POINTS = 10_000
BATCH = 5_000
INTERVAL = 10 * SECOND
_CREATE = (
    "CREATE TABLE readings (point_id INTEGER NOT NULL, ts BIGINT NOT NULL, value DOUBLE NOT NULL, "
    "quality UTINYINT NOT NULL)"
)
_FULL_SCAN = "SELECT point_id, max(ts), arg_max(value, ts), arg_max(quality, ts) FROM readings GROUP BY ALL"


def batches(count: int) -> list[ReadingBatch]:
    """Half of the points each time, in no order, one reading each: what a batcher hands over."""
    chance = np.random.default_rng(20)
    found = []
    for number in range(count):
        if number % 2 == 0:
            points = chance.permutation(POINTS).astype(np.int32)
        half = points[:BATCH] if number % 2 == 0 else points[BATCH:]
        ts = np.full(BATCH, (number // 2 + 1) * INTERVAL)
        found.append(ReadingBatch.of(half, ts, chance.normal(20.0, 1.0, BATCH)))
    return found


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def usual(work: Callable[[], object], times: int = 7) -> float:
    """The median of several."""
    return median(timed(work) for _ in range(times))


def main() -> None:
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    given = batches(int(millions * 1e6) // BATCH)
    with tempfile.TemporaryDirectory() as folder:
        bare = duckdb.connect(Path(folder) / "bare.duckdb", config={"memory_limit": "1GB", "threads": 2})
        bare.execute(_CREATE)
        store = DuckdbStore(Path(folder) / "readings.duckdb")
        bare_seconds, store_seconds = [], []
        for batch in given:  # in turns, so that the machine's moods strike both
            columns = {
                "point_id": batch.point_id,
                "ts": batch.ts,
                "value": batch.value,
                "quality": batch.quality,
            }
            bare_seconds.append(timed(lambda c=columns: bare.from_arrow(table(c)).insert_into("readings")))
            store_seconds.append(timed(lambda b=batch: store.append(b)))
        report(store, bare, given, bare_seconds, store_seconds)
        store.close()
        bare.close()


def report(
    store: DuckdbStore,
    bare: duckdb.DuckDBPyConnection,
    given: list[ReadingBatch],
    bare_seconds: list[float],
    store_seconds: list[float],
) -> None:
    """Print the figures."""
    rows = len(given) * BATCH
    end = int(given[-1].ts[0]) + 1
    one, hundred = np.array([77], dtype=np.int32), np.arange(100, dtype=np.int32) * 97
    again = given[-100:]
    repeated = timed(lambda: [store.append(batch) for batch in again])
    late = [ReadingBatch(item.point_id, item.ts + 1, item.value, item.quality) for item in given[:100]]
    backfill = timed(lambda: [store.append(batch) for batch in late])
    scan = usual(lambda: bare.execute(_FULL_SCAN).fetchnumpy())
    latest = usual(store.latest)
    shown = Table(title=f"reading store, {rows / 1e6:.1f} M rows of {POINTS:,} points")
    for heading in ("what", "figure", "ratio"):
        shown.add_column(heading, justify="left" if heading == "what" else "right")
    bare_rate, rate = rows / sum(bare_seconds), rows / sum(store_seconds)
    shown.add_row(f"bare DuckDB, {BATCH:,}-row Arrow inserts", f"{bare_rate:,.0f} rows/s", "1.00")
    shown.add_row("append, durable and idempotent", f"{rate:,.0f} rows/s", f"{rate / bare_rate:.2f}")
    shown.add_row("  one batch, median / p99", f"{milli(store_seconds, 50)} / {milli(store_seconds, 99)}", "")
    for name, seconds in {"what is there already": repeated, "late readings": backfill}.items():
        speed = len(again) * BATCH / seconds
        shown.add_row(f"append of {name}", f"{speed:,.0f} rows/s", f"{speed / bare_rate:.2f}")
    shown.add_row("latest by full scan of bare DuckDB", f"{scan * 1e3:.2f} ms", "1.00")
    shown.add_row("latest", f"{latest * 1e3:.2f} ms", f"{latest / scan:.3f}")
    for name, work in {
        "range, 1 point, all of it": lambda: store.range(one, 0, end),
        "range, every point, last minute": lambda: store.range(None, end - MINUTE, end),
        "aggregate, 100 points by 5 min": lambda: store.aggregate(hundred, 0, end, 5 * MINUTE),
    }.items():
        shown.add_row(name, f"{usual(work) * 1e3:.1f} ms", "")
    path = store._file.path
    store.close()
    shown.add_row("opening again", f"{timed(lambda: DuckdbStore(path).close()) * 1e3:.0f} ms", "")
    shown.add_row("file", f"{path.stat().st_size / rows:.1f} bytes/row", "")
    Console(width=100).print(shown)


def milli(seconds: list[float], percentile: int) -> str:
    """A percentile in milliseconds."""
    return f"{np.percentile(seconds, percentile) * 1e3:.1f} ms"


if __name__ == "__main__":
    main()

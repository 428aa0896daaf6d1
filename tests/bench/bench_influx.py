"""Speed of the InfluxDB reading store on a real server on this machine, against DuckDB's in the same run.

python tests/bench/bench_influx.py [MILLIONS]: rows to append (default 0.5).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))

from plantroom.readings import ReadingBatch
from plantroom.stores.base import ReadingStore
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.stores.influx_lines import Lines
from plantroom.times import MINUTE
from tests.bench.bench_store import BATCH, batches, milli, timed, usual
from tests.servers.influx import EMPTY_TABLE, Influxd, find_influxd


def main() -> None:
    if find_influxd() is None:
        print("bench_influx: no influxd here; tests/servers/influxd/install builds one")
        return
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5
    given = batches(int(millions * 1e6) // BATCH)
    with tempfile.TemporaryDirectory() as folder:
        server = Influxd(Path(folder))
        try:
            embedded = DuckdbStore(Path(folder) / "readings.duckdb")
            bucket = server.new_bucket()
            report(given, embedded, server.store(bucket), lambda: server.store(bucket))
        finally:
            server.stop()


def report(
    given: list[ReadingBatch], embedded: ReadingStore, store: ReadingStore, again: Callable[[], ReadingStore]
) -> None:
    """Append in turns, query both, and print."""
    rows, end = len(given) * BATCH, int(given[-1].ts[0]) + 1
    bare, seconds = [], []
    for batch in given:  # in turns, so that the machine's moods strike both
        bare.append(timed(lambda b=batch: embedded.append(b)))
        seconds.append(timed(lambda b=batch: store.append(b)))
    lines = Lines(lambda: EMPTY_TABLE)
    body = usual(lambda: lines.of(given[0]))
    shown = Table(title=f"reading stores, {rows / 1e6:.1f} M rows of 10,000 points")
    for heading in ("what", "DuckDB", "InfluxDB", "ratio of speed"):
        shown.add_column(heading, justify="left" if heading == "what" else "right")
    rate, other = rows / sum(bare), rows / sum(seconds)
    shown.add_row("append", f"{rate:,.0f} rows/s", f"{other:,.0f} rows/s", f"{other / rate:.2f}")
    p50, p99 = (tuple(milli(column, at) for column in (bare, seconds)) for at in (50, 99))
    shown.add_row("  one batch, median", *p50, "")
    shown.add_row("  one batch, p99", *p99, "")
    shown.add_row("  of it building the body", "", f"{body * 1e3:.1f} ms", "")
    one, hundred = np.array([77], dtype=np.int32), np.arange(100, dtype=np.int32) * 97
    for name, work in {
        "range, 1 point, all of it": lambda it: it.range(one, 0, end),
        "range, every point, last minute": lambda it: it.range(None, end - MINUTE, end),
        "aggregate, 100 points by 5 min": lambda it: it.aggregate(hundred, 0, end, 5 * MINUTE),
        "append what is there already": lambda it: it.append(given[-1]),
    }.items():
        here, there = (usual(lambda w=work, i=it: w(i), 5) for it in (embedded, store))
        shown.add_row(name, f"{here * 1e3:.1f} ms", f"{there * 1e3:.1f} ms", f"{here / there:.2f}")
    shown.add_row("opening again", "", f"{usual(lambda: again().close(), 3) * 1e3:.0f} ms", "")
    Console(width=110).print(shown)


if __name__ == "__main__":
    main()

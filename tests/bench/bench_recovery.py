"""How long rules take to be where they were after a kill: 5,000 equipment, about 100,000 points, DuckDB.

    python tests/bench/bench_recovery.py [seconds between a point's readings]

The kill comes at the worst moment: just before the next checkpoint of the rules (30 s of readings to go over
again) and of the baselines (10 min). Beside the whole stands one pass over the same readings by a bare read
of the store, since nobody recovers faster than that.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from traffic import START, build, values

from plantroom.metrics import Metrics
from plantroom.readings import ReadingBatch
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.stores.records import Database
from plantroom.times import MINUTE, SECOND
from rules.baseline.watch import Watch
from rules.dispatch import Dispatcher
from rules.engine import Engine
from rules.runner import BASELINES_EVERY, SLICE, Runner

EVERY = 60
CHECKPOINT_EVERY = 30 * SECOND
WARM_UP = 2 * MINUTE
LIMIT_S = 10.0


class Plant:
    """The stores, and a start on them."""

    def __init__(self, folder: Path) -> None:
        self.catalogue, self.table, self.healthy = build()
        self.database = Database(f"sqlite:///{folder / 'records.sqlite'}")
        self.database.migrate()
        self.store = DuckdbStore(folder / "readings.duckdb")

    def runner(self) -> Runner:
        """As a new process has it. Alarms are of equipment that the records do not know: none is written."""
        metrics = Metrics()
        return Runner(
            Engine(self.catalogue, self.table),
            Silent(self.catalogue, lambda: self.table, metrics),
            self.database,
            metrics,
            checkpoint_every=CHECKPOINT_EVERY,
            watch=Watch(self.catalogue, self.table),
        )

    def round(self, ts: int) -> ReadingBatch:
        """Every point once."""
        ids = np.arange(self.table.size)
        at = np.full(self.table.size, ts)
        return ReadingBatch.of(ids, at, values(self.table, self.healthy, ids, at))


class Silent(Dispatcher):
    """Writes nothing: what is measured is the way back, not the alarms."""

    def apply(self, session: object, changes: object) -> None:
        """Nothing."""


def main() -> None:
    every = (int(sys.argv[1]) if len(sys.argv) > 1 else EVERY) * SECOND
    with tempfile.TemporaryDirectory() as folder:
        plant = Plant(Path(folder))
        runner = plant.runner()
        ts = START
        while ts < START + WARM_UP:
            runner.on_stored(plant.round(ts), ts)
            ts += every
        runner.flush(ts, baselines=True)
        for since, last in ((ts, False), (ts + BASELINES_EVERY - CHECKPOINT_EVERY, True)):
            end = since + (CHECKPOINT_EVERY if last else BASELINES_EVERY - CHECKPOINT_EVERY)
            while ts < end:
                batch = plant.round(ts)
                plant.store.append(batch)
                if not last:
                    runner.on_stored(batch, ts)
                ts += every
        report(plant, ts)


def report(plant: Plant, now: int) -> None:
    """Start anew, and say how long it took."""
    started, own = perf_counter(), process_time()
    runner = plant.runner()
    built = perf_counter() - started
    count = runner.recover(plant.store, now)
    whole, own = perf_counter() - started, process_time() - own
    started = perf_counter()
    read = sum(
        len(plant.store.range(None, at, min(at + SLICE, now + 1)))
        for at in range(now - BASELINES_EVERY, now + 1, SLICE)
    )
    bare = perf_counter() - started
    print(
        f"{plant.table.size} points, {plant.store.size():,} readings of 10 min: back in {whole:.1f} s "
        f"({own:.1f} s of a core), of which {built:.1f} s to build the rules; "
        f"rules went over {count:,} again; "
        f"a bare read of {read:,} takes {bare:.1f} s, {whole / bare:.1f} times less"
    )
    if own > LIMIT_S:
        print(f"over the {LIMIT_S:.0f} s that recovery may take")


if __name__ == "__main__":
    main()

"""Readings/s through `Engine.step` beside a plain Python loop and a bare numpy kernel, in one run.

    python tests/bench/bench_rules.py [batches]

5,000 equipment of all shipped classes, about 100,000 points, every shipped rule, batches of 10,000 readings
of which one in twenty is a repetition. Three kinds of traffic: the whole property at one timestamp; messages
in random order, each one equipment with all its points at a timestamp, as gateways send; and single random
points, each with its own timestamp, which is the worst that MQTT can bring.

(a) the plain loop takes one reading at a time and runs the same rules as Python functions of numbers (see
plain_loop.py). It judges an equipment at each of its readings; beside it stands the same loop that judges
once for all readings of a timestamp, as the engine does, and finds exactly what the engine finds. Both have
every fifth equipment alone, to be done sooner: what a reading costs does not depend on how many others there
are. (b) the kernel is no rules engine: one threshold with hysteresis and on-delay for each point.

Seconds are those of the process on its core. Windows are looked over once a minute, so the typical batch (the
median) knows nothing of them and the mean of all does; those of the loops are nearly empty, which makes them
cheap, those of the engine cost the same full or empty. Read the ratios: figures depend on the machine.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from time import process_time

import numpy as np
from kernel import Kernel
from plain_loop import PlainLoop
from traffic import BATCH, EQUIPMENT, START, build, messages, single_points, snapshots

from plantroom.alarms import AlarmEvent
from plantroom.catalogue import Catalogue
from plantroom.model import PointTable
from plantroom.readings import ReadingBatch
from rules.engine import AlarmChange, Engine

WARM_UP = 10
SHARE = 5
"""Of how many equipment the plain loop has one."""
KINDS = (("whole property", snapshots), ("messages", messages), ("single points", single_points))


class Runner:
    """What is timed, and the seconds that each of its batches took."""

    def __init__(self, name: str, step: Callable[[ReadingBatch], object]) -> None:
        self.name, self.step = name, step
        self.seconds: list[float] = []
        self.sizes: list[int] = []

    def run(self, batch: ReadingBatch) -> None:
        start = process_time()
        self.step(batch)
        self.seconds.append(process_time() - start)
        self.sizes.append(len(batch))

    @property
    def typical(self) -> float:
        """Readings a second of the median batch after the warm-up."""
        each = np.array(self.seconds[WARM_UP:]) / np.array(self.sizes[WARM_UP:])
        return 1 / float(np.median(each))

    @property
    def mean(self) -> float:
        """Readings a second over all batches after the warm-up."""
        return sum(self.sizes[WARM_UP:]) / sum(self.seconds[WARM_UP:])


def changed(change: AlarmChange) -> tuple[int, int, str, bool]:
    return change.ts, change.equipment_id, change.rule, change.event is AlarmEvent.RAISE


def compare(name: str, catalogue: Catalogue, table: PointTable, healthy: np.ndarray, count: int) -> None:
    """Run one kind of traffic through all, batch by batch in turn, and print what came out."""
    batches = dict(KINDS)[name](table, healthy, count)
    ids = {item.id for item in table.equipment if item.id % SHARE == 0}
    engine, found = Engine(catalogue, table), []
    loop = PlainLoop(catalogue, table, ids)
    grouped = PlainLoop(catalogue, table, ids, together=True)
    kernel = Kernel(healthy)
    ours = Runner("engine", lambda batch: found.extend(engine.step(batch, START)))
    plain, whole = Runner("plain loop", loop.step), Runner("plain loop by timestamps", grouped.step)
    bare = Runner("kernel", kernel.step)
    mine = np.isin(table.equipment_id, list(ids))
    gc.collect()
    gc.freeze()  # so that nobody pays for looking through what the others hold
    for batch in batches:
        ours.run(batch)
        bare.run(batch)
        share = batch.take(mine[batch.point_id])
        plain.run(share)
        whole.run(share)
    minutes = int(batches[-1].ts.max() // 60_000_000_000 - batches[WARM_UP].ts.min() // 60_000_000_000)
    print(f"\n{name}, {minutes} whole minutes passed")
    for runner in (ours, plain, whole, bare):
        typical = f"{runner.typical / 1e3:8.1f} k/s (engine {ours.typical / runner.typical:6.3f} x)"
        mean = f"{runner.mean / 1e3:8.1f} k/s (engine {ours.mean / runner.mean:6.3f} x)"
        print(f"  {runner.name:25} median {typical}   mean {mean}", flush=True)
    same([changed(change) for change in found if change.equipment_id in ids], loop, grouped)
    assert minutes >= 2, "too few batches: windows are looked over at whole minutes"


def same(ours: list[tuple[int, int, str, bool]], loop: PlainLoop, grouped: PlainLoop) -> None:
    """Print how many alarms changed, and see that all agree where they see the same."""
    apart = len(set(ours) ^ set(grouped.changes))
    print(
        f"  alarm changes: engine {len(ours)}, plain loop {len(loop.changes)},"
        f" by timestamps {len(grouped.changes)} ({apart} of them not in both)"
    )
    assert len(ours) > 0, "no alarm changed, so nothing was compared"
    assert apart <= 0.01 * len(ours), "the loop by timestamps runs other rules than the engine"
    assert 0.5 <= len(loop.changes) / len(ours) <= 2, "the plain loop runs other rules than the engine"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 136
    catalogue, table, healthy = build()
    rules = sum(len(cls.rules) for cls in catalogue)
    print(f"{EQUIPMENT} equipment, {table.size} points, {rules} rules, {count} batches of {BATCH}")
    for name, _ in KINDS:
        compare(name, catalogue, table, healthy, count)


if __name__ == "__main__":
    main()

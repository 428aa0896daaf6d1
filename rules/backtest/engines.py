"""Engines stepped together, and what their alarms did."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from plantroom.alarms import AlarmEvent
from plantroom.errors import PlantroomError
from plantroom.readings import ReadingBatch
from plantroom.times import Nanos
from rules.backtest.sides import EngineSpec, Side
from rules.engine import AlarmChange, Engine

MAX_CHANGES = 10_000_000
"""Alarm changes of one backtest: rules that say more are of no use to anybody."""

Key: TypeAlias = tuple[Side, int, str]
"""Side, equipment id, rule."""


class BacktestError(PlantroomError):
    """A backtest cannot be done or go on."""


class CancelledError(BacktestError):
    """Somebody no longer wants the outcome."""


class Flips:
    """The times at which the alarm of each side, equipment and rule changed: raised, cleared, and so on."""

    def __init__(self) -> None:
        self.times: dict[Key, array[int]] = defaultdict(lambda: array("q"))
        self.count = 0

    def add(self, key: Key, event: AlarmEvent, ts: Nanos) -> None:
        """Note a raise or a clear, which come in turns."""
        times = self.times[key]
        if (event is AlarmEvent.RAISE) != (len(times) % 2 == 0):
            raise BacktestError(f"rule {key[2]!r}: {event} came twice")  # the engine never does this
        self.count += 1
        if self.count > MAX_CHANGES:
            raise BacktestError(
                f"the rules change alarms more than {MAX_CHANGES:,} times; give them delays, or ask for less"
            )
        times.append(ts)

    def join(self, times: Mapping[Key, array[int]]) -> None:
        """Take in what another has found on other equipment."""
        self.times.update(times)
        self.count += sum(map(len, times.values()))


class Engines:
    """The engines of one process, stepped together."""

    def __init__(self, specs: Sequence[EngineSpec]) -> None:
        self._specs = specs
        self._engines = [Engine(spec.catalogue, spec.table) for spec in specs]
        self._flips = Flips()

    def put(self, batch: ReadingBatch, until: Nanos) -> None:
        """Run the rules over the readings."""
        for spec, engine in zip(self._specs, self._engines, strict=True):
            self._note(spec, engine.step(batch, until))

    def finish(self, until: Nanos) -> Flips:
        """What was found in all, all readings up to `until` having come."""
        for spec, engine in zip(self._specs, self._engines, strict=True):
            self._note(spec, engine.advance(until))
        return self._flips

    def _note(self, spec: EngineSpec, changes: Iterable[AlarmChange]) -> None:
        for change in changes:
            for side, rule in spec.meaning.get(change.rule, ()):
                self._flips.add((side, change.equipment_id, rule), change.event, change.ts)

    def close(self) -> None:
        """Nothing is held."""

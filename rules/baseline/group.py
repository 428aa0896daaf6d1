"""The baselines of the equipment of one class: minute bars, learning, judging and what carried it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from plantroom.catalogue import BaselineSpec, EquipmentClass
from plantroom.model import Equipment, PointTable
from plantroom.readings import Bools, Float64s, Int64s, ReadingBatch
from plantroom.times import MINUTE, Nanos
from rules.baseline.bars import Bars, Closed
from rules.baseline.fleet import ABSURD, LAYOUT, NEVER, Fleet
from rules.baseline.gathering import conclude, gather
from rules.baseline.judging import judge
from rules.baseline.kept import ClassState, pack, unpack
from rules.baseline.model import Settings
from rules.baseline.running import NOT, since_at
from rules.checkpoint import common
from rules.runs import opens

Changes = Mapping[int, list[tuple[Nanos, Nanos]]]
HELD = 15
"""Minutes for which contributions are held apart from the newest: an engine may tell of alarms so late."""
_BARS = ("minute", "total", "count", "last")


class Group:
    """One class's equipment, in columns 0 to E - 1.

    Shapes: `running` [E], since when each runs, in ns (NOT where it does not); `shares` [E, P] and `shared`
    [E], the contributions to the newest deviation before those in hand and their minute; `deviation` [E], the
    ids of the points that take it.
    """

    def __init__(self, cls: EquipmentClass, equipment: Sequence[Equipment], table: PointTable) -> None:
        """The equipment must be `fitted`."""
        assert cls.baseline is not None  # noqa: S101  Group.fitted gave the equipment
        self.cls, self.spec, self.settings = cls, cls.baseline, Settings()
        self.equipment = tuple(equipment)
        self._column_of = {item.id: column for column, item in enumerate(self.equipment)}
        size, width = len(self.equipment), len(self.spec.points)
        least = 10 * max(self.settings.smoothing, width)
        self.period = max(self.spec.learn // MINUTE, least)
        """Rows that are learned from."""
        self.fleet, self.bars = Fleet.blank(size, width), Bars(size, width)
        begin = NOT if self.spec.running is not None else np.iinfo(np.int64).min
        self.running: Int64s = np.full(size, begin, dtype=np.int64)
        self.shares: Float64s = np.zeros((size, width))
        self.shared: Int64s = np.full(size, NEVER, dtype=np.int64)
        self._recent: list[tuple[Int64s, Int64s, Float64s]] = []
        """Columns, minutes and contributions of the deviations of the last HELD minutes, by time."""
        ids = [table.id_of(item.site, item.key, self.spec.deviation) for item in self.equipment]
        self.deviation: Int64s = np.array(ids, dtype=np.int64)

    @staticmethod
    def fitted(found: EquipmentClass, equipment: Sequence[Equipment], table: PointTable) -> list[Equipment]:
        """Those of the equipment that have the deviation point and two points to learn from."""
        spec = found.baseline
        return [] if spec is None else [item for item in equipment if _is_fitted(spec, item, table)]

    def step(
        self, column: Int64s, row: Int64s, ts: Int64s, value: Float64s, changes: Changes
    ) -> ReadingBatch:
        """The deviations of the minutes that the readings end. `changes` as `Running.step` gives them."""
        self._settle(int(self.bars.minute.max()) - HELD)
        value = np.where(np.abs(value) < ABSURD, value, np.nan)
        closed = self.bars.take(column, row, ts, value)
        closed = closed.take(self._ran(closed, changes))
        found = [self._round(closed.take(part)) for part in _rounds(closed.column)]
        return ReadingBatch.concat(found)

    def contributions(self, column: int, at: Nanos | None) -> dict[str, float]:
        """Point key -> share in the newest deviation, or in the newest that is not after `at`."""
        shares, shared = self.shares[column], int(self.shared[column])
        for columns, minutes, parts in self._recent:
            for place in np.flatnonzero(columns == column):
                if at is None or (int(minutes[place]) + 1) * MINUTE <= at:
                    shares, shared = parts[place], int(minutes[place])
        if shared == NEVER:
            return {}
        pairs = zip(self.spec.points, shares.tolist(), strict=True)
        return {key: share for key, share in pairs if share > 0}

    def forget(self, column: int) -> None:
        """Let one equipment learn anew."""
        self._settle(None)
        self.fleet.forget(column)
        self.shared[column], self.shares[column] = NEVER, 0.0

    def state(self) -> ClassState:
        """What outlives the group."""
        arrays = {name: getattr(self.fleet, name) for name in LAYOUT}
        arrays |= {f"bars.{name}": getattr(self.bars, name) for name in _BARS}
        shares, shared = self.shares.copy(), self.shared.copy()
        for columns, minutes, parts in self._recent:
            shares[columns], shared[columns] = parts, minutes
        arrays |= {"running": self.running, "shares": shares, "shared": shared}
        return ClassState(self.cls.key, self._points(), [item.id for item in self.equipment], pack(arrays))

    def apply(self, state: ClassState) -> None:
        """Take over the equipment that both have, if the points are still the same ones."""
        if state.points != self._points():
            return
        arrays = unpack(state)
        new, old = common([item.id for item in self.equipment], state.equipment)
        for name, item in arrays.items():
            holder: object = self.fleet if name in LAYOUT else self.bars if name[:5] == "bars." else self
            mine = getattr(holder, name.removeprefix("bars."), None)
            if isinstance(mine, np.ndarray) and mine.shape[1:] == item.shape[1:]:
                mine[new] = item[old]
        self.fleet.pattern[:] = False

    def _points(self) -> list[tuple[str, str]]:
        units = {point.key: point.unit for point in self.cls.points}
        return [(key, units[key]) for key in self.spec.points]

    def _settle(self, before: int | None) -> None:
        """Let contributions of minutes before this one (of all, if None) be no longer held apart."""
        while self._recent and (before is None or int(self._recent[0][1].max()) < before):
            columns, minutes, parts = self._recent.pop(0)
            self.shares[columns], self.shared[columns] = parts, minutes

    def _ran(self, closed: Closed, changes: Changes) -> Bools:
        """Which bars are of minutes that the equipment ran all through; takes the changes over."""
        since = self.running[closed.column]
        for equipment_id, happened in changes.items():
            column = self._column_of.get(equipment_id)
            if column is None:
                continue
            bars = slice(*np.searchsorted(closed.column, [column, column + 1]))
            before = int(self.running[column])
            since[bars] = since_at(before, happened, (closed.minute[bars] + 1) * MINUTE)
            self.running[column] = happened[-1][1]
        return (since <= closed.minute * MINUTE) & np.isfinite(closed.mean).any(axis=1)

    def _round(self, closed: Closed) -> ReadingBatch:
        """Learn from or judge one bar of each of some equipment: the deviations, if any."""
        at, minute, mean = closed
        fleet = self.fleet
        warm, away = fleet.smooth(at, minute, mean, self.settings)
        learns = ~fleet.ready[at]
        if learns.any():
            gather(fleet, at[learns], minute[learns], mean[learns], warm[learns])
            for column in at[learns][fleet.rows[at[learns]] >= self.period].tolist():
                conclude(fleet, column, self.settings)
        on = ~learns
        if not on.any():
            return ReadingBatch.empty()
        at, minute = at[on], minute[on]
        deviation, shares = judge(fleet, at, minute, warm[on], away[on], settings=self.settings)
        known = np.isfinite(deviation)
        if not known.any():
            return ReadingBatch.empty()
        at, minute = at[known], minute[known]
        self._recent.append((at, minute, shares[known]))
        return ReadingBatch.of(self.deviation[at], (minute + 1) * MINUTE, deviation[known])


def _is_fitted(spec: BaselineSpec, item: Equipment, table: PointTable) -> bool:
    ids = table.of_equipment(item.site, item.key) or {}
    return spec.deviation in ids and sum(key in ids for key in spec.points) >= 2


def _rounds(column: Int64s) -> Iterator[Int64s]:
    """Places of the first bar of each equipment, then of the second and so on. Sorted by equipment."""
    if not len(column):
        return
    start = np.maximum.accumulate(np.where(opens(column), np.arange(len(column)), 0))
    nth = np.arange(len(column)) - start
    order = np.argsort(nth, kind="stable")
    edges = np.flatnonzero(np.append(True, np.diff(nth[order]) > 0))
    yield from np.split(order, edges[1:])

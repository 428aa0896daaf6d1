"""The learned baselines over a live stream: stored readings in, readings of the `deviation` points out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from plantroom.catalogue import Catalogue
from plantroom.errors import NotFoundError
from plantroom.model import Equipment, PointTable
from plantroom.readings import Int64s, Quality, ReadingBatch
from plantroom.times import HOUR, MINUTE, Nanos
from rules.baseline import kept
from rules.baseline.group import Group
from rules.baseline.running import Running

HORIZON: Nanos = HOUR
"""How far before the newest reading the store is read again at most after a restart."""


class Progress(NamedTuple):
    """Where an equipment's baseline stands: `share` of the commissioning period that is learned, 0 to 1."""

    status: Literal["learning", "judging"]
    share: float


class Watch:
    """The baselines of all equipment whose class has one.

    An equipment is looked at minute by minute, in the means of its points' good readings, while it runs (see
    `running`). First it learns; afterwards every minute has a deviation, 1 at the limit, stamped with the
    minute's end. A minute ends when any reading of the equipment of a later minute comes, so the same stream
    gives the same deviations however it is cut into batches; readings of minutes that have ended are ignored.
    """

    def __init__(self, catalogue: Catalogue, table: PointTable) -> None:
        """Baselines that have seen nothing. Raises: CatalogueError for a wrong `running` text."""
        self._running = Running(catalogue, table)
        self._build(catalogue, table)

    def step(self, batch: ReadingBatch, now: Nanos) -> ReadingBatch:
        """The deviations of the minutes that the readings end, sorted by time then point.

        Runs on the readings' time; `now` decides nothing.
        """
        known = (batch.point_id >= 0) & (batch.point_id < len(self._group_of))
        known[known] = self._group_of[batch.point_id[known]] >= 0
        known &= (batch.quality & np.uint8(Quality.CLOCK)) == 0
        if not known.any():
            return ReadingBatch.empty()
        batch = batch.take(known)
        if (np.diff(batch.ts) < 0).any():
            batch = batch.take(np.argsort(batch.ts, kind="stable"))
        changes = self._running.step(batch, now)
        value = np.where(batch.is_bad(), np.nan, batch.value)
        of, row, column = (item[batch.point_id] for item in (self._group_of, self._row_of, self._column_of))
        found = []
        for index, group in enumerate(self._groups):
            mine = of == index
            if mine.any():
                found.append(group.step(column[mine], row[mine], batch.ts[mine], value[mine], changes))
        return ReadingBatch.concat(found).normalised()

    def contributions(self, equipment_id: int, at: Nanos | None = None) -> Mapping[str, float]:
        """Point key -> its share of the deviation, of 1; of the newest one, or the newest not after `at`.

        Empty where there is none. `at` reaches back over the last step.
        """
        group, column = self._find(equipment_id)
        return group.contributions(column, at)

    def deviation_of(self, equipment_id: int) -> str | None:
        """The key of the equipment's deviation point; None where it has no baseline."""
        found = self._of_equipment.get(equipment_id)
        return None if found is None else self._groups[found[0]].spec.deviation

    def progress(self, equipment_id: int) -> Progress:
        """Where the equipment's baseline stands. Raises: NotFoundError."""
        group, column = self._find(equipment_id)
        if group.fleet.ready[column]:
            return Progress("judging", 1.0)
        return Progress("learning", min(1.0, int(group.fleet.rows[column]) / group.period))

    def relearn(self, equipment_id: int) -> None:
        """Forget what is normal for the equipment and learn it anew. Raises: NotFoundError."""
        group, column = self._find(equipment_id)
        group.forget(column)

    def replace_table(self, table: PointTable, catalogue: Catalogue) -> None:
        """Go on with another table and catalogue; equipment whose baseline has the same points keeps it.

        Raises: CatalogueError for a wrong `running` text; nothing is changed then.
        """
        state = [group.state() for group in self._groups]
        self._running.replace_table(table, catalogue)
        self._build(catalogue, table)
        self._apply(state)

    def checkpoint(self) -> bytes:
        """The state by names, for `restore`."""
        classes = [group.state() for group in self._groups]
        return kept.encode(kept.State(kept.VERSION, classes, self._running.checkpoint()))

    def restore(self, data: bytes) -> Nanos | None:
        """Take over a checkpoint; from which reading time the store must be read again, None for nowhere.

        Raises: StoreCorruptError for anything that is not a whole checkpoint.
        """
        state = kept.decode(data)
        for item in state.classes:
            kept.unpack(item)
        self._running.restore(state.running)
        self._apply(state.classes)
        minutes = [group.bars.minute[group.bars.minute > 0] for group in self._groups]
        seen = np.concatenate(minutes) if minutes else np.empty(0, dtype=np.int64)
        if not len(seen):
            return None
        return max(int(seen.min()) * MINUTE, (int(seen.max()) + 1) * MINUTE - HORIZON)

    def _apply(self, state: list[kept.ClassState]) -> None:
        of_class = {item.key: item for item in state}
        for group in self._groups:
            found = of_class.get(group.cls.key)
            if found is not None:
                group.apply(found)

    def _build(self, catalogue: Catalogue, table: PointTable) -> None:
        by_class: dict[str, list[Equipment]] = {}
        for item in table.equipment:
            if item.retired_at is None and item.equipment_class in catalogue:
                by_class.setdefault(item.equipment_class, []).append(item)
        self._groups = [
            Group(catalogue[key], fitted, table)
            for key, equipment in sorted(by_class.items())
            if (fitted := Group.fitted(catalogue[key], equipment, table))
        ]
        self._group_of: Int64s = np.full(table.size, -1, dtype=np.int64)
        self._row_of: Int64s = np.full(table.size, -1, dtype=np.int64)
        self._column_of: Int64s = np.zeros(table.size, dtype=np.int64)
        self._of_equipment: dict[int, tuple[int, int]] = {}
        for index, group in enumerate(self._groups):
            rows = {key: row for row, key in enumerate(group.spec.points)}
            for column, item in enumerate(group.equipment):
                self._of_equipment[item.id] = (index, column)
                for key, point in (table.of_equipment(item.site, item.key) or {}).items():
                    if key != group.spec.deviation:
                        self._group_of[point], self._column_of[point] = index, column
                        self._row_of[point] = rows.get(key, -1)

    def _find(self, equipment_id: int) -> tuple[Group, int]:
        if equipment_id not in self._of_equipment:
            raise NotFoundError(f"no equipment {equipment_id} in service has a baseline")
        index, column = self._of_equipment[equipment_id]
        return self._groups[index], column

"""Since when each equipment runs, by the `running` text of its class's baseline.

The text is run by the engine itself, as the only rule of the class: so it may say whatever a rule may, and
means the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from plantroom.alarms import AlarmEvent, Severity
from plantroom.catalogue import Catalogue, EquipmentClass, FaultRule
from plantroom.errors import ExpressionError, Problem
from plantroom.model import PointTable, Text
from plantroom.readings import Bools, Int64s, ReadingBatch
from plantroom.times import MINUTE, Nanos
from rules.engine import Engine
from rules.expression import check

NOT = np.iinfo(np.int64).max
"""Since when equipment runs that does not."""
SETTLE: Nanos = 5 * MINUTE
"""How long equipment must have run before it is looked at: a start is not its normal running."""
_KEY = "running"
_NAME = Text("running", "运行")


def problems(catalogue: Catalogue) -> Iterator[Problem]:
    """What is wrong with the baselines' `running` texts."""
    for cls in catalogue:
        if cls.baseline is None or cls.baseline.running is None:
            continue
        try:
            check(cls.baseline.running, cls)
        except ExpressionError as failure:
            if cls.key in catalogue.marks:
                yield catalogue.marks[cls.key].problem(("baseline", "running"), str(failure))
            else:
                yield Problem(cls.key, 1, 1, "baseline.running", str(failure))


class Running:
    """Runs the texts. Equipment whose class gives none always runs and is not asked about here."""

    def __init__(self, catalogue: Catalogue, table: PointTable) -> None:
        self._build(catalogue, table)

    def step(self, batch: ReadingBatch, now: Nanos) -> dict[int, list[tuple[Nanos, Nanos]]]:
        """Equipment id -> (when, running since when, or NOT) of each change, by time."""
        known = (batch.point_id >= 0) & (batch.point_id < len(self._reads))
        known[known] = self._reads[batch.point_id[known]]
        found: dict[int, list[tuple[Nanos, Nanos]]] = {}
        for change in self._engine.step(batch.take(known), now):
            since = change.ts if change.event is AlarmEvent.RAISE else NOT
            found.setdefault(change.equipment_id, []).append((change.ts, since))
        return found

    def replace_table(self, table: PointTable, catalogue: Catalogue) -> None:
        """Go on with another table and catalogue."""
        state = self._engine.checkpoint()
        self._build(catalogue, table)
        self._engine.restore(state)

    def checkpoint(self) -> bytes:
        """The state for `restore`."""
        return self._engine.checkpoint()

    def restore(self, data: bytes) -> None:
        """Take over a checkpoint. Raises: StoreCorruptError."""
        self._engine.restore(data)

    def _build(self, catalogue: Catalogue, table: PointTable) -> None:
        asked = {cls.key: _asked(cls) for cls in catalogue if cls.baseline and cls.baseline.running}
        self._engine = Engine(Catalogue(asked), table)
        self._reads: Bools = np.zeros(table.size, dtype=np.bool_)
        reads = {key: check(cls.rules[0].when, cls).points for key, cls in asked.items()}
        for item in table.equipment:
            ids = table.of_equipment(item.site, item.key) or {}
            for key in reads.get(item.equipment_class, ()):
                if key in ids and item.retired_at is None:
                    self._reads[ids[key]] = True


def _asked(cls: EquipmentClass) -> EquipmentClass:
    """The class with its `running` text as its only rule."""
    spec = cls.baseline
    assert spec is not None and spec.running is not None  # noqa: S101, PT018  the caller asked
    rule = FaultRule.model_construct(
        key=_KEY, name=_NAME, when=spec.running, on_delay=SETTLE, off_delay=0, min_hold=0, deadband={},
        severity=Severity.ADVISORY, latching=False, shelvable=True, suppresses=False, explains=(),
        instrument=None, work_order=None, cause=_NAME, consequence=_NAME, remedy=_NAME, source=spec.source,
    )  # fmt: skip
    return cls.model_copy(update={"rules": (rule,)})


def since_at(before: Nanos, changes: list[tuple[Nanos, Nanos]], ends: Int64s) -> Int64s:
    """Since when an equipment ran as of just before each instant of `ends`; `before` as it was until now."""
    times = np.array([when for when, _ in changes], dtype=np.int64)
    values = np.array([before, *(since for _, since in changes)], dtype=np.int64)
    return np.asarray(values[np.searchsorted(times, ends, side="left")])

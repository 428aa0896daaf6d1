"""One step of the rules: readings in, alarm changes out. README.md says what it means, a sentence a fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isnan
from operator import attrgetter

import numpy as np

from plantroom.alarms import AlarmEvent
from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.errors import CatalogueError, ExpressionError, NotFoundError
from plantroom.model import Equipment, PointTable
from plantroom.readings import Int64s, Quality, ReadingBatch
from plantroom.times import Nanos
from rules import checkpoint as checkpoints
from rules.alignment import Evaluations, Placed, evaluations, sift
from rules.deadband import DeadbandError
from rules.expression import check_catalogue, compile_rule
from rules.timers import Flips, Timers
from rules.window import NEVER, Window


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """A rule raised or cleared its alarm on an equipment, at a reading time.

    `readings` are the values of the rule's known points at `ts`, in their units.
    """

    equipment_id: int
    rule: str
    event: AlarmEvent
    ts: Nanos
    readings: Mapping[str, float]


class RuleStatus(StrEnum):
    """What a rule says of an equipment now."""

    DISABLED = "disabled"
    UNKNOWN = "unknown"
    NORMAL = "normal"
    PENDING = "pending"
    """The condition holds and its on-delay runs."""
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule on an equipment: its status, since when (pending or active), and which points are unknown.

    `unknown` maps a point's key to `missing` (the equipment has none), `never` (no reading yet), `bad`
    (quality) or `stale`. An active alarm whose points are unknown stays active.
    """

    status: RuleStatus
    since: Nanos | None
    unknown: Mapping[str, str]


class ClassRules:
    """The rules of one equipment class over all its equipment: compiled conditions, values and timers."""

    def __init__(self, cls: EquipmentClass, equipment: list[Equipment], table: PointTable) -> None:
        self.compiled = tuple(compile_rule(rule, cls) for rule in cls.rules)
        self.window = Window(cls, equipment, table)
        self.timers = Timers(cls.rules, [rule.rows for rule in self.compiled], self.window)

    def run(self, found: Evaluations) -> Iterator[AlarmChange]:
        """The alarm changes of the evaluations."""
        columns = self.window.columns(found.points, found.column)
        up = np.zeros((len(self.compiled), len(found.column)), dtype=np.bool_)
        gone = np.zeros_like(up)
        with np.errstate(all="ignore"):
            for index, rule in enumerate(self.compiled):
                up[index] = rule.raises.true(columns)
            # only alarms that are active, or may become so in this batch, can clear
            may_clear = self.timers.active[:, found.equipment] | found.any_in_run(up)
            for index in np.flatnonzero(may_clear.any(axis=1)).tolist():
                ask = np.flatnonzero(may_clear[index].repeat(found.count))
                part = self.window.columns(found.points[:, ask], found.column[ask])
                gone[index, ask] = self.compiled[index].holds.false(part)
        return self._changes(found, self.timers.advance(found, up, gone))

    def _changes(self, found: Evaluations, flips: Flips) -> Iterator[AlarmChange]:
        for index, at, raised in zip(*(part.tolist() for part in flips), strict=True):
            rule = self.compiled[index]
            values = found.points[list(rule.rows), at].tolist()
            yield AlarmChange(
                equipment_id=self.window.equipment[int(found.column[at])].id,
                rule=rule.key,
                event=AlarmEvent.RAISE if raised else AlarmEvent.CLEAR,
                ts=int(found.at[at]),
                readings={
                    key: item for key, item in zip(rule.points, values, strict=True) if not isnan(item)
                },
            )

    def state_of(self, column: int, now: Nanos | None) -> dict[str, RuleState]:
        """Every rule's state on the equipment in a column, at `now` or at its last evaluation."""
        at = int(self.window.evaluated[column]) if now is None else now
        columns = self.window.columns(self.window.seen(column, at), np.array([column]))
        states = {}
        for index, rule in enumerate(self.compiled):
            rows = zip(rule.points, rule.rows, strict=True)
            why = {key: self.window.why_unknown(row, column, at) for key, row in rows}
            unknown = {key: reason for key, reason in why.items() if reason is not None}
            with np.errstate(all="ignore"):
                known = bool(rule.raises.true(columns)[0]) or bool(rule.raises.false(columns)[0])
            status, since = RuleStatus.NORMAL, None
            if not self.timers.enabled[index, column]:
                status = RuleStatus.DISABLED
            elif self.timers.active[index, column]:
                status, since = RuleStatus.ACTIVE, self.timers.changed[index, column]
            elif not known:
                status = RuleStatus.UNKNOWN
            elif self.timers.since[index, column] != NEVER:
                status, since = RuleStatus.PENDING, self.timers.since[index, column]
            began = None if since is None or since == NEVER else int(since)
            states[rule.key] = RuleState(status, began, unknown)
        return states


class Engine:
    """The rules of a catalogue over the equipment of a property.

    `late`, `repeated`, `skewed` and `unplaced` count readings since the start that changed nothing: older
    than their point's last, seen before, stamped with a time in the future, or of no point in service.
    """

    def __init__(self, catalogue: Catalogue, table: PointTable) -> None:
        """An engine that has seen nothing. Raises: CatalogueError for a wrong rule of a class in use."""
        self.late = self.repeated = self.skewed = self.unplaced = 0
        self.stepped_at: Nanos | None = None
        """When `step` last ran."""
        self._build(catalogue, table)

    def step(self, batch: ReadingBatch, now: Nanos) -> list[AlarmChange]:
        """The alarm changes that the readings bring, by time, equipment and rule.

        Rules run on the readings' time; `now` decides nothing.
        """
        self.stepped_at = now
        changes: list[AlarmChange] = []
        code, placed = self._place(batch)
        for index, rules in enumerate(self._classes):
            mine = code == index
            if not mine.any():
                continue
            fresh, refused = sift(rules.window, placed.take(mine))
            self.late += refused.late
            self.repeated += refused.repeated
            for found in evaluations(rules.window, fresh):
                changes.extend(rules.run(found))
        changes.sort(key=attrgetter("ts", "equipment_id", "rule"))
        return changes

    def state_of(self, equipment_id: int, now: Nanos | None = None) -> Mapping[str, RuleState]:
        """Rule key -> its state on the equipment, as of its last evaluation.

        With `now`, readings that have gone stale since then count as unknown.
        Raises: NotFoundError for equipment that is not in service or whose class the catalogue has not.
        """
        rules, column = self._find(equipment_id)
        return rules.state_of(column, now)

    def assume_active(self, alarms: Iterable[tuple[int, str]]) -> None:
        """Take these alarms (equipment id, rule key) for active, as the records say they are.

        Those of equipment or rules that are no more are passed over.
        """
        for equipment_id, key in alarms:
            if equipment_id not in self._of_equipment:
                continue
            rules, column = self._find(equipment_id)
            index = next((at for at, rule in enumerate(rules.compiled) if rule.key == key), None)
            if index is not None and not rules.timers.active[index, column]:
                rules.timers.active[index, column] = True
                rules.timers.since[index, column] = rules.timers.since_before[index, column] = NEVER

    def replace_table(self, table: PointTable, catalogue: Catalogue) -> None:
        """Go on with another table and catalogue; the state of what they have in common is kept.

        Raises: CatalogueError for a wrong rule of a class in use; nothing is changed then.
        """
        state = checkpoints.collect(self._classes)
        self._build(catalogue, table)
        checkpoints.apply(state, self._classes)

    def checkpoint(self) -> bytes:
        """The state by names, for `restore`."""
        return checkpoints.encode(checkpoints.collect(self._classes))

    def restore(self, data: bytes) -> Nanos | None:
        """Take over a checkpoint; from which reading time the store must be read again, None for nowhere.

        What the present catalogue and table have no more is left out.
        Raises: StoreCorruptError for anything that is not a whole checkpoint; nothing is changed then.
        """
        state = checkpoints.decode(data)
        checkpoints.apply(state, self._classes)
        return checkpoints.resume_from(self._classes)

    def _build(self, catalogue: Catalogue, table: PointTable) -> None:
        by_class: dict[str, list[Equipment]] = {}
        for item in table.equipment:
            if item.retired_at is None and item.equipment_class in catalogue:
                by_class.setdefault(item.equipment_class, []).append(item)
        try:
            classes = [ClassRules(catalogue[key], group, table) for key, group in sorted(by_class.items())]
        except (ExpressionError, DeadbandError) as failure:
            raise CatalogueError(check_catalogue(catalogue)) from failure
        self._classes = classes
        self._of_equipment = {
            item.id: (index, column)
            for index, rules in enumerate(self._classes)
            for column, item in enumerate(rules.window.equipment)
        }
        self._class_of = np.full(table.size, -1, dtype=np.int64)
        self._row_of = np.zeros(table.size, dtype=np.int64)
        self._column_of = np.zeros(table.size, dtype=np.int64)
        for index, rules in enumerate(self._classes):
            row, column = np.nonzero(rules.window.present)
            ids = rules.window.point_id[row, column]
            self._class_of[ids], self._row_of[ids], self._column_of[ids] = index, row, column

    def _place(self, batch: ReadingBatch) -> tuple[Int64s, Placed]:
        """The class of each reading that counts, and its place there."""
        known = (batch.point_id >= 0) & (batch.point_id < len(self._class_of))
        known[known] = self._class_of[batch.point_id[known]] >= 0
        skewed = known & ((batch.quality & np.uint8(Quality.CLOCK)) != 0)
        self.unplaced += len(known) - int(known.sum())
        self.skewed += int(skewed.sum())
        take = known & ~skewed
        ids = batch.point_id[take]
        value = np.where(batch.is_bad()[take] | ~np.isfinite(batch.value[take]), np.nan, batch.value[take])
        placed = Placed(self._row_of[ids], self._column_of[ids], batch.ts[take], value, batch.quality[take])
        return self._class_of[ids], placed

    def _find(self, equipment_id: int) -> tuple[ClassRules, int]:
        if equipment_id not in self._of_equipment:
            raise NotFoundError(f"no equipment {equipment_id} in service has fault rules")
        index, column = self._of_equipment[equipment_id]
        return self._classes[index], column

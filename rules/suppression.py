"""Suppression by design: which alarm explains which others, from the property model and the catalogue.

While an alarm of a rule that `suppresses` is active on an equipment, the alarms of all that the equipment
feeds or consists of follow from it; while an alarm of a rule that `explains` others is active, theirs on the
same equipment do. Each lies under the topmost alarm that explains it, its root. Everything here follows from
the times of readings and the states of alarms. Source: ISA-18.2-2016 clause 5.2.3, suppressed by design.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from plantroom.alarms import Severity
from plantroom.catalogue import Catalogue, FaultRule
from plantroom.catalogue.schema import System
from plantroom.model import Equipment, PointTable
from plantroom.stores.records import alarms
from plantroom.stores.records.tables import AlarmRow
from plantroom.times import SECOND, Nanos

AHEAD: Nanos = 30 * SECOND
"""How much sooner than its root, the root's own delay aside, an alarm that follows from it may come:
readings of one event do not come in its order (practice)."""
Source = tuple[int, str]
"""An equipment's id and the key of one of its rules."""


class Suppression:
    """What explains what on one property."""

    def __init__(self, catalogue: Catalogue, table: PointTable) -> None:
        self._catalogue = catalogue
        self.table = table
        self._known: dict[Source, frozenset[Source]] = {}

    def root_of(
        self, session: Session, item: Equipment, rule: str, severity: Severity, ts: Nanos
    ) -> int | None:
        """The root of an alarm that is raised now at `ts`; None where nothing explains it."""
        if severity is Severity.EMERGENCY:
            return None
        return self._top(session, self._sources(item, rule), ts)

    def put_under(self, session: Session, row: AlarmRow) -> list[AlarmRow]:
        """The standing alarms that follow from this one, which was just raised, and lie under a root now."""
        if row.raised_ts is None or not self._explains(row):
            return []
        moved = []
        for other in self._candidates(session, row):
            top = self._top_of(session, other)
            if top is not None and alarms.put_under(session, other, top, row.changed_at):
                moved.append(other)
                self._bring_along(session, other, top, row.changed_at)
        return moved

    def set_free(self, session: Session, row: AlarmRow) -> list[AlarmRow]:
        """The alarms that this one, which has just cleared, explained, and nothing else does."""
        if not self._explains(row):
            return []
        below = alarms.explained_by(session, row.id)
        if row.root_alarm_id is not None:
            # those that reached the same root only by way of this one
            source = (row.equipment_id, row.rule)
            beside = alarms.explained_by(session, row.root_alarm_id)
            below += [other for other in beside if other is not row and source in self._sources_of(other)]
        return self._resolve(session, below, row.changed_at, lost=row.id)

    def settle(self, session: Session, now: Nanos) -> list[AlarmRow]:
        """The alarms whose root is no more: its equipment or rule left the property while it was active."""
        roots = select(AlarmRow.root_alarm_id).where(AlarmRow.root_alarm_id.is_not(None)).distinct()
        freed: list[AlarmRow] = []
        for root in alarms.held(session, alarms.query().where(AlarmRow.id.in_(roots))):
            if not (root.active and self._explains(root)):
                freed += self._resolve(session, alarms.explained_by(session, root.id), now, lost=root.id)
        return freed

    def _resolve(self, session: Session, rows: Iterable[AlarmRow], at: Nanos, *, lost: int) -> list[AlarmRow]:
        """Those of the rows that stand for themselves, now that the alarm `lost` explains nothing."""
        waiting = {row.id: row for row in rows}
        loose = {row.id for row in waiting.values() if row.root_alarm_id == lost}
        freed = []
        for row in waiting.values():
            top = self._top_of(session, row, loose) if row.active else None
            loose.discard(row.id)
            if top is None:
                alarms.set_free(session, row, at)
                freed.append(row)
            elif alarms.put_under(session, row, top, at):
                self._bring_along(session, row, top, at)
        return freed

    def _bring_along(self, session: Session, row: AlarmRow, top: int, at: Nanos) -> None:
        for other in alarms.explained_by(session, row.id):
            alarms.put_under(session, other, top, at)

    def _top_of(self, session: Session, row: AlarmRow, loose: Collection[int] = ()) -> int | None:
        sources = self._sources_of(row)
        return None if row.raised_ts is None else self._top(session, sources, row.raised_ts, row.id, loose)

    def _top(
        self,
        session: Session,
        sources: frozenset[Source],
        ts: Nanos,
        itself: int | None = None,
        loose: Collection[int] = (),
    ) -> int | None:
        """Of the active alarms that explain one raised at `ts`, the topmost, of several the first raised.

        One in `loose` has just lost its root and counts as topmost.
        """
        if not sources:
            return None
        found = alarms.query().where(
            AlarmRow.active,
            AlarmRow.equipment_id.in_({equipment_id for equipment_id, _ in sources}),
            AlarmRow.rule.in_({rule for _, rule in sources}),
        )
        tops: dict[int, AlarmRow] = {}
        for row in session.scalars(found).all():
            if (row.equipment_id, row.rule) not in sources or ts < self._reaches_back_to(row):
                continue
            own = row.root_alarm_id is None or row.id in loose
            top = row if own else session.get_one(AlarmRow, row.root_alarm_id)
            tops[top.id] = top
        tops.pop(itself or 0, None)
        return min(tops, key=lambda key: (tops[key].raised_ts or 0, key), default=None)

    def _candidates(self, session: Session, row: AlarmRow) -> list[AlarmRow]:
        item, rule = self._find(row)
        if item is None or rule is None:
            return []
        where = {item.id}
        if rule.suppresses:
            where.update(one.id for one in self.table.downstream_of(item))
        rows = (
            alarms.query()
            .where(
                AlarmRow.active,
                AlarmRow.root_alarm_id.is_(None),
                AlarmRow.equipment_id.in_(where),
                AlarmRow.raised_ts >= self._reaches_back_to(row),
                AlarmRow.id != row.id,
            )
            .order_by(AlarmRow.raised_ts, AlarmRow.id)
        )
        source = (item.id, rule.key)
        return [other for other in session.scalars(rows).all() if source in self._sources_of(other)]

    def _reaches_back_to(self, row: AlarmRow) -> Nanos:
        """The earliest raise that may follow from this alarm."""
        item, rule = self._find(row)
        if item is None or rule is None:
            return row.raised_ts or 0
        override = item.rule_overrides.get(rule.key)
        delay = rule.on_delay if override is None or override.on_delay is None else override.on_delay
        return (row.raised_ts or 0) - delay - AHEAD

    def _sources_of(self, row: AlarmRow) -> frozenset[Source]:
        item, _ = self._find(row)
        if item is None or row.severity >= Severity.EMERGENCY:
            return frozenset()
        return self._sources(item, row.rule)

    def _sources(self, item: Equipment, rule: str) -> frozenset[Source]:
        """The rules whose alarms explain those of this one; none for what is about fire."""
        if (item.id, rule) not in self._known:
            self._known[item.id, rule] = frozenset(self._find_sources(item, rule))
        return self._known[item.id, rule]

    def _find_sources(self, item: Equipment, rule: str) -> Iterable[Source]:
        cls = self._catalogue[item.equipment_class]
        if cls.system is System.FIRE:
            return
        for other in cls.rules:
            if rule in other.explains and other.key != rule and _in_force(item, other):
                yield item.id, other.key
        for above in self.table.upstream_of(item):
            for other in self._catalogue[above.equipment_class].rules:
                if other.suppresses and _in_force(above, other):
                    yield above.id, other.key

    def _explains(self, row: AlarmRow) -> bool:
        item, rule = self._find(row)
        if item is None or rule is None or not _in_force(item, rule):
            return False
        return rule.suppresses or bool(rule.explains)

    def _find(self, row: AlarmRow) -> tuple[Equipment | None, FaultRule | None]:
        item = self.table.equipment_by_id.get(row.equipment_id)
        return item, None if item is None else self._catalogue[item.equipment_class].rule(row.rule)


def _in_force(item: Equipment, rule: FaultRule) -> bool:
    override = item.rule_overrides.get(rule.key)
    return item.retired_at is None and (override is None or override.enabled)

"""Alarm changes become alarms and work orders, each change in one transaction and with one effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.orm import Session

from plantroom.alarms import AlarmEvent, AlarmState, Severity
from plantroom.catalogue import Catalogue, FaultRule
from plantroom.catalogue.schema import System
from plantroom.metrics import Metrics
from plantroom.model import Equipment, PointTable, Text
from plantroom.notifications import NotificationKind
from plantroom.stores.records import (
    alarms,
    announcements,
    floods,
    locks,
    maintenance_modes,
    plans,
    work_orders,
)
from plantroom.stores.records.tables import AlarmRow
from plantroom.times import Nanos
from plantroom.work_orders import OPEN_STATES, OrderKind, priority_of
from rules.engine import AlarmChange
from rules.suppression import Suppression

RULES = "rules"
"""Who opened an order, where a rule did."""


class Dispatcher:
    """Writes what the rules found. Nothing here asks for the time: an order is opened at its alarm's `ts`,
    so that the same readings give the same orders."""

    def __init__(self, catalogue: Catalogue, table: Callable[[], PointTable], metrics: Metrics) -> None:
        self._catalogue = catalogue
        self._table = table
        self._metrics = metrics
        self._explaining: Suppression | None = None

    def apply(self, session: Session, changes: Sequence[AlarmChange]) -> None:
        """Move the alarms and open or join the orders that the changes call for.

        A change that was applied before does nothing, so that a batch may come twice.
        """
        suppression = self._suppression()
        known = self._table().equipment_by_id
        places = (known.get(change.equipment_id) for change in changes)
        locks.hold_sites(session, (item.site for item in places if item is not None))
        covered = maintenance_modes.covered_equipment(session) if changes else {}
        for change in changes:
            item, rule = self._find(change.equipment_id, change.rule)
            if item is None or rule is None:
                continue  # the property or the catalogue changed between the reading and now
            severity = severity_of(item, rule)
            placing = alarms.ANNOUNCED
            if change.event is AlarmEvent.RAISE:
                root = suppression.root_of(session, item, rule.key, severity, change.ts)
                mode = covered.get(item.id)
                out = mode is not None and change.ts < mode.until and self._may_leave_service(item, severity)
                placing = alarms.Placing(root, out)
            row, changed = alarms.follow(
                session,
                item.id,
                rule.key,
                event=change.event,
                ts=change.ts,
                facts=alarms.RuleFacts(severity, rule.latching),
                readings=change.readings,
                placing=placing,
            )
            if not changed:
                continue
            self._metrics.alarm_changes.labels(change.event.value, severity.name.lower()).inc()
            if change.event is AlarmEvent.RAISE:
                self._announce(session, row)
                for other in suppression.put_under(session, row):
                    _note_root(session, other)
            else:
                if alarms.is_announced(row):
                    announcements.tell_of_alarm(session, row, NotificationKind.ALARM_CLEARED)
                for other in suppression.set_free(session, row):
                    self._announce(session, other)

    def call_for_waiting(self, session: Session) -> int:
        """How many orders were opened for alarms that came back from being set aside while in fault."""
        query = alarms.query().where(AlarmRow.active, AlarmRow.state == AlarmState.UNACKNOWLEDGED.value)
        return sum(self._call(session, row) for row in alarms.held(session, query))

    def settle(self, session: Session, now: Nanos) -> int:
        """How many alarms came from under a root that is no more."""
        freed = self._suppression().settle(session, now)
        for row in freed:
            self._announce(session, row)
        return len(freed)

    def _announce(self, session: Session, row: AlarmRow) -> None:
        if row.active and AlarmState(row.state) is AlarmState.UNACKNOWLEDGED:
            floods.note_raise(session, row.equipment.site, row.changed_at)
            announcements.tell_of_alarm(session, row, NotificationKind.ALARM_RAISED)
            self._call(session, row)

    def _may_leave_service(self, item: Equipment, severity: Severity) -> bool:
        system = self._catalogue[item.equipment_class].system
        return severity is not Severity.EMERGENCY and system is not System.FIRE

    def _suppression(self) -> Suppression:
        table = self._table()
        if self._explaining is None or self._explaining.table is not table:
            self._explaining = Suppression(self._catalogue, table)
        return self._explaining

    def _find(self, equipment_id: int, rule: str) -> tuple[Equipment | None, FaultRule | None]:
        item = self._table().equipment_by_id.get(equipment_id)
        return item, None if item is None else self._catalogue[item.equipment_class].rule(rule)

    def _call(self, session: Session, row: AlarmRow) -> bool:
        item, rule = self._find(row.equipment_id, row.rule)
        if item is None or rule is None or rule.work_order is None or row.raised_ts is None:
            return False
        call = work_orders.Call(
            source=work_orders.alarm_source(row.id, row.raised_ts),
            ts=row.raised_ts,
            kind=OrderKind.CORRECTIVE,
            site=item.site,
            title=Text(f"{rule.name.en}: {item.name.en}", f"{rule.name.zh}：{item.name.zh}"),
            priority=priority_of(Severity(row.severity), item.criticality),
            skill=rule.work_order.skill,
            equipment_id=item.id,
            rule=rule.key,
            fault=rule.work_order.fault or rule.key,
            problem=problem_text(rule),
            checklist=plans.checklist(rule.work_order.checklist),
            readings=row.readings,
        )
        # an alarm that comes back from being set aside calls when it comes back
        _, opened = work_orders.open_order(session, call, by=RULES, now=row.changed_at)
        if opened:
            self._metrics.work_orders.labels(OrderKind.CORRECTIVE.value).inc()
        return opened


def _note_root(session: Session, row: AlarmRow) -> None:
    """Say on the alarm's open order, which stays, what it follows from."""
    order_id = work_orders.newest_of_alarm(session, row.id)
    if order_id is None or row.root_alarm_id is None:
        return
    root, order = alarms.get(session, row.root_alarm_id), work_orders.take(session, order_id)
    if order.state in OPEN_STATES:
        note = f"follows from alarm {root.id}: {root.rule} on {root.equipment.site}/{root.equipment.key}"
        work_orders.comment(session, order_id, note, by=RULES, now=row.changed_at)


def severity_of(item: Equipment, rule: FaultRule) -> Severity:
    """The rule's severity on this equipment, its override applied."""
    override = item.rule_overrides.get(rule.key)
    return rule.severity if override is None or override.severity is None else override.severity


def problem_text(rule: FaultRule) -> dict[str, Mapping[str, str] | str]:
    """What an order says of its fault: cause, consequence and remedy in both languages, and the source."""
    texts = {"cause": rule.cause, "consequence": rule.consequence, "remedy": rule.remedy}
    return {
        **{name: {"en": text.en, "zh": text.zh} for name, text in texts.items()},
        "when": rule.when,
        "source": rule.source,
    }

"""Alarm changes become alarms and work orders, each change in one transaction and with one effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.orm import Session

from plantroom.alarms import AlarmEvent, AlarmState, Severity
from plantroom.catalogue import Catalogue, FaultRule
from plantroom.metrics import Metrics
from plantroom.model import Equipment, PointTable, Text
from plantroom.stores.records import alarms, plans, work_orders
from plantroom.stores.records.tables import AlarmRow
from plantroom.work_orders import OrderKind, priority_of
from rules.engine import AlarmChange

RULES = "rules"
"""Who opened an order, where a rule did."""


class Dispatcher:
    """Writes what the rules found. Nothing here asks for the time: an order is opened at its alarm's `ts`,
    so that the same readings give the same orders."""

    def __init__(self, catalogue: Catalogue, table: Callable[[], PointTable], metrics: Metrics) -> None:
        self._catalogue = catalogue
        self._table = table
        self._metrics = metrics

    def apply(self, session: Session, changes: Sequence[AlarmChange]) -> None:
        """Move the alarms and open or join the orders that the changes call for.

        A change that was applied before does nothing, so that a batch may come twice.
        """
        table = self._table()
        for change in changes:
            item = table.equipment_by_id.get(change.equipment_id)
            rule = None if item is None else self._catalogue[item.equipment_class].rule(change.rule)
            if item is None or rule is None:
                continue  # the property or the catalogue changed between the reading and now
            severity = severity_of(item, rule)
            row, changed = alarms.follow(
                session,
                item.id,
                rule.key,
                event=change.event,
                ts=change.ts,
                facts=alarms.RuleFacts(severity, rule.latching),
                readings=change.readings,
            )
            if not changed:
                continue
            self._metrics.alarm_changes.labels(change.event.value, severity.name.lower()).inc()
            if change.event is AlarmEvent.RAISE and alarms.is_announced(row):
                self._call(session, row, item, rule)

    def call_for_waiting(self, session: Session) -> int:
        """How many orders were opened for alarms that came back from a shelf while in fault."""
        opened = 0
        table = self._table()
        query = alarms.query().where(AlarmRow.active, AlarmRow.state == AlarmState.UNACKNOWLEDGED.value)
        for row in session.scalars(query).all():
            item = table.equipment_by_id.get(row.equipment_id)
            rule = None if item is None else self._catalogue[item.equipment_class].rule(row.rule)
            if item is None or rule is None:
                continue
            opened += self._call(session, row, item, rule)
        return opened

    def _call(self, session: Session, row: AlarmRow, item: Equipment, rule: FaultRule) -> bool:
        if rule.work_order is None or row.raised_ts is None:
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
        _, opened = work_orders.open_order(session, call, by=RULES, now=row.raised_ts)
        if opened:
            self._metrics.work_orders.labels(OrderKind.CORRECTIVE.value).inc()
        return opened


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

"""The parts of an equipment's page: its points, parameters, rules and plans as they are now."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sqlalchemy.orm import Session

from api.context import Context
from api.equipment.schemas import Parameter, PlanNow, PointNow, PointState, Reading, RuleNow
from api.readings.columns import flag_words
from api.wire import Words, number
from plantroom.catalogue import EquipmentClass, FaultRule
from plantroom.model import Equipment, Point, PointKind
from plantroom.readings import Quality
from plantroom.stores.records import plans
from plantroom.times import SECOND, Nanos

_BINARY = {0.0: "off", 1.0: "on"}


def points_of(context: Context, item: Equipment, now: Nanos) -> list[PointNow]:
    """Every fitted point with its newest reading, in the class's order."""
    table = context.table()
    ids = table.of_equipment(item.site, item.key) or {}
    order = [spec.key for spec in context.catalogue[item.equipment_class].points]
    return [_point(context, table.points[ids[key]], now) for key in order if key in ids]


def _point(context: Context, point: Point, now: Nanos) -> PointNow:
    found = context.live.read(point.id)
    low, high = point.valid
    return PointNow(
        key=point.key,
        path=f"{point.site}/{point.equipment}/{point.key}",
        name=Words.of(point.name),
        kind=point.kind,
        unit=point.unit,
        valid=(number(low), number(high)),
        normal=point.normal,
        values=dict(point.values) or None,
        sample_s=point.sample / SECOND,
        stale_after_s=point.stale_after / SECOND,
        state=_state(point, found, now),
        reading=None if found is None else _reading(point, found, now),
    )


def _state(point: Point, found: tuple[Nanos, float, Quality] | None, now: Nanos) -> PointState:
    if found is None:
        return PointState.NEVER_SEEN
    ts, _, quality = found
    if now - ts > point.stale_after:
        return PointState.STALE
    return PointState.BAD if quality & Quality.BAD else PointState.GOOD


def _reading(point: Point, found: tuple[Nanos, float, Quality], now: Nanos) -> Reading:
    ts, value, quality = found
    words: Mapping[float, str] = {}
    if point.kind is PointKind.ENUM:
        words = {float(code): word for word, code in point.values.items()}
    elif point.kind is PointKind.BINARY:
        words = _BINARY
    return Reading(
        at=ts,
        value=number(value),
        word=None if math.isnan(value) else words.get(value),
        quality=flag_words(quality),
        age_s=max(0, now - ts) / SECOND,
    )


def parameters_of(item: Equipment, cls: EquipmentClass) -> list[Parameter]:
    """Its nameplate values and set-points, the class's defaults where it has none of its own."""
    return [
        Parameter(key=spec.key, name=Words.of(spec.name), value=item.parameters[spec.key], unit=spec.unit)
        for spec in cls.parameters
    ]


def rules_of(context: Context, item: Equipment, cls: EquipmentClass) -> list[RuleNow]:
    """Its class's rules with its overrides, and what each makes of it now."""
    states = context.rule_states(item.id)
    return [_rule(item, rule, states.get(rule.key, "unknown")) for rule in cls.rules]


def _rule(item: Equipment, rule: FaultRule, state: str) -> RuleNow:
    override = item.rule_overrides.get(rule.key)
    severity = rule.severity if override is None or override.severity is None else override.severity
    return RuleNow(
        key=rule.key,
        name=Words.of(rule.name),
        severity=severity,
        enabled=override is None or override.enabled,
        state=state,
        when=rule.when,
        instrument=rule.instrument,
    )


def plans_of(context: Context, session: Session, item: Equipment, now: Nanos) -> list[PlanNow]:
    """Its maintenance plans, the next due first."""
    found = plans.status_of(session, context.table(), context.catalogue, item.id)
    return [
        PlanNow(
            key=status.spec.key,
            name=Words.of(status.spec.name),
            skill=status.spec.skill,
            last_due=status.last_due,
            last_done=status.last_done,
            next_due=status.next_due,
            overdue=status.next_due < now,
        )
        for status in found
    ]

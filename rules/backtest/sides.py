"""What has to run for a comparison: which rules, over which equipment and points, in how many engines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TypeVar

import numpy as np

from plantroom.catalogue import Catalogue, EquipmentClass, FaultRule
from plantroom.model import Equipment, Point, PointTable
from plantroom.readings import Int32s
from rules.backtest.draft import Draft


class Side(IntEnum):
    """Whose alarms."""

    BEFORE = 0
    """Of the rules in force."""
    AFTER = 1
    """Of the draft."""


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One engine to be built, and what its alarms say: rule key there -> (side, rule key)."""

    catalogue: Catalogue
    table: PointTable
    meaning: Mapping[str, tuple[tuple[Side, str], ...]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The engines, the points that they read, and the equipment whose alarms are compared.

    `groups` are the ids of equipment that must stay in one engine; `companions` the rules that are run only
    because they share a work order with one that is tried.
    """

    engines: tuple[EngineSpec, ...]
    point_ids: Int32s
    equipment: tuple[Equipment, ...]
    groups: tuple[tuple[int, ...], ...]
    companions: tuple[str, ...]


_OTHERS = re.compile(r"\b(parent|served_by|children|serves|space|system)\s*\.")
_DRAFTED = "+draft"
Value = TypeVar("Value")


def plan(catalogue: Catalogue, table: PointTable, draft: Draft, equipment: Sequence[Equipment]) -> Plan:
    """What has to run to compare the draft's rules on this equipment, which is of the draft's class."""
    companions = _companions(draft)
    run = (*draft.tried, *companions)
    texts = [text for cls in (draft.in_force, draft.cls) for text in _texts(cls, run)]
    groups: list[tuple[int, ...]] = [(item.id,) for item in equipment]
    around = tuple(equipment)
    if any(_OTHERS.search(text) for text in texts):
        sites = dict.fromkeys(item.site for item in equipment)
        around = tuple(item for item in table.equipment if item.site in sites and item.retired_at is None)
        groups = [tuple(item.id for item in around if item.site == site) for site in sites]
    small = _only(table, around)
    ids = np.array(sorted(small.points), dtype=np.int32)
    engines = _engines(catalogue, small, draft, run)
    return Plan(engines, ids, tuple(equipment), tuple(groups), companions)


def part_of(spec: EngineSpec, equipment_ids: Iterable[int]) -> EngineSpec:
    """The engine for a part of its equipment."""
    wanted = set(equipment_ids)
    return replace(
        spec, table=_only(spec.table, [item for item in spec.table.equipment if item.id in wanted])
    )


def order_fault(rule: FaultRule | None) -> str | None:
    """The fault whose open order the rule's alarms join; None where it opens none."""
    if rule is None or rule.work_order is None:
        return None
    return rule.work_order.fault or rule.key


def _companions(draft: Draft) -> tuple[str, ...]:
    faults = {order_fault(cls.rule(key)) for cls in (draft.in_force, draft.cls) for key in draft.tried} - {
        None
    }
    return tuple(
        rule.key for rule in draft.cls.rules if rule.key not in draft.tried and order_fault(rule) in faults
    )


def _texts(cls: EquipmentClass, keys: Sequence[str]) -> list[str]:
    texts = [rule.when for rule in cls.rules if rule.key in keys]
    for term in cls.terms:
        texts += [term.text] if term.text is not None else list((term.states or {}).values())
    return texts


def _engines(
    catalogue: Catalogue, table: PointTable, draft: Draft, run: Sequence[str]
) -> tuple[EngineSpec, ...]:
    before = tuple(rule for rule in draft.in_force.rules if rule.key in run)
    after = tuple(rule for rule in draft.cls.rules if rule.key in run)
    if not draft.same_shape:
        sides = (
            (Side.BEFORE, draft.in_force, before, table),
            (Side.AFTER, draft.cls, after, _as(draft, table)),
        )
        return tuple(
            EngineSpec(
                _with_rules(catalogue, cls, rules), there, {rule.key: ((side, rule.key),) for rule in rules}
            )
            for side, cls, rules, there in sides
        )
    # rules do not see each other: both sides run in one engine over the same evaluations
    same = {rule.key for rule in before if rule in after}
    renamed = tuple(
        rule.model_copy(update={"key": rule.key + _DRAFTED}) for rule in after if rule.key not in same
    )
    meaning: dict[str, tuple[tuple[Side, str], ...]] = {
        rule.key: tuple((side, rule.key) for side in (Side if rule.key in same else (Side.BEFORE,)))
        for rule in before
    }
    meaning |= {rule.key: ((Side.AFTER, rule.key.removesuffix(_DRAFTED)),) for rule in renamed}
    both = _with_rules(catalogue, draft.in_force, (*before, *renamed))
    return (EngineSpec(both, _with_overrides(table), meaning),)


def _with_rules(catalogue: Catalogue, cls: EquipmentClass, rules: tuple[FaultRule, ...]) -> Catalogue:
    """The catalogue with these rules of the class and no others: what is not compared need not run."""
    classes = {item.key: item.model_copy(update={"rules": ()}) for item in catalogue}
    return Catalogue({**classes, cls.key: cls.model_copy(update={"rules": rules})})


def _only(table: PointTable, equipment: Iterable[Equipment]) -> PointTable:
    kept = tuple(equipment)
    ids = [point_id for item in kept for point_id in (table.of_equipment(item.site, item.key) or {}).values()]
    return PointTable(kept, [table.points[point_id] for point_id in ids])


def _with_overrides(table: PointTable) -> PointTable:
    """The table whose equipment has its overrides for the draft's renamed rules, too."""
    equipment = [
        replace(
            item,
            rule_overrides={
                **item.rule_overrides,
                **{key + _DRAFTED: override for key, override in item.rule_overrides.items()},
            },
        )
        for item in table.equipment
    ]
    return PointTable(equipment, table.points.values())


def _as(draft: Draft, table: PointTable) -> PointTable:
    """The table as the draft's class would have made it: what equipment has of its own stays."""
    before, after = draft.in_force, draft.cls
    defaults = {spec.key: spec.default for spec in before.parameters}
    equipment = []
    for item in table.equipment:
        if item.equipment_class != after.key:
            equipment.append(item)
            continue
        own = {key: value for key, value in item.parameters.items() if value != defaults.get(key)}
        given = {spec.key: own.get(spec.key, spec.default) for spec in after.parameters}
        equipment.append(replace(item, parameters=given))
    of_class = {item.path for item in equipment if item.equipment_class == after.key}
    points = [
        _point_as(point, before, after) if f"{point.site}/{point.equipment}" in of_class else point
        for point in table.points.values()
    ]
    return PointTable(equipment, points)


def _point_as(point: Point, before: EquipmentClass, after: EquipmentClass) -> Point:
    old, new = before.point(point.key), after.point(point.key)
    if old is None or new is None:
        return point
    return replace(
        point,
        kind=new.kind,
        unit=new.unit,
        values=new.values or {},
        valid=_moved(point.valid, old.valid_span, new.valid_span),
        normal=_moved(point.normal, old.normal, new.normal),
        sample=_moved(point.sample, old.sample, new.sample),
        stale_after=_moved(point.stale_after, old.stale_nanos, new.stale_nanos),
    )


def _moved(own: Value, old: Value, new: Value) -> Value:
    return new if own == old else own

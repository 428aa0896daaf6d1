"""The state of equipment, and of what many together are in: a site or a building system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from sqlalchemy.orm import Session

from api.context import Context
from plantroom.alarms import Severity
from plantroom.model import Equipment, PointTable
from plantroom.readings import Bools, Quality
from plantroom.stores.records import alarms, work_orders
from plantroom.times import Nanos


class State(StrEnum):
    """How equipment does. `unknown`: nothing standing, and no point with a fresh and usable reading."""

    NORMAL = "normal"
    UNKNOWN = "unknown"
    ADVISORY = "advisory"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    EMERGENCY = "emergency"
    RETIRED = "retired"


_WORST_FIRST = (*(State(item.name.lower()) for item in reversed(Severity)), State.UNKNOWN, State.NORMAL)


@dataclass(frozen=True, slots=True)
class Condition:
    """One equipment: its state and what that rests on."""

    state: State
    standing: Mapping[Severity, int]
    open_orders: int
    points: int
    fresh_points: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Many equipment together: the worst state and the counts."""

    state: State
    equipment: int
    unknown: int
    standing: Mapping[Severity, int]
    open_orders: int


class Overview:
    """The condition of everything at one moment: two queries and a pass over the live columns."""

    def __init__(self, context: Context, session: Session, now: Nanos) -> None:
        self.table = context.table()
        self._standing = alarms.standing_by_equipment(session)
        self._orders = work_orders.count_open(session)
        self._points, self._fresh = _count_points(context, self.table, now)
        self._by_site: dict[str, list[Equipment]] = {}
        for item in self.table.equipment:
            self._by_site.setdefault(item.site, []).append(item)

    def of_site(self, site: str) -> Sequence[Equipment]:
        """The site's equipment, retired too."""
        return self._by_site.get(site, ())

    def of(self, item: Equipment) -> Condition:
        """The equipment's condition."""
        standing = self._standing.get(item.id, {})
        fresh = int(self._fresh.get(item.id, 0))
        if item.retired_at is not None:
            state = State.RETIRED
        elif standing:
            state = State(max(standing).name.lower())
        else:
            state = State.NORMAL if fresh else State.UNKNOWN
        return Condition(
            state,
            standing,
            self._orders.get((item.site, item.id), 0),
            int(self._points.get(item.id, 0)),
            fresh,
        )

    def summary(self, items: Iterable[Equipment], *, site: str | None = None) -> Summary:
        """The equipment in service together; `site` adds the site's orders that name no equipment."""
        found = [self.of(item) for item in items if item.retired_at is None]
        standing: Counter[Severity] = Counter()
        for condition in found:
            standing.update(condition.standing)
        states = {condition.state for condition in found}
        unbound = 0 if site is None else self._orders.get((site, None), 0)
        return Summary(
            next((state for state in _WORST_FIRST if state in states), State.UNKNOWN),
            len(found),
            sum(condition.state is State.UNKNOWN for condition in found),
            standing,
            unbound + sum(condition.open_orders for condition in found),
        )


def _count_points(
    context: Context, table: PointTable, now: Nanos
) -> tuple[Mapping[int, int], Mapping[int, int]]:
    fresh = np.zeros(table.size, dtype=np.bool_)
    ts, _, quality, seen = context.live.snapshot()
    size = min(table.size, len(ts))
    age = now - np.where(seen, ts, now)[:size]
    usable = (quality[:size] & np.uint8(Quality.BAD)) == 0
    fresh[:size] = seen[:size] & usable & (age <= table.stale_after[:size])
    has_point = table.kind >= 0
    return _by_equipment(table, has_point), _by_equipment(table, fresh & has_point)


def _by_equipment(table: PointTable, mask: Bools) -> Mapping[int, int]:
    ids, counts = np.unique(table.equipment_id[mask], return_counts=True)
    return dict(zip(ids.tolist(), counts.tolist(), strict=True))

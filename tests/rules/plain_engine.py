"""The specification again, one reading and one number at a time: slow, plain, written apart from `rules/`.

It walks checked terms with None for unknown and finds delays by looking back over the history, so that it has
neither the masks nor the timers of the real engine.
"""

# ruff: noqa: PLR0911  one return for each kind of term

import math
from dataclasses import dataclass, field

from plantroom.catalogue import EquipmentClass, FaultRule
from plantroom.model import PointTable
from plantroom.readings import Quality, ReadingBatch
from rules.expression import check
from rules.language import terms

SHARE = {"m3/h": 0.05, "bar": 0.02, "kPa": 0.02, "degC": 0.01, "degF": 0.01}


@dataclass
class Entry:
    at: int
    raised: bool | None
    held: bool | None


@dataclass
class Alarm:
    active: bool = False
    changed: int = -1
    history: list[Entry] = field(default_factory=list)


class PlainEngine:
    """Rules of one class without explicit deadbands or overrides."""

    def __init__(self, cls: EquipmentClass, table: PointTable) -> None:
        self.cls = cls
        self.table = table
        self.rules = [(rule, check(rule.when, cls)) for rule in cls.rules]
        self.rows = {spec.key: row for row, spec in enumerate(cls.points)}
        self.latest: dict[int, tuple[int, float | None]] = {}
        self.evaluated: dict[int, int] = {}
        self.alarms: dict[tuple[int, str], Alarm] = {}
        self.late = self.repeated = 0

    def step(self, batch: ReadingBatch) -> list[tuple[int, int, str, str]]:
        """(ts, equipment, rule, event), sorted."""
        groups: dict[tuple[int, int], list[tuple[int, float | None]]] = {}
        seen = {}
        for point, ts, value, quality in zip(
            batch.point_id.tolist(),
            batch.ts.tolist(),
            batch.value.tolist(),
            batch.quality.tolist(),
            strict=True,
        ):
            last = self.latest.get(point, (-1, None))[0]
            if ts < last:
                self.late += 1
            elif ts == last or (point, ts) in seen:
                self.repeated += 1
            else:
                seen[point, ts] = True
                bad = math.isnan(value) or quality & Quality.BAD
                equipment = int(self.table.equipment_id[point])
                groups.setdefault((equipment, ts), []).append((point, None if bad else value))
        changes = []
        for (equipment, ts), readings in sorted(groups.items()):
            for point, value in readings:
                self.latest[point] = (ts, value)
            if ts <= self.evaluated.get(equipment, -1):
                continue  # counts from the next evaluation on
            self.evaluated[equipment] = ts
            changes += [change for rule in self.rules if (change := self.judge(equipment, ts, *rule))]
        return sorted(changes)

    def judge(self, equipment, at, rule: FaultRule, checked):
        item = self.table.equipment_by_id[equipment]
        ids = self.table.of_equipment(item.site, item.key)
        self.values = {row: self.known(ids.get(key), at) for key, row in self.rows.items()}
        self.parameters = [item.parameters.get(spec.key, spec.default) for spec in self.cls.parameters]
        entry = Entry(at, self.truth(checked.terms, 0), self.truth(checked.terms, 1))
        alarm = self.alarms.setdefault((equipment, rule.key), Alarm())
        alarm.history.append(entry)
        gap = min(self.table.points[ids[key]].stale_after for key in checked.points if key in ids)
        begun = None
        later = at
        for past in reversed(alarm.history):
            goal = past.held is False if alarm.active else past.raised is True
            if not goal or past.at < alarm.changed or later - past.at > gap:
                break
            begun = later = past.at
        delay = rule.off_delay if alarm.active else rule.on_delay
        if begun is None or at - begun < delay or alarm.changed == at:
            return None
        alarm.active, alarm.changed = not alarm.active, at
        return at, equipment, rule.key, "raise" if alarm.active else "clear"

    def known(self, point, at):
        ts, value = self.latest.get(point, (None, None))
        return value if ts is not None and at - ts <= self.table.points[point].stale_after else None

    def truth(self, term, relax):
        match term:
            case terms.Flag(row):
                return None if self.values[row] is None else self.values[row] == 1
            case terms.Coded(row, code):
                return None if self.values[row] is None else self.values[row] == code
            case terms.Not(item):
                found = self.truth(item, -relax)
                return None if found is None else not found
            case terms.AllOf(items):
                found = [self.truth(item, relax) for item in items]
                return False if False in found else None if None in found else True
            case terms.AnyOf(items):
                found = [self.truth(item, relax) for item in items]
                return True if True in found else None if None in found else False
            case terms.Same(left, right):
                found = [self.truth(left, 0), self.truth(right, 0)]
                return None if None in found else found[0] == found[1]
            case terms.Comparison(op, left, right):
                return self.compare(op, left, right, relax)

    def compare(self, op, left, right, relax):
        a, b = self.number(left), self.number(right)
        if a is None or b is None:
            return None
        shift = relax * max(self.width(left), self.width(right))
        match op:
            case "<":
                return a < b + shift
            case "<=":
                return a <= b + shift
            case ">":
                return a > b - shift
            case ">=":
                return a >= b - shift
            case "==":
                return a == b
            case "!=":
                return a != b

    def number(self, term):
        match term:
            case terms.Constant(value):
                return value
            case terms.PointValue(row):
                return self.values[row]
            case terms.ParameterValue(row):
                return self.parameters[row]
            case terms.Scaled(item, factor, offset):
                found = self.number(item)
                return None if found is None else found * factor + offset
            case terms.Absolute(item):
                found = self.number(item)
                return None if found is None else abs(found)
            case terms.Extreme(largest, items):
                found = [self.number(item) for item in items]
                return None if None in found else max(found) if largest else min(found)
            case terms.Arithmetic(op, left, right):
                a, b = self.number(left), self.number(right)
                if a is None or b is None or (op == "/" and b == 0):
                    return None
                return {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else 0}[op]

    def width(self, term):
        match term:
            case terms.PointValue(row):
                spec = self.cls.points[row]
                share = 0.05 if spec.unit == "%" and spec.key.endswith("level") else SHARE.get(spec.unit, 0)
                return share * (spec.normal[1] - spec.normal[0]) if spec.normal else 0
            case terms.Scaled(item, factor, _):
                return self.width(item) * abs(factor)
            case terms.Absolute(item):
                return self.width(item)
            case terms.Extreme(_, items):
                return max(self.width(item) for item in items)
            case terms.Arithmetic("+" | "-", left, right):
                return max(self.width(left), self.width(right))
            case terms.Arithmetic("*", left, right):
                if terms.point_rows(left) and terms.point_rows(right):
                    return 0
                fixed, moving = (right, left) if terms.point_rows(left) else (left, right)
                return self.width(moving) * abs(self.number(fixed))
            case terms.Arithmetic("/", left, right):
                return 0 if terms.point_rows(right) else self.width(left) * abs(1 / self.number(right))
            case _:
                return 0

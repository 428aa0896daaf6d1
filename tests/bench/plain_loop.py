"""All rules of the catalogue over lists of numbers, one reading after another.

What it says is what rules/README.md says, with one liberty: it judges an equipment at each of its readings,
and so sees the first readings of a message beside the old ones of the rest. With `together` it waits until
all readings of a timestamp have come, and then says what the engine says.
"""

from __future__ import annotations

import math
from math import isnan
from zoneinfo import ZoneInfo

from plain_bars import COUNT, FUNCTIONS, SUM, Ask
from plain_classes import Look, Machine, Plan

from plantroom.catalogue import Catalogue
from plantroom.model import PointTable
from plantroom.readings import ReadingBatch
from plantroom.times import MINUTE
from plantroom.units import conversion
from rules.language.deadband import default_width
from rules.relations import related

FLAGS = ("any", "all", "count")
COMBINED = {
    "value": lambda found: found[0],
    "sum": sum,
    "count": sum,
    "mean": lambda found: sum(found) / len(found),
    "min": min,
    "all": min,
    "max": max,
    "any": max,
}


class PlainLoop:
    """The rules over the equipment whose ids are given."""

    def __init__(
        self, catalogue: Catalogue, table: PointTable, ids: set[int], *, together: bool = False
    ) -> None:
        plans = {cls.key: Plan(cls, catalogue) for cls in catalogue}
        self.together = together
        self.place: list[tuple[Machine, int] | None] = [None] * table.size
        self.machines: list[Machine] = []
        self.waiting: dict[Machine, None] = {}
        self.changes: list[tuple[int, int, str, bool]] = []
        """Time, equipment, rule and whether it was raised."""
        self.minute, self.born, self.ends = -1, 0, 0
        everything = {}
        for item in table.equipment:
            plan = plans[item.equipment_class]
            parameters = [item.parameters[spec.key] for spec in plan.cls.parameters]
            widths = [default_width(spec, spec.normal) for spec in plan.cls.points]
            machine = Machine(item.id, plan, [*parameters, *widths, ZoneInfo(item.zone)])
            everything[item.path] = machine
            if item.id in ids:
                self.machines.append(machine)
            for row, spec in enumerate(plan.cls.points):
                self.place[table.id_of(item.site, item.key, spec.key)] = (machine, row)
        for machine in self.machines:
            self._relate(machine, table, catalogue, everything)

    def _relate(
        self, machine: Machine, table: PointTable, catalogue: Catalogue, everything: dict[str, Machine]
    ) -> None:
        item = table.equipment_by_id[machine.id]
        for term in machine.plan.related:
            members = []
            for path in related(item, term.relation, table, catalogue):
                other = everything[path]
                for row, spec in enumerate(other.plan.cls.points):
                    if spec.key == term.key:
                        change = (1.0, 0.0) if term.how in FLAGS else conversion(spec.unit, term.unit)
                        members.append((other, row, *change, spec.stale_nanos))
            machine.related.append((machine.plan.slots[term], COMBINED[term.how], members))

    def step(self, batch: ReadingBatch) -> None:
        """Take over the readings of a batch."""
        together, places = self.together, self.place
        for point, ts, value in zip(
            batch.point_id.tolist(), batch.ts.tolist(), batch.value.tolist(), strict=True
        ):
            if ts >= self.ends:
                self._judge_waiting()
                self._pass(ts // MINUTE)
            machine, row = places[point]
            if ts <= machine.times[row]:
                continue
            if together and ts > machine.due:
                if machine.fresh:
                    self._evaluate(machine, machine.due, machine.fresh)
                machine.due, machine.fresh = ts, []
                self.waiting[machine] = None
            plan = machine.plan
            if row in plan.before_of:
                machine.x[plan.before_of[row]] = machine.latest[row]
            machine.latest[row], machine.times[row] = value, ts
            for series, enter, gap in plan.points[row]:
                enter(machine.series[series], value, ts, gap)
            if not together:
                self._evaluate(machine, ts, (row,))
            elif ts > machine.at:
                machine.fresh.append(row)
        self._judge_waiting()

    def _judge_waiting(self) -> None:
        for machine in self.waiting:
            if machine.fresh:
                self._evaluate(machine, machine.due, machine.fresh)
                machine.fresh = []
        self.waiting.clear()

    def _evaluate(self, machine: Machine, ts: int, fresh: list[int] | tuple[int, ...]) -> None:
        """Judge an equipment at a time, some of whose points were read at it."""
        plan, fixed, x = machine.plan, machine.fixed, machine.x
        v = [
            value if ts - at <= stale else math.nan
            for value, at, stale in zip(machine.latest, machine.times, plan.stale, strict=True)
        ]
        gap = ts - machine.at
        machine.at = ts
        if plan.related:
            self._look_around(machine, ts)
        for index, (slot, holds, fails, longest) in enumerate(plan.lasting):
            if holds(v, fixed, x, ts):
                if machine.since[index] is None or gap > longest:
                    machine.since[index] = ts
                x[slot] = (ts - machine.since[index]) / 1e9
            else:
                machine.since[index] = None
                x[slot] = 0.0 if fails(v, fixed, x, ts) else math.nan
        entered = set()
        for row in fresh:
            for entry in plan.entries[row]:
                if entry.series in entered:
                    continue
                entered.add(entry.series)
                value = entry.value(v, fixed, x, ts)
                if not isnan(value) and (entry.where is None or entry.where(v, fixed, x, ts)):
                    entry.enter(machine.series[entry.series], value, ts, entry.gap)
        self._judge(machine, (plan.now, machine.alarms), v, ts, gap)

    def _look_around(self, machine: Machine, ts: int) -> None:
        for slot, combine, members in machine.related:
            found = [
                other.latest[row] * factor + offset
                for other, row, factor, offset, stale in members
                if ts - other.times[row] <= stale
            ]
            machine.x[slot] = combine(found) if found else math.nan

    def _judge(self, machine: Machine, judged: tuple[list, list], v: list, ts: int, gap: int) -> None:
        rules, alarms = judged
        fixed, x = machine.fixed, machine.x
        for alarm, (key, up, gone, on_delay, off_delay, min_hold, longest) in zip(alarms, rules, strict=True):
            active = alarm[0]
            if not (gone if active else up)(v, fixed, x, ts):
                alarm[1] = None
                continue
            if alarm[1] is None or gap > longest:
                alarm[1] = ts
            if ts - alarm[1] < (off_delay if active else on_delay):
                continue
            if active and ts - alarm[2] < min_hold:
                continue
            alarm[0], alarm[1], alarm[2] = not active, None, ts
            self.changes.append((ts, machine.id, key, not active))

    # ---- whole minutes

    def _pass(self, minute: int) -> None:
        """Let the minutes up to the start of this one pass."""
        if self.minute < 0:
            self.minute = self.born = minute
        while self.minute < minute:
            self._close(self.minute)
            self.minute += 1
        self.ends = (self.minute + 1) * MINUTE

    def _close(self, minute: int) -> None:
        ts = (minute + 1) * MINUTE
        for machine in self.machines:
            for series in machine.series:
                series.close(minute)
            for step, looks in machine.looks.items():
                if (minute + 1) % step == 0:
                    for look, ask in looks:
                        machine.x[look.slot] = self._look(machine, look, ask, minute)
            gap, machine.minute_at = ts - machine.minute_at, ts
            self._judge(machine, (machine.plan.minutely, machine.late_alarms), [], ts, gap)

    def _look(self, machine: Machine, look: Look, ask: Ask, minute: int) -> float:
        bars = machine.series[look.series].kept[look.step].bars
        if look.function == "learned":
            total = machine.learned.setdefault(look.slot, [0.0, 0])
            if bars[-1] and total[1] < look.span:
                total[0] += bars[-1][SUM] / bars[-1][COUNT]
                total[1] += 1
            return total[0] / look.span if total[1] >= look.span else math.nan
        if look.function == "readings" and minute + 1 - self.born < look.span * look.step:
            return math.nan
        seen = list(bars)
        return FUNCTIONS[look.function](seen[-look.span :] if len(seen) > look.span else seen, ask)

"""Readings/s through `Engine.step` beside a plain Python loop and a bare numpy kernel, in one run.

    python tests/bench/bench_rules.py [batches]

5,000 equipment of all shipped classes, about 100,000 points, every shipped rule, batches of 10,000 readings.
Two kinds of traffic: whole equipment at a timestamp, as gateways send it, and single random points, each with
its own timestamp and one in twenty a repetition, which is the worst that MQTT can bring.

(a) the plain loop takes one reading at a time and runs the same rules as Python functions of numbers, with
the same delays and nearly the same deadbands; (b) the kernel is no rules engine: one threshold with
hysteresis and on-delay for each point. Read the ratios: figures depend on the machine.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from plantroom.catalogue import Catalogue, EquipmentClass, load_catalogue
from plantroom.model import Equipment, Point, PointTable, Text
from plantroom.readings import ReadingBatch
from plantroom.times import SECOND
from rules.language import terms
from rules.cases import load_cases
from rules.language.deadband import default_width, given_widths
from rules.engine import Engine
from rules.expression import check

EQUIPMENT = 5_000
BATCH = 10_000
START = 1_767_225_600 * SECOND
CASES = Path(__file__).parent.parent / "cases"


def build() -> tuple[Catalogue, PointTable, np.ndarray]:
    """The catalogue, a property of 5,000 equipment and a healthy value for each point."""
    catalogue = load_catalogue()
    classes = list(catalogue)
    healthy = {path.stem: load_cases(path, catalogue).healthy for path in CASES.glob("*.yaml")}
    equipment, points, values = [], [], []
    name = Text("x", "x")
    for number in range(EQUIPMENT):
        cls = classes[number % len(classes)]
        key = f"e{number}"
        parameters = {spec.key: spec.default for spec in cls.parameters}
        equipment.append(Equipment(number + 1, "bench", key, cls.key, name, parameters=parameters))
        for spec in cls.points:
            value = healthy[cls.key].get(spec.key, sum(spec.normal) / 2 if spec.normal else 0)
            values.append(float((spec.values or {})[value] if isinstance(value, str) else value))
            points.append(
                Point(
                    len(points),
                    "bench",
                    key,
                    spec.key,
                    name,
                    spec.kind,
                    spec.unit,
                    spec.valid_span,
                    spec.normal,
                    spec.sample,
                    spec.stale_nanos,
                    spec.values or {},
                )
            )
    return catalogue, PointTable(equipment, points), np.array(values)


def snapshots(table: PointTable, healthy: np.ndarray, batches: int) -> list[ReadingBatch]:
    """Whole equipment in turn, 10 s from one round of the property to the next."""
    ids = np.arange(table.size)
    rounds = math.ceil(batches * BATCH / table.size)
    point = np.tile(ids, rounds)
    ts = START + np.repeat(np.arange(rounds) * 10 * SECOND, table.size)
    return cut(point, ts, values(healthy, point), batches)


def single_points(table: PointTable, healthy: np.ndarray, batches: int) -> list[ReadingBatch]:
    """Random points, each at its own time, 10,000 in a second, one in twenty a repetition."""
    random = np.random.default_rng(2)
    count = batches * BATCH
    point = random.integers(0, table.size, count)
    ts = START + np.arange(count) * (SECOND // BATCH)
    again = np.flatnonzero(random.random(count) < 0.05)
    again = again[again > 0]
    earlier = again - random.integers(1, np.minimum(again, BATCH) + 1)
    point[again], ts[again] = point[earlier], ts[earlier]
    return cut(point, ts, values(healthy, point), batches)


def values(healthy: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Healthy values with 1 % of noise on what is not a code, one in two hundred far off."""
    random = np.random.default_rng(1)
    value = healthy[point]
    noisy = value * (1 + 0.01 * random.standard_normal(len(point)))
    value = np.where(np.isin(value, (0, 1)), value, noisy)
    return np.where(random.random(len(point)) < 0.005, value * 1.5 + 1, value)


def cut(point: np.ndarray, ts: np.ndarray, value: np.ndarray, batches: int) -> list[ReadingBatch]:
    whole = ReadingBatch.of(point, ts, value)
    return [whole.take(slice(at * BATCH, (at + 1) * BATCH)) for at in range(batches)]


class PlainLoop:
    """The same rules over lists of numbers, one reading after another."""

    def __init__(self, catalogue: Catalogue, table: PointTable) -> None:
        self.functions = {cls.key: [plain_rule(cls, at) for at in range(len(cls.rules))] for cls in catalogue}
        self.place, self.states = [None] * table.size, []
        for item in table.equipment:
            cls = catalogue[item.equipment_class]
            stale = [spec.stale_nanos for spec in cls.points]
            parameters = [item.parameters[spec.key] for spec in cls.parameters]
            alarms = [[False, None] for _ in cls.rules]
            state = [[math.nan] * len(stale), [-(2**62)] * len(stale), stale, parameters, alarms, [-1]]
            self.states.append((*state, self.functions[cls.key]))
            for row, spec in enumerate(cls.points):
                self.place[table.id_of(item.site, item.key, spec.key)] = (len(self.states) - 1, row)

    def step(self, batch: ReadingBatch) -> int:
        """How many alarms changed."""
        changes = 0
        for point, ts, value in zip(
            batch.point_id.tolist(), batch.ts.tolist(), batch.value.tolist(), strict=True
        ):
            index, row = self.place[point]
            latest, times, stale, parameters, alarms, last, rules = self.states[index]
            if ts <= times[row]:
                continue
            latest[row], times[row] = value, ts
            seen = [
                item if ts - at <= limit else math.nan
                for item, at, limit in zip(latest, times, stale, strict=True)
            ]
            gap, last[0] = ts - last[0], ts
            for alarm, (up, gone, on_delay, off_delay, longest) in zip(alarms, rules, strict=True):
                if not (gone if alarm[0] else up)(seen, parameters):
                    alarm[1] = None
                    continue
                if alarm[1] is None or gap > longest:
                    alarm[1] = ts
                if ts - alarm[1] >= (off_delay if alarm[0] else on_delay):
                    alarm[0], alarm[1] = not alarm[0], None
                    changes += 1
        return changes


def plain_rule(cls: EquipmentClass, index: int) -> tuple[Callable, Callable, int, int, int]:
    """A rule as Python functions (known true, relaxed known false), its delays and its longest gap."""
    rule = cls.rules[index]
    checked = check(rule.when, cls)
    writer = Writer(cls, given_widths(rule, cls))
    longest = min(cls.point(key).stale_nanos for key in checked.points)
    up, gone = writer.truth(checked.terms, True, 0), writer.truth(checked.terms, False, 1)
    return compiled(up), compiled(gone), rule.on_delay, rule.off_delay, longest


def compiled(source: str) -> Callable:
    return eval(f"lambda v, p: {source}")  # written by Writer from checked terms


class Writer:
    """Checked terms as Python source: what a programmer would have written by hand."""

    def __init__(self, cls: EquipmentClass, given: dict[int, float]) -> None:
        self.given = given
        self.default = [default_width(spec, spec.normal) for spec in cls.points]

    def truth(self, term: terms.TruthTerm, wanted: bool, relax: int) -> str:
        match term:
            case terms.Flag(row):
                return f"v[{row}] > 0.5" if wanted else f"v[{row}] <= 0.5"
            case terms.Coded(row, code):
                return f"v[{row}] == {code}" if wanted else f"(v[{row}] < {code} or v[{row}] > {code})"
            case terms.Not(item):
                return self.truth(item, not wanted, -relax)
            case terms.AllOf(items) | terms.AnyOf(items):
                word = " and " if isinstance(term, terms.AllOf) == wanted else " or "
                return "(" + word.join(self.truth(item, wanted, relax) for item in items) + ")"
            case terms.Comparison(op, left, right):
                op = (
                    op if wanted else {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}[op]
                )
                rows = terms.point_rows(term)
                own = [self.given[row] for row in rows if row in self.given]
                width = max(own or (self.default[row] for row in rows), default=0)
                falling = term.op in ("<", "<=")
                shift = width * relax * (1 if falling else -1)
                return f"{self.number(left)} {op} {self.number(right)}" + (f" + {shift}" if shift else "")
            case _:
                raise NotImplementedError(term)

    def number(self, term: terms.NumberTerm) -> str:  # noqa: PLR0911  one for each kind of term
        match term:
            case terms.Constant(value):
                return repr(value)
            case terms.PointValue(row):
                return f"v[{row}]"
            case terms.ParameterValue(row):
                return f"p[{row}]"
            case terms.Scaled(item, factor, offset):
                return f"({self.number(item)} * {factor} + {offset})"
            case terms.Absolute(item):
                return f"abs({self.number(item)})"
            case terms.Extreme(largest, items):
                return f"{'max' if largest else 'min'}({', '.join(self.number(item) for item in items)})"
            case terms.Arithmetic(op, left, right):
                return f"({self.number(left)} {op} {self.number(right)})"


class Kernel:
    """One upper threshold for each point, with hysteresis and on-delay, in numpy and nothing else."""

    def __init__(self, healthy: np.ndarray) -> None:
        self.high = healthy * 1.2 + 0.5
        self.low = self.high * 0.98
        self.active = np.zeros(len(healthy), dtype=bool)
        self.since = np.full(len(healthy), np.iinfo(np.int64).max // 2)

    def step(self, batch: ReadingBatch) -> int:
        order = np.argsort(batch.point_id, kind="stable")
        point = batch.point_id[order]
        first = np.concatenate([[True], point[1:] != point[:-1]])
        begin = np.maximum.accumulate(np.where(first, np.arange(len(point)), 0))
        rank = np.arange(len(point)) - begin
        changes = 0
        for turn in range(int(rank.max()) + 1):
            take = order[rank == turn] if rank.any() else order
            ids, value, ts = batch.point_id[take], batch.value[take], batch.ts[take]
            above = value > self.high[ids]
            since = np.where(above, np.minimum(self.since[ids], ts), np.iinfo(np.int64).max // 2)
            active = self.active[ids]
            new = np.where(active, value >= self.low[ids], above & (ts - since >= 10 * SECOND))
            self.since[ids], self.active[ids] = since, new
            changes += int((new != active).sum())
        return changes


def rate(step: Callable[[ReadingBatch], object], batches: list[ReadingBatch]) -> float:
    """Readings a second, the median batch counted."""
    seconds = []
    for batch in batches:
        start = perf_counter()
        step(batch)
        seconds.append(perf_counter() - start)
    return BATCH / float(np.median(seconds))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    catalogue, table, healthy = build()
    rules = sum(len(cls.rules) for cls in catalogue)
    print(f"{EQUIPMENT} equipment, {table.size} points, {rules} rules, {count} batches of {BATCH}")
    for name, traffic in (("whole equipment", snapshots), ("single points", single_points)):
        batches = traffic(table, healthy, count)
        engine, plain, kernel = Engine(catalogue, table), PlainLoop(catalogue, table), Kernel(healthy)
        changes = []
        ours = rate(lambda batch, to=changes, by=engine: to.append(len(by.step(batch, START))), batches)
        loop = rate(plain.step, batches[: max(4, count // 10)])
        bare = rate(kernel.step, batches)
        print(
            f"{name:16} engine {ours / 1e3:7.0f} k/s"
            f"   plain loop {loop / 1e3:5.0f} k/s (engine {ours / loop:4.1f} x)"
            f"   kernel {bare / 1e6:5.1f} M/s (engine {ours / bare:5.3f} x)   {sum(changes)} alarm changes"
        )


if __name__ == "__main__":
    main()

"""The rules of one class as Python functions, and what one equipment of it remembers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from plain_bars import Ask, Series, enter_counter, enter_level, enter_truth
from plain_terms import Writer

from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.times import MINUTE
from rules.expression import CompiledRule, compile_class
from rules.language import terms

NEVER = -(2**62)


class PlainRule(NamedTuple):
    """Units: delays and the longest gap between two evaluations ns."""

    key: str
    up: Callable[..., bool]
    gone: Callable[..., bool]
    on_delay: int
    off_delay: int
    min_hold: int
    longest: int


class Entry(NamedTuple):
    """A series that is an expression: which one, its value, its condition, and who enters it in what way."""

    series: int
    value: Callable[..., float]
    where: Callable[..., bool] | None
    enter: Callable[[Series, float, int, int], None]
    gap: int


class Look(NamedTuple):
    """A window: where its value stands in `x`, its series, its function and what is asked."""

    slot: int
    series: int
    function: str
    step: int
    span: int
    need: int
    limit: Callable[..., float] | None
    bar_s: float


class Plan:
    """What all equipment of a class has in common."""

    def __init__(self, cls: EquipmentClass, catalogue: Catalogue) -> None:
        self.cls = cls
        self.stale = [spec.stale_nanos for spec in cls.points]
        compiled = compile_class(cls, catalogue)
        found = [part for rule in compiled for part in terms.walk(rule.raises)]
        self.windows = list(dict.fromkeys(part for part in found if isinstance(part, terms.Windowed)))
        self.elapsed = list(dict.fromkeys(part for part in found if isinstance(part, terms.Elapsed)))
        self.previous = list(dict.fromkeys(part for part in found if isinstance(part, terms.Previous)))
        self.related = list(dict.fromkeys(part for part in found if isinstance(part, terms.Related)))
        before = [*self.windows, *self.elapsed, *self.previous, *self.related]
        self.slots: dict[terms.Term, int] = {term: slot for slot, term in enumerate(before)}
        self.writer = Writer(cls, self.slots)
        self.now = [self._rule(rule) for rule in compiled if not rule.at_minutes]
        self.minutely = [self._rule(rule) for rule in compiled if rule.at_minutes]
        self.lasting = [
            (self.slots[item], self.writer.holds(item.item), self.writer.fails(item.item), self._gap(item))
            for item in self.elapsed
        ]
        self.before_of = {term.row: self.slots[term] for term in self.previous}
        self._see_series()
        self.looks = [self._look(window) for window in self.windows]

    def _gap(self, term: terms.Term, *, into_windows: bool = True) -> int:
        rows = terms.point_rows(term, into_windows=into_windows)
        return min((self.stale[row] for row in rows), default=-NEVER)

    def _rule(self, rule: CompiledRule) -> PlainRule:
        longest = 3 * MINUTE // 2
        if not rule.at_minutes:
            longest = min((self.stale[row] for row in rule.now_rows or rule.rows), default=-NEVER)
        up, gone = self.writer.holds(rule.raises), self.writer.fails(rule.holds)
        return PlainRule(rule.key, up, gone, rule.on_delay, rule.off_delay, rule.min_hold, longest)

    def _see_series(self) -> None:
        """Number the series: by row those that are points, and the expressions that each row enters."""
        windows = {(item.source, item.where): item for item in self.windows}
        self.series = {key: number for number, key in enumerate(windows)}
        counters = {(item.source, item.where) for item in self.windows if item.counter}
        points = range(len(self.cls.points))
        self.points: list[list[tuple]] = [[] for _ in points]
        self.entries: list[list[Entry]] = [[] for _ in points]
        self.lengths: list[dict[int, int]] = [{} for _ in self.series]
        for (source, where), number in self.series.items():
            enter = enter_level if isinstance(source, terms.NUMBERS) else enter_truth
            enter = enter_counter if (source, where) in counters else enter
            gap = self._gap(source)
            if where is None and isinstance(source, terms.PointValue | terms.Flag):
                self.points[source.row].append((number, enter, gap))
                continue
            gap = gap if where is None else min(gap, self._gap(where))
            condition = None if where is None else self.writer.holds(where)
            entry = Entry(number, self.writer.value(source), condition, enter, gap)
            for row in terms.point_rows(source) or points:
                self.entries[row].append(entry)
        for window in self.windows:
            lengths, step = self.lengths[self.series[window.source, window.where]], window.step // MINUTE
            bars = 1 if window.function == "learned" else window.span // window.step
            lengths[step] = max(lengths.get(step, 1), bars)

    def _look(self, window: terms.Windowed) -> Look:
        span = window.span // window.step
        grows = window.counter and window.function in ("delta", "rate")
        return Look(
            self.slots[window],
            self.series[window.source, window.where],
            f"{window.function} of counter" if grows else window.function,
            window.step // MINUTE,
            span,
            1 if window.where is not None else (span + 1) // 2,
            None if window.limit is None else self.writer.value(window.limit),
            window.step / 1e9,
        )


class Machine:
    """One equipment: its readings, bars, alarms and delays."""

    __slots__ = (
        "alarms", "at", "due", "fixed", "fresh", "id", "late_alarms", "latest", "learned", "looks",
        "minute_at", "plan", "related", "series", "since", "times", "x",
    )  # fmt: skip

    def __init__(self, number: int, plan: Plan, fixed: list) -> None:
        points = len(plan.cls.points)
        self.id, self.plan, self.fixed = number, plan, fixed
        self.latest, self.times = [math.nan] * points, [NEVER] * points
        self.at = self.due = self.minute_at = NEVER
        self.fresh: list[int] = []
        self.x = [math.nan] * len(plan.slots)
        self.since: list[int | None] = [None] * len(plan.lasting)
        self.series = [Series(lengths) for lengths in plan.lengths]
        self.alarms: list[list] = [[False, None, NEVER] for _ in plan.now]
        self.late_alarms: list[list] = [[False, None, NEVER] for _ in plan.minutely]
        self.learned: dict[int, list[float]] = {}
        self.related: list[tuple] = []
        self.looks: dict[int, list[tuple[Look, Ask]]] = {}
        for look in plan.looks:
            limit = math.nan if look.limit is None else look.limit((), fixed, (), 0)
            ask = Ask(look.span, look.bar_s, look.need, limit)
            self.looks.setdefault(look.step, []).append((look, ask))

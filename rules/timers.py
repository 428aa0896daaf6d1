"""Delay and hysteresis: which alarms are active, and how long a change has been on its way.

One timer runs for each rule on each equipment: towards raising while the alarm is not active, towards
clearing while it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plantroom.model import RuleOverride
from plantroom.readings import Bools, Int64s
from plantroom.times import MINUTE
from rules.evaluations import Abreast, Evaluations, stretches
from rules.expression import CompiledRule
from rules.runs import opens
from rules.strips import Strips
from rules.window import NEVER, Window


class Flips(NamedTuple):
    """Alarms that changed: rule, index of the evaluation, and whether it was raised; of one length."""

    rule: Int64s
    evaluation: Int64s
    raised: Bools


_NONE = np.empty(0, dtype=np.int64)
NO_FLIPS = Flips(_NONE, _NONE, np.empty(0, dtype=np.bool_))


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Some rules of one class; `first` is the number of the class's first equipment."""

    rules: Sequence[CompiledRule]
    window: Window
    first: int

    @property
    def size(self) -> int:
        """How many pairs of rule and equipment there are."""
        return len(self.rules) * len(self.window.equipment)


class Timers:
    """The state of the rules of all classes, a strip for each rule: pairs of rule and equipment.

    Shapes: [pairs], `load` [equipment]. Units: ns; `since` NEVER where no timer runs.
    """

    def __init__(self, sets: Sequence[RuleSet], equipment: int) -> None:
        pairs = sum(item.size for item in sets)
        self.active: Bools = np.zeros(pairs, dtype=np.bool_)
        self.since: Int64s = np.full(pairs, NEVER, dtype=np.int64)
        """When the condition of the running timer began to hold."""
        self.changed: Int64s = np.full(pairs, NEVER, dtype=np.int64)
        """Reading time of the last raise or clear."""
        self.enabled: Bools = np.ones(pairs, dtype=np.bool_)
        self.on_delay: Int64s = np.empty(pairs, dtype=np.int64)
        self.off_delay: Int64s = np.empty(pairs, dtype=np.int64)
        self.min_hold: Int64s = np.empty(pairs, dtype=np.int64)
        self.longest_gap: Int64s = np.empty(pairs, dtype=np.int64)
        """How far apart two evaluations may be for a delay to run on between them."""
        self._equipment: Int64s = np.empty(pairs, dtype=np.int64)
        begin = 0
        for item in sets:
            part = slice(begin, begin + item.size)
            self._fit(TimerTable(self, part, (len(item.rules), len(item.window.equipment))), item)
            begin = part.stop
        self.load: Int64s = np.zeros(equipment, dtype=np.int64)
        """How many alarms of each equipment are active or have a timer that runs."""

    def _fit(self, table: TimerTable, of: RuleSet) -> None:
        width = len(of.window.equipment)
        table.of("_equipment")[:] = of.first + np.arange(width)
        for index, rule in enumerate(of.rules):
            table.of("longest_gap")[index] = longest_gap(of.window, rule)
            table.of("on_delay")[index], table.of("off_delay")[index] = rule.on_delay, rule.off_delay
            table.of("min_hold")[index] = rule.min_hold
            for column, item in enumerate(of.window.equipment):
                if rule.key in item.rule_overrides:
                    _override(table, (index, column), item.rule_overrides[rule.key])

    def advance(self, found: Evaluations, rules: Strips, abreast: Abreast, up: Bools, gone: Bools) -> Flips:
        """The alarms that the evaluations raise and clear.

        `up` and `gone` bool[R, W]: where the raise condition is known true, and the hold condition known
        false.
        """
        rule, run = self._awake(found, rules, abreast, up, gone)
        pairs = _Pairs(self, found, rules, rule, run)
        first = abreast.first[rules.of]
        moving = pairs.settle(found, first, up, gone)
        self._put(pairs)
        if not len(moving):
            return NO_FLIPS
        # the few pairs that change go through their evaluations turn by turn, those with most turns first
        moving = moving[np.argsort(-pairs.count[moving], kind="stable")]
        pairs = _Pairs(self, found, rules, rule[moving], run[moving])
        flips: list[tuple[Int64s, Int64s, Bools]] = []
        for turn in range(int(pairs.count[0])):
            size = int(np.searchsorted(-pairs.count, -turn, side="left"))
            index = pairs.start[:size] + turn
            place = (pairs.rule[:size], index - first[pairs.rule[:size]])
            flip = pairs.turn(size, found, index, up[place], gone[place])
            where = np.flatnonzero(flip)
            if len(where):
                flips.append((pairs.rule[where], index[where], pairs.active[where]))
        self._put(pairs)
        rule, evaluation, raised = (np.concatenate(part) for part in zip(*flips, strict=True))
        return Flips(rule, evaluation, raised)

    def _awake(
        self, found: Evaluations, rules: Strips, abreast: Abreast, up: Bools, gone: Bools
    ) -> tuple[Int64s, Int64s]:
        """The pairs of rule and run for which anything can happen: a timer runs or its goal is met.

        For all others the state is as it was, which is most of a healthy property.
        """
        pair = rules.at(abreast.equipment)
        awake = np.where(self.active[pair], gone, up)
        awake |= self.since[pair] != NEVER
        awake &= self.enabled[pair]
        awake &= abreast.real[rules.of]
        rule, slot = np.nonzero(awake)
        run = found.run[abreast.index[rules.of[rule], slot]]
        once = opens(rule, run)
        return rule[once], run[once]

    def _put(self, pairs: _Pairs) -> None:
        pair = pairs.pair
        ran = self.active[pair] | (self.since[pair] != NEVER)
        self.active[pair], self.since[pair], self.changed[pair] = pairs.active, pairs.since, pairs.changed
        runs = pairs.active | (pairs.since != NEVER)
        np.add.at(self.load, self._equipment[pair], runs.astype(np.int64) - ran)

    def interrupt(self) -> None:
        """Start every running delay again: nothing was judged for too long."""
        self.since.fill(NEVER)
        self.look()

    def look(self) -> None:
        """Count anew which timers run and which alarms are active, after they were put in."""
        runs = self.active | (self.since != NEVER)
        self.load[:] = np.bincount(self._equipment[runs], minlength=len(self.load))


class TimerTable:
    """The part of the timers that belongs to some rules of one class, as tables [R, E].

    They are views, made when they are asked for: what is written there is written to the timers.
    """

    def __init__(self, timers: Timers, part: slice, shape: tuple[int, int]) -> None:
        self._timers, self._part, self._shape = timers, part, shape

    def of(self, name: str) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
        """One of the timers' columns."""
        found: np.ndarray[tuple[int, int], np.dtype[np.int64]] = getattr(self._timers, name)[self._part]
        return found.reshape(self._shape)


def _override(table: TimerTable, place: tuple[int, int], override: RuleOverride) -> None:
    table.of("enabled")[place] = override.enabled
    if override.on_delay is not None:
        table.of("on_delay")[place] = override.on_delay
    if override.off_delay is not None:
        table.of("off_delay")[place] = override.off_delay


def longest_gap(window: Window, rule: CompiledRule) -> Int64s:
    """How far apart two evaluations of a rule may be for its delays to run on, for each equipment: [E]."""
    if rule.at_minutes:
        return np.full(len(window.equipment), 3 * MINUTE // 2, dtype=np.int64)
    return window.longest_gap(rule.now_rows or rule.rows)


class _Pairs:
    """Pairs of rule and equipment taken out of the tables to go through their evaluations."""

    def __init__(self, timers: Timers, found: Evaluations, rules: Strips, rule: Int64s, run: Int64s) -> None:
        self.rule = rule
        self.start, self.count = found.start[run], found.count[run]
        self.pair = pair = rules.base[rule, 0] + found.owner[run]
        self.active, self.since = timers.active[pair], timers.since[pair]
        self.changed, self.min_hold = timers.changed[pair], timers.min_hold[pair]
        self.on_delay, self.off_delay = timers.on_delay[pair], timers.off_delay[pair]
        self.longest_gap = timers.longest_gap[pair]

    def settle(self, found: Evaluations, first: Int64s, up: Bools, gone: Bools) -> Int64s:
        """Which pairs change; for the others their timers are moved on to their last evaluation.

        `first` says for each rule which evaluation stands first in its row of `up` and `gone`.
        """
        count = self.count
        start = np.cumsum(count) - count
        pair = np.arange(len(count)).repeat(count)
        index = stretches(self.start, count)
        rule = self.rule[pair]
        active, at, place = self.active[pair], found.at[index], (rule, index - first[rule])
        goal = np.where(active, gone[place], up[place])
        held = np.zeros_like(goal)
        held[1:] = goal[:-1]
        held[start] = self.since != NEVER
        begins = goal & (~held | (found.before[index] < at - self.longest_gap[pair]))
        begun = np.maximum.accumulate(np.where(begins, np.arange(len(pair)), -1))
        since = np.where(begun < start[pair], self.since[pair], at[begun])
        delay = np.where(active, self.off_delay[pair], self.on_delay[pair])
        flip = goal & (at - since >= delay)
        flip &= ~active | (at - self.changed[pair] >= self.min_hold[pair])
        changes = np.zeros(len(count), dtype=np.bool_)
        changes[pair[flip]] = True
        last = start + count - 1
        moved = np.where(goal[last], since[last], NEVER)
        self.since = np.where(changes, self.since, moved)
        return np.flatnonzero(changes)

    def turn(self, size: int, found: Evaluations, index: Int64s, up: Bools, gone: Bools) -> Bools:
        """Which of the first `size` pairs change at the evaluations `index`."""
        active, at, base = self.active[:size], found.at[index], self.since[:size]
        goal = np.where(active, gone, up)
        restart = (base == NEVER) | (found.before[index] < at - self.longest_gap[:size])
        since = np.where(restart, at, base)
        delay = np.where(active, self.off_delay[:size], self.on_delay[:size])
        flip: Bools = goal & (at - since >= delay)
        flip &= ~active | (at - self.changed[:size] >= self.min_hold[:size])
        self.since[:size] = np.where(goal & ~flip, since, NEVER)
        self.changed[:size] = np.where(flip, at, self.changed[:size])
        self.active[:size] = active ^ flip
        return flip

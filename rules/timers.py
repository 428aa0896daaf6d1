"""Delay and hysteresis: which alarms are active, and how long a change has been on its way.

One timer runs for each rule on each equipment: towards raising while the alarm is not active, towards
clearing while it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from plantroom.model import RuleOverride
from plantroom.readings import Bools, Int64s
from plantroom.times import MINUTE
from rules.alignment import Evaluations
from rules.expression import CompiledRule
from rules.window import NEVER, Window


class Flips(NamedTuple):
    """Alarms that changed: rule, index of the evaluation, and whether it was raised; of one length."""

    rule: Int64s
    evaluation: Int64s
    raised: Bools


_NONE = np.empty(0, dtype=np.int64)
NO_FLIPS = Flips(_NONE, _NONE, np.empty(0, dtype=np.bool_))


class Timers:
    """The state of R rules over the E equipment of one class.

    Shapes: everything [R, E]. Units: ns; `since` NEVER where no timer runs.
    """

    def __init__(self, rules: Sequence[CompiledRule], window: Window) -> None:
        shape = (len(rules), len(window.equipment))
        self.active: Bools = np.zeros(shape, dtype=np.bool_)
        self.since: Int64s = np.full(shape, NEVER, dtype=np.int64)
        """When the condition of the running timer began to hold."""
        self.changed: Int64s = np.full(shape, NEVER, dtype=np.int64)
        """Reading time of the last raise or clear."""
        self.busy: Bools = np.zeros(shape[1], dtype=np.bool_)
        """Which equipment has an alarm that is active or a timer that runs."""
        self.enabled: Bools = np.ones(shape, dtype=np.bool_)
        self.on_delay: Int64s = np.empty(shape, dtype=np.int64)
        self.off_delay: Int64s = np.empty(shape, dtype=np.int64)
        self.min_hold: Int64s = np.empty(shape, dtype=np.int64)
        self.longest_gap: Int64s = np.empty(shape, dtype=np.int64)
        """How far apart two evaluations may be for a delay to run on between them."""
        for index, rule in enumerate(rules):
            self.longest_gap[index] = longest_gap(window, rule)
            self.on_delay[index], self.off_delay[index] = rule.on_delay, rule.off_delay
            self.min_hold[index] = rule.min_hold
            for column, item in enumerate(window.equipment):
                self._override(index, column, item.rule_overrides.get(rule.key))

    def _override(self, rule: int, column: int, override: RuleOverride | None) -> None:
        if override is None:
            return
        self.enabled[rule, column] = override.enabled
        if override.on_delay is not None:
            self.on_delay[rule, column] = override.on_delay
        if override.off_delay is not None:
            self.off_delay[rule, column] = override.off_delay

    def advance(self, found: Evaluations, up: Bools, gone: Bools) -> Flips:
        """The alarms that the evaluations raise and clear.

        `up` and `gone` bool[R, G]: where the raise condition is known true, and the hold condition known
        false.
        """
        pairs = self._awake(found, up, gone)
        moving = pairs.settle(found, up, gone)
        self._put(pairs)
        if not len(moving):
            return NO_FLIPS
        # the few pairs that change go through their evaluations turn by turn
        pairs = _Pairs(self, found, pairs.rule[moving], pairs.run[moving])
        flips: list[tuple[Int64s, Int64s, Bools]] = []
        for turn in range(int(pairs.count[0])):
            # pairs are sorted by their number of evaluations, so those that have this turn stand first
            size = int(np.searchsorted(-pairs.count, -turn, side="left"))
            index = pairs.start[:size] + turn
            place = (pairs.rule[:size], index)
            flip = pairs.turn(size, found, index, up[place], gone[place])
            where = np.flatnonzero(flip)
            if len(where):
                flips.append((pairs.rule[where], index[where], pairs.active[where]))
        self._put(pairs)
        rule, evaluation, raised = (np.concatenate(part) for part in zip(*flips, strict=True))
        return Flips(rule, evaluation, raised)

    def _put(self, pairs: _Pairs) -> None:
        place = (pairs.rule, pairs.column)
        self.active[place], self.since[place] = pairs.active, pairs.since
        self.changed[place] = pairs.changed
        column = np.unique(pairs.column)
        moving = self.active[:, column] | (self.since[:, column] != NEVER)
        self.busy[column] = np.logical_or.reduce(moving, axis=0)

    def interrupt(self) -> None:
        """Start every running delay again: nothing was judged for too long."""
        self.since.fill(NEVER)
        self.look()

    def look(self) -> None:
        """See anew which equipment has timers that run or alarms that are active, after they were put in."""
        self.busy[:] = np.logical_or.reduce(self.active | (self.since != NEVER), axis=0)

    def _awake(self, found: Evaluations, up: Bools, gone: Bools) -> _Pairs:
        """The pairs of rule and equipment for which anything can happen: a timer runs or its goal is met.

        For all others the state is as it was, which is most of a healthy property.
        """
        column = found.equipment
        awake = self.since[:, column] != NEVER
        rule, index = np.nonzero(np.where(self.active[:, found.column], gone, up))
        awake[rule, found.run[index]] = True
        awake &= self.enabled[:, column]
        rule, run = np.nonzero(awake)
        order = np.argsort(-found.count[run], kind="stable")
        return _Pairs(self, found, rule[order], run[order])


def longest_gap(window: Window, rule: CompiledRule) -> Int64s:
    """How far apart two evaluations of a rule may be for its delays to run on, for each equipment: [E]."""
    if rule.at_minutes:
        return np.full(len(window.equipment), 3 * MINUTE // 2, dtype=np.int64)
    return window.longest_gap(rule.now_rows or rule.rows)


class _Pairs:
    """Pairs of rule and equipment taken out of the tables to go through their evaluations turn by turn."""

    def __init__(self, timers: Timers, found: Evaluations, rule: Int64s, run: Int64s) -> None:
        self.rule, self.run, self.column = rule, run, found.equipment[run]
        self.start, self.count = found.start[run], found.count[run]
        place = (rule, self.column)
        self.active, self.since = timers.active[place], timers.since[place]
        self.changed, self.min_hold = timers.changed[place], timers.min_hold[place]
        self.on_delay, self.off_delay = timers.on_delay[place], timers.off_delay[place]
        self.longest_gap = timers.longest_gap[place]

    def settle(self, found: Evaluations, up: Bools, gone: Bools) -> Int64s:
        """Which pairs change; for the others their timers are moved on to their last evaluation."""
        count = self.count
        start = np.cumsum(count) - count
        pair = np.arange(len(count)).repeat(count)
        index = self.start.repeat(count) + np.arange(len(pair)) - start.repeat(count)
        active, at, place = self.active[pair], found.at[index], (self.rule[pair], index)
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

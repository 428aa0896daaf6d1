"""The rules of one equipment class over all its equipment, from aligned readings to alarm changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import NamedTuple

import numpy as np

from plantroom.alarms import AlarmEvent
from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.model import Equipment, PointTable
from plantroom.readings import Float64s, Int64s
from plantroom.times import MINUTE, Nanos
from rules import relations
from rules.alignment import Aligned, Evaluations, evaluations
from rules.calendar import local, named
from rules.expression import CompiledRule, compile_class
from rules.language.terms import (
    Calendar,
    Elapsed,
    PointValue,
    Previous,
    Related,
    Term,
    Windowed,
    walk,
)
from rules.program import Int8s, Program
from rules.program.spelling import spelled
from rules.relations import Members, Past
from rules.states import Before, Lasting
from rules.timers import NO_FLIPS, Flips, Timers
from rules.window import NEVER, Window
from rules.windows.lanes import ClassLanes
from rules.windows.stream import NO_VALUES, Stream


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """A rule raised or cleared its alarm on an equipment, at a reading time.

    `readings` are the values of what the rule reads at `ts`, where they are known: its points by key, its
    windows by their text, in their units.
    """

    equipment_id: int
    rule: str
    event: AlarmEvent
    ts: Nanos
    readings: Mapping[str, float]


class RuleStatus(StrEnum):
    """What a rule says of an equipment now."""

    DISABLED = "disabled"
    UNKNOWN = "unknown"
    NORMAL = "normal"
    PENDING = "pending"
    """The condition holds and its on-delay runs."""
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule on an equipment: its status, since when (pending or active), and which points are unknown.

    `unknown` maps a point's key to `missing` (the equipment has none), `never` (no reading yet), `bad`
    (quality) or `stale`. An active alarm whose points are unknown stays active.
    """

    status: RuleStatus
    since: Nanos | None
    unknown: Mapping[str, str]


class Judge:
    """Rules that are judged at the same times: their programs and their timers."""

    def __init__(self, rules: Sequence[CompiledRule], rows: Mapping[Term, int], window: Window) -> None:
        self.rules = tuple(rules)
        free = len(rows)
        self.raises = Program([rule.raises for rule in rules], rows, free, window.fixed)
        self.holds = Program([rule.holds for rule in rules], rows, free, window.fixed)
        self.timers = Timers(rules, window)
        self.height = max(free, self.raises.height, self.holds.height)
        self.named = [
            [(_name(term, window.cls), rows[term]) for term in _facts(rule, rows)] for rule in rules
        ]

    def judge(self, found: Evaluations, board: Float64s) -> Flips:
        """The alarms that change at the evaluations whose board has been filled from outside.

        Equipment whose alarms rest, with no condition that holds, stays as it is: most of a healthy property.
        """
        _, says = self.raises.run(board, found.column)
        runs = self.timers.busy[found.equipment]
        runs[found.run[np.logical_or.reduce(says == 1, axis=0)]] = True
        if not runs.any():
            return NO_FLIPS
        part, which = found.take(np.flatnonzero(runs))
        free = self.raises.free
        own = np.empty((self.height, len(which)))
        own[:free] = board[:free, which]
        _, holds = self.holds.run(own, part.column)
        flips = self.timers.advance(part, says[:, which] == 1, holds == -1)
        return flips._replace(evaluation=which[flips.evaluation])

    def changes(
        self, found: Evaluations, board: Float64s, flips: Flips, equipment: Sequence[Equipment]
    ) -> Iterator[AlarmChange]:
        """The flips as alarm changes."""
        for index, at, raised in zip(*(part.tolist() for part in flips), strict=True):
            facts = [(name, float(board[row, at])) for name, row in self.named[index]]
            yield AlarmChange(
                equipment_id=equipment[int(found.column[at])].id,
                rule=self.rules[index].key,
                event=AlarmEvent.RAISE if raised else AlarmEvent.CLEAR,
                ts=int(found.at[at]),
                readings={name: value for name, value in facts if isfinite(value)},
            )


def _facts(rule: CompiledRule, rows: Mapping[Term, int]) -> list[Term]:
    points: list[Term] = [PointValue(row) for row in rule.now_rows]
    others = (part for part in walk(rule.raises, into_windows=False) if isinstance(part, Windowed | Related))
    return [term for term in dict.fromkeys([*points, *others]) if term in rows]


def _name(term: Term, cls: EquipmentClass) -> str:
    match term:
        case PointValue(row):
            return cls.points[row].key
        case Windowed():
            return term.text
        case Related(relation, key, how):
            return f"{relation}.{key}" if how == "value" else f"{how}({relation}.{key})"
        case _:
            raise TypeError(term)


@dataclass(slots=True)
class Turn:
    """The evaluations of one batch: what is known of them so far, on the board of the reading rules."""

    aligned: Aligned
    board: Float64s


class ClassRules:
    """The rules of one equipment class: compiled, with the values, states and timers of its equipment."""

    def __init__(self, cls: EquipmentClass, items: list[Equipment], table: PointTable, catalogue: Catalogue):
        self.compiled = compile_class(cls, catalogue)
        self.window = window = Window(cls, items, table)
        reading = [rule for rule in self.compiled if not rule.at_minutes]
        minutely = [rule for rule in self.compiled if rule.at_minutes]
        everything = [rule.raises for rule in self.compiled]
        windows = list(dict.fromkeys(item for rule in self.compiled for item in rule.windows))
        self.lanes = ClassLanes(windows, window, window.fixed)
        self._lay_out([rule.raises for rule in reading])
        sources = [series.source for series in self.lanes.expressions]
        wheres = [series.where for series in self.lanes.expressions if series.where is not None]
        now = list(dict.fromkeys(_found(Elapsed, [*sources, *wheres])))
        later = [item for item in dict.fromkeys(_found(Elapsed, everything)) if item not in now]
        self._stages = [self._stage(now), self._stage(later)]
        self._sources = Program([*sources, *wheres], self.rows, len(self.rows), window.fixed)
        self.reading = Judge(reading, self.rows, window)
        tick_rows: dict[Term, int] = {item: row for row, item in enumerate(windows)}
        for name in dict.fromkeys(part for part in _found(Calendar, [rule.raises for rule in minutely])):
            tick_rows[name] = len(tick_rows)
        self.minutely = Judge(minutely, tick_rows, window)
        self._tick_rows = tick_rows
        self.judges = (self.reading, self.minutely)
        self.height = max(
            self.reading.height, self._sources.height, *(stage.program.height for stage in self._stages)
        )
        zones = [item.zone for item in items]
        self._zones = sorted(set(zones))
        self._zone_of = np.array([self._zones.index(zone) for zone in zones], dtype=np.int64)
        self.members: dict[Term, Members] = {}

    def _lay_out(self, reading: Sequence[Term]) -> None:
        """Give everything that comes from outside a row: points first, in the order of the class."""
        cls = self.window.cls
        rows: dict[Term, int] = {PointValue(row): row for row in range(len(cls.points))}
        every = [*reading]
        for series in self.lanes.expressions:
            every += [series.source] if series.where is None else [series.source, series.where]
        for kind in (Windowed, Calendar, Related, Previous, Elapsed):
            for term in dict.fromkeys(_found(kind, every)):
                rows[term] = len(rows)
        self.rows = rows
        self.related = [term for term in rows if isinstance(term, Related)]
        previous = [term for term in rows if isinstance(term, Previous)]
        self.before = Before([term.row for term in previous], len(self.window.equipment))
        self._previous = [rows[term] for term in previous]

    def _stage(self, items: Sequence[Term]) -> _Stage:
        found = [item for item in items if isinstance(item, Elapsed) and item in self.rows]
        gaps = [self._gap(item) for item in found]
        lasting = Lasting([repr(item.item) for item in found], gaps, len(self.window.equipment))
        program = Program([item.item for item in found], self.rows, len(self.rows), self.window.fixed)
        return _Stage(lasting, program, [self.rows[item] for item in found])

    def _gap(self, item: Elapsed) -> Int64s:
        own = {part.row for part in walk(spelled(item.item)) if isinstance(part, PointValue)}
        return self.window.longest_gap(sorted(own))

    @property
    def stages(self) -> Sequence[Lasting]:
        """What remembers since when conditions hold."""
        return [stage.lasting for stage in self._stages]

    def number(self) -> None:
        """Take over the numbers of the lanes, once all classes have theirs."""
        self._of_reading = _Outside.of(self.rows, self.lanes)
        self._of_minute = _Outside.of(self._tick_rows, self.lanes)
        expressions, taken = self.lanes.expressions, self._sources.taken
        numbers = [index for index in range(len(expressions)) if taken[index].number]
        truths = [index for index in range(len(expressions)) if not taken[index].number]
        # what reads no point of its own enters at each evaluation; its row here is not looked at
        rows = [list(series.read) or [0] for series in expressions]
        self._expressions = _Expressions(
            np.array([self.lanes.base[series] for series in expressions], dtype=np.int64),
            np.array(numbers, dtype=np.int64),
            np.array(truths, dtype=np.int64),
            np.array([row for own in rows for row in own], dtype=np.int64),
            np.cumsum([0, *(len(own) for own in rows)])[:-1],
            np.array([index for index, series in enumerate(expressions) if not series.read], dtype=np.int64),
        )
        self._of_where = [index for index, series in enumerate(expressions) if series.where is not None]

    def relate(self, windows: Mapping[str, Window], table: PointTable, catalogue: Catalogue) -> None:
        """Find the other equipment that rules ask about, once all classes have their places."""
        for term in self.related:
            self.members[term] = relations.members(term, self.window, windows, table, catalogue)

    # ---- one batch

    def begin(self, aligned: Aligned, past: Past | None) -> Turn:
        """The evaluations with all that is known before windows move on."""
        found = aligned.found
        board = np.empty((self.height, len(found.at)))
        board[: len(aligned.values)] = aligned.values
        self._know_time(self._of_reading, board, found.column, found.at)
        for term in self.related:
            if past is not None:
                board[self.rows[term]] = relations.at(self.members[term], found.column, found.at, past)
        if self._previous:
            board[self._previous] = self.before.at(self.window, aligned)
        self._stages[0].run(board, found)
        return Turn(aligned, board)

    def _know_time(self, to: _Outside, board: Float64s, column: Int64s, at: Int64s) -> None:
        """Fill in the calendar at each time."""
        if to.calendar:
            clock = local(at, self._zones, self._zone_of[column])
            for name, row in to.calendar:
                board[row] = named(name, clock)

    def _look_back(
        self, to: _Outside, board: Float64s, column: Int64s, values: Float64s, tick: Int64s
    ) -> None:
        """Fill in what the windows of each equipment said at its tick: values float64[ticks, windows]."""
        if to.windowed:
            board[to.windowed] = values[tick, to.outs[:, np.newaxis] + column]

    def stream(self, turn: Turn) -> Stream:
        """What the evaluations add to the series that are expressions, by lane and time."""
        if not len(self._expressions.base):
            return NO_VALUES
        found, fresh = turn.aligned.found, turn.aligned.fresh
        numbers, truths = self._sources.run(turn.board, found.column)
        series, of_where = self._expressions, self._of_where
        value = np.empty((len(series.base), len(found.at)))
        value[series.numbers] = numbers
        value[series.truths] = _as_number(truths[: len(series.truths)])
        enters = np.logical_or.reduceat(fresh[series.rows], series.starts, axis=0)
        enters[series.unread] = True
        enters &= ~np.isnan(value)
        enters[of_where] &= truths[len(series.truths) :] == 1
        which, at = np.nonzero(enters)
        return Stream(series.base[which] + found.column[at], found.at[at], value[which, at])

    def finish(self, turn: Turn, values: Float64s, minute: int) -> Iterator[AlarmChange]:
        """The changes at the evaluations. `values` are the windows' at each minute from `minute` on."""
        found, board = turn.aligned.found, turn.board
        tick = np.clip(found.at // MINUTE - minute, 0, len(values) - 1)
        self._look_back(self._of_reading, board, found.column, values, tick)
        self._stages[1].run(board, found)
        self.window.evaluated[found.equipment] = found.at[found.last]
        if self.reading.rules:
            flips = self.reading.judge(found, board)
            yield from self.reading.changes(found, board, flips, self.window.equipment)

    def tick(self, values: Float64s, minute: int) -> Iterator[AlarmChange]:
        """The changes of the rules that read only windows, at the starts of the minutes after `minute`."""
        if not self.minutely.rules or len(values) < 2:
            return
        minutes, width = len(values) - 1, self.lanes.width
        column = np.arange(width).repeat(minutes)
        at = np.tile((minute + 1 + np.arange(minutes)) * MINUTE, width)
        found = evaluations(column, at, np.full(width, minute * MINUTE, dtype=np.int64))
        board = np.empty((self.minutely.height, len(at)))
        self._know_time(self._of_minute, board, column, at)
        self._look_back(self._of_minute, board, column, values, np.tile(np.arange(1, minutes + 1), width))
        flips = self.minutely.judge(found, board)
        yield from self.minutely.changes(found, board, flips, self.window.equipment)

    # ---- the state for people

    def judge_of(self, key: str) -> tuple[Judge, int] | None:
        """Who judges a rule, and its index there."""
        for judge in self.judges:
            for index, rule in enumerate(judge.rules):
                if rule.key == key:
                    return judge, index
        return None

    def state_of(self, column: int, now: Nanos | None, values: Float64s, past: Past) -> dict[str, RuleState]:
        """Every rule's state on the equipment in a column, at `now` or at its last evaluation."""
        at = int(self.window.evaluated[column]) if now is None else now
        reading = self._board_at(column, at, values, past)
        ticking = self._tick_board(column, at, values)
        states = {}
        for judge, board in ((self.reading, reading), (self.minutely, ticking)):
            _, says = judge.raises.run(board, np.array([column]))
            for index, rule in enumerate(judge.rules):
                states[rule.key] = self._state(judge, index, column, int(says[index, 0]), at)
        return {rule.key: states[rule.key] for rule in self.compiled}

    def _board_at(self, column: int, at: Nanos, values: Float64s, past: Past) -> Float64s:
        board = np.full((self.height, 1), np.nan)
        board[: len(self.window.cls.points), 0] = self.window.seen(column, at)
        found = evaluations(np.array([column]), np.array([at]), self.window.evaluated)
        self._know_time(self._of_reading, board, found.column, found.at)
        for term in self.related:
            board[self.rows[term]] = relations.at(self.members[term], found.column, found.at, past)
        for index, row in enumerate(self._previous):
            board[row] = self.before.value[index, column]
        self._look_back(self._of_reading, board, found.column, values[np.newaxis], _FIRST)
        for stage in self._stages:
            stage.at(board, column, at)
        return board

    def _tick_board(self, column: int, at: Nanos, values: Float64s) -> Float64s:
        board = np.full((self.minutely.height, 1), np.nan)
        one = np.array([column])
        self._know_time(self._of_minute, board, one, np.array([at]))
        self._look_back(self._of_minute, board, one, values[np.newaxis], _FIRST)
        return board

    def _state(self, judge: Judge, index: int, column: int, says: int, at: Nanos) -> RuleState:
        rule, timers = judge.rules[index], judge.timers
        rows = zip(rule.points, rule.rows, strict=True)
        why = {key: self.window.why_unknown(row, column, at) for key, row in rows}
        unknown = {key: reason for key, reason in why.items() if reason is not None}
        status, since = RuleStatus.NORMAL, None
        if not timers.enabled[index, column]:
            status = RuleStatus.DISABLED
        elif timers.active[index, column]:
            status, since = RuleStatus.ACTIVE, timers.changed[index, column]
        elif says == 0:
            status = RuleStatus.UNKNOWN
        elif timers.since[index, column] != NEVER:
            status, since = RuleStatus.PENDING, timers.since[index, column]
        began = None if since is None or since == NEVER else int(since)
        return RuleState(status, began, unknown)


class _Outside(NamedTuple):
    """Windows and calendar on a board: the rows of the windows and where each one's values begin among the
    property's, and each name of the calendar with its row.
    """

    windowed: list[int]
    outs: Int64s
    calendar: list[tuple[str, int]]

    @classmethod
    def of(cls, rows: Mapping[Term, int], lanes: ClassLanes) -> _Outside:
        """What the rows of a board say, once the lanes are numbered."""
        windows = [term for term in rows if isinstance(term, Windowed)]
        index = np.array([lanes.windows.index(term) for term in windows], dtype=np.int64)
        calendar = [(term.name, row) for term, row in rows.items() if isinstance(term, Calendar)]
        return cls([rows[term] for term in windows], lanes.out + index * lanes.width, calendar)


_FIRST = np.zeros(1, dtype=np.int64)


class _Expressions(NamedTuple):
    """Series that are expressions: where their lanes begin, which are numbers and which truth values.

    `rows` are the points that they read, those of series i from `starts[i]` on; `unread` read none.
    """

    base: Int64s
    numbers: Int64s
    truths: Int64s
    rows: Int64s
    starts: Int64s
    unread: Int64s


@dataclass(frozen=True, slots=True)
class _Stage:
    """Conditions whose duration rules ask for: what they remember, their program, the rows to fill."""

    lasting: Lasting
    program: Program
    rows: list[int]

    def run(self, board: Float64s, found: Evaluations) -> None:
        if self.rows:
            _, truth = self.program.run(board, found.column)
            board[self.rows] = self.lasting.elapsed(found, truth)

    def at(self, board: Float64s, column: int, now: Nanos) -> None:
        if self.rows:
            _, truth = self.program.run(board, np.array([column]))
            board[self.rows] = self.lasting.at(column, now, truth)


def _found(kind: type[Term], terms: Sequence[Term]) -> Iterator[Term]:
    for term in terms:
        for part in walk(term, into_windows=False):
            if isinstance(part, kind):
                yield part


def _as_number(truth: Int8s) -> Float64s:
    found: Float64s = np.where(truth == 0, np.nan, truth > 0)
    return found


__all__ = ["AlarmChange", "ClassRules", "Judge", "RuleState", "RuleStatus", "Turn"]

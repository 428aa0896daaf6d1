"""One step of the rules: readings in, alarm changes out. README.md says what it means, a sentence a fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter

import numpy as np

from plantroom.catalogue import Catalogue
from plantroom.errors import CatalogueError, ExpressionError
from plantroom.model import Equipment, PointTable
from plantroom.readings import Float64s, Int64s, ReadingBatch
from plantroom.times import HOUR, MINUTE, Nanos
from rules import checkpoint as checkpoints
from rules import intake
from rules.alignment import Placed, commit
from rules.class_rules import ClassRules
from rules.expression import TermError, check_catalogue
from rules.forecasts import told
from rules.intake import LATEST, NOTHING
from rules.judge import AlarmChange
from rules.language.deadband import DeadbandError
from rules.memory import Memory
from rules.numbering import Numbering
from rules.panel import Panel, Turn
from rules.panels import Panels
from rules.relations import Past
from rules.runs import opens, order_of
from rules.standing import RuleState, RuleStatus, states_of
from rules.window import NEVER
from rules.windows.history import History
from rules.windows.lanes import Lanes
from rules.windows.stream import NO_VALUES, Stream

__all__ = ["AlarmChange", "Engine", "RuleState", "RuleStatus"]

SILENCE: Nanos = 2 * HOUR
"""For how long after the last reading of all the rules of whole minutes go on being judged."""


class Engine:
    """The rules of a catalogue over the equipment of a property.

    `late`, `repeated`, `skewed` and `unplaced` count readings since the start that changed nothing: older
    than their point's last, seen before, stamped with a time in the future, or of no point in service.
    """

    def __init__(self, catalogue: Catalogue, table: PointTable, *, lateness: Nanos = 0) -> None:
        """An engine that has seen nothing.

        Readings wait until the newest reading time is `lateness` ns past them, and are then sorted in.
        Raises: CatalogueError for a wrong rule of a class in use.
        """
        self.late = self.repeated = self.skewed = self.unplaced = 0
        self.lateness = lateness
        self._newest: Nanos = NEVER
        """The newest reading time of all that came."""
        self._last: Nanos = NEVER
        """The newest reading time of all that was gone through."""
        self._held: list[Placed] = []
        self._build(catalogue, table)

    def step(self, batch: ReadingBatch, now: Nanos) -> list[AlarmChange]:  # noqa: ARG002  for callers' clocks
        """The alarm changes that the readings bring, by time, equipment and rule.

        Rules run on the readings' time; `now` decides nothing.
        """
        coming = intake.placed(batch, self._numbering.place_of)
        self.unplaced += coming.unplaced
        self.skewed += coming.skewed
        if len(coming.readings.ts):
            self._newest = max(self._newest, int(coming.readings.ts.max()))
        return self._go(coming.readings, self._newest - self.lateness)

    def release(self, until: Nanos) -> list[AlarmChange]:
        """The alarm changes of the readings up to `until` that were held back; minutes pass by readings."""
        return self._go(NOTHING, until, ends=self._newest)

    def advance(self, until: Nanos) -> list[AlarmChange]:
        """The alarm changes that the passing of time brings, where the caller knows that all readings up to
        `until` have come: those held back, and rules of whole minutes up to two hours after the last reading.
        """
        changes = self._go(NOTHING, until)
        if self._last != NEVER:
            changes.extend(self._pass(min(until, self._last + SILENCE) // MINUTE))
        return _sorted(changes)

    def _go(self, placed: Placed, until: Nanos, *, ends: Nanos = LATEST) -> list[AlarmChange]:
        ready = self._release(placed, until)
        changes: list[AlarmChange] = []
        pieces = list(intake.pieces(ready.ts, self._history.minute, self._history.block))
        follow = [*(int(ready.ts[start]) for start, _ in pieces), min(until, ends)]
        for (start, end), following in zip(pieces, follow[1:], strict=True):
            changes.extend(self._run(ready.take(slice(start, end)), max(following, int(ready.ts[end - 1]))))
        return _sorted(changes)

    def _release(self, placed: Placed, until: Nanos) -> Placed:
        """What need not wait any longer, in the order of time."""
        if self.lateness:
            parts = [*self._held, placed]
            placed = Placed(*(np.concatenate(part) for part in zip(*parts, strict=True)))
            early = placed.ts > until
            self._held = [placed.take(early)] if early.any() else []
            placed = placed.take(~early)
        return intake.in_order(placed)

    def _run(self, piece: Placed, until: Nanos) -> Iterator[AlarmChange]:
        """The changes of one piece, all readings up to `until` having come."""
        first = int(piece.ts[0]) // MINUTE
        if self._last == NEVER:
            self._history.begin(first)
        elif first > self._history.minute:
            yield from self._pass(first)
        fresh, order, late, repeated = intake.sifted(piece, self._memory.latest.ts)
        self.late += late
        self.repeated += repeated
        self._last = max(self._last, int(piece.ts[-1]))
        if len(fresh.ts):
            yield from self._judge(fresh, order, until // MINUTE)
        yield from self._pass(min(until, self._last + SILENCE) // MINUTE)

    def _judge(self, fresh: Placed, order: Int64s, minute: int) -> Iterator[AlarmChange]:
        history = self._history
        past = Past(self._memory.latest, fresh, order, self._asked) if self._related else None
        turns = list(self._turns(fresh, past))
        opened = history.minute
        streams = [self._points(fresh, order), *(panel.stream(turn) for panel, turn in turns)]
        stream = Stream(*(np.concatenate(part) for part in zip(*streams, strict=True)))
        bars = history.add(stream, max(0, min(minute, opened + history.block) - opened))
        values = history.advance(bars) if len(bars) > 1 else history.values[np.newaxis]
        for panel, turn in turns:
            yield from told(history, self._numbering.find, opened, panel.finish(turn, values, opened))
            commit(self._memory.latest, turn.aligned.readings)
        yield from self._tick(values, opened)

    def _turns(self, fresh: Placed, past: Past | None) -> Iterator[tuple[Panel, Turn]]:
        numbering, evaluated = self._numbering, self._memory.evaluated
        equipment = numbering.equipment_of[fresh.place]
        order = order_of(equipment, numbering.equipment + 1)
        fresh, equipment = fresh.take(order), equipment[order]
        passed = fresh.ts <= evaluated[equipment]
        if passed.any():
            self._take_over(fresh.take(passed))
            fresh, equipment = fresh.take(~passed), equipment[~passed]
        asked = equipment[opens(equipment, fresh.ts)]
        for panel in self._panels.choose(np.diff(np.searchsorted(asked, numbering.bounds))):
            start, end = np.searchsorted(equipment, panel.bounds[[0, -1]])
            mine = slice(int(start), int(end))
            yield panel, panel.begin(fresh.take(mine), equipment[mine], past)

    def _take_over(self, passed: Placed) -> None:
        """Make readings behind their equipment's last evaluation count from the next one on."""
        self._memory.before.passing(self._memory.latest, passed)
        commit(self._memory.latest, passed)

    def _tick(self, values: Float64s, opened: int) -> Iterator[AlarmChange]:
        """The changes at the starts of the minutes after `opened`, of which `values` tell."""
        if len(values) > 1:
            for panel in self._panels.choose(np.diff(self._numbering.bounds) * (len(values) - 1)):
                yield from told(self._history, self._numbering.find, opened, panel.tick(values, opened))

    def _points(self, fresh: Placed, order: Int64s) -> Stream:
        """What the readings add to the series that are points, by lane and time."""
        lane = self._history.lanes.of_place[fresh.place[order]]
        value = fresh.value[order]
        known = (lane >= 0) & ~np.isnan(value)
        return Stream(lane[known], fresh.ts[order][known], value[known])

    def _pass(self, minute: int) -> Iterator[AlarmChange]:
        """Let whole minutes pass in which no reading came, up to the start of `minute`."""
        history = self._history
        awake = (self._last + SILENCE) // MINUTE
        while history.minute < min(minute, awake):
            opened = history.minute
            count = min(history.block, min(minute, awake) - opened)
            values = history.advance(history.add(NO_VALUES, count))
            yield from self._tick(values, opened)
        if history.minute < minute:
            history.skip(minute - history.minute)
            self._memory.timers["minutely"].interrupt()

    # ---- what others ask and keep

    def state_of(self, equipment_id: int, now: Nanos | None = None) -> Mapping[str, RuleState]:
        """Rule key -> its state on the equipment, as of its last evaluation.

        With `now`, readings that have gone stale since then count as unknown.
        Raises: NotFoundError for equipment that is not in service or whose class the catalogue has not.
        """
        rules, column = self._numbering.find(equipment_id)
        memory, number = self._memory, rules.first + column
        past = Past(memory.latest, NOTHING, np.empty(0, dtype=np.int64), self._asked)
        at = int(memory.evaluated[number]) if now is None else now
        panel = self._panels.of(self._classes.index(rules))
        return states_of(panel, memory, number, at, values=self._history.values, past=past)

    def assume_active(self, alarms: Iterable[tuple[int, str]]) -> None:
        """Take these alarms (equipment id, rule key) for active, as the records say they are.

        Those of equipment or rules that are no more are passed over.
        """
        for equipment_id, key in alarms:
            if equipment_id in self._numbering:
                self._memory.assume_active(*self._numbering.find(equipment_id), key)

    def replace_table(self, table: PointTable, catalogue: Catalogue) -> None:
        """Go on with another table and catalogue; the state of what they have in common is kept.

        Raises: CatalogueError for a wrong rule of a class in use; nothing is changed then.
        """
        held = [self._numbering.point_of[part.place] for part in self._held]
        state = checkpoints.collect(self)
        self._build(catalogue, table)
        checkpoints.apply(state, self)
        placed = [self._numbering.place_again(ids) for ids in held]
        again = [part._replace(place=place) for part, place in zip(self._held, placed, strict=True)]
        self._held = [part.take(part.place >= 0) for part in again]

    def checkpoint(self) -> bytes:
        """The state by names, for `restore`."""
        return checkpoints.encode(checkpoints.collect(self))

    def restore(self, data: bytes) -> Nanos | None:
        """Take over a checkpoint; from which reading time the store must be read again, None for nowhere.

        What the present catalogue and table have no more is left out.
        Raises: StoreCorruptError for anything that is not a whole checkpoint; nothing is changed then.
        """
        state = checkpoints.decode(data)
        checkpoints.apply(state, self)
        self._held = []
        return checkpoints.resume_from(self)

    # what a checkpoint reads and puts back

    @property
    def classes(self) -> tuple[ClassRules, ...]:
        """The rules by class."""
        return tuple(self._classes)

    @property
    def memory(self) -> Memory:
        """What the rules remember."""
        return self._memory

    @property
    def history(self) -> History:
        """The bars and windows of the property."""
        return self._history

    @property
    def last(self) -> Nanos:
        """The newest reading time of all that was gone through; NEVER before anything was."""
        return self._last

    @last.setter
    def last(self, ts: Nanos) -> None:
        self._last, self._newest = ts, max(self._newest, ts)

    def _build(self, catalogue: Catalogue, table: PointTable) -> None:
        by_class: dict[str, list[Equipment]] = {}
        for item in table.equipment:
            if item.retired_at is None and item.equipment_class in catalogue:
                by_class.setdefault(item.equipment_class, []).append(item)
        try:
            classes = [
                ClassRules(catalogue[key], group, table, catalogue) for key, group in sorted(by_class.items())
            ]
        except (ExpressionError, DeadbandError, TermError) as failure:
            raise CatalogueError(check_catalogue(catalogue)) from failure
        self._classes = classes
        self._numbering = numbering = Numbering(classes, table)
        windows = {rules.window.cls.key: rules.window for rules in classes}
        for rules in classes:
            rules.relate(windows, table, catalogue)
        self._asked = np.zeros(len(numbering.point_of), dtype=np.bool_)
        """Where rules look at points of other equipment."""
        for rules in classes:
            self._asked[rules.other_places()] = True
        self._related = any(rules.related for rules in classes)
        self._memory = memory = Memory(classes, numbering.latest, numbering.equipment)
        self._history = History(Lanes([rules.lanes for rules in classes], len(numbering.point_of)))
        self._panels = Panels(classes, memory, numbering.row_of)


def _sorted(changes: list[AlarmChange]) -> list[AlarmChange]:
    return sorted(changes, key=attrgetter("ts", "equipment_id", "rule"))

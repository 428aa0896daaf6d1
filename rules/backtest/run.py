"""The whole of a backtest: plan, replay, comparison, and what people's marks say of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from plantroom.alarms import Judgement
from plantroom.catalogue import Catalogue
from plantroom.errors import NotFoundError
from plantroom.model import Equipment, PointTable
from plantroom.stores.base import ReadingStore
from plantroom.times import DAY, Nanos
from rules.backtest.comparison import Matched, Occurrence, match, occurrences, orders, standing
from rules.backtest.draft import Draft
from rules.backtest.engines import BacktestError, Flips
from rules.backtest.replay import SLICE_READINGS, Progress, replay
from rules.backtest.sides import Plan, Side, order_fault, plan

DEFAULT_WARM_UP: Nanos = DAY
"""Read before the period, so that delays and windows are at its start as they would have been."""
Alarms = Mapping[tuple[int, str], Sequence[Occurrence]]


class Mark(NamedTuple):
    """A person's verdict on the alarm that a rule raised on an equipment at a time."""

    equipment_id: int
    rule: str
    raised_ts: Nanos
    verdict: Judgement


@dataclass(frozen=True, slots=True)
class Figures:
    """One side of a rule on one equipment: alarms that stood in the period, for how long, orders opened."""

    alarms: int
    standing: Nanos
    orders: tuple[Nanos, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A rule on an equipment, both sides."""

    equipment: Equipment
    rule: str
    before: Figures
    after: Figures
    matched: Matched

    @property
    def moved(self) -> list[tuple[Occurrence, Occurrence]]:
        """Pairs that were raised at different times."""
        return [pair for pair in self.matched.pairs if pair[0].raised != pair[1].raised]

    @property
    def same(self) -> int:
        """How many were raised at the same time by both."""
        return sum(old.raised == new.raised for old, new in self.matched.pairs)


@dataclass(frozen=True, slots=True)
class Marked:
    """How one side of a rule does by the marks: how many of each kind it raised, and true ones missed."""

    true: int
    false: int
    nuisance: int
    missed: int

    @property
    def precision(self) -> float | None:
        """The share of true among the marked alarms that it raised; None where there are none."""
        raised = self.true + self.false + self.nuisance
        return self.true / raised if raised else None

    @property
    def recall(self) -> float | None:
        """The share that it raised of the alarms marked true; None where there are none."""
        wanted = self.true + self.missed
        return self.true / wanted if wanted else None


@dataclass(frozen=True, slots=True)
class Result:
    """What a backtest found; `lines` only where any side had an alarm."""

    draft: Draft
    start: Nanos
    end: Nanos
    warm_up: Nanos
    equipment: tuple[Equipment, ...]
    readings: int
    rules: tuple[str, ...]
    """The rules tried, then those that were run because they share a work order with one."""
    lines: tuple[Line, ...]
    marked: Mapping[tuple[Side, str], Marked]


def backtest(
    draft: Draft,
    catalogue: Catalogue,
    table: PointTable,
    store: ReadingStore,
    *,
    start: Nanos,
    end: Nanos,
    equipment: Sequence[str] = (),
    feedback: Iterable[tuple[int, str, Nanos, Judgement]] = (),
    warm_up: Nanos = DEFAULT_WARM_UP,
    processes: int = 0,
    slice_readings: int = SLICE_READINGS,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Result:
    """The draft's rules and those in force over the stored readings from `start` to before `end`.

    `equipment` are paths (`site/key`), none for all of the draft's class in service. Both sides begin with
    no alarm at `start - warm_up`; what stands at `start` counts. `feedback` are marks as (equipment id, rule,
    raised at, verdict). `processes` as in `replay`.
    Raises: NotFoundError for equipment, BacktestError, CancelledError; StoreError of the store.
    """
    if not start < end:
        raise BacktestError("the period must end after it begins")
    made = plan(catalogue, table, draft, equipment_of(draft, table, equipment))
    flips, count = replay(
        made,
        store,
        start - max(warm_up, 0),
        end,
        processes=processes,
        slice_readings=slice_readings,
        progress=progress,
        cancelled=cancelled,
    )
    sides = {side: _alarms(flips, side, made, start, end) for side in Side}
    wanted = {item.id for item in made.equipment}
    marks = [mark for item in feedback if start <= (mark := Mark(*item)).raised_ts < end]
    marked = _marks(draft, sides, [mark for mark in marks if mark.equipment_id in wanted])
    return Result(
        draft=draft,
        start=start,
        end=end,
        warm_up=max(warm_up, 0),
        equipment=made.equipment,
        readings=count,
        rules=(*draft.tried, *made.companions),
        lines=tuple(_lines(draft, made, sides, start, end)),
        marked=marked,
    )


def equipment_of(draft: Draft, table: PointTable, paths: Sequence[str] = ()) -> list[Equipment]:
    """The equipment of these paths, or all of the draft's class in service.

    Raises: NotFoundError for what is not there, not in service or of another class.
    """
    key = draft.cls.key
    if not paths:
        found = [item for item in table.equipment if item.equipment_class == key and item.retired_at is None]
        if not found:
            raise NotFoundError(f"no equipment of class {key!r} is in service")
        return found
    chosen = []
    for path in dict.fromkeys(paths):
        item = table.equipment_by_path.get(path)
        if item is None or item.retired_at is not None:
            raise NotFoundError(f"no equipment {path!r} in service; write SITE/KEY")
        if item.equipment_class != key:
            raise NotFoundError(f"equipment {path!r} is of class {item.equipment_class!r}, not {key!r}")
        chosen.append(item)
    return chosen


def _alarms(
    flips: Flips, side: Side, made: Plan, start: Nanos, end: Nanos
) -> dict[tuple[int, str], list[Occurrence]]:
    wanted = {item.id for item in made.equipment}
    found = {
        (equipment_id, rule): occurrences(times, start, end)
        for (whose, equipment_id, rule), times in flips.times.items()
        if whose is side and equipment_id in wanted
    }
    return {key: items for key, items in found.items() if items}


def _lines(
    draft: Draft, made: Plan, sides: Mapping[Side, Alarms], start: Nanos, end: Nanos
) -> Iterable[Line]:
    opened = {}
    for side, cls in ((Side.BEFORE, draft.in_force), (Side.AFTER, draft.cls)):
        faults = {rule.key: fault for rule in cls.rules if (fault := order_fault(rule)) is not None}
        opened[side] = orders(sides[side], faults, start)
    rules = (*draft.tried, *made.companions)
    for item in made.equipment:
        for rule in rules:
            key = (item.id, rule)
            both = [sides[side].get(key, ()) for side in Side]
            if not any(both):
                continue
            before, after = (
                Figures(len(found), standing(found, start, end), tuple(opened[side].get(key, ())))
                for side, found in zip(Side, both, strict=True)
            )
            yield Line(item, rule, before, after, match(*both))


def _marks(
    draft: Draft, sides: Mapping[Side, Alarms], marks: Iterable[Mark]
) -> dict[tuple[Side, str], Marked]:
    """Each mark speaks of the occurrence in force that began then; a side has it that stood with it."""
    counts: dict[tuple[Side, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for mark in marks:
        if mark.rule not in draft.tried:
            continue
        key = (mark.equipment_id, mark.rule)
        meant = _meant(sides[Side.BEFORE].get(key, ()), mark.raised_ts)
        for side in Side:
            raised = any(meant.meets(item) for item in sides[side].get(key, ()))
            if raised:
                counts[side, mark.rule][mark.verdict.value] += 1
            elif mark.verdict is Judgement.TRUE:
                counts[side, mark.rule]["missed"] += 1
            else:
                counts[side, mark.rule]["spared"] += 1
    names = ("true", "false", "nuisance", "missed")
    return {key: Marked(*(found[name] for name in names)) for key, found in counts.items()}


def _meant(items: Sequence[Occurrence], raised_ts: Nanos) -> Occurrence:
    for item in items:
        if item.raised <= raised_ts < item.until:
            return item
    return Occurrence(raised_ts, raised_ts + 1)

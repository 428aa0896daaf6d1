"""An order's log, replayed into its clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from plantroom.service_levels.policy import (
    ClockKind,
    ClockRule,
    Count,
    OrderFacts,
    ServicePolicy,
    default_policy,
)
from plantroom.times import Nanos
from plantroom.work_orders import OrderAction


class TimeCount(Protocol):
    """Which time counts; `plantroom.calendars.WorkingCalendar` is one."""

    def working_time(self, start: Nanos, end: Nanos) -> Nanos:
        """The counted time from `start` to `end`, which is not before it."""

    def add_working(self, start: Nanos, duration: Nanos) -> Nanos:
        """The first instant at which `duration` of counted time has passed since `start`."""


class _RoundTheClock:
    def working_time(self, start: Nanos, end: Nanos) -> Nanos:
        return end - start

    def add_working(self, start: Nanos, duration: Nanos) -> Nanos:
        return start + duration


ROUND_THE_CLOCK: TimeCount = _RoundTheClock()


class ClockState(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"
    """The order was cancelled in time: neither kept nor broken."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One change of an order. `priority` and `major` are the order's from then on; None is as before."""

    at: Nanos
    action: str
    by_person: bool = True
    priority: int | None = None
    major: bool | None = None
    reason: str = ""
    """Of a hold."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How far one clock of an order is at some moment. Units: nanoseconds.

    `running + paused + outside` is the time since `started_at`, up to `stopped_at` where it stopped.
    """

    kind: ClockKind
    state: ClockState
    within: Nanos
    count: Count
    started_at: Nanos
    running: Nanos
    """Counted time that has passed."""
    paused: Nanos
    """Time on hold, and between completion and reopening."""
    outside: Nanos
    """Time that does not count, such as nights in working time."""
    due_at: Nanos | None
    """When the time is up if nothing happens; None while paused and once stopped in time."""
    warning_at: Nanos | None
    """When the warning comes if nothing happens; None when it came, or cannot come."""
    warned_at: Nanos | None
    breached_at: Nanos | None
    stopped_at: Nanos | None
    reason: str
    """Of the hold that pauses it."""
    close: bool
    """Not stopped, not breached, and past the warning's share of the time that holds now."""

    @property
    def left(self) -> Nanos:
        """Counted time left; negative where it took longer."""
        return self.within - self.running


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From one entry to the next: what the order was meanwhile."""

    start: Nanos
    end: Nanos
    action: str
    """Of the entry that began it."""
    by_person: bool
    facts: OrderFacts
    hold: str | None


def replay(
    policy: ServicePolicy,
    facts: OrderFacts,
    log: Iterable[LogEntry],
    now: Nanos,
    working: TimeCount = ROUND_THE_CLOCK,
) -> tuple[Clock, ...]:
    """The order's clocks at `now`, in the order of `ClockKind`; those that never applied are left out.

    `facts` are what holds where the log does not say (an old log has no priorities). A clock counts against
    the rule that fits at the time: a change of priority changes the time allowed, not the time that has
    passed, and breaks nothing in the past. What is broken stays broken.
    """
    known = [entry for entry in log if entry.at <= now]
    if not known:
        return ()
    stretches = list(_stretches(facts, known, now))
    times = {Count.ROUND_THE_CLOCK: ROUND_THE_CLOCK, Count.WORKING: working}
    walks = (_Walk(policy, kind, times, stretches[0].start) for kind in ClockKind)
    return tuple(clock for walk in walks if (clock := walk.through(stretches)) is not None)


def _always(_site: str) -> TimeCount:
    return ROUND_THE_CLOCK


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """What was agreed, and the working time of each site."""

    policy: ServicePolicy = field(default_factory=default_policy)
    working: Callable[[str], TimeCount] = _always

    def replay(self, site: str, facts: OrderFacts, log: Iterable[LogEntry], now: Nanos) -> tuple[Clock, ...]:
        """The clocks of an order of the site; see `replay`."""
        return replay(self.policy, facts, log, now, self.working(site))


def next_look(clocks: Sequence[Clock]) -> Nanos | None:
    """When one of the clocks warns or breaks next by itself; None where none will."""
    times = [clock.warning_at for clock in clocks]
    times += [clock.due_at for clock in clocks if clock.breached_at is None and clock.stopped_at is None]
    return min((at for at in times if at is not None), default=None)


def _stretches(facts: OrderFacts, log: Sequence[LogEntry], now: Nanos) -> Iterator[_Stretch]:
    hold: str | None = None
    last = 0
    begun: list[tuple[Nanos, LogEntry, OrderFacts, str | None]] = []
    for entry in log:
        facts = replace(
            facts,
            priority=facts.priority if entry.priority is None else entry.priority,
            major=facts.major if entry.major is None else entry.major,
        )
        if entry.action == "hold":
            hold = entry.reason
        elif entry.action in _MOVES:
            hold = None
        last = max(last, entry.at)  # a clock that was set back must not make time run backwards
        begun.append((last, entry, facts, hold))
    ends = [at for at, *_ in begun[1:]] + [max(now, last)]
    for (start, entry, known, waits), end in zip(begun, ends, strict=True):
        yield _Stretch(start, end, entry.action, entry.by_person, known, waits)


_MOVES = frozenset(action.value for action in OrderAction)
"""Entries that move an order on, and so end a hold; comments and the like do not."""
_DONE = frozenset({"complete", "close"})


class _Walk:
    """One clock on its way through the log."""

    def __init__(
        self, policy: ServicePolicy, kind: ClockKind, times: Mapping[Count, TimeCount], start: Nanos
    ) -> None:
        self.policy, self.kind, self.times = policy, kind, times
        self.started_at = start
        self.running = self.paused = self.outside = 0
        self.warned_at: Nanos | None = None
        self.breached_at: Nanos | None = None
        self.stopped_at: Nanos | None = None
        self.idle = 0
        self.cancelled = False
        self.rule: ClockRule | None = None
        """The rule that fits now, or fitted last."""

    def through(self, stretches: Sequence[_Stretch]) -> Clock | None:
        """The clock at the end of the last stretch; None if it never applied, or applies no more unbroken."""
        rule: ClockRule | None = None
        waits: str | None = None
        for stretch in stretches:
            self._take(stretch)
            rule = self.policy.rule_for(self.kind, stretch.facts)
            self.rule = rule or self.rule
            waits = stretch.hold if stretch.hold and self.policy.pauses(stretch.hold) else None
            if self.stopped_at is not None:
                self.idle += stretch.end - stretch.start
            elif waits is not None or rule is None:
                self.paused += stretch.end - stretch.start
            else:
                self._run(rule, stretch.start, stretch.end)
        if self.rule is None or (rule is None and self.breached_at is None and self.stopped_at is None):
            return None
        return self._clock(self.rule, waits, stretches[-1].end, stands=rule is None)

    def _take(self, stretch: _Stretch) -> None:
        """Let the entry that begins the stretch stop the clock, or set it going again."""
        if stretch.action == "reopen" and self.kind is ClockKind.RESOLUTION and self.stopped_at is not None:
            self.stopped_at = None
            self.paused += self.idle
            self.idle = 0
        if self.stopped_at is not None:
            return
        if stretch.action == "cancel":
            self.stopped_at, self.cancelled = stretch.start, True
        elif stretch.action in _DONE:
            self.stopped_at = stretch.start
        elif self.rule is not None and stretch.action in self.rule.stops and stretch.by_person:
            self.stopped_at = stretch.start

    def _run(self, rule: ClockRule, start: Nanos, end: Nanos) -> None:
        time = self.times[rule.count]
        if self.warned_at is None:
            at = _reach(time, start, self.policy.warn_after(rule) - self.running)
            self.warned_at = at if at < end else None
        if self.breached_at is None:
            at = _reach(time, start, rule.within - self.running)
            self.breached_at = at if at < end else None
        counted = time.working_time(start, end)
        self.running += counted
        self.outside += end - start - counted

    def _clock(self, rule: ClockRule, waits: str | None, now: Nanos, *, stands: bool) -> Clock:
        going = self.stopped_at is None and waits is None and not stands
        due_at, warning_at = self.breached_at, None
        if going and self.breached_at is None:
            due_at = _reach(self.times[rule.count], now, rule.within - self.running)
        if going and self.warned_at is None:
            warning_at = _reach(self.times[rule.count], now, self.policy.warn_after(rule) - self.running)
        state = self._state(paused=waits is not None or stands)
        return Clock(
            kind=self.kind,
            state=state,
            within=rule.within,
            count=rule.count,
            started_at=self.started_at,
            running=self.running,
            paused=self.paused,
            outside=self.outside,
            due_at=due_at,
            warning_at=warning_at,
            warned_at=self.warned_at,
            breached_at=self.breached_at,
            stopped_at=self.stopped_at,
            reason=waits or "" if state is ClockState.PAUSED else "",
            close=state in (ClockState.RUNNING, ClockState.PAUSED)
            and self.running >= self.policy.warn_after(rule),
        )

    def _state(self, *, paused: bool) -> ClockState:
        if self.breached_at is not None:
            return ClockState.BREACHED
        if self.stopped_at is not None:
            return ClockState.CANCELLED if self.cancelled else ClockState.MET
        return ClockState.PAUSED if paused else ClockState.RUNNING


def _reach(time: TimeCount, start: Nanos, left: Nanos) -> Nanos:
    return start if left <= 0 else time.add_working(start, left)

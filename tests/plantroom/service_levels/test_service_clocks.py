"""Clocks replayed from logs: tables of cases, and what must hold for every log."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantroom.errors import TransitionError
from plantroom.service_levels import (
    ROUND_THE_CLOCK,
    Clock,
    ClockKind,
    ClockRule,
    ClockState,
    Count,
    LogEntry,
    OrderFacts,
    Origin,
    ServicePolicy,
    TimeCount,
    default_policy,
    next_look,
    replay,
)
from plantroom.times import DAY, HOUR, MINUTE, Nanos, from_datetime
from plantroom.work_orders import OrderAction as Act
from plantroom.work_orders import OrderKind, OrderState, transition
from tests.plantroom.service_levels.hours import PlainHours

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
HOURS = PlainHours(SHANGHAI, holidays=frozenset({date(2026, 10, 1), date(2026, 10, 2)}))
FACTS = OrderFacts(OrderKind.CORRECTIVE, Origin.RULE, priority=3)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> Nanos:
    return from_datetime(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=zone))


def policy(within: Nanos = 3 * HOUR, count: Count = Count.ROUND_THE_CLOCK) -> ServicePolicy:
    """The default, but of resolution one rule for all."""
    rule = ClockRule(ClockKind.RESOLUTION, within, count)
    others = tuple(r for r in default_policy().rules if r.clock is not ClockKind.RESOLUTION)
    return replace(default_policy(), rules=(*others, rule))


def clock_of(clocks: tuple[Clock, ...], kind: ClockKind = ClockKind.RESOLUTION) -> Clock:
    return next(clock for clock in clocks if clock.kind is kind)


def log_of(*steps: tuple[str, str] | tuple[str, str, str], zone: ZoneInfo = SHANGHAI) -> list[LogEntry]:
    return [LogEntry(at(step[0], zone), step[1], reason="".join(step[2:])) for step in steps]


@dataclass(frozen=True)
class Case:
    """A log, and what the resolution clock must be at `now`."""

    name: str
    log: list[LogEntry]
    now: str
    state: ClockState
    running: Nanos
    paused: Nanos = 0
    outside: Nanos = 0
    due: str | None = None
    breached: str | None = None
    within: Nanos = 3 * HOUR
    count: Count = Count.ROUND_THE_CLOCK
    time: TimeCount = field(default=HOURS)
    zone: ZoneInfo = SHANGHAI


# 2026-09-30 is a Wednesday; 10-01 and 10-02 are holidays, 10-03 and 10-04 a weekend
RUN, PAUSE, MET, BREACH, GONE = (
    ClockState.RUNNING,
    ClockState.PAUSED,
    ClockState.MET,
    ClockState.BREACHED,
    ClockState.CANCELLED,
)
WORK = Count.WORKING
BEGUN = [("09-30T09:00", "open"), ("09-30T09:10", "assign"), ("09-30T09:20", "start")]
CASES = [
    Case("just opened", log_of(BEGUN[0]), "09-30T09:00", RUN, 0, due="09-30T12:00"),
    Case("at the last instant", log_of(*BEGUN), "09-30T12:00", RUN, 3 * HOUR, due="09-30T12:00"),
    Case("a minute over", log_of(*BEGUN), "09-30T12:01", BREACH, 181 * MINUTE, breached="09-30T12:00"),
    Case(
        "done at the last instant",
        log_of(*BEGUN, ("09-30T12:00", "complete")),
        "10-30T00:00",
        MET,
        3 * HOUR,
    ),
    Case(
        "done a minute late",
        log_of(*BEGUN, ("09-30T12:01", "complete"), ("09-30T15:00", "close")),
        "10-30T00:00",
        BREACH,
        181 * MINUTE,
        breached="09-30T12:00",
    ),
    Case(
        "on hold for parts",
        log_of(*BEGUN, ("09-30T10:00", "hold", "parts")),
        "10-05T10:00",
        PAUSE,
        HOUR,
        paused=5 * DAY,
    ),
    Case(
        "a comment does not end the hold",
        log_of(*BEGUN, ("09-30T10:00", "hold", "parts"), ("09-30T11:00", "comment")),
        "09-30T13:00",
        PAUSE,
        HOUR,
        paused=3 * HOUR,
    ),
    Case(
        "resumed",
        log_of(*BEGUN, ("09-30T10:00", "hold", "parts"), ("09-30T12:00", "resume")),
        "09-30T13:00",
        RUN,
        2 * HOUR,
        paused=2 * HOUR,
        due="09-30T14:00",
    ),
    Case(
        "held twice, assigned again out of the second",
        log_of(
            *BEGUN,
            ("09-30T10:00", "hold", "parts"),
            ("09-30T11:00", "resume"),
            ("09-30T11:30", "hold", "access"),
            ("09-30T13:30", "assign"),
        ),
        "09-30T14:00",
        RUN,
        2 * HOUR,
        paused=3 * HOUR,
        due="09-30T15:00",
    ),
    Case(
        "on hold for want of people runs on",
        log_of(*BEGUN, ("09-30T10:00", "hold", "staff")),
        "09-30T12:30",
        BREACH,
        210 * MINUTE,
        breached="09-30T12:00",
    ),
    Case(
        "a reason that is not known runs on",
        log_of(*BEGUN, ("09-30T10:00", "hold", "holiday_mood")),
        "09-30T11:00",
        RUN,
        2 * HOUR,
        due="09-30T12:00",
    ),
    Case(
        "held at the last instant, resumed",
        log_of(*BEGUN, ("09-30T12:00", "hold", "parts"), ("09-30T14:00", "resume")),
        "09-30T14:01",
        BREACH,
        181 * MINUTE,
        paused=2 * HOUR,
        breached="09-30T14:00",
    ),
    Case(
        "held when it was over already",
        log_of(*BEGUN, ("09-30T13:00", "hold", "parts")),
        "09-30T15:00",
        BREACH,
        4 * HOUR,
        paused=2 * HOUR,
        breached="09-30T12:00",
    ),
    Case(
        "reopened: the time between does not count",
        log_of(*BEGUN, ("09-30T11:00", "complete"), ("10-02T11:00", "reopen")),
        "10-02T11:30",
        RUN,
        150 * MINUTE,
        paused=2 * DAY,
        due="10-02T12:00",
    ),
    Case(
        "reopened and over",
        log_of(*BEGUN, ("09-30T11:00", "complete"), ("10-02T11:00", "reopen"), ("10-02T12:30", "complete")),
        "10-03T00:00",
        BREACH,
        210 * MINUTE,
        paused=2 * DAY,
        breached="10-02T12:00",
    ),
    Case(
        "reopened and done again in time",
        log_of(*BEGUN, ("09-30T11:00", "complete"), ("10-02T11:00", "reopen"), ("10-02T11:30", "complete")),
        "10-03T00:00",
        MET,
        150 * MINUTE,
        paused=2 * DAY,
    ),
    Case(
        "cancelled in time",
        log_of(*BEGUN, ("09-30T10:00", "cancel")),
        "10-03T00:00",
        GONE,
        HOUR,
    ),
    Case(
        "cancelled too late",
        log_of(*BEGUN, ("09-30T13:00", "cancel")),
        "10-03T00:00",
        BREACH,
        4 * HOUR,
        breached="09-30T12:00",
    ),
    Case(
        "over the evening in working time",
        log_of(("09-29T17:00", "open")),
        "09-30T09:00",
        RUN,
        2 * HOUR,
        outside=14 * HOUR,
        due="09-30T10:00",
        count=WORK,
    ),
    Case(
        "over holidays and a weekend",
        log_of(("09-30T17:00", "open")),
        "10-05T09:30",
        RUN,
        150 * MINUTE,
        outside=4 * DAY + 14 * HOUR,
        due="10-05T10:00",
        count=WORK,
    ),
    Case(
        "opened at night",
        log_of(("09-29T02:00", "open")),
        "09-29T03:00",
        RUN,
        0,
        outside=HOUR,
        due="09-29T11:00",
        count=WORK,
    ),
    Case(
        "a hold overnight counts as hold, not as night",
        log_of(("09-29T17:00", "open"), ("09-29T17:30", "hold", "parts"), ("09-30T08:30", "resume")),
        "09-30T09:00",
        RUN,
        HOUR,
        paused=15 * HOUR,
        due="09-30T11:00",
        count=WORK,
    ),
    Case(
        "time up at the end of the day is up then",
        log_of(("09-29T15:00", "open")),
        "09-29T20:00",
        BREACH,
        3 * HOUR,
        outside=2 * HOUR,
        breached="09-29T18:00",
        count=WORK,
    ),
    # Europe/Berlin: on 2026-03-29 02:00 becomes 03:00, on 2026-10-25 03:00 becomes 02:00
    Case(
        "round the clock through the short night",
        log_of(("03-28T23:00", "open"), zone=BERLIN),
        "03-29T04:00",
        BREACH,
        4 * HOUR,
        breached="03-29T03:00",
        zone=BERLIN,
    ),
    Case(
        "round the clock through the long night",
        log_of(("10-25T00:00", "open"), zone=BERLIN),
        "10-25T03:00",
        BREACH,
        4 * HOUR,
        breached="10-25T02:00",  # the second one, see the test below
        zone=BERLIN,
    ),
    Case(
        "night shift in working time, short night",
        log_of(("03-28T22:00", "open"), zone=BERLIN),
        "03-29T05:00",
        RUN,
        5 * HOUR,
        outside=HOUR,
        due="03-29T06:00",
        within=6 * HOUR,
        count=WORK,
        time=PlainHours(BERLIN, opens=0, closes=23, days=frozenset(range(7))),
        zone=BERLIN,
    ),
    Case(
        "night shift in working time, long night",
        log_of(("10-24T22:00", "open"), zone=BERLIN),
        "10-25T05:00",
        RUN,
        7 * HOUR,
        outside=HOUR,
        due="10-25T06:00",
        within=8 * HOUR,
        count=WORK,
        time=PlainHours(BERLIN, opens=0, closes=23, days=frozenset(range(7))),
        zone=BERLIN,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_resolution_clock(case: Case) -> None:
    now = at(case.now, case.zone)
    found = clock_of(replay(policy(case.within, case.count), FACTS, case.log, now, case.time))
    assert found.state is case.state
    assert (found.running, found.paused, found.outside) == (case.running, case.paused, case.outside)
    breached = None if case.breached is None else at(case.breached, case.zone)
    if case.name.endswith("long night") and breached is not None:
        breached += HOUR  # 02:00 comes twice that night
    assert found.breached_at == breached
    assert found.due_at == (breached if case.due is None else at(case.due, case.zone))
    assert found.left == case.within - case.running


def entry(text: str, action: str, **given: object) -> LogEntry:
    return LogEntry(at(text), action, **given)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Change:
    """A change of what the order is, and the clock some time after it."""

    name: str
    log: list[LogEntry]
    now: str
    state: ClockState
    within: Nanos
    breached: str | None = None
    due: str | None = None


CHANGES = [
    Change(
        "raised in time",
        [entry("09-30T09:00", "open", priority=4), entry("09-30T10:00", "classify", priority=3)],
        "09-30T10:00",
        RUN,
        3 * HOUR,
        due="09-30T12:00",
    ),
    Change(
        "raised when the shorter time was over: broken from then on, not before",
        [entry("09-30T09:00", "open", priority=4), entry("09-30T14:00", "classify", priority=3)],
        "09-30T14:01",
        BREACH,
        3 * HOUR,
        breached="09-30T14:00",
    ),
    Change(
        "raised by a fault that came again",
        [
            entry("09-30T09:00", "open", priority=5),
            entry("09-30T09:10", "recur", priority=1, by_person=False),
        ],
        "09-30T09:20",
        RUN,
        30 * MINUTE,
        due="09-30T09:30",
    ),
    Change(
        "lowered in time",
        [entry("09-30T09:00", "open", priority=3), entry("09-30T11:00", "classify", priority=4)],
        "09-30T13:00",
        RUN,
        DAY,
        due="10-01T09:00",
    ),
    Change(
        "lowered when it was broken: it stays broken",
        [entry("09-30T09:00", "open", priority=3), entry("09-30T13:00", "classify", priority=4)],
        "09-30T14:00",
        BREACH,
        DAY,
        breached="09-30T12:00",
    ),
    Change(
        "called a major fault",
        [entry("09-30T09:00", "open", priority=2), entry("09-30T10:00", "classify", major=True)],
        "10-02T09:00",
        RUN,
        7 * DAY,
        due="10-07T09:00",
    ),
    Change(
        "lowered and raised again",
        [
            entry("09-30T09:00", "open", priority=3),
            entry("09-30T10:00", "classify", priority=5),
            entry("09-30T11:00", "classify", priority=3),
        ],
        "09-30T11:30",
        RUN,
        3 * HOUR,
        due="09-30T12:00",
    ),
]


@pytest.mark.parametrize("case", CHANGES, ids=lambda case: case.name)
def test_what_changes_midway(case: Change) -> None:
    found = clock_of(replay(default_policy(), FACTS, case.log, at(case.now)))
    assert (found.state, found.within) == (case.state, case.within)
    assert found.breached_at == (None if case.breached is None else at(case.breached))
    if case.due is not None:
        assert found.due_at == at(case.due)


def test_a_log_without_priorities_has_the_orders_own() -> None:
    log = log_of(("09-30T09:00", "open"))
    for priority, within in ((1, 30 * MINUTE), (2, 3 * HOUR), (3, 3 * HOUR), (4, DAY), (5, 7 * DAY)):
        clocks = replay(default_policy(), replace(FACTS, priority=priority), log, at("09-30T09:00"))
        assert clock_of(clocks).within == within


STOPS = [
    ("assign", True, ClockKind.RESPONSE, MET),
    ("start", True, ClockKind.RESPONSE, MET),
    ("comment", True, ClockKind.RESPONSE, RUN),
    ("recur", False, ClockKind.RESPONSE, RUN),
    ("comment", True, ClockKind.ANSWER, MET),
    ("comment", False, ClockKind.ANSWER, RUN),
    ("assign", True, ClockKind.ANSWER, MET),
    ("complete", True, ClockKind.ANSWER, MET),
    ("cancel", True, ClockKind.ANSWER, GONE),
    ("assign", True, ClockKind.RESOLUTION, RUN),
]


@pytest.mark.parametrize(("action", "by_person", "kind", "state"), STOPS)
def test_what_stops_a_clock(action: str, by_person: bool, kind: ClockKind, state: ClockState) -> None:
    facts = replace(FACTS, origin=Origin.PERSON)
    log = [LogEntry(at("09-30T09:00"), "open"), LogEntry(at("09-30T09:05"), action, by_person)]
    assert clock_of(replay(default_policy(), facts, log, at("09-30T09:10")), kind).state is state


def test_a_response_is_not_undone_by_reopening() -> None:
    log = log_of(*BEGUN, ("09-30T10:00", "complete"), ("09-30T11:00", "reopen"))
    found = clock_of(replay(default_policy(), FACTS, log, at("09-30T12:00")), ClockKind.RESPONSE)
    assert (found.state, found.stopped_at) == (MET, at("09-30T09:10"))


def test_which_orders_have_which_clocks() -> None:
    log, now = log_of(("09-30T09:00", "open")), at("09-30T09:00")

    def kinds(**given: object) -> list[str]:
        return [c.kind for c in replay(default_policy(), replace(FACTS, **given), log, now)]  # type: ignore[arg-type]

    assert kinds() == ["response", "resolution"]
    assert kinds(origin=Origin.PERSON) == ["response", "answer", "resolution"]
    assert kinds(kind=OrderKind.PREVENTIVE, origin=Origin.PLAN) == []
    assert replay(default_policy(), FACTS, [], now) == ()
    assert replay(default_policy(), FACTS, log, now - 1) == ()


def test_the_warning_comes_before_the_breach_and_both_are_announced() -> None:
    log = log_of(*BEGUN)
    found = replay(policy(), FACTS, log, at("09-30T09:30"))
    assert clock_of(found).warning_at == at("09-30T11:15")
    assert next_look(found) == at("09-30T11:15")
    found = replay(policy(), FACTS, log, at("09-30T11:16"))
    assert clock_of(found).warned_at == at("09-30T11:15")
    assert clock_of(found).close
    assert clock_of(found).warning_at is None
    assert next_look(found) == at("09-30T12:00")
    found = replay(policy(), FACTS, log, at("09-30T12:01"))
    assert not clock_of(found).close
    assert next_look(found) is None


def test_a_machine_clock_set_back_does_not_make_time_run_backwards() -> None:
    log = log_of(("09-30T09:00", "open"), ("09-30T11:00", "hold", "parts"), ("09-30T10:00", "resume"))
    found = clock_of(replay(policy(), FACTS, log, at("09-30T11:30")))
    assert (found.running, found.paused) == (150 * MINUTE, 0)


# what must hold for every log that the transition table allows

GAPS = st.integers(0, 40 * 60).map(lambda minutes: minutes * MINUTE)
STEP = st.tuples(
    GAPS,
    st.sampled_from([*Act, "comment", "recur", "classify"]),
    st.sampled_from(["parts", "staff", "access"]),
    st.integers(1, 5),
    st.booleans(),
)
LONDON = PlainHours(ZoneInfo("Europe/London"), opens=0, closes=7, holidays=frozenset({date(2026, 3, 30)}))


@st.composite
def logs(draw: st.DrawFn) -> list[LogEntry]:
    # around the night on which London's clocks go forward
    now = from_datetime(datetime(2026, 3, 28, 20)) + draw(GAPS)  # noqa: DTZ001
    log = [LogEntry(now, "open", by_person=False, priority=draw(st.integers(1, 5)))]
    state = OrderState.OPEN
    for gap, action, reason, priority, major in draw(st.lists(STEP, max_size=8)):
        now += gap
        if isinstance(action, Act):
            try:
                state = transition(state, action, note="x")
            except TransitionError:
                continue
            log.append(LogEntry(now, action.value, reason=reason if action is Act.HOLD else ""))
        elif action == "classify":
            log.append(LogEntry(now, action, priority=priority, major=major))
        else:
            log.append(LogEntry(now, action, by_person=action == "comment"))
    return log


POLICIES = st.sampled_from([default_policy(), policy(3 * HOUR, Count.WORKING), policy(DAY)])


@settings(max_examples=100, deadline=None)
@given(log=logs(), agreed=POLICIES, later=st.lists(GAPS, min_size=1, max_size=4))
def test_all_time_is_accounted_for(log: list[LogEntry], agreed: ServicePolicy, later: list[Nanos]) -> None:
    now = log[-1].at + later[0]
    for clock in replay(agreed, FACTS, log, now, LONDON):
        end = now if clock.stopped_at is None else clock.stopped_at
        assert clock.running + clock.paused + clock.outside == end - clock.started_at
        assert min(clock.running, clock.paused, clock.outside) >= 0
        if clock.state is MET:
            assert clock.stopped_at is not None
        if clock.warned_at is not None and clock.breached_at is not None:
            assert clock.warned_at <= clock.breached_at


@settings(max_examples=100, deadline=None)
@given(log=logs(), agreed=POLICIES, later=st.lists(GAPS, min_size=1, max_size=4))
def test_what_is_broken_stays_broken(log: list[LogEntry], agreed: ServicePolicy, later: list[Nanos]) -> None:
    moments = [entry.at for entry in log]
    for gap in later:
        moments.append(moments[-1] + gap)
    broken: dict[ClockKind, Nanos] = {}
    warned: dict[ClockKind, Nanos] = {}
    for now in moments:
        found = {clock.kind: clock for clock in replay(agreed, FACTS, log, now, LONDON)}
        for kind, breached_at in broken.items():
            assert (found[kind].state, found[kind].breached_at) == (BREACH, breached_at)
        for kind, clock in found.items():
            if clock.breached_at is not None:
                assert clock.breached_at < now
                broken[kind] = clock.breached_at
            if clock.warned_at is not None:
                assert warned.setdefault(kind, clock.warned_at) == clock.warned_at


@settings(max_examples=100, deadline=None)
@given(log=logs(), agreed=POLICIES)
def test_what_is_foretold_comes_true(log: list[LogEntry], agreed: ServicePolicy) -> None:
    """With nothing more in the log, the clock breaks exactly when it said, and warns exactly when it said."""
    now = log[-1].at
    for clock in replay(agreed, FACTS, log, now, LONDON):
        if clock.state is not RUN or clock.due_at is None:
            continue
        same = [c for c in replay(agreed, FACTS, log, clock.due_at, LONDON) if c.kind is clock.kind]
        assert [c.state for c in same] == [RUN]
        over = [c for c in replay(agreed, FACTS, log, clock.due_at + 1, LONDON) if c.kind is clock.kind]
        assert [(c.state, c.breached_at) for c in over] == [(BREACH, clock.due_at)]
        if clock.warning_at is not None:
            assert [c.warned_at for c in over] == [clock.warning_at]


@settings(max_examples=60, deadline=None)
@given(start=st.integers(0, 10**6), length=st.integers(0, 10**6))
def test_round_the_clock_is_plain_time(start: int, length: int) -> None:
    assert ROUND_THE_CLOCK.working_time(start, start + length) == length
    assert ROUND_THE_CLOCK.add_working(start, length) == start + length

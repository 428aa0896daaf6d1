"""The alarm state machine: every state with every event, and any sequence of events."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plantroom.alarms import (
    ASIDE,
    STANDING,
    UNACKNOWLEDGED,
    Alarm,
    AlarmEvent,
    AlarmState,
    Severity,
    advance,
    allowed_events,
)
from plantroom.errors import TransitionError

S, E = AlarmState, AlarmEvent
NOW = 1_000
LATER = 2_000

ROOT = 7
# State for state, what each event leads to; None is a refusal, "same" leaves the alarm exactly as it is.
# Columns: raise, clear, acknowledge, reset, shelve, unshelve, suppress, unsuppress, remove, return
NO = None
SAME = "same"
GO_ASIDE = (S.SHELVED, NO, S.SUPPRESSED, NO, S.OUT_OF_SERVICE, NO)
Row = tuple[AlarmState | str | None, ...]
PLAIN: dict[AlarmState, Row] = {
    S.NORMAL: (S.UNACKNOWLEDGED, SAME, NO, NO, *GO_ASIDE),
    S.UNACKNOWLEDGED: (SAME, S.RETURNED_UNACKNOWLEDGED, S.ACKNOWLEDGED, NO, *GO_ASIDE),
    S.ACKNOWLEDGED: (SAME, S.NORMAL, NO, NO, *GO_ASIDE),
    S.RETURNED_UNACKNOWLEDGED: (S.UNACKNOWLEDGED, SAME, S.NORMAL, NO, *GO_ASIDE),
    S.SHELVED: (S.SHELVED, SAME, NO, NO, NO, S.NORMAL, S.SHELVED, NO, S.OUT_OF_SERVICE, NO),
    S.SUPPRESSED: (S.SUPPRESSED, SAME, NO, NO, NO, NO, SAME, S.NORMAL, S.OUT_OF_SERVICE, NO),
    S.OUT_OF_SERVICE: (S.OUT_OF_SERVICE, SAME, NO, NO, NO, NO, S.OUT_OF_SERVICE, NO, NO, S.NORMAL),
}
# The same with a rule that latches, where it differs
LATCHING: dict[AlarmState, Row] = {
    S.NORMAL: PLAIN[S.NORMAL],
    S.UNACKNOWLEDGED: (SAME, S.LATCHED_UNACKNOWLEDGED, S.ACKNOWLEDGED, NO, *GO_ASIDE),
    S.ACKNOWLEDGED: (SAME, S.LATCHED_ACKNOWLEDGED, NO, NO, *GO_ASIDE),
    S.LATCHED_UNACKNOWLEDGED: (S.UNACKNOWLEDGED, SAME, S.LATCHED_ACKNOWLEDGED, NO, *GO_ASIDE),
    S.LATCHED_ACKNOWLEDGED: (S.UNACKNOWLEDGED, SAME, NO, S.NORMAL, *GO_ASIDE),
}
# Set aside while the process is in fault: it is followed, and stands again at the end
ASIDE_ACTIVE: dict[AlarmState, Row] = {
    S.SHELVED: (SAME, S.SHELVED, NO, NO, NO, S.UNACKNOWLEDGED, *PLAIN[S.SHELVED][6:]),
    S.SUPPRESSED: (SAME, S.SUPPRESSED, NO, NO, NO, NO, SAME, S.UNACKNOWLEDGED, S.OUT_OF_SERVICE, NO),
    S.OUT_OF_SERVICE: (SAME, *[S.OUT_OF_SERVICE, NO, NO, NO, NO, S.OUT_OF_SERVICE, NO, NO], S.UNACKNOWLEDGED),
}
# Set aside with the latch set and the fault gone: it is still latched at the end
ASIDE_LATCHED: dict[AlarmState, Row] = {
    S.SHELVED: (S.SHELVED, SAME, NO, NO, NO, S.LATCHED_UNACKNOWLEDGED, *PLAIN[S.SHELVED][6:]),
    S.SUPPRESSED: (*PLAIN[S.SUPPRESSED][:7], S.LATCHED_UNACKNOWLEDGED, S.OUT_OF_SERVICE, NO),
    S.OUT_OF_SERVICE: (*PLAIN[S.OUT_OF_SERVICE][:9], S.LATCHED_UNACKNOWLEDGED),
}
# Shelved or out of service while another alarm explains it: it is suppressed at the end
ASIDE_EXPLAINED: dict[AlarmState, Row] = {
    S.SHELVED: (SAME, S.SHELVED, NO, NO, NO, S.SUPPRESSED, SAME, S.SHELVED, S.OUT_OF_SERVICE, NO),
    S.OUT_OF_SERVICE: (
        SAME, S.OUT_OF_SERVICE, NO, NO, NO, NO, SAME, S.OUT_OF_SERVICE, NO, S.SUPPRESSED,
    ),
}  # fmt: skip


def alarm_in(
    state: AlarmState, *, latching: bool, active: bool, explained: bool = False, latched: bool | None = None
) -> Alarm:
    """An alarm in a state, with the figures that it would have there."""
    seen = state is not S.NORMAL
    acknowledged = state in {S.ACKNOWLEDGED, S.LATCHED_ACKNOWLEDGED}
    return Alarm(
        "site", "pump-01", "dry_run", Severity.MAJOR,
        latching=latching,
        state=state,
        active=active,
        raised_ts=100 if seen else None,
        cleared_ts=200 if seen and not active else None,
        process_ts=200 if seen else -1,
        occurrences=1 if seen else 0,
        acknowledged_at=150 if acknowledged else None,
        shelved_until=5_000 if state is S.SHELVED else None,
        latched=(latching and seen) if latched is None else latched,
        root=ROOT if explained or state is S.SUPPRESSED else None,
    )  # fmt: skip


def cases() -> list[tuple[Alarm, AlarmEvent, AlarmState | str | None]]:
    """Every (state, event) pair of the five tables."""
    found = []
    for table, latching, aside_active, explained in (
        (PLAIN, False, False, False),
        (LATCHING, True, False, False),
        (ASIDE_ACTIVE, True, True, False),
        (ASIDE_LATCHED, True, False, False),
        (ASIDE_EXPLAINED, False, True, True),
    ):
        for state, row in table.items():
            active = aside_active or state in {S.UNACKNOWLEDGED, S.ACKNOWLEDGED}
            alarm = alarm_in(state, latching=latching, active=active, explained=explained)
            found += [(alarm, event, outcome) for event, outcome in zip(AlarmEvent, row, strict=True)]
    return found


def name_of(value: object) -> str:
    """A readable test name."""
    if isinstance(value, Alarm):
        words = {"latching": value.latching, "active": value.active, "explained": value.root is not None}
        return "-".join([str(value.state), *(word for word, holds in words.items() if holds)])
    return str(value)


def apply(alarm: Alarm, event: AlarmEvent, now: int = NOW) -> Alarm:
    """The alarm after the event; shelving lasts until LATER, and ROOT explains what is suppressed."""
    until, root = LATER if event is E.SHELVE else None, ROOT if event is E.SUPPRESS else None
    return advance(alarm, event, now, until=until, root=root)


@pytest.mark.parametrize(("alarm", "event", "outcome"), cases(), ids=name_of)
def test_every_state_with_every_event(
    alarm: Alarm, event: AlarmEvent, outcome: AlarmState | str | None
) -> None:
    if outcome is NO:
        with pytest.raises(TransitionError, match=str(alarm.state)) as caught:
            apply(alarm, event)
        assert caught.value.allowed == tuple(str(item) for item in allowed_events(alarm))
        assert str(event) not in caught.value.allowed
    elif outcome == SAME:
        assert apply(alarm, event) == alarm
    else:
        assert apply(alarm, event).state is outcome


def test_the_tables_have_every_state() -> None:
    assert set(PLAIN) | set(LATCHING) == set(AlarmState)
    assert set(ASIDE_ACTIVE) == set(ASIDE_LATCHED) == ASIDE
    assert set(ASIDE_EXPLAINED) == ASIDE - {S.SUPPRESSED}
    assert not STANDING & ASIDE
    assert UNACKNOWLEDGED < STANDING


@pytest.mark.parametrize("alarm", {name_of(case[0]): case[0] for case in cases()}.values(), ids=name_of)
def test_the_allowed_events_are_those_that_people_can_do(alarm: Alarm) -> None:
    possible = []
    for event in AlarmEvent:
        if event in {E.RAISE, E.CLEAR}:
            continue
        try:
            apply(alarm, event)
        except TransitionError:
            continue
        possible.append(event)
    assert allowed_events(alarm) == tuple(possible)


class TestOccurrence:
    def test_raising_notes_the_reading_time_and_counts(self) -> None:
        raised = apply(alarm_in(S.NORMAL, latching=False, active=False), E.RAISE, 700)
        assert (raised.active, raised.raised_ts, raised.cleared_ts) == (True, 700, None)
        assert (raised.process_ts, raised.occurrences) == (700, 1)

    def test_clearing_notes_the_reading_time_and_keeps_when_it_was_raised(self) -> None:
        cleared = apply(alarm_in(S.ACKNOWLEDGED, latching=False, active=True), E.CLEAR, 700)
        assert (cleared.active, cleared.raised_ts, cleared.cleared_ts, cleared.occurrences) == (
            False,
            100,
            700,
            1,
        )

    def test_acknowledging_notes_when(self) -> None:
        alarm = apply(alarm_in(S.UNACKNOWLEDGED, latching=False, active=True), E.ACKNOWLEDGE, 900)
        assert alarm.acknowledged_at == 900

    def test_a_new_occurrence_is_not_acknowledged_by_the_last_ones(self) -> None:
        alarm = alarm_in(S.LATCHED_ACKNOWLEDGED, latching=True, active=False)
        again = apply(alarm, E.RAISE, 900)
        assert (again.state, again.acknowledged_at, again.occurrences) == (S.UNACKNOWLEDGED, None, 2)

    @pytest.mark.parametrize("ts", [199, 200])
    @pytest.mark.parametrize("event", [E.RAISE, E.CLEAR])
    @pytest.mark.parametrize("active", [True, False])
    def test_what_is_not_newer_than_the_last_change_has_no_effect(
        self, ts: int, event: AlarmEvent, *, active: bool
    ) -> None:
        state = S.UNACKNOWLEDGED if active else S.RETURNED_UNACKNOWLEDGED
        alarm = alarm_in(state, latching=False, active=active)
        assert apply(alarm, event, ts) == alarm

    @pytest.mark.parametrize("event", [E.RAISE, E.CLEAR])
    def test_a_delivery_twice_has_one_effect(self, event: AlarmEvent) -> None:
        active = event is E.CLEAR
        alarm = alarm_in(S.UNACKNOWLEDGED if active else S.NORMAL, latching=False, active=active)
        once = apply(alarm, event, 700)
        assert apply(once, event, 700) == once
        assert apply(once, event, 800) == once


class TestAside:
    @pytest.mark.parametrize("until", [None, NOW, NOW - 1])
    def test_shelving_needs_a_limit_in_the_future(self, until: int | None) -> None:
        alarm = alarm_in(S.UNACKNOWLEDGED, latching=False, active=True)
        with pytest.raises(TransitionError, match="time limit in the future"):
            advance(alarm, E.SHELVE, NOW, until=until)

    def test_a_shelved_alarm_knows_when_it_comes_back(self) -> None:
        alarm = apply(alarm_in(S.UNACKNOWLEDGED, latching=False, active=True), E.SHELVE)
        assert alarm.shelved_until == LATER
        assert apply(alarm, E.UNSHELVE).shelved_until is None

    @pytest.mark.parametrize("event", [E.SUPPRESS, E.REMOVE_FROM_SERVICE])
    def test_only_shelving_has_a_limit(self, event: AlarmEvent) -> None:
        alarm = alarm_in(S.UNACKNOWLEDGED, latching=False, active=True)
        assert advance(alarm, event, NOW, until=LATER, root=ROOT).shelved_until is None

    @pytest.mark.parametrize(
        ("enter", "leave"),
        [(E.SHELVE, E.UNSHELVE), (E.SUPPRESS, E.UNSUPPRESS), (E.REMOVE_FROM_SERVICE, E.RETURN_TO_SERVICE)],
    )
    def test_the_process_is_followed_while_aside(self, enter: AlarmEvent, leave: AlarmEvent) -> None:
        aside = apply(alarm_in(S.NORMAL, latching=False, active=False), enter)
        raised = apply(aside, E.RAISE, 1_100)
        assert (raised.state, raised.active, raised.raised_ts, raised.occurrences) == (
            aside.state,
            True,
            1_100,
            1,
        )
        assert apply(raised, leave, 1_200).state is S.UNACKNOWLEDGED
        cleared = apply(raised, E.CLEAR, 1_150)
        assert (cleared.state, cleared.active, cleared.cleared_ts) == (aside.state, False, 1_150)
        assert apply(cleared, leave, 1_200).state is S.NORMAL

    def test_a_fault_acknowledged_before_shelving_asks_again_afterwards(self) -> None:
        shelved = apply(alarm_in(S.ACKNOWLEDGED, latching=False, active=True), E.SHELVE)
        back = apply(shelved, E.UNSHELVE)
        assert (back.state, back.acknowledged_at) == (S.UNACKNOWLEDGED, None)

    def test_a_latched_alarm_that_was_acknowledged_is_so_after_the_shelf(self) -> None:
        shelved = apply(alarm_in(S.LATCHED_ACKNOWLEDGED, latching=True, active=False), E.SHELVE)
        assert apply(shelved, E.UNSHELVE).state is S.LATCHED_ACKNOWLEDGED

    def test_an_alarm_that_was_reset_does_not_come_back_latched(self) -> None:
        reset = apply(alarm_in(S.LATCHED_ACKNOWLEDGED, latching=True, active=False), E.RESET)
        assert apply(apply(reset, E.SHELVE), E.UNSHELVE).state is S.NORMAL

    @pytest.mark.parametrize(
        ("enter", "leave"),
        [(E.SHELVE, E.UNSHELVE), (E.SUPPRESS, E.UNSUPPRESS), (E.REMOVE_FROM_SERVICE, E.RETURN_TO_SERVICE)],
    )
    def test_a_fault_that_came_and_went_while_aside_sets_the_latch(
        self, enter: AlarmEvent, leave: AlarmEvent
    ) -> None:
        aside = apply(alarm_in(S.NORMAL, latching=True, active=False), enter)
        gone = apply(apply(aside, E.RAISE, 1_100), E.CLEAR, 1_150)
        assert gone.state is aside.state
        assert apply(gone, leave, 1_200).state is S.LATCHED_UNACKNOWLEDGED

    def test_suppressing_needs_its_root(self) -> None:
        with pytest.raises(TransitionError, match="explains"):
            advance(alarm_in(S.UNACKNOWLEDGED, latching=False, active=True), E.SUPPRESS, NOW)

    def test_another_root_takes_over_without_a_word(self) -> None:
        alarm = alarm_in(S.SUPPRESSED, latching=False, active=True)
        moved = advance(alarm, E.SUPPRESS, NOW, root=ROOT + 1)
        assert (moved.state, moved.root) == (S.SUPPRESSED, ROOT + 1)
        assert replace(moved, root=ROOT) == alarm

    def test_the_strongest_way_of_being_aside_shows_and_the_others_wait(self) -> None:
        alarm = apply(alarm_in(S.ACKNOWLEDGED, latching=False, active=True), E.SHELVE)
        alarm = apply(apply(alarm, E.SUPPRESS), E.REMOVE_FROM_SERVICE)
        assert (alarm.state, alarm.shelved_until, alarm.root) == (S.OUT_OF_SERVICE, LATER, ROOT)
        shelved = apply(alarm, E.RETURN_TO_SERVICE, NOW + 1)
        assert (shelved.state, shelved.shelved_until) == (S.SHELVED, LATER)
        suppressed = apply(shelved, E.UNSHELVE, NOW + 2)
        assert (suppressed.state, suppressed.shelved_until) == (S.SUPPRESSED, None)
        assert apply(suppressed, E.UNSUPPRESS, NOW + 3).state is S.UNACKNOWLEDGED

    def test_a_shelf_whose_time_is_up_does_not_wait_behind_the_service(self) -> None:
        alarm = apply(alarm_in(S.ACKNOWLEDGED, latching=False, active=True), E.SHELVE)
        alarm = apply(alarm, E.REMOVE_FROM_SERVICE)
        back = apply(alarm, E.RETURN_TO_SERVICE, LATER)
        assert (back.state, back.shelved_until) == (S.UNACKNOWLEDGED, None)

    @pytest.mark.parametrize("event", [E.SUPPRESS, E.REMOVE_FROM_SERVICE])
    def test_what_is_about_lives_is_never_hidden(self, event: AlarmEvent) -> None:
        alarm = replace(alarm_in(S.UNACKNOWLEDGED, latching=False, active=True), severity=Severity.EMERGENCY)
        assert event not in allowed_events(alarm)
        with pytest.raises(TransitionError):
            apply(alarm, event)

    @pytest.mark.parametrize("event", [E.SUPPRESS, E.REMOVE_FROM_SERVICE])
    def test_what_becomes_about_lives_while_hidden_shows_when_it_is_raised(self, event: AlarmEvent) -> None:
        hidden = apply(alarm_in(S.NORMAL, latching=False, active=False), event)
        raised = apply(replace(hidden, severity=Severity.EMERGENCY), E.RAISE)
        assert (raised.state, raised.root) == (S.UNACKNOWLEDGED, None)

    def test_the_alarm_given_is_not_changed(self) -> None:
        alarm = alarm_in(S.UNACKNOWLEDGED, latching=False, active=True)
        before = replace(alarm)
        apply(alarm, E.SHELVE)
        assert alarm == before


def test_severities_are_ordered_worst_highest() -> None:
    assert sorted(Severity) == [
        Severity.ADVISORY, Severity.MINOR, Severity.MAJOR, Severity.CRITICAL, Severity.EMERGENCY,
    ]  # fmt: skip


class AlarmLife(RuleBasedStateMachine):
    """No sequence of events, old and repeated ones among them, leads to an alarm that contradicts itself."""

    latching = False

    def __init__(self) -> None:
        super().__init__()
        self.alarm = Alarm("site", "pump-01", "dry_run", Severity.MAJOR, latching=self.latching)
        self.now = 10

    @rule(event=st.sampled_from([E.RAISE, E.CLEAR]), ahead=st.integers(-3, 5))
    def process(self, event: AlarmEvent, ahead: int) -> None:
        before = self.alarm
        ts = self.now + ahead
        self.now = max(self.now, ts)
        self.alarm = advance(before, event, ts)
        if ts <= before.process_ts or before.active == (event is E.RAISE):
            assert self.alarm == before
        else:
            assert self.alarm.active == (event is E.RAISE)
            assert self.alarm.process_ts == ts

    @rule(
        event=st.sampled_from([event for event in AlarmEvent if event not in (E.RAISE, E.CLEAR)]),
        until=st.none() | st.integers(-2, 20),
        root=st.none() | st.integers(1, 2),
    )
    def person(self, event: AlarmEvent, until: int | None, root: int | None) -> None:
        before = self.alarm
        self.now += 1
        limit = None if until is None else self.now + until
        complete = (event is not E.SHELVE or (limit is not None and limit > self.now)) and (
            event is not E.SUPPRESS or root is not None
        )
        if event in allowed_events(before) and complete:
            self.alarm = advance(before, event, self.now, until=limit, root=root)
            assert self.alarm != before or event is E.SUPPRESS
        else:
            with pytest.raises(TransitionError):
                advance(before, event, self.now, until=limit, root=root)
        kept = ("active", "raised_ts", "cleared_ts", "process_ts", "occurrences")
        assert all(getattr(self.alarm, name) == getattr(before, name) for name in kept)

    @invariant()
    def state_agrees_with_the_process(self) -> None:
        alarm = self.alarm
        if alarm.state in {S.UNACKNOWLEDGED, S.ACKNOWLEDGED}:
            assert alarm.active
        elif alarm.state not in ASIDE:
            assert not alarm.active
        if alarm.state in {S.LATCHED_UNACKNOWLEDGED, S.LATCHED_ACKNOWLEDGED}:
            assert alarm.latching
        if alarm.state is S.RETURNED_UNACKNOWLEDGED:
            assert not alarm.latching
        assert alarm.latching or not alarm.latched
        if alarm.state in {S.LATCHED_UNACKNOWLEDGED, S.LATCHED_ACKNOWLEDGED}:
            assert alarm.latched
        if alarm.state is S.NORMAL:
            assert not alarm.latched

    @invariant()
    def what_explains_it_shows_only_aside(self) -> None:
        assert self.alarm.root is None or self.alarm.state in ASIDE
        assert self.alarm.root is not None or self.alarm.state is not S.SUPPRESSED

    @invariant()
    def times_agree_with_the_state(self) -> None:
        alarm = self.alarm
        assert (alarm.raised_ts is None) == (alarm.occurrences == 0)
        assert not (alarm.active and alarm.cleared_ts is not None)
        if alarm.occurrences and not alarm.active:
            assert alarm.raised_ts is not None
            assert alarm.cleared_ts is not None
            assert alarm.raised_ts < alarm.cleared_ts
        assert alarm.shelved_until is not None or alarm.state is not S.SHELVED
        assert alarm.shelved_until is None or alarm.state in {S.SHELVED, S.OUT_OF_SERVICE}
        if alarm.state in {S.ACKNOWLEDGED, S.LATCHED_ACKNOWLEDGED}:
            assert alarm.acknowledged_at is not None
        if alarm.state in UNACKNOWLEDGED:
            assert alarm.acknowledged_at is None


class LatchingAlarmLife(AlarmLife):
    """The same for a rule that latches."""

    latching = True


TestAlarmLife = AlarmLife.TestCase
TestLatchingAlarmLife = LatchingAlarmLife.TestCase

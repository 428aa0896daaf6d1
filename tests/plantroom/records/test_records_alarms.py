"""Alarms in the database."""

from __future__ import annotations

import pytest
from sqlalchemy import ColumnElement, func, select

from plantroom.alarms import AlarmEvent, AlarmState, Severity
from plantroom.errors import ConflictError, NotFoundError, TransitionError
from plantroom.stores.records import Database, alarms
from plantroom.stores.records.alarms import RuleFacts
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow
from plantroom.times import HOUR, SECOND
from tests.plantroom.records.kit import START

MAJOR = RuleFacts(Severity.MAJOR, latching=False)
LATCHING = RuleFacts(Severity.EMERGENCY, latching=True)


def follow(
    database: Database, event: AlarmEvent, ts: int, facts: RuleFacts = MAJOR, equipment: int = 1
) -> tuple[AlarmRow, bool]:
    with database.transaction() as session:
        return alarms.follow(
            session, equipment, "low_flow", event=event, ts=ts, facts=facts, readings={"flow": 9.5}
        )


def act(database: Database, event: AlarmEvent, **given: object) -> AlarmRow:
    with database.transaction() as session:
        values: dict[str, object] = {"by": "chen", "now": START + HOUR, "note": "why", **given}
        return alarms.act(session, 1, event, **values)  # type: ignore[arg-type]


def history(database: Database) -> list[tuple[str, str, str, str]]:
    with database.session() as session:
        rows = alarms.events_of(session, 1)
        return [(row.event, row.from_state, row.to_state, row.by) for row in reversed(rows)]


def test_raise_and_clear_make_one_alarm_with_a_history(database: Database) -> None:
    row, changed = follow(database, AlarmEvent.RAISE, START)
    assert (changed, row.state, row.active, row.occurrences) == (True, "unacknowledged", True, 1)
    assert (row.severity, row.raised_ts, row.readings) == (Severity.MAJOR, START, {"flow": 9.5})
    row, changed = follow(database, AlarmEvent.CLEAR, START + SECOND)
    assert (changed, row.state, row.active, row.cleared_ts) == (
        True,
        "returned_unacknowledged",
        False,
        START + SECOND,
    )
    row, changed = follow(database, AlarmEvent.RAISE, START + 2 * SECOND)
    assert (row.id, row.occurrences, row.cleared_ts) == (1, 2, None)
    assert history(database) == [
        ("raise", "normal", "unacknowledged", "process"),
        ("clear", "unacknowledged", "returned_unacknowledged", "process"),
        ("raise", "returned_unacknowledged", "unacknowledged", "process"),
    ]


@pytest.mark.parametrize("ts", [START, START - HOUR])
def test_a_change_that_was_applied_before_changes_nothing(database: Database, ts: int) -> None:
    follow(database, AlarmEvent.RAISE, START)
    for event in (AlarmEvent.RAISE, AlarmEvent.CLEAR):
        row, changed = follow(database, event, ts)
        assert (changed, row.state, row.occurrences) == (False, "unacknowledged", 1)
    assert len(history(database)) == 1


def test_a_second_raise_while_active_changes_nothing(database: Database) -> None:
    follow(database, AlarmEvent.RAISE, START)
    assert follow(database, AlarmEvent.RAISE, START + SECOND)[1] is False


def test_a_clear_of_what_was_never_raised_leaves_nothing_standing(database: Database) -> None:
    row, changed = follow(database, AlarmEvent.CLEAR, START)
    assert (changed, row.state) == (False, "normal")
    assert history(database) == []


def test_severity_and_latching_come_from_the_rule_at_each_raise(database: Database) -> None:
    follow(database, AlarmEvent.RAISE, START)
    row, _ = follow(database, AlarmEvent.CLEAR, START + SECOND, LATCHING)
    assert row.severity == Severity.MAJOR  # not in the middle of an occurrence
    row, _ = follow(database, AlarmEvent.RAISE, START + 2 * SECOND, LATCHING)
    assert (row.severity, row.latching) == (Severity.EMERGENCY, True)


def test_people_move_it_and_are_named(database: Database) -> None:
    follow(database, AlarmEvent.RAISE, START, LATCHING)
    row = act(database, AlarmEvent.ACKNOWLEDGE)
    assert (row.state, row.acknowledged_by, row.acknowledged_at) == ("acknowledged", "chen", START + HOUR)
    follow(database, AlarmEvent.CLEAR, START + 2 * HOUR, LATCHING)
    assert act(database, AlarmEvent.RESET).state == "normal"
    assert [(event, by) for event, _, _, by in history(database)] == [
        ("raise", "process"),
        ("acknowledge", "chen"),
        ("clear", "process"),
        ("reset", "chen"),
    ]
    row, _ = follow(database, AlarmEvent.RAISE, START + 3 * HOUR, LATCHING)
    assert (row.acknowledged_by, row.acknowledged_at) == (None, None)  # a new occurrence, seen by nobody


def test_what_is_not_allowed_changes_nothing(database: Database) -> None:
    follow(database, AlarmEvent.RAISE, START)
    with pytest.raises(TransitionError) as raised:
        act(database, AlarmEvent.RESET)
    assert "acknowledge" in raised.value.allowed
    with pytest.raises(ConflictError):
        act(database, AlarmEvent.SHELVE, until=START + 2 * HOUR, shelvable=False)
    with pytest.raises(TransitionError):
        act(database, AlarmEvent.SHELVE)  # for ever
    with pytest.raises(NotFoundError), database.transaction() as session:
        alarms.act(session, 99, AlarmEvent.ACKNOWLEDGE, by="chen", now=START)
    assert len(history(database)) == 1


def test_a_shelved_alarm_follows_the_process_and_comes_back_in_time(database: Database) -> None:
    follow(database, AlarmEvent.RAISE, START)
    row = act(database, AlarmEvent.SHELVE, until=START + 2 * HOUR)
    assert not alarms.is_announced(row)
    row, changed = follow(database, AlarmEvent.CLEAR, START + HOUR)
    assert (changed, row.state, row.active) == (True, "shelved", False)
    follow(database, AlarmEvent.RAISE, START + HOUR + SECOND)
    for now, back in ((START + 2 * HOUR - 1, 0), (START + 2 * HOUR, 1), (START + 2 * HOUR, 0)):
        with database.transaction() as session:
            assert alarms.unshelve_expired(session, now) == back
    with database.session() as session:
        row = alarms.get(session, 1)
        assert (row.state, row.shelved_until) == ("unacknowledged", None)
        assert alarms.is_announced(row)
    assert history(database)[-1] == ("unshelve", "shelved", "unacknowledged", "process")


def test_to_domain_has_every_field(database: Database) -> None:
    row, _ = follow(database, AlarmEvent.RAISE, START, LATCHING)
    found = alarms.to_domain(row)
    assert (found.site, found.equipment, found.rule) == ("north", "mill-1", "low_flow")
    assert (found.severity, found.latching, found.state) == (
        Severity.EMERGENCY,
        True,
        AlarmState.UNACKNOWLEDGED,
    )
    assert (found.raised_ts, found.process_ts, found.occurrences) == (START, START, 1)


def test_standing_alarms_are_counted_by_equipment_and_severity(database: Database) -> None:
    follow(database, AlarmEvent.RAISE, START)
    follow(database, AlarmEvent.RAISE, START, LATCHING, equipment=2)
    follow(database, AlarmEvent.CLEAR, START, equipment=3)
    with database.session() as session:
        assert alarms.standing_by_equipment(session) == {1: {Severity.MAJOR: 1}, 2: {Severity.EMERGENCY: 1}}


def test_a_transaction_that_fails_leaves_neither_alarm_nor_history(database: Database) -> None:
    def raise_and_fail() -> None:
        with database.transaction() as session:
            alarms.follow(session, 1, "low_flow", event=AlarmEvent.RAISE, ts=START, facts=MAJOR, readings={})
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        raise_and_fail()
    with database.session() as session:
        for table in (AlarmRow, AlarmEventRow):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def times(database: Database, *seconds: float) -> AlarmRow:
    """Raise at each of these and clear a tenth of a second later."""
    for second in seconds:
        row, _ = follow(database, AlarmEvent.RAISE, START + int(second * SECOND))
        follow(database, AlarmEvent.CLEAR, START + int((second + 0.1) * SECOND))
    return row


@pytest.mark.parametrize(
    ("seconds", "chattered"),
    [([0, 30], None), ([0, 30, 60], 60), ([0, 30, 61], None), ([0, 10, 20, 90], 20), ([0, 10, 20, 30], 30)],
)
def test_the_third_raise_within_a_minute_is_marked(
    database: Database, seconds: list[float], chattered: float | None
) -> None:
    row = times(database, *seconds)
    assert row.chattered_ts == (None if chattered is None else START + chattered * SECOND)


def test_chattering_and_stale_as_conditions(database: Database) -> None:
    times(database, 0, 1, 2)
    follow(database, AlarmEvent.RAISE, START, equipment=2)
    follow(database, AlarmEvent.CLEAR, START, equipment=3)
    with database.session() as session:

        def found(condition: ColumnElement[bool]) -> list[int]:
            return list(session.scalars(alarms.query().where(condition).with_only_columns(AlarmRow.id)))

        assert found(alarms.chatters(START + HOUR)) == [1]
        assert found(~alarms.chatters(START + HOUR)) == [2, 3]
        assert found(alarms.chatters(START + 2 * HOUR)) == []
        assert found(alarms.is_stale(START + 24 * HOUR)) == []
        assert found(alarms.is_stale(START + 24 * HOUR + 3 * SECOND)) == [1, 2]
        assert found(~alarms.is_stale(START + 25 * HOUR)) == [3]


def test_coming_back_from_the_shelf_nobody_has_acknowledged_it(database: Database) -> None:
    follow(database, AlarmEvent.RAISE, START)
    act(database, AlarmEvent.ACKNOWLEDGE)
    assert act(database, AlarmEvent.SHELVE, until=START + 2 * HOUR).acknowledged_by == "chen"
    row = act(database, AlarmEvent.UNSHELVE)
    assert (row.state, row.acknowledged_by, row.acknowledged_at) == ("unacknowledged", None, None)


def test_a_latched_alarm_is_latched_after_its_shelf(database: Database) -> None:
    follow(database, AlarmEvent.RAISE, START, LATCHING)
    follow(database, AlarmEvent.CLEAR, START + SECOND, LATCHING)
    act(database, AlarmEvent.SHELVE, until=START + 2 * HOUR)
    with database.transaction() as session:
        assert alarms.unshelve_expired(session, START + 2 * HOUR) == 1
    with database.session() as session:
        row = alarms.get(session, 1)
        assert (row.state, row.latched) == ("latched_unacknowledged", True)


def test_what_is_raised_in_its_place_was_never_announced(database: Database) -> None:
    with database.transaction() as session:
        for ts in (START, START):
            row, _ = alarms.follow(
                session, 1, "low_flow", event=AlarmEvent.RAISE, ts=ts, facts=MAJOR, readings={},
                placing=alarms.Placing(root=7, out_of_service=True),
            )  # fmt: skip
        assert (row.state, row.root_alarm_id, row.active) == ("out_of_service", 7, True)
    assert [(event, to) for event, _, to, _ in history(database)] == [
        ("suppress", "suppressed"),
        ("remove_from_service", "out_of_service"),
        ("raise", "out_of_service"),
    ]

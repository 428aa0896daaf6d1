"""What people say of alarms, and the rules' record."""

from __future__ import annotations

import pytest

from plantroom.alarms import AlarmEvent, Judgement, Severity
from plantroom.errors import NotFoundError
from plantroom.stores.records import Database, alarms, feedback
from plantroom.stores.records.alarms import RuleFacts
from plantroom.stores.records.feedback import JudgedOccurrence, RuleFeedback
from plantroom.times import HOUR, MILLISECOND, SECOND
from tests.plantroom.records.kit import START

J = Judgement


def occur(database: Database, equipment: int, rule: str, *times: int) -> int:
    """Raise at each time and clear a second later; the alarm's id."""
    facts = RuleFacts(Severity.MAJOR, latching=False)
    with database.transaction() as session:
        for ts in times:
            for event, at in ((AlarmEvent.RAISE, ts), (AlarmEvent.CLEAR, ts + SECOND)):
                row, _ = alarms.follow(session, equipment, rule, event=event, ts=at, facts=facts, readings={})
        return row.id


def give(database: Database, alarm_id: int, judgement: Judgement, raised_ts: int | None = None) -> int:
    with database.transaction() as session:
        row = feedback.give(
            session, alarm_id, judgement, by="li", now=START + HOUR, note="why", raised_ts=raised_ts
        )
        return row.raised_ts


def test_the_last_word_stands_for_each_occurrence(database: Database) -> None:
    alarm_id = occur(database, 1, "low_flow", START, START + 10 * SECOND)
    assert give(database, alarm_id, J.FALSE) == START + 10 * SECOND
    assert give(database, alarm_id, J.NUISANCE, START) == START
    give(database, alarm_id, J.TRUE)
    with database.session() as session:
        assert [(row.raised_ts, row.judgement) for row in feedback.of_alarm(session, alarm_id)] == [
            (START + 10 * SECOND, "true"),
            (START, "nuisance"),
        ]
        word = feedback.of_occurrence(session, alarm_id, START)
        assert word is not None
        assert (word.by, word.at, word.note) == ("li", START + HOUR, "why")
        assert feedback.of_occurrence(session, alarm_id, START + 1) is None
        assert feedback.of_occurrence(session, alarm_id, None) is None


def test_a_time_to_the_millisecond_finds_its_occurrence(database: Database) -> None:
    alarm_id = occur(database, 1, "low_flow", START + 999_999)
    assert give(database, alarm_id, J.TRUE, START) == START + 999_999
    for missing in (START + MILLISECOND, START - MILLISECOND):
        with pytest.raises(NotFoundError):
            give(database, alarm_id, J.TRUE, missing)
    with pytest.raises(NotFoundError):
        give(database, 99, J.TRUE)


def test_an_alarm_that_only_ever_cleared_has_no_occurrence(database: Database) -> None:
    with database.transaction() as session:
        facts = RuleFacts(Severity.MAJOR, latching=False)
        alarms.follow(session, 1, "low_flow", event=AlarmEvent.CLEAR, ts=START, facts=facts, readings={})
    with pytest.raises(NotFoundError):
        give(database, 1, J.TRUE)


def test_the_record_of_a_rule_goes_over_all_equipment_of_its_class(database: Database) -> None:
    first = occur(database, 1, "low_flow", START, START + 10 * SECOND, START + 20 * SECOND)
    second = occur(database, 2, "low_flow", START)
    dark = occur(database, 3, "dark", START)
    for alarm_id, word, ts in (
        (first, J.TRUE, START),
        (first, J.NUISANCE, START + 10 * SECOND),
        (second, J.TRUE, None),
        (dark, J.FALSE, None),
    ):
        give(database, alarm_id, word, ts)
    with database.session() as session:
        mill, beacon = RuleFeedback("mill", "low_flow", 2, 0, 1), RuleFeedback("beacon", "dark", 0, 1, 0)
        assert feedback.counts(session) == [beacon, mill]
        assert feedback.counts(session, equipment_class="mill") == [mill]
        assert feedback.counts(session, rule="dark") == [beacon]
        assert (mill.precision, beacon.precision) == (pytest.approx(2 / 3), 0.0)
        assert RuleFeedback("mill", "burst", 0, 0, 0).precision is None


def test_judged_occurrences_in_a_span(database: Database) -> None:
    alarm_id = occur(database, 1, "low_flow", START, START + 10 * SECOND, START + 20 * SECOND)
    for ts in (START, START + 10 * SECOND, START + 20 * SECOND):
        give(database, alarm_id, J.TRUE, ts)
    with database.session() as session:
        found = feedback.occurrences(session, since=START + SECOND, until=START + 20 * SECOND)
        assert found == [JudgedOccurrence(1, "low_flow", START + 10 * SECOND, J.TRUE)]
        assert feedback.occurrences(session, since=0, until=START + HOUR, equipment_ids=[2]) == []
        assert len(feedback.occurrences(session, since=0, until=START + HOUR, equipment_ids=[1, 2])) == 3

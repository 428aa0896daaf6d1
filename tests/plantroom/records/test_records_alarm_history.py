"""What is read of the alarms' history, and the figures of one that went through the state machine."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from plantroom.alarm_figures import AlarmFigures, measure
from plantroom.alarm_patterns import Period
from plantroom.alarm_targets import Band, FigureKey
from plantroom.alarms import AlarmEvent, Severity
from plantroom.errors import ConflictError
from plantroom.model import PointTable, RuleOverride
from plantroom.stores.records import Database, alarm_history, alarms
from plantroom.stores.records.alarms import RuleFacts
from plantroom.stores.records.property import load_table
from plantroom.times import DAY, HOUR, MINUTE, Nanos
from tests.plantroom.records.kit import START, catalogue

E = AlarmEvent
FACTS = RuleFacts(Severity.MAJOR, latching=False)


def follow(
    database: Database, event: AlarmEvent, ts: Nanos, equipment: int = 1, rule: str = "low_flow"
) -> int:
    with database.transaction() as session:
        row, _ = alarms.follow(session, equipment, rule, event=event, ts=ts, facts=FACTS, readings={})
        return row.id


def act(database: Database, alarm: int, event: AlarmEvent, now: Nanos, until: Nanos | None = None) -> None:
    with database.transaction() as session:
        alarms.act(session, alarm, event, by="chen", now=now, until=until)


def figures(database: Database, start: Nanos, end: Nanos, site: str | None = None) -> AlarmFigures:
    with database.session() as session:
        log = alarm_history.load_log(session, start, end, site)
        bands = alarm_history.load_bands(session, site)
    return measure(log, Period(start, end, ZoneInfo("UTC")), bands, {})


def test_a_history_through_the_state_machine(database: Database) -> None:
    alarm = follow(database, E.RAISE, START)
    act(database, alarm, E.ACKNOWLEDGE, START + 5 * MINUTE)
    follow(database, E.CLEAR, START + HOUR)
    follow(database, E.RAISE, START + 2 * HOUR)
    act(database, alarm, E.SHELVE, START + 3 * HOUR, START + 9 * HOUR)
    follow(database, E.CLEAR, START + 4 * HOUR)
    follow(database, E.RAISE, START + 5 * HOUR)  # shelved: nobody is told
    act(database, alarm, E.UNSHELVE, START + 6 * HOUR)  # and now they are
    found = figures(database, START, START + DAY)
    assert found.announced == 3
    assert found.figure(FigureKey.ACKNOWLEDGE_MEDIAN).value == 5 * MINUTE
    assert found.waiting == 1
    assert found.stale == ()
    assert [share.raised for share in found.shares] == [0, 3, 0]  # major on a machine of criticality A


def test_what_stood_before_the_period_is_known_with_its_time(database: Database) -> None:
    old = follow(database, E.RAISE, START)
    act(database, old, E.ACKNOWLEDGE, START + HOUR)
    gone = follow(database, E.RAISE, START, equipment=2)
    act(database, gone, E.ACKNOWLEDGE, START + HOUR)
    follow(database, E.CLEAR, START + 2 * HOUR, equipment=2)
    again = follow(database, E.RAISE, START, equipment=3)
    follow(database, E.CLEAR, START + HOUR, equipment=3)
    follow(database, E.RAISE, START + 2 * HOUR, equipment=3)
    found = figures(database, START + 2 * DAY, START + 3 * DAY)
    # the third never left the list, but it was raised again
    assert found.stale == ((old, START), (again, START + 2 * HOUR))
    assert (found.announced, found.waiting) == (0, 1)
    follow(database, E.CLEAR, START + 2 * DAY + HOUR)
    assert figures(database, START + 2 * DAY, START + 3 * DAY).stale == ((again, START + 2 * HOUR),)
    assert figures(database, START + 4 * DAY, START + 5 * DAY).days[0].stale == 1


def test_sites_have_their_own_figures(database: Database) -> None:
    follow(database, E.RAISE, START)
    with database.session() as session:
        table = load_table(session, catalogue())
    south = table.equipment_by_path["south/mill-1"].id
    follow(database, E.RAISE, START + MINUTE, equipment=south)
    follow(database, E.CLEAR, START + 2 * MINUTE, equipment=south)
    follow(database, E.RAISE, START + 3 * MINUTE, equipment=south)
    counts = [figures(database, START, START + DAY, site).announced for site in (None, "north", "south", "x")]
    assert counts == [3, 1, 2, 0]
    late = [
        len(figures(database, START + 5 * DAY, START + 6 * DAY, site).stale) for site in ("north", "south")
    ]
    assert late == [1, 1]


def test_too_much_is_refused(database: Database) -> None:
    follow(database, E.RAISE, START)
    follow(database, E.CLEAR, START + MINUTE)
    with database.session() as session:
        with pytest.raises(ConflictError, match="more than 1 changes of alarms; take a shorter one"):
            alarm_history.load_log(session, START, START + DAY, limit=1)
        assert len(alarm_history.load_log(session, START, START + MINUTE, limit=1).at) == 1


def test_an_empty_database(empty: Database) -> None:
    assert figures(empty, START, START + DAY).announced == 0
    with empty.session() as session:
        assert alarm_history.known_since(session) is None


def test_since_when_something_is_watched(database: Database) -> None:
    with database.session() as session:
        assert alarm_history.known_since(session) == START
        assert alarm_history.known_since(session, "south") == START
        assert alarm_history.known_since(session, "nowhere") is None


def test_configured_rules_by_priority(database: Database) -> None:
    with database.session() as session:
        table = load_table(session, catalogue())
    # mills: major and emergency (criticality A, B and B), beacon: minor
    assert dict(alarm_history.configured_bands(table, catalogue())) == {
        Band.HIGH: 3,
        Band.MEDIUM: 1,
        Band.LOW: 3,
    }
    assert dict(alarm_history.configured_bands(table, catalogue(), "south")) == {Band.HIGH: 1, Band.LOW: 1}


def test_overrides_and_retired_equipment_change_what_is_configured(database: Database) -> None:
    with database.session() as session:
        table = load_table(session, catalogue())
    changes = {
        "mill-1": {"rule_overrides": {"low_flow": RuleOverride(severity=Severity.MINOR)}},
        "mill-2": {"rule_overrides": {"burst": RuleOverride(enabled=False)}},
        "beacon-1": {"retired_at": START},
    }
    items = [replace(item, **changes.get(item.key, {})) for item in table.equipment if item.site == "north"]  # type: ignore[arg-type]
    found = alarm_history.configured_bands(PointTable(items, []), catalogue())
    assert dict(found) == {Band.LOW: 2, Band.HIGH: 1}

"""Maintenance modes in the database, and what they do to alarms."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from plantroom.alarms import AlarmEvent, Severity
from plantroom.errors import ConflictError, NotFoundError
from plantroom.stores.records import Database, alarms, maintenance_modes, plans
from plantroom.stores.records import property as properties
from plantroom.stores.records.alarms import RuleFacts
from plantroom.stores.records.maintenance_modes import LONGEST_MODE
from plantroom.stores.records.tables import AlarmRow, EquipmentRow, MaintenanceModeRow
from plantroom.times import DAY, HOUR, SECOND
from tests.plantroom.records.kit import START, catalogue

MILL, SECOND_MILL, BEACON, SOUTH = 1, 2, 3, 4  # the beacon is a part of the mill


def begin(database: Database, **given: Any) -> MaintenanceModeRow:
    values: dict[str, Any] = {
        "site": "north", "until": START + 4 * HOUR, "reason": "works", "by": "li", "now": START, **given,
    }  # fmt: skip
    with database.transaction() as session:
        return maintenance_modes.begin(session, **values)


def covered(database: Database) -> dict[int, int]:
    with database.session() as session:
        return {key: mode.id for key, mode in maintenance_modes.covered_equipment(session).items()}


def raised(database: Database, equipment: int, severity: Severity = Severity.MAJOR, ts: int = START) -> int:
    with database.transaction() as session:
        facts = RuleFacts(severity, latching=False)
        row, _ = alarms.follow(
            session, equipment, "low_flow", event=AlarmEvent.RAISE, ts=ts, facts=facts, readings={}
        )
        return row.id


def states(database: Database) -> list[str]:
    with database.session() as session:
        return list(session.scalars(select(AlarmRow.state).order_by(AlarmRow.id)))


def test_a_mode_on_equipment_covers_its_parts(database: Database) -> None:
    mode = begin(database, equipment="mill-1")
    assert (mode.by, mode.reason, mode.started_at, mode.ended_at) == ("li", "works", START, None)
    assert covered(database) == {MILL: mode.id, BEACON: mode.id}


def test_a_mode_on_a_space_covers_the_spaces_inside(database: Database) -> None:
    mode = begin(database, space="basement")
    assert covered(database) == {MILL: mode.id, SECOND_MILL: mode.id}
    assert begin(database, space="roof").id != mode.id
    assert BEACON in covered(database)
    assert SOUTH not in covered(database)


def test_of_two_that_cover_it_the_longer_counts(database: Database) -> None:
    long = begin(database, space="basement", until=START + DAY)
    begin(database, equipment="mill-1")
    assert covered(database)[MILL] == long.id


def test_what_stands_goes_out_of_service_but_not_what_is_about_lives_or_exempt(database: Database) -> None:
    raised(database, MILL)
    raised(database, SECOND_MILL, Severity.EMERGENCY)
    raised(database, BEACON)
    raised(database, SOUTH)
    begin(database, space="basement")
    assert states(database) == ["out_of_service", "unacknowledged", "unacknowledged", "unacknowledged"]
    begin(database, space="roof", exempt=lambda row: row.equipment_class == "beacon")
    assert states(database)[2] == "unacknowledged"
    with database.session() as session:
        newest = alarms.events_of(session, 1)[0]
        assert (newest.event, newest.by, newest.note) == ("remove_from_service", "li", "works")


def test_what_is_shelved_goes_too_and_is_on_its_shelf_again_afterwards(database: Database) -> None:
    raised(database, MILL)
    with database.transaction() as session:
        alarms.act(session, 1, AlarmEvent.SHELVE, by="li", now=START, until=START + DAY)
    mode = begin(database, equipment="mill-1")
    assert states(database) == ["out_of_service"]
    with database.transaction() as session:
        maintenance_modes.end(session, mode.id, by="chen", now=START + HOUR)
    assert states(database) == ["shelved"]


def test_at_its_end_the_alarms_go_where_the_process_says(database: Database) -> None:
    raised(database, MILL)
    raised(database, BEACON)
    mode = begin(database, equipment="mill-1")
    with database.transaction() as session:
        facts = RuleFacts(Severity.MAJOR, latching=False)
        alarms.follow(
            session, BEACON, "low_flow", event=AlarmEvent.CLEAR, ts=START + SECOND, facts=facts, readings={}
        )
    with database.transaction() as session:
        ended = maintenance_modes.end(session, mode.id, by="chen", now=START + HOUR)
    assert (ended.ended_at, ended.ended_by) == (START + HOUR, "chen")
    assert states(database) == ["unacknowledged", "normal"]
    assert covered(database) == {}
    with pytest.raises(ConflictError, match="has ended"), database.transaction() as session:
        maintenance_modes.end(session, mode.id, by="chen", now=START + HOUR)


def test_what_another_mode_covers_stays_out_of_service(database: Database) -> None:
    raised(database, MILL)
    first, second = begin(database, equipment="mill-1"), begin(database, space="basement")
    for mode, expected in ((first, "out_of_service"), (second, "unacknowledged")):
        with database.transaction() as session:
            maintenance_modes.end(session, mode.id, by="chen", now=START + HOUR)
        assert states(database) == [expected]


def test_it_ends_by_itself_once(database: Database) -> None:
    raised(database, MILL)
    begin(database, equipment="mill-1")
    for now, ended, back in (
        (START + 4 * HOUR - 1, 0, 0),
        (START + 4 * HOUR, 1, 1),
        (START + 5 * HOUR, 0, 0),
    ):
        with database.transaction() as session:
            assert maintenance_modes.end_expired(session, now) == ended
            assert maintenance_modes.return_alarms(session, by="process", now=now) == back
    with database.session() as session:
        (mode,) = session.scalars(maintenance_modes.query(running=False)).all()
        assert (mode.ended_at, mode.ended_by) == (START + 4 * HOUR, "process")


def test_preventive_orders_go_on_meanwhile(database: Database) -> None:
    due = START + 31 * DAY
    begin(database, equipment="mill-1", now=due - DAY, until=due + DAY)
    with database.transaction() as session:
        table = properties.load_table(session, catalogue())
        opened = plans.open_due(session, table, catalogue(), due)
        assert MILL in {order.equipment_id for order in opened}


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"equipment": "mill-1", "reason": " "}, ConflictError, "reason"),
    ({"equipment": "mill-1", "until": START}, ConflictError, "future"),
    ({"equipment": "mill-1", "until": START + LONGEST_MODE + 1}, ConflictError, "30 d"),
    ({}, ConflictError, "either"),
    ({"equipment": "mill-1", "space": "roof"}, ConflictError, "either"),
    ({"equipment": "mill-9"}, NotFoundError, "mill-9"),
    ({"space": "attic"}, NotFoundError, "attic"),
    ({"site": "nowhere", "space": "roof"}, NotFoundError, "nowhere"),
]


@pytest.mark.parametrize(("given", "error", "words"), WRONG)
def test_what_will_not_do(
    database: Database, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        begin(database, **given)
    assert covered(database) == {}


def test_no_second_one_in_the_same_place_and_none_for_what_is_retired(database: Database) -> None:
    begin(database, space="roof", until=START + LONGEST_MODE)
    with pytest.raises(ConflictError, match="runs there already"):
        begin(database, space="roof")
    begin(database, space="basement")
    with database.transaction() as session:
        session.get_one(EquipmentRow, MILL).retired_at = START
    with pytest.raises(ConflictError, match="retired"):
        begin(database, equipment="mill-1")
    with pytest.raises(NotFoundError), database.transaction() as session:
        maintenance_modes.end(session, 99, by="li", now=START)

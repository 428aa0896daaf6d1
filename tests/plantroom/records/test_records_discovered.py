"""Found devices in the database: bounded, merged, decided about."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from plantroom.discovery import Found, FoundField, Target
from plantroom.errors import ConflictError, NotFoundError
from plantroom.stores.records import Database, discovered
from plantroom.stores.records.discovered import DeviceState, DiscoveryStore
from plantroom.stores.records.property import load_table
from plantroom.stores.records.tables import AuditRow, DiscoveredRow
from tests.plantroom.records.kit import START, catalogue

FLOW = FoundField("rate", "L/min", topic="a/b", path="x.y", text_number=True)
RUN = FoundField("run", words={"ON": True, "OFF": False})


def found(device: str = "plug", *fields: FoundField, **more: str) -> Found:
    return Found("zigbee2mqtt", "north", device, fields=fields, **more)  # type: ignore[arg-type]


def devices(database: Database) -> list[str]:
    with database.session() as session:
        return list(session.scalars(select(DiscoveredRow.device).order_by(DiscoveredRow.id)))


def first_id(database: Database) -> int:
    with database.session() as session:
        return session.scalars(select(DiscoveredRow.id)).first() or 0


def adopt(database: Database, targets: dict[str, Target], now: int = START + 5) -> None:
    with database.transaction() as session:
        table = load_table(session, catalogue())
        discovered.adopt(session, first_id(database), targets, table=table, by="ann", now=now)


def test_a_device_is_kept_once_with_all_that_it_told(database: Database) -> None:
    store = DiscoveryStore(database)
    store.keep([found("plug", FLOW, name="Plug", maker="ACME")], START)
    store.keep([found("plug", RUN, name="Plug 2")], START + 1)
    with database.session() as session:
        (row,) = session.scalars(select(DiscoveredRow))
        assert (row.name, row.maker, row.first_seen_at, row.last_seen_at) == (
            "Plug 2",
            "ACME",
            START,
            START + 1,
        )
        assert [item["name"] for item in row.fields] == ["rate", "run"]


def test_those_silent_for_longest_go_and_decisions_stay(database: Database) -> None:
    store = DiscoveryStore(database, limit=5)
    store.keep([found("first", RUN)], START)
    adopt(database, {"run": Target("mill-1", "running")})
    for number in range(20):
        store.keep([found(f"d{number}")], START + number)
    store.keep([found("d16")], START + 100)
    assert devices(database) == ["first", "d15", "d16", "d17", "d18", "d19"]
    store.keep([found(f"flood{number}") for number in range(1000)], START + 200)
    assert devices(database) == ["first", *(f"flood{number}" for number in range(995, 1000))]


def test_adopting_ties_fields_to_points_with_where_they_stand(database: Database) -> None:
    DiscoveryStore(database).keep([found("plug", FLOW, RUN)], START)
    adopt(database, {"rate": Target("mill-1", "flow"), "run": Target("mill-2", "running")})
    with database.session() as session:
        (binding,) = discovered.bindings(session)
        assert not binding.ignored
        assert binding.targets == {
            "rate": Target("mill-1", "flow", unit="L/min", topic="a/b", path="x.y", text_number=True),
            "run": Target("mill-2", "running", words={"ON": True, "OFF": False}),
        }
        (entry,) = session.scalars(select(AuditRow).where(AuditRow.action == "discovered.adopted"))
        assert (entry.by, entry.subject) == ("ann", "zigbee2mqtt north plug")


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"nope": Target("mill-1", "flow")}, "told of no field 'nope'"),
        ({"rate": Target("mill-9", "flow")}, "no equipment 'mill-9' at 'north'"),
        ({"rate": Target("mill-1", "nope")}, "north/mill-1 has no point 'nope'"),
        ({"rate": Target("mill-1", "flow", unit="bar")}, "'bar' measures pressure"),
        ({"rate": Target("mill-1", "hours")}, "give the unit that it is in"),
    ],
)
def test_what_cannot_be_adopted_changes_nothing(
    database: Database, targets: dict[str, Target], message: str
) -> None:
    DiscoveryStore(database).keep([found("plug", FLOW, RUN)], START)
    with pytest.raises(ConflictError, match=message):
        adopt(database, targets)
    with database.session() as session:
        assert discovered.bindings(session) == []


def test_a_unit_that_nobody_knows_is_taken_for_the_points_own(database: Database) -> None:
    DiscoveryStore(database).keep([found("plug", FoundField("rate", "furlong"))], START)
    adopt(database, {"rate": Target("mill-1", "flow")})
    with database.session() as session:
        assert discovered.bindings(session)[0].targets["rate"].unit is None


def test_what_publishes_by_our_grammar_belongs_into_the_site_file(database: Database) -> None:
    DiscoveryStore(database).keep([Found("plantroom", "north", "mill-9", fields=(RUN,))], START)
    with pytest.raises(ConflictError, match="site file"):
        adopt(database, {"run": Target("mill-1", "running")})


def test_setting_aside_and_taking_back_each_change_the_stamp(database: Database) -> None:
    DiscoveryStore(database).keep([found("plug", RUN)], START)
    stamps = []
    for now, decide in enumerate((discovered.ignore, discovered.release, discovered.ignore)):
        with database.transaction() as session:
            row = decide(session, first_id(database), by="ann", now=START + now)
            stamps.append(
                (
                    row.state,
                    discovered.stamp(session),
                    [item.ignored for item in discovered.bindings(session)],
                )
            )
    assert stamps == [
        (DeviceState.IGNORED, (1, START), [True]),
        (DeviceState.NEW, (0, START + 1), []),
        (DeviceState.IGNORED, (1, START + 2), [True]),
    ]


def test_one_that_is_not_there(database: Database) -> None:
    with pytest.raises(NotFoundError), database.transaction() as session:
        discovered.ignore(session, 99, by="ann", now=START)

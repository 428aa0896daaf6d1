"""The property in the database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from plantroom.alarms import AlarmEvent, Severity
from plantroom.catalogue.loader import Catalogue
from plantroom.errors import NotFoundError
from plantroom.model import Criticality, RuleOverride
from plantroom.site_file import load_site_file
from plantroom.stores.records import Database, alarms
from plantroom.stores.records import property as properties
from plantroom.stores.records.alarms import RuleFacts
from plantroom.stores.records.tables import EquipmentRow, PlanRow, PointRow
from plantroom.times import DAY, HOUR, MINUTE, SECOND, to_iso
from tests.plantroom.records.kit import SITES, START, catalogue, import_file, import_text

ALL = ("north/mill-1", "north/mill-2", "north/beacon-1", "south/mill-1")


def test_the_first_import_adds_everything(empty: Database) -> None:
    done = import_file(empty)
    assert (done.added, done.changed, done.unchanged, done.retired) == (ALL, (), (), ())
    with empty.session() as session:
        sites = properties.load_sites(session)
        assert [(site.key, site.name.zh, site.zone) for site in sites] == [
            ("north", "北塔", "Asia/Shanghai"),
            ("south", "南馆", "Europe/Berlin"),
        ]
        spaces = properties.load_spaces(session, "north")
        assert [(space.key, space.parent) for space in spaces] == [
            ("basement", None),
            ("plant", "basement"),
            ("roof", None),
        ]
        table = properties.load_table(session, catalogue())
    assert [item.path for item in table.equipment] == list(ALL)
    assert len(table.points) == 4 + 4 + 1 + 4
    mill = table.equipment_by_path["north/mill-1"]
    assert (mill.criticality, mill.space, mill.serial) == (Criticality.A, "plant", "SN-77")
    assert mill.commissioned_at == START
    assert mill.design_life_years == 15  # the class's, where the file has none


def test_importing_again_changes_nothing(database: Database) -> None:
    def everything() -> list[object]:
        with database.session() as session:
            equipment = [
                {column.name: getattr(row, column.name) for column in EquipmentRow.__table__.columns}
                for row in session.scalars(select(EquipmentRow))
            ]
            points = [(row.id, row.equipment_id, row.key) for row in session.scalars(select(PointRow))]
        return [equipment, points]

    before = everything()
    done = import_file(database, now=START + DAY)
    assert (done.added, done.changed, done.unchanged, done.retired) == ((), (), ALL, ())
    assert everything() == before


def test_a_change_is_named_and_keeps_ids(database: Database, tmp_path: Path) -> None:
    with database.session() as session:
        before = properties.load_table(session, catalogue())
    text = SITES.read_text(encoding="utf-8").replace("First mill", "Main mill").replace("SN-77", "SN-78")
    done = import_text(database, tmp_path, text, START + DAY)
    assert (done.changed, len(done.unchanged)) == (("north/mill-1",), 3)
    with database.session() as session:
        after = properties.load_table(session, catalogue())
    mill = after.equipment_by_path["north/mill-1"]
    assert (mill.name.en, mill.serial, mill.commissioned_at) == ("Main mill", "SN-78", START)
    assert mill.id == before.equipment_by_path["north/mill-1"].id
    assert after.of_equipment("north", "mill-1") == before.of_equipment("north", "mill-1")


NORTH = """
sites:
  - key: north
    name: {en: North, zh: 北}
    zone: Asia/Shanghai
    equipment:
"""
MILL = "      - {key: mill-1, class: mill, name: {en: Mill, zh: 磨}}\n"


def test_what_it_is_a_part_of_and_what_feeds_it_come_back(empty: Database, tmp_path: Path) -> None:
    more = "      - {key: mill-2, class: mill, name: {en: Mill, zh: 磨}, served_by: mill-1, parent: mill-1}\n"
    import_text(empty, tmp_path, NORTH + MILL + more)
    with empty.session() as session:
        table = properties.load_table(session, catalogue())
    item = table.equipment_by_path["north/mill-2"]
    assert (item.served_by, item.parent) == ("mill-1", "mill-1")
    assert import_text(empty, tmp_path, NORTH + MILL + more.replace(", parent: mill-1", "")).changed == (
        "north/mill-2",
    )


def test_what_the_file_no_longer_names_is_retired_and_comes_back_with_its_history(
    database: Database, tmp_path: Path
) -> None:
    with database.session() as session:
        mill_2 = properties.get_equipment(session, "north", "mill-2").id
    with database.transaction() as session:
        facts = RuleFacts(Severity.MAJOR, latching=False)
        alarms.follow(session, mill_2, "low_flow", event=AlarmEvent.RAISE, ts=START, facts=facts, readings={})
    done = import_text(database, tmp_path, NORTH + MILL, START + DAY)
    assert done.retired == ("north/beacon-1", "north/mill-2")
    with database.session() as session:
        table = properties.load_table(session, catalogue())
        assert table.equipment_by_path["north/mill-2"].retired_at == START + DAY
        # the site that the file does not speak of is left alone
        assert table.equipment_by_path["south/mill-1"].retired_at is None
        assert session.scalars(alarms.query()).one().equipment_id == mill_2
    assert import_text(database, tmp_path, NORTH + MILL, START + 2 * DAY).retired == ()  # once

    back = import_file(database, now=START + 3 * DAY)
    assert set(back.changed) >= {"north/beacon-1", "north/mill-2"}
    with database.session() as session:
        table = properties.load_table(session, catalogue())
        item = table.equipment_by_path["north/mill-2"]
        assert (item.id, item.retired_at, item.commissioned_at) == (mill_2, None, START)


OVERRIDES = (
    NORTH
    + """\
      - key: mill-1
        class: mill
        name: {en: Mill, zh: 磨}
        parameters: {rated_flow: 500 L/min}
        points:
          flow: {unit: L/min, valid: [0, 1000], normal: [100, 600], sample: 30s}
          running: {stale_after: 5 min}
          hours: {fitted: false}
        rules:
          low_flow: {on_delay: 2 min, severity: critical}
          burst: {enabled: false}
        plans:
          monthly: {last_done: 2026-02-20}
"""
)


def test_overrides_with_units(empty: Database, tmp_path: Path) -> None:
    import_text(empty, tmp_path, OVERRIDES)
    assert import_text(empty, tmp_path, OVERRIDES).unchanged == ("north/mill-1",)
    with empty.session() as session:
        table = properties.load_table(session, catalogue())
    item = table.equipment_by_path["north/mill-1"]
    assert item.parameters == pytest.approx({"rated_flow": 30.0})
    assert item.rule_overrides == {
        "low_flow": RuleOverride(on_delay=2 * MINUTE, severity=Severity.CRITICAL),
        "burst": RuleOverride(enabled=False),
    }
    ids = table.of_equipment("north", "mill-1")
    assert ids is not None
    assert set(ids) == {"flow", "running", "mode"}  # hours is not fitted
    flow, running = table.points[ids["flow"]], table.points[ids["running"]]
    assert flow.unit == "m3/h"  # stored in the class's unit
    assert flow.valid == pytest.approx((0, 60))
    assert flow.normal == pytest.approx((6, 36))
    assert (flow.sample, flow.stale_after) == (30 * SECOND, 90 * SECOND)
    assert (running.sample, running.stale_after) == (10 * SECOND, 5 * MINUTE)


def test_a_plan_known_from_before_counts_from_noon_of_that_day(empty: Database, tmp_path: Path) -> None:
    import_text(empty, tmp_path, OVERRIDES)
    with empty.session() as session:
        row = session.scalars(select(PlanRow)).one()
        assert to_iso(row.last_done or 0) == "2026-02-20T04:00:00.000Z"  # noon in Shanghai
        assert row.last_due == row.last_done
    # what Plantroom has recorded since then is not overwritten
    with empty.transaction() as session:
        session.scalars(select(PlanRow)).one().last_done = START
    import_text(empty, tmp_path, OVERRIDES, START + HOUR)
    with empty.session() as session:
        assert session.scalars(select(PlanRow)).one().last_done == START


def test_a_space_that_is_gone_is_removed(database: Database, tmp_path: Path) -> None:
    import_text(database, tmp_path, NORTH + MILL)
    with database.session() as session:
        assert properties.load_spaces(session, "north") == []


def test_a_class_that_is_gone_is_left_out(database: Database) -> None:
    with database.session() as session:
        table = properties.load_table(session, Catalogue({"beacon": catalogue()["beacon"]}))
    assert [item.path for item in table.equipment] == ["north/beacon-1"]
    assert len(table.points) == 1


def test_a_point_that_a_class_gains_gets_an_id_and_the_others_keep_theirs(database: Database) -> None:
    with database.session() as session:
        before = properties.load_table(session, catalogue()).of_equipment("north", "beacon-1")
    beacon = catalogue()["beacon"]
    extra = beacon.points[0].model_copy(update={"key": "command"})
    wider = Catalogue(
        {**catalogue().classes, "beacon": beacon.model_copy(update={"points": (extra, *beacon.points)})}
    )
    with database.transaction() as session:
        properties.import_sites(session, load_site_file(SITES, wider), wider, START)
    with database.session() as session:
        after = properties.load_table(session, wider).of_equipment("north", "beacon-1")
    assert before is not None
    assert after is not None
    assert after["lit"] == before["lit"]
    assert set(after) == {"lit", "command"}


def test_looking_for_what_is_not_there(database: Database) -> None:
    with database.session() as session:
        assert properties.get_site(session, "north").name.en == "North tower"
        for missing in (
            lambda: properties.get_site(session, "nowhere"),
            lambda: properties.get_equipment(session, "south", "mill-2"),
        ):
            with pytest.raises(NotFoundError):
                missing()

"""The jobs that the clock drives, each called by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from plantroom.alarms import AlarmEvent
from plantroom.metrics import Metrics
from plantroom.service_levels import ServiceLevels
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.stores.records import alarms, floods, maintenance_modes, people, users, work_orders
from plantroom.stores.records.people_tables import CertificateRow, TechnicianRow
from plantroom.stores.records.tables import FloodRow, MaintenanceModeRow
from plantroom.times import DAY, HOUR, to_datetime
from plantroom.work_orders import Role
from rules.schedule import Jobs
from tests.rules.alarmkit import SITE, Plant, at


class Bench:
    """A property, and its jobs with a clock that is set."""

    def __init__(self, folder: Path) -> None:
        self.plant = Plant(folder)
        self.store = DuckdbStore(folder / "readings.duckdb")
        self.now = at(0)
        self.jobs = Jobs(
            database=self.plant.database,
            store=self.store,
            catalogue=self.plant.catalogue,
            table=lambda: self.plant.table,
            dispatcher=self.plant.dispatcher,
            metrics=Metrics(),
            clock=lambda: self.now,
            retention=DAY,
            levels=ServiceLevels(),
        )

    def begin(self, *, equipment: str | None = None, space: str | None = None) -> MaintenanceModeRow:
        """Maintenance for an hour from now."""
        with self.plant.database.transaction() as session:
            return maintenance_modes.begin(
                session, site="hq", equipment=equipment, space=space, until=self.now + HOUR,
                reason="works", by="li", now=self.now,
                exempt=lambda row: row.equipment_class == "panel",
            )  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path)
    yield found
    found.store.close()
    found.plant.close()


def test_in_maintenance_nothing_is_announced_and_no_order_opened(bench: Bench) -> None:
    bench.plant.apply("+pump.weak@0")
    bench.begin(equipment="pump")
    bench.plant.apply("+pump.trip@10 +motor.slow@11 +lone.slow@12 +pump.gas@13 -pump.weak@14")
    assert bench.plant.states() == {
        "pump.weak": "out_of_service",  # cleared, and followed while out of service
        "pump.trip": "out_of_service",
        "motor.slow": "out_of_service",  # a part of the pump
        "lone.slow": "unacknowledged",
        "pump.gas": "unacknowledged",  # about lives
    }
    assert bench.plant.history("pump.trip") == ["remove_from_service out_of_service", "raise out_of_service"]
    assert bench.plant.orders() == ["pump.weak@0", "lone.slow@12", "pump.gas@13"]


def test_in_a_space_the_fire_system_stays_in_service(bench: Bench) -> None:
    bench.begin(space="cellar")
    bench.plant.apply("+panel.trouble@10 +pump.trip@11 +board.warm@12")
    assert bench.plant.states() == {
        "panel.trouble": "unacknowledged",
        "pump.trip": "out_of_service",  # the room is inside the cellar
        "board.warm": "out_of_service",
    }


def test_at_the_end_what_stands_calls_for_its_order(bench: Bench) -> None:
    bench.begin(equipment="pump")
    bench.plant.apply("+pump.trip@10 +pump.stuck@11 -pump.stuck@12 +motor.weak@13 -motor.weak@14")
    bench.now = at(3599)
    assert bench.jobs.end_maintenance() == 0
    bench.now = at(3600)
    assert bench.jobs.end_maintenance() == 3
    assert bench.jobs.end_maintenance() == 0
    assert bench.plant.states() == {
        "pump.trip": "unacknowledged",
        "pump.stuck": "latched_unacknowledged",
        "motor.weak": "normal",
    }
    assert bench.plant.orders() == ["pump.trip@3600"]


def test_readings_of_after_its_end_are_announced_though_the_job_has_not_run(bench: Bench) -> None:
    bench.begin(equipment="pump")
    bench.plant.apply("+pump.trip@3600")
    assert bench.plant.states() == {"pump.trip": "unacknowledged"}


def test_ended_by_a_person_the_job_opens_the_orders(bench: Bench) -> None:
    mode = bench.begin(equipment="pump")
    bench.plant.apply("+pump.trip@10")
    with bench.plant.database.transaction() as session:
        maintenance_modes.end(session, mode.id, by="li", now=at(60))
    assert bench.plant.orders() == []
    bench.now = at(70)
    assert bench.jobs.end_maintenance() == 0
    assert bench.plant.orders() == ["pump.trip@60"]


def test_the_same_changes_again_do_nothing_in_maintenance_and_after_it(bench: Bench) -> None:
    words = "+board.lost@0 +pump.trip@10 -pump.trip@20 +pump.trip@30"
    bench.begin(equipment="pump")
    bench.plant.apply(words)
    before = bench.plant.everything()
    bench.plant.apply(words)
    assert bench.plant.everything() == before
    bench.now = at(3600)
    bench.jobs.end_maintenance()
    assert bench.plant.states()["pump.trip"] == "suppressed > board.lost"  # the root waited behind it
    before = bench.plant.everything()
    bench.plant.apply(words)
    assert bench.plant.everything() == before


def test_a_root_in_maintenance_explains_all_the_same(bench: Bench) -> None:
    bench.begin(equipment="board")
    bench.plant.apply("+board.lost@0 +pump.slow@5")
    assert bench.plant.states() == {"board.lost": "out_of_service", "pump.slow": "suppressed > board.lost"}
    bench.plant.apply("-board.lost@60")
    assert bench.plant.states() == {"board.lost": "out_of_service", "pump.slow": "unacknowledged"}


def test_what_comes_from_its_shelf_under_a_root_calls_for_nothing(bench: Bench) -> None:
    bench.plant.apply("+board.lost@0 -board.lost@1 +pump.slow@50")
    with bench.plant.database.transaction() as session:
        alarms.act(session, 2, AlarmEvent.SHELVE, by="li", now=at(51), until=at(100))
    bench.plant.apply("+board.lost@60")
    bench.now = at(100)
    assert bench.jobs.bring_back_shelved() == 1
    assert bench.plant.states()["pump.slow"] == "suppressed > board.lost"


def test_roots_that_left_the_property_are_settled(bench: Bench) -> None:
    bench.plant.apply("+quiet.open@0 +board.lost@0 +pump.slow@5")
    assert bench.jobs.settle_suppressed() == 0
    bench.plant.bring(SITE.replace("served_by: grid, space: cellar}", "rules: {lost: {enabled: false}}}"))
    bench.now = at(100)
    assert bench.jobs.settle_suppressed() == 1
    assert bench.jobs.settle_suppressed() == 0
    assert "pump.slow@100" in bench.plant.orders()


def test_a_flood_counts_what_is_announced_and_loses_nothing(bench: Bench) -> None:
    names = ["weak", "stuck", "that", "trip"]
    raises = " ".join(
        f"+{item}.{name}@{10 * place + index}"
        for place, item in enumerate(("lone", "fed", "motor"))
        for index, name in enumerate(names)
    )
    bench.plant.apply(f"{raises} +board.lost@60 +pump.slow@61")
    with bench.plant.database.session() as session:
        assert [(row.site, row.ends_ts) for row in floods.running(session, at(61))] == [("hq", at(620))]
        (flood,) = session.scalars(floods.query()).all()
    assert (flood.started_ts, flood.raises) == (at(0), 13)
    assert len(bench.plant.states()) == 14


def test_a_site_at_ease_has_no_flood(bench: Bench) -> None:
    bench.plant.apply(" ".join(f"+lone.slow@{at_} -lone.slow@{at_ + 1}" for at_ in range(0, 30, 3)))
    bench.plant.apply("+far/pump.slow@31")
    with bench.plant.database.session() as session:
        assert session.scalars(floods.query()).all() == []
    bench.plant.apply("+lone.slow@40")
    with bench.plant.database.session() as session:
        assert [row.site for row in session.query(FloodRow)] == ["hq"]


def test_a_minute_writes_what_the_clocks_brought_once(bench: Bench) -> None:
    bench.plant.apply("+pump.trip@0")
    assert bench.jobs.follow_service_levels() == 0
    bench.now = at(0) + HOUR
    assert bench.jobs.follow_service_levels() == 1
    assert bench.jobs.follow_service_levels() == 0
    with bench.plant.database.session() as session:
        (order,) = session.scalars(work_orders.query()).all()
        keys = [event.key for event in work_orders.history_of(session, order.id) if event.by == "clock"]
    assert sorted(set(map(str, keys))) == sorted(map(str, keys))
    assert "response:breach" in keys


def test_certificates_that_end_are_told_of(bench: Bench) -> None:
    with bench.plant.database.transaction() as session:
        people.seed(session)
        users.create_user(session, "li", Role.TECHNICIAN, now=at(0), by="t", password="long enough for all")
        staff = {"team": None, "skills": ["fire"], "sites": [], "active": True, "hired_on": None}
        people.add(session, TechnicianRow, {"username": "li", **staff}, by="t", now=at(0))
        today = to_datetime(at(0)).date()
        days = {"issued_on": today - timedelta(days=300), "expires_on": today + timedelta(days=20)}
        card = {"technician": "li", "skill": "fire", "name": "F", "number": "", **days}
        people.add(session, CertificateRow, card, by="t", now=at(0))
    assert bench.jobs.warn_of_certificates() == 1
    assert bench.jobs.warn_of_certificates() == 0
    bench.now = at(0) + 14 * DAY
    assert bench.jobs.warn_of_certificates() == 1

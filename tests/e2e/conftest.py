"""The whole product in this process, on a folder of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import select

from plantroom.app import Application
from plantroom.settings import MqttSettings, Settings, load_settings
from plantroom.stores.records import alarms, work_orders
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow, WorkOrderRow
from tests.servers.databases import POSTGRESQL, database_url

Found = TypeVar("Found")
RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "skab"


def until(what: str, look: Callable[[], Found | None], seconds: float = 30.0) -> Found:
    """What `look` finds, tried again until the time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


def settings_for(folder: Path, port: int, site: Path, protocol: str = "5") -> Settings:
    """Settings of a product in `folder` on a broker at `port`."""
    mqtt = MqttSettings(port=port, protocol="5" if protocol == "5" else "3.1.1")
    url = database_url(folder, None) if POSTGRESQL else None
    return load_settings(data=folder, sites=(site,), mqtt=mqtt, database_url=url)


@contextmanager
def running(settings: Settings) -> Iterator[Application]:
    """The product, connected to its broker."""
    app = Application(settings)
    try:
        app.start()
        until("the collector is connected", lambda: app.collector.health().connected)
        yield app
    finally:
        app.stop()


def has_stored(app: Application, readings: int) -> bool:
    """Whether that many readings went all the way: stored, acknowledged, through the rules."""
    state = app.collector.health()
    return app.store.size() >= readings and state.waiting_messages == 0


def alarm_log(app: Application) -> list[tuple[str, str, str, int]]:
    """(equipment, rule, event, reading time) of every raise and clear by the process, in order."""
    with app.database.session() as session:
        rows = session.execute(
            select(AlarmRow, AlarmEventRow)
            .join(AlarmEventRow, AlarmEventRow.alarm_id == AlarmRow.id)
            .where(AlarmEventRow.by == alarms.PROCESS, AlarmEventRow.event.in_(("raise", "clear")))
            .order_by(AlarmEventRow.at, AlarmEventRow.id)
        ).all()
        return [(row.equipment.key, row.rule, event.event, event.at) for row, event in rows]


def orders(app: Application, kind: str = "corrective") -> list[WorkOrderRow]:
    """The orders of a kind, oldest first."""
    with app.database.session() as session:
        query = work_orders.query().where(WorkOrderRow.kind == kind).order_by(WorkOrderRow.id)
        return list(session.scalars(query))


@pytest.fixture
def recordings() -> Path:
    """The folder of real recordings, which is not in the repository."""
    if not RECORDINGS.is_dir():
        pytest.skip(f"needs the recordings of SKAB (github: waico/SKAB, folder data) at {RECORDINGS}")
    return RECORDINGS

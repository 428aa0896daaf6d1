"""Worker, scheduler and API apart, on PostgreSQL and one reading store: values, hand-over, a new property.

They are threads here, each composed as its process is: the embedded reading store lets one process in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from plantroom.app.scheduler import Scheduler
from plantroom.app.web import Web
from plantroom.app.worker import Worker
from plantroom.errors import LeaseLostError
from plantroom.model import PointTable
from plantroom.notifications import Notification
from plantroom.settings import MqttSettings, Settings, load_settings
from plantroom.site_file import load_site_file
from plantroom.stores.base import ReadingStore
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.stores.records import Database, alarms, work_orders
from plantroom.stores.records.property import import_sites
from plantroom.times import system_clock
from tests.collector.broker import Mosquitto, Publisher
from tests.e2e.conftest import until
from tests.plantroom.records.kit import PROPERTY, SITES, catalogue
from tests.servers.postgresql import shared_server

pytestmark = [pytest.mark.mosquitto, pytest.mark.postgresql, pytest.mark.slow, pytest.mark.timeout(240)]
TOPIC = "plantroom/v1/north/mill-1"


class Shared:
    """A reading store that many have open: one of them closing it closes nothing for the others."""

    def __init__(self, store: ReadingStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def close(self) -> None:
        """Nothing."""


class Heard:
    """Takes every notification."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def send(self, notification: Notification) -> None:
        self.keys.append(notification.key)


class Split:
    """The parts, to be started and ended one by one."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._stack, self._folder = stack, folder
        self.broker = Mosquitto(folder)
        self.broker.start()
        stack.callback(self.broker.stop)
        server = shared_server()
        name = f"split{id(self)}"
        server.execute(f"CREATE DATABASE {name}")
        stack.callback(server.execute, f"DROP DATABASE {name} WITH (FORCE)")
        self._url = server.url(name)
        self._store = DuckdbStore(folder / "readings.duckdb")
        stack.callback(self._store.close)
        self.heard = Heard()

    def settings(self) -> Settings:
        return load_settings(
            data=self._folder / "data",
            database_url=self._url,
            sites=(SITES,),
            catalogue=PROPERTY / "classes",
            mqtt=MqttSettings(port=self.broker.port),
            lateness="0s",
        )

    def open_store(self, _settings: Settings, _table: Callable[[], PointTable]) -> ReadingStore:
        found: Any = Shared(self._store)
        return found

    def worker(self) -> tuple[Worker, Callable[[], BaseException | None]]:
        """A worker at work, and what ends it and says how that went."""
        made = Worker(self.settings(), open_store=self.open_store, notifier=self.heard)
        return made, self._running(made.run)

    def scheduler(self) -> Callable[[], BaseException | None]:
        return self._running(Scheduler(self.settings(), open_store=self.open_store).run)

    def web(self) -> Web:
        made = Web(self.settings(), open_store=self.open_store)
        self._stack.callback(made.stop)
        made.start()
        return made

    def database(self) -> Database:
        found = Database(self._url)
        self._stack.callback(found.close)
        return found

    def publisher(self) -> Publisher:
        found = Publisher(self.broker.port)
        self._stack.callback(found.close)
        return found

    def _running(self, run: Callable[[threading.Event], None]) -> Callable[[], BaseException | None]:
        stop, ended = threading.Event(), []

        def live() -> None:
            try:
                run(stop)
            except BaseException as failure:  # noqa: BLE001 - the test looks at it
                ended.append(failure)

        thread = threading.Thread(target=live)
        thread.start()

        def end() -> BaseException | None:
            stop.set()
            thread.join(60)
            assert not thread.is_alive()
            return ended[0] if ended else None

        self._stack.callback(end)
        return end


@pytest.fixture
def split(tmp_path: Path) -> Iterator[Split]:
    with ExitStack() as stack:
        yield Split(tmp_path, stack)


def send(publisher: Publisher, flow: float, *, topic: str = TOPIC) -> None:
    publisher.publish(topic, f'{{"values": {{"running": true, "flow": {flow}}}}}').wait_for_publish(20)


def wrong(web: Web) -> dict[str, str]:
    return {part.name: part.detail for part in web.health() if not part.ok}


def at_work(worker: Worker) -> bool:
    return worker.watching is not None and worker.watching.collector.health().connected


def test_values_alarms_and_rule_states_reach_the_api_which_says_when_the_worker_is_gone(split: Split) -> None:
    worker, end_worker = split.worker()
    end_scheduler = split.scheduler()
    web = split.web()
    until("the worker is at work", lambda: at_work(worker), 90)
    publisher = split.publisher()
    send(publisher, 5.0)
    table = web.foundation.table()
    flow, mill = table.id_of("north", "mill-1", "flow"), table.equipment_by_path["north/mill-1"].id
    assert flow is not None
    until("the value is in the API's process", lambda: (web.live.read(flow) or (0, 0))[1] == 5.0)
    until("everything is well", lambda: not wrong(web))
    # the rule's verdict comes with a reading after the lateness, and its order with its alarm
    until("the rule's state", lambda: (send(publisher, 5.0), web.worker.rule_states(mill))[1].get("low_flow"))
    counted = {family.name: family for family in web.worker.counted(web.foundation.metrics.registry)}
    assert sum(item.value for item in counted["plantroom_messages"].samples) > 0
    assert end_scheduler() is None
    until("the scheduler is missed", lambda: "scheduler" in wrong(web))
    assert end_worker() is None
    text = until("the worker is missed", lambda: wrong(web).get("worker"))
    assert "live values are that old" in text
    assert web.worker.rule_states(mill) == {}


def test_a_second_worker_stands_by_and_takes_over(split: Split) -> None:
    first, end_first = split.worker()
    until("the first is at work", lambda: at_work(first), 90)
    second, end_second = split.worker()
    web, publisher = split.web(), split.publisher()
    flow = web.foundation.table().id_of("north", "mill-1", "flow")
    assert flow is not None
    send(publisher, 41.0)
    until("the first one's value", lambda: (web.live.read(flow) or (0, 0))[1] == 41.0)
    assert second.watching is None
    assert end_first() is None
    send(publisher, 42.0)  # waits in the broker: the second has the first one's session
    until("the second is at work", lambda: at_work(second), 60)
    until("what came in between", lambda: (web.live.read(flow) or (0, 0))[1] == 42.0)
    until("everything but the scheduler is well", lambda: set(wrong(web)) == {"scheduler"})
    assert end_second() is None


def test_a_worker_that_lost_its_lease_ends(split: Split) -> None:
    first, end_first = split.worker()
    until("the first is at work", lambda: at_work(first), 90)
    second, _ = split.worker()
    pids = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted"
    # the first one's connection breaks, and before it looks the second has the lease
    with split.database().session() as session:
        session.connection().exec_driver_sql(f"SELECT pg_terminate_backend(pid) FROM ({pids}) AS held")
    until("one of them is at work", lambda: at_work(first) or at_work(second), 60)
    failure = end_first()
    assert failure is None or isinstance(failure, LeaseLostError)


def test_what_another_process_changes_in_the_property_reaches_all(split: Split, tmp_path: Path) -> None:
    worker, _ = split.worker()
    web = split.web()
    until("the worker is at work", lambda: at_work(worker), 90)
    publisher = split.publisher()
    send(publisher, 5.0)
    text = SITES.read_text(encoding="utf-8")
    more = "      - {key: mill-9, class: mill, name: {en: New mill, zh: 新磨机}}\n"
    changed = tmp_path / "changed.yaml"
    changed.write_text(text.rstrip("\n") + "\n" + more, encoding="utf-8")
    with split.database().transaction() as session:
        import_sites(session, load_site_file(changed, catalogue()), catalogue(), system_clock())
    path = "south/mill-9"
    until("the API knows it", lambda: path in web.foundation.table().equipment_by_path)
    until("the worker knows it", lambda: path in worker.foundation.table().equipment_by_path)
    flow = web.foundation.table().id_of("south", "mill-9", "flow")
    assert flow is not None

    def seen() -> bool:
        send(
            publisher, 7.5, topic="plantroom/v1/south/mill-9"
        )  # the collector takes it from its next batch on
        return (web.live.read(flow) or (0, 0))[1] == 7.5

    until("its value is in the API's process", seen)
    assert worker.watching is not None
    states = worker.watching.rule_states(web.foundation.table().equipment_by_path[path].id)
    assert set(states) >= {"low_flow", "burst"}


def test_an_alarm_opens_an_order_and_people_are_told(split: Split) -> None:
    worker, _ = split.worker()
    until("the worker is at work", lambda: at_work(worker), 90)
    publisher, database = split.publisher(), split.database()
    send(publisher, 95.0)  # a burst
    send(publisher, 95.5)

    def raised() -> list[str]:
        with database.session() as session:
            return [row.rule for row in session.scalars(alarms.query())]

    until("the alarm", lambda: "burst" in raised())
    until("people are told", lambda: any(key.endswith(":raised") for key in split.heard.keys))
    with database.session() as session:
        assert work_orders.count_open(session) == {}  # the rule opens none

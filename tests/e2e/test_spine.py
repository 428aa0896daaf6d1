"""From a simulated sensor to a closed order, through the embedded parts alone, and over a restart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as paho
import pytest
import uvicorn

from plantroom.app import Application, listen
from plantroom.demo_broker import DemoBroker
from plantroom.stores.records import users
from plantroom.stores.records.property import load_sites
from plantroom.times import MINUTE, SECOND, system_clock
from plantroom.work_orders import Role
from simulators import DEMO_SITE
from simulators.faults import parse_fault
from simulators.fleet import Fleet
from simulators.publisher import run
from tests.e2e.conftest import alarm_log, has_stored, orders, running, settings_for, until

PASSWORD = "long enough to pass"

pytestmark = pytest.mark.slow


@contextmanager
def served(app: Application) -> Iterator[httpx.Client]:
    """A client that is signed in as an administrator, over a real socket."""
    with app.database.transaction() as session:
        users.create_user(session, "chief", Role.ADMIN, now=app.clock(), by="test", password=PASSWORD)
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app.api, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        until("the server answers", lambda: server.started)
        with httpx.Client(base_url=address, headers={"Origin": address}) as client:
            answer = client.post("/api/v1/sessions", json={"username": "chief", "password": PASSWORD})
            assert answer.is_success, answer.text
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def simulate(app: Application, start: int, until_ts: int, fault: str) -> int:
    """How many readings the fleet sent, all acknowledged by the broker."""
    with app.database.session() as session:
        sites = load_sites(session)
    fleet = Fleet(app.table(), sites, start, faults=[parse_fault(fault, start)], only="demo")
    return run(fleet, app.settings.mqtt, speed=1e6, until=until_ts).readings


def test_a_fault_becomes_an_order_that_a_person_closes(tmp_path: Path) -> None:
    now = system_clock() // SECOND * SECOND
    start, middle, end = now - 15 * MINUTE, now - 10 * MINUTE, now
    fault = "pump-02:blocked_outlet@2min~3min"
    with DemoBroker() as broker:
        settings = settings_for(tmp_path / "data", broker.port, DEMO_SITE, "3.1.1")
        with running(settings) as app, served(app) as client:
            sent = simulate(app, start, middle, fault)
            until("the readings are stored", lambda: has_stored(app, sent), 60)
            # equipment of which nothing comes may have alarms of its own
            alarm = until("the alarm", lambda: listed(client, "alarms", rule="low_flow"))[0]
            assert alarm["equipment"] == "pump-02"
            order = until("its order", lambda: listed(client, "work-orders", rule="low_flow"))[0]
            path = f"/api/v1/work-orders/{order['id']}"
            for action, body in (
                ("assign", {"assignee": "chief"}),
                ("start", {}),
                ("complete", {"note": "opened the valve"}),
                ("close", {}),
            ):
                answer = client.post(f"{path}/{action}", json=body)
                assert answer.is_success, answer.text
            assert client.get(path).json()["state"] == "closed"
            assert client.get("/").status_code == 200
            before = alarm_log(app)
        # the second start goes on from the data of the first
        with running(settings) as app:
            assert alarm_log(app) == before
            more = simulate(app, middle, end, "pump-03:trip@2min~1min")
            until("the readings are stored", lambda: has_stored(app, sent + more), 60)
            until("the trip's alarm", lambda: [row for row in alarm_log(app) if row[1] == "trip"])
            assert alarm_log(app)[: len(before)] == before
            assert [row.state for row in orders(app)].count("closed") == 1


def listed(client: httpx.Client, what: str, **having: str) -> list[dict[str, Any]]:
    """The items of a list in the API that have these values."""
    items = client.get(f"/api/v1/{what}").json()["items"]
    return [item for item in items if all(item.get(key) == value for key, value in having.items())]


def test_garbage_costs_nothing_else(tmp_path: Path) -> None:
    with DemoBroker() as broker:
        settings = settings_for(tmp_path / "data", broker.port, DEMO_SITE, "3.1.1")
        with running(settings) as app, served(app) as client:
            sender = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="vandal", protocol=paho.MQTTv311)
            sender.connect("127.0.0.1", broker.port)
            sender.loop_start()
            bad = [b"", b"{", b"\xff\xfe", b"[" * 50_000, b"9" * 400, b'{"values": {"flow": "<script>"}}']
            for payload in bad:
                sender.publish("plantroom/v1/demo/pump-01", payload, qos=1).wait_for_publish(5)
            sender.publish("plantroom/v1/demo/nobody", b'{"values": {"flow": 1}}', qos=1).wait_for_publish(5)
            good = b'{"values": {"flow": 61.5, "running": true, "no_such_point": 1}}'
            sender.publish("plantroom/v1/demo/pump-01", good, qos=1).wait_for_publish(5)
            sender.disconnect()
            sender.loop_stop()
            until("the good readings are stored", lambda: has_stored(app, 2))
            kept = until(
                "the quarantine",
                lambda: [
                    page
                    for page in [client.get("/api/v1/quarantine").json()["items"]]
                    if len(page) == len(bad) + 2
                ],
            )[0]
            reasons = {item["reason"] for item in kept}
            assert {"empty", "json", "utf8", "unknown_equipment", "unknown_point"} <= reasons
            assert app.store.size() == 2
            assert client.get("/api/v1/readyz").status_code == 200

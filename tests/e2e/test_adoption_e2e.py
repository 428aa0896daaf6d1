"""A device that nobody knew: announced, listed, adopted over HTTP, and its values live."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from plantroom.app import Application
from plantroom.errors import MapError
from plantroom.settings import MappingSettings, Settings
from plantroom.stores.records import sessions, users
from plantroom.work_orders import Role
from simulators import DEMO_SITE
from tests.collector.broker import Mosquitto, Publisher
from tests.e2e.conftest import running, settings_for, until

pytestmark = [pytest.mark.slow, pytest.mark.mosquitto, pytest.mark.timeout(300)]
DISCOVERED = "/api/v1/discovered"


def with_maps(folder: Path, port: int, text: str) -> Settings:
    path = folder / "maps.yaml"
    path.write_text(text)
    settings = settings_for(folder / "data", port, DEMO_SITE)
    return settings.model_copy(update={"mapping": MappingSettings(maps=(path,))})


def engineer(app: Application) -> TestClient:
    with app.database.transaction() as session:
        row, _ = users.create_user(session, "ann", Role.ENGINEER, now=app.clock(), by="test")
        _, token = sessions.create_token(session, users.identity(row), "test", Role.ENGINEER, app.clock())
    return TestClient(app.api, base_url="http://plant.test", headers={"Authorization": f"Bearer {token}"})


def test_from_an_announcement_to_a_live_value_and_over_a_restart(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    broker.start()
    publisher = Publisher(broker.port)
    settings = with_maps(tmp_path, broker.port, "maps:\n  - {layout: zigbee2mqtt, site: demo}\n")
    topic, body = "zigbee2mqtt/pump meter", {"discharge_pressure": 4.5, "linkquality": 99}
    with running(settings) as app:
        client = engineer(app)
        publisher.publish(topic, json.dumps(body).encode())
        (found,) = until("the device", lambda: client.get(DISCOVERED).json()["items"])
        assert (found["device"], found["state"]) == ("pump meter", "new")
        guess = client.get(f"{DISCOVERED}/{found['id']}/proposal", params={"equipment_class": "pump"}).json()
        assert guess["points"] == {"discharge_pressure": "discharge_pressure"}
        equipment = guess["equipment"][0]
        point = {"equipment": equipment, "point": "discharge_pressure", "unit": "bar"}
        answer = client.post(
            f"{DISCOVERED}/{found['id']}/adopt", json={"points": {"discharge_pressure": point}}
        )
        assert answer.status_code == 200, answer.text

        def arrived() -> bool:
            publisher.publish(topic, json.dumps(body).encode())
            return app.store.size() > 0

        until("a reading of the device", arrived)
        wanted = app.table().id_of("demo", equipment, "discharge_pressure")
        assert set(app.store.latest().point_id.tolist()) == {wanted}
    with running(settings) as app:
        before = app.store.size()
        publisher.publish(topic, json.dumps(body).encode())
        until("a reading after the restart", lambda: app.store.size() > before)
    publisher.close()
    broker.stop()


def test_a_map_that_is_wrong_lets_nothing_start(tmp_path: Path) -> None:
    text = (
        "maps:\n  - layout: zigbee2mqtt\n    site: demo\n    devices: {x: {points: {state: nope/nothing}}}\n"
    )
    with pytest.raises(MapError, match=r"maps\.yaml:4:\d+: .*no equipment 'nope' at site 'demo'"):
        Application(with_maps(tmp_path, 1, text))

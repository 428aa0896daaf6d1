"""Maps in force: what is subscribed, what is cached, and devices adopted while running."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.mapping import router as router_module
from plantroom.discovery import Binding, Target
from tests.collector.golden_case import check, message_of
from tests.collector.kit import NOW, message, told
from tests.collector.mapping.map_case import TABLE, Rig, rig
from tests.collector.test_json_v1_golden import CASES

PLUG = {
    "layout": "zigbee2mqtt",
    "site": "hq",
    "devices": {"plug": {"equipment": "pump-01", "points": {"state": "running"}}},
}
HOME = {"layout": "home_assistant", "site": "hq", "states": ["plant/#"]}
TEXT = "zigbee2mqtt/lamp"
OWN = [
    path
    for path in CASES
    if "settings" not in (case := json.loads(path.read_text())) and case["topic"].startswith("plantroom/")
]


def send(made: Rig, topic: str, body: object, **more: object) -> list[list[object]]:
    """The readings that a message brings."""
    made.ingest.take(message(body if isinstance(body, str) else json.dumps(body), topic, **more))
    return told(TABLE, made.ingest.finish().readings)


def test_what_is_subscribed_follows_from_the_maps(tmp_path: Path) -> None:
    tasmota = {"layout": "tasmota", "site": "hq"}
    made = rig(tmp_path, [PLUG, HOME, tasmota, PLUG | {"base": "second/z"}])
    assert set(made.router.filters) == {
        "zigbee2mqtt/#",
        "second/z/#",
        "homeassistant/+/+/config",
        "homeassistant/+/+/+/config",
        "plant/#",
        "tele/+/LWT",
        "tele/+/SENSOR",
        "tele/+/STATE",
        "stat/+/+",
    }


def test_a_device_adopted_while_running_is_taken_from_then_on(tmp_path: Path) -> None:
    made = rig(tmp_path, [PLUG])
    assert send(made, TEXT, {"state": "ON"}) == []
    assert [item.device for item in made.book.take()] == ["lamp"]
    targets = {"state": Target("pump-01", "running")}
    made.router.adopt([Binding("zigbee2mqtt", "hq", "lamp", targets)])
    assert send(made, TEXT, {"state": "ON"}) == [
        ["hq/pump-01/running", "2026-03-01T08:00:00.000Z", 1.0, "receive_time"]
    ]
    made.router.adopt([Binding("zigbee2mqtt", "hq", "lamp", ignored=True)])
    assert send(made, TEXT, {"state": "ON"}) == []
    made.router.adopt([])
    made.ingest.take(message('{"state": "ON"}', TEXT))
    assert [item.reason for item in made.ingest.finish().quarantined] == ["unknown_equipment"]


def test_a_file_goes_before_what_was_adopted(tmp_path: Path) -> None:
    made = rig(tmp_path, [PLUG], (Binding("zigbee2mqtt", "hq", "plug", ignored=True),))
    assert send(made, "zigbee2mqtt/plug", {"state": "OFF"})[0][2] == 0.0


def test_an_adopted_topic_of_home_assistant_is_taken_by_its_exact_name(tmp_path: Path) -> None:
    target = Target("pump-01", "flow", topic="plant/p7/flow", text_number=True, unit="L/min")
    made = rig(tmp_path, [HOME], (Binding("home_assistant", "hq", "p7", {"flow": target}),))
    assert send(made, "plant/p7/flow", "520")[0][2] == pytest.approx(31.2)
    assert send(made, "plant/p7/flow", "520", retain=True) == []
    assert send(made, "plant/p7/other", "520") == []


def test_an_adopted_topic_without_its_map_is_nothing(tmp_path: Path) -> None:
    target = Target("pump-01", "flow", topic="zigbee2mqtt/x", text_number=True)
    made = rig(tmp_path, [PLUG], (Binding("home_assistant", "hq", "p7", {"flow": target}),))
    assert send(made, "zigbee2mqtt/x", "520") == []


def test_the_cache_of_topics_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router_module, "MOST_ROUTES", 100)
    made = rig(tmp_path, [PLUG])
    for number in range(1_000):
        made.ingest.take(message("{}", f"zigbee2mqtt/d{number}"))
        assert len(made.router._bindings.routes) <= 100
    assert made.ingest.finish().messages["quarantined"] == 1_000


def test_a_device_that_floods_is_noted_once(tmp_path: Path) -> None:
    made = rig(tmp_path, [PLUG])
    for number in range(100):
        made.ingest.take(message(json.dumps({f"x{number}": 1}), TEXT, received_at=NOW + number))
    (found,) = made.book.take()
    assert [item.name for item in found.fields] == ["x0"]


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_own_topics_are_what_they_are_without_maps(path: Path, tmp_path: Path) -> None:
    """The golden files of JSON v1 with maps in force: the same readings and reasons."""
    case = json.loads(path.read_text())
    made = rig(tmp_path, [PLUG])
    made.ingest.take(message_of(case))
    check(made.ingest.finish(), case, TABLE)

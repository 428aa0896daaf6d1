"""A session on a real broker: acknowledgements, `$status`, what happens when nobody listens or answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from plantroom.demo_broker import DemoBroker
from plantroom.errors import SettingsError
from plantroom.settings import MqttSettings
from plantroom.times import MINUTE, SECOND, system_clock
from simulators.fleet import Fleet
from simulators.link import BrokerError, Link
from simulators.publisher import run
from simulators.replay import replay_file
from simulators.replay_map import PointColumn, ReplayMap, TimeColumn
from tests.collector.broker import Mosquitto
from tests.simulators.kit import Property


class Listener:
    """What a subscriber gets."""

    def __init__(self, port: int) -> None:
        self.messages: list[tuple[str, bytes, bool]] = []
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._take
        self._client.on_connect = lambda *_: self._client.subscribe("plantroom/v1/#", qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(10)

    def _take(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.messages.append((message.topic, message.payload, message.retain))

    def of(self, topic: str) -> list[bytes]:
        return [payload for name, payload, _ in self.messages if name == topic]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def until(what: Callable[[], object], seconds: float = 15.0) -> None:
    """Returns once it is so, and fails after `seconds`."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def broker() -> Iterator[MqttSettings]:
    """The demo's broker, which speaks MQTT 3.1.1 only."""
    with DemoBroker() as running:
        yield MqttSettings(host=running.host, port=running.port, protocol="3.1.1")


@pytest.fixture
def listener(broker: MqttSettings) -> Iterator[Listener]:
    found = Listener(broker.port)
    yield found
    found.close()


def test_messages_arrive_in_order_and_are_acknowledged(broker: MqttSettings, listener: Listener) -> None:
    with Link(broker, "hq", window=10) as link:
        for number in range(300):
            link.publish("plantroom/v1/hq/p1", str(number).encode())
            assert link.waiting <= 10
        link.drain()
        assert (link.waiting, link.acknowledged) == (0, 300)
    until(lambda: len(listener.of("plantroom/v1/hq/p1")) == 300)
    assert listener.of("plantroom/v1/hq/p1") == [str(number).encode() for number in range(300)]


def test_status_is_online_and_then_offline(broker: MqttSettings, listener: Listener) -> None:
    topic = "plantroom/v1/hq2/$status/simulator"
    with Link(broker, "hq2"):
        until(lambda: listener.of(topic) == [b"online"])
    until(lambda: listener.of(topic) == [b"online", b"offline"])


def test_a_fleet_is_published_up_to_its_end(broker: MqttSettings, listener: Listener, demo: Property) -> None:
    start = system_clock() - 10 * MINUTE
    fleet = Fleet(demo.table, demo.sites, start, only="annex")
    states: list[int] = []
    done = run(
        fleet, broker, speed=1000, until=start + MINUTE, on_progress=lambda state: states.append(state.ts)
    )
    assert done.ts == states[-1] == start + MINUTE
    annex = [item for item in demo.table.equipment if item.site == "annex"]
    # deviations are computed, not sent
    each = {
        item.key: len({*(demo.table.of_equipment("annex", item.key) or ())} - {"deviation"}) for item in annex
    }
    ticks = {item.key: 30 if item.equipment_class in ("elevator", "escalator") else 12 for item in annex}
    assert {"elevator-11", "ahu-11", "transformer-11"} <= set(ticks)
    assert done.readings == sum(each[key] * count for key, count in ticks.items())
    until(lambda: listener.of("plantroom/v1/annex/ahu-11"))
    assert b"online" in listener.of("plantroom/v1/annex/$status/simulator")


def test_a_recording_is_replayed_with_its_last_row_at_the_end(
    broker: MqttSettings, listener: Listener, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    rows = "".join(f"{1_600_000_000 + number},{number}\n" for number in range(450))
    file.write_text(f"t,Flow\n{rows}ragged\n")
    plan = ReplayMap(
        site="hq",
        equipment="p9",
        time=TimeColumn(column="t", format="s"),
        points={"flow": PointColumn(column="Flow")},
    )
    end, progress = system_clock(), []
    done = replay_file(
        file, plan, broker, equipment="p3", end=end, on_progress=lambda *at: progress.append(at)
    )
    assert (done.rows, done.messages, done.first, done.last) == (450, 3, end - 449 * SECOND, end)
    assert done.skipped == ((452, "1 fields where the header has 2"),)
    assert progress == [(200, 450), (400, 450), (450, 450)]
    until(lambda: len(listener.of("plantroom/v1/hq/p3")) == 3)


def test_no_broker_is_an_error_that_names_the_address() -> None:
    with pytest.raises(BrokerError, match=r"the MQTT broker at 127\.0\.0\.1:1 does not answer"):
        Link(MqttSettings(port=1), "hq").open(timeout_s=0.5)


def test_tls_files_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the TLS files cannot be used"):
        Link(MqttSettings(tls=True, ca_file=tmp_path / "none.pem"), "hq")


@pytest.mark.mosquitto
class TestOnMosquitto:
    """What only MQTT 5 and a broker with accounts show."""

    @pytest.fixture
    def mosquitto(self, tmp_path: Path) -> Iterator[Mosquitto]:
        found = Mosquitto(tmp_path)
        found.start()
        yield found
        found.stop()

    def test_what_nobody_subscribes_to_is_sent_again_until_somebody_does(self, mosquitto: Mosquitto) -> None:
        mqtt = MqttSettings(port=mosquitto.port)
        with Link(mqtt, "hq", window=1, patience_s=20) as link:
            link.publish("plantroom/v1/hq/p1", b"1")
            sender = threading.Thread(target=link.drain)
            sender.start()
            until(lambda: link.repeated >= 1)
            assert link.acknowledged == 0
            listener = Listener(mosquitto.port)
            sender.join(10)
            assert (link.acknowledged, link.waiting) == (1, 0)
            until(lambda: listener.of("plantroom/v1/hq/p1") == [b"1"])
            listener.close()

    def test_patience_ends_where_nobody_ever_subscribes(self, mosquitto: Mosquitto) -> None:
        with Link(MqttSettings(port=mosquitto.port), "hq", patience_s=1.5) as link:
            link.publish("plantroom/v1/hq/p1", b"1")
            with pytest.raises(
                BrokerError, match=r"1 messages not acknowledged .* nobody subscribes to them"
            ):
                link.drain()

    def test_a_broker_that_restarts_gets_what_it_had_not_acknowledged(self, mosquitto: Mosquitto) -> None:
        listener = Listener(mosquitto.port)
        with Link(MqttSettings(port=mosquitto.port), "hq") as link:
            link.publish("plantroom/v1/hq/p1", b"1")
            link.drain()
            mosquitto.stop()
            link.publish("plantroom/v1/hq/p1", b"2")
            mosquitto.start()
            link.drain()
            assert link.acknowledged == 2
        listener.close()

    def test_a_gateway_that_dies_is_offline_by_its_last_will(self, mosquitto: Mosquitto) -> None:
        listener = Listener(mosquitto.port)
        link = Link(MqttSettings(port=mosquitto.port), "hq").open()
        topic = "plantroom/v1/hq/$status/simulator"
        until(lambda: listener.of(topic) == [b"online"])
        link._client.loop_stop()
        socket = link._client.socket()
        assert socket is not None
        socket.close()
        until(lambda: listener.of(topic) == [b"online", b"offline"])
        listener.close()

    def test_a_broker_that_wants_an_account_refuses_us_by_name(self, tmp_path: Path) -> None:
        (tmp_path / "none").write_text("")
        closed = Mosquitto(tmp_path, extra=f"password_file {tmp_path}/none\nallow_anonymous false")
        closed.start()
        try:
            with pytest.raises(BrokerError, match="refuses the connection: Not authorized"):
                Link(MqttSettings(port=closed.port), "hq").open()
        finally:
            closed.stop()

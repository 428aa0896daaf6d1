"""The collector against a real Mosquitto."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from pydantic import SecretStr

from collector.codecs.json_v1 import encode_batch, encode_equipment
from collector.collector import Collector, CollectorHealth
from plantroom.metrics import Metrics
from plantroom.settings import IngestSettings, MqttSettings
from plantroom.times import system_clock
from tests.collector.broker import Mosquitto, Publisher
from tests.collector.kit import PUMP, Handed, MemoryQuarantine, MemoryStore, load_table, until

pytestmark = pytest.mark.mosquitto
TABLE = load_table()
START = system_clock() - 3_600 * 10**9


class Running:
    """A collector on the broker, with a store, a quarantine and a receiver that stay when it is replaced."""

    def __init__(self, port: int, **mqtt: object) -> None:
        self.store, self.quarantine, self.handed = MemoryStore(), MemoryQuarantine(), Handed()
        self._mqtt = MqttSettings(**({"port": port, "client_id": "under-test"} | mqtt))  # type: ignore[arg-type]
        self.ingest = IngestSettings()
        self.start()

    def start(self) -> None:
        self.metrics = Metrics()
        self.collector = Collector(
            self._mqtt, self.ingest, TABLE, self.store, self.quarantine, self.metrics, self.handed
        )
        self.collector.start()

    def restart_with(self, **ingest: object) -> None:
        self.collector.stop()
        self.ingest = IngestSettings(**ingest)  # type: ignore[arg-type]
        self.start()
        self.connected()

    @property
    def health(self) -> CollectorHealth:
        return self.collector.health()

    def connected(self) -> None:
        until(lambda: self.health.connected, what="the connection")

    def holds(self, count: int, seconds: float = 30.0) -> None:
        until(lambda: self.store.size() >= count, seconds, f"{count} stored readings")
        until(lambda: self.health.waiting_messages == 0, what="an empty inbox")
        assert self.store.size() == count

    def counted(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"plantroom_{name}", labels) or 0.0


@pytest.fixture
def running(broker: Mosquitto) -> Iterator[Running]:
    made = Running(broker.port)
    made.connected()
    yield made
    made.store.away = False
    made.collector.stop()


@pytest.fixture
def publisher(broker: Mosquitto) -> Iterator[Publisher]:
    made = Publisher(broker.port)
    yield made
    made.close()


def flow(number: int) -> bytes:
    return encode_equipment(START + number, {"flow": number % 200})


def send(publisher: Publisher, numbers: range) -> None:
    """Publish a reading for each number, and wait until the broker has taken all of them."""
    before = publisher.acknowledged
    for number in numbers:
        publisher.publish(PUMP, flow(number))
    publisher.wait(before + len(numbers))


class TestDelivery:
    def test_5000_messages_are_each_stored_once(self, running: Running, publisher: Publisher) -> None:
        send(publisher, range(5_000))
        running.holds(5_000)
        until(lambda: sum(map(len, running.handed.batches)) == 5_000, what="the handing on")
        # counted after it is stored: a moment later under load
        until(lambda: running.counted("readings_total", outcome="new") == 5_000, what="the count")
        assert running.counted("messages_total", outcome="taken") == 5_000
        assert running.counted("messages_total", outcome="redelivered") == 0
        assert running.collector.stop()
        running.start()
        running.connected()
        send(publisher, range(5_000, 5_001))
        running.holds(5_001)
        # an acknowledgement on its way when the connection ended may bring its message again: to no effect
        until(lambda: running.counted("readings_total", outcome="new") == 1, what="the count")
        assert running.counted("readings_total", outcome="replaced") == 0

    def test_batches_bad_messages_and_qos_0(self, running: Running, publisher: Publisher) -> None:
        publisher.publish(
            PUMP, encode_batch([START, START + 1], {"flow": [1.0, 2.0], "running": [True, False]})
        )
        publisher.publish(PUMP, b'{"values":')
        publisher.publish("plantroom/v1/hq/pump-99", b'{"values": {"flow": 1}}')
        publisher.publish("plantroom/v1/hq", b"1")
        publisher.publish(PUMP, b"x" * 300_000)
        publisher.publish(f"{PUMP}/starts", b"4", qos=0)
        running.holds(5)
        until(lambda: len(running.quarantine.kept) == 4, what="the quarantine")
        assert sorted((item.reason, len(item.head), item.size) for item in running.quarantine.kept) == [
            ("json", 10, 10),
            ("size", 2048, 300_000),
            ("topic", 1, 1),
            ("unknown_equipment", 23, 23),
        ]
        until(lambda: running.health.unguaranteed_sites == ("hq",), what="the site without guarantee")

    @pytest.mark.parametrize("protocol", ["5", "3.1.1"])
    def test_what_is_sent_while_the_collector_is_away_arrives(
        self, broker: Mosquitto, publisher: Publisher, protocol: str
    ) -> None:
        running = Running(broker.port, protocol=protocol)
        running.connected()
        send(publisher, range(100))
        running.holds(100)
        assert running.collector.stop()
        send(publisher, range(100, 1_500))
        running.start()
        running.holds(1_500)
        assert running.collector.stop()

    @pytest.mark.parametrize("protocol", ["5", "3.1.1"])
    def test_a_retained_reading_is_not_taken_for_fresh(
        self, broker: Mosquitto, publisher: Publisher, protocol: str
    ) -> None:
        publisher.publish(PUMP, flow(1), retain=True)
        publisher.publish("plantroom/v1/hq/$status/gw-1", b"online", retain=True)
        publisher.wait(2)
        running = Running(broker.port, protocol=protocol)
        running.connected()
        for _ in range(2):
            until(lambda: len(running.collector.gateways()) == 1, what="the gateway")
            (gateway,) = running.collector.gateways()
            assert (gateway.site, gateway.gateway, gateway.online) == ("hq", "gw-1", True)
            running.collector.stop()
            running.start()  # with the session there, the status is wanted again and the reading is not
            running.connected()
        send(publisher, range(2, 3))
        running.holds(1)
        running.collector.stop()


class TestBroker:
    def test_absent_at_the_start(self, tmp_path: Path) -> None:
        broker = Mosquitto(tmp_path)
        running = Running(broker.port)
        until(lambda: running.health.error is not None, what="an error")
        assert "no connection to the broker" in str(running.health.error)
        assert running.health.threads_alive
        broker.start()
        running.connected()
        assert running.health.error is None
        assert running.collector.stop()
        broker.stop()

    def test_restarted(self, broker: Mosquitto, running: Running) -> None:
        first = Publisher(broker.port)
        send(first, range(500))
        first.close()
        broker.stop()
        until(lambda: not running.health.connected, what="the loss of the connection")
        broker.start()
        running.connected()
        second = Publisher(broker.port)
        send(second, range(500, 1_000))
        second.close()
        running.holds(1_000)
        assert running.counted("mqtt_connects_total") == 2

    def test_two_collectors_of_one_client_id_are_told(self, broker: Mosquitto, running: Running) -> None:
        other = Running(broker.port)
        until(
            lambda: running.health.warning is not None and other.health.warning is not None,
            seconds=60,
            what="the warning",
        )
        # Mosquitto 2.0.11 closes the older connection without the reason that MQTT 5 has for it
        assert "take over our session" in str(running.health.warning).replace("takes", "take")
        assert "'under-test'" in str(running.health.warning)
        other.collector.stop()

    def test_password(self, tmp_path: Path) -> None:
        passwords = tmp_path / "passwords"
        tool = shutil.which("mosquitto_passwd")
        assert tool is not None
        subprocess.run([tool, "-b", "-c", passwords, "collector", "sesame"], check=True, capture_output=True)
        broker = Mosquitto(tmp_path, f"password_file {passwords}\nper_listener_settings false")
        broker.folder.joinpath("mosquitto.conf").write_text(
            broker.folder.joinpath("mosquitto.conf")
            .read_text()
            .replace("allow_anonymous true", "allow_anonymous false")
        )
        broker.start()
        wrong = Running(broker.port, username="collector", password=SecretStr("wrong"), client_id="a")
        right = Running(broker.port, username="collector", password=SecretStr("sesame"), client_id="b")
        right.connected()
        until(lambda: wrong.health.error is not None, what="the refusal")
        assert "Not authorized" in str(wrong.health.error)
        assert "wrong" not in str(wrong.health.error)
        assert wrong.collector.stop()
        assert right.collector.stop()
        broker.stop()


class TestStoreAway:
    def test_reading_stops_memory_stays_bounded_and_everything_arrives(
        self, running: Running, publisher: Publisher
    ) -> None:
        running.restart_with(max_waiting_messages=200, batch_readings=100)
        running.store.away = True
        send(publisher, range(5_000))
        until(lambda: running.health.paused, what="the pause")
        assert running.health.waiting_messages <= 200
        assert "the store is away" in str(running.health.error)
        assert running.store.size() == 0
        running.store.away = False
        running.holds(5_000)
        assert running.health.error is None
        until(
            lambda: not running.health.paused, what="reading to go on"
        )  # its thread is told after the write
        assert running.counted("mqtt_connects_total") == 1
        assert running.counted("mqtt_bulk_messages_total") == 5_000

    def test_a_slow_store(self, running: Running, publisher: Publisher) -> None:
        running.restart_with(max_waiting_messages=300, batch_readings=100)
        running.store.delay_s = 0.02
        most = 0
        before = publisher.acknowledged
        for number in range(3_000):
            publisher.publish(PUMP, flow(number))
            most = max(most, running.health.waiting_messages)
        publisher.wait(before + 3_000)
        running.holds(3_000)
        assert 0 < most <= 300

    @pytest.mark.slow
    def test_a_pause_longer_than_the_keepalive_keeps_the_connection(
        self, broker: Mosquitto, publisher: Publisher
    ) -> None:
        running = Running(broker.port, keepalive_s=5)
        running.connected()
        running.restart_with(max_waiting_messages=100)
        running.store.away = True
        send(publisher, range(3_000))
        until(lambda: running.health.paused, what="the pause")
        paused_at = system_clock()
        until(lambda: system_clock() - paused_at > 12 * 10**9, what="twelve seconds")
        assert running.health.connected
        assert running.health.waiting_messages <= 100
        running.store.away = False
        running.holds(3_000)
        assert running.counted("mqtt_connects_total") == 1
        assert running.counted("messages_total", outcome="redelivered") == 0
        assert "exceeded timeout" not in broker.log()
        assert running.collector.stop()

    def test_stopping_meanwhile_loses_nothing(self, running: Running, publisher: Publisher) -> None:
        running.store.away = True
        send(publisher, range(300))
        until(lambda: running.health.waiting_messages > 0, what="messages that wait")
        assert not running.collector.stop(timeout=2)
        assert running.store.size() == 0
        running.store.away = False
        running.start()
        running.holds(300)


class TestOldAcknowledgements:
    def test_they_do_not_acknowledge_messages_of_a_new_session(
        self, broker: Mosquitto, running: Running, publisher: Publisher
    ) -> None:
        """Late acknowledgements of a lost session carry message ids that the new session uses again."""
        running.store.away = True
        send(publisher, range(50))
        until(lambda: running.health.waiting_messages == 50, what="messages that wait")
        forget_session(broker.port, "under-test")
        until(lambda: running.counted("mqtt_connects_total") == 2, what="the new session")
        running.connected()
        send(publisher, range(1_000, 1_050))
        until(lambda: running.health.waiting_messages == 100, what="the new messages")
        # the first batch, of the old session, is written; the next one is not
        running.handed.calls = 0
        running.store.away = False
        running.store.after_next_batch_away = True
        until(lambda: running.handed.calls > 0, what="the first batch")
        until(lambda: running.store.away, what="the store to be away again")
        written = running.store.size()
        assert 0 < written < 100
        running.collector.stop(timeout=2)
        running.store.away = False
        running.start()
        until(lambda: running.health.connected, what="the connection")
        until(
            lambda: {START + n for n in range(1_000, 1_050)} <= running.store.times(), what="the new readings"
        )


def forget_session(port: int, client_id: str) -> None:
    """Make the broker forget the session of a client id."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5)
    client.connect("127.0.0.1", port, clean_start=True)
    client.loop_start()
    until(client.is_connected, what="the other client")
    client.disconnect()
    client.loop_stop()


class TestTls:
    def test_the_brokers_certificate_is_checked(self, tmp_path: Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("needs openssl to make certificates: apt-get install openssl")
        ca, certificate, key = make_certificates(tmp_path)
        stranger = tmp_path / "other"
        stranger.mkdir()
        other_ca, _, _ = make_certificates(stranger)
        broker = Mosquitto(tmp_path, f"cafile {ca}\ncertfile {certificate}\nkeyfile {key}")
        broker.start()
        right = Running(broker.port, host="localhost", tls=True, ca_file=ca, client_id="a")
        wrong = Running(broker.port, host="localhost", tls=True, ca_file=other_ca, client_id="b")
        right.connected()
        until(lambda: wrong.health.error is not None, what="the refusal")
        assert "certificate verify failed" in str(wrong.health.error)
        assert right.collector.stop()
        assert wrong.collector.stop()
        broker.stop()


def make_certificates(folder: Path) -> tuple[Path, Path, Path]:
    """(CA, server certificate, server key) for localhost."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    subject = ("-subj", f"/CN={folder.name}")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", *subject)
    openssl(
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "key.pem",
        "-out",
        "r.pem",
        "-subj",
        "/CN=localhost",
    )
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    by_ca = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    openssl("x509", "-req", "-in", "r.pem", *by_ca, "-out", "cert.pem")
    return folder / "ca.pem", folder / "cert.pem", folder / "key.pem"

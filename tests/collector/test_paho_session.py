"""What can be told of the paho session without a broker; with one it is `test_collector_e2e.py`."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from collector.paho_session import PAHO, PahoSession, tls_context
from collector.session import Published
from plantroom.errors import SettingsError
from plantroom.settings import MqttSettings


class Told:
    """Remembers what a session tells."""

    def __init__(self) -> None:
        self.log: list[tuple[object, ...]] = []

    def connected(self, keepalive_s: int | None) -> None:
        self.log.append(("connected", keepalive_s))

    def disconnected(self, reason: str, *, taken_over: bool) -> None:
        self.log.append(("disconnected", reason, taken_over))

    def subscribed(self, refused: Sequence[str]) -> None:
        self.log.append(("subscribed", tuple(refused)))

    def received(
        self, topic: str | None, payload: bytes, *, qos: int, retain: bool, dup: bool, mid: int
    ) -> None:
        self.log.append(("received", topic, payload, qos, retain, dup, mid))

    def received_many(self, messages: Sequence[Published]) -> None:
        for topic, payload, head, mid in messages:
            self.received(
                topic, payload, qos=head >> 1 & 3, retain=bool(head & 1), dup=bool(head & 8), mid=mid
            )


class Wire:
    """A session and the broker's end of its connection, on which the test speaks MQTT 5 byte by byte."""

    def __init__(self, paho: str = PAHO) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.told = Told()
        self.session = PahoSession(
            MqttSettings(port=self.listener.getsockname()[1], client_id="c", receive_maximum=77),
            paho=paho,
        )
        self.session.listen(self.told)
        self.session.open()
        self.broker, _ = self.listener.accept()
        self.connect_packet = self.broker.recv(4096)

    def say(self, *packets: bytes) -> None:
        for packet in packets:
            self.broker.sendall(packet)
            sock = self.session.socket()
            assert isinstance(sock, socket.socket)
            sock.setblocking(True)  # what was sent is there when read() returns
            self.session.read(1)
            if self.session.socket() is not None:
                sock.setblocking(False)

    def heard(self, packets: int) -> bytes:
        """The next packets, each shorter than 128 bytes."""
        got = b""
        for _ in range(packets):
            head = self.broker.recv(2, socket.MSG_WAITALL)
            got += head + self.broker.recv(head[1], socket.MSG_WAITALL)
        return got

    def close(self) -> None:
        self.session.drop()
        self.broker.close()
        self.listener.close()


CONNACK = b"\x20\x03\x00\x00\x00"


def publish(topic: bytes, payload: bytes, mid: int, flags: int = 2) -> bytes:
    body = struct.pack("!H", len(topic)) + topic + (struct.pack("!H", mid) if flags & 6 else b"") + b"\0"
    return bytes([0x30 | flags, len(body) + len(payload)]) + body + payload


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.close()


class TestConnect:
    def test_keeps_the_session_and_bounds_the_window(self, wire: Wire) -> None:
        flags = wire.connect_packet[9]
        assert flags & 0x02 == 0, "clean start"
        properties = wire.connect_packet[12:]
        assert b"\x11" + struct.pack("!I", 7 * 86_400) in properties
        assert b"\x21" + struct.pack("!H", 77) in properties

    def test_accepted(self, wire: Wire) -> None:
        wire.say(CONNACK)
        assert wire.told.log == [("connected", None)]

    def test_the_brokers_keepalive(self, wire: Wire) -> None:
        wire.say(b"\x20\x06\x00\x00\x03\x13\x00\x0a")
        assert wire.told.log == [("connected", 10)]

    def test_refused(self, wire: Wire) -> None:
        wire.say(b"\x20\x03\x00\x87\x00")
        assert wire.told.log == [("disconnected", "the broker refused the connection: Not authorized", False)]
        assert wire.session.socket() is None

    def test_garbage_ends_the_connection(self, wire: Wire) -> None:
        wire.say(CONNACK, b"\xff\xff\xff\xff\xff\xff")
        assert wire.told.log[1:] == [("disconnected", "the connection to the broker was lost", False)]


class TestConnected:
    def test_subscribes_for_what_is_retained_only_once_but_always_for_the_status(self, wire: Wire) -> None:
        wire.say(CONNACK)
        wire.session.subscribe()
        wire.session.write()
        sent = wire.heard(2)
        assert b"plantroom/v1/#" + bytes([1 | 1 << 4]) in sent
        assert b"plantroom/v1/+/$status/+" + bytes([1]) in sent
        mid = sent[2:4]
        wire.say(b"\x90\x04" + mid + b"\x00\x01")
        assert wire.told.log[-1] == ("subscribed", ())

    def test_a_refused_subscription(self, wire: Wire) -> None:
        wire.say(CONNACK)
        wire.session.subscribe()
        wire.session.write()
        mid = wire.broker.recv(4096)[2:4]
        wire.say(b"\x90\x04" + mid + b"\x00\x87")
        assert wire.told.log[-1] == ("subscribed", ("Not authorized",))

    def test_messages(self, wire: Wire) -> None:
        wire.say(CONNACK, publish(b"a/b", b"31.2", 7), publish(b"a\xff", b"", 8), publish(b"a", b"x", 0, 1))
        assert wire.told.log[1:] == [
            ("received", "a/b", b"31.2", 1, False, False, 7),
            ("received", None, b"", 1, False, False, 8),
            ("received", "a", b"x", 0, True, False, 0),
        ]

    def test_nothing_is_acknowledged_but_what_we_say(self, wire: Wire) -> None:
        wire.say(CONNACK, publish(b"a/b", b"1", 7), publish(b"a/b", b"2", 8))
        wire.session.acknowledge([8])
        wire.session.write()
        assert wire.broker.recv(4096) == b"\x40\x02\x00\x08"

    def test_several_packets_at_once_and_one_in_pieces(self, wire: Wire) -> None:
        wire.say(CONNACK)
        packets = b"".join(publish(b"a/b", bytes([48 + mid]), mid) for mid in range(1, 5))
        wire.say(packets[:-3])
        assert [item[-1] for item in wire.told.log[1:]] == [1]
        assert wire.session.pending()  # the socket shows nothing any more
        for _ in range(5):
            wire.session.read(1)
        assert [item[-1] for item in wire.told.log[1:]] == [1, 2, 3]
        assert not wire.session.pending()
        wire.say(packets[-3:])
        assert [item[-1] for item in wire.told.log[1:]] == [1, 2, 3, 4]

    def test_what_was_read_ahead_ends_with_its_connection(self, wire: Wire) -> None:
        wire.say(CONNACK)
        wire.say(publish(b"a/b", b"1", 1) * 3)
        assert wire.session.pending()
        wire.session.drop()
        assert not wire.session.pending()
        wire.session.open()
        wire.broker.close()
        wire.broker, _ = wire.listener.accept()
        wire.broker.recv(4096)
        wire.say(CONNACK)
        assert [item[0] for item in wire.told.log] == ["connected", "received", "disconnected", "connected"]

    def test_ping(self, wire: Wire) -> None:
        wire.say(CONNACK)
        wire.session.ping()
        assert wire.broker.recv(4096) == b"\xc0\x00"
        wire.say(b"\xd0\x00")
        assert len(wire.told.log) == 1

    def test_taken_over(self, wire: Wire) -> None:
        wire.say(CONNACK, b"\xe0\x02\x8e\x00")
        assert wire.told.log[1:] == [
            ("disconnected", "the broker ended the connection: Session taken over", True)
        ]

    def test_drop(self, wire: Wire) -> None:
        wire.say(CONNACK)
        wire.broker.sendall(publish(b"a", b"1", 1))  # unread data must not keep the end from being noticed
        wire.session.drop()
        assert wire.session.socket() is None
        assert wire.told.log[1:] == [("disconnected", "the connection to the broker was lost", False)]

    def test_close_says_goodbye(self, wire: Wire) -> None:
        wire.say(CONNACK)
        wire.session.close()
        assert wire.broker.recv(4096)[0] == 0xE0
        assert wire.session.socket() is None


class TestAPahoThatIsNotKnown:
    def test_reads_and_acknowledges_one_by_one_and_says_so(self) -> None:
        wire = Wire(paho="9.0.0")
        wire.say(CONNACK, publish(b"a/b", b"1", 7) + publish(b"a/b", b"2", 8))
        assert wire.told.log[1:] == [("received", "a/b", b"1", 1, False, False, 7)]
        wire.session.read(100)
        assert wire.told.log[2:] == [("received", "a/b", b"2", 1, False, False, 8)]
        wire.session.acknowledge([8, 7])
        assert wire.heard(2) == b"\x40\x02\x00\x08\x40\x02\x00\x07"
        assert not wire.session.pending()
        assert "paho-mqtt 9.0.0 is not a version" in str(wire.session.remark())
        wire.close()

    def test_one_that_is_known_has_nothing_to_remark(self, wire: Wire) -> None:
        assert wire.session.remark() is None


class TestTlsContext:
    def test_is_strict(self) -> None:
        context = tls_context(MqttSettings(tls=True))
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname

    def test_a_ca_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match=r"mqtt\.ca_file: .*none.pem"):
            PahoSession(MqttSettings(tls=True, ca_file=tmp_path / "none.pem"))

    def test_a_ca_file_that_is_none(self, tmp_path: Path) -> None:
        file = tmp_path / "ca.pem"
        file.write_text("hello")
        with pytest.raises(SettingsError, match=r"mqtt\.ca_file"):
            tls_context(MqttSettings(tls=True, ca_file=file))

    def test_a_certificate_that_cannot_be_used(self, tmp_path: Path) -> None:
        file = tmp_path / "cert.pem"
        file.write_text("hello")
        with pytest.raises(SettingsError, match=r"mqtt\.cert_file, mqtt\.key_file: .*cert.pem"):
            tls_context(MqttSettings(tls=True, cert_file=file))

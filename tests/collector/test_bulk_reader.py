"""The bulk reader against paho's own: the same messages, answers and ends, wherever the stream is cut."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from collector.bulk_reader import BLOCK_BYTES, TESTED, BulkClient, is_tested, take
from collector.session import Published

EXAMPLES = int(os.environ.get("PLANTROOM_TESTS_EXAMPLES", "300"))
V5, V311 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311


class Wire:
    """A socket on which the test decides what has come, and how much goes out at a time."""

    def __init__(self) -> None:
        self.coming = b""
        self.ended = False
        self.error: OSError | None = None
        self.sent = b""
        self.takes = 10**9
        self.dry = False

    def recv(self, count: int) -> bytes:
        if self.error is not None:
            failure, self.error, self.ended = self.error, None, True
            raise failure
        if not self.coming and not self.ended:
            self.dry = True
            raise BlockingIOError
        data, self.coming = self.coming[:count], self.coming[count:]
        return data

    def send(self, data: bytes) -> int:
        if not self.takes:
            raise BlockingIOError
        taken = data[: self.takes]
        self.takes -= len(taken)
        self.sent += taken
        return len(taken)

    def close(self) -> None:
        """Nothing to release."""


class Reading:
    """A client of either kind on a wire of its own, and everything that it told."""

    def __init__(self, kind: type[Client], protocol: MQTTProtocolVersion, most: int = 1_000) -> None:
        self.client = kind(CallbackAPIVersion.VERSION2, protocol=protocol, manual_ack=True)
        self.most = most
        self.log: list[object] = []
        self.wire = Wire()
        self.client._sock = self.wire  # type: ignore[assignment]
        self.client.on_message = self._message
        self.client.on_connect = partial(self._told, "connect")
        self.client.on_subscribe = partial(self._told, "subscribe")
        self.client.on_disconnect = partial(self._told, "disconnect")
        if isinstance(self.client, BulkClient):
            self.client.on_published = self._published

    def _message(self, _client: object, _data: object, message: MQTTMessage) -> None:
        try:
            topic: str | None = message.topic
        except UnicodeDecodeError:
            topic = None
        flags = (message.qos, message.retain, message.dup)
        self.log.append((topic, bytes(message.payload), *flags, message.mid))

    def _published(self, messages: Sequence[Published]) -> None:
        assert len(messages) <= self.most
        for topic, payload, head, mid in messages:
            assert type(payload) is bytes
            self.log.append((topic, payload, head >> 1 & 3, head & 1 != 0, head & 8 != 0, mid))

    def _told(self, what: str, *arguments: object) -> None:
        self.log.append((what, *map(str, arguments[2:])))

    def take(self, pieces: Iterable[bytes]) -> None:
        """Read the pieces, each as far as it goes."""
        for piece in pieces:
            self.wire.coming += piece
            self.settle()

    def settle(self) -> None:
        """Read until the wire is dry, or the connection has ended."""
        self.wire.dry = False
        for _ in range(100_000):
            if self.client.socket() is None or (self.wire.dry and not self._has_more()):
                return
            try:
                self.client.read(self.most) if isinstance(
                    self.client, BulkClient
                ) else self.client.loop_read()
            except Exception as failure:  # noqa: BLE001 -- an error of paho's own: the subscriber drops the connection
                self.log.append((type(failure).__name__, str(failure)))
                self.client._sock = None
        raise AssertionError("reads for ever")

    def _has_more(self) -> bool:
        return isinstance(self.client, BulkClient) and self.client.has_more


def compare(pieces: Sequence[bytes], protocol: MQTTProtocolVersion, most: int = 1_000) -> Reading:
    """The bulk reader's reading, which is the same as paho's."""
    plain, bulk = Reading(Client, protocol), Reading(BulkClient, protocol, most)
    for reading in (plain, bulk):
        reading.take(pieces)
    assert bulk.log == plain.log
    assert bulk.wire.sent == plain.wire.sent
    assert (bulk.client.socket() is None) == (plain.client.socket() is None)
    for reading in (plain, bulk):
        reading.wire.ended = True
        reading.settle()
    assert bulk.log == plain.log
    assert bulk.client.socket() is plain.client.socket() is None
    return bulk


def variable(number: int) -> bytes:
    """A number as MQTT writes lengths."""
    found = b""
    while True:
        number, digit = divmod(number, 128)
        found += bytes([digit | (0x80 if number else 0)])
        if not number:
            return found


def packet(head: int, body: bytes) -> bytes:
    return bytes([head]) + variable(len(body)) + body


def publish(
    topic: bytes,
    payload: bytes,
    *,
    v5: bool,
    qos: int = 1,
    mid: int = 7,
    flags: int = 0,
    properties: bytes = b"",
) -> bytes:
    body = struct.pack("!H", len(topic)) + topic + (struct.pack("!H", mid) if qos else b"")
    if v5:
        body += variable(len(properties)) + properties
    return packet(0x30 | qos << 1 | flags, body + payload)


def text(identifier: int, value: bytes) -> bytes:
    return bytes([identifier]) + struct.pack("!H", len(value)) + value


PROPERTIES = [
    b"",
    b"\x01\x01",
    b"\x02\x00\x00\x0e\x10",
    text(3, b"application/json"),
    text(8, b"answer/to") + text(9, b"\x00\x01"),
    b"\x0b\x05\x0b\x80\x01",
    b"\x23\x00\x05",
    b"\x26\x00\x01a\x00\x02bc" * 2,
    text(3, "größe".encode()),
    b"\x26" + struct.pack("!H", 60) + b"k" * 60 + struct.pack("!H", 90) + b"v" * 90,
    # wrong ones: unknown, twice, of another packet, not 0 or 1, zero alias, cut off, not UTF-8, with a null
    b"\x7f\x00",
    b"\x01\x01\x01\x01",
    b"\x21\x00\x05",
    b"\x01\x02",
    b"\x23\x00\x00",
    b"\x02\x00",
    text(3, b"\xff"),
    text(3, b"\x00"),
    b"\x03\x00\x09abc",
]
TOPICS = [
    b"plantroom/v1/hq/pump-01",
    b"a",
    b"",
    b"a\xff",
    "größe/温度".encode(),
    b"t" * 300,
    b"a/\x00b",
    b"\xed\xa0\x80",
]
OTHERS = [b"\xd0\x00", b"\xc0\x00", b"\x90\x04\x00\x01\x00\x01", b"\x20\x03\x00\x00\x00", b"\x20\x02\x00\x00"]
SPOILT = [
    b"\x30\x00",
    b"\x32\x01\x00",
    b"\x30\x02\x00\x05",
    b"\x32\x03\x00\x01a",
    b"\x32\x05\x00\x01a\x00\x07",
    b"\x30\x03\x00\x01a",
    b"\x36\x06\x00\x01a\x00\x07\x00",
    b"\x32\x86\x00\x00\x01a\x00\x07\x00",
    b"\x32\x86\x80\x00\x00\x01a\x00\x07\x00",
    b"\x32\x86\x80\x80\x00\x00\x01a\x00\x07\x00",
    b"\x30\xff\xff\xff\xff\x01",
    b"\xf0\x00",
    b"\x00\x00",
    b"\xe0\x02\x8e\x00",
    b"\xe0\x00",
    b"\x34\x07\x00\x01a\x00\x07\x00x\x62\x02\x00\x07",
]
SIZES = st.one_of(st.integers(0, 300), st.sampled_from([10_000, 16_383, 16_384, 70_000]))


@st.composite
def packets(draw: st.DrawFn, *, v5: bool) -> bytes:
    """A packet: mostly regular messages, of every shape."""
    which = draw(st.integers(0, 19))
    if which == 0:
        return draw(st.sampled_from(OTHERS))
    if which == 1:
        return draw(st.sampled_from(SPOILT))
    if which == 2:
        return draw(st.binary(max_size=12))
    regular = which > 5
    return publish(
        draw(st.sampled_from(TOPICS[:2] if regular else TOPICS)),
        draw(st.binary(min_size=1, max_size=3)) * draw(SIZES if which == 3 else st.integers(0, 40)),
        v5=v5,
        qos=draw(st.sampled_from([0, 1, 1] if which != 4 else [2, 3])),
        mid=draw(st.integers(0, 65_535)),
        flags=draw(st.sampled_from([0, 0, 1, 8, 9])),
        properties=draw(st.sampled_from(PROPERTIES[:8] if regular else PROPERTIES)),
    )


@st.composite
def streams(draw: st.DrawFn, *, v5: bool) -> tuple[list[bytes], int]:
    """Packets one after the other, perhaps with a byte changed, in pieces, and how many to take at once."""
    stream = b"".join(draw(st.lists(packets(v5=v5), min_size=1, max_size=12)))
    if stream and draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(stream) - 1))
        stream = stream[:at] + bytes([draw(st.integers(0, 255))]) + stream[at + draw(st.integers(0, 2)) :]
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    bounds = [0, *cuts, len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(bounds)]
    return pieces, draw(st.sampled_from([1, 2, 5, 1_000]))


class TestTheSameAsPaho:
    @given(streams(v5=True))
    @settings(max_examples=EXAMPLES, deadline=None)
    def test_mqtt_5(self, given_stream: tuple[list[bytes], int]) -> None:
        compare(given_stream[0], V5, given_stream[1])

    @given(streams(v5=False))
    @settings(max_examples=EXAMPLES, deadline=None)
    def test_mqtt_311(self, given_stream: tuple[list[bytes], int]) -> None:
        compare(given_stream[0], V311, given_stream[1])

    @pytest.mark.parametrize("v5", [True, False])
    def test_cut_at_every_byte(self, v5: bool) -> None:
        stream = b"".join(
            [
                publish(b"a/b", b"1", v5=v5),
                publish(b"a/b", b"x" * 130, v5=v5, qos=0, flags=1),
                b"\xd0\x00",
                publish(b"a/b", b"2", v5=v5, mid=300, flags=8, properties=PROPERTIES[3]),
                publish(b"a/b", b"", v5=v5, mid=301),
                publish(b"a\xff", b"3", v5=v5, mid=302),
                publish(b"a", b"4", v5=v5, mid=303),
            ]
        )
        for at in range(len(stream) + 1):
            assert len(compare([stream[:at], stream[at:]], V5 if v5 else V311).log) == 7
        compare([bytes([byte]) for byte in stream], V5 if v5 else V311)

    @pytest.mark.parametrize("v5", [True, False])
    @pytest.mark.parametrize("spoilt", SPOILT)
    def test_what_is_wrong_ends_it_at_the_same_place(self, spoilt: bytes, v5: bool) -> None:
        good = publish(b"a/b", b"1", v5=v5)
        for stream in ([good + spoilt + good * 3], [good, spoilt, good * 3], [spoilt]):
            compare(stream, V5 if v5 else V311)

    @pytest.mark.parametrize("properties", PROPERTIES)
    def test_properties(self, properties: bytes) -> None:
        stream = publish(b"a", b"1", v5=True, properties=properties) + publish(b"b", b"2", v5=True)
        compare([stream], V5)
        compare([stream[:-1], stream[-1:]], V5)

    def test_a_packet_larger_than_a_block(self) -> None:
        large = publish(b"a", b"x" * (3 * BLOCK_BYTES), v5=True)
        stream = publish(b"a", b"1", v5=True) + large + publish(b"a", b"2", v5=True)
        for size in (1_000, BLOCK_BYTES, len(stream)):
            pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
            assert [len(item[1]) for item in compare(pieces, V5).log[:3]] == [1, 3 * BLOCK_BYTES, 1]  # type: ignore[index]

    def test_an_error_of_the_socket(self) -> None:
        plain, bulk = Reading(Client, V5), Reading(BulkClient, V5)
        for reading in (plain, bulk):
            reading.take([publish(b"a", b"1", v5=True), publish(b"a", b"2", v5=True)[:-1]])
            reading.wire.error = ConnectionResetError()
            reading.settle()
        assert bulk.log == plain.log
        assert len(bulk.log) == 2
        assert bulk.client.socket() is None


class TestBulk:
    def test_regular_messages_do_not_go_through_paho(self) -> None:
        reading = Reading(BulkClient, V5)
        reading.client.on_message = None
        reading.take([b"".join(publish(b"a", b"1", v5=True, properties=item) for item in PROPERTIES[:9])])
        assert len(reading.log) == 9

    def test_a_message_whose_rest_has_yet_to_come_is_not_asked_for_again(self) -> None:
        reading = Reading(BulkClient, V5)
        assert isinstance(reading.client, BulkClient)
        reading.take([publish(b"a", b"1", v5=True) + publish(b"a", b"2", v5=True)[:-1]])
        assert not reading.client.has_more
        assert not reading.client._in_packet["command"]

    def test_as_many_as_asked_for(self) -> None:
        found: list[Published] = []
        block = publish(b"a", b"1", v5=True) * 5
        at, is_cut = take(block, 0, 3, found, is_v5=True)
        assert (len(found), at, is_cut) == (3, 3 * len(block) // 5, False)


class TestAcknowledgements:
    def test_are_those_of_paho_in_one_write(self) -> None:
        mids = [1, 300, 65_535, 2]
        plain, bulk = Reading(Client, V5), Reading(BulkClient, V5)
        for mid in mids:
            plain.client.ack(mid, 1)
        assert isinstance(bulk.client, BulkClient)
        bulk.client.acknowledge(mids)
        assert bulk.wire.sent == plain.wire.sent == b"".join(b"\x40\x02" + struct.pack("!H", m) for m in mids)

    def test_a_socket_that_takes_little_gets_all_of_them_in_the_end(self) -> None:
        reading = Reading(BulkClient, V5)
        assert isinstance(reading.client, BulkClient)
        wanted = b"".join(b"\x40\x02" + struct.pack("!H", mid) for mid in range(1, 11))
        reading.wire.takes = 7
        reading.client.acknowledge(range(1, 11))
        assert reading.client.want_write()
        for _ in range(len(wanted)):
            reading.wire.takes = 1
            reading.client.loop_write()
        assert reading.wire.sent == wanted
        assert not reading.client.want_write()

    def test_none_without_a_connection(self) -> None:
        reading = Reading(BulkClient, V5)
        assert isinstance(reading.client, BulkClient)
        reading.client._sock = None
        reading.client.acknowledge([1])
        assert not reading.client.want_write()


class TestVersions:
    def test_the_paho_that_is_pinned_was_compared(self) -> None:
        lines = (Path(__file__).parents[2] / "constraints.txt").read_text().splitlines()
        (pinned,) = [line.partition("==")[2] for line in lines if line.startswith("paho-mqtt==")]
        assert pinned in TESTED
        assert is_tested(pinned)

    def test_another_is_not(self) -> None:
        assert not is_tested("2.9.9")

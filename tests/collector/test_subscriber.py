"""The session's thread, one turn at a time, over a session whose broker is the test."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest

from collector.inbox import Inbox, Received
from collector.session import SessionEvents, Socket
from collector.subscriber import (
    ANSWER_S,
    FIRST_RETRY_S,
    LONGEST_RETRY_S,
    MOST_OUTGOING,
    SETTLED_S,
    Subscriber,
)
from plantroom.metrics import Metrics
from plantroom.settings import MqttSettings
from tests.collector.kit import NOW, PUMP


class FakeSession:
    """A session of which the test plays the broker: `deliver` makes the socket readable."""

    def __init__(self) -> None:
        self.events: SessionEvents
        self.opens = self.subscriptions = self.pings = self.drops = self.closes = self.writes = 0
        self.open_error: OSError | None = None
        self.accepts = True
        self.blocked = False
        self.remarks: str | None = None
        self.acknowledged: list[int] = []
        self.sent: list[tuple[str, bytes]] = []
        self._sock: socket.socket | None = None
        self._peer: socket.socket | None = None
        self._coming: deque[Callable[[], None]] = deque()

    def listen(self, events: SessionEvents) -> None:
        self.events = events

    def open(self) -> None:
        self.opens += 1
        if self.open_error is not None:
            raise self.open_error
        self._sock, self._peer = socket.socketpair()
        self._sock.setblocking(False)
        self._coming.clear()
        if self.accepts:
            self.deliver(lambda: self.events.connected(None))

    def deliver(self, what: Callable[[], None]) -> None:
        assert self._peer is not None
        self._coming.append(what)
        self._peer.send(b"p")

    def send(self, topic: str, payload: bytes) -> None:
        self.sent.append((topic, payload))

    def publish(self, mid: int, payload: bytes = b"1", topic: str | None = f"{PUMP}/flow") -> None:
        self.deliver(lambda: self.events.received(topic, payload, qos=1, retain=False, dup=False, mid=mid))

    def end(self, reason: str = "gone", *, taken_over: bool = False) -> None:
        def ended() -> None:
            self._let_go()
            self.events.disconnected(reason, taken_over=taken_over)

        self.deliver(ended)

    def _let_go(self) -> None:
        for sock in (self._sock, self._peer):
            if sock is not None:
                sock.close()
        self._sock = self._peer = None

    def socket(self) -> Socket | None:
        return self._sock

    def pending(self) -> bool:
        return False

    def read(self, most: int) -> None:
        assert most > 0
        assert self._sock is not None
        with suppress(BlockingIOError):
            self._sock.recv(1)
            self._coming.popleft()()

    def write(self) -> None:
        self.writes += 1
        self.blocked = False

    def wants_write(self) -> bool:
        return self.blocked

    def subscribe(self) -> None:
        self.subscriptions += 1
        self.deliver(lambda: self.events.subscribed([]))

    def acknowledge(self, mids: Sequence[int]) -> None:
        self.acknowledged.extend(mids)

    def remark(self) -> str | None:
        return self.remarks

    def ping(self) -> None:
        self.pings += 1

    def drop(self) -> None:
        self.drops += 1
        if self._sock is not None:
            self._let_go()
            self.events.disconnected("dropped", taken_over=False)

    def close(self) -> None:
        self.closes += 1
        self._let_go()


class Rig:
    def __init__(self, most_messages: int = 1_000) -> None:
        self.session, self.inbox, self.metrics = FakeSession(), Inbox(most_messages, 10**9), Metrics()
        self.time = 0.0
        self.subscriber = Subscriber(
            self.session,
            self.inbox,
            MqttSettings(keepalive_s=30, client_id="tester", receive_maximum=10),
            self.metrics,
            max_payload_bytes=4_000,
            clock=lambda: NOW,
            monotonic=lambda: self.time,
        )

    def turns(self, count: int = 1, seconds: float = 0.0) -> None:
        """`count` turns that do not wait, after `seconds` have passed."""
        self.time += seconds
        for _ in range(count):
            self.subscriber._watch.ring()
            self.subscriber._guarded_turn()

    def connect(self) -> None:
        self.turns(5)
        assert self.subscriber.state().connected

    def take(self, count: int) -> list[Received]:
        found: list[Received] = []
        while len(found) < count and (messages := self.inbox.get(0)):
            found += messages
        return found


@pytest.fixture
def rig() -> Rig:
    return Rig()


class TestConnecting:
    def test_connects_and_subscribes(self, rig: Rig) -> None:
        assert not rig.subscriber.state().connected
        rig.connect()
        assert (rig.session.opens, rig.session.subscriptions) == (1, 1)
        assert rig.subscriber.state().error is None
        assert rig.metrics.registry.get_sample_value("plantroom_mqtt_connected") == 1
        assert rig.metrics.registry.get_sample_value("plantroom_mqtt_connects_total") == 1

    def test_an_absent_broker_is_tried_again_less_and_less_often(self, rig: Rig) -> None:
        rig.session.open_error = ConnectionRefusedError(111, "Connection refused")
        delay = FIRST_RETRY_S
        for opens in range(1, 10):
            rig.turns(2)
            assert rig.session.opens == opens
            rig.turns(2, seconds=delay * 0.9)
            assert rig.session.opens == opens
            rig.time += delay * 0.11
            delay = min(2 * delay, LONGEST_RETRY_S)
        error = rig.subscriber.state().error
        assert "no connection to the broker at 127.0.0.1:1883" in str(error)
        assert "refused" in str(error)
        rig.session.open_error = None
        rig.turns(5, seconds=LONGEST_RETRY_S)
        assert rig.subscriber.state().connected

    def test_a_broker_that_does_not_answer_is_dropped(self, rig: Rig) -> None:
        rig.session.accepts = False
        rig.turns(2)
        rig.turns(1, seconds=ANSWER_S + 0.1)
        assert rig.session.drops == 1
        assert "nothing was heard from the broker" in str(rig.subscriber.state().error)
        assert 'set mqtt.protocol to "3.1.1"' in str(rig.subscriber.state().error)
        rig.session.accepts = True
        rig.turns(5, seconds=FIRST_RETRY_S)
        assert rig.subscriber.state().connected

    def test_a_refusal_is_told_in_the_brokers_words(self, rig: Rig) -> None:
        rig.session.accepts = False
        rig.turns(2)
        rig.session.end("the broker refused the connection: Not authorized")
        rig.turns(2)
        assert str(rig.subscriber.state().error).startswith("the broker refused the connection: Not author")
        rig.turns(2)
        assert rig.session.opens == 1
        rig.turns(2, seconds=FIRST_RETRY_S)
        assert rig.session.opens == 2

    def test_a_refused_subscription_is_told_and_asked_for_again(self, rig: Rig) -> None:
        rig.turns(3)
        rig.session.deliver(lambda: rig.session.events.subscribed(["Not authorized"]))
        rig.turns(3)
        state = rig.subscriber.state()
        assert not state.connected
        assert "refused the subscription to plantroom/v1/#: Not authorized" in str(state.error)
        assert rig.session.drops == 1
        rig.turns(5, seconds=FIRST_RETRY_S)
        assert rig.session.subscriptions == 2
        assert rig.subscriber.state().connected

    def test_an_unforeseen_failure_begins_a_new_connection(
        self, rig: Rig, caplog: pytest.LogCaptureFixture
    ) -> None:
        def broken() -> None:
            raise ZeroDivisionError

        rig.connect()
        rig.session.deliver(broken)
        rig.turns(2)
        assert "ZeroDivisionError" in str(rig.subscriber.state().error)
        assert "ZeroDivisionError" in caplog.text
        rig.turns(5, seconds=FIRST_RETRY_S)
        assert rig.subscriber.state().connected
        assert rig.session.opens == 2

    def test_a_connection_that_held_is_renewed_soon(self, rig: Rig) -> None:
        for _ in range(6):
            rig.connect()
            rig.time += 60
            rig.session.end()
            rig.turns(3)
            assert not rig.subscriber.state().connected
            rig.turns(1, seconds=FIRST_RETRY_S)
        assert rig.subscriber.state().warning is None

    def test_a_connection_taken_over_again_and_again_is_named(self, rig: Rig) -> None:
        for _ in range(3):
            rig.turns(5, seconds=LONGEST_RETRY_S)
            assert rig.subscriber.state().connected
            rig.session.end("Session taken over", taken_over=True)
            rig.turns(3)
        assert "'tester'" in str(rig.subscriber.state().warning)


class TestSettled:
    def test_only_a_connection_that_has_held_tells_that_nothing_waits(self, rig: Rig) -> None:
        assert not rig.subscriber.state().settled
        rig.connect()
        assert not rig.subscriber.state().settled
        rig.turns(1, seconds=SETTLED_S)
        assert rig.subscriber.state().settled
        rig.session.end()
        rig.turns(2)
        assert not rig.subscriber.state().settled


class TestMessages:
    def test_put_down_as_they_came(self, rig: Rig) -> None:
        rig.connect()
        rig.session.publish(7, b"31.2")
        rig.turns(2)
        (got,) = rig.take(1)
        assert got == Received(f"{PUMP}/flow", b"31.2", 4, NOW, qos=1, mid=7, epoch=1)

    def test_of_a_payload_over_the_limit_only_the_head(self, rig: Rig) -> None:
        rig.connect()
        rig.session.publish(7, b"x" * 4_001)
        rig.session.publish(8, b"x" * 4_000)
        rig.turns(3)
        over, under = rig.take(2)
        assert (len(over.payload), over.size) == (2048, 4_001)
        assert (len(under.payload), under.size) == (4_000, 4_000)

    def test_a_topic_that_is_not_utf8(self, rig: Rig) -> None:
        rig.connect()
        rig.session.publish(7, topic=None)
        rig.turns(2)
        assert rig.take(1)[0].topic == "(not UTF-8)"

    def test_those_read_in_bulk_are_the_same_and_a_nanosecond_apart(self, rig: Rig) -> None:
        rig.connect()
        messages = [(f"{PUMP}/flow", b"1", 0x32, 7), (PUMP, b"x" * 4_001, 0x39, 0), (PUMP, b"", 0x3A, 8)]
        rig.session.deliver(lambda: rig.session.events.received_many(messages))
        rig.turns(2)
        assert rig.take(3) == [
            Received(f"{PUMP}/flow", b"1", 1, NOW, qos=1, mid=7, epoch=1),
            Received(PUMP, b"x" * 2048, 4_001, NOW + 1, qos=0, retain=True, dup=True, epoch=1),
            Received(PUMP, b"", 0, NOW + 2, qos=1, dup=True, mid=8, epoch=1),
        ]
        assert rig.metrics.registry.get_sample_value("plantroom_mqtt_bulk_messages_total") == 3

    def test_a_session_that_works_otherwise_is_remarked_on(self, rig: Rig) -> None:
        assert rig.subscriber.state().warning is None
        rig.session.remarks = "one by one"
        assert rig.subscriber.state().warning == "one by one"


class TestAcknowledgements:
    def test_sent_in_the_order_received(self, rig: Rig) -> None:
        rig.connect()
        for mid in (3, 1, 2):
            rig.session.publish(mid)
        rig.turns(2)
        assert rig.session.acknowledged == []
        rig.subscriber.acknowledge(rig.take(3))
        rig.turns(1)
        assert rig.session.acknowledged == [3, 1, 2]

    def test_those_of_an_older_connection_are_dropped(self, rig: Rig) -> None:
        rig.connect()
        rig.session.publish(1)
        rig.session.publish(2)
        rig.turns(2)
        old = rig.take(2)
        rig.session.end()
        rig.turns(2)
        rig.turns(5, seconds=FIRST_RETRY_S)
        rig.session.publish(1)
        rig.turns(2)
        new = rig.take(1)
        rig.subscriber.acknowledge(old)
        rig.turns(1)
        assert rig.session.acknowledged == []
        rig.subscriber.acknowledge(new)
        rig.turns(1)
        assert rig.session.acknowledged == [1]

    def test_those_that_come_while_there_is_no_connection_are_dropped(self, rig: Rig) -> None:
        rig.connect()
        rig.session.publish(1)
        rig.turns(2)
        old = rig.take(1)
        rig.session.end()
        rig.turns(2)
        rig.subscriber.acknowledge(old)
        rig.turns(5, seconds=FIRST_RETRY_S)
        assert rig.subscriber.state().connected
        assert rig.session.acknowledged == []

    def test_qos_0_has_none(self, rig: Rig) -> None:
        rig.connect()
        rig.subscriber.acknowledge([Received("t", b"", 0, NOW, qos=0, mid=0, epoch=1)])
        rig.turns(1)
        assert rig.session.acknowledged == []

    def test_they_wait_for_a_broker_that_reads_slowly_and_reading_stops(self, rig: Rig) -> None:
        rig.connect()
        rig.session.blocked = True
        messages = [Received("t", b"", 0, NOW, mid=mid, epoch=1) for mid in range(30)]
        rig.subscriber.acknowledge(messages)
        rig.subscriber._send_receipts()
        rig.subscriber._decide_pause()
        assert rig.session.acknowledged == []
        assert rig.subscriber.state().paused
        rig.turns(3)
        assert len(rig.session.acknowledged) == 30
        assert not rig.subscriber.state().paused


class TestSending:
    def test_goes_out_while_connected(self, rig: Rig) -> None:
        rig.connect()
        rig.subscriber.send("a/b", b"1")
        rig.subscriber.send("a/c", b"2")
        rig.turns(1)
        assert rig.session.sent == [("a/b", b"1"), ("a/c", b"2")]

    def test_waits_for_a_broker_that_reads_slowly_and_does_not_grow(self, rig: Rig) -> None:
        rig.connect()
        rig.session.blocked = True
        for number in range(MOST_OUTGOING + 5):
            rig.subscriber.send(f"{number}", b"")
        rig.turns(1)
        assert rig.session.sent == []
        rig.session.blocked = False
        rig.turns(1)
        assert [topic for topic, _ in rig.session.sent] == [str(n) for n in range(5, MOST_OUTGOING + 5)]

    def test_what_waits_for_a_connection_is_dropped(self, rig: Rig) -> None:
        rig.subscriber.send("a/b", b"1")
        rig.connect()
        assert rig.session.sent == []


class TestBackPressure:
    def test_reading_stops_when_full_and_goes_on_when_half_empty(self) -> None:
        rig = Rig(most_messages=10)
        rig.connect()
        for mid in range(1, 41):
            rig.session.publish(mid)
        rig.turns(20)
        assert rig.inbox.waiting_messages == 10
        assert rig.subscriber.state().paused
        assert rig.metrics.registry.get_sample_value("plantroom_reading_paused") == 1
        got = rig.take(10)
        rig.inbox.release(got[:4])
        rig.turns(5)
        assert rig.inbox.waiting_messages == 6
        rig.inbox.release(got[4:])
        rig.turns(5)
        assert rig.inbox.waiting_messages == 10
        assert [item.mid for item in got + rig.take(10)] == list(range(1, 21))

    def test_while_paused_the_broker_is_told_that_we_live_and_silence_is_no_fault(self) -> None:
        rig = Rig(most_messages=2)
        rig.connect()
        for mid in range(1, 4):
            rig.session.publish(mid)
        rig.turns(3)
        assert rig.subscriber.state().paused
        for _ in range(40):
            rig.turns(1, seconds=15.0)
        assert rig.session.pings == 40
        assert rig.session.drops == 0
        rig.inbox.release(rig.take(2))
        rig.turns(3)
        assert rig.subscriber.state().connected
        assert not rig.subscriber.state().paused
        assert [item.mid for item in rig.take(1)] == [3]

    def test_a_new_connection_while_full_is_kept_and_read_later(self) -> None:
        rig = Rig(most_messages=2)
        rig.connect()
        for mid in (1, 2):
            rig.session.publish(mid)
        rig.turns(2)
        rig.session.end()
        rig.inbox.release(rig.take(2))
        rig.turns(3)
        for mid in (1, 2):  # they fill the inbox before the connection is there again
            rig.inbox.put([Received("t", b"", 0, NOW, mid=mid, epoch=1)])
        rig.subscriber._paused = True
        for _ in range(20):
            rig.turns(2, seconds=15.0)
        assert (rig.session.opens, rig.session.drops) == (2, 0)
        assert rig.session.pings > 10
        rig.inbox.release(rig.take(2))
        rig.turns(3)
        assert rig.subscriber.state().connected


class TestKeepalive:
    def test_silence_of_a_broker_that_is_read_ends_the_connection(self, rig: Rig) -> None:
        rig.connect()
        rig.turns(1, seconds=15.0)
        assert rig.session.pings == 1
        rig.turns(1, seconds=29.0)
        assert rig.session.drops == 0
        rig.turns(1, seconds=2.0)
        assert rig.session.drops == 1
        assert str(rig.subscriber.state().error) == "nothing was heard from the broker for 46 s"
        assert "nothing was heard" in str(rig.subscriber.state().error)

    def test_the_brokers_own_keepalive_counts(self, rig: Rig) -> None:
        rig.session.accepts = False
        rig.turns(2)
        rig.session.deliver(lambda: rig.session.events.connected(10))
        rig.turns(3)
        rig.turns(1, seconds=5.0)
        assert rig.session.pings == 1

    def test_no_ping_into_half_a_packet(self, rig: Rig) -> None:
        rig.connect()
        rig.time += 15.0
        rig.session.blocked = True
        rig.subscriber._ping(rig.time)
        assert rig.session.pings == 0


class TestStopping:
    def test_quiet_reads_no_more_but_acknowledges(self, rig: Rig) -> None:
        rig.connect()
        rig.session.publish(1)
        rig.turns(2)
        rig.subscriber.quiet()
        rig.session.publish(2)
        rig.turns(3)
        messages = rig.take(2)
        assert [item.mid for item in messages] == [1]
        rig.subscriber.acknowledge(messages)
        rig.turns(1)
        assert rig.session.acknowledged == [1]

    def test_stop_sends_what_waits_and_closes(self, rig: Rig) -> None:
        rig.connect()
        rig.subscriber.acknowledge([Received("t", b"", 0, NOW, mid=5, epoch=1)])
        rig.subscriber.stop()
        rig.subscriber.run()
        assert rig.session.acknowledged == [5]
        assert rig.session.closes == 1
        assert not rig.subscriber.state().connected
        rig.subscriber.acknowledge([])  # from a pipeline that ends later: nothing happens

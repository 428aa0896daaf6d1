"""The MQTT session's one thread: connects, reads messages into the inbox, sends acknowledgements.

Never blocked by the store: messages are only put down here, and acknowledgements come back through a queue.
When the inbox is full the socket is not read, and pings go on, so that the broker keeps us. Each connection
is an epoch: message ids start again with a new one, so a late acknowledgement of an older epoch would
acknowledge somebody else's message, and is dropped.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from collector.flapping import QUICK_S, Flapping
from collector.inbox import Inbox, Received
from collector.session import Published, Session
from collector.text import plain
from collector.watch import Watch
from plantroom.metrics import Metrics
from plantroom.quarantine import HEAD_BYTES
from plantroom.settings import MqttSettings
from plantroom.times import Clock

log = logging.getLogger(__name__)

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 5.0
"""A broker that comes back is met soon after: what is sent to nobody meanwhile may be in its memory alone."""
ANSWER_S = 10.0
"""How long the broker may take to answer a connection or a subscription."""
IDLE_S = 1.0
READS_A_TURN = 50
NEVER = -1
CLOSING_S = 2.0
SETTLED_S = 5.0
MOST_OUTGOING = 1_000


@dataclass(frozen=True, slots=True)
class SubscriberState:
    """How the session is."""

    connected: bool
    paused: bool
    error: str | None
    """Why there is no connection, or what was wrong with the last; None while connected and subscribed."""
    warning: str | None
    settled: bool = True
    """Whether the connection has held for SETTLED_S: what waited on the broker has begun to come."""


class Subscriber:
    """Drives a `Session`. `acknowledge`, `state`, `quiet` and `stop` may be called from any thread."""

    def __init__(
        self,
        session: Session,
        inbox: Inbox,
        settings: MqttSettings,
        metrics: Metrics,
        *,
        max_payload_bytes: int,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._inbox = inbox
        self._settings = settings
        self._metrics = metrics
        self._max_payload = max_payload_bytes
        self._clock = clock
        self._monotonic = monotonic
        self._receipts: deque[Sequence[Received]] = deque()
        self._receipts_put = self._receipts_sent = 0  # each has one writing thread
        self._outgoing: deque[tuple[str, bytes]] = deque(maxlen=MOST_OUTGOING)
        self._reading = True
        self._stopping = False
        self._connected = self._subscribed = self._paused = self._refused = self._accepted = False
        self._error: str | None = None
        self._flapping = Flapping(settings.client_id)
        self._epoch = self._got = 0
        self._keepalive = float(settings.keepalive_s)
        self._delay = FIRST_RETRY_S
        self._retry_at = self._connected_at = self._heard_at = self._pinged_at = monotonic()
        self._watch = Watch()
        session.listen(self)

    # from any thread

    def acknowledge(self, messages: Sequence[Received]) -> None:
        """Acknowledge the messages soon, those that can be and still should."""
        self._receipts_put += len(messages)
        self._receipts.append(messages)
        self._watch.ring()

    def send(self, topic: str, payload: bytes) -> None:
        """Publish soon at QoS 0, if there is a connection; beyond MOST_OUTGOING the oldest are dropped."""
        self._outgoing.append((topic, payload))
        self._watch.ring()

    def quiet(self) -> None:
        """Read nothing more; acknowledgements go on."""
        self._reading = False
        self._watch.ring()

    def stop(self) -> None:
        """Let `run` come to its end, with the acknowledgements that wait."""
        self._stopping = True
        self._watch.ring()

    def state(self) -> SubscriberState:
        """How the session is now."""
        return SubscriberState(
            self._connected and self._subscribed,
            self._paused,
            self._error,
            self._flapping.warning(self._monotonic()) or self._session.remark(),
            self._subscribed and self._monotonic() - self._connected_at >= SETTLED_S,
        )

    # the thread

    def run(self) -> None:
        """Nothing, after `stop`."""
        try:
            while not self._stopping:
                self._guarded_turn()
            self._reading = False
            end = self._monotonic() + CLOSING_S
            while self._session.socket() and self._has_to_write() and self._monotonic() < end:
                self._guarded_turn()
        finally:
            self._close()

    def _guarded_turn(self) -> None:
        try:
            self.turn()
        except Exception as failure:
            # a library's bug or a broker that breaks the protocol: begin again with a new connection
            log.exception("the MQTT connection failed in an unforeseen way")
            self._fail(f"{type(failure).__name__}: {failure}")
            self._drop()

    def _has_to_write(self) -> bool:
        return bool(self._receipts) or self._session.wants_write()

    def turn(self) -> None:
        """Nothing, after waiting for something to do at most a second, and doing it."""
        now = self._monotonic()
        if self._session.socket() is None:
            self._send_receipts()  # none: they belong to connections that have ended
            self._outgoing.clear()
            if now < self._retry_at or not self._reading:
                self._select(min(IDLE_S, max(self._retry_at - now, 0.0)) if self._reading else IDLE_S)
            else:
                self._open(now)
            return
        self._send_receipts()
        self._send_outgoing()
        self._decide_pause()
        self._ping(now)
        read, write = self._select(0.05 if self._stopping else IDLE_S)
        if write and self._session.socket() is not None:
            self._session.write()
        if read:
            self._read()
        else:
            self._judge_silence(now)
        if self._refused:
            self._refused = False
            self._drop()

    def _open(self, now: float) -> None:
        self._epoch += 1
        self._heard_at = self._pinged_at = now
        try:
            self._session.open()
        except (OSError, ValueError) as failure:
            where = f"{self._settings.host}:{self._settings.port}"
            self._fail(f"no connection to the broker at {where}: {failure}")

    def _send_receipts(self) -> None:
        while self._receipts and not self._session.wants_write():
            messages = self._receipts.popleft()
            self._receipts_sent += len(messages)
            epoch = self._epoch if self._connected else NEVER
            mids = [item.mid for item in messages if item.epoch == epoch and item.qos]
            if mids:
                self._session.acknowledge(mids)

    def _unsent(self) -> int:
        return self._receipts_put - self._receipts_sent

    def _send_outgoing(self) -> None:
        while self._outgoing and self._connected and not self._session.wants_write():
            self._session.send(*self._outgoing.popleft())

    def _decide_pause(self) -> None:
        if self._paused:
            resume = self._inbox.has_room and self._unsent() < self._settings.receive_maximum
            if resume:
                self._heard_at = self._monotonic()
            self._paused = not resume
        else:
            # a broker that takes no acknowledgements gets no chance to fill our memory with them
            self._paused = not self._inbox.room or self._unsent() > 2 * self._settings.receive_maximum
        self._metrics.reading_paused.set(self._paused)

    def _listening(self) -> bool:
        """Whether the socket is read; the answer to a new connection is read even when the inbox is full."""
        return self._reading and not (self._paused and self._connected)

    def _ping(self, now: float) -> None:
        due = self._connected and now - self._pinged_at >= self._keepalive / 2
        if due and not self._session.wants_write():
            self._pinged_at = now
            self._session.ping()

    def _judge_silence(self, now: float) -> None:
        """Drop a connection that should have been heard of by now; only when nothing is there to be read."""
        if not self._listening():
            return
        # an answer to each ping comes within a round trip; unheard for three is a dead connection
        allowed = 1.5 * self._keepalive if self._subscribed else ANSWER_S
        silent = now - self._heard_at
        if silent > allowed:
            self._fail(f"nothing was heard from the broker for {silent:.0f} s{self._hint()}")
            self._drop()

    def _read(self) -> None:
        self._heard_at = self._monotonic()
        for _ in range(READS_A_TURN):
            before = self._got
            self._session.read(max(1, self._inbox.room))
            # a read that brought no message was the last of what had come, or not a message
            if self._got == before or not self._inbox.room or self._session.socket() is None:
                return

    def _select(self, timeout: float) -> tuple[bool, bool]:
        """(readable, writable) of the connection, after at most `timeout` seconds."""
        sock = self._session.socket()
        reading = sock is not None and self._listening()
        writing = sock is not None and self._session.wants_write()
        pending = reading and self._session.pending()
        read, write = self._watch.wait(sock, read=reading, write=writing, timeout=0 if pending else timeout)
        return read or pending, write

    def _drop(self) -> None:
        self._watch.forget()
        self._session.drop()

    def _fail(self, error: str) -> None:
        """Note an error and put off the next connection."""
        error = plain(error, 500)
        if error != self._error:
            log.warning("%s", error)
        self._error = error
        self._connected = self._subscribed = False
        self._metrics.connected.set(0)
        self._retry_at = self._monotonic() + self._delay
        self._delay = min(2 * self._delay, LONGEST_RETRY_S)

    def _hint(self) -> str:
        """What may be the matter with a broker that has never accepted us."""
        if self._accepted or self._settings.protocol != "5":
            return ""
        return '; if it speaks only MQTT 3.1.1, set mqtt.protocol to "3.1.1"'

    def _close(self) -> None:
        self._watch.forget()
        with suppress(OSError):
            self._session.close()
        self._connected = self._paused = False
        self._metrics.connected.set(0)
        self._metrics.reading_paused.set(0)
        self._watch.close()

    # told by the session

    def connected(self, keepalive_s: int | None) -> None:
        """The broker has accepted the connection: ask for the topics."""
        self._connected = self._accepted = True
        self._keepalive = float(keepalive_s or self._settings.keepalive_s)
        self._connected_at = self._monotonic()
        self._metrics.connected.set(1)
        self._metrics.connects.inc()
        self._session.subscribe()

    def subscribed(self, refused: Sequence[str]) -> None:
        """The broker has answered the subscription; a refused one is asked for again later."""
        if refused:
            topics = ", ".join(self._settings.topics)
            self._fail(f"the broker refused the subscription to {topics}: {', '.join(sorted(set(refused)))}")
            self._refused = True  # not here: we are inside the library's read
            return
        self._subscribed = True
        self._error = None

    def disconnected(self, reason: str, *, taken_over: bool) -> None:
        """The connection has ended: open another after a while, sooner if this one had held."""
        if self._connected:
            now = self._monotonic()
            lasted = now - self._connected_at
            before = self._flapping.warning(now)
            self._flapping.note(now, lasted, taken_over=taken_over)
            if before is None and (warning := self._flapping.warning(now)) is not None:
                log.warning("%s", warning)
            if lasted >= QUICK_S and not taken_over:
                self._delay = FIRST_RETRY_S
        elif self._error is not None and self._retry_at > self._monotonic():
            return  # the end of a connection that was dropped for a reason already noted
        if not self._stopping:
            self._fail(reason + self._hint())

    def received(
        self, topic: str | None, payload: bytes, *, qos: int, retain: bool, dup: bool, mid: int
    ) -> None:
        """Put the message down."""
        size = len(payload)
        self._put(
            [
                Received(
                    topic="(not UTF-8)" if topic is None else topic,
                    payload=payload[:HEAD_BYTES] if size > self._max_payload else payload,
                    size=size,
                    received_at=self._clock(),
                    qos=qos,
                    retain=retain,
                    dup=dup,
                    mid=mid,
                    epoch=self._epoch,
                )
            ]
        )

    def received_many(self, messages: Sequence[Published]) -> None:
        """Put the messages down."""
        most, epoch = self._max_payload, self._epoch
        self._put(
            [
                Received(
                    topic,
                    payload if len(payload) <= most else payload[:HEAD_BYTES],
                    len(payload),
                    received_at,
                    head >> 1 & 3,
                    head & 1 != 0,
                    head & 8 != 0,
                    mid,
                    epoch,
                )
                # a nanosecond apart: values of one point that are sent without a time stay distinct
                for received_at, (topic, payload, head, mid) in enumerate(messages, self._clock())
            ]
        )
        self._metrics.bulk_messages.inc(len(messages))

    def _put(self, messages: Sequence[Received]) -> None:
        self._got += len(messages)
        self._inbox.put(messages)

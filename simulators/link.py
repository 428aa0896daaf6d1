"""One gateway's session on the broker: publishes at QoS 1 and knows what is acknowledged."""

from __future__ import annotations

import queue
import secrets
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from collector import topics
from plantroom.errors import PlantroomError, SettingsError
from plantroom.settings import MqttSettings

WINDOW = 100
"""Messages that may wait for their acknowledgement before `publish` waits."""
RETRY_S = 1.0
NO_SUBSCRIBERS = 0x10
"""PUBACK reason of MQTT 5: the broker kept nothing, because nobody subscribes."""


class BrokerError(PlantroomError):
    """The broker is away, refuses us, or does not acknowledge."""


class Sender(Protocol):
    """What takes messages: a Link, or a list in a test."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Nothing; the message is on its way and will be sent until it is acknowledged."""

    def drain(self) -> None:
        """Nothing; every message so far is acknowledged."""


class Link:
    """A session of gateway `gateway` at one site.

    `$status` says `online` while it lasts and `offline` by last will. Use by one thread alone.
    """

    def __init__(
        self,
        mqtt: MqttSettings,
        site: str,
        *,
        gateway: str = "simulator",
        window: int = WINDOW,
        patience_s: float | None = None,
        stop: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`patience_s` is how long nothing may be acknowledged before BrokerError; None waits for ever.

        `stop` ends any waiting. Raises: SettingsError for TLS files that cannot be used.
        """
        self.address = f"{mqtt.host}:{mqtt.port}"
        self.acknowledged = 0
        self.repeated = 0
        """Messages sent again because nobody subscribed."""
        self._window = window
        self._patience_s = patience_s
        self._stop = stop or threading.Event()
        self._clock = clock
        self._status = topics.status_topic(site, gateway)
        self._events: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()
        self._answered = threading.Event()
        self._refused = ""
        self._waiting: dict[int, tuple[str, bytes]] = {}
        self._unheard: deque[tuple[float, str, bytes]] = deque()
        self._client = _client(mqtt, f"plantroom-{gateway}-{site}"[:55] + f"-{secrets.token_hex(4)}")
        self._client.will_set(self._status, b"offline", qos=1, retain=True)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        self._client.connect_async(mqtt.host, mqtt.port, keepalive=mqtt.keepalive_s)

    def open(self, timeout_s: float = 10.0) -> Link:
        """This link, connected.

        Raises: BrokerError where no broker answers in time or it refuses us.
        """
        self._client.loop_start()
        answered = self._answered.wait(timeout_s)
        if not answered or self._refused:
            self._client.disconnect()
            self._client.loop_stop()
            why = f"refuses the connection: {self._refused}" if answered else "does not answer"
            raise BrokerError(f"the MQTT broker at {self.address} {why}")
        return self

    def publish(self, topic: str, payload: bytes) -> None:
        """Nothing; waits while the window is full or nobody subscribes.

        Raises: BrokerError as `drain`.
        """
        self._settle(self._window - 1)
        self._send(topic, payload)

    def drain(self) -> None:
        """Nothing; everything is acknowledged, or `stop` was set.

        Raises: BrokerError where the broker refuses a message, or acknowledges nothing for `patience_s`.
        """
        self._settle(0)

    @property
    def waiting(self) -> int:
        """Messages not yet acknowledged."""
        return len(self._waiting) + len(self._unheard)

    def close(self) -> None:
        """Nothing; `$status` says offline and the session is over. Does not wait for acknowledgements."""
        if self._client.is_connected():
            info = self._client.publish(self._status, b"offline", qos=1, retain=True)
            info.wait_for_publish(timeout=2.0)
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Link:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, topic: str, payload: bytes) -> None:
        info = self._client.publish(topic, payload, qos=1)
        self._waiting[info.mid] = (topic, payload)

    def _settle(self, most: int) -> None:
        """Take acknowledgements until at most `most` messages wait for one."""
        moved = self._clock()
        while True:
            moved = self._take_events(moved)
            # while nobody subscribes nothing new goes out, so that little can be overtaken
            if (self.waiting <= most and not self._unheard) or self._stop.is_set():
                return
            if self._patience_s is not None and self._clock() - moved > self._patience_s:
                why = "nobody subscribes to them" if self._unheard or self.repeated else "it may be away"
                raise BrokerError(
                    f"{self.waiting} messages not acknowledged by the broker at {self.address}: {why}"
                )
            while self._unheard and self._unheard[0][0] <= self._clock():
                self._send(*self._unheard.popleft()[1:])
                self.repeated += 1

    def _take_events(self, moved: float) -> float:
        """The time of the last acknowledgement; waits for one up to a quarter of a second."""
        try:
            event = self._events.get(timeout=0.25) if self.waiting else self._events.get_nowait()
            while True:
                moved = self._take(*event, moved)
                event = self._events.get_nowait()
        except queue.Empty:
            return moved

    def _take(self, mid: int, reason: int, moved: float) -> float:
        message = self._waiting.pop(mid, None)
        if message is None:
            return moved  # of `$status`
        if reason == NO_SUBSCRIBERS:
            self._unheard.append((self._clock() + RETRY_S, *message))
            return moved
        if reason >= 0x80:
            raise BrokerError(f"the broker at {self.address} refuses {message[0]} (reason 0x{reason:02x})")
        self.acknowledged += 1
        return self._clock()

    def _on_connect(
        self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        self._refused = str(reason) if reason.is_failure else ""
        if not self._refused:
            client.publish(self._status, b"online", qos=1, retain=True)
        self._answered.set()

    def _on_publish(self, _client: paho.Client, _data: Any, mid: int, reason: Any, _properties: Any) -> None:
        self._events.put((mid, int(reason.value)))


def _client(mqtt: MqttSettings, client_id: str) -> paho.Client:
    version = MQTTProtocolVersion.MQTTv5 if mqtt.protocol == "5" else MQTTProtocolVersion.MQTTv311
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=version)
    client.reconnect_delay_set(min_delay=1, max_delay=15)
    if mqtt.username is not None:
        client.username_pw_set(mqtt.username, mqtt.password.get_secret_value() if mqtt.password else None)
    if mqtt.tls:
        ca, cert, key = (
            None if path is None else str(path) for path in (mqtt.ca_file, mqtt.cert_file, mqtt.key_file)
        )
        try:
            client.tls_set(ca_certs=ca, certfile=cert, keyfile=key)
        except (OSError, ssl.SSLError, ValueError) as failure:
            raise SettingsError(f"mqtt: the TLS files cannot be used: {failure}") from failure
    return client

"""The `Session` by paho.

All that is particular to paho is here. Its own keepalive is not used: it disconnects when no answer to a ping
has been read in time, and while the store is away nothing is read on purpose.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Sequence
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from collector.bulk_reader import PAHO, TESTED, BulkClient, is_tested
from collector.session import SessionEvents, Socket
from collector.topics import STATUS_FILTER
from plantroom.errors import SettingsError
from plantroom.settings import MqttSettings

SESSION_TAKEN_OVER = 0x8E
RETAINED_ALWAYS, RETAINED_WHEN_NEW = 0, 1
_PINGREQ = b"\xc0\x00"


class PahoSession:
    """A `Session` by paho: MQTT 5 or 3.1.1, TLS, password, manual acknowledgement, QoS 1."""

    def __init__(self, settings: MqttSettings, *, paho: str = PAHO) -> None:
        """With a version of paho that the bulk reader was not tested with, all is read by paho itself.

        Raises: SettingsError for certificate files that cannot be used.
        """
        self._settings = settings
        self._refusal: str | None = None
        self._main_subscription: int | None = None
        self._is_v5 = settings.protocol == "5"
        self._paho = paho
        self._client = (BulkClient if is_tested(paho) else Client)(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if self._is_v5 else MQTTProtocolVersion.MQTTv311,
            clean_session=None if self._is_v5 else False,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self._bulk = self._client if isinstance(self._client, BulkClient) else None
        if settings.username is not None:
            password = settings.password.get_secret_value() if settings.password else None
            self._client.username_pw_set(settings.username, password)
        if settings.tls:
            self._client.tls_set_context(tls_context(settings))

    def listen(self, events: SessionEvents) -> None:
        """Tell `events` from now on."""

        def on_connect(
            _client: Client,
            _data: Any,
            _flags: ConnectFlags,
            reason: ReasonCode,
            properties: Properties | None,
        ) -> None:
            if not reason.is_failure:
                events.connected(getattr(properties, "ServerKeepAlive", None))
                return
            # paho tells of the end of the connection as well, without the broker's reason
            self._refusal = f"the broker refused the connection: {reason}"

        def on_disconnect(
            _client: Client, _data: Any, flags: DisconnectFlags, reason: ReasonCode, _properties: Any
        ) -> None:
            told = f"the broker ended the connection: {reason}"
            # without a word of the broker paho's reason says nothing
            lost = "the connection to the broker was lost"
            text = self._refusal or (told if flags.is_disconnect_packet_from_server else lost)
            self._refusal = None
            events.disconnected(text, taken_over=reason.value == SESSION_TAKEN_OVER)

        def on_subscribe(
            _client: Client, _data: Any, mid: int, reasons: list[ReasonCode], _properties: Any
        ) -> None:
            if mid == self._main_subscription:
                events.subscribed([str(reason) for reason in reasons if reason.is_failure])

        def on_message(_client: Client, _data: Any, message: MQTTMessage) -> None:
            try:
                topic: str | None = message.topic
            except UnicodeDecodeError:
                topic = None
            events.received(
                topic,
                bytes(message.payload),
                qos=message.qos,
                retain=message.retain,
                dup=message.dup,
                mid=message.mid,
            )

        if self._bulk is not None:
            self._bulk.on_published = events.received_many
        self._client.on_connect = on_connect
        self._client.on_disconnect = on_disconnect
        self._client.on_subscribe = on_subscribe
        self._client.on_message = on_message

    def open(self) -> None:
        """Nothing, with a connection begun; see `Session.open`."""
        self._forget()
        host, port, keepalive = self._settings.host, self._settings.port, self._settings.keepalive_s
        if not self._is_v5:
            self._client.connect(host, port, keepalive)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = min(self._settings.session_expiry_s, 0xFFFFFFFF)
        properties.ReceiveMaximum = self._settings.receive_maximum
        self._client.connect(host, port, keepalive, clean_start=False, properties=properties)

    def remark(self) -> str | None:
        """That messages are read slowly, where they are."""
        if self._bulk is not None:
            return None
        known = ", ".join(sorted(TESTED))
        return (
            f"messages are read one by one, at a third of the speed: paho-mqtt {self._paho} is not a version"
            f" that the bulk reader was tested with ({known}); install one that is"
        )

    def socket(self) -> Socket | None:
        """The connection's socket; None when there is no connection."""
        return self._client.socket()

    def pending(self) -> bool:
        """Whether bytes were read ahead, by us or by TLS."""
        sock = self._client.socket()
        if sock is not None and self._bulk is not None and self._bulk.has_more:
            return True
        return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

    def read(self, most: int) -> None:
        """Nothing, after at most `most` messages or one other packet read."""
        if self._bulk is None:
            self._client.loop_read()
        else:
            self._bulk.read(most)

    def write(self) -> None:
        """Nothing, after writing what can be written."""
        self._client.loop_write()

    def wants_write(self) -> bool:
        """Whether packets wait to be written."""
        return self._client.want_write()

    def subscribe(self) -> None:
        """Ask for the topics, and for the gateways' status with whatever is retained of it."""
        filters = self._settings.topics
        if not self._is_v5:
            self._main_subscription = self._client.subscribe([(item, 1) for item in filters])[1]
            return
        new = SubscribeOptions(qos=1, retainHandling=RETAINED_WHEN_NEW)
        always = SubscribeOptions(qos=1, retainHandling=RETAINED_ALWAYS)
        self._main_subscription = self._client.subscribe([(item, new) for item in filters])[1]
        self._client.subscribe(STATUS_FILTER, options=always)

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Acknowledge messages of the present connection, in one write where that is possible."""
        if self._bulk is not None:
            self._bulk.acknowledge(mids)
            return
        for mid in mids:
            self._client.ack(mid, 1)

    def send(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 0, not retained."""
        self._client.publish(topic, payload)

    def ping(self) -> None:
        """Tell the broker that we are alive."""
        sock = self._client.socket()
        if sock is None:
            return
        try:
            sent = sock.send(_PINGREQ)
        except BlockingIOError:
            return
        except OSError:
            sent = 0
        if sent != len(_PINGREQ):  # half a packet cannot be taken back
            self.drop()

    def drop(self) -> None:
        """End the connection without a word; paho notices at the next read."""
        sock = self._client.socket()
        if sock is not None:
            self._forget()
            sock.close()
            self._client.loop_read()

    def _forget(self) -> None:
        if self._bulk is not None:
            self._bulk.forget()

    def close(self) -> None:
        """End the connection; the session stays on the broker."""
        with contextlib.suppress(OSError):
            self._client.disconnect()
            self._client.loop_write()
        self.drop()


def tls_context(settings: MqttSettings) -> ssl.SSLContext:
    """The TLS of a connection: 1.2 or later, the broker's certificate checked, ours shown if there is one.

    Raises: SettingsError for a file that cannot be read or is not what it should be.
    """
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as failure:
        raise SettingsError(
            f"mqtt.ca_file: {settings.ca_file}: {failure}; give a readable file of CA certificates (PEM)"
        ) from failure
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.cert_file is not None:
        try:
            context.load_cert_chain(settings.cert_file, settings.key_file)
        except OSError as failure:
            raise SettingsError(
                f"mqtt.cert_file, mqtt.key_file: {settings.cert_file}: {failure}; give a readable"
                " certificate and its key (PEM)"
            ) from failure
    return context

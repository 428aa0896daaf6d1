"""What the subscriber needs of an MQTT client library; the library behind it is `paho_session.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

Published: TypeAlias = tuple[str, bytes, int, int]
"""A message as it stood in its packet: topic, payload, first byte (QoS, DUP, RETAIN), packet identifier."""


class Socket(Protocol):
    """What a selector can watch."""

    def fileno(self) -> int:
        """The file descriptor."""


class SessionEvents(Protocol):
    """What a session tells of, always from within `read`, `write`, `acknowledge`, `drop` or `close`."""

    def connected(self, keepalive_s: int | None) -> None:
        """The broker has accepted; `keepalive_s` where it wants another than we asked for."""

    def disconnected(self, reason: str, *, taken_over: bool) -> None:
        """The connection has ended or was refused; `taken_over` if by a client of the same id."""

    def subscribed(self, refused: Sequence[str]) -> None:
        """The broker has answered a subscription; `refused` are its reasons where it did not grant it."""

    def received(
        self, topic: str | None, payload: bytes, *, qos: int, retain: bool, dup: bool, mid: int
    ) -> None:
        """A message has come; `topic` None where it is not UTF-8."""

    def received_many(self, messages: Sequence[Published]) -> None:
        """Messages have come that were read in bulk, in this order."""


class Session(Protocol):
    """One MQTT session over as many connections as it takes; used by one thread."""

    def listen(self, events: SessionEvents) -> None:
        """Tell `events` from now on."""

    def open(self) -> None:
        """Nothing, with a connection begun; `connected` or `disconnected` follows.

        Raises: OSError where there is no connection to be had.
        """

    def socket(self) -> Socket | None:
        """The connection's socket; None when there is no connection."""

    def remark(self) -> str | None:
        """What people should know of how the session works; None for nothing."""

    def pending(self) -> bool:
        """Whether received bytes wait that the socket does not show as readable."""

    def read(self, most: int) -> None:
        """Nothing, after at most `most` messages or one other packet read."""

    def write(self) -> None:
        """Nothing, after writing what can be written."""

    def wants_write(self) -> bool:
        """Whether packets wait to be written."""

    def subscribe(self) -> None:
        """Ask for the topics; `subscribed` follows."""

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Acknowledge messages of the present connection."""

    def send(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 0, not retained; only when nothing `wants_write`."""

    def ping(self) -> None:
        """Tell the broker that we are alive; only when nothing `wants_write`."""

    def drop(self) -> None:
        """End the connection without a word; `disconnected` follows."""

    def close(self) -> None:
        """End the connection; the session stays on the broker."""

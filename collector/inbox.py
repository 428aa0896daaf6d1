"""What was received and is not durable yet: a bounded buffer between the network thread and the pipeline.

It never refuses a message that has been read from the socket; it says when to stop reading.
"""

from __future__ import annotations

import queue
from collections.abc import Iterable
from typing import NamedTuple

from plantroom.times import Nanos

OVERHEAD_BYTES = 400
"""What a waiting message costs besides its topic and payload."""


class Received(NamedTuple):
    """A message as it came, and what its acknowledgement needs.

    `payload` is cut where `size` is over the limit; `epoch` is the connection that delivered it.
    """

    topic: str
    payload: bytes
    size: int
    received_at: Nanos
    qos: int = 1
    retain: bool = False
    dup: bool = False
    mid: int = 0
    epoch: int = 0

    @property
    def cost(self) -> int:
        """The memory it takes, about."""
        return len(self.topic) + len(self.payload) + OVERHEAD_BYTES


class Inbox:
    """Messages in the order received. One thread puts, one gets and releases."""

    def __init__(self, most_messages: int, most_bytes: int) -> None:
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self._queue: queue.SimpleQueue[Received | None] = queue.SimpleQueue()
        # each figure has one writing thread, so that none needs a lock
        self._put_messages = self._put_bytes = 0
        self._released_messages = self._released_bytes = 0
        self.closed = False
        """Whether `get` has come to the end that `close` put."""

    @property
    def waiting_messages(self) -> int:
        """Messages put and not released."""
        return self._put_messages - self._released_messages

    @property
    def waiting_bytes(self) -> int:
        """About how much memory they take."""
        return self._put_bytes - self._released_bytes

    @property
    def is_full(self) -> bool:
        """Whether to stop reading."""
        return self.waiting_messages >= self._most_messages or self.waiting_bytes >= self._most_bytes

    @property
    def has_room(self) -> bool:
        """Whether to read again: half empty, so that reading does not flutter."""
        return (
            self.waiting_messages <= self._most_messages // 2 and self.waiting_bytes <= self._most_bytes // 2
        )

    def put(self, message: Received) -> None:
        """Add a message at the end."""
        self._put_messages += 1
        self._put_bytes += message.cost
        self._queue.put(message)

    def get(self, timeout: float) -> Received | None:
        """The next message; None if none came in `timeout` seconds or the end has been reached."""
        if self.closed:
            return None
        try:
            message = self._queue.get(timeout=max(timeout, 0.0))
        except queue.Empty:
            return None
        self.closed = message is None
        return message

    def release(self, messages: Iterable[Received]) -> None:
        """Take note that the messages are durable, or given up to be delivered again."""
        for message in messages:
            self._released_messages += 1
            self._released_bytes += message.cost

    def close(self) -> None:
        """Put the end: whatever was put before still comes out."""
        self._queue.put(None)

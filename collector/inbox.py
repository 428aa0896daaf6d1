"""What was received and is not durable yet: a bounded buffer between the network thread and the pipeline.

It never refuses a message that has been read from the socket; it says when to stop reading.
"""

from __future__ import annotations

import queue
from collections.abc import Sequence
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


def cost(messages: Sequence[Received]) -> int:
    """The memory that messages take, about."""
    return sum([len(item.topic) + len(item.payload) for item in messages]) + OVERHEAD_BYTES * len(messages)


class Inbox:
    """Messages in the order received. One thread puts, one gets and releases."""

    def __init__(self, most_messages: int, most_bytes: int) -> None:
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self._queue: queue.SimpleQueue[Sequence[Received] | None] = queue.SimpleQueue()
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
    def room(self) -> int:
        """How many more messages to read; 0 is to stop reading."""
        if self.waiting_bytes >= self._most_bytes:
            return 0
        return max(0, self._most_messages - self.waiting_messages)

    @property
    def has_room(self) -> bool:
        """Whether to read again: half empty, so that reading does not flutter."""
        return (
            self.waiting_messages <= self._most_messages // 2 and self.waiting_bytes <= self._most_bytes // 2
        )

    def put(self, messages: Sequence[Received]) -> None:
        """Add messages at the end."""
        self._put_messages += len(messages)
        self._put_bytes += cost(messages)
        self._queue.put(messages)

    def get(self, timeout: float) -> Sequence[Received]:
        """The next messages, as they were put together; none at the end, or if none came in `timeout` s."""
        if self.closed:
            return ()
        try:
            messages = self._queue.get(timeout=max(timeout, 0.0))
        except queue.Empty:
            return ()
        self.closed = messages is None
        return messages or ()

    def release(self, messages: Sequence[Received]) -> None:
        """Take note that the messages are durable, or given up to be delivered again."""
        self._released_messages += len(messages)
        self._released_bytes += cost(messages)

    def close(self) -> None:
        """Put the end: whatever was put before still comes out."""
        self._queue.put(None)

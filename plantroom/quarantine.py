"""Messages that could not be taken, kept with the reason so that nothing from outside is lost unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from plantroom.times import Nanos

HEAD_BYTES = 2048
"""How much of a payload is kept."""


@dataclass(frozen=True, slots=True)
class QuarantinedMessage:
    """One message and why it was not taken; `head` is the payload's first HEAD_BYTES."""

    received_at: Nanos
    topic: str
    reason: str
    message: str
    head: bytes
    size: int


class QuarantineSink(Protocol):
    """Where quarantined messages go; durable when it returns, bounded in size."""

    def keep(self, messages: Sequence[QuarantinedMessage]) -> None:
        """Keep the messages, dropping the oldest beyond the bound.

        Raises: StoreUnavailableError where a later try may work.
        """

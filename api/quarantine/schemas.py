"""What goes out about the quarantine."""

from __future__ import annotations

import base64
from typing import Annotated

from pydantic import Field

from api.wire import Answer, Key, PageQuery, SearchText, Time
from plantroom.stores.records.quarantine import printable
from plantroom.stores.records.tables import QuarantineRow


class QuarantineQuery(PageQuery):
    """Which messages."""

    reason: Annotated[Key | None, Field(description="The short word, as in the counts.")] = None
    text: SearchText | None = None


class QuarantinedMessage(Answer):
    """One message. `head` is from outside: show it as text and nothing else."""

    id: int
    received_at: Time
    topic: str
    reason: str
    message: str
    """What was wrong, for people."""
    size: int
    """Bytes of the whole payload."""
    head: str
    """Its beginning as text, with what cannot be shown replaced."""
    head_base64: str
    """The same bytes as they came."""

    @classmethod
    def of(cls, row: QuarantineRow) -> QuarantinedMessage:
        """The row as it goes out."""
        return cls(
            id=row.id,
            received_at=row.received_at,
            topic=row.topic,
            reason=row.reason,
            message=row.message,
            size=row.size,
            head=printable(row.head.decode("utf-8", "replace"), len(row.head)),
            head_base64=base64.b64encode(row.head).decode(),
        )


class QuarantineCounts(Answer):
    """How many messages are kept for each reason."""

    total: int
    by_reason: dict[str, int]

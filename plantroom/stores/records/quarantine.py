"""The quarantine in the database: bounded, newest kept."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.orm import Session

from plantroom.quarantine import QuarantinedMessage
from plantroom.stores.records.database import Database
from plantroom.stores.records.tables import QuarantineRow

MAX_MESSAGES = 10_000


class QuarantineStore:
    """A QuarantineSink on the database, holding the newest `limit` messages."""

    def __init__(self, database: Database, limit: int = MAX_MESSAGES) -> None:
        self._database = database
        self._limit = limit

    def keep(self, messages: Sequence[QuarantinedMessage]) -> None:
        """Keep the messages, dropping the oldest beyond the limit.

        Raises: StoreUnavailableError where a later try may work.
        """
        if not messages:
            return
        rows = [
            {
                "received_at": item.received_at,
                "topic": printable(item.topic),
                "reason": item.reason,
                "message": printable(item.message),
                "head": item.head,
                "size": item.size,
            }
            for item in messages[-self._limit :]
        ]
        with self._database.transaction() as session:
            session.execute(insert(QuarantineRow), rows)
            newest = session.scalar(select(func.max(QuarantineRow.id))) or 0
            session.execute(delete(QuarantineRow).where(QuarantineRow.id <= newest - self._limit))


def printable(text: str, limit: int = 1000) -> str:
    """The text cut to `limit` characters, without what a database or a screen cannot show."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text[:limit])


def query() -> Select[QuarantineRow]:
    """Every message that is kept, to be filtered and paged."""
    return select(QuarantineRow)


def count_by_reason(session: Session) -> dict[str, int]:
    """How many messages are kept for each reason."""
    rows = session.execute(
        select(QuarantineRow.reason, func.count())
        .group_by(QuarantineRow.reason)
        .order_by(QuarantineRow.reason)
    )
    return {reason: count for reason, count in rows}  # noqa: C416 - a Row is not a pair to mypy

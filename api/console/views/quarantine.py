"""Messages in quarantine, made safe to look at."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.console.formats import inert_text
from api.console.views.filters import PAGE, Filters
from plantroom.stores.records.paging import Page, page_or_first
from plantroom.stores.records.quarantine import count_by_reason
from plantroom.stores.records.tables import QuarantineRow
from plantroom.times import Nanos


@dataclass(frozen=True, slots=True)
class QuarantinedView:
    """One message: everything in it came from outside."""

    id: int
    received_at: Nanos
    topic: str
    reason: str
    message: str
    head: str
    size: int
    cut: bool
    """Whether the head is not all of it."""


def quarantine_page(session: Session, filters: Filters) -> tuple[Page[QuarantinedView], dict[str, int]]:
    """A page of the newest, and how many there are for each reason."""
    query = select(QuarantineRow)
    if filters.reason:
        query = query.where(QuarantineRow.reason == filters.reason)
    if filters.q:
        query = query.where(QuarantineRow.topic.icontains(filters.q, autoescape=True))
    found = page_or_first(
        session,
        query,
        by=QuarantineRow.id,
        key=QuarantineRow.id,
        descending=True,
        cursor=filters.cursor,
        limit=PAGE,
    )
    views = [quarantined_view(row) for row in found.rows]
    return Page(views, found.next_cursor, found.total), count_by_reason(session)


def quarantined_view(row: QuarantineRow) -> QuarantinedView:
    """The message with control characters and broken text made visible."""
    return QuarantinedView(
        id=row.id,
        received_at=row.received_at,
        topic=inert_text(row.topic.encode("utf-8", errors="surrogateescape")),
        reason=row.reason,
        message=row.message,
        head=inert_text(row.head),
        size=row.size,
        cut=row.size > len(row.head),
    )

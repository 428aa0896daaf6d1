"""Messages that could not be taken."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import Admin, Parts
from api.filters import mentions
from api.quarantine.schemas import QuarantineCounts, QuarantinedMessage, QuarantineQuery
from api.wire import PageOf, paged
from plantroom.stores.records import quarantine
from plantroom.stores.records.tables import QuarantineRow

router = APIRouter(prefix="/quarantine", tags=["quarantine"])


@router.get("", summary="List quarantined messages")
def list_quarantined(
    query: Annotated[QuarantineQuery, Query()], context: Parts, _who: Admin
) -> PageOf[QuarantinedMessage]:
    """The newest first. Only the newest are kept; the metrics count them all."""
    rows = quarantine.query()
    if query.reason is not None:
        rows = rows.where(QuarantineRow.reason == query.reason)
    if query.text is not None:
        rows = rows.where(mentions(query.text, QuarantineRow.topic, QuarantineRow.message))
    with context.database.session() as session:
        return paged(
            session,
            rows,
            query,
            QuarantinedMessage.of,
            by=QuarantineRow.id,
            key=QuarantineRow.id,
            descending=True,
        )


@router.get("/counts", summary="Count quarantined messages")
def count_quarantined(context: Parts, _who: Admin) -> QuarantineCounts:
    """Of those that are kept, by reason."""
    with context.database.session() as session:
        counts = quarantine.count_by_reason(session)
    return QuarantineCounts(total=sum(counts.values()), by_reason=counts)

"""The outbox: notifications are written in the transaction of the change that calls for them.

One that is claimed is tried again unless it is settled in time, so that a crash between claim and hand-over
loses none. Several relays may claim at once: none gets what another has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, select, update
from sqlalchemy.orm import Session

from plantroom.notifications import Notification, NotificationKind
from plantroom.stores.records import upserts
from plantroom.stores.records.tables import OutboxRow
from plantroom.times import DAY, HOUR, MINUTE, SECOND, Nanos

CLAIM: Nanos = 2 * MINUTE
"""How long a hand-over may take before another relay tries."""
FIRST_RETRY: Nanos = 5 * SECOND
LONGEST_RETRY: Nanos = HOUR
MAX_ATTEMPTS = 30
"""About a day of trying; then a person has to look."""
KEPT: Nanos = 30 * DAY


def put(
    session: Session, kind: NotificationKind, key: str, *, site: str, at: Nanos, payload: Mapping[str, Any]
) -> bool:
    """Whether people are told once this transaction is committed: a key that was there changes nothing."""
    return upserts.insert_new(
        session,
        OutboxRow,
        "key",
        key=key,
        kind=kind.value,
        site=site,
        payload=dict(payload),
        created_at=at,
        attempts=0,
        next_try_at=0,
        error="",
    )


def claim(session: Session, now: Nanos, limit: int = 20) -> list[OutboxRow]:
    """The notifications to hand over now, oldest first; for a while nobody else gets them."""
    due = (
        select(OutboxRow)
        .where(_waiting(), OutboxRow.next_try_at <= now)
        .order_by(OutboxRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(session.scalars(due))
    for row in rows:
        row.attempts += 1
        row.next_try_at = now + CLAIM
    session.flush()
    return rows


def to_domain(row: OutboxRow) -> Notification:
    """The row as the notification."""
    return Notification(row.key, NotificationKind(row.kind), row.site, row.created_at, row.payload)


def settle(session: Session, outbox_id: int, now: Nanos) -> None:
    """Remember that it was handed over."""
    session.execute(update(OutboxRow).where(OutboxRow.id == outbox_id).values(sent_at=now, error=""))


def put_off(session: Session, row: OutboxRow, error: str, now: Nanos) -> bool:
    """Whether it is given up; else it is tried again later, after a wait that doubles."""
    dead = row.attempts >= MAX_ATTEMPTS
    wait = min(FIRST_RETRY * 2 ** min(row.attempts - 1, 20), LONGEST_RETRY)
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row.id, _waiting())
        .values(next_try_at=now + wait, error=error[:1000], dead_at=now if dead else None)
    )
    return dead


def drop_old(session: Session, now: Nanos) -> int:
    """How many were handed over so long ago that they are no more kept. Those given up stay."""
    gone = delete(OutboxRow).where(OutboxRow.sent_at < now - KEPT).returning(OutboxRow.id)
    return len(session.execute(gone).all())


def counts(session: Session) -> tuple[int, int]:
    """How many wait, and how many were given up."""
    waiting = session.scalar(select(func.count()).select_from(OutboxRow).where(_waiting()))
    dead = session.scalar(select(func.count()).select_from(OutboxRow).where(OutboxRow.dead_at.is_not(None)))
    return waiting or 0, dead or 0


def query() -> Select[OutboxRow]:
    """Every notification that is kept, to be filtered, sorted and paged."""
    return select(OutboxRow)


def _waiting() -> ColumnElement[bool]:
    return and_(OutboxRow.sent_at.is_(None), OutboxRow.dead_at.is_(None))

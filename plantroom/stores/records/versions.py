"""Numbers by which a process sees that another changed what it holds in memory."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from plantroom.stores.records import upserts
from plantroom.stores.records.tables import VersionRow

PROPERTY = "property"
"""Sites, spaces, equipment and points: whoever changes them counts it on."""


def current(session: Session, name: str) -> int:
    """The number now; 0 where it was never counted on."""
    return session.scalar(select(VersionRow.number).where(VersionRow.name == name)) or 0


def count_on(session: Session, name: str) -> None:
    """Let every process know, once this is committed, that what the number stands for has changed."""
    upserts.insert_new(session, VersionRow, "name", name=name, number=0)
    session.execute(update(VersionRow).where(VersionRow.name == name).values(number=VersionRow.number + 1))

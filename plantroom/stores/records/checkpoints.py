"""The rules' state in the database."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from plantroom.stores.records import upserts
from plantroom.stores.records.tables import CheckpointRow
from plantroom.times import Nanos


def save(session: Session, name: str, data: bytes, now: Nanos) -> None:
    """Put `data` in the place of what was saved under `name`."""
    upserts.put(session, CheckpointRow, "name", name=name, at=now, data=data)


def load(session: Session, name: str) -> bytes | None:
    """What was saved last under `name`."""
    return session.scalar(select(CheckpointRow.data).where(CheckpointRow.name == name))

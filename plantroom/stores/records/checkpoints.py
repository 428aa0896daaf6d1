"""The rules' state in the database."""

from __future__ import annotations

from sqlalchemy.orm import Session

from plantroom.stores.records.tables import CheckpointRow
from plantroom.times import Nanos


def save(session: Session, name: str, data: bytes, now: Nanos) -> None:
    """Put `data` in the place of what was saved under `name`."""
    row = session.get(CheckpointRow, name) or CheckpointRow(name=name)
    row.at, row.data = now, data
    session.add(row)


def load(session: Session, name: str) -> bytes | None:
    """What was saved last under `name`."""
    row = session.get(CheckpointRow, name)
    return None if row is None else row.data

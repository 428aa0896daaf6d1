"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy has for each by itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from plantroom.stores.records.tables import Base


def insert_new(session: Session, table: type[Base], unique: str, /, **values: Any) -> bool:
    """Whether the row is new; one that is the same in the column `unique` stays as it is."""
    found = _insert(session)(table).values(**values).on_conflict_do_nothing(index_elements=[unique])
    return session.execute(found.returning(getattr(table, unique))).first() is not None


def put(session: Session, table: type[Base], unique: str, /, **values: Any) -> None:
    """Write the row in the place of one that is the same in the column `unique`."""
    made = _insert(session)(table).values(**values)
    others = {name: made.excluded[name] for name in values if name != unique}
    session.execute(made.on_conflict_do_update(index_elements=[unique], set_=others))


def _insert(session: Session) -> Any:
    return postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert

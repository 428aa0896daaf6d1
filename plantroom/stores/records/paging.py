"""Pages of a query by key, so that a page costs the same anywhere in a long list."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from plantroom.errors import PlantroomError

Row = TypeVar("Row")
MAX_PAGE = 500


class CursorError(PlantroomError):
    """A cursor is not one that this list gave out."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, where to go on (None at the end) and how many the whole query has."""

    rows: list[Row]
    next_cursor: str | None
    total: int


def page(
    session: Session,
    query: Select[Row],
    *,
    by: InstrumentedAttribute[Any],
    key: InstrumentedAttribute[int],
    descending: bool = False,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Row]:
    """One page of the query sorted by `by`, ties by `key`; rows where `by` is null come last.

    Raises: CursorError for a cursor that is forged or of another sort.
    """
    limit = max(1, min(limit, MAX_PAGE))
    total = session.scalar(select(func.count()).select_from(query.with_only_columns(key).subquery())) or 0
    order = by.desc().nulls_last() if descending else by.asc().nulls_last()
    ordered = query.order_by(order, key.desc() if descending else key.asc())
    if cursor is not None:
        value, last = _decode(cursor, by.key, descending)
        beyond = key < last if descending else key > last
        if value is None:
            ordered = ordered.where(by.is_(None), beyond)
        else:
            further = by < value if descending else by > value
            ordered = ordered.where(or_(further, and_(by == value, beyond), by.is_(None)))
    rows: list[Any] = list(session.scalars(ordered.limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    following = _encode(rows[-1], by.key, key.key, descending) if more else None
    return Page(rows, following, total)


def _encode(row: Any, by: str, key: str, descending: bool) -> str:
    content = [by, descending, getattr(row, by), getattr(row, key)]
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _decode(cursor: str, by: str, descending: bool) -> tuple[Any, int]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found_by, found_descending, value, key = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, TypeError, RecursionError):
        raise CursorError("the cursor is not one that this list gave out") from None
    scalar = value is None or isinstance(value, str | int | float)
    if (found_by, found_descending) != (by, descending) or not isinstance(key, int) or not scalar:
        raise CursorError("the cursor is of another sort order")
    if abs(key) > 2**62 or (isinstance(value, int) and abs(value) > 2**62):
        raise CursorError("the cursor is out of range")
    return value, key

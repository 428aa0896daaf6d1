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
_MAX_TEXT = 300
_MAX_INT = 2**63 - 1


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
    key: InstrumentedAttribute[Any],
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
        value, last = _decode(cursor, by, key, descending=descending)
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


def page_or_first(
    session: Session,
    query: Select[Row],
    *,
    by: InstrumentedAttribute[Any],
    key: InstrumentedAttribute[Any],
    descending: bool,
    cursor: str,
    limit: int,
) -> Page[Row]:
    """The page after the cursor; the first for none, and for one that is not of this list: an old address."""

    def ask(at: str | None) -> Page[Row]:
        return page(session, query, by=by, key=key, descending=descending, cursor=at, limit=limit)

    try:
        return ask(cursor or None)
    except CursorError:
        return ask(None)


def _encode(row: Any, by: str, key: str, descending: bool) -> str:
    content = [by, descending, getattr(row, by), getattr(row, key)]
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _decode(
    cursor: str, by: InstrumentedAttribute[Any], key: InstrumentedAttribute[Any], *, descending: bool
) -> tuple[Any, Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found_by, found_descending, value, last = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, TypeError, RecursionError):
        raise CursorError("the cursor is not one that this list gave out") from None
    if (found_by, found_descending) != (by.key, descending):
        raise CursorError("the cursor is of another sort order")
    # bound into the query as they are, so they must be what the columns hold
    if not (value is None or _fits(value, by)) or not _fits(last, key):
        raise CursorError("the cursor is not one that this list gave out")
    return value, last


def _fits(value: Any, column: InstrumentedAttribute[Any]) -> bool:
    if type(value) is not column.type.python_type:
        return False
    if isinstance(value, str):
        return len(value) <= _MAX_TEXT and "\0" not in value and _encodes(value)
    return not isinstance(value, int) or abs(value) <= _MAX_INT


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

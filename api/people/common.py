"""What all routes about people do alike: write with ETag and audit, list, and remove."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from fastapi import Response
from sqlalchemy import Select, select

from api import versions
from api.context import Context
from api.wire import PageOf, PageQuery, paged
from plantroom.stores.records import people
from plantroom.stores.records.people import PeopleRow
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos

Row = TypeVar("Row", bound=PeopleRow)
Out = TypeVar("Out")


def put(
    context: Context,
    table: type[Row],
    keys: Mapping[str, str],
    values: Mapping[str, Any],
    *,
    who: Identity,
    now: Nanos,
    if_match: str | None,
    response: Response,
    out: Callable[[Row], Out],
) -> Out:
    """The thing of this key, made or written over; 201 where it is new."""
    with context.database.transaction() as session:
        (key,) = keys.values()
        row = people.find(session, table, key)
        if row is None:
            versions.refuse_absent(if_match)
            row = people.add(session, table, {**keys, **values}, by=who.username, now=now)
            response.status_code = 201
        else:
            versions.check(if_match, row)
            people.change(session, row, values, by=who.username, now=now)
        versions.set_etag(response, row)
        return out(row)


def create(
    context: Context,
    table: type[Row],
    values: Mapping[str, Any],
    *,
    who: Identity,
    now: Nanos,
    response: Response,
    out: Callable[[Row], Out],
) -> Out:
    """The new thing."""
    with context.database.transaction() as session:
        row = people.add(session, table, values, by=who.username, now=now)
        versions.set_etag(response, row)
        return out(row)


def replace(
    context: Context,
    table: type[Row],
    row_id: int,
    values: Mapping[str, Any],
    *,
    who: Identity,
    now: Nanos,
    if_match: str | None,
    response: Response,
    out: Callable[[Row], Out],
) -> Out:
    """The thing of this id, written over.

    Raises: NotFoundError; Refusal with 412.
    """
    with context.database.transaction() as session:
        row = people.get(session, table, row_id)
        versions.check(if_match, row)
        people.change(session, row, values, by=who.username, now=now)
        versions.set_etag(response, row)
        return out(row)


def remove(
    context: Context,
    table: type[Row],
    key: str | int,
    *,
    who: Identity,
    now: Nanos,
    if_match: str | None,
) -> None:
    """Take the thing out; the audit log keeps what it was.

    Raises: NotFoundError; ConflictError; Refusal with 412.
    """
    with context.database.transaction() as session:
        row = people.get(session, table, key)
        versions.check(if_match, row)
        people.remove(session, row, by=who.username, now=now)


def page(
    context: Context,
    rows: Select[Any],
    query: PageQuery,
    out: Callable[[Any], Out],
    *,
    key: Any,
    by: Any = None,
) -> PageOf[Out]:
    """The page of the rows, sorted by `by` or by their key."""
    with context.database.session() as session:
        return paged(session, rows, query, out, by=key if by is None else by, key=key)


def of(table: type[Row], technician: str | None) -> Select[Any]:
    """The table's rows, or those of one technician."""
    rows: Select[Any] = select(table)
    named: Any = table
    return rows if technician is None else rows.where(named.technician == technician)

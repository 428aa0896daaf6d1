"""What all routes about people do alike: write with ETag and audit, list, and remove."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Response
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from api import versions
from api.context import Context
from api.dependencies import Engineer, Now, Parts
from api.versions import IfMatch
from api.wire import PageOf, PageQuery, paged
from plantroom.stores.records import people
from plantroom.stores.records.people import PeopleRow
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos

Row = TypeVar("Row", bound=PeopleRow)
Out = TypeVar("Out")


@dataclass(frozen=True, slots=True)
class Writing:
    """One change of an engineer's: each method is a transaction, audited, with the new ETag on the answer.

    Raises (all methods): ConflictError; with If-Match, Refusal with 412.
    """

    context: Context
    response: Response
    now: Nanos
    who: Identity
    if_match: str | None = None

    def create(self, table: type[Row], values: Mapping[str, Any], out: Callable[[Row], Out]) -> Out:
        """The new thing."""
        with self.context.database.transaction() as session:
            return self._answer(self._added(session, table, values), out)

    def put(
        self, table: type[Row], keys: Mapping[str, str], values: Mapping[str, Any], out: Callable[[Row], Out]
    ) -> Out:
        """The thing of this key, made or written over; 201 where it is new."""
        with self.context.database.transaction() as session:
            (key,) = keys.values()
            row = people.find(session, table, key)
            if row is None:
                versions.refuse_absent(self.if_match)
                row = self._added(session, table, {**keys, **values})
                self.response.status_code = 201
            else:
                self._change(session, row, values)
            return self._answer(row, out)

    def replace(
        self, table: type[Row], row_id: int, values: Mapping[str, Any], out: Callable[[Row], Out]
    ) -> Out:
        """The thing of this id, written over.

        Raises: NotFoundError.
        """
        with self.context.database.transaction() as session:
            row = people.get(session, table, row_id)
            self._change(session, row, values)
            return self._answer(row, out)

    def remove(self, table: type[PeopleRow], key: str | int) -> None:
        """Take the thing out; the audit log keeps what it was.

        Raises: NotFoundError.
        """
        with self.context.database.transaction() as session:
            row = people.get(session, table, key)
            versions.check(self.if_match, row)
            people.remove(session, row, by=self.who.username, now=self.now)

    def _added(self, session: Session, table: type[Row], values: Mapping[str, Any]) -> Row:
        return people.add(session, table, values, by=self.who.username, now=self.now)

    def _change(self, session: Session, row: PeopleRow, values: Mapping[str, Any]) -> None:
        versions.check(self.if_match, row)
        people.change(session, row, values, by=self.who.username, now=self.now)

    def _answer(self, row: Row, out: Callable[[Row], Out]) -> Out:
        versions.set_etag(self.response, row)
        return out(row)


def entering(response: Response, context: Parts, now: Now, who: Engineer) -> Writing:
    """The writing of something new, which has no version yet."""
    return Writing(context, response, now, who)


def editing(response: Response, context: Parts, now: Now, who: Engineer, if_match: IfMatch = None) -> Writing:
    """The writing of something that may be there."""
    return Writing(context, response, now, who, if_match)


Entry = Annotated[Writing, Depends(entering)]
Edit = Annotated[Writing, Depends(editing)]


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

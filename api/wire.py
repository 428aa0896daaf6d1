"""What travels in more than one kind of answer: times, texts, ids, pages."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Generic, Self, TypeVar

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from plantroom import times
from plantroom.alarms import Severity
from plantroom.catalogue import EquipmentClass
from plantroom.forecasts import forecasts, is_forecast
from plantroom.model import Text
from plantroom.stores.records import paging
from plantroom.stores.records.paging import MAX_PAGE, Page
from plantroom.times import Nanos

Item = TypeVar("Item")
Row = TypeVar("Row")

EARLIEST: Nanos = 0
LATEST: Nanos = times.from_datetime(datetime(2262, 1, 1))  # noqa: DTZ001 - taken as UTC
_MAX_ID = 2**63 - 1
# an unescaped + in an address arrives as a space
_LOST_PLUS = re.compile(r"(.*T.*) (\d\d:?\d\d)")
_TIME_SCHEMA = {"type": "string", "format": "date-time", "examples": ["2026-03-01T08:00:00.000Z"]}


def parse_instant(value: Any) -> Nanos:
    """Nanoseconds of an ISO 8601 text; one without an offset is UTC.

    Raises: ValueError for anything else, and outside 1970 to 2261, where nanoseconds do not reach.
    """
    if not isinstance(value, str) or len(value) > 64:
        raise ValueError("must be a time in ISO 8601, such as 2026-03-01T08:00:00Z")
    lost = _LOST_PLUS.fullmatch(value.strip())
    text = f"{lost[1]}+{lost[2]}" if lost else value.strip()
    try:
        ts = times.from_datetime(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise ValueError("must be a time in ISO 8601, such as 2026-03-01T08:00:00Z") from None
    if not EARLIEST <= ts < LATEST:
        raise ValueError("must lie between the years 1970 and 2261")
    return ts


def _duration(value: Any) -> Any:
    if not isinstance(value, str) or len(value) > 64:
        raise ValueError("must be a duration, such as 30s, 5 min, 2 h or 7 d")
    return times.parse_duration(value)


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be text that UTF-8 can hold") from None
    return text


Instant = Annotated[
    int,
    BeforeValidator(parse_instant, json_schema_input_type=str),
    WithJsonSchema(_TIME_SCHEMA, mode="validation"),
]
"""A time that comes in: ISO 8601 with any offset -> ns."""
Duration = Annotated[
    int,
    BeforeValidator(_duration, json_schema_input_type=str),
    WithJsonSchema({"type": "string", "examples": ["2 h", "30 min"]}, mode="validation"),
]
"""A duration that comes in -> ns."""
Time = Annotated[
    int,
    PlainSerializer(times.to_iso, return_type=str),
    WithJsonSchema(_TIME_SCHEMA, mode="serialization"),
]
"""A time that goes out: ns -> ISO 8601 in UTC."""
SeverityWord = Annotated[
    Severity,
    PlainSerializer(lambda item: item.name.lower(), return_type=str),
    WithJsonSchema(
        {"type": "string", "enum": [item.name.lower() for item in reversed(Severity)]}, mode="serialization"
    ),
]
Key = Annotated[str, StringConstraints(max_length=64), AfterValidator(_storable)]
Line = Annotated[str, StringConstraints(max_length=300, strip_whitespace=True), AfterValidator(_storable)]
Note = Annotated[str, StringConstraints(max_length=4000, strip_whitespace=True), AfterValidator(_storable)]
SearchText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
    AfterValidator(_storable),
    Field(description="Part of a name or key, in any case."),
]
IdPath = Annotated[int, Path(ge=1, le=_MAX_ID)]
KeyPath = Annotated[str, Path(max_length=64), AfterValidator(_storable)]


class Answer(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True)


class Request(BaseModel):
    """What comes in; a field that is not known is an error, not a guess."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Answer):
    """A text for people in both languages."""

    en: str
    zh: str

    @classmethod
    def of(cls, text: Text) -> Self:
        """The text as it goes out."""
        return cls(en=text.en, zh=text.zh)


class PageOf(Answer, Generic[Item]):
    """Some items of a list; `next_cursor` is null at its end, `total` counts the whole list."""

    items: list[Item]
    next_cursor: str | None
    total: int


class PageQuery(Request):
    """Where in a list, and how much of it."""

    cursor: Annotated[str | None, Field(max_length=1000, description="`next_cursor` of the page before.")] = (
        None
    )
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE, description="How many items at most.")] = 50


def page_of(page: Page[Any], items: list[Item]) -> PageOf[Item]:
    """The page with its rows as `items`."""
    return PageOf(items=items, next_cursor=page.next_cursor, total=page.total)


def paged(
    session: Session,
    rows: Select[Row],
    query: PageQuery,
    each: Callable[[Row], Item],
    *,
    by: InstrumentedAttribute[Any],
    key: InstrumentedAttribute[Any],
    descending: bool = False,
) -> PageOf[Item]:
    """The page of the rows that the query asks for, each row as `each` makes it; see `paging.page`."""
    page = paging.page(
        session, rows, by=by, key=key, descending=descending, cursor=query.cursor, limit=query.limit
    )
    return page_of(page, [each(row) for row in page.rows])


def sort_column(sort: str, columns: Mapping[str, InstrumentedAttribute[Any]]) -> dict[str, Any]:
    """What `paging.page` needs for `name` or, descending, `-name`."""
    return {"by": columns[sort.removeprefix("-")], "descending": sort.startswith("-")}


def number(value: Any) -> float | None:
    """The value as JSON can hold it: None for what is no finite number."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


class Measured(Answer):
    """A point's value at some moment, with its unit."""

    point: str
    value: float | None
    unit: str


def measured(readings: Mapping[str, Any], cls: EquipmentClass | None) -> list[Measured]:
    """Stored readings by point key, with the units that the class gives them; without forecasts."""
    units = {point.key: point.unit for point in cls.points} if cls is not None else {}
    return [
        Measured(point=key, value=number(value), unit=units.get(key, ""))
        for key, value in readings.items()
        if not is_forecast(key)
    ]


class Forecast(Answer):
    """When something reaches its limit if it goes on as it did, as it was when the alarm was raised."""

    of: str
    """What reaches it: a point's key, or what the rule writes."""
    limit: float
    unit: str
    expected_at: Time
    earliest_at: Time
    """Nine in ten lie between the earliest and the latest."""
    latest_at: Time | None
    """Null where no end is in sight."""


def forecasts_of(readings: Mapping[str, Any], ts: Nanos | None) -> list[Forecast]:
    """The forecasts among the readings of an alarm that was raised at `ts`."""
    return [
        Forecast(
            of=item.of,
            limit=item.limit,
            unit=item.unit,
            expected_at=item.expected,
            earliest_at=item.earliest,
            latest_at=item.latest,
        )
        for item in forecasts(readings, ts)
    ]

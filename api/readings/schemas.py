"""What goes in and out about readings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.readings.limits import MAX_BUCKETS, MAX_POINTS, MAX_ROWS
from api.wire import Answer, Duration, Instant, Request, Time
from plantroom.model import Point, PointKind

PointPath = Annotated[str, Field(max_length=200, pattern=r"^[^/]+/[^/]+/[^/]+$")]
_POINTS = "Points as `site/equipment/point`, named again for each."


class LatestQuery(Request):
    """Which points: each by its path, or all of one equipment."""

    point: Annotated[list[PointPath], Field(default_factory=list, max_length=MAX_POINTS, description=_POINTS)]
    equipment: Annotated[
        str | None, Field(max_length=130, pattern=r"^[^/]+/[^/]+$", description="`site/equipment`.")
    ] = None


class RangeQuery(Request):
    """Which points and which stretch of time."""

    point: Annotated[list[PointPath], Field(min_length=1, max_length=MAX_POINTS, description=_POINTS)]
    start: Annotated[Instant | None, Field(description="Included; without it a day before end.")] = None
    end: Annotated[Instant | None, Field(description="Not included; without it, up to now.")] = None


class RawQuery(RangeQuery):
    """Every reading, in pages."""

    limit: Annotated[int, Field(ge=MAX_POINTS, le=MAX_ROWS, description="Readings in a page.")] = 10_000
    cursor: Annotated[str | None, Field(pattern=r"^\d{1,19}$")] = None


class AggregateQuery(RangeQuery):
    """Figures per interval; without one, the one that gives about `buckets`."""

    interval: Annotated[Duration | None, Field(description="From 1 s to 366 d.")] = None
    buckets: Annotated[int, Field(ge=1, le=MAX_BUCKETS)] = 500


class PointHead(Answer):
    """A point as the columns name it: by its place in this list."""

    path: str
    kind: PointKind
    unit: str
    values: dict[str, int] | None
    """Enum points: word -> code."""

    @classmethod
    def of(cls, point: Point) -> PointHead:
        """The point as it goes out."""
        return cls(
            path=f"{point.site}/{point.equipment}/{point.key}",
            kind=point.kind,
            unit=point.unit,
            values=dict(point.values) or None,
        )


class ReadingColumns(Answer):
    """Readings, one in each row of the columns; all columns have one length."""

    point: list[int]
    """Place in `points`."""
    at: list[Time]
    value: list[float | None]
    """In the point's unit; null where there was no number."""
    quality: list[list[str]]
    """What is wrong with it; empty for good."""


class LatestColumns(ReadingColumns):
    """The newest readings; points that never had one have no row."""

    stale: list[bool]
    """Too old to speak for the present."""


class Latest(Answer):
    """The newest reading of each point."""

    now: Time
    points: list[PointHead]
    columns: LatestColumns


class Readings(Answer):
    """Readings by time, then point. `next_cursor` goes on from here; null at the end."""

    start: Time
    end: Time
    points: list[PointHead]
    columns: ReadingColumns
    next_cursor: str | None


class FigureColumns(Answer):
    """Figures of good readings, one interval of one point in each row, by point, then time.

    Intervals are aligned to 1970-01-01T00:00Z; those without good readings have no row.
    """

    point: list[int]
    at: list[Time]
    """Where the interval begins."""
    mean: list[float | None]
    low: list[float | None]
    high: list[float | None]
    count: list[int]


class Figures(Answer):
    """Figures over time."""

    start: Time
    end: Time
    interval_s: float
    points: list[PointHead]
    columns: FigureColumns

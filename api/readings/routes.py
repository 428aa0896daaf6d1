"""Readings: latest, range, aggregate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query
from starlette.responses import Response

from api import problems
from api.context import Context
from api.dependencies import Now, Parts, Viewer
from api.readings import limits
from api.readings.columns import json_response, numbers_of, places_of, readings_of, times_of
from api.readings.schemas import (
    AggregateQuery,
    Figures,
    Latest,
    LatestQuery,
    PointHead,
    RangeQuery,
    RawQuery,
    Readings,
)
from plantroom.errors import NotFoundError
from plantroom.model import Point
from plantroom.readings import ReadingBatch
from plantroom.times import DAY, SECOND, Nanos, to_iso

router = APIRouter(prefix="/readings", tags=["readings"])


@router.get("/latest", summary="Newest readings", response_class=Response, responses={200: {"model": Latest}})
def get_latest(query: Annotated[LatestQuery, Query()], context: Parts, now: Now, _who: Viewer) -> Response:
    """Of the points named, or of all points of one equipment."""
    points = _asked(context, query.point)
    if query.equipment is not None:
        named = {point.id for point in points}
        points += [point for point in _of_equipment(context, query.equipment) if point.id not in named]
    if not points:
        raise problems.wrong("query.point", "name a point, or an equipment")
    found = [(point.id, *reading) for point in points if (reading := context.live.read(point.id)) is not None]
    ids, ts, value, quality = zip(*found, strict=True) if found else ((), (), (), ())
    batch = ReadingBatch.of(ids, ts, value, quality)
    stale_after = {point.id: point.stale_after for point in points}
    columns = readings_of(batch, [point.id for point in points])
    columns["stale"] = [now - at > stale_after[point] for point, at in zip(ids, ts, strict=True)]
    return json_response({"now": to_iso(now), "points": _heads(points), "columns": columns})


@router.get(
    "/range",
    summary="Every reading in a stretch of time",
    response_class=Response,
    responses={200: {"model": Readings}},
)
def get_range(query: Annotated[RawQuery, Query()], context: Parts, now: Now, _who: Viewer) -> Response:
    """By time, in pages that never part the readings of one moment. For a trend, ask for the aggregate."""
    points = _asked(context, query.point)
    start, end = _span(query, now)
    begin = start if query.cursor is None else int(query.cursor)
    if not start <= begin < end:
        raise problems.wrong("query.cursor", "is not one that this range gave out")
    limits.check_reading(points, _kept(context, begin, end, now))
    ids = [point.id for point in points]
    batch = context.store.range(np.array(sorted(ids), dtype=np.int32), begin, end, query.limit + 1)
    next_cursor = None
    if len(batch) > query.limit:
        # all readings of the last moment go to the next page: a moment has no more than there are points
        next_cursor = str(int(batch.ts[query.limit]))
        batch = batch.take(batch.ts < batch.ts[query.limit])
    return json_response(
        {
            "start": to_iso(start),
            "end": to_iso(end),
            "points": _heads(points),
            "columns": readings_of(batch, ids),
            "next_cursor": next_cursor,
        }
    )


@router.get(
    "/aggregate",
    summary="Mean, lowest and highest over time",
    response_class=Response,
    responses={200: {"model": Figures}},
)
def get_aggregate(
    query: Annotated[AggregateQuery, Query()], context: Parts, now: Now, _who: Viewer
) -> Response:
    """Of the good readings, per interval. Without `interval`, one that gives about `buckets` of them."""
    points = _asked(context, query.point)
    start, end = _span(query, now)
    span = end - start
    if query.interval is None:
        buckets = min(query.buckets, max(1, limits.MAX_ROWS // len(points) - 2))
        interval = limits.interval_for(span, buckets)
    elif SECOND <= query.interval <= 366 * DAY:
        interval = query.interval
    else:
        raise problems.wrong("query.interval", "must be from 1 s to 366 d")
    limits.check_rows(len(points), span, interval)
    limits.check_reading(points, _kept(context, start, end, now))
    ids = [point.id for point in points]
    figures = context.store.aggregate(np.array(sorted(ids), dtype=np.int32), start, end, interval)
    columns = {
        "point": places_of(figures.point_id, ids),
        "at": times_of(figures.ts),
        "mean": numbers_of(figures.mean),
        "low": numbers_of(figures.low),
        "high": numbers_of(figures.high),
        "count": figures.count.tolist(),
    }
    return json_response(
        {
            "start": to_iso(start),
            "end": to_iso(end),
            "interval_s": interval / SECOND,
            "points": _heads(points),
            "columns": columns,
        }
    )


def _asked(context: Context, paths: Sequence[str]) -> list[Point]:
    table = context.table()
    points: list[Point] = []
    for path in dict.fromkeys(paths):
        site, equipment, key = path.split("/")
        point_id = table.id_of(site, equipment, key)
        if point_id is None:
            raise NotFoundError(f"no point {path!r}")
        points.append(table.points[point_id])
    return points


def _of_equipment(context: Context, path: str) -> list[Point]:
    table = context.table()
    site, key = path.split("/")
    ids = table.of_equipment(site, key)
    if ids is None:
        raise NotFoundError(f"no equipment {path!r}")
    return [table.points[point_id] for point_id in ids.values()]


def _span(query: RangeQuery, now: Nanos) -> tuple[Nanos, Nanos]:
    end = now + 1 if query.end is None else query.end  # with what was read this moment
    start = max(0, end - DAY) if query.start is None else query.start
    limits.check_span(start, end)
    return start, end


def _kept(context: Context, start: Nanos, end: Nanos, now: Nanos) -> Nanos:
    """How much of the time the store can have readings of."""
    return max(0, min(end, now) - max(start, now - context.settings.ingest.retention))


def _heads(points: Sequence[Point]) -> list[dict[str, object]]:
    return [PointHead.of(point).model_dump(mode="json") for point in points]

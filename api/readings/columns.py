"""numpy columns to JSON columns, without a Python object for each time or flag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from starlette.responses import Response

from plantroom.readings import Float64s, Int32s, Int64s, Quality, ReadingBatch, UInt8s

_FLAGS: list[list[str]] = [
    [str(flag.name).lower() for flag in Quality if flag and flag & code and flag.name != "BAD"]
    for code in range(256)
]


def times_of(ts: Int64s) -> list[str]:
    """ISO 8601 in UTC with milliseconds, as `plantroom.times.to_iso` writes it."""
    texts: list[str] = np.datetime_as_string(ts.view("datetime64[ns]"), unit="ms", timezone="UTC").tolist()
    return texts


def numbers_of(column: Float64s) -> list[float]:
    """The column; what JSON cannot hold becomes null when it is written."""
    numbers: list[float] = column.tolist()
    return numbers


def flags_of(quality: UInt8s) -> list[list[str]]:
    """The words of each reading's flags."""
    return [_FLAGS[code] for code in quality.tolist()]


def flag_words(quality: Quality) -> list[str]:
    """The words of one reading's flags."""
    return _FLAGS[int(quality)]


def places_of(point_id: Int32s, asked: Sequence[int]) -> list[int]:
    """Where in `asked` each id stands."""
    places = {point: place for place, point in enumerate(asked)}
    return [places[point] for point in point_id.tolist()]


def readings_of(batch: ReadingBatch, asked: Sequence[int]) -> dict[str, list[Any]]:
    """The batch as the columns of an answer."""
    return {
        "point": places_of(batch.point_id, asked),
        "at": times_of(batch.ts),
        "value": numbers_of(batch.value),
        "quality": flags_of(batch.quality),
    }


def json_response(content: dict[str, Any]) -> Response:
    """The content as JSON; NaN and infinities become null."""
    return Response(msgspec.json.encode(content), media_type="application/json")

"""Readings as InfluxDB line protocol, built by column into one body. `docs/influxdb.md` has the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plantroom.model import Point, PointTable
from plantroom.readings import Bools, Float64s, Int32s, Int64s, ReadingBatch

MEASUREMENT = "readings"
VALUE = "value"
"""Field of readings that rules may use: boards that plot it show nothing that is known to be wrong."""
BAD = "bad"
"""Field of all other readings, as received; 0 where they are no finite number."""
QUALITY = "quality"
"""Field beside `bad` always and beside `value` where it is not 0: the quality and, above it, these bits."""
IS_NAN, IS_HIGH, IS_LOW = 1 << 8, 1 << 9, 1 << 10
"""The value is not a number, infinity, minus infinity: line protocol can write none of them."""

_ESCAPED = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ ", "\n": "\\ ", "\r": "\\ "})


class Lines:
    """Writes readings as lines; each point's tags are put together once for each point table."""

    def __init__(self, table: Callable[[], PointTable]) -> None:
        self._table_in_force = table
        self._table: PointTable | None = None
        self._prefixes: Any = pa.array([], pa.string())

    def of(self, batch: ReadingBatch) -> bytes:
        """The body of a write: one line for each reading."""
        if not len(batch):
            return b""
        heads = self._heads(batch.point_id)
        usable = usable_readings(batch)
        plain = usable & (batch.quality == 0)
        if plain.all():
            return _plain(heads, batch)
        others = ~plain
        return _plain(heads.filter(pa.array(plain)), batch.take(plain)) + _flagged(
            heads.filter(pa.array(others)), batch.take(others), usable[others]
        )

    def _heads(self, point_id: Int32s) -> Any:
        """Measurement, tags and the space after them, for each reading."""
        table = self._table_in_force()
        if table is not self._table:
            self._prefixes, self._table = pa.array(_prefixes(table), pa.string()), table
        if point_id.min() >= 0 and point_id.max() < len(self._prefixes):
            return self._prefixes.take(pa.array(point_id))
        ids, place = np.unique(point_id, return_inverse=True)
        heads = [
            self._prefixes[one].as_py() if 0 <= one < len(self._prefixes) else f"{MEASUREMENT},id={one} "
            for one in ids.tolist()
        ]
        return pa.array(heads, pa.string()).take(pa.array(place))


def usable_readings(batch: ReadingBatch) -> Bools:
    """A mask of the readings that go into the field `value`."""
    usable: Bools = np.isfinite(batch.value) & ~batch.is_bad()
    return usable


def bits_of(batch: ReadingBatch) -> Int64s:
    """What the field `quality` holds: the quality and what the value is if it is no finite number."""
    bits = batch.quality.astype(np.int64)
    bits |= np.where(np.isnan(batch.value), IS_NAN, 0)
    bits |= np.where(batch.value == np.inf, IS_HIGH, 0)
    bits |= np.where(batch.value == -np.inf, IS_LOW, 0)
    return bits


def value_of(stored: Float64s, bits: Int64s) -> Float64s:
    """The values as received, from the fields `bad` and `quality`."""
    value = np.where(bits & IS_NAN, np.nan, stored)
    value = np.where(bits & IS_HIGH, np.inf, value)
    found: Float64s = np.where(bits & IS_LOW, -np.inf, value)
    return found


def _prefixes(table: PointTable) -> list[str]:
    found = [f"{MEASUREMENT},id={number} " for number in range(table.size)]
    for point in table.points.values():
        found[point.id] = f"{MEASUREMENT},{','.join(_tags(table, point))} "
    return found


def _tags(table: PointTable, point: Point) -> Iterable[str]:
    """The tags in the order of their keys, as InfluxDB stores them without sorting."""
    item = table.equipment_by_path[f"{point.site}/{point.equipment}"]
    named = {
        "class": item.equipment_class,
        "equipment": item.key,
        "id": str(point.id),
        "point": point.key,
        "site": item.site,
    }
    return (f"{key}={text.translate(_ESCAPED)}" for key, text in named.items())


def _plain(heads: Any, batch: ReadingBatch) -> bytes:
    return _joined(heads, f"{VALUE}=", _text(batch.value), " ", _text(batch.ts), "\n")


def _flagged(heads: Any, batch: ReadingBatch, usable: Bools) -> bytes:
    field = pa.array(np.where(usable, f"{VALUE}=", f"{BAD}="), pa.string())
    finite = np.where(np.isfinite(batch.value), batch.value, 0.0)
    quality = _text(bits_of(batch))
    return _joined(heads, field, _text(finite), f",{QUALITY}=", quality, "i ", _text(batch.ts), "\n")


def _text(column: Float64s | Int64s) -> Any:
    """The shortest text that reads back as the same number."""
    return pc.cast(pa.array(column), pa.string())


def _joined(*parts: Any) -> bytes:
    lines = pc.binary_join_element_wise(*parts, "")
    # the texts of a string column lie end to end in its buffer, which is the body
    _, offsets, texts = lines.buffers()
    first, last = (int(np.frombuffer(offsets, np.int32)[lines.offset + at]) for at in (0, len(lines)))
    return bytes(texts[first:last])

"""InfluxDB's answers (annotated CSV) as columns, and the fields of readings joined into readings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from plantroom.errors import StoreError, StoreUnavailableError
from plantroom.readings import Float64s, Int32s, Int64s, Quality, ReadingBatch
from plantroom.stores.influx_lines import BAD, QUALITY, VALUE, value_of

_TYPES = {
    "result": pa.string(),
    "_time": pa.timestamp("ns", tz="UTC"),
    "_value": pa.float64(),
    "id": pa.int32(),
}


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """Numbers by point and time. Shapes: columns of one length."""

    point_id: Int32s
    ts: Int64s
    value: Float64s

    @classmethod
    def empty(cls) -> Figures:
        """No figures."""
        return cls(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64), np.zeros(0))


def figures_by_name(answer: bytes) -> dict[str, Figures]:
    """The figures of each `yield` of the query.

    Raises: StoreError where the query failed after it had begun to answer.
    """
    found: dict[str, list[Figures]] = {}
    for section in answer.split(b"\r\n\r\n"):
        if not section.strip():
            continue
        head = section.split(b"\r\n", 1)[0]
        if b"error" in head.split(b","):
            raise _failure_in(section)
        if b"\n" in section.strip():
            for name, figures in _section(section):
                found.setdefault(name, []).append(figures)
    return {name: _end_to_end(parts) for name, parts in found.items()}


def readings_of(answer: bytes) -> ReadingBatch:
    """Readings from the figures of their fields, sorted by time then point.

    A reading whose fields are not all there yet is still being written and left out.
    """
    found = figures_by_name(answer)
    good, bad, quality = (found.get(name, Figures.empty()) for name in (VALUE, BAD, QUALITY))
    ts = np.concatenate([good.ts, bad.ts, quality.ts])
    point_id = np.concatenate([good.point_id, bad.point_id, quality.point_id])
    order = np.lexsort((point_id, ts))
    starts = np.append(True, (np.diff(ts[order]) != 0) | (np.diff(point_id[order]) != 0))[: len(order)]
    row = np.empty(len(order), dtype=np.intp)
    row[order] = np.cumsum(starts) - 1
    count = int(starts.sum())
    of_good, of_bad, of_quality = np.split(row, [len(good.ts), len(good.ts) + len(bad.ts)])
    value, received = np.full(count, np.nan), np.zeros(count)
    bits = np.full(count, -1, dtype=np.int64)
    is_good, is_bad = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    value[of_good], is_good[of_good] = good.value, True
    received[of_bad], is_bad[of_bad] = bad.value, True
    bits[of_quality] = quality.value.astype(np.int64)
    known = bits >= 0
    bits[~known] = 0
    # both fields are there only where another writer replaced it unknown to this one: unknown is not OK
    is_bad &= known & (~is_good | ((bits & (~0xFF | int(Quality.BAD))) != 0))
    value = np.where(is_bad, value_of(received, bits), value)
    found_rows = ReadingBatch.of(point_id[order][starts], ts[order][starts], value, bits & 0xFF)
    return found_rows.take(is_good | is_bad)


def _section(section: bytes) -> list[tuple[str, Figures]]:
    """The tables under one header, by the name of their result."""
    table = pa_csv.read_csv(
        pa.BufferReader(section),
        read_options=pa_csv.ReadOptions(use_threads=False),
        convert_options=pa_csv.ConvertOptions(column_types=_TYPES, include_columns=list(_TYPES)),
    )
    names, point_id = table.column("result"), table.column("id")
    mask = point_id.is_valid()  # what others wrote into the bucket has no point
    found = []
    for name in names.unique().to_pylist():
        rows = table.filter(pa.compute.and_(mask, pa.compute.equal(names, name)))
        figures = Figures(
            _column(rows, "id", np.int32),
            _column(rows, "_time", np.int64),
            _column(rows, "_value", np.float64),
        )
        found.append((name, figures))
    return found


def _column(table: Any, name: str, dtype: Any) -> Any:
    column = table.column(name)
    if name == "_time":
        column = column.cast(pa.int64())
    return np.array(column.to_numpy(), dtype=dtype)


def _end_to_end(parts: list[Figures]) -> Figures:
    if len(parts) == 1:
        return parts[0]
    return Figures(
        np.concatenate([part.point_id for part in parts]),
        np.concatenate([part.ts for part in parts]),
        np.concatenate([part.value for part in parts]),
    )


def _failure_in(section: bytes) -> StoreError:
    text = section.split(b"\r\n", 1)[-1].decode(errors="replace").strip(' ,"\r\n')[:500]
    return StoreUnavailableError(f"InfluxDB began to answer and failed: {text}")

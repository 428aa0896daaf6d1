"""Recorded CSV to columns. A row that cannot be used is skipped and told, with its line and the reason.

A row is a line: a quoted field cannot hold a line break, so one stray quotation mark spoils one row only.
"""

from __future__ import annotations

import codecs
import csv
import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from plantroom.errors import FileError, Problem
from plantroom.readings import Float64s, Int64s
from plantroom.times import YEAR, Nanos, from_datetime
from simulators.replay_map import COUNTED, ReplayMap

SkippedRow: TypeAlias = tuple[int, str]
"""Line (from 1) and reason."""

MAX_ROWS = 5_000_000
MAX_LINE_BYTES = 64 * 1024
EARLIEST: Nanos = 4 * YEAR
"""Before 1974 a time in ns is too small a number to be told from one in us."""
LATEST: Nanos = 250 * YEAR
_FOREIGN = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


class _RowError(Exception):
    """Why a row cannot be used."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """The usable rows, by time, one for each time.

    Shapes: `ts` and each column have one entry a row. Units: `ts` ns; columns as recorded, NaN where empty.
    """

    ts: Int64s
    columns: Mapping[str, Float64s]
    skipped: tuple[SkippedRow, ...]

    def __len__(self) -> int:
        return len(self.ts)


def read_recording(path: Path, plan: ReplayMap, max_rows: int = MAX_ROWS) -> Recording:
    """The usable rows of a CSV file of at most `max_rows`.

    Raises: FileError where the file cannot be read, lacks a column of the map or has no usable row.
    """
    reader = _Reader(path, plan, max_rows)
    try:
        with path.open("rb") as file:
            for number, raw in _lines(file):
                if number == 1:
                    reader.header(raw)
                else:
                    reader.take(number, raw)
    except OSError as failure:
        raise _wrong(path, f"cannot be read: {failure.strerror}") from failure
    return reader.recording()


def _wrong(path: Path, message: str, line: int = 1, key: str = "") -> FileError:
    return FileError([Problem(path, line, 1, key, message)])


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Each line with its number; of one that is too long its beginning, one byte longer than allowed."""
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        yield number, raw
        rest = raw
        while rest and not rest.endswith(b"\n") and len(rest) > MAX_LINE_BYTES:
            rest = file.readline(MAX_LINE_BYTES + 1)


class _Reader:
    """Rows taken one by one into lists, then made into columns."""

    def __init__(self, path: Path, plan: ReplayMap, max_rows: int) -> None:
        self._path, self._plan, self._max_rows = path, plan, max_rows
        self._zone = ZoneInfo(plan.time.zone)
        self._width = 0
        self._time_at = 0
        self._at: list[int] = []
        self._ts = array("q")
        self._line = array("q")
        self._values = array("d")
        self._skipped: list[SkippedRow] = []

    def header(self, raw: bytes) -> None:
        """Find the map's columns.

        Raises: FileError where one is missing or is there twice, or the line is not text.
        """
        for mark, name in _FOREIGN.items():
            if raw.startswith(mark):
                raise _wrong(self._path, f"is {name}; save it as UTF-8")
        try:
            names = [name.strip() for name in self._fields(raw.removeprefix(codecs.BOM_UTF8))]
        except _RowError as failure:
            raise _wrong(self._path, f"the header cannot be read: {failure}") from None
        problems = []
        for column in [self._plan.time.column, *self._plan.columns]:
            count = names.count(column)
            if count != 1:
                there = ", ".join(name[:40] for name in names[:40])
                what = f"is a column {count} times" if count else f"is not a column; there are {there}"
                problems.append(Problem(self._path, 1, 1, column, what))
        if problems:
            raise FileError(problems)
        self._width = len(names)
        self._time_at = names.index(self._plan.time.column)
        self._at = [names.index(column) for column in self._plan.columns]

    def take(self, number: int, raw: bytes) -> None:
        """Keep the row, or why it cannot be used. An empty line is nothing.

        Raises: FileError for more rows than a recording may have.
        """
        if not raw.strip():
            return
        if len(self._ts) + len(self._skipped) >= self._max_rows:
            raise _wrong(self._path, f"has more than {self._max_rows} rows; cut it", number)
        try:
            ts, values = self._row(raw)
        except _RowError as failure:
            self._skipped.append((number, str(failure)))
            return
        self._ts.append(ts)
        self._line.append(number)
        self._values.extend(values)

    def recording(self) -> Recording:
        """The rows by time; of rows at one time the last in the file is kept.

        Raises: FileError where there is none.
        """
        if not self._width:
            raise _wrong(self._path, "is empty")
        if not self._ts:
            first = f"; line {self._skipped[0][0]}: {self._skipped[0][1]}" if self._skipped else ""
            raise _wrong(self._path, f"has no usable row{first}")
        ts = np.array(self._ts, dtype=np.int64)
        order = np.argsort(ts, kind="stable")
        ts = ts[order]
        last = np.append(np.diff(ts) != 0, True)
        for row in order[~last].tolist():
            self._skipped.append((self._line[row], "a later row has the same time"))
        table = np.array(self._values, dtype=np.float64).reshape(len(order), -1)[order[last]]
        columns = {name: table[:, at] for at, name in enumerate(self._plan.columns)}
        return Recording(ts[last], columns, tuple(sorted(self._skipped)))

    def _row(self, raw: bytes) -> tuple[Nanos, list[float]]:
        fields = self._fields(raw)
        if len(fields) != self._width:
            raise _RowError(f"{len(fields)} fields where the header has {self._width}")
        return self._time(fields[self._time_at]), [self._number(fields[at]) for at in self._at]

    def _fields(self, raw: bytes) -> list[str]:
        if len(raw) > MAX_LINE_BYTES:
            raise _RowError(f"longer than {MAX_LINE_BYTES} bytes")
        if b"\0" in raw:
            raise _RowError("holds a NUL byte")
        try:
            text = raw.decode(self._plan.encoding)
        except UnicodeError:
            raise _RowError(f"is not {self._plan.encoding}") from None
        try:
            return next(csv.reader([text.rstrip("\r\n")], delimiter=self._plan.delimiter, strict=True), [])
        except csv.Error as failure:
            raise _RowError(f"is not CSV: {failure}") from None

    def _number(self, text: str) -> float:
        """The number; NaN for an empty field, which is no reading."""
        text = text.strip()
        if not text:
            return math.nan
        plain = text if self._plan.decimal == "." else text.replace(".", "?").replace(",", ".")
        try:
            # Python's own spellings (1_000) are no one's numbers
            value = math.nan if "_" in plain else float(plain)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise _RowError(f"{text[:40]!r} is not a number")
        return value

    def _time(self, text: str) -> Nanos:
        text, form = text.strip(), self._plan.time.format
        try:
            if form in COUNTED:
                # a float has not digits enough for whole nanoseconds
                number = int(text) if text.isascii() and text.isdecimal() else self._number(text)
                ts = round(number * COUNTED[form])
            else:
                found = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007 - its zone is the map's
                ts = from_datetime(found if found.tzinfo else found.replace(tzinfo=self._zone))
        except (ValueError, OverflowError):
            raise _RowError(f"{text[:40]!r} is not a time as the map says ({form})") from None
        if not EARLIEST <= ts <= LATEST:
            raise _RowError(f"{text[:40]!r} is not a time between 1974 and 2220")
        return ts

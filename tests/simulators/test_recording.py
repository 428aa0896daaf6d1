"""Recorded CSV: good rows become columns, bad ones are named, bad files are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plantroom.errors import FileError
from plantroom.times import SECOND
from simulators.recording import EARLIEST, MAX_LINE_BYTES, Recording, read_recording
from simulators.replay_map import DerivedPoint, PointColumn, ReplayMap, TimeColumn
from tests.simulators.kit import local

HEADER = "when;Flow;Amps\n"
ROWS = "2026-10-19 09:00:00;31.5;1.1\n2026-10-19 09:00:01;32;1.2\n2026-10-19 09:00:03;32.5;\n"
T0 = local(2026, 10, 19, 9)


def plan(**changes: object) -> ReplayMap:
    given: dict[str, object] = {
        "site": "hq",
        "equipment": "p1",
        "delimiter": ";",
        "time": TimeColumn(column="when", zone="Asia/Shanghai"),
        "points": {"flow": PointColumn(column="Flow", unit="L/min")},
        "derived": {"running": DerivedPoint(column="Amps", above=0.2)},
    }
    return ReplayMap.model_validate(given | changes)


def read(folder: Path, data: str | bytes, **changes: object) -> Recording:
    path = folder / "rows.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_recording(path, plan(**changes))


def test_rows_become_columns(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + ROWS)
    assert found.ts.tolist() == [T0, T0 + SECOND, T0 + 3 * SECOND]
    assert found.columns["Flow"].tolist() == [31.5, 32, 32.5]
    assert np.isnan(found.columns["Amps"][2])
    assert found.skipped == ()


@pytest.mark.parametrize(
    "data",
    [
        (HEADER + ROWS).replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + (HEADER + ROWS).encode(),
        (HEADER + "\n\n" + ROWS + "\n  \n").encode(),
        (HEADER + ROWS).rstrip().encode(),
        (HEADER + ROWS).replace("31.5", '"31.5"').encode(),
        (HEADER + ROWS).replace("when;Flow", " when ; Flow ").encode(),
    ],
    ids=["crlf", "bom", "blank lines", "no last newline", "quoted", "spaces in the header"],
)
def test_harmless_differences_change_nothing(tmp_path: Path, data: bytes) -> None:
    found = read(tmp_path, data)
    assert found.ts.tolist() == [T0, T0 + SECOND, T0 + 3 * SECOND]
    assert found.skipped == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"2026-10-19 09:00:09;31.5", "2 fields where the header has 3"),
        (b"2026-10-19 09:00:09;31.5;1;2", "4 fields where the header has 3"),
        (b"2026-10-19 09:00:09;wet;1", "'wet' is not a number"),
        (b"2026-10-19 09:00:09;nan;1", "'nan' is not a number"),
        (b"2026-10-19 09:00:09;1e999;1", "'1e999' is not a number"),
        (b"2026-10-19 09:00:09;1_000;1", "'1_000' is not a number"),
        (b"2026-10-19 09:00:09;31,5;1", "'31,5' is not a number"),
        (b"2026-10-19 09:00:09;=1+1;1", "'=1+1' is not a number"),
        (b"soon;31.5;1", "'soon' is not a time as the map says (iso)"),
        (b";31.5;1", "'' is not a time as the map says (iso)"),
        (b"0001-01-01 00:00:00;31.5;1", "not a time between 1974 and 2220"),
        (b"9999-12-31 23:59:59;31.5;1", "not a time between 1974 and 2220"),
        (b"2026-10-19 09:00:09;31\0.5;1", "holds a NUL byte"),
        (b"2026-10-19 09:00:09;31.5;\xff", "is not utf-8"),
        (b'2026-10-19 09:00:09;"31.5;1', "is not CSV: "),
        (b"2026-10-19 09:00:09;31.5;" + b"1" * (MAX_LINE_BYTES + 9), "longer than 65536 bytes"),
    ],
)
def test_a_bad_row_is_skipped_with_its_line_and_reason(tmp_path: Path, row: bytes, reason: str) -> None:
    first, rest = ROWS.split("\n", 1)
    found = read(tmp_path, HEADER.encode() + first.encode() + b"\n" + row + b"\n" + rest.encode())
    assert len(found) == 3
    ((line, why),) = found.skipped
    assert line == 3
    assert reason in why


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (HEADER.encode(), "has no usable row"),
        ((HEADER + "a;b;c\n").encode(), "has no usable row; line 2: 'a' is not a time"),
        (b"when;Flow\n2026-10-19 09:00:00;1\n", "Amps: is not a column; there are when, Flow"),
        (b"when;Flow;Amps;Flow\n", "Flow: is a column 2 times"),
        ((HEADER + ROWS).encode("utf-16"), "is UTF-16; save it as UTF-8"),
        ((HEADER + ROWS).encode("utf-32"), "is UTF-32; save it as UTF-8"),
        ("时间;Flow;Amps\n".encode("gbk"), "the header cannot be read: is not utf-8"),
        (b"when,Flow,Amps\n", "when: is not a column; there are when,Flow,Amps"),
        (b"\0\0\0\0", "the header cannot be read: holds a NUL byte"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(FileError) as failure:
        read(tmp_path, data)
    assert message in str(failure.value)
    assert str(tmp_path / "rows.csv") in str(failure.value)


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read: No such file"):
        read_recording(tmp_path / "none.csv", plan())
    with pytest.raises(FileError, match="cannot be read: Is a directory"):
        read_recording(tmp_path, plan())


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(HEADER + ROWS)
    assert len(read_recording(path, plan(), max_rows=3)) == 3
    with pytest.raises(FileError, match=r"rows.csv:4:1: has more than 2 rows"):
        read_recording(path, plan(), max_rows=2)


def test_unsorted_rows_are_sorted_and_of_equal_times_the_last_is_kept(tmp_path: Path) -> None:
    lines = ROWS.splitlines()
    found = read(tmp_path, HEADER + "\n".join([lines[2], lines[0], lines[1], lines[0].replace("31.5", "9")]))
    assert found.ts.tolist() == [T0, T0 + SECOND, T0 + 3 * SECOND]
    assert found.columns["Flow"].tolist() == [9, 32, 32.5]
    assert found.skipped == ((3, "a later row has the same time"),)


@pytest.mark.parametrize(
    ("form", "zone", "text", "ts"),
    [
        ("iso", "Asia/Shanghai", "2026-10-19T09:00:00", T0),
        ("iso", "Asia/Shanghai", "2026-10-19T01:00:00Z", T0),
        ("iso", "UTC", "2026-10-19T09:00:00+08:00", T0),
        ("%d.%m.%Y %H:%M", "Asia/Shanghai", "19.10.2026 09:00", T0),
        ("s", "UTC", str(T0 // SECOND), T0),
        ("s", "UTC", f"{T0 // SECOND}.5", T0 + SECOND // 2),
        ("ms", "UTC", str(T0 // 10**6), T0),
        ("ns", "UTC", str(T0 + 1), T0 + 1),
    ],
)
def test_times_are_read_as_the_map_says(tmp_path: Path, form: str, zone: str, text: str, ts: int) -> None:
    found = read(tmp_path, HEADER + f"{text};1;1\n", time=TimeColumn(column="when", format=form, zone=zone))
    assert found.ts.tolist() == [ts]


def test_another_encoding_and_decimal_comma(tmp_path: Path) -> None:
    data = "时间;流量;电流\n2026-10-19 09:00:00;31,5;1,1\n2026-10-19 09:00:01;1.000,5;1\n".encode("gbk")
    found = read(
        tmp_path,
        data,
        encoding="gbk",
        decimal=",",
        time=TimeColumn(column="时间", zone="Asia/Shanghai"),
        points={"flow": PointColumn(column="流量")},
        derived={"running": DerivedPoint(column="电流", above=0.2)},
    )
    assert found.columns["流量"].tolist() == [31.5]
    assert found.skipped == ((3, "'1.000,5' is not a number"),)


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_rows_or_an_error(tmp_path: Path, data: bytes) -> None:
    try:
        found = read(tmp_path, HEADER.encode() + ROWS.encode() + data)
    except FileError:
        return
    assert len(found) >= 1
    assert (np.diff(found.ts) > 0).all()
    assert found.ts[0] >= EARLIEST

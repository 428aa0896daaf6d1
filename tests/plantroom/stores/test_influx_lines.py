"""Line protocol built by column, and the answers' CSV back as columns."""

from __future__ import annotations

import math

import numpy as np
import pytest

from plantroom.errors import StoreUnavailableError
from plantroom.model import Equipment, Point, PointKind, PointTable, Text
from plantroom.readings import Quality, ReadingBatch
from plantroom.stores.influx_answers import figures_by_name, readings_of
from plantroom.stores.influx_lines import Lines
from plantroom.times import SECOND

NAME = Text("Pump", "泵")


def table(*keys: str, equipment: str = "p1") -> PointTable:
    """One pump with these points, their ids from 0."""
    points = [
        Point(
            id=number,
            site="hq",
            equipment=equipment,
            key=key,
            name=NAME,
            kind=PointKind.ANALOG,
            unit="bar",
            valid=(-1.0, 100.0),
            normal=None,
            sample=SECOND,
            stale_after=60 * SECOND,
        )
        for number, key in enumerate(keys)
    ]
    return PointTable([Equipment(1, "hq", equipment, "pump", NAME)], points)


def test_tags_say_whose_point_it_is_in_the_order_of_their_keys() -> None:
    pump = table("flow", "current")
    body = Lines(lambda: pump).of(ReadingBatch.of([1, 0], [5, 7], [31.25, -0.5]))
    assert body == (
        b"readings,class=pump,equipment=p1,id=1,point=current,site=hq value=31.25 5\n"
        b"readings,class=pump,equipment=p1,id=0,point=flow,site=hq value=-0.5 7\n"
    )


def test_a_point_that_the_table_does_not_have_is_known_by_its_id() -> None:
    pump = table("flow")
    body = Lines(lambda: pump).of(ReadingBatch.of([0, 2**31 - 1], [5, 5], [1.0, 2.0]))
    assert body.splitlines()[1] == b"readings,id=2147483647 value=2 5"


def test_a_replaced_table_is_used_at_once() -> None:
    tables = [table("flow")]
    lines = Lines(lambda: tables[-1])
    reading = ReadingBatch.of([0], [5], [1.0])
    lines.of(reading)
    tables.append(table("flow", equipment="p2"))
    assert b"equipment=p2" in lines.of(reading)


def test_characters_with_a_meaning_are_escaped() -> None:
    odd = table("a b,c=d\ne")
    assert b",point=a\\ b\\,c\\=d\\ e," in Lines(lambda: odd).of(ReadingBatch.of([0], [5], [1.0]))


def test_only_usable_readings_have_the_field_that_boards_plot() -> None:
    none = PointTable([], [])
    given = ReadingBatch.of(
        [1, 2, 3, 4, 5],
        [1, 1, 1, 1, 1],
        [1.0, 2.0, 3.0, math.nan, math.inf],
        [0, Quality.RECEIVE_TIME, Quality.OUT_OF_RANGE, Quality.NOT_A_NUMBER, 0],
    )
    assert sorted(Lines(lambda: none).of(given).decode().splitlines()) == [
        "readings,id=1 value=1 1",
        f"readings,id=2 value=2,quality={int(Quality.RECEIVE_TIME)}i 1",
        f"readings,id=3 bad=3,quality={int(Quality.OUT_OF_RANGE)}i 1",
        f"readings,id=4 bad=0,quality={256 + int(Quality.NOT_A_NUMBER)}i 1",
        "readings,id=5 bad=0,quality=512i 1",
    ]


@pytest.mark.parametrize("value", [0.1, -1e308, 5e-324, 2.0**53 + 2, 1 / 3, -273.15])
def test_a_value_is_written_with_every_digit(value: float) -> None:
    none = PointTable([], [])
    body = Lines(lambda: none).of(ReadingBatch.of([1], [1], [value]))
    assert float(body.split(b"value=")[1].split()[0]) == value


def section(result: str, *rows: str) -> bytes:
    """One table of an answer, as InfluxDB writes it."""
    lines = [",result,table,_time,_value,id", *(f",{result},0,{row}" for row in rows)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def test_fields_are_joined_into_readings_by_point_and_time() -> None:
    answer = (
        section("value", "2025-10-09T08:53:20.000000001Z,1.5,7", "1969-12-31T23:59:59.999999995Z,2,3")
        + section("bad", "2025-10-09T08:53:20Z,9,3", "2025-10-09T08:53:20.1Z,0,3")
        + section(
            "quality",
            "2025-10-09T08:53:20Z,1,3",
            "2025-10-09T08:53:20.1Z,258,3",
            "2025-10-09T08:53:20.000000001Z,32,7",
        )
    )
    found = readings_of(answer)
    assert found.point_id.tolist() == [3, 3, 7, 3]
    at = 1_760_000_000 * SECOND
    assert found.ts.tolist() == [-5, at, at + 1, at + SECOND // 10]
    assert found.quality.tolist() == [0, 1, 32, 2]
    assert found.value.tolist()[:3] == [2.0, 9.0, 1.5]
    assert math.isnan(found.value[3])


def test_a_reading_whose_fields_are_not_all_there_is_still_being_written() -> None:
    at = "2025-10-09T08:53:20Z"
    assert len(readings_of(section("bad", f"{at},9,3"))) == 0
    assert len(readings_of(section("quality", f"{at},1,3"))) == 0


def test_of_a_good_and_a_bad_reading_at_one_time_the_bad_one_stands() -> None:
    at = "2025-10-09T08:53:20Z"
    answer = section("value", f"{at},1,3") + section("bad", f"{at},9,3") + section("quality", f"{at},1,3")
    found = readings_of(answer)
    assert (found.value.tolist(), found.quality.tolist()) == ([9.0], [1])


def test_numbers_written_out_in_full_come_back() -> None:
    at = "2025-10-09T08:53:20Z"
    tiny = np.format_float_positional(5e-324, trim="-")
    answer = section("value", f"{at},1{'0' * 308},1", f"{at},{tiny},2")
    assert readings_of(answer).value.tolist() == [1e308, 5e-324]


def test_rows_without_a_point_are_not_ours() -> None:
    assert len(readings_of(section("value", "2025-10-09T08:53:20Z,1,"))) == 0


@pytest.mark.parametrize("answer", [b"", b"\r\n", b",result,table,_time,_value,id\r\n\r\n"])
def test_nothing_gives_nothing(answer: bytes) -> None:
    assert figures_by_name(answer) == {}
    assert len(readings_of(answer)) == 0


def test_a_query_that_fails_while_answering_is_an_error() -> None:
    answer = section("value", "2025-10-09T08:53:20Z,1,1") + b"error,reference\r\nmemory limit reached,\r\n"
    with pytest.raises(StoreUnavailableError, match="memory limit reached"):
        readings_of(answer)

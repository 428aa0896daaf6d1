"""ReadingBatch: normalising, joining, taking, and what counts as bad."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantroom.readings import Quality, ReadingBatch

Row = tuple[int, int, float, int]
ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-5, 5), st.floats(allow_nan=False), st.integers(0, 63)),
    max_size=40,
)


def of_rows(rows: list[Row]) -> ReadingBatch:
    return ReadingBatch.of(*([row[column] for row in rows] for column in range(4)))


def to_rows(batch: ReadingBatch) -> list[Row]:
    columns = (batch.point_id, batch.ts, batch.value, batch.quality)
    return list(zip(*(column.tolist() for column in columns), strict=True))


class TestNormalised:
    def test_sorts_by_time_then_point(self) -> None:
        batch = of_rows([(2, 5, 1.0, 0), (1, 5, 2.0, 0), (9, 1, 3.0, 0)])
        assert to_rows(batch.normalised()) == [(9, 1, 3.0, 0), (1, 5, 2.0, 0), (2, 5, 1.0, 0)]

    def test_of_one_point_and_time_the_last_received_stands(self) -> None:
        batch = of_rows([(1, 5, 1.0, 0), (2, 5, 7.0, 0), (1, 5, 2.0, 4), (1, 5, 3.0, 1)])
        assert to_rows(batch.normalised()) == [(1, 5, 3.0, 1), (2, 5, 7.0, 0)]

    @pytest.mark.parametrize("rows", [[], [(1, 5, 2.0, 0)]])
    def test_leaves_none_and_one_alone(self, rows: list[Row]) -> None:
        assert to_rows(of_rows(rows).normalised()) == rows

    def test_the_given_batch_stays_as_it_was(self) -> None:
        rows = [(2, 5, 1.0, 0), (1, 1, 2.0, 0), (2, 5, 3.0, 0)]
        batch = of_rows(rows)
        batch.normalised()
        assert to_rows(batch) == rows

    @given(ROWS)
    def test_is_what_a_dict_would_keep(self, rows: list[Row]) -> None:
        kept = {(row[0], row[1]): row for row in rows}
        expected = sorted(kept.values(), key=lambda row: (row[1], row[0]))
        normalised = of_rows(rows).normalised()
        assert to_rows(normalised) == expected
        assert to_rows(normalised.normalised()) == expected


class TestBuilding:
    def test_columns_have_their_types_whatever_was_given(self) -> None:
        batch = ReadingBatch.of((1, 2), [3, 4], np.array([1, 0], dtype=np.int8))
        columns = (batch.point_id, batch.ts, batch.value, batch.quality)
        assert [column.dtype.name for column in columns] == ["int32", "int64", "float64", "uint8"]
        assert to_rows(batch) == [(1, 3, 1.0, 0), (2, 4, 0.0, 0)]

    @pytest.mark.parametrize("column", range(4))
    def test_columns_of_different_lengths_are_refused(self, column: int) -> None:
        columns = [[1, 2], [1, 2], [1, 2], [0, 0]]
        columns[column] = [1]
        with pytest.raises(ValueError, match="one length"):
            ReadingBatch.of(*columns)

    def test_an_empty_batch_has_length_none(self) -> None:
        assert len(ReadingBatch.empty()) == 0
        assert len(ReadingBatch.empty().normalised()) == 0
        assert len(ReadingBatch.empty().is_bad()) == 0

    @given(st.lists(ROWS, max_size=4))
    def test_joining_keeps_every_row_in_order(self, parts: list[list[Row]]) -> None:
        joined = ReadingBatch.concat(of_rows(rows) for rows in parts)
        assert to_rows(joined) == [row for rows in parts for row in rows]

    def test_taking_by_mask_index_and_slice(self) -> None:
        batch = of_rows([(1, 1, 1.0, 0), (2, 2, 2.0, 0), (3, 3, 3.0, 0)])
        assert batch.take(np.array([True, False, True])).point_id.tolist() == [1, 3]
        assert batch.take(np.array([2, 0, 0])).point_id.tolist() == [3, 1, 1]
        assert batch.take(slice(1, None)).point_id.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("quality", "bad"),
    [
        (Quality.GOOD, False),
        (Quality.RECEIVE_TIME, False),
        (Quality.OUT_OF_RANGE, True),
        (Quality.NOT_A_NUMBER, True),
        (Quality.UNIT, True),
        (Quality.CLOCK, True),
        (Quality.ENUM, True),
        (Quality.RECEIVE_TIME | Quality.CLOCK, True),
    ],
)
def test_what_rules_must_take_as_unknown(quality: Quality, *, bad: bool) -> None:
    assert ReadingBatch.of([1], [1], [1.0], [quality]).is_bad().tolist() == [bad]


def test_every_flag_fits_the_column_and_has_its_own_bit() -> None:
    flags = [flag for flag in Quality if flag and flag is not Quality.BAD]
    assert len({int(flag) for flag in flags}) == len(flags)
    assert all(int(flag).bit_count() == 1 and flag < 256 for flag in flags)

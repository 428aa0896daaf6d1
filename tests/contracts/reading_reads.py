"""The reading store contract's reading half: what latest, range and aggregate must answer."""

from __future__ import annotations

import numpy as np
import pytest

from plantroom.readings import Quality
from plantroom.stores.base import ReadingStore
from plantroom.times import HOUR, MINUTE, SECOND
from tests.contracts.rows import FAR, T0, aggregate_rows, batch, rows


class LatestContract:
    """The newest reading of every point, by its own time."""

    def test_an_empty_store_has_none(self, store: ReadingStore) -> None:
        assert len(store.latest()) == 0

    def test_the_newest_by_reading_time_sorted_by_point(self, store: ReadingStore) -> None:
        store.append(batch((9, T0, 1.0), (3, T0 + 5, 2.0), (3, T0, 3.0), (5, T0 - HOUR, 4.0)))
        assert rows(store.latest()) == rows(batch((3, T0 + 5, 2.0), (5, T0 - HOUR, 4.0), (9, T0, 1.0)))

    def test_a_late_reading_is_not_the_newest(self, store: ReadingStore) -> None:
        store.append(batch((1, T0, 1.0)))
        store.append(batch((1, T0 - SECOND, 2.0)))
        assert rows(store.latest()) == rows(batch((1, T0, 1.0)))

    def test_a_replaced_newest_is_seen(self, store: ReadingStore) -> None:
        store.append(batch((1, T0, 1.0), (2, T0, 1.0)))
        store.append(batch((1, T0, 2.0, Quality.UNIT)))
        assert rows(store.latest()) == rows(batch((1, T0, 2.0, Quality.UNIT), (2, T0, 1.0)))

    def test_the_answer_is_the_callers_own(self, store: ReadingStore) -> None:
        store.append(batch((1, T0, 1.0)))
        store.latest().value[:] = 99.0
        assert rows(store.latest()) == rows(batch((1, T0, 1.0)))


class RangeContract:
    """Readings from start to before end, by time then point."""

    def test_the_end_is_outside(self, store: ReadingStore) -> None:
        store.append(batch((1, T0 - 1, 0.0), (1, T0, 1.0), (1, T0 + 9, 2.0), (1, T0 + 10, 3.0)))
        assert store.range(None, T0, T0 + 10).value.tolist() == [1.0, 2.0]
        assert len(store.range(None, T0, T0)) == 0
        assert len(store.range(None, T0 + 5, T0)) == 0

    def test_sorted_by_time_then_point_and_cut_by_limit(self, store: ReadingStore) -> None:
        store.append(batch((3, T0, 3.0), (1, T0 + 1, 4.0), (1, T0, 1.0), (2, T0, 2.0)))
        assert store.range(None, T0, FAR).value.tolist() == [1.0, 2.0, 3.0, 4.0]
        assert store.range(None, T0, FAR, 3).value.tolist() == [1.0, 2.0, 3.0]
        assert len(store.range(None, T0, FAR, 0)) == 0
        assert len(store.range(None, T0, FAR, 100)) == 4

    def test_only_the_points_asked_for(self, store: ReadingStore) -> None:
        store.append(batch(*((point, T0, float(point)) for point in range(10))))
        wanted = np.array([7, 3, 3, 500], dtype=np.int32)
        assert store.range(wanted, T0, FAR).point_id.tolist() == [3, 7]
        assert store.range(wanted, T0, FAR, 1).point_id.tolist() == [3]
        assert len(store.range(np.array([], dtype=np.int32), T0, FAR)) == 0

    def test_a_negative_limit_is_refused(self, store: ReadingStore) -> None:
        with pytest.raises(ValueError, match="limit"):
            store.range(None, T0, FAR, -1)

    def test_all_of_time(self, store: ReadingStore) -> None:
        store.append(batch((1, -5, 1.0), (1, 0, 2.0), (1, T0, 3.0)))
        assert store.range(None, -(2**63), 2**63 - 1).value.tolist() == [1.0, 2.0, 3.0]
        assert store.range(None, -(2**80), 2**80).value.tolist() == [1.0, 2.0, 3.0]

    def test_columns_have_their_types(self, store: ReadingStore) -> None:
        store.append(batch((1, T0, 1.0)))
        for found in (store.range(None, T0, FAR), store.range(None, 0, 1), store.latest()):
            columns = (found.point_id, found.ts, found.value, found.quality)
            assert [column.dtype.name for column in columns] == ["int32", "int64", "float64", "uint8"]
            assert not any(np.ma.isMaskedArray(column) for column in columns)


class ScanContract:
    """The readings of range, in no promised order."""

    def test_the_same_readings_as_range(self, store: ReadingStore) -> None:
        store.append(batch((3, T0 + 9, 3.0), (1, T0, 1.0, Quality.UNIT), (2, T0, float("nan"))))
        store.append(batch((1, T0 - 1, 4.0), (1, T0 + 10, 5.0), (2, T0 + 3, 6.0)))
        wanted = np.array([2, 1, 500], dtype=np.int32)
        for points in (None, wanted, np.array([], dtype=np.int32)):
            found = store.scan(points, T0, T0 + 10)
            assert sorted(rows(found)) == sorted(rows(store.range(points, T0, T0 + 10)))
        assert len(store.scan(None, T0, T0 + 10)) == 4
        assert len(store.scan(wanted, T0, T0)) == 0
        assert len(store.scan(None, -(2**80), 2**80)) == 6

    def test_the_columns_are_the_callers_own_and_have_their_types(self, store: ReadingStore) -> None:
        store.append(batch((1, T0, 1.0)))
        found = store.scan(None, T0, FAR)
        found.value[:] = 99.0
        assert store.scan(None, T0, FAR).value.tolist() == [1.0]
        for part in (found, store.scan(None, 0, 1)):
            columns = (part.point_id, part.ts, part.value, part.quality)
            assert [column.dtype.name for column in columns] == ["int32", "int64", "float64", "uint8"]


class AggregateContract:
    """Figures of the good readings, per point and interval."""

    def test_figures_per_interval_aligned_to_1970(self, store: ReadingStore) -> None:
        start = T0 - T0 % MINUTE
        store.append(
            batch(
                (1, start + 1, 1.0), (1, start + 30 * SECOND, 4.0), (1, start + MINUTE, 10.0),
                (1, start + 3 * MINUTE, 20.0), (2, start + MINUTE - 1, -7.0), (3, start, 99.0),
            )
        )  # fmt: skip
        found = store.aggregate(np.array([2, 1], dtype=np.int32), start, start + HOUR, MINUTE)
        assert aggregate_rows(found) == [
            (1, start, 2.5, 1.0, 4.0, 2),
            (1, start + MINUTE, 10.0, 10.0, 10.0, 1),
            (1, start + 3 * MINUTE, 20.0, 20.0, 20.0, 1),
            (2, start, -7.0, -7.0, -7.0, 1),
        ]

    def test_a_range_that_cuts_an_interval_counts_only_what_is_inside(self, store: ReadingStore) -> None:
        start = T0 - T0 % MINUTE
        store.append(batch((1, start, 1.0), (1, start + 10, 2.0), (1, start + 20, 3.0)))
        found = store.aggregate(np.array([1], dtype=np.int32), start + 10, start + 20, MINUTE)
        assert aggregate_rows(found) == [(1, start, 2.0, 2.0, 2.0, 1)]

    def test_times_before_1970_fall_into_the_interval_that_began_before_them(
        self, store: ReadingStore
    ) -> None:
        store.append(batch((1, -1, 1.0), (1, -10, 2.0), (1, -11, 3.0), (1, 0, 4.0)))
        found = store.aggregate(np.array([1], dtype=np.int32), -100, 100, 10)
        assert [(row[1], row[5]) for row in aggregate_rows(found)] == [(-20, 1), (-10, 2), (0, 1)]

    @pytest.mark.parametrize("flag", [flag for flag in Quality if flag & Quality.BAD])
    def test_bad_readings_do_not_count(self, store: ReadingStore, flag: Quality) -> None:
        store.append(batch((1, T0, 1.0), (1, T0 + 1, 1000.0, flag), (2, T0, 1000.0, flag)))
        found = store.aggregate(np.array([1, 2], dtype=np.int32), T0, T0 + 10, HOUR)
        assert [(row[0], *row[2:]) for row in aggregate_rows(found)] == [(1, 1.0, 1.0, 1.0, 1)]

    def test_a_reading_with_its_receive_time_counts(self, store: ReadingStore) -> None:
        store.append(batch((1, T0, 1.0), (1, T0 + 1, 3.0, Quality.RECEIVE_TIME)))
        found = store.aggregate(np.array([1], dtype=np.int32), T0, T0 + 10, HOUR)
        assert [row[2:] for row in aggregate_rows(found)] == [(2.0, 1.0, 3.0, 2)]

    def test_one_missing_number_does_not_spoil_the_mean(self, store: ReadingStore) -> None:
        store.append(batch((1, T0, 1.0), (1, T0 + 1, float("nan"))))
        found = store.aggregate(np.array([1], dtype=np.int32), T0, T0 + 10, HOUR)
        assert [row[2:] for row in aggregate_rows(found)] == [(1.0, 1.0, 1.0, 1)]

    def test_nothing_gives_no_rows(self, store: ReadingStore) -> None:
        assert aggregate_rows(store.aggregate(np.array([1], dtype=np.int32), 0, FAR, HOUR)) == []
        assert aggregate_rows(store.aggregate(np.array([], dtype=np.int32), 0, FAR, HOUR)) == []

    @pytest.mark.parametrize("interval", [0, -1])
    def test_an_interval_of_nothing_is_refused(self, store: ReadingStore, interval: int) -> None:
        with pytest.raises(ValueError, match="interval"):
            store.aggregate(np.array([1], dtype=np.int32), 0, 1, interval)

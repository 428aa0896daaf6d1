"""The reading store contract's writing half: what append, retention and opening again must do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
import pytest

from plantroom.readings import Quality, ReadingBatch
from plantroom.stores.base import Appended, ReadingStore
from plantroom.times import HOUR, SECOND
from tests.contracts.rows import FAR, T0, OpenStore, batch, everything, rows


class AppendContract:
    """Every reading of a batch is new, repeated or replaced, as if they had come one by one."""

    def test_new_readings_are_new(self, store: ReadingStore) -> None:
        assert store.append(batch((2, T0, 1.5), (1, T0, 2.5), (1, T0 + 1, 3.5))) == Appended(3, 0, 0)
        assert rows(everything(store)) == rows(batch((1, T0, 2.5), (2, T0, 1.5), (1, T0 + 1, 3.5)))

    def test_an_empty_batch_changes_nothing(self, store: ReadingStore) -> None:
        assert store.append(ReadingBatch.empty()) == Appended(0, 0, 0)
        assert store.size() == 0

    def test_the_same_batch_again_is_repeated(self, store: ReadingStore) -> None:
        given = batch((1, T0, 1.0), (1, T0 + SECOND, 2.0, Quality.OUT_OF_RANGE), (2, T0, 3.0))
        store.append(given)
        assert store.append(given) == Appended(0, 3, 0)
        assert rows(everything(store)) == rows(given.normalised())

    def test_another_value_replaces(self, store: ReadingStore) -> None:
        store.append(batch((1, T0, 1.0), (1, T0 + 1, 2.0), (2, T0, 3.0)))
        assert store.append(batch((1, T0, 9.0), (2, T0, 3.0))) == Appended(0, 1, 1)
        assert rows(everything(store)) == rows(batch((1, T0, 9.0), (2, T0, 3.0), (1, T0 + 1, 2.0)))

    def test_another_quality_replaces(self, store: ReadingStore) -> None:
        store.append(batch((1, T0, 1.0)))
        assert store.append(batch((1, T0, 1.0, Quality.CLOCK))) == Appended(0, 0, 1)
        assert rows(everything(store)) == rows(batch((1, T0, 1.0, Quality.CLOCK)))

    def test_not_a_number_equals_itself(self, store: ReadingStore) -> None:
        missing = batch((1, T0, float("nan"), Quality.NOT_A_NUMBER))
        store.append(missing)
        assert store.append(missing) == Appended(0, 1, 0)
        assert store.append(batch((1, T0, 5.0))) == Appended(0, 0, 1)
        assert store.append(missing) == Appended(0, 0, 1)
        assert rows(everything(store)) == rows(missing)

    def test_late_readings_between_others_are_new(self, store: ReadingStore) -> None:
        store.append(batch((1, T0, 1.0), (1, T0 + 10, 2.0)))
        assert store.append(batch((1, T0 + 5, 3.0), (1, T0 - 5, 4.0), (1, T0 + 15, 5.0))) == Appended(3, 0, 0)
        assert everything(store).value.tolist() == [4.0, 1.0, 3.0, 2.0, 5.0]

    def test_new_late_repeated_and_replaced_in_one_batch(self, store: ReadingStore) -> None:
        store.append(batch((1, T0, 1.0), (1, T0 + 10, 2.0), (2, T0, 7.0)))
        mixed = batch((3, T0, 8.0), (1, T0 + 10, 2.0), (1, T0 + 4, 3.0), (2, T0, 6.0), (2, T0 + 1, 9.0))
        assert store.append(mixed) == Appended(3, 1, 1)
        expected = batch(
            (1, T0, 1.0), (2, T0, 6.0), (3, T0, 8.0), (2, T0 + 1, 9.0), (1, T0 + 4, 3.0), (1, T0 + 10, 2.0)
        )
        assert rows(everything(store)) == rows(expected)

    @pytest.mark.parametrize(
        ("stored", "values", "expected"),
        [
            ([], [1.0, 1.0], Appended(1, 1, 0)),
            ([], [1.0, 2.0], Appended(1, 0, 1)),
            ([], [1.0, 2.0, 1.0], Appended(1, 0, 2)),
            ([], [1.0, 1.0, 2.0, 2.0], Appended(1, 2, 1)),
            ([1.0], [1.0, 1.0], Appended(0, 2, 0)),
            ([1.0], [2.0, 1.0], Appended(0, 0, 2)),
            ([1.0], [1.0, 2.0], Appended(0, 1, 1)),
            ([1.0], [float("nan"), float("nan")], Appended(0, 1, 1)),
        ],
    )
    def test_a_batch_that_repeats_a_point_and_time_counts_one_by_one(
        self, store: ReadingStore, stored: list[float], values: list[float], expected: Appended
    ) -> None:
        for value in stored:
            store.append(batch((1, T0, value)))
        assert store.append(batch(*((1, T0, value) for value in values))) == expected
        assert rows(everything(store)) == rows(batch((1, T0, values[-1])))

    def test_a_nanosecond_makes_another_reading(self, store: ReadingStore) -> None:
        assert store.append(batch((1, T0, 1.0), (1, T0 + 1, 1.0), (1, T0 - 1, 1.0))) == Appended(3, 0, 0)
        assert everything(store).ts.tolist() == [T0 - 1, T0, T0 + 1]

    @pytest.mark.parametrize("value", [0.0, -1e308, 1e308, 5e-324, 0.1, -273.15, 2.0**53 + 2])
    def test_values_come_back_exactly(self, store: ReadingStore, value: float) -> None:
        store.append(batch((1, T0, value)))
        assert everything(store).value.tolist() == [value]

    def test_the_highest_point_id_is_one_like_any(self, store: ReadingStore) -> None:
        store.append(batch((2**31 - 1, T0, 1.0), (0, T0, 2.0)))
        assert rows(store.latest()) == rows(batch((0, T0, 2.0), (2**31 - 1, T0, 1.0)))

    def test_a_large_batch_out_of_order_is_kept_whole(self, store: ReadingStore) -> None:
        order = np.random.default_rng(7).permutation(60_000)
        given = ReadingBatch.of(order % 300, T0 + (order // 300) * SECOND, order)
        assert store.append(given) == Appended(60_000, 0, 0)
        assert rows(everything(store)) == rows(given.normalised())
        assert store.append(given) == Appended(0, 60_000, 0)

    def test_the_given_batch_is_not_changed(self, store: ReadingStore) -> None:
        given = batch((2, T0, 1.0), (1, T0, 2.0), (2, T0, 3.0))
        before = rows(given)
        store.append(given)
        assert rows(given) == before


class KeepingContract:
    """Retention, size, and what is there after opening again."""

    def test_dropping_takes_what_is_older_and_no_more(self, store: ReadingStore) -> None:
        store.append(batch((1, T0 - 1, 1.0), (1, T0, 2.0), (2, T0 - 5, 3.0), (3, T0 + 5, 4.0)))
        assert store.drop_before(T0) == 2
        assert rows(everything(store)) == rows(batch((1, T0, 2.0), (3, T0 + 5, 4.0)))
        assert rows(store.latest()) == rows(batch((1, T0, 2.0), (3, T0 + 5, 4.0)))
        assert store.size() == 2
        assert store.drop_before(T0) == 0

    def test_a_dropped_reading_that_comes_again_is_new(self, store: ReadingStore) -> None:
        given = batch((1, T0, 1.0), (2, T0 + 10, 1.0))
        store.append(given)
        store.drop_before(T0 + 5)
        assert store.append(given) == Appended(1, 1, 0)
        assert rows(store.latest()) == rows(given)

    def test_everything_can_be_dropped(self, store: ReadingStore) -> None:
        store.append(batch((1, T0, 1.0), (2, T0, 2.0)))
        assert store.drop_before(FAR) == 2
        assert (store.size(), len(store.latest()), len(everything(store))) == (0, 0, 0)

    def test_what_was_dropped_stays_dropped_after_opening_again(self, open_store: OpenStore) -> None:
        first = open_store()
        first.append(batch((1, T0, 1.0), (1, T0 + 10, 2.0), (2, T0, 3.0)))
        assert first.drop_before(T0 + 5) == 2
        first.close()
        again = open_store()
        assert rows(everything(again)) == rows(again.latest()) == rows(batch((1, T0 + 10, 2.0)))
        assert again.size() == 1
        again.close()

    def test_size_counts_readings_not_deliveries(self, store: ReadingStore) -> None:
        store.append(batch((1, T0, 1.0), (2, T0, 1.0), (2, T0, 2.0)))
        store.append(batch((1, T0, 1.0), (1, T0 + 1, 1.0)))
        assert store.size() == 3

    def test_what_was_appended_is_there_after_opening_again(self, open_store: OpenStore) -> None:
        given = batch((1, T0, 1.0), (2, T0, float("nan"), Quality.NOT_A_NUMBER), (1, T0 + 1, 2.0))
        first = open_store()
        first.append(given)
        first.close()
        again = open_store()
        try:
            assert rows(everything(again)) == rows(given.normalised())
            assert rows(again.latest()) == rows(batch((1, T0 + 1, 2.0), (2, T0, float("nan"), 2)))
            assert again.append(batch((1, T0, 1.0), (1, T0 + 1, 5.0), (1, T0 + 2, 1.0))) == Appended(1, 1, 1)
            assert again.size() == 4
        finally:
            again.close()

    def test_an_empty_store_opens_again(self, open_store: OpenStore) -> None:
        open_store().close()
        again = open_store()
        assert again.size() == 0
        again.close()

    def test_closing_twice_is_closing_once(self, open_store: OpenStore) -> None:
        store = open_store()
        store.close()
        store.close()


class ThreadContract:
    """One store, many threads."""

    whole_batches: ClassVar[bool] = True
    """Whether a reader sees all of a batch or nothing of it. A server that is written over HTTP shows a part
    while it writes; what is said to be appended is whole everywhere."""

    def test_two_writers_with_the_same_readings_make_them_new_once(self, store: ReadingStore) -> None:
        start = threading.Barrier(2)
        batches = [batch(*((point, T0 + turn, 1.0) for point in range(50))) for turn in range(10)]

        def write() -> list[Appended]:
            start.wait()
            return [store.append(item) for item in batches]

        with ThreadPoolExecutor(2) as pool:
            outcomes = [item for task in [pool.submit(write) for _ in range(2)] for item in task.result()]
        assert sum(item.new for item in outcomes) == 500
        assert sum(item.repeated for item in outcomes) == 500
        assert store.size() == 500

    def test_readers_see_whole_batches_only(self, store: ReadingStore) -> None:
        points = np.arange(100, dtype=np.int32)
        start = threading.Barrier(3)
        done = threading.Event()
        turns = 30

        def write() -> None:
            start.wait()
            for turn in range(turns):
                store.append(ReadingBatch.of(points, np.full(100, T0 + turn), np.full(100, turn)))
            done.set()

        def read() -> list[int]:
            start.wait()
            seen = [len(everything(store))]
            while not done.is_set():
                seen.append(len(everything(store)))
                store.latest()
                store.aggregate(points, T0, FAR, HOUR)
            return seen

        with ThreadPoolExecutor(3) as pool:
            writing, *reading = [pool.submit(task) for task in (write, read, read)]
            writing.result()
            for seen in (task.result() for task in reading):
                assert not self.whole_batches or all(count % 100 == 0 for count in seen)
                assert seen == sorted(seen)
        assert len(everything(store)) == turns * 100

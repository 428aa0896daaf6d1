"""A reading store against a plain dict, through any sequence of appends, late and doubled ones among them."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from plantroom.readings import Quality
from plantroom.stores.base import Appended, ReadingStore
from tests.contracts.rows import Row, aggregate_rows, batch, everything, rows

POINTS = st.integers(0, 4)
TIMES = st.integers(-6, 12)
VALUES = st.sampled_from([0.0, 1.0, -2.5, 1e9, math.nan])
QUALITIES = st.sampled_from([0, int(Quality.OUT_OF_RANGE), int(Quality.RECEIVE_TIME)])
LIMITS = st.none() | st.integers(0, 9)
ROWS = st.lists(st.tuples(POINTS, TIMES, VALUES, QUALITIES), max_size=12)


def same(left: tuple[float, int], right: tuple[float, int]) -> bool:
    """Equal value, NaN equal to NaN, and equal quality."""
    values = left[0] == right[0] or (math.isnan(left[0]) and math.isnan(right[0]))
    return values and left[1] == right[1]


class ReadingStoreModel(RuleBasedStateMachine):
    """Subclass with `open_store`, which is called again after closing."""

    store: ReadingStore

    def open_store(self) -> ReadingStore:
        """The store at this machine's own place."""
        raise NotImplementedError

    @initialize()
    def start(self) -> None:
        self.model: dict[tuple[int, int], tuple[float, int]] = {}
        self.store = self.open_store()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()

    @rule(given=ROWS)
    def append(self, given: list[Row]) -> None:
        counts = {"new": 0, "repeated": 0, "replaced": 0}
        for point, ts, value, quality in given:
            there = self.model.get((point, ts))
            outcome = "new" if there is None else "repeated" if same(there, (value, quality)) else "replaced"
            counts[outcome] += 1
            self.model[point, ts] = (value, quality)
        assert self.store.append(batch(*given)) == Appended(**counts)

    @rule(ts=TIMES)
    def drop_before(self, ts: int) -> None:
        gone = [key for key in self.model if key[1] < ts]
        for key in gone:
            del self.model[key]
        assert self.store.drop_before(ts) == len(gone)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = self.open_store()

    @rule(points=st.none() | st.sets(POINTS), start=TIMES, span=st.integers(0, 10), limit=LIMITS)
    def range(self, points: set[int] | None, start: int, span: int, limit: int | None) -> None:
        wanted = None if points is None else np.array(sorted(points), dtype=np.int32)
        expected = [
            row
            for row in self._in_order()
            if start <= row[1] < start + span and (points is None or row[0] in points)
        ]
        assert rows(self.store.range(wanted, start, start + span, limit)) == rows(batch(*expected[:limit]))
        assert sorted(rows(self.store.scan(wanted, start, start + span))) == sorted(rows(batch(*expected)))

    @rule(points=st.sets(POINTS), start=TIMES, span=st.integers(0, 15), interval=st.integers(1, 7))
    def aggregate(self, points: set[int], start: int, span: int, interval: int) -> None:
        groups: dict[tuple[int, int], list[float]] = defaultdict(list)
        for point, ts, value, quality in self._in_order():
            usable = not quality & Quality.BAD and not math.isnan(value)
            if usable and point in points and start <= ts < start + span:
                groups[point, ts // interval * interval].append(value)
        expected = [
            (*key, pytest.approx(sum(values) / len(values)), min(values), max(values), len(values))
            for key, values in sorted(groups.items())
        ]
        wanted = np.array(sorted(points), dtype=np.int32)
        assert aggregate_rows(self.store.aggregate(wanted, start, start + span, interval)) == expected

    @invariant()
    def holds_the_same(self) -> None:
        if not hasattr(self, "store"):
            return
        newest: dict[int, Row] = {row[0]: row for row in self._in_order()}
        assert rows(self.store.latest()) == rows(batch(*(newest[point] for point in sorted(newest))))
        assert self.store.size() == len(self.model)
        assert rows(everything(self.store)) == rows(batch(*self._in_order()))

    def _in_order(self) -> list[Row]:
        found = [(point, ts, *rest) for (point, ts), rest in self.model.items()]
        return sorted(found, key=lambda row: (row[1], row[0]))

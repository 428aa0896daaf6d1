"""Every flag for every kind of point, at once: what the vectorised checks do to each other's values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from collector.quality import QualityCheck, flag_times
from plantroom.model import PointTable
from plantroom.readings import Quality
from tests.collector.kit import load_table

TABLE = load_table()
FLOW, RUNNING, STARTS = (TABLE.id_of("hq", "pump-01", key) for key in ("flow", "running", "starts"))
MODE = TABLE.id_of("hq", "elevator-01", "mode")


def flagged(rows: list[tuple[int | None, float, int]], table: PointTable = TABLE) -> list[tuple[float, int]]:
    ids = np.array([row[0] for row in rows], dtype=np.int32)
    value = np.array([row[1] for row in rows])
    quality = np.array([row[2] for row in rows], dtype=np.uint8)
    QualityCheck(table).flag(ids, value, quality)
    return list(zip(value.tolist(), quality.tolist(), strict=True))


class TestFlag:
    @pytest.mark.parametrize(
        ("point", "value", "before", "after", "quality"),
        [
            (FLOW, 0.0, 0, 0.0, Quality.GOOD),
            (FLOW, 200.0, 0, 200.0, Quality.GOOD),
            (FLOW, 200.1, 0, 200.1, Quality.OUT_OF_RANGE),
            (FLOW, -0.1, 0, -0.1, Quality.OUT_OF_RANGE),
            (FLOW, math.inf, 0, None, Quality.NOT_A_NUMBER),
            (FLOW, -math.inf, 0, None, Quality.NOT_A_NUMBER),
            (FLOW, math.nan, Quality.RECEIVE_TIME, None, Quality.NOT_A_NUMBER | Quality.RECEIVE_TIME),
            (FLOW, 500.0, Quality.UNIT, 500.0, Quality.UNIT),
            (STARTS, -1.0, 0, -1.0, Quality.OUT_OF_RANGE),
            (RUNNING, 1.0, 0, 1.0, Quality.GOOD),
            (RUNNING, 0.5, 0, 0.5, Quality.OUT_OF_RANGE),
            (RUNNING, 2.0, 0, 2.0, Quality.OUT_OF_RANGE),
            (MODE, 4.0, 0, 4.0, Quality.GOOD),
            (MODE, 5.0, 0, None, Quality.ENUM),
            (MODE, 1.5, 0, None, Quality.ENUM),
            (MODE, math.nan, 0, None, Quality.ENUM),
            (MODE, math.inf, 0, None, Quality.ENUM),
        ],
    )
    def test_one(self, point: int, value: float, before: int, after: float | None, quality: int) -> None:
        ((got, flags),) = flagged([(point, value, int(before))])
        assert flags == quality
        assert math.isnan(got) if after is None else got == after

    def test_many_at_once_are_told_apart(self) -> None:
        rows = [(MODE, 9.0, 0), (FLOW, 1.0, 0), (RUNNING, 7.0, 0), (MODE, 0.0, 0), (FLOW, math.nan, 0)]
        assert [quality for _, quality in flagged(rows)] == [
            Quality.ENUM,
            Quality.GOOD,
            Quality.OUT_OF_RANGE,
            Quality.GOOD,
            Quality.NOT_A_NUMBER,
        ]

    def test_nothing(self) -> None:
        assert flagged([]) == []


class TestFlagTimes:
    def test_edges(self) -> None:
        ts = np.array([160, 161, 50, 49])
        received = np.full(4, 100)
        quality = np.zeros(4, dtype=np.uint8)
        kept = flag_times(ts, received, quality, future_tolerance=60, retention=50)
        assert quality.tolist() == [0, Quality.CLOCK, 0, 0]
        assert kept is not None
        assert kept.tolist() == [True, True, True, False]

    def test_all_kept(self) -> None:
        ts = np.array([100])
        assert flag_times(ts, ts, np.zeros(1, np.uint8), future_tolerance=0, retention=0) is None

"""Which bucket answers which part of a trend, and the figures put together again."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantroom.stores.base import Aggregates
from plantroom.stores.influx_figures import combined
from plantroom.stores.influx_tiers import SETTLED, parts_of, tiers_of
from plantroom.times import DAY, HOUR, MINUTE, SECOND, YEAR

NOW = 1_760_000_000 * SECOND
TIERS = tiers_of("p")
RAW, MINUTES, HOURS = TIERS


def buckets(start: int, end: int, interval: int) -> list[str]:
    return [part.tier.bucket for part in parts_of(TIERS, start, end, interval, NOW)]


def test_young_readings_are_asked_themselves() -> None:
    assert buckets(NOW - HOUR, NOW, MINUTE) == ["p"]
    assert buckets(NOW - SETTLED, NOW, HOUR) == ["p"]


def test_a_week_comes_from_the_minutes_but_for_its_last_days() -> None:
    start = (NOW - 7 * DAY) // MINUTE * MINUTE
    assert buckets(start, NOW, 5 * MINUTE) == ["p_1m", "p"]


def test_a_year_by_the_day_comes_from_the_hours() -> None:
    start = (NOW - YEAR) // HOUR * HOUR + HOUR
    assert buckets(start, NOW, DAY) == ["p_1h", "p_1m", "p"]


def test_an_interval_that_minutes_do_not_fill_is_worked_out_from_readings() -> None:
    assert buckets(NOW - 7 * DAY, NOW, 90 * SECOND) == ["p"]


def test_what_is_kept_no_more_comes_in_coarser_steps() -> None:
    assert buckets(NOW - 40 * DAY, NOW - 35 * DAY, 10 * SECOND) == ["p_1m"]
    assert buckets(NOW - 3 * YEAR, NOW - 2 * YEAR, MINUTE) == ["p_1h"]


def test_nothing_of_no_time() -> None:
    assert parts_of(TIERS, 5, 5, HOUR, NOW) == parts_of(TIERS, 6, 5, HOUR, NOW) == ()


@given(
    start=st.integers(NOW - 12 * YEAR, NOW),
    span=st.integers(1, 12 * YEAR),
    interval=st.sampled_from([1, 7, SECOND, MINUTE, 90 * SECOND, 5 * MINUTE, HOUR, 90 * MINUTE, DAY]),
)
def test_the_parts_cover_the_range_once_and_keep_to_their_tiers(start: int, span: int, interval: int) -> None:
    end = start + span
    parts = parts_of(TIERS, start, end, interval, NOW)
    assert start - HOUR < parts[0].start <= start
    assert parts[-1].end == end
    for left, right in pairwise(parts):
        assert left.end == right.start
        assert left.tier != right.tier
        assert left.end % max(left.tier.step, right.tier.step, 1) == 0
    for part in parts:
        assert part.start < part.end
        kept_from = NOW - part.tier.keep
        assert part.tier is HOURS or part.start >= kept_from - HOUR
        exact = interval % max(part.tier.step, 1) == 0
        finer_is_gone = part.tier is not RAW and part.start < NOW - TIERS[TIERS.index(part.tier) - 1].keep
        assert exact or finer_is_gone


def aggregates(*rows: tuple[int, int, float, float, float, int]) -> Aggregates:
    columns = list(zip(*rows, strict=True)) or [()] * 6
    types = (np.int32, np.int64, np.float64, np.float64, np.float64, np.int64)
    return Aggregates(*(np.array(column, dtype=kind) for column, kind in zip(columns, types, strict=True)))


def test_figures_of_one_interval_are_added_up_by_their_counts() -> None:
    found = combined(
        [
            aggregates((2, 60, 1.0, 0.0, 2.0, 3), (1, 0, 5.0, 5.0, 5.0, 1)),
            aggregates((2, 70, 9.0, 8.0, 10.0, 1)),
        ],
        60,
    )
    assert found.point_id.tolist() == [1, 2]
    assert found.ts.tolist() == [0, 60]
    assert found.mean.tolist() == [5.0, pytest.approx(3.0)]
    assert (found.low.tolist(), found.high.tolist()) == ([5.0, 0.0], [5.0, 10.0])
    assert found.count.tolist() == [1, 4]


def test_no_figures_make_none() -> None:
    assert len(combined([], 60).ts) == len(combined([aggregates()], 60).ts) == 0

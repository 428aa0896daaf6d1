"""Chattering, stale and flooding alarms."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantroom.alarm_load import (
    FLOOD_SPAN,
    Surge,
    chatter_times,
    follow_surge,
    is_chattering,
    is_stale,
)
from plantroom.alarms import ASIDE, STANDING, AlarmState
from plantroom.times import HOUR, MINUTE, SECOND, Nanos


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], []),
        ([0, 1], []),
        ([0, 30, 60], [60]),
        ([0, 30, 60.001], []),
        ([0, 10, 20, 30, 200, 210, 220], [20, 30, 220]),
        ([0, 50, 100, 150], []),
    ],
)
def test_three_raises_within_a_minute_are_chattering(seconds: list[float], expected: list[float]) -> None:
    raises = [int(at * SECOND) for at in seconds]
    assert chatter_times(raises) == [int(at * SECOND) for at in expected]


def test_chattering_is_forgotten_after_an_hour() -> None:
    assert not is_chattering(None, 5 * HOUR)
    assert is_chattering(4 * HOUR, 5 * HOUR)
    assert not is_chattering(4 * HOUR - 1, 5 * HOUR)


@pytest.mark.parametrize("state", AlarmState)
def test_what_stands_for_more_than_a_day_is_stale(state: AlarmState) -> None:
    assert not is_stale(state, HOUR, 25 * HOUR)
    assert is_stale(state, HOUR, 25 * HOUR + 1) == (state in STANDING)
    assert not is_stale(state, None, 25 * HOUR)
    assert not (is_stale(state, HOUR, 50 * HOUR) and state in ASIDE)


def surges(raises: list[Nanos]) -> list[Surge]:
    """The floods that these raises make, one after another."""
    found: list[Surge] = []
    for place, ts in enumerate(raises):
        recent = [one for one in raises[: place + 1] if one > ts - FLOOD_SPAN]
        after = follow_surge(found[-1] if found else None, recent)
        if after is None:
            continue
        if found and found[-1].started_ts == after.started_ts:
            found[-1] = after
        else:
            found.append(after)
    return found


def minutes(*given: float) -> list[Nanos]:
    return [round(at * MINUTE) for at in given]


def test_ten_in_ten_minutes_are_none_eleven_are_a_flood() -> None:
    assert surges(minutes(*range(10))) == []
    assert surges(minutes(*(0.9 * place for place in range(11)))) == [
        # the fifth from the end leaves the last 10 min at 5.4 + 10
        Surge(0, *minutes(15.4), 11, 11)
    ]
    # at 10 min the first is no longer within 10 min
    assert surges(minutes(*range(11))) == []


def test_it_goes_on_while_five_come_in_ten_minutes() -> None:
    fast = [0.1 * place for place in range(12)]
    slow = [1.1 + 1.9 * place for place in range(1, 11)]
    (flood,) = surges(minutes(*fast, *slow))
    assert (flood.started_ts, flood.raises, flood.peak) == (0, 22, 16)
    assert flood.ends_ts == minutes(slow[-5] + 10)[0]


def test_it_is_over_when_fewer_come_and_another_is_another() -> None:
    burst = [0.1 * place for place in range(12)]
    later = [10.7 + 0.1 * place for place in range(12)]
    first, second = surges(minutes(*burst, *later))
    assert (first.started_ts, first.ends_ts, first.raises) == (0, *minutes(10.7), 12)
    # those of the first that are still within 10 min belong to the first
    assert (second.started_ts, second.raises) == (*minutes(10.7), 12)


def test_one_that_comes_late_does_not_move_the_beginning() -> None:
    flood = Surge(*minutes(5, 20), 11, 11)
    assert follow_surge(flood, minutes(1, 2, 3)) == flood


@given(st.lists(st.integers(0, 90), max_size=60))
def test_floods_follow_one_another_and_every_raise_is_in_one_at_most(pauses: list[int]) -> None:
    at, raises = 0, []
    for pause in pauses:
        at += pause * SECOND
        raises.append(at)
    found = surges(raises)
    for before, after in pairwise(found):
        assert before.ends_ts <= after.started_ts
    for flood in found:
        inside = [ts for ts in raises if flood.started_ts <= ts < flood.ends_ts]
        assert len(inside) == flood.raises
        assert flood.started_ts in raises
        assert flood.peak > 10
        # up to its end 5 or more came in any 10 min after it had begun; at its end fewer
        last = [ts for ts in raises if flood.ends_ts - FLOOD_SPAN < ts <= flood.ends_ts]
        assert len([ts for ts in last if ts < flood.ends_ts]) < 5

"""Occurrences of both sides beside each other, and the orders that they open."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rules.backtest.comparison import Occurrence, match, occurrences, orders, standing


def o(raised: int, cleared: int | None = None) -> Occurrence:
    return Occurrence(raised, cleared)


def test_occurrences_are_those_that_stood_in_the_period() -> None:
    times = [1, 5, 8, 12, 18, 25, 30]
    assert occurrences(times, 10, 30) == [o(8, 12), o(18, 25)]
    assert occurrences(times, 5, 31) == [o(8, 12), o(18, 25), o(30)]
    assert occurrences([], 0, 9) == []


def test_alarms_that_stood_together_are_one_moved_or_not() -> None:
    found = match([o(10, 20), o(30, 40), o(50)], [o(10, 18), o(35, 60)])
    assert found.pairs == [(o(10, 20), o(10, 18)), (o(30, 40), o(35, 60))]
    assert found.lost == [o(50)]
    assert found.gained == []


def test_alarms_that_only_touch_are_two() -> None:
    found = match([o(10, 20)], [o(20, 30)])
    assert (found.lost, found.gained, found.pairs) == ([o(10, 20)], [o(20, 30)], [])


def test_of_two_within_one_the_first_is_the_same_and_the_second_gained() -> None:
    found = match([o(10, 100)], [o(10, 20), o(50, 60)])
    assert found.pairs == [(o(10, 100), o(10, 20))]
    assert found.gained == [o(50, 60)]


FLIPS = st.lists(st.integers(0, 60), unique=True, max_size=9).map(sorted)


@given(FLIPS, FLIPS)
def test_nothing_is_counted_twice_or_left_out(left: list[int], right: list[int]) -> None:
    before, after = occurrences(left, 0, 100), occurrences(right, 0, 100)
    found = match(before, after)
    assert sorted([old for old, _ in found.pairs] + found.lost, key=str) == sorted(before, key=str)
    assert sorted([new for _, new in found.pairs] + found.gained, key=str) == sorted(after, key=str)
    assert all(old.meets(new) for old, new in found.pairs)
    # what is left of one side met nothing that is left of the other
    assert not any(old.meets(new) for old in found.lost for new in found.gained)
    backwards = match(after, before)
    assert (backwards.gained, backwards.lost) == (found.lost, found.gained)


def test_standing_is_cut_to_the_period() -> None:
    assert standing([o(0, 15), o(20, 30), o(95)], 10, 100) == 5 + 10 + 5


def test_an_order_opens_once_while_any_alarm_of_its_fault_stands() -> None:
    alarms = {(1, "warm"): [o(10, 50), o(60, 70)], (1, "hot"): [o(20, 60)], (2, "hot"): [o(5, 6)]}
    faults = {"warm": "heat", "hot": "heat"}
    # warm comes again in the moment in which hot clears: the same order
    assert orders(alarms, faults, 0) == {(1, "warm"): [10], (2, "hot"): [5]}
    assert orders(alarms, {"warm": "warm", "hot": "hot"}, 0) == {
        (1, "warm"): [10, 60],
        (1, "hot"): [20],
        (2, "hot"): [5],
    }
    assert orders(alarms, {"hot": "heat"}, 15) == {(1, "hot"): [20]}

"""Every window function, sentence by sentence of rules/README.md; test_windows.py compares them at length."""

import math

import pytest
from ruletools import T0, Rig
from windowkit import changes, minutes, window

from plantroom.times import SECOND


def test_e52_mean_counts_a_bar_once() -> None:
    flow = {0: 10, 10: 10, 20: 10, 30: 10, 70: 40}
    assert window("mean(flow over 2 min) > 0", 120, flow=flow) == 25


def test_e53_min_and_max() -> None:
    flow = {0: 10, 10: 7, 20: 11, 70: 40, 80: 9}
    assert window("min(flow over 2 min) > 0", 120, flow=flow) == 7
    assert window("max(flow over 2 min) > 0", 120, flow=flow) == 40


def test_e54_stddev() -> None:
    assert window("stddev(flow over 2 min) > 0", 120, flow={0: 8, 30: 12, 60: 8, 90: 12}) == 2
    assert window("stddev(temperature over 2 min) > 1 K", 120, temperature=minutes(20, 20)) == 0


def test_e55_percentile() -> None:
    flow = minutes(30, 10, 40, 20)
    for share, expected in ((0, 10), (50, 25), (100, 40)):
        assert window(f"percentile(flow, {share} % over 4 min) > 0", 240, flow=flow) == expected


def test_e56_ewma_forgets_with_a_third_of_the_window() -> None:
    flow = minutes(10, 10, 10, 10, 10, 20)
    weights = [math.exp(-age / 2) for age in range(6)]
    expected = 10 + 10 * weights[0] / sum(weights)
    assert window("ewma(flow over 6 min) > 0", 360, flow=flow) == pytest.approx(expected, rel=1e-6)


def test_e57_delta() -> None:
    assert window("delta(flow over 3 min) > 0", 180, flow={0: 10, 30: 20, 60: 90, 120: 7, 150: 13}) == 3
    assert window("delta(flow over 4 min) > 0", 240, flow=minutes(None, 10, 13, None)) == 3


def test_e58_a_counter_grows_and_starts_again() -> None:
    assert window("delta(starts over 3 min) > 0", 180, starts={0: 100, 60: 103, 120: 2, 150: 5}) == 8
    assert window("delta(starts over 2 min) > 0", 180, starts={50: 100, 70: 103, 130: 104}) == 4


def test_e59_rate_and_slope_are_per_time() -> None:
    flow = {0: 10, 60: 12, 120: 14, 179: 16}
    assert window("rate(flow over 3 min) > 1 m3/h / 1 min", 180, flow=flow) == pytest.approx(6 / 180)
    assert window("rate(starts over 2 min) > 1 / 1 min", 120, starts={0: 1, 90: 4}) == pytest.approx(3 / 120)
    assert window("slope(flow over 3 min) > 1 m3/h / 1 min", 180, flow=minutes(10, 13, 16)) == pytest.approx(
        3 / 60
    )
    assert window("slope(flow over 2 min) > 1 m3/h / 1 min", 120, flow=minutes(10)) is None
    rule = "rate(flow over 2 min) > 120 m3/h / 1 h"
    assert changes(rule, 120, flow={0: 10, 110: 14.1}) == [("raise", 120)]
    assert changes(rule, 120, flow={0: 10, 110: 13.9}) == []


def test_e60_count() -> None:
    running = {0: 1, 10: 0, 20: 1, 30: 1, 70: 0, 80: 1}
    assert window("count(running over 2 min) > 0", 120, running=running) == 2
    assert window("count(flow > 5 over 2 min) > 0", 120, flow={0: 1, 70: 6}) == 1
    assert window("count(running over 1 h) > 0", 60, running={0: 1}) == 0
    assert window("count(running over 1 h) > 0", 60, flow={0: 1}) is None


def test_e61_changes_and_changed() -> None:
    assert window("changes(flow over 2 min) > 0", 120, flow={0: 1, 10: 1, 20: 2, 70: 1}) == 2
    assert window("changes(running over 2 min) > 0", 120, running={0: 1, 10: 0, 20: 1}) == 2
    assert window("changes(mode over 2 min) > 0", 120, mode={0: "normal", 10: "fault", 70: "fault"}) == 1
    assert changes("changed(mode over 2 min)", 240, mode={0: "normal", 70: "fault", 200: "fault"}) == [
        ("raise", 120),
        ("clear", 240),
    ]


def test_e62_a_value_is_compared_with_the_last_known_one() -> None:
    assert window("count(running over 1 min) > 0", 360, stale="30s", running={0: 0, 300: 1}) == 1
    assert window("changes(running over 1 min) > 0", 60, running={0: 1}) == 0
    assert window("delta(starts over 1 min) > 0", 60, starts={0: 7}) == 0


def test_e63_duration_over_a_window() -> None:
    running = {0: 1, 40: 1, 70: 0, 100: 1, 110: 1}
    assert window("duration(running over 2 min) > 0 s", 120, running=running) == 80
    assert window("duration(running over 1 min) > 0 s", 120, running=running) == 40  # 30 to the 0, 10 more
    assert window("duration(running over 1 min) > 0 s", 360, running={0: 1, 300: 1}) == 60
    assert window("duration(running over 1 min) > 0 s", 360, stale="200s", running={0: 1, 300: 1}) == 0
    assert window("duration(running over 1 h) > 0 s", 60, running={0: 0}) == 0


def test_e64_flatline() -> None:
    rule = "flatline(flow over 2 min)"
    assert changes(rule, 120, flow={0: 7, 30: 7, 90: 7}) == [("raise", 60)]
    assert changes(rule, 120, flow={0: 7, 30: 7.5, 90: 7}) == []


def test_e65_absent() -> None:
    rule = "absent(flow over 2 min)"
    assert changes(rule, 600, flow={0: 7, 130: 7, 400: 7}) == [("raise", 300), ("clear", 420), ("raise", 540)]
    assert changes(rule, 300, running={0: 1}) == [("raise", 120)]
    bad = Rig({"r": rule})
    bad.step(("flow", 0, 7), ("flow", 70, 7, 4), ("flow", 130, 7, 4))
    assert [item.ts for item in bad.engine.advance(T0 + 180 * SECOND)] == [T0 + 180 * SECOND]
    lacking = Rig({"r": rule}, without=("flow",))
    lacking.step(("running", 0, 1))
    assert lacking.engine.advance(T0 + 600 * SECOND) == []


def test_e66_reversals_by_a_least_move() -> None:
    text = "reversals(flow, 4 m3/h over 6 min) > 0"
    assert window(text, 360, flow=minutes(10, 14, 10, 14, 10, 14)) == 4
    assert window(text, 360, flow=minutes(10, 13, 10, 13, 10, 13)) == 0
    assert window(text, 360, flow=minutes(10, 12, 14, 16, 18, 20)) == 0
    assert window(text, 360, flow=minutes(10, 12, 14, 13, 11, 10)) == 1


def still(spike: float, after: float = 10) -> dict[float, object]:
    """Five minutes that move by 1, with a spike in the third."""
    flow: dict[float, object] = {}
    for at in range(5):
        flow |= {60 * at + 5: 10, 60 * at + 20: 11, 60 * at + 50: 10 if at < 3 else after}
    return flow | {150: spike}


def test_e67_spikes() -> None:
    text = "spikes(flow over 5 min) > 0"
    assert window(text, 300, flow=still(17)) == 1
    assert window(text, 300, flow=still(16)) == 0
    assert window(text, 300, flow=still(17, after=14)) == 0


def test_e68_time_to() -> None:
    text = "time_to(flow, 40 m3/h over 6 min) < 1 h"
    rising = minutes(10, 12, 14, 16, 18, 20)
    assert window(text, 360, flow=rising) == (40 - 18) / 2 * 60  # 18 is the median of the last three
    assert window(text, 360, flow=minutes(20, 18, 16, 14, 12, 10)) == math.inf
    assert window(text, 360, flow=minutes(10, 12, 10, 12, 10, 12)) == math.inf
    assert window(text, 360, flow=minutes(40, 40, 40, 40, 40, 40)) == 0
    assert window(text, 360, flow=minutes(10, 12, 14)) is None


def test_e69_long_windows_are_thinned_out() -> None:
    text = "time_to(flow, 1000 m3/h over 2 h by 1 min) < 1 h"
    rising = minutes(*(float(at) for at in range(120)))
    level = 112  # the middle of the last fifteen minutes
    assert window(text, 7200, flow=rising) == pytest.approx((1000 - level) * 60, rel=1e-3)
    odd = {at: (value if (round(at) // 60) % 2 else 500.0) for at, value in rising.items()}  # not looked at
    found = window(text, 7200, flow=odd)
    assert found is not None
    assert math.isfinite(found)


def test_e70_reaches() -> None:
    rising = minutes(10, 12, 14, 16, 18, 20)
    assert changes("reaches(flow, 40, within 12 min over 6 min)", 360, flow=rising) == [("raise", 300)]
    assert changes("reaches(flow, 40, within 10 min over 6 min)", 360, flow=rising) == []


def test_e71_learned_stays() -> None:
    text = "learned(flow over 3 min) > 0"
    assert window(text, 120, flow=minutes(10, 20)) is None
    flow = minutes(10, None, 20, 60, 90, 90)
    assert window(text, 180, flow=minutes(10, None, 20)) is None
    assert window(text, 240, flow=flow) == 30
    assert window(text, 3600, flow=flow) == 30
    where = "learned(flow where running over 2 min) > 0"
    assert window(where, 360, flow=flow, running=minutes(0, 0, 1, 1, 1, 1)) == 40

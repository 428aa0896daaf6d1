"""The local clock of a site, sentence by sentence of rules/README.md."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruletools import T0, Rig

from plantroom.readings import ReadingBatch
from plantroom.times import HOUR, MINUTE, SECOND
from rules.calendar import local, named

ZONES = ["UTC", "Europe/Berlin", "Asia/Shanghai", "America/St_Johns", "Australia/Lord_Howe"]


def test_e29_clocks_change_at_the_very_second() -> None:
    at = np.array([1_774_745_999, 1_774_746_000]) * SECOND
    assert named("hour", local(at, ["Europe/Berlin"], np.array([0, 0]))).astype(int).tolist() == [1, 3]


@settings(max_examples=200, deadline=None)
@given(st.integers(946_684_800, 2_840_000_000), st.sampled_from(ZONES))
def test_e29_the_clock_is_the_zones(second: int, zone: str) -> None:
    at = np.array([second * SECOND])
    clock = local(at, ZONES, np.array([ZONES.index(zone)]))
    there = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(zone))
    hour = there.hour + there.minute / 60 + there.second / 3600
    assert named("hour", clock)[0] == pytest.approx(hour, abs=1e-9)
    assert named("weekday", clock)[0] == there.isoweekday()
    assert named("month", clock)[0] == there.month


def nanos(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND


def changes(rule: str, zone: str, *at: str) -> list[tuple[str, int]]:
    """(event, which of the instants) of a rule read at instants of UTC."""
    rig = Rig({"r": rule}, zone=zone)
    times = [nanos(f"{text}+00:00") for text in at]
    batch = ReadingBatch.of([100] * len(times), times, [1.0] * len(times))
    return [(str(item.event), times.index(item.ts)) for item in rig.engine.step(batch, T0)]


def test_e29_hour_weekday_and_month() -> None:
    night = "running and (hour >= 22.5 or hour < 6)"
    assert changes(night, "Asia/Shanghai", "2026-01-01T14:29", "2026-01-01T14:30", "2026-01-01T22:00") == [
        ("raise", 1),
        ("clear", 2),
    ]
    sunday = "running and weekday == 7"
    assert changes(sunday, "Asia/Shanghai", "2026-01-03T15:59", "2026-01-03T16:00", "2026-01-04T16:00") == [
        ("raise", 1),
        ("clear", 2),
    ]
    summer = "running and month >= 6 and month <= 8"
    assert changes(summer, "UTC", "2026-05-31T23:59", "2026-06-01T00:00", "2026-09-01T00:00") == [
        ("raise", 1),
        ("clear", 2),
    ]


def test_e29_clocks_change() -> None:
    third = "running and hour >= 2 and hour < 3"
    spring = ("2026-03-29T00:59", "2026-03-29T01:00", "2026-03-29T02:00")
    assert changes(third, "Europe/Berlin", *spring) == []  # from 1:59 to 3:00
    autumn = ("2026-10-24T23:59", "2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:00")
    assert changes(third, "Europe/Berlin", *autumn) == [("raise", 1), ("clear", 3)]  # the hour comes twice


def test_e29_rules_at_minutes_know_the_clock() -> None:
    rig = Rig({"r": "count(running over 1 h) >= 0 and hour >= 2"}, zone="Asia/Shanghai")
    start = nanos("2026-01-01T17:00+00:00")
    rig.engine.step(ReadingBatch.of([100], [start], [1.0]), T0)
    [change] = rig.engine.advance(start + 2 * HOUR)
    assert change.ts == start + HOUR
    assert change.ts % MINUTE == 0


def test_e30_a_term_goes_before_the_calendar() -> None:
    rig = Rig({"r": "hour and running"}, terms={"hour": "flow > 5"})
    assert rig.run(running={0: 1}, flow={0: 6}) == [("raise", 0)]

"""Durations and instants: what is read, what is written, and that they agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantroom.times import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    YEAR,
    format_duration,
    from_datetime,
    parse_duration,
    to_datetime,
    to_iso,
)


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("0s", 0),
        ("100ms", 100 * MILLISECOND),
        ("30s", 30 * SECOND),
        ("5 min", 5 * MINUTE),
        ("1.5 h", 90 * MINUTE),
        ("1h 30min", 90 * MINUTE),
        ("1h30min", 90 * MINUTE),
        (" 2 d ", 2 * DAY),
        ("1w", 7 * DAY),
        ("10y", 10 * YEAR),
        ("0.25s", 250 * MILLISECOND),
    ],
)
def test_durations_that_are_understood(text: str, nanos: int) -> None:
    assert parse_duration(text) == nanos


REFUSED = (
    *("", " ", "5", "s", "-5s", "+5s", "5m", "5 S", "1e3s", "1,5h", ".5s", "5s;", "5s 3", "five min"),
    *("1h -30min", "5sec", "NaN s", "inf s", "٣s", "9" * 5_000 + "y"),
)


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:12])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 30s"):
        parse_duration(text)


def test_long_durations_are_exact() -> None:
    assert parse_duration("6671d 305ms") == 6671 * DAY + 305 * MILLISECOND


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "0s"),
        (-5 * SECOND, "0s"),
        (999, "0s"),
        (MILLISECOND, "1ms"),
        (90 * MINUTE, "1h 30min"),
        (DAY + HOUR + MINUTE + SECOND + MILLISECOND, "1d 1h 1min 1s 1ms"),
        (400 * DAY, "400d"),
    ],
)
def test_durations_as_they_are_written(nanos: int, text: str) -> None:
    assert format_duration(nanos) == text


@given(st.integers(0, 100 * 365 * 86_400_000))
def test_a_written_duration_reads_as_itself(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds * MILLISECOND)) == milliseconds * MILLISECOND


@pytest.mark.parametrize(
    ("instant", "nanos"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(2024, 2, 29, 12, tzinfo=UTC), 1_709_208_000 * SECOND),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1_000),
        (datetime(1, 1, 1, tzinfo=UTC), -62_135_596_800 * SECOND),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), 253_402_300_799 * SECOND),
        (datetime(2024, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))), 1_704_067_200 * SECOND),
        (datetime(2024, 1, 1, 8, tzinfo=ZoneInfo("Asia/Hong_Kong")), 1_704_067_200 * SECOND),
        (datetime(2024, 1, 1), 1_704_067_200 * SECOND),  # noqa: DTZ001 - without a zone it is UTC
    ],
)
def test_instants_become_nanoseconds_exactly(instant: datetime, nanos: int) -> None:
    assert from_datetime(instant) == nanos


def test_an_hour_that_comes_twice_is_two_instants() -> None:
    zone = ZoneInfo("Europe/London")
    first = datetime(2024, 10, 27, 1, 30, tzinfo=zone)
    assert from_datetime(first.replace(fold=1)) - from_datetime(first) == HOUR


def test_nanoseconds_are_shown_in_the_zone_asked_for() -> None:
    assert to_datetime(1_704_067_200 * SECOND).isoformat() == "2024-01-01T00:00:00+00:00"
    local = to_datetime(1_704_067_200 * SECOND, ZoneInfo("Asia/Hong_Kong"))
    assert local.isoformat() == "2024-01-01T08:00:00+08:00"


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_storable_time_is_an_instant_cut_to_microseconds(nanos: int) -> None:
    assert from_datetime(to_datetime(nanos)) == nanos // 1_000 * 1_000


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_709_208_000_123_999_999, "2024-02-29T12:00:00.123Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_iso_text_is_utc_with_milliseconds(nanos: int, text: str) -> None:
    assert to_iso(nanos) == text

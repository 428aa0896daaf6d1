"""Numbers, units, times and outside text as the console writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.console import formats
from api.console.i18n import translator
from plantroom.times import DAY, HOUR, MINUTE, SECOND, from_datetime, parse_duration

EN, ZH = translator("en"), translator("zh")
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
NOON = from_datetime(datetime(2026, 3, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("span", "decimals"),
    [
        ((0, 500), 1),
        ((0, 16), 2),
        ((0, 1500), 0),
        ((0, 0.3), 2),
        ((0, float("inf")), 2),
        ((5, 5), 2),
        (None, 2),
    ],
)
def test_decimals_follow_the_span(span: tuple[float, float] | None, decimals: int) -> None:
    assert formats.decimals_for(span) == decimals


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1234.56, 1, "1,234.6"),
        (-0.001, 1, "0.0"),
        (-0.06, 1, "-0.1"),
        (float("nan"), 1, "—"),
        (float("-inf"), 0, "—"),
        (None, 2, "—"),
    ],
)
def test_numbers(value: float | None, decimals: int, text: str) -> None:
    assert formats.number_text(value, decimals) == text


def test_units_are_written_for_people_and_stay_on_the_line() -> None:
    assert formats.with_unit("31.2", "m3/h") == "31.2\u00a0m³/h"
    assert formats.with_unit("20", "degC") == "20\u00a0°C"
    assert formats.with_unit("4", "") == "4"
    assert formats.with_unit("—", "bar") == "—"


def test_ranges() -> None:
    assert formats.range_text((20, 75.5), "degC") == "20 … 75.5\u00a0°C"
    assert formats.range_text((0, float("inf")), "h") == "≥ 0\u00a0h"
    assert formats.range_text((float("-inf"), 4), "bar") == "≤ 4\u00a0bar"
    assert formats.range_text((float("-inf"), float("inf")), "bar") == ""
    assert formats.range_text(None, "bar") == ""


@pytest.mark.parametrize(
    ("ago", "english", "chinese"),
    [
        ("0s", "now", "刚刚"),
        ("42s", "42 s ago", "42 秒前"),
        ("119s", "1 min ago", "1 分钟前"),
        ("47h", "47 h ago", "47 小时前"),
        ("50h", "2 d ago", "2 天前"),
    ],
)
def test_how_long_ago(ago: str, english: str, chinese: str) -> None:
    ts = NOON - parse_duration(ago)
    assert formats.ago_text(EN, ts, NOON) == english
    assert formats.ago_text(ZH, ts, NOON) == chinese


def test_a_time_ahead_is_not_called_past() -> None:
    assert formats.ago_text(EN, NOON + 90 * SECOND, NOON) == "in 1 min"
    assert formats.ago_text(EN, None, NOON) == "never"


def test_due_and_overdue() -> None:
    assert formats.due_text(EN, NOON + 3 * HOUR, NOON) == "in 3 h"
    assert formats.due_text(EN, NOON - 3 * DAY, NOON) == "3 d overdue"
    assert formats.due_text(ZH, NOON - 3 * DAY, NOON) == "逾期 3 天"


def test_times_are_the_sites_and_name_their_zone() -> None:
    assert formats.time_text(NOON, SHANGHAI, NOON) == "20:00:00"
    assert formats.time_text(NOON - DAY, SHANGHAI, NOON) == "02-28 20:00"
    assert formats.time_text(NOON - 366 * DAY, SHANGHAI, NOON) == "2025-02-28 20:00"
    assert formats.time_text(None, SHANGHAI, NOON) == "—"
    assert formats.full_time(NOON, SHANGHAI) == "2026-03-01 20:00:00 Asia/Shanghai (UTC+08:00)"
    summer = from_datetime(datetime(2026, 7, 1, tzinfo=UTC))
    assert formats.full_time(summer, BERLIN) == "2026-07-01 02:00:00 Europe/Berlin (UTC+02:00)"
    assert formats.full_time(None, BERLIN) == ""


def test_the_same_day_is_the_same_local_day() -> None:
    late = from_datetime(datetime(2026, 3, 1, 15, 59, tzinfo=UTC))  # 23:59 in Shanghai
    assert formats.time_text(late, SHANGHAI, late + 2 * MINUTE) == "03-01 23:59"


def test_sizes() -> None:
    assert [formats.size_text(n).replace("\u00a0", " ") for n in (12, 1500, 262_144, 3_000_000)] == [
        "12 B",
        "1.5 kB",
        "262.1 kB",
        "3.0 MB",
    ]


def test_outside_text_shows_what_it_hides() -> None:
    raw = b"a\x00b\xff\n" + "\u202egnp.exe\u200b".encode()
    assert formats.inert_text(raw) == "a\\x00b\\xff\n\\u202egnp.exe\\u200b"
    assert formats.inert_text("流量".encode()) == "流量"


@given(st.binary(max_size=300))
def test_any_bytes_become_printable_text(data: bytes) -> None:
    text = formats.inert_text(data)
    assert all(char.isprintable() or char in "\n\t" for char in text)

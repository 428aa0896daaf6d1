"""When maintenance plans are due: calendar, daylight saving, late and repeated asking."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantroom.maintenance import Due, Interval, MaintenancePlan, due, next_due
from plantroom.times import DAY, HOUR, MINUTE, Nanos, from_datetime, to_datetime

LONDON = ZoneInfo("Europe/London")
HONG_KONG = ZoneInfo("Asia/Hong_Kong")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # saves half an hour
APIA = ZoneInfo("Pacific/Apia")  # left out 30 December 2011


def at(text: str, zone: ZoneInfo = HONG_KONG) -> Nanos:
    """Nanoseconds of a local date and time such as 2024-01-31 09:00."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=zone))


def local(ts: Nanos, zone: ZoneInfo = HONG_KONG) -> str:
    """The local date and time of nanoseconds."""
    return to_datetime(ts, zone).strftime("%Y-%m-%d %H:%M")


def fixed(every: str) -> MaintenancePlan:
    return MaintenancePlan("service", Interval.parse(every))


def floating(every: str) -> MaintenancePlan:
    return MaintenancePlan("service", Interval.parse(every), floating=True)


def fixed_due(
    every: str, commissioned: str, now: str, last_due: str | None = None, zone: ZoneInfo = HONG_KONG
) -> tuple[str, int] | None:
    """(local due time, missed) of a fixed plan, or None."""
    found = due(
        fixed(every),
        commissioned_at=at(commissioned, zone),
        last_due=None if last_due is None else at(last_due, zone),
        last_done=None,
        now=at(now, zone),
        zone=zone,
    )
    return None if found is None else (local(found.due_at, zone), found.missed)


class TestInterval:
    @pytest.mark.parametrize(
        ("text", "interval"),
        [
            ("1 day", Interval(days=1)),
            ("10 days", Interval(days=10)),
            ("2 weeks", Interval(days=14)),
            ("1 month", Interval(months=1)),
            ("6months", Interval(months=6)),
            (" 1 year ", Interval(months=12)),
            ("100 years", Interval(months=1200)),
        ],
    )
    def test_reads_what_catalogues_write(self, text: str, interval: Interval) -> None:
        assert Interval.parse(text) == interval

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "month",
            "0 months",
            "-1 month",
            "1.5 months",
            "1 hour",
            "1 month 2 days",
            "one month",
            "١ month",
        ],
    )
    def test_refuses_anything_else(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not an interval"):
            Interval.parse(text)

    @pytest.mark.parametrize("text", ["101 years", "999999 days", "1301 months"])
    def test_refuses_more_than_a_century(self, text: str) -> None:
        with pytest.raises(ValueError, match="longer than 100 years"):
            Interval.parse(text)

    def test_an_error_does_not_repeat_a_page_of_text(self) -> None:
        with pytest.raises(ValueError, match="is not an interval") as caught:
            Interval.parse("9" * 100_000)
        assert len(str(caught.value)) < 200

    @pytest.mark.parametrize(
        ("start", "every", "times", "expected"),
        [
            ("2023-01-31 09:00", "1 month", 1, "2023-02-28 09:00"),
            ("2024-01-31 09:00", "1 month", 1, "2024-02-29 09:00"),
            ("2024-01-31 09:00", "1 month", 2, "2024-03-31 09:00"),
            ("2024-01-31 09:00", "1 month", 3, "2024-04-30 09:00"),
            ("2024-02-29 09:00", "1 year", 1, "2025-02-28 09:00"),
            ("2024-02-29 09:00", "1 year", 4, "2028-02-29 09:00"),
            ("2024-11-30 09:00", "1 month", 3, "2025-02-28 09:00"),
            ("2024-12-15 09:00", "1 month", 1, "2025-01-15 09:00"),
            ("2024-12-31 09:00", "2 weeks", 1, "2025-01-14 09:00"),
            ("2024-02-28 09:00", "1 day", 2, "2024-03-01 09:00"),
        ],
    )
    def test_moves_by_the_calendar(self, start: str, every: str, times: int, expected: str) -> None:
        moved = Interval.parse(every).after(to_datetime(at(start), HONG_KONG), times)
        assert moved.strftime("%Y-%m-%d %H:%M") == expected


class TestFixed:
    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            ("2024-01-15 08:59", None),
            ("2024-02-15 08:59", None),
            ("2024-02-15 09:00", ("2024-02-15 09:00", 0)),
            ("2024-03-15 08:59", ("2024-02-15 09:00", 0)),
            ("2024-03-15 09:00", ("2024-03-15 09:00", 1)),
            ("2025-01-20 00:00", ("2025-01-15 09:00", 11)),
        ],
    )
    def test_the_first_order_and_those_missed(self, now: str, expected: tuple[str, int] | None) -> None:
        assert fixed_due("1 month", "2024-01-15 09:00", now) == expected

    @pytest.mark.parametrize(
        ("last_due", "now", "expected"),
        [
            ("2024-02-15 09:00", "2024-02-15 09:00", None),
            ("2024-02-15 09:00", "2024-03-15 08:59", None),
            ("2024-02-15 09:00", "2024-03-15 09:00", ("2024-03-15 09:00", 0)),
            ("2024-02-15 09:00", "2024-05-01 00:00", ("2024-04-15 09:00", 1)),
            ("2024-06-15 09:00", "2024-05-01 00:00", None),  # the clock was stepped back
        ],
    )
    def test_what_had_its_order_is_not_due_again(
        self, last_due: str, now: str, expected: tuple[str, int] | None
    ) -> None:
        assert fixed_due("1 month", "2024-01-15 09:00", now, last_due) == expected

    def test_the_31st_stays_the_31st_however_often_it_is_asked(self) -> None:
        found, last = [], None
        for now in ("2024-02-29 10:00", "2024-03-31 10:00", "2024-04-30 10:00", "2024-05-31 10:00"):
            answer = fixed_due("1 month", "2024-01-31 09:00", now, last)
            assert answer is not None
            found.append(answer)
            last = answer[0]
        assert [item[0][:10] for item in found] == ["2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"]
        assert {item[1] for item in found} == {0}

    def test_completion_does_not_move_it(self) -> None:
        arguments = {"commissioned_at": at("2024-01-01 09:00"), "last_due": at("2024-02-01 09:00")}
        given = arguments | {"now": at("2024-03-10 00:00"), "zone": HONG_KONG}
        undone = due(fixed("1 month"), last_done=None, **given)
        done = due(fixed("1 month"), last_done=at("2024-02-20 15:00"), **given)
        assert undone == done == Due(at("2024-03-01 09:00"), 0)

    def test_a_plan_whose_interval_was_changed_goes_on_from_its_last_order(self) -> None:
        assert fixed_due("3 months", "2024-01-01 09:00", "2024-03-31 00:00", "2024-02-01 09:00") is None
        expected = ("2024-04-01 09:00", 0)
        assert fixed_due("3 months", "2024-01-01 09:00", "2024-04-02 00:00", "2024-02-01 09:00") == expected

    def test_decades_are_counted_at_once(self) -> None:
        assert fixed_due("1 day", "1970-01-01 09:00", "2030-01-01 09:00") == ("2030-01-01 09:00", 21914)


COMMISSIONED = {"commissioned_at": at("2024-01-15 09:00"), "zone": HONG_KONG}


class TestFloating:
    def test_counts_from_commissioning_before_the_first_completion(self) -> None:
        plan = floating("1 month")
        early = due(plan, last_due=None, last_done=None, now=at("2024-02-15 08:59"), **COMMISSIONED)
        late = due(plan, last_due=None, last_done=None, now=at("2024-08-01 00:00"), **COMMISSIONED)
        assert early is None
        assert late == Due(at("2024-02-15 09:00"))

    def test_an_order_that_is_not_done_is_not_joined_by_another(self) -> None:
        ordered = {"last_due": at("2024-02-15 09:00"), "now": at("2025-02-15 09:00"), **COMMISSIONED}
        assert due(floating("1 month"), last_done=None, **ordered) is None
        assert due(floating("1 month"), last_done=at("2024-02-01 09:00"), **ordered) is None

    def test_counts_from_the_completion(self) -> None:
        done = {"last_due": at("2024-02-15 09:00"), "last_done": at("2024-02-27 16:30"), **COMMISSIONED}
        assert due(floating("1 month"), now=at("2024-03-27 16:29"), **done) is None
        assert due(floating("1 month"), now=at("2024-03-27 16:30"), **done) == Due(at("2024-03-27 16:30"))

    def test_completed_at_the_very_time_it_was_due_counts_as_done(self) -> None:
        done = {"last_due": at("2024-02-15 09:00"), "last_done": at("2024-02-15 09:00"), **COMMISSIONED}
        assert due(floating("1 month"), now=at("2024-03-15 09:00"), **done) == Due(at("2024-03-15 09:00"))


class TestDaylightSaving:
    @pytest.mark.parametrize(
        ("zone", "commissioned", "every", "expected_utc"),
        [
            (LONDON, "2024-03-01 09:00", "1 month", "2024-04-01 08:00"),
            (LONDON, "2024-10-01 09:00", "1 month", "2024-11-01 09:00"),
            (NEW_YORK, "2024-03-03 12:00", "1 week", "2024-03-10 16:00"),
            (NEW_YORK, "2024-10-27 12:00", "1 week", "2024-11-03 17:00"),
            (LORD_HOWE, "2024-04-01 09:00", "1 week", "2024-04-07 22:30"),
        ],
    )
    def test_the_local_time_of_day_stays(
        self, zone: ZoneInfo, commissioned: str, every: str, expected_utc: str
    ) -> None:
        ts = next_due(fixed(every), at(commissioned, zone), zone)
        assert local(ts, zone)[11:] == commissioned[11:]
        assert to_datetime(ts).strftime("%Y-%m-%d %H:%M") == expected_utc

    def test_a_time_of_day_that_is_left_out_comes_as_much_later(self) -> None:
        # 02:30 on 10 March 2024 does not exist in New York
        assert local(next_due(fixed("1 day"), at("2024-03-09 02:30", NEW_YORK), NEW_YORK), NEW_YORK) == (
            "2024-03-10 03:30"
        )

    def test_a_time_of_day_that_comes_twice_is_due_once(self) -> None:
        # 01:30 on 3 November 2024 comes twice in New York
        first = at("2024-11-03 01:30", NEW_YORK)
        given = {"commissioned_at": at("2024-11-02 01:30", NEW_YORK), "last_done": None, "zone": NEW_YORK}
        assert due(fixed("1 day"), last_due=None, now=first, **given) == Due(first)
        assert due(fixed("1 day"), last_due=first, now=first + HOUR, **given) is None
        assert due(fixed("1 day"), last_due=first, now=first + HOUR + MINUTE, **given) is None

    def test_a_day_that_the_calendar_leaves_out_is_due_with_the_next_once(self) -> None:
        after = fixed_due("1 day", "2011-12-28 09:00", "2011-12-31 10:00", "2011-12-29 09:00", APIA)
        assert after == ("2011-12-31 09:00", 1)
        assert fixed_due("1 day", "2011-12-28 09:00", "2011-12-31 10:00", "2011-12-31 09:00", APIA) is None


ZONES = st.sampled_from([ZoneInfo("UTC"), LONDON, HONG_KONG, NEW_YORK, LORD_HOWE])
EVERY = st.sampled_from(["1 day", "1 week", "2 weeks", "1 month", "3 months", "1 year"])
BEGINNINGS = st.datetimes(datetime(2015, 1, 1), datetime(2025, 12, 31)).map(  # noqa: DTZ001 - UTC is put on
    lambda moment: from_datetime(moment.replace(tzinfo=UTC, microsecond=0))
)
GAPS = st.lists(st.integers(0, 200 * 24 * 60).map(lambda minutes: minutes * MINUTE), min_size=1, max_size=25)


def all_due_times(plan: MaintenancePlan, start: Nanos, end: Nanos, zone: ZoneInfo) -> list[Nanos]:
    """Every due time of a fixed plan by the definition: start + k intervals."""
    found, turn = [], 1
    beginning = to_datetime(start, zone)
    while (ts := from_datetime(plan.every.after(beginning, turn))) <= end:
        found.append(ts)
        turn += 1
    return found


@given(every=EVERY, zone=ZONES, start=BEGINNINGS, gaps=GAPS)
def test_asking_at_any_times_names_each_due_time_at_most_once_and_in_order(
    every: str, zone: ZoneInfo, start: Nanos, gaps: list[Nanos]
) -> None:
    plan = fixed(every)
    now, last, ordered, missed = start, None, [], 0
    for gap in gaps:
        now += gap
        given_now = {"commissioned_at": start, "last_due": last, "last_done": None, "now": now, "zone": zone}
        answer = due(plan, **given_now)
        assert due(plan, **given_now) == answer
        if answer is None:
            continue
        assert answer.due_at <= now
        assert last is None or answer.due_at > last
        ordered.append(answer.due_at)
        missed += answer.missed
        last = answer.due_at
        assert due(plan, **given_now | {"last_due": last}) is None
    every_due = all_due_times(plan, start, now, zone)
    assert set(ordered) <= set(every_due)
    # nothing is lost: what has come by now was ordered or counted as missed, and the latest was ordered
    assert len(ordered) + missed == len(every_due)
    assert ordered[-1:] == every_due[-1:]


@given(
    every=EVERY,
    zone=ZONES,
    start=BEGINNINGS,
    gaps=GAPS,
    work=st.lists(st.integers(0, 40), min_size=25, max_size=25),
)
def test_a_floating_plan_has_one_order_at_a_time_an_interval_after_completion(
    every: str, zone: ZoneInfo, start: Nanos, gaps: list[Nanos], work: list[int]
) -> None:
    plan = floating(every)
    now, last_due, last_done = start, None, None
    for gap, days in zip(gaps, work, strict=False):
        now += gap
        given_now = {"commissioned_at": start, "last_done": last_done, "zone": zone}
        answer = due(plan, last_due=last_due, now=now, **given_now)
        if answer is None:
            continue
        anchor = start if last_done is None else last_done
        assert answer == Due(next_due(plan, anchor, zone))
        assert anchor < answer.due_at <= now
        last_due = answer.due_at
        assert due(plan, last_due=last_due, now=now + 1000 * DAY, **given_now) is None
        now += days * DAY
        last_done = now

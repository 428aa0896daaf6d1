"""The figures of an alarm system, from written histories whose figures are known."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantroom.alarm_figures import AlarmFigures, local_days, measure
from plantroom.alarm_patterns import (
    EVENTS,
    STATES,
    AlarmLog,
    Chatter,
    Flood,
    Offender,
    Period,
    find_chattering,
    find_floods,
)
from plantroom.alarm_targets import Band, FigureKey, Rating, band_of, judge, judge_share
from plantroom.alarms import AlarmEvent, AlarmState, Severity
from plantroom.model import Criticality
from plantroom.times import DAY, HOUR, MINUTE, SECOND, Nanos

UTC = ZoneInfo("UTC")
START: Nanos = 20_000 * DAY
S, E = AlarmState, AlarmEvent
Row = tuple[int, int, int, int, int]


def row(alarm: int, at: Nanos, event: AlarmEvent, before: AlarmState, after: AlarmState) -> Row:
    return (alarm, START + at, EVENTS[event], STATES[before], STATES[after])


def announced(alarm: int, at: Nanos) -> list[Row]:
    """Raised, acknowledged after 10 s, gone after 20."""
    return [
        row(alarm, at, E.RAISE, S.NORMAL, S.UNACKNOWLEDGED),
        row(alarm, at + 10 * SECOND, E.ACKNOWLEDGE, S.UNACKNOWLEDGED, S.ACKNOWLEDGED),
        row(alarm, at + 20 * SECOND, E.CLEAR, S.ACKNOWLEDGED, S.NORMAL),
    ]


def figures(rows: list[Row], span: Nanos = DAY, operators: int = 1, zone: ZoneInfo = UTC) -> AlarmFigures:
    period = Period(START, START + span, zone, operators)
    return measure(AlarmLog.of(rows), period, {}, {})


def value(found: AlarmFigures, key: FigureKey) -> float | None:
    return found.figure(key).value


def steady(every: Nanos, span: Nanos = DAY, alarms: int = 400) -> list[Row]:
    return [
        line for n, at in enumerate(range(0, span, every)) for line in announced(n % alarms, at + 7 * SECOND)
    ]


def test_a_steady_load_has_its_rate() -> None:
    found = figures(steady(5 * MINUTE, 2 * DAY), 2 * DAY)
    assert found.announced == 576
    assert value(found, FigureKey.PER_TEN_MINUTES) == 2
    assert value(found, FigureKey.PER_DAY) == 288
    assert value(found, FigureKey.MOST_IN_TEN_MINUTES) == 2
    assert value(found, FigureKey.BUSY_TEN_MINUTES) == 0
    assert found.distribution == (0, 0, 288, 0, 0, 0)
    assert found.figure(FigureKey.PER_TEN_MINUTES).rating is Rating.MANAGEABLE
    assert found.figure(FigureKey.BUSY_TEN_MINUTES).rating is Rating.MET
    assert found.figure(FigureKey.BUSY_HOURS).rating is Rating.NOT_ENOUGH_DATA


def test_operators_share_the_load() -> None:
    found = figures(steady(MINUTE // 2), operators=4)
    assert value(found, FigureKey.PER_TEN_MINUTES) == 5
    assert value(found, FigureKey.PER_DAY) == 720
    assert found.distribution == (0, 0, 0, 144, 0, 0)
    assert found.floods == ()
    alone = figures(steady(MINUTE // 2))
    assert len(alone.floods) == 1
    for key in (FigureKey.BUSY_TEN_MINUTES, FigureKey.BUSY_HOURS):
        assert (value(found, key), value(alone, key)) == (0, 1)


def test_ten_minutes_with_more_than_ten_and_hours_with_more_than_thirty() -> None:
    # 11 in the first 10 min, 31 spread over the third hour, 10 and 30 are not more than that
    burst = [line for n in range(11) for line in announced(n, n * SECOND)]
    hour = [line for n in range(31) for line in announced(n, 2 * HOUR + n * (116 * SECOND))]
    ten = [line for n in range(10) for line in announced(n, 4 * HOUR + n * SECOND)]
    thirty = [line for n in range(30) for line in announced(n, 6 * HOUR + n * (119 * SECOND))]
    found = figures(burst + hour + ten + thirty)
    assert value(found, FigureKey.BUSY_TEN_MINUTES) == pytest.approx(1 / 144)
    assert value(found, FigureKey.BUSY_HOURS) == pytest.approx(1 / 24)
    assert len(found.hours) == 24
    assert found.hours[2:5] == ((START + 2 * HOUR, 31), (START + 3 * HOUR, 0), (START + 4 * HOUR, 10))
    assert value(found, FigureKey.MOST_IN_TEN_MINUTES) == 11
    assert found.figure(FigureKey.MOST_IN_TEN_MINUTES).rating is Rating.NOT_MET


@pytest.mark.parametrize("aside", [S.SHELVED, S.SUPPRESSED, S.OUT_OF_SERVICE])
def test_what_is_raised_aside_is_not_announced_until_it_comes_back(aside: AlarmState) -> None:
    back = {S.SHELVED: E.UNSHELVE, S.SUPPRESSED: E.UNSUPPRESS, S.OUT_OF_SERVICE: E.RETURN_TO_SERVICE}[aside]
    rows = [row(1, HOUR, E.RAISE, aside, aside)]
    assert figures(rows).announced == 0
    assert figures([*rows, row(1, 2 * HOUR, back, aside, S.UNACKNOWLEDGED)]).announced == 1
    assert figures([*rows, row(1, 2 * HOUR, back, aside, S.NORMAL)]).announced == 0


def test_only_the_period_counts() -> None:
    rows = announced(1, -MINUTE) + announced(1, 0) + announced(1, DAY - SECOND) + announced(1, DAY)
    assert figures(rows).announced == 2


def test_the_ten_most_frequent_and_their_share() -> None:
    rows = [
        line
        for n in range(12)
        for k in range(20 if n else 80)
        for line in announced(n, n * HOUR + k * 4 * MINUTE)
    ]
    found = figures(rows)
    assert found.announced == 300
    assert found.top[0] == Offender(0, 80, 80 / 300)
    assert [offender.alarm for offender in found.top] == list(range(10))
    assert value(found, FigureKey.TOP_TEN) == pytest.approx(260 / 300)
    assert found.figure(FigureKey.TOP_TEN).rating is Rating.NOT_MET


def test_few_alarms_tell_nothing_of_the_most_frequent() -> None:
    found = figures(steady(10 * MINUTE)).figure(FigureKey.TOP_TEN)
    assert (found.value, found.rating) == (pytest.approx(10 / 144), Rating.NOT_ENOUGH_DATA)


def test_three_in_a_minute_chatter_and_two_do_not() -> None:
    rows = [
        line
        for alarm, times in {1: (0, 30, 60, 600, 630, 660), 2: (0, 31, 61), 3: (0, 59)}.items()
        for at in times
        for line in announced(alarm, at * SECOND)
    ]
    found = figures(rows)
    assert found.chattering == (Chatter(1, 2, START + 660 * SECOND),)
    assert found.figure(FigureKey.CHATTERING).rating is Rating.NOT_MET


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 300)), max_size=60))
def test_chattering_is_what_counting_says(events: list[tuple[int, int]]) -> None:
    events.sort()
    alarm = np.array([item for item, _ in events], dtype=np.int64)
    at = np.array([when * SECOND for _, when in events], dtype=np.int64)
    wanted = set()
    for item in range(4):
        mine = [when for other, when in events if other == item]
        if any(sum(when <= other <= when + 60 for other in mine) >= 3 for when in mine):
            wanted.add(item)
    assert {chatter.alarm for chatter in find_chattering(alarm, at)} == wanted


def flood_times(*seconds: int) -> np.ndarray:
    return np.array([START + second * SECOND for second in seconds], dtype=np.int64)


def test_a_flood_begins_with_its_first_alarm_and_ends_when_fewer_than_five_come() -> None:
    at = flood_times(*range(0, 220, 20), 700, 760, 4000)
    # at 740 s four of the last 10 min are left: those of 160, 180, 200 and 700
    found = find_floods(at, Period(START, START + DAY, UTC))
    assert found == (Flood(START, START + 740 * SECOND, count=12, peak=11),)


def test_ten_in_ten_minutes_are_no_flood() -> None:
    assert find_floods(flood_times(*range(0, 200, 20)), Period(START, START + DAY, UTC)) == ()


def test_a_flood_that_lasts_has_no_end() -> None:
    found = figures([line for n in range(30) for line in announced(n, DAY - 300 * SECOND + n * SECOND)])
    (flood,) = found.floods
    assert (flood.end, flood.count, flood.peak) == (None, 30, 30)
    assert value(found, FigureKey.FLOOD_TIME) == pytest.approx(300 / 86400)


def floods_by_counting(seconds: list[int], operators: int) -> list[tuple[int, int]]:
    """Second by second: (start, end) of each flood."""
    found, start, begun = [], 0, False
    after = -1
    for now in range(max(seconds, default=0) + 700):
        window = [second for second in seconds if now - 600 < second <= now]
        if not begun and now in seconds and len(window) > 10 * operators:
            begun, start = True, next(second for second in window if second > after)
        elif begun and len(window) < 5 * operators:
            begun, after = False, now
            found.append((start, now))
    return found


@given(st.lists(st.integers(0, 3000), max_size=80), st.integers(1, 2))
def test_floods_are_what_counting_says(seconds: list[int], operators: int) -> None:
    seconds.sort()
    at = np.array([second * SECOND for second in seconds], dtype=np.int64)
    found = find_floods(at, Period(0, DAY, UTC, operators))
    assert [(flood.start // SECOND, (flood.end or 0) // SECOND) for flood in found] == floods_by_counting(
        seconds, operators
    )


def test_what_stands_for_more_than_a_day_is_stale() -> None:
    rows = [
        row(1, -3 * HOUR, E.RAISE, S.NORMAL, S.ACKNOWLEDGED),
        row(2, HOUR, E.RAISE, S.NORMAL, S.UNACKNOWLEDGED),
        row(3, 2 * HOUR, E.RAISE, S.NORMAL, S.UNACKNOWLEDGED),
        row(2, 25 * HOUR, E.CLEAR, S.UNACKNOWLEDGED, S.RETURNED_UNACKNOWLEDGED),
        row(1, 30 * HOUR, E.CLEAR, S.ACKNOWLEDGED, S.NORMAL),
        row(3, 26 * HOUR, E.ACKNOWLEDGE, S.UNACKNOWLEDGED, S.ACKNOWLEDGED),
        row(3, 26 * HOUR, E.CLEAR, S.ACKNOWLEDGED, S.NORMAL),
    ]
    found = figures(rows, 3 * DAY)
    # the second stands on, returned but unacknowledged; the third stood for exactly a day
    assert found.stale == ((2, START + HOUR),)
    assert [day.stale for day in found.days] == [1, 2, 1]
    assert value(found, FigureKey.STALE) == 2
    assert found.figure(FigureKey.STALE).rating is Rating.MET
    assert found.waiting == 1


def test_what_is_raised_again_stands_anew() -> None:
    rows = [
        row(1, 0, E.RAISE, S.NORMAL, S.UNACKNOWLEDGED),
        row(1, 20 * HOUR, E.CLEAR, S.UNACKNOWLEDGED, S.RETURNED_UNACKNOWLEDGED),
        row(1, 21 * HOUR, E.RAISE, S.RETURNED_UNACKNOWLEDGED, S.UNACKNOWLEDGED),
    ]
    assert [day.stale for day in figures(rows, 2 * DAY).days] == [0, 1]
    assert figures(rows, 2 * DAY).stale == ((1, START + 21 * HOUR),)
    assert figures(rows, 45 * HOUR).stale == ()


def test_what_is_shelved_is_not_stale() -> None:
    rows = [
        row(1, 0, E.RAISE, S.NORMAL, S.UNACKNOWLEDGED),
        row(1, HOUR, E.SHELVE, S.UNACKNOWLEDGED, S.SHELVED),
    ]
    found = figures(rows, 3 * DAY)
    assert (found.stale, found.waiting) == ((), 0)


def test_time_to_acknowledge() -> None:
    rows = []
    for n in range(1, 11):
        rows += [
            row(n, n * HOUR, E.RAISE, S.NORMAL, S.UNACKNOWLEDGED),
            row(n, n * HOUR + n * MINUTE, E.ACKNOWLEDGE, S.UNACKNOWLEDGED, S.ACKNOWLEDGED),
        ]
    # came, went and came again before somebody looked: it waited from the first time on
    rows += [
        row(11, 12 * HOUR, E.RAISE, S.NORMAL, S.UNACKNOWLEDGED),
        row(11, 12 * HOUR + MINUTE, E.CLEAR, S.UNACKNOWLEDGED, S.RETURNED_UNACKNOWLEDGED),
        row(11, 12 * HOUR + 2 * MINUTE, E.RAISE, S.RETURNED_UNACKNOWLEDGED, S.UNACKNOWLEDGED),
        row(11, 12 * HOUR + 20 * MINUTE, E.ACKNOWLEDGE, S.UNACKNOWLEDGED, S.ACKNOWLEDGED),
        row(12, 13 * HOUR, E.RAISE, S.NORMAL, S.UNACKNOWLEDGED),
        row(13, 14 * HOUR, E.RAISE, S.NORMAL, S.UNACKNOWLEDGED),
        row(13, 15 * HOUR, E.SUPPRESS, S.UNACKNOWLEDGED, S.SUPPRESSED),
    ]
    found = figures(rows)
    assert value(found, FigureKey.ACKNOWLEDGE_MEDIAN) == 6 * MINUTE
    assert value(found, FigureKey.ACKNOWLEDGE_MOST) == 10 * MINUTE
    assert found.figure(FigureKey.ACKNOWLEDGE_MOST).rating is Rating.NO_TARGET
    assert (found.announced, found.waiting) == (14, 1)


def test_what_waited_when_the_period_began_has_no_time_of_it() -> None:
    rows = [
        row(1, -3 * HOUR, E.RAISE, S.NORMAL, S.UNACKNOWLEDGED),
        row(1, HOUR, E.ACKNOWLEDGE, S.UNACKNOWLEDGED, S.ACKNOWLEDGED),
    ]
    assert value(figures(rows), FigureKey.ACKNOWLEDGE_MEDIAN) is None


def test_what_ended_at_midnight_is_not_stale_on_the_day_after() -> None:
    rows = [
        row(1, -30 * HOUR, E.RAISE, S.NORMAL, S.ACKNOWLEDGED),
        row(1, DAY, E.CLEAR, S.ACKNOWLEDGED, S.NORMAL),
    ]
    assert [day.stale for day in figures(rows, 2 * DAY).days] == [1, 0]


def test_an_acknowledgement_never_comes_before_its_alarm() -> None:
    # the reading's clock is ahead of the operator's
    rows = [
        row(1, HOUR, E.RAISE, S.NORMAL, S.UNACKNOWLEDGED),
        row(1, HOUR - MINUTE, E.ACKNOWLEDGE, S.UNACKNOWLEDGED, S.ACKNOWLEDGED),
    ]
    assert value(figures(rows), FigureKey.ACKNOWLEDGE_MEDIAN) == 0


def test_days_are_those_of_the_zone() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")  # its day begins at 16:00 UTC
    rows = announced(1, 15 * HOUR) + announced(1, 17 * HOUR) + announced(2, 18 * HOUR)
    found = figures(rows, zone=shanghai)
    assert [(day.day, day.announced) for day in found.days] == [
        (date(2024, 10, 4), 1),
        (date(2024, 10, 5), 2),
    ]


def test_a_day_on_which_the_clock_changes_has_25_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    begin = 20_023 * DAY - 2 * HOUR  # 2024-10-27 00:00 there
    days = local_days(Period(begin, begin + 2 * DAY, berlin))
    assert [day.isoformat() for day, _ in days] == ["2024-10-27", "2024-10-28", "2024-10-29"]
    assert days[1][1] - days[0][1] == 25 * HOUR


def test_an_empty_history_has_figures_too() -> None:
    found = figures([], 31 * DAY)
    assert (found.announced, found.floods, found.top, found.stale, found.waiting) == (0, (), (), (), 0)
    assert value(found, FigureKey.PER_TEN_MINUTES) == 0
    ratings = {figure.key: figure.rating for figure in found.figures}
    assert ratings.pop(FigureKey.TOP_TEN) is Rating.NOT_ENOUGH_DATA
    assert set(ratings.values()) == {Rating.MET, Rating.NO_TARGET}


def test_an_empty_period_has_no_figures() -> None:
    found = figures(announced(1, 0), span=0)
    assert found.announced == 0
    assert {figure.rating for figure in found.figures} == {Rating.NOT_ENOUGH_DATA, Rating.NO_TARGET}
    assert found.days == ()


def test_priorities_raised_and_configured() -> None:
    rows = [line for n in range(100) for line in announced(n, n * 10 * MINUTE)]
    bands = {n: Band.HIGH if n < 11 else Band.MEDIUM if n < 20 else Band.LOW for n in range(100)}
    configured = {Band.LOW: 80, Band.MEDIUM: 15, Band.HIGH: 5}
    found = measure(AlarmLog.of(rows), Period(START, START + DAY, UTC), bands, configured)
    low, medium, high = found.shares
    assert (high.band, high.raised, high.raised_share, high.raised_rating) == (
        Band.HIGH,
        11,
        0.11,
        Rating.NOT_MET,
    )
    assert (medium.raised_share, medium.raised_rating) == (0.09, Rating.MET)
    assert (low.raised_share, low.raised_rating) == (0.80, Rating.MET)
    assert {share.configured_rating for share in found.shares} == {Rating.MET}
    few = measure(AlarmLog.of(rows[:30]), Period(START, START + DAY, UTC), bands, {})
    assert {share.raised_rating for share in few.shares} == {Rating.NOT_ENOUGH_DATA}
    assert {share.configured_rating for share in few.shares} == {Rating.NOT_ENOUGH_DATA}


@pytest.mark.parametrize(
    ("key", "figure", "span", "rating"),
    [
        (FigureKey.PER_TEN_MINUTES, 1.0, DAY, Rating.MET),
        (FigureKey.PER_TEN_MINUTES, 1.1, DAY, Rating.MANAGEABLE),
        (FigureKey.PER_TEN_MINUTES, 2.1, DAY, Rating.NOT_MET),
        (FigureKey.PER_TEN_MINUTES, 9.0, HOUR, Rating.NOT_ENOUGH_DATA),
        (FigureKey.PER_DAY, 300, DAY, Rating.MANAGEABLE),
        (FigureKey.BUSY_TEN_MINUTES, 0.01, DAY, Rating.NOT_MET),
        (FigureKey.BUSY_TEN_MINUTES, 0.0099, DAY, Rating.MET),
        (FigureKey.STALE, 4, 2 * DAY, Rating.MET),
        (FigureKey.STALE, 5, HOUR, Rating.NOT_MET),
        (FigureKey.STALE, 0, DAY, Rating.NOT_ENOUGH_DATA),
        (FigureKey.CHATTERING, 1, HOUR, Rating.NOT_MET),
        (FigureKey.CHATTERING, 0, HOUR, Rating.NOT_ENOUGH_DATA),
        (FigureKey.BUSY_HOURS, None, DAY, Rating.NOT_ENOUGH_DATA),
        (FigureKey.ACKNOWLEDGE_MEDIAN, 1e9, DAY, Rating.NO_TARGET),
    ],
)
def test_ratings(key: FigureKey, figure: float | None, span: Nanos, rating: Rating) -> None:
    assert judge(key, figure, span) is rating


def test_a_share_is_met_when_it_is_about_its_target() -> None:
    assert judge_share(Band.HIGH, 0.10) is Rating.MET
    assert judge_share(Band.HIGH, 0.11) is Rating.NOT_MET
    assert judge_share(Band.HIGH, 0.0) is Rating.MET
    assert judge_share(Band.LOW, 0.75) is Rating.MET
    assert judge_share(Band.LOW, 0.74) is Rating.NOT_MET
    assert judge_share(Band.LOW, 1.0) is Rating.MET


def test_bands_follow_severity_and_criticality() -> None:
    assert band_of(Severity.EMERGENCY, Criticality.C) is Band.HIGH
    assert band_of(Severity.CRITICAL, Criticality.A) is Band.HIGH
    assert band_of(Severity.CRITICAL, Criticality.B) is Band.MEDIUM
    assert band_of(Severity.MAJOR, Criticality.A) is Band.MEDIUM
    assert band_of(Severity.MAJOR, Criticality.B) is Band.LOW

"""The page of the alarm system's figures: what it says, and the page itself."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from api.console import mount
from api.console.i18n import translator
from api.console.views import alarm_chart, alarm_figures
from plantroom.alarm_figures import AlarmFigures, measure
from plantroom.alarm_patterns import AlarmLog, Period
from plantroom.alarm_targets import FigureKey, Rating
from plantroom.alarms import AlarmEvent
from plantroom.times import DAY, HOUR, SECOND
from plantroom.work_orders import Role
from tests.api.console.browser_kit import DESK, PHONE, Opener, Served
from tests.api.console.test_console_pages import sign_in, texts
from tests.api.kit import World

EN, ZH = translator("en"), translator("zh")
PATH = "/alarm-performance"


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    mount(world.app, world.context)
    with world.client(**{"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}) as found:
        yield found


def fill(world: World) -> None:
    """Two days with a flood of one chattering alarm, and one that stands."""
    begin = world.clock.now
    world.follow("north/mill-2", "burst", AlarmEvent.RAISE, ts=begin)
    for n in range(12):
        world.follow("north/mill-1", "low_flow", AlarmEvent.RAISE, ts=begin + HOUR + n * 10 * SECOND)
        world.follow("north/mill-1", "low_flow", AlarmEvent.CLEAR, ts=begin + HOUR + n * 10 * SECOND + SECOND)
    world.later(2 * DAY)


def loaded(world: World, span: int = 2 * DAY, operators: int = 1) -> alarm_figures.Loaded:
    period = Period(world.clock.now - span, world.clock.now, ZoneInfo("UTC"), operators)
    with world.database.session() as session:
        return alarm_figures.load(session, world.table, world.catalogue, period, "")


def rows(found: AlarmFigures) -> dict[FigureKey, alarm_figures.FigureRow]:
    return {row.key: row for row in alarm_figures.figure_rows(EN, found)}


def test_figures_in_words(world: World) -> None:
    fill(world)
    found = rows(loaded(world).figures)
    assert {key: (row.value, row.target) for key, row in found.items()} == {
        FigureKey.PER_TEN_MINUTES: ("0.05", "≤ 1 (at most 2)"),
        FigureKey.PER_DAY: ("6.5", "≤ 150 (at most 300)"),
        FigureKey.MOST_IN_TEN_MINUTES: ("12", "≤ 10"),
        FigureKey.BUSY_TEN_MINUTES: ("0.3 %", "< 1 %"),
        FigureKey.BUSY_HOURS: ("0.0 %", "< 1 %"),
        FigureKey.FLOOD_TIME: ("0.4 %", "< 1 %"),
        FigureKey.TOP_TEN: ("100.0 %", "≤ 1 % (at most 5 %)"),
        FigureKey.CHATTERING: ("1", "none"),
        FigureKey.STALE: ("2", "< 5"),
        FigureKey.ACKNOWLEDGE_MEDIAN: ("—", "—"),
        FigureKey.ACKNOWLEDGE_MOST: ("—", "—"),
    }
    assert (
        alarm_figures.summary(EN, loaded(world).figures) == "5 targets met, 2 not met, 2 without enough data"
    )


def test_priorities_in_words(world: World) -> None:
    fill(world)
    low, medium, high = alarm_figures.share_rows(ZH, loaded(world).figures)
    assert (low.name, low.target, low.configured) == ("低", "约 80 %", "43 % (3)")
    assert (medium.raised, medium.raised_rating) == ("92 % (12)", Rating.NOT_ENOUGH_DATA)
    assert (high.raised, high.configured_rating) == ("8 % (1)", Rating.NOT_MET)


def test_periods_by_their_alarms(world: World) -> None:
    fill(world)
    found = alarm_figures.class_rows(EN, loaded(world).figures)
    assert [(row.name, row.periods) for row in found] == [
        ("none", 286),
        ("1", 1),
        ("2", 0),
        ("3 … 5", 0),
        ("6 … 10", 0),
        ("more than 10", 1),
    ]
    assert [row.over for row in found] == [False] * 5 + [True]
    shared = alarm_figures.class_rows(EN, loaded(world, operators=4).figures)
    assert [(row.name, row.periods) for row in shared][:4] == [
        ("none", 286),
        ("up to 1", 1),
        ("up to 2", 0),
        ("up to 5", 1),
    ]


def test_only_the_alarms_that_are_named_are_read(world: World) -> None:
    fill(world)
    found = loaded(world)
    assert {(label.equipment, label.rule.en) for label in found.labels.values()} == {
        ("mill-1", "Low flow"),
        ("mill-2", "Burst pipe"),
    }


def test_the_chart_is_by_the_hour_or_by_the_day(world: World) -> None:
    fill(world)
    name, options = alarm_chart.load_chart(EN, loaded(world).figures)
    assert name == "Announced alarms an hour"
    assert len(options["xAxis"]["data"]) == 48
    assert options["xAxis"]["data"][0] == "03-01 08:00"
    assert options["series"][0]["data"][:3] == [1, 12, 0]
    world.later(5 * DAY)
    name, options = alarm_chart.load_chart(EN, loaded(world, 7 * DAY, operators=2).figures)
    assert name == "Announced alarms a day"
    assert options["xAxis"]["data"][0] == "03-01"
    assert options["series"][0]["data"][0] == 13
    assert options["series"][0]["markLine"]["data"] == [{"yAxis": 300}, {"yAxis": 600}]


def test_no_number_where_there_is_none() -> None:
    period = Period(0, 0, ZoneInfo("UTC"))
    found = measure(AlarmLog.of([]), period, {}, {})
    assert {row.value for row in rows(found).values()} == {"—", "0"}
    assert [row.share for row in alarm_figures.class_rows(EN, found)] == [0.0] * 6


def test_everybody_sees_the_page(client: TestClient, world: World) -> None:
    fill(world)
    answer = sign_in(client, Role.VIEWER).get(f"{PATH}?period=7d")
    assert answer.status_code == 200
    found = texts(answer.text)
    assert {"Alarm performance", "Low flow", "92.3 %", "Not met", "Not enough data"} <= found
    assert "2026-03-01 08:00 … 2026-03-03 08:00" in found
    assert "5 targets met, 2 not met, 2 without enough data" in found


def test_the_site_and_the_operators_stand_in_the_address(client: TestClient, world: World) -> None:
    fill(world)
    sign_in(client, Role.VIEWER)
    south = texts(client.get(f"{PATH}?site=south").text)
    assert "No alarm was announced in this period" in south
    assert "0 alarms were announced." in next(text for text in south if "were announced" in text)
    two = texts(client.get(f"{PATH}?site=north&operators=2").text)
    assert "6" in two  # the most in 10 min for each of two
    odd = client.get(f"{PATH}?site=<b>&operators=0&period=%00")
    assert odd.status_code == 200
    assert "2026-03-01 08:00 … 2026-03-03 08:00" in texts(odd.text)


def test_before_anything_is_watched(client: TestClient, world: World) -> None:
    assert "Nothing has been watched yet" in texts(sign_in(client, Role.VIEWER).get(PATH).text)


def test_in_chinese(client: TestClient, world: World) -> None:
    fill(world)
    sign_in(client, Role.VIEWER)
    found = texts(client.get(PATH, headers={"Accept-Language": "zh-CN"}).text)
    assert {"报警绩效", "流量低", "未达标", "≤ 1（最多 2）"} <= found


def test_the_setting_chooses_the_operators(world: World) -> None:
    world.context.settings.operators = 7
    mount(world.app, world.context)
    fill(world)
    with world.client(**{"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}) as client:
        page = sign_in(client, Role.VIEWER).get(PATH).text
    assert "7" in texts(page)


@pytest.mark.browser
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_choosing_a_period_changes_address_and_figures(
    opener: Opener, served: Served, size: tuple[int, int]
) -> None:
    served.world.clock.now = served.clock()
    served.world.raise_alarm("north/mill-2")
    person = opener(size, Role.VIEWER)
    page = person.go(PATH)
    page.wait_for_selector("h1:has-text('Alarm performance')")
    page.click("button:has-text('24 h')")
    page.wait_for_url(f"**{PATH}?period=24h")
    page.select_option("label:has-text('Operators') select", "3")
    page.wait_for_url(f"**{PATH}?period=24h&operators=3")
    page.reload()
    page.wait_for_selector("h1:has-text('Alarm performance')")
    assert page.get_attribute("button:has-text('24 h')", "aria-pressed") == "true"
    assert person.does_not_scroll_sideways()
    small = page.evaluate(
        """() => [...document.querySelectorAll('main a, main button, main select')]
            .filter(e => e.offsetParent && e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML)"""
    )
    assert size != PHONE or small == []


@pytest.mark.browser
def test_the_navigation_leads_there(opener: Opener) -> None:
    page = opener(DESK, Role.VIEWER).go("/")
    page.click("nav a:has-text('Alarm performance')")
    page.wait_for_url(f"**{PATH}")
    assert page.title() == "Alarm performance · Plantroom"

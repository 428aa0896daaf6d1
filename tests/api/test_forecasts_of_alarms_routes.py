"""Forecasts of alarms, over HTTP and as the console words them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from api.console.i18n import translator
from api.console.views.alarms import Lens, alarm_view
from api.console.views.forecasts import forecast_text
from plantroom.alarms import AlarmEvent, Severity
from plantroom.forecasts import as_readings
from plantroom.stores.records import alarms
from plantroom.times import from_datetime
from plantroom.work_orders import Role
from tests.api.kit import World, ok

TS = from_datetime(datetime(2026, 11, 25, 22, tzinfo=UTC))
DAY_S = 86_400


@pytest.fixture
def foreseen(world: World) -> int:
    """The id of an alarm that foresees a flow of 10.5 m3/h."""
    told = as_readings("flow", 10.5, "m3/h", [3 * DAY_S, 1.25 * DAY_S, 8.5 * DAY_S])
    with world.database.transaction() as session:
        row, _ = alarms.follow(
            session,
            world.equipment_id("north/mill-1"),
            "low_flow",
            event=AlarmEvent.RAISE,
            ts=TS,
            facts=alarms.RuleFacts(Severity.MAJOR, False),
            readings={"flow": 12.5, **told},
        )
        return row.id


def test_the_api_gives_times(world: World, viewer: TestClient, foreseen: int) -> None:
    found = ok(viewer.get(f"/api/v1/alarms/{foreseen}"))
    assert [item["point"] for item in found["readings"]] == ["flow"]
    expected = {
        "of": "flow",
        "limit": 10.5,
        "unit": "m3/h",
        "expected_at": "2026-11-28T22:00:00.000Z",
        "earliest_at": "2026-11-27T04:00:00.000Z",
        "latest_at": "2026-12-04T10:00:00.000Z",
    }
    assert found["forecasts"] == [expected]
    assert found["history"][0]["forecasts"] == [expected]
    [listed] = ok(viewer.get("/api/v1/alarms"))["items"]
    assert listed["forecasts"] == [expected]


@pytest.mark.parametrize(
    ("language", "says"),
    [
        (
            "en",
            "reaches 10.5\u00a0m³/h on 2026-11-29 06:00, between 2026-11-27 12:00 and 2026-12-04 18:00",
        ),
        ("zh", "预计于 2026-11-29 06:00 达到 10.5\u00a0m³/h，介于 2026-11-27 12:00 与 2026-12-04 18:00 之间"),
    ],
)
def test_the_console_says_it_in_site_time(world: World, foreseen: int, language: str, says: str) -> None:
    t = translator(language)
    with world.database.session() as session:
        row = alarms.get(session, foreseen)
        view = alarm_view(Lens(t, world.table, world.catalogue, Role.VIEWER), row)
    text = forecast_text(t, view.forecasts, ZoneInfo("Asia/Shanghai"))
    assert text.endswith(says)
    assert text.removesuffix(says).strip() == t.text(
        world.table.points[world.point_id("north/mill-1/flow")].name
    )
    assert "forecast of" not in view.readings

"""Overview, equipment list, plans, filters, quarantine and status, worked out without drawing."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from api.console.i18n import translator
from api.console.views import equipment, filters, overview, plans, quarantine, status
from api.console.views.alarms import Lens
from api.console.views.filters import Filters
from api.console.views.live import unknown_by_equipment, unknown_mask
from api.console.views.standing import Standing, gather, load_standing
from plantroom.alarms import Severity
from plantroom.catalogue.schema import System
from plantroom.maintenance import Interval
from plantroom.metrics import Metrics
from plantroom.quarantine import QuarantinedMessage
from plantroom.stores.records import plans as plan_records
from plantroom.stores.records.property import load_spaces
from plantroom.stores.records.quarantine import QuarantineStore
from plantroom.times import DAY, HOUR
from plantroom.work_orders import Role
from tests.api.kit import World

EN, ZH = translator("en"), translator("zh")


def known(world: World) -> equipment.Known:
    with world.database.session() as session:
        standing = load_standing(session)
    mask = unknown_mask(world.table, world.live, world.clock.now)
    return equipment.Known(
        standing, overview.points_by_equipment(world.table), unknown_by_equipment(world.table, mask)
    )


def names(world: World, **given: str) -> list[str]:
    with world.database.session() as session:
        places = equipment.place_names(EN, load_spaces(session))
    found = equipment.equipment_list(
        EN, world.table, world.catalogue, known(world), filters=Filters(**given), places=places
    )
    return [f"{view.site}/{view.key}:{view.state}" for view in found]


def test_unknown_is_not_normal(world: World) -> None:
    world.read("north/mill-1/flow", 30)
    world.raise_alarm("south/mill-1")
    assert names(world) == [
        "south/mill-1:alarm",
        "north/mill-2:unknown",
        "north/beacon-1:unknown",
        "north/mill-1:normal",
    ]
    assert names(world, state="normal") == ["north/mill-1:normal"]
    assert len(names(world, state="incomplete")) == 4


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"site": "south"}, {"south/mill-1"}),
        ({"system": "lighting"}, {"north/beacon-1"}),
        ({"equipment_class": "mill"}, {"north/mill-1", "north/mill-2", "south/mill-1"}),
        ({"q": "sn-77"}, {"north/mill-1"}),
        ({"q": "plant room"}, {"north/mill-1"}),
        ({"q": "二号"}, {"north/mill-2"}),
        ({"q": "nothing"}, set()),
        ({"state": "retired"}, set()),
    ],
)
def test_equipment_filters(world: World, given: dict[str, str], found: set[str]) -> None:
    assert {line.partition(":")[0] for line in names(world, **given)} == found


def test_places_name_what_is_around_them(world: World) -> None:
    with world.database.session() as session:
        spaces = load_spaces(session)
    assert equipment.place_names(EN, spaces)["north", "plant"] == "Basement · Plant room"
    assert equipment.place_names(ZH, spaces)["north", "plant"] == "地下室 · 机房"


def test_tiles_count_by_site_and_system(world: World) -> None:
    world.read("north/mill-1/flow", 30)
    world.raise_alarm("north/mill-1", "low_flow")
    world.raise_alarm("north/mill-2", "burst")
    world.open_order()
    found = known(world)
    tiles = overview.tiles(world.table, world.catalogue, found.standing, found.unknown, found.points)
    assert [tile.system for tile in tiles["north"]] == [
        System.ELEVATORS,
        System.WATER,
        System.POWER,
        System.HEATING,
        System.FIRE,
        System.HVAC,
        System.LIGHTING,
    ]
    water = tiles["north"][1]
    assert (water.equipment, water.alarms, water.unacknowledged, water.orders) == (2, 2, 2, 1)
    assert (water.points, water.unknown, water.worst) == (8, 7, Severity.EMERGENCY)
    assert not water.is_silent
    assert tiles["south"][1].is_silent
    assert tiles["north"][0] == overview.Tile(System.ELEVATORS)


def test_gathering_counts() -> None:
    found = gather([(1, 3, "acknowledged", 2), (1, 5, "unacknowledged", 1)], {1: 2, None: 1}, (1, 2, 3))
    assert found.of(1).worst is Severity.EMERGENCY
    assert (found.of(1).alarms, found.of(1).unacknowledged, found.of(1).orders) == (3, 1, 2)
    assert (found.orders, found.unacknowledged, found.version) == (3, 1, (1, 2, 3))
    assert Standing().of(1).alarms == 0


def test_the_nameplate_and_parameters(world: World) -> None:
    item = world.table.equipment_by_path["north/mill-2"]
    plate = dict(equipment.nameplate(EN, item, world.catalogue))
    assert (plate["Class"], plate["Maker"], plate["Design life"]) == ("Mill", "", "15 years")
    assert equipment.parameters(EN, item, world.catalogue) == [("Rated flow", "60\u00a0m³/h", False)]
    other = world.table.equipment_by_path["north/mill-1"]
    assert equipment.parameters(EN, other, world.catalogue) == [("Rated flow", "50\u00a0m³/h", True)]


def test_rules_that_want_attention_come_first(world: World) -> None:
    item = world.table.equipment_by_path["north/mill-1"]
    rows = equipment.rule_rows(ZH, item, world.catalogue, {"low_flow": "pending", "burst": "normal"})
    assert [(row[1], row[3]) for row in rows] == [("流量低", "pending"), ("爆管", "normal")]
    unknown = equipment.rule_rows(EN, item, world.catalogue, {})
    assert {row[3] for row in unknown} == {"unknown"}


def test_filters_of_an_address() -> None:
    allowed: dict[str, set[str] | None] = {
        "equipment_class": {"mill"},
        "state": {"all"},
        "q": None,
        "page": None,
    }
    query = {"class": "mill", "state": "<b>", "q": " pump  ", "page": "2", "site": "x", "other": "y"}
    found = Filters.read(query, allowed)
    assert found.address() == {"class": "mill", "q": "pump", "page": "2"}
    assert (found.narrowed, found.page_number) == (True, 2)
    assert found.changed(state="all").address() == {"class": "mill", "state": "all", "q": "pump"}
    assert len(Filters.read({"q": "a" * 5000}, allowed).q) == filters.MAX_TEXT


@pytest.mark.parametrize("page", ["", "0", "-1", "x", "²", "1e9"])
def test_a_page_that_is_no_number_is_the_first(page: str) -> None:
    assert Filters(page=page).page_number == 1


def test_pages_of_a_list() -> None:
    items = list(range(101))
    assert filters.page_of(items, 3) == ([100], 3, 3)
    assert filters.page_of(items, 10**9)[1] == 3
    assert filters.page_of([], 5) == ([], 1, 1)


def test_plans_that_come_due(world: World) -> None:
    lens = Lens(EN, world.table, world.catalogue, Role.VIEWER)
    world.later(40 * DAY)
    with world.database.transaction() as session:
        opened = plan_records.open_due(session, world.table, world.catalogue, world.clock.now)
    with world.database.session() as session:
        found = plans.load_plans(session, lens)
        one = plans.load_plans(session, lens, world.equipment_id("north/mill-1"))
    assert {plan.order for plan in found} == {row.id for row in opened}
    assert [(plan.equipment_name, plan.name, plan.every) for plan in one] == [
        ("First mill", "Monthly check", "every month")
    ]
    now = world.clock.now
    assert len(plans.narrow(found, Filters(within="30"), lens, now)) == 3
    assert plans.narrow(found, Filters(within="7"), lens, now) == []
    assert plans.narrow(found, Filters(within="overdue"), lens, now) == []
    assert len(plans.narrow(found, Filters(within="overdue"), lens, now + 60 * DAY)) == 3
    assert [plan.site for plan in plans.narrow(found, Filters(site="south"), lens, now)] == ["south"]
    assert plans.narrow(found, Filters(system="heating"), lens, now) == []
    assert len(plans.narrow(found, Filters(q="一号"), lens, now)) == 1


@pytest.mark.parametrize(
    ("interval", "english", "chinese"),
    [
        ("1 month", "every month", "每 1 个月"),
        ("6 months", "every 6 months", "每 6 个月"),
        ("1 year", "every year", "每 1 年"),
        ("24 months", "every 2 years", "每 2 年"),
        ("2 weeks", "every 2 weeks", "每 2 周"),
        ("1 day", "every day", "每 1 天"),
    ],
)
def test_intervals_in_words(interval: str, english: str, chinese: str) -> None:
    every = Interval.parse(interval)
    assert plans.interval_text(EN, every) == english
    assert plans.interval_text(ZH, every) == chinese


def test_quarantined_messages_are_inert(world: World) -> None:
    store = QuarantineStore(world.database)
    head = b"<script>alert(1)</script>\x00\xff\xe2\x80\xae"
    store.keep(
        [
            QuarantinedMessage(world.clock.now, "plantroom/v1/x\u202e", "utf8", "broken", head, 5000),
            QuarantinedMessage(world.clock.now + HOUR, "plantroom/v1/%/y", "json", "truncated", b"{", 1),
        ]
    )
    with world.database.session() as session:
        found, counts = quarantine.quarantine_page(session, Filters())
        narrowed, _ = quarantine.quarantine_page(session, Filters(reason="utf8"))
        searched, _ = quarantine.quarantine_page(session, Filters(q="%"))
        forged, _ = quarantine.quarantine_page(session, Filters(cursor="zzz"))
    assert counts == {"json": 1, "utf8": 1}
    assert [view.reason for view in found.rows] == ["json", "utf8"]
    assert narrowed.rows[0].head == "<script>alert(1)</script>\\x00\\xff\\u202e"
    assert (narrowed.rows[0].cut, found.rows[0].cut) == (True, False)
    assert "\u202e" not in narrowed.rows[0].topic
    assert [view.reason for view in searched.rows] == ["json"]
    assert len(forged.rows) == 2


def test_figures_of_the_status_page() -> None:
    metrics = Metrics()
    metrics.messages.labels("taken").inc(3)
    metrics.messages.labels("quarantined").inc()
    metrics.store_seconds.observe(0.002)
    metrics.store_seconds.observe(0.004)
    samples = status.collect(metrics.registry.collect())
    assert status.by_label(samples, "plantroom_messages_total", "outcome") == {"taken": 3, "quarantined": 1}
    found = {figure.name: figure for figure in status.figures(EN, samples)}
    assert found["Messages"].value == "4"
    assert found["Durable write of a batch"].value == "3.00 ms mean of 2"
    assert found["Rules over a batch"].value == "none yet"
    assert found["Connected to the broker"].wrong
    metrics.connected.set(1)
    again = {figure.name: figure for figure in status.figures(EN, status.collect(metrics.registry.collect()))}
    assert not again["Connected to the broker"].wrong


def test_a_metric_that_is_not_there_counts_nothing() -> None:
    assert status.total(status.collect(CollectorRegistry().collect()), "plantroom_messages_total") == 0

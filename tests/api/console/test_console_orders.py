"""The list of work orders and one order whole."""

from __future__ import annotations

import pytest

from api.console.i18n import translator
from api.console.pages.checklist import limits_text, parse_measured
from api.console.pages.order_actions import load_assignees
from api.console.views import orders as views
from api.console.views.alarms import Lens
from api.console.views.filters import Filters
from plantroom.errors import NotFoundError
from plantroom.model import Text
from plantroom.stores.records import users, work_orders
from plantroom.times import DAY, HOUR
from plantroom.work_orders import OrderAction, OrderKind, OrderState, Role
from tests.api.kit import World


def lens(world: World, role: Role = Role.ENGINEER, language: str = "en") -> Lens:
    return Lens(translator(language), world.table, world.catalogue, role)


def listed(world: World, username: str = "technician", **filters: str) -> list[int]:
    with world.database.session() as session:
        found = views.order_page(session, lens(world), Filters(**filters), username)
    return [view.id for view in found.rows]


def detail(
    world: World, order_id: int, role: Role = Role.ENGINEER, language: str = "en"
) -> views.OrderDetail:
    with world.database.session() as session:
        return views.order_detail(session, lens(world, role, language), order_id)


def move(world: World, order_id: int, action: OrderAction, **given: str) -> None:
    with world.database.transaction() as session:
        work_orders.move(
            session, order_id, action, by="engineer", role=Role.ENGINEER, now=world.clock.now, **given
        )


@pytest.fixture
def shop(world: World) -> dict[str, int]:
    return {
        "urgent": world.open_order("a", priority=1, due_at=world.clock.now + 2 * DAY),
        "plan": world.open_order(
            "b", "south/mill-1", rule=None, plan="monthly", kind=OrderKind.PREVENTIVE, priority=4
        ),
        "soon": world.open_order("c", "north/mill-2", priority=3, due_at=world.clock.now + HOUR),
    }


def test_the_most_urgent_come_first(world: World, shop: dict[str, int]) -> None:
    assert listed(world) == [shop["urgent"], shop["soon"], shop["plan"]]
    assert listed(world, sort="due")[0] == shop["soon"]
    assert listed(world, sort="newest")[0] == shop["soon"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"kind": "preventive"}, {"plan"}),
        ({"priority": "1"}, {"urgent"}),
        ({"site": "south"}, {"plan"}),
        ({"system": "lighting"}, set()),
        ({"q": "流量低"}, {"urgent", "plan", "soon"}),
        ({"q": "#1"}, {"urgent"}),
        ({"q": "South"}, {"plan"}),
        ({"q": "50%_"}, {"soon"}),
        ({"state": "ended"}, set()),
    ],
)
def test_filters(world: World, shop: dict[str, int], filters: dict[str, str], found: set[str]) -> None:
    assert set(listed(world, **filters)) == {shop[name] for name in found}


def test_mine_are_those_assigned_to_me(world: World, shop: dict[str, int]) -> None:
    move(world, shop["soon"], OrderAction.ASSIGN, assignee="technician")
    assert listed(world, mine="1") == [shop["soon"]]
    assert listed(world, "engineer", mine="1") == []
    assert listed(world, state="unassigned") == [shop["urgent"], shop["plan"]]


def test_an_order_whole(world: World) -> None:
    order_id = world.open_order("a", fault="low_flow")
    world.later(HOUR)
    world.open_order("b", fault="low_flow")
    found = detail(world, order_id, language="zh")
    assert (found.view.title, found.problem) == ("流量低", (("cause", "阀门关闭。"),))
    assert found.readings == (("流量", "12.50\u00a0m³/h"),)
    assert [(task.text, task.unit, task.done) for task in found.tasks] == [
        ("看", None, False),
        ("测", "m3/h", False),
    ]
    assert len(found.occurrences) == 2
    assert [line.action for line in found.history] == ["recur", "open"]


@pytest.mark.parametrize(
    ("role", "actions"),
    [
        (Role.VIEWER, ()),
        (Role.TECHNICIAN, (OrderAction.ASSIGN,)),
        (Role.ENGINEER, (OrderAction.ASSIGN, OrderAction.CANCEL)),
    ],
)
def test_exactly_the_allowed_actions(world: World, role: Role, actions: tuple[OrderAction, ...]) -> None:
    order_id = world.open_order()
    assert detail(world, order_id, role).actions == actions


def test_the_checklist_of_a_done_order_is_only_read(world: World) -> None:
    order_id = world.open_order()
    assert views.may_tick(detail(world, order_id), Role.TECHNICIAN)
    assert not views.may_tick(detail(world, order_id), Role.VIEWER)
    move(world, order_id, OrderAction.CANCEL, note="not needed")
    assert not views.may_tick(detail(world, order_id), Role.ADMIN)


def test_a_measured_value_outside_its_limits_is_flagged(world: World) -> None:
    order_id = world.open_order()
    with world.database.transaction() as session:
        work_orders.check_task(
            session, order_id, 1, by="technician", now=world.clock.now, done=True, value=9.5
        )
    task = detail(world, order_id).tasks[1]
    assert (task.value, task.outside, task.by) == (9.5, True, "technician")
    assert views.within(10, 10, 60)
    assert not views.within(60.1, 10, 60)
    assert views.within(1e9, None, None)


def test_only_open_orders_are_overdue(world: World) -> None:
    order_id = world.open_order(due_at=world.clock.now + HOUR)
    assert not detail(world, order_id).view.is_overdue(world.clock.now)
    assert detail(world, order_id).view.is_overdue(world.clock.now + 2 * HOUR)
    move(world, order_id, OrderAction.CANCEL, note="no")
    assert not detail(world, order_id).view.is_overdue(world.clock.now + 2 * HOUR)


def test_an_order_without_equipment(world: World) -> None:
    with world.database.transaction() as session:
        call = work_orders.Call(
            "walk", world.clock.now, OrderKind.INSPECTION, "north", Text("Walk", "巡"), 5, "mechanical"
        )
        row, _ = work_orders.open_order(session, call, by="engineer", now=world.clock.now)
    found = detail(world, row.id)
    assert (found.view.equipment, found.view.equipment_name, found.tasks) == (None, "", ())


def test_an_order_that_is_not_there(world: World) -> None:
    with pytest.raises(NotFoundError):
        detail(world, 99)


def test_problem_texts_take_plain_and_bilingual_ones() -> None:
    problem = {
        "extra": "5",
        "source": "ISO 1",
        "cause": {"en": "A", "zh": "甲"},
        "remedy": {"en": "", "zh": ""},
        "missed": 2,
        "odd": {"xx": 1},
    }
    assert views.problem_texts(translator("zh"), problem) == (
        ("cause", "甲"),
        ("missed", "2"),
        ("source", "ISO 1"),
        ("extra", "5"),
    )


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        (" 12.5 ", 12.5),
        ("12,5", 12.5),
        ("-1e3", -1000.0),
        ("", None),
        ("abc", None),
        ("nan", None),
        ("1e999", None),
    ],
)
def test_a_measured_value_as_typed(typed: str, value: float | None) -> None:
    assert parse_measured(typed) == value


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (10, 60, "Limits 10 to 60\u00a0m³/h"),
        (10, None, "At least 10\u00a0m³/h"),
        (None, 0.5, "At most 0.5\u00a0m³/h"),
        (None, None, "No limits"),
    ],
)
def test_limits_in_words(low: float | None, high: float | None, text: str) -> None:
    task = views.TaskView("", "m3/h", low, high, done=False, value=None, by="", at=None)
    assert limits_text(translator("en"), task) == text


def test_orders_go_to_those_who_can_do_them(world: World) -> None:
    with world.database.session() as session:
        found = load_assignees(session)
    assert set(found) == {"technician", "engineer", "admin"}
    with world.database.transaction() as session:
        users.get_user(session, "engineer").active = False
    with world.database.session() as session:
        assert "engineer" not in load_assignees(session)


def test_states_are_shown_as_they_are(world: World) -> None:
    order_id = world.open_order()
    move(world, order_id, OrderAction.ASSIGN, assignee="technician")
    found = detail(world, order_id)
    assert (found.view.state, found.view.assignee, found.open) == (OrderState.ASSIGNED, "technician", True)

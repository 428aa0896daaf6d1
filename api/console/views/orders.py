"""Work orders as the console shows them: rows of the list, the filters' query, and one order whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.console.i18n import Translator
from api.console.views.alarms import Lens
from api.console.views.clocks import is_paused
from api.console.views.filters import PAGE, Filters, classes_of
from api.console.views.live import points_of, readings_list
from api.console.views.standing import OPEN_ORDER_STATES
from plantroom.errors import NotFoundError
from plantroom.model import Text
from plantroom.service_levels import Clock
from plantroom.stores.records import order_levels, work_orders
from plantroom.stores.records.paging import Page, page_or_first
from plantroom.stores.records.tables import EquipmentRow, OrderEventRow, WorkOrderRow
from plantroom.times import Nanos
from plantroom.work_orders import OPEN_STATES, OrderAction, OrderKind, OrderState, Role, allowed_actions

STATES: Mapping[str, tuple[str, ...]] = {
    "open": tuple(OPEN_ORDER_STATES),
    "unassigned": (OrderState.OPEN.value,),
    "in_progress": (OrderState.IN_PROGRESS.value,),
    "on_hold": (OrderState.ON_HOLD.value,),
    "completed": (OrderState.COMPLETED.value,),
    "ended": (OrderState.CLOSED.value, OrderState.CANCELLED.value),
    "all": (),
}
SORTS: Mapping[str, tuple[InstrumentedAttribute[Any], bool]] = {
    "priority": (WorkOrderRow.priority, False),
    "due": (WorkOrderRow.due_at, False),
    "newest": (WorkOrderRow.opened_at, True),
}
_ENDED = frozenset({OrderState.COMPLETED, OrderState.CLOSED, OrderState.CANCELLED})


@dataclass(frozen=True, slots=True)
class OrderView:
    """One row of a list of orders."""

    id: int
    site: str
    equipment: str | None
    equipment_name: str
    title: str
    kind: OrderKind
    priority: int
    skill: str
    state: OrderState
    assignee: str
    opened_at: Nanos
    due_at: Nanos
    clocks: tuple[Clock, ...] = field(default=(), compare=False)
    """The service levels' clocks."""

    def is_overdue(self, now: Nanos) -> bool:
        """Whether it should have been done by now and is not; not while its clocks stand still."""
        return self.state not in _ENDED and self.due_at < now and not is_paused(self.clocks)


@dataclass(frozen=True, slots=True)
class TaskView:
    """One line of the checklist."""

    text: str
    unit: str | None
    low: float | None
    high: float | None
    done: bool
    value: float | None
    by: str
    at: Nanos | None

    @property
    def outside(self) -> bool:
        """Whether the measured value is outside its limits."""
        return self.value is not None and not within(self.value, self.low, self.high)


@dataclass(frozen=True, slots=True)
class OrderHistory:
    """One change of an order."""

    at: Nanos
    by: str
    action: str
    to_state: OrderState
    note: str
    reason: str
    """Of a hold, in words."""
    key: str
    """Which warning, breach or step of escalation it is."""


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """An order with all that belongs to it."""

    view: OrderView
    version: int
    rule: str | None
    problem: tuple[tuple[str, str], ...]
    """Kind of text (`cause`, `consequence`, `remedy`, ...) and the text."""
    readings: tuple[tuple[str, str], ...]
    tasks: tuple[TaskView, ...]
    occurrences: tuple[Nanos, ...]
    history: tuple[OrderHistory, ...]
    actions: tuple[OrderAction, ...]
    open: bool
    major: bool
    opened_by: str
    started_at: Nanos | None
    completed_at: Nanos | None
    closed_at: Nanos | None


def within(value: float, low: float | None, high: float | None) -> bool:
    """Whether a measured value keeps its limits."""
    return (low is None or value >= low) and (high is None or value <= high)


def order_views(session: Session, lens: Lens, rows: Sequence[WorkOrderRow]) -> list[OrderView]:
    """The rows as the list shows them, with their clocks as they stand now."""
    clocks = order_levels.clocks_of(session, rows, lens.levels, lens.now)
    return [order_view(lens.t, row, clocks[row.id]) for row in rows]


def order_view(t: Translator, row: WorkOrderRow, clocks: tuple[Clock, ...] = ()) -> OrderView:
    """The row as the list shows it."""
    item = row.equipment
    return OrderView(
        id=row.id,
        site=row.site,
        equipment=item.key if item else None,
        equipment_name=t.text(Text(item.name_en, item.name_zh)) if item else "",
        title=t.text(Text(row.title_en, row.title_zh)),
        kind=OrderKind(row.kind),
        priority=row.priority,
        skill=row.skill,
        state=OrderState(row.state),
        assignee=row.assignee or "",
        opened_at=row.opened_at,
        due_at=row.due_at,
        clocks=clocks,
    )


def order_query(filters: Filters, lens: Lens, username: str) -> Select[Any]:
    """The filters as a query; `mine` are the orders assigned to `username`."""
    query: Select[Any] = work_orders.query()
    states = STATES[filters.state or "open"]
    if states:
        query = query.where(WorkOrderRow.state.in_(states))
    if filters.kind:
        query = query.where(WorkOrderRow.kind == filters.kind)
    if filters.priority:
        query = query.where(WorkOrderRow.priority == int(filters.priority))
    if filters.site:
        query = query.where(WorkOrderRow.site == filters.site)
    if filters.system:
        query = query.where(EquipmentRow.equipment_class.in_(classes_of(lens.catalogue, filters.system)))
    if filters.mine:
        query = query.where(WorkOrderRow.assignee == username)
    for word in filters.q.split():
        columns = (
            WorkOrderRow.title_en,
            WorkOrderRow.title_zh,
            WorkOrderRow.assignee,
            EquipmentRow.name_en,
            EquipmentRow.name_zh,
            EquipmentRow.key,
            EquipmentRow.location,
        )
        said = [column.icontains(word, autoescape=True) for column in columns]
        number = word.removeprefix("#")
        if number.isascii() and number.isdecimal() and len(number) < 18:
            said.append(WorkOrderRow.id == int(number))
        query = query.where(or_(*said))
    return query


def order_page(
    session: Session, lens: Lens, filters: Filters, username: str, limit: int = PAGE
) -> Page[OrderView]:
    """A page of the list; a cursor that is not of this list gives the first."""
    query = order_query(filters, lens, username)
    by, descending = SORTS[filters.sort or "priority"]
    found = page_or_first(
        session, query, by=by, key=WorkOrderRow.id, descending=descending, cursor=filters.cursor, limit=limit
    )
    return Page(order_views(session, lens, found.rows), found.next_cursor, found.total)


def order_detail(session: Session, lens: Lens, order_id: int) -> OrderDetail:
    """The order whole.

    Raises: NotFoundError.
    """
    row = session.get(WorkOrderRow, order_id)
    if row is None:
        raise NotFoundError(f"no work order {order_id}")
    item, t = row.equipment, lens.t
    points = {} if item is None else {p.key: p for p in points_of(lens.table, item.site, item.key)}
    state = OrderState(row.state)
    return OrderDetail(
        view=order_views(session, lens, [row])[0],
        version=row.version,
        rule=row.rule,
        problem=problem_texts(t, row.problem),
        readings=tuple(readings_list(t, points, row.readings)),
        tasks=tuple(task_view(t, task) for task in row.checklist),
        occurrences=tuple(found.ts for found in work_orders.occurrences_of(session, order_id)),
        history=tuple(
            order_history(lens, event) for event in work_orders.history_of(session, order_id)[:200]
        ),
        actions=allowed_actions(state, lens.role),
        open=state in OPEN_STATES,
        major=row.major,
        opened_by=row.opened_by,
        started_at=row.started_at,
        completed_at=row.completed_at,
        closed_at=row.closed_at,
    )


def order_history(lens: Lens, event: OrderEventRow) -> OrderHistory:
    """One change of an order as its page shows it."""
    reason = lens.levels.policy.hold_reasons.get(event.reason)
    return OrderHistory(
        at=event.at,
        by=event.by,
        action=event.action,
        to_state=OrderState(event.to_state),
        note=event.note,
        reason=event.reason if reason is None else lens.t.text(reason.name),
        key=event.key or "",
    )


_PROBLEM_ORDER = ("cause", "consequence", "remedy", "missed", "when", "source")


def problem_texts(t: Translator, problem: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The texts of an order's problem in the visitor's language, those that are known first.

    A text is plain or one in each language (`{"en": ..., "zh": ...}`).
    """
    found: list[tuple[str, str]] = []
    known = [key for key in _PROBLEM_ORDER if key in problem]
    for key in (*known, *(key for key in problem if key not in known)):
        value = problem[key]
        if isinstance(value, Mapping):
            value = t.text(Text(str(value.get("en", "")), str(value.get("zh", ""))))
        if value not in ("", None):
            found.append((str(key), str(value)))
    return tuple(found)


def task_view(t: Translator, task: Mapping[str, Any]) -> TaskView:
    """One line of the checklist, as it was kept with the order."""
    return TaskView(
        text=t.text(Text(str(task.get("en", "")), str(task.get("zh", "")))),
        unit=task.get("unit"),
        low=task.get("low"),
        high=task.get("high"),
        done=bool(task.get("done")),
        value=task.get("value"),
        by=str(task.get("by") or ""),
        at=task.get("at"),
    )


def may_tick(detail: OrderDetail, role: Role) -> bool:
    """Whether the visitor may answer the checklist."""
    return detail.open and role >= Role.TECHNICIAN

"""What goes in and out about work orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.filters import PlaceQuery
from api.service_levels.schemas import ClockOut
from api.wire import Answer, Instant, Key, Line, Measured, Note, Request, Time, Words, measured, number
from plantroom.catalogue import Catalogue
from plantroom.service_levels import Clock
from plantroom.stores.records.tables import OccurrenceRow, OrderEventRow, WorkOrderRow
from plantroom.times import Nanos
from plantroom.work_orders import OPEN_STATES, OrderAction, OrderKind, OrderState, Role, allowed_actions

REQUEST_HASH = "request_sha256"
"""Where an order made by hand keeps what it was asked with; not for people."""


class OrderQuery(PlaceQuery):
    """Which work orders, and in which order."""

    state: Annotated[list[OrderState], Field(default_factory=list, max_length=20)]
    open: Annotated[bool | None, Field(description="true: not completed, closed or cancelled.")] = None
    kind: OrderKind | None = None
    priority: Annotated[list[Annotated[int, Field(ge=1, le=5)]], Field(default_factory=list, max_length=5)]
    assignee: Annotated[Key | None, Field(description="Username; `me` for mine, `none` for nobody's.")] = None
    overdue: Annotated[bool | None, Field(description="Open, and its due time has passed.")] = None
    sort: Literal[
        "due_at",
        "-due_at",
        "opened_at",
        "-opened_at",
        "priority",
        "-priority",
        "changed_at",
        "-changed_at",
        "id",
        "-id",
    ] = "-opened_at"


class WorkOrder(Answer):
    """Work to be done."""

    id: int
    kind: OrderKind
    site: str
    equipment: str | None
    equipment_name: Words | None
    rule: str | None
    plan: str | None
    title: Words
    priority: int
    """1 first to 5 last."""
    skill: str
    state: OrderState
    assignee: str | None
    overdue: bool
    opened_at: Time
    due_at: Time
    started_at: Time | None
    completed_at: Time | None
    closed_at: Time | None
    changed_at: Time
    opened_by: str
    major: bool
    """Found by an engineer to take parts, a contractor or a shutdown."""
    clocks: list[ClockOut]
    """The service levels' clocks that this order has, as they stand now."""
    version: int
    """Grows with every change; also the ETag."""


class Task(Answer):
    """One line of the checklist: done or not, or a measured value with its limits."""

    index: int
    text: Words
    unit: str | None
    low: float | None
    high: float | None
    done: bool
    value: float | None
    within_limits: bool | None
    """null without a value or without limits."""
    by: str | None
    at: Time | None


class OrderChange(Answer):
    """One line of an order's history."""

    id: int
    at: Time
    by: str
    action: str
    from_state: str
    to_state: OrderState
    note: str
    reason: str
    """Of a hold; a key of the hold reasons."""
    key: str | None
    """Which warning, breach or step of escalation it is."""


class Occurrence(Answer):
    """One thing that called for the order: the first opened it, the others joined."""

    source: str
    at: Time


class WorkOrderDetail(WorkOrder):
    """An order with everything that belongs to it."""

    problem: dict[str, Any]
    """What is wrong, why it matters and what to do; texts have `en` and `zh`."""
    checklist: list[Task]
    readings: list[Measured]
    """The readings around the fault."""
    allowed: list[OrderAction]
    """What the one who asks may do next."""
    occurrences: list[Occurrence]
    """The newest first; all of them under `/work-orders/{id}/occurrences`."""
    occurrence_count: int
    history: list[OrderChange]
    """The newest first; all of it under `/work-orders/{id}/history`."""


class NewOrder(Request):
    """An order made by hand."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "site": "demo",
                    "equipment": "pump-01",
                    "title": "Seal drips",
                    "description": "About one drop a second at the drive end.",
                    "priority": 3,
                    "skill": "mechanical",
                }
            ]
        }
    )

    site: Key
    equipment: Annotated[Key | None, Field(description="Key of the equipment, if it is about one.")] = None
    kind: Literal[OrderKind.CORRECTIVE, OrderKind.INSPECTION] = OrderKind.CORRECTIVE
    title: Annotated[Line, Field(min_length=1)]
    description: Note = ""
    priority: Annotated[int, Field(ge=1, le=5)] = 3
    skill: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = "general"
    due_at: Annotated[Instant | None, Field(description="Without it, the time that the priority allows.")] = (
        None
    )
    checklist: Annotated[
        list[Annotated[Line, Field(min_length=1)]], Field(default_factory=list, max_length=100)
    ]


class Step(Request):
    """A step of the work."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"assignee": "chen", "note": "you are nearest"}]}
    )

    note: Annotated[Note, Field(description="Why; needed to hold, complete, reopen and cancel.")] = ""
    assignee: Annotated[Key | None, Field(description="To assign: who shall do it.")] = None
    reason: Annotated[
        Key | None,
        Field(description="To hold: a key of the hold reasons; without one the clocks go on."),
    ] = None


class Classification(Request):
    """What an engineer finds an order to be; only what is given changes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"major": True, "note": "needs a new traction machine"}]}
    )

    priority: Annotated[int, Field(ge=1, le=5)] | None = None
    major: bool | None = None
    note: Annotated[Note, Field(min_length=1)]


class Comment(Request):
    """Something worth knowing."""

    note: Annotated[Note, Field(min_length=1)]


class TaskAnswer(Request):
    """What was found at one line of the checklist."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"done": True, "value": 2.4}]})

    done: bool
    value: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None


def work_order(row: WorkOrderRow, clocks: Sequence[Clock], now: Nanos) -> WorkOrder:
    """The row as it goes out."""
    return WorkOrder(**_fields(row, clocks, now))


def detail(
    row: WorkOrderRow,
    catalogue: Catalogue,
    now: Nanos,
    *,
    role: Role,
    clocks: Sequence[Clock],
    history: list[OrderEventRow],
    occurrences: list[OccurrenceRow],
    occurrence_count: int,
) -> WorkOrderDetail:
    """The row with everything that belongs to it."""
    cls = None if row.equipment is None else catalogue.classes.get(row.equipment.equipment_class)
    return WorkOrderDetail(
        **_fields(row, clocks, now),
        problem={key: value for key, value in row.problem.items() if key != REQUEST_HASH},
        checklist=[_task(index, item) for index, item in enumerate(row.checklist)],
        readings=measured(row.readings, cls),
        allowed=list(allowed_actions(OrderState(row.state), role)),
        occurrences=[occurrence(item) for item in occurrences],
        occurrence_count=occurrence_count,
        history=[change(item) for item in history],
    )


def change(row: OrderEventRow) -> OrderChange:
    """One line of history as it goes out."""
    return OrderChange(
        id=row.id,
        at=row.at,
        by=row.by,
        action=row.action,
        from_state=row.from_state,
        to_state=OrderState(row.to_state),
        note=row.note,
        reason=row.reason,
        key=row.key,
    )


def occurrence(row: OccurrenceRow) -> Occurrence:
    """One call as it goes out."""
    return Occurrence(source=row.source, at=row.ts)


def _fields(row: WorkOrderRow, clocks: Sequence[Clock], now: Nanos) -> dict[str, Any]:
    item = row.equipment
    state = OrderState(row.state)
    return {
        "id": row.id,
        "kind": OrderKind(row.kind),
        "site": row.site,
        "equipment": None if item is None else item.key,
        "equipment_name": None if item is None else Words(en=item.name_en, zh=item.name_zh),
        "rule": row.rule,
        "plan": row.plan,
        "title": Words(en=row.title_en, zh=row.title_zh),
        "priority": row.priority,
        "skill": row.skill,
        "state": state,
        "assignee": row.assignee,
        "overdue": state in OPEN_STATES and row.due_at < now,
        "opened_at": row.opened_at,
        "due_at": row.due_at,
        "started_at": row.started_at,
        "completed_at": row.completed_at,
        "closed_at": row.closed_at,
        "changed_at": row.changed_at,
        "opened_by": row.opened_by,
        "major": row.major,
        "clocks": [ClockOut.of(clock) for clock in clocks],
        "version": row.version,
    }


def _task(index: int, item: dict[str, Any]) -> Task:
    value, low, high = (number(item.get(name)) for name in ("value", "low", "high"))
    within = None
    if value is not None and (low is not None or high is not None):
        within = (low is None or low <= value) and (high is None or value <= high)
    return Task(
        index=index,
        text=Words(en=item["en"], zh=item["zh"]),
        unit=item.get("unit"),
        low=low,
        high=high,
        done=bool(item.get("done")),
        value=value,
        within_limits=within,
        by=item.get("by"),
        at=item.get("at"),
    )

"""Work orders in the database: opened once for what called for them, moved by the transition table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from plantroom.errors import ConflictError, NotFoundError, TransitionError
from plantroom.model import Text
from plantroom.stores.records import announcements, locks
from plantroom.stores.records.tables import OccurrenceRow, OrderEventRow, PlanRow, WorkOrderRow
from plantroom.times import Nanos
from plantroom.work_orders import (
    OPEN_STATES,
    RESOLVE_WITHIN,
    OrderAction,
    OrderKind,
    OrderState,
    Role,
    allowed_actions,
    transition,
)

_OPEN = [state.value for state in OPEN_STATES]
MAX_TITLE = 300
"""Characters; a rule's and an equipment's name together may have more."""


@dataclass(frozen=True, slots=True)
class Call:
    """What calls for work. `source` is unique to this call: said twice, it has one effect."""

    source: str
    ts: Nanos
    kind: OrderKind
    site: str
    title: Text
    priority: int
    skill: str
    equipment_id: int | None = None
    rule: str | None = None
    fault: str | None = None
    """What is wrong, in one word: calls with the same word on one equipment share the order that is open."""
    plan: str | None = None
    problem: Mapping[str, Any] = field(default_factory=dict)
    checklist: tuple[Mapping[str, Any], ...] = ()
    readings: Mapping[str, float] = field(default_factory=dict)
    due_at: Nanos | None = None


def open_order(session: Session, call: Call, *, by: str, now: Nanos) -> tuple[WorkOrderRow, bool]:
    """The order that answers the call, and whether the call opened it.

    A repeated fault joins the order that is open for its equipment and fault; a repeated call finds the
    order that it opened or joined before.
    """
    locks.hold_sites(session, [call.site])
    seen = session.get(OccurrenceRow, call.source)
    if seen is not None:
        return session.get_one(WorkOrderRow, seen.order_id), False
    row = None if call.fault is None else _find_open(session, call.equipment_id, call.fault)
    opened = row is None
    if row is None:
        row = _new_row(call, by, now)
        session.add(row)
        session.flush()
        _history(session, row, "open", OrderState.OPEN, by=by, now=now, note="", source_state="")
        announcements.tell_of_order(session, row)
    else:
        row.priority = min(row.priority, call.priority)
        _history(
            session,
            row,
            "recur",
            OrderState(row.state),
            by=by,
            now=now,
            note="the fault came again",
            source_state=row.state,
        )
        row.changed_at, row.version = now, row.version + 1
    session.add(OccurrenceRow(source=call.source, order_id=row.id, ts=call.ts))
    session.flush()
    return row, opened


def _find_open(session: Session, equipment_id: int | None, fault: str) -> WorkOrderRow | None:
    return session.scalar(
        select(WorkOrderRow)
        .where(
            WorkOrderRow.equipment_id == equipment_id,
            WorkOrderRow.fault == fault,
            WorkOrderRow.state.in_(_OPEN),
        )
        .with_for_update(of=WorkOrderRow)
        .execution_options(populate_existing=True)
    )


def _new_row(call: Call, by: str, now: Nanos) -> WorkOrderRow:
    return WorkOrderRow(
        kind=call.kind.value,
        site=call.site,
        equipment_id=call.equipment_id,
        rule=call.rule,
        fault=call.fault,
        plan=call.plan,
        title_en=call.title.en[:MAX_TITLE],
        title_zh=call.title.zh[:MAX_TITLE],
        problem=dict(call.problem),
        priority=call.priority,
        skill=call.skill,
        state=OrderState.OPEN.value,
        checklist=[dict(task) for task in call.checklist],
        readings=dict(call.readings),
        opened_at=now,
        due_at=call.due_at if call.due_at is not None else now + RESOLVE_WITHIN[call.priority],
        changed_at=now,
        opened_by=by,
        version=1,
    )


def move(
    session: Session,
    order_id: int,
    action: OrderAction,
    *,
    by: str,
    role: Role,
    now: Nanos,
    note: str = "",
    assignee: str | None = None,
    reason: str = "",
) -> WorkOrderRow:
    """The order after `action`; `reason` is one of the service levels' reasons to hold.

    Raises: NotFoundError; TransitionError where the table or the role has no such edge; ConflictError for
    assigning to nobody, and for reopening where the fault has another open order.
    """
    row = take(session, order_id)
    before = OrderState(row.state)
    if action is OrderAction.ASSIGN and not assignee:
        raise ConflictError("assign a work order to somebody")
    after = transition(before, action, note=note)
    if action not in allowed_actions(before, role):
        allowed = [str(item) for item in allowed_actions(before, role)]
        raise TransitionError(f"a {role} may not {action} this order", allowed)
    if action is OrderAction.REOPEN:
        locks.hold_sites(session, [row.site])  # no other may open for its fault meanwhile
        _refuse_second(session, row)
    row.state = after.value
    if action is OrderAction.ASSIGN:
        row.assignee = assignee
        note = f"{assignee}: {note}" if note else str(assignee)
    _stamp(session, row, action, now)
    row.changed_at, row.version = now, row.version + 1
    kept = reason if action is OrderAction.HOLD else ""
    _history(
        session, row, action.value, after, by=by, now=now, note=note, source_state=before.value, reason=kept
    )
    session.flush()
    return row


def _refuse_second(session: Session, row: WorkOrderRow) -> None:
    other = None if row.fault is None else _find_open(session, row.equipment_id, row.fault)
    if other is not None:
        raise ConflictError(f"work order {other.id} is open for the same fault; go on with that one")


def _stamp(session: Session, row: WorkOrderRow, action: OrderAction, now: Nanos) -> None:
    if action is OrderAction.START and row.started_at is None:
        row.started_at = now
    elif action is OrderAction.COMPLETE:
        row.completed_at = now
        plan = session.get(PlanRow, (row.equipment_id, row.plan)) if row.plan else None
        if plan is not None:
            plan.last_done = now
    elif action is OrderAction.REOPEN:
        row.completed_at = None
    elif action in (OrderAction.CLOSE, OrderAction.CANCEL):
        row.closed_at = now


def classify(
    session: Session,
    order_id: int,
    *,
    by: str,
    now: Nanos,
    note: str,
    priority: int | None = None,
    major: bool | None = None,
) -> WorkOrderRow:
    """The order with another priority, or found to be a major fault or not; what is None stays.

    Raises: NotFoundError; ConflictError for an order that has ended, and where nothing would change.
    """
    row = take(session, order_id)
    state = OrderState(row.state)
    if state not in OPEN_STATES:
        raise ConflictError(f"an order that is {row.state} keeps its priority")
    if not note.strip():
        raise ConflictError("say why in the note")
    given = {"priority": priority, "major": major}
    changes = {name: value for name, value in given.items() if value not in (None, getattr(row, name))}
    if not changes:
        raise ConflictError("that is how the order is already")
    for name, value in changes.items():
        setattr(row, name, value)
    row.changed_at, row.version = now, row.version + 1
    said = ", ".join(f"{name} {value}" for name, value in changes.items())
    note = f"{said}: {note.strip()}"
    _history(session, row, "classify", state, by=by, now=now, note=note, source_state=row.state)
    session.flush()
    return row


def comment(session: Session, order_id: int, note: str, *, by: str, now: Nanos) -> WorkOrderRow:
    """The order with a comment in its history.

    Raises: NotFoundError; ConflictError for an empty comment.
    """
    if not note.strip():
        raise ConflictError("a comment needs text")
    row = take(session, order_id)
    row.changed_at, row.version = now, row.version + 1
    state = OrderState(row.state)
    _history(session, row, "comment", state, by=by, now=now, note=note.strip(), source_state=row.state)
    session.flush()
    return row


def check_task(
    session: Session,
    order_id: int,
    index: int,
    *,
    by: str,
    now: Nanos,
    done: bool,
    value: float | None = None,
) -> WorkOrderRow:
    """The order with one line of its checklist answered; a measured line needs its value.

    Raises: NotFoundError; ConflictError for a line that is not there, a missing value, or an ended order.
    """
    row = take(session, order_id)
    if OrderState(row.state) not in OPEN_STATES:
        raise ConflictError(f"the checklist of an order that is {row.state} does not change")
    if not 0 <= index < len(row.checklist):
        raise ConflictError(f"the checklist has no line {index}")
    task = dict(row.checklist[index])
    if done and task.get("unit") is not None and value is None:
        raise ConflictError("this line needs a measured value")
    task |= {"done": done, "value": value, "by": by, "at": now}
    row.checklist = [task if place == index else item for place, item in enumerate(row.checklist)]
    row.changed_at, row.version = now, row.version + 1
    session.flush()
    return row


def get(session: Session, order_id: int) -> WorkOrderRow:
    """The order, to be read.

    Raises: NotFoundError.
    """
    row = session.get(WorkOrderRow, order_id)
    if row is None:
        raise NotFoundError(f"no work order {order_id}")
    return row


def take(session: Session, order_id: int) -> WorkOrderRow:
    """The order, to be changed: nobody else changes it before the transaction ends.

    Raises: NotFoundError.
    """
    row = session.scalar(
        select(WorkOrderRow)
        .where(WorkOrderRow.id == order_id)
        .with_for_update(of=WorkOrderRow)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFoundError(f"no work order {order_id}")
    return row


def query() -> Select[WorkOrderRow]:
    """Every work order with its equipment, to be filtered, sorted and paged."""
    return select(WorkOrderRow).outerjoin(WorkOrderRow.equipment)


def count_open(session: Session) -> dict[tuple[str, int | None], int]:
    """(site, equipment id or None) -> how many orders are open there."""
    rows = session.execute(
        select(WorkOrderRow.site, WorkOrderRow.equipment_id, func.count())
        .where(WorkOrderRow.state.in_(_OPEN))
        .group_by(WorkOrderRow.site, WorkOrderRow.equipment_id)
    )
    return {(site, equipment_id): count for site, equipment_id, count in rows}


def alarm_source(alarm_id: int, raised_ts: Nanos) -> str:
    """The key of one occurrence of an alarm, unique for ever."""
    return f"alarm:{alarm_id}:{raised_ts}"


def newest_of_alarm(session: Session, alarm_id: int) -> int | None:
    """The id of the order that the alarm opened or joined last."""
    return session.scalar(
        select(OccurrenceRow.order_id)
        .where(OccurrenceRow.source.startswith(f"alarm:{alarm_id}:", autoescape=True))
        .order_by(OccurrenceRow.ts.desc())
        .limit(1)
    )


def find_occurrence(session: Session, source: str) -> OccurrenceRow | None:
    """What was recorded of the call with this source."""
    return session.get(OccurrenceRow, source)


def query_history(order_id: int) -> Select[OrderEventRow]:
    """Every change of the order, to be paged."""
    return select(OrderEventRow).where(OrderEventRow.order_id == order_id)


def query_occurrences(order_id: int) -> Select[OccurrenceRow]:
    """What called for the order, to be paged."""
    return select(OccurrenceRow).where(OccurrenceRow.order_id == order_id)


def history_of(session: Session, order_id: int) -> list[OrderEventRow]:
    """Every change of the order, newest first."""
    rows = session.scalars(
        select(OrderEventRow).where(OrderEventRow.order_id == order_id).order_by(OrderEventRow.id.desc())
    )
    return list(rows)


def occurrences_of(session: Session, order_id: int) -> list[OccurrenceRow]:
    """What called for the order, first to last."""
    rows = session.scalars(
        select(OccurrenceRow).where(OccurrenceRow.order_id == order_id).order_by(OccurrenceRow.ts)
    )
    return list(rows)


def _history(
    session: Session,
    row: WorkOrderRow,
    action: str,
    after: OrderState,
    *,
    by: str,
    now: Nanos,
    note: str,
    source_state: str,
    reason: str = "",
) -> None:
    session.add(
        OrderEventRow(
            order_id=row.id,
            at=now,
            by=by,
            action=action,
            from_state=source_state,
            to_state=after.value,
            note=note,
            reason=reason,
            priority=row.priority,
            major=row.major,
        )
    )

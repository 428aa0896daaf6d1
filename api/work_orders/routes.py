"""Work orders: list, one, what belongs to it, and each step of the work."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api import versions
from api.context import Context
from api.dependencies import Engineer, Now, Parts, Technician, Viewer, demand
from api.filters import in_place, mentions
from api.service_levels.schemas import ProposalOut
from api.versions import IfMatch
from api.wire import IdPath, PageOf, PageQuery, page_of, paged, sort_column
from api.work_orders import idempotency, opening
from api.work_orders.idempotency import IdempotencyKey
from api.work_orders.schemas import (
    Classification,
    Comment,
    NewOrder,
    Occurrence,
    OrderChange,
    OrderQuery,
    Step,
    TaskAnswer,
    WorkOrder,
    WorkOrderDetail,
    change,
    detail,
    occurrence,
    work_order,
)
from plantroom.stores.records import order_levels, paging, staffing, work_orders
from plantroom.stores.records.tables import EquipmentRow, OccurrenceRow, OrderEventRow, WorkOrderRow
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos
from plantroom.work_orders import OPEN_STATES, TRANSITIONS, OrderAction

router = APIRouter(prefix="/work-orders", tags=["work orders"])

NEWEST = 50
_SORT = {
    "due_at": WorkOrderRow.due_at,
    "opened_at": WorkOrderRow.opened_at,
    "priority": WorkOrderRow.priority,
    "changed_at": WorkOrderRow.changed_at,
    "id": WorkOrderRow.id,
}
_OPEN = [state.value for state in OPEN_STATES]


@router.get("", summary="List work orders")
def list_orders(
    query: Annotated[OrderQuery, Query()], context: Parts, now: Now, who: Viewer
) -> PageOf[WorkOrder]:
    """The newest first, if not asked otherwise."""
    # the place's site is the order's own: an order may name no equipment
    place = query.model_copy(update={"site": None})
    rows = in_place(work_orders.query(), place, context.catalogue)
    if query.site is not None:
        rows = rows.where(WorkOrderRow.site == query.site)
    if query.state:
        rows = rows.where(WorkOrderRow.state.in_([state.value for state in query.state]))
    is_open = WorkOrderRow.state.in_(_OPEN)
    if query.open is not None:
        rows = rows.where(is_open if query.open else ~is_open)
    if query.overdue is not None:
        late = is_open & (WorkOrderRow.due_at < now)
        rows = rows.where(late if query.overdue else ~late)
    if query.kind is not None:
        rows = rows.where(WorkOrderRow.kind == query.kind.value)
    if query.priority:
        rows = rows.where(WorkOrderRow.priority.in_(query.priority))
    if query.assignee is not None:
        named = {"me": who.username, "none": None}.get(query.assignee, query.assignee)
        rows = rows.where(WorkOrderRow.assignee == named)
    if query.text is not None:
        names = (EquipmentRow.key, EquipmentRow.name_en, EquipmentRow.name_zh)
        rows = rows.where(mentions(query.text, WorkOrderRow.title_en, WorkOrderRow.title_zh, *names))
    with context.database.session() as session:
        page = paging.page(
            session,
            rows,
            key=WorkOrderRow.id,
            cursor=query.cursor,
            limit=query.limit,
            **sort_column(query.sort, _SORT),
        )
        clocks = order_levels.clocks_of(session, page.rows, context.levels, now)
        return page_of(page, [work_order(row, clocks[row.id], now) for row in page.rows])


@router.post("", status_code=201, summary="Open a work order by hand")
def create_order(
    body: NewOrder,
    *,
    response: Response,
    context: Parts,
    now: Now,
    who: Engineer,
    key: IdempotencyKey = None,
) -> WorkOrderDetail:
    """Faults and due plans open theirs themselves; this is for what people see.

    With an `Idempotency-Key` it is safe to ask again: the answer is the order that is there.
    """
    with context.database.transaction() as session:
        row = None if key is None else idempotency.find(session, idempotency.source_of(who, key), body)
        if row is None:
            row = opening.open_by_hand(context, session, body, who=who, now=now, key=key)
        else:
            response.headers["Idempotent-Replayed"] = "true"
        response.headers["Location"] = f"/api/v1/work-orders/{row.id}"
        return _detail(context, session, row, response=response, who=who, now=now)


@router.get("/{order_id}", summary="One work order")
def get_order(
    order_id: IdPath, *, response: Response, context: Parts, now: Now, who: Viewer
) -> WorkOrderDetail:
    """With its problem, checklist, readings, newest history, and what the one who asks may do next."""
    with context.database.session() as session:
        row = work_orders.get(session, order_id)
        return _detail(context, session, row, response=response, who=who, now=now)


@router.get("/{order_id}/history", summary="The history of a work order")
def list_order_history(
    order_id: IdPath, query: Annotated[PageQuery, Query()], context: Parts, _who: Viewer
) -> PageOf[OrderChange]:
    """Every change, the newest first: what, who, when and why."""
    with context.database.session() as session:
        work_orders.get(session, order_id)
        return paged(
            session,
            work_orders.query_history(order_id),
            query,
            change,
            by=OrderEventRow.id,
            key=OrderEventRow.id,
            descending=True,
        )


@router.get("/{order_id}/occurrences", summary="What called for a work order")
def list_order_occurrences(
    order_id: IdPath, query: Annotated[PageQuery, Query()], context: Parts, _who: Viewer
) -> PageOf[Occurrence]:
    """The newest first. The oldest opened the order, the others joined it."""
    with context.database.session() as session:
        work_orders.get(session, order_id)
        return paged(
            session,
            work_orders.query_occurrences(order_id),
            query,
            occurrence,
            by=OccurrenceRow.ts,
            key=OccurrenceRow.source,
            descending=True,
        )


@router.post("/{order_id}/comments", status_code=201, summary="Comment on a work order")
def comment_order(
    order_id: IdPath,
    body: Comment,
    *,
    response: Response,
    context: Parts,
    now: Now,
    who: Technician,
    if_match: IfMatch = None,
) -> WorkOrderDetail:
    """A line in its history; closed orders take comments too."""
    with context.database.transaction() as session:
        versions.check(if_match, work_orders.take(session, order_id))
        row = work_orders.comment(session, order_id, body.note, by=who.username, now=now)
        return _detail(context, session, row, response=response, who=who, now=now)


@router.put("/{order_id}/checklist/{index}", summary="Answer one line of the checklist")
def answer_task(
    order_id: IdPath,
    index: Annotated[int, Path(ge=0, le=10_000, description="From 0.")],
    body: TaskAnswer,
    *,
    response: Response,
    context: Parts,
    now: Now,
    who: Technician,
    if_match: IfMatch = None,
) -> WorkOrderDetail:
    """Done or not; a line that asks for a measured value needs it, in the line's unit."""
    with context.database.transaction() as session:
        versions.check(if_match, work_orders.take(session, order_id))
        row = work_orders.check_task(
            session, order_id, index, by=who.username, now=now, done=body.done, value=body.value
        )
        return _detail(context, session, row, response=response, who=who, now=now)


@router.get("/{order_id}/proposal", summary="Who should do a work order")
def get_proposal(order_id: IdPath, context: Parts, now: Now, _who: Technician) -> list[ProposalOut]:
    """Every technician, the best first, with the reasons: skill, certificate, shift, team, load.

    Those who may not do it come last, with what they lack.
    """
    with context.database.session() as session:
        row = work_orders.get(session, order_id)
        return [ProposalOut.of(item) for item in staffing.proposal(session, row, now)]


@router.patch("/{order_id}", summary="Change what a work order is")
def classify_order(
    order_id: IdPath,
    body: Classification,
    *,
    response: Response,
    context: Parts,
    now: Now,
    who: Engineer,
    if_match: IfMatch = None,
) -> WorkOrderDetail:
    """Its priority, and whether it is a major fault; the clocks go on with the time that this allows."""
    with context.database.transaction() as session:
        versions.check(if_match, work_orders.take(session, order_id))
        row = work_orders.classify(
            session,
            order_id,
            by=who.username,
            now=now,
            note=body.note,
            priority=body.priority,
            major=body.major,
        )
        order_levels.shift_due(session, row, context.levels, now)
        return _detail(context, session, row, response=response, who=who, now=now)


@router.post("/{order_id}/{action}", summary="Take a work order one step on")
def move_order(
    order_id: IdPath,
    action: OrderAction,
    *,
    response: Response,
    context: Parts,
    now: Now,
    who: Technician,
    body: Step | None = None,
    if_match: IfMatch = None,
) -> WorkOrderDetail:
    """What is allowed from where is in `allowed`; closing, reopening and cancelling take an engineer."""
    demand(who, TRANSITIONS[action].role)
    step = body if body is not None else Step()
    with context.database.transaction() as session:
        versions.check(if_match, work_orders.take(session, order_id))
        if action is OrderAction.ASSIGN and step.assignee is not None:
            opening.check_assignee(session, step.assignee)
        if step.reason is not None:
            opening.check_reason(context.levels.policy, action, step.reason)
        row = work_orders.move(
            session,
            order_id,
            action,
            by=who.username,
            role=who.role,
            now=now,
            note=step.note,
            assignee=step.assignee,
            reason=step.reason or "",
        )
        order_levels.shift_due(session, row, context.levels, now)
        return _detail(context, session, row, response=response, who=who, now=now)


def _detail(
    context: Context, session: Session, row: WorkOrderRow, *, response: Response, who: Identity, now: Nanos
) -> WorkOrderDetail:
    versions.set_etag(response, row)
    history = work_orders.query_history(row.id).order_by(OrderEventRow.id.desc()).limit(NEWEST)
    calls = work_orders.query_occurrences(row.id)
    count = session.scalar(select(func.count()).select_from(calls.subquery())) or 0
    newest = calls.order_by(OccurrenceRow.ts.desc(), OccurrenceRow.source.desc()).limit(NEWEST)
    return detail(
        row,
        context.catalogue,
        now,
        role=who.role,
        clocks=order_levels.clocks_of(session, [row], context.levels, now)[row.id],
        history=list(session.scalars(history)),
        occurrences=list(session.scalars(newest)),
        occurrence_count=count,
    )

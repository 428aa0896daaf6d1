"""Alarms: list, one, its history, and what people do to them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from api import problems
from api.alarms.schemas import (
    LONGEST_SHELF,
    OFFERED,
    Alarm,
    AlarmChange,
    AlarmDetail,
    AlarmQuery,
    BulkBody,
    BulkOutcome,
    NoteBody,
    ShelveBody,
    alarm,
    change,
    detail,
    rule_of,
)
from api.context import Context
from api.dependencies import Engineer, Now, Parts, Technician, Viewer
from api.filters import in_place, mentions
from api.wire import IdPath, PageOf, PageQuery, page_of, sort_column
from plantroom.alarms import STANDING, AlarmEvent, AlarmState
from plantroom.errors import ConflictError, NotFoundError, TransitionError
from plantroom.stores.records import alarms, paging, work_orders
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow, EquipmentRow
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos

router = APIRouter(prefix="/alarms", tags=["alarms"])

HISTORY = 50
_SORT = {
    "raised_at": AlarmRow.raised_ts,
    "severity": AlarmRow.severity,
    "changed_at": AlarmRow.changed_at,
    "id": AlarmRow.id,
}
_STANDING = [state.value for state in STANDING]


@router.get("", summary="List alarms")
def list_alarms(query: Annotated[AlarmQuery, Query()], context: Parts, _who: Viewer) -> PageOf[Alarm]:
    """Every alarm that was ever raised has one line; `standing=true` is the operator's list."""
    rows = in_place(alarms.query(), query, context.catalogue)
    if query.state:
        rows = rows.where(AlarmRow.state.in_([state.value for state in query.state]))
    if query.standing is not None:
        stands = AlarmRow.state.in_(_STANDING)
        rows = rows.where(stands if query.standing else ~stands)
    if query.severity:
        rows = rows.where(AlarmRow.severity.in_(query.severities()))
    if query.rule is not None:
        rows = rows.where(AlarmRow.rule == query.rule)
    if query.text is not None:
        names = (EquipmentRow.key, EquipmentRow.name_en, EquipmentRow.name_zh)
        rows = rows.where(mentions(query.text, AlarmRow.rule, *names))
    with context.database.session() as session:
        page = paging.page(
            session,
            rows,
            key=AlarmRow.id,
            cursor=query.cursor,
            limit=query.limit,
            **sort_column(query.sort, _SORT),
        )
        return page_of(page, [alarm(row, context.catalogue) for row in page.rows])


@router.get("/{alarm_id}", summary="One alarm")
def get_alarm(alarm_id: IdPath, context: Parts, _who: Viewer) -> AlarmDetail:
    """With its rule's cause, consequence and remedy, what can be done, and its newest history."""
    with context.database.session() as session:
        return _detail(context, session, alarms.get(session, alarm_id))


@router.get("/{alarm_id}/history", summary="The history of an alarm")
def list_alarm_history(
    alarm_id: IdPath, query: Annotated[PageQuery, Query()], context: Parts, _who: Viewer
) -> PageOf[AlarmChange]:
    """Every change, the newest first: what, who, when and why."""
    with context.database.session() as session:
        cls, _ = rule_of(alarms.get(session, alarm_id), context.catalogue)
        page = paging.page(
            session,
            alarms.query_events(alarm_id),
            by=AlarmEventRow.id,
            key=AlarmEventRow.id,
            descending=True,
            cursor=query.cursor,
            limit=query.limit,
        )
        return page_of(page, [change(row, cls) for row in page.rows])


@router.post("/acknowledge", summary="Acknowledge several alarms")
def acknowledge_alarms(body: BulkBody, context: Parts, now: Now, who: Technician) -> list[BulkOutcome]:
    """Each for itself: one that cannot be acknowledged does not hold up the others."""
    outcomes: list[BulkOutcome] = []
    with context.database.transaction() as session:
        for alarm_id in dict.fromkeys(body.ids):
            try:
                row = alarms.act(
                    session, alarm_id, AlarmEvent.ACKNOWLEDGE, by=who.username, now=now, note=body.note
                )
            except (NotFoundError, ConflictError) as failure:
                outcomes.append(BulkOutcome(id=alarm_id, done=False, detail=str(failure), state=None))
            else:
                outcomes.append(BulkOutcome(id=alarm_id, done=True, detail="", state=AlarmState(row.state)))
    return outcomes


@router.post("/{alarm_id}/acknowledge", summary="Acknowledge an alarm")
def acknowledge_alarm(
    alarm_id: IdPath, context: Parts, now: Now, who: Technician, body: NoteBody | None = None
) -> AlarmDetail:
    """Somebody has seen it. The fault and its work order go on until it is put right."""
    note = body.note if body is not None else ""
    return _act(context, alarm_id, AlarmEvent.ACKNOWLEDGE, who=who, now=now, note=note)


@router.post("/{alarm_id}/reset", summary="Reset a latched alarm")
def reset_alarm(
    alarm_id: IdPath, context: Parts, now: Now, who: Engineer, body: NoteBody | None = None
) -> AlarmDetail:
    """For an alarm that stays although the fault is gone, once somebody has looked at the equipment."""
    note = body.note if body is not None else ""
    return _act(context, alarm_id, AlarmEvent.RESET, who=who, now=now, note=note)


@router.post("/{alarm_id}/shelve", summary="Shelve an alarm")
def shelve_alarm(alarm_id: IdPath, body: ShelveBody, context: Parts, now: Now, who: Engineer) -> AlarmDetail:
    """Put aside, with a reason, until a time; then it comes back by itself. Some rules forbid it: 409."""
    until = body.until if body.duration is None else now + body.duration
    if until is None or not now < until <= now + LONGEST_SHELF:
        raise problems.wrong("body.until", "must lie in the future, and at most 30 d from now")
    return _act(context, alarm_id, AlarmEvent.SHELVE, who=who, now=now, note=body.reason, until=until)


@router.post("/{alarm_id}/unshelve", summary="Bring a shelved alarm back")
def unshelve_alarm(
    alarm_id: IdPath, context: Parts, now: Now, who: Engineer, body: NoteBody | None = None
) -> AlarmDetail:
    """Before its time is up. If the fault is there, the alarm stands unacknowledged again."""
    note = body.note if body is not None else ""
    return _act(context, alarm_id, AlarmEvent.UNSHELVE, who=who, now=now, note=note)


def _act(
    context: Context,
    alarm_id: int,
    event: AlarmEvent,
    *,
    who: Identity,
    now: Nanos,
    note: str,
    until: Nanos | None = None,
) -> AlarmDetail:
    with context.database.transaction() as session:
        _, rule = rule_of(alarms.get(session, alarm_id), context.catalogue)
        shelvable = rule is None or rule.shelvable
        try:
            row = alarms.act(
                session,
                alarm_id,
                event,
                by=who.username,
                now=now,
                note=note,
                until=until,
                shelvable=shelvable,
            )
        except TransitionError as failure:
            offered = [item for item in failure.allowed if item in OFFERED]
            raise TransitionError(str(failure), offered) from failure
        return _detail(context, session, row)


def _detail(context: Context, session: Session, row: AlarmRow) -> AlarmDetail:
    newest = alarms.query_events(row.id).order_by(AlarmEventRow.id.desc()).limit(HISTORY)
    order = work_orders.newest_of_alarm(session, row.id)
    return detail(row, context.catalogue, list(session.scalars(newest)), order)

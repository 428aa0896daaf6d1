"""Alarms: list, one, its history, and what people do to them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Select
from sqlalchemy.orm import Session

from api import problems
from api.alarms.schemas import (
    LONGEST_SHELF,
    OFFERED,
    Alarm,
    AlarmChange,
    AlarmDetail,
    AlarmQuery,
    Around,
    BulkBody,
    BulkOutcome,
    FeedbackBody,
    NoteBody,
    SeenBody,
    ShelveBody,
    change,
    detail,
    list_of,
    rule_of,
)
from api.context import Context
from api.dependencies import Engineer, Now, Parts, Technician, Viewer
from api.filters import in_place, mentions
from api.wire import IdPath, PageOf, PageQuery, page_of, paged, sort_column
from plantroom.alarms import STANDING, AlarmEvent, AlarmState, Judgement
from plantroom.errors import ConflictError, NotFoundError, TransitionError
from plantroom.stores.records import alarms, feedback, paging, work_orders
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
def list_alarms(
    query: Annotated[AlarmQuery, Query()], context: Parts, now: Now, _who: Viewer
) -> PageOf[Alarm]:
    """Every alarm that was ever raised has one line; `standing=true` is the operator's list.

    What follows from another alarm has that one as its `root` and is in the list too.
    """
    with context.database.session() as session:
        page = paging.page(
            session,
            _filtered(query, context, now),
            key=AlarmRow.id,
            cursor=query.cursor,
            limit=query.limit,
            **sort_column(query.sort, _SORT),
        )
        return page_of(page, list_of(session, page.rows, context.catalogue, now))


def _filtered(query: AlarmQuery, context: Context, now: Nanos) -> Select[AlarmRow]:
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
    if query.root is not None:
        rows = rows.where(AlarmRow.root_alarm_id == query.root)
    for wanted, condition in ((query.chattering, alarms.chatters(now)), (query.stale, alarms.is_stale(now))):
        if wanted is not None:
            rows = rows.where(condition if wanted else ~condition)
    return rows


@router.get("/{alarm_id}", summary="One alarm")
def get_alarm(alarm_id: IdPath, context: Parts, now: Now, _who: Viewer) -> AlarmDetail:
    """With its rule's cause, consequence and remedy, what it explains, what can be done, and its history."""
    with context.database.session() as session:
        return _detail(context, session, alarms.get(session, alarm_id), now)


@router.get("/{alarm_id}/history", summary="The history of an alarm")
def list_alarm_history(
    alarm_id: IdPath, query: Annotated[PageQuery, Query()], context: Parts, _who: Viewer
) -> PageOf[AlarmChange]:
    """Every change, the newest first: what, who, when and why."""
    with context.database.session() as session:
        cls, _ = rule_of(alarms.get(session, alarm_id), context.catalogue)
        return paged(
            session,
            alarms.query_events(alarm_id),
            query,
            lambda row: change(row, cls),
            by=AlarmEventRow.id,
            key=AlarmEventRow.id,
            descending=True,
        )


@router.post("/acknowledge", summary="Acknowledge several alarms")
def acknowledge_alarms(body: BulkBody, context: Parts, now: Now, who: Technician) -> list[BulkOutcome]:
    """Each for itself: one that cannot be acknowledged does not hold up the others."""
    outcomes: list[BulkOutcome] = []
    with context.database.transaction() as session:
        alarms.hold(session, body.ids)
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
    alarm_id: IdPath, context: Parts, now: Now, who: Technician, body: SeenBody | None = None
) -> AlarmDetail:
    """Somebody has seen it. The fault and its work order go on until it is put right."""
    return _see(context, alarm_id, AlarmEvent.ACKNOWLEDGE, body or SeenBody(), who=who, now=now)


@router.post("/{alarm_id}/reset", summary="Reset a latched alarm")
def reset_alarm(
    alarm_id: IdPath, context: Parts, now: Now, who: Engineer, body: SeenBody | None = None
) -> AlarmDetail:
    """For an alarm that stays although the fault is gone, once somebody has looked at the equipment."""
    return _see(context, alarm_id, AlarmEvent.RESET, body or SeenBody(), who=who, now=now)


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


@router.post("/{alarm_id}/feedback", summary="Say whether an alarm was right")
def judge_alarm(
    alarm_id: IdPath, body: FeedbackBody, context: Parts, now: Now, who: Technician
) -> AlarmDetail:
    """One word for each occurrence, at any time; the last one stands, and counts for the rule's record."""
    with context.database.transaction() as session:
        feedback.give(
            session,
            alarm_id,
            body.judgement,
            by=who.username,
            now=now,
            note=body.note,
            raised_ts=body.raised_at,
        )
        return _detail(context, session, alarms.get(session, alarm_id), now)


def _see(
    context: Context, alarm_id: int, event: AlarmEvent, body: SeenBody, *, who: Identity, now: Nanos
) -> AlarmDetail:
    return _act(context, alarm_id, event, who=who, now=now, note=body.note, judgement=body.judgement)


def _act(
    context: Context,
    alarm_id: int,
    event: AlarmEvent,
    *,
    who: Identity,
    now: Nanos,
    note: str,
    until: Nanos | None = None,
    judgement: Judgement | None = None,
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
        if judgement is not None:
            feedback.give(session, alarm_id, judgement, by=who.username, now=now, note=note)
        return _detail(context, session, row, now)


def _detail(context: Context, session: Session, row: AlarmRow, now: Nanos) -> AlarmDetail:
    newest = alarms.query_events(row.id).order_by(AlarmEventRow.id.desc()).limit(HISTORY)
    around = Around(
        history=list(session.scalars(newest)),
        order=work_orders.newest_of_alarm(session, row.id),
        explained=alarms.explained_by(session, row.id),
        feedback=feedback.of_occurrence(session, row.id, row.raised_ts),
    )
    return detail(row, context.catalogue, now, around)

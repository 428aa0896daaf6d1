"""What becomes of alarms over time: their floods, and what people said of each rule's."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from api.context import Context
from api.dependencies import Now, Parts, Viewer
from api.wire import Answer, Key, PageOf, PageQuery, Request, Time, Words, paged
from plantroom.stores.records import feedback, floods
from plantroom.stores.records.tables import FloodRow
from plantroom.times import Nanos

router = APIRouter(prefix="/alarms", tags=["alarms"])


class FloodQuery(PageQuery):
    """Which floods."""

    site: Key | None = None
    running: Annotated[bool | None, Field(description="true: only those that run now.")] = None


class Flood(Answer):
    """A time in which one site raised more than 10 alarms in 10 min, until fewer than 5 came in 10 min."""

    id: int
    site: str
    started_at: Time
    ends_at: Time
    """Its end, or while it runs, when it ends if no other alarm comes."""
    running: bool
    raises: int
    peak: int
    """The most alarms in any 10 min of it."""


class FeedbackQuery(Request):
    """Of which rules."""

    equipment_class: Annotated[Key | None, Field(alias="class")] = None
    rule: Key | None = None


class RuleRecord(Answer):
    """How often a rule was right, by the occurrences of its alarms that people judged."""

    equipment_class: Annotated[str, Field(alias="class")]
    rule: str
    name: Words
    true: int
    false: int
    nuisance: int
    precision: float | None
    """The share that was worth raising."""


@router.get("/floods", summary="List floods of alarms")
def list_floods(
    query: Annotated[FloodQuery, Query()], context: Parts, now: Now, _who: Viewer
) -> PageOf[Flood]:
    """The newest first. A flood loses no alarm: all are in the list, those that follow under their root."""
    rows = floods.query()
    if query.site is not None:
        rows = rows.where(FloodRow.site == query.site)
    if query.running is not None:
        runs = (FloodRow.started_ts <= now) & (FloodRow.ends_ts > now)
        rows = rows.where(runs if query.running else ~runs)
    with context.database.session() as session:
        return paged(
            session,
            rows,
            query,
            lambda row: _flood(row, now),
            by=FloodRow.started_ts,
            key=FloodRow.id,
            descending=True,
        )


@router.get("/feedback", summary="The record of each rule")
def list_feedback(query: Annotated[FeedbackQuery, Query()], context: Parts, _who: Viewer) -> list[RuleRecord]:
    """Of every rule whose alarms people judged; there are never more than the catalogue ever had rules."""
    with context.database.session() as session:
        found = feedback.counts(session, equipment_class=query.equipment_class, rule=query.rule)
    return [_record(item, context) for item in found]


def _flood(row: FloodRow, now: Nanos) -> Flood:
    return Flood(
        id=row.id,
        site=row.site,
        started_at=row.started_ts,
        ends_at=row.ends_ts,
        running=row.started_ts <= now < row.ends_ts,
        raises=row.raises,
        peak=row.peak,
    )


def _record(item: feedback.RuleFeedback, context: Context) -> RuleRecord:
    cls = context.catalogue.classes.get(item.equipment_class)
    rule = None if cls is None else cls.rule(item.rule)
    return RuleRecord(
        **{"class": item.equipment_class},
        rule=item.rule,
        name=Words(en=item.rule, zh=item.rule) if rule is None else Words.of(rule.name),
        true=item.true,
        false=item.false,
        nuisance=item.nuisance,
        precision=item.precision,
    )

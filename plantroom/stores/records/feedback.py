"""What people say of alarms, one word for each occurrence, and what that makes of the rules."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plantroom.alarms import AlarmEvent, Judgement
from plantroom.errors import NotFoundError
from plantroom.stores.records import alarms
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow, EquipmentRow, FeedbackRow
from plantroom.times import MILLISECOND, Nanos


@dataclass(frozen=True, slots=True)
class RuleFeedback:
    """How often a class's rule was right, by the occurrences that people judged."""

    equipment_class: str
    rule: str
    true: int
    false: int
    nuisance: int

    @property
    def precision(self) -> float | None:
        """The share of judged alarms that were worth raising; None where none was judged."""
        judged = self.true + self.false + self.nuisance
        return self.true / judged if judged else None


@dataclass(frozen=True, slots=True)
class JudgedOccurrence:
    """One occurrence and the word that stands for it."""

    equipment_id: int
    rule: str
    raised_ts: Nanos
    judgement: Judgement


def give(
    session: Session,
    alarm_id: int,
    judgement: Judgement,
    *,
    by: str,
    now: Nanos,
    note: str = "",
    raised_ts: Nanos | None = None,
) -> FeedbackRow:
    """What now stands for the occurrence raised at `raised_ts`, or for the present or last one.

    A time given to the millisecond finds the occurrence within it, since that is how times go out.
    Raises: NotFoundError for an alarm or an occurrence that is not there.
    """
    row = alarms.get(session, alarm_id)
    found = row.raised_ts if raised_ts is None else _occurrence(session, alarm_id, raised_ts)
    if found is None:
        raise NotFoundError(f"alarm {alarm_id} has no such occurrence")
    word = session.get(FeedbackRow, (alarm_id, found), with_for_update=True)
    if word is None:
        word = FeedbackRow(alarm_id=alarm_id, raised_ts=found)
        session.add(word)
    word.judgement, word.note, word.by, word.at = judgement.value, note, by, now
    session.flush()
    return word


def _occurrence(session: Session, alarm_id: int, raised_ts: Nanos) -> Nanos | None:
    return session.scalar(
        select(AlarmEventRow.at)
        .where(
            AlarmEventRow.alarm_id == alarm_id,
            AlarmEventRow.event == AlarmEvent.RAISE.value,
            AlarmEventRow.at >= raised_ts,
            AlarmEventRow.at < raised_ts + MILLISECOND,
        )
        .order_by(AlarmEventRow.at)
        .limit(1)
    )


def of_alarm(session: Session, alarm_id: int) -> list[FeedbackRow]:
    """What was said of the alarm's occurrences, the newest first."""
    rows = select(FeedbackRow).where(FeedbackRow.alarm_id == alarm_id)
    return list(session.scalars(rows.order_by(FeedbackRow.raised_ts.desc())))


def of_occurrence(session: Session, alarm_id: int, raised_ts: Nanos | None) -> FeedbackRow | None:
    """What stands for one occurrence."""
    return None if raised_ts is None else session.get(FeedbackRow, (alarm_id, raised_ts))


def counts(
    session: Session, *, equipment_class: str | None = None, rule: str | None = None
) -> list[RuleFeedback]:
    """Every rule that was judged, or those of one class or key, by class and key."""
    query = (
        select(EquipmentRow.equipment_class, AlarmRow.rule, FeedbackRow.judgement, func.count())
        .join(AlarmRow, AlarmRow.id == FeedbackRow.alarm_id)
        .join(EquipmentRow, EquipmentRow.id == AlarmRow.equipment_id)
        .group_by(EquipmentRow.equipment_class, AlarmRow.rule, FeedbackRow.judgement)
    )
    if equipment_class is not None:
        query = query.where(EquipmentRow.equipment_class == equipment_class)
    if rule is not None:
        query = query.where(AlarmRow.rule == rule)
    found: dict[tuple[str, str], dict[str, int]] = {}
    for cls, key, judgement, count in session.execute(query):
        found.setdefault((cls, key), {})[judgement] = count
    return [
        RuleFeedback(cls, key, *(said.get(word.value, 0) for word in Judgement))
        for (cls, key), said in sorted(found.items())
    ]


def occurrences(
    session: Session, *, since: Nanos, until: Nanos, equipment_ids: Collection[int] | None = None
) -> list[JudgedOccurrence]:
    """The judged occurrences raised from `since` up to `until`, by time."""
    query = (
        select(AlarmRow.equipment_id, AlarmRow.rule, FeedbackRow.raised_ts, FeedbackRow.judgement)
        .join(AlarmRow, AlarmRow.id == FeedbackRow.alarm_id)
        .where(FeedbackRow.raised_ts >= since, FeedbackRow.raised_ts < until)
        .order_by(FeedbackRow.raised_ts, AlarmRow.id)
    )
    if equipment_ids is not None:
        query = query.where(AlarmRow.equipment_id.in_(equipment_ids))
    return [
        JudgedOccurrence(equipment, rule, ts, Judgement(word))
        for equipment, rule, ts, word in session.execute(query)
    ]

"""What belongs to alarms besides themselves: their root, what they explain, flags and people's feedback."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, aliased

from api.console.i18n import N_, Translator
from plantroom.alarm_load import is_chattering, is_stale
from plantroom.alarms import AlarmState, Judgement, Severity
from plantroom.catalogue import Catalogue
from plantroom.model import Text
from plantroom.stores.records import alarms, feedback, floods
from plantroom.stores.records.tables import AlarmRow, FeedbackRow
from plantroom.times import Nanos

SHOWN = 30
"""So many of the alarms that one explains are listed under it."""
_READ = 3000
JUDGEMENT: Mapping[Judgement, str] = {
    Judgement.TRUE: N_("True"),
    Judgement.FALSE: N_("False"),
    Judgement.NUISANCE: N_("Nuisance"),
}
JUDGEMENT_MEANS: Mapping[Judgement, str] = {
    Judgement.TRUE: N_("True: there was a fault"),
    Judgement.FALSE: N_("False: there was none"),
    Judgement.NUISANCE: N_("Nuisance: it was so, and nobody had to know"),
}


@dataclass(frozen=True, slots=True)
class Related:
    """Another alarm, as short as it can be said."""

    id: int
    rule_name: str
    equipment_name: str
    severity: Severity
    state: AlarmState
    raised_ts: Nanos | None


@dataclass(frozen=True, slots=True)
class Extras:
    """What belongs to an alarm besides itself."""

    chattering: bool = False
    stale: bool = False
    root: Related | None = None
    """The active alarm that explains it."""
    explained: tuple[Related, ...] = ()
    """The first of those that it explains."""
    explains: int = 0
    judgement: Judgement | None = None
    """What people said of its present or last occurrence."""


NOTHING_MORE = Extras()


@dataclass(frozen=True, slots=True)
class FloodView:
    """A flood that runs."""

    site: str
    started_ts: Nanos
    raises: int
    peak: int


def rule_text(catalogue: Catalogue, row: AlarmRow) -> Text:
    """The name of the alarm's rule; its key where the catalogue no longer has it."""
    cls = catalogue.classes.get(row.equipment.equipment_class)
    rule = None if cls is None else cls.rule(row.rule)
    return Text(row.rule, row.rule) if rule is None else rule.name


def related(t: Translator, catalogue: Catalogue, row: AlarmRow) -> Related:
    """The alarm in short."""
    return Related(
        id=row.id,
        rule_name=t.text(rule_text(catalogue, row)),
        equipment_name=t.text(Text(row.equipment.name_en, row.equipment.name_zh)),
        severity=Severity(row.severity),
        state=AlarmState(row.state),
        raised_ts=row.raised_ts,
    )


def load_extras(
    session: Session, t: Translator, catalogue: Catalogue, rows: Sequence[AlarmRow], now: Nanos
) -> dict[int, Extras]:
    """Alarm id -> what belongs to it, in four queries for all."""
    ids = [row.id for row in rows]
    counts = alarms.explained_counts(session, ids)
    explained = _explained(session, t, catalogue, counts)
    roots = _roots(session, t, catalogue, rows)
    judged = _judgements(session, ids)
    return {
        row.id: Extras(
            chattering=is_chattering(row.chattered_ts, now),
            stale=is_stale(AlarmState(row.state), row.raised_ts, now),
            root=roots.get(row.root_alarm_id or 0),
            explained=tuple(explained.get(row.id, ())),
            explains=counts.get(row.id, 0),
            judgement=judged.get(row.id),
        )
        for row in rows
    }


def _explained(
    session: Session, t: Translator, catalogue: Catalogue, roots: Iterable[int]
) -> dict[int, list[Related]]:
    wanted = list(roots)
    if not wanted:
        return {}
    query = (
        alarms.query()
        .where(AlarmRow.root_alarm_id.in_(wanted))
        .order_by(AlarmRow.severity.desc(), AlarmRow.raised_ts, AlarmRow.id)
        .limit(_READ)
    )
    found: dict[int, list[Related]] = {}
    for row in session.scalars(query):
        there = found.setdefault(row.root_alarm_id or 0, [])
        if len(there) < SHOWN:
            there.append(related(t, catalogue, row))
    return found


def _roots(
    session: Session, t: Translator, catalogue: Catalogue, rows: Sequence[AlarmRow]
) -> dict[int, Related]:
    wanted = {row.root_alarm_id for row in rows if row.root_alarm_id is not None}
    if not wanted:
        return {}
    found = session.scalars(alarms.query().where(AlarmRow.id.in_(wanted)))
    return {row.id: related(t, catalogue, row) for row in found}


def _judgements(session: Session, ids: Sequence[int]) -> dict[int, Judgement]:
    present = and_(FeedbackRow.alarm_id == AlarmRow.id, FeedbackRow.raised_ts == AlarmRow.raised_ts)
    query = select(AlarmRow.id, FeedbackRow.judgement).join(FeedbackRow, present).where(AlarmRow.id.in_(ids))
    return {alarm: Judgement(word) for alarm, word in session.execute(query)}


def record_text(session: Session, t: Translator, equipment_class: str, rule: str) -> str:
    """How often people found the rule right; empty where nobody said anything."""
    found = feedback.counts(session, equipment_class=equipment_class, rule=rule)
    if not found:
        return ""
    said = found[0]
    counts = (
        (Judgement.TRUE, said.true),
        (Judgement.FALSE, said.false),
        (Judgement.NUISANCE, said.nuisance),
    )
    return " · ".join(f"{t(JUDGEMENT[word])} {count}" for word, count in counts)


def word_text(session: Session, t: Translator, row: AlarmRow) -> str:
    """What people said of the alarm's present or last occurrence, and who; empty for nothing."""
    found = feedback.of_occurrence(session, row.id, row.raised_ts)
    if found is None:
        return ""
    text = f"{t(JUDGEMENT[Judgement(found.judgement)])}, {t('by {name}', name=found.by)}"
    return f"{text}: {found.note}" if found.note else text


def load_floods(session: Session, now: Nanos) -> list[FloodView]:
    """The floods that run now."""
    return [FloodView(row.site, row.started_ts, row.raises, row.peak) for row in floods.running(session, now)]


def explains_others() -> ColumnElement[bool]:
    """The condition that an alarm explains others."""
    other = aliased(AlarmRow)
    return AlarmRow.id.in_(select(other.root_alarm_id).where(other.root_alarm_id.is_not(None)))

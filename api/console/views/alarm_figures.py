"""The alarm system's figures as the console shows them: rows, texts and the chart of the load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.console.formats import NO_VALUE, number_text, plain_number, span_text
from api.console.i18n import N_, Translator
from plantroom.alarm_figures import STEPS, AlarmFigures
from plantroom.alarm_load import FLOOD_OVER
from plantroom.alarm_patterns import Period
from plantroom.alarm_targets import REPRESENTATIVE, TARGETS, Band, FigureKey, Rating
from plantroom.catalogue import Catalogue
from plantroom.model import PointTable, Text
from plantroom.stores.records import alarm_history
from plantroom.times import DAY, Nanos

PERIODS: Mapping[str, tuple[Nanos, str]] = {
    "24h": (DAY, N_("24 h")),
    "7d": (7 * DAY, N_("7 d")),
    "30d": (30 * DAY, N_("30 d")),
    "90d": (90 * DAY, N_("90 d")),
    "1y": (365 * DAY, N_("1 year")),
}
"""Choices of the period by their word in the address."""
DEFAULT_PERIOD = "30d"
SHOWN = 50
"""So many floods, chattering or stale alarms are listed."""

FIGURE: Mapping[FigureKey, str] = {
    FigureKey.PER_TEN_MINUTES: N_("Alarms in 10 min, mean"),
    FigureKey.PER_DAY: N_("Alarms a day, mean"),
    FigureKey.MOST_IN_TEN_MINUTES: N_("Most alarms in 10 min"),
    FigureKey.BUSY_TEN_MINUTES: N_("10-min periods with more than 10 alarms"),
    FigureKey.BUSY_HOURS: N_("Hours with more than 30 alarms"),
    FigureKey.FLOOD_TIME: N_("Time in alarm floods"),
    FigureKey.TOP_TEN: N_("Share of the ten most frequent"),
    FigureKey.CHATTERING: N_("Chattering alarms"),
    FigureKey.STALE: N_("Stale alarms, most on one day"),
    FigureKey.ACKNOWLEDGE_MEDIAN: N_("Time to acknowledge, median"),
    FigureKey.ACKNOWLEDGE_MOST: N_("Time to acknowledge, 90 % within"),
}
HINT: Mapping[FigureKey, str] = {
    FigureKey.FLOOD_TIME: N_("from more than 10 alarms in 10 min until fewer than 5"),
    FigureKey.CHATTERING: N_("3 times or more within 1 min"),
    FigureKey.STALE: N_("standing for more than 24 h"),
}
RATING: Mapping[Rating, str] = {
    Rating.MET: N_("Met"),
    Rating.MANAGEABLE: N_("Manageable"),
    Rating.NOT_MET: N_("Not met"),
    Rating.NOT_ENOUGH_DATA: N_("Not enough data"),
    Rating.NO_TARGET: N_("No target"),
}
BAND: Mapping[Band, str] = {Band.LOW: N_("Low"), Band.MEDIUM: N_("Medium"), Band.HIGH: N_("High")}
_SHARES = frozenset(
    {FigureKey.BUSY_TEN_MINUTES, FigureKey.BUSY_HOURS, FigureKey.FLOOD_TIME, FigureKey.TOP_TEN}
)
_TIMES = frozenset({FigureKey.ACKNOWLEDGE_MEDIAN, FigureKey.ACKNOWLEDGE_MOST})
_DECIMALS = {FigureKey.PER_TEN_MINUTES: 2, FigureKey.PER_DAY: 1}


@dataclass(frozen=True, slots=True)
class AlarmLabel:
    """Which alarm: a rule on an equipment, in both languages."""

    id: int
    site: str
    equipment: str
    equipment_name: Text
    rule: Text


@dataclass(frozen=True, slots=True)
class Loaded:
    """The figures, and the alarms that they name."""

    figures: AlarmFigures
    labels: Mapping[int, AlarmLabel]


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure beside its target, in words."""

    key: FigureKey
    name: str
    hint: str
    value: str
    target: str
    rating: Rating


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One priority's shares beside their target, in words."""

    band: Band
    name: str
    target: str
    raised: str
    raised_rating: Rating
    configured: str
    configured_rating: Rating


@dataclass(frozen=True, slots=True)
class ClassRow:
    """How many 10-min periods had so many alarms; `share` of 1, `over` where that is a flood."""

    name: str
    periods: int
    share: float
    over: bool


def load(session: Session, table: PointTable, catalogue: Catalogue, period: Period, site: str) -> Loaded:
    """The figures of a site, or of all where it is empty.

    Raises: ConflictError for a period with too many changes.
    """
    found = alarm_history.load_figures(session, table, catalogue, period, site or None)
    named = {item.alarm for item in found.top} | {item.alarm for item in found.chattering[:SHOWN]}
    named |= {alarm for alarm, _ in found.stale[:SHOWN]}
    labels: dict[int, AlarmLabel] = {}
    for row in alarm_history.load_alarms(session, named).values():
        item = row.equipment
        cls = catalogue.classes.get(item.equipment_class)
        rule = None if cls is None else cls.rule(row.rule)
        labels[row.id] = AlarmLabel(
            id=row.id,
            site=item.site,
            equipment=item.key,
            equipment_name=Text(item.name_en, item.name_zh),
            rule=Text(row.rule, row.rule) if rule is None else rule.name,
        )
    return Loaded(found, labels)


def figure_rows(t: Translator, found: AlarmFigures) -> list[FigureRow]:
    """Every figure with its name, value and target in words."""
    return [
        FigureRow(
            key=figure.key,
            name=t(FIGURE[figure.key]),
            hint=t(HINT[figure.key]) if figure.key in HINT else "",
            value=value_text(t, figure.key, figure.value),
            target=target_text(t, figure.key),
            rating=figure.rating,
        )
        for figure in found.figures
    ]


def value_text(t: Translator, key: FigureKey, value: float | None) -> str:
    """The figure as people read it; a dash for none."""
    if value is None:
        return NO_VALUE
    if key in _SHARES:
        return share_text(value)
    if key in _TIMES:
        return span_text(t, round(value))
    return number_text(value, _DECIMALS.get(key, 0 if float(value).is_integer() else 1))


def target_text(t: Translator, key: FigureKey) -> str:
    """The target in signs: `≤ 1 (at most 2)`, `< 1 %`; a dash for none."""
    target = TARGETS.get(key)
    if target is None:
        return NO_VALUE
    if target.most == 0:
        return t("none")
    text = f"{'<' if target.below else '≤'} {_limit(key, target.most)}"
    if target.manageable is None:
        return text
    return t("{target} (at most {limit})", target=text, limit=_limit(key, target.manageable))


def _limit(key: FigureKey, value: float) -> str:
    return f"{plain_number(value * 100)} %" if key in _SHARES else plain_number(value)


def share_text(share: float | None) -> str:
    """The share in per cent with one decimal; a dash for none."""
    return NO_VALUE if share is None else f"{number_text(share * 100, 1)} %"


def share_rows(t: Translator, found: AlarmFigures) -> list[ShareRow]:
    """The priorities, the low first."""
    return [
        ShareRow(
            band=share.band,
            name=t(BAND[share.band]),
            target=t("about {share}", share=f"{plain_number(share.target * 100)} %"),
            raised=_part(share.raised, share.raised_share),
            raised_rating=share.raised_rating,
            configured=_part(share.configured, share.configured_share),
            configured_rating=share.configured_rating,
        )
        for share in found.shares
    ]


def _part(count: int, share: float | None) -> str:
    return NO_VALUE if share is None else f"{number_text(share * 100, 0)} % ({number_text(count, 0)})"


def class_rows(t: Translator, found: AlarmFigures) -> list[ClassRow]:
    """The 10-min periods by how many alarms per operator they had."""
    total = sum(found.distribution)
    names = [t("none"), "1"]
    if found.period.operators > 1:  # shared, an alarm is less than one for each
        names[1] = t("up to {n}", n=1)
        names += [t("up to {n}", n=most) for most in STEPS[2:]]
    else:
        names += ["2", "3 … 5", "6 … 10"]
    names.append(t("more than {n}", n=FLOOD_OVER))
    return [
        ClassRow(name, periods, periods / total if total else 0.0, over=place == len(STEPS))
        for place, (name, periods) in enumerate(zip(names, found.distribution, strict=True))
    ]


def summary(t: Translator, found: AlarmFigures) -> str:
    """How many targets are met, in a sentence."""
    rated = [figure.rating for figure in found.figures]
    missed = rated.count(Rating.NOT_MET)
    open_ = rated.count(Rating.NOT_ENOUGH_DATA)
    met = rated.count(Rating.MET) + rated.count(Rating.MANAGEABLE)
    parts = [t.ngettext("{n} target met", "{n} targets met", met)]
    parts.append(t("{n} not met", n=missed))
    if open_:
        parts.append(t("{n} without enough data", n=open_))
    return ", ".join(parts)


def is_representative(found: AlarmFigures) -> bool:
    """Whether the period is as long as the standard wants it."""
    return found.period.span >= REPRESENTATIVE

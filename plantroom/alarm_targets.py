"""What an alarm system should reach, and whether a figure reaches it, after ISA-18.2 and EEMUA 191."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from plantroom.alarms import Severity
from plantroom.model import Criticality
from plantroom.times import DAY, Nanos
from plantroom.work_orders import priority_of


class Rating(StrEnum):
    """How a figure compares with its target."""

    MET = "met"
    MANAGEABLE = "manageable"
    """Beyond the target, within what the standard calls the most that can be managed."""
    NOT_MET = "not_met"
    NOT_ENOUGH_DATA = "not_enough_data"
    NO_TARGET = "no_target"


class FigureKey(StrEnum):
    """The figures of an alarm system."""

    PER_TEN_MINUTES = "per_ten_minutes"
    PER_DAY = "per_day"
    MOST_IN_TEN_MINUTES = "most_in_ten_minutes"
    BUSY_TEN_MINUTES = "busy_ten_minutes"
    BUSY_HOURS = "busy_hours"
    FLOOD_TIME = "flood_time"
    TOP_TEN = "top_ten"
    CHATTERING = "chattering"
    STALE = "stale"
    ACKNOWLEDGE_MEDIAN = "acknowledge_median"
    ACKNOWLEDGE_MOST = "acknowledge_most"


class Band(StrEnum):
    """The three priorities that the standard compares."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Target:
    """The most that a figure should be. Units: the figure's; shares are of 1."""

    most: float
    manageable: float | None = None
    """The most that can be managed, where the standard names it besides the target."""
    below: bool = False
    """Whether the figure must stay below, not at, `most`."""
    needs: Nanos = DAY
    """The shortest period that shows whether it is met."""
    extreme: bool = False
    """Whether one occurrence settles that it is not met, however short the period."""


TARGETS: Mapping[FigureKey, Target] = {
    FigureKey.PER_TEN_MINUTES: Target(1, manageable=2),
    FigureKey.PER_DAY: Target(150, manageable=300),
    FigureKey.MOST_IN_TEN_MINUTES: Target(10, extreme=True),
    # a share below 1 % takes a hundred periods to show
    FigureKey.BUSY_TEN_MINUTES: Target(0.01, below=True, needs=DAY),
    FigureKey.BUSY_HOURS: Target(0.01, below=True, needs=5 * DAY),
    FigureKey.FLOOD_TIME: Target(0.01, below=True, needs=DAY),
    FigureKey.TOP_TEN: Target(0.01, manageable=0.05),
    FigureKey.CHATTERING: Target(0, extreme=True),
    FigureKey.STALE: Target(5, below=True, needs=2 * DAY, extreme=True),
}
"""Per operator. Source: ISA-18.2-2016 clause 16 (IEC 62682 clause 16), EEMUA 191; `needs` is practice."""

REPRESENTATIVE: Nanos = 30 * DAY
"""The period that the standard's figures are meant for. Source: ISA-18.2-2016 clause 16."""
SHARES: Mapping[Band, float] = {Band.LOW: 0.80, Band.MEDIUM: 0.15, Band.HIGH: 0.05}
"""Target shares of the priorities. Source: ISA-18.2-2016, EEMUA 191."""
ABOUT = 0.05
"""How far from its target a share is still about it. Source: practice."""
TOP_TEN_NEEDS = 200
"""With fewer alarms ten of them are more than 5 % even if each came once."""
SHARES_NEED = 100
"""Fewer raised alarms do not show a share of 5 %. Source: practice."""


def judge(key: FigureKey, value: float | None, span: Nanos, *, enough: bool = True) -> Rating:
    """How the figure over `span` compares; `enough` is whether it had enough alarms to be formed from."""
    target = TARGETS.get(key)
    if target is None:
        return Rating.NO_TARGET
    if value is None:
        return Rating.NOT_ENOUGH_DATA
    met = value < target.most if target.below else value <= target.most
    if not met and target.extreme:
        return Rating.NOT_MET
    if span < target.needs or not enough:
        return Rating.NOT_ENOUGH_DATA
    if met:
        return Rating.MET
    manageable = target.manageable is not None and value <= target.manageable
    return Rating.MANAGEABLE if manageable else Rating.NOT_MET


def judge_share(band: Band, share: float | None, *, enough: bool = True) -> Rating:
    """How the share of a priority compares; more low and fewer high ones than the target are no fault."""
    if share is None or not enough:
        return Rating.NOT_ENOUGH_DATA
    wanted = SHARES[band]
    off = wanted - share if band is Band.LOW else share - wanted
    return Rating.MET if round(off, 9) <= ABOUT else Rating.NOT_MET


def band_of(severity: Severity, criticality: Criticality) -> Band:
    """The priority among three, from severity and criticality: 1 is high, 2 medium, the rest low."""
    return {1: Band.HIGH, 2: Band.MEDIUM}.get(priority_of(severity, criticality), Band.LOW)

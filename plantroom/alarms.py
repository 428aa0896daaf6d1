"""Alarms and their state machine, after ISA-18.2 (IEC 62682).

One alarm belongs to one fault rule on one equipment and lives on through its occurrences.
`advance` is the only way from one state to the next; it is given everything, time included.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

from plantroom.errors import TransitionError
from plantroom.times import Nanos


class Severity(IntEnum):
    """How bad it is, the worst highest. Source: ISA-18.2 guidance; NFPA 72 for the order of fire signals."""

    ADVISORY = 1
    """Trend, efficiency."""
    MINOR = 2
    """Act on the next round."""
    MAJOR = 3
    """Degraded, act today."""
    CRITICAL = 4
    """Service lost or equipment about to be damaged."""
    EMERGENCY = 5
    """Life safety: fire, entrapment, gas."""


class AlarmState(StrEnum):
    """The states of ISA-18.2, with the standard's letters."""

    NORMAL = "normal"  # A
    UNACKNOWLEDGED = "unacknowledged"  # B
    ACKNOWLEDGED = "acknowledged"  # C
    RETURNED_UNACKNOWLEDGED = "returned_unacknowledged"  # D
    LATCHED_UNACKNOWLEDGED = "latched_unacknowledged"  # E
    LATCHED_ACKNOWLEDGED = "latched_acknowledged"  # F
    SHELVED = "shelved"  # G
    SUPPRESSED = "suppressed"  # H
    OUT_OF_SERVICE = "out_of_service"  # I


class AlarmEvent(StrEnum):
    """What can happen to an alarm: the process moves it, a person moves it, or the design does."""

    RAISE = "raise"
    CLEAR = "clear"
    ACKNOWLEDGE = "acknowledge"
    RESET = "reset"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    SUPPRESS = "suppress"
    UNSUPPRESS = "unsuppress"
    REMOVE_FROM_SERVICE = "remove_from_service"
    RETURN_TO_SERVICE = "return_to_service"


class Judgement(StrEnum):
    """What a person says of one occurrence of an alarm."""

    TRUE = "true"
    """There was a fault."""
    FALSE = "false"
    """There was none."""
    NUISANCE = "nuisance"
    """It was so, and nobody had to know."""


ASIDE = frozenset({AlarmState.SHELVED, AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE})
"""States in which the process is followed but nobody is told."""

STANDING = frozenset(
    {AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED, AlarmState.RETURNED_UNACKNOWLEDGED}
    | {AlarmState.LATCHED_UNACKNOWLEDGED, AlarmState.LATCHED_ACKNOWLEDGED}
)
"""States that an operator sees in the list of current alarms."""

UNACKNOWLEDGED = frozenset(
    {
        AlarmState.UNACKNOWLEDGED,
        AlarmState.RETURNED_UNACKNOWLEDGED,
        AlarmState.LATCHED_UNACKNOWLEDGED,
    }
)

_S, _E = AlarmState, AlarmEvent
_TABLE: dict[tuple[AlarmState, AlarmEvent], AlarmState] = {
    (_S.NORMAL, _E.RAISE): _S.UNACKNOWLEDGED,
    (_S.UNACKNOWLEDGED, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.UNACKNOWLEDGED, _E.CLEAR): _S.RETURNED_UNACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _E.CLEAR): _S.NORMAL,
    (_S.RETURNED_UNACKNOWLEDGED, _E.ACKNOWLEDGE): _S.NORMAL,
    (_S.RETURNED_UNACKNOWLEDGED, _E.RAISE): _S.UNACKNOWLEDGED,
    (_S.LATCHED_UNACKNOWLEDGED, _E.ACKNOWLEDGE): _S.LATCHED_ACKNOWLEDGED,
    (_S.LATCHED_UNACKNOWLEDGED, _E.RAISE): _S.UNACKNOWLEDGED,
    (_S.LATCHED_ACKNOWLEDGED, _E.RESET): _S.NORMAL,
    (_S.LATCHED_ACKNOWLEDGED, _E.RAISE): _S.UNACKNOWLEDGED,
}
_LATCHING_CLEAR = {
    _S.UNACKNOWLEDGED: _S.LATCHED_UNACKNOWLEDGED,
    _S.ACKNOWLEDGED: _S.LATCHED_ACKNOWLEDGED,
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One fault rule on one equipment: its state now and its present or last occurrence.

    Units: every time in ns since 1970 UTC; `raised_ts`, `cleared_ts` and `process_ts` are reading times.
    """

    site: str
    equipment: str
    rule: str
    severity: Severity
    latching: bool = False
    state: AlarmState = AlarmState.NORMAL
    active: bool = False
    """Whether the process is in fault now, whatever the operator did."""
    raised_ts: Nanos | None = None
    cleared_ts: Nanos | None = None
    process_ts: Nanos = -1
    """Reading time of the last change applied; an older or equal one is a repetition."""
    occurrences: int = 0
    acknowledged_at: Nanos | None = None
    shelved_until: Nanos | None = None
    """When it comes back from its shelf; kept while it is out of service meanwhile."""
    latched: bool = False
    """Whether the latch is set: raised, and not reset since."""
    root: int | None = None
    """Id of the active alarm that explains it; only an alarm that is set aside has one."""


def allowed_events(alarm: Alarm) -> tuple[AlarmEvent, ...]:
    """The events of people and design that `advance` takes from here, in the order of the enumeration."""
    found = [event for state, event in _TABLE if state is alarm.state and event not in (_E.RAISE, _E.CLEAR)]
    if alarm.state not in ASIDE:
        found.append(_E.SHELVE)
    if alarm.state is _S.SHELVED:
        found.append(_E.UNSHELVE)
    if _may_be_hidden(alarm):
        found.append(_E.SUPPRESS)
    if alarm.root is not None:
        found.append(_E.UNSUPPRESS)
    if alarm.state is _S.OUT_OF_SERVICE:
        found.append(_E.RETURN_TO_SERVICE)
    elif _may_be_hidden(alarm):
        found.append(_E.REMOVE_FROM_SERVICE)
    return tuple(found)


def advance(
    alarm: Alarm, event: AlarmEvent, now: Nanos, *, until: Nanos | None = None, root: int | None = None
) -> Alarm:
    """The alarm after `event` at `now` (a reading time for what the process and the design do).

    RAISE while active, CLEAR while not, and either at or before `process_ts` return the same alarm:
    at-least-once delivery has exactly one effect. `until` is when a shelved alarm comes back, `root` the
    alarm that explains a suppressed one. Of the ways to be set aside the strongest shows: out of service,
    then shelved, then suppressed; the others wait behind it.
    Raises: TransitionError for an event that the state does not allow.
    Source: ISA-18.2-2016 clause 5.2.3, the state transition diagram.
    """
    if event in (_E.RAISE, _E.CLEAR):
        return _follow_process(alarm, event, now)
    if event not in allowed_events(alarm):
        raise _refusal(alarm, event)
    if event is _E.SHELVE:
        if until is None or until <= now:
            raise TransitionError("shelving needs a time limit in the future", ["shelve"])
        return replace(alarm, state=_S.SHELVED, shelved_until=until)
    if event is _E.REMOVE_FROM_SERVICE:
        return replace(alarm, state=_S.OUT_OF_SERVICE)
    if event in (_E.UNSHELVE, _E.RETURN_TO_SERVICE):
        shelf = None if event is _E.UNSHELVE else alarm.shelved_until
        return _back(replace(alarm, shelved_until=shelf), now)
    if event in (_E.SUPPRESS, _E.UNSUPPRESS):
        return _follow_design(alarm, event, now, root)
    return replace(
        alarm,
        state=_TABLE[alarm.state, event],
        acknowledged_at=now if event is _E.ACKNOWLEDGE else alarm.acknowledged_at,
        latched=alarm.latched and event is not _E.RESET,
    )


def _may_be_hidden(alarm: Alarm) -> bool:
    # what is about people's lives is neither suppressed nor taken out of service
    return alarm.severity is not Severity.EMERGENCY


def _refusal(alarm: Alarm, event: AlarmEvent) -> TransitionError:
    allowed = [str(item) for item in allowed_events(alarm)]
    text = f"an alarm that is {alarm.state} cannot {event}; allowed: {', '.join(allowed)}"
    return TransitionError(text, allowed)


def _follow_design(alarm: Alarm, event: AlarmEvent, now: Nanos, root: int | None) -> Alarm:
    if event is _E.SUPPRESS:
        if root is None:
            raise TransitionError("suppressing needs the alarm that explains it", ["suppress"])
        if root == alarm.root:
            return alarm
        state = alarm.state if alarm.state in ASIDE else _S.SUPPRESSED
        return replace(alarm, state=state, root=root)
    freed = replace(alarm, root=None)
    return _back(freed, now) if alarm.state is _S.SUPPRESSED else freed


def _back(alarm: Alarm, now: Nanos) -> Alarm:
    """The alarm when one way of being set aside has ended: where the next or else the process puts it."""
    if alarm.shelved_until is not None and now < alarm.shelved_until:
        return replace(alarm, state=_S.SHELVED)
    alarm = replace(alarm, shelved_until=None)
    if alarm.root is not None:
        return replace(alarm, state=_S.SUPPRESSED)
    if alarm.active:
        # a fault that stands asks for attention again, whoever acknowledged it before it was set aside
        return replace(alarm, state=_S.UNACKNOWLEDGED, acknowledged_at=None)
    if alarm.latched:
        seen = alarm.acknowledged_at is not None
        return replace(alarm, state=_S.LATCHED_ACKNOWLEDGED if seen else _S.LATCHED_UNACKNOWLEDGED)
    return replace(alarm, state=_S.NORMAL)


def _follow_process(alarm: Alarm, event: AlarmEvent, ts: Nanos) -> Alarm:
    raising = event is _E.RAISE
    if ts <= alarm.process_ts or raising == alarm.active:
        return alarm
    if raising and not _may_be_hidden(alarm) and alarm.state in (_S.SUPPRESSED, _S.OUT_OF_SERVICE):
        # its rule was none of life safety when it was set aside
        alarm = replace(alarm, state=_S.NORMAL, root=None, shelved_until=None)
    if alarm.state in ASIDE:
        state = alarm.state
    elif not raising and alarm.latching:
        state = _LATCHING_CLEAR.get(alarm.state, alarm.state)
    else:
        state = _TABLE.get((alarm.state, event), alarm.state)
    if raising:
        return replace(
            alarm,
            state=state,
            active=True,
            raised_ts=ts,
            cleared_ts=None,
            process_ts=ts,
            occurrences=alarm.occurrences + 1,
            acknowledged_at=None,
            latched=alarm.latching,
        )
    return replace(alarm, state=state, active=False, cleared_ts=ts, process_ts=ts)

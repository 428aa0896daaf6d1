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

_ENTER_ASIDE = {
    AlarmEvent.SHELVE: AlarmState.SHELVED,
    AlarmEvent.SUPPRESS: AlarmState.SUPPRESSED,
    AlarmEvent.REMOVE_FROM_SERVICE: AlarmState.OUT_OF_SERVICE,
}
_LEAVE_ASIDE = {
    AlarmEvent.UNSHELVE: AlarmState.SHELVED,
    AlarmEvent.UNSUPPRESS: AlarmState.SUPPRESSED,
    AlarmEvent.RETURN_TO_SERVICE: AlarmState.OUT_OF_SERVICE,
}
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


def allowed_events(alarm: Alarm) -> tuple[AlarmEvent, ...]:
    """The events of people and design that `advance` takes from here, in the order of the enumeration."""
    if alarm.state in ASIDE:
        return tuple(event for event, state in _LEAVE_ASIDE.items() if state is alarm.state)
    direct = [event for state, event in _TABLE if state is alarm.state]
    people = [event for event in direct if event not in (AlarmEvent.RAISE, AlarmEvent.CLEAR)]
    return (*people, *_ENTER_ASIDE)


def advance(alarm: Alarm, event: AlarmEvent, now: Nanos, *, until: Nanos | None = None) -> Alarm:
    """The alarm after `event` at `now` (a reading time for RAISE and CLEAR).

    RAISE while active, CLEAR while not, and either at or before `process_ts` return the same alarm:
    at-least-once delivery has exactly one effect. `until` is when a shelved alarm comes back.
    Raises: TransitionError for an event that the state does not allow.
    Source: ISA-18.2-2016 clause 5.2.3, the state transition diagram.
    """
    if event in (AlarmEvent.RAISE, AlarmEvent.CLEAR):
        return _follow_process(alarm, event, now)
    if event in _LEAVE_ASIDE and alarm.state is _LEAVE_ASIDE[event]:
        if not alarm.active:
            return replace(alarm, state=AlarmState.NORMAL, shelved_until=None)
        # a fault that stands asks for attention again, whoever acknowledged it before it was set aside
        return replace(alarm, state=AlarmState.UNACKNOWLEDGED, shelved_until=None, acknowledged_at=None)
    if event in _ENTER_ASIDE and alarm.state not in ASIDE:
        if event is AlarmEvent.SHELVE and (until is None or until <= now):
            raise TransitionError("shelving needs a time limit in the future", ["shelve"])
        limit = until if event is AlarmEvent.SHELVE else None
        return replace(alarm, state=_ENTER_ASIDE[event], shelved_until=limit)
    target = _TABLE.get((alarm.state, event))
    if target is None:
        allowed = [str(item) for item in allowed_events(alarm)]
        raise TransitionError(
            f"an alarm that is {alarm.state} cannot {event}; allowed: {', '.join(allowed)}", allowed
        )
    acknowledged_at = now if event is AlarmEvent.ACKNOWLEDGE else alarm.acknowledged_at
    return replace(alarm, state=target, acknowledged_at=acknowledged_at)


def _follow_process(alarm: Alarm, event: AlarmEvent, ts: Nanos) -> Alarm:
    raising = event is AlarmEvent.RAISE
    if ts <= alarm.process_ts or raising == alarm.active:
        return alarm
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
        )
    return replace(alarm, state=state, active=False, cleared_ts=ts, process_ts=ts)

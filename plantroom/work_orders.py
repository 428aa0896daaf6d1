"""Work orders and their transition table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import total_ordering

from plantroom.alarms import Severity
from plantroom.errors import TransitionError
from plantroom.model import Criticality
from plantroom.times import DAY, HOUR, MINUTE, Nanos


class OrderState(StrEnum):
    """Where a work order stands."""

    OPEN = "open"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class OrderKind(StrEnum):
    """What called for the work: a fault, a due plan or a person."""

    CORRECTIVE = "corrective"
    PREVENTIVE = "preventive"
    INSPECTION = "inspection"


class OrderAction(StrEnum):
    """What people do to a work order."""

    ASSIGN = "assign"
    START = "start"
    HOLD = "hold"
    RESUME = "resume"
    COMPLETE = "complete"
    CLOSE = "close"
    REOPEN = "reopen"
    CANCEL = "cancel"


@total_ordering
class Role(StrEnum):
    """What a user may do, each including the ones before it."""

    VIEWER = "viewer"
    TECHNICIAN = "technician"
    ENGINEER = "engineer"
    ADMIN = "admin"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Role):
            return NotImplemented
        order = list(Role)
        return order.index(self) < order.index(other)

    # StrEnum brings str's comparisons, which total_ordering would leave in place
    def __le__(self, other: object) -> bool:
        return self == other or self.__lt__(other)

    def __gt__(self, other: object) -> bool:
        return not self.__le__(other)

    def __ge__(self, other: object) -> bool:
        return not self.__lt__(other)


@dataclass(frozen=True, slots=True)
class Edge:
    """One row of the transition table."""

    sources: frozenset[OrderState]
    target: OrderState
    role: Role
    needs_note: bool = False


_S = OrderState
OPEN_STATES = frozenset({_S.OPEN, _S.ASSIGNED, _S.IN_PROGRESS, _S.ON_HOLD})
"""States in which a repeated fault joins the order instead of opening another."""

TRANSITIONS: dict[OrderAction, Edge] = {
    OrderAction.ASSIGN: Edge(frozenset({_S.OPEN, _S.ASSIGNED, _S.ON_HOLD}), _S.ASSIGNED, Role.TECHNICIAN),
    OrderAction.START: Edge(frozenset({_S.ASSIGNED}), _S.IN_PROGRESS, Role.TECHNICIAN),
    OrderAction.HOLD: Edge(
        frozenset({_S.ASSIGNED, _S.IN_PROGRESS}), _S.ON_HOLD, Role.TECHNICIAN, needs_note=True
    ),
    OrderAction.RESUME: Edge(frozenset({_S.ON_HOLD}), _S.IN_PROGRESS, Role.TECHNICIAN),
    OrderAction.COMPLETE: Edge(frozenset({_S.IN_PROGRESS}), _S.COMPLETED, Role.TECHNICIAN, needs_note=True),
    OrderAction.CLOSE: Edge(frozenset({_S.COMPLETED}), _S.CLOSED, Role.ENGINEER),
    OrderAction.REOPEN: Edge(frozenset({_S.COMPLETED}), _S.IN_PROGRESS, Role.ENGINEER, needs_note=True),
    OrderAction.CANCEL: Edge(OPEN_STATES, _S.CANCELLED, Role.ENGINEER, needs_note=True),
}


def transition(state: OrderState, action: OrderAction, *, note: str = "") -> OrderState:
    """The state after `action`.

    Raises: TransitionError where the table has no such edge, or the edge needs a note and has none.
    """
    edge = TRANSITIONS[action]
    if state not in edge.sources:
        allowed = [str(item) for item in allowed_actions(state)]
        raise TransitionError(
            f"a work order that is {state} cannot {action}; allowed: {', '.join(allowed) or 'none'}",
            allowed,
        )
    if edge.needs_note and not note.strip():
        raise TransitionError(f"to {action} a work order, say why in the note", [str(action)])
    return edge.target


def allowed_actions(state: OrderState, role: Role = Role.ADMIN) -> tuple[OrderAction, ...]:
    """The actions that the table allows from `state` to `role`, in the table's order."""
    return tuple(
        action for action, edge in TRANSITIONS.items() if state in edge.sources and role >= edge.role
    )


def priority_of(severity: Severity, criticality: Criticality) -> int:
    """1 (first) to 5 (last), from how bad the fault is and how much the property needs the equipment.

    An emergency is 1 whatever it strikes. Source: ISA-18.2 priority by consequence; the matrix is practice.
    """
    if severity is Severity.EMERGENCY:
        return 1
    step = {Criticality.A: 0, Criticality.B: 1, Criticality.C: 2}[criticality]
    return min(5, (Severity.EMERGENCY - severity) + step)


RESOLVE_WITHIN: dict[int, Nanos] = {
    1: 30 * MINUTE,
    2: 3 * HOUR,
    3: 3 * HOUR,
    4: DAY,
    5: 7 * DAY,
}
"""Default time to put right, by priority. Source: requirements from the field, service levels: rescue and
emergencies 30 min on site, ordinary fault 3 h, repair request 24 h, major fault at most 7 d."""

"""The work order's transition table, edge by edge, and the priority matrix."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantroom.alarms import Severity
from plantroom.errors import TransitionError
from plantroom.model import Criticality
from plantroom.work_orders import (
    OPEN_STATES,
    RESOLVE_WITHIN,
    TRANSITIONS,
    OrderAction,
    OrderState,
    Role,
    allowed_actions,
    priority_of,
    transition,
)

S, A = OrderState, OrderAction

EDGES: dict[tuple[OrderState, OrderAction], OrderState] = {
    (S.OPEN, A.ASSIGN): S.ASSIGNED,
    (S.OPEN, A.CANCEL): S.CANCELLED,
    (S.ASSIGNED, A.ASSIGN): S.ASSIGNED,  # to another technician
    (S.ASSIGNED, A.START): S.IN_PROGRESS,
    (S.ASSIGNED, A.HOLD): S.ON_HOLD,
    (S.ASSIGNED, A.CANCEL): S.CANCELLED,
    (S.IN_PROGRESS, A.HOLD): S.ON_HOLD,
    (S.IN_PROGRESS, A.COMPLETE): S.COMPLETED,
    (S.IN_PROGRESS, A.CANCEL): S.CANCELLED,
    (S.ON_HOLD, A.ASSIGN): S.ASSIGNED,
    (S.ON_HOLD, A.RESUME): S.IN_PROGRESS,
    (S.ON_HOLD, A.CANCEL): S.CANCELLED,
    (S.COMPLETED, A.CLOSE): S.CLOSED,
    (S.COMPLETED, A.REOPEN): S.IN_PROGRESS,
}
NEEDS_NOTE = {A.HOLD, A.COMPLETE, A.REOPEN, A.CANCEL}
LEAST_ROLE = {
    A.ASSIGN: Role.TECHNICIAN,
    A.START: Role.TECHNICIAN,
    A.HOLD: Role.TECHNICIAN,
    A.RESUME: Role.TECHNICIAN,
    A.COMPLETE: Role.TECHNICIAN,
    A.CLOSE: Role.ENGINEER,
    A.REOPEN: Role.ENGINEER,
    A.CANCEL: Role.ENGINEER,
}
PAIRS = list(itertools.product(OrderState, OrderAction))


@pytest.mark.parametrize(("state", "action"), PAIRS)
def test_every_state_with_every_action(state: OrderState, action: OrderAction) -> None:
    target = EDGES.get((state, action))
    if target is not None:
        assert transition(state, action, note="because") is target
        return
    with pytest.raises(TransitionError, match=f"{state} cannot {action}") as caught:
        transition(state, action, note="because")
    assert set(caught.value.allowed) == {str(edge[1]) for edge in EDGES if edge[0] is state}


@pytest.mark.parametrize(("state", "action"), EDGES)
@pytest.mark.parametrize("note", ["", "   ", "\n\t"])
def test_a_note_is_required_where_others_will_ask_why(
    state: OrderState, action: OrderAction, note: str
) -> None:
    if action in NEEDS_NOTE:
        with pytest.raises(TransitionError, match="say why") as caught:
            transition(state, action, note=note)
        assert caught.value.allowed == (str(action),)
    else:
        assert transition(state, action, note=note) is EDGES[state, action]


@pytest.mark.parametrize(("state", "role"), list(itertools.product(OrderState, Role)))
def test_each_role_is_offered_what_it_may_do(state: OrderState, role: Role) -> None:
    rank = list(Role).index
    expected = [
        action
        for action in TRANSITIONS
        if (state, action) in EDGES and rank(role) >= rank(LEAST_ROLE[action])
    ]
    assert list(allowed_actions(state, role)) == expected


def test_a_viewer_may_do_nothing() -> None:
    assert all(allowed_actions(state, Role.VIEWER) == () for state in OrderState)


def test_closed_and_cancelled_are_the_end() -> None:
    ends = {state for state in OrderState if not allowed_actions(state)}
    assert ends == {S.CLOSED, S.CANCELLED}


def test_a_repeated_fault_joins_an_order_until_its_work_is_done() -> None:
    assert {S.OPEN, S.ASSIGNED, S.IN_PROGRESS, S.ON_HOLD} == OPEN_STATES


@pytest.mark.parametrize(("left", "right"), list(itertools.product(Role, Role)))
def test_roles_compare_by_rank_not_by_spelling(left: Role, right: Role) -> None:
    rank = [Role.VIEWER, Role.TECHNICIAN, Role.ENGINEER, Role.ADMIN].index
    assert (left < right) == (rank(left) < rank(right))
    assert (left <= right) == (rank(left) <= rank(right))
    assert (left > right) == (rank(left) > rank(right))
    assert (left >= right) == (rank(left) >= rank(right))
    assert (left == right) == (rank(left) == rank(right))


# rows: criticality A, B, C
PRIORITIES = {
    Severity.EMERGENCY: (1, 1, 1),
    Severity.CRITICAL: (1, 2, 3),
    Severity.MAJOR: (2, 3, 4),
    Severity.MINOR: (3, 4, 5),
    Severity.ADVISORY: (4, 5, 5),
}


@pytest.mark.parametrize(("severity", "row"), PRIORITIES.items())
def test_the_priority_matrix(severity: Severity, row: tuple[int, int, int]) -> None:
    assert tuple(priority_of(severity, criticality) for criticality in Criticality) == row


def test_a_first_priority_is_resolved_before_a_later_one() -> None:
    times = [RESOLVE_WITHIN[priority] for priority in range(1, 6)]
    assert times == sorted(times)
    assert times[0] > 0


@given(st.lists(st.sampled_from(OrderAction), max_size=30))
def test_any_sequence_of_actions_keeps_to_the_table(actions: list[OrderAction]) -> None:
    state = OrderState.OPEN
    for action in actions:
        try:
            after = transition(state, action, note="because")
        except TransitionError:
            assert action not in allowed_actions(state)
            continue
        assert action in allowed_actions(state)
        assert after is EDGES[state, action]
        state = after

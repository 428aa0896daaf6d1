"""Whom to tell of a clock's warning or breach, each step once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from plantroom.people import Roster
from plantroom.service_levels.clocks import Clock, ClockState
from plantroom.service_levels.policy import ROLES, ClockKind, EscalationStep, Moment
from plantroom.times import Nanos
from plantroom.work_orders import Role


@dataclass(frozen=True, slots=True)
class OrderAtHand:
    """What of an order decides who is told."""

    priority: int
    team: str | None
    assignee: str | None
    open: bool = True


@dataclass(frozen=True, slots=True)
class DueStep:
    """A step that is due. `key` is unique within the order, for ever."""

    key: str
    clock: ClockKind
    when: Moment
    at: Nanos
    """When it was due, which may be before it is noticed."""
    people: tuple[str, ...]
    fallback: bool = False
    """Nobody that the step names was there; the administrators hear instead."""


def moment_key(clock: ClockKind, moment: Moment) -> str:
    """The key of the entry that says that the clock has warned or broken."""
    return f"{clock}:{moment}"


def due_steps(
    chain: Sequence[EscalationStep],
    order: OrderAtHand,
    clocks: Sequence[Clock],
    *,
    roster: Roster,
    holders: Mapping[Role, Sequence[str]],
    now: Nanos,
    done: Collection[str],
) -> tuple[DueStep, ...]:
    """The steps that are due at `now` and not `done`, the earliest first; none for an order that has ended.

    `holders` are the usernames of each role. A step that comes after its clock has stopped is not due.
    """
    if not order.open:
        return ()
    whom = _Recipients(order, roster, holders, now)
    found = [
        whom.of(step, clock, at)
        for clock in clocks
        for step, at in _reached(chain, order, clock, now)
        if _key(step, clock) not in done
    ]
    return tuple(sorted(found, key=lambda step: (step.at, step.key)))


def next_step(
    chain: Sequence[EscalationStep],
    order: OrderAtHand,
    clocks: Sequence[Clock],
    *,
    now: Nanos,
    done: Collection[str],
) -> Nanos | None:
    """When the next step comes of clocks that have warned or broken already; None where none will."""
    if not order.open:
        return None
    times = [
        at
        for clock in clocks
        for step, at in _timed(chain, order, clock)
        if at > now and clock.stopped_at is None and _key(step, clock) not in done
    ]
    return min(times, default=None)


def _key(step: EscalationStep, clock: Clock) -> str:
    return f"{clock.kind}:{step.when}:{step.key}"


def _timed(
    chain: Sequence[EscalationStep], order: OrderAtHand, clock: Clock
) -> Iterator[tuple[EscalationStep, Nanos]]:
    if clock.state is ClockState.CANCELLED:
        return
    for step in chain:
        fits = not step.clocks or clock.kind in step.clocks
        begun = clock.warned_at if step.when is Moment.WARNING else clock.breached_at
        if fits and begun is not None and (not step.priorities or order.priority in step.priorities):
            yield step, begun + step.after


def _reached(
    chain: Sequence[EscalationStep], order: OrderAtHand, clock: Clock, now: Nanos
) -> Iterator[tuple[EscalationStep, Nanos]]:
    end = now if clock.stopped_at is None else min(now, clock.stopped_at)
    for step, at in _timed(chain, order, clock):
        if at <= end:
            yield step, at


@dataclass(frozen=True, slots=True)
class _Recipients:
    """Who the words of a step are, for one order now."""

    order: OrderAtHand
    roster: Roster
    holders: Mapping[Role, Sequence[str]]
    now: Nanos

    def of(self, step: EscalationStep, clock: Clock, at: Nanos) -> DueStep:
        """The step with those whom it names."""
        people = list(dict.fromkeys(name for word in step.to for name in self._named(word)))
        fallback = not people
        if fallback:
            people = list(self.holders.get(Role.ADMIN, ()))
        return DueStep(_key(step, clock), clock.kind, step.when, at, tuple(people), fallback)

    def _named(self, word: str) -> Sequence[str]:
        if word in ROLES:
            return self.holders.get(Role(word), ())
        if word == "assignee":
            return (self.order.assignee,) if self.order.assignee else ()
        team = self.roster.team(self.order.team)
        if team is None:
            return ()
        if word == "team_lead":
            return (team.lead,) if team.lead else ()
        return self.roster.on_call(team.key, self.now)

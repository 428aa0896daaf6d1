"""What goes out about service levels."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.wire import Answer, Time, Words
from plantroom.assignment import Proposal
from plantroom.service_levels import (
    Clock,
    ClockKind,
    ClockRule,
    ClockState,
    Count,
    EscalationStep,
    HoldReason,
    Moment,
    Origin,
    ServicePolicy,
)
from plantroom.times import SECOND, Nanos
from plantroom.work_orders import OrderKind


def _seconds(nanos: Nanos) -> float:
    return nanos / SECOND


class ClockOut(Answer):
    """One clock of an order. Counted time is round the clock or working time, as `count` says."""

    kind: ClockKind
    state: ClockState
    count: Count
    within_s: float
    left_s: float
    """Counted time left; negative where it took longer."""
    running_s: float
    paused_s: float
    outside_s: float
    """Time that does not count; with `running_s` and `paused_s` all the time since `started_at`."""
    close: Annotated[bool, Field(description="Past the warning's share of the time, and not stopped.")]
    reason: str
    """Why it is paused; a key of the hold reasons."""
    started_at: Time
    due_at: Time | None
    """When the time is up if nothing happens; null while paused and once stopped in time."""
    warned_at: Time | None
    breached_at: Time | None
    stopped_at: Time | None

    @classmethod
    def of(cls, clock: Clock) -> ClockOut:
        """The clock as it goes out."""
        return cls(
            kind=clock.kind,
            state=clock.state,
            count=clock.count,
            within_s=_seconds(clock.within),
            left_s=_seconds(clock.left),
            running_s=_seconds(clock.running),
            paused_s=_seconds(clock.paused),
            outside_s=_seconds(clock.outside),
            close=clock.close,
            reason=clock.reason,
            started_at=clock.started_at,
            due_at=clock.due_at,
            warned_at=clock.warned_at,
            breached_at=clock.breached_at,
            stopped_at=clock.stopped_at,
        )


class RuleOut(Answer):
    """How soon, for which orders; of each clock the first that fits an order counts. Empty fits all."""

    clock: ClockKind
    within_s: float
    count: Count
    stops: list[str]
    kinds: list[OrderKind]
    origins: list[Origin]
    priorities: list[int]
    major: bool | None

    @classmethod
    def of(cls, rule: ClockRule) -> RuleOut:
        """The rule as it goes out."""
        return cls(
            clock=rule.clock,
            within_s=_seconds(rule.within),
            count=rule.count,
            stops=sorted(rule.stops),
            kinds=sorted(rule.kinds),
            origins=sorted(rule.origins),
            priorities=sorted(rule.priorities),
            major=rule.major,
        )


class ReasonOut(Answer):
    """Why an order may be on hold."""

    key: str
    name: Words
    pauses: bool
    """Whether the clocks stand still meanwhile."""

    @classmethod
    def of(cls, reason: HoldReason) -> ReasonOut:
        """The reason as it goes out."""
        return cls(key=reason.key, name=Words.of(reason.name), pauses=reason.pauses)


class StepOut(Answer):
    """Whom to tell, how long after a warning or a breach."""

    key: str
    when: Moment
    after_s: float
    to: list[str]
    clocks: list[ClockKind]
    priorities: list[int]

    @classmethod
    def of(cls, step: EscalationStep) -> StepOut:
        """The step as it goes out."""
        return cls(
            key=step.key,
            when=step.when,
            after_s=_seconds(step.after),
            to=list(step.to),
            clocks=sorted(step.clocks),
            priorities=sorted(step.priorities),
        )


class PolicyOut(Answer):
    """All that was agreed."""

    warn_at: float
    """Share of the time after which the warning comes."""
    clocks: list[RuleOut]
    hold_reasons: list[ReasonOut]
    escalation: list[StepOut]

    @classmethod
    def of(cls, policy: ServicePolicy) -> PolicyOut:
        """The policy as it goes out."""
        return cls(
            warn_at=policy.warn_at,
            clocks=[RuleOut.of(rule) for rule in policy.rules],
            hold_reasons=[ReasonOut.of(reason) for reason in policy.hold_reasons.values()],
            escalation=[StepOut.of(step) for step in policy.escalation],
        )


class ProposalOut(Answer):
    """Somebody who could do an order, and why or why not."""

    rank: int
    username: str
    name: str
    fit: bool
    """Whether they may do it."""
    reasons: list[Words]

    @classmethod
    def of(cls, proposal: Proposal) -> ProposalOut:
        """The proposal as it goes out."""
        return cls(
            rank=proposal.rank,
            username=proposal.username,
            name=proposal.name,
            fit=proposal.fit,
            reasons=[Words.of(reason) for reason in proposal.reasons],
        )

"""Service levels: how soon an order must be responded to, answered and put right, and who hears when it is
not. Pure: every figure is found again from the order's log, the policy and `now`; nothing here is stored.

`policy.py` reads what was agreed (`default.yaml` or a file of one's own), `clocks.py` replays a log into
clocks, `escalation.py` says whom to tell. Working time comes from outside, as a `TimeCount`.
"""

from plantroom.service_levels.clocks import (
    ROUND_THE_CLOCK,
    Clock,
    ClockState,
    LogEntry,
    ServiceLevels,
    TimeCount,
    next_look,
    replay,
)
from plantroom.service_levels.escalation import DueStep, OrderAtHand, due_steps, moment_key, next_step
from plantroom.service_levels.policy import (
    ClockKind,
    ClockRule,
    Count,
    EscalationStep,
    HoldReason,
    Moment,
    OrderFacts,
    Origin,
    ServicePolicy,
    default_policy,
    load_policy,
)

__all__ = [
    "ROUND_THE_CLOCK",
    "Clock",
    "ClockKind",
    "ClockRule",
    "ClockState",
    "Count",
    "DueStep",
    "EscalationStep",
    "HoldReason",
    "LogEntry",
    "Moment",
    "OrderAtHand",
    "OrderFacts",
    "Origin",
    "ServiceLevels",
    "ServicePolicy",
    "TimeCount",
    "default_policy",
    "due_steps",
    "load_policy",
    "moment_key",
    "next_look",
    "next_step",
    "replay",
]

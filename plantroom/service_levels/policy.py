"""What was agreed: how soon, counted how, paused by what, and who hears when it is not kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from plantroom.errors import PolicyError, Problem
from plantroom.model import Text
from plantroom.times import YEAR, Nanos, parse_duration
from plantroom.work_orders import OrderKind, Role
from plantroom.yaml_file import Marks, load

DEFAULT = Path(__file__).with_name("default.yaml")
STOPS = frozenset({"assign", "start", "comment"})
ROLES = frozenset(role.value for role in Role)
RECIPIENTS = frozenset({"assignee", "on_call", "team_lead"}) | ROLES


class ClockKind(StrEnum):
    """What has to happen in time."""

    RESPONSE = "response"
    ANSWER = "answer"
    RESOLUTION = "resolution"


class Count(StrEnum):
    """Which time counts."""

    ROUND_THE_CLOCK = "round_the_clock"
    WORKING = "working"


class Origin(StrEnum):
    """Who called for the order."""

    RULE = "rule"
    PLAN = "plan"
    PERSON = "person"


class Moment(StrEnum):
    """What a clock has come to."""

    WARNING = "warning"
    BREACH = "breach"


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What of an order decides which clocks it has."""

    kind: OrderKind
    origin: Origin
    priority: int
    major: bool = False


@dataclass(frozen=True, slots=True)
class ClockRule:
    """How soon, for which orders; what is None or empty fits all."""

    clock: ClockKind
    within: Nanos
    count: Count = Count.ROUND_THE_CLOCK
    stops: frozenset[str] = frozenset()
    """Actions that stop it, besides completing the order."""
    kinds: frozenset[OrderKind] = frozenset()
    origins: frozenset[Origin] = frozenset()
    priorities: frozenset[int] = frozenset()
    major: bool | None = None

    def fits(self, facts: OrderFacts) -> bool:
        """Whether it is this order's."""
        return (
            (not self.kinds or facts.kind in self.kinds)
            and (not self.origins or facts.origin in self.origins)
            and (not self.priorities or facts.priority in self.priorities)
            and self.major in (None, facts.major)
        )


@dataclass(frozen=True, slots=True)
class HoldReason:
    """Why an order waits, and whether its clocks stand still meanwhile."""

    key: str
    name: Text
    pauses: bool


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """Whom to tell, how long after a clock's warning or breach; what is empty fits all."""

    key: str
    when: Moment
    to: tuple[str, ...]
    after: Nanos = 0
    clocks: frozenset[ClockKind] = frozenset()
    priorities: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class ServicePolicy:
    """All that was agreed."""

    rules: tuple[ClockRule, ...]
    hold_reasons: Mapping[str, HoldReason]
    escalation: tuple[EscalationStep, ...] = ()
    warn_at: float = 0.75
    """Fraction of the time after which the warning comes."""

    def rule_for(self, kind: ClockKind, facts: OrderFacts) -> ClockRule | None:
        """The first rule of the clock that fits the order."""
        return next((rule for rule in self.rules if rule.clock is kind and rule.fits(facts)), None)

    def pauses(self, reason: str) -> bool:
        """Whether an order on hold for this reason has its clocks stand still; an unknown one does not."""
        found = self.hold_reasons.get(reason)
        return found is not None and found.pauses

    def warn_after(self, rule: ClockRule) -> Nanos:
        """The counted time after which the rule's warning comes."""
        return round(rule.within * self.warn_at)


def _duration(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(  # noqa: TRY004 - pydantic turns no TypeError into a located problem
            "write a duration with its unit, for example 30 min, 3 h or 7 d"
        )
    return parse_duration(value)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Duration = Annotated[int, BeforeValidator(_duration), Field(le=10 * YEAR)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Line = Annotated[str, Field(min_length=1, max_length=100)]


class _Words(_Strict):
    en: Line
    zh: Line


class _ClockEntry(_Strict):
    clock: ClockKind
    within: Annotated[Duration, Field(gt=0)]
    count: Count = Count.ROUND_THE_CLOCK
    stops: tuple[str, ...] = ()
    kinds: tuple[OrderKind, ...] = ()
    origins: tuple[Origin, ...] = ()
    priorities: tuple[Annotated[int, Field(ge=1, le=5)], ...] = ()
    major: bool | None = None


class _ReasonEntry(_Strict):
    name: _Words
    pauses: bool


class _StepEntry(_Strict):
    key: Key
    when: Moment
    to: Annotated[tuple[str, ...], Field(min_length=1)]
    after: Annotated[Duration, Field(ge=0)] = 0
    clocks: tuple[ClockKind, ...] = ()
    priorities: tuple[Annotated[int, Field(ge=1, le=5)], ...] = ()


class _Document(_Strict):
    warn_at: Annotated[float, Field(gt=0, le=1)] = 0.75
    clocks: Annotated[tuple[_ClockEntry, ...], Field(max_length=200)]
    hold_reasons: Annotated[Mapping[Key, _ReasonEntry], Field(min_length=1, max_length=50)]
    escalation: Annotated[tuple[_StepEntry, ...], Field(max_length=50)] = ()


def load_policy(path: Path) -> ServicePolicy:
    """The policy of the file.

    Raises: PolicyError with every problem, each at its line; nothing of a wrong file is used.
    """
    document, marks = load(path, _Document, PolicyError)
    problems = [*_problems(document, marks)]
    if problems:
        raise PolicyError(problems)
    return ServicePolicy(
        rules=tuple(_rule(entry) for entry in document.clocks),
        hold_reasons={
            key: HoldReason(key, Text(entry.name.en, entry.name.zh), entry.pauses)
            for key, entry in document.hold_reasons.items()
        },
        escalation=tuple(_step(entry) for entry in document.escalation),
        warn_at=document.warn_at,
    )


@cache
def default_policy() -> ServicePolicy:
    """What the property's service plan asks for. Source: requirements from the field, service levels."""
    return load_policy(DEFAULT)


def _rule(entry: _ClockEntry) -> ClockRule:
    return ClockRule(
        clock=entry.clock,
        within=entry.within,
        count=entry.count,
        stops=frozenset(entry.stops),
        kinds=frozenset(entry.kinds),
        origins=frozenset(entry.origins),
        priorities=frozenset(entry.priorities),
        major=entry.major,
    )


def _step(entry: _StepEntry) -> EscalationStep:
    return EscalationStep(
        key=entry.key,
        when=entry.when,
        to=entry.to,
        after=entry.after,
        clocks=frozenset(entry.clocks),
        priorities=frozenset(entry.priorities),
    )


def _problems(document: _Document, marks: Marks) -> Iterator[Problem]:
    for index, entry in enumerate(document.clocks):
        for place, word in enumerate(entry.stops):
            if word not in STOPS:
                path = ("clocks", index, "stops", place)
                yield marks.problem(path, f"{word!r} stops no clock; these do: {', '.join(sorted(STOPS))}")
        if entry.clock is ClockKind.RESOLUTION and entry.stops:
            yield marks.problem(
                ("clocks", index, "stops"), "completing the order stops this clock, nothing else"
            )
        elif entry.clock is not ClockKind.RESOLUTION and not entry.stops:
            yield marks.problem(("clocks", index), f"say what stops the {entry.clock} clock: stops: [start]")
    for index, step in enumerate(document.escalation):
        for place, word in enumerate(step.to):
            if word not in RECIPIENTS:
                known = ", ".join(sorted(RECIPIENTS))
                yield marks.problem(
                    ("escalation", index, "to", place), f"{word!r} is nobody; these are: {known}"
                )
        yield from _overlapping(document, index, marks)


def _overlapping(document: _Document, index: int, marks: Marks) -> Iterator[Problem]:
    """A key that an order could meet twice: the second step would be taken for done."""
    step = document.escalation[index]
    for other in document.escalation[:index]:
        clocks = not step.clocks or not other.clocks or set(step.clocks) & set(other.clocks)
        priorities = (
            not step.priorities or not other.priorities or set(step.priorities) & set(other.priorities)
        )
        if step.key == other.key and clocks and priorities:
            yield marks.problem(
                ("escalation", index, "key"), f"another step is {step.key!r} too for some of the same orders"
            )

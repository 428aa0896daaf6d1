"""The shape of an equipment class file. Published as JSON Schema by `plantroom catalogue schema`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from plantroom.catalogue.fields import (
    Duration,
    Every,
    Key,
    Number,
    SeverityWord,
    Source,
    Span,
    UnitSymbol,
    Words,
)
from plantroom.model import PointKind

__all__ = [
    "BaselineSpec",
    "Duration",
    "EquipmentClass",
    "FaultRule",
    "Key",
    "ParameterSpec",
    "PlanSpec",
    "PointSpec",
    "SeverityWord",
    "System",
    "TaskSpec",
    "TermSpec",
    "UnitSymbol",
    "Words",
    "WorkOrderSpec",
]


RuleText = Annotated[str, Field(min_length=1, max_length=2000)]


class System(StrEnum):
    """The building system that a class belongs to; tiles of the overview."""

    WATER = "water"
    POWER = "power"
    HEATING = "heating"
    ELEVATORS = "elevators"
    FIRE = "fire"
    HVAC = "hvac"
    LIGHTING = "lighting"
    AUTOMATION = "automation"


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


class ParameterSpec(_Strict):
    """A nameplate value or set-point of the equipment, usable in its rules by key."""

    key: Key
    name: Words
    unit: UnitSymbol = ""
    default: Number
    source: Source


class PointSpec(_Strict):
    """A point that equipment of the class may have."""

    key: Key
    name: Words
    kind: PointKind
    unit: UnitSymbol = ""
    valid: Span | None = None
    """[low, high]; a reading outside is bad. Analog points need it."""
    normal: Span | None = None
    """[low, high] of good running, inside `valid`. Analog points need it."""
    sample: Duration = 10_000_000_000
    """How often a reading comes; 10 s if not given."""
    stale_after: Duration | None = None
    """When a reading no longer speaks for the present; 3 x sample if not given."""
    values: dict[str, Annotated[int, Field(strict=True)]] | None = None
    """Enum only: word -> code."""
    source: Source

    @field_validator("valid", "normal")
    @classmethod
    def _ordered(cls, span: Span | None) -> Span | None:
        if span is not None and not span[0] < span[1]:
            raise ValueError("must be [low, high] with low < high")
        return span

    @field_validator("normal")
    @classmethod
    def _inside(cls, span: Span | None, info: ValidationInfo) -> Span | None:
        valid = info.data.get("valid")
        if span is not None and valid is not None and not (valid[0] <= span[0] and span[1] <= valid[1]):
            raise ValueError("must lie inside valid")
        return span

    @field_validator("sample")
    @classmethod
    def _positive(cls, sample: int) -> int:
        if sample <= 0:
            raise ValueError("must be longer than nothing")
        return sample

    @field_validator("stale_after")
    @classmethod
    def _after_a_sample(cls, stale_after: int | None, info: ValidationInfo) -> int | None:
        if stale_after is not None and stale_after < info.data.get("sample", 0):
            raise ValueError("must be at least as long as sample")
        return stale_after

    @field_validator("values")
    @classmethod
    def _different(cls, values: dict[str, int] | None) -> dict[str, int] | None:
        if values is not None and len(set(values.values())) < len(values):
            raise ValueError("two words have the same code")
        return values

    @model_validator(mode="after")
    def _complete(self) -> PointSpec:
        if self.kind is PointKind.ANALOG and (self.valid is None or self.normal is None):
            raise ValueError("an analog point needs valid and normal ranges")
        if (self.kind is PointKind.ENUM) != bool(self.values):
            raise ValueError("an enum point, and only that, needs values")
        return self

    @property
    def stale_nanos(self) -> int:
        """When a reading no longer speaks for the present: `stale_after`, or 3 x sample."""
        return self.stale_after if self.stale_after is not None else 3 * self.sample

    @property
    def valid_span(self) -> tuple[float, float]:
        """The range outside which a reading is bad; for binary and enum points what their kind allows."""
        if self.valid is not None:
            return self.valid
        if self.kind is PointKind.BINARY:
            return (0.0, 1.0)
        if self.kind is PointKind.COUNTER:
            return (0.0, float("inf"))
        return (float("-inf"), float("inf"))


class TaskSpec(_Strict):
    """One line of a checklist: pass or fail, or a measured value with its limits."""

    text: Words
    unit: UnitSymbol | None = None
    """Given where a value is measured; without it the line is pass or fail."""
    low: Number | None = None
    high: Number | None = None

    @model_validator(mode="after")
    def _measurable(self) -> TaskSpec:
        if self.unit is None and (self.low is not None or self.high is not None):
            raise ValueError("limits need a unit")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low must not be above high")
        return self


class WorkOrderSpec(_Strict):
    """The corrective order that a fault rule opens."""

    skill: Key
    fault: Key | None = None
    """Rules that name one fault share its open order: a warning and its alarm are one job, not two."""
    checklist: tuple[TaskSpec, ...] = ()


class TermSpec(_Strict):
    """A named piece of the class's rules: a number or a truth value (`is`), or a choice of states.

    Of `states` the first whose text holds is the state, and `other` where none does; a rule compares it with
    a quoted word, as an enum point.
    """

    key: Key
    name: Words
    text: RuleText | None = Field(default=None, alias="is")
    states: dict[Key, RuleText] | None = None
    source: Source

    @model_validator(mode="after")
    def _one(self) -> TermSpec:
        if (self.text is None) == (not self.states):
            raise ValueError("needs either `is` or `states`")
        if self.states and "other" in self.states:
            raise ValueError("`other` is the state where no text holds; it has none of its own")
        return self


class BaselineSpec(_Strict):
    """What is learned of each equipment's normal running; its deviation is a point of the class."""

    points: tuple[Key, ...] = Field(min_length=2)
    """Analog points that belong together."""
    running: RuleText | None = None
    """When the equipment is judged, in the language of rules; always if not given."""
    learn: Duration = 14 * 86_400_000_000_000
    """How much running makes the commissioning period."""
    deviation: Key = "deviation"
    """The point that takes the deviation: 1 is the limit."""
    source: Source


class FaultRule(_Strict):
    """When equipment of the class is in fault, and what follows."""

    key: Key
    name: Words
    when: RuleText
    """The condition, in the language that rules/README.md describes."""
    on_delay: Duration = 0
    """How long the condition must hold (Prometheus `for`)."""
    off_delay: Duration = 0
    """How long it must be gone (Prometheus `keep_firing_for`)."""
    min_hold: Duration = 0
    """How long the alarm stays active at least."""
    deadband: dict[str, str] = {}
    """Point key -> width with unit, such as `0.1 bar`; without it the default of the point's quantity."""
    severity: SeverityWord
    latching: bool = False
    """Whether a person must reset it after the condition is gone."""
    shelvable: bool = True
    suppresses: bool = False
    """Whether the alarms of all that this equipment serves or consists of follow from it while it stands."""
    explains: tuple[Key, ...] = ()
    """Rules of the same equipment whose alarms follow from this one while it stands."""
    instrument: Key | None = None
    """The point whose instrument it is about; such rules come with every analog point by themselves."""
    work_order: WorkOrderSpec | None = None
    """The corrective order that it opens; without it none."""
    cause: Words
    consequence: Words
    remedy: Words
    source: Source


class PlanSpec(_Strict):
    """A recurring piece of maintenance."""

    key: Key
    name: Words
    every: Every
    floating: bool = False
    """Whether it counts from the last completion; else from the calendar."""
    skill: Key
    tasks: tuple[TaskSpec, ...] = Field(min_length=1)
    source: Source


class EquipmentClass(_Strict):
    """An equipment class file."""

    key: Key
    name: Words
    system: System
    team: Words
    design_life_years: float = Field(gt=0)
    source: Source
    parameters: tuple[ParameterSpec, ...] = ()
    points: tuple[PointSpec, ...] = Field(min_length=1)
    terms: tuple[TermSpec, ...] = ()
    """Named pieces that rules use by key, as they use points."""
    baseline: BaselineSpec | None = None
    rules: tuple[FaultRule, ...] = ()
    plans: tuple[PlanSpec, ...] = ()

    def point(self, key: str) -> PointSpec | None:
        """The point of this key, if the class has one."""
        return next((point for point in self.points if point.key == key), None)

    def rule(self, key: str) -> FaultRule | None:
        """The fault rule of this key, if the class has one."""
        return next((rule for rule in self.rules if rule.key == key), None)

    def plan(self, key: str) -> PlanSpec | None:
        """The maintenance plan of this key, if the class has one."""
        return next((plan for plan in self.plans if plan.key == key), None)

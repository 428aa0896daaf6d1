"""The shape of an equipment class file. Published as JSON Schema by `plantroom catalogue schema`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from plantroom import units
from plantroom.alarms import Severity
from plantroom.errors import UnitError
from plantroom.maintenance import Interval
from plantroom.model import PointKind, Text
from plantroom.times import format_duration, parse_duration


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


def _duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else value


def _severity(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return Severity[value.upper()]
        except KeyError:
            words = ", ".join(item.name.lower() for item in reversed(Severity))
            raise ValueError(f"{value!r} is not a severity; one of {words}") from None
    return value


def _interval(value: Any) -> Any:
    return Interval.parse(value) if isinstance(value, str) else value


def _text(value: Any) -> Any:
    if isinstance(value, dict):
        unknown = set(value) - {"en", "zh"}
        if unknown or not {"en", "zh"} <= set(value):
            raise ValueError("needs exactly the keys en and zh")
        if not all(isinstance(part, str) and part.strip() for part in value.values()):
            raise ValueError("en and zh must be text")
        return Text(**value)
    if isinstance(value, Text):
        return value
    raise ValueError("needs the keys en and zh")


def _unit(value: str) -> str:
    try:
        units.unit(value)
    except UnitError as failure:
        raise ValueError(str(failure)) from None
    return value


Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Duration = Annotated[
    int,
    BeforeValidator(_duration, json_schema_input_type=str),
    PlainSerializer(format_duration, return_type=str),
]
SeverityWord = Annotated[
    Severity,
    BeforeValidator(
        _severity,
        json_schema_input_type=Literal["emergency", "critical", "major", "minor", "advisory"],
    ),
    PlainSerializer(lambda item: item.name.lower(), return_type=str),
]
Every = Annotated[Any, BeforeValidator(_interval, json_schema_input_type=str)]
Words = Annotated[Text, BeforeValidator(_text, json_schema_input_type=dict[str, str])]
UnitSymbol = Annotated[str, BeforeValidator(_unit, json_schema_input_type=str)]
Source = Annotated[str, Field(min_length=1, description='A standard and clause, or "practice".')]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class ParameterSpec(_Strict):
    """A nameplate value or set-point of the equipment, usable in its rules by key."""

    key: Key
    name: Words
    unit: UnitSymbol = ""
    default: float
    source: Source


class PointSpec(_Strict):
    """A point that equipment of the class may have."""

    key: Key
    name: Words
    kind: PointKind
    unit: UnitSymbol = ""
    valid: tuple[float, float] | None = None
    normal: tuple[float, float] | None = None
    sample: Duration = 10_000_000_000
    stale_after: Duration | None = None
    values: dict[str, int] | None = None
    source: Source

    @model_validator(mode="after")
    def _consistent(self) -> PointSpec:
        if self.kind is PointKind.ANALOG and (self.valid is None or self.normal is None):
            raise ValueError("an analog point needs valid and normal ranges")
        if (self.kind is PointKind.ENUM) != bool(self.values):
            raise ValueError("an enum point, and only that, needs values")
        for name, span in (("valid", self.valid), ("normal", self.normal)):
            if span is not None and not span[0] < span[1]:
                raise ValueError(f"{name} must be [low, high] with low < high")
        if (
            self.valid
            and self.normal
            and not (self.valid[0] <= self.normal[0] and self.normal[1] <= self.valid[1])
        ):
            raise ValueError("normal must lie inside valid")
        if self.sample <= 0 or self.stale_nanos < self.sample:
            raise ValueError("stale_after must be at least sample, and sample positive")
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
    low: float | None = None
    high: float | None = None


class WorkOrderSpec(_Strict):
    """The corrective order that a fault rule opens."""

    skill: Key
    checklist: tuple[TaskSpec, ...] = ()


class FaultRule(_Strict):
    """When equipment of the class is in fault, and what follows."""

    key: Key
    name: Words
    when: Annotated[str, Field(min_length=1, max_length=2000)]
    on_delay: Duration = 0
    """How long the condition must hold (Prometheus `for`)."""
    off_delay: Duration = 0
    """How long it must be gone (Prometheus `keep_firing_for`)."""
    deadband: dict[str, str] = {}
    """Point key -> width with unit, such as `0.1 bar`; without it the default of the point's quantity."""
    severity: SeverityWord
    latching: bool = False
    shelvable: bool = True
    work_order: WorkOrderSpec | None = None
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

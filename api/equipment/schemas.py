"""What goes in and out about equipment."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from api.alarms.schemas import Alarm
from api.equipment.state import Condition, State
from api.filters import PlaceQuery
from api.sites.schemas import severity_counts
from api.wire import Answer, Key, SeverityWord, Time, Words
from api.work_orders.schemas import WorkOrder
from plantroom.catalogue import EquipmentClass
from plantroom.catalogue.schema import System
from plantroom.model import Criticality, PointKind
from plantroom.stores.records.tables import EquipmentRow


class EquipmentQuery(PlaceQuery):
    """Which equipment, and in which order."""

    equipment_class: Annotated[Key | None, Field(alias="class")] = None
    space: Annotated[Key | None, Field(description="Key of a space; those inside it count. Needs site.")] = (
        None
    )
    retired: Annotated[bool, Field(description="Only what is retired, instead of what is in service.")] = (
        False
    )
    sort: Literal["key", "-key", "name", "-name", "criticality", "-criticality", "id", "-id"] = "key"


class EquipmentItem(Answer):
    """Equipment in a list."""

    site: str
    key: str
    path: str
    """`site/key`."""
    equipment_class: Annotated[str, Field(alias="class")]
    class_name: Words | None
    system: System | None
    name: Words
    criticality: Criticality
    space: str | None
    location: str
    state: State
    alarms: dict[str, int]
    """Standing alarms by severity."""
    open_orders: int
    points: int
    fresh_points: int
    """Points whose newest reading is usable and not stale."""
    retired_at: Time | None


class PointState(StrEnum):
    """What is to be thought of a point's newest reading."""

    GOOD = "good"
    BAD = "bad"
    STALE = "stale"
    NEVER_SEEN = "never_seen"


class Reading(Answer):
    """A point's newest reading."""

    at: Time
    value: float | None
    word: str | None
    """Enum and binary points: the value as a word."""
    quality: list[str]
    age_s: float


class PointNow(Answer):
    """A point and its newest reading."""

    key: str
    path: str
    """`site/equipment/point`, as `/readings` takes it."""
    name: Words
    kind: PointKind
    unit: str
    valid: tuple[float | None, float | None]
    """Outside it a reading is bad; null where there is no end."""
    normal: tuple[float, float] | None
    values: dict[str, int] | None
    sample_s: float
    stale_after_s: float
    state: PointState
    reading: Reading | None


class Parameter(Answer):
    """A nameplate value or set-point."""

    key: str
    name: Words
    value: float
    unit: str


class RuleNow(Answer):
    """A fault rule on this equipment and what it makes of it: unknown, normal, pending or active."""

    key: str
    name: Words
    severity: SeverityWord
    enabled: bool
    state: str
    when: str
    instrument: str | None
    """The point whose instrument the rule is about; such rules come with every analog point."""


class PlanNow(Answer):
    """A maintenance plan and how far it has come."""

    key: str
    name: Words
    skill: str
    last_due: Time | None
    last_done: Time | None
    next_due: Time
    overdue: bool


class EquipmentDetail(EquipmentItem):
    """Equipment with everything that is known of it now."""

    maker: str
    model: str
    serial: str
    installed_on: date | None
    design_life_years: float | None
    commissioned_at: Time
    served_by: str | None
    """Path of the equipment that feeds it."""
    serves: list[str]
    """Paths of the equipment that it feeds."""
    parent: str | None
    """Path of the equipment that it is a part of."""
    children: list[str]
    """Paths of its parts."""
    parameters: list[Parameter]
    live: list[PointNow]
    rules: list[RuleNow]
    plans: list[PlanNow]
    standing_alarms: list[Alarm]
    """At most 50, the worst first; all under `/alarms?equipment=`."""
    orders: list[WorkOrder]
    """The newest 20; all under `/work-orders?equipment=`."""


def item_fields(row: EquipmentRow, cls: EquipmentClass | None, condition: Condition) -> dict[str, Any]:
    """The fields of `EquipmentItem`."""
    return {
        "site": row.site,
        "key": row.key,
        "path": f"{row.site}/{row.key}",
        "class": row.equipment_class,
        "class_name": None if cls is None else Words.of(cls.name),
        "system": None if cls is None else cls.system,
        "name": Words(en=row.name_en, zh=row.name_zh),
        "criticality": Criticality(row.criticality),
        "space": row.space,
        "location": row.location,
        "state": condition.state,
        "alarms": severity_counts(condition.standing),
        "open_orders": condition.open_orders,
        "points": condition.points,
        "fresh_points": condition.fresh_points,
        "retired_at": row.retired_at,
    }

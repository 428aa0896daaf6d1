"""What goes in and out about discovered devices."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from api.wire import Answer, Key, Line, PageQuery, Request, SearchText, Time
from plantroom.discovery import MOST_FIELDS, Target, Word
from plantroom.stores.records.discovered import ANNOUNCING, DeviceState
from plantroom.stores.records.tables import DiscoveredRow

FieldName = Annotated[str, Field(min_length=1, max_length=200)]


class DiscoveredQuery(PageQuery):
    """Which devices."""

    state: DeviceState | None = None
    site: Key | None = None
    text: SearchText | None = None


class DiscoveredField(Answer):
    """One value that a device sends, in its own words."""

    name: str
    unit: str
    readable: bool
    """Whether it can be adopted: false where only a template that is not understood would find it."""


class AdoptedPoint(Answer):
    """Which point a field became."""

    equipment: str
    point: str
    unit: str | None
    scale: float | None
    offset: float | None
    words: dict[str, Word] | None
    text_number: bool | None


class DiscoveredDevice(Answer):
    """One device. Its names, units and fields are from outside: show them as text and nothing else."""

    id: int
    layout: str
    site: str
    device: str
    name: str
    maker: str
    model: str
    state: DeviceState
    fields: list[DiscoveredField]
    points: dict[str, AdoptedPoint]
    """Field -> point, of an adopted device."""
    first_seen_at: Time
    last_seen_at: Time
    decided_at: Time | None
    decided_by: str | None

    @classmethod
    def of(cls, row: DiscoveredRow) -> DiscoveredDevice:
        """The row as it goes out."""
        return cls(
            id=row.id,
            layout=row.layout,
            site=row.site,
            device=row.device,
            name=row.name,
            maker=row.maker,
            model=row.model,
            state=DeviceState(row.state),
            fields=[
                DiscoveredField(
                    name=item["name"],
                    unit=item["unit"],
                    readable=row.layout != ANNOUNCING or bool(item["topic"]),
                )
                for item in row.fields
            ],
            points={name: _point(target) for name, target in row.targets.items()},
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
            decided_at=row.decided_at,
            decided_by=row.decided_by,
        )


def _point(target: dict[str, object]) -> AdoptedPoint:
    return AdoptedPoint.model_validate({name: target[name] for name in AdoptedPoint.model_fields})


class ProposalQuery(Request):
    """Of which equipment class; without it the one that fits best."""

    equipment_class: Key | None = None


class Proposal(Answer):
    """What the device may be. A guess from names and units: look at it before adopting."""

    equipment_class: str
    """Empty where no class has points like its fields."""
    points: dict[str, str]
    """Field -> point of the class."""
    equipment: list[str]
    """The keys of the site's equipment of the class."""


class PointBody(Request):
    """The point of a field, with what the layout and the device do not say right."""

    equipment: Key
    point: Key
    unit: Annotated[str, Field(max_length=20)] | None = None
    scale: Annotated[float, Field(allow_inf_nan=False)] | None = None
    offset: Annotated[float, Field(allow_inf_nan=False)] | None = None
    words: Annotated[dict[Line, Word], Field(max_length=50)] | None = None
    text_number: bool | None = None

    def target(self) -> Target:
        """The point as the stores know it."""
        return Target(**self.model_dump())


class AdoptBody(Request):
    """Which field is which point."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"points": {"power": {"equipment": "pump-01", "point": "power", "unit": "W"}}}]
        }
    )

    points: Annotated[dict[FieldName, PointBody], Field(min_length=1, max_length=MOST_FIELDS)]

"""Devices found on other people's topics, worked out for the page that lists them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.console.views.filters import PAGE, Filters
from plantroom.catalogue import Catalogue
from plantroom.model import PointTable
from plantroom.proposals import Proposal, propose
from plantroom.stores.records import discovered
from plantroom.stores.records.discovered import ANNOUNCING, OWN_LAYOUT, DeviceState
from plantroom.stores.records.paging import Page, page_or_first
from plantroom.stores.records.tables import DiscoveredRow
from plantroom.times import Nanos


@dataclass(frozen=True, slots=True)
class FieldView:
    """One value that the device sends: name and unit are the device's own."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device: everything in it but its state came from outside."""

    id: int
    layout: str
    site: str
    device: str
    name: str
    make: str
    state: DeviceState
    fields: tuple[FieldView, ...]
    points: tuple[tuple[str, str], ...]
    """(field, equipment/point) of an adopted device."""
    last_seen_at: Nanos

    @property
    def can_adopt(self) -> bool:
        """Whether its values can be tied to points; what publishes by our grammar needs its equipment."""
        return self.layout != OWN_LAYOUT and bool(self.fields)


def device_page(session: Session, filters: Filters) -> Page[DeviceView]:
    """A page of devices, those found last first."""
    query = discovered.query()
    if filters.state:
        query = query.where(DiscoveredRow.state == filters.state)
    if filters.q:
        wanted = (DiscoveredRow.device, DiscoveredRow.name, DiscoveredRow.maker, DiscoveredRow.model)
        hit, *more = (column.icontains(filters.q, autoescape=True) for column in wanted)
        for other in more:
            hit |= other
        query = query.where(hit)
    found = page_or_first(
        session,
        query,
        by=DiscoveredRow.id,
        key=DiscoveredRow.id,
        descending=True,
        cursor=filters.cursor,
        limit=PAGE,
    )
    return Page([device_view(row) for row in found.rows], found.next_cursor, found.total)


def device_view(row: DiscoveredRow) -> DeviceView:
    """The device, with the fields that can be read."""
    fields = (item for item in row.fields if row.layout != ANNOUNCING or item["topic"])
    return DeviceView(
        id=row.id,
        layout=row.layout,
        site=row.site,
        device=row.device,
        name=row.name,
        make=" ".join(filter(None, (row.maker, row.model))),
        state=DeviceState(row.state),
        fields=tuple(FieldView(item["name"], item["unit"]) for item in fields),
        points=tuple(
            (name, f"{target['equipment']}/{target['point']}") for name, target in row.targets.items()
        ),
        last_seen_at=row.last_seen_at,
    )


def proposal(view: DeviceView, catalogue: Catalogue, equipment_class: str = "") -> Proposal:
    """What the device may be, of this class or of any."""
    classes = [cls for cls in catalogue if not equipment_class or cls.key == equipment_class]
    return propose([(item.name, item.unit) for item in view.fields], classes)


def equipment_of(table: PointTable, site: str, equipment_class: str) -> list[str]:
    """The keys of the site's equipment of a class."""
    return sorted(
        item.key
        for item in table.equipment
        if item.site == site and item.equipment_class == equipment_class and item.retired_at is None
    )

"""Discovered devices: list, look at a proposal, adopt, set aside, take back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api import problems
from api.dependencies import Engineer, Now, Parts
from api.discovered.schemas import (
    AdoptBody,
    DiscoveredDevice,
    DiscoveredQuery,
    Proposal,
    ProposalQuery,
)
from api.filters import mentions
from api.wire import IdPath, PageOf, paged
from plantroom.proposals import propose
from plantroom.stores.records import discovered
from plantroom.stores.records.tables import DiscoveredRow

router = APIRouter(prefix="/discovered", tags=["discovered devices"])


@router.get("", summary="List discovered devices")
def list_discovered(
    query: Annotated[DiscoveredQuery, Query()], context: Parts, _who: Engineer
) -> PageOf[DiscoveredDevice]:
    """Those found last first. Of those that nobody decided about only the last heard are kept."""
    rows = discovered.query()
    if query.state is not None:
        rows = rows.where(DiscoveredRow.state == query.state.value)
    if query.site is not None:
        rows = rows.where(DiscoveredRow.site == query.site)
    if query.text is not None:
        wanted = (DiscoveredRow.device, DiscoveredRow.name, DiscoveredRow.maker, DiscoveredRow.model)
        rows = rows.where(mentions(query.text, *wanted))
    with context.database.session() as session:
        return paged(
            session,
            rows,
            query,
            DiscoveredDevice.of,
            by=DiscoveredRow.id,
            key=DiscoveredRow.id,
            descending=True,
        )


@router.get("/{device_id}", summary="One discovered device")
def get_discovered(device_id: IdPath, context: Parts, _who: Engineer) -> DiscoveredDevice:
    """The device with its fields, and what was decided."""
    with context.database.session() as session:
        return DiscoveredDevice.of(discovered.get(session, device_id))


@router.get("/{device_id}/proposal", summary="What a discovered device may be")
def get_adoption_proposal(
    device_id: IdPath, query: Annotated[ProposalQuery, Query()], context: Parts, _who: Engineer
) -> Proposal:
    """A guess from the names and units of its fields: a class, its points, and the site's equipment of it."""
    classes = list(context.catalogue)
    if query.equipment_class is not None:
        classes = [cls for cls in classes if cls.key == query.equipment_class]
        if not classes:
            raise problems.wrong("query.equipment_class", "is no class of the catalogue")
    with context.database.session() as session:
        row = discovered.get(session, device_id)
        made = propose([(item["name"], item["unit"]) for item in row.fields], classes)
    known = [
        item.key
        for item in context.table().equipment
        if item.site == row.site and item.equipment_class == made.equipment_class and item.retired_at is None
    ]
    return Proposal(equipment_class=made.equipment_class, points=dict(made.points), equipment=sorted(known))


@router.post("/{device_id}/adopt", summary="Adopt a discovered device")
def adopt_discovered(
    device_id: IdPath, body: AdoptBody, context: Parts, now: Now, who: Engineer
) -> DiscoveredDevice:
    """Ties its fields to points of equipment that is known, in place of what was adopted before. Works within
    seconds; what a map file says of the device goes before.
    """
    targets = {name: point.target() for name, point in body.points.items()}
    with context.database.transaction() as session:
        row = discovered.adopt(session, device_id, targets, table=context.table(), by=who.username, now=now)
        return DiscoveredDevice.of(row)


@router.post("/{device_id}/ignore", summary="Set a discovered device aside")
def ignore_discovered(device_id: IdPath, context: Parts, now: Now, who: Engineer) -> DiscoveredDevice:
    """What it sends is passed over from now on, and does not fill the quarantine."""
    with context.database.transaction() as session:
        return DiscoveredDevice.of(discovered.ignore(session, device_id, by=who.username, now=now))


@router.post("/{device_id}/release", summary="List a discovered device as new again")
def release_discovered(device_id: IdPath, context: Parts, now: Now, who: Engineer) -> DiscoveredDevice:
    """Neither adopted nor set aside any more."""
    with context.database.transaction() as session:
        return DiscoveredDevice.of(discovered.release(session, device_id, by=who.username, now=now))

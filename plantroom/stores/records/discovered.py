"""Devices found on other people's topics: listed, adopted as equipment that is known, or set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from plantroom import units
from plantroom.discovery import MOST_FIELDS, Binding, Found, Target
from plantroom.errors import ConflictError, NotFoundError, UnitError
from plantroom.model import PointTable
from plantroom.stores.records.database import Database
from plantroom.stores.records.tables import DiscoveredRow
from plantroom.stores.records.users import audit
from plantroom.times import Nanos

MAX_DEVICES = 2_000
OWN_LAYOUT = "plantroom"
"""Of devices that publish by Plantroom's own grammar: equipment that nobody has told of."""
ANNOUNCING = "home_assistant"
"""The layout whose devices say where each of their values stands."""


class DeviceState(StrEnum):
    """What was decided about a found device."""

    NEW = "new"
    ADOPTED = "adopted"
    IGNORED = "ignored"


class DiscoveryStore:
    """A DiscoverySink on the database, holding `limit` devices that nobody has decided about."""

    def __init__(self, database: Database, limit: int = MAX_DEVICES) -> None:
        self._database = database
        self._limit = limit

    def keep(self, found: Sequence[Found], now: Nanos) -> None:
        """Keep the devices, dropping beyond the limit those that have been silent for longest.

        Raises: StoreUnavailableError where a later try may work.
        """
        if not found:
            return
        with self._database.transaction() as session:
            for item in found[-self._limit :]:
                _keep(session, item, now)
            session.flush()
            new = select(DiscoveredRow.id).where(DiscoveredRow.state == DeviceState.NEW.value)
            newest = new.order_by(DiscoveredRow.last_seen_at.desc(), DiscoveredRow.id.desc())
            beyond = list(session.scalars(newest.offset(self._limit)))
            if beyond:
                session.execute(delete(DiscoveredRow).where(DiscoveredRow.id.in_(beyond)))


def _keep(session: Session, found: Found, now: Nanos) -> None:
    row = session.scalar(
        select(DiscoveredRow).where(
            DiscoveredRow.layout == found.layout,
            DiscoveredRow.site == found.site,
            DiscoveredRow.device == found.device,
        )
    )
    if row is None:
        row = DiscoveredRow(
            layout=found.layout,
            site=found.site,
            device=found.device,
            state=DeviceState.NEW.value,
            first_seen_at=now,
            fields=[],
            targets={},
        )
        session.add(row)
    given = {item.name: {**asdict(item), "words": dict(item.words)} for item in found.fields}
    before = {item["name"]: item for item in row.fields}
    row.fields = list((before | given).values())[-MOST_FIELDS:]
    row.name = found.name or row.name or found.device
    row.maker = found.maker or row.maker or ""
    row.model = found.model or row.model or ""
    row.last_seen_at = now


def query() -> Select[DiscoveredRow]:
    """Every device that is kept, to be filtered and paged."""
    return select(DiscoveredRow)


def get(session: Session, device_id: int) -> DiscoveredRow:
    """The device.

    Raises: NotFoundError.
    """
    row = session.get(DiscoveredRow, device_id)
    if row is None:
        raise NotFoundError(f"no discovered device {device_id}")
    return row


def bindings(session: Session) -> list[Binding]:
    """What was decided, as the collector needs it."""
    rows = session.scalars(
        select(DiscoveredRow).where(DiscoveredRow.state != DeviceState.NEW.value).order_by(DiscoveredRow.id)
    )
    return [
        Binding(
            row.layout,
            row.site,
            row.device,
            {name: Target(**target) for name, target in row.targets.items()},
            ignored=row.state == DeviceState.IGNORED.value,
        )
        for row in rows
    ]


def stamp(session: Session) -> tuple[int, int]:
    """What changes with every decision: how many stand, and when the last was made."""
    count, last = session.execute(
        select(
            func.count().filter(DiscoveredRow.state != DeviceState.NEW.value),
            func.max(DiscoveredRow.decided_at),
        )
    ).one()
    return count, last or 0


def adopt(
    session: Session,
    device_id: int,
    targets: Mapping[str, Target],
    *,
    table: PointTable,
    by: str,
    now: Nanos,
) -> DiscoveredRow:
    """The device, its fields tied to points from here on, in place of what was adopted before.

    Raises: NotFoundError, ConflictError where a field cannot be read or a point not be meant.
    """
    row = get(session, device_id)
    if row.layout == OWN_LAYOUT:
        raise ConflictError(
            "it publishes on Plantroom's own topics: add it to the site file as equipment of this key"
        )
    known = {item["name"]: item for item in row.fields}
    row.targets = {
        name: asdict(_checked(row.layout, row.site, name, known.get(name), target, table=table))
        for name, target in targets.items()
    }
    return _decide(session, row, DeviceState.ADOPTED, by=by, now=now)


def _checked(
    layout: str, site: str, name: str, field: Mapping[str, Any] | None, target: Target, *, table: PointTable
) -> Target:
    """The target with where the field stands."""
    if field is None:
        raise ConflictError(f"the device has told of no field {name[:80]!r}")
    if layout == ANNOUNCING and not field["topic"]:
        raise ConflictError(f"{name[:80]!r} cannot be read: its template is more than a key")
    ids = table.of_equipment(site, target.equipment)
    if ids is None:
        raise ConflictError(f"there is no equipment {target.equipment!r} at {site!r}")
    if target.point not in ids:
        raise ConflictError(f"{site}/{target.equipment} has no point {target.point!r}")
    point = table.points[ids[target.point]]
    unit = target.unit if target.unit is not None else _known_unit(field["unit"])
    if unit:
        try:
            units.conversion(unit, point.unit)
        except UnitError as failure:
            raise ConflictError(f"{name[:80]}: {failure}; give the unit that it is in") from None
    return Target(
        equipment=target.equipment,
        point=target.point,
        unit=unit,
        scale=target.scale,
        offset=target.offset,
        words=target.words if target.words is not None else (field["words"] or None),
        text_number=target.text_number if target.text_number is not None else (field["text_number"] or None),
        topic=field["topic"],
        path=field["path"],
    )


def _known_unit(symbol: str) -> str | None:
    """The unit that a device names, if it is one."""
    return symbol if symbol and symbol in units.UNITS else None


def ignore(session: Session, device_id: int, *, by: str, now: Nanos) -> DiscoveredRow:
    """The device, set aside: what it sends is passed over.

    Raises: NotFoundError.
    """
    row = get(session, device_id)
    row.targets = {}
    return _decide(session, row, DeviceState.IGNORED, by=by, now=now)


def release(session: Session, device_id: int, *, by: str, now: Nanos) -> DiscoveredRow:
    """The device, new again: neither adopted nor set aside.

    Raises: NotFoundError.
    """
    row = get(session, device_id)
    row.targets = {}
    return _decide(session, row, DeviceState.NEW, by=by, now=now)


def _decide(
    session: Session, row: DiscoveredRow, state: DeviceState, *, by: str, now: Nanos
) -> DiscoveredRow:
    row.state, row.decided_by, row.decided_at = state.value, by, now
    audit(session, f"discovered.{state}", f"{row.layout} {row.site} {row.device}"[:200], by=by, now=now)
    return row

"""The property in the database: a site file goes in, equipment and points come out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from plantroom import units
from plantroom.alarms import Severity
from plantroom.catalogue.loader import Catalogue
from plantroom.catalogue.schema import EquipmentClass, PointSpec
from plantroom.errors import NotFoundError
from plantroom.model import Criticality, Equipment, Point, PointTable, RuleOverride, Site, Space, Text
from plantroom.site_file import EquipmentEntry, SiteEntry, SiteFile, parameter_value
from plantroom.stores.records import locks, versions
from plantroom.stores.records.tables import EquipmentRow, PlanRow, PointRow, SiteRow, SpaceRow
from plantroom.times import Nanos, from_datetime, parse_duration


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, in equipment paths."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    retired: tuple[str, ...]


def import_sites(session: Session, document: SiteFile, catalogue: Catalogue, now: Nanos) -> Imported:
    """What the import did. Doing it again changes nothing.

    Equipment of the file's sites that the file no longer names is retired, never deleted; named again,
    it comes back with its history. `document` has passed `load_site_file`.
    """
    locks.hold(session, locks.PROPERTY)  # processes that start together import the same files
    outcome: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": [], "retired": []}
    changed = False
    for site in document.sites:
        there = session.get(SiteRow, site.key) or SiteRow(key=site.key)
        there.name_en, there.name_zh, there.zone = site.name.en, site.name.zh, site.zone
        session.add(there)
        changed |= session.is_modified(there)
        session.flush()
        changed |= _import_spaces(session, site)
        known = {
            item.key: item
            for item in session.scalars(select(EquipmentRow).where(EquipmentRow.site == site.key))
        }
        for entry in site.equipment:
            row = known.get(entry.key)
            what = _import_equipment(session, site, entry, row, catalogue=catalogue, now=now)
            outcome[what].append(f"{site.key}/{entry.key}")
            changed |= what != "unchanged" or bool(session.new)
            session.flush()
        for key in sorted(known.keys() - {entry.key for entry in site.equipment}):
            if known[key].retired_at is None:
                known[key].retired_at = now
                outcome["retired"].append(f"{site.key}/{key}")
                changed = True
    session.flush()
    if changed:
        versions.count_on(session, versions.PROPERTY)
    return Imported(**{word: tuple(paths) for word, paths in outcome.items()})


def _import_spaces(session: Session, site: SiteEntry) -> bool:
    """Whether anything changed."""
    known = {row.key: row for row in session.scalars(select(SpaceRow).where(SpaceRow.site == site.key))}
    for space in site.spaces:
        row = known.get(space.key) or SpaceRow(site=site.key, key=space.key)
        row.parent, row.name_en, row.name_zh = space.parent, space.name.en, space.name.zh
        session.add(row)
    for key in known.keys() - {space.key for space in site.spaces}:
        session.delete(known[key])
    changed = bool(session.new or session.deleted) or any(map(session.is_modified, session.dirty))
    session.flush()
    return changed


def _import_equipment(
    session: Session,
    site: SiteEntry,
    entry: EquipmentEntry,
    row: EquipmentRow | None,
    *,
    catalogue: Catalogue,
    now: Nanos,
) -> str:
    what = "added" if row is None else "unchanged"
    if row is None:
        row = EquipmentRow(site=site.key, key=entry.key, commissioned_at=now)
    values = _columns(entry, catalogue[entry.equipment_class])
    if any(getattr(row, name, None) != value for name, value in values.items()):
        what = what if what == "added" else "changed"
        for name, value in values.items():
            setattr(row, name, value)
    session.add(row)
    session.flush()
    have = set(session.scalars(select(PointRow.key).where(PointRow.equipment_id == row.id)))
    for spec in catalogue[entry.equipment_class].points:
        if spec.key not in have:
            session.add(PointRow(equipment_id=row.id, key=spec.key))
    zone = ZoneInfo(site.zone)
    for key, plan in entry.plans.items():
        if session.get(PlanRow, (row.id, key)) is None:
            done = from_datetime(datetime.combine(plan.last_done, time(12), zone))
            session.add(PlanRow(equipment_id=row.id, plan=key, last_due=done, last_done=done))
    return what


def _columns(entry: EquipmentEntry, cls: EquipmentClass) -> dict[str, Any]:
    unit_of = {spec.key: spec.unit for spec in cls.parameters}
    return {
        "equipment_class": entry.equipment_class,
        "name_en": entry.name.en,
        "name_zh": entry.name.zh,
        "criticality": entry.criticality.value,
        "space": entry.space,
        "location": entry.location,
        "served_by": entry.served_by,
        "parent": entry.parent,
        "maker": entry.maker,
        "model": entry.model,
        "serial": entry.serial,
        "installed_on": entry.installed_on,
        "design_life_years": entry.design_life_years,
        "parameters": {key: parameter_value(value, unit_of[key]) for key, value in entry.parameters.items()},
        "point_overrides": {
            key: item.model_dump(mode="json", exclude_defaults=True) for key, item in entry.points.items()
        },
        "rule_overrides": {
            key: {
                "enabled": item.enabled,
                "on_delay": item.on_delay,
                "off_delay": item.off_delay,
                "severity": None if item.severity is None else int(item.severity),
            }
            for key, item in entry.rules.items()
        },
        "retired_at": None,
    }


def load_sites(session: Session) -> list[Site]:
    """Every site, by key."""
    return [to_site(row) for row in session.scalars(query_sites().order_by(SiteRow.key))]


def query_sites() -> Select[SiteRow]:
    """Every site, to be paged."""
    return select(SiteRow)


def get_site(session: Session, key: str) -> Site:
    """The site of this key.

    Raises: NotFoundError.
    """
    row = session.get(SiteRow, key)
    if row is None:
        raise NotFoundError(f"no site {key!r}")
    return to_site(row)


def to_site(row: SiteRow) -> Site:
    """The row as the model's site."""
    return Site(row.key, Text(row.name_en, row.name_zh), row.zone)


def query_spaces(site: str) -> Select[SpaceRow]:
    """The site's spaces, to be paged."""
    return select(SpaceRow).where(SpaceRow.site == site)


def to_space(row: SpaceRow) -> Space:
    """The row as the model's space."""
    return Space(row.site, row.key, Text(row.name_en, row.name_zh), row.parent)


def query_equipment() -> Select[EquipmentRow]:
    """All equipment, retired too, to be filtered, sorted and paged."""
    return select(EquipmentRow)


def get_equipment(session: Session, site: str, key: str) -> EquipmentRow:
    """The equipment, retired or not.

    Raises: NotFoundError.
    """
    row = session.scalar(select(EquipmentRow).where(EquipmentRow.site == site, EquipmentRow.key == key))
    if row is None:
        raise NotFoundError(f"no equipment {site}/{key}")
    return row


def load_spaces(session: Session, site: str | None = None) -> list[Space]:
    """The spaces of one site or of all, by site and key."""
    query = select(SpaceRow).order_by(SpaceRow.site, SpaceRow.key)
    if site is not None:
        query = query.where(SpaceRow.site == site)
    return [to_space(row) for row in session.scalars(query)]


def load_table(session: Session, catalogue: Catalogue) -> PointTable:
    """All equipment, retired too, and its fitted points with overrides applied.

    Equipment whose class the catalogue no longer has is left out.
    """
    rows = [
        row
        for row in session.scalars(select(EquipmentRow).order_by(EquipmentRow.id))
        if row.equipment_class in catalogue
    ]
    by_id = {row.id: row for row in rows}
    zones = {row.key: row.zone for row in session.scalars(select(SiteRow))}
    equipment = [_equipment(row, catalogue[row.equipment_class], zones[row.site]) for row in rows]
    return PointTable(equipment, _points(session, by_id, catalogue))


def _equipment(row: EquipmentRow, cls: EquipmentClass, zone: str) -> Equipment:
    defaults = {spec.key: spec.default for spec in cls.parameters}
    return Equipment(
        id=row.id,
        site=row.site,
        key=row.key,
        equipment_class=row.equipment_class,
        name=Text(row.name_en, row.name_zh),
        criticality=Criticality(row.criticality),
        space=row.space,
        location=row.location,
        served_by=row.served_by,
        parent=row.parent,
        maker=row.maker,
        model=row.model,
        serial=row.serial,
        installed_on=row.installed_on,
        design_life_years=row.design_life_years or cls.design_life_years,
        parameters=defaults | row.parameters,
        rule_overrides={key: _rule_override(item) for key, item in row.rule_overrides.items()},
        retired_at=row.retired_at,
        commissioned_at=row.commissioned_at,
        zone=zone,
    )


def _rule_override(item: dict[str, Any]) -> RuleOverride:
    severity = item["severity"]
    return RuleOverride(
        enabled=item["enabled"],
        on_delay=item["on_delay"],
        off_delay=item["off_delay"],
        severity=None if severity is None else Severity(severity),
    )


def _points(session: Session, by_id: dict[int, EquipmentRow], catalogue: Catalogue) -> Iterable[Point]:
    for point in session.scalars(select(PointRow).order_by(PointRow.id)):
        row = by_id.get(point.equipment_id)
        spec = None if row is None else catalogue[row.equipment_class].point(point.key)
        if row is None or spec is None:
            continue
        override = row.point_overrides.get(point.key, {})
        if override.get("fitted", True):
            yield _point(point, row, spec, override)


def _point(point: PointRow, row: EquipmentRow, spec: PointSpec, override: dict[str, Any]) -> Point:
    scale, offset = units.conversion(override.get("unit") or spec.unit, spec.unit)

    def span(name: str, default: tuple[float, float] | None) -> tuple[float, float] | None:
        given = override.get(name)
        return default if given is None else (given[0] * scale + offset, given[1] * scale + offset)

    sample = _nanos(override.get("sample")) or spec.sample
    return Point(
        id=point.id,
        site=row.site,
        equipment=row.key,
        key=point.key,
        name=spec.name,
        kind=spec.kind,
        unit=spec.unit,
        valid=span("valid", None) or spec.valid_span,
        normal=span("normal", spec.normal),
        sample=sample,
        stale_after=_nanos(override.get("stale_after")) or max(spec.stale_nanos, 3 * sample),
        values=dict(spec.values or {}),
    )


def _nanos(text: str | None) -> Nanos | None:
    return None if text is None else parse_duration(text)

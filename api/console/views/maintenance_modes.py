"""Maintenance modes as an equipment's page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.console.i18n import N_, Translator
from plantroom.catalogue import Catalogue
from plantroom.catalogue.schema import System
from plantroom.model import Equipment, Text
from plantroom.stores.records import maintenance_modes
from plantroom.stores.records.tables import EquipmentRow, SpaceRow
from plantroom.times import Nanos

LASTS: Mapping[str, str] = {
    "1h": N_("1 h"),
    "2h": N_("2 h"),
    "4h": N_("4 h"),
    "8h": N_("8 h"),
    "24h": N_("24 h"),
    "3d": N_("3 d"),
    "7d": N_("7 d"),
}
"""Choices of how long a mode may last, by the duration's text."""


@dataclass(frozen=True, slots=True)
class ModeView:
    """The maintenance mode that covers an equipment."""

    id: int
    of: str
    """The equipment or space that it was set for, in the visitor's language."""
    reason: str
    by: str
    started_at: Nanos
    until: Nanos


def load_mode(session: Session, t: Translator, equipment_id: int) -> ModeView | None:
    """The running mode that covers the equipment, of several the one that lasts longest; None for none."""
    mode = maintenance_modes.covered_equipment(session).get(equipment_id)
    if mode is None:
        return None
    if mode.equipment is not None:
        of = t.text(Text(mode.equipment.name_en, mode.equipment.name_zh))
    else:
        space = session.get(SpaceRow, (mode.site, mode.space))
        of = "" if space is None else t.text(Text(space.name_en, space.name_zh))
    return ModeView(
        id=mode.id,
        of=of or mode.space or "",
        reason=mode.reason,
        by=mode.by,
        started_at=mode.started_at,
        until=mode.until,
    )


def stays_in_service(catalogue: Catalogue, row: EquipmentRow) -> bool:
    """Whether the equipment's alarms stay in service in any mode: those of fire protection do.

    Source: NFPA 72 practice; test mode is the panel's own.
    """
    cls = catalogue.classes.get(row.equipment_class)
    return cls is not None and cls.system is System.FIRE


def is_exempt(catalogue: Catalogue, item: Equipment) -> bool:
    """The same of an equipment as the property model has it."""
    cls = catalogue.classes.get(item.equipment_class)
    return cls is not None and cls.system is System.FIRE

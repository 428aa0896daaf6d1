"""Equipment as the console lists it, and what one equipment's page says besides its live values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from api.console.formats import number_text, plain_number, with_unit
from api.console.i18n import N_, Translator
from api.console.views.filters import Filters, classes_of, matches
from api.console.views.standing import Standing
from plantroom.alarms import Severity
from plantroom.catalogue import Catalogue
from plantroom.model import Equipment, PointTable, Space
from plantroom.stores.records.property import load_spaces


class State(StrEnum):
    """How an equipment does, as far as is known. The API's words."""

    ALARM = "alarm"
    UNKNOWN = "unknown"
    NORMAL = "normal"
    RETIRED = "retired"


STATE: Mapping[State, str] = {
    State.ALARM: N_("Alarm"),
    State.UNKNOWN: N_("Unknown"),
    State.NORMAL: N_("Normal"),
    State.RETIRED: N_("Retired"),
}


@dataclass(frozen=True, slots=True)
class EquipmentView:
    """One row of the list of equipment."""

    id: int
    site: str
    key: str
    name: str
    class_name: str
    place: str
    criticality: str
    state: State
    severity: Severity | None
    alarms: int
    orders: int
    points: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of all equipment at one moment."""

    standing: Standing
    points: Mapping[int, int]
    unknown: Mapping[int, int]


def state_of(item: Equipment, known: Known) -> State:
    """The equipment's state. Unknown is not normal: it is what nothing speaks for."""
    if item.retired_at is not None:
        return State.RETIRED
    if known.standing.of(item.id).worst is not None:
        return State.ALARM
    points = known.points.get(item.id, 0)
    return State.NORMAL if points > known.unknown.get(item.id, 0) else State.UNKNOWN


def equipment_list(
    t: Translator,
    table: PointTable,
    catalogue: Catalogue,
    known: Known,
    *,
    filters: Filters,
    places: Mapping[tuple[str, str], str],
) -> list[EquipmentView]:
    """The equipment that the filters leave: the worst first, then by site and name.

    `places` are the spaces' names by (site, space). Retired equipment shows only when asked for.
    """
    classes = set(classes_of(catalogue, filters.system))
    found = [
        equipment_view(t, item, catalogue, known, places)
        for item in table.equipment
        if (not filters.site or item.site == filters.site)
        and item.equipment_class in classes
        and (not filters.equipment_class or item.equipment_class == filters.equipment_class)
        and _says(item, catalogue, filters.q, places)
    ]
    wanted = filters.state
    if wanted == "incomplete":
        found = [view for view in found if view.unknown and view.state is not State.RETIRED]
    elif wanted:
        found = [view for view in found if view.state == wanted]
    else:
        found = [view for view in found if view.state is not State.RETIRED]
    order = list(State)
    return sorted(
        found,
        key=lambda view: (order.index(view.state), -(view.severity or 0), view.site, view.name, view.key),
    )


def equipment_view(
    t: Translator,
    item: Equipment,
    catalogue: Catalogue,
    known: Known,
    places: Mapping[tuple[str, str], str],
) -> EquipmentView:
    """The equipment's row."""
    standing = known.standing.of(item.id)
    space = places.get((item.site, item.space), "") if item.space else ""
    return EquipmentView(
        id=item.id,
        site=item.site,
        key=item.key,
        name=t.text(item.name),
        class_name=t.text(catalogue[item.equipment_class].name),
        place=" · ".join(part for part in (space, item.location) if part),
        criticality=item.criticality.value,
        state=state_of(item, known),
        severity=standing.worst,
        alarms=standing.alarms,
        orders=standing.orders,
        points=known.points.get(item.id, 0),
        unknown=known.unknown.get(item.id, 0),
    )


def _says(item: Equipment, catalogue: Catalogue, text: str, places: Mapping[tuple[str, str], str]) -> bool:
    if not text:
        return True
    space = places.get((item.site, item.space), "") if item.space else ""
    words = (item.key, item.location, item.maker, item.model, item.serial, space)
    return matches(text, words=words, texts=(item.name, catalogue[item.equipment_class].name))


def load_places(session: Session) -> list[Space]:
    """Every space of every site."""
    return load_spaces(session)


def place_names(t: Translator, spaces: list[Space]) -> dict[tuple[str, str], str]:
    """(site, space) -> the space's name with those around it: `Tower A · Basement 2`."""
    by_key = {(space.site, space.key): space for space in spaces}
    names: dict[tuple[str, str], str] = {}
    for key, space in by_key.items():
        parts: list[str] = []
        here: Space | None = space
        while here is not None and len(parts) < 10:
            parts.append(t.text(here.name))
            here = by_key.get((here.site, here.parent)) if here.parent else None
        names[key] = " · ".join(reversed(parts))
    return names


def nameplate(t: Translator, item: Equipment, catalogue: Catalogue) -> list[tuple[str, str]]:
    """Names and values of what the equipment is; what is not known has an empty value."""
    cls = catalogue[item.equipment_class]
    life = item.design_life_years
    return [
        (t("Class"), t.text(cls.name)),
        (t("Key"), item.path),
        (t("Team"), t.text(cls.team)),
        (t("Maker"), item.maker),
        (t("Model"), item.model),
        (t("Serial number"), item.serial),
        (t("Installed on"), item.installed_on.isoformat() if item.installed_on else ""),
        (t("Design life"), t("{n} years", n=plain_number(life)) if life else ""),
    ]


def parameters(t: Translator, item: Equipment, catalogue: Catalogue) -> list[tuple[str, str, bool]]:
    """Name, value and whether it is the class's default, for each parameter."""
    found: list[tuple[str, str, bool]] = []
    for spec in catalogue[item.equipment_class].parameters:
        value = item.parameters.get(spec.key, spec.default)
        text = plain_number(value) if abs(value) < 1e6 else number_text(value, 0)
        found.append((t.text(spec.name), with_unit(text, spec.unit), value == spec.default))
    return found


def rule_rows(
    t: Translator, item: Equipment, catalogue: Catalogue, states: Mapping[str, str]
) -> list[tuple[str, str, Severity, str]]:
    """Key, name, severity and state of each rule in force: active first, then pending, unknown, normal.

    Every point has rules about its instrument: they are told of only where they have found something.
    """
    order = {"active": 0, "pending": 1, "unknown": 2, "normal": 3}
    found: list[tuple[str, str, Severity, str]] = []
    for rule in catalogue[item.equipment_class].rules:
        override = item.rule_overrides.get(rule.key)
        if override is not None and not override.enabled:
            continue
        severity = override.severity if override and override.severity is not None else rule.severity
        state = str(states.get(rule.key, "unknown"))
        if rule.instrument is None or state in ("active", "pending"):
            found.append((rule.key, t.text(rule.name), severity, state))
    return sorted(found, key=lambda row: (order.get(row[3], 2), -row[2], row[1]))

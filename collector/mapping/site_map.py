"""Map files: which layouts a property uses, and which device is which equipment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from collector.mapping.layout import Layout, Strict, check_base
from collector.mapping.template import template
from plantroom import units
from plantroom.catalogue.schema import UnitSymbol
from plantroom.discovery import Binding, Target, Word
from plantroom.errors import MapError, Problem, UnitError
from plantroom.model import PointTable
from plantroom.yaml_file import KeyPath, Marks, load

PlaceKey = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
_PointPath = Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9_-]{0,63}/)?[a-z0-9][a-z0-9_-]{0,63}$")]


class PointEntry(Strict):
    """The point of a field, with what the layout does not say; `point` may be `equipment/point`."""

    point: _PointPath
    unit: UnitSymbol | None = None
    scale: float | None = Field(default=None, allow_inf_nan=False)
    offset: float | None = Field(default=None, allow_inf_nan=False)
    words: Mapping[str, Word] | None = None
    text_number: bool | None = None


class DeviceEntry(Strict):
    """A device: its equipment, and the point of each field that is wanted."""

    equipment: PlaceKey | None = None
    points: Annotated[Mapping[str, PointEntry | _PointPath], Field(min_length=1)]


class UseEntry(Strict):
    """A layout as it is used at a site."""

    layout: str
    site: PlaceKey
    base: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    direct: bool = False
    """Devices that are not listed are the equipment of that name, their fields the points of that name."""
    states: tuple[str, ...] = ()
    """home_assistant: filters of the topics on which the announced values come."""
    devices: Mapping[str, DeviceEntry] = {}

    @field_validator("base")
    @classmethod
    def _base(cls, base: str | None) -> str | None:
        if base is not None:
            check_base(base)
        return base

    @field_validator("states")
    @classmethod
    def _states(cls, states: tuple[str, ...]) -> tuple[str, ...]:
        for item in states:
            levels = item.removesuffix("/#")
            check_base(levels.split("/")[0])
            template(levels, "")
        return states


class MapFile(Strict):
    """The document."""

    maps: Annotated[tuple[UseEntry, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Use:
    """A layout at a site, with the devices that its map lists."""

    layout: Layout
    site: str
    base: str
    direct: bool = False
    states: tuple[str, ...] = ()
    bindings: tuple[Binding, ...] = ()


def load_map(path: Path, layouts: Mapping[str, Layout], table: PointTable) -> tuple[Use, ...]:
    """The uses in a map file, checked whole: every layout, field, equipment, point and unit exists.

    Raises: MapError with every problem, each at its line.
    """
    document, marks = load(path, MapFile, MapError)
    problems = [
        problem
        for index, entry in enumerate(document.maps)
        for problem in _problems(entry, layouts, table, marks, ("maps", index))
    ]
    if problems:
        raise MapError(problems)
    return tuple(_use(entry, layouts[entry.layout]) for entry in document.maps)


def _use(entry: UseEntry, layout: Layout) -> Use:
    bindings = tuple(_binding(entry, device, item) for device, item in entry.devices.items())
    base = entry.base or layout.base
    return Use(layout, entry.site, base, entry.direct, entry.states, bindings)


def _binding(entry: UseEntry, device: str, item: DeviceEntry) -> Binding:
    targets = {field: _target(item, given) for field, given in item.points.items()}
    return Binding(entry.layout, entry.site, device, targets)


def _target(item: DeviceEntry, given: PointEntry | str) -> Target:
    entry = PointEntry(point=given) if isinstance(given, str) else given
    equipment, _, point = entry.point.rpartition("/")
    return Target(
        equipment=equipment or item.equipment or "",
        point=point,
        unit=entry.unit,
        scale=entry.scale,
        offset=entry.offset,
        words=entry.words,
        text_number=entry.text_number,
    )


def _problems(
    entry: UseEntry, layouts: Mapping[str, Layout], table: PointTable, marks: Marks, at: KeyPath
) -> Iterator[Problem]:
    layout = layouts.get(entry.layout)
    if layout is None:
        yield marks.problem((*at, "layout"), f"no layout {entry.layout!r}; there are {', '.join(layouts)}")
        return
    for device, item in entry.devices.items():
        for field, given in item.points.items():
            here = (*at, "devices", device, "points", field)
            if layout.fields is not None and field not in layout.fields:
                listed = ", ".join(sorted(layout.fields))
                yield marks.key_problem(here, f"layout {entry.layout} has no such field; it has {listed}")
            yield from _target_problems(entry.site, _target(item, given), table, marks, here)


def _target_problems(
    site: str, target: Target, table: PointTable, marks: Marks, here: KeyPath
) -> Iterator[Problem]:
    if not target.equipment:
        yield marks.problem(here, "needs its equipment: give the device one, or write equipment/point")
        return
    ids = table.of_equipment(site, target.equipment)
    if ids is None:
        yield marks.problem(here, f"no equipment {target.equipment!r} at site {site!r}")
    elif target.point not in ids:
        yield marks.problem(here, f"{site}/{target.equipment} has no point {target.point!r}")
    elif target.unit is not None:
        try:
            units.conversion(target.unit, table.points[ids[target.point]].unit)
        except UnitError as failure:
            yield marks.problem((*here, "unit"), str(failure))


def load_maps(paths: Sequence[Path], layouts: Mapping[str, Layout], table: PointTable) -> tuple[Use, ...]:
    """The uses of all map files.

    Raises: MapError, also where two are of the same topics.
    """
    found: dict[tuple[str, str], Use] = {}
    for path in paths:
        for index, use in enumerate(load_map(path, layouts, table)):
            if (use.layout.layout, use.base) in found:
                message = f"{use.layout.layout} at base {use.base!r} is there already; give it another base"
                raise MapError([Problem(path, 1, 1, f"maps.{index}", message)])
            found[use.layout.layout, use.base] = use
    return tuple(found.values())

"""The site file: a property's sites, spaces and equipment in YAML, checked against the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from plantroom import units
from plantroom.catalogue.loader import Catalogue
from plantroom.catalogue.schema import Duration, EquipmentClass, SeverityWord, Words
from plantroom.errors import Problem, SiteError, UnitError
from plantroom.model import Criticality
from plantroom.yaml_file import KeyPath, Marks, load

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
_Line = Annotated[str, BeforeValidator(str), Field(max_length=300)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class SpaceEntry(_Strict):
    """A building, floor or room."""

    key: Key
    name: Words
    parent: Key | None = None


class PointOverrideEntry(_Strict):
    """What one equipment's point has otherwise than its class says; `valid` and `normal` in `unit`."""

    fitted: bool = True
    unit: str | None = None
    valid: tuple[float, float] | None = None
    normal: tuple[float, float] | None = None
    sample: Duration | None = None
    stale_after: Duration | None = None


class RuleOverrideEntry(_Strict):
    """What one equipment's fault rule has otherwise."""

    enabled: bool = True
    on_delay: Duration | None = None
    off_delay: Duration | None = None
    severity: SeverityWord | None = None


class PlanEntry(_Strict):
    """What is known of a plan from before Plantroom."""

    last_done: date


class EquipmentEntry(_Strict):
    """One equipment."""

    key: Key
    equipment_class: Annotated[str, Field(alias="class")]
    name: Words
    space: Key | None = None
    location: _Line = ""
    served_by: Key | None = None
    parent: Key | None = None
    """The equipment that it is a part of."""
    maker: _Line = ""
    model: _Line = ""
    serial: _Line = ""
    installed_on: date | None = None
    design_life_years: float | None = Field(default=None, gt=0, le=200)
    criticality: Criticality = Criticality.B
    parameters: Mapping[str, float | str] = {}
    points: Mapping[str, PointOverrideEntry] = {}
    rules: Mapping[str, RuleOverrideEntry] = {}
    plans: Mapping[str, PlanEntry] = {}


class SiteEntry(_Strict):
    """One site."""

    key: Key
    name: Words
    zone: str
    spaces: tuple[SpaceEntry, ...] = ()
    equipment: tuple[EquipmentEntry, ...] = ()


class SiteFile(_Strict):
    """The document."""

    sites: tuple[SiteEntry, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class _Place:
    marks: Marks
    path: KeyPath

    def at(self, *keys: str | int) -> _Place:
        return _Place(self.marks, (*self.path, *keys))

    def says(self, message: str) -> Problem:
        return self.marks.problem(self.path, message)


def load_site_file(path: Path, catalogue: Catalogue) -> SiteFile:
    """The file, checked whole: a class, point, parameter or space that it names exists.

    Raises: SiteError with every problem, each at its line; nothing of a wrong file is used.
    """
    document, marks = load(path, SiteFile, SiteError)
    problems: list[Problem] = []
    top = _Place(marks, ("sites",))
    problems.extend(_repeated([site.key for site in document.sites], top))
    for index, site in enumerate(document.sites):
        problems.extend(_site_problems(site, catalogue, top.at(index)))
    if problems:
        raise SiteError(problems)
    return document


def _repeated(keys: list[str], place: _Place) -> Iterator[Problem]:
    for index, key in enumerate(keys):
        if key in keys[:index]:
            yield place.at(index, "key").says(f"duplicate {key!r}")


def _site_problems(site: SiteEntry, catalogue: Catalogue, place: _Place) -> Iterator[Problem]:
    if site.zone not in available_timezones():
        yield place.at("zone").says(f"{site.zone!r} is not an IANA time zone, such as Asia/Shanghai")
    yield from _repeated([space.key for space in site.spaces], place.at("spaces"))
    yield from _repeated([item.key for item in site.equipment], place.at("equipment"))
    parents = {space.key: space.parent for space in site.spaces}
    yield from _tree_problems(parents, place.at("spaces"), "parent", "space")
    for entry in ("served_by", "parent"):
        above = {item.key: getattr(item, entry) for item in site.equipment}
        yield from _tree_problems(above, place.at("equipment"), entry, "equipment")
    for index, item in enumerate(site.equipment):
        here = place.at("equipment", index)
        if item.space is not None and item.space not in parents:
            yield here.at("space").says(f"no space {item.space!r} in this site")
        if item.equipment_class not in catalogue:
            yield here.at("class").says(f"no equipment class {item.equipment_class!r} in the catalogue")
        else:
            yield from _equipment_problems(item, catalogue[item.equipment_class], here)


def _tree_problems(
    above: Mapping[str, str | None], place: _Place, entry: str, word: str
) -> Iterator[Problem]:
    for index, (key, parent) in enumerate(above.items()):
        if parent is None:
            continue
        if parent not in above:
            yield place.at(index, entry).says(f"no {word} {parent!r} in this site")
            continue
        seen, here = {key}, parent
        while here is not None and here not in seen:
            seen.add(here)
            here = above.get(here)  # type: ignore[assignment]
        if here == key:
            yield place.at(index, entry).says(f"{key!r} stands above itself")


def _equipment_problems(item: EquipmentEntry, cls: EquipmentClass, place: _Place) -> Iterator[Problem]:
    specs = {spec.key: spec for spec in cls.parameters}
    for key, value in item.parameters.items():
        here = place.at("parameters", key)
        if key not in specs:
            yield here.says(f"class {cls.key} has no such parameter; it has {', '.join(specs) or 'none'}")
            continue
        try:
            parameter_value(value, specs[key].unit)
        except (UnitError, ValueError) as failure:
            yield here.says(str(failure))
    for key, override in item.points.items():
        spec, here = cls.point(key), place.at("points", key)
        if spec is None:
            yield here.says(f"class {cls.key} has no such point")
            continue
        try:
            units.conversion(override.unit or spec.unit, spec.unit)
        except UnitError as failure:
            yield here.at("unit").says(str(failure))
        for name in ("valid", "normal"):
            span = getattr(override, name)
            if span is not None and not span[0] < span[1]:
                yield here.at(name).says("must be [low, high] with low < high")
    for group, known in (("rules", cls.rule), ("plans", cls.plan)):
        for key in getattr(item, group):
            if known(key) is None:
                yield place.at(group, key).says(f"class {cls.key} has no such {group[:-1]}")


def parameter_value(value: float | str, unit: str) -> float:
    """A parameter's number in `unit`, from a number in it or text such as `32 L/min`.

    Raises: ValueError where the text has no number, UnitError where its unit does not convert.
    """
    if not isinstance(value, str):
        return float(value)
    number, _, symbol = value.strip().partition(" ")
    try:
        amount = float(number)
    except ValueError:
        raise ValueError(f"{value!r} is not a number with a unit, such as 32 L/min") from None
    scale, offset = units.conversion(symbol.strip() or unit, unit)
    return amount * scale + offset

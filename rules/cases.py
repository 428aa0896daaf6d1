"""Rules tested as data: a written series of readings in, the alarm's raises and clears out.

The format is described in README.md for engineers who write no Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, TypedDict

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from plantroom.alarms import AlarmEvent
from plantroom.catalogue import Catalogue, EquipmentClass, PointSpec
from plantroom.errors import FileError, Problem
from plantroom.model import Criticality, Equipment, Point, PointKind, PointTable, Text
from plantroom.readings import Quality, ReadingBatch
from plantroom.times import SECOND, Nanos, format_duration, parse_duration
from plantroom.yaml_file import Marks, load
from rules.engine import AlarmChange, Engine

START: Nanos = 1_767_225_600 * SECOND
"""The instant that cases call zero: 2026-01-01T00:00Z."""
MAX_READINGS = 200_000


def _time(value: Any) -> Any:
    """Nanoseconds of `90`, `90s` or `1 min 30 s`; a number alone is seconds."""
    if isinstance(value, bool):
        raise ValueError("is not a time")  # noqa: TRY004  pydantic reports ValueError at its place
    if isinstance(value, int | float):
        return round(value * SECOND)
    text = str(value)
    return round(float(text) * SECOND) if text.replace(".", "", 1).isdigit() else parse_duration(text)


Time = Annotated[int, BeforeValidator(_time, json_schema_input_type=str)]
Value: TypeAlias = "bool | float | str"
Steps: TypeAlias = dict[Time, Value]
Readings: TypeAlias = list[tuple[Time, Value]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Expected(_Strict):
    """One change of the alarm: `raise: TIME` or `clear: TIME`."""

    raised: Time | None = Field(default=None, alias="raise")
    clear: Time | None = None

    @model_validator(mode="after")
    def _one(self) -> Expected:
        if (self.raised is None) == (self.clear is None):
            raise ValueError("needs exactly one of raise and clear")
        return self

    def happening(self) -> Happening:
        """The same as what a run gives."""
        if self.raised is not None:
            return Happening(AlarmEvent.RAISE, self.raised)
        return Happening(AlarmEvent.CLEAR, self.clear or 0)


class _Links(TypedDict, total=False):
    space: str
    served_by: str
    parent: str


class Beside(_Strict):
    """Another equipment of the class, and what it is to the case's own."""

    relation: Literal["space", "system", "served_by", "parent", "children", "serves"] = Field(alias="as")
    series: dict[str, Steps | Readings] = Field(min_length=1)

    def links(self) -> tuple[_Links, _Links]:
        """How the case's equipment and this one name each other in the property model."""
        own: dict[str, _Links] = {
            "space": {"space": "case"},
            "served_by": {"served_by": "beside"},
            "parent": {"parent": "beside"},
        }
        other: dict[str, _Links] = {
            "space": {"space": "case"},
            "children": {"parent": "case"},
            "serves": {"served_by": "case"},
        }
        return own.get(self.relation, {}), other.get(self.relation, {})


class Case(_Strict):
    """One rule, one series, and what the alarm does."""

    rule: str
    case: Literal["fires", "just_under", "gap", "clears", "unknown", "other"]
    note: str = ""
    every: Time = 10 * SECOND
    until: Time
    offline: tuple[tuple[Time, Time], ...] = ()
    """Stretches [from, to) in which nothing at all is read."""
    parameters: dict[str, float] = {}
    series: dict[str, Steps | Readings] = Field(min_length=1)
    beside: Beside | None = None
    """Another equipment, for rules that look at others."""
    expect: tuple[Expected, ...]

    @model_validator(mode="after")
    def _says_what_it_is(self) -> Case:
        raises = any(item.raised is not None for item in self.expect)
        if self.every <= 0:
            raise ValueError("every must be positive")
        if self.case == "fires" and not raises:
            raise ValueError("a case that fires expects a raise")
        if self.case == "just_under" and raises:
            raise ValueError("a case just under the delay or limit expects no raise")
        if self.case == "clears" and all(item.clear is None for item in self.expect):
            raise ValueError("a case that clears expects a clear")
        return self


class CaseFile(_Strict):
    """The cases of one equipment class."""

    cls: str = Field(alias="class")
    healthy: dict[str, Value] = {}
    """The value of each point from the start on, in every case that does not say otherwise."""
    cases: tuple[Case, ...] = Field(min_length=1)


class Happening(NamedTuple):
    """A raise or clear, so many nanoseconds after the case's start."""

    event: AlarmEvent
    at: Nanos

    def __str__(self) -> str:
        return f"{self.event} at {format_duration(self.at)}"


def load_cases(path: Path, catalogue: Catalogue) -> CaseFile:
    """The cases of a file, each about a rule and points that its class has, with the healthy values put in.

    Raises: FileError with every problem at its line.
    """
    found, marks = load(path, CaseFile, FileError)
    if found.cls not in catalogue:
        raise FileError([marks.problem(("class",), f"no class {found.cls!r} in the catalogue")])
    steps = {key: {0: value} for key, value in found.healthy.items()}
    cases = [case.model_copy(update={"series": {**steps, **case.series}}) for case in found.cases]
    problems = [
        problem
        for index, case in enumerate(cases)
        for problem in _problems(case, ("cases", index), catalogue[found.cls], marks)
    ]
    if problems:
        raise FileError(problems)
    return found.model_copy(update={"cases": tuple(cases)})


def _problems(case: Case, at: tuple[str | int, ...], cls: EquipmentClass, marks: Marks) -> Iterator[Problem]:
    if cls.rule(case.rule) is None:
        yield marks.problem((*at, "rule"), f"class {cls.key!r} has no rule {case.rule!r}")
    parameters = {spec.key for spec in cls.parameters}
    for key in case.parameters:
        if key not in parameters:
            yield marks.problem((*at, "parameters", key), "no such parameter in the class")
    size = 0
    for where, key, series in _all_series(case):
        spec = cls.point(key)
        if spec is None:
            yield marks.problem((*at, *where, key), "no such point in the class")
            continue
        size += len(series) + (case.until // case.every if isinstance(series, dict) else 0)
        for value in series.values() if isinstance(series, dict) else [value for _, value in series]:
            if not _means_something(spec, value):
                yield marks.problem((*at, *where, key), f"{value!r} is not a value of this point")
    if size > MAX_READINGS:
        yield marks.problem((*at, "until"), f"the series have more than {MAX_READINGS} readings")


def _all_series(case: Case) -> Iterator[tuple[tuple[str, ...], str, Steps | Readings]]:
    """Where each series of the case stands in the file, its point, and the series."""
    for key, series in case.series.items():
        yield ("series",), key, series
    for key, series in case.beside.series.items() if case.beside else ():
        yield ("beside", "series"), key, series


def _means_something(spec: PointSpec, value: Value) -> bool:
    if isinstance(value, bool):
        return spec.kind is PointKind.BINARY
    if isinstance(value, str):
        return value in ("silent", "bad") or value in (spec.values or {})
    return spec.kind is not PointKind.BINARY or value in (0, 1)


def readings_of(case: Case, cls: EquipmentClass) -> ReadingBatch:
    """The readings that a case describes, in the order of time; a point's id is its row in the class.

    The points of the equipment beside have the rows after those.
    """
    columns: list[tuple[Nanos, int, float, int]] = []
    rows_of = {spec.key: row for row, spec in enumerate(cls.points)}
    for where, key, series in _all_series(case):
        row = rows_of[key] + (len(cls.points) if "beside" in where else 0)
        for at, value in _expand(series, case.every, case.until):
            if value == "silent" or any(start <= at < end for start, end in case.offline):
                continue
            bad = value == "bad"
            number = np.nan if bad else _number(cls.points[rows_of[key]], value)
            columns.append((START + at, row, number, int(Quality.OUT_OF_RANGE) if bad else 0))
    columns.sort(key=lambda item: item[:2])
    ts, rows, values, qualities = zip(*columns, strict=True) if columns else ((), (), (), ())
    return ReadingBatch.of(rows, ts, values, qualities)


def _expand(series: Steps | Readings, every: Nanos, until: Nanos) -> Iterator[tuple[Nanos, Value]]:
    """Steps are read at every `every`: the value is the last whose time has come. A list is read as it is."""
    if isinstance(series, list):
        yield from series
        return
    steps = sorted(series.items())
    current = -1
    for at in range(0, until + 1, every):
        while current + 1 < len(steps) and steps[current + 1][0] <= at:
            current += 1
        if current >= 0:
            yield at, steps[current][1]


def _number(spec: PointSpec, value: Value) -> float:
    return float((spec.values or {})[value]) if isinstance(value, str) else float(value)


def engine_for(case: Case, cls: EquipmentClass) -> Engine:
    """A fresh engine over one equipment of the class, with the case's parameters and every point.

    It has the case's rule alone: rules do not know of one another. Where the case says so another of the
    class stands beside it, as equipment 2.
    """
    cls = cls.model_copy(update={"rules": tuple(rule for rule in cls.rules if rule.key == case.rule)})
    name = Text("case", "case")
    parameters = {spec.key: spec.default for spec in cls.parameters} | case.parameters
    nothing: _Links = {}
    own, other = case.beside.links() if case.beside else (nothing, nothing)
    plain = Equipment(1, "case", "case", cls.key, name, Criticality.B, parameters=parameters)
    items, points = [replace(plain, **own)], list(_points("case", cls, 0))
    if case.beside:
        items.append(replace(plain, id=2, key="beside", **other))
        points += _points("beside", cls, len(points))
    return Engine(Catalogue({cls.key: cls}), PointTable(items, points))


def _points(equipment: str, cls: EquipmentClass, first: int) -> Iterator[Point]:
    """Every point of the class, with ids from `first` on."""
    for number, spec in enumerate(cls.points, first):
        yield Point(
            id=number,
            site="case",
            equipment=equipment,
            key=spec.key,
            name=spec.name,
            kind=spec.kind,
            unit=spec.unit,
            valid=spec.valid_span,
            normal=spec.normal,
            sample=spec.sample,
            stale_after=spec.stale_nanos,
            values=spec.values or {},
        )


def happenings(case: Case, changes: list[AlarmChange]) -> list[Happening]:
    """What the case's rule did, as times after the start."""
    return [
        Happening(item.event, item.ts - START)
        for item in changes
        if item.rule == case.rule and item.equipment_id == 1
    ]


def run(case: Case, cls: EquipmentClass) -> list[Happening]:
    """What the case's rule does over the case's series."""
    batch = readings_of(case, cls)
    return happenings(case, engine_for(case, cls).step(batch, START + case.until))


def verdict(case: Case, cls: EquipmentClass) -> str | None:
    """None where the case comes out as expected, else what happened instead."""
    got, wanted = run(case, cls), [item.happening() for item in case.expect]
    if got == wanted:
        return None
    return f"expected {_listed(wanted)}, got {_listed(got)}"


def _listed(items: list[Happening]) -> str:
    return ", ".join(map(str, items)) or "nothing"

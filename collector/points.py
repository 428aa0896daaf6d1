"""Names, units and types of what a message says, against the point table.

Messages come in few shapes: the same equipment sends the same points in the same units over and over. So what
a shape means is worked out once, as a `Plan`, and the next message of that shape costs one look-up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress

import numpy as np

from collector.codecs.base import Samples
from collector.text import shown
from collector.topics import Topic
from plantroom import units
from plantroom.errors import PayloadError, UnitError
from plantroom.model import Point, PointKind, PointTable
from plantroom.readings import Bools, Float64s, Int32s, Quality, UInt8s

_ALLOWED: Mapping[PointKind, frozenset[type]] = {
    PointKind.ANALOG: frozenset({float}),
    PointKind.COUNTER: frozenset({float}),
    PointKind.BINARY: frozenset({float, bool}),
    PointKind.ENUM: frozenset({float, str}),
}
_WORDS: Mapping[type, str] = {
    bool: "true or false",
    str: "a text",
    dict: "an object",
    list: "a list",
    np.ndarray: "a list",
}
_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with the values of messages of one shape.

    Shapes: `ids`, `scale` and `offset` have one entry for each value taken.
    """

    ids: tuple[int, ...]
    positions: tuple[int, ...] | None
    """Which of the message's values are taken; None for all."""
    scale: Float64s | None
    offset: Float64s | None
    quality: tuple[int, ...] | None
    codes: tuple[tuple[int, Mapping[str, int]], ...]
    """Of the values taken, which are names of an enumeration, and their codes."""
    nulls: int
    problems: tuple[PayloadError, ...]

    def taken(self, values: Mapping[str, object]) -> list[object]:
        """The values as numbers and booleans, still in the sender's units; NaN for an unknown name."""
        found = list(values.values())
        if self.positions is not None:
            found = [found[position] for position in self.positions]
        for position, codes in self.codes:
            found[position] = codes.get(found[position], _NAN)  # type: ignore[call-overload]
        return found


@dataclass(frozen=True, slots=True)
class Column:
    """The values of one point at many times. Shapes: `value` has one entry for each row of `keep`."""

    point_id: int
    value: Float64s
    keep: Bools | None
    """The rows that have a reading; None for all."""
    quality: int
    nulls: int


@dataclass(frozen=True, slots=True)
class Block:
    """The values of many points at many times, of which nothing has to be left out.

    Shapes: `point_id` and `quality` [points], `value` [points x times], a point's values after one another.
    """

    point_id: Int32s
    value: Float64s
    quality: UInt8s | None


@dataclass(frozen=True, slots=True)
class _BlockPlan:
    """What to do with columns of one shape. Shapes: an entry for each column."""

    point_id: Int32s
    scale: Float64s | None
    offset: Float64s | None
    quality: UInt8s | None
    takes_bool: tuple[bool, ...]


class Resolver:
    """The points of one table."""

    def __init__(self, table: PointTable) -> None:
        self.table = table
        self.sites = frozenset(item.site for item in table.equipment)
        self._plans: dict[tuple[object, ...], Plan] = {}
        self._block_plans: dict[tuple[object, ...], _BlockPlan] = {}
        self._most_plans = max(16_384, 4 * len(table.equipment))

    def plan(self, topic: Topic, samples: Samples) -> Plan:
        """What to do with samples of one time.

        Raises: PayloadError where the equipment is unknown or retired.
        """
        values = samples.values
        unit_names = tuple(map(samples.units.get, values)) if samples.units else ()
        shape = (topic.path, tuple(values), tuple(map(type, values.values())), unit_names)
        plan = self._plans.get(shape)
        if plan is None:
            plan = self._made(self.ids_of(topic), topic, samples)
            # only shapes of known names are kept: their number is bounded by the table, not by what is sent
            if not plan.problems and plan.quality is None:
                if len(self._plans) >= self._most_plans:
                    self._plans.clear()
                self._plans[shape] = plan
        return plan

    def ids_of(self, topic: Topic) -> Mapping[str, int]:
        """Point key -> id of the equipment that the topic names.

        Raises: PayloadError(`unknown_site`, `unknown_equipment` or `retired`).
        """
        ids = self.table.of_equipment(topic.site, topic.equipment)
        if ids is None:
            if topic.site not in self.sites:
                raise PayloadError("unknown_site", f"no site {topic.site!r} with equipment")
            raise PayloadError("unknown_equipment", f"no equipment {topic.equipment!r} at {topic.site!r}")
        if self.table.equipment_by_path[topic.path].retired_at is not None:
            raise PayloadError("retired", f"{topic.path} is retired")
        return ids

    def _made(self, ids: Mapping[str, int], topic: Topic, samples: Samples) -> Plan:
        taken: list[Point] = []
        positions: list[int] = []
        codes: list[tuple[int, Mapping[str, int]]] = []
        problems: list[PayloadError] = []
        nulls = 0
        for position, (key, value) in enumerate(samples.values.items()):
            try:
                point = self._point(ids, topic, key)
                if value is None:
                    nulls += 1
                    continue
                _check_type(point, type(value))
            except PayloadError as problem:
                problems.append(problem)
                continue
            if type(value) is str:
                codes.append((len(taken), point.values))
            positions.append(position)
            taken.append(point)
        scale, offset, quality = _conversions(taken, samples.units)
        complete = len(positions) == len(samples.values)
        return Plan(
            ids=tuple(point.id for point in taken),
            positions=None if complete else tuple(positions),
            scale=scale,
            offset=offset,
            quality=quality,
            codes=tuple(codes),
            nulls=nulls,
            problems=tuple(problems),
        )

    def _point(self, ids: Mapping[str, int], topic: Topic, key: str) -> Point:
        point_id = ids.get(key)
        if point_id is None:
            raise PayloadError("unknown_point", f"{topic.path} has no point {shown(key, 64)}")
        return self.table.points[point_id]

    def block(self, topic: Topic, samples: Samples) -> Block | None:
        """All columns of the samples at once; None where there is anything to be said about one of them.

        Raises: PayloadError where the equipment is unknown or retired.
        """
        columns: list[list[object]] = list(samples.values.values())  # type: ignore[arg-type]
        if not columns or not all(type(column) is list for column in columns):
            return None
        flat = list(chain.from_iterable(columns))
        kinds = set(map(type, flat))
        if not kinds <= {float, bool}:
            return None
        plan = self._block_plan(topic, samples)
        if plan is None:
            return None
        if bool in kinds:
            for column, takes_bool in zip(columns, plan.takes_bool, strict=True):
                if not takes_bool and bool in set(map(type, column)):
                    return None
        value = np.array(flat, dtype=np.float64)
        if plan.scale is not None and plan.offset is not None:
            by_point = value.reshape(len(columns), -1)
            value = converted(by_point, plan.scale[:, None], plan.offset[:, None]).ravel()
        return Block(plan.point_id, value, plan.quality)

    def _block_plan(self, topic: Topic, samples: Samples) -> _BlockPlan | None:
        """What to do with these columns; None where a point is not known."""
        unit_names = tuple(map(samples.units.get, samples.values)) if samples.units else ()
        shape = (topic.path, tuple(samples.values), unit_names)
        plan = self._block_plans.get(shape)
        if plan is not None:
            return plan
        ids = self.ids_of(topic)
        if not ids.keys() >= samples.values.keys():
            return None
        points = [self.table.points[ids[key]] for key in samples.values]
        scale, offset, quality = _conversions(points, samples.units)
        plan = _BlockPlan(
            point_id=np.array([point.id for point in points], dtype=np.int32),
            scale=scale,
            offset=offset,
            quality=None if quality is None else np.array(quality, dtype=np.uint8),
            takes_bool=tuple(bool in _ALLOWED[point.kind] for point in points),
        )
        if quality is None:  # as with plans: bounded by the table, not by what is sent
            if len(self._block_plans) >= self._most_plans:
                self._block_plans.clear()
            self._block_plans[shape] = plan
        return plan

    def column(
        self,
        ids: Mapping[str, int],
        topic: Topic,
        key: str,
        values: Sequence[object] | Float64s,
        unit: str | None,
    ) -> tuple[Column, PayloadError | None]:
        """One point's readings at many times, and what could not be taken of them.

        Raises: PayloadError(`unknown_point`).
        """
        point = self._point(ids, topic, key)
        scale, offset, flag = conversion(point, unit)
        if isinstance(values, np.ndarray):
            return Column(point.id, converted(values, scale, offset), None, flag, 0), None
        allowed = _ALLOWED[point.kind]
        kinds = set(map(type, values))
        keep: Bools | None = None
        nulls = 0
        problem: PayloadError | None = None
        if not kinds <= allowed:
            nulls = values.count(None)
            for wrong in kinds - allowed - {type(None)}:
                row = next(index for index, value in enumerate(values) if type(value) is wrong)
                problem = _type_problem(point, wrong, f"row {row} of ")
            keep = np.fromiter(map(allowed.__contains__, map(type, values)), np.bool_, len(values))
            values = list(compress(values, keep))
        if str in kinds and point.kind is PointKind.ENUM:
            values = [_code(point, value) for value in values]
        numbers = np.array(values, dtype=np.float64)
        return Column(point.id, converted(numbers, scale, offset), keep, flag, nulls), problem


def converted(numbers: Float64s, scale: Float64s | float, offset: Float64s | float) -> Float64s:
    """scale x numbers + offset; what overflows is infinite, and will be flagged."""
    with np.errstate(over="ignore", invalid="ignore"):
        result: Float64s = numbers * scale + offset
    return result


def conversion(point: Point, unit: str | None) -> tuple[float, float, int]:
    """(scale, offset, quality) of a value in `unit`, the point's own if None; UNIT where none converts."""
    if unit is None or unit == point.unit:
        return 1.0, 0.0, 0
    try:
        return (*units.conversion(unit, point.unit), 0)
    except UnitError:
        return 1.0, 0.0, int(Quality.UNIT)


def _code(point: Point, value: object) -> float:
    return point.values.get(value, _NAN) if isinstance(value, str) else value  # type: ignore[return-value]


def _conversions(
    points: Sequence[Point], names: Mapping[str, str]
) -> tuple[Float64s | None, Float64s | None, tuple[int, ...] | None]:
    if not names:
        return None, None, None
    found = [conversion(point, names.get(point.key)) for point in points]
    scale = np.array([item[0] for item in found])
    offset = np.array([item[1] for item in found])
    quality = tuple(item[2] for item in found)
    flags = quality if any(quality) else None
    if (scale == 1.0).all() and (offset == 0.0).all():
        return None, None, flags
    return scale, offset, flags


def _check_type(point: Point, kind: type) -> None:
    if kind not in _ALLOWED[point.kind]:
        raise _type_problem(point, kind)


def _type_problem(point: Point, kind: type, where: str = "") -> PayloadError:
    if kind is int:
        return PayloadError("number", f"{where}{point.key}: a whole number with too many digits")
    given = _WORDS.get(kind, kind.__name__)
    hint = "; a list of values needs a list of times" if kind in {list, np.ndarray} else ""
    return PayloadError("type", f"{where}{point.key}: {given} cannot be its value ({point.kind}){hint}")

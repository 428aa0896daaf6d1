"""Small classes, tables and batches for the tests of the rules."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.model import Equipment, Point, PointTable, RuleOverride, Text
from plantroom.readings import Quality, ReadingBatch
from plantroom.times import SECOND, parse_duration
from rules.engine import AlarmChange, Engine
from rules.expression import CompiledRule, compile_rule
from rules.language.deadband import default_width
from rules.language.terms import PointValue, TruthTerm
from rules.program import Fixed, Part, Program

T0 = 1_767_225_600 * SECOND
NAME = {"en": "x", "zh": "x"}
BAD = int(Quality.OUT_OF_RANGE)

POINTS = [
    {"key": "running", "kind": "binary"},
    {"key": "trip", "kind": "binary"},
    {"key": "mode", "kind": "enum", "values": {"normal": 0, "inspection": 1, "fault": 4}},
    {"key": "flow", "kind": "analog", "unit": "m3/h", "valid": [0, 200], "normal": [0, 100]},
    {"key": "pressure", "kind": "analog", "unit": "bar", "valid": [0, 20], "normal": [0, 10]},
    {"key": "other_pressure", "kind": "analog", "unit": "kPa", "valid": [0, 2000], "normal": [0, 1000]},
    {"key": "temperature", "kind": "analog", "unit": "degC", "valid": [-50, 200], "normal": [0, 100]},
    {"key": "other_temperature", "kind": "analog", "unit": "degF", "valid": [-50, 400], "normal": [32, 212]},
    {"key": "tank_level", "kind": "analog", "unit": "%", "valid": [0, 100], "normal": [0, 100]},
    {"key": "valve", "kind": "analog", "unit": "%", "valid": [0, 100], "normal": [0, 100]},
    {"key": "current", "kind": "analog", "unit": "A", "valid": [0, 100], "normal": [0, 50]},
    {"key": "zones", "kind": "analog", "valid": [0, 100], "normal": [0, 1]},
    {"key": "starts", "kind": "counter"},
]
PARAMETERS = [
    {"key": "rated_flow", "unit": "m3/h", "default": 50},
    {"key": "rated_current", "unit": "A", "default": 10},
    {"key": "share", "unit": "%", "default": 80},
    {"key": "hot", "unit": "degC", "default": 90},
    {"key": "rise", "unit": "K", "default": 40},
    {"key": "units_fitted", "unit": "", "default": 2},
]


ROWS = {str(item["key"]): row for row, item in enumerate(POINTS)}
DEFAULTS = [float(item["default"]) for item in PARAMETERS]


def make_class(
    rules: Mapping[str, object] | None = None,
    *,
    key: str = "thing",
    stale: str = "30s",
    terms: Mapping[str, object] | None = None,
) -> EquipmentClass:
    """A class with the points above.

    A rule is its text, or a mapping of what it has besides; a term its text, or a mapping of states.
    """
    return EquipmentClass.model_validate(
        {
            "key": key,
            "name": NAME,
            "system": "water",
            "team": NAME,
            "design_life_years": 10,
            "source": "test",
            "parameters": [{"name": NAME, "source": "test", **item} for item in PARAMETERS],
            "points": [
                {"name": NAME, "source": "test", "sample": "1s", "stale_after": stale, **item}
                for item in POINTS
            ],
            "terms": [make_term(name, body) for name, body in (terms or {}).items()],
            "rules": [make_rule(name, body) for name, body in (rules or {}).items()],
        }
    )


def make_term(key: str, body: object) -> dict[str, object]:
    """A term of the file format: its text, or its states."""
    return {"key": key, "name": NAME, "source": "test", "is" if isinstance(body, str) else "states": body}


def make_rule(key: str, body: object) -> dict[str, object]:
    """A rule of the file format."""
    given = {"when": body} if isinstance(body, str) else dict(body)  # type: ignore[call-overload]
    words = dict.fromkeys(("name", "cause", "consequence", "remedy"), NAME)
    return {"key": key, "severity": "major", "source": "test", **words, **given}


def compiled(text: str, **deadband: str) -> CompiledRule:
    """A rule of the class."""
    cls = make_class({"r": {"when": text, "deadband": deadband}})
    return compile_rule(cls.rules[0], cls)


def judged(term: TruthTerm, points: NDArray[np.float64]) -> list[bool | None]:
    """True, False or None for unknown, of one equipment for each column of points float64[P, n]."""
    count = points.shape[1]
    widths = [default_width(spec, spec.normal) for spec in make_class().points]
    fixed = Fixed(np.tile(np.array(DEFAULTS)[:, None], count), np.tile(np.array(widths)[:, None], count))
    program = Program([Part([term], {PointValue(row): row for row in range(len(POINTS))}, fixed)])
    _, truth = program.run(points, np.arange(count))
    return [(None, True, False)[value] for value in truth[0].tolist()]


def _one(**values: float) -> NDArray[np.float64]:
    points = np.full((len(POINTS), 1), np.nan)
    for key, value in values.items():
        points[ROWS[key], 0] = value
    return points


def says(text: str, **values: float) -> bool | None:
    """True, False or None for unknown, as the raise condition has it; what is not given is unknown."""
    return judged(compiled(text).raises, _one(**values))[0]


def holds(text: str, deadband: dict[str, str] | None = None, **values: float) -> bool | None:
    """The same of the hold condition."""
    return judged(compiled(text, **(deadband or {})).holds, _one(**values))[0]


class Rig:
    """An engine over `count` equipment of one class, ids from 1; a point's id is 100 x equipment + row."""

    def __init__(
        self,
        rules: Mapping[str, object],
        *,
        count: int = 1,
        overrides: Mapping[str, RuleOverride] | None = None,
        parameters: Mapping[str, float] | None = None,
        without: tuple[str, ...] = (),
        retired: bool = False,
        normal: Mapping[str, tuple[float, float]] | None = None,
        stale: str = "30s",
        lateness: str = "0s",
        terms: Mapping[str, object] | None = None,
        zone: str = "UTC",
    ) -> None:
        self.lateness = parse_duration(lateness)
        self.cls = make_class(rules, stale=stale, terms=terms)
        self.catalogue = Catalogue({self.cls.key: self.cls})
        self.rows = {spec.key: row for row, spec in enumerate(self.cls.points)}
        name = Text("x", "x")
        self.equipment = [
            Equipment(
                number,
                "site",
                f"thing-{number}",
                self.cls.key,
                name,
                parameters=parameters or {},
                rule_overrides=overrides or {},
                retired_at=T0 if retired else None,
                zone=zone,
            )
            for number in range(1, count + 1)
        ]
        self.points = [
            Point(
                100 * item.id + row,
                "site",
                item.key,
                spec.key,
                name,
                spec.kind,
                spec.unit,
                spec.valid_span,
                (normal or {}).get(spec.key, spec.normal),
                spec.sample,
                spec.stale_nanos,
                spec.values or {},
            )
            for item in self.equipment
            for row, spec in enumerate(self.cls.points)
            if spec.key not in without
        ]
        self.table = PointTable(self.equipment, self.points)
        self.engine = self.fresh()

    def fresh(self) -> Engine:
        """Another engine over the same."""
        return Engine(self.catalogue, self.table, lateness=self.lateness)

    def batch(self, *readings: tuple[object, ...]) -> ReadingBatch:
        """Readings (point, seconds, value[, quality[, equipment]]); the value may be an enum's word."""
        rows = [(*item, *(0, 1)[len(item) - 3 :]) for item in readings]
        return ReadingBatch.of(
            [100 * equipment + self.rows[key] for key, _, _, _, equipment in rows],
            [T0 + round(at * SECOND) for _, at, _, _, _ in rows],
            [self._value(key, value) for key, _, value, _, _ in rows],
            [quality for _, _, _, quality, _ in rows],
        )

    def _value(self, key: str, value: object) -> float:
        values = self.cls.points[self.rows[key]].values or {}
        return float(values[value] if isinstance(value, str) else value)  # type: ignore[arg-type]

    def step(self, *readings: tuple[object, ...]) -> list[tuple[str, float]]:
        """(event, seconds) of the changes; with several rules or equipment use `engine.step`."""
        return brief(self.engine.step(self.batch(*readings), T0))

    def run(self, **series: Mapping[float, object]) -> list[tuple[str, float]]:
        """The changes of series of point -> {seconds: value}, in one batch."""
        rows = [(key, at, value) for key, points in series.items() for at, value in points.items()]
        return self.step(*sorted(rows, key=lambda row: row[1]))


def brief(changes: list[AlarmChange]) -> list[tuple[str, float]]:
    """(event, seconds since T0) of each change."""
    return [(str(item.event), (item.ts - T0) / SECOND) for item in changes]


def every(step: float, until: float, value: object, start: float = 0) -> dict[float, object]:
    """The same value at every step."""
    return {float(at): value for at in np.arange(start, until + step / 2, step)}

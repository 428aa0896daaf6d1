"""A property with the plant whose models these tests run, and the checks that each of them must pass."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from plantroom.alarms import AlarmEvent
from plantroom.model import PointKind
from plantroom.times import DAY, MINUTE, SECOND, Nanos
from simulators.base import Fault, Model, Values
from tests.simulators.kit import Property, load_property, local

SUMMER, WINTER, SPRING = local(2026, 7, 22, 14), local(2026, 1, 21, 14), local(2026, 4, 15, 14)
"""Wednesdays."""

_SITE = """
sites:
  - key: plant
    name: {en: Plant, zh: 机房}
    zone: Asia/Shanghai
    equipment:
"""
_ITEM = """
      - key: KEY
        class: CLASS
        name: {en: KEY, zh: KEY}
        installed_on: 2018-05-01
        criticality: GRADE
"""


@cache
def plant(*classes: str) -> Property:
    """A property with two of each class: `<class>-a`, which always runs, and `<class>-b`, with hours."""
    text = _SITE
    for equipment_class in classes:
        for grade in "AB":
            key = f"{equipment_class}-{grade.lower()}".replace("_", "-")
            text += _ITEM.replace("KEY", key).replace("CLASS", equipment_class).replace("GRADE", grade)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plant.yaml"
        path.write_text(text, encoding="utf-8")
        return load_property(path)


def run(model: Model, hours: float, dt_s: int = 10) -> list[Values]:
    """The readings of the next hours."""
    return [
        model.step(model.start + number * dt_s * SECOND, float(dt_s))
        for number in range(1, round(hours * 3600 / dt_s) + 1)
    ]


def last(model: Model, hours: float, dt_s: int = 10) -> dict[str, float]:
    """The last readings of the next hours, as numbers; what is a word is left out."""
    return {
        key: float(value) for key, value in run(model, hours, dt_s)[-1].items() if not isinstance(value, str)
    }


def values_after(of: Property, start: Nanos, hours: float, *kinds: str, key: str) -> dict[str, float]:
    """The last readings of one equipment some hours after these faults began at `start`."""
    return last(of.model(key, start, [Fault(kind, key, start) for kind in kinds]), hours)


def check_points(of: Property, model: Model, hours: float = 2.0) -> None:
    """Nothing; every point of the class is there, of its kind and in its valid range."""
    cls = of.catalogue[model.equipment_class]
    computed = {cls.baseline.deviation} if cls.baseline else set()
    for values in run(model, hours, 20):
        assert set(values) == {point.key for point in cls.points} - computed
        for key, value in values.items():
            spec = cls.point(key)
            assert spec is not None
            if spec.kind is PointKind.ENUM:
                assert value in (spec.values or {}), key
            elif spec.kind is PointKind.BINARY:
                assert isinstance(value, bool), key
            else:
                low, high = spec.valid_span
                assert not isinstance(value, (bool, str))
                assert low <= value <= high, key


def check_noise(of: Property, steps: Iterable[Values], steady: Iterable[str] = ()) -> None:
    """Nothing; no analog value but those of `steady` and zeros stands still for half an hour of 10 s."""
    model_points = next(iter(of.catalogue[item.equipment_class] for item in of.table.equipment)).points
    column = list(steps)
    for point in model_points:
        if point.kind is not PointKind.ANALOG or point.key in steady or point.key not in column[0]:
            continue
        numbers = [float(values[point.key]) for values in column]
        for begin in range(0, len(numbers) - 180, 60):
            part = set(numbers[begin : begin + 180])
            assert len(part) > 1 or part == {0.0}, point.key


def raised(
    of: Property,
    key: str,
    start: Nanos,
    kind: str,
    *,
    severity: float = 1.0,
    hours: float = 1.5,
    dt_s: int = 10,
) -> set[str]:
    """The rules that a fault raises, which begins 5 minutes after the start; none may stand before."""
    begin = start + 5 * MINUTE
    if kind == "sensor_stuck" and hours < 3:
        # an instrument counts as frozen that moved for a day before, and stood still for two hours
        start, hours = start - DAY, 26.5
    model = of.model(key, start, [Fault(kind, key, begin, severity=severity)])
    changes = of.alarms(model, hours * 3600, dt_s)
    assert all(ts >= begin for ts, _, _ in changes)
    return {rule for _, rule, event in changes if event is AlarmEvent.RAISE}

"""How far a value must come back before a raised alarm may clear: widths given, and widths by default."""

from __future__ import annotations

import re
from collections.abc import Mapping

from plantroom.catalogue import EquipmentClass, FaultRule, PointSpec
from plantroom.errors import UnitError
from plantroom.model import PointKind
from plantroom.units import difference_scale, unit
from rules.arithmetic import rescale

DEFAULT_SHARE: Mapping[str, float] = {"flow": 0.05, "pressure": 0.02, "temperature": 0.01}
"""Share of the span (the width of the point's normal range) by quantity of its unit.
Source: ISA-18.2 and EEMUA 191 guidance."""
LEVEL_SHARE = 0.05
"""The same for a level: a point in % whose key ends in `level`."""

_WIDTH = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(.*?)\s*")


class DeadbandError(Exception):
    """A deadband entry is wrong; `point` is its key."""

    def __init__(self, point: str, message: str) -> None:
        self.point = point
        super().__init__(message)


def default_width(spec: PointSpec, normal: tuple[float, float] | None) -> float:
    """The width of a point without an entry, in its unit; `normal` is the range that the equipment has.

    Source: ISA-18.2 and EEMUA 191 guidance.
    """
    if spec.kind is not PointKind.ANALOG or normal is None:
        return 0.0
    share = DEFAULT_SHARE.get(unit(spec.unit).quantity, 0.0)
    if spec.unit == "%" and spec.key.endswith("level"):
        share = LEVEL_SHARE
    return share * (normal[1] - normal[0])


def given_widths(rule: FaultRule, cls: EquipmentClass) -> dict[int, float]:
    """Row of a point -> the width that the rule gives it, in the point's unit.

    Raises: DeadbandError.
    """
    rows = {spec.key: row for row, spec in enumerate(cls.points)}
    widths = {}
    for key, text in rule.deadband.items():
        if key not in rows:
            raise DeadbandError(key, "no such point in the class")
        spec = cls.points[rows[key]]
        if spec.kind not in (PointKind.ANALOG, PointKind.COUNTER):
            raise DeadbandError(key, f"a point that is {spec.kind} has no deadband")
        widths[rows[key]] = _width(key, text, spec.unit)
    return widths


def _width(key: str, text: str, wanted: str) -> float:
    match = _WIDTH.fullmatch(text)
    if match is None:
        raise DeadbandError(key, f"{text!r} is not a width: write a number and a unit, such as 0.1 {wanted}")
    value = float(match[1])
    if not match[2]:
        return value  # a number without a unit takes that of the point, as everywhere in the language
    try:
        return rescale(value, difference_scale(match[2], wanted))
    except UnitError as failure:
        raise DeadbandError(key, str(failure)) from None

"""What a found device may be: the equipment class whose points its fields resemble most."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from plantroom import units
from plantroom.catalogue import EquipmentClass
from plantroom.errors import UnitError

_WORD = re.compile(r"[a-z]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
LEAST_WORDS = 0.5
"""How much of a point's name must be in a field's."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An equipment class, and field -> point of it; empty where nothing is alike."""

    equipment_class: str
    points: Mapping[str, str]


def propose(fields: Sequence[tuple[str, str]], classes: Iterable[EquipmentClass]) -> Proposal:
    """The class with the most points that a field (name, unit) resembles, the first of equals."""
    best, most = Proposal("", {}), 0.0
    for cls in classes:
        points, score = _matched(fields, cls)
        if score > most:
            best, most = Proposal(cls.key, points), score
    return best


def _matched(fields: Sequence[tuple[str, str]], cls: EquipmentClass) -> tuple[dict[str, str], float]:
    """(field -> point, how well they match): the best pairs first, each field and point once."""
    pairs = [
        (alike, name, spec.key)
        for name, unit in fields
        for spec in cls.points
        if (alike := _likeness(_words(name), _words(spec.key))) >= LEAST_WORDS and _converts(unit, spec.unit)
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    found: dict[str, str] = {}
    score = 0.0
    for alike, name, key in pairs:
        if name not in found and key not in found.values():
            found[name] = key
            score += alike
    return found, score


def _words(name: str) -> frozenset[str]:
    return frozenset(_WORD.findall(_CAMEL.sub(" ", name[:200]).lower()))


def _likeness(field: frozenset[str], point: frozenset[str]) -> float:
    """How much of the point's words the field has, less a little for words of its own."""
    if not point:
        return 0.0
    common = len(field & point)
    return common / len(point) - 0.02 * min(10, len(field - point))


def _converts(given: str, wanted: str) -> bool:
    """Whether a field's unit may be the point's: one that is not told, or not known, may be."""
    if not given or given not in units.UNITS:
        return True
    try:
        units.conversion(given, wanted)
    except UnitError:
        return False
    return True

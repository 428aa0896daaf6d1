"""From a document of version 1, read without a schema, to `Samples`: what can be kept, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from collector.codecs.assembly import assemble, check_names
from collector.codecs.base import Samples
from collector.topics import Topic
from plantroom.errors import PayloadError


def samples_of(topic: Topic, document: object, duplicate_keys: int = 0) -> Samples:
    """What can be taken of a document.

    Raises: PayloadError where nothing can, and never anything else.
    """
    if topic.point is not None and not isinstance(document, dict):
        return Samples({topic.point: number(document)}, None, {}, (), duplicate_keys)
    if not isinstance(document, dict):
        raise PayloadError("shape", "an equipment message is an object with `values`")
    check_names(topic, document)
    values, units = _equipment(document) if topic.point is None else _point(document, topic.point)
    values = {key: _numbers(value) for key, value in values.items()}
    return assemble(values, document.get("ts"), units, duplicate_keys)


def _equipment(document: dict[str, object]) -> tuple[Mapping[str, object], Mapping[str, str]]:
    values = document.get("values")
    if not isinstance(values, dict):
        hint = "; `value` belongs on a point's topic" if "value" in document else ""
        raise PayloadError("shape", f"an equipment message needs the object `values`{hint}")
    units = document.get("units")
    if units is None:
        return values, {}
    if not isinstance(units, dict):
        raise PayloadError("shape", "`units` is an object of point and unit")
    return values, {key: _name(unit) for key, unit in units.items()}


def _point(document: dict[str, object], point: str) -> tuple[Mapping[str, object], Mapping[str, str]]:
    if "value" not in document:
        hint = "; `values` belongs on the equipment's topic" if "values" in document else ""
        raise PayloadError("shape", f"a point message is a value, or an object with `value`{hint}")
    unit = document.get("unit")
    units = {} if unit is None else {point: _name(unit)}
    return {point: document["value"]}, units


def _name(value: object) -> str:
    """A unit's name; for what is no text a name that no unit has."""
    return value if isinstance(value, str) else f"({type(value).__name__})"


def _numbers(value: object) -> object:
    return [number(item) for item in value] if isinstance(value, list) else number(value)


def number(value: object) -> object:
    """A whole number as the float that the quick way gives; one that no float can hold stays."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return value
    return value

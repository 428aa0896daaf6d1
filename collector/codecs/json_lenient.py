"""JSON v1 read a second time, slowly: what can be kept of a body that the quick way did not take.

Takes NaN, Infinity and numbers that overflow (they become flagged readings), counts duplicate keys, keeps the
good values beside a bad one, and names what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from collector.codecs.assembly import assemble, check_names
from collector.codecs.base import Samples
from collector.text import plain
from collector.topics import Topic
from plantroom.errors import PayloadError


class _Repeats:
    """Makes dicts of pairs, the last of equal keys winning, and counts the others."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        result = dict(pairs)
        self.count += len(pairs) - len(result)
        return result


def decode(topic: Topic, payload: bytes) -> Samples:
    """What can be taken of the payload.

    Raises: PayloadError where nothing can, and never anything else.
    """
    repeats = _Repeats()
    document = _parse(payload, repeats)
    if topic.point is not None and not isinstance(document, dict):
        return Samples({topic.point: _number(document)}, None, {}, (), repeats.count)
    if not isinstance(document, dict):
        raise PayloadError("shape", "an equipment message is an object with `values`")
    check_names(topic, document)
    values, units = _equipment(document) if topic.point is None else _point(document, topic.point)
    values = {key: _numbers(value) for key, value in values.items()}
    return assemble(values, document.get("ts"), units, repeats.count)


def _parse(payload: bytes, repeats: _Repeats) -> object:
    try:
        return json.loads(payload.decode(), object_pairs_hook=repeats)
    except UnicodeDecodeError as failure:
        raise PayloadError("utf8", f"the payload is not UTF-8 at byte {failure.start}") from None
    except json.JSONDecodeError as failure:
        where = f"line {failure.lineno} column {failure.colno}"
        raise PayloadError("json", f"not JSON: {plain(failure.msg, 80)} at {where}") from None
    except RecursionError:
        raise PayloadError("nesting", "the JSON is nested too deep") from None
    except ValueError:  # the interpreter's limit on the digits of a whole number
        raise PayloadError("number", "a number has too many digits") from None


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
    return [_number(item) for item in value] if isinstance(value, list) else _number(value)


def _number(value: object) -> object:
    """A whole number as the float that the quick way gives; one that no float can hold stays."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return value
    return value

"""zigbee2mqtt's list of devices, `bridge/devices`, to found devices.

Source: zigbee2mqtt documentation, "MQTT topics and messages" and "Exposes".
"""

from __future__ import annotations

from collections.abc import Iterator

from plantroom.discovery import MOST_FIELDS, Found, FoundField, Word
from plantroom.errors import PayloadError

MOST_DEVICES = 2_000
_DEPTH = 3
_UNITS = {"°C": "degC", "lqi": ""}
_HUMIDITIES = frozenset({"humidity", "soil_moisture"})
"""Properties whose per cent are of relative humidity."""


def devices(document: object, layout: str, site: str) -> list[Found]:
    """Every device of the list that has something to tell.

    Raises: PayloadError(`shape`) where it is no list of devices.
    """
    if not isinstance(document, list):
        raise PayloadError("shape", "zigbee2mqtt's devices are a list")
    found = []
    for item in document[:MOST_DEVICES]:
        if not isinstance(item, dict) or item.get("type") == "Coordinator":
            continue
        name, definition = _text(item.get("friendly_name")), item.get("definition")
        if not name or not isinstance(definition, dict):
            continue
        found.append(
            Found(
                layout,
                site,
                name,
                name=_text(definition.get("description")) or name,
                maker=_text(definition.get("vendor")),
                model=_text(definition.get("model")),
                fields=tuple({one.name: one for one in _fields(definition.get("exposes"))}.values()),
            )
        )
    return found


def _fields(exposes: object, depth: int = 0) -> Iterator[FoundField]:
    if not isinstance(exposes, list) or depth > _DEPTH:
        return
    for item in exposes[:MOST_FIELDS]:
        if not isinstance(item, dict):
            continue
        name = _text(item.get("property"))
        if name and "features" not in item:
            unit = "%RH" if name in _HUMIDITIES else _text(item.get("unit"))
            yield FoundField(name, _UNITS.get(unit, unit), words=_words(item))
        yield from _fields(item.get("features"), depth + 1)


def _words(item: dict[str, object]) -> dict[str, Word]:
    """The texts of a binary value; true and false need none."""
    if item.get("type") != "binary":
        return {}
    on, off = item.get("value_on"), item.get("value_off")
    return {on: True, off: False} if isinstance(on, str) and isinstance(off, str) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

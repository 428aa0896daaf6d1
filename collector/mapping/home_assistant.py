"""Home Assistant's discovery messages to found devices: which topic holds which value.

A template is understood where it only names a key of the document; any other is not run, and its value is
listed without a topic. Source: Home Assistant documentation, "MQTT", section "MQTT discovery".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from plantroom.discovery import MOST_FIELDS, Found, FoundField, Word
from plantroom.errors import PayloadError

_SHORT = {
    "stat_t": "state_topic",
    "unit_of_meas": "unit_of_measurement",
    "val_tpl": "value_template",
    "stat_val_tpl": "state_value_template",
    "dev": "device",
    "ids": "identifiers",
    "mf": "manufacturer",
    "mdl": "model",
    "pl_on": "payload_on",
    "pl_off": "payload_off",
    "stat_on": "state_on",
    "stat_off": "state_off",
    "uniq_id": "unique_id",
    "obj_id": "object_id",
    "p": "platform",
    "cmps": "components",
    "dev_cla": "device_class",
}
_BINARY = frozenset({"binary_sensor", "switch", "light", "fan", "siren"})
_READ = _BINARY | {"sensor", "number"}
_KEY = r"(?:\.[A-Za-z_][A-Za-z0-9_]*|\[\s*(?:'[^'\[\]]+'|\"[^\"\[\]]+\")\s*\])"
_TEMPLATE = re.compile(
    rf"\{{\{{-?\s*value_json(?P<keys>{_KEY}+)\s*(?:\|\s*(?:float|int)\s*(?:\(\s*0?\s*\))?\s*)?-?\}}\}}"
)
_PLAIN = re.compile(r"\{\{-?\s*value\s*(?:\|\s*(?:float|int)\s*(?:\(\s*0?\s*\))?\s*)?-?\}\}")
_ONE_KEY = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[\s*['\"]([^'\"]+)['\"]\s*\]")
_LONGEST_TEMPLATE = 300
_UNITS = {"°C": "degC", "°F": "degF", "L/h": "L/h", "lx": "lx", "m³/h": "m3/h", "m³": "m3", "Ω": "ohm"}


def announced(document: object, names: Mapping[str, str], layout: str, site: str) -> list[Found]:
    """The device of an announcement, with the values that it adds; nothing where it has none to read.

    Raises: PayloadError(`shape`) where it is no announcement.
    """
    if not isinstance(document, dict):
        raise PayloadError("shape", "an announcement is an object")
    body = _long(document)
    component, object_id = names.get("component", ""), names.get("object", "")
    if component == "device":
        parts = body.get("components")
        entries = list(parts.items()) if isinstance(parts, dict) else []
        shared = {key: value for key, value in body.items() if key in {"state_topic", "~"}}
    else:
        entries, shared = [(object_id, body | {"platform": component})], {}
    fields = [
        item
        for name, part in entries[:MOST_FIELDS]
        if isinstance(part, dict) and (item := _field(str(name), shared | _long(part))) is not None
    ]
    if not fields:
        return []
    device = body.get("device")
    described = _long(device) if isinstance(device, dict) else {}
    identity = described.get("identifiers")
    if isinstance(identity, list):
        identity = identity[0] if identity else ""
    key = _text(identity) or names.get("node") or object_id
    return [
        Found(
            layout,
            site,
            key,
            name=_text(described.get("name")) or key,
            maker=_text(described.get("manufacturer")),
            model=_text(described.get("model")),
            fields=tuple(fields),
        )
    ]


def _field(name: str, entry: Mapping[str, object]) -> FoundField | None:
    component = _text(entry.get("platform"))
    topic = _text(entry.get("state_topic"))
    if component not in _READ or not topic:
        return None
    base = _text(entry.get("~"))
    if base and topic.startswith("~"):
        topic = base + topic[1:]
    elif base and topic.endswith("~"):
        topic = topic[:-1] + base
    path = _path(_text(entry.get("value_template")) or _text(entry.get("state_value_template")))
    usable = path is not None and not set(topic) & {"+", "#"}
    unit = _text(entry.get("unit_of_measurement"))
    if unit == "%" and entry.get("device_class") in {"humidity", "moisture"}:
        unit = "%RH"
    return FoundField(
        name=name,
        unit=_UNITS.get(unit, unit),
        topic=topic if usable else "",
        path=path or "",
        words=_words(entry) if component in _BINARY else {},
        text_number=component in {"sensor", "number"},
    )


def _words(entry: Mapping[str, object]) -> dict[str, Word]:
    on = entry.get("state_on", entry.get("payload_on", "ON"))
    off = entry.get("state_off", entry.get("payload_off", "OFF"))
    return {_spelled(on): True, _spelled(off): False}


def _spelled(word: object) -> str:
    if isinstance(word, bool):
        return "true" if word else "false"
    return str(word)[:40]


def _path(text: str) -> str | None:
    """The dotted path that a template names, empty for the whole payload; None for any other template."""
    if not text or (len(text) <= _LONGEST_TEMPLATE and _PLAIN.fullmatch(text.strip())):
        return ""
    found = _TEMPLATE.fullmatch(text.strip()) if len(text) <= _LONGEST_TEMPLATE else None
    if found is None:
        return None
    keys = [one or other for one, other in _ONE_KEY.findall(found["keys"])]
    # a key with a dot cannot be told from two keys in a path
    return None if any("." in key for key in keys) else ".".join(keys)


def _long(entry: Mapping[str, object]) -> dict[str, object]:
    """The entry with abbreviated keys written out."""
    return {_SHORT.get(str(key), str(key)): value for key, value in entry.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

"""Sparkplug B: a protobuf payload to its metrics, and the one command that we send.

What an alias stands for and whether a node has been born is `collector/mapping/sparkplug.py`.
Source: Eclipse Sparkplug specification 3.0.0, chapter 6.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError, EncodeError

from collector.codecs.sparkplug_schema import VALUES, Payload
from collector.codecs.timestamps import END
from plantroom.errors import PayloadError
from plantroom.times import MILLISECOND, Nanos

REBIRTH: Final = "Node Control/Rebirth"
BD_SEQ: Final = "bdSeq"
BOOLEAN: Final = 11
_SIGNED: Final = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED: Final = frozenset({5, 6, 7, 8})
_NUMBERS: Final = frozenset({*_SIGNED, *_UNSIGNED, 9, 10, 13})
_TEXTS: Final = frozenset({12, 14, 15})
SCALARS: Final = frozenset({*_NUMBERS, *_TEXTS, BOOLEAN})
"""The data types whose values can be a point's."""
GOOD: Final = 192


@dataclass(slots=True)
class Metric:
    """One metric of a payload; `name` is empty where only the alias is given, `datatype` 0 where none is."""

    name: str
    alias: int | None
    datatype: int
    ts: Nanos | None
    raw: Any
    """The value as it came: a signed whole number in its unsigned form; None for null or a type unread."""
    is_null: bool = False
    quality: int = GOOD
    unit: str = ""


@dataclass(slots=True)
class Metrics:
    """A payload."""

    ts: Nanos | None
    seq: int | None
    metrics: list[Metric]


def decode(payload: bytes) -> Metrics:
    """What the payload says.

    Raises: PayloadError where it is no Sparkplug B, and never anything else.
    """
    if not payload:
        raise PayloadError("empty", "the payload is empty")
    try:
        body = Payload.FromString(payload)
        metrics = [_metric(item) for item in body.metrics]
    except (DecodeError, ValueError, RecursionError):
        raise PayloadError("sparkplug", "not a Sparkplug B payload (protobuf)") from None
    if body.body and not metrics:
        raise PayloadError("sparkplug", "the payload is compressed, which is not understood; turn that off")
    ts = _nanos(body.timestamp) if body.HasField("timestamp") else None
    return Metrics(ts, body.seq if body.HasField("seq") else None, metrics)


def _nanos(milliseconds: int) -> Nanos:
    """Of milliseconds since 1970; -1 for a time that no reading can have."""
    ts = milliseconds * MILLISECOND
    return ts if ts <= END else -1


def _metric(item: Any) -> Metric:
    chosen = item.WhichOneof(VALUES)
    metric = Metric(
        name=_text(item.name),
        alias=item.alias if item.HasField("alias") else None,
        datatype=item.datatype,
        ts=_nanos(item.timestamp) if item.HasField("timestamp") else None,
        raw=None if chosen is None or item.is_null else _given(item, chosen),
        is_null=item.is_null,
    )
    if item.HasField("properties"):
        _read_properties(item.properties, metric)
    return metric


def _given(item: Any, chosen: str) -> Any:
    value = getattr(item, chosen)
    return _text(value) if chosen == "string_value" else value


def _text(value: Any) -> str:
    """A text of the library, which gives bytes for one that is not UTF-8."""
    if not isinstance(value, str):
        raise PayloadError("utf8", "a text in the Sparkplug payload is not UTF-8")
    return value


def _read_properties(properties: Any, metric: Metric) -> None:
    """Take quality and unit from a metric's properties."""
    for key, value in zip(properties.keys, properties.values, strict=False):
        chosen = value.WhichOneof(VALUES)
        given = None if chosen is None or value.is_null else _given(value, chosen)
        if key == "Quality" and isinstance(given, int):
            metric.quality = given
        elif key in {"engUnit", "engineeringUnits"} and isinstance(given, str):
            metric.unit = given[:40]


def value_of(raw: object, datatype: int, *, is_null: bool = False) -> object:
    """The value as a number, a truth value or a text.

    Raises: PayloadError(`type`) where it is none of these, or not of the type that was announced.
    """
    if is_null:
        return None
    if datatype == BOOLEAN and isinstance(raw, bool):
        return raw
    if datatype in _TEXTS and isinstance(raw, str):
        return raw
    if datatype in _NUMBERS and isinstance(raw, (int, float)) and not isinstance(raw, bool):
        bits = _SIGNED.get(datatype)
        if bits is not None and isinstance(raw, int):
            # 8 and 16 bits come in a field of 32, some senders fill it with the sign and some do not
            raw &= (1 << bits) - 1
            raw -= (raw >> (bits - 1)) << bits
        return float(raw)
    kind = type(raw).__name__
    raise PayloadError("type", f"a {kind} is no value of the Sparkplug data type {datatype}")


def encode_rebirth(now: Nanos) -> bytes:
    """The payload of an NCMD that asks an edge node for its births again.

    Source: specification 3.0.0, tck-id-operational-behavior-data-commands-rebirth-name and -value.
    """
    body = Payload(timestamp=now // MILLISECOND)
    body.metrics.add(name=REBIRTH, datatype=BOOLEAN, boolean_value=True, timestamp=now // MILLISECOND)
    try:
        encoded: bytes = body.SerializeToString()
    except EncodeError as failure:  # cannot be: every field is set here
        raise ValueError(str(failure)) from failure
    return encoded

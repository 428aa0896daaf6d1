"""JSON, version 1: the format that `collector/README.md` describes, decoded by msgspec.

The quick way takes what is well-formed JSON of the right shape. Whatever it does not take, or where a key
seems to be there twice, is read again by `json_lenient`, which finds out what can be kept and what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from msgspec import UNSET, Struct, UnsetType

from collector.codecs import json_lenient
from collector.codecs.assembly import assemble, check_names
from collector.codecs.base import Samples
from collector.codecs.timestamps import BELOW_IS_MICROSECONDS
from collector.topics import Topic
from plantroom.errors import PayloadError
from plantroom.readings import Float64s, Int64s
from plantroom.times import Nanos

Scalar: TypeAlias = float | bool | str | None
Time: TypeAlias = int | float | str | list[int | float | str | None] | None


class _Body(Struct, gc=False):
    ts: Time | UnsetType = UNSET
    site: str | UnsetType = UNSET
    equipment: str | UnsetType = UNSET
    point: str | UnsetType = UNSET


class _EquipmentBody(_Body, kw_only=True, gc=False):
    values: dict[str, Scalar | list[Scalar]]
    units: dict[str, str] | UnsetType = UNSET


class _PointBody(_Body, kw_only=True, gc=False):
    value: Scalar | list[Scalar]
    unit: str | UnsetType = UNSET


_equipment = msgspec.json.Decoder(_EquipmentBody)
_point = msgspec.json.Decoder(_PointBody)
_bare: msgspec.json.Decoder[Scalar] = msgspec.json.Decoder(Scalar)
_encoder = msgspec.json.Encoder()


class JsonV1:
    """The codec of JSON v1."""

    def decode(self, topic: Topic, payload: bytes) -> Samples:
        """What the payload says; see `Codec.decode`."""
        if not payload.strip():
            raise PayloadError("empty", "the payload is empty")
        try:
            if not payload.isascii():
                payload.decode()  # msgspec does not look into the texts that it skips
            samples = _decode(topic, payload)
        except UnicodeDecodeError as failure:
            raise PayloadError("utf8", f"the payload is not UTF-8 at byte {failure.start}") from None
        except (msgspec.MsgspecError, ValueError, RecursionError):
            samples = None
        return json_lenient.decode(topic, payload) if samples is None else samples


def _decode(topic: Topic, payload: bytes) -> Samples | None:
    """The samples, or None where keys and colons do not tally: a key may be there twice."""
    if topic.point is None:
        body = _equipment.decode(payload)
        units = {} if body.units is UNSET else body.units
        keys = 1 + len(body.values) + (body.units is not UNSET) + len(units)
        if payload.count(b":") != keys + _of_common(topic, body):
            return None
        return assemble(body.values, None if body.ts is UNSET else body.ts, units)
    if not payload.lstrip().startswith(b"{"):
        return Samples({topic.point: _bare.decode(payload)}, None, {})
    one = _point.decode(payload)
    if payload.count(b":") != 1 + (one.unit is not UNSET) + _of_common(topic, one):
        return None
    units = {} if one.unit is UNSET else {topic.point: one.unit}
    return assemble({topic.point: one.value}, None if one.ts is UNSET else one.ts, units)


def _of_common(topic: Topic, body: _Body) -> int:
    """How many colons the common part of the body accounts for: one a key and those of times as text."""
    count = 0
    ts = body.ts
    if ts is not UNSET:
        count = 1
        if type(ts) is str:
            count += ts.count(":")
        elif type(ts) is list and str in set(map(type, ts)):
            count += sum(item.count(":") for item in ts if type(item) is str)
    if body.site is not UNSET or body.equipment is not UNSET or body.point is not UNSET:
        named = {"site": body.site, "equipment": body.equipment, "point": body.point}
        given = {key: name for key, name in named.items() if name is not UNSET}
        check_names(topic, given)
        count += len(given) + sum(str(name).count(":") for name in given.values())
    return count


def encode_equipment(
    ts: Nanos, values: Mapping[str, Scalar], units: Mapping[str, str] | None = None
) -> bytes:
    """The payload of one equipment's values at one time, for `topics.equipment_topic`.

    A value that is None or NaN is no reading.
    Raises: ValueError for a time before 1973, which the time rule would not take for nanoseconds.
    """
    body: dict[str, object] = {"ts": _checked(ts), "values": values}
    return _encoder.encode(body | {"units": units} if units else body)


def encode_batch(
    ts: Sequence[Nanos] | Int64s,
    values: Mapping[str, Sequence[Scalar] | Float64s],
    units: Mapping[str, str] | None = None,
) -> bytes:
    """The payload of one equipment's values at many times: a column for each point, as long as `ts`.

    Raises: ValueError as `encode_equipment`, and for a column of another length.
    """
    times: list[int] = ts.tolist() if isinstance(ts, np.ndarray) else list(ts)
    columns = {
        key: column.tolist() if isinstance(column, np.ndarray) else list(column)
        for key, column in values.items()
    }
    for key, column in columns.items():
        if len(column) != len(times):
            raise ValueError(f"{key} has {len(column)} values for {len(times)} times")
    if times:
        _checked(min(times))
    body: dict[str, object] = {"ts": times, "values": columns}
    return _encoder.encode(body | {"units": units} if units else body)


def encode_point(ts: Nanos, value: Scalar, unit: str | None = None) -> bytes:
    """The payload of one point's value, for `topics.point_topic`.

    Raises: ValueError as `encode_equipment`.
    """
    body: dict[str, object] = {"ts": _checked(ts), "value": value}
    return _encoder.encode(body | {"unit": unit} if unit is not None else body)


def _checked(ts: Nanos) -> Nanos:
    if ts < BELOW_IS_MICROSECONDS:
        raise ValueError(f"{ts} is before 1973; times are nanoseconds since 1970")
    return ts

"""MessagePack, version 1: the documents of JSON v1 in fewer bytes, with columns that may be binary.

A document is a map, so that its first byte tells it from JSON. A binary `ts` is a column of little-endian
int64, a binary value one of little-endian float64: these are taken without looking at single values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from collector.codecs.base import Samples
from collector.codecs.document import samples_of
from collector.topics import Topic
from plantroom.errors import PayloadError
from plantroom.readings import Float64s, Int64s

FIRST_BYTES = frozenset([*range(0x80, 0x90), 0xDE, 0xDF])
"""How a map begins; no JSON begins so, since these do not begin a character of ASCII."""
_WIDTH = 8
_decoder = msgspec.msgpack.Decoder(dict[str, Any])
_encoder = msgspec.msgpack.Encoder()


class MsgpackV1:
    """The codec of MessagePack v1."""

    def decode(self, topic: Topic, payload: bytes) -> Samples:
        """What the payload says; see `Codec.decode`."""
        if not payload:
            raise PayloadError("empty", "the payload is empty")
        try:
            document = _decoder.decode(payload)
        except RecursionError:
            raise PayloadError("nesting", "the MessagePack is nested too deep") from None
        except UnicodeDecodeError:
            raise PayloadError("utf8", "a text in the MessagePack is not UTF-8") from None
        except (msgspec.MsgspecError, ValueError, TypeError, OverflowError) as failure:
            raise PayloadError("msgpack", f"not MessagePack of a map: {str(failure)[:120]}") from None
        if "ts" in document:
            document["ts"] = _times(document["ts"])
        if isinstance(document.get("values"), dict):
            document["values"] = _columns(document["values"])
        if "value" in document:
            document["value"] = _column("value", document["value"])
        return samples_of(topic, document)


def _times(given: object) -> object:
    return _array(given, "<i8", np.int64, "ts") if isinstance(given, bytes) else given


def _columns(values: Mapping[object, object]) -> dict[str, object]:
    columns: dict[str, object] = {}
    for key, value in values.items():
        if not isinstance(key, str):
            raise PayloadError("shape", f"a point's name is a text, not {type(key).__name__}")
        columns[key] = _column(key, value)
    return columns


def _column(key: str, value: object) -> object:
    return _array(value, "<f8", np.float64, key) if isinstance(value, bytes) else value


def _array(given: bytes, layout: str, kind: type[np.generic], key: str) -> Any:
    if len(given) % _WIDTH:
        raise PayloadError(
            "shape", f"the binary column {key[:64]!r} of {len(given)} bytes is no multiple of 8"
        )
    # a copy: the checks that follow write into it
    return np.frombuffer(given, dtype=layout).astype(kind)


def encode_batch(
    ts: Sequence[int] | Int64s,
    values: Mapping[str, Sequence[float] | Float64s],
    units: Mapping[str, str] | None = None,
) -> bytes:
    """The payload of one equipment's values at many times, all columns binary.

    Raises: ValueError for a column of another length.
    """
    times = np.asarray(ts, dtype="<i8")
    body: dict[str, object] = {"ts": times.tobytes()}
    columns = {key: np.asarray(column, dtype="<f8") for key, column in values.items()}
    for key, column in columns.items():
        if column.shape != times.shape:
            raise ValueError(f"{key} has {len(column)} values for {len(times)} times")
    body["values"] = {key: column.tobytes() for key, column in columns.items()}
    return _encoder.encode(body | {"units": units} if units else body)

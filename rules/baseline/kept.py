"""The state of a Watch as bytes, by names: a changed catalogue or property takes over what still fits."""

from __future__ import annotations

import zlib

import msgspec
import numpy as np

from plantroom.errors import StoreCorruptError

VERSION = 1
_MAGIC = b"PLBASE\n"


class ClassState(msgspec.Struct, frozen=True):
    """One class: its baseline's points with their units, equipment ids, and arrays by equipment."""

    key: str
    points: list[tuple[str, str]]
    equipment: list[int]
    arrays: dict[str, tuple[str, list[int], bytes]]
    """Name -> type, shape, bytes."""


class State(msgspec.Struct, frozen=True):
    """Everything that outlives a Watch; `running` as `Running.checkpoint` gives it."""

    version: int
    classes: list[ClassState]
    running: bytes


def pack(arrays: dict[str, np.ndarray]) -> dict[str, tuple[str, list[int], bytes]]:
    """Arrays as plain data."""
    return {name: (item.dtype.str, list(item.shape), item.tobytes()) for name, item in arrays.items()}


def unpack(state: ClassState) -> dict[str, np.ndarray]:
    """The arrays of a class, read-only. Raises: StoreCorruptError."""
    try:
        found = {
            name: np.frombuffer(data, kind).reshape(shape)
            for name, (kind, shape, data) in state.arrays.items()
        }
    except (ValueError, TypeError) as failure:
        raise StoreCorruptError(f"the baselines of class {state.key!r} do not add up: {failure}") from failure
    if any(len(item) != len(state.equipment) for item in found.values()):
        raise StoreCorruptError(f"the baselines of class {state.key!r} do not add up")
    return found


def encode(state: State) -> bytes:
    """The state as bytes with a checksum."""
    body = msgspec.msgpack.encode(state)
    return _MAGIC + zlib.crc32(body).to_bytes(4, "big") + body


def decode(data: bytes) -> State:
    """The state in the bytes. Raises: StoreCorruptError for anything else."""
    head = len(_MAGIC) + 4
    body = data[head:]
    if data[: len(_MAGIC)] != _MAGIC or zlib.crc32(body).to_bytes(4, "big") != data[len(_MAGIC) : head]:
        raise StoreCorruptError("the baselines' checkpoint is damaged, or is none")
    try:
        state = msgspec.msgpack.decode(body, type=State)
    except msgspec.DecodeError as failure:
        raise StoreCorruptError(f"the baselines' checkpoint cannot be read: {failure}") from failure
    if state.version != VERSION:
        raise StoreCorruptError(f"the baselines' checkpoint is of version {state.version}, not {VERSION}")
    return state

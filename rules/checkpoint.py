"""The engine's state as bytes, by names: equipment id, point key and rule key.

A changed catalogue or property takes over what still fits: a point whose unit changed loses its value, a rule
whose text changed keeps its alarm but not its running timer.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from plantroom.errors import StoreCorruptError
from plantroom.readings import Int64s
from plantroom.times import HOUR, Nanos
from rules.expression import CompiledRule
from rules.timers import Timers
from rules.window import NEVER, Window

VERSION = 1
HORIZON: Nanos = HOUR
"""How far before the newest evaluation the store is read again at most. Equipment that has been silent for
longer would otherwise make every restart read its whole silence."""

_MAGIC = b"PLRULES\n"
_Number = TypeVar("_Number", np.float64, np.int64, np.uint8)


class ClassRules(Protocol):
    """The parts of the engine whose state is kept."""

    compiled: tuple[CompiledRule, ...]
    window: Window
    timers: Timers


class ClassState(msgspec.Struct, frozen=True):
    """The state of one class; arrays as little-endian bytes, [P, E] by point, [R, E] by rule, else [E]."""

    key: str
    equipment: bytes
    evaluated: bytes
    evaluated_before: bytes
    points: list[tuple[str, str]]
    """Key and unit."""
    value: bytes
    ts: bytes
    quality: bytes
    rules: list[tuple[str, str]]
    """Key and text."""
    active: bytes
    since: bytes
    since_before: bytes
    changed: bytes


class State(msgspec.Struct, frozen=True):
    """Everything that outlives the engine."""

    version: int
    classes: list[ClassState]


def collect(classes: Sequence[ClassRules]) -> State:
    """The state of the engine's classes."""
    return State(VERSION, [_collect(item) for item in classes])


def _collect(rules: ClassRules) -> ClassState:
    window, timers = rules.window, rules.timers
    ids = np.array([item.id for item in window.equipment], dtype=np.int64)
    return ClassState(
        key=window.cls.key,
        equipment=_bytes(ids),
        evaluated=_bytes(window.evaluated),
        evaluated_before=_bytes(window.evaluated_before),
        points=[(spec.key, spec.unit) for spec in window.cls.points],
        value=_bytes(window.value),
        ts=_bytes(window.ts),
        quality=_bytes(window.quality),
        rules=[(rule.key, rule.text) for rule in rules.compiled],
        active=_bytes(timers.active.astype(np.uint8)),
        since=_bytes(timers.since),
        since_before=_bytes(timers.since_before),
        changed=_bytes(timers.changed),
    )


def encode(state: State) -> bytes:
    """The state as bytes with a checksum, readable by `decode` of the same version."""
    body = zlib.compress(msgspec.msgpack.encode(state), 1)
    return _MAGIC + zlib.crc32(body).to_bytes(4, "big") + body


def decode(data: bytes) -> State:
    """The state in the bytes, with every array of the right length.

    Raises: StoreCorruptError for anything else.
    """
    head = len(_MAGIC) + 4
    body = data[head:]
    if data[: len(_MAGIC)] != _MAGIC or zlib.crc32(body).to_bytes(4, "big") != data[len(_MAGIC) : head]:
        raise StoreCorruptError("the rules' checkpoint is damaged, or is none")
    try:
        state = msgspec.msgpack.decode(zlib.decompress(body), type=State)
    except (zlib.error, msgspec.DecodeError) as failure:
        raise StoreCorruptError(f"the rules' checkpoint cannot be read: {failure}") from failure
    if state.version != VERSION:
        raise StoreCorruptError(f"the rules' checkpoint is of version {state.version}, not {VERSION}")
    for item in state.classes:
        _check(item)
    return state


def _check(state: ClassState) -> None:
    width = len(state.equipment) // 8
    points, rules = width * len(state.points), width * len(state.rules)
    lengths = (
        (state.equipment, 8 * width),
        *((part, 8 * width) for part in (state.evaluated, state.evaluated_before)),
        *((part, 8 * points) for part in (state.value, state.ts)),
        (state.quality, points),
        *((part, 8 * rules) for part in (state.since, state.since_before, state.changed)),
        (state.active, rules),
    )
    if any(len(part) != length for part, length in lengths):
        raise StoreCorruptError(f"the rules' checkpoint does not add up in class {state.key!r}")


def apply(state: State, classes: Sequence[ClassRules]) -> None:
    """Put the state into the engine's classes where names agree; the rest of them stays as it is."""
    of_class = {item.key: item for item in state.classes}
    for rules in classes:
        found = of_class.get(rules.window.cls.key)
        if found is not None:
            _apply(found, rules)


def _apply(state: ClassState, rules: ClassRules) -> None:
    window, timers = rules.window, rules.timers
    ids = np.frombuffer(state.equipment, "<i8").tolist()
    new_columns, old_columns = _common([item.id for item in window.equipment], ids)
    width = len(ids)
    for name in ("evaluated", "evaluated_before"):
        old = np.frombuffer(getattr(state, name), "<i8")
        getattr(window, name)[new_columns] = old[old_columns]
    specs = [(spec.key, spec.unit) for spec in window.cls.points]
    new_rows, old_rows = _common(specs, state.points)
    to, out_of = np.ix_(new_rows, new_columns), np.ix_(old_rows, old_columns)
    window.value[to] = _table(state.value, "<f8", state.points, width)[out_of]
    window.ts[to] = _table(state.ts, "<i8", state.points, width)[out_of]
    window.quality[to] = _table(state.quality, "u1", state.points, width)[out_of]
    new_rows, old_rows = _common([rule.key for rule in rules.compiled], [key for key, _ in state.rules])
    to, out_of = np.ix_(new_rows, new_columns), np.ix_(old_rows, old_columns)
    timers.active[to] = _table(state.active, "u1", state.rules, width)[out_of] != 0
    timers.changed[to] = _table(state.changed, "<i8", state.rules, width)[out_of]
    # a timer that ran for another text says nothing of this one
    new_rows, old_rows = _common([(rule.key, rule.text) for rule in rules.compiled], state.rules)
    to, out_of = np.ix_(new_rows, new_columns), np.ix_(old_rows, old_columns)
    timers.since[to] = _table(state.since, "<i8", state.rules, width)[out_of]
    timers.since_before[to] = _table(state.since_before, "<i8", state.rules, width)[out_of]


def resume_from(classes: Sequence[ClassRules]) -> Nanos | None:
    """The reading time from which the store may hold readings that the engine has not seen."""
    seen: list[Int64s] = [item.window.evaluated[item.window.evaluated != NEVER] for item in classes]
    times = np.concatenate(seen) if seen else np.empty(0, dtype=np.int64)
    if not len(times):
        return None
    return max(int(times.min()), int(times.max()) - HORIZON)


def _common(new: Sequence[object], old: Sequence[object]) -> tuple[list[int], list[int]]:
    """The indexes in `new` and in `old` of what both have."""
    where = {item: index for index, item in enumerate(old)}
    pairs = [(index, where[item]) for index, item in enumerate(new) if item in where]
    return [index for index, _ in pairs], [index for _, index in pairs]


def _bytes(array: NDArray[_Number]) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _table(data: bytes, dtype: str, rows: Sequence[object], width: int) -> NDArray[np.generic]:
    return np.frombuffer(data, dtype).reshape(len(rows), width)

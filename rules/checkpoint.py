"""The engine's state as bytes, by names: equipment id, point key, rule key and a window's text.

A changed catalogue or property takes over what still fits: a point whose unit changed loses its value, a rule
whose text changed keeps its alarm but not its running timer, a window whose text changed starts anew.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from plantroom.errors import StoreCorruptError
from plantroom.readings import Int64s
from plantroom.times import HOUR, Nanos
from rules import kept
from rules.class_rules import ClassRules
from rules.kept import Kept, KeptRing
from rules.memory import Memory
from rules.window import NEVER
from rules.windows.history import History

VERSION = 2
HORIZON: Nanos = HOUR
"""How far before the newest evaluation the store is read again at most. Equipment that has been silent for
longer would otherwise make every restart read its whole silence."""

_MAGIC = b"PLRULES\n"
_Number = TypeVar("_Number", np.float64, np.int64, np.uint8)


class Engine(Protocol):
    """What an engine shows of its state."""

    last: Nanos

    @property
    def classes(self) -> Sequence[ClassRules]:
        """The rules by class."""

    @property
    def memory(self) -> Memory:
        """What the rules remember."""

    @property
    def history(self) -> History:
        """The bars and windows of the property."""


class ClassState(msgspec.Struct, frozen=True):
    """The state of one class; arrays as little-endian bytes, [P, E] by point, [R, E] by rule, else [E]."""

    key: str
    equipment: bytes
    evaluated: bytes
    points: list[tuple[str, str]]
    """Key and unit."""
    value: bytes
    ts: bytes
    quality: bytes
    rules: list[tuple[str, str]]
    """Key and text."""
    active: bytes
    since: bytes
    changed: bytes
    lasting: Kept
    """Since when conditions hold."""
    before: Kept
    """The readings before the last ones."""
    windows: Kept
    """What windows said last."""
    learned: Kept
    series: Kept
    """The open bar, the last value and its time of every series."""
    rings: list[KeptRing]


class State(msgspec.Struct, frozen=True):
    """Everything that outlives the engine."""

    version: int
    minute: int
    last: int
    classes: list[ClassState]


def collect(engine: Engine) -> State:
    """The state of an engine."""
    history, memory = engine.history, engine.memory
    classes = [_collect(item, memory, history) for item in engine.classes]
    return State(VERSION, history.minute, engine.last, classes)


def _collect(rules: ClassRules, memory: Memory, history: History) -> ClassState:
    window, timers = rules.window, memory.timers_of(rules)
    mine = slice(rules.first, rules.first + rules.width)
    ids = np.array([item.id for item in window.equipment], dtype=np.int64)
    return ClassState(
        key=window.cls.key,
        equipment=_bytes(ids),
        evaluated=_bytes(memory.evaluated[mine]),
        points=[(spec.key, spec.unit) for spec in window.cls.points],
        value=_bytes(window.value),
        ts=_bytes(window.ts),
        quality=_bytes(window.quality),
        rules=[(rule.key, rule.text) for rule in (*rules.reading, *rules.minutely)],
        active=b"".join(_bytes(item.of("active").astype(np.uint8)) for item in timers),
        since=b"".join(_bytes(item.of("since")) for item in timers),
        changed=b"".join(_bytes(item.of("changed")) for item in timers),
        lasting=kept.lasting(rules, memory),
        before=kept.before(rules, memory),
        windows=kept.windows(rules, history),
        learned=kept.learned(rules, history),
        series=kept.series(rules, history),
        rings=kept.rings(rules, history),
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
        (state.evaluated, 8 * width),
        *((part, 8 * points) for part in (state.value, state.ts)),
        (state.quality, points),
        *((part, 8 * rules) for part in (state.since, state.changed)),
        (state.active, rules),
    )
    tables = (state.lasting, state.before, state.windows, state.learned, state.series)
    whole = all(len(part) == length for part, length in lengths)
    whole &= all(item.adds_up(width) for item in tables) and all(item.adds_up(width) for item in state.rings)
    if not whole:
        raise StoreCorruptError(f"the rules' checkpoint does not add up in class {state.key!r}")


def apply(state: State, engine: Engine) -> None:
    """Put the state into an engine where names agree; the rest of it stays as it is."""
    of_class = {item.key: item for item in state.classes}
    if state.last != NEVER:
        engine.history.begin(state.minute)
        engine.last = state.last
    for rules in engine.classes:
        found = of_class.get(rules.window.cls.key)
        if found is not None:
            _apply(found, rules, engine.memory, engine.history)
    for timers in engine.memory.timers.values():
        timers.look()


def _apply(state: ClassState, rules: ClassRules, memory: Memory, history: History) -> None:
    window = rules.window
    ids = np.frombuffer(state.equipment, "<i8").tolist()
    new_columns, old_columns = common([item.id for item in window.equipment], ids)
    width = len(ids)
    memory.evaluated[rules.first + new_columns] = np.frombuffer(state.evaluated, "<i8")[old_columns]
    specs = [(spec.key, spec.unit) for spec in window.cls.points]
    new_rows, old_rows = common(specs, state.points)
    to, out_of = np.ix_(new_rows, new_columns), np.ix_(old_rows, old_columns)
    window.value[to] = _table(state.value, "<f8", state.points, width)[out_of]
    window.ts[to] = _table(state.ts, "<i8", state.points, width)[out_of]
    window.quality[to] = _table(state.quality, "u1", state.points, width)[out_of]
    window.until[:] = np.where(window.ts == NEVER, NEVER, window.ts + window.stale_after)
    for own, timers in zip((rules.reading, rules.minutely), memory.timers_of(rules), strict=True):
        keys = [(rule.key, rule.text) for rule in own]
        new_rows, old_rows = common([key for key, _ in keys], [key for key, _ in state.rules])
        to, out_of = np.ix_(new_rows, new_columns), np.ix_(old_rows, old_columns)
        timers.of("active")[to] = _table(state.active, "u1", state.rules, width)[out_of] != 0
        timers.of("changed")[to] = _table(state.changed, "<i8", state.rules, width)[out_of]
        # a timer that ran for another text says nothing of this one
        new_rows, old_rows = common(keys, state.rules)
        to, out_of = np.ix_(new_rows, new_columns), np.ix_(old_rows, old_columns)
        timers.of("since")[to] = _table(state.since, "<i8", state.rules, width)[out_of]
    tables: Mapping[str, Kept] = {
        "lasting": state.lasting,
        "before": state.before,
        "windows": state.windows,
        "learned": state.learned,
        "series": state.series,
    }
    kept.put(rules, memory, history, tables, state.rings, columns=(new_columns, old_columns))


def resume_from(engine: Engine) -> Nanos | None:
    """The reading time from which the store may hold readings that the engine has not seen."""
    evaluated = engine.memory.evaluated
    times = evaluated[evaluated != NEVER]
    if not len(times):
        return None
    return max(int(times.min()), int(times.max()) - HORIZON)


def common(new: Sequence[object], old: Sequence[object]) -> tuple[Int64s, Int64s]:
    """The indexes in `new` and in `old` of what both have."""
    where = {item: index for index, item in enumerate(old)}
    pairs = [(index, where[item]) for index, item in enumerate(new) if item in where]
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _bytes(array: NDArray[_Number]) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _table(data: bytes, dtype: str, rows: Sequence[object], width: int) -> NDArray[np.generic]:
    return np.frombuffer(data, dtype).reshape(len(rows), width)

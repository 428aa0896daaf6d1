"""What rules remember of the past, as named tables for a checkpoint, and back from them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
import numpy as np

from plantroom.readings import Float64s, Int64s
from rules.class_rules import ClassRules
from rules.language.terms import Term, point_rows
from rules.memory import Memory
from rules.windows.history import History
from rules.windows.lanes import Series
from rules.windows.rings import KINDS, Ring

Columns: TypeAlias = "tuple[Int64s, Int64s]"
"""Which columns of the engine take which columns of the checkpoint."""

_OPEN = "/open "


class Kept(msgspec.Struct, frozen=True):
    """Numbers by name and equipment: float64[names, E] as little-endian bytes; times are whole in them."""

    names: list[str]
    data: bytes

    def adds_up(self, width: int) -> bool:
        """Whether there are as many numbers as names and equipment say."""
        return len(self.data) == 8 * len(self.names) * width


class KeptRing(msgspec.Struct, frozen=True):
    """Bars of one kind and length: float64[bars, series, E], and what stands open in them."""

    kind: str
    step: int
    names: list[str]
    parts: dict[str, bytes]

    def adds_up(self, width: int) -> bool:
        """Whether it is of a kind that there is, and every part holds whole rows of it."""
        row = 8 * len(self.names) * width
        if self.kind not in KINDS or set(self.parts) != {"bars", *KINDS[self.kind].figures}:
            return False
        bars = len(self.parts["bars"])
        return (bars % row == 0 if row else not bars) and all(
            len(part) == row for name, part in self.parts.items() if name != "bars"
        )


def _kept(rows: Mapping[str, Float64s] | Mapping[str, Int64s]) -> Kept:
    data = b"".join(np.ascontiguousarray(row).view("<i8").tobytes() for row in rows.values())
    return Kept(list(rows), data)


def _rows(kept: Kept, width: int) -> Mapping[str, Int64s]:
    table = np.frombuffer(kept.data, "<i8").reshape(len(kept.names), width)
    return dict(zip(kept.names, table, strict=True))


def _points_key(rules: ClassRules) -> int:
    # terms name points by their row, which means something only beside this very list
    return zlib.crc32(repr([(spec.key, spec.unit) for spec in rules.window.cls.points]).encode())


def _lasting_rows(rules: ClassRules, memory: Memory) -> dict[str, Int64s]:
    key = _points_key(rules)
    return {f"{key}/{name}": since for name, since in memory.lasting_of(rules).items()}


def lasting(rules: ClassRules, memory: Memory) -> Kept:
    """Since when conditions hold."""
    return _kept(_lasting_rows(rules, memory))


def before(rules: ClassRules, memory: Memory) -> Kept:
    """The readings before the last ones."""
    return _kept(memory.before_of(rules))


def _units(rules: ClassRules, term: Term) -> str:
    """The units of what a term reads: bars in others mean nothing here."""
    points = rules.window.cls.points
    return ", ".join(points[row].unit for row in sorted(point_rows(term)))


def _window_rows(rules: ClassRules, history: History) -> dict[str, Float64s]:
    width = rules.lanes.width
    return {
        f"{item.text} in {_units(rules, item)}": history.values[rules.lanes.out + index * width :][:width]
        for index, item in enumerate(rules.lanes.windows)
    }


def windows(rules: ClassRules, history: History) -> Kept:
    """What every window says."""
    return _kept(_window_rows(rules, history))


def _learned_rows(rules: ClassRules, history: History) -> dict[str, tuple[Float64s, Int64s]]:
    """Name -> an account of the learned windows and where its equipment stand in it."""
    found: dict[str, tuple[Float64s, Int64s]] = {}
    width = rules.lanes.width
    for account in history.learned:
        for index, item in enumerate(rules.lanes.windows):
            out = rules.lanes.out + index * width
            mine = np.flatnonzero((account.look.out >= out) & (account.look.out < out + width))
            if len(mine):
                mine = mine[np.argsort(account.look.out[mine])]
                name = f"{item.text} in {_units(rules, item)}"
                found[f"{name}/total"] = (account.total, mine)
                found[f"{name}/count"] = (account.count, mine)
    return found


def learned(rules: ClassRules, history: History) -> Kept:
    """How far learning has come."""
    return _kept({name: of[mine] for name, (of, mine) in _learned_rows(rules, history).items()})


def _name_of(rules: ClassRules, item: Series) -> str:
    return f"{rules.lanes.names[item]} in {_units(rules, item.source)}"


def _series_rows(rules: ClassRules, history: History) -> dict[str, Float64s | Int64s]:
    found: dict[str, Float64s | Int64s] = {}
    for item, base in rules.lanes.base.items():
        name, mine = _name_of(rules, item), slice(base, base + rules.lanes.width)
        found[f"{name}/before"] = history.before.value[mine]
        found[f"{name}/since"] = history.before.ts[mine]
        found[f"{name}/born"] = history.born[mine]
        for figure, held in history.open.items():
            if history.wanted[figure][mine].any():
                found[f"{name}{_OPEN}{figure}"] = held[mine]
    return found


def _whole(rows: dict[str, Float64s | Int64s], kept: Kept) -> dict[str, Float64s | Int64s]:
    """The rows without open bars of which a checkpoint has not every figure: those begin anew."""
    broken = {name.split(_OPEN)[0] for name in rows if _OPEN in name and name not in kept.names}
    return {
        name: row for name, row in rows.items() if _OPEN not in name or name.split(_OPEN)[0] not in broken
    }


def series(rules: ClassRules, history: History) -> Kept:
    """The open bar, the last value, its time and the first minute of every series."""
    found = _series_rows(rules, history)
    data = b"".join(np.ascontiguousarray(row).view("<i8").tobytes() for row in found.values())
    return Kept(list(found), data)


def _in_ring(rules: ClassRules, ring: Ring) -> dict[str, Int64s]:
    """Name of a series -> where its equipment stand in a ring."""
    found: dict[str, Int64s] = {}
    for item, base in rules.lanes.base.items():
        at = np.searchsorted(ring.lanes, base)
        if rules.lanes.width and at < len(ring.lanes) and ring.lanes[at] == base:
            found[_name_of(rules, item)] = at + np.arange(rules.lanes.width)
    return found


def rings(rules: ClassRules, history: History) -> list[KeptRing]:
    """The bars of the class."""
    found = []
    for ring in history.rings.values():
        places = _in_ring(rules, ring)
        if not places:
            continue
        lanes = np.concatenate(list(places.values()))
        parts = {
            name: np.ascontiguousarray(part[:, lanes]).astype("<f8", copy=False).tobytes()
            for name, part in ring.state().items()
        }
        found.append(KeptRing(ring.kind, ring.step, list(places), parts))
    return found


def put(
    rules: ClassRules,
    memory: Memory,
    history: History,
    tables: Mapping[str, Kept],
    kept_rings: Sequence[KeptRing],
    *,
    columns: Columns,
) -> None:
    """Put back what still has its name."""
    new, old = columns
    width = _width(tables, old)
    targets: dict[str, Mapping[str, Float64s | Int64s]] = {
        "lasting": _lasting_rows(rules, memory),
        "before": memory.before_of(rules),
        "windows": _window_rows(rules, history),
        "series": _whole(_series_rows(rules, history), tables["series"]),
    }
    for table, rows in targets.items():
        for name, row in _rows(tables[table], width[table]).items():
            if name in rows:
                rows[name][new] = row.view(rows[name].dtype)[old]  # rows are views of what the engine holds
    of_name = _learned_rows(rules, history)
    for name, row in _rows(tables["learned"], width["learned"]).items():
        if name in of_name:
            held, mine = of_name[name]
            held[mine[new]] = row.view(np.float64)[old]
    for item in kept_rings:
        ring = history.rings.get((item.kind, item.step))
        if ring is not None:
            _put_ring(ring, item, _in_ring(rules, ring), columns, width["equipment"])


def _width(tables: Mapping[str, Kept], old: Int64s) -> dict[str, int]:
    """How many equipment the checkpoint's tables have."""
    found = {
        name: len(item.data) // (8 * len(item.names)) if item.names else 0 for name, item in tables.items()
    }
    found["equipment"] = max([*found.values(), int(old.max(initial=-1)) + 1])
    return found


def _put_ring(ring: Ring, item: KeptRing, places: Mapping[str, Int64s], columns: Columns, width: int) -> None:
    new, old = columns
    state = {
        name: np.frombuffer(part, "<f8").reshape(-1, len(item.names) * width)
        for name, part in item.parts.items()
    }
    for index, name in enumerate(item.names):
        if name in places:
            ring.put(state, places[name][new], index * width + old)


__all__ = ["Kept", "KeptRing", "before", "lasting", "learned", "put", "rings", "series", "windows"]

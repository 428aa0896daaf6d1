"""Alarms of both sides beside each other: which are the same, moved, gained or lost, and the orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from plantroom.times import Nanos

FOREVER: Nanos = 2**62


class Occurrence(NamedTuple):
    """One time that an alarm stood; `cleared` None while it stands."""

    raised: Nanos
    cleared: Nanos | None

    @property
    def until(self) -> Nanos:
        """When it cleared, far in the future while it stands."""
        return FOREVER if self.cleared is None else self.cleared

    def meets(self, other: Occurrence) -> bool:
        """Whether both stood at one time."""
        return self.raised == other.raised or (self.raised < other.until and other.raised < self.until)


class Matched(NamedTuple):
    """Occurrences of two sides: pairs that stood at one time, and those of one side only."""

    pairs: list[tuple[Occurrence, Occurrence]]
    lost: list[Occurrence]
    gained: list[Occurrence]


def occurrences(times: Sequence[Nanos], start: Nanos, end: Nanos) -> list[Occurrence]:
    """Those that stood at some time from `start` to before `end`; `times` are raised, cleared, in turns."""
    cleared: list[Nanos | None] = [*times[1::2]]
    if len(times) % 2:
        cleared.append(None)
    found = (Occurrence(*item) for item in zip(times[::2], cleared, strict=True))
    return [item for item in found if item.raised < end and item.until > start]


def match(before: Sequence[Occurrence], after: Sequence[Occurrence]) -> Matched:
    """Each occurrence with the first of the other side that stood with it and has no other; in one pass."""
    matched = Matched([], [], [])
    left, right = 0, 0
    while left < len(before) and right < len(after):
        old, new = before[left], after[right]
        if old.meets(new):
            matched.pairs.append((old, new))
            left, right = left + 1, right + 1
        elif old.raised < new.raised:
            matched.lost.append(old)
            left += 1
        else:
            matched.gained.append(new)
            right += 1
    matched.lost.extend(before[left:])
    matched.gained.extend(after[right:])
    return matched


def standing(items: Iterable[Occurrence], start: Nanos, end: Nanos) -> Nanos:
    """For how long the alarm stood between `start` and `end`."""
    return sum(min(item.until, end) - max(item.raised, start) for item in items)


def orders(
    alarms: Mapping[tuple[int, str], Sequence[Occurrence]], fault_of: Mapping[str, str], start: Nanos
) -> dict[tuple[int, str], list[Nanos]]:
    """When each equipment's rules would have opened a work order, from `start` on.

    An order stays open while an alarm of its fault stands; who raises meanwhile joins it.
    """
    events: dict[tuple[int, str], list[tuple[Nanos, int, str]]] = defaultdict(list)
    for (equipment_id, rule), items in alarms.items():
        fault = fault_of.get(rule)
        if fault is None:
            continue
        for item in items:
            # at one time the raise comes first, and joins the order that is still open
            events[equipment_id, fault] += [(item.raised, 0, rule), (item.until, 1, rule)]
    opened: dict[tuple[int, str], list[Nanos]] = defaultdict(list)
    for (equipment_id, _), happened in events.items():
        open_alarms = 0
        for ts, clears, rule in sorted(happened):
            if not clears and open_alarms == 0 and ts >= start:
                opened[equipment_id, rule].append(ts)
            open_alarms += -1 if clears else 1
    return opened

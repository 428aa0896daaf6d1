"""A device's values, picked out of what it sends for the points that it is bound to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from collector.codecs.base import Samples
from collector.mapping.layout import FieldEntry, MessageEntry
from collector.mapping.values import MISSING, Transform, at_path, path_of
from collector.topics import Topic
from plantroom.discovery import Binding, Target
from plantroom.errors import PayloadError
from plantroom.times import Nanos

Part = tuple[Topic, Samples]


@dataclass(frozen=True, slots=True)
class Pick:
    """One field: where it stands, and which point it is."""

    field: str
    path: tuple[str, ...]
    topic: Topic
    point: str
    unit: str | None
    transform: Transform


def pick(site: str, name: str, target: Target, entry: FieldEntry) -> Pick:
    """The field of a layout as the target's point, whose own figures go before the layout's."""
    base = entry.transform()
    # a map that says how a value becomes the point's says all of it: half of a conversion is a wrong one
    own = target.scale is not None or target.offset is not None
    transform = replace(
        base,
        words=base.words if target.words is None else target.words,
        text_number=base.text_number if target.text_number is None else target.text_number,
        scale=(target.scale if target.scale is not None else 1.0) if own else base.scale,
        offset=(target.offset if target.offset is not None else 0.0) if own else base.offset,
    )
    return Pick(
        field=name,
        path=path_of(name if entry.path is None else entry.path),
        topic=Topic("v1", site, target.equipment),
        point=target.point,
        unit=entry.unit if target.unit is None else target.unit,
        transform=transform,
    )


def picks(binding: Binding, message: MessageEntry) -> tuple[Pick, ...]:
    """Every field of the device that such a message may bring."""
    return tuple(
        pick(binding.site, name, target, entry)
        for name, target in binding.targets.items()
        if (entry := message.entry_of(name)) is not None
    )


@dataclass(slots=True)
class _Group:
    values: dict[str, object] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)


class Gathering:
    """Picked values of one message, those of one equipment and time together."""

    def __init__(self) -> None:
        self.problems: list[PayloadError] = []
        self._groups: dict[tuple[Topic, Nanos | None, int], list[_Group]] = {}

    def add(
        self, found: Pick, value: object, ts: Nanos | None, *, quality: int = 0, unit: str | None = None
    ) -> None:
        """Add a value; one that is not what the map says becomes a problem."""
        try:
            made = found.transform(value, found.field)
        except PayloadError as problem:
            self.problems.append(problem)
            return
        groups = self._groups.setdefault((found.topic, ts, quality), [])
        if not groups or found.point in groups[-1].values:
            groups.append(_Group())  # the same point and time twice: the ingest decides
        groups[-1].values[found.point] = made
        symbol = found.unit or unit
        if symbol:
            groups[-1].units[found.point] = symbol

    def add_all(self, wanted: Iterable[Pick], document: object, ts: Nanos | None) -> None:
        """Add what of the wanted fields stands in the document."""
        for item in wanted:
            value = at_path(document, item.path)
            if value is not MISSING:
                self.add(item, value, ts)

    def parts(self) -> list[Part]:
        """What was added, as the ingest takes it."""
        return [
            (topic, Samples(group.values, ts, group.units, quality=quality))
            for (topic, ts, quality), groups in self._groups.items()
            for group in groups
        ]


def by_device(bindings: Iterable[Binding]) -> Mapping[tuple[str, str, str], Binding]:
    """The bindings by layout, site and device; a later one replaces an earlier."""
    return {(item.layout, item.site, item.device): item for item in bindings}

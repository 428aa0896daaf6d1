"""The simulated equipment of a site or of several, stepped together into MQTT messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from collector import topics
from collector.codecs import json_v1
from plantroom.errors import NotFoundError
from plantroom.model import Equipment, PointTable, Site
from plantroom.times import SECOND, Nanos
from simulators.base import Fault, Model, Value, Values
from simulators.registry import model_of


@dataclass(frozen=True, slots=True)
class Message:
    """What one equipment publishes at once."""

    site: str
    topic: str
    payload: bytes
    readings: int


@dataclass(slots=True)
class Simulated:
    """A model, the points that its equipment has, and when it was stepped last."""

    model: Model
    points: frozenset[str]
    topic: str
    last_ts: Nanos
    period: Nanos = field(init=False)

    def __post_init__(self) -> None:
        self.period = self.model.period_s * SECOND

    def ticks(self, until: Nanos) -> Iterator[tuple[Nanos, Values]]:
        """Every reading up to and with `until`, with its time."""
        while self.last_ts + self.period <= until:
            self.last_ts += self.period
            values = self.model.step(self.last_ts, float(self.model.period_s))
            yield self.last_ts, {key: value for key, value in values.items() if key in self.points}


class Fleet:
    """All equipment that has a simulator, with its faults.

    Values travel in the class's units, which are the points' own, so the messages name none.
    """

    def __init__(
        self,
        table: PointTable,
        sites: Iterable[Site],
        start: Nanos,
        *,
        seed: int = 1,
        faults: Iterable[Fault] = (),
        only: str | None = None,
    ) -> None:
        """`only` is the key of one site.

        Raises: NotFoundError for a fault of an equipment that is not simulated or of an unknown kind.
        """
        zones = {site.key: ZoneInfo(site.zone) for site in sites}
        # readings stand at whole seconds, as those of a controller that scans by its clock
        self.start = start - start % SECOND
        simulated = [
            (item, model)
            for item in table.equipment
            if item.retired_at is None
            and only in (None, item.site)
            and (model := model_of(item.equipment_class)) is not None
        ]
        by_path = placed(faults, [item for item, _ in simulated])
        self.members = [
            Simulated(
                model(item, zones[item.site], self.start, seed=seed, faults=by_path.get(item.path, [])),
                frozenset(table.of_equipment(item.site, item.key) or ()),
                topics.equipment_topic(item.site, item.key),
                self.start,
            )
            for item, model in simulated
        ]

    @property
    def sites(self) -> list[str]:
        """The sites that have simulated equipment, in order."""
        return sorted({member.model.equipment.site for member in self.members})

    @property
    def now(self) -> Nanos:
        """The time of the newest reading."""
        return max((member.last_ts for member in self.members), default=self.start)

    def advance(self, until: Nanos) -> Iterator[Message]:
        """The messages of all ticks up to `until`, one for each equipment that has any."""
        for member in self.members:
            message = _message(member, list(member.ticks(until)))
            if message is not None:
                yield message


def placed(faults: Iterable[Fault], equipment: Iterable[Equipment]) -> Mapping[str, list[Fault]]:
    """The faults by the path of their equipment.

    Raises: NotFoundError where a fault's equipment is not there, or is there in more than one site.
    """
    known = list(equipment)
    by_path: dict[str, list[Fault]] = {}
    for fault in faults:
        found = [item for item in known if item.key == fault.equipment and fault.site in (None, item.site)]
        name = f"{fault.site}/{fault.equipment}" if fault.site else fault.equipment
        if not found:
            names = ", ".join(sorted(item.key for item in known)) or "none"
            raise NotFoundError(f"fault {fault.kind!r}: no simulated equipment {name!r}; there is {names}")
        if len(found) > 1:
            paths = " or ".join(item.path for item in found)
            raise NotFoundError(f"fault {fault.kind!r}: {name!r} could be {paths}; name the site")
        by_path.setdefault(found[0].path, []).append(replace(fault, site=found[0].site))
    return by_path


def _message(member: Simulated, ticks: list[tuple[Nanos, Values]]) -> Message | None:
    if not ticks or not ticks[0][1]:
        return None
    site = member.model.equipment.site
    keys = list(ticks[0][1])
    if len(ticks) == 1:
        ts, values = ticks[0]
        payload = json_v1.encode_equipment(ts, values)
    else:
        columns: dict[str, list[Value]] = {key: [values[key] for _, values in ticks] for key in keys}
        payload = json_v1.encode_batch([ts for ts, _ in ticks], columns)
    return Message(site, member.topic, payload, len(keys) * len(ticks))

"""Sparkplug edge nodes: who has been born, what aliases stand for, and what is missing.

The state is in memory: after a restart nodes are unborn, and are asked for their births when they are heard.
Source: Eclipse Sparkplug specification 3.0.0, chapters 5 (operational behaviour) and 6 (payloads).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from collector.codecs import sparkplug_b
from collector.codecs.sparkplug_b import BD_SEQ, Metric, Metrics
from collector.mapping.rebirth import Rebirths
from collector.mapping.told import Address, Told, Value
from collector.text import shown
from plantroom.discovery import MOST_FIELDS, FoundField
from plantroom.errors import PayloadError
from plantroom.readings import Quality
from plantroom.times import Nanos

MOST_NODES = 10_000
MOST_METRICS = 1_000_000
_SEQUENCE: Final = 256
_NODE_TYPES: Final = frozenset({"NBIRTH", "NDATA", "NDEATH"})
_DEVICE_TYPES: Final = frozenset({"DBIRTH", "DDATA", "DDEATH"})
_COMMANDS: Final = frozenset({"NCMD", "DCMD"})
_SOURCE = int(Quality.SOURCE)


@dataclass(slots=True)
class _Born:
    device: str
    name: str
    datatype: int
    unit: str


class _Node:
    """An edge node since its birth."""

    def __init__(self, bd_seq: object) -> None:
        self.bd_seq = bd_seq
        self.seq: int | None = None
        self.suspect = False
        """A message was missed: it may have been a birth that changed what aliases stand for."""
        self.metrics: dict[str, dict[str, _Born]] = {}
        self.aliases: dict[int, _Born | None] = {}

    @property
    def size(self) -> int:
        return sum(map(len, self.metrics.values()))

    def forget(self, device: str) -> dict[str, _Born]:
        gone = self.metrics.pop(device, {})
        if gone:
            self.aliases = {key: born for key, born in self.aliases.items() if born and born.device != device}
        return gone


class EdgeNodes:
    """Every edge node that was heard; used by one thread."""

    def __init__(
        self, rebirths: Rebirths, most_nodes: int = MOST_NODES, most_metrics: int = MOST_METRICS
    ) -> None:
        self._rebirths = rebirths
        self._most_nodes = most_nodes
        self._most_metrics = most_metrics
        self._nodes: dict[tuple[str, str, str], _Node] = {}
        self._size = 0

    def read(self, address: Address, payload: bytes, now: Nanos, *, repeated: bool = False) -> Told:
        """What a message says; `repeated` is one that the broker delivers again.

        Raises: PayloadError where nothing of it can be taken.
        """
        kinds = _DEVICE_TYPES if address.device else _NODE_TYPES
        if address.kind in _COMMANDS:
            return Told(counts=Counter({"sparkplug_command": 1}))
        if address.kind not in kinds:
            raise PayloadError(
                "topic", f"{shown(address.kind)} is no Sparkplug message of this topic's length"
            )
        body = sparkplug_b.decode(payload)
        if address.kind == "NBIRTH":
            return self._node_birth(address, body)
        if address.kind == "NDEATH":
            return self._node_death(address, body)
        node = self._nodes.get(address.node_key)
        if node is None:
            self._rebirths.ask(address.command_topic, now)
            raise PayloadError("sparkplug_unborn", f"{shown(address.name)}: data before the node's birth")
        told = Told()
        if not repeated:
            self._check_sequence(node, body, told)
        if address.kind == "DBIRTH":
            self._birth(address, node, body, told)
        elif address.kind == "DDEATH":
            self._device_death(address, node)
        else:
            self._data(address, node, body, told)
        if node.suspect or told.unsure:
            self._rebirths.ask(address.command_topic, now)
        return told

    def _node_birth(self, address: Address, body: Metrics) -> Told:
        told = Told(online=True)
        bd_seq = next((item.raw for item in body.metrics if item.name == BD_SEQ), None)
        before = self._remove(address.node_key)
        node = self._nodes[address.node_key] = _Node(bd_seq)
        node.seq = body.seq
        if len(self._nodes) > self._most_nodes:
            self._remove(next(iter(self._nodes)))
        self._rebirths.answered(address.command_topic)
        if before is not None:
            # devices are born again after their node; what they were is kept for comparison only
            told.counts["sparkplug_retyped"] += _retyped(before.metrics.get("", {}), body)
        self._birth(address, node, body, told)
        return told

    def _birth(self, address: Address, node: _Node, body: Metrics, told: Told) -> None:
        before = node.forget(address.device)
        self._size -= len(before)
        told.counts["sparkplug_retyped"] += _retyped(before, body)
        if self._size + len(body.metrics) > self._most_metrics:
            raise PayloadError("limit", f"more than {self._most_metrics} Sparkplug metrics in all")
        born = node.metrics[address.device] = {}
        for metric in body.metrics:
            if not metric.name or metric.name == BD_SEQ:
                continue
            made = born[metric.name] = _Born(address.device, metric.name, metric.datatype, metric.unit)
            if metric.alias is not None:
                self._give_alias(node, metric.alias, made, told)
            if not _is_control(metric.name) and metric.datatype in sparkplug_b.SCALARS:
                self._value(metric, made, body, 0, told)
        self._size += len(born)
        told.born = tuple(
            FoundField(item.name, item.unit)
            for item in list(born.values())[:MOST_FIELDS]
            if not _is_control(item.name) and item.datatype in sparkplug_b.SCALARS
        )

    @staticmethod
    def _give_alias(node: _Node, alias: int, made: _Born, told: Told) -> None:
        taken = node.aliases.get(alias)
        if alias in node.aliases and (
            taken is None or taken.name != made.name or taken.device != made.device
        ):
            # nobody can tell whose value it will be, so it is nobody's
            node.aliases[alias] = None
            told.problems.append(
                PayloadError(
                    "sparkplug_alias", f"the alias {alias} is given to {shown(made.name)} and another"
                )
            )
            return
        node.aliases[alias] = made

    def _node_death(self, address: Address, body: Metrics) -> Told:
        node = self._nodes.get(address.node_key)
        bd_seq = next((item.raw for item in body.metrics if item.name == BD_SEQ), None)
        if node is None:
            return Told(online=False, counts=Counter({"sparkplug_unborn_death": 1}))
        if bd_seq is not None and node.bd_seq is not None and bd_seq != node.bd_seq:
            # the will of a connection before this one, delivered late
            return Told(counts=Counter({"sparkplug_old_death": 1}))
        self._remove(address.node_key)
        return Told(online=False)

    def _device_death(self, address: Address, node: _Node) -> None:
        if address.device not in node.metrics:
            raise PayloadError("sparkplug_unborn", f"{shown(address.name)}: the death of a device never born")
        self._size -= len(node.forget(address.device))

    def _data(self, address: Address, node: _Node, body: Metrics, told: Told) -> None:
        born = node.metrics.get(address.device)
        if born is None:
            told.problems.append(
                PayloadError("sparkplug_unborn", f"{shown(address.name)}: data before the device's birth")
            )
            told.unsure = True
            return
        for metric in body.metrics:
            try:
                made = _resolved(metric, node, born, address.device)
            except PayloadError as problem:
                told.problems.append(problem)
                told.unsure = True
                continue
            if made.datatype in sparkplug_b.SCALARS:
                self._value(metric, made, body, _SOURCE if node.suspect else 0, told)
            else:
                told.counts["sparkplug_unread"] += 1

    @staticmethod
    def _value(metric: Metric, made: _Born, body: Metrics, quality: int, told: Told) -> None:
        ts = body.ts if metric.ts is None else metric.ts
        if ts == -1:
            told.problems.append(
                PayloadError("time", f"{shown(made.name)}: not a time between 1970 and 2262")
            )
            return
        try:
            value = sparkplug_b.value_of(metric.raw, made.datatype, is_null=metric.is_null)
        except PayloadError as problem:
            told.problems.append(problem)
            return
        # 192 to 255 are good in the OPC code that Sparkplug's GOOD, BAD and STALE are taken from
        bad = 0 if sparkplug_b.GOOD <= metric.quality < 256 else _SOURCE
        told.values.append(Value(made.name, ts, value, metric.unit or made.unit, quality | bad))

    @staticmethod
    def _check_sequence(node: _Node, body: Metrics, told: Told) -> None:
        if body.seq is None:
            return
        if node.seq is not None and body.seq not in {node.seq, (node.seq + 1) % _SEQUENCE}:
            told.counts["sparkplug_gap"] += 1
            node.suspect = True
        node.seq = body.seq

    def _remove(self, key: tuple[str, str, str]) -> _Node | None:
        node = self._nodes.pop(key, None)
        if node is not None:
            self._size -= node.size
        return node


def _resolved(metric: Metric, node: _Node, born: dict[str, _Born], device: str) -> _Born:
    """What the metric of a data message is.

    Raises: PayloadError where no birth tells.
    """
    if metric.name:
        made = born.get(metric.name)
        if made is None:
            raise PayloadError("sparkplug_metric", f"the birth has no metric {shown(metric.name)}")
    else:
        if metric.alias is None:
            raise PayloadError("sparkplug_metric", "a metric has neither name nor alias")
        made = node.aliases.get(metric.alias)
        if made is None:
            raise PayloadError("sparkplug_alias", f"no birth has the alias {metric.alias}")
        if made.device != device:
            raise PayloadError("sparkplug_alias", f"the alias {metric.alias} is of another device")
    if metric.datatype and metric.datatype != made.datatype:
        raise PayloadError(
            "sparkplug_type",
            f"{shown(made.name)} is of data type {metric.datatype}, its birth said {made.datatype}",
        )
    return made


def _retyped(before: dict[str, _Born], body: Metrics) -> int:
    """How many metrics of a birth have another type than they had."""
    return sum(
        1 for item in body.metrics if item.name in before and before[item.name].datatype != item.datatype
    )


def _is_control(name: str) -> bool:
    return name.startswith(("Node Control/", "Device Control/"))

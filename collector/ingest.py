"""Received messages to readings: names to point ids, units, quality flags, and what goes to quarantine.

`take` is called for each message and keeps what it says in lists and columns; `finish` makes one checked
batch of all of them at once. Nothing a message can contain makes either raise.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from collector import topics
from collector.codecs import FIRST_BYTES, JSON, MSGPACK, Codec, Samples
from collector.gateways import GatewayBook
from collector.inbox import Received
from collector.mapping.book import DiscoveryBook
from collector.mapping.router import Router
from collector.parts import Parts
from collector.points import Resolver
from collector.quality import QualityCheck, flag_times
from collector.text import plain
from collector.topics import Topic
from plantroom.discovery import Found, FoundField
from plantroom.errors import PayloadError
from plantroom.model import PointTable
from plantroom.quarantine import HEAD_BYTES, QuarantinedMessage
from plantroom.readings import Int64s, Quality, ReadingBatch
from plantroom.settings import IngestSettings

log = logging.getLogger(__name__)

UNKNOWN_SITE = "unknown"
OWN_LAYOUT = "plantroom"
"""The layout of what is found on topics of our own grammar."""
MOST_TOPIC_CHARACTERS = 300
MOST_MESSAGE_CHARACTERS = 500
MOST_PROBLEMS_TOLD = 5
_FLAGS: Sequence[tuple[str, int]] = [
    (str(flag.name).lower(), int(flag)) for flag in Quality if flag is not Quality.BAD and flag.value
]


@dataclass(slots=True)
class Harvest:
    """What became of the messages taken since the last one.

    `readings` are sorted by time then point, one for each (point, ts); the counters are for the metrics.
    """

    readings: ReadingBatch
    quarantined: list[QuarantinedMessage]
    messages: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    unguaranteed: Counter[str] = field(default_factory=Counter)


class Ingest:
    """One table's way from messages to readings; used by one thread."""

    def __init__(
        self,
        table: PointTable,
        settings: IngestSettings,
        gateways: GatewayBook | None = None,
        *,
        json: Codec = JSON,
        router: Router | None = None,
        book: DiscoveryBook | None = None,
    ) -> None:
        self._settings = settings
        self._json = json
        self._router = router
        self._book = book or DiscoveryBook()
        self.gateways = gateways or GatewayBook()
        self.replace_table(table)
        self._begin()

    def replace_table(self, table: PointTable) -> None:
        """Use another table from here on; only between `finish` and the next `take`."""
        self._resolver = Resolver(table)
        self._check = QualityCheck(table)

    def _begin(self) -> None:
        self._parts = Parts()
        self._harvest = Harvest(ReadingBatch.empty(), [])

    @property
    def size(self) -> int:
        """How many readings have been taken since the last `finish`."""
        return self._parts.size

    def take_all(self, messages: Sequence[Received], most: int) -> int:
        """How many of the messages were taken: all, or as many as it takes to have `most` readings."""
        for number, message in enumerate(messages, 1):
            self.take(message)
            if self._parts.size >= most:
                return number
        return len(messages)

    def take(self, message: Received) -> None:
        """Take in a message: its readings, or the reason why not."""
        try:
            outcome = self._taken(message)
        except PayloadError as problem:
            outcome = "quarantined"
            self._quarantine(message, (problem,))
        except Exception:
            # ours is the mistake, but one message must not stop all others
            log.exception("a message on %s was not understood", plain(message.topic, MOST_TOPIC_CHARACTERS))
            outcome = "quarantined"
            self._quarantine(message, (PayloadError("internal", "a mistake in the collector, see its log"),))
        self._harvest.messages[outcome] += 1
        if message.dup:
            self._harvest.messages["redelivered"] += 1

    def _taken(self, message: Received) -> str:
        if message.size > self._settings.max_payload_bytes:
            raise PayloadError(
                "size", f"{message.size} bytes are over the limit of {self._settings.max_payload_bytes}"
            )
        if self._router is not None and not message.topic.startswith(topics.ROOT):
            return self._mapped(self._router, message)
        topic = topics.parse(message.topic)
        if topic.gateway is not None:
            self.gateways.note(topic.site, topic.gateway, message.payload, message.received_at)
            return "status"
        if message.retain:
            return "retained"  # the broker's copy of an old reading, sent because we subscribed
        if message.qos == 0:
            known = topic.site in self._resolver.sites
            self._harvest.unguaranteed[topic.site if known else UNKNOWN_SITE] += 1
        payload = message.payload
        codec = self._json if payload.isascii() or payload[0] not in FIRST_BYTES else MSGPACK
        samples = codec.decode(topic, payload)
        if samples.duplicate_keys:
            self._harvest.outcomes["duplicate_key"] += samples.duplicate_keys
        before = self._parts.size
        try:
            problems = (
                self._scalars(topic, samples, message)
                if not isinstance(samples.ts, np.ndarray)
                else self._columns(topic, samples, samples.ts, message)
            )
        except PayloadError as problem:
            self._note_stranger(topic, samples, problem, message)
            raise
        if not problems:
            return "taken"
        self._quarantine(message, problems)
        return "taken" if self._parts.size > before else "quarantined"

    def _mapped(self, router: Router, message: Received) -> str:
        """The outcome of a message whose meaning a map tells."""
        read = router.read(message)
        self._harvest.outcomes.update(read.counts)
        self._check_count(sum(len(samples.values) for _, samples in read.parts))
        before = self._parts.size
        problems = list(read.problems)
        for topic, samples in read.parts:
            if message.qos == 0:
                self._harvest.unguaranteed[topic.site] += 1
            try:
                problems.extend(self._scalars(topic, samples, message))
            except PayloadError as problem:
                self._note_stranger(topic, samples, problem, message)
                problems.append(problem)
        if problems:
            self._quarantine(message, problems)
            return "taken" if self._parts.size > before else "quarantined"
        return "taken" if read.parts else read.outcome

    def _note_stranger(
        self, topic: Topic, samples: Samples, problem: PayloadError, message: Received
    ) -> None:
        """Note equipment that publishes by our grammar and that nobody knows, for adoption."""
        strange = problem.reason in {"unknown_equipment", "unknown_site"}
        at = message.received_at
        if strange and self._book.wants(OWN_LAYOUT, topic.site, topic.equipment, at):
            fields = tuple(FoundField(key, samples.units.get(key, "")) for key in samples.values)
            self._book.note(
                Found(OWN_LAYOUT, topic.site, topic.equipment, topic.equipment, fields=fields), at
            )

    def _scalars(self, topic: Topic, samples: Samples, message: Received) -> Sequence[PayloadError]:
        self._check_count(len(samples.values))
        plan = self._resolver.plan(topic, samples)
        ts, flag = samples.ts, samples.quality
        if ts is None:
            ts, flag = message.received_at, flag | int(Quality.RECEIVE_TIME)
        assert isinstance(ts, int)  # noqa: S101 -- arrays have gone the other way
        if plan.nulls:
            self._harvest.outcomes["null"] += plan.nulls
        self._parts.add_row(plan, plan.taken(samples.values), ts, message.received_at, flag)
        return (*samples.problems, *plan.problems)

    def _columns(
        self, topic: Topic, samples: Samples, ts: Int64s, message: Received
    ) -> Sequence[PayloadError]:
        self._check_count(len(samples.values) * len(ts))
        block = self._resolver.block(topic, samples)
        if block is not None:
            self._parts.add_block(block, ts, message.received_at)
            return samples.problems
        ids = self._resolver.ids_of(topic)
        problems = list(samples.problems)
        for key, values in samples.values.items():
            assert isinstance(values, (list, np.ndarray))  # noqa: S101 -- the codec's promise
            try:
                column, problem = self._resolver.column(ids, topic, key, values, samples.units.get(key))
            except PayloadError as failure:
                problems.append(failure)
                continue
            if problem is not None:
                problems.append(problem)
            self._harvest.outcomes["null"] += column.nulls
            self._parts.add_column(column, ts, message.received_at)
        return problems

    def _check_count(self, count: int) -> None:
        most = self._settings.max_readings_per_message
        if count > most:
            raise PayloadError("limit", f"{count} readings in one message are over the limit of {most}")

    def _quarantine(self, message: Received, problems: Sequence[PayloadError]) -> None:
        told = "; ".join(str(problem) for problem in problems[:MOST_PROBLEMS_TOLD])
        more = len(problems) - MOST_PROBLEMS_TOLD
        self._harvest.quarantined.append(
            QuarantinedMessage(
                received_at=message.received_at,
                topic=plain(message.topic, MOST_TOPIC_CHARACTERS),
                reason=problems[0].reason,
                message=plain(f"{told}; and {more} more" if more > 0 else told, MOST_MESSAGE_CHARACTERS),
                head=bytes(message.payload[:HEAD_BYTES]),
                size=message.size,
            )
        )

    def finish(self) -> Harvest:
        """What all messages since the last call came to."""
        harvest, rows = self._harvest, self._parts.rows()
        self._begin()
        self._check.flag(rows.point_id, rows.value, rows.quality)
        kept = flag_times(
            rows.ts, rows.received, rows.quality, self._settings.future_tolerance, self._settings.retention
        )
        batch = ReadingBatch(rows.point_id, rows.ts, rows.value, rows.quality)
        if kept is not None:
            harvest.outcomes["too_old"] += int(len(kept) - np.count_nonzero(kept))
            batch = batch.take(kept)
        for name, flag in _FLAGS:
            harvest.outcomes[name] += int(np.count_nonzero(batch.quality & np.uint8(flag)))
        harvest.readings = batch.normalised()
        if len(harvest.readings) < len(batch):
            repeated, replaced = _doubles(batch)
            harvest.outcomes["repeated"] += repeated
            harvest.outcomes["replaced"] += replaced
        return harvest


def _doubles(batch: ReadingBatch) -> tuple[int, int]:
    """(repeated, replaced): readings that a later one of the same point and time made superfluous."""
    order = np.lexsort((batch.point_id, batch.ts))
    batch = batch.take(order)
    same_key = (np.diff(batch.ts) == 0) & (np.diff(batch.point_id) == 0)
    before, after = batch.value[:-1], batch.value[1:]
    same_value = (before == after) | (np.isnan(before) & np.isnan(after))
    same = same_key & same_value & (batch.quality[:-1] == batch.quality[1:])
    repeated = int(np.count_nonzero(same))
    return repeated, int(np.count_nonzero(same_key)) - repeated

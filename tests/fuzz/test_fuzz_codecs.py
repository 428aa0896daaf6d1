"""Mutated messages over all codecs and layouts: no crash, memory flat, each one stored or accounted for.

In CI a million of them; elsewhere few. `PLANTROOM_TESTS_EXAMPLES` steers how many.
"""

from __future__ import annotations

import os
import resource
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from collector.ingest import Harvest
from collector.mapping.book import MOST_DEVICES
from collector.mapping.router import MOST_ROUTES
from tests.collector.mapping.map_case import TABLE, binding, rig
from tests.fuzz.mutate import Mutator, corpus

COUNT = int(os.environ.get("PLANTROOM_TESTS_EXAMPLES", "40")) * 500
SEED = int(os.environ.get("PLANTROOM_TESTS_SEED", "20261125"))
BATCH = 2_000
OUTCOMES = {"taken", "quarantined", "status", "retained", "unmapped", "announced"}
GROWTH_KIB = 48 * 1024
"""What the second half of a run may add: bounded tables that a short run has not filled yet."""


def memory_kib() -> int:
    """The memory of this process that is in use now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def check(harvest: Harvest, count: int) -> None:
    """Nothing, where each of the batch's messages came to one outcome and no reading is malformed."""
    messages = harvest.messages
    assert set(messages) <= OUTCOMES | {"redelivered"}
    assert sum(messages[outcome] for outcome in OUTCOMES) == count
    reasons = Counter(item.reason for item in harvest.quarantined)
    assert not reasons["internal"], [item for item in harvest.quarantined if item.reason == "internal"][:3]
    assert messages["quarantined"] <= len(harvest.quarantined) <= count
    readings = harvest.readings
    assert (np.diff(readings.ts) >= 0).all()
    assert np.isin(readings.point_id, list(TABLE.points)).all()
    usable = readings.take(~readings.is_bad())
    assert np.isfinite(usable.value).all()
    for item in harvest.quarantined:
        assert item.topic.isprintable()
        assert item.message.isprintable()
        assert len(item.head) <= 2_048
        assert len(item.message) <= 501


@pytest.mark.timeout(1_800)
def test_mutated_messages(tmp_path: Path) -> None:
    messages, maps, adopted = corpus()
    assert len(messages) > 300
    made = rig(tmp_path, maps, tuple(map(binding, adopted)))
    mutator = Mutator(messages, SEED)
    seen, reasons, readings = Counter[str](), Counter[str](), 0
    half = 0
    started = time.monotonic()
    for done in range(0, COUNT, BATCH):
        for _ in range(BATCH):
            made.ingest.take(mutator.next())
        harvest = made.ingest.finish()
        check(harvest, BATCH)
        seen.update(harvest.messages)
        reasons.update(item.reason for item in harvest.quarantined)
        readings += len(harvest.readings)
        if done <= COUNT // 2:
            half = memory_kib()
        made.book.take()
        made.sent.clear()
    growth = memory_kib() - half
    took = time.monotonic() - started
    print(
        f"{COUNT} messages in {took:.0f} s, {readings} readings, +{growth} KiB; {dict(seen)}; {dict(reasons)}"
    )
    assert growth < GROWTH_KIB
    # the run meant something: it came to every outcome and to many reasons
    assert all(seen[outcome] > 0 for outcome in OUTCOMES)
    assert len(reasons) >= 18
    assert readings > COUNT // 20
    assert len(made.router._bindings.routes) <= MOST_ROUTES
    assert len(made.book._noted) <= MOST_DEVICES


def test_the_same_seed_gives_the_same_messages() -> None:
    messages, _, _ = corpus()
    one, two, other = (Mutator(messages, seed) for seed in (1, 1, 2))
    first = [one.next() for _ in range(200)]
    assert first == [two.next() for _ in range(200)]
    assert first != [other.next() for _ in range(200)]

"""The InfluxDB store when its server is killed, hangs or is away: nothing acknowledged is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from plantroom.errors import StoreUnavailableError
from plantroom.readings import Quality, ReadingBatch
from plantroom.stores.base import Appended
from plantroom.stores.influx_store import InfluxStore
from plantroom.times import MILLISECOND, SECOND
from tests.contracts.rows import FAR, T0, batch, everything, rows
from tests.servers.influx import Influxd

pytestmark = pytest.mark.influxdb

KILLS = 20
POINTS = 2_000


@pytest.fixture
def own_influxd(tmp_path: Path) -> Iterator[Influxd]:
    """A server that this test may kill."""
    server = Influxd(tmp_path)
    yield server
    server.stop()


def numbered(number: int) -> ReadingBatch:
    """The batch of this number, the same each time."""
    value = np.random.default_rng(number).normal(size=POINTS)
    quality = np.where(np.arange(POINTS) % 7 == number % 7, int(Quality.OUT_OF_RANGE), 0)
    return ReadingBatch.of(np.arange(POINTS), np.full(POINTS, T0 + number * SECOND), value, quality)


class Writer:
    """Appends one numbered batch after the other until told to end, each until it is taken."""

    def __init__(self, store: InfluxStore) -> None:
        self.stored = 0
        self.failures = 0
        self._store = store
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self._store.append(numbered(self.stored))
            except StoreUnavailableError:
                self.failures += 1
            else:
                self.stored += 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kill_9_under_load_loses_nothing_that_was_acknowledged(own_influxd: Influxd) -> None:
    store = own_influxd.store(own_influxd.new_bucket(), timeout=500 * MILLISECOND)
    writer = Writer(store)
    chance = np.random.default_rng(4)
    for _ in range(KILLS):
        before, end = writer.stored, time.monotonic() + 60
        while writer.stored < before + 3:
            assert time.monotonic() < end, "no batch is taken any more"
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))  # at another moment each time
        own_influxd.kill()
        own_influxd.start()
    writer.end()
    assert writer.stored >= 3 * KILLS
    assert writer.failures > 0
    found = everything(store)
    expected = ReadingBatch.concat([numbered(number) for number in range(writer.stored)]).normalised()
    assert len(found) == len(expected)
    for column in ("point_id", "ts", "value", "quality"):
        assert np.array_equal(getattr(found, column), getattr(expected, column))
    assert store.append(numbered(writer.stored - 1)) == Appended(0, POINTS, 0)
    store.close()


def test_a_server_that_hangs_is_given_up_within_the_timeout_and_found_again(own_influxd: Influxd) -> None:
    bucket = own_influxd.new_bucket()
    store = own_influxd.store(bucket, timeout=SECOND, query_timeout=SECOND)
    store.append(batch((1, T0, 1.0)))
    own_influxd.pause()
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError, match="does not answer a write"):
        store.append(batch((1, T0 + 1, 2.0), (2, T0 + 1, 3.0)))
    with pytest.raises(StoreUnavailableError, match="does not answer a query"):
        store.range(None, 0, FAR)
    with pytest.raises(StoreUnavailableError):
        own_influxd.store(bucket, query_timeout=SECOND)
    assert time.monotonic() - began < 10
    own_influxd.resume()
    # whether the write that hung was taken is not known: it is counted as what it is now
    outcome = store.append(batch((1, T0 + 1, 2.0), (2, T0 + 1, 3.0), (2, T0 + 2, 4.0)))
    assert outcome.replaced == 0
    assert outcome.new + outcome.repeated == 3
    assert rows(everything(store)) == rows(
        batch((1, T0, 1.0), (1, T0 + 1, 2.0), (2, T0 + 1, 3.0), (2, T0 + 2, 4.0))
    )
    store.close()


def test_a_server_that_is_away_keeps_the_store_from_opening(own_influxd: Influxd) -> None:
    bucket = own_influxd.new_bucket()
    own_influxd.kill()
    with pytest.raises(StoreUnavailableError, match=own_influxd.url):
        own_influxd.store(bucket)
    own_influxd.start()
    own_influxd.store(bucket).close()


def test_values_that_line_protocol_cannot_write_come_back(influxd: Influxd) -> None:
    store = influxd.store(influxd.new_bucket())
    flag = Quality.NOT_A_NUMBER
    given = batch(
        (1, T0, float("inf"), flag),
        (2, T0, float("-inf"), flag),
        (3, T0, float("nan"), flag),
        (4, T0, float("inf")),
    )
    store.append(given)
    assert rows(everything(store)) == rows(given)
    assert store.append(given) == Appended(0, 4, 0)
    store.close()


def test_a_reading_that_goes_from_good_to_bad_and_back_leaves_nothing_behind(influxd: Influxd) -> None:
    store = influxd.store(influxd.new_bucket())
    good, bad = batch((1, T0, 1.0)), batch((1, T0, 7.0, Quality.CLOCK))
    for given in (good, bad, good, bad):
        store.append(given)
    assert rows(everything(store)) == rows(bad)
    assert store.size() == 1
    assert len(store.aggregate(np.array([1], dtype=np.int32), T0, T0 + 1, SECOND).ts) == 0
    store.append(good)
    assert store.aggregate(np.array([1], dtype=np.int32), T0, T0 + 1, SECOND).mean.tolist() == [1.0]
    store.close()


def test_more_points_than_a_query_names_are_found(influxd: Influxd) -> None:
    store = influxd.store(influxd.new_bucket())
    points = np.arange(900, dtype=np.int32)
    store.append(ReadingBatch.of(points, np.full(900, T0), points))
    for count in (1, 200, 201, 440, 900):
        assert store.range(points[:count], T0, T0 + 1).point_id.tolist() == points[:count].tolist()
        assert len(store.aggregate(points[:count], T0, T0 + 1, SECOND).ts) == count
    store.close()


def test_late_readings_far_apart_are_counted_one_by_one(influxd: Influxd) -> None:
    store = influxd.store(influxd.new_bucket())
    ts = T0 + np.arange(40) * 3_600 * SECOND
    given = ReadingBatch.of(np.arange(40) % 3, ts, np.arange(40.0))
    store.append(given)
    again = ReadingBatch.concat([given.take(slice(0, 40, 2)), batch((0, T0 + 5, 1.0), (1, T0 + 9, 1.0))])
    assert store.append(again) == Appended(2, 20, 0)
    assert store.size() == 42
    store.close()

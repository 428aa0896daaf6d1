"""Setting InfluxDB up: once makes all, twice changes nothing; tokens may do no more than they must."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from plantroom.errors import StoreError
from plantroom.readings import Quality, ReadingBatch
from plantroom.stores.influx_server import InfluxServer
from plantroom.stores.influx_setup import InfluxSetup
from plantroom.stores.influx_store import InfluxStore
from plantroom.stores.influx_tiers import Tier, tiers_of
from plantroom.times import DAY, HOUR, MINUTE, SECOND, system_clock
from tests.servers.influx import EMPTY_TABLE, Influxd

pytestmark = pytest.mark.influxdb


@pytest.fixture
def tiers(influxd: Influxd) -> tuple[Tier, ...]:
    """Buckets of this test's own that are not there yet."""
    return tiers_of(f"of-{influxd.new_bucket()}")


@pytest.fixture
def server(influxd: Influxd) -> Iterator[InfluxServer]:
    opened = InfluxServer(influxd.address())
    yield opened
    opened.close()


def done(server: InfluxServer, tiers: tuple[Tier, ...], *, dry_run: bool = False) -> list[tuple[str, str]]:
    return [(step.name, step.done) for step in InfluxSetup(server, tiers, dry_run=dry_run).run()]


def test_once_makes_everything_and_twice_changes_nothing(
    server: InfluxServer, tiers: tuple[Tier, ...]
) -> None:
    dry = done(server, tiers, dry_run=True)
    assert {state for _, state in dry} == {"would be made"}
    made = done(server, tiers)
    assert [name for name, _ in made] == [name for name, _ in dry]
    assert {state for _, state in made} == {"made"}
    assert len(made) == 7
    assert {state for _, state in done(server, tiers)} == {"unchanged"}


def test_another_retention_is_brought_about_and_said(server: InfluxServer, tiers: tuple[Tier, ...]) -> None:
    done(server, tiers)
    longer = (replace(tiers[0], keep=60 * DAY), *tiers[1:])
    steps = [step for step in InfluxSetup(server, longer).run() if step.done != "unchanged"]
    assert [(step.name, step.done, step.detail) for step in steps] == [
        (tiers[0].bucket, "changed", "kept 60 days, was 30 days")
    ]
    assert {state for _, state in done(server, longer)} == {"unchanged"}


def test_tokens_may_do_no_more_than_they_must(influxd: Influxd, tiers: tuple[Tier, ...]) -> None:
    admin = InfluxServer(influxd.address())
    done(admin, tiers)
    setting_up = InfluxSetup(admin, tiers)
    writer = InfluxServer(influxd.address(token=setting_up.token("writer", writes=True)))
    reader = InfluxServer(influxd.address(token=setting_up.token("reader", writes=False)))
    now = system_clock()
    store = InfluxStore(writer, tiers, lambda: EMPTY_TABLE, clock=lambda: now)
    store.append(ReadingBatch.of([1], [now], [5.0]))
    assert store.size() == 1
    shown = InfluxStore(reader, tiers, lambda: EMPTY_TABLE, follows=True)
    assert shown.latest().value.tolist() == [5.0]
    with pytest.raises(StoreError, match=r"403|401|404"):
        shown.append(ReadingBatch.of([1], [now + 1], [6.0]))
    with pytest.raises(StoreError):
        writer.write(tiers[1].bucket, b"readings,id=1 sum=1 1\n")
    with pytest.raises(StoreError):
        writer.query("from(bucket: bucket) |> range(start: 0)", {"bucket": "first"})
    with pytest.raises(StoreError):
        done(writer, (Tier("another", 0, 0), *tiers[1:]))
    for one in (store, shown, admin):
        one.close()


def test_a_missing_organization_is_said(influxd: Influxd, tiers: tuple[Tier, ...]) -> None:
    server = InfluxServer(influxd.address(org="nobody"))
    with pytest.raises(StoreError, match="nobody"):
        done(server, tiers)
    server.close()


def test_the_tasks_work_figures_out_that_trends_then_come_from(
    server: InfluxServer, tiers: tuple[Tier, ...]
) -> None:
    """Runs the tasks' own texts by hand over readings of an hour ago, and asks as if it were months later."""
    done(server, tiers)
    tasks = server.client.tasks_api()
    begin = system_clock() // HOUR * HOUR - 2 * HOUR
    ts = begin + np.arange(0, HOUR, 10 * SECOND)
    value = np.arange(len(ts), dtype=float)
    quality = np.where(np.arange(len(ts)) % 10 == 0, int(Quality.OUT_OF_RANGE), 0)
    clock = begin + 3 * HOUR
    store = InfluxStore(server, tiers, lambda: EMPTY_TABLE, clock=lambda: clock)
    store.append(ReadingBatch.of(np.ones(len(ts), dtype=int), ts, value, quality))
    expected = store.aggregate(np.array([1], dtype=np.int32), begin, begin + HOUR, 5 * MINUTE)
    for name in (f"{tiers[1].bucket}: late minutes", f"{tiers[2].bucket}: late hours"):
        text = tasks.find_tasks(name=name)[0].flux
        server.query(text.split("\n", 1)[1], {})
    later = InfluxStore(server, tiers, lambda: EMPTY_TABLE, clock=lambda: begin + 40 * DAY)
    points = np.array([1], dtype=np.int32)
    found = later.aggregate(points, begin, begin + HOUR, 5 * MINUTE)
    for name in ("point_id", "ts", "low", "high", "count"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist()
    assert found.mean == pytest.approx(expected.mean)
    of_hour = later.aggregate(points, begin, begin + HOUR, HOUR)
    good = value[quality == 0]
    assert (of_hour.ts.tolist(), of_hour.count.tolist()) == ([begin], [len(good)])
    assert (of_hour.low.tolist(), of_hour.high.tolist()) == ([good.min()], [good.max()])
    assert of_hour.mean.tolist() == [pytest.approx(good.mean())]

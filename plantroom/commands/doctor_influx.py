"""What `plantroom doctor` looks at in an InfluxDB: whether it answers, the buckets, the token's rights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from plantroom.errors import PlantroomError, StoreError
from plantroom.health import PartHealth
from plantroom.settings import InfluxSettings
from plantroom.stores import influx_flux as flux
from plantroom.stores.build import influx_address, influx_tiers
from plantroom.stores.influx_answers import figures_by_name
from plantroom.stores.influx_server import InfluxServer
from plantroom.stores.influx_setup import InfluxSetup, kept, retention_of
from plantroom.stores.influx_tiers import Tier
from plantroom.times import DAY, SECOND, system_clock

SETUP = "run `plantroom db setup`"


def influx_parts(influx: InfluxSettings) -> Iterator[PartHealth]:
    """The server, then each bucket: there, readable, kept as long as the settings say, fed by its tasks."""
    try:
        server = InfluxServer(influx_address(influx))
    except PlantroomError as failure:
        yield PartHealth("readings", False, str(failure))
        return
    try:
        answers = _look("readings", server, lambda: _version(server))
        yield answers
        if not answers.ok:
            return
        tiers = influx_tiers(influx)
        raw, *_ = tiers
        for tier in tiers:
            yield _look(f"bucket {tier.bucket}", server, partial(_bucket, server, tier))
        yield _look(f"writing to {raw.bucket}", server, lambda: _may_write(server, raw))
        for tier in tiers[1:]:
            yield _look(f"tasks of {tier.bucket}", server, partial(_fed, server, raw, tier))
    finally:
        server.close()


def _look(name: str, server: InfluxServer, look: Callable[[], str]) -> PartHealth:
    try:
        return PartHealth(name, True, look())
    except PlantroomError as failure:
        return PartHealth(name, False, str(failure))
    except (ApiException, HTTPError, OSError) as failure:
        return PartHealth(name, False, str(server.in_our_words(failure, "a look")))


def _version(server: InfluxServer) -> str:
    # what the client's own `ping` answers does not say why not
    version = server.client.version()
    return f"InfluxDB {version} at {server.address.url} answers"


def _bucket(server: InfluxServer, tier: Tier) -> str:
    there = InfluxSetup(server, (tier,)).find_bucket(tier.bucket)
    if there is None:
        raise StoreError(f"not there, or the token may not read it; {SETUP}")
    server.query(flux.count_query(), flux.given(tier.bucket, 0, 1))
    if retention_of(there) != tier.keep:
        raise StoreError(f"keeps {kept(retention_of(there))}, the settings say {kept(tier.keep)}; {SETUP}")
    return f"readable, kept {kept(tier.keep)}"


def _may_write(server: InfluxServer, raw: Tier) -> str:
    server.write(raw.bucket, b"")
    return "the token may write"


def _fed(server: InfluxServer, raw: Tier, tier: Tier) -> str:
    """Whether the figures follow the readings; the tasks themselves are not ours to see."""
    now = system_clock() // SECOND * SECOND
    behind = 3 * tier.step
    readings = figures_by_name(
        server.query(flux.count_query(), flux.given(raw.bucket, now - DAY, now - behind))
    )
    if not readings:
        return "no readings of the last day to work out figures of"
    text = flux.tier_figures_query(0)
    figures = figures_by_name(server.query(text, flux.given(tier.bucket, now - 2 * DAY, now)))
    if not figures:
        raise StoreError(f"readings came in the last day and no figures of them; {SETUP}")
    return "figures follow the readings"

"""The reading store that the settings name, and the address and buckets of an InfluxDB one."""

from __future__ import annotations

from collections.abc import Callable

from plantroom.errors import SettingsError
from plantroom.model import PointTable
from plantroom.settings import InfluxSettings, Settings
from plantroom.stores.base import ReadingStore
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.stores.influx_server import InfluxAddress, InfluxServer
from plantroom.stores.influx_store import InfluxStore
from plantroom.stores.influx_tiers import Tier, tiers_of


def build_store(
    settings: Settings, table: Callable[[], PointTable], *, follows: bool = False
) -> ReadingStore:
    """The opened reading store. With `follows` another process is the one that writes.

    Raises: SettingsError, StoreError.
    """
    if settings.readings_store == "duckdb":
        return DuckdbStore(settings.readings_file)
    server = InfluxServer(influx_address(settings.influx))
    return InfluxStore(server, influx_tiers(settings.influx), table, follows=follows)


def influx_address(influx: InfluxSettings, token: str | None = None) -> InfluxAddress:
    """Where the InfluxDB is and, if not given, the token of the settings.

    Raises: SettingsError where there is none.
    """
    return InfluxAddress(
        url=influx.url,
        org=influx.org,
        token=token or _token(influx),
        timeout=influx.timeout,
        query_timeout=influx.query_timeout,
        gzip=influx.gzip,
    )


def influx_tiers(influx: InfluxSettings) -> tuple[Tier, Tier, Tier]:
    """The three buckets, the finest first."""
    return tiers_of(influx.bucket, influx.raw_retention, influx.minute_retention, influx.hour_retention)


def _token(influx: InfluxSettings) -> str:
    if influx.token is not None:
        return influx.token.get_secret_value()
    if influx.token_file is None:
        raise SettingsError(
            "influx.token_file: the InfluxDB reading store needs a token; `plantroom db setup` makes one"
        )
    try:
        token = influx.token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as failure:
        raise SettingsError(f"influx.token_file: {influx.token_file} cannot be read: {failure}") from failure
    if not token:
        raise SettingsError(f"influx.token_file: {influx.token_file} is empty")
    return token

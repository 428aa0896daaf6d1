"""Every setting, read once: environment `PLANTROOM_*` over `plantroom.toml` over the defaults here.

Nested settings take two underscores: `PLANTROOM_MQTT__HOST=broker.example`.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as MalformedSettingError

from plantroom.errors import SettingsError
from plantroom.times import MILLISECOND, YEAR, parse_duration

_PREFIX = "PLANTROOM_"
_TESTS = "TESTS_"
"""Variables that steer the test suite are not settings."""


def _duration(value: Any) -> Any:
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, bool) or (isinstance(value, int) and 0 < value < MILLISECOND):
        raise ValueError("a duration needs its unit; write for example 30s, 5 min, 2 h or 7 d")
    return value


Duration = Annotated[int, BeforeValidator(_duration), Field(ge=0, le=100 * YEAR)]
"""Nanoseconds, written with a unit."""


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MqttSettings(_Group):
    """The broker and the collector's session on it."""

    host: str = "127.0.0.1"
    port: int = Field(default=1883, ge=1, le=65535)
    protocol: Literal["5", "3.1.1"] = "5"
    client_id: str = Field(default="plantroom-collector", min_length=1, max_length=64)
    username: str | None = None
    password: SecretStr | None = None
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: int = Field(default=30, ge=5, le=3600)
    session_expiry_s: int = Field(default=7 * 86_400, ge=0)
    topics: tuple[str, ...] = ("plantroom/v1/#",)
    receive_maximum: int = Field(default=10_000, ge=10, le=65535)


class IngestSettings(_Group):
    """What is taken, and how much waits in memory."""

    max_payload_bytes: int = Field(default=256 * 1024, ge=1024)
    max_readings_per_message: int = Field(default=100_000, ge=1)
    max_waiting_messages: int = Field(default=20_000, ge=100)
    max_waiting_bytes: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)
    batch_readings: int = Field(default=20_000, ge=1)
    batch_messages: int = Field(default=5_000, ge=1)
    """What is written at once is as many readings or messages, or what came within `linger`."""
    linger: Duration = parse_duration("100ms")
    spool: Path | None = None
    """A folder for what comes while the store is away, for brokers that do not queue."""
    spool_max: int = Field(default=1024 * 1024 * 1024, ge=1024 * 1024)
    """Bytes; the oldest messages beyond are dropped."""
    future_tolerance: Duration = parse_duration("60s")
    retention: Duration = parse_duration("730d")


class MappingSettings(_Group):
    """Other people's topics; `collector/README.md` describes the files."""

    maps: tuple[Path, ...] = ()
    """Which layouts are used where, and which device is which equipment."""
    layouts: Path | None = None
    """A folder whose layouts add to or replace the shipped ones."""


class HttpSettings(_Group):
    """Where the API and the console listen."""

    host: str = "127.0.0.1"
    port: int = Field(default=8420, ge=0, le=65535)
    secure_cookies: bool = False
    session_idle: Duration = parse_duration("30min")
    session_life: Duration = parse_duration("12h")


class StatusSettings(_Group):
    """Where a worker or scheduler answers probes, Prometheus, and the API's process."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    address: str | None = None
    """How the API's process reaches it, such as http://worker:8421; without it host and port."""


class InfluxSettings(_Group):
    """The InfluxDB 2 that keeps the readings where `readings_store` is `influxdb`."""

    url: str = Field(default="http://127.0.0.1:8086", pattern=r"^https?://[^\s/]+(/[^\s]*)?$")
    org: str = Field(default="plantroom", min_length=1, max_length=128)
    bucket: str = Field(default="plantroom", pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$")
    """Of the raw readings; the minutes' and the hours' are named after it with `_1m` and `_1h`."""
    token: SecretStr | None = None
    token_file: Path | None = None
    timeout: Duration = parse_duration("10s")
    """Of a write with its retries; the collector then tries again."""
    query_timeout: Duration = parse_duration("30s")
    gzip: bool = False
    """Worth its processor time only where the server is behind a slow line."""
    raw_retention: Duration = parse_duration("30d")
    minute_retention: Duration = parse_duration("1y")
    hour_retention: Duration = parse_duration("10y")


class Settings(BaseSettings):
    """All settings of one Plantroom process."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid", toml_file="plantroom.toml"
    )

    data: Path = Path("data")
    """Folder of the embedded stores."""
    sites: tuple[Path, ...] = ()
    """Site files imported at every start."""
    catalogue: Path | None = None
    """A folder whose class files add to or replace the shipped ones."""
    language: Literal["en", "zh"] = "en"
    readings_store: Literal["duckdb", "influxdb"] = "duckdb"
    """DuckDB is one file in `data` and one process; split processes need InfluxDB."""
    database_url: str | None = None
    """SQLAlchemy URL; without it SQLite in `data`."""
    checkpoint_every: Duration = parse_duration("30s")
    lateness: Duration = parse_duration("2s")
    """How long the rules wait for readings that come out of order."""
    operators: int = Field(default=1, ge=1, le=100)
    """How many people share the alarms at one time; figures of the alarm system are per operator."""
    service_levels: Path | None = None
    """A file of what was agreed, in place of the shipped `plantroom/service_levels/default.yaml`."""
    mqtt: MqttSettings = MqttSettings()
    ingest: IngestSettings = IngestSettings()
    mapping: MappingSettings = MappingSettings()
    http: HttpSettings = HttpSettings()
    influx: InfluxSettings = InfluxSettings()
    status: StatusSettings = StatusSettings()

    @model_validator(mode="after")
    def _window_holds_a_batch(self) -> Self:
        if self.mqtt.receive_maximum < self.ingest.batch_messages:
            raise ValueError(
                f"mqtt.receive_maximum ({self.mqtt.receive_maximum}) is less than ingest.batch_messages"
                f" ({self.ingest.batch_messages}): every batch would wait for ingest.linger; make it larger"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the file."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))

    @property
    def records_url(self) -> str:
        """The SQLAlchemy URL of everything but readings."""
        return self.database_url or f"sqlite:///{(self.data / 'plantroom.sqlite').absolute()}"

    @property
    def readings_file(self) -> Path:
        """The embedded reading store's file."""
        return self.data / "readings.duckdb"


def load_settings(file: Path | None = None, **given: Any) -> Settings:
    """The settings in force; `given` go before environment and file.

    Raises: SettingsError naming each wrong setting.
    """
    path = file or Path("plantroom.toml")
    if file is not None and not file.is_file():
        raise SettingsError(f"{file}: no such settings file")

    _refuse_unknown_variables()

    class Located(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        return Located(**given)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as failure:
        raise SettingsError(f"{path}: {failure}") from failure
    except MalformedSettingError as failure:
        raise SettingsError(f"settings: {failure}; write lists and groups as JSON") from failure
    except ValidationError as failure:
        lines = [
            f"{'.'.join(map(str, item['loc']))}: {_complaint(item)}"
            for item in failure.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise SettingsError("settings: " + "; ".join(lines)) from failure


def _complaint(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "unknown setting"
    return str(item["msg"]).removeprefix("Value error, ")


def _refuse_unknown_variables() -> None:
    """Nested names are checked with the settings; pydantic passes over a first part that it does not know."""
    for name in sorted(os.environ):
        rest = name.upper().removeprefix(_PREFIX)
        if (
            rest == name.upper()
            or rest.startswith(_TESTS)
            or rest.split("__")[0].lower() in Settings.model_fields
        ):
            continue
        group = rest.split("_")[0].lower()
        hint = f" (two underscores after {group.upper()}?)" if group in Settings.model_fields else ""
        raise SettingsError(f"settings: {name}: unknown setting{hint}")

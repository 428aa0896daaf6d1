"""`plantroom db setup` and what `plantroom doctor` says of an InfluxDB."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plantroom.cli import app
from plantroom.commands.doctor_influx import influx_parts
from plantroom.errors import SettingsError
from plantroom.model import PointTable
from plantroom.readings import ReadingBatch
from plantroom.settings import InfluxSettings, load_settings
from plantroom.stores.build import build_store, influx_address
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.times import SECOND, system_clock
from tests.servers.influx import ORG, Influxd

EMPTY = PointTable([], [])


class World:
    """A settings file for buckets of this test's own, and the command over it."""

    def __init__(self, folder: Path, influxd: Influxd) -> None:
        self.folder = folder
        self.token = folder / "influx.token"
        self.reader = folder / "grafana.token"
        (folder / "admin.token").write_text(influxd.token + "\n")
        self.file = folder / "plantroom.toml"
        self.file.write_text(
            f'data = "{folder}"\nreadings_store = "influxdb"\n[influx]\nurl = "{influxd.url}"\n'
            f'org = "{ORG}"\nbucket = "cmd-{influxd.new_bucket()}"\ntoken_file = "{self.token}"\n'
        )

    def run(self, *more: str) -> tuple[int, str]:
        words = ["db", "setup", "--settings", str(self.file)]
        words += ["--admin-token-file", str(self.folder / "admin.token"), *more]
        result = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
        return result.exit_code, result.output

    def influx(self) -> InfluxSettings:
        return load_settings(self.file).influx


@pytest.fixture
def world(tmp_path: Path, influxd: Influxd) -> World:
    return World(tmp_path, influxd)


@pytest.mark.influxdb
def test_set_up_with_a_token_of_its_own_the_store_works_and_the_doctor_is_content(world: World) -> None:
    code, text = world.run("--token-file", str(world.token), "--reader-token-file", str(world.reader))
    assert code == 0, text
    assert text.count("made") == 7
    assert stat.S_IMODE(world.token.stat().st_mode) == 0o600
    assert world.token.read_text() not in text
    store = build_store(load_settings(world.file), lambda: EMPTY)
    store.append(ReadingBatch.of([1], [system_clock() - SECOND], [5.0]))
    store.close()
    parts = list(influx_parts(world.influx()))
    assert all(part.ok for part in parts), [part for part in parts if not part.ok]
    assert [part.name.split(" ")[0] for part in parts] == [
        "readings", "bucket", "bucket", "bucket", "writing", "tasks", "tasks",
    ]  # fmt: skip
    code, text = world.run()
    assert (code, text.count("unchanged")) == (0, 7)


@pytest.mark.influxdb
def test_a_dry_run_does_nothing_and_a_token_is_not_overwritten(world: World) -> None:
    code, text = world.run("--dry-run", "--token-file", str(world.token))
    assert (code, text.count("would be made")) == (0, 7)
    assert not world.token.exists()
    world.token.write_text("kept")
    code, text = world.run("--token-file", str(world.token))
    assert (code, world.token.read_text()) == (1, "kept")


@pytest.mark.influxdb
def test_the_doctor_says_what_is_missing_and_what_to_do(world: World) -> None:
    assert world.run("--token-file", str(world.token))[0] == 0
    reader = world.folder / "only-reads"
    assert world.run("--reader-token-file", str(reader))[0] == 0
    influx = world.influx()
    cannot_write = influx.model_copy(update={"token_file": reader})
    wrong = {part.name: part.detail for part in influx_parts(cannot_write) if not part.ok}
    assert list(wrong) == [f"writing to {influx.bucket}"]
    longer = influx.model_copy(update={"raw_retention": 2 * influx.raw_retention})
    wrong = {part.name: part.detail for part in influx_parts(longer) if not part.ok}
    assert "keeps 30 days, the settings say 60 days" in wrong[f"bucket {influx.bucket}"]
    other = influx.model_copy(update={"bucket": "nowhere"})
    assert "plantroom db setup" in next(part.detail for part in influx_parts(other) if not part.ok)


def test_the_doctor_says_that_the_server_is_away() -> None:
    influx = InfluxSettings(url="http://127.0.0.1:9", token="x")
    parts = list(influx_parts(influx))
    assert [(part.name, part.ok) for part in parts] == [("readings", False)]
    assert "127.0.0.1:9" in parts[0].detail


def test_the_embedded_store_is_built_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    store = build_store(load_settings(data=tmp_path), lambda: EMPTY)
    assert isinstance(store, DuckdbStore)
    store.close()


def test_the_token_comes_from_the_settings_or_a_file_and_is_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "token"
    with pytest.raises(SettingsError, match="plantroom db setup"):
        influx_address(InfluxSettings())
    with pytest.raises(SettingsError, match="cannot be read"):
        influx_address(InfluxSettings(token_file=path))
    path.write_text(" \n")
    with pytest.raises(SettingsError, match="empty"):
        influx_address(InfluxSettings(token_file=path))
    path.write_text("from-file\n")
    assert influx_address(InfluxSettings(token_file=path)).token == "from-file"
    address = influx_address(InfluxSettings(token="secret-one"))
    assert address.token == "secret-one"
    assert "secret-one" not in repr(address)


@pytest.mark.parametrize("bucket", ["", 'a"b', "a b", "_system", "x" * 65])
def test_bucket_names_that_could_mean_something_in_flux_are_refused(bucket: str) -> None:
    with pytest.raises(SettingsError, match=r"influx\.bucket"):
        load_settings(influx={"bucket": bucket})

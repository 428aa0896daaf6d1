"""Settings from arguments, environment, file and defaults, and what is said of wrong ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plantroom.errors import SettingsError
from plantroom.settings import Settings, load_settings
from plantroom.times import HOUR, MILLISECOND, MINUTE, SECOND


@pytest.fixture(autouse=True)
def nothing_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder and no settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith("PLANTROOM_"):
            monkeypatch.delenv(name)


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "plantroom.toml"


def refusal(file: Path | None = None, **given: object) -> str:
    """What is said when the settings are refused."""
    with pytest.raises(SettingsError) as caught:
        load_settings(file, **given)
    return str(caught.value)


class TestSources:
    def test_defaults_need_nothing(self) -> None:
        settings = load_settings()
        assert (settings.mqtt.host, settings.mqtt.port, settings.http.host) == (
            "127.0.0.1",
            1883,
            "127.0.0.1",
        )
        assert settings.ingest.linger == 100 * MILLISECOND
        assert settings.http.session_idle == 30 * MINUTE

    def test_the_environment_reaches_nested_settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PLANTROOM_MQTT__HOST", "broker.example")
        monkeypatch.setenv("PLANTROOM_MQTT__PORT", "8883")
        monkeypatch.setenv("PLANTROOM_HTTP__SESSION_LIFE", "2 h")
        monkeypatch.setenv("PLANTROOM_SITES", '["harbour.yaml", "tower.yaml"]')
        settings = load_settings()
        assert (settings.mqtt.host, settings.mqtt.port) == ("broker.example", 8883)
        assert settings.http.session_life == 2 * HOUR
        assert settings.sites == (Path("harbour.yaml"), Path("tower.yaml"))

    def test_a_file_in_the_working_folder_is_read(self, toml: Path) -> None:
        toml.write_text('language = "zh"\ncheckpoint_every = "30s"\n[mqtt]\nhost = "broker.example"\n')
        settings = load_settings()
        assert (settings.language, settings.checkpoint_every) == ("zh", 30 * SECOND)
        assert settings.mqtt.host == "broker.example"
        assert settings.mqtt.port == 1883

    def test_a_named_file_is_read_instead(self, toml: Path, tmp_path: Path) -> None:
        toml.write_text('language = "zh"')
        other = tmp_path / "other.toml"
        other.write_text("[http]\nport = 9000")
        settings = load_settings(other)
        assert (settings.language, settings.http.port) == ("en", 9000)

    def test_arguments_go_before_environment_before_file(
        self, toml: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        toml.write_text(
            'language = "zh"\ndata = "from-file"\n[mqtt]\nhost = "from-file"\nusername = "from-file"'
        )
        monkeypatch.setenv("PLANTROOM_DATA", "from-environment")
        monkeypatch.setenv("PLANTROOM_MQTT__HOST", "from-environment")
        settings = load_settings(data=tmp_path)
        assert settings.data == tmp_path
        assert settings.mqtt.host == "from-environment"
        assert settings.mqtt.username == "from-file"
        assert settings.language == "zh"

    def test_loading_one_file_does_not_colour_the_next(self, toml: Path) -> None:
        toml.write_text('language = "zh"')
        assert load_settings().language == "zh"
        toml.unlink()
        assert load_settings().language == "en"


class TestDerived:
    def test_the_embedded_stores_are_in_the_data_folder(self, tmp_path: Path) -> None:
        settings = load_settings(data=tmp_path)
        assert settings.readings_file == tmp_path / "readings.duckdb"
        assert settings.records_url == f"sqlite:///{tmp_path / 'plantroom.sqlite'}"

    def test_a_database_url_goes_before_the_embedded_one(self) -> None:
        url = "postgresql+psycopg://plantroom@db/plantroom"
        assert load_settings(database_url=url).records_url == url

    def test_a_password_is_not_shown(self) -> None:
        settings = load_settings(mqtt={"password": "geheim"})
        assert "geheim" not in repr(settings)
        assert settings.mqtt.password is not None
        assert settings.mqtt.password.get_secret_value() == "geheim"


class TestWrong:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("foo = 1", "foo: unknown setting"),
            ('[mqtt]\nhots = "x"', "mqtt.hots: unknown setting"),
            ("[mqtt]\nport = 70000", "mqtt.port: Input should be less than or equal to 65535"),
            ('[mqtt]\nprotocol = "4"', "mqtt.protocol: Input should be '5' or '3.1.1'"),
            ('[mqtt]\nclient_id = ""', "mqtt.client_id"),
            ("mqtt = 5", "mqtt: Input should be"),
            ('language = "fr"', "language: Input should be 'en' or 'zh'"),
            ('checkpoint_every = "soon"', "checkpoint_every: 'soon' is not a duration"),
            ('checkpoint_every = "5"', "checkpoint_every: '5' is not a duration"),
            ("checkpoint_every = 5", "checkpoint_every: a duration needs its unit"),
            ("checkpoint_every = true", "checkpoint_every: a duration needs its unit"),
            ("checkpoint_every = -5", "checkpoint_every: Input should be greater than or equal to 0"),
            ('checkpoint_every = "1000y"', "checkpoint_every: Input should be less than"),
        ],
    )
    def test_each_wrong_setting_is_named(self, toml: Path, content: str, message: str) -> None:
        toml.write_text(content)
        assert message in refusal()

    def test_a_window_that_does_not_hold_a_batch_is_refused(self, toml: Path) -> None:
        toml.write_text("[mqtt]\nreceive_maximum = 100\n")
        with pytest.raises(SettingsError, match=r"mqtt\.receive_maximum \(100\) is less than ingest\.batch"):
            load_settings()

    def test_all_are_named_at_once(self, toml: Path) -> None:
        toml.write_text("foo = 1\n[mqtt]\nport = 0\n[http]\nport = -1")
        text = refusal()
        assert all(name in text for name in ("foo", "mqtt.port", "http.port"))

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("PLANTROOM_MQTT__PORT", "many", "mqtt.port: Input should be a valid integer"),
            ("PLANTROOM_MQTT__FOO", "1", "mqtt.foo: unknown setting"),
            ("PLANTROOM_FOO", "1", "PLANTROOM_FOO: unknown setting"),
            ("plantroom_foo", "1", "plantroom_foo: unknown setting"),
            (
                "PLANTROOM_MQTT_HOST",
                "x",
                "PLANTROOM_MQTT_HOST: unknown setting (two underscores after MQTT?)",
            ),
            ("PLANTROOM_SITES", "harbour.yaml", '"sites"'),
            ("PLANTROOM_MQTT", "broker", '"mqtt"'),
        ],
    )
    def test_a_wrong_variable_is_named(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
    ) -> None:
        monkeypatch.setenv(name, value)
        assert message in refusal()

    def test_other_peoples_variables_are_left_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PLANTROOMS", "1")
        monkeypatch.setenv("PLANTROOM_TESTS_REQUIRE", "mosquitto")
        assert isinstance(load_settings(), Settings)

    def test_a_wrong_argument_is_named(self) -> None:
        assert "shoe_size: unknown setting" in refusal(shoe_size=43)

    @pytest.mark.parametrize("content", [b"a = ", b"[mqtt\n", b"\xff\xfe\x00", b"a = 1\na = 2"])
    def test_a_file_that_is_not_toml_is_named(self, toml: Path, content: bytes) -> None:
        toml.write_bytes(content)
        assert refusal().startswith("plantroom.toml: ")

    def test_a_file_that_does_not_exist_is_named(self, tmp_path: Path) -> None:
        assert "nowhere.toml: no such settings file" in refusal(tmp_path / "nowhere.toml")
        assert "no such settings file" in refusal(tmp_path)

    def test_a_secret_is_not_repeated_in_an_error(self, toml: Path) -> None:
        toml.write_text('[mqtt]\npassword = 12345\nport = "geheim"\nsecret_word = "geheim"')
        text = refusal()
        assert "mqtt.port" in text
        assert "geheim" not in text
        assert "12345" not in text

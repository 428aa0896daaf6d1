"""Which file of service levels a process goes by."""

from __future__ import annotations

from pathlib import Path

import pytest

from plantroom.app.foundation import agreed_levels
from plantroom.errors import PolicyError, SettingsError
from plantroom.service_levels import default_policy
from plantroom.settings import Settings
from plantroom.times import HOUR
from tests.plantroom.service_levels.test_service_policy import GOOD


def test_the_shipped_levels_hold_where_no_file_is_named() -> None:
    assert agreed_levels(Settings()) is default_policy()


def test_a_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "levels.yaml"
    path.write_text(GOOD.replace(", count: working", ""), encoding="utf-8")
    found = agreed_levels(Settings(service_levels=path))
    assert [rule.within for rule in found.rules] == [HOUR]


def test_a_wrong_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "levels.yaml"
    with pytest.raises(PolicyError, match="cannot be read"):
        agreed_levels(Settings(service_levels=path))
    path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(SettingsError, match="counts working time"):
        agreed_levels(Settings(service_levels=path))

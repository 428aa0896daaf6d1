"""The DuckDB store against the contract of every reading store."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from plantroom.stores.duckdb_store import DuckdbStore
from tests.contracts.reading_model import ReadingStoreModel
from tests.contracts.reading_store import ReadingStoreContract
from tests.contracts.rows import OpenStore


class TestDuckdbContract(ReadingStoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return lambda: DuckdbStore(tmp_path / "readings.duckdb")


class DuckdbModel(ReadingStoreModel):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()

    def open_store(self) -> DuckdbStore:
        return DuckdbStore(Path(self.folder.name) / "readings.duckdb")

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


TestDuckdbModel = DuckdbModel.TestCase
TestDuckdbModel.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)

"""The InfluxDB store against the contract of every reading store, on a real server."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from plantroom.stores.influx_store import InfluxStore
from tests.contracts.reading_model import ReadingStoreModel
from tests.contracts.reading_store import ReadingStoreContract
from tests.contracts.rows import OpenStore
from tests.servers.influx import Influxd

pytestmark = pytest.mark.influxdb


class TestInfluxContract(ReadingStoreContract):
    whole_batches = False

    @pytest.fixture
    def open_store(self, influxd: Influxd) -> OpenStore:
        bucket = influxd.new_bucket()
        return lambda: influxd.store(bucket)


class InfluxModel(ReadingStoreModel):
    influxd: ClassVar[Influxd]

    def __init__(self) -> None:
        super().__init__()
        self.bucket = self.influxd.new_bucket()

    def open_store(self) -> InfluxStore:
        return self.influxd.store(self.bucket)


def test_a_plain_dict_agrees_through_any_sequence(influxd: Influxd) -> None:
    InfluxModel.influxd = influxd
    run_state_machine_as_test(
        InfluxModel, settings=settings(max_examples=15, stateful_step_count=10, deadline=None)
    )

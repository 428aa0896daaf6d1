"""What every ReadingStore must do. A backend's test file subclasses `ReadingStoreContract` with one fixture:

`open_store` returns a function that opens the store of this test's own place; the contract calls it again
after closing, and expects to find what was appended. `reading_model` holds the same against random use.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plantroom.stores.base import ReadingStore
from tests.contracts.reading_reads import AggregateContract, LatestContract, RangeContract, ScanContract
from tests.contracts.reading_writes import AppendContract, KeepingContract, ThreadContract
from tests.contracts.rows import OpenStore


class ReadingStoreContract(
    AppendContract,
    LatestContract,
    RangeContract,
    ScanContract,
    AggregateContract,
    KeepingContract,
    ThreadContract,
):
    """The whole contract; subclass it with an `open_store` fixture."""

    @pytest.fixture
    def store(self, open_store: OpenStore) -> Iterator[ReadingStore]:
        """An empty store, closed afterwards."""
        opened = open_store()
        yield opened
        opened.close()

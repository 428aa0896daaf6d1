"""The contract modules are no test files themselves; their assertions explain themselves all the same."""

import pytest

pytest.register_assert_rewrite(
    "tests.contracts.reading_reads", "tests.contracts.reading_writes", "tests.contracts.reading_model"
)

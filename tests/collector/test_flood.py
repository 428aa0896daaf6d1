from __future__ import annotations

from collector.flood import ENOUGH, loudest
from tests.collector.kit import PUMP, message


def test_who_sends_most_of_many_is_named() -> None:
    flood = [message("1", f"{PUMP}/flow"), message("1", PUMP)] * ENOUGH
    others = [message("1", f"plantroom/v1/hq/ahu-{number}") for number in range(ENOUGH)]
    mixed = [item for pair in zip(flood, [*others, *others], strict=True) for item in pair]
    assert loudest(flood) == PUMP
    assert loudest([*flood, *others]) == PUMP
    assert loudest(mixed[: 2 * ENOUGH]) == PUMP
    assert loudest(others) is None
    assert loudest(flood[: ENOUGH - 1]) is None


def test_any_topic_can_be_told() -> None:
    assert loudest([message("1", "")] * ENOUGH) == ""
    assert loudest([message("1", "\n/" * 1_000)] * ENOUGH) is not None

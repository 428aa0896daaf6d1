"""Every file of `golden/json_v1`: a message, and what must become of it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from collector.ingest import Ingest
from plantroom.settings import IngestSettings
from tests.collector.kit import GOLDEN, load_table, message, told

CASES = sorted((GOLDEN / "json_v1").glob("*.json"))


def payload_of(case: dict[str, Any]) -> bytes:
    if "payload_base64" in case:
        return base64.b64decode(case["payload_base64"])
    parts = case.get("payload_parts", [[case.get("payload", ""), 1]])
    return "".join(text * count for text, count in parts).encode()


def test_there_are_cases() -> None:
    assert len(CASES) > 70


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text())
    table = load_table()
    ingest = Ingest(table, IngestSettings(**case.get("settings", {})))
    ingest.take(
        message(
            payload_of(case),
            case["topic"],
            qos=case.get("qos", 1),
            retain=case.get("retain", False),
            dup=case.get("dup", False),
        )
    )
    harvest = ingest.finish()
    expected = case["expect"]
    assert told(table, harvest.readings) == [
        [name, ts, pytest.approx(value), quality] for name, ts, value, quality in expected["readings"]
    ]
    assert [item.reason for item in harvest.quarantined] == expected["quarantined"]
    assert {key: count for key, count in harvest.messages.items() if count} == expected["messages"]
    assert {key: count for key, count in harvest.outcomes.items() if count} == expected["outcomes"]
    assert dict(harvest.unguaranteed) == case.get("unguaranteed", {})
    for item in harvest.quarantined:
        assert item.topic.isprintable()
        assert item.message.isprintable()
        assert 0 < len(item.message) <= 501
        assert len(item.head) <= 2048

"""A golden file: a message, and what must become of it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from collector.inbox import Received
from collector.ingest import Harvest, Ingest
from plantroom.model import PointTable
from plantroom.settings import IngestSettings
from tests.collector.kit import message, told


def payload_of(case: dict[str, Any]) -> bytes:
    """The bytes that a case gives as text, as base64, or as texts with how often each comes."""
    if "payload_base64" in case:
        return base64.b64decode(case["payload_base64"])
    parts = case.get("payload_parts", [[case.get("payload", ""), 1]])
    return "".join(text * count for text, count in parts).encode()


def message_of(case: dict[str, Any]) -> Received:
    """The message of a case."""
    return message(
        payload_of(case),
        case["topic"],
        qos=case.get("qos", 1),
        retain=case.get("retain", False),
        dup=case.get("dup", False),
    )


def check_case(path: Path, table: PointTable) -> None:
    """Nothing, where the message of version 1 comes to what the file says."""
    case = json.loads(path.read_text())
    ingest = Ingest(table, IngestSettings(**case.get("settings", {})))
    ingest.take(message_of(case))
    check(ingest.finish(), case, table)


def check(harvest: Harvest, case: dict[str, Any], table: PointTable) -> None:
    """Nothing, where the harvest is what the case expects."""
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

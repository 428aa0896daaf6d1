"""Every example of the collector's README is what the collector takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import collector
from collector import ingest as ingest_module
from collector import topics
from collector.ingest import Ingest
from plantroom.settings import IngestSettings
from tests.collector.kit import load_table, message

README = (Path(collector.__file__).parent / "README.md").read_text()
EXAMPLES = re.findall(r"Topic: `([^`]+)`\n```json\n(.*?)\n```", README, re.DOTALL)
COUNTS = [3, 5, 1, 1, 2, 1]


def test_every_example_has_a_topic() -> None:
    assert len(EXAMPLES) == README.count("```json") == len(COUNTS)


@pytest.mark.parametrize(("example", "count"), list(zip(EXAMPLES, COUNTS, strict=True)))
def test_example(example: tuple[str, str], count: int) -> None:
    topic, payload = example
    ingest = Ingest(load_table(), IngestSettings())
    ingest.take(message(payload, topic))
    harvest = ingest.finish()
    assert not harvest.quarantined
    assert len(harvest.readings) == count
    assert not harvest.readings.is_bad().any()


def test_the_names_rule_is_the_grammars() -> None:
    assert f"`{topics._NAME}`" in README


def test_every_reason_and_flag_is_in_the_table() -> None:
    sources = "".join(path.read_text() for path in Path(ingest_module.__file__).parent.rglob("*.py"))
    reasons = set(re.findall(r'PayloadError\(\s*"(\w+)"', sources))
    assert len(reasons) >= 16
    table = README[README.index("| what came | outcome |") :]
    for word in reasons | {name for name, _ in ingest_module._FLAGS}:
        assert f"`{word}`" in table, word

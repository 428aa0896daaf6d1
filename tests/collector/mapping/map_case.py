"""A golden file of maps: messages, and what becomes of them, what is found, and what is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from collector.gateways import GatewayBook
from collector.ingest import Ingest
from collector.mapping.book import DiscoveryBook
from collector.mapping.layout import load_layouts
from collector.mapping.router import Router
from collector.mapping.site_map import load_maps
from plantroom.discovery import Binding, Target
from plantroom.settings import IngestSettings
from tests.collector.golden_case import message_of
from tests.collector.kit import load_table, told

LAYOUTS = load_layouts()
TABLE = load_table()


@dataclass
class Rig:
    """An ingest with maps, and what it sends."""

    ingest: Ingest
    router: Router
    gateways: GatewayBook
    book: DiscoveryBook
    sent: list[tuple[str, bytes]] = field(default_factory=list)


def rig(folder: Path, maps: list[dict[str, Any]], adopted: tuple[Binding, ...] = ()) -> Rig:
    """An ingest with the maps, as a file would have them."""
    path = folder / "maps.yaml"
    path.write_text(json.dumps({"maps": maps}))
    uses = load_maps([path], LAYOUTS, TABLE)
    gateways, book, sent = GatewayBook(), DiscoveryBook(), []  # type: ignore[var-annotated]
    router = Router(uses, adopted, gateways=gateways, book=book, send=lambda *pair: sent.append(pair))
    ingest = Ingest(TABLE, IngestSettings(), gateways, router=router, book=book)
    return Rig(ingest, router, gateways, book, sent)


def binding(entry: dict[str, Any]) -> Binding:
    """An adopted device as a case gives it."""
    targets = {name: Target(**given) for name, given in entry["targets"].items()}
    return Binding(entry["layout"], entry["site"], entry["device"], targets, entry.get("ignored", False))


def outcome(case: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What becomes of the case's messages."""
    made = rig(folder, case["maps"], tuple(map(binding, case.get("adopted", []))))
    for item in case["messages"]:
        made.ingest.take(message_of(item))
    harvest = made.ingest.finish()
    return {
        "readings": told(TABLE, harvest.readings),
        "quarantined": [[item.reason, item.message] for item in harvest.quarantined],
        "messages": {key: count for key, count in harvest.messages.items() if count},
        "outcomes": {key: count for key, count in harvest.outcomes.items() if count},
        "found": [
            [
                item.layout,
                item.site,
                item.device,
                item.name,
                item.maker,
                item.model,
                [*map(_field, item.fields)],
            ]
            for item in made.book.take()
        ],
        "gateways": [[item.site, item.gateway, item.online] for item in made.gateways.all()],
        "sent": [topic for topic, _ in made.sent],
    }


def _field(item: Any) -> list[object]:
    told_of = [item.name, item.unit, item.topic, item.path, dict(item.words), item.text_number]
    while not told_of[-1]:
        told_of.pop()
    return told_of


def check(path: Path, folder: Path) -> None:
    """Nothing, where the messages come to what the file says."""
    case = json.loads(path.read_text())
    got, expected = outcome(case, folder), case["expect"]
    expected["readings"] = [
        [name, ts, pytest.approx(value), quality] for name, ts, value, quality in expected["readings"]
    ]
    assert got == expected

"""The quarantine over HTTP."""

from __future__ import annotations

import base64

from fastapi.testclient import TestClient

from plantroom.quarantine import QuarantinedMessage
from plantroom.stores.records.quarantine import QuarantineStore
from tests.api.kit import START, World, ok, problem

QUARANTINE = "/api/v1/quarantine"
HEAD = b'\xff{"flow": "<script>=1+1\x00'


def keep(world: World) -> None:
    store = QuarantineStore(world.database)
    reasons = ("json", "json", "equipment")
    store.keep(
        [
            QuarantinedMessage(
                START + number, f"plantroom/v1/north/x{number}\u202e", reason, "wrong", HEAD, 300_000
            )
            for number, reason in enumerate(reasons)
        ]
    )


def test_list_shows_what_came_without_letting_it_do_anything(world: World, admin: TestClient) -> None:
    keep(world)
    found = ok(admin.get(QUARANTINE))
    assert found["total"] == 3
    newest = found["items"][0]
    assert newest["topic"] == "plantroom/v1/north/x2\ufffd"
    assert newest["head"] == '\ufffd{"flow": "<script>=1+1\ufffd'
    assert base64.b64decode(newest["head_base64"]) == HEAD
    assert (newest["size"], newest["reason"]) == (300_000, "equipment")


def test_filters_counts_and_pages(world: World, admin: TestClient) -> None:
    keep(world)
    assert ok(admin.get(f"{QUARANTINE}?reason=json"))["total"] == 2
    assert ok(admin.get(f"{QUARANTINE}?text=X1"))["total"] == 1
    assert ok(admin.get(f"{QUARANTINE}/counts")) == {"total": 3, "by_reason": {"equipment": 1, "json": 2}}
    first = ok(admin.get(f"{QUARANTINE}?limit=2"))
    rest = ok(admin.get(f"{QUARANTINE}?limit=2&cursor={first['next_cursor']}"))
    assert [item["id"] for item in first["items"] + rest["items"]] == [3, 2, 1]
    problem(admin.get(f"{QUARANTINE}?cursor=x"), 422, "cursor")

"""Liveness, readiness and metrics."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from plantroom.health import PartHealth
from plantroom.work_orders import Role
from tests.api.kit import World, ok, problem


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_probes_need_no_sign_in(world: World, prefix: str) -> None:
    assert ok(world.client().get(f"{prefix}/healthz")) == {"status": "ok"}
    parts = [{"name": "broker", "ok": True}, {"name": "database", "ok": True}]
    assert ok(world.client().get(f"{prefix}/readyz")) == {"status": "ready", "parts": parts}


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_not_ready_names_the_part_and_no_more(world: World, prefix: str) -> None:
    world.parts.append(PartHealth("collector", ok=False, detail="no route to 10.0.0.7"))
    answer = world.client().get(f"{prefix}/readyz")
    body = problem(answer, 503, "not_ready")
    assert body["parts"][1] == {"name": "collector", "ok": False}
    assert "10.0.0.7" not in answer.text
    assert answer.headers["retry-after"]
    ok(world.client().get(f"{prefix}/healthz"))


def test_health_says_what_to_do_to_those_who_are_signed_in(world: World, viewer: TestClient) -> None:
    world.parts.append(PartHealth("collector", ok=False, detail="start the broker"))
    found = ok(viewer.get("/api/v1/health"))
    assert found["ready"] is False
    assert found["parts"][1] == {"name": "collector", "ok": False, "detail": "start the broker"}
    problem(world.client().get("/api/v1/health"), 401)


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/metrics"])
def test_metrics_are_prometheus_text(world: World, path: str) -> None:
    problem(world.client().get(path), 401)
    world.context.metrics.messages.labels("taken").inc(3)
    answer = world.as_role(Role.VIEWER).get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    sample = families["plantroom_messages"].samples[0]
    assert (sample.labels, sample.value) == ({"outcome": "taken"}, 3.0)

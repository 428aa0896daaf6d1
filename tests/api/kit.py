"""A whole API on temporary stores, with a clock that stands still until it is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response

from api.app import create_api
from api.context import Context
from plantroom.alarms import AlarmEvent, Severity
from plantroom.health import PartHealth
from plantroom.live import LiveValues
from plantroom.metrics import Metrics
from plantroom.model import Text
from plantroom.readings import ReadingBatch
from plantroom.settings import HttpSettings, Settings
from plantroom.stores.duckdb_store import DuckdbStore
from plantroom.stores.records import Database, alarms, sessions, users, work_orders
from plantroom.stores.records.property import load_table
from plantroom.times import SECOND, Nanos
from plantroom.work_orders import OrderKind, Role
from tests.plantroom.records.kit import START, catalogue, import_file
from tests.servers.databases import database_url

PASSWORDS = {role: f"{role}-has-a-password" for role in Role}


def with_users(database: Database) -> None:
    """Prepare the tests' property and a user of each role."""
    database.migrate()
    import_file(database)
    with database.transaction() as session:
        for role in Role:
            users.create_user(session, role.value, role, now=START, by="test", password=PASSWORDS[role])


class Clock:
    """A clock that moves when it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> Nanos:
        return self.now


class World:
    """The API, its parts, and a client for each role."""

    def __init__(self, folder: Path, *, busy_seconds: float = 30.0, **http: Any) -> None:
        self.clock = Clock()
        self.catalogue = catalogue()
        self.database = Database(database_url(folder, with_users), busy_seconds=busy_seconds)
        with self.database.session() as session:
            self.table = load_table(session, self.catalogue)
        self.store = DuckdbStore(folder / "readings.duckdb")
        self.live = LiveValues(self.table.size)
        self.parts = [PartHealth("broker", ok=True, detail="connected")]
        self.rules: dict[int, Mapping[str, str]] = {}
        self.context = Context(
            settings=Settings(data=folder, http=HttpSettings(**http)),
            catalogue=self.catalogue,
            database=self.database,
            store=self.store,
            live=self.live,
            metrics=Metrics(),
            clock=self.clock,
            table=lambda: self.table,
            health=lambda: tuple(self.parts),
            rule_states=lambda equipment_id: self.rules.get(equipment_id, {}),
        )
        self.app = create_api(self.context)
        self._tokens: dict[Role, str] = {}

    def client(self, **headers: str) -> TestClient:
        """A client that is nobody yet."""
        return TestClient(
            self.app, base_url="http://plant.test", raise_server_exceptions=False, headers=headers
        )

    def as_role(self, role: Role) -> TestClient:
        """A program with a token of this role."""
        if role not in self._tokens:
            with self.database.transaction() as session:
                owner = users.identity(users.get_user(session, role.value))
                _, self._tokens[role] = sessions.create_token(session, owner, "test", role, self.clock.now)
        return self.client(Authorization=f"Bearer {self._tokens[role]}")

    def browser(self, role: Role) -> TestClient:
        """A browser in which somebody of this role has signed in."""
        client = self.client(Origin="http://plant.test")
        body = {"username": role.value, "password": PASSWORDS[role]}
        assert client.post("/api/v1/sessions", json=body).status_code == 201
        return client

    def equipment_id(self, path: str) -> int:
        """The equipment's id."""
        return self.table.equipment_by_path[path].id

    def point_id(self, path: str) -> int:
        """The id of `site/equipment/point`."""
        found = self.table.id_of(*path.split("/"))
        assert found is not None
        return found

    def read(self, path: str, value: float, *, ago: Nanos = 0, quality: int = 0) -> None:
        """Let the point have a reading, in the store and live."""
        batch = ReadingBatch.of([self.point_id(path)], [self.clock.now - ago], [value], [quality])
        self.store.append(batch)
        self.live.update(batch)

    def follow(self, path: str, rule: str, event: AlarmEvent, *, ts: Nanos | None = None) -> int:
        """Let the rule raise or clear; the alarm's id."""
        equipment_id = self.equipment_id(path)
        spec = self.catalogue[self.table.equipment_by_id[equipment_id].equipment_class].rule(rule)
        facts = alarms.RuleFacts(spec.severity if spec else Severity.MINOR, bool(spec and spec.latching))
        with self.database.transaction() as session:
            row, _ = alarms.follow(
                session,
                equipment_id,
                rule,
                event=event,
                ts=self.clock.now if ts is None else ts,
                facts=facts,
                readings={"flow": 12.5},
            )
            return row.id

    def raise_alarm(self, path: str = "north/mill-1", rule: str = "low_flow", ago: Nanos = 0) -> int:
        """A standing alarm's id."""
        return self.follow(path, rule, AlarmEvent.RAISE, ts=self.clock.now - ago)

    def open_order(self, source: str = "alarm:1:1", path: str = "north/mill-1", **given: Any) -> int:
        """The id of the order that a fault opened or joined."""
        equipment = self.table.equipment_by_path[path]
        call = work_orders.Call(
            **{
                "source": source,
                "ts": self.clock.now,
                "kind": OrderKind.CORRECTIVE,
                "site": equipment.site,
                "title": Text("Low flow", "流量低"),
                "priority": 2,
                "skill": "mechanical",
                "equipment_id": equipment.id,
                "rule": "low_flow",
                "fault": "low_flow",
                "problem": {"cause": {"en": "A valve is closed.", "zh": "阀门关闭。"}},
                "checklist": (
                    {"en": "Look", "zh": "看", "unit": None, "low": None, "high": None},
                    {"en": "Measure", "zh": "测", "unit": "m3/h", "low": 10, "high": 60},
                ),
                "readings": {"flow": 12.5},
                **given,
            }
        )
        with self.database.transaction() as session:
            row, _ = work_orders.open_order(session, call, by="rules", now=self.clock.now)
            return row.id

    def close(self) -> None:
        """Close the stores."""
        self.store.close()
        self.database.close()

    def later(self, nanos: Nanos = SECOND) -> None:
        """Move the clock on."""
        self.clock.now += nanos


def problem(answer: Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem details of an answer that must be an error of this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["instance"].startswith("/")
    if code is not None:
        assert body["code"] == code, body
    return body


def ok(answer: Response, status: int = 200) -> Any:
    """The content of an answer that must be of this status."""
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None

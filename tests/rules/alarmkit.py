"""A small property whose alarms follow from one another, with a dispatcher on its records."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select

from plantroom.alarms import AlarmEvent
from plantroom.catalogue import Catalogue, EquipmentClass
from plantroom.metrics import Metrics
from plantroom.site_file import load_site_file
from plantroom.stores.records import Database, alarms, work_orders
from plantroom.stores.records.property import import_sites, load_table
from plantroom.stores.records.tables import AlarmEventRow, AlarmRow, FloodRow, WorkOrderRow
from plantroom.times import SECOND, Nanos
from rules.dispatch import Dispatcher
from rules.engine import AlarmChange
from tests.servers.databases import open_database

T0 = 1_780_000_000 * SECOND
NAME = {"en": "x", "zh": "x"}
SITE = """\
sites:
  - key: hq
    name: {en: Headquarters, zh: 总部}
    zone: Asia/Shanghai
    spaces:
      - {key: cellar, name: {en: Cellar, zh: 地下室}}
      - {key: room, name: {en: Room, zh: 房间}, parent: cellar}
    equipment:
      - {key: grid, class: feeder, name: {en: Grid, zh: 电网}}
      - {key: board, class: feeder, name: {en: Board, zh: 配电柜}, served_by: grid, space: cellar}
      - {key: pump, class: machine, name: {en: Pump, zh: 水泵}, served_by: board, space: room}
      - {key: motor, class: machine, name: {en: Motor, zh: 电机}, parent: pump}
      - {key: lone, class: machine, name: {en: Lone, zh: 独立}}
      - {key: panel, class: panel, name: {en: Panel, zh: 主机}, served_by: board, space: room}
      - {key: quiet, class: feeder, name: {en: Quiet, zh: 静}, rules: {lost: {enabled: false}}}
      - {key: fed, class: machine, name: {en: Fed, zh: 受电}, served_by: quiet}
  - key: far
    name: {en: Far, zh: 远}
    zone: Asia/Shanghai
    equipment:
      - {key: pump, class: machine, name: {en: Pump, zh: 水泵}, served_by: board}
      - {key: board, class: machine, name: {en: Board, zh: 配电柜}}
"""


def _class(key: str, system: str, rules: Mapping[str, Mapping[str, Any]]) -> EquipmentClass:
    words = dict.fromkeys(("name", "cause", "consequence", "remedy"), NAME)
    order = {"skill": "electrical"}
    return EquipmentClass.model_validate(
        {
            "key": key, "name": NAME, "system": system, "team": NAME, "design_life_years": 10,
            "source": "test",
            "points": [{"key": "on", "name": NAME, "kind": "binary", "source": "test"}],
            "rules": [
                {"key": rule, "when": "on", "severity": "major", "source": "test", "work_order": order}
                | words | body
                for rule, body in rules.items()
            ],
        }
    )  # fmt: skip


@cache
def classes() -> Catalogue:
    """Feeders whose loss explains what they feed, machines with rules that explain others, a fire panel."""
    found = [
        _class(
            "feeder", "power",
            {"lost": {"suppresses": True, "on_delay": "10s"}, "open": {"explains": ["lost"]}, "warm": {}},
        ),
        _class(
            "machine", "water",
            {
                "trip": {"explains": ["slow"]},
                "slow": {"explains": ["weak"]},
                "weak": {},
                "gas": {"severity": "emergency"},
                "stuck": {"latching": True},
                "this": {"explains": ["that"]},
                "that": {"explains": ["this"]},
            },
        ),
        _class("panel", "fire", {"trouble": {}}),
    ]  # fmt: skip
    return Catalogue({cls.key: cls for cls in found})


def bring(database: Database, folder: Path, text: str) -> None:
    """Import a site file."""
    path = folder / "site.yaml"
    path.write_text(text)
    with database.transaction() as session:
        import_sites(session, load_site_file(path, classes()), classes(), T0)


def with_property(database: Database) -> None:
    """Prepare the records with the property."""
    database.migrate()
    with TemporaryDirectory() as folder:
        bring(database, Path(folder), SITE)


class Plant:
    """The records of the property, and what happens there."""

    def __init__(self, folder: Path) -> None:
        self.catalogue = classes()
        self.folder = folder
        self.database = open_database(folder, with_property)
        with self.database.session() as session:
            self.table = load_table(session, self.catalogue)
        self.dispatcher = Dispatcher(self.catalogue, lambda: self.table, Metrics())

    def bring(self, text: str) -> None:
        """Import a site file and go on with its table."""
        bring(self.database, self.folder, text)
        with self.database.session() as session:
            self.table = load_table(session, self.catalogue)

    def change(self, word: str) -> AlarmChange:
        """The change that `+pump.trip@10` (raised) or `-pump.trip@10` (cleared) names; seconds since T0."""
        name, _, seconds = word[1:].partition("@")
        path, _, rule = name.partition(".")
        event = AlarmEvent.RAISE if word[0] == "+" else AlarmEvent.CLEAR
        where = path if "/" in path else f"hq/{path}"
        return AlarmChange(
            self.table.equipment_by_path[where].id, rule, event, T0 + int(float(seconds) * SECOND), {}
        )

    def apply(self, words: str, *, one_by_one: bool = False) -> None:
        """Let the changes happen, in one batch or each in its own."""
        changes = [self.change(word) for word in words.split()]
        for batch in [[change] for change in changes] if one_by_one else [changes]:
            with self.database.transaction() as session:
                self.dispatcher.apply(session, batch)

    def row(self, name: str) -> AlarmRow:
        """The alarm `pump.trip`."""
        path, _, rule = name.partition(".")
        item = self.table.equipment_by_path[path if "/" in path else f"hq/{path}"]
        with self.database.session() as session:
            return session.scalars(
                alarms.query().where(AlarmRow.equipment_id == item.id, AlarmRow.rule == rule)
            ).one()

    def states(self) -> dict[str, str]:
        """Alarm -> its state, and after an arrow its root."""
        with self.database.session() as session:
            rows = list(session.scalars(alarms.query().order_by(AlarmRow.id)))
        names = {row.id: f"{row.equipment.key}.{row.rule}" for row in rows}
        return {
            names[row.id]: row.state
            if row.root_alarm_id is None
            else f"{row.state} > {names[row.root_alarm_id]}"
            for row in rows
        }

    def history(self, name: str) -> list[str]:
        """The alarm's events and where they led, the first first."""
        row = self.row(name)
        with self.database.session() as session:
            return [f"{one.event} {one.to_state}" for one in reversed(alarms.events_of(session, row.id))]

    def orders(self) -> list[str]:
        """`pump.trip@10` of every order: what called and when it was opened."""
        with self.database.session() as session:
            rows = session.scalars(work_orders.query().order_by(WorkOrderRow.id)).all()
            return [
                f"{row.equipment.key}.{row.rule}@{(row.opened_at - T0) // SECOND}"
                for row in rows
                if row.equipment is not None
            ]

    def everything(self) -> list[list[tuple[object, ...]]]:
        """All that the records say of alarms, orders and floods."""
        with self.database.session() as session:
            return [
                [tuple(row) for row in session.execute(select(*table.__table__.columns).order_by(table.id))]
                for table in (AlarmRow, AlarmEventRow, WorkOrderRow, FloodRow)
            ]

    def close(self) -> None:
        """Close the records."""
        self.database.close()


def at(seconds: float) -> Nanos:
    """So many seconds after T0."""
    return T0 + int(seconds * SECOND)

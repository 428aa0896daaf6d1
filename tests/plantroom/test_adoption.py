"""Found devices into the database, decisions to the collector, and a database that is away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from plantroom.adoption import Adoption
from plantroom.discovery import Binding, Found, FoundField
from plantroom.errors import StoreUnavailableError
from plantroom.stores.records import Database, discovered
from plantroom.stores.records.discovered import DiscoveryStore
from plantroom.times import Nanos

NOW = 1_772_352_000_000_000_000


class Sink:
    """The store, away when told."""

    def __init__(self, database: Database) -> None:
        self.store = DiscoveryStore(database)
        self.away = False

    def keep(self, found: Sequence[Found], now: Nanos) -> None:
        if self.away:
            raise StoreUnavailableError("away")
        self.store.keep(found, now)


def test_what_is_found_is_kept_and_decisions_are_told_once(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'records.sqlite'}")
    database.migrate()
    sink = Sink(database)
    waiting: list[Found] = [Found("z", "hq", "plug", fields=(FoundField("x"),))]
    told: list[Sequence[Binding]] = []

    def take() -> list[Found]:
        taken, waiting[:] = list(waiting), []
        return taken

    adoption = Adoption(
        database,
        sink,
        take=take,
        put_back=lambda found, _now: waiting.extend(found),
        adopt=told.append,
        clock=lambda: NOW,
    )
    sink.away = True
    adoption.run()
    assert len(waiting) == 1
    assert told == []
    sink.away = False
    adoption.run()
    assert (waiting, told) == ([], [[]])
    adoption.run()
    assert told == [[]]
    with database.transaction() as session:
        discovered.ignore(session, 1, by="ann", now=NOW)
    adoption.run()
    adoption.run()
    assert told == [[], [Binding("z", "hq", "plug", ignored=True)]]
    database.close()

"""What only one process may do, on a real PostgreSQL that is killed and comes back."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from plantroom.errors import LeaseLostError, StoreUnavailableError
from plantroom.stores.records import Database, leases
from plantroom.stores.records.leases import SCHEDULER, WORKER, Holder, Lease, Presence
from plantroom.stores.records.tables import CheckpointRow
from tests.servers.postgresql import PostgresServer

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    found = PostgresServer(durable=True)
    found.execute("CREATE DATABASE plantroom")
    database = Database(found.url("plantroom"))
    database.migrate()
    database.close()
    yield found
    found.remove()


@pytest.fixture
def databases(server: PostgresServer) -> Iterator[list[Database]]:
    """Two processes' ways to one database."""
    with ExitStack() as stack:
        found = [Database(server.url("plantroom")) for _ in range(2)]
        for database in found:
            stack.callback(database.close)
        yield found


@pytest.fixture
def pair(databases: list[Database]) -> Iterator[tuple[Lease, Lease]]:
    one, other = (
        Lease(database, WORKER, Holder(name, f"http://{name}", f"secret of {name}"))
        for name, database in zip(("one", "other"), databases, strict=True)
    )
    yield one, other
    one.release()
    other.release()


def cut_off(server: PostgresServer) -> None:
    """Every connection ends, as when the network does."""
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = 'plantroom' AND pid <> pg_backend_pid()"
    )


def test_one_has_it_until_it_lets_go(databases: list[Database], pair: tuple[Lease, Lease]) -> None:
    one, other = pair
    assert one.acquire(1)
    assert not other.acquire(2)
    one.keep()
    with databases[1].session() as session:
        row = leases.find(session, WORKER)
        assert row is not None
        assert (row.holder, row.address, row.secret, row.since) == ("one", "http://one", "secret of one", 1)
        assert leases.present(session, WORKER) == 1
    one.release()
    assert other.acquire(3)
    with pytest.raises(LeaseLostError), databases[0].session() as session:
        one.fence(session)


def test_a_connection_that_broke_is_made_anew(server: PostgresServer, pair: tuple[Lease, Lease]) -> None:
    one, other = pair
    assert one.acquire(1)
    cut_off(server)
    one.keep()
    assert not other.acquire(2)
    one.keep()


def test_who_was_cut_off_writes_nothing_more_once_another_took_over(
    server: PostgresServer, databases: list[Database], pair: tuple[Lease, Lease]
) -> None:
    one, other = pair
    assert one.acquire(1)
    cut_off(server)
    assert other.acquire(2)

    def write() -> None:
        with databases[0].transaction() as session:
            session.add(CheckpointRow(name="late", at=1, data=b""))
            one.fence(session)

    with pytest.raises((LeaseLostError, StoreUnavailableError)):
        write()
    with pytest.raises(LeaseLostError):
        write()
    with pytest.raises(LeaseLostError):
        one.keep()
    with databases[1].session() as session:
        assert session.get(CheckpointRow, "late") is None
        other.fence(session)


def test_nobody_takes_over_in_the_middle_of_a_transaction(
    server: PostgresServer, databases: list[Database], pair: tuple[Lease, Lease]
) -> None:
    one, _ = pair
    assert one.acquire(1)
    impatient = Database(server.url("plantroom"), busy_seconds=0.1)
    taker = Lease(impatient, WORKER, Holder("taker"))
    with databases[0].transaction() as session:
        one.fence(session)
        one.release()  # its connection breaks while the transaction, on another one, goes on
        with pytest.raises(StoreUnavailableError, match="lock"):
            taker.acquire(2)
    assert taker.acquire(3)
    taker.release()
    impatient.close()


def test_while_the_server_is_away_it_is_said_and_the_lease_is_not_lost(
    server: PostgresServer, pair: tuple[Lease, Lease]
) -> None:
    one, other = pair
    assert one.acquire(1)
    server.stop(signal.SIGKILL)
    for _ in range(2):
        with pytest.raises(StoreUnavailableError) as raised:
            one.keep()
        assert not isinstance(raised.value, LeaseLostError)
        with pytest.raises(StoreUnavailableError):
            other.acquire(2)
    server.start()
    one.keep()
    assert not other.acquire(3)


def test_a_database_that_was_away_serves_again(server: PostgresServer, databases: list[Database]) -> None:
    database = databases[0]
    with database.transaction() as session:
        session.add(CheckpointRow(name="before", at=1, data=b"x"))
    server.stop(signal.SIGKILL)
    with pytest.raises(StoreUnavailableError), database.session() as session:
        session.get(CheckpointRow, "before")
    server.start()
    with database.session() as session:
        assert session.get_one(CheckpointRow, "before").data == b"x"


def test_presence_counts_those_that_are_there(server: PostgresServer, databases: list[Database]) -> None:
    here = [Presence(database, SCHEDULER) for database in databases]

    def count() -> int:
        with databases[0].session() as session:
            return leases.present(session, SCHEDULER)

    assert count() == 0
    for expected, presence in enumerate(here, 1):
        presence.keep()
        presence.keep()
        assert count() == expected
    cut_off(server)
    here[0].keep()
    assert count() == 1
    here[0].release()
    assert count() == 0

"""What only one process may do at a time, on a database that several share.

Who has a lease holds an advisory lock on a connection of its own: when the process dies the server frees it
at once, whatever any clock says. `epoch` fences off a holder that was cut off meanwhile and does not know it:
its transactions check it. On SQLite there is no second process, and a lease is always had.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from plantroom.errors import LeaseLostError, StoreUnavailableError
from plantroom.stores.records import locks
from plantroom.stores.records.database import Database
from plantroom.stores.records.dialects import store_errors
from plantroom.stores.records.tables import LeaseRow
from plantroom.times import Nanos

WORKER = "worker"
SCHEDULER = "scheduler"
_NAMESPACE = locks.NAMESPACE + 1


@dataclass(frozen=True, slots=True)
class Holder:
    """Who asks for a lease, and where to ask it what."""

    name: str
    address: str = ""
    secret: str = ""


class Lease:
    """One lease as one process sees it; for one thread, but for `fence`."""

    def __init__(self, database: Database, name: str, holder: Holder) -> None:
        self._database = database
        self.name = name
        self._holder = holder
        self._connection: Connection | None = None
        self._epoch: int | None = None

    def acquire(self, now: Nanos) -> bool:
        """Whether this process has the lease now.

        Raises: StoreUnavailableError.
        """
        if not self._database.shared:
            return True
        if self._connection is None and not self._lock():
            return False
        with self._database.transaction() as session:
            row = session.get(LeaseRow, self.name, with_for_update=True)
            row = LeaseRow(name=self.name, epoch=0) if row is None else row
            row.epoch += 1
            row.holder, row.address, row.secret = self._holder.name, self._holder.address, self._holder.secret
            row.since = now
            session.add(row)
            session.flush()
            self._epoch = row.epoch
        return True

    def keep(self) -> None:
        """Nothing, while this process still has the lease; a connection that broke is made anew.

        Raises: StoreUnavailableError while the database is away; LeaseLostError where another took over.
        """
        if not self._database.shared:
            return
        try:
            if self._connection is not None:
                with store_errors():
                    self._connection.execute(text("SELECT 1"))
        except StoreUnavailableError:
            self._drop()
        if self._connection is None and not self._lock():
            raise self._lost()
        with self._database.session() as session:
            self.fence(session)

    def fence(self, session: Session) -> None:
        """Nothing, where this transaction is still the holder's; nobody takes over before it ends.

        Raises: LeaseLostError.
        """
        if self._epoch is None:
            return
        epoch = session.scalar(
            select(LeaseRow.epoch).where(LeaseRow.name == self.name).with_for_update(read=True)
        )
        if epoch != self._epoch:
            raise self._lost()

    def release(self) -> None:
        """Let another have it."""
        self._drop()

    def _lock(self) -> bool:
        with store_errors():
            connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            had = connection.scalar(
                text("SELECT pg_try_advisory_lock(:space, :name)"),
                {"space": _NAMESPACE, "name": locks.number_of(self.name)},
            )
        if had:
            self._connection = connection
        else:
            connection.close()
        return bool(had)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # not back into the pool: the lock goes with the connection
            connection.invalidate()
            connection.close()

    def _lost(self) -> LeaseLostError:
        return LeaseLostError(f"another process has taken over the {self.name}; this one ends")


class Presence:
    """Says that a process of some kind is there, beside others of its kind, for as long as it lives."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._connection: Connection | None = None

    def keep(self) -> None:
        """Nothing, once the others can see it.

        Raises: StoreUnavailableError while the database is away.
        """
        if not self._database.shared:
            return
        with store_errors():
            try:
                if self._connection is not None:
                    self._connection.execute(text("SELECT 1"))
                    return
            except DBAPIError:
                self.release()
            self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection.execute(
                text("SELECT pg_advisory_lock_shared(:space, :name)"),
                {"space": _NAMESPACE, "name": locks.number_of(self._name)},
            )

    def release(self) -> None:
        """Be there no more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def present(session: Session, name: str) -> int:
    """How many processes hold the lease of this name or say that they are there; 1 where nobody shares."""
    if session.get_bind().dialect.name != "postgresql":
        return 1
    found = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND classid = :space AND objid = CAST(:name AS bigint)"
    )
    name_as_oid = locks.number_of(name) % 2**32
    return int(session.scalar(found, {"space": _NAMESPACE, "name": name_as_oid}) or 0)


def find(session: Session, name: str) -> LeaseRow | None:
    """Who has or last had the lease."""
    return session.get(LeaseRow, name)

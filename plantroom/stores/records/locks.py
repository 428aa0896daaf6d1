"""Turns between the processes that share a PostgreSQL database, so that what one reads stays true until it
has written.

Advisory locks, held to the end of the transaction. SQLite needs none: a writing transaction there has the
whole database from its first statement on. Whoever needs several takes them in the order `PLANS`, sites by
name, so that no two wait for each other; rows are locked after them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from plantroom.stores.records.dialects import is_postgresql

MIGRATION = "migration"
PROPERTY = "property"
PLANS = "plans"
USERS = "users"
NAMESPACE = 0x706C616E
"""Plantroom's own among the advisory locks of a database that it may share with others."""


def hold(connection: Connection | Session, name: str) -> None:
    """Wait for the lock of this name and hold it until the transaction ends; again is no harm.

    Raises: StoreUnavailableError, by way of the transaction, where another holds it for too long.
    """
    bound = connection.connection() if isinstance(connection, Session) else connection
    if is_postgresql(bound):
        bound.execute(
            text("SELECT pg_advisory_xact_lock(:space, :name)"),
            {"space": NAMESPACE, "name": number_of(name)},
        )


def hold_sites(session: Session, sites: Iterable[str]) -> None:
    """Hold the sites: nobody else moves their alarms, opens their orders or changes their modes meanwhile."""
    for site in sorted(set(sites)):
        hold(session, f"site {site}")


def number_of(name: str) -> int:
    """The name as PostgreSQL wants a lock's: two names of one number only wait for each other."""
    return zlib.crc32(name.encode()) - 2**31

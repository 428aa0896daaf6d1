"""Slows down those who guess passwords, per name and per address, in bounded memory."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from plantroom.stores.records.users import FREE_FAILURES, LOCK, SignInError, lock_after
from plantroom.times import SECOND, Nanos

MAX_KEYS = 10_000
FREE_FAILURES_PER_ADDRESS = 20
"""More than a name has: a whole office may share one address."""
HASHES_AT_ONCE = 4
"""Argon2 takes 19 MiB each time; a flood of sign-ins must not take all memory, nor every thread."""


@dataclass(slots=True)
class _Record:
    failures: int = 0
    last_at: Nanos = 0
    blocked_until: Nanos = 0


class SignInGuard:
    """Failures by name and by address; thread-safe.

    Unknown names count like known ones, so that being slowed tells nobody which names exist.
    """

    def __init__(self, limit: int = MAX_KEYS, patience_s: float = 1.0) -> None:
        self._limit = limit
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._hashing = threading.BoundedSemaphore(HASHES_AT_ONCE)

    def __len__(self) -> int:
        return len(self._records)

    def check(self, username: str, address: str | None, now: Nanos) -> None:
        """Nothing, if this name may be tried from this address now.

        Raises: SignInError with `retry_after` where it may not.
        """
        with self._lock:
            blocked = [
                self._records[key].blocked_until for key in _keys(username, address) if key in self._records
            ]
        wait = max(blocked, default=0) - now
        if wait > 0:
            raise SignInError("too many failures; try again later", wait)

    def failed(self, username: str, address: str | None, now: Nanos) -> None:
        """Count a failure for the name and for the address."""
        with self._lock:
            for key in _keys(username, address):
                record = self._records.setdefault(key, _Record())
                if now - record.last_at > LOCK:
                    record.failures = 0
                record.failures, record.last_at = record.failures + 1, now
                free = FREE_FAILURES if key.startswith("name:") else FREE_FAILURES_PER_ADDRESS
                record.blocked_until = now + lock_after(record.failures - free + FREE_FAILURES)
                self._records.move_to_end(key)
            while len(self._records) > self._limit:
                self._records.popitem(last=False)

    def succeeded(self, username: str) -> None:
        """Forget the name's failures; the address's stay, or one good account would free an attacker."""
        with self._lock:
            self._records.pop(_name_key(username), None)

    @contextmanager
    def hashing(self) -> Iterator[None]:
        """One of the few places in which a password is hashed.

        Raises: SignInError where none comes free soon.
        """
        if not self._hashing.acquire(timeout=self._patience_s):
            raise SignInError("too many sign-ins at once; try again", SECOND)
        try:
            yield
        finally:
            self._hashing.release()


def _keys(username: str, address: str | None) -> Iterable[str]:
    yield _name_key(username)
    if address:
        yield f"address:{_network(address)}"


def _name_key(username: str) -> str:
    return f"name:{username.strip().lower()[:64]}"


def _network(address: str) -> str:
    # whoever has one IPv6 address has at least the whole /64
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)

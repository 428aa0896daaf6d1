"""People who sign in. Passwords are kept as hashes only."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from plantroom.errors import ConflictError, NotFoundError, PlantroomError
from plantroom.stores.records import locks
from plantroom.stores.records.tables import AuditRow, SessionRow, UserRow
from plantroom.times import MINUTE, SECOND, Nanos
from plantroom.work_orders import Role

# OWASP's minimum for Argon2id: m = 19 MiB, t = 2, p = 1
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_DUMMY = HASHER.hash("a password that nobody has, so that unknown names take as long as known ones")
MIN_PASSWORD = 12
FREE_FAILURES = 5
LOCK: Nanos = 15 * MINUTE


class SignInError(PlantroomError):
    """Name and password do not match, or the account is locked; `retry_after` in ns says how long."""

    def __init__(self, message: str, retry_after: Nanos = 0) -> None:
        self.retry_after = retry_after
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes a request, and what they may do."""

    user_id: int
    username: str
    name: str
    role: Role
    language: str


def create_user(
    session: Session,
    username: str,
    role: Role,
    *,
    now: Nanos,
    by: str,
    name: str = "",
    password: str | None = None,
) -> tuple[UserRow, str]:
    """The new user and the password, which is made up where none is given and is kept nowhere in clear.

    Raises: ConflictError for a name that is taken or a password that is too short.
    """
    username = username.strip().lower()
    if not username or len(username) > 64 or not username.isprintable():
        raise ConflictError("a username has 1 to 64 printable characters")
    locks.hold(session, locks.USERS)
    if session.scalar(select(UserRow).where(UserRow.username == username)):
        raise ConflictError(f"there is already a user {username!r}")
    secret = password if password is not None else secrets.token_urlsafe(15)
    row = UserRow(
        username=username,
        name=name or username,
        password_hash=_hash(secret),
        role=role.value,
        active=True,
        language="",
        created_at=now,
        failures=0,
    )
    session.add(row)
    session.flush()
    audit(session, "user.create", username, by=by, now=now, role=role.value)
    return row, secret


def set_password(session: Session, username: str, password: str, *, now: Nanos, by: str) -> None:
    """Give the user another password; ends every session of theirs.

    Raises: NotFoundError; ConflictError for a password that is too short.
    """
    row = _user(session, username)
    row.password_hash, row.failures, row.locked_until = _hash(password), 0, None
    session.execute(delete(SessionRow).where(SessionRow.user_id == row.id))
    audit(session, "user.password", row.username, by=by, now=now)


def update_user(
    session: Session,
    username: str,
    *,
    now: Nanos,
    by: str,
    name: str | None = None,
    role: Role | None = None,
    active: bool | None = None,
    language: str | None = None,
) -> UserRow:
    """The user with what is given changed. Closing the account ends its sessions; its tokens die with it.

    Raises: NotFoundError; ConflictError where nobody would be left to administer.
    """
    locks.hold(session, locks.USERS)  # two administrators must not demote each other at once
    row = _user(session, username)
    was_admin = row.active and row.role == Role.ADMIN
    given = {"name": name, "role": role, "active": active, "language": language}
    changes = {key: value for key, value in given.items() if value is not None}
    for key, value in changes.items():
        setattr(row, key, value.value if isinstance(value, Role) else value)
    session.flush()
    if was_admin and not (row.active and row.role == Role.ADMIN) and not _has_admin(session):
        raise ConflictError("somebody must stay administrator; make another first")
    if not row.active:
        session.execute(delete(SessionRow).where(SessionRow.user_id == row.id))
    audit(session, "user.change", row.username, by=by, now=now, **changes)
    return row


def _has_admin(session: Session) -> bool:
    admins = select(UserRow.id).where(UserRow.active, UserRow.role == Role.ADMIN.value)
    return session.scalar(admins.limit(1)) is not None


def get_user(session: Session, username: str) -> UserRow:
    """The user of this name.

    Raises: NotFoundError.
    """
    return _user(session, username)


def query_users() -> Select[UserRow]:
    """Every user, to be filtered, sorted and paged."""
    return select(UserRow)


def has_users(session: Session) -> bool:
    """Whether anybody can sign in at all."""
    return bool(session.scalar(select(func.count()).select_from(UserRow)))


def check_password(session: Session, username: str, password: str, now: Nanos) -> Identity:
    """Who signed in; `hash_to_match`, `matches` and `settle_sign_in` in one transaction.

    The caller commits even when this raises, so that failures count.
    Raises: SignInError, with one text for an unknown name and for a wrong password.
    """
    matched = matches(hash_to_match(session, username, now), password)
    return settle_sign_in(session, username, now, matched=matched)


def hash_to_match(session: Session, username: str, now: Nanos) -> str:
    """The hash that the user's password must match; for an unknown name one that nothing matches.

    Raises: SignInError while the account is locked.
    """
    row = _find(session, username)
    _refuse_if_locked(row, now)
    return row.password_hash if row is not None else _DUMMY


def matches(password_hash: str, password: str) -> bool:
    """Whether the password is the hash's. Slow and hungry on purpose: call it outside a transaction."""
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def settle_sign_in(session: Session, username: str, now: Nanos, *, matched: bool) -> Identity:
    """Who signed in.

    Failures are counted on the account: after five each further one waits, doubling up to a lock of
    15 minutes. An account that was locked meanwhile stays locked, so that guesses made at the same time
    are worth no more than guesses made in turn. The caller commits even when this raises.
    Raises: SignInError.
    """
    row = _find(session, username, locked=True)
    _refuse_if_locked(row, now)
    if row is None or not matched or not row.active:
        if row is not None:
            row.failures += 1
            if row.failures >= FREE_FAILURES:
                row.locked_until = now + lock_after(row.failures)
        audit(session, "sign_in.failed", username, by=username, now=now)
        raise SignInError("name and password do not match")
    row.failures, row.locked_until = 0, None
    audit(session, "sign_in", row.username, by=row.username, now=now)
    return identity(row)


def lock_after(failures: int) -> Nanos:
    """How long sign-in is refused after so many failures in a row."""
    over = failures - FREE_FAILURES
    return 0 if over < 0 else min(LOCK, 2 ** min(over, 10) * 30 * SECOND)


def _refuse_if_locked(row: UserRow | None, now: Nanos) -> None:
    if row is not None and row.locked_until is not None and row.locked_until > now:
        raise SignInError("too many failures; try again later", row.locked_until - now)


def audit(session: Session, action: str, subject: str, *, by: str, now: Nanos, **detail: object) -> None:
    """Write one line of the audit log."""
    session.add(AuditRow(at=now, by=by[:64], action=action, subject=subject[:300], detail=detail))


def identity(row: UserRow) -> Identity:
    """The user's row as who they are."""
    return Identity(row.id, row.username, row.name, Role(row.role), row.language)


def _find(session: Session, username: str, *, locked: bool = False) -> UserRow | None:
    found = select(UserRow).where(UserRow.username == username.strip().lower())
    if locked:
        found = found.with_for_update().execution_options(populate_existing=True)
    return session.scalar(found)


def _user(session: Session, username: str) -> UserRow:
    row = _find(session, username)
    if row is None:
        raise NotFoundError(f"no user {username!r}")
    return row


def _hash(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= 1024:
        raise ConflictError(f"a password has at least {MIN_PASSWORD} characters")
    return HASHER.hash(password)

"""The sessions of browsers and the tokens of programs. Secrets are kept as hashes only."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session

from plantroom.errors import ConflictError, NotFoundError
from plantroom.stores.records.tables import SessionRow, TokenRow
from plantroom.stores.records.users import Identity, audit, identity
from plantroom.times import DAY, HOUR, Nanos
from plantroom.work_orders import Role

TOKEN_PREFIX = "plt_"  # noqa: S105 - a prefix, so that a leaked token is recognised


def open_session(session: Session, user_id: int, now: Nanos) -> str:
    """The secret of a new browser session, for a cookie; only its hash is kept."""
    secret = secrets.token_urlsafe(32)
    session.add(SessionRow(secret_hash=_digest(secret), user_id=user_id, created_at=now, seen_at=now))
    return secret


def find_session(
    session: Session, secret: str, now: Nanos, *, idle: Nanos, life: Nanos
) -> tuple[Identity, Nanos] | None:
    """Whose session it is and when it was last seen.

    None for one that is unknown, idle too long, too old or of a closed account.
    """
    row = session.get(SessionRow, _digest(secret))
    if row is None or now - row.seen_at > idle or now - row.created_at > life or not row.user.active:
        return None
    return identity(row.user), row.seen_at


def drop_ended_sessions(session: Session, now: Nanos, *, idle: Nanos, life: Nanos) -> None:
    """Remove the sessions that can no longer be used, so that the table does not grow for ever."""
    ended = or_(SessionRow.seen_at < now - idle, SessionRow.created_at < now - life)
    session.execute(delete(SessionRow).where(ended))


def touch_session(session: Session, secret: str, now: Nanos) -> None:
    """Remember that the session was seen now."""
    row = session.get(SessionRow, _digest(secret))
    if row is not None:
        row.seen_at = max(now, row.seen_at)


def close_session(session: Session, secret: str) -> None:
    """End the session; one that is gone already is no error."""
    session.execute(delete(SessionRow).where(SessionRow.secret_hash == _digest(secret)))


def create_token(
    session: Session, owner: Identity, name: str, role: Role, now: Nanos, *, days: int = 90
) -> tuple[TokenRow, str]:
    """The token's row and its secret, shown this once.

    Raises: ConflictError for a role above the owner's.
    """
    if role > owner.role:
        raise ConflictError(f"a {owner.role} cannot give a token the role {role}")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = TokenRow(
        name=name,
        secret_hash=_digest(secret),
        user_id=owner.user_id,
        role=role.value,
        created_at=now,
        expires_at=now + days * DAY,
    )
    session.add(row)
    session.flush()
    audit(session, "token.create", name, by=owner.username, now=now, role=role.value)
    return row, secret


def find_token(session: Session, secret: str, now: Nanos) -> tuple[Identity, Nanos | None] | None:
    """Who the token stands for, with the lesser of its role and its owner's, and when it was last used.

    None for one that is unknown, expired or of a closed account.
    """
    row = session.scalar(select(TokenRow).where(TokenRow.secret_hash == _digest(secret)))
    if row is None or row.expires_at <= now or not row.user.active:
        return None
    found = identity(row.user)
    role = min(found.role, Role(row.role))
    return Identity(found.user_id, found.username, found.name, role, found.language), row.used_at


def query_tokens() -> Select[TokenRow]:
    """Every token with its owner, to be filtered, sorted and paged."""
    return select(TokenRow).join(TokenRow.user)


def revoke_token(
    session: Session, token_id: int, *, by: str, now: Nanos, owner_id: int | None = None
) -> None:
    """Remove the token.

    Raises: NotFoundError for one that is not there, or is not `owner_id`'s where that is given.
    """
    row = session.get(TokenRow, token_id)
    if row is None or owner_id not in (None, row.user_id):
        raise NotFoundError(f"no token {token_id}")
    session.delete(row)
    audit(session, "token.revoke", row.name, by=by, now=now, owner=row.user.username)


def touch_token(session: Session, secret: str, now: Nanos) -> None:
    """Remember that the token was used now, to the hour."""
    row = session.scalar(select(TokenRow).where(TokenRow.secret_hash == _digest(secret)))
    if row is not None and (row.used_at is None or now - row.used_at > HOUR):
        row.used_at = now


def _digest(secret: str) -> str:
    # the secrets are 256 random bits, so a plain hash is enough and lets a row be found by it
    return hashlib.sha256(secret.encode()).hexdigest()

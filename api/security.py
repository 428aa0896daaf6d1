"""Who makes a request: sign-in, the browser's session cookie and the tokens of programs."""

from __future__ import annotations

from contextlib import suppress

from starlette.responses import Response

from api.context import Context
from plantroom.errors import StoreUnavailableError
from plantroom.stores.records import Database, locks, sessions, users
from plantroom.stores.records.sessions import TOKEN_PREFIX
from plantroom.stores.records.users import Identity, SignInError
from plantroom.times import HOUR, MINUTE, SECOND, Nanos
from plantroom.work_orders import Role

COOKIE = "plantroom_session"
FIRST_ADMIN = "admin"
_TOUCH_EVERY: Nanos = MINUTE
_MAX_SECRET = 200
_MAX_USERNAME = 64


def identify(
    context: Context, *, cookie: str | None, authorization: str | None, now: Nanos
) -> Identity | None:
    """Who the cookie's secret or the `Authorization` header stands for; None for nobody.

    Where there is an `Authorization` header the cookie counts for nothing, so that a request is either
    a browser's, and checked for its origin, or a program's.
    """
    if authorization is not None:
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        return _by_token(context, secret.strip(), now)
    return None if cookie is None else _by_session(context, cookie, now)


def _by_token(context: Context, secret: str, now: Nanos) -> Identity | None:
    if not secret.startswith(TOKEN_PREFIX) or len(secret) > _MAX_SECRET:
        return None
    with context.database.session() as session:
        found = sessions.find_token(session, secret, now)
    if found is None:
        return None
    who, used_at = found
    if used_at is None or now - used_at > HOUR:
        with suppress(StoreUnavailableError), context.database.transaction() as session:
            sessions.touch_token(session, secret, now)
    return who


def _by_session(context: Context, secret: str, now: Nanos) -> Identity | None:
    if not secret or len(secret) > _MAX_SECRET:
        return None
    http = context.settings.http
    with context.database.session() as session:
        found = sessions.find_session(session, secret, now, idle=http.session_idle, life=http.session_life)
    if found is None:
        return None
    who, seen_at = found
    if now - seen_at > _TOUCH_EVERY:
        # a database that is busy for a moment is no reason to turn a reader away
        with suppress(StoreUnavailableError), context.database.transaction() as session:
            sessions.touch_session(session, secret, now)
    return who


def sign_in(
    context: Context,
    username: str,
    password: str,
    now: Nanos,
    *,
    address: str | None = None,
    old_secret: str | None = None,
) -> tuple[Identity, str]:
    """Who signed in, and the secret of their new session for the cookie.

    The session is always a new one and `old_secret`'s ends, so that nobody can fix it beforehand.
    Failures are committed on the account and slow down the name and the address. Takes tens of
    milliseconds on purpose: call it in a thread.
    Raises: SignInError, with `retry_after` > 0 where it is too early to try again.
    """
    guard, database, http = context.guard, context.database, context.settings.http
    guard.check(username, address, now)
    if not username.isprintable() or len(username) > _MAX_USERNAME:
        guard.failed(username, address, now)
        raise SignInError("name and password do not match")
    with database.session() as session:
        password_hash = users.hash_to_match(session, username, now)
    with guard.hashing():  # and outside of any transaction: nobody waits for it
        matched = users.matches(password_hash, password)
    refused: SignInError | None = None
    with database.transaction() as session:
        try:
            who = users.settle_sign_in(session, username, now, matched=matched)
        except SignInError as failure:
            refused = failure  # raised after the commit, so that the failure counts
        else:
            sessions.drop_ended_sessions(session, now, idle=http.session_idle, life=http.session_life)
            if old_secret:
                sessions.close_session(session, old_secret)
            secret = sessions.open_session(session, who.user_id, now)
    if refused is not None:
        guard.failed(username, address, now)
        raise refused
    guard.succeeded(username)
    return who, secret


def sign_out(context: Context, secret: str) -> None:
    """End the session; one that is gone already is no error."""
    with context.database.transaction() as session:
        sessions.close_session(session, secret)


def set_cookie(context: Context, response: Response, secret: str) -> None:
    """Put the session's secret on the response."""
    http = context.settings.http
    response.set_cookie(
        COOKIE,
        secret,
        max_age=http.session_life // SECOND,
        path="/",
        secure=http.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(context: Context, response: Response) -> None:
    """Take the cookie from the browser."""
    secure = context.settings.http.secure_cookies
    response.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="lax")


def first_admin(database: Database, now: Nanos) -> str | None:
    """The password of the user `admin`, made because there was no user at all; None if there is one.

    It is shown this once and kept only as a hash: there is no default to be left unchanged.
    """
    with database.transaction() as session:
        locks.hold(session, locks.USERS)  # of processes that start together one makes the user
        if users.has_users(session):
            return None
        _, password = users.create_user(session, FIRST_ADMIN, Role.ADMIN, now=now, by="first start")
        return password

"""Sign in and out, oneself, one's tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api import problems
from api.dependencies import Now, Parts, Viewer, demand, in_person
from api.security import COOKIE, clear_cookie, set_cookie, sign_in, sign_out
from api.sessions.schemas import CreatedToken, Me, MeChange, NewToken, PasswordChange, SignIn, Token
from api.wire import IdPath, Key, PageOf, PageQuery, paged
from plantroom.stores.records import sessions, users
from plantroom.stores.records.tables import TokenRow, UserRow
from plantroom.stores.records.users import SignInError
from plantroom.work_orders import Role

router = APIRouter(tags=["sessions"])


def _address(request: Request) -> str | None:
    return request.client.host if request.client is not None else None


@router.post("/sessions", status_code=201, summary="Sign in")
def create_session(body: SignIn, request: Request, response: Response, context: Parts, now: Now) -> Me:
    """Sets the session cookie of the browser. Programs use a token instead.

    Five failures in a row slow the name down, then lock it, up to 15 minutes.
    """
    who, secret = sign_in(
        context,
        body.username,
        body.password.get_secret_value(),
        now,
        address=_address(request),
        old_secret=request.cookies.get(COOKIE),
    )
    set_cookie(context, response, secret)
    return Me.of(who)


@router.delete("/sessions/current", status_code=204, summary="Sign out")
def delete_session(request: Request, response: Response, context: Parts, _who: Viewer) -> None:
    """Ends the session of the cookie; a token is revoked under `/tokens`."""
    secret = request.cookies.get(COOKIE)
    if secret:
        sign_out(context, secret)
    clear_cookie(context, response)


@router.get("/me", summary="Who I am")
def get_me(who: Viewer) -> Me:
    """The account that the cookie or the token stands for, with the role that it has here."""
    return Me.of(who)


@router.patch("/me", summary="Change my name or language")
def change_me(body: MeChange, context: Parts, now: Now, who: Viewer) -> Me:
    """Only what is given changes."""
    with context.database.transaction() as session:
        row = users.update_user(
            session, who.username, now=now, by=who.username, name=body.name, language=body.language
        )
        return Me(username=row.username, name=row.name, role=who.role, language=row.language)


@router.put("/me/password", status_code=204, summary="Change my password", dependencies=[Depends(in_person)])
def change_password(
    body: PasswordChange, *, request: Request, response: Response, context: Parts, now: Now, who: Viewer
) -> None:
    """Ends every session of mine and opens a new one for this browser."""
    current, new = body.current.get_secret_value(), body.new.get_secret_value()
    try:
        sign_in(context, who.username, current, now, address=_address(request))
    except SignInError as failure:
        if failure.retry_after > 0:
            raise
        raise problems.wrong("body.current", "is not the present password") from failure
    with context.database.transaction() as session:
        users.set_password(session, who.username, new, now=now, by=who.username)
        secret = sessions.open_session(session, who.user_id, now)
    set_cookie(context, response, secret)


class TokenQuery(PageQuery):
    """Whose tokens."""

    user: Annotated[Key | None, Field(description="Another user's tokens, `*` for all: admin only.")] = None


@router.get("/tokens", summary="List tokens")
def list_tokens(query: Annotated[TokenQuery, Query()], context: Parts, who: Viewer) -> PageOf[Token]:
    """Mine, the newest first; never with their secrets."""
    rows = sessions.query_tokens()
    if query.user is None:
        rows = rows.where(TokenRow.user_id == who.user_id)
    else:
        demand(who, Role.ADMIN)
        if query.user != "*":
            rows = rows.where(UserRow.username == query.user.lower())
    with context.database.session() as session:
        return paged(
            session,
            rows,
            query,
            lambda row: Token.of(row, row.user.username),
            by=TokenRow.created_at,
            key=TokenRow.id,
            descending=True,
        )


@router.post("/tokens", status_code=201, summary="Make a token", dependencies=[Depends(in_person)])
def create_token(body: NewToken, context: Parts, now: Now, who: Viewer) -> CreatedToken:
    """For a program that acts for me. The secret is in this answer and nowhere else."""
    if body.role > who.role:
        raise problems.forbidden(f"a {who.role} cannot give a token the role {body.role}")
    with context.database.transaction() as session:
        row, secret = sessions.create_token(session, who, body.name, body.role, now, days=body.days)
        return CreatedToken(token=Token.of(row, who.username), secret=secret)


@router.delete("/tokens/{token_id}", status_code=204, summary="Revoke a token")
def delete_token(token_id: IdPath, context: Parts, now: Now, who: Viewer) -> None:
    """Mine, or as an admin anybody's. It is of no use from this moment."""
    owner = None if who.role is Role.ADMIN else who.user_id
    with context.database.transaction() as session:
        sessions.revoke_token(session, token_id, by=who.username, now=now, owner_id=owner)

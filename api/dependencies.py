"""What routes ask for: the parts, who is asking, and whether they may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Header, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from starlette.requests import Request

from api import problems
from api.context import Context
from api.security import COOKIE, identify
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos
from plantroom.work_orders import Role

_cookie = APIKeyCookie(
    name=COOKIE, scheme_name="session", auto_error=False, description="A browser's sign-in."
)
_bearer = HTTPBearer(
    scheme_name="token", auto_error=False, description="A program's token: `Authorization: Bearer plt_...`"
)


def get_context(request: Request) -> Context:
    """The parts behind this application."""
    context: Context = request.app.state.context
    return context


Parts = Annotated[Context, Depends(get_context)]


def get_now(context: Parts) -> Nanos:
    """The time of this request, the same wherever it is asked for."""
    return context.clock()


Now = Annotated[Nanos, Depends(get_now)]


def maybe_identity(
    request: Request,
    context: Parts,
    now: Now,
    cookie: Annotated[str | None, Security(_cookie)],
    _token: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Identity | None:
    """Who is asking; None for nobody."""
    return identify(context, cookie=cookie, authorization=request.headers.get("authorization"), now=now)


def require(role: Role) -> Callable[[Identity | None], Identity]:
    """A dependency that gives who is asking, if they have at least `role`."""

    def checked(who: Annotated[Identity | None, Depends(maybe_identity)]) -> Identity:
        if who is None:
            raise problems.signed_out()
        demand(who, role)
        return who

    checked.role = role  # type: ignore[attr-defined] # for the documentation
    return checked


def demand(who: Identity, role: Role) -> None:
    """Nothing, if they have at least `role`.

    Raises: Refusal with 403.
    """
    if who.role < role:
        raise problems.forbidden(f"this takes the role {role}; yours is {who.role}")


Viewer = Annotated[Identity, Depends(require(Role.VIEWER))]
Technician = Annotated[Identity, Depends(require(Role.TECHNICIAN))]
Engineer = Annotated[Identity, Depends(require(Role.ENGINEER))]
Admin = Annotated[Identity, Depends(require(Role.ADMIN))]


def in_person(authorization: Annotated[str | None, Header(include_in_schema=False)] = None) -> None:
    """Nothing, for a browser's session. A token that leaked must not make itself others.

    Raises: Refusal with 403.
    """
    if authorization is not None:
        raise problems.forbidden("this takes a sign-in with name and password, not a token", "in_person")

"""Who looks at a page, in which language, and what they may do: given to every page as its Visit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session
from starlette.requests import Request

from api.console.i18n import Translator, choose_language, translator
from api.console.shared import Shared
from api.context import Context
from api.security import COOKIE, identify
from plantroom.model import Site
from plantroom.stores.records import sessions
from plantroom.stores.records.property import load_sites
from plantroom.stores.records.users import Identity
from plantroom.times import SECOND, Nanos
from plantroom.work_orders import Role

T = TypeVar("T")
LANGUAGE_COOKIE = "plantroom_language"
SCOPE_KEY = "plantroom.console"
HOME = "/"


@dataclass(frozen=True, slots=True)
class Console:
    """What all visits share."""

    context: Context
    shared: Shared


@dataclass(frozen=True, slots=True)
class Entrance:
    """What the gate found out about a request before a page is built."""

    console: Console
    identity: Identity


class NotAllowedError(Exception):
    """The visitor's role does not reach; or, with `signed_out`, there is no visitor any more."""

    def __init__(self, *, signed_out: bool = False) -> None:
        super().__init__("signed out" if signed_out else "not allowed")
        self.signed_out = signed_out


@dataclass(slots=True)
class Visit:
    """One open page: the parts, the visitor and the language."""

    console: Console
    identity: Identity
    t: Translator
    secret: str
    path: str
    """Path and query that the page was asked for by."""
    params: Mapping[str, str]
    query: Mapping[str, str]
    sites: Mapping[str, Site] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        """The parts behind the console."""
        return self.console.context

    def now(self) -> Nanos:
        """The time."""
        return self.context.clock()

    def zone(self, site: str) -> ZoneInfo:
        """The site's time zone; UTC for a site that is gone."""
        return ZoneInfo(self.sites[site].zone if site in self.sites else "UTC")

    def common_zone(self) -> ZoneInfo:
        """The zone for what belongs to no site: the sites' own where they have one in common, else UTC."""
        zones = {site.zone for site in self.sites.values()}
        return ZoneInfo(zones.pop() if len(zones) == 1 else "UTC")

    def site_name(self, site: str) -> str:
        """The site's name in the visitor's language."""
        return self.t.text(self.sites[site].name) if site in self.sites else site

    async def read(self, query: Callable[[Session], T]) -> T:
        """The query's answer, read in a thread.

        Raises: StoreError, NotFoundError.
        """

        def run() -> T:
            with self.context.database.session() as session:
                return query(session)

        return await asyncio.to_thread(run)

    async def shared(self, key: str, query: Callable[[Session], T], *, max_age: Nanos = SECOND) -> T:
        """The query's answer, shared with the other pages that ask within `max_age`."""

        def run() -> T:
            with self.context.database.session() as session:
                return query(session)

        return await self.console.shared.get(key, run, max_age=max_age)

    async def change(self, role: Role, action: Callable[[Session, Identity, Nanos], T]) -> T:
        """What the action gives, committed; the visitor's session and role are checked again first.

        Raises: NotAllowedError, PlantroomError.
        """

        def run() -> T:
            now = self.now()
            who = identify(self.context, cookie=self.secret, authorization=None, now=now)
            if who is None:
                raise NotAllowedError(signed_out=True)
            if who.role < role:
                raise NotAllowedError
            with self.context.database.transaction() as session:
                return action(session, who, now)

        return await asyncio.to_thread(run)

    async def is_signed_in(self) -> bool:
        """Whether the session still stands. Looking does not keep it alive: only people do."""
        http = self.context.settings.http
        found = await self.read(
            lambda session: sessions.find_session(
                session, self.secret, self.now(), idle=http.session_idle, life=http.session_life
            )
        )
        return found is not None

    def may(self, role: Role) -> bool:
        """Whether to offer what takes `role`; doing it is checked again."""
        return self.identity.role >= role


async def enter(request: Request) -> Visit:
    """The visit of a request that has passed the gate.

    Raises: StoreError where the database is away.
    """
    entrance: Entrance = request.scope[SCOPE_KEY]
    visit = Visit(
        console=entrance.console,
        identity=entrance.identity,
        t=translator(language_of(request, entrance.console.context, entrance.identity)),
        secret=request.cookies.get(COOKIE, ""),
        path=path_of(request),
        params={key: str(value) for key, value in request.path_params.items()},
        query=dict(request.query_params),
    )
    sites = await visit.shared("sites", load_sites, max_age=5 * SECOND)
    visit.sites = {site.key: site for site in sites}
    return visit


def language_of(request: Request, context: Context, identity: Identity | None) -> str:
    """The language to answer the request in."""
    return choose_language(
        cookie=request.cookies.get(LANGUAGE_COOKIE),
        user=identity.language if identity else "",
        accept=request.headers.get("accept-language"),
        default=context.settings.language,
    )


def path_of(request: Request) -> str:
    """Path and query of the request."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def safe_next(target: str | None) -> str:
    """`target` if it is a path on this server, else the start page. Never another site's address."""
    if not target or len(target) > 2000 or not target.startswith("/") or target.startswith("//"):
        return HOME
    # browsers read a backslash as a slash and leave control characters out
    if "\\" in target or not target.isprintable():
        return HOME
    try:
        parts = urlsplit(target)
    except ValueError:
        return HOME
    if parts.scheme or parts.netloc or parts.path in ("/login", "/logout", "/language"):
        return HOME
    return target


def login_address(target: str) -> str:
    """The sign-in page that leads on to `target`."""
    target = safe_next(target)
    return "/login" if target == HOME else f"/login?next={quote(target, safe='/')}"

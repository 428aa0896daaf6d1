"""Mounts the console: NiceGUI's application behind a gate that lets nobody in who is not signed in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.console import pages
from api.console.session import SCOPE_KEY, Console, Entrance, login_address, path_of
from api.console.shared import Shared
from api.console.signin import add_routes, away
from api.console.theme import FAVICON, STATIC, STATIC_PATH
from api.context import Context
from api.security import COOKIE, identify
from plantroom.errors import StoreError

log = logging.getLogger(__name__)
_OPEN_PATHS = ("/login", "/logout", "/language", "/favicon.ico")
_OPEN_PREFIXES = ("/_nicegui/", "/_nicegui_ws/", "/console-static/")
"""The framework's own files and its socket, which serves only pages that passed the gate."""
_NOT_PAGES = ("/api", "/metrics", "/healthz", "/readyz")


def mount(app: FastAPI, context: Context) -> None:
    """Put the console on `/` of the app, behind every route that the app has already.

    NiceGUI is one per process: two applications with a console in one process must not run at once.
    """
    pages.register()
    console = Console(context, Shared(context.clock))
    inner = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    inner.mount(STATIC_PATH, _Immutable(directory=STATIC), name="console-static")
    inner.add_api_route("/favicon.ico", _favicon, include_in_schema=False)
    add_routes(inner, console)
    # NiceGUI adds its middleware again for every application it is mounted on
    nicegui_app.middleware_stack = None
    nicegui_app.user_middleware.clear()
    ui.run_with(
        inner,
        title="Plantroom",
        language="en-US",
        dark=False,
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=30.0,
    )
    app.mount("/", Gate(inner, console), name="console")
    _chain_lifespan(app, inner)


def _favicon() -> Response:
    return FileResponse(FAVICON, headers={"Cache-Control": "public, max-age=86400"})


def _chain_lifespan(outer: FastAPI, inner: FastAPI) -> None:
    """Start and stop `inner` with `outer`: a mounted application is not started by itself."""
    first = outer.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[object]:
        async with first(app) as state, inner.router.lifespan_context(inner):
            yield state

    outer.router.lifespan_context = lifespan  # type: ignore[assignment]


class Gate:
    """Lets a page's request through with who it is from, and sends everybody else to sign in."""

    def __init__(self, app: ASGIApp, console: Console) -> None:
        self._app = app
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = await self._check(Request(scope), scope)
        await (self._app if answer is None else answer)(scope, receive, send)

    async def _check(self, request: Request, scope: Scope) -> Response | None:
        path = request.url.path
        if path in _OPEN_PATHS or path.startswith(_OPEN_PREFIXES):
            return None
        if any(path == prefix or path.startswith(f"{prefix}/") for prefix in _NOT_PAGES):
            return problems.response(
                path, HTTPStatus.NOT_FOUND, "not_found", "there is nothing at this address"
            )
        context = self._console.context
        try:
            who = await asyncio.to_thread(
                identify,
                context,
                cookie=request.cookies.get(COOKIE),
                authorization=None,
                now=context.clock(),
            )
        except StoreError as failure:
            log.warning("%s: %s", path, failure)
            return away(request, self._console)
        if who is None:
            return RedirectResponse(login_address(path_of(request)), HTTPStatus.SEE_OTHER)
        scope[SCOPE_KEY] = Entrance(self._console, who)
        return None


class _Immutable(StaticFiles):
    """Files whose address changes with their content."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

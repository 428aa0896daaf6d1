"""The API as an application: given its parts, it has no others."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

import api.alarm_figures.routes
import api.alarms.record
import api.alarms.routes
import api.backtests.routes
import api.discovered.routes
import api.equipment.routes
import api.maintenance_modes.routes
import api.operations.routes
import api.people.hours
import api.people.papers
import api.people.routes
import api.quarantine.routes
import api.readings.routes
import api.service_levels.routes
import api.sessions.routes
import api.sites.routes
import api.users.routes
import api.work_orders.routes
from api import openapi, problems
from api.context import Context
from api.shield import Shield
from plantroom import __version__

PREFIX = "/api/v1"
_ROUTERS = (
    api.sites.routes.router,
    api.backtests.routes.router,
    api.equipment.routes.router,
    api.readings.routes.router,
    # before the alarms themselves, whose ids stand in the same place of an address
    api.alarms.record.router,
    api.alarms.routes.router,
    api.maintenance_modes.routes.router,
    api.alarm_figures.routes.router,
    api.work_orders.routes.router,
    api.people.routes.router,
    api.people.papers.router,
    api.people.hours.router,
    api.service_levels.routes.router,
    api.quarantine.routes.router,
    api.discovered.routes.router,
    api.sessions.routes.router,
    api.users.routes.router,
    api.operations.routes.router,
)


def create_api(context: Context) -> FastAPI:
    """The application; the console may be mounted at its root.

    The API is an application of its own inside, so that an unknown address or a wrong method under its
    prefix is answered by it and not by whatever is mounted at the root.
    """
    app = FastAPI(title="Plantroom", version=__version__, openapi_url=None, redirect_slashes=False)
    app.state.context = context
    problems.install(app)
    app.add_middleware(Shield, secure=context.settings.http.secure_cookies)
    app.mount(PREFIX, _version_1(context))
    app.mount("/api", _nothing_here)
    app.include_router(api.operations.routes.router, include_in_schema=False)
    return app


def _version_1(context: Context) -> FastAPI:
    app = FastAPI(
        title="Plantroom",
        version=__version__,
        description=openapi.DESCRIPTION,
        docs_url=None,  # the page loads its scripts from elsewhere, which a plant room without internet can't
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.context = context
    problems.install(app)
    for router in _ROUTERS:
        app.include_router(router)
    openapi.describe(app)
    return app


async def _nothing_here(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4404})
        return
    raise HTTPException(404)

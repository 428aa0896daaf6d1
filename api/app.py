"""The API as an application: given its parts, it has no others."""

from __future__ import annotations

from fastapi import FastAPI

from api.context import Context


def create_api(context: Context) -> FastAPI:
    """The application; the console may be mounted on it."""
    app = FastAPI(title="Plantroom", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.context = context
    return app

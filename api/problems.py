"""Every error as problem details (RFC 9457): the one place where the error tree becomes HTTP."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from plantroom.errors import (
    ConflictError,
    ExpressionError,
    FileError,
    NotFoundError,
    PlantroomError,
    StoreUnavailableError,
    TransitionError,
    UnitError,
)
from plantroom.stores.records.paging import CursorError
from plantroom.stores.records.users import SignInError
from plantroom.times import SECOND

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="plantroom"'}
_PARAMETER = re.compile(r"\{[^}]+\}")
_RETRY_STORE_SECONDS = 5
_MAX_FINDINGS = 50


class Finding(BaseModel):
    """One thing wrong in a request."""

    where: str
    what: str


class Problem(BaseModel):
    """Problem details, RFC 9457. `code` is a stable word for programs, `detail` a sentence for people."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Conflict",
                    "status": 409,
                    "detail": "a work order that is open cannot complete; allowed: assign, cancel",
                    "instance": "/api/v1/work-orders/12/complete",
                    "code": "transition",
                    "allowed": ["assign", "cancel"],
                }
            ]
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[Finding] | None = None
    """422: each thing wrong, and where."""
    allowed: list[str] | None = None
    """409: the changes that are allowed instead."""
    retry_after_s: int | None = None
    """429 and 503: when to try again; also in Retry-After."""
    version: int | None = None
    """412: the version that stands now."""


class Refusal(HTTPException):
    """A request that the API itself turns down, with what its problem details say."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.code = code
        self.more = more
        super().__init__(status, detail, dict(headers) if headers else None)


class ProblemResponse(JSONResponse):
    """Problem details, whatever odd text from outside they quote."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """JSON in UTF-8; a lone surrogate becomes its JSON escape."""
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")


def wrong(where: str, what: str) -> Refusal:
    """A 422 that names one part of the request."""
    return Refusal(
        HTTPStatus.UNPROCESSABLE_ENTITY, "validation", f"{where}: {what}", errors=[_finding(where, what)]
    )


def signed_out() -> Refusal:
    """A 401: nobody, or not any more."""
    return Refusal(
        HTTPStatus.UNAUTHORIZED,
        "signed_out",
        "sign in, or send a token as Authorization: Bearer",
        headers=CHALLENGE,
    )


def forbidden(detail: str, code: str = "forbidden") -> Refusal:
    """A 403: known, and not allowed."""
    return Refusal(HTTPStatus.FORBIDDEN, code, detail)


def response(
    path: str,
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """The problem as a response; members of `more` that are None are left out."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": path,
        "code": code,
        **{key: value for key, value in more.items() if value is not None},
    }
    return ProblemResponse(content, status, headers=headers)


def install(app: FastAPI) -> None:
    """Let the application answer every error with problem details."""
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(PlantroomError, _of_plantroom)
    app.add_exception_handler(IntegrityError, _of_integrity)
    app.add_exception_handler(Exception, _of_anything)


_STATUS: dict[type[PlantroomError], tuple[HTTPStatus, str]] = {
    NotFoundError: (HTTPStatus.NOT_FOUND, "not_found"),
    TransitionError: (HTTPStatus.CONFLICT, "transition"),
    ConflictError: (HTTPStatus.CONFLICT, "conflict"),
    CursorError: (HTTPStatus.UNPROCESSABLE_ENTITY, "cursor"),
    UnitError: (HTTPStatus.UNPROCESSABLE_ENTITY, "unit"),
    ExpressionError: (HTTPStatus.UNPROCESSABLE_ENTITY, "expression"),
    FileError: (HTTPStatus.UNPROCESSABLE_ENTITY, "file"),
    StoreUnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "store_unavailable"),
}


def of_error(path: str, error: PlantroomError) -> JSONResponse:
    """The error tree as HTTP; what is not named here is ours to mend, and tells nothing of the inside."""
    if isinstance(error, SignInError):
        return _of_sign_in(path, error)
    found = next((_STATUS[cls] for cls in type(error).__mro__ if cls in _STATUS), None)
    if found is None:
        log.error("%s: %s: %s", path, type(error).__name__, error)
        return response(path, 500, "internal", "an error on our side; the log says more")
    status, code = found
    if isinstance(error, StoreUnavailableError):
        log.warning("%s: %s", path, error)
        return _later(path, status, code, "the store is away or busy; try again", _RETRY_STORE_SECONDS)
    more: dict[str, Any] = {}
    if isinstance(error, TransitionError):
        more["allowed"] = list(error.allowed)
    elif isinstance(error, FileError):
        more["errors"] = [
            _finding(f"{item.line}:{item.column} {item.key}".strip(), item.message)
            for item in error.problems[:_MAX_FINDINGS]
        ]
    elif isinstance(error, CursorError):
        more["errors"] = [_finding("query.cursor", str(error))]
    return response(path, status, code, str(error), **more)


def _of_sign_in(path: str, error: SignInError) -> JSONResponse:
    if error.retry_after > 0:
        wait = math.ceil(error.retry_after / SECOND)
        return _later(path, HTTPStatus.TOO_MANY_REQUESTS, "sign_in_slowed", str(error), wait)
    return response(path, HTTPStatus.UNAUTHORIZED, "sign_in_failed", str(error), headers=CHALLENGE)


def _later(path: str, status: HTTPStatus, code: str, detail: str, seconds: int) -> JSONResponse:
    headers = {"Retry-After": str(seconds)}
    return response(path, status, code, detail, headers=headers, retry_after_s=seconds)


def _finding(where: str, what: str) -> dict[str, str]:
    return {"where": where, "what": what}


async def _of_plantroom(request: Request, error: Exception) -> Response:
    assert isinstance(error, PlantroomError)  # noqa: S101 - what it is installed for
    return of_error(request.url.path, error)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is installed for
    path = request.url.path
    if isinstance(error, Refusal):
        return response(
            path, error.status_code, error.code, error.detail, headers=error.headers, **error.more
        )
    code = HTTPStatus(error.status_code).name.lower()
    detail = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = "there is nothing at this address"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"this address does not take {request.method}"
        return response(path, error.status_code, code, detail, headers={"Allow": _allowed(request, error)})
    return response(path, error.status_code, code, detail, headers=error.headers)


def _allowed(request: Request, error: HTTPException) -> str:
    """Every method of the address; the router names those of the first route that it met."""
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    described: dict[str, Any] = request.app.openapi()["paths"]
    found = described.get(path) or next(
        (
            methods
            for template, methods in described.items()
            if re.fullmatch(_PARAMETER.sub("[^/]+", template), path)
        ),
        None,
    )
    if found is None:
        return (error.headers or {}).get("Allow", "")
    return ", ".join(sorted(method.upper() for method in found))


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is installed for
    # never the input itself: it may be a password
    found = [_finding(_where(item["loc"]), _what(item)) for item in _few(error.errors())]
    detail = "; ".join(f"{item['where']}: {item['what']}" for item in found[:3])
    return response(request.url.path, 422, "validation", detail, errors=found)


def _few(errors: Sequence[Any]) -> Iterable[Any]:
    return errors[:_MAX_FINDINGS]


def _where(loc: Sequence[str | int]) -> str:
    return ".".join(str(part)[:100] for part in loc)


def _what(item: Mapping[str, Any]) -> str:
    if item["type"] == "extra_forbidden":
        return "there is no such parameter or field"
    text = str(item["msg"]).removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


async def _of_integrity(request: Request, _error: Exception) -> Response:
    # two requests did the same thing at one moment; the second finds the first's work when it tries again
    detail = "somebody changed the same thing at the same moment; try again"
    return response(request.url.path, HTTPStatus.CONFLICT, "conflict", detail)


async def _of_anything(request: Request, _error: Exception) -> Response:
    return response(request.url.path, 500, "internal", "an error on our side; the log says more")

"""Sign-in, sign-out and the language: plain HTML forms, so that cookies are set by HTTP answers."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.console.formats import span_text
from api.console.i18n import HTML_LANGUAGE, LANGUAGES, Translator, translator
from api.console.session import (
    LANGUAGE_COOKIE,
    Console,
    language_of,
    login_address,
    path_of,
    safe_next,
)
from api.console.theme import SHEETS, STATIC_PATH
from api.security import COOKIE, clear_cookie, identify, set_cookie, sign_in, sign_out
from plantroom.errors import StoreError
from plantroom.stores.records.users import SignInError
from plantroom.times import SECOND, YEAR

log = logging.getLogger(__name__)
MAX_FORM_BYTES = 8192
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
)


def add_routes(app: FastAPI, console: Console) -> None:
    """Put `/login`, `/logout` and `/language` on the app."""

    async def show(request: Request) -> Response:
        return await _show(request, console)

    async def enter(request: Request) -> Response:
        return await _enter(request, console)

    async def leave(request: Request) -> Response:
        return await _leave(request, console)

    async def speak(request: Request) -> Response:
        return await _speak(request, console)

    app.add_api_route("/login", show, methods=["GET"], include_in_schema=False)
    app.add_api_route("/login", enter, methods=["POST"], include_in_schema=False)
    app.add_api_route("/logout", leave, methods=["POST"], include_in_schema=False)
    app.add_api_route("/language", speak, methods=["POST"], include_in_schema=False)


async def _show(request: Request, console: Console) -> Response:
    target = safe_next(request.query_params.get("next"))
    cookie = request.cookies.get(COOKIE)
    context = console.context
    try:
        who = await asyncio.to_thread(
            identify, context, cookie=cookie, authorization=None, now=context.clock()
        )
    except StoreError:
        return away(request, console)
    if who is not None:
        return RedirectResponse(target, HTTPStatus.SEE_OTHER)
    return login_page(request, console, target)


async def _enter(request: Request, console: Console) -> Response:
    context, form = console.context, await _form(request)
    if form is None:
        return login_page(request, console, "/", status=HTTPStatus.BAD_REQUEST)
    target, username = safe_next(form.get("next")), form.get("username", "")[:64]
    t = _translator(request, console)
    try:
        _, secret = await asyncio.to_thread(
            sign_in,
            context,
            username,
            form.get("password", ""),
            context.clock(),
            address=request.client.host if request.client else None,
            old_secret=request.cookies.get(COOKIE),
        )
    except SignInError as refusal:
        return login_page(
            request,
            console,
            target,
            error=refusal_text(t, refusal),
            username=username,
            status=HTTPStatus.TOO_MANY_REQUESTS if refusal.retry_after else HTTPStatus.UNAUTHORIZED,
        )
    except StoreError as failure:
        log.warning("sign-in: %s", failure)
        return away(request, console)
    response = RedirectResponse(target, HTTPStatus.SEE_OTHER)
    set_cookie(context, response, secret)
    return response


def refusal_text(t: Translator, refusal: SignInError) -> str:
    """Why the sign-in was refused; one text for a wrong name and a wrong password."""
    if refusal.retry_after > 0:
        # rounded up: who tries when the text says must not be turned away again
        wait = -(-refusal.retry_after // SECOND) * SECOND
        return t("Too many failed sign-ins. Try again in {span}.", span=span_text(t, max(wait, SECOND)))
    return t("Name and password do not match.")


async def _leave(request: Request, console: Console) -> Response:
    response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    secret = request.cookies.get(COOKIE)
    if secret:
        try:
            await asyncio.to_thread(sign_out, console.context, secret)
        except StoreError as failure:
            log.warning("sign-out: %s", failure)
            return away(request, console)
    clear_cookie(console.context, response)
    return response


async def _speak(request: Request, console: Console) -> Response:
    form = await _form(request) or {}
    target = form.get("next", "")
    back = target if target.startswith("/login") else safe_next(target)
    response = RedirectResponse(
        login_address(parse_qs(back.partition("?")[2]).get("next", [""])[0])
        if back.startswith("/login")
        else back,
        HTTPStatus.SEE_OTHER,
    )
    language = form.get("to", "")
    if language in LANGUAGES:
        secure = console.context.settings.http.secure_cookies
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=YEAR // SECOND, secure=secure, httponly=True, samesite="lax"
        )
    return response


async def _form(request: Request) -> dict[str, str] | None:
    """The form's fields, the first of each name; None where it is too large or not a form."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            return None
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20, errors="strict")
    except (ValueError, UnicodeDecodeError):
        return None
    return {name: values[0] for name, values in fields.items()}


def login_page(
    request: Request,
    console: Console,
    target: str,
    *,
    error: str = "",
    username: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """The sign-in form; needs no JavaScript."""
    t = _translator(request, console)
    return _render(
        "login.html",
        t,
        status,
        title=t("Sign in"),
        error=error,
        username=username,
        next=target,
        here=login_address(target),
    )


def away(request: Request, console: Console) -> Response:
    """What is shown while the database is away."""
    t = _translator(request, console)
    return _render(
        "away.html",
        t,
        HTTPStatus.SERVICE_UNAVAILABLE,
        title=t("The database is away"),
        here=safe_next(path_of(request)),
    )


def _translator(request: Request, console: Console) -> Translator:
    return translator(language_of(request, console.context, None))


def _render(name: str, t: Translator, status: HTTPStatus, **values: object) -> Response:
    content = _templates.get_template(name).render(
        t=t,
        language=t.language,
        languages=LANGUAGES,
        html_languages=HTML_LANGUAGE,
        html_language=HTML_LANGUAGE[t.language],
        static=STATIC_PATH,
        sheets=SHEETS,
        **values,
    )
    return HTMLResponse(content, status, headers={"Cache-Control": "no-store"})

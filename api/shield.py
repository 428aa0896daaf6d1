"""What stands before every request: size, origin, no secret in an address; and the answers' headers."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.problems import Refusal
from api.security import COOKIE
from plantroom.stores.records.sessions import TOKEN_PREFIX

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
MAX_BODY_BYTES = 1024 * 1024
API_PREFIX = "/api/"
_SECRET_NAMES = frozenset({"access_token", "token", "api_key", "password", COOKIE})
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"
# the console's framework compiles templates in the browser, so it needs inline and eval
_CONSOLE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


class Shield:
    """Middleware: turns away what is too large, comes from another site or shows a secret in its address."""

    def __init__(self, app: ASGIApp, *, secure: bool, max_body: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._secure = secure
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand the request on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        send_with_headers = self._with_headers(scope["path"], send)
        try:
            self._check(scope)
        except Refusal as refusal:
            await _refuse(refusal, scope, receive, send_with_headers)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        await self._app(scope, self._limited(receive), send_with_headers)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)[:100]:
            if name.lower() in _SECRET_NAMES or value.startswith(TOKEN_PREFIX):
                raise Refusal(
                    HTTPStatus.BAD_REQUEST,
                    "secret_in_address",
                    "a secret never belongs in an address, where logs keep it: "
                    "send the token as Authorization: Bearer, and revoke this one",
                )
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > self._max_body:
            raise self._too_large()
        if scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS:
            _check_origin(headers, websocket=scope["type"] == "websocket")

    def _limited(self, receive: Receive) -> Receive:
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > self._max_body:
                    raise self._too_large()
            return message

        return limited

    def _too_large(self) -> Refusal:
        return Refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too_large",
            f"the body is larger than {self._max_body} bytes",
        )

    def _with_headers(self, path: str, send: Send) -> Send:
        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message), api=path.startswith(API_PREFIX))
            await send(message)

        return sender

    def _add_headers(self, headers: MutableHeaders, *, api: bool) -> None:
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Content-Security-Policy", _API_POLICY if api else _CONSOLE_POLICY)
        if api:
            headers.setdefault("Cache-Control", "no-store")
        if self._secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def _check_origin(headers: Headers, *, websocket: bool) -> None:
    if "authorization" in headers:
        return  # no page of another site can add a token
    same = _same_origin(headers)
    if same is None:
        # no browser said where it comes from. A page of another site cannot add a header of its own
        same = websocket or "x-requested-with" in headers or not _has_session(headers)
    if not same:
        raise problems.forbidden(
            "a change signed by the session cookie must come from this site: send Origin, or "
            "X-Requested-With from a program, or use a token",
            "cross_origin",
        )


def _same_origin(headers: Headers) -> bool | None:
    """Whether the browser says that the request comes from this site; None if it says nothing."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    source = headers.get("origin") or headers.get("referer")
    if source is None:
        return None
    try:
        given = urlsplit(source).netloc
    except ValueError:
        return False
    return bool(given) and _host(given) == _host(headers.get("host", ""))


def _host(netloc: str) -> str:
    # behind a proxy that ends TLS the scheme differs, and with it only the default port
    return netloc.lower().removesuffix(":80").removesuffix(":443")


def _has_session(headers: Headers) -> bool:
    # on the raw text: a parser of ours might miss a cookie that the one behind us finds
    return any(COOKIE in value for value in headers.getlist("cookie"))


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4403, "reason": refusal.code})
        return
    path = Request(scope).url.path
    answer = problems.response(
        path, refusal.status_code, refusal.code, refusal.detail, headers=refusal.headers, **refusal.more
    )
    await answer(scope, receive, send)

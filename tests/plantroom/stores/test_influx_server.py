"""Writes and queries against a server that answers by a script: retries, refusals, halved bodies, limits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from plantroom.errors import StoreError, StoreUnavailableError
from plantroom.stores.influx_server import AnswerTooLargeError, InfluxAddress, InfluxServer
from plantroom.times import MILLISECOND, SECOND


class Scripted:
    """A server on a free port: answers in the order given, the last one for ever; keeps the bodies."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                scripted.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                scripted.headers.append(dict(self.headers))
                status, headers, body = scripted._next()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer so next."""
        self.answers.append((status, {name.replace("_", "-"): text for name, text in headers.items()}, body))

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _next(self) -> tuple[int, dict[str, str], bytes]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


def opened(scripted: Scripted, **given: object) -> InfluxServer:
    return InfluxServer(InfluxAddress(scripted.url, "hotel", "secret-token", timeout=2 * SECOND, **given))


def test_a_write_goes_as_it_is_with_the_token(scripted: Scripted) -> None:
    scripted.say(204)
    opened(scripted).write("raw", b"readings,id=1 value=1 1\n")
    assert scripted.bodies == [b"readings,id=1 value=1 1\n"]
    assert scripted.headers[0]["Authorization"] == "Token secret-token"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(scripted: Scripted, status: int) -> None:
    scripted.say(status)
    scripted.say(status)
    scripted.say(204)
    opened(scripted).write("raw", b"a\n")
    assert scripted.bodies == [b"a\n"] * 3


def test_retry_after_is_heeded_and_one_beyond_the_timeout_ends_the_write_at_once(scripted: Scripted) -> None:
    scripted.say(503, b'{"message": "too busy"}', Retry_After="30")
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError, match=r"503.*too busy"):
        opened(scripted).write("raw", b"a\n")
    assert len(scripted.bodies) == 1
    assert time.monotonic() - began < 2


def test_a_server_that_stays_away_is_given_up_within_the_timeout() -> None:
    address = InfluxAddress("http://127.0.0.1:9", "hotel", "x", timeout=300 * MILLISECOND)
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError, match="does not answer a write"):
        InfluxServer(address).write("raw", b"a\n")
    assert time.monotonic() - began < 3


def test_a_body_that_is_too_large_goes_in_halves(scripted: Scripted) -> None:
    scripted.say(413)
    scripted.say(204)
    opened(scripted).write("raw", b"one\ntwo\nthree\nfour\n")
    assert scripted.bodies[1:] == [b"one\ntwo\nthree\n", b"four\n"]


def test_one_line_that_is_too_large_is_an_error(scripted: Scripted) -> None:
    scripted.say(413, b'{"message": "too large"}')
    with pytest.raises(StoreError, match="413"):
        opened(scripted).write("raw", b"one\n")
    assert len(scripted.bodies) == 1


def test_readings_beyond_the_retention_do_not_hold_up_the_rest(
    scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    text = b"failure writing points to database: partial write: points beyond retention policy dropped=2"
    scripted.say(422, b'{"code": "unprocessable entity", "message": "' + text + b'"}')
    opened(scripted).write("raw", b"one\ntwo\nthree\n")
    assert "dropped=2" in caplog.text


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (422, b'{"message": "partial write: field type conflict dropped=1"}', "field type conflict"),
        (400, b'{"message": "unable to parse"}', "unable to parse"),
        (401, b'{"message": "unauthorized access"}', "token"),
        (404, b'{"message": "bucket \\"raw\\" not found"}', "plantroom db setup"),
    ],
)
def test_what_trying_again_does_not_help_is_an_error_at_once(
    scripted: Scripted, status: int, body: bytes, words: str
) -> None:
    scripted.say(status, body)
    with pytest.raises(StoreError, match=words) as caught:
        opened(scripted).write("raw", b"a\n")
    assert not isinstance(caught.value, StoreUnavailableError)
    assert "secret-token" not in str(caught.value)
    assert len(scripted.bodies) == 1


def test_an_answer_over_the_limit_fails_alone(scripted: Scripted) -> None:
    scripted.say(200, b"x" * 3_000_000)
    server = InfluxServer(InfluxAddress(scripted.url, "hotel", "x"), most_answered=2_000_000)
    with pytest.raises(AnswerTooLargeError, match="shorter range"):
        server.query("from(bucket: bucket)", {"bucket": "raw"})
    scripted.answers = [(200, {}, b"")]
    assert server.query("from(bucket: bucket)", {"bucket": "raw"}) == b""


def test_names_go_as_parameters_and_never_into_the_text(scripted: Scripted) -> None:
    scripted.say(200)
    opened(scripted).query("from(bucket: bucket)", {"bucket": 'x") |> drop(', "start": 5})
    assert b'"query": "from(bucket: bucket)"' in scripted.bodies[0]
    assert b'"value": "x\\") |> drop("' in scripted.bodies[0]


def test_a_closed_server_says_so(scripted: Scripted) -> None:
    server = opened(scripted)
    server.close()
    for use in (
        lambda: server.write("raw", b"a\n"),
        lambda: server.query("", {}),
        lambda: server.delete("raw", "a", "b", "c"),
    ):
        with pytest.raises(StoreError, match="closed"):
            use()

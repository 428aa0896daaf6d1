"""The InfluxDB server over HTTP: writes with retry, Flux with parameters, deletes, errors in our words."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from influxdb_client import DeletePredicateRequest, Dialect, InfluxDBClient
from influxdb_client.rest import ApiException
from influxdb_client.service.delete_service import DeleteService
from influxdb_client.service.write_service import WriteService
from urllib3.exceptions import HTTPError

from plantroom.errors import StoreError, StoreUnavailableError
from plantroom.times import MILLISECOND, SECOND, Nanos

log = logging.getLogger(__name__)

Params: TypeAlias = Mapping[str, int | str]

FIRST_RETRY_S = 0.1
MOST_ANSWERED_BYTES = 1 << 30
_PIECE = 1 << 20
_BUSY = (429, 502, 503, 504)
_NANOS = Dialect(header=True, delimiter=",", annotations=[], date_time_format="RFC3339Nano")


class AnswerTooLargeError(StoreUnavailableError):
    """The answer is larger than the store may take; asking for less works."""


@dataclass(frozen=True, slots=True)
class InfluxAddress:
    """Where an InfluxDB is, and how long it may take. `token` is never shown."""

    url: str
    org: str
    token: str
    timeout: Nanos = 10 * SECOND
    """Of a write, its retries included."""
    query_timeout: Nanos = 30 * SECOND
    gzip: bool = False

    def __repr__(self) -> str:
        return f"InfluxAddress({self.url}, org {self.org})"


class InfluxServer:
    """One InfluxDB organization. Any number of threads; each call ends within its timeout."""

    def __init__(
        self,
        address: InfluxAddress,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        most_answered: int = MOST_ANSWERED_BYTES,
    ) -> None:
        self.address = address
        self._monotonic = monotonic
        self._most_answered = most_answered
        self._closing = threading.Event()
        timeout_ms = address.query_timeout // MILLISECOND
        self.client = InfluxDBClient(
            url=address.url,
            org=address.org,
            token=address.token,
            timeout=timeout_ms,
            enable_gzip=address.gzip,
        )
        self._writes = WriteService(self.client.api_client)
        self._deletes = DeleteService(self.client.api_client)
        self._queries = self.client.query_api()

    def write(self, bucket: str, body: bytes) -> None:
        """Write lines; durable when this returns, as InfluxDB syncs its log. Busy servers are asked again.

        Raises: StoreUnavailableError after the timeout, StoreError where trying again is no use. What was
        written of the body is then not known; writing it again changes nothing.
        """
        end = self._monotonic() + self.address.timeout / SECOND
        delay = FIRST_RETRY_S
        while True:
            try:
                self._write_once(bucket, body, end)
            except StoreUnavailableError as failure:
                asked = getattr(failure.__cause__, "headers", None) or {}
                wait = _seconds(asked.get("Retry-After")) or delay
                if self._monotonic() + wait >= end or self._closing.wait(wait):
                    raise
                delay *= 2
            else:
                return

    def query(self, flux: str, params: Params) -> bytes:
        """The whole answer as CSV; names and numbers go as parameters, never into the text.

        Raises: AnswerTooLargeError, StoreUnavailableError, StoreError.
        """
        self._refuse_closed()
        try:
            response = self._queries.query_raw(flux, dialect=_NANOS, params=dict(params))
            try:
                return self._read(response)
            finally:
                response.release_conn()
        except (ApiException, HTTPError, OSError) as failure:
            raise self.in_our_words(failure, "a query") from failure

    def delete(self, bucket: str, start: str, stop: str, predicate: str) -> None:
        """Remove what matches from `start` to `stop`, both included.

        Units: RFC 3339 text. Raises: StoreUnavailableError, StoreError.
        """
        self._refuse_closed()
        request = DeletePredicateRequest(start=start, stop=stop, predicate=predicate)
        try:
            self._deletes.post_delete(request, bucket=bucket, org=self.address.org)
        except (ApiException, HTTPError, OSError) as failure:
            raise self.in_our_words(failure, f"a delete in bucket {bucket!r}") from failure

    def close(self) -> None:
        """End retries and drop the connections."""
        self._closing.set()
        self.client.close()

    def _write_once(self, bucket: str, body: bytes, end: float) -> None:
        self._refuse_closed()
        left_ms = max(1, int((end - self._monotonic()) * 1000))
        try:
            self._writes.post_write(self.address.org, bucket, body, precision="ns", _request_timeout=left_ms)
        except ApiException as failure:
            if failure.status == 413 and body.count(b"\n") > 1:
                for half in _halves(body):
                    self._write_once(bucket, half, end)
            elif not self._dropped_by_retention(failure, bucket):
                raise self.in_our_words(failure, f"a write to bucket {bucket!r}") from failure
        except (HTTPError, OSError) as failure:
            raise self.in_our_words(failure, f"a write to bucket {bucket!r}") from failure

    def _dropped_by_retention(self, failure: ApiException, bucket: str) -> bool:
        """Whether all was written but what is older than the bucket keeps, which is said once a write."""
        text = _message(failure)
        if "partial write" not in text or "retention policy" not in text:
            return False
        log.warning("InfluxDB bucket %r did not keep readings older than its retention: %s", bucket, text)
        return True

    def _read(self, response: Any) -> bytes:
        pieces, size = [], 0
        for piece in response.stream(_PIECE, decode_content=True):
            size += len(piece)
            if size > self._most_answered:
                response.close()  # the server notices and ends the query
                raise AnswerTooLargeError(
                    f"the query answers more than {self._most_answered >> 20} MiB; "
                    "ask for a shorter range or fewer points"
                )
            pieces.append(piece)
        return b"".join(pieces)

    def _refuse_closed(self) -> None:
        if self._closing.is_set():
            raise StoreError(f"the reading store at {self.address.url} was closed")

    def in_our_words(self, failure: Exception, what: str) -> StoreError:
        """The error to raise for one of the client's."""
        where = f"InfluxDB at {self.address.url}"
        status = failure.status if isinstance(failure, ApiException) else None
        if not isinstance(failure, ApiException) or not status:
            return StoreUnavailableError(f"{where} does not answer {what}: {_line(str(failure))}")
        text = _message(failure)
        if status in _BUSY or status >= 500:
            return StoreUnavailableError(f"{where} cannot do {what} now ({status}): {text}")
        if status in (401, 403):
            return StoreError(
                f"{where} refuses {what} ({status}): {text}; `plantroom doctor` says what the token lacks"
            )
        if status == 404:
            return StoreError(f"{where} does not know what {what} needs: {text}; run `plantroom db setup`")
        return StoreError(f"{where} rejects {what} ({status}): {text}")


def _message(failure: ApiException) -> str:
    body = failure.body or b""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
    try:
        found = json.loads(text)
        return _line(str(found.get("message") or found.get("error") or text))
    except (ValueError, AttributeError):
        return _line(text or str(failure.reason))


def _line(text: str) -> str:
    return " ".join(text.split())[:400]


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdecimal() else None


def _halves(body: bytes) -> tuple[bytes, bytes]:
    cut = body.find(b"\n", len(body) // 2) + 1
    if cut in {0, len(body)}:
        cut = body.rfind(b"\n", 0, len(body) - 1) + 1
    return body[:cut], body[cut:]

"""The worker as another process sees it: newest values, rule states and counters, and whether it is there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping

import httpx
import msgspec
import numpy as np
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.parser import text_string_to_metric_families

from plantroom.app.status import LiveChanges
from plantroom.errors import StoreError
from plantroom.health import PartHealth
from plantroom.live import LiveValues
from plantroom.readings import ReadingBatch
from plantroom.stores.records import Database, leases

log = logging.getLogger(__name__)

SILENT_S = 5.0
"""After so long without a word the worker is said to be away."""
_POLL_SECONDS = 3.0
_STATES_SECONDS = 0.5
_STATES_KEPT_S = 2.0
_MOST_STATES = 1000
_ANSWER_ERRORS = (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError, ValueError)

Monotonic = Callable[[], float]
States = Mapping[str, str]


class RemoteWorker:
    """Asks the worker that has the lease; what it says is in `live`. One thread polls, any thread reads."""

    def __init__(
        self,
        database: Database,
        live: LiveValues,
        *,
        transport: httpx.BaseTransport | None = None,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self._database = database
        self._live = live
        # a proxy that the environment names is for the world outside, never for the worker
        self._client = httpx.Client(transport=transport, timeout=_POLL_SECONDS, trust_env=False)
        self._monotonic = monotonic
        self._epoch: int | None = None
        self._version = 0
        self._address, self._secret, self._holder = "", "", ""
        self._heard: float | None = None
        self._began = monotonic()
        self._parts: tuple[PartHealth, ...] = ()
        self._trouble = "it has not been heard yet"
        self._states: dict[int, tuple[float, States]] = {}
        self._counted: tuple[float, list[Metric]] = (-1e9, [])

    def poll(self) -> int:
        """How many values are new. A worker that does not answer is no error here: `health` says it."""
        try:
            self._find()
            if not self._address:
                self._trouble = "no worker has started on these records; start `plantroom worker`"
                return 0
            answer = self._get(f"/live?since={self._version}")
            found = msgspec.msgpack.decode(answer.content, type=LiveChanges)
            batch = _batch(found)
        except StoreError as failure:
            self._trouble = str(failure)
            return 0
        except _ANSWER_ERRORS as failure:
            self._trouble = f"{self._address} does not answer ({type(failure).__name__})"
            return 0
        self._live.update(batch)
        self._version = found.version
        self._parts = tuple(PartHealth(part.name, part.ok, part.detail) for part in found.parts)
        self._heard = self._monotonic()
        return len(batch)

    def health(self) -> tuple[PartHealth, ...]:
        """The worker's parts; or, while it is away, how old the live values are."""
        since = self._began if self._heard is None else self._heard
        silent = self._monotonic() - since
        if silent < SILENT_S:
            return self._parts
        text = f"no word from the worker for {silent:.0f} s: live values are that old. {self._trouble}"
        return (PartHealth("worker", False, text),)

    def rule_states(self, equipment_id: int) -> States:
        """Rule key -> its state, a few seconds old at most; nothing while the worker is away."""
        now = self._monotonic()
        kept = self._states.get(equipment_id)
        if kept is not None and now - kept[0] < _STATES_KEPT_S:
            return kept[1]
        if self._heard is None or now - self._heard >= SILENT_S:
            return {}
        try:
            answer = self._get(f"/rules/{equipment_id}", _STATES_SECONDS)
            states = msgspec.msgpack.decode(answer.content, type=dict[str, str])
        except _ANSWER_ERRORS:
            states = {}
        if len(self._states) >= _MOST_STATES:
            self._states.clear()
        self._states[equipment_id] = (now, states)
        return states

    def counted(self, own: CollectorRegistry) -> Iterable[Metric]:
        """What this process and the worker counted, the worker's as it was a few seconds ago."""
        now = self._monotonic()
        if now - self._counted[0] > _POLL_SECONDS and self._heard is not None:
            try:
                families = list(text_string_to_metric_families(self._get("/metrics", _STATES_SECONDS).text))
            except _ANSWER_ERRORS:
                families = self._counted[1]
            self._counted = (now, families)
        return [*own.collect(), *self._counted[1]]

    def close(self) -> None:
        """Ask no more."""
        self._client.close()

    def _find(self) -> None:
        with self._database.session() as session:
            row = leases.find(session, leases.WORKER)
        if row is None or row.epoch == self._epoch:
            return
        # another worker counts its versions anew
        self._epoch, self._version = row.epoch, 0
        self._address, self._secret, self._holder = row.address, row.secret, row.holder

    def _get(self, path: str, seconds: float = _POLL_SECONDS) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._secret}"}
        return self._client.get(self._address + path, headers=headers, timeout=seconds).raise_for_status()


def _batch(found: LiveChanges) -> ReadingBatch:
    return ReadingBatch.of(
        np.frombuffer(found.point_id, "<i4"),
        np.frombuffer(found.ts, "<i8"),
        np.frombuffer(found.value, "<f8"),
        np.frombuffer(found.quality, "u1"),
    )

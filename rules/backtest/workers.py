"""Engines in processes of their own, the equipment spread over them.

They exist because an engine holds Python's lock for most of its time: beside a server it would slow down all
that serves, and by itself it would use one core. Readings and flips go through pipes.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any

import numpy as np

from plantroom.readings import ReadingBatch
from plantroom.times import Nanos
from rules.backtest.engines import BacktestError, Engines, Flips, Key
from rules.backtest.sides import EngineSpec, Plan, part_of

_IN_FLIGHT = 2
"""Batches that one process may have waiting, so that it never waits itself."""
_KEEP = {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**31)}
"""Lets glibc keep the columns' memory between batches; giving it back each time took a third of the time."""
_HEAD = struct.Struct("<qq")
_LENGTH = struct.Struct("<cq")
_DONE, _FAILED, _RESULT = b"d", b"f", b"r"


class Workers:
    """Takes readings as `Engines` does and gives each process those of its equipment."""

    def __init__(self, plan: Plan, count: int) -> None:
        """Raises: BacktestError where no process can be started."""
        size = max(plan.engines[0].table.size, 1)
        self._place = np.full(size, -1, dtype=np.int8)
        self._workers: list[_Worker] = []
        table = plan.engines[0].table
        for place, part in enumerate(_spread(plan, count)):
            specs = [part_of(spec, part) for spec in plan.engines]
            self._place[np.flatnonzero(np.isin(table.equipment_id, part))] = place
            self._workers.append(_Worker(specs))

    def put(self, batch: ReadingBatch, until: Nanos) -> None:
        """Hand on the readings; waits while a process has enough of them."""
        if len(self._workers) == 1:
            self._workers[0].put(batch, until)
            return
        place = self._place[batch.point_id]
        for index, worker in enumerate(self._workers):
            worker.put(batch.take(place == index), until)

    def finish(self, until: Nanos) -> Flips:
        """What was found in all, all readings up to `until` having come."""
        flips = Flips()
        for worker in self._workers:
            worker.ask(until)
        for worker in self._workers:
            flips.join(worker.result())
        return flips

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        for worker in self._workers:
            worker.close()


def _spread(plan: Plan, count: int) -> list[list[int]]:
    """Equipment ids for each process: groups stay whole, the largest go first to whoever has least."""
    table = plan.engines[0].table
    points = np.bincount(table.equipment_id[table.equipment_id >= 0], minlength=1)
    sizes = {group: sum(int(points[item]) for item in group if item < len(points)) for group in plan.groups}
    parts: list[list[int]] = [[] for _ in range(min(count, max(len(sizes), 1)))]
    load = [0] * len(parts)
    for group in sorted(sizes, key=lambda item: (-sizes[item], item)):
        least = load.index(min(load))
        parts[least].extend(group)
        load[least] += sizes[group]
    return parts


class _Worker:
    """One process, spoken to through its input and output."""

    def __init__(self, specs: Sequence[EngineSpec]) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)} | _KEEP
        command = [sys.executable, "-c", "from rules.backtest.workers import serve; serve()"]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own text
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
            )
        except OSError as failure:
            raise BacktestError(f"no process can be started: {failure.strerror}") from failure
        self._waiting = 0
        self._say(lambda pipe: _send(pipe, _RESULT, pickle.dumps(list(specs))))

    def put(self, batch: ReadingBatch, until: Nanos) -> None:
        while self._waiting >= _IN_FLIGHT:
            self._hear()
            self._waiting -= 1
        if len(batch):
            self._say(lambda pipe: _send_batch(pipe, batch, until))
            self._waiting += 1

    def ask(self, until: Nanos) -> None:
        """Tell it that there is no more."""
        self._say(lambda pipe: pipe.write(_HEAD.pack(-1, until)))

    def result(self) -> dict[Key, array[int]]:
        """What it found."""
        for _ in range(self._waiting):
            self._hear()
        found: dict[Key, array[int]] = pickle.loads(self._hear())  # noqa: S301 - our own process wrote it
        return found

    def close(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what it held back is of no interest any more
                    pipe.close()
        self._process.wait()

    def _say(self, write: Callable[[IO[bytes]], Any]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe
        try:
            write(self._process.stdin)
            self._process.stdin.flush()
        except OSError:
            while True:  # until what it said last: why it ended
                self._hear()

    def _hear(self) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe
        head = self._process.stdout.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            raise self._ended()
        kind, length = _LENGTH.unpack(head)
        body = self._process.stdout.read(length)
        if len(body) < length:
            raise self._ended()
        if kind == _FAILED:
            raise BacktestError(body.decode())
        return body

    def _ended(self) -> BacktestError:
        return BacktestError(
            f"a process of the backtest ended (exit code {self._process.poll()}); memory may have run out"
        )


def serve() -> None:
    """The other side: engines from the first frame, then readings, until told that there are no more."""
    given, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints must not get between
    head = given.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return
    specs = pickle.loads(given.read(_LENGTH.unpack(head)[1]))  # noqa: S301 - our parent wrote it
    try:
        engines = Engines(specs)
        while True:
            head = given.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return  # the parent is gone
            count, until = _HEAD.unpack(head)
            if count < 0:
                _send(answers, _RESULT, pickle.dumps(dict(engines.finish(until).times)))
                return
            engines.put(_receive_batch(given, count), until)
            _send(answers, _DONE, b"")
    except Exception as failure:  # noqa: BLE001 - said to the parent, which raises it
        text = str(failure) if isinstance(failure, BacktestError) else f"{type(failure).__name__}: {failure}"
        _send(answers, _FAILED, text.encode())


def _send(pipe: IO[bytes], kind: bytes, body: bytes) -> None:
    pipe.write(_LENGTH.pack(kind, len(body)))
    pipe.write(body)
    pipe.flush()


def _send_batch(pipe: IO[bytes], batch: ReadingBatch, until: Nanos) -> None:
    pipe.write(_HEAD.pack(len(batch), until))
    for column in (batch.point_id, batch.ts, batch.value, batch.quality):
        pipe.write(np.ascontiguousarray(column).data)


def _receive_batch(pipe: IO[bytes], count: int) -> ReadingBatch:
    types = (np.int32, np.int64, np.float64, np.uint8)
    columns = [np.frombuffer(pipe.read(count * np.dtype(kind).itemsize), kind) for kind in types]
    return ReadingBatch.of(*columns)

"""Backtests that run or ran in this process: a few at once, each in a thread, its engine in a process.

They are kept in memory: an outcome is looked at and then of no more use.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from plantroom.errors import ConflictError, NotFoundError, PlantroomError
from plantroom.times import Clock, Nanos
from rules.backtest import CancelledError, Progress

log = logging.getLogger(__name__)

RUNNING_AT_ONCE = 2
KEPT = 20

Tell: TypeAlias = Callable[[Progress], None]
Work: TypeAlias = Callable[[Tell, Callable[[], bool]], dict[str, Any]]
"""Given where to tell progress and how to ask whether it is cancelled, the report."""


class JobState(StrEnum):
    """How a backtest stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(slots=True)
class Job:
    """One backtest; written by its thread alone."""

    id: str
    cls: str
    start: Nanos
    end: Nanos
    by: str
    started_at: Nanos
    state: JobState = JobState.RUNNING
    share: float = 0.0
    readings: int = 0
    ended_at: Nanos | None = None
    detail: str = ""
    """What went wrong."""
    report: dict[str, Any] | None = None
    cancel: threading.Event = field(default_factory=threading.Event)


class BacktestJobs:
    """The jobs of one process; thread-safe."""

    def __init__(self, running: int = RUNNING_AT_ONCE, kept: int = KEPT) -> None:
        self._limit, self._kept = running, kept
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def start(self, work: Work, clock: Clock, *, cls: str, start: Nanos, end: Nanos, by: str) -> Job:
        """The new job, which runs.

        Raises: ConflictError where enough of them run.
        """
        job = Job(secrets.token_hex(8), cls, start, end, by, clock())
        with self._lock:
            running = sum(item.state is JobState.RUNNING for item in self._jobs.values())
            if running >= self._limit:
                raise ConflictError(f"{running} backtests are running; wait for one, or cancel it")
            self._jobs[job.id] = job
            ended = [key for key, item in self._jobs.items() if item.state is not JobState.RUNNING]
            for key in ended[: max(0, len(self._jobs) - self._kept)]:
                del self._jobs[key]
        name = f"backtest-{job.id}"
        threading.Thread(target=_run, args=(job, work, clock), name=name, daemon=True).start()
        return job

    def list(self) -> list[Job]:
        """All of them, the newest first."""
        with self._lock:
            return [*reversed(self._jobs.values())]

    def get(self, job_id: str) -> Job:
        """The job.

        Raises: NotFoundError.
        """
        with self._lock:
            if job_id not in self._jobs:
                raise NotFoundError("there is no such backtest; they are kept until the server stops")
            return self._jobs[job_id]

    def drop(self, job_id: str) -> None:
        """Cancel the job if it runs, else forget it.

        Raises: NotFoundError.
        """
        job = self.get(job_id)
        if job.state is JobState.RUNNING:
            job.cancel.set()
            return
        with self._lock:
            self._jobs.pop(job_id, None)


def _run(job: Job, work: Work, clock: Clock) -> None:
    def tell(progress: Progress) -> None:
        job.share, job.readings = progress.share, progress.readings

    state = JobState.FAILED
    try:
        job.report = work(tell, job.cancel.is_set)
        job.share, state = 1.0, JobState.DONE
    except CancelledError:
        state = JobState.CANCELLED
    except PlantroomError as failure:
        job.detail = str(failure)
    except Exception:
        log.exception("backtest %s", job.id)
        job.detail = "an error on our side; the log says more"
    # the state last: whoever sees it has the rest
    job.ended_at = clock()
    job.state = state

"""Answers that many open pages ask for at once, computed once and kept for a moment."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from plantroom.times import SECOND, Clock, Nanos

T = TypeVar("T")
MAX_KEYS = 1000


@dataclass(slots=True)
class _Answer:
    at: Nanos
    value: Any = None
    error: Exception | None = None


class Shared:
    """A small cache with one computation per key at a time, run in a thread.

    A failure is kept like an answer, so that a store that is away is not asked once for every page.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._answers: dict[Hashable, _Answer] = {}
        # a lock belongs to the event loop that waits on it
        self._locks: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, asyncio.Lock]] = (
            weakref.WeakKeyDictionary()
        )

    async def get(self, key: Hashable, compute: Callable[[], T], *, max_age: Nanos = SECOND) -> T:
        """What `compute` gives, or gave at most `max_age` ago.

        Raises: whatever `compute` raised.
        """
        found = self._fresh(key, max_age)
        if found is None:
            locks = self._locks.setdefault(asyncio.get_running_loop(), {})
            async with locks.setdefault(key, asyncio.Lock()):
                found = self._fresh(key, max_age)
                if found is None:
                    found = await self._compute(key, compute)
        if found.error is not None:
            raise found.error
        return cast(T, found.value)

    def _fresh(self, key: Hashable, max_age: Nanos) -> _Answer | None:
        found = self._answers.get(key)
        return found if found is not None and abs(self._clock() - found.at) < max_age else None

    async def _compute(self, key: Hashable, compute: Callable[[], Any]) -> _Answer:
        answer = _Answer(self._clock())
        try:
            answer.value = await asyncio.to_thread(compute)
        except Exception as failure:  # noqa: BLE001 - kept, and raised to everybody who asked
            answer.error = failure
        if len(self._answers) >= MAX_KEYS:
            self._answers.clear()
        self._answers[key] = answer
        return answer

"""Found devices on their way into the database, and decisions about them on their way to the collector."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from plantroom.discovery import Binding, DiscoverySink, Found
from plantroom.errors import StoreError
from plantroom.stores.records import Database, discovered
from plantroom.times import Clock, Nanos

log = logging.getLogger(__name__)


class Adoption:
    """Run now and then by the schedule; the decisions may be another process's."""

    def __init__(
        self,
        database: Database,
        sink: DiscoverySink,
        *,
        take: Callable[[], Sequence[Found]],
        put_back: Callable[[Sequence[Found], Nanos], None],
        adopt: Callable[[Sequence[Binding]], None],
        clock: Clock,
    ) -> None:
        """`take` gives what was found since it last did, `adopt` is told of all that was decided."""
        self._database = database
        self._sink = sink
        self._take = take
        self._put_back = put_back
        self._adopt = adopt
        self._clock = clock
        self._stamp: tuple[int, int] | None = None

    def run(self) -> int:
        """How many devices were kept; what was decided since the last time is told."""
        found, now = self._take(), self._clock()
        try:
            self._sink.keep(found, now)
        except StoreError as failure:
            self._put_back(found, now)
            log.warning("discovered devices could not be kept: %s; trying again", failure)
            return 0
        try:
            with self._database.session() as session:
                stamp = discovered.stamp(session)
                bindings = discovered.bindings(session) if stamp != self._stamp else None
        except StoreError as failure:
            log.warning("adopted devices could not be read: %s; trying again", failure)
            return len(found)
        if bindings is not None:
            self._adopt(bindings)
            self._stamp = stamp
        return len(found)

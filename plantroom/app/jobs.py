"""The clock's jobs on a foundation."""

from __future__ import annotations

from plantroom.app.foundation import Foundation
from rules.dispatch import Dispatcher
from rules.schedule import Jobs


def jobs_on(foundation: Foundation, dispatcher: Dispatcher) -> Jobs:
    """The jobs, none of them running."""
    return Jobs(
        database=foundation.database,
        store=foundation.store,
        catalogue=foundation.catalogue,
        table=foundation.table,
        dispatcher=dispatcher,
        metrics=foundation.metrics,
        clock=foundation.clock,
        retention=foundation.settings.ingest.retention,
        levels=foundation.levels,
    )

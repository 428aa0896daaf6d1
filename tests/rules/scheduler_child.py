"""A scheduler that is started beside another, both of them doing their jobs as fast as they can.

python scheduler_child.py DATABASE_URL GO_FILE START TURNS
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plantroom.errors import StoreError
from plantroom.metrics import Metrics
from plantroom.service_levels import ServiceLevels
from plantroom.stores.records import Database
from plantroom.stores.records.property import load_table
from plantroom.times import DAY
from rules.dispatch import Dispatcher
from rules.schedule import Jobs
from tests.plantroom.records.kit import catalogue

PERIOD = 11 * DAY


def jobs_at(database: Database, start: int, turn: int) -> list[Callable[[], int]]:
    """The jobs that bear on orders, plans first, at the time of the turn."""
    with database.session() as session:
        table = load_table(session, catalogue())
    metrics, unread = Metrics(), Any
    jobs = Jobs(
        database=database,
        store=unread,  # type: ignore[arg-type] # none of these jobs reads it
        catalogue=catalogue(),
        table=lambda: table,
        dispatcher=Dispatcher(catalogue(), lambda: table, metrics),
        metrics=metrics,
        clock=lambda: start + turn * PERIOD,
        retention=DAY,
        levels=ServiceLevels(),
    )
    return [jobs.open_due_plans, jobs.bring_back_shelved, jobs.end_maintenance, jobs.settle_suppressed]


def main() -> None:
    """Do the jobs at each turn's time once the go file is there; a job that failed is done again."""
    database, go, start, turns = Database(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    jobs_at(database, start, 0)
    print("ready", flush=True)
    while not go.exists():
        time.sleep(0.001)
    opened = 0
    for turn in range(turns):
        for place, job in enumerate(jobs_at(database, start, turn)):
            opened += insisting(job) * (place == 0)
    print(opened, flush=True)


def insisting(job: Callable[[], int]) -> int:
    """What the job did, as the schedule would get it done in the end."""
    while True:
        try:
            return job()
        except StoreError:
            time.sleep(0.01)


if __name__ == "__main__":
    main()

"""Who should do an order, from what the database knows of people and of what they have in hand."""

from __future__ import annotations

from sqlalchemy.orm import Session

from plantroom.assignment import Proposal, Work, propose
from plantroom.stores.records import people
from plantroom.stores.records.tables import WorkOrderRow
from plantroom.times import Nanos


def proposal(session: Session, row: WorkOrderRow, now: Nanos) -> tuple[Proposal, ...]:
    """Every technician for the order, the best first, with the reasons."""
    work = Work(row.skill, row.site, row.priority)
    return propose(work, people.load_roster(session), people.load_loads(session), now)

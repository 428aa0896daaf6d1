"""What runs out: certificates, and the trainings that people must have passed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from plantroom.people.model import TRAINING_DAYS, Certificate, Technician, Training, TrainingDue, TrainingKind

WARN_DAYS = (60, 30, 7)
"""How many days before a certificate ends people are warned (practice: renewing takes a course)."""


def warning_stage(certificate: Certificate, today: date, warn_days: Sequence[int] = WARN_DAYS) -> int | None:
    """The smallest of `warn_days` within which it ends; 0 when it has ended; else None."""
    if certificate.expires_on is None:
        return None
    left = (certificate.expires_on - today).days
    if left < 0:
        return 0
    return min((days for days in warn_days if left <= days), default=None)


def training_due(technician: Technician, records: Iterable[Training]) -> tuple[TrainingDue, ...]:
    """Until when the technician must have passed each kind of training, the soonest first.

    Each counts from the one passed last, without one from the day they were hired; who has no such day and
    no record has nothing due, for nobody knows since when.
    """
    passed = [item for item in records if item.technician == technician.username and item.passed]
    found: list[TrainingDue] = []
    for kind, days in TRAINING_DAYS.items():
        last = max((item.held_on for item in passed if item.kind is kind), default=None)
        if kind is TrainingKind.INDUCTION and last is not None:
            continue
        since = last or technician.hired_on
        if since is not None:
            found.append(TrainingDue(technician.username, kind, since + timedelta(days=days)))
    return tuple(sorted(found, key=lambda item: (item.due_on, item.kind)))

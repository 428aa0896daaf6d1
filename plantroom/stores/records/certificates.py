"""Certificates that end soon: who has to renew what, told once for each stage."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from plantroom.notifications import NotificationKind
from plantroom.people import Roster, warning_stage
from plantroom.stores.records import outbox
from plantroom.stores.records.people import to_certificate
from plantroom.stores.records.people_tables import CertificateRow
from plantroom.times import Nanos

ENDED_DAYS = 30
"""How long after its end a certificate is still told of. No longer than the outbox knows what it has told."""


def warn(session: Session, roster: Roster, now: Nanos) -> int:
    """How many warnings are put into the outbox: one for each certificate and stage."""
    told = 0
    for row in session.scalars(select(CertificateRow).where(CertificateRow.expires_on.is_not(None))):
        item = roster.technician(row.technician)
        if item is None or not item.active or row.expires_on is None:
            continue
        today = roster.day_of(row.technician, now)
        stage = warning_stage(to_certificate(row), today)
        replaced = roster.certificate_for(row.technician, row.skill, today)
        renewed = replaced is not None and replaced.id != row.id
        if stage is None or renewed or (today - row.expires_on).days > ENDED_DAYS:
            continue
        team = roster.team(item.team)
        told += outbox.put(
            session,
            NotificationKind.CERTIFICATE_EXPIRES,
            f"certificate:{row.id}:{row.expires_on}:{stage}",
            site="",
            at=now,
            payload={
                "technician": row.technician,
                "certificate": row.name,
                "skill": row.skill,
                "expires_on": row.expires_on.isoformat(),
                "days": (row.expires_on - today).days,
                "people": [row.technician, *([team.lead] if team is not None and team.lead else [])],
            },
        )
    return told

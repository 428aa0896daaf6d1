"""What people are told of alarms and orders: written into the outbox with the change itself."""

from __future__ import annotations

from sqlalchemy.orm import Session

from plantroom.alarms import Severity
from plantroom.notifications import NotificationKind
from plantroom.stores.records import outbox
from plantroom.stores.records.tables import AlarmRow, WorkOrderRow


def tell_of_alarm(session: Session, row: AlarmRow, kind: NotificationKind) -> None:
    """Let people know; of one occurrence they hear once that it came and once that it went."""
    content = {
        "alarm": row.id,
        "equipment": row.equipment.key,
        "name": {"en": row.equipment.name_en, "zh": row.equipment.name_zh},
        "rule": row.rule,
        "severity": Severity(row.severity).name.lower(),
        "raised_ts": row.raised_ts,
    }
    key = f"alarm:{row.id}:{row.raised_ts}:{kind.value.partition('.')[2]}"
    outbox.put(session, kind, key, site=row.equipment.site, at=row.changed_at, payload=content)


def tell_of_order(session: Session, row: WorkOrderRow) -> None:
    """Let people know that it was opened."""
    content = {
        "order": row.id,
        "kind": row.kind,
        "title": {"en": row.title_en, "zh": row.title_zh},
        "priority": row.priority,
        "skill": row.skill,
        "due_at": row.due_at,
    }
    kind = NotificationKind.ORDER_OPENED
    outbox.put(session, kind, f"order:{row.id}:opened", site=row.site, at=row.opened_at, payload=content)

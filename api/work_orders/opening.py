"""An order from what a person asks for."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy.orm import Session

from api import problems
from api.context import Context
from api.work_orders import idempotency
from api.work_orders.schemas import REQUEST_HASH, NewOrder
from plantroom.errors import NotFoundError
from plantroom.model import Equipment, Text
from plantroom.service_levels import ServicePolicy
from plantroom.stores.records import property as properties
from plantroom.stores.records import users, work_orders
from plantroom.stores.records.tables import WorkOrderRow
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos
from plantroom.work_orders import OrderAction, OrderKind, Role


def open_by_hand(
    context: Context, session: Session, body: NewOrder, *, who: Identity, now: Nanos, key: str | None
) -> WorkOrderRow:
    """The new order.

    Raises: Refusal with 422 for a place that is not there or a due time that has passed.
    """
    item = _equipment(context, session, body)
    if body.due_at is not None and body.due_at <= now:
        raise problems.wrong("body.due_at", "must lie in the future")
    problem: dict[str, Any] = {}
    if body.description:
        problem["description"] = {"en": body.description, "zh": body.description}
    if key is not None:
        problem[REQUEST_HASH] = idempotency.hash_of(body)
    kind = OrderKind(body.kind)
    call = work_orders.Call(
        source=idempotency.source_of(who, key or secrets.token_hex(16)),
        ts=now,
        kind=kind,
        site=body.site,
        title=Text(body.title, body.title),
        priority=body.priority,
        skill=body.skill,
        equipment_id=None if item is None else item.id,
        problem=problem,
        checklist=tuple(_task(line) for line in body.checklist),
        due_at=body.due_at,
    )
    row, _ = work_orders.open_order(session, call, by=who.username, now=now)
    context.metrics.work_orders.labels(kind.value).inc()
    return row


def check_assignee(session: Session, username: str) -> None:
    """Nothing, if work can be given to this user.

    Raises: Refusal with 422.
    """
    try:
        row = users.get_user(session, username)
    except NotFoundError as failure:
        raise problems.wrong("body.assignee", f"there is no user {username!r}") from failure
    if not row.active or Role(row.role) < Role.TECHNICIAN or row.username != username:
        raise problems.wrong("body.assignee", f"{username!r} cannot be given work")


def check_reason(policy: ServicePolicy, action: OrderAction, reason: str) -> None:
    """Nothing, if an order can be held for this reason.

    Raises: Refusal with 422.
    """
    if action is not OrderAction.HOLD:
        raise problems.wrong("body.reason", "belongs to holding an order only")
    if reason not in policy.hold_reasons:
        known = ", ".join(policy.hold_reasons)
        raise problems.wrong("body.reason", f"there is no reason {reason!r}; these are: {known}")


def _equipment(context: Context, session: Session, body: NewOrder) -> Equipment | None:
    try:
        properties.get_site(session, body.site)
    except NotFoundError as failure:
        raise problems.wrong("body.site", f"there is no site {body.site!r}") from failure
    if body.equipment is None:
        return None
    item = context.table().equipment_by_path.get(f"{body.site}/{body.equipment}")
    if item is None or item.retired_at is not None:
        raise problems.wrong("body.equipment", f"the site has no equipment {body.equipment!r} in service")
    return item


def _task(line: str) -> dict[str, Any]:
    return {
        "en": line,
        "zh": line,
        "unit": None,
        "low": None,
        "high": None,
        "done": False,
        "value": None,
    }

"""Opening an order by hand so that asking twice has one effect."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Annotated

from fastapi import Header
from sqlalchemy.orm import Session

from api.problems import Refusal
from api.work_orders.schemas import REQUEST_HASH, NewOrder
from plantroom.stores.records import work_orders
from plantroom.stores.records.tables import WorkOrderRow
from plantroom.stores.records.users import Identity

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[A-Za-z0-9._~:-]{1,100}$",
        description="Made up by the caller, one for each order: asking again with it opens no second.",
        examples=["6f1c2a9e-0b6f-4a57-9a37-1f3f0c2d8e11"],
    ),
]


def source_of(who: Identity, key: str) -> str:
    """The call's source: the same for the same person and key."""
    return f"api:{who.username}:{key}"


def hash_of(body: NewOrder) -> str:
    """A hash of what was asked for."""
    return hashlib.sha256(body.model_dump_json().encode()).hexdigest()


def find(session: Session, source: str, body: NewOrder) -> WorkOrderRow | None:
    """The order that the same call opened before.

    Raises: Refusal with 422 where the key was used for something else.
    """
    seen = work_orders.find_occurrence(session, source)
    if seen is None:
        return None
    row = work_orders.get(session, seen.order_id)
    if row.problem.get(REQUEST_HASH) != hash_of(body):
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "idempotency",
            "this Idempotency-Key was used for another order; make up a new one for each",
            errors=[{"where": "header.Idempotency-Key", "what": "was used with another body"}],
        )
    return row

"""When people work, and when they are called."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import Parts, Technician
from api.people import common
from api.people.common import Edit, Entry
from api.people.personal import (
    OfTechnicianQuery,
    OnCallBody,
    OnCallOut,
    ShiftBody,
    ShiftExceptionBody,
    ShiftExceptionOut,
    ShiftOut,
)
from api.wire import IdPath, PageOf
from plantroom.stores.records.people_tables import OnCallRow, ShiftExceptionRow, ShiftRow

router = APIRouter(tags=["people"])


@router.get("/shifts", summary="List shifts")
def list_shifts(
    query: Annotated[OfTechnicianQuery, Query()], context: Parts, _who: Technician
) -> PageOf[ShiftOut]:
    """In the order in which they were entered."""
    rows = common.of(ShiftRow, query.technician)
    return common.page(context, rows, query, ShiftOut.model_validate, key=ShiftRow.id)


@router.post("/shifts", status_code=201, summary="Add a shift")
def create_shift(body: ShiftBody, entry: Entry) -> ShiftOut:
    """The new one has its id."""
    return entry.create(ShiftRow, body.values(), ShiftOut.model_validate)


@router.put("/shifts/{shift_id}", summary="Write a shift over")
def put_shift(shift_id: IdPath, body: ShiftBody, edit: Edit) -> ShiftOut:
    """Whole."""
    return edit.replace(ShiftRow, shift_id, body.values(), ShiftOut.model_validate)


@router.delete("/shifts/{shift_id}", status_code=204, summary="Remove a shift")
def delete_shift(shift_id: IdPath, edit: Edit) -> None:
    """What it was stays in the audit log."""
    edit.remove(ShiftRow, shift_id)


@router.get("/shift-exceptions", summary="List shift exceptions")
def list_exceptions(
    query: Annotated[OfTechnicianQuery, Query()], context: Parts, _who: Technician
) -> PageOf[ShiftExceptionOut]:
    """In the order in which they were entered."""
    rows = common.of(ShiftExceptionRow, query.technician)
    return common.page(context, rows, query, ShiftExceptionOut.model_validate, key=ShiftExceptionRow.id)


@router.post("/shift-exceptions", status_code=201, summary="Add a shift exception")
def create_exception(body: ShiftExceptionBody, entry: Entry) -> ShiftExceptionOut:
    """The new one has its id."""
    return entry.create(ShiftExceptionRow, body.values(), ShiftExceptionOut.model_validate)


@router.put("/shift-exceptions/{exception_id}", summary="Write a shift exception over")
def put_exception(exception_id: IdPath, body: ShiftExceptionBody, edit: Edit) -> ShiftExceptionOut:
    """Whole."""
    return edit.replace(ShiftExceptionRow, exception_id, body.values(), ShiftExceptionOut.model_validate)


@router.delete("/shift-exceptions/{exception_id}", status_code=204, summary="Remove a shift exception")
def delete_exception(exception_id: IdPath, edit: Edit) -> None:
    """What it was stays in the audit log."""
    edit.remove(ShiftExceptionRow, exception_id)


@router.get("/on-call", summary="List on-call duties")
def list_duties(
    query: Annotated[OfTechnicianQuery, Query()], context: Parts, _who: Technician
) -> PageOf[OnCallOut]:
    """In the order in which they begin."""
    rows = common.of(OnCallRow, query.technician)
    return common.page(
        context, rows, query, OnCallOut.model_validate, key=OnCallRow.id, by=OnCallRow.starts_at
    )


@router.post("/on-call", status_code=201, summary="Add an on-call duty")
def create_duty(body: OnCallBody, entry: Entry) -> OnCallOut:
    """The new one has its id."""
    return entry.create(OnCallRow, body.values(), OnCallOut.model_validate)


@router.put("/on-call/{duty_id}", summary="Write an on-call duty over")
def put_duty(duty_id: IdPath, body: OnCallBody, edit: Edit) -> OnCallOut:
    """Whole."""
    return edit.replace(OnCallRow, duty_id, body.values(), OnCallOut.model_validate)


@router.delete("/on-call/{duty_id}", status_code=204, summary="Remove an on-call duty")
def delete_duty(duty_id: IdPath, edit: Edit) -> None:
    """What it was stays in the audit log."""
    edit.remove(OnCallRow, duty_id)

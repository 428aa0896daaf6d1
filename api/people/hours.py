"""When people work, and when they are called."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.dependencies import Engineer, Now, Parts, Technician
from api.people import common
from api.people.personal import (
    OfTechnicianQuery,
    OnCallBody,
    OnCallOut,
    ShiftBody,
    ShiftExceptionBody,
    ShiftExceptionOut,
    ShiftOut,
)
from api.versions import IfMatch
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
def create_shift(body: ShiftBody, *, response: Response, context: Parts, now: Now, who: Engineer) -> ShiftOut:
    """The new one has its id."""
    return common.create(
        context,
        ShiftRow,
        body.values(),
        who=who,
        now=now,
        response=response,
        out=ShiftOut.model_validate,
    )


@router.put("/shifts/{shift_id}", summary="Write a shift over")
def put_shift(
    shift_id: IdPath,
    body: ShiftBody,
    *,
    response: Response,
    context: Parts,
    now: Now,
    who: Engineer,
    if_match: IfMatch = None,
) -> ShiftOut:
    """Whole."""
    return common.replace(
        context,
        ShiftRow,
        shift_id,
        body.values(),
        who=who,
        now=now,
        if_match=if_match,
        response=response,
        out=ShiftOut.model_validate,
    )


@router.delete("/shifts/{shift_id}", status_code=204, summary="Remove a shift")
def delete_shift(shift_id: IdPath, context: Parts, now: Now, who: Engineer, if_match: IfMatch = None) -> None:
    """What it was stays in the audit log."""
    common.remove(context, ShiftRow, shift_id, who=who, now=now, if_match=if_match)


@router.get("/shift-exceptions", summary="List shift exceptions")
def list_exceptions(
    query: Annotated[OfTechnicianQuery, Query()], context: Parts, _who: Technician
) -> PageOf[ShiftExceptionOut]:
    """In the order in which they were entered."""
    rows = common.of(ShiftExceptionRow, query.technician)
    return common.page(context, rows, query, ShiftExceptionOut.model_validate, key=ShiftExceptionRow.id)


@router.post("/shift-exceptions", status_code=201, summary="Add a shift exception")
def create_exception(
    body: ShiftExceptionBody, *, response: Response, context: Parts, now: Now, who: Engineer
) -> ShiftExceptionOut:
    """The new one has its id."""
    return common.create(
        context,
        ShiftExceptionRow,
        body.values(),
        who=who,
        now=now,
        response=response,
        out=ShiftExceptionOut.model_validate,
    )


@router.put("/shift-exceptions/{exception_id}", summary="Write a shift exception over")
def put_exception(
    exception_id: IdPath,
    body: ShiftExceptionBody,
    *,
    response: Response,
    context: Parts,
    now: Now,
    who: Engineer,
    if_match: IfMatch = None,
) -> ShiftExceptionOut:
    """Whole."""
    return common.replace(
        context,
        ShiftExceptionRow,
        exception_id,
        body.values(),
        who=who,
        now=now,
        if_match=if_match,
        response=response,
        out=ShiftExceptionOut.model_validate,
    )


@router.delete("/shift-exceptions/{exception_id}", status_code=204, summary="Remove a shift exception")
def delete_exception(
    exception_id: IdPath, context: Parts, now: Now, who: Engineer, if_match: IfMatch = None
) -> None:
    """What it was stays in the audit log."""
    common.remove(context, ShiftExceptionRow, exception_id, who=who, now=now, if_match=if_match)


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
def create_duty(
    body: OnCallBody, *, response: Response, context: Parts, now: Now, who: Engineer
) -> OnCallOut:
    """The new one has its id."""
    return common.create(
        context,
        OnCallRow,
        body.values(),
        who=who,
        now=now,
        response=response,
        out=OnCallOut.model_validate,
    )


@router.put("/on-call/{duty_id}", summary="Write an on-call duty over")
def put_duty(
    duty_id: IdPath,
    body: OnCallBody,
    *,
    response: Response,
    context: Parts,
    now: Now,
    who: Engineer,
    if_match: IfMatch = None,
) -> OnCallOut:
    """Whole."""
    return common.replace(
        context,
        OnCallRow,
        duty_id,
        body.values(),
        who=who,
        now=now,
        if_match=if_match,
        response=response,
        out=OnCallOut.model_validate,
    )


@router.delete("/on-call/{duty_id}", status_code=204, summary="Remove an on-call duty")
def delete_duty(duty_id: IdPath, context: Parts, now: Now, who: Engineer, if_match: IfMatch = None) -> None:
    """What it was stays in the audit log."""
    common.remove(context, OnCallRow, duty_id, who=who, now=now, if_match=if_match)

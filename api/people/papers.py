"""What people are certified for and trained in."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import Now, Parts, Technician
from api.people import common
from api.people.common import Edit, Entry
from api.people.personal import (
    CertificateBody,
    CertificateOut,
    CertificateQuery,
    OfTechnicianQuery,
    TrainingBody,
    TrainingOut,
)
from api.wire import IdPath, PageOf
from plantroom.stores.records.people_tables import CertificateRow, TrainingRow
from plantroom.times import to_datetime

router = APIRouter(tags=["people"])


@router.get("/certificates", summary="List certificates")
def list_certificates(
    query: Annotated[CertificateQuery, Query()], context: Parts, now: Now, _who: Technician
) -> PageOf[CertificateOut]:
    """In the order in which they were entered."""
    rows = common.of(CertificateRow, query.technician)
    if query.skill is not None:
        rows = rows.where(CertificateRow.skill == query.skill)
    if query.ends_within_days is not None:
        until = to_datetime(now).date() + timedelta(days=query.ends_within_days)
        rows = rows.where(CertificateRow.expires_on <= until)
    return common.page(context, rows, query, CertificateOut.model_validate, key=CertificateRow.id)


@router.post("/certificates", status_code=201, summary="Add a certificate")
def create_certificate(body: CertificateBody, entry: Entry) -> CertificateOut:
    """Who renews one adds another; of several the one that lasts longest counts."""
    return entry.create(CertificateRow, body.values(), CertificateOut.model_validate)


@router.put("/certificates/{certificate_id}", summary="Write a certificate over")
def put_certificate(certificate_id: IdPath, body: CertificateBody, edit: Edit) -> CertificateOut:
    """Whole."""
    return edit.replace(CertificateRow, certificate_id, body.values(), CertificateOut.model_validate)


@router.delete("/certificates/{certificate_id}", status_code=204, summary="Remove a certificate")
def delete_certificate(certificate_id: IdPath, edit: Edit) -> None:
    """What it was stays in the audit log."""
    edit.remove(CertificateRow, certificate_id)


@router.get("/training", summary="List training")
def list_training(
    query: Annotated[OfTechnicianQuery, Query()], context: Parts, _who: Technician
) -> PageOf[TrainingOut]:
    """In the order in which they were entered."""
    rows = common.of(TrainingRow, query.technician)
    return common.page(context, rows, query, TrainingOut.model_validate, key=TrainingRow.id)


@router.post("/training", status_code=201, summary="Add a training")
def create_training(body: TrainingBody, entry: Entry) -> TrainingOut:
    """The new one has its id."""
    return entry.create(TrainingRow, body.values(), TrainingOut.model_validate)


@router.put("/training/{training_id}", summary="Write a training over")
def put_training(training_id: IdPath, body: TrainingBody, edit: Edit) -> TrainingOut:
    """Whole."""
    return edit.replace(TrainingRow, training_id, body.values(), TrainingOut.model_validate)


@router.delete("/training/{training_id}", status_code=204, summary="Remove a training")
def delete_training(training_id: IdPath, edit: Edit) -> None:
    """What it was stays in the audit log."""
    edit.remove(TrainingRow, training_id)

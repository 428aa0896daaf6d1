"""Two people at one order: the version as an ETag, and If-Match."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Annotated

from fastapi import Header
from starlette.responses import Response

from api.problems import Refusal
from plantroom.stores.records.tables import WorkOrderRow

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1000,
        description="The ETag that the change is based on; refused with 412 if somebody was faster.",
        examples=['"3"'],
    ),
]
_TAG = re.compile(r'(W/)?"([^"]*)"')


def set_etag(response: Response, row: WorkOrderRow) -> None:
    """Put the order's version on the response."""
    response.headers["ETag"] = f'"{row.version}"'


def check(if_match: str | None, row: WorkOrderRow) -> None:
    """Nothing, where no version is asked for or the order has it. Call it inside the change's transaction.

    Raises: Refusal with 412. Source: RFC 9110 clause 13.1.1 (weak tags never match).
    """
    if if_match is None or if_match.strip() == "*":
        return
    strong = [tag for weak, tag in _TAG.findall(if_match) if not weak]
    if str(row.version) not in strong:
        raise Refusal(
            HTTPStatus.PRECONDITION_FAILED,
            "version",
            f"somebody changed the order meanwhile: it is at version {row.version}; look at it again",
            headers={"ETag": f'"{row.version}"'},
            version=row.version,
        )

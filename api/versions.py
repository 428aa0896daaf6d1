"""Two people at one thing: its version as an ETag, and If-Match."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Annotated, Any, Protocol

from fastapi import Header
from starlette.responses import Response

from api.problems import Refusal

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1000,
        description="The ETag that the change is based on; refused with 412 if somebody was faster.",
        examples=['"3"'],
    ),
]


class Versioned(Protocol):
    """A row whose version grows with every change."""

    version: Any


_TAG = re.compile(r'(W/)?"([^"]*)"')


def set_etag(response: Response, row: Versioned) -> None:
    """Put the row's version on the response."""
    response.headers["ETag"] = f'"{row.version}"'


def check(if_match: str | None, row: Versioned) -> None:
    """Nothing, where no version is asked for or the row has it. Call it inside the change's transaction.

    Raises: Refusal with 412. Source: RFC 9110 clause 13.1.1 (weak tags never match).
    """
    if if_match is None or if_match.strip() == "*":
        return
    strong = [tag for weak, tag in _TAG.findall(if_match) if not weak]
    if str(row.version) not in strong:
        raise Refusal(
            HTTPStatus.PRECONDITION_FAILED,
            "version",
            f"somebody changed it meanwhile: it is at version {row.version}; look at it again",
            headers={"ETag": f'"{row.version}"'},
            version=row.version,
        )


def refuse_absent(if_match: str | None) -> None:
    """Nothing, where no version is asked for of what is not there.

    Raises: Refusal with 412. Source: RFC 9110 clause 13.1.1 (any If-Match fails where there is nothing).
    """
    if if_match is not None:
        raise Refusal(HTTPStatus.PRECONDITION_FAILED, "version", "it is not there any more")

"""What stands at an address that is none of ours."""

from __future__ import annotations

from api.console.i18n import N_
from api.console.layout import Frame
from api.console.page import Page
from plantroom.errors import NotFoundError


async def build(made: Frame) -> None:
    """Say that there is nothing.

    Raises: NotFoundError, always.
    """
    raise NotFoundError(made.visit.path)


PAGE = Page("/{rest:path}", N_("Nothing here"), build)

"""What makes a function a page of the console: its address, who may see it, and what is shown instead."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from nicegui import ui
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.console.elements import Tag, link
from api.console.i18n import Translator
from api.console.layout import Frame, frame
from api.console.session import SCOPE_KEY, NotAllowedError, Visit, enter, login_address
from api.console.views.alarms import Lens
from api.console.views.standing import load_standing
from api.console.words import ROLE
from plantroom.errors import (
    ConflictError,
    NotFoundError,
    PlantroomError,
    StoreError,
    TransitionError,
)
from plantroom.work_orders import Role

log = logging.getLogger(__name__)
Build = Callable[[Frame], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it is, what it is called and who may see it."""

    path: str
    title: str
    build: Build
    role: Role = Role.VIEWER


def add(page: Page) -> None:
    """Register the page with NiceGUI, once in each language that the browser has to know of."""
    # the language of the document belongs to NiceGUI's page, so there is one for each
    spoken = {key: ui.page(page.path, language=name) for key, name in _LANGUAGE.items()}

    async def show(request: Request) -> None:
        await _show(request, page, spoken)

    spoken["en"](show)


_LANGUAGE: dict[str, Any] = {"en": "en-US", "zh": "zh-CN"}


async def _show(request: Request, page: Page, spoken: dict[str, ui.page]) -> None:
    client = ui.context.client
    if SCOPE_KEY not in request.scope:  # a file of ours or of NiceGUI's that is no longer there
        raise HTTPException(404)
    try:
        visit = await enter(request)
    except StoreError as failure:
        log.warning("%s: %s", page.path, failure)
        client.status_code = 503
        Tag("p", "notice notice-error", "The database is away. 数据库不可用。", role="alert")
        return
    client.page = spoken[visit.t.language]
    with frame(visit, visit.t(page.title)) as made:
        if not visit.may(page.role):
            client.status_code = 403
            _instead(
                visit,
                visit.t("You may not see this page"),
                visit.t("It takes the role {role}.", role=visit.t(ROLE[page.role])),
            )
            return
        await guarded(made, lambda: page.build(made), client)


async def guarded(made: Frame, build: Callable[[], Awaitable[None]], client: Any = None) -> None:
    """Build, or show what went wrong in its place: the page lives on either way."""
    visit, t = made.visit, made.visit.t
    try:
        made.show(await visit.shared("standing", load_standing))
        await build()
    except NotFoundError:
        if client is not None:
            client.status_code = 404
        _instead(visit, t("There is nothing here"), t("It may have been removed, or the address is wrong."))
    except StoreError as failure:
        log.warning("%s: %s", visit.path, failure)
        if client is not None:
            client.status_code = 503
        _instead(
            visit,
            t("The database is away"),
            t(
                "Plantroom runs, but its database does not answer. "
                "Nothing is lost: what comes in waits until it is back."
            ),
        )


def _instead(visit: Visit, title: str, text: str) -> None:
    t = visit.t
    with Tag("section", "panel"), Tag("div", "empty-state stacked"):
        Tag("h1", text=title)
        Tag("p", text=text, role="alert")
        with Tag("p", "actions").style("justify-content: center"):
            link(t("Try again"), visit.path, "button")
            link(t("Overview"), "/", "button")


async def attempt(visit: Visit, action: Awaitable[object], done: str) -> bool:
    """Whether the action worked; tells the visitor either way."""
    try:
        await action
    except NotAllowedError as refusal:
        if refusal.signed_out:
            ui.navigate.to(login_address(visit.path))
        say(visit.t("You may not do this."), error=True)
        return False
    except PlantroomError as failure:
        say(failure_text(visit.t, failure), error=True)
        return False
    if done:
        say(done)
    return True


def lens_of(visit: Visit) -> Lens:
    """What turns rows into what the visitor reads."""
    context = visit.context
    return Lens(visit.t, context.table(), context.catalogue, visit.identity.role, visit.now(), context.levels)


def failure_text(t: Translator, failure: PlantroomError) -> str:
    """What went wrong, and what to do about it."""
    if isinstance(failure, TransitionError):
        return t(
            "That is not possible in the state it is in now; somebody may have been faster. {detail}",
            detail=failure,
        )
    if isinstance(failure, ConflictError):
        return t("That is not possible: {detail}", detail=failure)
    if isinstance(failure, NotFoundError):
        return t("It is not there any more.")
    if isinstance(failure, StoreError):
        log.warning("%s", failure)
        return t("The database is away; nothing was changed. Try again in a moment.")
    log.error("%s: %s", type(failure).__name__, failure)
    return t("That did not work; the log says more.")


def say(text: str, *, error: bool = False) -> None:
    """Tell the visitor; an error stays longer and is read out at once."""
    ui.notify(
        text,
        type=None,
        color="grey-10" if not error else "red-10",
        position="bottom",
        group=False,
        timeout=8000 if error else 3000,
        icon="error" if error else "check",
        attrs={"role": "alert" if error else "status"},
    )

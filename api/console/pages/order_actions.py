"""What people do to work orders: exactly what the transition table allows them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import select as sql_select
from sqlalchemy.orm import Session

from api.console.elements import button
from api.console.forms import Ask, select
from api.console.i18n import N_
from api.console.page import attempt, say
from api.console.session import Visit
from api.console.views.orders import OrderDetail
from api.console.words import ORDER_ACTION
from plantroom.errors import ConflictError
from plantroom.stores.records import work_orders
from plantroom.stores.records.tables import UserRow, WorkOrderRow
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos
from plantroom.work_orders import TRANSITIONS, OrderAction, OrderState, Role

Changed = Callable[[], Awaitable[object]]
_MAIN = frozenset({OrderAction.START, OrderAction.RESUME, OrderAction.COMPLETE, OrderAction.CLOSE})
_NOTE = {
    OrderAction.HOLD: N_("What does it wait for?"),
    OrderAction.COMPLETE: N_("What was found and done?"),
    OrderAction.REOPEN: N_("Why is it not done?"),
    OrderAction.CANCEL: N_("Why is it not needed?"),
}


def buttons(visit: Visit, detail: OrderDetail, changed: Changed) -> None:
    """A button for each action that the state and the visitor's role allow."""
    state = detail.view.state
    for action in sorted(detail.actions, key=lambda item: item not in _MAIN):
        first = action in _MAIN or (action is OrderAction.ASSIGN and state is OrderState.OPEN)
        word = visit.t("Assign again") if _again(action, state) else visit.t(ORDER_ACTION[action])

        async def act(action: OrderAction = action) -> None:
            await _start(visit, detail, action, changed)

        button(word, act, "button-main" if first else "")


def _again(action: OrderAction, state: OrderState) -> bool:
    return action is OrderAction.ASSIGN and state is not OrderState.OPEN


async def _start(visit: Visit, detail: OrderDetail, action: OrderAction, changed: Changed) -> None:
    if action is OrderAction.ASSIGN:
        await _ask_assignee(visit, detail, changed)
    elif TRANSITIONS[action].needs_note:
        _ask_note(visit, detail, action, changed)
    else:
        await _move(visit, detail, action, changed)


async def _move(
    visit: Visit,
    detail: OrderDetail,
    action: OrderAction,
    changed: Changed,
    *,
    note: str = "",
    assignee: str | None = None,
) -> bool:
    def run(session: Session, who: Identity, now: Nanos) -> WorkOrderRow:
        if assignee is not None and assignee not in load_assignees(session):
            raise ConflictError(f"there is no {assignee!r} who could do it")
        return work_orders.move(
            session,
            detail.view.id,
            action,
            by=who.username,
            role=who.role,
            now=now,
            note=note,
            assignee=assignee,
        )

    done = await attempt(visit, visit.change(TRANSITIONS[action].role, run), visit.t("Done."))
    await changed()
    return done


def load_assignees(session: Session) -> dict[str, str]:
    """Username -> name of everybody who may do the work."""
    able = [role.value for role in Role if role >= Role.TECHNICIAN]
    rows = session.scalars(
        sql_select(UserRow).where(UserRow.active, UserRow.role.in_(able)).order_by(UserRow.name)
    )
    return {row.username: row.name for row in rows}


async def _ask_assignee(visit: Visit, detail: OrderDetail, changed: Changed) -> None:
    t = visit.t
    found: list[dict[str, str]] = []

    async def load() -> None:
        found.append(await visit.read(load_assignees))

    if not await attempt(visit, load(), ""):
        return
    people = found[0]
    mine = visit.identity.username
    chosen = {"name": detail.view.assignee or (mine if mine in people else next(iter(people), ""))}
    ask = Ask(t, t("Assign #{id}", id=detail.view.id))
    with ask.body:
        names = {key: f"{name} ({key})" if name != key else name for key, name in people.items()}
        select(t("To whom"), names, chosen["name"], lambda value: chosen.update(name=value))
    note = ask.add(t("Note"), long=True)

    async def go() -> bool:
        return await _move(
            visit, detail, OrderAction.ASSIGN, changed, note=note.text, assignee=chosen["name"]
        )

    ask.open(t("Assign"), go)


def _ask_note(visit: Visit, detail: OrderDetail, action: OrderAction, changed: Changed) -> None:
    t = visit.t
    open_tasks = sum(not task.done for task in detail.tasks)
    warning = ""
    if action is OrderAction.COMPLETE and open_tasks:
        warning = t.ngettext(
            "{n} line of the checklist is not answered.",
            "{n} lines of the checklist are not answered.",
            open_tasks,
        )
    ask = Ask(t, f"{t(ORDER_ACTION[action])}: #{detail.view.id}", warning)
    note = ask.add(t(_NOTE[action]), long=True, needed=True)

    async def go() -> bool:
        return await _move(visit, detail, action, changed, note=note.text)

    ask.open(t(ORDER_ACTION[action]), go)


async def comment(visit: Visit, order_id: int, text: str, changed: Changed) -> bool:
    """Whether the comment was added to the order's history."""
    if not text:
        say(visit.t("Write the comment first."), error=True)
        return False

    def run(session: Session, who: Identity, now: Nanos) -> WorkOrderRow:
        return work_orders.comment(session, order_id, text, by=who.username, now=now)

    done = await attempt(visit, visit.change(Role.TECHNICIAN, run), visit.t("Comment added."))
    await changed()
    return done

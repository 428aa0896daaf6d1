"""What people do to work orders: exactly what the transition table allows them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import select as sql_select
from sqlalchemy.orm import Session

from api.console.elements import Tag, button
from api.console.forms import Ask, check, select
from api.console.i18n import N_, Translator
from api.console.page import attempt, say
from api.console.rows import Part
from api.console.session import Visit
from api.console.views.orders import OrderDetail
from api.console.words import ORDER_ACTION
from plantroom.assignment import Proposal
from plantroom.errors import ConflictError
from plantroom.stores.records import order_levels, staffing, work_orders
from plantroom.stores.records.tables import UserRow, WorkOrderRow
from plantroom.stores.records.users import Identity
from plantroom.times import Nanos
from plantroom.work_orders import TRANSITIONS, OrderAction, OrderState, Role

Changed = Callable[[], Awaitable[object]]
Candidates = tuple[dict[str, str], dict[str, Proposal]]
"""Username -> name, the proposed first; and what is proposed."""
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
    if detail.open and visit.may(Role.ENGINEER):
        button(visit.t("Change priority"), lambda: _ask_classification(visit, detail, changed))


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
    reason: str = "",
) -> bool:
    levels = visit.context.levels

    def run(session: Session, who: Identity, now: Nanos) -> WorkOrderRow:
        if assignee is not None and assignee not in load_assignees(session):
            raise ConflictError(f"there is no {assignee!r} who could do it")
        row = work_orders.move(
            session,
            detail.view.id,
            action,
            by=who.username,
            role=who.role,
            now=now,
            note=note,
            assignee=assignee,
            reason=reason,
        )
        order_levels.shift_due(session, row, levels, now)
        return row

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
    found: list[Candidates] = []

    async def load() -> None:
        found.append(await visit.read(lambda session: _load_candidates(session, detail.view.id, visit.now())))

    if not await attempt(visit, load(), ""):
        return
    people, proposals = found[0]
    best = next((name for name in people if name in proposals and proposals[name].fit), "")
    mine = visit.identity.username
    own = mine if mine in people else next(iter(people), "")
    chosen = {"name": detail.view.assignee or best or own}
    ask = Ask(t, t("Assign #{id}", id=detail.view.id))
    with ask.body:
        names = {key: f"{name} ({key})" if name != key else name for key, name in people.items()}
        if best:
            names[best] = t("{name}, proposed", name=names[best])

        def choose(value: str) -> None:
            chosen.update(name=value)
            reasons.show(value, lambda: _reasons(t, proposals.get(value)))

        select(t("To whom"), names, chosen["name"], choose)
        reasons = Part("small")
        reasons.show(chosen["name"], lambda: _reasons(t, proposals.get(chosen["name"])))
    note = ask.add(t("Note"), long=True)

    async def go() -> bool:
        return await _move(
            visit, detail, OrderAction.ASSIGN, changed, note=note.text, assignee=chosen["name"]
        )

    ask.open(t("Assign"), go)


def _load_candidates(session: Session, order_id: int, now: Nanos) -> Candidates:
    proposals = staffing.proposal(session, work_orders.get(session, order_id), now)
    everybody = load_assignees(session)
    ranked = [item.username for item in proposals if item.username in everybody]
    ordered = {name: everybody[name] for name in dict.fromkeys([*ranked, *everybody])}
    return ordered, {item.username: item for item in proposals}


def _reasons(t: Translator, proposal: Proposal | None) -> None:
    """What speaks for and against somebody; nothing is known of who is no technician."""
    if proposal is None:
        Tag("p", "soft", t("Not entered as a technician: skills and hours are not known."))
        return
    if not proposal.fit:
        Tag("p", "notice notice-error", t("Should not do it: {reason}", reason=t.text(proposal.reasons[0])))
    with Tag("ul", "reasons"):
        for reason in proposal.reasons:
            Tag("li", text=t.text(reason))


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
    chosen = {"reason": ""}
    if action is OrderAction.HOLD:
        _choose_reason(visit, ask, chosen)
    note = ask.add(t(_NOTE[action]), long=True, needed=True)

    async def go() -> bool:
        return await _move(visit, detail, action, changed, note=note.text, reason=chosen["reason"])

    ask.open(t(ORDER_ACTION[action]), go)


def _choose_reason(visit: Visit, ask: Ask, chosen: dict[str, str]) -> None:
    """Let the visitor say why, and say whether the clocks stand still meanwhile."""
    t, reasons = visit.t, visit.context.levels.policy.hold_reasons
    chosen["reason"] = next(iter(reasons))

    def words() -> str:
        if reasons[chosen["reason"]].pauses:
            return t("The clocks stand still meanwhile.")
        return t("The clocks go on meanwhile.")

    def choose(value: str) -> None:
        chosen["reason"] = value
        effect.put_text(words())

    with ask.body:
        select(
            t("Reason"), {key: t.text(item.name) for key, item in reasons.items()}, chosen["reason"], choose
        )
        effect = Tag("p", "small soft", words(), role="status")


def _ask_classification(visit: Visit, detail: OrderDetail, changed: Changed) -> None:
    t, view = visit.t, detail.view
    chosen = {"priority": str(view.priority)}
    major = {"is": detail.major}
    explanation = t("A major fault takes parts, a contractor or a shutdown, and has more time.")
    ask = Ask(t, t("Change priority: #{id}", id=view.id), explanation)
    with ask.body:
        options = {str(n): f"P{n}" for n in range(1, 6)}
        select(t("Priority"), options, chosen["priority"], lambda value: chosen.update(priority=value))
        name = t("Major fault")
        check(name, value=detail.major, on_change=lambda ticked: major.update({"is": ticked}), shown=name)
    note = ask.add(t("Why?"), long=True, needed=True)

    def run(session: Session, who: Identity, now: Nanos) -> WorkOrderRow:
        row = work_orders.classify(
            session,
            view.id,
            by=who.username,
            now=now,
            note=note.text,
            priority=int(chosen["priority"]),
            major=major["is"],
        )
        order_levels.shift_due(session, row, visit.context.levels, now)
        return row

    async def go() -> bool:
        done = await attempt(visit, visit.change(Role.ENGINEER, run), t("Done."))
        await changed()
        return done

    ask.open(t("Change"), go)


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

"""The clocks of work orders: replayed from their history, followed every minute, told once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from plantroom.notifications import NotificationKind
from plantroom.people import Roster
from plantroom.service_levels import (
    Clock,
    ClockKind,
    DueStep,
    LogEntry,
    Moment,
    OrderAtHand,
    OrderFacts,
    Origin,
    ServiceLevels,
    due_steps,
    moment_key,
    next_look,
    next_step,
)
from plantroom.stores.records import outbox, work_orders
from plantroom.stores.records.people_tables import OrderWatchRow
from plantroom.stores.records.tables import OrderEventRow, WorkOrderRow
from plantroom.times import Nanos
from plantroom.work_orders import OPEN_STATES, OrderAction, OrderKind, OrderState, Role

CLOCK = "clock"
"""Who writes warnings and breaches into the history."""
MACHINES = frozenset({"rules", "plan", "process", CLOCK})
"""Who acts where no person does."""
NEVER: Nanos = 2**62
BATCH = 500
"""How many orders one turn looks at; the rest is looked at in the next."""
_OPEN = [state.value for state in OPEN_STATES]


@dataclass(frozen=True, slots=True)
class Told:
    """What the clocks of an order brought at one look."""

    order_id: int
    moments: tuple[tuple[ClockKind, Moment], ...]
    steps: tuple[DueStep, ...]


def facts_of(row: WorkOrderRow) -> OrderFacts:
    """What of the order decides which clocks it has."""
    origin = Origin.RULE if row.rule else Origin.PLAN if row.plan else Origin.PERSON
    return OrderFacts(OrderKind(row.kind), origin, row.priority, row.major)


def log_entry(row: OrderEventRow) -> LogEntry:
    """The line of history as the clocks read it."""
    return LogEntry(
        at=row.at,
        action=row.action,
        by_person=row.by not in MACHINES,
        priority=row.priority,
        major=row.major,
        reason=row.reason,
    )


def clocks_of(
    session: Session, rows: Sequence[WorkOrderRow], levels: ServiceLevels, now: Nanos
) -> dict[int, tuple[Clock, ...]]:
    """Id of each order -> its clocks at `now`. One query, however many orders."""
    logs = _logs(session, [row.id for row in rows])
    return {row.id: _replay(row, logs[row.id], levels, now) for row in rows}


def _logs(session: Session, ids: Iterable[int]) -> Mapping[int, list[OrderEventRow]]:
    logs: dict[int, list[OrderEventRow]] = defaultdict(list)
    query = select(OrderEventRow).where(OrderEventRow.order_id.in_(list(ids))).order_by(OrderEventRow.id)
    for event in session.scalars(query):
        logs[event.order_id].append(event)
    return logs


def _replay(
    row: WorkOrderRow, log: Sequence[OrderEventRow], levels: ServiceLevels, now: Nanos
) -> tuple[Clock, ...]:
    return levels.replay(row.site, facts_of(row), [log_entry(event) for event in log], now)


def shift_due(session: Session, row: WorkOrderRow, levels: ServiceLevels, now: Nanos) -> None:
    """Let the order be due as much later as the hold that ends now has paused its clocks; or, after a change
    of priority, when its resolution is. Call it after the change."""
    newest, *before = work_orders.history_of(session, row.id)
    clocks = {clock.kind: clock for clock in clocks_of(session, [row], levels, now)[row.id]}
    resolution = clocks.get(ClockKind.RESOLUTION)
    if newest.action == "classify":
        if resolution is not None and resolution.due_at is not None:
            row.due_at = resolution.due_at
        return
    held = next((event for event in before if event.action in _MOVES), None)
    if newest.from_state == OrderState.ON_HOLD and held is not None and levels.policy.pauses(held.reason):
        row.due_at += max(0, newest.at - held.at)


_MOVES = frozenset(action.value for action in OrderAction)


def waiting_ids(session: Session, now: Nanos, limit: int = BATCH) -> list[int]:
    """The orders that need a look: their time has come, or they have changed since the last."""
    seen = OrderWatchRow
    query = (
        select(WorkOrderRow.id)
        .outerjoin(OrderWatchRow, OrderWatchRow.order_id == WorkOrderRow.id)
        .where(
            or_(
                seen.order_id.is_(None),
                seen.version != WorkOrderRow.version,
                and_(WorkOrderRow.state.in_(_OPEN), seen.at <= now),
            )
        )
        .order_by(WorkOrderRow.id)
        .limit(limit)
    )
    return list(session.scalars(query))


@dataclass(frozen=True, slots=True)
class Follower:
    """Looks at orders at one moment: each warning, breach and step of escalation is written into the history
    and told once, however often and by however many one looks."""

    levels: ServiceLevels
    roster: Roster
    holders: Mapping[Role, Sequence[str]]
    now: Nanos

    def look(self, session: Session, order_id: int) -> Told | None:
        """What the order's clocks have brought since the last look; None for nothing."""
        row = work_orders.take(session, order_id)  # of two that look, the second sees what the first wrote
        log = _logs(session, [row.id])[row.id]
        done = {event.key for event in log if event.key is not None}
        clocks = _replay(row, log, self.levels, self.now)
        order = self._at_hand(row)
        chain = self.levels.policy.escalation
        moments = tuple(
            (clock.kind, moment)
            for clock in clocks
            for moment, at in ((Moment.WARNING, clock.warned_at), (Moment.BREACH, clock.breached_at))
            if at is not None and moment_key(clock.kind, moment) not in done
        )
        for kind, moment in moments:
            self._write(session, row, moment.value, moment_key(kind, moment), note="")
        steps = due_steps(
            chain, order, clocks, roster=self.roster, holders=self.holders, now=self.now, done=done
        )
        for step in steps:
            self._write(session, row, "escalate", step.key, note=", ".join(step.people))
            self._tell(session, row, step)
        after = next_step(chain, order, clocks, now=self.now, done=done)
        self._keep(
            session, row, min((at for at in (next_look(clocks), after) if at is not None), default=NEVER)
        )
        return Told(row.id, moments, steps) if moments or steps else None

    def _at_hand(self, row: WorkOrderRow) -> OrderAtHand:
        team = self.roster.team_for(row.skill)
        return OrderAtHand(
            priority=row.priority,
            team=None if team is None else team.key,
            assignee=row.assignee,
            open=OrderState(row.state) in OPEN_STATES,
        )

    def _write(self, session: Session, row: WorkOrderRow, action: str, key: str, *, note: str) -> None:
        # the order itself stays as it is, with its version: nobody who is changing it is in the way
        session.add(
            OrderEventRow(
                order_id=row.id,
                at=self.now,
                by=CLOCK,
                action=action,
                from_state=row.state,
                to_state=row.state,
                note=note,
                priority=row.priority,
                major=row.major,
                key=key,
            )
        )
        session.flush()

    def _tell(self, session: Session, row: WorkOrderRow, step: DueStep) -> None:
        kind = (
            NotificationKind.ORDER_WARNING if step.when is Moment.WARNING else NotificationKind.ORDER_BREACH
        )
        content = {
            "order": row.id,
            "title": {"en": row.title_en, "zh": row.title_zh},
            "priority": row.priority,
            "clock": step.clock.value,
            "step": step.key,
            "people": list(step.people),
            "fallback": step.fallback,
            "due_at": row.due_at,
        }
        outbox.put(session, kind, f"order:{row.id}:{step.key}", site=row.site, at=self.now, payload=content)

    def _keep(self, session: Session, row: WorkOrderRow, at: Nanos) -> None:
        watch = session.get(OrderWatchRow, row.id)
        if watch is None:
            session.add(OrderWatchRow(order_id=row.id, version=row.version, at=at))
        else:
            watch.version, watch.at = row.version, at
        session.flush()

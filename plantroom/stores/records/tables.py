"""The tables. Every time is an integer: nanoseconds since 1970, UTC."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from plantroom.work_orders import OPEN_STATES

Name = String(64)
Line = String(300)


class Base(DeclarativeBase):
    """The metadata that migrations are compared with."""

    type_annotation_map = {int: BigInteger(), dict[str, Any]: JSON(), list[Any]: JSON()}  # noqa: RUF012


# SQLite gives automatic ids only to INTEGER keys
Id = BigInteger().with_variant(Integer, "sqlite")


class SiteRow(Base):
    __tablename__ = "sites"

    key: Mapped[str] = mapped_column(Name, primary_key=True)
    name_en: Mapped[str] = mapped_column(Line)
    name_zh: Mapped[str] = mapped_column(Line)
    zone: Mapped[str] = mapped_column(Name)


class SpaceRow(Base):
    __tablename__ = "spaces"

    site: Mapped[str] = mapped_column(ForeignKey("sites.key"), primary_key=True)
    key: Mapped[str] = mapped_column(Name, primary_key=True)
    parent: Mapped[str | None] = mapped_column(Name)
    name_en: Mapped[str] = mapped_column(Line)
    name_zh: Mapped[str] = mapped_column(Line)


class EquipmentRow(Base):
    __tablename__ = "equipment"
    __table_args__ = (UniqueConstraint("site", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    site: Mapped[str] = mapped_column(ForeignKey("sites.key"), index=True)
    key: Mapped[str] = mapped_column(Name)
    equipment_class: Mapped[str] = mapped_column(Name, index=True)
    name_en: Mapped[str] = mapped_column(Line)
    name_zh: Mapped[str] = mapped_column(Line)
    criticality: Mapped[str] = mapped_column(String(1))
    space: Mapped[str | None] = mapped_column(Name)
    location: Mapped[str] = mapped_column(Line)
    served_by: Mapped[str | None] = mapped_column(Name)
    parent: Mapped[str | None] = mapped_column(Name)
    maker: Mapped[str] = mapped_column(Line)
    model: Mapped[str] = mapped_column(Line)
    serial: Mapped[str] = mapped_column(Line)
    installed_on: Mapped[date | None]
    design_life_years: Mapped[float | None]
    parameters: Mapped[dict[str, Any]]
    point_overrides: Mapped[dict[str, Any]]
    rule_overrides: Mapped[dict[str, Any]]
    commissioned_at: Mapped[int]
    retired_at: Mapped[int | None]


class PointRow(Base):
    """A point's lasting id; what the point is stands in the catalogue and the equipment's overrides."""

    __tablename__ = "points"
    __table_args__ = (UniqueConstraint("equipment_id", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("equipment.id"))
    key: Mapped[str] = mapped_column(Name)


class AlarmRow(Base):
    """One fault rule on one equipment, through all its occurrences."""

    __tablename__ = "alarms"
    __table_args__ = (UniqueConstraint("equipment_id", "rule"), Index("ix_alarms_state", "state", "severity"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("equipment.id"))
    rule: Mapped[str] = mapped_column(Name)
    severity: Mapped[int]
    latching: Mapped[bool]
    state: Mapped[str] = mapped_column(String(32))
    active: Mapped[bool]
    raised_ts: Mapped[int | None] = mapped_column(index=True)
    cleared_ts: Mapped[int | None]
    process_ts: Mapped[int]
    occurrences: Mapped[int]
    acknowledged_at: Mapped[int | None]
    acknowledged_by: Mapped[str | None] = mapped_column(Name)
    shelved_until: Mapped[int | None]
    latched: Mapped[bool] = mapped_column(default=False)
    """Whether the latch is set: raised, and not reset since."""
    root_alarm_id: Mapped[int | None] = mapped_column(index=True)
    """The active alarm that explains this one, itself explained by none; alarms are never deleted."""
    chattered_ts: Mapped[int | None]
    """Reading time of the last raise that was one too many within a minute."""
    readings: Mapped[dict[str, Any]]
    """The rule's readings when it was last raised."""
    changed_at: Mapped[int] = mapped_column(index=True)
    equipment: Mapped[EquipmentRow] = relationship(lazy="joined", innerjoin=True)


class AlarmEventRow(Base):
    """One change of an alarm: append only."""

    __tablename__ = "alarm_events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarms.id"), index=True)
    at: Mapped[int] = mapped_column(index=True)
    event: Mapped[str] = mapped_column(String(32))
    from_state: Mapped[str] = mapped_column(String(32))
    to_state: Mapped[str] = mapped_column(String(32))
    by: Mapped[str] = mapped_column(Name)
    note: Mapped[str] = mapped_column(Text)
    readings: Mapped[dict[str, Any]]


class FeedbackRow(Base):
    """What people say of one occurrence of an alarm; the last word stands."""

    __tablename__ = "alarm_feedback"

    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarms.id"), primary_key=True)
    raised_ts: Mapped[int] = mapped_column(primary_key=True)
    judgement: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Name)
    at: Mapped[int]


class FloodRow(Base):
    """A time in which one site's alarms were too many to follow; it runs until `ends_ts`."""

    __tablename__ = "alarm_floods"
    __table_args__ = (Index("ix_alarm_floods_site", "site", "started_ts"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    site: Mapped[str] = mapped_column(ForeignKey("sites.key"))
    started_ts: Mapped[int]
    ends_ts: Mapped[int]
    raises: Mapped[int]
    peak: Mapped[int]
    """The most raises in any 10 min."""


class MaintenanceModeRow(Base):
    """Equipment or a space whose alarms are out of service for some time; kept after its end."""

    __tablename__ = "maintenance_modes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    site: Mapped[str] = mapped_column(ForeignKey("sites.key"), index=True)
    equipment_id: Mapped[int | None] = mapped_column(ForeignKey("equipment.id"))
    space: Mapped[str | None] = mapped_column(Name)
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Name)
    started_at: Mapped[int]
    until: Mapped[int]
    ended_at: Mapped[int | None] = mapped_column(index=True)
    ended_by: Mapped[str | None] = mapped_column(Name)
    equipment: Mapped[EquipmentRow | None] = relationship(lazy="joined")


_WAITING = text("sent_at IS NULL AND dead_at IS NULL")
_OPEN = ", ".join(sorted(f"'{state}'" for state in OPEN_STATES))


class WorkOrderRow(Base):
    __tablename__ = "work_orders"
    __table_args__ = (
        # exactly one open order per equipment and fault, held by the database itself
        Index(
            "uq_work_orders_open_fault",
            "equipment_id",
            "fault",
            unique=True,
            sqlite_where=text(f"fault IS NOT NULL AND state IN ({_OPEN})"),
            postgresql_where=text(f"fault IS NOT NULL AND state IN ({_OPEN})"),
        ),
        Index("ix_work_orders_state", "state", "priority"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    site: Mapped[str] = mapped_column(ForeignKey("sites.key"), index=True)
    equipment_id: Mapped[int | None] = mapped_column(ForeignKey("equipment.id"), index=True)
    rule: Mapped[str | None] = mapped_column(Name)
    """The fault rule that opened it; others of its fault may have joined."""
    fault: Mapped[str | None] = mapped_column(Name)
    plan: Mapped[str | None] = mapped_column(Name)
    title_en: Mapped[str] = mapped_column(Line)
    title_zh: Mapped[str] = mapped_column(Line)
    problem: Mapped[dict[str, Any]]
    """Texts by language: what is wrong, why it matters, what to do."""
    priority: Mapped[int]
    major: Mapped[bool] = mapped_column(default=False)
    """Whether an engineer has found that it takes parts, a contractor or a shutdown."""
    skill: Mapped[str] = mapped_column(Name)
    state: Mapped[str] = mapped_column(String(16))
    assignee: Mapped[str | None] = mapped_column(Name)
    checklist: Mapped[list[Any]]
    readings: Mapped[dict[str, Any]]
    opened_at: Mapped[int] = mapped_column(index=True)
    due_at: Mapped[int]
    started_at: Mapped[int | None]
    completed_at: Mapped[int | None]
    closed_at: Mapped[int | None]
    changed_at: Mapped[int] = mapped_column(index=True)
    opened_by: Mapped[str] = mapped_column(Name)
    version: Mapped[int]
    equipment: Mapped[EquipmentRow | None] = relationship(lazy="joined")


class OccurrenceRow(Base):
    """What called for an order; its key is unique, so that a repeated call has no second effect."""

    __tablename__ = "order_occurrences"

    source: Mapped[str] = mapped_column(String(200), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("work_orders.id"), index=True)
    ts: Mapped[int]


class OrderEventRow(Base):
    """One change of a work order, with who, when and why: append only."""

    __tablename__ = "order_events"
    __table_args__ = (Index("uq_order_events_key", "order_id", "key", unique=True),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("work_orders.id"), index=True)
    at: Mapped[int]
    by: Mapped[str] = mapped_column(Name)
    action: Mapped[str] = mapped_column(String(16))
    from_state: Mapped[str] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Name, default="")
    """Of a hold: one of the service levels' reasons."""
    priority: Mapped[int | None]
    """The order's from then on, as `major`: its clocks are replayed from them."""
    major: Mapped[bool | None]
    key: Mapped[str | None] = mapped_column(String(100))
    """Of what happens to an order only once."""


class PlanRow(Base):
    """How far a maintenance plan of one equipment has come."""

    __tablename__ = "plans"

    equipment_id: Mapped[int] = mapped_column(ForeignKey("equipment.id"), primary_key=True)
    plan: Mapped[str] = mapped_column(Name, primary_key=True)
    last_due: Mapped[int | None]
    last_done: Mapped[int | None]


class UserRow(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    username: Mapped[str] = mapped_column(Name, unique=True)
    name: Mapped[str] = mapped_column(Line)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16))
    active: Mapped[bool]
    language: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[int]
    failures: Mapped[int]
    locked_until: Mapped[int | None]


class SessionRow(Base):
    """A browser's sign-in; only a hash of its secret is kept."""

    __tablename__ = "sessions"

    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[int]
    seen_at: Mapped[int]
    user: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)


class TokenRow(Base):
    """A program's key; only a hash is kept, and it may do no more than `role`."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Line)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[int]
    expires_at: Mapped[int]
    used_at: Mapped[int | None]
    user: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)


class QuarantineRow(Base):
    __tablename__ = "quarantine"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    received_at: Mapped[int]
    topic: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Name, index=True)
    message: Mapped[str] = mapped_column(Text)
    head: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int]


class DiscoveredRow(Base):
    """A device found on other people's topics, and what was decided about it."""

    __tablename__ = "discovered"
    __table_args__ = (UniqueConstraint("layout", "site", "device"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    layout: Mapped[str] = mapped_column(Name)
    site: Mapped[str] = mapped_column(Name)
    device: Mapped[str] = mapped_column(Line)
    name: Mapped[str] = mapped_column(Text)
    maker: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    fields: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(16), index=True)
    targets: Mapped[dict[str, Any]]
    first_seen_at: Mapped[int]
    last_seen_at: Mapped[int]
    decided_at: Mapped[int | None]
    decided_by: Mapped[str | None] = mapped_column(Name)


class CheckpointRow(Base):
    """The rules' state, so that a delay that was running goes on after a restart."""

    __tablename__ = "checkpoints"

    name: Mapped[str] = mapped_column(Name, primary_key=True)
    at: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class AuditRow(Base):
    """Who changed what: append only."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[int] = mapped_column(index=True)
    by: Mapped[str] = mapped_column(Name)
    action: Mapped[str] = mapped_column(Name)
    subject: Mapped[str] = mapped_column(Line)
    detail: Mapped[dict[str, Any]]


class OutboxRow(Base):
    """A notification that a committed change calls for; kept for some time after it was handed over."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_waiting", "next_try_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    site: Mapped[str] = mapped_column(Name)
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[int]
    attempts: Mapped[int]
    next_try_at: Mapped[int]
    sent_at: Mapped[int | None]
    dead_at: Mapped[int | None]
    """When it was given up, for a person to look at."""
    error: Mapped[str] = mapped_column(Text)


class LeaseRow(Base):
    """Who does what only one process may do, and where to ask it; who takes over counts `epoch` on."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(Name, primary_key=True)
    epoch: Mapped[int]
    holder: Mapped[str] = mapped_column(Line)
    address: Mapped[str] = mapped_column(Line)
    secret: Mapped[str] = mapped_column(Name)
    """What the holder wants to hear from those who ask: whoever reads this database may."""
    since: Mapped[int]


class VersionRow(Base):
    """A number that grows with every change of what other processes hold in memory."""

    __tablename__ = "versions"

    name: Mapped[str] = mapped_column(Name, primary_key=True)
    number: Mapped[int]

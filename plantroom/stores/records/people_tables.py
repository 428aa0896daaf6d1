"""The tables of people: teams, technicians, skills, certificates, shifts, duty and training."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from plantroom.stores.records.tables import Base, Id, Line, Name

Clock = String(5)
"""A local time of day, HH:MM."""


class SkillRow(Base):
    __tablename__ = "skills"

    key: Mapped[str] = mapped_column(Name, primary_key=True)
    name_en: Mapped[str] = mapped_column(Line)
    name_zh: Mapped[str] = mapped_column(Line)
    certificate: Mapped[bool]
    version: Mapped[int]


class TeamRow(Base):
    __tablename__ = "teams"

    key: Mapped[str] = mapped_column(Name, primary_key=True)
    name_en: Mapped[str] = mapped_column(Line)
    name_zh: Mapped[str] = mapped_column(Line)
    skills: Mapped[list[Any]]
    zone: Mapped[str | None] = mapped_column(Name)
    """None: the zone of the first site."""
    lead: Mapped[str | None] = mapped_column(Name)
    version: Mapped[int]


class TechnicianRow(Base):
    """A user who does work; their name and whether they may sign in stand with the user."""

    __tablename__ = "technicians"

    username: Mapped[str] = mapped_column(ForeignKey("users.username"), primary_key=True)
    team: Mapped[str | None] = mapped_column(ForeignKey("teams.key"), index=True)
    skills: Mapped[list[Any]]
    sites: Mapped[list[Any]]
    """Empty: all."""
    active: Mapped[bool]
    hired_on: Mapped[date | None]
    version: Mapped[int]


class CertificateRow(Base):
    __tablename__ = "certificates"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    technician: Mapped[str] = mapped_column(ForeignKey("technicians.username"), index=True)
    skill: Mapped[str] = mapped_column(Name)
    name: Mapped[str] = mapped_column(Line)
    number: Mapped[str] = mapped_column(Line)
    issued_on: Mapped[date]
    expires_on: Mapped[date | None] = mapped_column(index=True)
    version: Mapped[int]


class ShiftRow(Base):
    __tablename__ = "shifts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    technician: Mapped[str] = mapped_column(ForeignKey("technicians.username"), index=True)
    days: Mapped[list[Any]]
    """0 Monday to 6 Sunday."""
    start: Mapped[str] = mapped_column(Clock)
    end: Mapped[str] = mapped_column(Clock)
    first: Mapped[date]
    last: Mapped[date | None]
    version: Mapped[int]


class ShiftExceptionRow(Base):
    __tablename__ = "shift_exceptions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    technician: Mapped[str] = mapped_column(ForeignKey("technicians.username"), index=True)
    day: Mapped[date]
    start: Mapped[str | None] = mapped_column(Clock)
    end: Mapped[str | None] = mapped_column(Clock)
    reason: Mapped[str] = mapped_column(Line)
    version: Mapped[int]


class OnCallRow(Base):
    __tablename__ = "on_call"
    __table_args__ = (Index("ix_on_call_team", "team", "ends_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    team: Mapped[str] = mapped_column(ForeignKey("teams.key"))
    technician: Mapped[str] = mapped_column(ForeignKey("technicians.username"), index=True)
    starts_at: Mapped[int]
    ends_at: Mapped[int]
    rank: Mapped[int]
    version: Mapped[int]


class TrainingRow(Base):
    __tablename__ = "training"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    technician: Mapped[str] = mapped_column(ForeignKey("technicians.username"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(Line)
    held_on: Mapped[date]
    passed: Mapped[bool]
    note: Mapped[str] = mapped_column(Text)
    version: Mapped[int]


class OrderWatchRow(Base):
    """When the clocks of an order need another look, as of a version of it. It can be found again from the
    order's history: an order that has no row, or has moved on, is looked at at once."""

    __tablename__ = "order_watches"

    order_id: Mapped[int] = mapped_column(ForeignKey("work_orders.id"), primary_key=True)
    version: Mapped[int]
    at: Mapped[int] = mapped_column(index=True)

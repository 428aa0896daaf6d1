"""People; what an order's clocks are replayed from, and when to look at them again"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.String(length=64)
_LINE = sa.String(length=300)


def upgrade() -> None:
    op.add_column("work_orders", sa.Column("major", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("order_events", sa.Column("reason", _NAME, nullable=False, server_default=""))
    op.add_column("order_events", sa.Column("priority", sa.BigInteger(), nullable=True))
    op.add_column("order_events", sa.Column("major", sa.Boolean(), nullable=True))
    op.add_column("order_events", sa.Column("key", sa.String(length=100), nullable=True))
    op.create_index("uq_order_events_key", "order_events", ["order_id", "key"], unique=True)
    _create_people()
    _create_times()
    op.create_table(
        "order_watches",
        sa.Column("order_id", _ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["work_orders.id"]),
        sa.PrimaryKeyConstraint("order_id"),
    )
    op.create_index("ix_order_watches_at", "order_watches", ["at"], unique=False)
    # what ended before there were clocks is not judged by them afterwards
    op.execute(
        "INSERT INTO order_watches (order_id, version, at) SELECT id, version, 4611686018427387904 "
        "FROM work_orders WHERE state IN ('completed', 'closed', 'cancelled')"
    )


def _create_people() -> None:
    op.create_table(
        "skills",
        sa.Column("key", _NAME, nullable=False),
        sa.Column("name_en", _LINE, nullable=False),
        sa.Column("name_zh", _LINE, nullable=False),
        sa.Column("certificate", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "teams",
        sa.Column("key", _NAME, nullable=False),
        sa.Column("name_en", _LINE, nullable=False),
        sa.Column("name_zh", _LINE, nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("zone", _NAME, nullable=True),
        sa.Column("lead", _NAME, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "technicians",
        sa.Column("username", _NAME, nullable=False),
        sa.Column("team", _NAME, nullable=True),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("sites", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("hired_on", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["users.username"]),
        sa.ForeignKeyConstraint(["team"], ["teams.key"]),
        sa.PrimaryKeyConstraint("username"),
    )
    op.create_index("ix_technicians_team", "technicians", ["team"], unique=False)


def _of_technician(
    table: str, *columns: sa.Column[Any], others: tuple[sa.ForeignKeyConstraint, ...] = ()
) -> None:
    op.create_table(
        table,
        sa.Column("id", _ID, nullable=False),
        sa.Column("technician", _NAME, nullable=False),
        *columns,
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["technician"], ["technicians.username"]),
        *others,
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(f"ix_{table}_technician", table, ["technician"], unique=False)


def _create_times() -> None:
    _of_technician(
        "certificates",
        sa.Column("skill", _NAME, nullable=False),
        sa.Column("name", _LINE, nullable=False),
        sa.Column("number", _LINE, nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
    )
    op.create_index("ix_certificates_expires_on", "certificates", ["expires_on"], unique=False)
    _of_technician(
        "shifts",
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("start", sa.String(length=5), nullable=False),
        sa.Column("end", sa.String(length=5), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=True),
    )
    _of_technician(
        "shift_exceptions",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("start", sa.String(length=5), nullable=True),
        sa.Column("end", sa.String(length=5), nullable=True),
        sa.Column("reason", _LINE, nullable=False),
    )
    _of_technician(
        "on_call",
        sa.Column("team", _NAME, nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        others=(sa.ForeignKeyConstraint(["team"], ["teams.key"]),),
    )
    op.create_index("ix_on_call_team", "on_call", ["team", "ends_at"], unique=False)
    _of_technician(
        "training",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title", _LINE, nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    for table in ("order_watches", "training", "on_call", "shift_exceptions", "shifts", "certificates"):
        op.drop_table(table)
    for table in ("technicians", "teams", "skills"):
        op.drop_table(table)
    op.drop_index("uq_order_events_key", table_name="order_events")
    for column in ("key", "major", "priority", "reason"):
        op.drop_column("order_events", column)
    op.drop_column("work_orders", "major")

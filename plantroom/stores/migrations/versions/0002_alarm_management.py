"""Parts of equipment; alarms under a root, latches, chattering, feedback, floods and maintenance modes"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # columns are added one by one: in SQLite a table that others refer to cannot be made anew
    op.add_column("equipment", sa.Column("parent", sa.String(length=64), nullable=True))
    op.add_column("alarms", sa.Column("latched", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("alarms", sa.Column("root_alarm_id", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("chattered_ts", sa.BigInteger(), nullable=True))
    op.create_index("ix_alarms_root_alarm_id", "alarms", ["root_alarm_id"], unique=False)
    op.create_index("ix_alarm_events_at", "alarm_events", ["at"], unique=False)
    # one that is latched or active has not been reset; of one set aside meanwhile nobody can say any more
    op.execute(
        "UPDATE alarms SET latched = latching "
        "WHERE active OR state IN ('latched_unacknowledged', 'latched_acknowledged')"
    )
    _create_feedback()
    _create_floods()
    _create_modes()


def _create_feedback() -> None:
    op.create_table(
        "alarm_feedback",
        sa.Column("alarm_id", _ID, nullable=False),
        sa.Column("raised_ts", sa.BigInteger(), nullable=False),
        sa.Column("judgement", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"]),
        sa.PrimaryKeyConstraint("alarm_id", "raised_ts"),
    )


def _create_floods() -> None:
    op.create_table(
        "alarm_floods",
        sa.Column("id", _ID, nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("started_ts", sa.BigInteger(), nullable=False),
        sa.Column("ends_ts", sa.BigInteger(), nullable=False),
        sa.Column("raises", sa.BigInteger(), nullable=False),
        sa.Column("peak", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["site"], ["sites.key"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_alarm_floods_site", "alarm_floods", ["site", "started_ts"], unique=False)


def _create_modes() -> None:
    op.create_table(
        "maintenance_modes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("site", sa.String(length=64), nullable=False),
        sa.Column("equipment_id", _ID, nullable=True),
        sa.Column("space", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["equipment_id"], ["equipment.id"]),
        sa.ForeignKeyConstraint(["site"], ["sites.key"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_maintenance_modes_ended_at", "maintenance_modes", ["ended_at"], unique=False)
    op.create_index("ix_maintenance_modes_site", "maintenance_modes", ["site"], unique=False)


def downgrade() -> None:
    op.drop_table("maintenance_modes")
    op.drop_table("alarm_floods")
    op.drop_table("alarm_feedback")
    op.drop_index("ix_alarm_events_at", table_name="alarm_events")
    op.drop_index("ix_alarms_root_alarm_id", table_name="alarms")
    for column in ("chattered_ts", "root_alarm_id", "latched"):
        op.drop_column("alarms", column)
    op.drop_column("equipment", "parent")

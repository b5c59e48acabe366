"""Orders changed from a day on keep the version before; laboratory tests go with an order."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":  # Adds the column in place: a rebuilt table would lose its checks.
        op.execute(
            "ALTER TABLE therapy ADD COLUMN replaces_id INTEGER "
            "CONSTRAINT fk_therapy_replaces_id_therapy REFERENCES therapy (id)"
        )
    else:
        op.add_column("therapy", sa.Column("replaces_id", types.Whole, nullable=True))
        op.create_foreign_key(
            op.f("fk_therapy_replaces_id_therapy"), "therapy", "therapy", ["replaces_id"], ["id"]
        )
    op.create_index("uq_therapy_replaces_id", "therapy", ["replaces_id"], unique=True)
    op.create_table(
        "therapy_lab",
        sa.Column("id", types.Whole, nullable=False),
        sa.Column("therapy_id", types.Whole, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_on", types.Day(), nullable=False),
        sa.Column("every_days", types.Whole, nullable=False),
        sa.Column("ended_on", types.Day(), nullable=True),
        sa.Column("version", types.Whole, nullable=False),
        sa.CheckConstraint("every_days > 0", name=op.f("ck_therapy_lab_every_days_positive")),
        sa.ForeignKeyConstraint(["therapy_id"], ["therapy.id"], name=op.f("fk_therapy_lab_therapy_id_therapy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_therapy_lab")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_therapy_lab_therapy_id"), "therapy_lab", ["therapy_id"], unique=False)

"""Items may be rationed while they are scarce, and a receipt's line on an order that was entered wrong taken back."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types
from infusion_desktop.database.append_only import protect

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("item", sa.Column("rationed", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "receipt_correction",
        sa.Column("id", types.Whole, nullable=False),
        sa.Column("receipt_line_id", types.Whole, nullable=False),
        sa.Column("move_id", types.Whole, nullable=True),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("staff_id", types.Whole, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["receipt_line_id"], ["receipt_line.id"], name=op.f("fk_receipt_correction_receipt_line_id_receipt_line")
        ),
        sa.ForeignKeyConstraint(["move_id"], ["move.id"], name=op.f("fk_receipt_correction_move_id_move")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_receipt_correction_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_correction")),
        sa.UniqueConstraint("receipt_line_id", name=op.f("uq_receipt_correction_receipt_line_id")),
        sqlite_strict=True,
    )
    for statement in protect("receipt_correction", op.get_bind().dialect.name):
        op.execute(statement)

"""Waste of drugs is kept by delivery, added to only; imported HCPCS codes are kept with their first and last day."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types
from infusion_desktop.database.append_only import protect

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "drug_waste",
        sa.Column("id", types.Whole, nullable=False),
        sa.Column("delivery_id", types.Whole, nullable=False),
        sa.Column("item_id", types.Whole, nullable=False),
        sa.Column("discarded", types.UnitCost(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reverses_id", types.Whole, nullable=True),
        sa.Column("recorded_at", types.Instant(), nullable=False),
        sa.Column("staff_id", types.Whole, nullable=False),
        sa.CheckConstraint("discarded <> 0", name=op.f("ck_drug_waste_something")),
        sa.CheckConstraint(
            "(discarded < 0) = (reverses_id IS NOT NULL)", name=op.f("ck_drug_waste_below_zero_takes_back")
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_drug_waste_delivery_id_delivery")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_drug_waste_item_id_item")),
        sa.ForeignKeyConstraint(["reverses_id"], ["drug_waste.id"], name=op.f("fk_drug_waste_reverses_id_drug_waste")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_drug_waste_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drug_waste")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_drug_waste_reverses_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_drug_waste_delivery_id", "drug_waste", ["delivery_id", "item_id"])
    op.create_table(
        "hcpcs_code",
        sa.Column("id", types.Whole, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("starts_on", types.Day(), nullable=False),
        sa.Column("ends_on", types.Day(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_hcpcs_code_ends_after_it_begins")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hcpcs_code")),
        sa.UniqueConstraint("code", name=op.f("uq_hcpcs_code_code")),
        sqlite_strict=True,
    )
    for statement in protect("drug_waste", op.get_bind().dialect.name):
        op.execute(statement)

"""Drugs of a delivery that were compounded into one preparation."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types
from infusion_desktop.database.append_only import protect

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table('drug_compound',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('delivery_id', types.Whole, nullable=False),
    sa.Column('item_id', types.Whole, nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('recorded_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_drug_compound_delivery_id_delivery')),
    sa.ForeignKeyConstraint(['item_id'], ['item.id'], name=op.f('fk_drug_compound_item_id_item')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_drug_compound_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drug_compound')),
    sqlite_strict=True
    )
    op.create_index('ix_drug_compound_delivery_id', 'drug_compound', ['delivery_id', 'item_id'])
    for statement in protect("drug_compound", op.get_bind().dialect.name):
        op.execute(statement)

"""What patients get back of what they paid for equipment, where the charge was waived afterwards."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types
from infusion_desktop.database.append_only import protect

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table('equipment_refund',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('charge_id', types.Whole, nullable=False),
    sa.Column('amount', types.Cents(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('posted_on', types.Day(), nullable=False),
    sa.Column('recorded_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.CheckConstraint('amount > 0', name=op.f('ck_equipment_refund_amount_above_zero')),
    sa.ForeignKeyConstraint(['charge_id'], ['equipment_charge.id'],
                            name=op.f('fk_equipment_refund_charge_id_equipment_charge')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_equipment_refund_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_equipment_refund')),
    sqlite_strict=True
    )
    op.create_index('ix_equipment_refund_charge_id', 'equipment_refund', ['charge_id'])
    for statement in protect("equipment_refund", op.get_bind().dialect.name):
        op.execute(statement)

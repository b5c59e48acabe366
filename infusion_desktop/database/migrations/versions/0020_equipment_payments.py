"""What patients pay for equipment that was lost or came back damaged."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types
from infusion_desktop.database.append_only import protect

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table('equipment_payment',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('charge_id', types.Whole, nullable=False),
    sa.Column('amount', types.Cents(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('posted_on', types.Day(), nullable=False),
    sa.Column('recorded_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.CheckConstraint('amount > 0', name=op.f('ck_equipment_payment_amount_above_zero')),
    sa.ForeignKeyConstraint(['charge_id'], ['equipment_charge.id'],
                            name=op.f('fk_equipment_payment_charge_id_equipment_charge')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_equipment_payment_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_equipment_payment')),
    sqlite_strict=True
    )
    op.create_index('ix_equipment_payment_charge_id', 'equipment_payment', ['charge_id'])
    for statement in protect("equipment_payment", op.get_bind().dialect.name):
        op.execute(statement)

"""What a delivery costs by carrier, from a day on: the margin of a therapy day takes it off."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types
from infusion_desktop.database.append_only import protect

revision = "0016"
down_revision = "0015"

LEDGERS = ["delivery_cost"]


def upgrade() -> None:
    op.create_table('delivery_cost',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('carrier', types.Choice(), nullable=False),
    sa.Column('amount', types.Cents(), nullable=False),
    sa.Column('starts_on', types.Day(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.CheckConstraint("carrier IN ('own driver', 'courier', 'parcel service', 'picked up at the pharmacy')", name=op.f('ck_delivery_cost_carrier_known')),
    sa.CheckConstraint('amount >= 0', name=op.f('ck_delivery_cost_not_negative')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_delivery_cost_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery_cost')),
    sqlite_strict=True
    )
    dialect = op.get_bind().dialect.name
    for table in LEDGERS:
        for statement in protect(table, dialect):
            op.execute(statement)

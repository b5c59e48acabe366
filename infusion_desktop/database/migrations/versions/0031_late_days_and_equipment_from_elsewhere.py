"""A claim may leave out its days that are too late, and what a patient had of equipment from elsewhere is known."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.add_column("claim", sa.Column("counts_from", types.Day(), nullable=True))
    op.create_table('equipment_elsewhere',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('patient_id', types.Whole, nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('months', types.Whole, nullable=False),
    sa.Column('day', types.Day(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('removed_at', types.Instant(), nullable=True),
    sa.Column('version', types.Whole, nullable=False),
    sa.CheckConstraint('months >= 0', name=op.f('ck_equipment_elsewhere_not_below_zero')),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'],
                            name=op.f('fk_equipment_elsewhere_patient_id_patient')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_equipment_elsewhere')),
    sqlite_strict=True
    )
    op.create_index('ix_equipment_elsewhere_patient_id', 'equipment_elsewhere', ['patient_id'])

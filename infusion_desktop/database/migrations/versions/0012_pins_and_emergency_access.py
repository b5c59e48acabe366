"""People have a PIN for switching at the bench; emergency access is kept until somebody else has reviewed it."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column('staff', sa.Column('pin_hash', sa.Text(), nullable=False, server_default=""))
    op.create_table('emergency_access',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('began_at', types.Instant(), nullable=False),
    sa.Column('ends_at', types.Instant(), nullable=False),
    sa.Column('reviewed_by', types.Whole, nullable=True),
    sa.Column('reviewed_at', types.Instant(), nullable=True),
    sa.Column('review', sa.Text(), nullable=False),
    sa.CheckConstraint('reviewed_by IS NULL OR reviewed_by <> staff_id', name=op.f('ck_emergency_access_reviewed_by_another')),
    sa.CheckConstraint('(reviewed_by IS NULL) = (reviewed_at IS NULL)', name=op.f('ck_emergency_access_review_whole')),
    sa.ForeignKeyConstraint(['reviewed_by'], ['staff.id'], name=op.f('fk_emergency_access_reviewed_by_staff')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_emergency_access_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_emergency_access')),
    sqlite_strict=True
    )
    op.create_index('ix_emergency_access_staff_id_ends_at', 'emergency_access', ['staff_id', 'ends_at'], unique=False)

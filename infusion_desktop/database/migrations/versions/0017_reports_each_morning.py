"""Reports that are put into a folder each morning, with what went wrong when one could not be."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table('report_schedule',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.Column('report', sa.Text(), nullable=False),
    sa.Column('period', types.Choice(), nullable=False),
    sa.Column('payer', sa.Text(), nullable=False),
    sa.Column('therapy_class', sa.Text(), nullable=False),
    sa.Column('form', types.Choice(), nullable=False),
    sa.Column('folder', sa.Text(), nullable=False),
    sa.Column('sent_on', types.Day(), nullable=True),
    sa.Column('failed', sa.Text(), nullable=False),
    sa.Column('ended_at', types.Instant(), nullable=True),
    sa.CheckConstraint("form IN ('pdf', 'xlsx', 'csv')", name=op.f('ck_report_schedule_form_known')),
    sa.CheckConstraint("period IN ('yesterday', 'last 7 days', 'this month', 'last month', 'this quarter', 'last quarter', 'this year', 'last year')", name=op.f('ck_report_schedule_period_known')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_report_schedule_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report_schedule')),
    sqlite_strict=True
    )
    op.create_index(op.f('ix_report_schedule_staff_id'), 'report_schedule', ['staff_id'], unique=False)

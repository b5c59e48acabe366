"""The day outside the kit: drivers, delivery days, repeats, waves, what was printed, signed sheets, corrections."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types
from infusion_desktop.database.append_only import protect

revision = "0002"
down_revision = "0001"

LEDGERS = ["paper_print", "proof_attachment", "delivery_correction"]


def upgrade() -> None:
    op.create_table('closed_day',
    sa.Column('day', types.Day(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_closed_day')),
    sqlite_strict=True
    )
    op.create_table('delivery_week',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('starts_on', types.Day(), nullable=False),
    sa.Column('weekdays', sa.Text(), nullable=False),
    sa.Column('cutoff', sa.Text(), nullable=False),
    sa.Column('cutoff_days', types.Whole, nullable=False),
    sa.CheckConstraint('cutoff_days >= 0', name=op.f('ck_delivery_week_not_negative')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery_week')),
    sa.UniqueConstraint('starts_on', name=op.f('uq_delivery_week_starts_on')),
    sqlite_strict=True
    )
    op.create_table('driver',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('carrier', types.Choice(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=False),
    sa.Column('routes', sa.Text(), nullable=False),
    sa.Column('ended_on', types.Day(), nullable=True),
    sa.Column('version', types.Whole, nullable=False),
    sa.CheckConstraint("carrier IN ('own driver', 'courier', 'parcel service', 'picked up at the pharmacy')", name=op.f('ck_driver_carrier_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_driver')),
    sqlite_strict=True
    )
    op.create_table('print_batch',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('made_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.Column('finished_at', types.Instant(), nullable=True),
    sa.Column('closed_at', types.Instant(), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_print_batch_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_print_batch')),
    sqlite_strict=True
    )
    op.create_table('wave',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('made_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.Column('closed_at', types.Instant(), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_wave_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wave')),
    sa.UniqueConstraint('number', name=op.f('uq_wave_number')),
    sqlite_strict=True
    )
    op.create_table('print_part',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('batch_id', types.Whole, nullable=False),
    sa.Column('position', types.Whole, nullable=False),
    sa.Column('kind', types.Choice(), nullable=False),
    sa.Column('subjects', sa.Text(), nullable=False),
    sa.Column('pages', types.Whole, nullable=False),
    sa.Column('drawn_at', types.Instant(), nullable=True),
    sa.Column('pdf', sa.LargeBinary(), nullable=True),
    sa.CheckConstraint("kind IN ('route sheet', 'pick list', 'wave pick list', 'teaching sheet list', 'manifest', 'pick-up ticket', 'tote label')", name=op.f('ck_print_part_kind_known')),
    sa.ForeignKeyConstraint(['batch_id'], ['print_batch.id'], name=op.f('fk_print_part_batch_id_print_batch')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_print_part')),
    sa.UniqueConstraint('batch_id', 'position', name=op.f('uq_print_part_batch_id_position')),
    sqlite_strict=True
    )
    op.create_table('delivery_repeat',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('therapy_id', types.Whole, nullable=False),
    sa.Column('supply_days', types.Whole, nullable=False),
    sa.Column('lead_days', types.Whole, nullable=False),
    sa.Column('weekday', types.Whole, nullable=True),
    sa.Column('window', sa.Text(), nullable=False),
    sa.Column('carrier', types.Choice(), nullable=False),
    sa.Column('driver_id', types.Whole, nullable=True),
    sa.Column('instructions', sa.Text(), nullable=False),
    sa.Column('ended_at', types.Instant(), nullable=True),
    sa.Column('version', types.Whole, nullable=False),
    sa.CheckConstraint("carrier IN ('own driver', 'courier', 'parcel service', 'picked up at the pharmacy')", name=op.f('ck_delivery_repeat_carrier_known')),
    sa.CheckConstraint('supply_days > 0 AND lead_days >= 0', name=op.f('ck_delivery_repeat_sensible')),
    sa.CheckConstraint('weekday IS NULL OR weekday BETWEEN 0 AND 6', name=op.f('ck_delivery_repeat_weekday_known')),
    sa.ForeignKeyConstraint(['driver_id'], ['driver.id'], name=op.f('fk_delivery_repeat_driver_id_driver')),
    sa.ForeignKeyConstraint(['therapy_id'], ['therapy.id'], name=op.f('fk_delivery_repeat_therapy_id_therapy')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery_repeat')),
    sqlite_strict=True
    )
    op.create_index('uq_delivery_repeat_therapy_once', 'delivery_repeat', ['therapy_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('delivery_correction',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('delivery_id', types.Whole, nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('was', sa.Text(), nullable=False),
    sa.Column('now', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('recorded_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_delivery_correction_delivery_id_delivery')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_delivery_correction_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery_correction')),
    info={'append_only': True},
    sqlite_strict=True
    )
    op.create_index('ix_delivery_correction_delivery_id', 'delivery_correction', ['delivery_id'], unique=False)
    op.create_table('delivery_stop',
    sa.Column('delivery_id', types.Whole, autoincrement=False, nullable=False),
    sa.Column('driver_id', types.Whole, nullable=True),
    sa.Column('route', sa.Text(), nullable=False),
    sa.Column('position', types.Whole, nullable=False),
    sa.CheckConstraint('position >= 0', name=op.f('ck_delivery_stop_not_negative')),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_delivery_stop_delivery_id_delivery')),
    sa.ForeignKeyConstraint(['driver_id'], ['driver.id'], name=op.f('fk_delivery_stop_driver_id_driver')),
    sa.PrimaryKeyConstraint('delivery_id', name=op.f('pk_delivery_stop')),
    sqlite_strict=True
    )
    op.create_index(op.f('ix_delivery_stop_driver_id'), 'delivery_stop', ['driver_id'], unique=False)
    op.create_table('paper_print',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('kind', types.Choice(), nullable=False),
    sa.Column('delivery_id', types.Whole, nullable=True),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('batch_id', types.Whole, nullable=True),
    sa.Column('is_copy', types.Flag(), nullable=False),
    sa.Column('at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.CheckConstraint("kind IN ('route sheet', 'pick list', 'wave pick list', 'teaching sheet list', 'manifest', 'pick-up ticket', 'tote label')", name=op.f('ck_paper_print_kind_known')),
    sa.ForeignKeyConstraint(['batch_id'], ['print_batch.id'], name=op.f('fk_paper_print_batch_id_print_batch')),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_paper_print_delivery_id_delivery')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_paper_print_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_paper_print')),
    info={'append_only': True},
    sqlite_strict=True
    )
    op.create_index('ix_paper_print_delivery_id', 'paper_print', ['delivery_id', 'kind'], unique=False)
    op.create_index('ix_paper_print_subject', 'paper_print', ['subject'], unique=False)
    op.create_table('proof_attachment',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('delivery_id', types.Whole, nullable=False),
    sa.Column('kind', types.Choice(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('content_type', sa.Text(), nullable=False),
    sa.Column('pages', types.Whole, nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('recorded_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.CheckConstraint("kind IN ('signed sheet', 'photo')", name=op.f('ck_proof_attachment_kind_known')),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_proof_attachment_delivery_id_delivery')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_proof_attachment_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proof_attachment')),
    info={'append_only': True},
    sqlite_strict=True
    )
    op.create_index('ix_proof_attachment_delivery_id', 'proof_attachment', ['delivery_id'], unique=False)
    op.create_table('wave_delivery',
    sa.Column('wave_id', types.Whole, autoincrement=False, nullable=False),
    sa.Column('delivery_id', types.Whole, autoincrement=False, nullable=False),
    sa.Column('slot', types.Whole, nullable=False),
    sa.CheckConstraint('slot > 0', name=op.f('ck_wave_delivery_slot_counted')),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_wave_delivery_delivery_id_delivery')),
    sa.ForeignKeyConstraint(['wave_id'], ['wave.id'], name=op.f('fk_wave_delivery_wave_id_wave')),
    sa.PrimaryKeyConstraint('wave_id', 'delivery_id', name=op.f('pk_wave_delivery')),
    sa.UniqueConstraint('wave_id', 'slot', name=op.f('uq_wave_delivery_wave_id_slot')),
    sqlite_strict=True
    )
    op.create_index(op.f('ix_wave_delivery_delivery_id'), 'wave_delivery', ['delivery_id'], unique=False)
    for table in LEDGERS:
        for statement in protect(table, op.get_bind().dialect.name):
            op.execute(statement)

"""Refill calls, clinical events, payers' refill rules, tasks made by rules, and kits by lumens, age and allergy."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types
from infusion_desktop.database.append_only import protect

revision = "0009"
down_revision = "0008"

LEDGERS = ["refill_call", "clinical_event", "clinical_event_supply"]


def upgrade() -> None:
    op.create_table('payer_refill_rule',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('payer_id', types.Whole, nullable=False),
    sa.Column('starts_on', types.Day(), nullable=False),
    sa.Column('contact_days', types.Whole, nullable=False),
    sa.Column('contact_counts_from_delivery', types.Flag(), nullable=False),
    sa.Column('delivery_days', types.Whole, nullable=False),
    sa.Column('longest_supply_days', types.Whole, nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('version', types.Whole, nullable=False),
    sa.CheckConstraint('contact_days >= 0 AND delivery_days >= 0 AND longest_supply_days >= 0', name=op.f('ck_payer_refill_rule_not_negative')),
    sa.ForeignKeyConstraint(['payer_id'], ['payer.id'], name=op.f('fk_payer_refill_rule_payer_id_payer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payer_refill_rule')),
    sa.UniqueConstraint('payer_id', 'starts_on', name=op.f('uq_payer_refill_rule_payer_id_starts_on')),
    sqlite_strict=True
    )
    op.create_table('refill_call',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('patient_id', types.Whole, nullable=False),
    sa.Column('called_on', types.Day(), nullable=False),
    sa.Column('outcome', types.Choice(), nullable=False),
    sa.Column('spoke_with', sa.Text(), nullable=False),
    sa.Column('relation', sa.Text(), nullable=False),
    sa.Column('doses_missed', types.Whole, nullable=False),
    sa.Column('missed_why', sa.Text(), nullable=False),
    sa.Column('site', types.Choice(), nullable=False),
    sa.Column('catheter', types.Choice(), nullable=False),
    sa.Column('hospital', sa.Text(), nullable=False),
    sa.Column('side_effects', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('next_on', types.Day(), nullable=True),
    sa.Column('supply_ends_on', types.Day(), nullable=True),
    sa.Column('recorded_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.CheckConstraint("catheter IN ('well', 'red or warm', 'swollen', 'painful', 'leaking', 'flushes slowly', 'blocked', 'loose or out', 'not asked')", name=op.f('ck_refill_call_catheter_known')),
    sa.CheckConstraint("outcome IN ('agreed to the refill', 'wants no refill now', 'no answer', 'left a message')", name=op.f('ck_refill_call_outcome_known')),
    sa.CheckConstraint("site IN ('well', 'red or warm', 'swollen', 'painful', 'leaking', 'flushes slowly', 'blocked', 'loose or out', 'not asked')", name=op.f('ck_refill_call_site_known')),
    sa.CheckConstraint('doses_missed >= 0', name=op.f('ck_refill_call_not_negative')),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_refill_call_patient_id_patient')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_refill_call_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refill_call')),
    sqlite_strict=True
    )
    op.create_index('ix_refill_call_patient_id', 'refill_call', ['patient_id', 'called_on'], unique=False)
    op.create_table('kit_alternative',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('line_id', types.Whole, nullable=False),
    sa.Column('item_id', types.Whole, nullable=False),
    sa.Column('position', types.Whole, nullable=False),
    sa.ForeignKeyConstraint(['item_id'], ['item.id'], name=op.f('fk_kit_alternative_item_id_item')),
    sa.ForeignKeyConstraint(['line_id'], ['kit_template_line.id'], name=op.f('fk_kit_alternative_line_id_kit_template_line')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kit_alternative')),
    sa.UniqueConstraint('line_id', 'item_id', name=op.f('uq_kit_alternative_line_id_item_id')),
    sqlite_strict=True
    )
    op.create_index(op.f('ix_kit_alternative_item_id'), 'kit_alternative', ['item_id'], unique=False)
    op.create_table('clinical_event',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('patient_id', types.Whole, nullable=False),
    sa.Column('kind', types.Choice(), nullable=False),
    sa.Column('happened_at', types.Instant(), nullable=False),
    sa.Column('therapy_id', types.Whole, nullable=True),
    sa.Column('device_id', types.Whole, nullable=True),
    sa.Column('new_device_id', types.Whole, nullable=True),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('effect', types.Choice(), nullable=False),
    sa.Column('interruption_id', types.Whole, nullable=True),
    sa.Column('follow_up_id', types.Whole, nullable=True),
    sa.Column('told_by', sa.Text(), nullable=False),
    sa.Column('withdraws_id', types.Whole, nullable=True),
    sa.Column('recorded_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.CheckConstraint("effect IN ('goes on', 'held', 'in hospital', 'stopped')", name=op.f('ck_clinical_event_effect_known')),
    sa.CheckConstraint("kind IN ('site infection', 'phlebitis', 'occlusion', 'infiltration', 'allergic reaction', 'air embolism', 'catheter change', 'catheter loss', 'line removal', 'pump alarm or fault', 'other')", name=op.f('ck_clinical_event_kind_known')),
    sa.ForeignKeyConstraint(['device_id'], ['access_device.id'], name=op.f('fk_clinical_event_device_id_access_device')),
    sa.ForeignKeyConstraint(['follow_up_id'], ['follow_up.id'], name=op.f('fk_clinical_event_follow_up_id_follow_up')),
    sa.ForeignKeyConstraint(['interruption_id'], ['interruption.id'], name=op.f('fk_clinical_event_interruption_id_interruption')),
    sa.ForeignKeyConstraint(['new_device_id'], ['access_device.id'], name=op.f('fk_clinical_event_new_device_id_access_device')),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_clinical_event_patient_id_patient')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_clinical_event_staff_id_staff')),
    sa.ForeignKeyConstraint(['therapy_id'], ['therapy.id'], name=op.f('fk_clinical_event_therapy_id_therapy')),
    sa.ForeignKeyConstraint(['withdraws_id'], ['clinical_event.id'], name=op.f('fk_clinical_event_withdraws_id_clinical_event')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clinical_event')),
    sqlite_strict=True
    )
    op.create_index('ix_clinical_event_patient_id', 'clinical_event', ['patient_id', 'happened_at'], unique=False)
    op.create_index('uq_clinical_event_withdraws_id', 'clinical_event', ['withdraws_id'], unique=True)
    op.create_table('clinical_event_supply',
    sa.Column('event_id', types.Whole, nullable=False),
    sa.Column('item_id', types.Whole, nullable=False),
    sa.Column('quantity', types.Whole, nullable=False),
    sa.CheckConstraint('quantity > 0', name=op.f('ck_clinical_event_supply_some')),
    sa.ForeignKeyConstraint(['event_id'], ['clinical_event.id'], name=op.f('fk_clinical_event_supply_event_id_clinical_event')),
    sa.ForeignKeyConstraint(['item_id'], ['item.id'], name=op.f('fk_clinical_event_supply_item_id_item')),
    sa.PrimaryKeyConstraint('event_id', 'item_id', name=op.f('pk_clinical_event_supply')),
    sqlite_strict=True
    )
    _refer("delivery")
    _refer("home_count")
    op.create_index(op.f("ix_home_count_call_id"), "home_count", ["call_id"], unique=False)
    op.add_column("delivery", sa.Column("let_go", sa.Text(), nullable=False, server_default=""))
    op.add_column("follow_up", sa.Column("made_by", sa.Text(), nullable=False, server_default=""))
    made = sa.text("made_by <> ''")
    op.create_index("uq_follow_up_made_by", "follow_up", ["made_by"], unique=True, sqlite_where=made,
                    postgresql_where=made)
    op.add_column("kit_template", sa.Column("lowest_lumens", types.Whole, nullable=False, server_default="0"))
    op.add_column("kit_template", sa.Column("highest_lumens", types.Whole, nullable=False, server_default="9"))
    op.add_column("kit_template", sa.Column("latex_allergic_only", types.Flag(), nullable=False, server_default=sa.false()))
    op.add_column("kit_template", sa.Column("ages", types.Choice(), nullable=False, server_default="any age"))
    op.add_column("kit_template_line", sa.Column("purpose", types.Choice(), nullable=False, server_default="supply"))
    op.add_column("kit_template_line", sa.Column("per_lumen", types.Flag(), nullable=False, server_default=sa.false()))
    op.add_column("kit_template_line", sa.Column("access_kinds", sa.Text(), nullable=False, server_default="[]"))
    for table in LEDGERS:
        for statement in protect(table, op.get_bind().dialect.name):
            op.execute(statement)


def _refer(table: str) -> None:
    """A column for the refill call; in place on SQLite, where a rebuilt table would lose its checks and triggers."""
    name = f"fk_{table}_call_id_refill_call"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"ALTER TABLE {table} ADD COLUMN call_id INTEGER CONSTRAINT {name} REFERENCES refill_call (id)")
    else:
        op.add_column(table, sa.Column("call_id", types.Whole, nullable=True))
        op.create_foreign_key(op.f(name), table, "refill_call", ["call_id"], ["id"])

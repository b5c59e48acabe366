"""Equipment in full: function check as a state, bookings, rentals, swaps, pick-ups, calls, charges, model limits."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types
from infusion_desktop.database.append_only import protect

revision = "0007"
down_revision = "0006"

LEDGERS = ("return_call", "equipment_charge")
NEW_WORDS = (
    ("asset", "state", "'cleaned', ", "'cleaned', 'function check', "),
    (
        "asset_event",
        "deed",
        "'register', ",
        "'register', 'start function check', 'stop function check', 'give back to the renting vendor', 'leave with the patient', ",
    ),
)


def upgrade() -> None:
    for table, column, before, after in NEW_WORDS:
        _allow(table, column, before, after)
    _columns()
    _agreements()
    _trips()
    for table in LEDGERS:
        for statement in protect(table, op.get_bind().dialect.name):
            op.execute(statement)


def _allow(table: str, column: str, before: str, after: str) -> None:
    """More words in a column's rule. SQLite rebuilds the table, with its indexes and triggers, as it stands."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        name = f"ck_{table}_{column}_known"
        rule = bind.execute(
            sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"), {"name": name}
        ).scalar_one()
        first = before.rstrip(", ") + "::text"
        more = ", ".join(f"{word}::text" for word in after.rstrip(", ").split(", "))
        assert first in rule
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule.replace(first, more)}")
        return
    made = bind.exec_driver_sql(f"SELECT sql FROM sqlite_master WHERE type = 'table' AND name = '{table}'").scalar()
    parts = bind.exec_driver_sql(
        f"SELECT sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND tbl_name = '{table}' AND sql IS NOT NULL"
    ).scalars().all()  # fmt: skip
    assert made is not None and before in made
    wider = made.replace(before, after, 1).replace(f"CREATE TABLE {table}", f"CREATE TABLE {table}_wider", 1)
    for statement in (
        wider,
        f"INSERT INTO {table}_wider SELECT * FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE {table}_wider RENAME TO {table}",
        *parts,
    ):
        bind.exec_driver_sql(statement)


def _columns() -> None:
    def add(table: str, name: str, kind: Any, default: str) -> None:
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))

    for name, default in (("maintenance_hours", "0"), ("hours_per_day", "24"), ("life_months", "60")):
        add("asset_model", name, types.Whole, default)
    add("asset_model", "maintenance_at_return", types.Flag(), _no())
    for name, default in (("firmware", ""), ("library", ""), ("accessories", "[]"), ("handover", "[]")):
        add("asset_model", name, sa.Text(), default)
    add("asset_model", "replacement_value", types.Cents(), "0")
    for name in ("library", "fault", "lacks"):
        add("asset", name, sa.Text(), "")
    add("asset", "maintained_hours", types.Whole, "0")
    add("asset", "maintenance_owed", types.Flag(), _no())


def _no() -> str:
    return "0" if op.get_bind().dialect.name == "sqlite" else "false"


def _agreements() -> None:
    op.create_table('asset_booking',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('asset_id', types.Whole, nullable=False),
    sa.Column('patient_id', types.Whole, nullable=False),
    sa.Column('first_on', types.Day(), nullable=False),
    sa.Column('last_on', types.Day(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('made_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.Column('ended_at', types.Instant(), nullable=True),
    sa.Column('ended_how', sa.Text(), nullable=False),
    sa.Column('version', types.Whole, nullable=False),
    sa.CheckConstraint('last_on IS NULL OR last_on >= first_on', name=op.f('ck_asset_booking_ends_after_it_begins')),
    *_links('asset_booking', asset_id='asset', patient_id='patient', staff_id='staff'),
    sqlite_strict=True
    )  # fmt: skip
    open_only = sa.text("ended_at IS NULL")
    op.create_index('uq_asset_booking_open', 'asset_booking', ['asset_id'], unique=True,
                    sqlite_where=open_only, postgresql_where=open_only)  # fmt: skip
    op.create_index('ix_asset_booking_patient_id', 'asset_booking', ['patient_id'])
    op.create_table('rental',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('asset_id', types.Whole, nullable=False),
    sa.Column('vendor', sa.Text(), nullable=False),
    sa.Column('agreement', sa.Text(), nullable=False),
    sa.Column('rate', types.Cents(), nullable=False),
    sa.Column('per', types.Choice(), nullable=False),
    sa.Column('starts_on', types.Day(), nullable=False),
    sa.Column('return_by', types.Day(), nullable=True),
    sa.Column('ended_on', types.Day(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('version', types.Whole, nullable=False),
    sa.CheckConstraint("per IN ('day', 'week', 'month')", name=op.f('ck_rental_per_known')),
    sa.CheckConstraint('rate >= 0', name=op.f('ck_rental_rate_not_negative')),
    *_links('rental', asset_id='asset'),
    sqlite_strict=True
    )  # fmt: skip
    still = sa.text("ended_on IS NULL")
    op.create_index('uq_rental_open', 'rental', ['asset_id'], unique=True, sqlite_where=still, postgresql_where=still)
    op.create_table('equipment_charge',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('asset_id', types.Whole, nullable=False),
    sa.Column('patient_id', types.Whole, nullable=False),
    sa.Column('kind', types.Choice(), nullable=False),
    sa.Column('amount', types.Cents(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('charged_on', types.Day(), nullable=False),
    sa.Column('reverses_id', types.Whole, nullable=True),
    sa.Column('recorded_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.CheckConstraint("kind IN ('lost', 'damaged', 'accessory missing', 'waived')", name=op.f('ck_equipment_charge_kind_known')),
    sa.CheckConstraint("(kind = 'waived') = (reverses_id IS NOT NULL)", name=op.f('ck_equipment_charge_waiver_names_its_charge')),
    sa.UniqueConstraint('number', name=op.f('uq_equipment_charge_number')),
    sa.UniqueConstraint('reverses_id', name=op.f('uq_equipment_charge_reverses_id')),
    *_links('equipment_charge', asset_id='asset', patient_id='patient', reverses_id='equipment_charge', staff_id='staff'),
    sqlite_strict=True
    )  # fmt: skip
    op.create_index('ix_equipment_charge_asset_id', 'equipment_charge', ['asset_id'])


def _trips() -> None:
    op.create_table('asset_swap',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('patient_id', types.Whole, nullable=False),
    sa.Column('therapy_id', types.Whole, nullable=True),
    sa.Column('old_asset_id', types.Whole, nullable=False),
    sa.Column('delivery_id', types.Whole, nullable=False),
    sa.Column('fault', sa.Text(), nullable=False),
    sa.Column('reported_by', sa.Text(), nullable=False),
    sa.Column('reported_at', types.Instant(), nullable=False),
    sa.Column('recorded_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.UniqueConstraint('number', name=op.f('uq_asset_swap_number')),
    sa.UniqueConstraint('delivery_id', name=op.f('uq_asset_swap_delivery_id')),
    *_links('asset_swap', patient_id='patient', therapy_id='therapy', old_asset_id='asset', delivery_id='delivery', staff_id='staff'),
    sqlite_strict=True
    )  # fmt: skip
    op.create_index('ix_asset_swap_old_asset_id', 'asset_swap', ['old_asset_id'])
    op.create_table('pickup',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('patient_id', types.Whole, nullable=False),
    sa.Column('swap_id', types.Whole, nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('collect_on', types.Day(), nullable=False),
    sa.Column('window', sa.Text(), nullable=False),
    sa.Column('driver', sa.Text(), nullable=False),
    sa.Column('instructions', sa.Text(), nullable=False),
    sa.Column('made_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.Column('cancelled_at', types.Instant(), nullable=True),
    sa.Column('cancel_reason', sa.Text(), nullable=False),
    sa.Column('printed', types.Whole, nullable=False),
    sa.Column('version', types.Whole, nullable=False),
    sa.UniqueConstraint('number', name=op.f('uq_pickup_number')),
    *_links('pickup', patient_id='patient', swap_id='asset_swap', staff_id='staff'),
    sqlite_strict=True
    )  # fmt: skip
    op.create_index('ix_pickup_patient_id', 'pickup', ['patient_id'])
    op.create_table('pickup_line',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('pickup_id', types.Whole, nullable=False),
    sa.Column('asset_id', types.Whole, nullable=False),
    sa.Column('event_id', types.Whole, nullable=False),
    sa.UniqueConstraint('pickup_id', 'asset_id', name=op.f('uq_pickup_line_pickup_id_asset_id')),
    *_links('pickup_line', pickup_id='pickup', asset_id='asset', event_id='asset_event'),
    sqlite_strict=True
    )  # fmt: skip
    op.create_index(op.f('ix_pickup_line_asset_id'), 'pickup_line', ['asset_id'])
    op.create_table('return_call',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('asset_id', types.Whole, nullable=False),
    sa.Column('patient_id', types.Whole, nullable=False),
    sa.Column('called_at', types.Instant(), nullable=False),
    sa.Column('spoke_with', sa.Text(), nullable=False),
    sa.Column('outcome', types.Choice(), nullable=False),
    sa.Column('promised_on', types.Day(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('recorded_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.CheckConstraint("outcome IN ('will return it', 'pick-up agreed', 'no answer', 'message left', 'says it was returned', 'says it is lost', 'still needs it')", name=op.f('ck_return_call_outcome_known')),
    *_links('return_call', asset_id='asset', patient_id='patient', staff_id='staff'),
    sqlite_strict=True
    )  # fmt: skip
    op.create_index('ix_return_call_asset_id', 'return_call', ['asset_id'])


def _links(table: str, **targets: str) -> list[sa.Constraint]:
    """The primary key and the foreign keys of a new table, by column."""
    links = [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"))
        for column, target in targets.items()
    ]
    return [*links, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))]

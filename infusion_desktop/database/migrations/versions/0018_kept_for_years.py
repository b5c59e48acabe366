"""How long things are kept, what was let go after its time, and ledgers that let rows go only then."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types
from infusion_desktop.database.append_only import protect, protect_for_years

revision = "0018"
down_revision = "0017"

KINDS = "kept IN ('audit trail', 'pictures of proofs', 'claim files and answers')"


def upgrade() -> None:
    op.create_table('keeping_rule',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('kept', types.Choice(), nullable=False),
    sa.Column('years', types.Whole, nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('decided_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.CheckConstraint(KINDS, name=op.f('ck_keeping_rule_kept_known')),
    sa.CheckConstraint('years BETWEEN 1 AND 100', name=op.f('ck_keeping_rule_years_known')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_keeping_rule_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_keeping_rule')),
    sqlite_strict=True
    )
    op.create_table('purge',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('kept', types.Choice(), nullable=False),
    sa.Column('before', types.Instant(), nullable=False),
    sa.Column('removed', types.Whole, nullable=False),
    sa.Column('through', types.Whole, nullable=False),
    sa.Column('seal', sa.Text(), nullable=False),
    sa.Column('mark', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.CheckConstraint(KINDS, name=op.f('ck_purge_kept_known')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_purge_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_purge')),
    sqlite_strict=True
    )
    dialect = op.get_bind().dialect.name
    for table in ("keeping_rule", "purge"):
        for statement in protect(table, dialect):
            op.execute(statement)
    for table, made, years, kept, named in (
        ("audit_entry", "at", 10, "audit trail", "through >= OLD.number"),
        ("proof_attachment", "recorded_at", 7, "pictures of proofs", "before > OLD.recorded_at"),
        ("answer_file", "read_at", 7, "claim files and answers", "before > OLD.read_at"),
    ):
        for statement in protect_for_years(table, dialect, made=made, years=years, kept=kept, named=named):
            op.execute(statement)

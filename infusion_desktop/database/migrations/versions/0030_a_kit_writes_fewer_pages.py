"""A kit writes fewer pages: balances lie under their key alone on SQLite, and indexes that nobody asks are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

ONCE = ", CONSTRAINT uq_move_reverses_id UNIQUE (reverses_id)"


def upgrade() -> None:
    op.drop_index("ix_move_recorded_at", "move")
    op.drop_index("ix_reservation_lot_id", "reservation")
    op.drop_index("ix_audit_entry_subject", "audit_entry")
    if op.get_bind().dialect.name == "sqlite":
        _make_anew("balance", ") STRICT", ") STRICT, WITHOUT ROWID")
        _make_anew("move", ONCE, "")
    else:
        op.drop_constraint("uq_move_reverses_id", "move")
    op.drop_index("ix_delivery_scheduled_on", "delivery")  # It changed with every step; days alone do not.
    op.create_index("ix_delivery_scheduled_on", "delivery", ["scheduled_on"])
    not_arrived = sa.text("delivered_at IS NULL")
    op.create_index(
        "ix_delivery_not_arrived", "delivery", ["scheduled_on"], sqlite_where=not_arrived,
        postgresql_where=not_arrived,
    )  # fmt: skip
    corrections = sa.text("reverses_id IS NOT NULL")
    op.create_index(
        "uq_move_reverses_id", "move", ["reverses_id"], unique=True, sqlite_where=corrections,
        postgresql_where=corrections,
    )  # fmt: skip


def _make_anew(table: str, old: str, new: str) -> None:
    """SQLite changes no table's kind and no rule of it: one is made anew, and takes the old one's place and guards."""
    run = op.get_bind().exec_driver_sql
    kept = run(
        "SELECT type, sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type = 'table' DESC",
        (table,),
    )
    (_, made), *guards = kept.all()
    before = " ".join(made.split())
    assert before.count(old) == 1, before
    run(before.replace(old, new).replace(f"CREATE TABLE {table}", f"CREATE TABLE {table}_anew"))
    run(f"INSERT INTO {table}_anew SELECT * FROM {table} ORDER BY 1, 2")
    op.drop_table(table)
    op.rename_table(f"{table}_anew", table)
    for _, sql in guards:
        run(sql)

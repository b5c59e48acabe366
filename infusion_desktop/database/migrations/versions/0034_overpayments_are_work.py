"""What a payer paid above its contract is work too: refunded, or told to the payer and taken back by it."""

from alembic import op

revision = "0034"
down_revision = "0033"

KINDS = "kind IN ('denied', 'underpaid'"
STATES = "state IN ('open', 'appealed', 'corrected claim sent', 'paid after all', 'accepted', 'written off'"
MORE_KINDS, MORE_STATES = f"{KINDS}, 'overpaid')", f"{STATES}, 'payer told', 'given back')"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _make_anew("dispute", (f"{KINDS})", MORE_KINDS), (f"{STATES})", MORE_STATES))
        _make_anew("dispute_step", (f"{STATES})", MORE_STATES))
        return
    for table, column, rule in (
        ("dispute", "kind", MORE_KINDS),
        ("dispute", "state", MORE_STATES),
        ("dispute_step", "state", MORE_STATES),
    ):
        name = op.f(f"ck_{table}_{column}_known")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, rule)


def _make_anew(table: str, *changes: tuple[str, str]) -> None:
    """SQLite changes no rule of a table: one is made anew, and takes the old one's place, indexes and guards."""
    run = op.get_bind().exec_driver_sql
    kept = run(
        "SELECT type, sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type = 'table' DESC",
        (table,),
    )
    (_, made), *guards = kept.all()
    before = " ".join(made.split())
    for old, new in changes:
        assert before.count(old) == 1, before
        before = before.replace(old, new)
    run(before.replace(f"CREATE TABLE {table}", f"CREATE TABLE {table}_anew"))
    run(f"INSERT INTO {table}_anew SELECT * FROM {table} ORDER BY 1")
    op.drop_table(table)
    op.rename_table(f"{table}_anew", table)
    for _, sql in guards:
        run(sql)

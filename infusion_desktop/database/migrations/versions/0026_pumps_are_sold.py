"""A pump or pole that the patient buys leaves the register as sold."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

BEFORE, MORE = "'register', ", "'sell to the patient', "


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        name = "ck_asset_event_deed_known"
        rule = bind.execute(
            sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"), {"name": name}
        ).scalar_one()
        assert "'register'::text" in rule
        wider = rule.replace("'register'::text", "'register'::text, 'sell to the patient'::text")
        op.execute(f"ALTER TABLE asset_event DROP CONSTRAINT {name}")
        op.execute(f"ALTER TABLE asset_event ADD CONSTRAINT {name} {wider}")
        return
    # SQLite rebuilds the table, with its indexes and triggers, as it stands.
    kept = "SELECT sql FROM sqlite_master WHERE tbl_name = 'asset_event' AND sql IS NOT NULL"
    made = bind.exec_driver_sql(f"{kept} AND type = 'table'").scalar()
    parts = bind.exec_driver_sql(f"{kept} AND type IN ('index', 'trigger')").scalars().all()
    assert made is not None and BEFORE in made
    _, _, rest = made.replace(BEFORE, BEFORE + MORE, 1).partition("(")
    for statement in (
        f"CREATE TABLE asset_event_wider ({rest}",
        "INSERT INTO asset_event_wider SELECT * FROM asset_event",
        "DROP TABLE asset_event",
        "ALTER TABLE asset_event_wider RENAME TO asset_event",
        *parts,
    ):
        bind.exec_driver_sql(statement)

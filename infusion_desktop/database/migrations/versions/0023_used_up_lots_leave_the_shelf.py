"""Used-up lots leave the index of usable stock, which gives the whole order and changes with no reservation."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.drop_index("ix_balance_fefo", "balance")
    none = "false" if op.get_bind().dialect.name != "sqlite" else "0"
    op.execute(f"UPDATE balance SET usable = {none} WHERE on_hand = 0")
    usable = sa.text("usable")
    op.create_index(
        "ix_balance_fefo", "balance", ["item_id", "expires_on", "lot_id", "location_id"], sqlite_where=usable,
        postgresql_where=usable,
    )  # fmt: skip
    if op.get_bind().dialect.name != "sqlite":  # A changed row finds room beside the old one, and no index changes.
        op.execute("ALTER TABLE balance SET (fillfactor = 80)")

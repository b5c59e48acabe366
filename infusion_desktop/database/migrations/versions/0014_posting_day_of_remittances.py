"""A remittance and its items keep the day they were posted on, so that a closed month's cash is that of its ledger."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(f"ALTER TABLE remittance ADD COLUMN posted_on {'TEXT' if is_sqlite else 'DATE'}")
    op.execute(f"ALTER TABLE remittance_item ADD COLUMN posted_on {'TEXT' if is_sqlite else 'DATE'}")
    day = "substr(posted_at, 1, 10)" if is_sqlite else "CAST(posted_at AT TIME ZONE 'UTC' AS DATE)"
    op.execute(f"UPDATE remittance SET posted_on = {day}")

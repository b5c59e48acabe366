"""Lines that left short are found without reading every line of every delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    short = sa.text("owed > 0")
    op.create_index("ix_delivery_line_owed", "delivery_line", ["delivery_id"],
                    sqlite_where=short, postgresql_where=short)  # fmt: skip

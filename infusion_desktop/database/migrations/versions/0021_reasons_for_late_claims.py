"""Why a claim is filed after its payer's limit."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("claim", sa.Column("delay_reason", sa.Text(), nullable=False, server_default=""))

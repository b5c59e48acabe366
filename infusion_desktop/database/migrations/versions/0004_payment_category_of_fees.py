"""Prices keep the payment category of Medicare's fee schedule: whether a pump is a capped rental is read, not assumed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("fee", sa.Column("category", sa.Text(), nullable=False, server_default=""))

"""An item may be shared out by the priority of therapies while it is scarce."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("item", sa.Column("rationed", sa.Text(), nullable=False, server_default=""))

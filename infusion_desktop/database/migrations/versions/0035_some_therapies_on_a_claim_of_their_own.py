"""Orders given by telephone wait for a signature, and what stops one therapy's claim does not stop the others'."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.add_column("therapy", sa.Column("unsigned", types.Flag(), nullable=False, server_default=sa.false()))
    op.add_column("therapy", sa.Column("signed_on", types.Day(), nullable=True))
    op.add_column("claim", sa.Column("therapies", sa.Text(), nullable=False, server_default=""))

"""Records of patients that nobody opens without saying why."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("patient", sa.Column("restricted", types.Flag(), nullable=False, server_default=sa.false()))

"""A nursing visit may be taken back, and says whether it was in the infusion suite and by a specially trained nurse."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    for name in ("specialised", "in_suite"):
        op.add_column("nursing_visit", sa.Column(name, types.Flag(), nullable=False, server_default=sa.false()))
    op.add_column("nursing_visit", sa.Column("removed_at", types.Instant(), nullable=True))

"""Large books are reported on: moves are found by when things happened, claims by their replacement; parts of reports."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_index("ix_move_effective_at", "move", ["effective_at"])
    op.add_column("report_schedule", sa.Column("only", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_claim_replaces_id", "claim", ["replaces_id"])

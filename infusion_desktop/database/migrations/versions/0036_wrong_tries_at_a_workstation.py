"""What was tried at a workstation's door in the last day is found at once, however long the trail is."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    signing_in = sa.text("action IN ('sign in', 'wrong password', 'lift wait')")
    op.create_index(
        "ix_audit_entry_signing_in", "audit_entry", ["at"], sqlite_where=signing_in, postgresql_where=signing_in
    )

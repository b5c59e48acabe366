"""Items are found while typing: one index holds all that is searched, in the order of names."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_index("ix_item_search", "item", ["name", "number", "manufacturer", "ended_on", "kind"])

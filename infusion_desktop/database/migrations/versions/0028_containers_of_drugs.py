"""An item may say how a drug comes: in single doses, in several, or ready in the pump's syringe."""

from alembic import op

revision = "0028"
down_revision = "0027"

KNOWN = "'as its code says', 'single-dose container', 'multi-dose container', 'prefilled syringe or cassette'"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE item ADD COLUMN container TEXT NOT NULL DEFAULT 'as its code says' "
        f"CONSTRAINT ck_item_container_known CHECK (container IN ({KNOWN}))"
    )

"""A deed writes fewer pages: what a person entered is found along the trail; a patient's supplies lie by their end."""

from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.drop_index("ix_audit_entry_staff_id", "audit_entry")
    op.drop_index("ix_delivery_patient_id", "delivery")
    op.create_index("ix_delivery_patient_id", "delivery", ["patient_id", "period_last"])

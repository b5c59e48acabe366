"""Which therapies are served first when an item is scarce."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types

revision = "0011"
down_revision = "0010"

CLASSES = (
    "'anti-infective', 'hydration', 'parenteral nutrition', 'enteral nutrition', 'pain management', 'chemotherapy', "
    "'immune globulin', 'clotting factor', 'alpha-1 proteinase inhibitor', 'prostacyclin', 'inotrope', 'anti-emetic', "
    "'insulin', 'chelation', 'enzyme replacement', 'anti-TNF', 'diuretic', 'anti-spasmodic', 'anticoagulant', "
    "'corticosteroid', 'hematopoietic', 'blood product', 'growth hormone', 'interferon', 'hormone', 'RSV antibody', "
    "'immunotherapy', 'irrigation', 'aerosol', 'catheter care', 'other'"
)


def upgrade() -> None:
    op.create_table(
        "therapy_priority",
        sa.Column("therapy_class", types.Choice(), nullable=False),
        sa.Column("rank", types.Whole, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint(
            f"therapy_class IN ({CLASSES})", name=op.f("ck_therapy_priority_therapy_class_known")
        ),
        sa.CheckConstraint("rank BETWEEN 1 AND 9", name=op.f("ck_therapy_priority_rank_known")),
        sa.PrimaryKeyConstraint("therapy_class", name=op.f("pk_therapy_priority")),
        sqlite_strict=True,
    )

"""Counts get plans, tolerances and second counts; recalls their scope and patients' cases; places, transfers, write-offs.

People keep filters of their lists. Lots, moves and balances stay as they are.
"""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types
from infusion_desktop.database.append_only import protect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KINDS = (
    "'site', 'room', 'bin', 'vehicle', 'nurse bag', 'clean area', 'dirty area', 'quarantine', 'returns', "
    "'service area', 'in transit', 'patient home', 'vendor', 'used', 'lost or wasted', 'count difference'"
)
_CHECK = f"kind IN ({_KINDS})"


def upgrade() -> None:
    """Widen the kinds of places, then add what is new."""
    _more_kinds_of_places()
    _settings_and_filters()
    _transfers_and_write_offs()
    _counts()
    _recalls()
    op.add_column("move", sa.Column("unit_cost", types.UnitCost(), nullable=True))


def _more_kinds_of_places() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_location_kind_known"), "location", type_="check")
        op.create_check_constraint(op.f("ck_location_kind_known"), "location", _CHECK)
        return
    # SQLite changes no rule of a table: it is made anew under another name and takes the old one's place.
    op.create_table(
        "location_new",
        sa.Column("id", types.Whole, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", types.Choice(), nullable=False),
        sa.Column("parent_id", types.Whole, nullable=True),
        sa.Column("pick_order", types.Whole, nullable=False),
        sa.Column("ended_on", types.Day(), nullable=True),
        sa.Column("version", types.Whole, nullable=False),
        sa.CheckConstraint(_CHECK, name=op.f("ck_location_kind_known")),
        sa.ForeignKeyConstraint(["parent_id"], ["location.id"], name=op.f("fk_location_parent_id_location")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location")),
        sa.UniqueConstraint("code", name=op.f("uq_location_code")),
        sqlite_strict=True,
    )
    columns = "id, code, name, kind, parent_id, pick_order, ended_on, version"
    op.execute(f"INSERT INTO location_new ({columns}) SELECT {columns} FROM location")
    op.drop_table("location")
    op.rename_table("location_new", "location")
    op.create_index(op.f("ix_location_kind"), "location", ["kind"], unique=False)


def _settings_and_filters() -> None:
    op.create_table(
        "saved_filter",
        sa.Column("id", types.Whole, nullable=False),
        sa.Column("staff_id", types.Whole, nullable=False),
        sa.Column("list_name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("chips", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_saved_filter_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
        sa.UniqueConstraint("staff_id", "list_name", "title", name=op.f("uq_saved_filter_staff_id_list_name_title")),
        sqlite_strict=True,
    )
    op.create_table(
        "stock_setting",
        sa.Column("id", types.Whole, autoincrement=False, nullable=False),
        sa.Column("second_person_above", types.Cents(), nullable=False),
        sa.Column("tolerance_percent", types.Whole, nullable=False),
        sa.Column("tolerance_value", types.Cents(), nullable=False),
        sa.Column("dead_after_days", types.Whole, nullable=False),
        sa.Column("version", types.Whole, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_stock_setting_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_setting")),
        sqlite_strict=True,
    )


def _transfers_and_write_offs() -> None:
    op.create_table(
        "site_transfer",
        sa.Column("id", types.Whole, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", types.Choice(), nullable=False),
        sa.Column("to_id", types.Whole, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("sent_at", types.Instant(), nullable=False),
        sa.Column("sent_by", types.Whole, nullable=False),
        sa.Column("received_at", types.Instant(), nullable=True),
        sa.Column("received_by", types.Whole, nullable=True),
        sa.Column("version", types.Whole, nullable=False),
        sa.CheckConstraint(
            "state IN ('on the way', 'received', 'received with a difference', 'closed')",
            name=op.f("ck_site_transfer_state_known"),
        ),
        sa.ForeignKeyConstraint(["to_id"], ["location.id"], name=op.f("fk_site_transfer_to_id_location")),
        sa.ForeignKeyConstraint(["sent_by"], ["staff.id"], name=op.f("fk_site_transfer_sent_by_staff")),
        sa.ForeignKeyConstraint(["received_by"], ["staff.id"], name=op.f("fk_site_transfer_received_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_transfer")),
        sa.UniqueConstraint("number", name=op.f("uq_site_transfer_number")),
        sqlite_strict=True,
    )
    op.create_table(
        "site_transfer_line",
        sa.Column("id", types.Whole, nullable=False),
        sa.Column("transfer_id", types.Whole, nullable=False),
        sa.Column("lot_id", types.Whole, nullable=False),
        sa.Column("from_id", types.Whole, nullable=False),
        sa.Column("sent", types.Whole, nullable=False),
        sa.Column("received", types.Whole, nullable=False),
        sa.Column("lost", types.Whole, nullable=False),
        sa.CheckConstraint(
            "sent > 0 AND received >= 0 AND lost >= 0 AND received + lost <= sent",
            name=op.f("ck_site_transfer_line_adds_up"),
        ),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["site_transfer.id"], name=op.f("fk_site_transfer_line_transfer_id_site_transfer")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_site_transfer_line_lot_id_lot")),
        sa.ForeignKeyConstraint(["from_id"], ["location.id"], name=op.f("fk_site_transfer_line_from_id_location")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_transfer_line")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_site_transfer_line_transfer_id"), "site_transfer_line", ["transfer_id"], unique=False)
    op.create_table(
        "write_off",
        sa.Column("id", types.Whole, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", types.Choice(), nullable=False),
        sa.Column("lot_id", types.Whole, nullable=False),
        sa.Column("location_id", types.Whole, nullable=False),
        sa.Column("quantity", types.Whole, nullable=False),
        sa.Column("reason", types.Choice(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("value", types.Cents(), nullable=False),
        sa.Column("asked_at", types.Instant(), nullable=False),
        sa.Column("asked_by", types.Whole, nullable=False),
        sa.Column("decided_at", types.Instant(), nullable=True),
        sa.Column("decided_by", types.Whole, nullable=True),
        sa.Column("version", types.Whole, nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_write_off_some")),
        sa.CheckConstraint(
            "state IN ('waiting for a second person', 'posted', 'declined')", name=op.f("ck_write_off_state_known")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_write_off_lot_id_lot")),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_write_off_location_id_location")),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"], name=op.f("fk_write_off_asked_by_staff")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_write_off_decided_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_off")),
        sa.UniqueConstraint("number", name=op.f("uq_write_off_number")),
        sqlite_strict=True,
    )
    op.create_index("ix_write_off_state", "write_off", ["state"], unique=False)


def _counts() -> None:
    op.create_table(
        "count_plan",
        sa.Column("id", types.Whole, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("location_id", types.Whole, nullable=True),
        sa.Column("by_value", types.Flag(), nullable=False),
        sa.Column("by_risk", types.Flag(), nullable=False),
        sa.Column("a_days", types.Whole, nullable=False),
        sa.Column("b_days", types.Whole, nullable=False),
        sa.Column("c_days", types.Whole, nullable=False),
        sa.Column("most_lines", types.Whole, nullable=False),
        sa.Column("ended_on", types.Day(), nullable=True),
        sa.Column("version", types.Whole, nullable=False),
        sa.CheckConstraint(
            "a_days > 0 AND b_days > 0 AND c_days > 0 AND most_lines > 0", name=op.f("ck_count_plan_intervals_known")
        ),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_count_plan_location_id_location")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_plan")),
        sa.UniqueConstraint("title", name=op.f("uq_count_plan_title")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("stock_count", recreate="never") as table:
        table.add_column(sa.Column("tolerance_percent", types.Whole, nullable=True))
        table.add_column(sa.Column("tolerance_value", types.Cents(), nullable=True))
    with op.batch_alter_table("stock_count_line", recreate="never") as table:
        table.add_column(sa.Column("first_counted", types.Whole, nullable=True))
        table.add_column(sa.Column("first_expected", types.Whole, nullable=True))
        table.add_column(sa.Column("first_at", types.Instant(), nullable=True))
        table.add_column(sa.Column("again", types.Flag(), nullable=True))
    _add_reference("stock_count", "plan_id", "count_plan")
    _add_reference("stock_count_line", "first_by", "staff")


def _add_reference(table: str, column: str, target: str) -> None:
    """A new column that points to another table; SQLite takes the rule only together with the column."""
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    rule = f"CONSTRAINT fk_{table}_{column}_{target} REFERENCES {target} (id)"
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind} {rule}")


def _recalls() -> None:
    op.create_table(
        "recall_scope",
        sa.Column("id", types.Whole, nullable=False),
        sa.Column("recall_id", types.Whole, nullable=False),
        sa.Column("item_id", types.Whole, nullable=False),
        sa.Column("lot_from", sa.Text(), nullable=False),
        sa.Column("lot_to", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"], name=op.f("fk_recall_scope_recall_id_recall")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_recall_scope_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_scope")),
        sqlite_strict=True,
    )
    for column in ("recall_id", "item_id"):
        op.create_index(op.f(f"ix_recall_scope_{column}"), "recall_scope", [column], unique=False)
    op.create_table(
        "recall_case",
        sa.Column("recall_id", types.Whole, nullable=False),
        sa.Column("patient_id", types.Whole, nullable=False),
        sa.Column("letters", types.Whole, nullable=False),
        sa.Column("letter_at", types.Instant(), nullable=True),
        sa.Column("replacement_id", types.Whole, nullable=True),
        sa.Column("pick_up_id", types.Whole, nullable=True),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"], name=op.f("fk_recall_case_recall_id_recall")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_recall_case_patient_id_patient")),
        sa.ForeignKeyConstraint(
            ["replacement_id"], ["delivery.id"], name=op.f("fk_recall_case_replacement_id_delivery")
        ),
        sa.ForeignKeyConstraint(["pick_up_id"], ["follow_up.id"], name=op.f("fk_recall_case_pick_up_id_follow_up")),
        sa.PrimaryKeyConstraint("recall_id", "patient_id", name=op.f("pk_recall_case")),
        sqlite_strict=True,
    )
    op.create_table(
        "recall_contact",
        sa.Column("id", types.Whole, nullable=False),
        sa.Column("recall_id", types.Whole, nullable=False),
        sa.Column("patient_id", types.Whole, nullable=False),
        sa.Column("how", types.Choice(), nullable=False),
        sa.Column("outcome", types.Choice(), nullable=False),
        sa.Column("set_aside", types.Whole, nullable=False),
        sa.Column("used", types.Whole, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("contacted_at", types.Instant(), nullable=False),
        sa.Column("recorded_at", types.Instant(), nullable=False),
        sa.Column("staff_id", types.Whole, nullable=False),
        sa.CheckConstraint(
            "how IN ('phone', 'letter', 'visit', 'text or e-mail')", name=op.f("ck_recall_contact_how_known")
        ),
        sa.CheckConstraint(
            "outcome IN ('reached', 'left a message', 'no answer', 'wrong number or address', 'letter came back')",
            name=op.f("ck_recall_contact_outcome_known"),
        ),
        sa.ForeignKeyConstraint(["recall_id"], ["recall.id"], name=op.f("fk_recall_contact_recall_id_recall")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_recall_contact_patient_id_patient")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_recall_contact_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_contact")),
        sqlite_strict=True,
    )
    op.create_index("ix_recall_contact_recall_id", "recall_contact", ["recall_id", "patient_id"], unique=False)
    for statement in protect("recall_contact", op.get_bind().dialect.name):
        op.execute(statement)

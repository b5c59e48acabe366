"""Purchasing: what vendors sell at which price, orders with a whole life, receipts by line, returns, substitutes."""

import sqlalchemy as sa
from alembic import op

from infusion_desktop.database import types
from infusion_desktop.database.append_only import protect

revision = "0005"
down_revision = "0004"

LEDGERS = ["vendor_price", "purchase_order_event", "receipt_line", "vendor_return_line", "vendor_credit"]
STATES = "('draft', 'sent', 'partly received', 'received', 'closed', 'cancelled')"


def upgrade() -> None:
    op.add_column('item', sa.Column('max_level', types.Whole, nullable=False, server_default="0"))
    for name in ("contact", "address", "terms"):
        op.add_column('vendor', sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column('vendor', sa.Column('least_order', types.Cents(), nullable=False, server_default="0"))
    _widen_order_states()
    # No version before this one wrote order lines.
    op.drop_table('purchase_order_line')
    op.create_table('purchase_order_line',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('order_id', types.Whole, nullable=False),
    sa.Column('item_id', types.Whole, nullable=False),
    sa.Column('vendor_number', sa.Text(), nullable=False),
    sa.Column('packs', types.Whole, nullable=False),
    sa.Column('pack_name', sa.Text(), nullable=False),
    sa.Column('pack_quantity', types.Whole, nullable=False),
    sa.Column('quantity', types.Whole, nullable=False),
    sa.Column('received', types.Whole, nullable=False),
    sa.Column('pack_price', types.UnitCost(), nullable=True),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('backordered', types.Flag(), nullable=False),
    sa.Column('backordered_until', types.Day(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.CheckConstraint('packs > 0 AND pack_quantity > 0 AND received >= 0', name=op.f('ck_purchase_order_line_quantities_known')),
    sa.CheckConstraint('quantity = packs * pack_quantity', name=op.f('ck_purchase_order_line_quantity_in_packs')),
    sa.ForeignKeyConstraint(['item_id'], ['item.id'], name=op.f('fk_purchase_order_line_item_id_item')),
    sa.ForeignKeyConstraint(['order_id'], ['purchase_order.id'], name=op.f('fk_purchase_order_line_order_id_purchase_order')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_purchase_order_line')),
    sa.UniqueConstraint('order_id', 'item_id', name=op.f('uq_purchase_order_line_order_id_item_id')),
    sqlite_strict=True
    )
    op.create_index('ix_purchase_order_line_item_id', 'purchase_order_line', ['item_id'], unique=False)
    op.create_table('purchase_order_event',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('order_id', types.Whole, nullable=False),
    sa.Column('state', types.Choice(), nullable=False),
    sa.Column('at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.CheckConstraint("state IN ('draft', 'sent', 'partly received', 'received', 'closed', 'cancelled')", name=op.f('ck_purchase_order_event_state_known')),
    sa.ForeignKeyConstraint(['order_id'], ['purchase_order.id'], name=op.f('fk_purchase_order_event_order_id_purchase_order')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_purchase_order_event_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_purchase_order_event')),
    sqlite_strict=True
    )
    op.create_index('ix_purchase_order_event_order_id', 'purchase_order_event', ['order_id'], unique=False)
    op.create_table('substitute',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('item_id', types.Whole, nullable=False),
    sa.Column('substitute_id', types.Whole, nullable=False),
    sa.Column('rank', types.Whole, nullable=False),
    sa.Column('gives', types.Whole, nullable=False),
    sa.Column('for_units', types.Whole, nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('ended_on', types.Day(), nullable=True),
    sa.Column('version', types.Whole, nullable=False),
    sa.CheckConstraint('item_id <> substitute_id', name=op.f('ck_substitute_another_item')),
    sa.CheckConstraint('rank > 0 AND gives > 0 AND for_units > 0', name=op.f('ck_substitute_ratio_known')),
    sa.ForeignKeyConstraint(['item_id'], ['item.id'], name=op.f('fk_substitute_item_id_item')),
    sa.ForeignKeyConstraint(['substitute_id'], ['item.id'], name=op.f('fk_substitute_substitute_id_item')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_substitute')),
    sa.UniqueConstraint('item_id', 'substitute_id', name=op.f('uq_substitute_item_id_substitute_id')),
    sqlite_strict=True
    )
    op.create_table('vendor_offer',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('vendor_id', types.Whole, nullable=False),
    sa.Column('item_id', types.Whole, nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('pack_name', sa.Text(), nullable=False),
    sa.Column('pack_quantity', types.Whole, nullable=False),
    sa.Column('least_packs', types.Whole, nullable=False),
    sa.Column('ended_on', types.Day(), nullable=True),
    sa.Column('version', types.Whole, nullable=False),
    sa.CheckConstraint('pack_quantity > 0 AND least_packs > 0', name=op.f('ck_vendor_offer_sells_something')),
    sa.ForeignKeyConstraint(['item_id'], ['item.id'], name=op.f('fk_vendor_offer_item_id_item')),
    sa.ForeignKeyConstraint(['vendor_id'], ['vendor.id'], name=op.f('fk_vendor_offer_vendor_id_vendor')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vendor_offer')),
    sa.UniqueConstraint('vendor_id', 'item_id', name=op.f('uq_vendor_offer_vendor_id_item_id')),
    sqlite_strict=True
    )
    op.create_index('ix_vendor_offer_item_id', 'vendor_offer', ['item_id'], unique=False)
    op.create_table('vendor_return',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('vendor_id', types.Whole, nullable=False),
    sa.Column('order_id', types.Whole, nullable=True),
    sa.Column('state', types.Choice(), nullable=False),
    sa.Column('vendor_reference', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('sent_on', types.Day(), nullable=False),
    sa.Column('expected', types.Cents(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('version', types.Whole, nullable=False),
    sa.CheckConstraint("state IN ('sent back', 'credited', 'closed without full credit')", name=op.f('ck_vendor_return_state_known')),
    sa.ForeignKeyConstraint(['order_id'], ['purchase_order.id'], name=op.f('fk_vendor_return_order_id_purchase_order')),
    sa.ForeignKeyConstraint(['vendor_id'], ['vendor.id'], name=op.f('fk_vendor_return_vendor_id_vendor')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vendor_return')),
    sa.UniqueConstraint('number', name=op.f('uq_vendor_return_number')),
    sqlite_strict=True
    )
    op.create_index('ix_vendor_return_order_id', 'vendor_return', ['order_id'], unique=False)
    op.create_table('receipt_line',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('receipt_id', types.Whole, nullable=False),
    sa.Column('order_line_id', types.Whole, nullable=True),
    sa.Column('item_id', types.Whole, nullable=False),
    sa.Column('lot_id', types.Whole, nullable=True),
    sa.Column('place_id', types.Whole, nullable=True),
    sa.Column('condition', types.Choice(), nullable=False),
    sa.Column('packs', types.Whole, nullable=False),
    sa.Column('pack_quantity', types.Whole, nullable=False),
    sa.Column('quantity', types.Whole, nullable=False),
    sa.Column('unit_cost', types.UnitCost(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.CheckConstraint("condition IN ('good', 'damaged', 'wrong item', 'more than ordered', 'on the slip, not in the box')", name=op.f('ck_receipt_line_condition_known')),
    sa.CheckConstraint('quantity > 0', name=op.f('ck_receipt_line_some')),
    sa.ForeignKeyConstraint(['item_id'], ['item.id'], name=op.f('fk_receipt_line_item_id_item')),
    sa.ForeignKeyConstraint(['lot_id'], ['lot.id'], name=op.f('fk_receipt_line_lot_id_lot')),
    sa.ForeignKeyConstraint(['order_line_id'], ['purchase_order_line.id'], name=op.f('fk_receipt_line_order_line_id_purchase_order_line')),
    sa.ForeignKeyConstraint(['place_id'], ['location.id'], name=op.f('fk_receipt_line_place_id_location')),
    sa.ForeignKeyConstraint(['receipt_id'], ['receipt.id'], name=op.f('fk_receipt_line_receipt_id_receipt')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_receipt_line')),
    sqlite_strict=True
    )
    op.create_index('ix_receipt_line_item_id', 'receipt_line', ['item_id'], unique=False)
    op.create_index('ix_receipt_line_order_line_id', 'receipt_line', ['order_line_id'], unique=False)
    op.create_index('ix_receipt_line_receipt_id', 'receipt_line', ['receipt_id'], unique=False)
    op.create_table('vendor_credit',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('return_id', types.Whole, nullable=False),
    sa.Column('amount', types.Cents(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('received_on', types.Day(), nullable=False),
    sa.Column('recorded_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['return_id'], ['vendor_return.id'], name=op.f('fk_vendor_credit_return_id_vendor_return')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_vendor_credit_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vendor_credit')),
    sqlite_strict=True
    )
    op.create_index('ix_vendor_credit_return_id', 'vendor_credit', ['return_id'], unique=False)
    op.create_table('vendor_price',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('offer_id', types.Whole, nullable=False),
    sa.Column('price', types.UnitCost(), nullable=False),
    sa.Column('contract', sa.Text(), nullable=False),
    sa.Column('starts_on', types.Day(), nullable=False),
    sa.Column('recorded_at', types.Instant(), nullable=False),
    sa.Column('staff_id', types.Whole, nullable=False),
    sa.CheckConstraint('price >= 0', name=op.f('ck_vendor_price_not_negative')),
    sa.ForeignKeyConstraint(['offer_id'], ['vendor_offer.id'], name=op.f('fk_vendor_price_offer_id_vendor_offer')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_vendor_price_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vendor_price')),
    sqlite_strict=True
    )
    op.create_index('ix_vendor_price_offer_id', 'vendor_price', ['offer_id', 'starts_on'], unique=False)
    op.create_table('vendor_return_line',
    sa.Column('id', types.Whole, nullable=False),
    sa.Column('return_id', types.Whole, nullable=False),
    sa.Column('item_id', types.Whole, nullable=False),
    sa.Column('lot_id', types.Whole, nullable=True),
    sa.Column('receipt_line_id', types.Whole, nullable=True),
    sa.Column('quantity', types.Whole, nullable=False),
    sa.Column('unit_cost', types.UnitCost(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.CheckConstraint('quantity > 0', name=op.f('ck_vendor_return_line_some')),
    sa.ForeignKeyConstraint(['item_id'], ['item.id'], name=op.f('fk_vendor_return_line_item_id_item')),
    sa.ForeignKeyConstraint(['lot_id'], ['lot.id'], name=op.f('fk_vendor_return_line_lot_id_lot')),
    sa.ForeignKeyConstraint(['receipt_line_id'], ['receipt_line.id'], name=op.f('fk_vendor_return_line_receipt_line_id_receipt_line')),
    sa.ForeignKeyConstraint(['return_id'], ['vendor_return.id'], name=op.f('fk_vendor_return_line_return_id_vendor_return')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vendor_return_line')),
    sqlite_strict=True
    )
    op.create_index('ix_vendor_return_line_receipt_line_id', 'vendor_return_line', ['receipt_line_id'], unique=False)
    op.create_index('ix_vendor_return_line_return_id', 'vendor_return_line', ['return_id'], unique=False)

    dialect = op.get_bind().dialect.name
    for table in LEDGERS:
        for statement in protect(table, dialect):
            op.execute(statement)


def _widen_order_states() -> None:
    """An order that was "ordered" is "sent" from now on; SQLite changes a rule by making the table anew."""
    kept = sa.Table(
        'purchase_order', sa.MetaData(),
        sa.Column('id', types.Whole, nullable=False),
        sa.Column('number', sa.Text(), nullable=False),
        sa.Column('vendor_id', types.Whole, nullable=False),
        sa.Column('state', types.Choice(), nullable=False),
        sa.Column('ordered_on', types.Day(), nullable=True),
        sa.Column('expected_on', types.Day(), nullable=True),
        sa.Column('note', sa.Text(), nullable=False),
        sa.Column('version', types.Whole, nullable=False),
        sa.ForeignKeyConstraint(['vendor_id'], ['vendor.id'], name=op.f('fk_purchase_order_vendor_id_vendor')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_purchase_order')),
        sa.UniqueConstraint('number', name=op.f('uq_purchase_order_number')),
        sqlite_strict=True,
    )
    name = op.f('ck_purchase_order_state_known')
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table(
            'purchase_order', copy_from=kept, table_kwargs={"sqlite_strict": True}, recreate="always"
        ):
            pass
        op.execute("UPDATE purchase_order SET state = 'sent' WHERE state = 'ordered'")
        kept.append_constraint(sa.CheckConstraint(f"state IN {STATES}", name=name))
        with op.batch_alter_table(
            'purchase_order', copy_from=kept, table_kwargs={"sqlite_strict": True}, recreate="always"
        ):
            pass
        return
    op.drop_constraint(name, 'purchase_order', type_="check")
    op.execute("UPDATE purchase_order SET state = 'sent' WHERE state = 'ordered'")
    op.create_check_constraint(name, 'purchase_order', f"state IN {STATES}")

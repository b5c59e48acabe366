"""Purchasing: what vendors sell at which price, orders and their life, receipts by line, returns, substitutes."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infusion_desktop.database.types import APPEND_ONLY, STRICT, Choice, Table, UnitCost, one_of
from infusion_desktop.stock.words import Condition, OrderState, VendorReturnState


class VendorOffer(Table):
    """How a vendor sells an item: under which number, in packs of how many base units, and how many at least."""

    __tablename__ = "vendor_offer"
    __table_args__ = (
        UniqueConstraint("vendor_id", "item_id"),
        CheckConstraint("pack_quantity > 0 AND least_packs > 0", name="sells_something"),
        Index("ix_vendor_offer_item_id", "item_id"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    vendor_id: Mapped[int] = mapped_column(ForeignKey("vendor.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    number: Mapped[str] = mapped_column(default="")
    pack_name: Mapped[str] = mapped_column(default="each")
    pack_quantity: Mapped[int] = mapped_column(default=1)
    least_packs: Mapped[int] = mapped_column(default=1)
    ended_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class VendorPrice(Table):
    """What a vendor asks for one pack from a day on; a new price is a new row, the old ones stay."""

    __tablename__ = "vendor_price"
    __table_args__ = (
        CheckConstraint("price >= 0", name="not_negative"),
        Index("ix_vendor_price_offer_id", "offer_id", "starts_on"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("vendor_offer.id"))
    price: Mapped[Decimal] = mapped_column(UnitCost)
    contract: Mapped[str] = mapped_column(default="")
    """The contract's number or name; "" for a list price."""
    starts_on: Mapped[date]
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class PurchaseOrder(Table):
    """What was ordered from a vendor."""

    __tablename__ = "purchase_order"
    __table_args__ = (one_of("state", OrderState), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    vendor_id: Mapped[int] = mapped_column(ForeignKey("vendor.id"))
    state: Mapped[OrderState] = mapped_column(Choice(OrderState))
    ordered_on: Mapped[date | None]
    expected_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class PurchaseOrderLine(Table):
    """An item on an order: ``packs`` of ``pack_quantity``; ``quantity`` and ``received`` are base units.

    ``received`` grows with each receipt of good units (`verify` proves it equal to the receipts' lines).
    ``backordered_until`` is the day the vendor named for what it cannot send now.
    """

    __tablename__ = "purchase_order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "item_id"),
        CheckConstraint("packs > 0 AND pack_quantity > 0 AND received >= 0", name="quantities_known"),
        CheckConstraint("quantity = packs * pack_quantity", name="quantity_in_packs"),
        Index("ix_purchase_order_line_item_id", "item_id"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("purchase_order.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    vendor_number: Mapped[str] = mapped_column(default="")
    packs: Mapped[int]
    pack_name: Mapped[str] = mapped_column(default="each")
    pack_quantity: Mapped[int] = mapped_column(default=1)
    quantity: Mapped[int]
    received: Mapped[int] = mapped_column(default=0)
    pack_price: Mapped[Decimal | None] = mapped_column(UnitCost)
    why: Mapped[str] = mapped_column(default="")
    """How the quantity came about, as a person reads it."""
    backordered: Mapped[bool] = mapped_column(default=False)
    backordered_until: Mapped[date | None]
    note: Mapped[str] = mapped_column(default="")


class PurchaseOrderEvent(Table):
    """An order's life: drafted, sent, received, closed; added, never changed."""

    __tablename__ = "purchase_order_event"
    __table_args__ = (
        one_of("state", OrderState),
        Index("ix_purchase_order_event_order_id", "order_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("purchase_order.id"))
    state: Mapped[OrderState] = mapped_column(Choice(OrderState))
    at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(default="")


class ReceiptLine(Table):
    """What was in one box of a receipt, in which condition and at what cost; added, never changed.

    ``lot_id`` and ``place_id`` are empty for what was on the packing slip and not in the box, and for equipment.
    """

    __tablename__ = "receipt_line"
    __table_args__ = (
        one_of("condition", Condition),
        CheckConstraint("quantity > 0", name="some"),
        Index("ix_receipt_line_receipt_id", "receipt_id"),
        Index("ix_receipt_line_order_line_id", "order_line_id"),
        Index("ix_receipt_line_item_id", "item_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipt.id"))
    order_line_id: Mapped[int | None] = mapped_column(ForeignKey("purchase_order_line.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    place_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    condition: Mapped[Condition] = mapped_column(Choice(Condition))
    packs: Mapped[int]
    pack_quantity: Mapped[int]
    quantity: Mapped[int]
    unit_cost: Mapped[Decimal] = mapped_column(UnitCost)
    note: Mapped[str] = mapped_column(default="")


class ReceiptCorrection(Table):
    """A receipt's line that was entered wrong and counts no more; its move was reversed. Added, never changed."""

    __tablename__ = "receipt_correction"
    __table_args__ = (APPEND_ONLY,)

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_line_id: Mapped[int] = mapped_column(ForeignKey("receipt_line.id"), unique=True)
    move_id: Mapped[int | None] = mapped_column(ForeignKey("move.id"))
    """The reversing move; empty for what never was in stock."""
    at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    why: Mapped[str]


class VendorReturn(Table):
    """Goods sent back to a vendor, or claimed as missing, until the credit is here."""

    __tablename__ = "vendor_return"
    __table_args__ = (one_of("state", VendorReturnState), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    vendor_id: Mapped[int] = mapped_column(ForeignKey("vendor.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("purchase_order.id"), index=True)
    state: Mapped[VendorReturnState] = mapped_column(Choice(VendorReturnState))
    vendor_reference: Mapped[str] = mapped_column(default="")
    """The vendor's return authorization number."""
    reason: Mapped[str]
    sent_on: Mapped[date]
    expected: Mapped[Decimal]
    """Dollars the vendor is to credit."""
    note: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class VendorReturnLine(Table):
    """Units of a lot on a vendor return; without a lot they were missing from the box. Added, never changed."""

    __tablename__ = "vendor_return_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="some"),
        Index("ix_vendor_return_line_return_id", "return_id"),
        Index("ix_vendor_return_line_receipt_line_id", "receipt_line_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    return_id: Mapped[int] = mapped_column(ForeignKey("vendor_return.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    receipt_line_id: Mapped[int | None] = mapped_column(ForeignKey("receipt_line.id"))
    quantity: Mapped[int]
    unit_cost: Mapped[Decimal] = mapped_column(UnitCost)
    why: Mapped[str] = mapped_column(default="")


class VendorCredit(Table):
    """Money a vendor credited for a return; added, never changed (a mistake is a negative row)."""

    __tablename__ = "vendor_credit"
    __table_args__ = (Index("ix_vendor_credit_return_id", "return_id"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    return_id: Mapped[int] = mapped_column(ForeignKey("vendor_return.id"))
    amount: Mapped[Decimal]
    number: Mapped[str] = mapped_column(default="")
    """The credit memo's number."""
    received_on: Mapped[date]
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(default="")


class Substitute(Table):
    """An item that may be sent instead of another: the rank (1 first), and how many for how many."""

    __tablename__ = "substitute"
    __table_args__ = (
        UniqueConstraint("item_id", "substitute_id"),
        CheckConstraint("item_id <> substitute_id", name="another_item"),
        CheckConstraint("rank > 0 AND gives > 0 AND for_units > 0", name="ratio_known"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    substitute_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    rank: Mapped[int]
    gives: Mapped[int] = mapped_column(default=1)
    """So many units of the substitute ..."""
    for_units: Mapped[int] = mapped_column(default=1)
    """... stand for so many units of the item."""
    note: Mapped[str] = mapped_column(default="")
    ended_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

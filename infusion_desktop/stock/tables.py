"""Items, their packs, places, lots, the ledger of moves, balances and reservations, purchasing, counts and recalls."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infusion_desktop.database.types import APPEND_ONLY, STRICT, Choice, Table, UnitCost, one_of, only_where
from infusion_desktop.stock.words import (
    BillingClass,
    Container,
    CountState,
    ItemKind,
    LocationKind,
    MoveReason,
    RecallState,
    SiteTransferState,
    Storage,
    WriteOffState,
)


class Item(Table):
    """Something the pharmacy keeps, lends or sends. Ended, not deleted."""

    __tablename__ = "item"
    __table_args__ = (
        one_of("kind", ItemKind),
        one_of("storage", Storage),
        one_of("billing_class", BillingClass),
        one_of("container", Container),
        CheckConstraint("par_level >= 0 AND reorder_point >= 0", name="levels_not_negative"),
        Index("ix_item_search", "name", "number", "manufacturer", "ended_on", "kind"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[ItemKind] = mapped_column(Choice(ItemKind), index=True)
    manufacturer: Mapped[str] = mapped_column(default="")
    base_unit: Mapped[str] = mapped_column(default="each")
    lot_tracked: Mapped[bool] = mapped_column(default=True)
    serial_tracked: Mapped[bool] = mapped_column(default=False)
    storage: Mapped[Storage] = mapped_column(Choice(Storage), default=Storage.ROOM)
    contains_latex: Mapped[bool] = mapped_column(default=False)
    hazardous: Mapped[bool] = mapped_column(default=False)
    billing_class: Mapped[BillingClass] = mapped_column(Choice(BillingClass), default=BillingClass.PER_DIEM_INCLUDED)
    hcpcs: Mapped[str] = mapped_column(default="")
    ndc: Mapped[str] = mapped_column(default="")
    ndc_unit: Mapped[str] = mapped_column(default="")
    """F2, GR, ME, ML or UN (X12 CTP05-1)."""
    ndc_quantity_per_unit: Mapped[Decimal] = mapped_column(UnitCost, default=Decimal(1))
    """NDC units in one base unit."""
    hcpcs_units_per_unit: Mapped[Decimal] = mapped_column(UnitCost, default=Decimal(1))
    """HCPCS billing units in one base unit."""
    container: Mapped[Container] = mapped_column(Choice(Container), default=Container.AS_ITS_CODE)
    """How a drug comes, where its code does not say it right."""
    unit_cost: Mapped[Decimal] = mapped_column(UnitCost, default=Decimal(0))
    """Expected cost of one base unit; what a lot really cost stands on the lot."""
    par_level: Mapped[int] = mapped_column(default=0)
    reorder_point: Mapped[int] = mapped_column(default=0)
    max_level: Mapped[int] = mapped_column(default=0)
    """Never order above this, except what patients need; 0 for no limit."""
    rationed: Mapped[str] = mapped_column(default="")
    """Why it is shared out by the priority of therapies, "" when it is not."""
    vendor_id: Mapped[int | None] = mapped_column(ForeignKey("vendor.id"))
    """The preferred vendor."""
    ended_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class ItemPack(Table):
    """A way an item is packed: ``quantity`` base units, with the code printed on that pack.

    ``gtin`` is a GTIN-14, or the first part of a HIBC code (it begins with a letter), or empty.
    """

    __tablename__ = "item_pack"
    __table_args__ = (
        UniqueConstraint("item_id", "name"),
        CheckConstraint("quantity > 0", name="holds_something"),
        Index("uq_item_pack_gtin", "gtin", unique=True, **only_where("gtin <> ''")),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    name: Mapped[str]
    quantity: Mapped[int]
    gtin: Mapped[str] = mapped_column(default="")


class Vendor(Table):
    """Who we buy from."""

    __tablename__ = "vendor"
    __table_args__ = (STRICT,)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    account: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    lead_days: Mapped[int] = mapped_column(default=3)
    contact: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    """Lines as on an envelope."""
    terms: Mapped[str] = mapped_column(default="")
    least_order: Mapped[Decimal] = mapped_column(default=Decimal(0))
    """Dollars below which the vendor does not deliver free of charge; 0 for none."""
    ended_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Location(Table):
    """A place stock can be, or one of the outside places (vendor, used, lost) that a move leads from or to."""

    __tablename__ = "location"
    __table_args__ = (one_of("kind", LocationKind), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[LocationKind] = mapped_column(Choice(LocationKind), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    pick_order: Mapped[int] = mapped_column(default=0)
    ended_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class SiteTransfer(Table):
    """Stock sent from one site to another; until it is received its units are on the way."""

    __tablename__ = "site_transfer"
    __table_args__ = (one_of("state", SiteTransferState), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    state: Mapped[SiteTransferState] = mapped_column(Choice(SiteTransferState))
    to_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    note: Mapped[str] = mapped_column(default="")
    sent_at: Mapped[datetime]
    sent_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    received_at: Mapped[datetime | None]
    received_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class SiteTransferLine(Table):
    """Units of a lot on a transfer: sent, received, and settled where they never arrived."""

    __tablename__ = "site_transfer_line"
    __table_args__ = (
        CheckConstraint("sent > 0 AND received >= 0 AND lost >= 0 AND received + lost <= sent", name="adds_up"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    transfer_id: Mapped[int] = mapped_column(ForeignKey("site_transfer.id"), index=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    from_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    sent: Mapped[int]
    received: Mapped[int] = mapped_column(default=0)
    lost: Mapped[int] = mapped_column(default=0)


class WriteOff(Table):
    """Units that expired, were damaged or are lost; above the pharmacy's limit a second person decides."""

    __tablename__ = "write_off"
    __table_args__ = (
        one_of("state", WriteOffState),
        CheckConstraint("quantity > 0", name="some"),
        Index("ix_write_off_state", "state"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    state: Mapped[WriteOffState] = mapped_column(Choice(WriteOffState))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    quantity: Mapped[int]
    reason: Mapped[MoveReason] = mapped_column(Choice(MoveReason))
    code: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    value: Mapped[Decimal]
    asked_at: Mapped[datetime]
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class StockSetting(Table):
    """How this pharmacy counts and writes off; the one row has id 1."""

    __tablename__ = "stock_setting"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    second_person_above: Mapped[Decimal]
    """Write-offs worth more need a second person."""
    tolerance_percent: Mapped[int]
    tolerance_value: Mapped[Decimal]
    """A counted difference beyond the percentage or the dollars is counted again by another person."""
    dead_after_days: Mapped[int]
    """Stock nothing was taken from for so long is dead."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Lot(Table):
    """One manufacturer's lot of an item; of serial-tracked supplies, one row a serial number.

    ``number`` is "" only where the item is not lot-tracked. ``held`` is why it may not be used (a recall, a
    quarantine), "" when it may.
    """

    __tablename__ = "lot"
    __table_args__ = (
        UniqueConstraint("item_id", "number", "serial"),
        Index("uq_lot_serial", "item_id", "serial", unique=True, **only_where("serial <> ''")),
        Index("ix_lot_number", "number"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    number: Mapped[str] = mapped_column(default="")
    serial: Mapped[str] = mapped_column(default="")
    expires_on: Mapped[date | None]
    held: Mapped[str] = mapped_column(default="")
    unit_cost: Mapped[Decimal] = mapped_column(UnitCost, default=Decimal(0))
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Move(Table):
    """The ledger: ``quantity`` base units of a lot went from one location to another. Added, never changed.

    ``document`` and ``document_id`` say for what (receipt 12, delivery 4812). ``reverses_id`` ties a correction to the
    move it undoes, once only.
    """

    __tablename__ = "move"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="moves_something"),
        CheckConstraint("from_id <> to_id", name="goes_somewhere"),
        one_of("reason", MoveReason),
        Index("ix_move_lot_id", "lot_id"),
        Index("ix_move_document", "document", "document_id"),
        Index("ix_move_effective_at", "effective_at"),
        Index("uq_move_reverses_id", "reverses_id", unique=True, **only_where("reverses_id IS NOT NULL")),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    from_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    quantity: Mapped[int]
    reason: Mapped[MoveReason] = mapped_column(Choice(MoveReason))
    note: Mapped[str] = mapped_column(default="")
    document: Mapped[str]
    document_id: Mapped[int]
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("move.id"))
    unit_cost: Mapped[Decimal | None] = mapped_column(UnitCost)
    """What one unit cost where this move brought it in; None where the lot's own cost holds."""


class Balance(Table):
    """What the moves add up to, per lot and place, kept beside the ledger in the same transaction.

    ``item_id``, ``expires_on`` (a far day when the lot never expires) and ``usable`` (lot not held, place pickable,
    something there) repeat facts so that first-expired-first-out is one index look-up; `verify` proves them equal.
    """

    __tablename__ = "balance"
    __table_args__ = (
        CheckConstraint("on_hand >= 0", name="on_hand_not_negative"),
        CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved_within_on_hand"),
        Index("ix_balance_fefo", "item_id", "expires_on", "lot_id", "location_id", **only_where("usable")),
        Index("ix_balance_item_id", "item_id"),
        Index("ix_balance_location_id", "location_id"),
        STRICT | {"sqlite_with_rowid": False},
    )

    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    expires_on: Mapped[date]
    usable: Mapped[bool]
    on_hand: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)


class Reservation(Table):
    """Units of a lot in a place kept for a document's line until they are moved or let go."""

    __tablename__ = "reservation"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="reserves_something"),
        Index("ix_reservation_document", "document", "document_id"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    quantity: Mapped[int]
    picked: Mapped[int] = mapped_column(default=0)
    document: Mapped[str]
    document_id: Mapped[int]
    line_id: Mapped[int]


class Receipt(Table):
    """A supplier's delivery taken into stock; its moves name it as their document."""

    __tablename__ = "receipt"
    __table_args__ = (STRICT,)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    vendor_id: Mapped[int | None] = mapped_column(ForeignKey("vendor.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("purchase_order.id"))
    packing_slip: Mapped[str] = mapped_column(default="")
    received_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class CountPlan(Table):
    """How often which items are counted: A, B and C by value and risk, in all places or below one."""

    __tablename__ = "count_plan"
    __table_args__ = (
        CheckConstraint("a_days > 0 AND b_days > 0 AND c_days > 0 AND most_lines > 0", name="intervals_known"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(unique=True)
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    by_value: Mapped[bool] = mapped_column(default=True)
    by_risk: Mapped[bool] = mapped_column(default=True)
    a_days: Mapped[int]
    b_days: Mapped[int]
    c_days: Mapped[int]
    most_lines: Mapped[int]
    """No sheet of this plan gets longer: what was not counted longest comes first."""
    ended_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Count(Table):
    """A cycle count: counted blind, posted only after approval by another person."""

    __tablename__ = "stock_count"
    __table_args__ = (one_of("state", CountState), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    state: Mapped[CountState] = mapped_column(Choice(CountState))
    title: Mapped[str]
    opened_at: Mapped[datetime]
    opened_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("count_plan.id"))
    tolerance_percent: Mapped[int | None]
    tolerance_value: Mapped[Decimal | None]
    """The pharmacy's tolerance when the sheet was opened; None on sheets older than tolerances."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class CountLine(Table):
    """One lot in one place; ``expected`` is the balance at the moment it was counted, never shown before."""

    __tablename__ = "stock_count_line"
    __table_args__ = (UniqueConstraint("count_id", "lot_id", "location_id"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    count_id: Mapped[int] = mapped_column(ForeignKey("stock_count.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    counted: Mapped[int | None]
    expected: Mapped[int | None]
    counted_at: Mapped[datetime | None]
    counted_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    first_counted: Mapped[int | None]
    """Where it was counted again: the first count, what was expected then, when and by whom."""
    first_expected: Mapped[int | None]
    first_at: Mapped[datetime | None]
    first_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    again: Mapped[bool | None]
    """True while somebody else has to count it again."""


class Recall(Table):
    """A manufacturer's or our own recall, worked to a documented end."""

    __tablename__ = "recall"
    __table_args__ = (one_of("state", RecallState), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    state: Mapped[RecallState] = mapped_column(Choice(RecallState))
    reason: Mapped[str]
    source: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime]
    opened_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class RecallScope(Table):
    """What a recall names: lots from one number to another (the same for one lot, "" for all), or a serial number."""

    __tablename__ = "recall_scope"
    __table_args__ = (STRICT,)

    id: Mapped[int] = mapped_column(primary_key=True)
    recall_id: Mapped[int] = mapped_column(ForeignKey("recall.id"), index=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    lot_from: Mapped[str] = mapped_column(default="")
    lot_to: Mapped[str] = mapped_column(default="")
    serial: Mapped[str] = mapped_column(default="")


class RecalledLot(Table):
    """A lot a recall names."""

    __tablename__ = "recalled_lot"
    __table_args__ = (STRICT,)

    recall_id: Mapped[int] = mapped_column(ForeignKey("recall.id"), primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), primary_key=True)

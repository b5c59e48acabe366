"""Models, assets (one serialised pump or pole each), the events of an asset's life, and what is agreed about them.

Bookings, swaps and pick-ups name patients, therapies and deliveries by their numbers only: those rooms lie above.
"""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infusion_desktop.database.types import APPEND_ONLY, STRICT, Choice, Table, one_of, only_where
from infusion_desktop.equipment.words import AssetDeed, AssetState, CallOutcome, ChargeKind, Per


class AssetModel(Table):
    """What all pumps or poles of one catalogue item share: maintenance interval, limits of the function check."""

    __tablename__ = "asset_model"
    __table_args__ = (CheckConstraint("maintenance_days >= 0", name="interval_not_negative"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), unique=True)
    maintenance_days: Mapped[int] = mapped_column(default=365)
    """Days between preventive maintenance; 0 where none is asked for (a pole)."""
    check_limits: Mapped[str] = mapped_column(default="[]")
    """JSON: what the function check measures, with unit, lowest and highest value."""
    daily_cost: Mapped[Decimal] = mapped_column(default=Decimal(0))
    """What a day in use costs us, in dollars; 0 where it follows from price and life instead."""
    maintenance_hours: Mapped[int] = mapped_column(default=0)
    """Hours of running between preventive maintenance; 0 where hours do not count."""
    maintenance_at_return: Mapped[bool] = mapped_column(default=False)
    """Each return asks for maintenance before the next patient."""
    hours_per_day: Mapped[int] = mapped_column(default=24)
    """The most it may run in a day: what a supply period may add to its hours."""
    firmware: Mapped[str] = mapped_column(default="")
    """The software every one of them should have; "" where nobody keeps track."""
    library: Mapped[str] = mapped_column(default="")
    """The drug library every one of them should have."""
    accessories: Mapped[str] = mapped_column(default="[]")
    """JSON: what travels with it and must come back."""
    handover: Mapped[str] = mapped_column(default="[]")
    """JSON: what the patient is shown when it is handed over."""
    replacement_value: Mapped[Decimal] = mapped_column(default=Decimal(0))
    """What is charged for a lost one."""
    life_months: Mapped[int] = mapped_column(default=60)
    """Over how long its price is spread."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Asset(Table):
    """One pump or pole. ``location_id`` is its custody; ``document`` what it is reserved for or out on."""

    __tablename__ = "asset"
    __table_args__ = (
        UniqueConstraint("item_id", "serial"),
        one_of("state", AssetState),
        Index("ix_asset_state", "state"),
        Index("ix_asset_document", "document", "document_id", **only_where("document <> ''")),
        STRICT,
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    serial: Mapped[str] = mapped_column(index=True)
    tag: Mapped[str] = mapped_column(unique=True)
    state: Mapped[AssetState] = mapped_column(Choice(AssetState))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    document: Mapped[str] = mapped_column(default="")
    document_id: Mapped[int | None]
    clean: Mapped[bool] = mapped_column(default=False)
    checked_on: Mapped[date | None]
    maintenance_due_on: Mapped[date | None]
    due_back_on: Mapped[date | None]
    held: Mapped[str] = mapped_column(default="")
    """Why it may not go out (a recall), "" when it may."""
    firmware: Mapped[str] = mapped_column(default="")
    run_hours: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str] = mapped_column(default="")
    """The renting vendor, "" when it is ours."""
    acquired_on: Mapped[date | None]
    cost: Mapped[Decimal] = mapped_column(default=Decimal(0))
    library: Mapped[str] = mapped_column(default="")
    """Its drug library's version."""
    maintained_hours: Mapped[int] = mapped_column(default=0)
    """What its hour meter said at the last maintenance."""
    maintenance_owed: Mapped[bool] = mapped_column(default=False)
    """It came back and its model asks for maintenance at each return."""
    fault: Mapped[str] = mapped_column(default="")
    """What is reported wrong with it; maintenance or a repair clears it."""
    lacks: Mapped[str] = mapped_column(default="")
    """Accessories it came back without, comma separated; "" when complete."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class AssetEvent(Table):
    """An entry in an asset's life; added, never changed. ``values`` holds measured values as JSON."""

    __tablename__ = "asset_event"
    __table_args__ = (
        one_of("deed", AssetDeed),
        Index("ix_asset_event_asset_id", "asset_id"),
        Index("ix_asset_event_document", "document", "document_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    deed: Mapped[AssetDeed] = mapped_column(Choice(AssetDeed))
    from_state: Mapped[AssetState | None] = mapped_column(Choice(AssetState))
    to_state: Mapped[AssetState] = mapped_column(Choice(AssetState))
    from_location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    to_location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    document: Mapped[str] = mapped_column(default="")
    document_id: Mapped[int | None]
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(default="")
    measured: Mapped[str] = mapped_column(default="{}")


class AssetBooking(Table):
    """A pump or pole kept on the shelf for a patient from a future day on; one open booking for each asset."""

    __tablename__ = "asset_booking"
    __table_args__ = (
        CheckConstraint("last_on IS NULL OR last_on >= first_on", name="ends_after_it_begins"),
        Index("uq_asset_booking_open", "asset_id", unique=True, **only_where("ended_at IS NULL")),
        Index("ix_asset_booking_patient_id", "patient_id"),
        STRICT,
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    first_on: Mapped[date]
    last_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None]
    ended_how: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Rental(Table):
    """A pump or pole that a vendor rents to us; one open rental for each asset."""

    __tablename__ = "rental"
    __table_args__ = (
        one_of("per", Per),
        CheckConstraint("rate >= 0", name="rate_not_negative"),
        Index("uq_rental_open", "asset_id", unique=True, **only_where("ended_on IS NULL")),
        STRICT,
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    vendor: Mapped[str]
    agreement: Mapped[str] = mapped_column(default="")
    rate: Mapped[Decimal]
    per: Mapped[Per] = mapped_column(Choice(Per))
    starts_on: Mapped[date]
    return_by: Mapped[date | None]
    ended_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class AssetSwap(Table):
    """One pump exchanged for another in the middle of a therapy: the fault, the old pump, the delivery of the new."""

    __tablename__ = "asset_swap"
    __table_args__ = (Index("ix_asset_swap_old_asset_id", "old_asset_id"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    therapy_id: Mapped[int | None] = mapped_column(ForeignKey("therapy.id"))
    old_asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), unique=True)
    fault: Mapped[str]
    reported_by: Mapped[str] = mapped_column(default="")
    reported_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class Pickup(Table):
    """A pick-up ticket: a trip to a patient's home to collect equipment."""

    __tablename__ = "pickup"
    __table_args__ = (Index("ix_pickup_patient_id", "patient_id"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    swap_id: Mapped[int | None] = mapped_column(ForeignKey("asset_swap.id"))
    reason: Mapped[str]
    collect_on: Mapped[date]
    window: Mapped[str] = mapped_column(default="")
    driver: Mapped[str] = mapped_column(default="")
    instructions: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str] = mapped_column(default="")
    printed: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class PickupLine(Table):
    """A pump or pole on a ticket. ``event_id`` was its newest event then: a later return is this ticket's."""

    __tablename__ = "pickup_line"
    __table_args__ = (UniqueConstraint("pickup_id", "asset_id"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    pickup_id: Mapped[int] = mapped_column(ForeignKey("pickup.id"))
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"), index=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("asset_event.id"))


class ReturnCall(Table):
    """A call about a pump or pole that should be back; added, never changed."""

    __tablename__ = "return_call"
    __table_args__ = (one_of("outcome", CallOutcome), Index("ix_return_call_asset_id", "asset_id"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    called_at: Mapped[datetime]
    spoke_with: Mapped[str] = mapped_column(default="")
    outcome: Mapped[CallOutcome] = mapped_column(Choice(CallOutcome))
    promised_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class EquipmentCharge(Table):
    """What a patient is charged for lost or damaged equipment; added, never changed: a waiver is one more entry."""

    __tablename__ = "equipment_charge"
    __table_args__ = (
        one_of("kind", ChargeKind),
        CheckConstraint("(kind = 'waived') = (reverses_id IS NOT NULL)", name="waiver_names_its_charge"),
        Index("ix_equipment_charge_asset_id", "asset_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[ChargeKind] = mapped_column(Choice(ChargeKind))
    amount: Mapped[Decimal]
    reason: Mapped[str]
    charged_on: Mapped[date]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("equipment_charge.id"), unique=True)
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))

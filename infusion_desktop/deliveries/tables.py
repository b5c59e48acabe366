"""Kit templates, deliveries with their lines, lots, equipment, steps and proof, refill counts and follow-up tasks."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infusion_desktop.database.types import APPEND_ONLY, STRICT, Choice, Table, UnitCost, one_of, only_where
from infusion_desktop.deliveries.care_words import Ages, Purpose
from infusion_desktop.deliveries.words import (
    Carrier,
    ContactOutcome,
    ContactWay,
    DeliveryState,
    LineOutcome,
    Step,
)


class KitTemplate(Table):
    """A version of what goes into a kit for a therapy; a change makes a new version and ends the old."""

    __tablename__ = "kit_template"
    __table_args__ = (UniqueConstraint("code", "template_version"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    template_version: Mapped[int]
    name: Mapped[str]
    therapy_class: Mapped[str]
    methods: Mapped[str]
    """JSON list of the methods it is for."""
    access_kinds: Mapped[str]
    """JSON list of the access devices it is for; empty for any."""
    lowest_interval_hours: Mapped[int] = mapped_column(default=1)
    highest_interval_hours: Mapped[int] = mapped_column(default=8760)
    lowest_lumens: Mapped[int] = mapped_column(default=0)
    highest_lumens: Mapped[int] = mapped_column(default=9)
    latex_allergic_only: Mapped[bool] = mapped_column(default=False)
    ages: Mapped[Ages] = mapped_column(Choice(Ages), default=Ages.ANY)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]


class KitTemplateLine(Table):
    """One item in a kit with its quantity rule (deliveries/rules.py); or, with no item, a kind of pump or pole."""

    __tablename__ = "kit_template_line"
    __table_args__ = (
        CheckConstraint("(item_id IS NULL) <> (equipment = '')", name="item_or_equipment"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("kit_template.id"), index=True)
    position: Mapped[int]
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    equipment: Mapped[str] = mapped_column(default="")
    rule: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(UnitCost)
    round_to: Mapped[int] = mapped_column(default=1)
    optional: Mapped[bool] = mapped_column(default=False)
    latex_free_item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    purpose: Mapped[Purpose] = mapped_column(Choice(Purpose), default=Purpose.SUPPLY)
    per_lumen: Mapped[bool] = mapped_column(default=False)
    """The amount is for each lumen of the access device."""
    access_kinds: Mapped[str] = mapped_column(default="[]")
    """JSON list of the access devices the line is for; empty for any the kit is for."""
    note: Mapped[str] = mapped_column(default="")


class KitAlternative(Table):
    """What may go in place of a kit line's item, the first choice first."""

    __tablename__ = "kit_alternative"
    __table_args__ = (UniqueConstraint("line_id", "item_id"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("kit_template_line.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    position: Mapped[int]


class Delivery(Table):
    """What goes to a patient for a supply period; ``number`` is on every paper and in its barcode."""

    __tablename__ = "delivery"
    __table_args__ = (
        one_of("state", DeliveryState),
        one_of("carrier", Carrier),
        CheckConstraint("period_last >= period_first", name="period_in_order"),
        Index("ix_delivery_scheduled_on", "scheduled_on"),
        Index("ix_delivery_not_arrived", "scheduled_on", **only_where("delivered_at IS NULL")),
        Index("ix_delivery_patient_id", "patient_id", "period_last"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    therapy_id: Mapped[int | None] = mapped_column(ForeignKey("therapy.id"), index=True)
    template_id: Mapped[int | None] = mapped_column(ForeignKey("kit_template.id"))
    state: Mapped[DeliveryState] = mapped_column(Choice(DeliveryState))
    period_first: Mapped[date]
    period_last: Mapped[date]
    scheduled_on: Mapped[date]
    window: Mapped[str] = mapped_column(default="")
    """When on that day, such as "10:00 to 14:00"."""
    carrier: Mapped[Carrier] = mapped_column(Choice(Carrier), default=Carrier.OWN_DRIVER)
    tracking: Mapped[str] = mapped_column(default="")
    instructions: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    totes: Mapped[int] = mapped_column(default=0)
    cold_packs: Mapped[int] = mapped_column(default=0)
    home_counted_on: Mapped[date | None]
    counted_with: Mapped[str] = mapped_column(default="")
    """Who told us on the refill call what is left at home."""
    call_id: Mapped[int | None] = mapped_column(ForeignKey("refill_call.id"))
    """The refill call it follows."""
    let_go: Mapped[str] = mapped_column(default="")
    """Why it goes in spite of the payer's refill rule; who said so stands in the audit trail."""
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    printed: Mapped[int] = mapped_column(default=0)
    """How often the manifest was printed; from the second time on it is marked as a copy."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class DeliveryLine(Table):
    """An item of a delivery: ``needed`` less ``at_home`` is ``to_send``, unless a person gave a reason to differ."""

    __tablename__ = "delivery_line"
    __table_args__ = (
        UniqueConstraint("delivery_id", "item_id"),
        CheckConstraint("needed >= 0 AND at_home >= 0 AND to_send >= 0", name="not_negative"),
        Index("ix_delivery_line_owed", "delivery_id", **only_where("owed > 0")),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    position: Mapped[int]
    needed: Mapped[int]
    at_home: Mapped[int] = mapped_column(default=0)
    to_send: Mapped[int]
    why: Mapped[str] = mapped_column(default="")
    """How the number came about, as a person reads it."""
    change_reason: Mapped[str] = mapped_column(default="")
    substitutes_item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    owed: Mapped[int] = mapped_column(default=0)
    """Units short when it was released and not sent since."""


class DeliveryLot(Table):
    """Units of a lot that fill a line. Written at release; what was shipped, returned and refused is kept here."""

    __tablename__ = "delivery_lot"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="some"),
        CheckConstraint("picked >= 0 AND verified >= 0 AND came_back >= 0", name="not_negative"),
        Index("ix_delivery_lot_delivery_id", "delivery_id"),
        Index("ix_delivery_lot_lot_id", "lot_id"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("delivery_line.id"), index=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    quantity: Mapped[int]
    picked: Mapped[int] = mapped_column(default=0)
    verified: Mapped[int] = mapped_column(default=0)
    came_back: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[LineOutcome | None] = mapped_column(Choice(LineOutcome))


class DeliveryEquipment(Table):
    """A pump or pole a delivery needs (``kind`` is the item kind or method) and the asset assigned by scan."""

    __tablename__ = "delivery_equipment"
    __table_args__ = (
        Index("uq_delivery_equipment_asset_once", "delivery_id", "asset_id", unique=True,
              **only_where("asset_id IS NOT NULL")),
        STRICT,
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), index=True)
    kind: Mapped[str]
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"), index=True)
    picked: Mapped[bool] = mapped_column(default=False)
    verified: Mapped[bool] = mapped_column(default=False)
    outcome: Mapped[LineOutcome | None] = mapped_column(Choice(LineOutcome))


class DeliveryCost(Table):
    """What a carrier's delivery costs us from a day on; a later row of the same day counts."""

    __tablename__ = "delivery_cost"
    __table_args__ = (
        one_of("carrier", Carrier),
        CheckConstraint("amount >= 0", name="not_negative"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    carrier: Mapped[Carrier] = mapped_column(Choice(Carrier))
    amount: Mapped[Decimal]
    starts_on: Mapped[date]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class DeliveryStep(Table):
    """Who did which step when; added, never changed."""

    __tablename__ = "delivery_step"
    __table_args__ = (one_of("step", Step), Index("ix_delivery_step_delivery_id", "delivery_id"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    step: Mapped[Step] = mapped_column(Choice(Step))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(default="")


class ProofOfDelivery(Table):
    """Who took it, when, and their signature (a PNG) or the signed sheet; added, never changed."""

    __tablename__ = "proof_of_delivery"
    __table_args__ = (Index("ix_proof_of_delivery_delivery_id", "delivery_id"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    received_by: Mapped[str]
    relation: Mapped[str]
    received_at: Mapped[datetime]
    signed_on: Mapped[date]
    signature: Mapped[bytes | None]
    attachment: Mapped[bytes | None]
    attachment_type: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class HomeCount(Table):
    """What was left of an item at a patient's home on a day, as counted on the refill call; added, never changed."""

    __tablename__ = "home_count"
    __table_args__ = (
        CheckConstraint("quantity >= 0", name="not_negative"),
        Index("ix_home_count_patient_id", "patient_id", "counted_on"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    counted_on: Mapped[date]
    quantity: Mapped[int]
    told_by: Mapped[str] = mapped_column(default="")
    call_id: Mapped[int | None] = mapped_column(ForeignKey("refill_call.id"), index=True)
    """The refill call it was counted on."""
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class FollowUp(Table):
    """Something to do for a patient by a day."""

    __tablename__ = "follow_up"
    __table_args__ = (
        Index("ix_follow_up_due_on", "due_on"),
        Index("uq_follow_up_made_by", "made_by", unique=True, **only_where("made_by <> ''")),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    kind: Mapped[str]
    title: Mapped[str]
    due_on: Mapped[date]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    done_at: Mapped[datetime | None]
    done_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    outcome: Mapped[str] = mapped_column(default="")
    made_by: Mapped[str] = mapped_column(default="")
    """The rule that made it and for what, such as "lab 12 2026-03-09": no rule makes the same task twice."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class RecallCase(Table):
    """A recall at one patient: the letter, what replaces the units, who fetches them, and how it ended."""

    __tablename__ = "recall_case"
    __table_args__ = (STRICT,)

    recall_id: Mapped[int] = mapped_column(ForeignKey("recall.id"), primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    letters: Mapped[int] = mapped_column(default=0)
    """How often the letter was printed."""
    letter_at: Mapped[datetime | None]
    replacement_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    pick_up_id: Mapped[int | None] = mapped_column(ForeignKey("follow_up.id"))


class RecallContact(Table):
    """A try to reach a patient about a recall, and what was said; added, never changed."""

    __tablename__ = "recall_contact"
    __table_args__ = (
        one_of("how", ContactWay),
        one_of("outcome", ContactOutcome),
        Index("ix_recall_contact_recall_id", "recall_id", "patient_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    recall_id: Mapped[int] = mapped_column(ForeignKey("recall.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    how: Mapped[ContactWay] = mapped_column(Choice(ContactWay))
    outcome: Mapped[ContactOutcome] = mapped_column(Choice(ContactOutcome))
    set_aside: Mapped[int] = mapped_column(default=0)
    """Units the patient says are set aside for the driver."""
    used: Mapped[int] = mapped_column(default=0)
    """Units the patient says were used."""
    note: Mapped[str] = mapped_column(default="")
    contacted_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))

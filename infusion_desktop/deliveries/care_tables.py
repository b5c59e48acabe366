"""Refill calls, clinical events with the supplies they took, and what payers say about refills."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infusion_desktop.database.types import APPEND_ONLY, STRICT, Choice, Table, one_of
from infusion_desktop.deliveries.care_words import CallOutcome, Effect, EventKind, SiteState


class RefillCall(Table):
    """A call about the next refill and what was said; counts stand in home_count. Added, never changed."""

    __tablename__ = "refill_call"
    __table_args__ = (
        one_of("outcome", CallOutcome),
        one_of("site", SiteState),
        one_of("catheter", SiteState),
        CheckConstraint("doses_missed >= 0", name="not_negative"),
        Index("ix_refill_call_patient_id", "patient_id", "called_on"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    called_on: Mapped[date]
    outcome: Mapped[CallOutcome] = mapped_column(Choice(CallOutcome))
    spoke_with: Mapped[str] = mapped_column(default="")
    relation: Mapped[str] = mapped_column(default="")
    doses_missed: Mapped[int] = mapped_column(default=0)
    missed_why: Mapped[str] = mapped_column(default="")
    site: Mapped[SiteState] = mapped_column(Choice(SiteState), default=SiteState.NOT_ASKED)
    catheter: Mapped[SiteState] = mapped_column(Choice(SiteState), default=SiteState.NOT_ASKED)
    hospital: Mapped[str] = mapped_column(default="")
    """Stays since the last call, in words; the days themselves are interruptions."""
    side_effects: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    next_on: Mapped[date | None]
    """The day agreed for the delivery, or for the next call where no refill is wanted now."""
    supply_ends_on: Mapped[date | None]
    """The last day that what is at home lasts for, as counted."""
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class PayerRefillRule(Table):
    """How early a payer lets a refill be talked about and delivered, from a day on; 0 days sets no limit.

    Deliveries are held by it, and claims are checked by it.
    """

    __tablename__ = "payer_refill_rule"
    __table_args__ = (
        UniqueConstraint("payer_id", "starts_on"),
        CheckConstraint("contact_days >= 0 AND delivery_days >= 0 AND longest_supply_days >= 0", name="not_negative"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"))
    starts_on: Mapped[date]
    contact_days: Mapped[int]
    contact_counts_from_delivery: Mapped[bool] = mapped_column(default=False)
    delivery_days: Mapped[int]
    longest_supply_days: Mapped[int] = mapped_column(default=0)
    weekend_extra_days: Mapped[int] = mapped_column(default=0)
    count_required: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class ClinicalEvent(Table):
    """Something that went wrong with site, line or patient, what was done, and what it did to the therapy.

    Added, never changed: a mistake is withdrawn by an entry that names it.
    """

    __tablename__ = "clinical_event"
    __table_args__ = (
        one_of("kind", EventKind),
        one_of("effect", Effect),
        Index("ix_clinical_event_patient_id", "patient_id", "happened_at"),
        Index("uq_clinical_event_withdraws_id", "withdraws_id", unique=True),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[EventKind] = mapped_column(Choice(EventKind))
    happened_at: Mapped[datetime]
    therapy_id: Mapped[int | None] = mapped_column(ForeignKey("therapy.id"))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("access_device.id"))
    new_device_id: Mapped[int | None] = mapped_column(ForeignKey("access_device.id"))
    what: Mapped[str]
    action: Mapped[str]
    effect: Mapped[Effect] = mapped_column(Choice(Effect))
    interruption_id: Mapped[int | None] = mapped_column(ForeignKey("interruption.id"))
    follow_up_id: Mapped[int | None] = mapped_column(ForeignKey("follow_up.id"))
    told_by: Mapped[str] = mapped_column(default="")
    withdraws_id: Mapped[int | None] = mapped_column(ForeignKey("clinical_event.id"))
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class ClinicalEventSupply(Table):
    """Supplies from the patient's home that an event took beyond the plan; added, never changed."""

    __tablename__ = "clinical_event_supply"
    __table_args__ = (CheckConstraint("quantity > 0", name="some"), APPEND_ONLY)

    event_id: Mapped[int] = mapped_column(ForeignKey("clinical_event.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    quantity: Mapped[int]

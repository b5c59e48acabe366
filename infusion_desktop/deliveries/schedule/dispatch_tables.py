"""The day outside the kit: drivers and stops, delivery days, repeats, waves, printing, sheets that came back."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infusion_desktop.database.types import APPEND_ONLY, STRICT, Choice, Table, one_of, only_where
from infusion_desktop.deliveries.schedule.dispatch_words import AttachmentKind, PaperKind
from infusion_desktop.deliveries.words import Carrier


class Driver(Table):
    """Somebody who takes deliveries out: a driver of ours, a courier, a parcel service."""

    __tablename__ = "driver"
    __table_args__ = (one_of("carrier", Carrier), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    carrier: Mapped[Carrier] = mapped_column(Choice(Carrier))
    phone: Mapped[str] = mapped_column(default="")
    routes: Mapped[str] = mapped_column(default="")
    """Routes usually driven, separated by commas."""
    ended_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class DeliveryStop(Table):
    """Who drives a delivery, on which route, and as which stop of the day; without a row it follows the patient."""

    __tablename__ = "delivery_stop"
    __table_args__ = (CheckConstraint("position >= 0", name="not_negative"), STRICT)

    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), primary_key=True, autoincrement=False)
    driver_id: Mapped[int | None] = mapped_column(ForeignKey("driver.id"), index=True)
    route: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
    """0 until somebody put the stops in order."""


class DeliveryWeek(Table):
    """From a day on: the weekdays on which we deliver, and until when a delivery must be released."""

    __tablename__ = "delivery_week"
    __table_args__ = (UniqueConstraint("starts_on"), CheckConstraint("cutoff_days >= 0", name="not_negative"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    starts_on: Mapped[date]
    weekdays: Mapped[str]
    """Digits, 0 for Monday to 6 for Sunday."""
    cutoff: Mapped[str]
    """The time of day, as 15:00."""
    cutoff_days: Mapped[int] = mapped_column(default=1)
    """Delivery days before; 0 is the same day."""


class ClosedDay(Table):
    """A holiday, or another day without deliveries."""

    __tablename__ = "closed_day"
    __table_args__ = (STRICT,)

    day: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str]


class DeliveryRepeat(Table):
    """A delivery that comes again: how many days each is for, how long before it arrives, and by whom."""

    __tablename__ = "delivery_repeat"
    __table_args__ = (
        one_of("carrier", Carrier),
        CheckConstraint("supply_days > 0 AND lead_days >= 0", name="sensible"),
        CheckConstraint("weekday IS NULL OR weekday BETWEEN 0 AND 6", name="weekday_known"),
        Index("uq_delivery_repeat_therapy_once", "therapy_id", unique=True,
              **only_where("ended_at IS NULL")),
        STRICT,
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    therapy_id: Mapped[int] = mapped_column(ForeignKey("therapy.id"))
    supply_days: Mapped[int]
    lead_days: Mapped[int]
    weekday: Mapped[int | None]
    window: Mapped[str] = mapped_column(default="")
    carrier: Mapped[Carrier] = mapped_column(Choice(Carrier))
    driver_id: Mapped[int | None] = mapped_column(ForeignKey("driver.id"))
    instructions: Mapped[str] = mapped_column(default="")
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Wave(Table):
    """Deliveries picked together on one walk; each has its slot on the cart."""

    __tablename__ = "wave"
    __table_args__ = (STRICT,)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    closed_at: Mapped[datetime | None]


class WaveDelivery(Table):
    """A delivery in a wave and the slot it is picked into."""

    __tablename__ = "wave_delivery"
    __table_args__ = (UniqueConstraint("wave_id", "slot"), CheckConstraint("slot > 0", name="slot_counted"), STRICT)

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True, autoincrement=False)
    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("delivery.id"), primary_key=True, autoincrement=False, index=True
    )
    slot: Mapped[int]


class PrintBatch(Table):
    """Papers printed as one: what they are, who asked, and when the last was drawn and handed to the printer."""

    __tablename__ = "print_batch"
    __table_args__ = (STRICT,)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    made_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    finished_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    """When somebody said that everything lies printed; the drawn pages are forgotten then."""


class PrintPart(Table):
    """A part of a batch that is drawn at once; what was drawn is kept until the batch is closed."""

    __tablename__ = "print_part"
    __table_args__ = (UniqueConstraint("batch_id", "position"), one_of("kind", PaperKind), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("print_batch.id"))
    position: Mapped[int]
    kind: Mapped[PaperKind] = mapped_column(Choice(PaperKind))
    subjects: Mapped[str]
    """JSON: the deliveries (ids), or what names a route sheet."""
    pages: Mapped[int] = mapped_column(default=0)
    drawn_at: Mapped[datetime | None]
    pdf: Mapped[bytes | None]


class PaperPrint(Table):
    """Which paper was printed when by whom; what is in here already is a copy the next time. Added, never changed."""

    __tablename__ = "paper_print"
    __table_args__ = (
        one_of("kind", PaperKind),
        Index("ix_paper_print_delivery_id", "delivery_id", "kind"),
        Index("ix_paper_print_subject", "subject"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[PaperKind] = mapped_column(Choice(PaperKind))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    subject: Mapped[str] = mapped_column(default="")
    """What a paper without one delivery is of: a wave's number, a day with its driver."""
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("print_batch.id"))
    is_copy: Mapped[bool]
    at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class ProofAttachment(Table):
    """The signed sheet as it was scanned, or a photo of the delivery; added, never changed."""

    __tablename__ = "proof_attachment"
    __table_args__ = (
        one_of("kind", AttachmentKind),
        Index("ix_proof_attachment_delivery_id", "delivery_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    kind: Mapped[AttachmentKind] = mapped_column(Choice(AttachmentKind))
    content: Mapped[bytes]
    content_type: Mapped[str]
    pages: Mapped[int] = mapped_column(default=1)
    note: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class DeliveryCorrection(Table):
    """What was wrong in a delivery that had left, and what is right; the first entry stays. Added, never changed."""

    __tablename__ = "delivery_correction"
    __table_args__ = (Index("ix_delivery_correction_delivery_id", "delivery_id"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    what: Mapped[str]
    was: Mapped[str]
    now: Mapped[str]
    reason: Mapped[str]
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))

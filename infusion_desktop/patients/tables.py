"""People, episodes, access devices, therapies, interruptions, prescribers, payers and coverage."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from infusion_desktop.database.types import STRICT, Choice, Table, UnitCost, one_of
from infusion_desktop.patients.words import (
    AccessKind,
    InterruptionKind,
    Method,
    PayerKind,
    Rank,
    Relation,
    Route,
    Sex,
    TherapyClass,
)


class Patient(Table):
    """A person we care for. ``home_id`` is the stock location of their home."""

    __tablename__ = "patient"
    __table_args__ = (one_of("sex", Sex), Index("ix_patient_name", "last_name", "first_name"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    """Our medical record number."""
    last_name: Mapped[str]
    first_name: Mapped[str]
    middle_name: Mapped[str] = mapped_column(default="")
    born_on: Mapped[date]
    sex: Mapped[Sex] = mapped_column(Choice(Sex))
    phone: Mapped[str]
    phone_2: Mapped[str] = mapped_column(default="")
    street: Mapped[str]
    street_2: Mapped[str] = mapped_column(default="")
    city: Mapped[str]
    state: Mapped[str]
    zip: Mapped[str]
    delivery_instructions: Mapped[str] = mapped_column(default="")
    route: Mapped[str] = mapped_column(default="")
    """Our delivery route or courier."""
    allergies: Mapped[str] = mapped_column(default="")
    latex_allergy: Mapped[bool] = mapped_column(default=False)
    weight_kg: Mapped[Decimal | None] = mapped_column(UnitCost)
    caregiver_name: Mapped[str] = mapped_column(default="")
    caregiver_phone: Mapped[str] = mapped_column(default="")
    caregiver_relation: Mapped[str] = mapped_column(default="")
    restricted: Mapped[bool] = mapped_column(default=False)
    """Whoever opens the record says why."""
    home_id: Mapped[int] = mapped_column(ForeignKey("location.id"), unique=True)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Prescriber(Table):
    """Who ordered the therapy."""

    __tablename__ = "prescriber"
    __table_args__ = (STRICT,)

    id: Mapped[int] = mapped_column(primary_key=True)
    last_name: Mapped[str]
    first_name: Mapped[str]
    credentials: Mapped[str] = mapped_column(default="")
    npi: Mapped[str] = mapped_column(unique=True)
    phone: Mapped[str] = mapped_column(default="")
    fax: Mapped[str] = mapped_column(default="")
    practice: Mapped[str] = mapped_column(default="")
    ended_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Payer(Table):
    """Who pays. How they pay (rules, rates) belongs to billing."""

    __tablename__ = "payer"
    __table_args__ = (one_of("kind", PayerKind), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    payer_code: Mapped[str]
    """The payer's id in claim files (X12 2010BB NM109)."""
    kind: Mapped[PayerKind] = mapped_column(Choice(PayerKind))
    street: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="")
    zip: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    ended_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Coverage(Table):
    """A patient's policy with a payer; ``starts_on`` and ``ends_on`` both count."""

    __tablename__ = "coverage"
    __table_args__ = (one_of("rank", Rank), one_of("relation", Relation), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"), index=True)
    rank: Mapped[Rank] = mapped_column(Choice(Rank))
    member_id: Mapped[str]
    group_number: Mapped[str] = mapped_column(default="")
    relation: Mapped[Relation] = mapped_column(Choice(Relation))
    holder_last_name: Mapped[str] = mapped_column(default="")
    holder_first_name: Mapped[str] = mapped_column(default="")
    holder_born_on: Mapped[date | None]
    holder_sex: Mapped[str] = mapped_column(default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Episode(Table):
    """From admission to discharge, with the intake checklist."""

    __tablename__ = "episode"
    __table_args__ = (
        CheckConstraint("discharged_on IS NULL OR discharged_on >= admitted_on", name="ends_after_it_begins"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    admitted_on: Mapped[date]
    discharged_on: Mapped[date | None]
    discharge_reason: Mapped[str] = mapped_column(default="")
    diagnoses: Mapped[str] = mapped_column(default="")
    """ICD-10-CM codes, principal first, separated by spaces."""
    clinically_stable: Mapped[bool] = mapped_column(default=False)
    trained: Mapped[bool] = mapped_column(default=False)
    home_safe: Mapped[bool] = mapped_column(default=False)
    consent_signed: Mapped[bool] = mapped_column(default=False)
    benefits_verified: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class AccessDevice(Table):
    """A catheter, port or tube a patient has."""

    __tablename__ = "access_device"
    __table_args__ = (one_of("kind", AccessKind), CheckConstraint("lumens >= 0", name="lumens_not_negative"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    kind: Mapped[AccessKind] = mapped_column(Choice(AccessKind))
    lumens: Mapped[int] = mapped_column(default=1)
    site: Mapped[str] = mapped_column(default="")
    placed_on: Mapped[date | None]
    removed_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Therapy(Table):
    """An order: one drug (or catheter care) through one device from a first to a last day."""

    __tablename__ = "therapy"
    __table_args__ = (
        one_of("therapy_class", TherapyClass),
        one_of("route", Route),
        one_of("method", Method),
        CheckConstraint("stops_on IS NULL OR stops_on >= starts_on", name="stops_after_it_starts"),
        CheckConstraint("interval_hours > 0", name="interval_positive"),
        Index("uq_therapy_replaces_id", "replaces_id", unique=True),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    episode_id: Mapped[int] = mapped_column(ForeignKey("episode.id"), index=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    therapy_class: Mapped[TherapyClass] = mapped_column(Choice(TherapyClass))
    drug: Mapped[str]
    """Drug and dose as ordered, such as "cefazolin 2 g"."""
    drug_item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    units_per_dose: Mapped[int] = mapped_column(default=1)
    """Base units of the drug item in one dose."""
    route: Mapped[Route] = mapped_column(Choice(Route))
    method: Mapped[Method] = mapped_column(Choice(Method))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("access_device.id"))
    interval_hours: Mapped[int]
    """Hours from dose to dose: q8h is 8, daily or continuous is 24, weekly 168."""
    run_hours: Mapped[Decimal] = mapped_column(UnitCost, default=Decimal(0))
    """Hours a day the infusion runs; 24 is continuous."""
    volume_ml_per_day: Mapped[int] = mapped_column(default=0)
    starts_on: Mapped[date]
    stops_on: Mapped[date | None]
    stop_reason: Mapped[str] = mapped_column(default="")
    prescriber_id: Mapped[int] = mapped_column(ForeignKey("prescriber.id"))
    ordered_on: Mapped[date]
    unsigned: Mapped[bool] = mapped_column(default=False)
    """Given by telephone, and no signature has come yet."""
    signed_on: Mapped[date | None]
    """The day of the signature that came later; None: the order itself was signed, or nothing was yet."""
    per_diem_code: Mapped[str] = mapped_column(default="")
    """A pharmacist's own choice of HCPCS code; "" lets the rules propose it."""
    priority: Mapped[int] = mapped_column(default=2)
    """1 is the most urgent when stock is scarce."""
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("therapy.id"))
    """The order as it stood until the day before this one starts: another dose or frequency of the same therapy."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class TherapyLab(Table):
    """A laboratory test that goes with an order: drawn first on a day, then every so many days until it ends."""

    __tablename__ = "therapy_lab"
    __table_args__ = (CheckConstraint("every_days > 0", name="every_days_positive"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    therapy_id: Mapped[int] = mapped_column(ForeignKey("therapy.id"), index=True)
    name: Mapped[str]
    first_on: Mapped[date]
    every_days: Mapped[int]
    ended_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Interruption(Table):
    """Days taken out of a therapy's calendar (of all therapies when none is named); both ends belong to it."""

    __tablename__ = "interruption"
    __table_args__ = (
        one_of("kind", InterruptionKind),
        CheckConstraint("last_on IS NULL OR last_on >= first_on", name="ends_after_it_begins"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    therapy_id: Mapped[int | None] = mapped_column(ForeignKey("therapy.id"))
    kind: Mapped[InterruptionKind] = mapped_column(Choice(InterruptionKind))
    first_on: Mapped[date]
    last_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

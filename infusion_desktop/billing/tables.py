"""Rule sets and fees by payer, authorizations, visits, claims, batches, remittances and the receivables ledger."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infusion_desktop.billing.words import (
    Account,
    ClaimState,
    EntryKind,
    Frequency,
    LineKind,
    RemittanceItemKind,
    Source,
)
from infusion_desktop.database.types import APPEND_ONLY, STRICT, Choice, Table, UnitCost, one_of


class PayerRules(Table):
    """A version of how a payer counts and pays (billing/rules, RuleSet as JSON); both of its days belong to it."""

    __tablename__ = "payer_rules"
    __table_args__ = (UniqueConstraint("payer_id", "rules_version"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"))
    rules_version: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    rules: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class Fee(Table):
    """What a payer's contract pays for a code, in dollars for one unit, while in force."""

    __tablename__ = "fee"
    __table_args__ = (Index("ix_fee_payer_id", "payer_id", "code"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"))
    code: Mapped[str]
    modifiers: Mapped[str] = mapped_column(default="")
    """Modifiers the rate is for, separated by spaces; "" for any."""
    rate_key: Mapped[str] = mapped_column(default="")
    """The drug or agreement the rate is for (S9379 is often priced by drug); "" for any."""
    rate_basis: Mapped[str] = mapped_column(default="PER_DIEM")
    rate: Mapped[Decimal] = mapped_column(UnitCost)
    charge: Mapped[Decimal] = mapped_column(UnitCost)
    """What we charge for one unit (our own price list)."""
    category: Mapped[str] = mapped_column(default="")
    """The payment category of Medicare's fee schedule (CR capped rental, FS, IN, SU ...), "" when none is named."""
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]


class Authorization(Table):
    """What a payer allowed in advance; no units means as many as there are days."""

    __tablename__ = "payer_authorization"
    __table_args__ = (STRICT,)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"))
    number: Mapped[str]
    code: Mapped[str]
    modifiers: Mapped[str] = mapped_column(default="")
    units: Mapped[int | None]
    first_on: Mapped[date]
    last_on: Mapped[date]
    note: Mapped[str] = mapped_column(default="")
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class NursingVisit(Table):
    """A nurse's visit with its times."""

    __tablename__ = "nursing_visit"
    __table_args__ = (CheckConstraint("ended_at > started_at", name="ends_after_it_begins"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    therapy_id: Mapped[int | None] = mapped_column(ForeignKey("therapy.id"))
    visited_on: Mapped[date]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    nurse: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    specialised: Mapped[bool] = mapped_column(default=False)
    """By a nurse with special training in infusion (SD)."""
    in_suite: Mapped[bool] = mapped_column(default=False)
    """In the pharmacy's infusion suite (SS), not at home."""
    removed_at: Mapped[datetime | None]
    """When it was taken back as a mistake."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class EquipmentElsewhere(Table):
    """Rental months of a pump or pole that another supplier was paid for, through ``day``; 0: the patient's own since.

    It is added or taken back (``removed_at``), never changed otherwise.
    """

    __tablename__ = "equipment_elsewhere"
    __table_args__ = (CheckConstraint("months >= 0", name="not_below_zero"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    code: Mapped[str]
    months: Mapped[int]
    day: Mapped[date]
    note: Mapped[str] = mapped_column(default="")
    removed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class DrugWaste(Table):
    """What was thrown away of a drug's single-dose containers when a delivery was made, in units of its NDC.

    Added, never changed: a mistake is taken back by an entry below zero that names it.
    """

    __tablename__ = "drug_waste"
    __table_args__ = (
        CheckConstraint("discarded <> 0", name="something"),
        CheckConstraint("(discarded < 0) = (reverses_id IS NOT NULL)", name="below_zero_takes_back"),
        Index("ix_drug_waste_delivery_id", "delivery_id", "item_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    discarded: Mapped[Decimal] = mapped_column(UnitCost)
    reason: Mapped[str]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("drug_waste.id"), unique=True)
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class DrugCompound(Table):
    """A drug of a delivery that was made into one preparation with those of the same number; the newest entry counts.

    Added, never changed: ``number`` "" takes the drug out again.
    """

    __tablename__ = "drug_compound"
    __table_args__ = (Index("ix_drug_compound_delivery_id", "delivery_id", "item_id"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    number: Mapped[str]
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class HcpcsCode(Table):
    """A code of an imported HCPCS list, beside the shipped table; ended by its last day, never deleted."""

    __tablename__ = "hcpcs_code"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_it_begins"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    source: Mapped[str] = mapped_column(default="")
    """Which list it was last read from."""


class Claim(Table):
    """A claim to one payer for one patient and period. Original, replacements and voids share ``number``."""

    __tablename__ = "claim"
    __table_args__ = (
        one_of("state", ClaimState),
        one_of("frequency", Frequency),
        Index("ix_claim_patient_id", "patient_id"),
        Index("ix_claim_period", "period_first", "payer_id"),
        Index("ix_claim_number", "number"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    coverage_id: Mapped[int] = mapped_column(ForeignKey("coverage.id"))
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"))
    state: Mapped[ClaimState] = mapped_column(Choice(ClaimState))
    frequency: Mapped[Frequency] = mapped_column(Choice(Frequency), default=Frequency.ORIGINAL)
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"), index=True)
    primary_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"), index=True)
    """For a claim to the next payer: the claim the payer before it decided on."""
    payer_control_number: Mapped[str] = mapped_column(default="")
    period_first: Mapped[date]
    period_last: Mapped[date]
    diagnoses: Mapped[str] = mapped_column(default="")
    charge: Mapped[Decimal]
    expected: Mapped[Decimal]
    delay_reason: Mapped[str] = mapped_column(default="")
    """Why it is filed after the payer's limit (X12 CLM20), "" when it is not."""
    counts_from: Mapped[date | None]
    """The first day that was not too late to file when its late days were left out; None: nothing was left out."""
    therapies: Mapped[str] = mapped_column(default="")
    """The therapies it alone is for, where some of a month have a claim of their own; "" is for all others."""
    missing: Mapped[str] = mapped_column(default="[]")
    """JSON of the check findings when it was last checked."""
    days: Mapped[str] = mapped_column(default="[]")
    """JSON of the service days and of the days left out with their reason, as counted for this claim."""
    made_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("claim_batch.id"), index=True)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class ClaimLine(Table):
    """A service line: code, modifiers, days, units, rate, and the evidence every unit names."""

    __tablename__ = "claim_line"
    __table_args__ = (one_of("kind", LineKind), UniqueConstraint("claim_id", "position"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    position: Mapped[int]
    kind: Mapped[LineKind] = mapped_column(Choice(LineKind))
    code: Mapped[str]
    modifiers: Mapped[str] = mapped_column(default="")
    description: Mapped[str] = mapped_column(default="")
    first_on: Mapped[date]
    last_on: Mapped[date]
    units: Mapped[Decimal] = mapped_column(UnitCost)
    rate: Mapped[Decimal] = mapped_column(UnitCost)
    """What the contract pays for one unit, after rank."""
    charge: Mapped[Decimal]
    expected: Mapped[Decimal]
    ndc: Mapped[str] = mapped_column(default="")
    ndc_quantity: Mapped[Decimal | None] = mapped_column(UnitCost)
    ndc_unit: Mapped[str] = mapped_column(default="")
    therapy_id: Mapped[int | None] = mapped_column(ForeignKey("therapy.id"))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("nursing_visit.id"))
    authorization_id: Mapped[int | None] = mapped_column(ForeignKey("payer_authorization.id"), index=True)
    rules_id: Mapped[int | None] = mapped_column(ForeignKey("payer_rules.id"))
    evidence: Mapped[str] = mapped_column(default="[]")
    """JSON: for each day or unit the therapy, delivery, rule, rank and rate, and the sentences of the trace."""


class ClaimEvent(Table):
    """A claim's life: made, checked, batched, sent, answered; added, never changed."""

    __tablename__ = "claim_event"
    __table_args__ = (one_of("state", ClaimState), Index("ix_claim_event_claim_id", "claim_id"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    state: Mapped[ClaimState] = mapped_column(Choice(ClaimState))
    at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(default="")


class ClaimBatch(Table):
    """A claim file: its control numbers are never given again."""

    __tablename__ = "claim_batch"
    __table_args__ = (STRICT,)

    id: Mapped[int] = mapped_column(primary_key=True)
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payer.id"))
    interchange_control: Mapped[int] = mapped_column(unique=True)
    group_control: Mapped[int] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    file_sha256: Mapped[str] = mapped_column(default="")
    content: Mapped[str] = mapped_column(default="")
    """The file as written, so that an answer naming a segment can be traced to its claim."""
    acknowledged: Mapped[str] = mapped_column(default="")


class Remittance(Table):
    """A payer's payment advice, posted once (trace number, payer and amount)."""

    __tablename__ = "remittance"
    __table_args__ = (UniqueConstraint("payer_code", "trace_number", "amount"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    payer_code: Mapped[str]
    payer_name: Mapped[str]
    trace_number: Mapped[str]
    amount: Mapped[Decimal]
    paid_on: Mapped[date]
    posted_at: Mapped[datetime]
    posted_on: Mapped[date | None]
    """The day of its entries in the ledger."""
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    file_sha256: Mapped[str] = mapped_column(default="")
    source: Mapped[Source] = mapped_column(Choice(Source), default=Source.FILE)
    method: Mapped[str] = mapped_column(default="")
    """How the money comes (X12 BPR04), such as ACH, CHK or NON for none."""
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payer.id"))
    deposit_id: Mapped[int | None] = mapped_column(ForeignKey("deposit.id"), index=True)
    """The bank deposit that brought it; None while it is not found there."""


class RemittanceItem(Table):
    """What a remittance brought that is on no claim of ours; ``amount`` is money to us, negative when taken away.

    The payer's account adjustments (X12 835 PLB, there with the opposite sign), and payments for claims unknown here.
    """

    __tablename__ = "remittance_item"
    __table_args__ = (
        one_of("kind", RemittanceItemKind),
        Index("ix_remittance_item_remittance_id", "remittance_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    remittance_id: Mapped[int] = mapped_column(ForeignKey("remittance.id"))
    kind: Mapped[RemittanceItemKind] = mapped_column(Choice(RemittanceItemKind))
    code: Mapped[str] = mapped_column(default="")
    reference: Mapped[str] = mapped_column(default="")
    amount: Mapped[Decimal]
    note: Mapped[str] = mapped_column(default="")
    claim_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"))
    """The claim its reference names, where one is known."""
    posted_on: Mapped[date | None]
    """The day it counts; that of its remittance when it has none of its own."""


class LedgerEntry(Table):
    """The receivables ledger by claim line: a balance is the sum of ``amount``. Added, never changed.

    A charge is positive; payments and adjustments that lower what is owed are negative. ``account`` says who owes it:
    what a payer leaves to the patient is transferred by two entries of one amount, so that the sum stays.
    """

    __tablename__ = "receivable_entry"
    __table_args__ = (
        one_of("kind", EntryKind),
        one_of("account", Account),
        Index("ix_receivable_entry_claim_id", "claim_id"),
        Index("ix_receivable_entry_posted_on", "posted_on"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    line_id: Mapped[int | None] = mapped_column(ForeignKey("claim_line.id"))
    kind: Mapped[EntryKind] = mapped_column(Choice(EntryKind))
    account: Mapped[Account] = mapped_column(Choice(Account), default=Account.PAYER)
    amount: Mapped[Decimal]
    group_code: Mapped[str] = mapped_column(default="")
    reason_code: Mapped[str] = mapped_column(default="")
    remittance_id: Mapped[int | None] = mapped_column(ForeignKey("remittance.id"))
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("payer_decision.id"), index=True)
    """The payer's decision it was posted from."""
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("receivable_entry.id"), unique=True)
    posted_on: Mapped[date]
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(default="")

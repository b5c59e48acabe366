"""Answers as they came, deposits, payers' decisions, what is worked on, posting rules, statements and closed months."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infusion_desktop.billing.words import DisputeKind, DisputeState, Outcome
from infusion_desktop.database.types import APPEND_ONLY, STRICT, Choice, Table, UnitCost, one_of


class AnswerFile(Table):
    """A payer's file as it came: proof of timely filing, and why the same file does nothing a second time."""

    __tablename__ = "answer_file"
    __table_args__ = (APPEND_ONLY,)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)
    content: Mapped[str]
    told: Mapped[str] = mapped_column(default="[]")
    """JSON of the sentences it led to."""
    read_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class ClaimPart(Table):
    """The second and further CLM of a claim with more lines than one may carry, with the payer's number of each."""

    __tablename__ = "claim_part"
    __table_args__ = (UniqueConstraint("claim_id", "part"), Index("ix_claim_part_number", "number"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    part: Mapped[int]
    number: Mapped[str]
    payer_control_number: Mapped[str] = mapped_column(default="")


class Deposit(Table):
    """Money on the bank statement; remittances are posted against it."""

    __tablename__ = "deposit"
    __table_args__ = (STRICT,)

    id: Mapped[int] = mapped_column(primary_key=True)
    deposited_on: Mapped[date] = mapped_column(index=True)
    amount: Mapped[Decimal]
    reference: Mapped[str] = mapped_column(index=True)
    """The check's or transfer's number as the bank shows it (835 TRN02)."""
    payer_name: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    withdrawn_at: Mapped[datetime | None]


class PayerDecision(Table):
    """What a payer decided on a claim in a remittance, as it said it; a reversal names the decision it undoes."""

    __tablename__ = "payer_decision"
    __table_args__ = (
        Index("ix_payer_decision_claim_id", "claim_id"),
        Index("ix_payer_decision_remittance_id", "remittance_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    remittance_id: Mapped[int] = mapped_column(ForeignKey("remittance.id"))
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    status: Mapped[str]
    charge: Mapped[Decimal]
    paid: Mapped[Decimal]
    patient_owes: Mapped[Decimal]
    payer_claim_number: Mapped[str] = mapped_column(default="")
    decided_on: Mapped[date]
    adjustments: Mapped[str] = mapped_column(default="[]")
    """JSON of the claim's own CAS: [group, reason, amount, quantity or null]."""
    remarks: Mapped[str] = mapped_column(default="")
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("payer_decision.id"), unique=True)


class LineDecision(Table):
    """What a payer decided on a line."""

    __tablename__ = "line_decision"
    __table_args__ = (
        Index("ix_line_decision_decision_id", "decision_id"),
        Index("ix_line_decision_line_id", "line_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("payer_decision.id"))
    line_id: Mapped[int | None] = mapped_column(ForeignKey("claim_line.id"))
    code: Mapped[str]
    modifiers: Mapped[str] = mapped_column(default="")
    charge: Mapped[Decimal]
    paid: Mapped[Decimal]
    units: Mapped[Decimal] = mapped_column(UnitCost)
    allowed: Mapped[Decimal | None]
    adjustments: Mapped[str] = mapped_column(default="[]")
    remarks: Mapped[str] = mapped_column(default="")


class Dispute(Table):
    """A denial or an underpayment that somebody works on, with the last day to appeal."""

    __tablename__ = "dispute"
    __table_args__ = (
        one_of("kind", DisputeKind),
        one_of("state", DisputeState),
        UniqueConstraint("decision_id", "line_id", "kind"),
        Index("ix_dispute_state", "state", "due_on"),
        Index("ix_dispute_claim_id", "claim_id"),
        STRICT,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    line_id: Mapped[int | None] = mapped_column(ForeignKey("claim_line.id"))
    decision_id: Mapped[int] = mapped_column(ForeignKey("payer_decision.id"))
    kind: Mapped[DisputeKind] = mapped_column(Choice(DisputeKind))
    state: Mapped[DisputeState] = mapped_column(Choice(DisputeState), default=DisputeState.OPEN)
    group_code: Mapped[str] = mapped_column(default="")
    reason_code: Mapped[str] = mapped_column(default="")
    amount: Mapped[Decimal]
    opened_on: Mapped[date]
    due_on: Mapped[date]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class DisputeStep(Table):
    """What was done about a denial or underpayment; added, never changed."""

    __tablename__ = "dispute_step"
    __table_args__ = (one_of("state", DisputeState), Index("ix_dispute_step_dispute_id", "dispute_id"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    dispute_id: Mapped[int] = mapped_column(ForeignKey("dispute.id"))
    state: Mapped[DisputeState] = mapped_column(Choice(DisputeState))
    at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(default="")


class PostingRule(Table):
    """What an adjustment does to what is owed, at one payer (or at any without one of its own), while in force."""

    __tablename__ = "posting_rule"
    __table_args__ = (one_of("outcome", Outcome), Index("ix_posting_rule_payer_id", "payer_id"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payer.id"))
    group_code: Mapped[str]
    reason_code: Mapped[str] = mapped_column(default="")
    """The adjustment reason (CARC); "" for all of the group that have no rule of their own."""
    outcome: Mapped[Outcome] = mapped_column(Choice(Outcome))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class Collector(Table):
    """Who works on what a payer owes, while assigned."""

    __tablename__ = "collector"
    __table_args__ = (Index("ix_collector_payer_id", "payer_id"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]


class PatientStatement(Table):
    """A statement that was printed for a patient; added, never changed."""

    __tablename__ = "patient_statement"
    __table_args__ = (Index("ix_patient_statement_patient_id", "patient_id"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    printed_on: Mapped[date]
    due_on: Mapped[date]
    amount: Mapped[Decimal]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class MonthClose(Table):
    """A month whose books are closed: what it came to, and the last entry that belongs to it."""

    __tablename__ = "month_close"
    __table_args__ = (APPEND_ONLY,)

    id: Mapped[int] = mapped_column(primary_key=True)
    first_on: Mapped[date] = mapped_column(unique=True)
    last_on: Mapped[date] = mapped_column(unique=True)
    closed_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    last_entry_id: Mapped[int]
    last_item_id: Mapped[int]
    figures: Mapped[str]
    """JSON of everything the closing paper shows."""
    sha256: Mapped[str]


class EquipmentPayment(Table):
    """What a patient paid for a charge of the equipment room; added, never changed."""

    __tablename__ = "equipment_payment"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_above_zero"),
        Index("ix_equipment_payment_charge_id", "charge_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    charge_id: Mapped[int] = mapped_column(ForeignKey("equipment_charge.id"))
    amount: Mapped[Decimal]
    note: Mapped[str] = mapped_column(default="")
    posted_on: Mapped[date]
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class EquipmentRefund(Table):
    """What a patient got back of it, where the charge was waived; added, never changed."""

    __tablename__ = "equipment_refund"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_above_zero"),
        Index("ix_equipment_refund_charge_id", "charge_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    charge_id: Mapped[int] = mapped_column(ForeignKey("equipment_charge.id"))
    amount: Mapped[Decimal]
    note: Mapped[str] = mapped_column(default="")
    posted_on: Mapped[date]
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))

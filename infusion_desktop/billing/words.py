"""The words of billing: kinds of lines, a claim's life, entries of the receivables ledger."""

from enum import StrEnum
from typing import NewType

RuleSetId = NewType("RuleSetId", int)
ChargeId = NewType("ChargeId", int)
ClaimId = NewType("ClaimId", int)
ClaimLineId = NewType("ClaimLineId", int)
BatchId = NewType("BatchId", int)
FeeId = NewType("FeeId", int)
AuthorizationId = NewType("AuthorizationId", int)
VisitId = NewType("VisitId", int)
RemittanceId = NewType("RemittanceId", int)


class LineKind(StrEnum):
    """The three kinds of line on a home infusion claim, and supplies where a contract bills them apart."""

    PER_DIEM = "per diem"
    DRUG = "drug"
    NURSING = "nursing visit"
    SUPPLY = "supply"


class ClaimState(StrEnum):
    """A claim's life (claims_edi: states of a claim)."""

    DRAFT = "draft"
    READY = "ready"
    BATCHED = "batched"
    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PAID = "paid"
    PART_PAID = "part paid"
    DENIED = "denied"
    VOIDED = "voided"
    CLOSED = "closed"


class Frequency(StrEnum):
    """X12 CLM05-3."""

    ORIGINAL = "1"
    REPLACEMENT = "7"
    VOID = "8"


class EntryKind(StrEnum):
    """What an entry of the receivables ledger stands for."""

    CHARGE = "charge"
    PAYMENT = "payment"
    ADJUSTMENT = "adjustment"
    TRANSFER = "transfer to next payer or patient"
    REVERSAL = "reversal"
    WRITE_OFF = "write-off"


class Account(StrEnum):
    """Who owes an amount of the receivables ledger."""

    PAYER = "payer"
    PATIENT = "patient"


class RemittanceItemKind(StrEnum):
    """Money of a remittance that belongs to no claim of ours."""

    PROVIDER_ADJUSTMENT = "provider adjustment"
    UNMATCHED_CLAIM = "claim not found here"

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
WasteId = NewType("WasteId", int)
RemittanceId = NewType("RemittanceId", int)
DepositId = NewType("DepositId", int)
DisputeId = NewType("DisputeId", int)
PostingRuleId = NewType("PostingRuleId", int)


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


class Source(StrEnum):
    """How a remittance came to us."""

    FILE = "835"
    PAPER = "EOB"


class Outcome(StrEnum):
    """What an adjustment of a payer does to what is owed (posting rules)."""

    WRITE_OFF = "write off"
    PATIENT = "the patient or the next payer owes it"
    DENIAL = "denied, to be worked"
    KEEP_OPEN = "stays open at the payer"


class DisputeKind(StrEnum):
    """Why a payer's decision is worked on."""

    DENIED = "denied"
    UNDERPAID = "underpaid"
    OVERPAID = "overpaid"


class DisputeState(StrEnum):
    """Where the work on a denial, an underpayment or an overpayment stands."""

    OPEN = "open"
    APPEALED = "appealed"
    CORRECTED = "corrected claim sent"
    WON = "paid after all"
    ACCEPTED = "accepted"
    WRITTEN_OFF = "written off"
    TOLD = "payer told"
    GIVEN_BACK = "given back"


WORKING = (DisputeState.OPEN, DisputeState.APPEALED, DisputeState.CORRECTED, DisputeState.TOLD)
"""States of a denial, an underpayment or an overpayment that somebody still works on."""

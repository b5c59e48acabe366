"""Where things go that come back, and what a proof of delivery must hold. Pure decisions."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from infusion_desktop.dates import show_day
from infusion_desktop.deliveries.words import Carrier, LineOutcome
from infusion_desktop.stock.words import ItemKind, Storage
from infusion_desktop.values import value

# --- what comes back --------------------------------------------------------------------------------------------------


class Condition(StrEnum):
    """How a thing looks that came back."""

    SEALED = "sealed"
    OPENED = "opened"
    DAMAGED = "damaged"


class GoesTo(StrEnum):
    """Where units go that did not stay with the patient."""

    STOCK = "back to its bin"
    RETURNS = "to Returns, to be looked at"
    QUARANTINE = "to quarantine"
    WASTE = "to waste"


_DRUGS = (ItemKind.DRUG, ItemKind.DILUENT, ItemKind.FLUSH)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where it goes, and why, as a person reads it."""

    goes_to: GoesTo
    why: str


def verdict(kind: ItemKind, storage: Storage, outcome: LineOutcome, condition: Condition, *, is_held: bool) -> Verdict:
    """Where units go that came back.

    A drug that left our control is never dispensed again (USP <797> and the states' boards of pharmacy), nor is what
    had to stay cold. A recalled or held lot is kept apart. What was in a home is looked at before anybody uses it; what
    never left the driver's hands, sealed, goes back to its bin.
    """
    if is_held:
        return Verdict(GoesTo.QUARANTINE, "its lot is held")
    if kind in _DRUGS:
        return Verdict(GoesTo.WASTE, "a drug that left the house never goes back to the shelf")
    if storage is not Storage.ROOM:
        return Verdict(GoesTo.WASTE, "nobody knows whether it stayed cold")
    if condition is not Condition.SEALED:
        return Verdict(GoesTo.WASTE, f"it is {condition.value}")
    if outcome is LineOutcome.RETURNED:
        return Verdict(GoesTo.RETURNS, "it was in a home")
    return Verdict(GoesTo.STOCK, "sealed, and it never left the driver's hands")


# --- proof of delivery --------------------------------------------------------------------------------------------

BY_STAFF = "Our own people cannot sign for a patient. Get the recipient's name."
"""The gap of a proof that the pharmacy's own staff signed."""


@value
class ProofFacts:
    """What is known of how a delivery ended. ``delivered_on`` is the local day; None while it is on the way."""

    number: str
    is_medicare: bool
    carrier: Carrier
    delivered_on: date | None
    received_by: str = ""
    relation: str = ""
    has_signature: bool = False
    has_sheet: bool = False
    signed_on: date | None = None
    tracking: str = ""
    shipped_on: date | None = None
    address: str = ""
    signed_by_staff: bool = False
    scheduled_on: date | None = None


def gaps(facts: ProofFacts, today: date) -> tuple[str, ...]:
    """What is missing before this delivery can be billed; empty when the proof is complete.

    Medicare (CMS standard documentation requirements, proof of delivery, methods 1 and 2): the beneficiary's name and
    address, what and how many, the day it arrived, who took it and how they are related, their signature dated on the
    day of service; with a delivery service the tracking number and the day it was shipped instead of a signature.
    """
    if facts.delivered_on is None:
        if facts.scheduled_on is not None and facts.scheduled_on <= today:
            return ("Say how the visit ended: arrived, nobody there, or everything came back.",)
        return ()
    missing = []
    by_parcel = facts.carrier is Carrier.PARCEL
    if not facts.received_by.strip():
        missing.append("Type who received it.")
    if not facts.relation.strip():
        missing.append("Say what the recipient is to the patient.")
    if facts.signed_by_staff:
        missing.append(BY_STAFF)
    if by_parcel:
        missing += [] if facts.tracking.strip() else ["Type the parcel's tracking number."]
        missing += [] if facts.shipped_on is not None else ["The day it was handed to the parcel service is missing."]
    elif not facts.has_signature and not facts.has_sheet:
        missing.append("There is no signature. Scan the signed sheet, or have it signed.")
    if facts.is_medicare:
        missing += _for_medicare(facts, by_parcel)
    return tuple(missing)


def _for_medicare(facts: ProofFacts, by_parcel: bool) -> list[str]:
    missing = []
    if not facts.address.strip():
        missing.append("Medicare wants the address it was delivered to. Complete the patient's address.")
    if by_parcel:
        return missing
    if facts.signed_on is None:
        missing.append("Medicare wants the day of the signature. Type it from the sheet.")
    elif facts.signed_on != facts.delivered_on:
        missing.append(
            f"Signed on {show_day(facts.signed_on)} but delivered on {show_day(facts.delivered_on)}: Medicare wants "
            "the day of service. Correct the one that is wrong."
        )
    return missing

"""The words of stock: kinds of items, places and moves."""

from datetime import date
from enum import StrEnum
from typing import NewType

ItemId = NewType("ItemId", int)
PackId = NewType("PackId", int)
LotId = NewType("LotId", int)
LocationId = NewType("LocationId", int)
MoveId = NewType("MoveId", int)
ReceiptId = NewType("ReceiptId", int)
CountId = NewType("CountId", int)
CountLineId = NewType("CountLineId", int)
RecallId = NewType("RecallId", int)
CountPlanId = NewType("CountPlanId", int)
WriteOffId = NewType("WriteOffId", int)
SiteTransferId = NewType("SiteTransferId", int)
VendorId = NewType("VendorId", int)
OfferId = NewType("OfferId", int)
OrderId = NewType("OrderId", int)
OrderLineId = NewType("OrderLineId", int)
VendorReturnId = NewType("VendorReturnId", int)

NEVER_EXPIRES = date(9999, 12, 31)
"""Stands in balances for a lot without an expiry date, so that it comes last."""


class ItemKind(StrEnum):
    """What sort of thing an item is; also the groups on a manifest, in this order."""

    DRUG = "drug"
    DILUENT = "diluent"
    FLUSH = "flush"
    TUBING = "tubing and administration sets"
    NEEDLE = "needles and syringes"
    CATHETER = "catheter"
    DRESSING = "dressing"
    ANTISEPTIC = "antiseptic"
    SHARPS = "sharps container"
    PUMP = "pump"
    POLE = "pole"
    OTHER = "other"

    @property
    def is_equipment(self) -> bool:
        """Serialised, lent and taken back: lives in the equipment register, not in the stock ledger."""
        return self in (ItemKind.PUMP, ItemKind.POLE)


class Storage(StrEnum):
    """How it must be kept."""

    ROOM = "room temperature"
    REFRIGERATED = "refrigerated"
    FROZEN = "frozen"

    @property
    def is_cold(self) -> bool:
        return self is not Storage.ROOM


class BillingClass(StrEnum):
    """Whether the per diem pays for it, by default; a payer's contract may differ."""

    DRUG = "drug"
    PER_DIEM_INCLUDED = "inside the per diem"
    SEPARATELY_BILLABLE = "billed separately"
    NURSING = "nursing"
    NONE = "not billed"


class Container(StrEnum):
    """How a drug comes: what is left of an opened one is waste or not, and whose syringe a pump is loaded with."""

    AS_ITS_CODE = "as its code says"
    SINGLE_DOSE = "single-dose container"
    MULTI_DOSE = "multi-dose container"
    PREFILLED = "prefilled syringe or cassette"


class LocationKind(StrEnum):
    """What sort of place; the last four are outside and keep no balance.

    A site only holds other places; nothing lies in it itself.
    """

    SITE = "site"
    ROOM = "room"
    BIN = "bin"
    VEHICLE = "vehicle"
    NURSE_BAG = "nurse bag"
    CLEAN = "clean area"
    DIRTY = "dirty area"
    QUARANTINE = "quarantine"
    RETURNS = "returns"
    SERVICE = "service area"
    TRANSIT = "in transit"
    PATIENT_HOME = "patient home"
    VENDOR = "vendor"
    USED = "used"
    LOST = "lost or wasted"
    ADJUSTMENT = "count difference"

    @property
    def keeps_balance(self) -> bool:
        return self not in (LocationKind.VENDOR, LocationKind.USED, LocationKind.LOST, LocationKind.ADJUSTMENT)

    @property
    def is_pickable(self) -> bool:
        """Stock here may be reserved for a patient."""
        return self in (LocationKind.ROOM, LocationKind.BIN)


OUTSIDE = tuple(kind for kind in LocationKind if not kind.keeps_balance)
PICKABLE = tuple(kind for kind in LocationKind if kind.is_pickable)


class MoveReason(StrEnum):
    """Why stock moved."""

    OPENING = "opening balance"
    RECEIVED = "received"
    TRANSFERRED = "transferred"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RETURNED = "returned"
    REFUSED = "refused"
    USED = "used at home"
    EXPIRED = "expired"
    DAMAGED = "damaged"
    LOST = "lost"
    QUARANTINED = "quarantined"
    RELEASED = "released from quarantine"
    COUNTED = "count difference"
    VENDOR_RETURN = "returned to vendor"
    CORRECTED = "corrected"


class WriteOffCode(StrEnum):
    """Why exactly units are written off; each belongs to one reason of the ledger."""

    EXPIRED_ON_SHELF = "expired on the shelf"
    EXPIRED_RETURN = "came back expired"
    BROKEN = "dropped or broken"
    TORN = "package torn or wet"
    COLD_CHAIN = "cold chain broken"
    CONTAMINATED = "contaminated"
    DEFECTIVE = "defect of the maker"
    NOT_FOUND = "cannot be found"
    LOST_ON_THE_WAY = "lost on the way"
    STOLEN = "stolen"

    @property
    def reason(self) -> MoveReason:
        """The ledger's reason it is booked under."""
        if self in (WriteOffCode.EXPIRED_ON_SHELF, WriteOffCode.EXPIRED_RETURN):
            return MoveReason.EXPIRED
        if self in (WriteOffCode.NOT_FOUND, WriteOffCode.LOST_ON_THE_WAY, WriteOffCode.STOLEN):
            return MoveReason.LOST
        return MoveReason.DAMAGED


class WriteOffState(StrEnum):
    """A write-off's life: above the pharmacy's limit it waits for a second person."""

    WAITING = "waiting for a second person"
    POSTED = "posted"
    DECLINED = "declined"


class SiteTransferState(StrEnum):
    """A transfer between sites."""

    SENT = "on the way"
    RECEIVED = "received"
    SHORT = "received with a difference"
    CLOSED = "closed"


class OrderState(StrEnum):
    """A purchase order's life."""

    DRAFT = "draft"
    SENT = "sent"
    PARTLY_RECEIVED = "partly received"
    RECEIVED = "received"
    CLOSED = "closed"
    CANCELLED = "cancelled"

    @property
    def is_expected(self) -> bool:
        """The vendor has it and still owes goods."""
        return self in (OrderState.SENT, OrderState.PARTLY_RECEIVED)


EXPECTED = tuple(state for state in OrderState if state.is_expected)
"""The states of orders that the vendor has and still owes goods for."""


class Condition(StrEnum):
    """How what arrived stands against the order; only good units become stock that may be sent."""

    GOOD = "good"
    DAMAGED = "damaged"
    WRONG = "wrong item"
    OVER = "more than ordered"
    MISSING = "on the slip, not in the box"

    @property
    def goes_back(self) -> bool:
        """It is here, waits in quarantine and is sent back to the vendor."""
        return self in (Condition.DAMAGED, Condition.WRONG, Condition.OVER)


class VendorReturnState(StrEnum):
    """A vendor return's life."""

    SENT = "sent back"
    CREDITED = "credited"
    CLOSED = "closed without full credit"


class CountState(StrEnum):
    """A count's life."""

    OPEN = "open"
    COUNTED = "counted"
    POSTED = "posted"
    CANCELLED = "cancelled"


class RecallState(StrEnum):
    """A recall's life."""

    OPEN = "open"
    CLOSED = "closed"

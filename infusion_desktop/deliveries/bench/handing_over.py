"""Handing over by scan: each tote's label is seen once, and a tote that does not go along is said at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.dates import today
from infusion_desktop.deliveries.schedule.dispatch_tables import DeliveryStop, Driver, PaperPrint
from infusion_desktop.deliveries.schedule.dispatch_words import PaperKind
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Patient
from infusion_desktop.stock.scanning.scan_values import ScanKind
from infusion_desktop.stock.scanning.scans import read_scan

Tote = tuple[DeliveryId, int]
"""A delivery and which of its totes."""


@dataclass(frozen=True, slots=True)
class Going:
    """A packed delivery that is handed over; without printed labels its totes can only be counted."""

    id: DeliveryId
    number: str
    patient_name: str
    driver: str
    totes: int
    labelled: bool

    def unseen(self, seen: Collection[Tote]) -> int:
        """How many of its totes were not scanned."""
        return sum((self.id, tote) not in seen for tote in range(1, self.totes + 1))


@dataclass(frozen=True, slots=True)
class ToteSeen:
    """The answer to a scanned tote; ``tote`` is None where it is wrong or seen already."""

    right: bool
    sentence: str
    tote: Tote | None = None


def going(session: Session, delivery_ids: Sequence[DeliveryId]) -> tuple[Going, ...]:
    """These deliveries as they are handed over, in their order."""
    labelled = (
        select(PaperPrint.id)
        .where(PaperPrint.delivery_id == Delivery.id, PaperPrint.kind == PaperKind.TOTE_LABEL)
        .correlate(Delivery)
        .exists()
    )
    rows = session.execute(
        select(Delivery, Patient.last_name, Patient.first_name, Driver.name, labelled.label("labelled"))
        .join(Patient, Patient.id == Delivery.patient_id)
        .outerjoin(DeliveryStop, DeliveryStop.delivery_id == Delivery.id)
        .outerjoin(Driver, Driver.id == DeliveryStop.driver_id)
        .where(Delivery.id.in_(delivery_ids))
    )
    found = {
        row.id: Going(
            DeliveryId(row.id), row.number, f"{last}, {first}", driver or row.carrier.value, row.totes, bool(printed)
        )
        for row, last, first, driver, printed in rows
    }  # fmt: skip
    return tuple(found[each] for each in delivery_ids if each in found)


def see_tote(raw: str, expected: Sequence[Going], seen: Collection[Tote]) -> ToteSeen:
    """What a scan means while these deliveries are handed over."""
    try:
        scan = read_scan(raw, today=today())
    except Refused as no:
        return ToteSeen(False, str(no))
    number, _slash, tote = scan.code.partition("/")
    row = next((each for each in expected if each.number == number), None)
    if scan.kind is ScanKind.DELIVERY and row is not None:
        return ToteSeen(False, f"This is the paper of {number}. Scan the label on each tote.")
    if scan.kind not in (ScanKind.TOTE, ScanKind.DELIVERY):
        return ToteSeen(False, "This is no tote. Scan the label on the tote.")
    if row is None:
        return ToteSeen(False, f"{number} is not handed over now. Put this tote back.")
    which = int(tote) if tote.isdecimal() and len(tote) < 4 else 0
    if not 1 <= which <= row.totes:
        return ToteSeen(
            False, f"{number} was packed into {row.totes}, and this is tote {tote or '?'}. Look at it again."
        )
    if (row.id, which) in seen:
        return ToteSeen(False, f"Tote {which} of {number} was scanned already.")
    left = row.unseen([*seen, (row.id, which)])
    more = f"{left} more of {number}." if left else f"All of {number}."
    return ToteSeen(True, f"Tote {which} of {row.totes}, {row.patient_name}. {more}", (row.id, which))

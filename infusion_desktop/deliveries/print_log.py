"""What was printed when by whom: the first is the original, every later one a copy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.deliveries.schedule.dispatch_tables import PaperPrint
from infusion_desktop.deliveries.schedule.dispatch_words import BatchId, PaperKind
from infusion_desktop.deliveries.steps import core
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryId

_PRINTED = core(PaperPrint)


@dataclass(frozen=True, slots=True)
class PrintRow:
    """One printing of one paper."""

    kind: PaperKind
    subject: str
    is_copy: bool
    at: datetime
    by: str


def printed_before(session: Session, kind: PaperKind, delivery_ids: Sequence[DeliveryId]) -> frozenset[DeliveryId]:
    """Of which deliveries such a paper was printed already."""
    rows = session.scalars(
        select(PaperPrint.delivery_id).where(PaperPrint.kind == kind, PaperPrint.delivery_id.in_(delivery_ids))
    )
    found = {DeliveryId(row) for row in rows if row is not None}
    if kind is PaperKind.MANIFEST:
        older = select(Delivery.id).where(Delivery.id.in_(delivery_ids), Delivery.printed > 0)
        found |= {DeliveryId(row) for row in session.scalars(older)}
    return frozenset(found)


def subject_printed_before(session: Session, kind: PaperKind, subject: str) -> bool:
    """Whether such a paper without one delivery, a tour's or a wave's, was printed already."""
    wanted = select(PaperPrint.id).where(PaperPrint.kind == kind, PaperPrint.subject == subject).limit(1)
    return session.scalar(wanted) is not None


def keep_prints(
    session: Session,
    kind: PaperKind,
    delivery_ids: Sequence[DeliveryId],
    copies: Iterable[DeliveryId],
    by: UserId,
    at: datetime,
    batch_id: BatchId | None = None,
) -> None:
    """Each of these deliveries had this paper printed."""
    if not delivery_ids:
        return
    again = frozenset(copies)
    rows = [_row(kind, each, "", each in again, by, at, batch_id) for each in delivery_ids]
    session.connection().execute(insert(_PRINTED), rows)
    if kind is PaperKind.MANIFEST:
        session.execute(update(Delivery).where(Delivery.id.in_(delivery_ids)).values(printed=Delivery.printed + 1))


def keep_subject_print(
    session: Session, kind: PaperKind, subject: str, is_copy: bool, by: UserId, at: datetime,
    batch_id: BatchId | None = None,
) -> None:  # fmt: skip
    """A tour's or a wave's paper was printed."""
    session.connection().execute(insert(_PRINTED), [_row(kind, None, subject, is_copy, by, at, batch_id)])


def prints_of(session: Session, delivery_id: DeliveryId) -> tuple[PrintRow, ...]:
    """Every printing of a delivery's papers, the newest first."""
    rows = session.execute(
        select(PaperPrint, Staff.name)
        .join(Staff, Staff.id == PaperPrint.staff_id)
        .where(PaperPrint.delivery_id == delivery_id)
        .order_by(PaperPrint.id.desc())
    )
    return tuple(PrintRow(row.kind, row.subject, row.is_copy, row.at, name) for row, name in rows)


def _row(
    kind: PaperKind, delivery_id: int | None, subject: str, is_copy: bool, by: UserId, at: datetime,
    batch_id: BatchId | None,
) -> dict[str, object]:  # fmt: skip
    return {
        "kind": kind,
        "delivery_id": delivery_id,
        "subject": subject,
        "batch_id": batch_id,
        "is_copy": is_copy,
        "at": at,
        "staff_id": by,
    }

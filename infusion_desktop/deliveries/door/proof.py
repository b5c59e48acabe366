"""Proof of delivery after the visit: signed sheets and photos, what was typed wrong, and what is still missing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Select, case, cast, func, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.engine import Database
from infusion_desktop.database.local_days import local_day_of
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.database.types import once_each
from infusion_desktop.dates import Days, local_day, now_utc, show_day, show_instant
from infusion_desktop.deliveries.door.delivering import Proof, _reasons_against
from infusion_desktop.deliveries.door.proof_rules import ProofFacts, gaps
from infusion_desktop.deliveries.queries import delivery_id_by_number
from infusion_desktop.deliveries.schedule.dispatch_tables import DeliveryCorrection, ProofAttachment
from infusion_desktop.deliveries.schedule.dispatch_words import AttachmentKind
from infusion_desktop.deliveries.steps import core, expect, head_of, tell
from infusion_desktop.deliveries.tables import Delivery, ProofOfDelivery
from infusion_desktop.deliveries.words import Carrier, DeliveryId, DeliveryState
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.patients.tables import Coverage, Patient, Payer
from infusion_desktop.patients.words import PatientId, PayerKind, Rank
from infusion_desktop.worker import Worker
from reports import press

LARGEST_ATTACHMENT = 5_000_000
READ_WITHIN_SECONDS = 180.0
LARGEST_STACK = 60_000_000
"""A stack of signed sheets scanned at once; each sheet kept of it has its own limit."""
LOOKED_BACK_DAYS = 400
"""A payer's longest time to file, and some: what is older is not asked about any more."""
_STARTS = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
}
_AT_THE_DOOR = (DeliveryState.SHIPPED, DeliveryState.DELIVERED, DeliveryState.REFUSED)


@dataclass(frozen=True, slots=True)
class Attachment:
    """The signed sheet or a photo, as read from a file."""

    kind: AttachmentKind
    content: bytes
    content_type: str
    pages: int = 1
    note: str = ""


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """What is kept of a sheet or photo; its content is asked for by its id."""

    id: int
    kind: AttachmentKind
    content_type: str
    size: int
    pages: int
    note: str
    recorded_at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """What was wrong and what is right."""

    what: str
    was: str
    now: str
    reason: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class ProofToComplete:
    """A delivery that cannot be billed yet, with everything that is missing."""

    id: DeliveryId
    number: str
    patient_id: PatientId
    patient_name: str
    payer: str
    is_medicare: bool
    state: DeliveryState
    day: date
    delivered_on: date | None
    received_by: str
    relation: str
    attempts: int
    missing: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True)
class FoundSheet:
    """A signed sheet read from a scan and the delivery its code names; ``delivery_id`` None where none is known."""

    sheet: press.Sheet
    delivery_id: DeliveryId | None
    number: str
    patient_name: str
    state: DeliveryState | None


def attach(database: Database, delivery_id: DeliveryId, attachment: Attachment, by: UserId) -> int:
    """Keep a signed sheet or photo with a delivery that has left."""
    refuse_if(reasons_against_file(attachment.content, attachment.content_type))
    with database.transaction() as session:
        authorize(session, by, Permission.DELIVER)
        head = head_of(session, delivery_id)
        expect(head, *_AT_THE_DOOR)
        same = select(ProofAttachment.content).where(ProofAttachment.delivery_id == head.id)
        if attachment.content in set(session.scalars(same)):
            raise Refused(f"This file is with delivery {head.number} already.")
        made = session.execute(
            insert(core(ProofAttachment))
            .values(
                delivery_id=head.id, kind=attachment.kind, content=attachment.content, pages=attachment.pages,
                content_type=attachment.content_type, note=attachment.note.strip(), recorded_at=now_utc(), staff_id=by,
            )
            .returning(core(ProofAttachment).c.id)
        ).scalar_one()  # fmt: skip
        tell(session, head, by, "attach", kind=attachment.kind, size=len(attachment.content), pages=attachment.pages)
        return int(made)


def correct_proof(
    database: Database, delivery_id: DeliveryId, proof: Proof, signed_on: date, why: str, by: UserId
) -> None:
    """What was typed at the door was wrong: the right facts are added, the first entry stays.

    A signature or sheet that was kept stays good; a new one may be given.
    """
    if not why.strip():
        raise Refused("Say what was wrong, such as: the name was misread.")
    with database.transaction() as session:
        authorize(session, by, Permission.DELIVER)
        head = head_of(session, delivery_id)
        expect(head, DeliveryState.DELIVERED)
        reasons = _reasons_against(session, head, proof)
        if signed_on > now_utc().astimezone().date():
            reasons.append("The signature is dated in the future. Correct its day.")
        refuse_if(reasons)
        last = session.scalars(
            select(ProofOfDelivery)
            .where(ProofOfDelivery.delivery_id == head.id)
            .order_by(ProofOfDelivery.id.desc())
            .limit(1)
        ).one()
        was = _facts_of(last.received_by, last.relation, last.received_at, last.signed_on)
        values = {
            "delivery_id": head.id,
            "received_by": proof.received_by.strip(),
            "relation": proof.relation.strip(),
            "received_at": proof.received_at,
            "signed_on": signed_on,
            "signature": proof.signature or last.signature,
            "attachment": proof.attachment or last.attachment,
            "attachment_type": proof.attachment_type or last.attachment_type,
            "note": proof.note.strip(),
            "recorded_at": now_utc(),
            "staff_id": by,
        }
        session.execute(insert(ProofOfDelivery).values(**values))
        now = _facts_of(proof.received_by, proof.relation, proof.received_at, signed_on)
        keep_correction(session, head.id, "proof of delivery", was, now, why, by)
        row = session.get_one(Delivery, head.id)
        row.delivered_at = proof.received_at
        tell(session, head, by, "correct proof", why, signed_on=signed_on)


def keep_correction(
    session: Session, delivery_id: DeliveryId, what: str, was: str, now: str, why: str, by: UserId
) -> None:
    """An entry of what was wrong in a delivery that had left."""
    session.execute(
        insert(DeliveryCorrection).values(
            delivery_id=delivery_id, what=what, was=was, now=now, reason=why.strip(), recorded_at=now_utc(), staff_id=by
        )
    )


def corrections_of(session: Session, delivery_id: DeliveryId) -> tuple[CorrectionRow, ...]:
    """What was corrected after a delivery had left, in order."""
    rows = session.execute(
        select(DeliveryCorrection, Staff.name)
        .join(Staff, Staff.id == DeliveryCorrection.staff_id)
        .where(DeliveryCorrection.delivery_id == delivery_id)
        .order_by(DeliveryCorrection.id)
    )
    return tuple(CorrectionRow(row.what, row.was, row.now, row.reason, row.recorded_at, name) for row, name in rows)


def attachments_of(session: Session, delivery_id: DeliveryId) -> tuple[AttachmentRow, ...]:
    """The sheets and photos kept with a delivery, without their content."""
    kept = ProofAttachment
    rows = session.execute(
        select(
            kept.id, kept.kind, kept.content_type, func.length(kept.content).label("size"), kept.pages, kept.note,
            kept.recorded_at, Staff.name,
        )
        .join(Staff, Staff.id == kept.staff_id)
        .where(kept.delivery_id == delivery_id)
        .order_by(kept.id)
    )  # fmt: skip
    return tuple(
        AttachmentRow(row.id, row.kind, row.content_type, row.size, row.pages, row.note, row.recorded_at, row.name)
        for row in rows
    )


def attachment(session: Session, attachment_id: int) -> Attachment:
    """A sheet or photo with its content, or Refused."""
    row = session.get(ProofAttachment, attachment_id)
    if row is None:
        raise Refused("This attachment is not known. Open the delivery again.")
    return Attachment(row.kind, row.content, row.content_type, row.pages, row.note)


def read_sheets(database: Database, content: bytes, content_type: str) -> tuple[FoundSheet, ...]:
    """The signed sheets in a scan and whose they are, read in a process of its own; Refused where it is none."""
    if len(content) > LARGEST_STACK:
        raise Refused(f"The scan is larger than {LARGEST_STACK // 1_000_000} MB. Scan fewer sheets at once.")
    refuse_if(_reasons_against_type(content, content_type))
    try:
        with Worker(patience=READ_WITHIN_SECONDS) as worker:
            sheets: Sequence[press.Sheet] = worker.run(press.read_sheets, content, content_type)
    except ValueError as error:
        raise Refused(f"The scan was not used: {error}. Scan the sheets again.") from None
    with database.reading() as session:
        return tuple(_whose(session, sheet) for sheet in sheets)


def reasons_against_file(content: bytes, content_type: str) -> list[str]:
    """Why a file cannot be kept as a sheet or photo."""
    reasons = _reasons_against_type(content, content_type)
    if len(content) > LARGEST_ATTACHMENT:
        reasons.append(f"The file is larger than {LARGEST_ATTACHMENT // 1_000_000} MB. Scan it smaller.")
    return reasons


def _reasons_against_type(content: bytes, content_type: str) -> list[str]:
    starts = _STARTS.get(content_type)
    if starts is None or not content.startswith(starts):
        return ["The file is no PDF, PNG or JPEG. Scan the sheet as one of these."]
    return []


def _whose(session: Session, sheet: press.Sheet) -> FoundSheet:
    delivery_id = delivery_id_by_number(session, sheet.number) if sheet.number else None
    if delivery_id is None:
        return FoundSheet(sheet, None, sheet.number, "", None)
    row = session.execute(
        select(Delivery.number, Delivery.state, Patient.last_name, Patient.first_name)
        .join(Patient, Patient.id == Delivery.patient_id)
        .where(Delivery.id == delivery_id)
    ).one()
    return FoundSheet(sheet, delivery_id, row.number, f"{row.last_name}, {row.first_name}", row.state)


def _facts_of(received_by: str, relation: str, at: datetime, signed_on: date) -> str:
    return f"{received_by.strip()} ({relation.strip()}), {show_instant(at)}, signed {show_day(signed_on)}"


# --- what is missing --------------------------------------------------------------------------------------------------


def to_complete(session: Session, today: date) -> tuple[ProofToComplete, ...]:
    """Deliveries whose visit or proof is not complete, Medicare's first, then the oldest."""
    since = now_utc() - timedelta(days=LOOKED_BACK_DAYS)
    on_the_way = (Delivery.state == DeliveryState.SHIPPED) & (Delivery.scheduled_on <= today)
    arrived = (Delivery.state == DeliveryState.DELIVERED) & (Delivery.delivered_at >= since)
    wanted = with_proof(
        select(
            Delivery.id, Delivery.patient_id, Delivery.state, Delivery.version, Patient.last_name, Patient.first_name,
            Payer.name.label("payer"),
        ).where(on_the_way | arrived)
    )  # fmt: skip
    rows = proof_facts(session, session.execute(wanted.order_by(Delivery.id)).all())
    found = [
        ProofToComplete(
            DeliveryId(row.id), row.number, PatientId(row.patient_id), f"{row.last_name}, {row.first_name}",
            row.payer or "", facts.is_medicare, row.state, row.scheduled_on, facts.delivered_on, facts.received_by,
            facts.relation, 0, missing, row.version,
        )
        for row, facts in rows
        if (missing := gaps(facts, today))
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: (not each.is_medicare, each.delivered_on or each.day, each.id)))


def proof_gaps(
    session: Session, delivery_ids: Sequence[DeliveryId], today: date
) -> Mapping[DeliveryId, tuple[str, ...]]:
    """What is missing from the proof of each of these deliveries that has gaps."""
    rows = proof_facts(session, _PROOFS.rows(session, as_ids(delivery_ids))) if delivery_ids else []
    return {DeliveryId(row.id): missing for row, facts in rows if (missing := gaps(facts, today))}


def proof_facts(session: Session, rows: Sequence[Any]) -> list[tuple[Any, ProofFacts]]:
    """Deliveries read `with_proof`, each once, and what is known of how it ended: what billing asks before a claim."""
    staff = {row.name.casefold() for row in _STAFF.rows(session, {})}
    once = {row.id: row for row in rows}
    local = once_each(local_day)
    return [(row, _proof_facts(row, staff, local)) for row in once.values()]


def may_have_gaps(session: Session, period: Days) -> ColumnElement[bool]:
    """Whether an arrived delivery is worth asking `gaps` about: every one with a gap, and few others.

    For long lists: what has a recipient who is none of ours, a relation, and a signature or a parcel's facts, and is
    not Medicare's business, is complete.
    """
    proof = ProofOfDelivery
    known = func.trim(proof.received_by), func.trim(proof.relation)
    staff = {name.casefold() for name in session.scalars(select(Staff.name))}
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    octets = func.length(cast(proof.received_by, LargeBinary)) if is_sqlite else func.octet_length(proof.received_by)
    plain_name = octets == func.length(proof.received_by)  # Else the database may not know its small letters.
    signed = proof.signature.is_not(None) | proof.attachment.is_not(None)
    by_parcel = (func.trim(Delivery.tracking) != "") & Delivery.shipped_at.is_not(None)
    complete = (
        select(proof.id)
        .where(proof.delivery_id == Delivery.id, known[0] != "", known[1] != "", plain_name)
        .where(func.lower(known[0]).not_in(staff))
        .where(case((Delivery.carrier == Carrier.PARCEL, by_parcel), else_=signed))
        .correlate(Delivery)
    )
    again = select(proof.id).where(proof.delivery_id == Delivery.id).correlate(Delivery)
    medicare = (
        select(Coverage.id)
        .join(Payer, Payer.id == Coverage.payer_id)
        .where(Coverage.patient_id == Delivery.patient_id, Coverage.rank == Rank.PRIMARY)
        .where(Payer.kind == PayerKind.MEDICARE_B)
        .correlate(Delivery)
    )
    happened = local_day_of(session, Delivery.delivered_at, period)
    dated = select(proof.id).where(proof.delivery_id == Delivery.id, proof.signed_on == happened).correlate(Delivery)
    placed = select(Patient.id).where(Patient.id == Delivery.patient_id, Patient.street != "").correlate(Delivery)
    for_medicare = medicare.exists() & ~(placed.exists() & (dated.exists() | (Delivery.carrier == Carrier.PARCEL)))
    twice = select(func.count()).select_from(again.subquery()).scalar_subquery() > 1
    return ~complete.exists() | for_medicare | twice


def with_proof(deliveries: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """A selection of deliveries with what `proof_facts` reads; two primary coverages on a day give a delivery twice."""
    newest = (
        select(func.max(ProofOfDelivery.id))
        .where(ProofOfDelivery.delivery_id == Delivery.id)
        .correlate(Delivery)
        .scalar_subquery()
    )
    sheets = (
        select(ProofAttachment.id)
        .where(ProofAttachment.delivery_id == Delivery.id, ProofAttachment.kind == AttachmentKind.SIGNED_SHEET)
        .correlate(Delivery)
        .exists()
    )
    proof = ProofOfDelivery
    return (
        deliveries.add_columns(
            Delivery.number, Delivery.carrier, Delivery.scheduled_on, Delivery.delivered_at, Delivery.shipped_at,
            Delivery.tracking, Patient.street, Patient.city, proof.received_by, proof.relation, proof.signed_on,
            proof.signature.is_not(None).label("signed"), proof.attachment.is_not(None).label("attached"),
            sheets.label("sheet"), Payer.kind.label("payer_kind"),
        )
        .select_from(Delivery)
        .join(Patient, Patient.id == Delivery.patient_id)
        .outerjoin(proof, proof.id == newest)
        .outerjoin(
            Coverage,
            (Coverage.patient_id == Delivery.patient_id) & (Coverage.rank == Rank.PRIMARY)
            & (Coverage.starts_on <= Delivery.scheduled_on)
            & (Coverage.ends_on.is_(None) | (Coverage.ends_on >= Delivery.scheduled_on)),
        )
        .outerjoin(Payer, Payer.id == Coverage.payer_id)
    )  # fmt: skip


_PROOFS = Prepared(lambda dialect: with_proof(select(Delivery.id).where(is_given(dialect, Delivery.id))))
_STAFF = Prepared(select(Staff.name))


def _proof_facts(row: Any, staff: set[str], local: Callable[[datetime], date]) -> ProofFacts:
    carrier: Carrier = row.carrier
    return ProofFacts(
        row.number,
        row.payer_kind is PayerKind.MEDICARE_B,
        carrier,
        None if row.delivered_at is None else local(row.delivered_at),
        row.received_by or "",
        row.relation or "",
        bool(row.signed),
        bool(row.attached) or bool(row.sheet),
        row.signed_on,
        row.tracking,
        None if row.shipped_at is None else local(row.shipped_at),
        ", ".join(filter(None, (row.street, row.city))),
        (row.received_by or "").casefold() in staff,
        row.scheduled_on,
    )

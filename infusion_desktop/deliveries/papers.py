"""Filling the papers of a delivery: manifest, pick list, tote labels, pick-up ticket."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.pharmacy import profile
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.engine import Database
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.on_connection import connection_of
from infusion_desktop.dates import local_day, now_utc, show_day, show_days
from infusion_desktop.deliveries.print_log import keep_prints
from infusion_desktop.deliveries.queries import (
    DeliveryPage,
    EquipmentRow,
    LineRow,
    LotRow,
    StepRow,
    bench,
    delivery_page,
    equipment_at_home,
)
from infusion_desktop.deliveries.schedule.dispatch_tables import DeliveryCorrection
from infusion_desktop.deliveries.schedule.dispatch_words import PaperKind
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import WHICH_LOT, DeliveryId, DeliveryState, LineOutcome, Step
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import show_phone, show_zip
from infusion_desktop.patients.openings import tell_papers
from infusion_desktop.patients.queries import TherapyRow, therapies_of
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.words import ItemKind, Storage
from reports import delivery_manifest as paper
from reports import labels, pick_list, pickup_ticket
from reports.paper import Letterhead, Printed

STORAGE = {
    Storage.ROOM: paper.Storage.ROOM,
    Storage.REFRIGERATED: paper.Storage.REFRIGERATED,
    Storage.FROZEN: paper.Storage.FROZEN,
}
_DONE = {
    Step.RELEASE: "Released",
    Step.PICK: "Picked",
    Step.VERIFY: "Verified",
    Step.PACK: "Packed",
    Step.SHIP: "Shipped",
}
_KIND_ORDER = list(ItemKind)


def letterhead(session: Session) -> Letterhead:
    """The pharmacy as its papers show it."""
    kept = profile(session)
    if kept is None:
        return Letterhead("Pharmacy without a profile")
    street = tuple(line for line in (kept.street, kept.street_2) if line)
    return Letterhead(
        kept.name,
        (*street, f"{kept.city}, {kept.state} {show_zip(kept.zip)}"),
        show_phone(kept.phone),
        show_phone(kept.fax),
        kept.npi,
    )


def manifest(
    session: Session, delivery_id: DeliveryId, printed_by: UserId, now: datetime, *, copy: bool | None = None
) -> paper.DeliveryManifest:
    """A delivery's manifest as it stands; ``copy`` says that it is a reprint (by default: it was printed before)."""
    page = delivery_page(session, delivery_id, local_day(now))
    row = page.row
    patient = session.get_one(Patient, row.patient_id)
    is_copy = row.printed > 0 if copy is None else copy
    return paper.DeliveryManifest(
        letterhead(session),
        printed(session, printed_by, now, is_copy),
        row.number,
        recipient(patient),
        paper.Visit(
            row.scheduled_on,
            row.window,
            " ".join(text for text in (page.instructions, patient.delivery_instructions) if text),
            row.carrier.value,
            page.tracking,
        ),
        _therapies(session, page),
        _lines(page, _corrected_lots(session, page)),
        tuple(_equipment(each) for each in page.equipment if each.asset_id is not None),
        _totes(page),
        tuple(paper.Owed(line.item_number, line.item_name, line.owed, line.unit) for line in page.lines if line.owed),
        tuple(paper.Step(_DONE[each.step], each.by, each.at.astimezone()) for each in _last_steps(page)),
        _receipt(page),
        "" if row.state is DeliveryState.PACKED else row.state.value,
    )


def print_manifests(database: Database, delivery_ids: Sequence[DeliveryId], by: UserId, override: str = "") -> bytes:
    """One PDF of several manifests, each printing counted: from the second time on it is marked as a copy.

    AsksWhy where a patient's record is restricted and ``override`` says nothing.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        now = now_utc()
        drafts = session.scalars(
            select(Delivery.number).where(
                Delivery.id.in_(delivery_ids), Delivery.state.in_((DeliveryState.DRAFT, DeliveryState.CANCELLED))
            )
        ).all()
        if drafts:
            raise Refused(f"{', '.join(drafts)}: a draft or cancelled delivery has no manifest. Release it first.")
        whose = tell_deliveries(session, "delivery manifest", delivery_ids, by, override)
        filled = [manifest(session, each, by, now) for each in delivery_ids]
        again = [each for each, one in zip(delivery_ids, filled, strict=True) if one.printed.copy]
        keep_prints(session, PaperKind.MANIFEST, delivery_ids, again, by, now)
        for each, one in zip(delivery_ids, filled, strict=True):
            record(session, by, "print manifest", "delivery", each, patient_id=whose[each],
                   after={"copy": one.printed.copy})  # fmt: skip
    return paper.render_batch(filled)


def tell_deliveries(
    session: Session, subject: str, delivery_ids: Sequence[DeliveryId], by: UserId, reason: str
) -> dict[DeliveryId, PatientId]:
    """Whose these deliveries are, their papers told as `tell_papers` does; AsksWhy where it does."""
    asked = select(Delivery.id, Delivery.patient_id).where(is_given(connection_of(session).dialect.name, Delivery.id))
    whose = {DeliveryId(row.id): PatientId(row.patient_id) for row in session.execute(asked, as_ids(delivery_ids))}
    tell_papers(session, subject, whose.items(), by, reason)
    return whose


def printed(session: Session, by: UserId, now: datetime, copy: bool = False) -> Printed:
    """When, by whom, and whether it is a reprint."""
    name = session.scalar(select(Staff.name).where(Staff.id == by)) or ""
    return Printed(now.astimezone(), name, copy)


def picks(
    session: Session, delivery_id: DeliveryId, by: UserId, now: datetime, *, copy: bool = False
) -> pick_list.PickList:
    """The pick list of a released delivery, in walking order."""
    page = delivery_page(session, delivery_id, local_day(now))
    patient = session.get_one(Patient, page.row.patient_id)
    alerts = ["LATEX ALLERGY"] if patient.latex_allergy else []
    alerts += [f"Scan a patient-ready {each.kind}" for each in page.equipment if each.asset_id is None]
    alerts += [f"Short: {line.item_name}, {line.owed} {line.unit}" for line in page.lines if line.owed]
    return pick_list.PickList(
        letterhead(session),
        printed(session, by, now, copy),
        page.row.number,
        page.row.patient_number,
        page.row.scheduled_on,
        tuple(
            pick_list.Pick(
                "",
                each.place,
                each.line.item_number,
                each.line.item_name,
                each.lot.quantity,
                each.line.unit,
                each.lot.lot,
                each.lot.expires_on,
                each.lot.serial,
                STORAGE[each.line.storage],
                each.line.change_reason,
            )
            for each in bench(session, delivery_id)
        ),
        show_days(page.row.period),
        tuple(alerts),
    )


def tote_labels(
    session: Session, delivery_id: DeliveryId, today: date, *, copy: bool = False
) -> tuple[labels.ToteLabel, ...]:
    """A label for each tote, the cold ones last."""
    page = delivery_page(session, delivery_id, today)
    totes = _totes(page)
    return tuple(
        labels.ToteLabel(
            page.row.number,
            number,
            len(totes),
            page.row.patient_name,
            page.row.city,
            page.row.scheduled_on,
            page.row.window,
            page.row.route,
            tote.storage,
            tote.contents,
            letterhead(session).name,
            copy,
        )
        for number, tote in enumerate(totes, 1)
    )


def pick_up(
    session: Session,
    patient_id: PatientId,
    collect_on: date,
    reason: str,
    by: UserId,
    now: datetime,
    window: str = "",
    *,
    copy: bool = False,
) -> pickup_ticket.PickupTicket:
    """What the driver fetches from a patient: every pump and pole there."""
    patient = session.get_one(Patient, patient_id)
    return pickup_ticket.PickupTicket(
        letterhead(session),
        printed(session, by, now, copy),
        patient.number,
        recipient(patient),
        collect_on,
        window,
        reason,
        tuple(
            pickup_ticket.Collected(each.kind.value, each.model, 1, each.serial, each.tag)
            for each in equipment_at_home(session, patient_id)
        ),
        patient.delivery_instructions,
    )


def recipient(patient: Patient) -> paper.Recipient:
    """A patient as papers name them: where they live, how they are reached, who helps."""
    street = tuple(line for line in (patient.street, patient.street_2) if line)
    middle = f" {patient.middle_name}" if patient.middle_name else ""
    helper = ", ".join(
        text
        for text in (patient.caregiver_name, patient.caregiver_relation, show_phone(patient.caregiver_phone))
        if text
    )
    return paper.Recipient(
        f"{patient.first_name}{middle} {patient.last_name}",
        (*street, f"{patient.city}, {patient.state} {show_zip(patient.zip)}"),
        ", ".join(show_phone(each) for each in (patient.phone, patient.phone_2) if each),
        patient.number,
        patient.born_on,
        helper,
    )


def _therapies(session: Session, page: DeliveryPage) -> tuple[paper.TherapySupplied, ...]:
    found: list[TherapyRow] = [
        each for each in therapies_of(session, page.row.patient_id) if each.id == page.therapy_id
    ]
    period = page.row.period
    if not found:
        return (paper.TherapySupplied("Supplies", period.first, period.last),)
    return tuple(
        paper.TherapySupplied(each.order.drug, period.first, period.last, each.prescriber, each.device)
        for each in found
    )


def _corrected_lots(session: Session, page: DeliveryPage) -> dict[str, str]:
    """By item: that a lot was put right after the delivery had left, and what the first paper said."""
    if page.shipped_at is None:
        return {}
    kept = DeliveryCorrection
    rows = session.execute(
        select(kept.what, kept.was, kept.recorded_at)
        .where(kept.delivery_id == page.row.id, kept.what.endswith(WHICH_LOT))
        .order_by(kept.id.desc())
    )
    return {
        row.what.removesuffix(WHICH_LOT): f"lot corrected {show_day(local_day(row.recorded_at))}, was {row.was}"
        for row in rows
    }


def _lines(page: DeliveryPage, corrected: Mapping[str, str]) -> tuple[paper.Line, ...]:
    ordered = sorted(page.lines, key=lambda line: _KIND_ORDER.index(line.kind))
    settled = page.row.state in (DeliveryState.DELIVERED, DeliveryState.REFUSED)
    return tuple(
        paper.Line(
            line.kind.value.capitalize(),
            line.item_number,
            line.item_name,
            line.unit,
            tuple(
                paper.LotSent(
                    lot.quantity, lot.lot, lot.expires_on, lot.serial, _tote(page, line), _outcome(lot, settled)
                )
                for lot in line.lots
            ),
            STORAGE[line.storage],
            _remark(line, corrected),
        )
        for line in ordered
        if line.lots
    )


def _remark(line: LineRow, corrected: Mapping[str, str]) -> str:
    parts = [f"instead of {line.substitutes}" if line.substitutes else "", corrected.get(line.item_name, "")]
    return "; ".join(part for part in parts if part)


def _outcome(lot: LotRow, settled: bool) -> paper.Outcome:
    if not settled or not lot.came_back:
        return paper.Outcome()
    return paper.Outcome(
        not_delivered=lot.came_back if lot.outcome is LineOutcome.NOT_DELIVERED else None,
        refused=lot.came_back if lot.outcome is LineOutcome.REFUSED else None,
        returned=lot.came_back if lot.outcome is LineOutcome.RETURNED else None,
    )


def _equipment(row: EquipmentRow) -> paper.EquipmentSent:
    outcome = paper.Outcome(
        not_delivered=1 if row.outcome is LineOutcome.NOT_DELIVERED else None,
        refused=1 if row.outcome is LineOutcome.REFUSED else None,
        returned=1 if row.outcome is LineOutcome.RETURNED else None,
    )
    return paper.EquipmentSent(
        row.kind.capitalize(), row.model, row.serial, row.tag, row.checked_on, row.maintenance_due_on, outcome=outcome
    )


def _cold_lines(page: DeliveryPage) -> list[LineRow]:
    return [line for line in page.lines if line.storage.is_cold and line.lots]


def _totes(page: DeliveryPage) -> tuple[paper.Tote, ...]:
    """The totes as packed; what is cold travels in the last one, with the cold packs."""
    total = page.row.totes
    cold = _cold_lines(page)
    made = []
    for number in range(1, total + 1):
        is_cold = bool(cold) and number == total
        keep = STORAGE[cold[0].storage] if is_cold else paper.Storage.ROOM
        packs = f"{page.cold_packs} cold packs" if is_cold and page.cold_packs else ""
        made.append(paper.Tote(f"{number} of {total}", keep, packs))
    return tuple(made)


def _tote(page: DeliveryPage, line: LineRow) -> str:
    total = page.row.totes
    if line.storage.is_cold and total:
        return str(total)
    return "1" if total == 1 or (total == 2 and _cold_lines(page)) else ""


def _last_steps(page: DeliveryPage) -> list[StepRow]:
    """The steps that stand: the last of each kind, none that were taken back later."""
    standing: list[StepRow] = []
    for each in page.steps:
        if each.step is Step.UNDO and standing:
            gone = standing[-1].step
            standing = [one for one in standing if one.step is not gone]
        elif each.step in _DONE:
            same = [one for one in standing if one.step is each.step and one.by == each.by]
            standing = [one for one in standing if one not in same] + [each]
    return standing


def _receipt(page: DeliveryPage) -> paper.Receipt | None:
    if page.proof is None:
        return None
    proof = page.proof
    signed = proof.signature is not None or proof.has_attachment
    return paper.Receipt(proof.received_by, proof.relation, proof.received_at.astimezone(), proof.note, signed)

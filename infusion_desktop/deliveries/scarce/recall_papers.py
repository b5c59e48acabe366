"""The papers of a recall: letters in one batch, the driver's pick-up tickets, the recall file, what a patient got."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.papers import letterhead, printed
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import local_day, now_utc, show_day, show_instant
from infusion_desktop.deliveries.papers import recipient
from infusion_desktop.deliveries.scarce.recall_queries import PatientRow, RecallPage, ever_received, recall_page
from infusion_desktop.deliveries.tables import RecallCase
from infusion_desktop.errors import Refused
from infusion_desktop.patients.tables import Patient
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.queries import move_rows
from infusion_desktop.stock.tables import Item
from infusion_desktop.stock.words import LotId, RecallId
from reports import pickup_ticket, recall_file, recall_letter, table_report
from reports.table_report import Column, Kind

INSTRUCTIONS = (
    "Stop using the products listed above. Do not throw them away.",
    "Set them aside, away from your other supplies, and mark them “do not use”.",
    "Fill in the slip below and give it to the driver, or call us and tell us how many are left.",
)


def print_letters(
    database: Database, recall_id: RecallId, patients: Sequence[PatientId], by: UserId, collect_on: date | None = None
) -> bytes:
    """The letters to these patients as one PDF; how often each was printed is kept."""
    with database.transaction() as session:
        authorize(session, by, Permission.DELIVER)
        page, now = recall_page(session, recall_id), now_utc()
        chosen = [row for row in page.patients if row.id in set(patients)]
        if not chosen:
            raise Refused("This recall concerns none of these patients.")
        letters = [_letter(session, page, row, by, now, collect_on) for row in chosen]
        for row in chosen:
            case = session.get(RecallCase, (recall_id, row.id), with_for_update=True)
            if case is None:
                case = RecallCase(recall_id=recall_id, patient_id=row.id, letters=0)
                session.add(case)
            case.letters, case.letter_at = case.letters + 1, now
            record(session, by, "print recall letter", "recall", recall_id, patient_id=row.id,
                   after={"copy": case.letters > 1})  # fmt: skip
        session.flush()
    return recall_letter.render_batch(letters)


def _letter(
    session: Session, page: RecallPage, row: PatientRow, by: UserId, now: datetime, collect_on: date | None
) -> recall_letter.RecallLetter:
    home = recipient(session.get_one(Patient, row.id))
    items = [
        recall_letter.RecalledItem(
            page.row.item_name, each.serial or each.lot, each.quantity - each.came_back, page.unit, each.delivered_on,
            each.delivery,
        )
        for each in row.sent
        if each.quantity > each.came_back
    ]  # fmt: skip
    items += [recall_letter.RecalledItem(page.row.item_name, tag, 1, "pump or pole") for tag in row.assets]
    replacement = "We replace what was recalled at no cost to you."
    if collect_on is not None:
        replacement = f"Our driver fetches it on {show_day(collect_on)}. {replacement}"
    return recall_letter.RecallLetter(
        letterhead(session), printed(session, by, now, row.letters > 0), page.row.number, local_day(now), home.name,
        home.address_lines, page.row.item_name, page.manufacturer, _sentence(page.row.reason), INSTRUCTIONS,
        tuple(items), replacement=replacement, signed_by=printed(session, by, now).by,
    )  # fmt: skip


def _sentence(text: str) -> str:
    """A reason as a sentence of its own: "Leaking bags" becomes "The reason: Leaking bags."."""
    return f"The reason: {text.rstrip('.')}."


def pick_up_tickets(
    session: Session, recall_id: RecallId, patients: Sequence[PatientId], collect_on: date, by: UserId, now: datetime
) -> bytes:
    """A ticket for each home, by lot, for the driver who fetches recalled units."""
    authorize(session, by, Permission.SEE_DELIVERIES)
    page = recall_page(session, recall_id)
    chosen = [row for row in page.patients if row.id in set(patients) and (row.at_home or row.assets)]
    if not chosen:
        raise Refused("None of these patients has recalled units at home.")
    kind = session.get_one(Item, page.item_id).kind.value
    tickets = []
    for row in chosen:
        patient = session.get_one(Patient, row.id)
        names = {each.lot_id: (each.serial, each.lot) for each in row.sent}
        things = [
            pickup_ticket.Collected(kind, page.row.item_name, units, names[lot][0], lot=names[lot][1])
            for lot, units in row.at_home_lots
            if lot in names
        ]
        things += [pickup_ticket.Collected(kind, page.row.item_name, serial=tag) for tag in row.assets]
        tickets.append(
            pickup_ticket.PickupTicket(
                letterhead(session), printed(session, by, now), f"{page.row.number}-{row.number}", recipient(patient),
                collect_on, "", f"Recall {page.row.number}: {page.row.reason}", tuple(things),
                patient.delivery_instructions,
            )
        )  # fmt: skip
    return pickup_ticket.render_batch(tickets)


def print_file(database: Database, recall_id: RecallId, by: UserId) -> bytes:
    """The whole recall as one PDF; that it was printed is noted, because it names patients."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        filled = the_file(session, recall_id, by, now_utc())
        record(session, by, "print recall file", "recall", recall_id)
    return recall_file.render(filled)


def the_file(session: Session, recall_id: RecallId, by: UserId, now: datetime) -> recall_file.RecallFile:
    """What the recall file says."""
    page = recall_page(session, recall_id)
    row, tally = page.row, page.tally
    reached = sum(each.is_reached for each in page.patients)
    lots = [LotId(each) for each in dict.fromkeys(place.lot_id for place in page.places)]
    return recall_file.RecallFile(
        letterhead(session), printed(session, by, now), row.number, row.item_name, page.manufacturer, row.reason,
        row.source, row.state.value, f"{show_instant(row.opened_at)} by {page.opened_by}", show_instant(page.closed_at),
        page.named,
        (
            ("On the shelf", tally.on_shelf), ("Reserved", tally.reserved), ("Packed", tally.packed),
            ("Quarantined", tally.quarantined), ("On the way", tally.in_transit), ("At homes", tally.at_home),
            ("Used", tally.used), ("Destroyed", tally.destroyed), ("To the vendor", tally.to_vendor),
        ),
        tally.came_in, f"{page.effectiveness} % ({reached} of {len(page.patients)})", f"{page.accounted} %",
        tuple(
            (place.place, place.serial or place.lot, show_day(place.expires_on), f"{place.on_hand:,}",
             f"{place.reserved:,}")
            for place in page.places
            if place.on_hand and not place.place.startswith("Home of")
        ),
        tuple(
            (kit.number, kit.state.value, kit.patient_name, show_day(kit.scheduled_on), kit.lot, f"{kit.quantity:,}")
            for kit in page.kits
        ),
        tuple(
            (each.name, "\n".join(filter(None, (each.phone, each.phone_2))), each.address,
             ", ".join(filter(None, (each.lots, *each.assets))), f"{each.at_home:,}", f"{each.used:,}",
             f"{each.came_back:,}", each.state, each.replacement)
            for each in page.patients
        ),
        tuple(
            (each.name, sent.serial or sent.lot, sent.delivery, show_day(sent.delivered_on) or "on the way",
             f"{sent.quantity:,}", f"{sent.came_back:,}")
            for each in page.patients
            for sent in each.sent
        ),
        tuple(
            (show_instant(each.at), each.patient_name, each.how.value, each.outcome.value,
             ", ".join(filter(None, (f"{each.set_aside} set aside" if each.set_aside else "",
                                     f"{each.used} used" if each.used else "", each.note))), each.by)
            for each in reversed(page.contacts)
        ),
        tuple(
            (show_instant(move.at), move.reason.value, move.lot, f"{move.quantity:,}", move.from_place, move.to_place,
             move.by)
            for move in reversed(move_rows(session, lots=lots, since=row.opened_at))
        ),
        local_day(now),
    )  # fmt: skip


def received_report(session: Session, patient_id: PatientId, by: UserId, now: datetime) -> bytes:
    """Everything a patient ever received, by lot, as a PDF."""
    authorize(session, by, Permission.SEE_DELIVERIES)
    patient = session.get(Patient, patient_id)
    if patient is None:
        raise Refused("This patient is not known. Choose the patient again.")
    rows = ever_received(session, patient_id)
    columns = (
        Column("Item"), Column("Lot / serial"), Column("Expires", Kind.DAY), Column("Sent", Kind.NUMBER),
        Column("Came back", Kind.NUMBER), Column("Unit"), Column("Delivery"), Column("Delivered", Kind.DAY),
        Column("Held"),
    )  # fmt: skip
    report = table_report.TableReport(
        letterhead(session), printed(session, by, now), "Everything received, by lot", columns,
        tuple(
            (row.item_name, row.serial or row.lot, row.expires_on, row.quantity, row.came_back, row.unit, row.delivery,
             row.delivered_on, row.held)
            for row in rows
        ),
        parameters=(("Patient", f"{patient.last_name}, {patient.first_name} ({patient.number})"),), landscape=True,
        nothing="Nothing was sent to this patient yet.",
    )  # fmt: skip
    return table_report.render(report)

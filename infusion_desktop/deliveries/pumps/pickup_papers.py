"""Pick-up tickets on paper."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.deliveries.papers import letterhead, printed, recipient
from infusion_desktop.equipment.models import model_facts
from infusion_desktop.equipment.tables import Asset, Pickup, PickupLine
from infusion_desktop.equipment.words import PickupId
from infusion_desktop.errors import Refused
from infusion_desktop.patients.openings import tell_papers
from infusion_desktop.patients.tables import Patient
from infusion_desktop.stock.tables import Item
from reports import pickup_ticket


def print_tickets(database: Database, ticket_ids: Sequence[PickupId], by: UserId, override: str = "") -> bytes:
    """One PDF of tickets; from the second printing on each is marked as a copy.

    AsksWhy where a patient's record is restricted and ``override`` says nothing.
    """
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        now = now_utc()
        tell_papers(session, "pick-up ticket", _whose(session, ticket_ids), by, override)
        filled = [ticket_paper(session, each, by, now) for each in ticket_ids]
        for each in ticket_ids:
            row = session.get_one(Pickup, each)
            row.printed += 1
            record(session, by, "print pick-up ticket", "pick-up", each, patient_id=row.patient_id,
                   after={"copy": row.printed > 1})  # fmt: skip
    return pickup_ticket.render_batch(filled)


def _whose(session: Session, ticket_ids: Sequence[PickupId]) -> list[tuple[int, int]]:
    asked = session.execute(select(Pickup.id, Pickup.patient_id).where(Pickup.id.in_(ticket_ids)))
    return [(row.id, row.patient_id) for row in asked]


def ticket_paper(session: Session, ticket_id: PickupId, by: UserId, now: datetime) -> pickup_ticket.PickupTicket:
    """A ticket as it is printed; from the second printing on a copy."""
    row = session.get(Pickup, ticket_id)
    if row is None:
        raise Refused("This pick-up ticket is not known. Look at the list again.")
    patient = session.get_one(Patient, row.patient_id)
    things = session.execute(
        select(Asset, Item)
        .join(PickupLine, PickupLine.asset_id == Asset.id)
        .join(Item, Item.id == Asset.item_id)
        .where(PickupLine.pickup_id == ticket_id)
        .order_by(Asset.tag)
    ).all()
    return pickup_ticket.PickupTicket(
        letterhead(session), printed(session, by, now, row.printed > 0), row.number, recipient(patient), row.collect_on,
        row.window, row.reason,
        tuple(
            pickup_ticket.Collected(
                item.kind.value, item.name, 1, asset.serial, asset.tag,
                note="; ".join(filter(None, (
                    f"with {', '.join(extras)}" if (extras := model_facts(session, item.id).accessories) else "",
                    f"out of order: {asset.fault}" if asset.fault else "",
                ))),
            )
            for asset, item in things
        ),
        "\n".join(filter(None, (row.instructions, patient.delivery_instructions))), row.driver,
    )  # fmt: skip

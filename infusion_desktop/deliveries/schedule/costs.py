"""What a delivery costs by carrier: the margin of a therapy day takes it off."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.tables import DeliveryCost
from infusion_desktop.deliveries.words import Carrier
from infusion_desktop.errors import Refused

MOST = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class CostRow:
    """What a carrier's delivery costs from a day on; None where nothing was set."""

    carrier: Carrier
    amount: Decimal | None
    starts_on: date | None


def set_delivery_cost(database: Database, carrier: Carrier, amount: Decimal, starts_on: date, by: UserId) -> None:
    """Let each delivery by this carrier cost an amount from a day on; earlier ones keep theirs."""
    if not 0 <= amount < MOST:
        raise Refused(f"A delivery costs from $0.00 to ${MOST - Decimal('0.01'):,}. Type the amount again.")
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PHARMACY)
        session.add(DeliveryCost(carrier=carrier, amount=amount, starts_on=starts_on, staff_id=by))
        after = {"carrier": carrier, "amount": amount, "from": starts_on}
        record(session, by, "set delivery cost", "delivery cost", after=after)


def cost_rows(session: Session, on: date) -> tuple[CostRow, ...]:
    """What each carrier costs on a day."""
    kept: dict[Carrier, DeliveryCost] = {}
    for row in session.scalars(
        select(DeliveryCost).where(DeliveryCost.starts_on <= on).order_by(DeliveryCost.starts_on, DeliveryCost.id)
    ):
        kept[row.carrier] = row
    return tuple(
        CostRow(carrier, kept[carrier].amount if carrier in kept else None,
                kept[carrier].starts_on if carrier in kept else None)
        for carrier in Carrier
    )  # fmt: skip

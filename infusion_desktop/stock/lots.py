"""Facts of a lot: an expiry date learned later, or corrected with a reason, follows into every balance."""

from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused, Stale
from infusion_desktop.stock.ledger import lock_balances
from infusion_desktop.stock.tables import Balance, Lot
from infusion_desktop.stock.words import NEVER_EXPIRES, LocationId, LotId


def set_expiry(session: Session, lot_id: LotId, expires_on: date | None, version: int | None = None) -> bool:
    """The lot's expiry date, in the lot and in all of its balances at once; False when it was changed since."""
    places = session.scalars(select(Balance.location_id).where(Balance.lot_id == lot_id))
    lock_balances(session, [(lot_id, LocationId(place)) for place in places])
    same = Lot.version if version is None else version
    changed = update(Lot).where(Lot.id == lot_id, Lot.version == same).returning(Lot.id)
    if session.scalar(changed.values(expires_on=expires_on, version=Lot.version + 1)) is None:
        return False
    session.execute(update(Balance).where(Balance.lot_id == lot_id).values(expires_on=expires_on or NEVER_EXPIRES))
    return True


def correct_expiry(
    database: Database, lot_id: LotId, expires_on: date | None, version: int, why: str, by: UserId
) -> None:
    """Put right an expiry date that was typed or printed wrong. Stale when somebody else changed the lot since."""
    if not why.strip():
        raise Refused("Say why the expiry date is changed, such as “typed wrong, label says 2028”.")
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        kept = session.execute(select(Lot.number, Lot.expires_on).where(Lot.id == lot_id)).one_or_none()
        if kept is None:
            raise Refused("There is no such lot.")
        if not set_expiry(session, lot_id, expires_on, version):
            raise Stale(f"Somebody else changed lot {kept.number} meanwhile. Look at it again before you save.")
        record(session, by, "correct expiry", "lot", lot_id, before={"expires_on": kept.expires_on},
               after={"expires_on": expires_on}, reason=why)  # fmt: skip

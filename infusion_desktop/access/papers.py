"""What every paper begins with: the pharmacy's letterhead, and when and by whom it was printed."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.pharmacy import profile
from infusion_desktop.access.roles import UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.identifiers import show_phone, show_zip
from reports.paper import Letterhead, Printed


def letterhead(session: Session) -> Letterhead:
    """The pharmacy as its papers show it."""
    kept = profile(session)
    if kept is None:
        return Letterhead("Pharmacy without a profile")
    street = tuple(line for line in (kept.street, kept.street_2) if line)
    address = (*street, f"{kept.city}, {kept.state} {show_zip(kept.zip)}")
    return Letterhead(kept.name, address, show_phone(kept.phone), show_phone(kept.fax), kept.npi)


def printed(session: Session, by: UserId, now: datetime, copy: bool = False) -> Printed:
    """When, by whom, and whether it is a reprint."""
    return Printed(now.astimezone(), session.scalar(select(Staff.name).where(Staff.id == by)) or "", copy)

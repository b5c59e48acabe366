"""Who works on what a payer owes."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.billing.money.money_tables import Collector
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, today
from infusion_desktop.errors import Refused, refuse_if_changed
from infusion_desktop.patients.tables import Payer
from infusion_desktop.patients.words import PayerId

NOBODY = "nobody assigned"


@dataclass(frozen=True, slots=True)
class CollectorRow:
    """A payer and who works on it, None when nobody does."""

    payer_id: PayerId
    payer: str
    staff_id: UserId | None
    collector: str
    since: date | None


def assign_collector(
    database: Database, payer: PayerId, staff: UserId, by: UserId, *, was: UserId | None, on: date | None = None
) -> None:
    """From today on this person works on what the payer owes, and no longer who was shown (``was``)."""
    day = on or today()
    with database.transaction() as session:
        authorize(session, by, Permission.CLAIM)
        person = session.get(Staff, staff)
        if person is None or person.ended_at is not None:
            raise Refused("This person does not work here any more. Choose somebody else.")
        if session.get(Payer, payer, with_for_update=True) is None:
            raise Refused("This payer is not known. Choose the payer again.")
        open_ones = (Collector.payer_id == payer, Collector.ends_on.is_(None))
        now = session.scalar(select(Collector.staff_id).where(*open_ones))
        refuse_if_changed("who works on this payer", was, now)
        later = session.scalar(select(Collector.id).where(*open_ones, Collector.starts_on >= day))
        if later is not None:
            session.execute(update(Collector).where(Collector.id == later).values(staff_id=staff))
        else:
            session.execute(update(Collector).where(*open_ones).values(ends_on=day - ONE_DAY))
            session.execute(insert(Collector).values(payer_id=payer, staff_id=staff, starts_on=day, ends_on=None))
        before, after = {"collector": was}, {"collector": staff, "from": day}
        record(session, by, "assign collector", "payer", payer, before=before, after=after)


def collectors(session: Session, on: date) -> tuple[CollectorRow, ...]:
    """Every payer with who works on it on a day."""
    in_force = (Collector.starts_on <= on) & or_(Collector.ends_on.is_(None), Collector.ends_on >= on)
    rows = session.execute(
        select(Payer.id, Payer.name, Staff.id.label("staff"), Staff.name.label("who"), Collector.starts_on)
        .outerjoin(Collector, (Collector.payer_id == Payer.id) & in_force)
        .outerjoin(Staff, Staff.id == Collector.staff_id)
        .order_by(Payer.name)
    )
    return tuple(
        CollectorRow(
            PayerId(row.id), row.name, None if row.staff is None else UserId(row.staff), row.who or NOBODY,
            row.starts_on,
        )
        for row in rows
    )  # fmt: skip

"""Whether this person may do this, asked inside the deed's own transaction."""

from datetime import datetime, timedelta

from sqlalchemy import BindParameter, ColumnElement, bindparam, select
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import EMERGENCY, Permission, Role, UserId, permissions_of
from infusion_desktop.access.tables import EmergencyAccess, Staff, StaffRole
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import NotAllowed

CLOCKS_APART = timedelta(minutes=5)
"""How far two workstations' clocks may differ before it is said, and before it counts."""


def is_open(now: datetime | BindParameter[datetime], soon: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether an emergency access lasts now; one that ``soon`` has not begun does not: the clock was set back since."""
    return (EmergencyAccess.ends_at > now) & (EmergencyAccess.began_at <= soon)


_ROLES = Prepared(
    lambda _dialect: (
        select(StaffRole.role)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(Staff.ended_at.is_(None), StaffRole.staff_id == bindparam("by"))
    )
)
_EMERGENCY = Prepared(
    lambda _dialect: (
        select(EmergencyAccess.id)
        .join(Staff, Staff.id == EmergencyAccess.staff_id)
        .where(EmergencyAccess.staff_id == bindparam("by"), Staff.ended_at.is_(None))
        .where(is_open(bindparam("now"), bindparam("soon")))
    )
)


def authorize(session: Session, by: UserId, permission: Permission) -> None:
    """Refuse with NotAllowed unless a role of this person, who still works here, includes the permission."""
    roles: set[Role] = {row.role for row in _ROLES.rows(session, {"by": by})}
    if permission in permissions_of(roles):
        return
    now = now_utc()
    if permission not in EMERGENCY or not _EMERGENCY.rows(session, {"by": by, "now": now, "soon": now + CLOCKS_APART}):
        raise NotAllowed(f"Your role does not include “{permission.value}”. Ask somebody whose role does.")

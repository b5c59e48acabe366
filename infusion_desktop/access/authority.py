"""Whether this person may do this, asked inside the deed's own transaction."""

from typing import cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import EMERGENCY, Permission, Role, UserId, permissions_of
from infusion_desktop.access.tables import EmergencyAccess, Staff, StaffRole
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import NotAllowed

_STAFF, _ROLE = cast(Table, Staff.__table__), cast(Table, StaffRole.__table__)
_TAKEN = cast(Table, EmergencyAccess.__table__)
_ROLES = Prepared(
    select(_ROLE.c.role)
    .join(_STAFF, _STAFF.c.id == _ROLE.c.staff_id)
    .where(_STAFF.c.ended_at.is_(None), _ROLE.c.staff_id == bindparam("by"))
)
_EMERGENCY = Prepared(
    select(_TAKEN.c.id)
    .join(_STAFF, _STAFF.c.id == _TAKEN.c.staff_id)
    .where(_STAFF.c.ended_at.is_(None), _TAKEN.c.staff_id == bindparam("by"), _TAKEN.c.ends_at > bindparam("now"))
)


def authorize(session: Session, by: UserId, permission: Permission) -> None:
    """Refuse with NotAllowed unless a role of this person, who still works here, includes the permission."""
    roles: set[Role] = {row.role for row in _ROLES.rows(session, {"by": by})}
    if permission in permissions_of(roles):
        return
    if permission not in EMERGENCY or not _EMERGENCY.rows(session, {"by": by, "now": now_utc()}):
        raise NotAllowed(f"Your role does not include “{permission.value}”. Ask somebody whose role does.")

"""Whether this person may do this, asked inside the deed's own transaction."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.roles import Permission, Role, UserId, permissions_of
from infusion_desktop.access.tables import Staff, StaffRole
from infusion_desktop.errors import NotAllowed

_ROLES = select(StaffRole.role).join(Staff).where(Staff.ended_at.is_(None))


def authorize(session: Session, by: UserId, permission: Permission) -> None:
    """Refuse with NotAllowed unless a role of this person, who still works here, includes the permission."""
    roles: set[Role] = set(session.scalars(_ROLES.where(StaffRole.staff_id == by)))
    if permission not in permissions_of(roles):
        raise NotAllowed(f"Your role does not include “{permission.value}”. Ask somebody whose role does.")

"""Adding people, signing them in, and ending their access."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record, wait_for_entries
from infusion_desktop.access.authority import CLOCKS_APART, authorize, is_open
from infusion_desktop.access.passwords import hash_password, hash_pin, is_password
from infusion_desktop.access.roles import EMERGENCY, Permission, Role, UserId, permissions_of
from infusion_desktop.access.tables import EmergencyAccess, Staff, StaffRole
from infusion_desktop.access.waits import MustWait, note_wrong_try, refuse_while_waiting
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.errors import Refused, refuse_if_changed

BADGE = "USR:"
"""What the code of a badge begins with that this program printed."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who has signed in."""

    id: UserId
    username: str
    name: str
    roles: frozenset[Role]
    must_change_password: bool = False
    emergency_until: datetime | None = None
    """Until when this person has emergency access; None without."""

    @property
    def permissions(self) -> frozenset[Permission]:
        return permissions_of(self.roles) | (EMERGENCY if self.emergency_until is not None else frozenset())


def add_first_administrator(database: Database, username: str, name: str, password: str) -> UserId:
    """The person who sets the pharmacy up; refused once anybody works here. Slow: hashes a password."""
    kept_hash = hash_password(password)
    with database.transaction() as session:
        if session.scalar(select(func.count()).select_from(Staff)):
            raise Refused("This pharmacy already has people. Ask an administrator to add you.")
        user = _add(session, username, name, kept_hash, frozenset({Role.ADMINISTRATOR}))
        record(session, user, "add first administrator", "staff", user, after={"username": username})
        return user


def add_person(
    database: Database,
    username: str,
    name: str,
    password: str,
    roles: frozenset[Role],
    by: UserId,
    *,
    badge: str = "",
    must_change: bool = False,
) -> UserId:
    """Somebody new who may sign in; ``must_change`` asks them for a password of their own first. Slow: hashes one."""
    kept_hash = hash_password(password)
    with database.transaction() as session:
        authorize(session, by, Permission.MANAGE_STAFF)
        return add_person_with_hash(session, username, name, kept_hash, roles, by, badge=badge, must_change=must_change)


def add_person_with_hash(
    session: Session,
    username: str,
    name: str,
    kept_hash: str,
    roles: frozenset[Role],
    by: UserId,
    *,
    badge: str = "",
    must_change: bool = False,
) -> UserId:
    """The same inside a larger deed that has hashed the password already."""
    user = _add(session, username, name, kept_hash, roles, badge, must_change)
    record(session, by, "add person", "staff", user, after={"username": username, "roles": roles})
    return user


def _add(
    session: Session,
    username: str,
    name: str,
    kept_hash: str,
    roles: frozenset[Role],
    badge: str = "",
    must_change: bool = False,
) -> UserId:
    plain = username.strip().casefold()
    if not plain or not name.strip() or not roles:
        raise Refused("A person needs a user name, a name and at least one role.")
    if session.scalar(select(Staff.id).where(Staff.username == plain)):
        raise Refused(f"The user name “{plain}” is taken. Choose another one.")
    person = Staff(
        username=plain, name=name.strip(), password_hash=kept_hash, badge=_free_badge(session, badge),
        must_change_password=must_change,
    )  # fmt: skip
    session.add(person)
    session.flush()
    session.execute(insert(StaffRole), [{"staff_id": person.id, "role": role} for role in sorted(roles)])
    return UserId(person.id)


def badge_code(scan: str) -> str:
    """What tells a badge, whether its scan carries the prefix of our own codes or not."""
    return scan.strip().removeprefix(BADGE)


def _has_badge(scan: str) -> ColumnElement[bool]:
    code = badge_code(scan)
    return Staff.badge.in_((code, f"{BADGE}{code}") if code else ())


def _free_badge(session: Session, scan: str, owner: UserId | None = None) -> str:
    """The code of a badge that nobody else has; that of somebody who left is taken from them."""
    for holder in session.scalars(select(Staff).where(_has_badge(scan)).with_for_update()):
        if holder.id == owner:
            continue
        if holder.ended_at is None:
            raise Refused("This badge belongs to somebody else. Scan another one.")
        holder.badge = ""
    session.flush()
    return badge_code(scan)


def sign_in(database: Database, username: str, password: str) -> User:
    """The person with this user name and password, or Refused; five wrong tries make a wait. Slow: checks a hash."""
    plain = username.strip().casefold()
    with database.reading() as session:
        person = session.scalar(select(Staff).where(Staff.username == plain))
    wrong = "The user name and the password do not belong together. Try again."
    return _enter(database, person, person.password_hash if person is not None else "", password, wrong)


def _enter(database: Database, person: Staff | None, kept_hash: str, secret: str, wrong: str) -> User:
    """Let somebody in whose secret is right; five wrong tries make a wait, the next five a longer one."""
    _prove(database, person, kept_hash, secret, wrong)
    if person is None or person.ended_at is not None:
        note_wrong_try(database, None if person is None else person.id)
        raise Refused(wrong)
    with database.transaction() as session:
        here = session.get_one(Staff, person.id, with_for_update=True)
        wait_for_entries(session)  # Meanwhile other tries may have made a wait, or the access may have ended.
        try:
            refuse_while_waiting(session, here, database.workstation)
        except MustWait:
            raise Refused(wrong) from None
        if here.ended_at is not None:
            raise Refused(wrong)
        let_in = update(Staff).where(Staff.id == here.id).values(failed_tries=0, locked_until=None)
        session.execute(let_in)
        record(session, UserId(here.id), "sign in", "staff", here.id)
        return user_of(session, UserId(here.id))


def _prove(database: Database, person: Staff | None, kept_hash: str, secret: str, wrong: str) -> None:
    """Refuse a wrong secret, and every one while the wait after wrong tries lasts."""
    with database.reading() as session:
        refuse_while_waiting(session, person, database.workstation)
    if not is_password(kept_hash, secret):
        note_wrong_try(database, None if person is None else person.id)
        raise Refused(wrong)


def _prove_oneself(database: Database, by: UserId, password: str, wrong: str) -> None:
    """That it is they who sit there, before their own access is changed; wrong tries count as at the door."""
    with database.reading() as session:
        person = session.get(Staff, by)
    _prove(database, person, person.password_hash if person is not None else "", password, wrong)


def change_password(database: Database, by: UserId, old: str, new: str) -> None:
    """A person's own new password. Slow: hashes twice."""
    _prove_oneself(database, by, old, "The old password is not right. Try again.")
    kept_hash = hash_password(new)
    with database.transaction() as session:
        _change_own(session, by, password_hash=kept_hash, must_change_password=False)
        record(session, by, "change password", "staff", by)


def reset_password(database: Database, user: UserId, password: str, by: UserId) -> None:
    """A new password for somebody who forgot theirs; they choose one of their own at the next sign-in. Slow."""
    kept_hash = hash_password(password)
    with database.transaction() as session:
        authorize(session, by, Permission.MANAGE_STAFF)
        session.execute(
            update(Staff)
            .where(Staff.id == user)
            .values(password_hash=kept_hash, must_change_password=True, failed_tries=0, locked_until=None)
        )
        record(session, by, "reset password", "staff", user)


def set_pin(database: Database, by: UserId, password: str, badge: str, pin: str) -> None:
    """A person's own badge and PIN, for switching at a shared bench; the password proves who they are. Slow."""
    if not re.fullmatch(r"\d{4,8}", pin, re.ASCII):
        raise Refused("A PIN has four to eight digits.")
    if len(set(pin)) == 1 or pin in "0123456789" or pin in "9876543210":
        raise Refused("This PIN is too easy to guess. Choose another one.")
    _prove_oneself(database, by, password, "The password is not right. Try again.")
    pin_hash = hash_pin(pin)
    with database.transaction() as session:
        code = _free_badge(session, badge, by)
        _change_own(session, by, badge=code, pin_hash=pin_hash)
        record(session, by, "set badge and PIN", "staff", by, after={"badge": code})


def _change_own(session: Session, by: UserId, **values: object) -> None:
    values |= {"failed_tries": 0}
    mine = update(Staff).where(Staff.id == by, Staff.ended_at.is_(None)).values(**values)
    if session.scalar(mine.returning(Staff.id)) is None:
        raise Refused("Your access has ended. Ask an administrator.")


def switch_by_badge(database: Database, badge: str, pin: str) -> User:
    """Whose badge and PIN these are, or Refused; wrong PINs count as wrong passwords do. Slow: checks a hash."""
    with database.reading() as session:
        refuse_while_waiting(session, None, database.workstation)
        person = session.scalar(select(Staff).where(_has_badge(badge)))
    if person is None or person.ended_at is not None:
        raise Refused("Nobody has this badge. Sign in with the password.")
    if not person.pin_hash:
        raise Refused(f"{person.name} has no PIN yet. Sign in with the password, then choose one.")
    return _enter(database, person, person.pin_hash, pin, "The PIN is not right. Try again.")


def set_roles(database: Database, user: UserId, roles: frozenset[Role], by: UserId, *, was: frozenset[Role]) -> None:
    """Give a person other roles than ``was`` shown; at least one administrator stays."""
    with database.transaction() as session:
        authorize(session, by, Permission.MANAGE_STAFF)
        name = _while_nobody_else_decides(session, user).name
        before = user_of(session, user).roles
        refuse_if_changed(f"what {name} may do", was, before)
        if not roles:
            raise Refused("A person needs at least one role. End their access instead.")
        session.execute(delete(StaffRole).where(StaffRole.staff_id == user))
        session.execute(insert(StaffRole), [{"staff_id": user, "role": role} for role in sorted(roles)])
        _refuse_without_administrator(session)
        record(session, by, "set roles", "staff", user, before={"roles": before}, after={"roles": roles})


def end_access(database: Database, user: UserId, by: UserId) -> None:
    """A person leaves; what they did stays. Their badge may be given to somebody else."""
    with database.transaction() as session:
        authorize(session, by, Permission.MANAGE_STAFF)
        person = _while_nobody_else_decides(session, user)
        before = {"badge": person.badge}
        person.ended_at, person.badge, person.pin_hash = now_utc(), "", ""
        session.flush()
        _refuse_without_administrator(session)
        record(session, by, "end access", "staff", user, before=before)


def _while_nobody_else_decides(session: Session, user: UserId) -> Staff:
    """The person, while nobody else changes who may do what: else two administrators could end each other at once."""
    here = select(Staff).where(Staff.ended_at.is_(None)).order_by(Staff.id).with_for_update()
    person = next((each for each in session.scalars(here) if each.id == user), None)
    if person is None:
        raise Refused("Their access has ended already. Look at the list again.")
    return person


def _refuse_without_administrator(session: Session) -> None:
    left = (
        select(func.count())
        .select_from(StaffRole)
        .join(Staff)
        .where(StaffRole.role == Role.ADMINISTRATOR, Staff.ended_at.is_(None))
    )
    if not session.scalar(left):
        raise Refused("At least one administrator must stay. Make somebody else administrator first.")


def user_of(session: Session, user: UserId) -> User:
    """The person as they stand now."""
    person = session.get_one(Staff, user, populate_existing=True)
    roles = frozenset(session.scalars(select(StaffRole.role).where(StaffRole.staff_id == user)))
    now = now_utc()
    emergency = session.scalar(
        select(func.max(EmergencyAccess.ends_at)).where(
            EmergencyAccess.staff_id == user, is_open(now, now + CLOCKS_APART)
        )
    )
    return User(user, person.username, person.name, roles, person.must_change_password, emergency)


def user_named(session: Session, username: str) -> User | None:
    """The person of this user name who still works here; that it is they is not proven."""
    plain = username.strip().casefold()
    found = session.scalar(select(Staff.id).where(Staff.username == plain, Staff.ended_at.is_(None)))
    return None if found is None else user_of(session, UserId(found))


def everybody(session: Session) -> tuple[User, ...]:
    """The people who still work here, by name."""
    ids = session.scalars(select(Staff.id).where(Staff.ended_at.is_(None)).order_by(Staff.name))
    return tuple(user_of(session, UserId(person)) for person in ids.all())


def badges(session: Session) -> frozenset[str]:
    """The badges of those who work here and chose a PIN."""
    kept = select(Staff.badge).where(Staff.badge != "", Staff.pin_hash != "", Staff.ended_at.is_(None))
    return frozenset(map(badge_code, session.scalars(kept)))

"""What payers allowed in advance: added, used by claims, left, and running out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.billing.rules import therapy
from infusion_desktop.billing.tables import Authorization, Claim, ClaimLine
from infusion_desktop.billing.words import AuthorizationId, ClaimId, ClaimState, Frequency
from infusion_desktop.database.engine import Database
from infusion_desktop.database.many import as_ids, is_given
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import Days, now_utc, show_day
from infusion_desktop.errors import Refused, Stale, refuse_if
from infusion_desktop.patients.tables import Patient, Payer
from infusion_desktop.patients.words import PatientId, PayerId
from infusion_desktop.values import value

HELD = frozenset({ClaimState.DRAFT, ClaimState.READY})
"""States in which a claim only holds its units; it may still change."""
FREED = frozenset({ClaimState.VOIDED, ClaimState.REJECTED})
"""States in which a claim's units are free again."""
WARN_PERCENT = 80


@value
class NewAuthorization:
    """A payer's permission; ``units`` None means as many as there are days, both days belong to it."""

    patient_id: PatientId
    payer_id: PayerId
    number: str
    code: str
    first_on: date
    last_on: date
    units: int | None = None
    modifiers: tuple[str, ...] = ()
    note: str = ""


@value
class AuthorizationUse:
    """An authorization with what claims took of it: ``used`` by sent claims, ``held`` by claims not sent yet."""

    id: AuthorizationId
    allowed: NewAuthorization
    used: Decimal
    held: Decimal
    ended: bool
    version: int

    @property
    def left(self) -> Decimal | None:
        """Units still free; None without a limit, below zero when claims took too many."""
        return None if self.allowed.units is None else self.allowed.units - self.used - self.held

    def less(self, units: Decimal, *, held: bool) -> "AuthorizationUse":
        """The same as if some units had not been held, or used."""
        if held:
            return replace(self, held=self.held - units)
        return replace(self, used=self.used - units)

    def warning(self, percent: int = WARN_PERCENT) -> str:
        """A sentence when ``percent`` or all of the units are taken, otherwise ""."""
        units = self.allowed.units
        if units is None or units <= 0:
            return ""
        taken = self.used + self.held
        share = int(taken * 100 / units)
        name = f"Authorization {self.allowed.number} for {self.allowed.code}"
        until = f"through {show_day(self.allowed.last_on)}"
        if taken >= units:
            return f"{name} is used up: {taken:f} of {units} units {until}. Ask the payer for more."
        if share >= percent:
            return f"{name} is {share} percent used: {taken:f} of {units} units {until}."
        return ""


def add_authorization(database: Database, new: NewAuthorization, by: UserId) -> AuthorizationId:
    """Keep what a payer allowed."""
    refuse_if(_problems(new))
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_COVERAGE)
        if session.get(Patient, new.patient_id) is None or session.get(Payer, new.payer_id) is None:
            raise Refused("This patient or payer is not known. Choose both again.")
        values = {
            "patient_id": new.patient_id,
            "payer_id": new.payer_id,
            "number": new.number.strip(),
            "code": new.code.strip().upper(),
            "modifiers": " ".join(new.modifiers),
            "units": new.units,
            "first_on": new.first_on,
            "last_on": new.last_on,
            "note": new.note.strip(),
        }
        added = session.execute(
            insert(Authorization).values(**values, ended_at=None, version=1).returning(Authorization.id)
        ).scalar_one()
        record(session, by, "add", "authorization", added, patient_id=new.patient_id, after=values)
    return AuthorizationId(added)


def end_authorization(
    database: Database, authorization: AuthorizationId, version: int, by: UserId, reason: str
) -> None:
    """Take an authorization out of use (withdrawn, replaced); what claims used of it stays."""
    if not reason.strip():
        raise Refused("Say why the authorization ends.")
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_COVERAGE)
        kept = session.get(Authorization, authorization)
        if kept is None:
            raise Refused("This authorization is not known. Look at the patient's authorizations again.")
        if kept.version != version:
            raise Stale("Somebody else changed this authorization meanwhile. Look at it again.")
        if kept.ended_at is not None:
            raise Refused(f"Authorization {kept.number} has ended already.")
        kept.ended_at = now_utc()
        record(
            session,
            by,
            "end",
            "authorization",
            authorization,
            patient_id=kept.patient_id,
            after={"ended_at": kept.ended_at},
            reason=reason,
        )


@dataclass(frozen=True, slots=True)
class ChangedAuthorization:
    """What a payer changed of a permission; code and payer stay, a permission for another code is another one."""

    number: str
    first_on: date
    last_on: date
    units: int | None = None
    note: str = ""


def change_authorization(
    database: Database,
    authorization: AuthorizationId,
    version: int,
    changed: ChangedAuthorization,
    by: UserId,
    reason: str,
) -> None:
    """Extend, shorten or renumber a permission as the payer changed it.

    Refused below what claims that left have used of it, and when somebody else changed it meanwhile.
    """
    if not reason.strip():
        raise Refused("Say why it changes, such as “extended by the payer on the telephone”.")
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_COVERAGE)
        kept = session.get(Authorization, authorization, with_for_update=True)
        if kept is None or kept.ended_at is not None:
            raise Refused("This authorization is not in use. Look at the list again.")
        if kept.version != version:
            raise Stale("Somebody else changed this authorization meanwhile. Look at it again.")
        [use] = uses_of_many(session, [authorization])
        new = replace(
            use.allowed, number=changed.number, first_on=changed.first_on, last_on=changed.last_on,
            units=changed.units, note=changed.note,
        )  # fmt: skip
        refuse_if(_problems(new))
        if new.units is not None and new.units < use.used:
            raise Refused(
                f"Claims that left used {use.used.normalize():f} units of authorization {kept.number}. "
                "Type at least that many."
            )
        names = ("number", "first_on", "last_on", "units", "note")
        before = {name: getattr(kept, name) for name in names}
        kept.number, kept.note = new.number.strip(), new.note.strip()
        kept.first_on, kept.last_on, kept.units = new.first_on, new.last_on, new.units
        session.flush()
        after = {name: getattr(kept, name) for name in names}
        record(session, by, "change", "authorization", authorization, patient_id=kept.patient_id, before=before,
               after=after, reason=reason)  # fmt: skip


def authorizations(
    session: Session, patient: PatientId, payer: PayerId | None = None, *, beside: Sequence[ClaimId] = ()
) -> tuple[AuthorizationUse, ...]:
    """The patient's authorizations with their use, the newest first; claims ``beside`` do not count as using any."""
    wanted = select(Authorization).where(Authorization.patient_id == patient)
    if payer is not None:
        wanted = wanted.where(Authorization.payer_id == payer)
    rows = session.scalars(wanted.order_by(Authorization.first_on.desc(), Authorization.id)).all()
    taken = _taken(session, [row.id for row in rows], beside)
    return tuple(_use(row, taken.get(row.id, (Decimal(0), Decimal(0)))) for row in rows)


def uses_of_many(session: Session, ids: Sequence[int]) -> tuple[AuthorizationUse, ...]:
    """These authorizations with their use, in the order of their number in the books."""
    rows = session.scalars(select(Authorization).where(Authorization.id.in_(ids)).order_by(Authorization.id)).all()
    taken = _taken(session, list(ids), ())
    return tuple(_use(row, taken.get(row.id, (Decimal(0), Decimal(0)))) for row in rows)


def authorizations_of_many(
    session: Session, patients: Sequence[PatientId], beside: Sequence[ClaimId] = ()
) -> dict[tuple[PatientId, PayerId], tuple[AuthorizationUse, ...]]:
    """The authorizations of many patients by patient and payer, each the newest first, as all claims use them.

    Claims ``beside`` do not count as using any.
    """
    rows = _OF_MANY.rows(session, as_ids(patients))
    taken = _taken(session, [row.id for row in rows], beside)
    found: dict[tuple[PatientId, PayerId], tuple[AuthorizationUse, ...]] = {}
    for row in rows:
        key = PatientId(row.patient_id), PayerId(row.payer_id)
        found[key] = (*found.get(key, ()), _use(row, taken.get(row.id, (Decimal(0), Decimal(0)))))
    return found


def for_engine(uses: tuple[AuthorizationUse, ...]) -> tuple[therapy.Authorization, ...]:
    """The authorizations in use as the per-diem engine asks for them; units of other claims count as used."""
    return tuple(
        [
            therapy.Authorization(
                number=use.allowed.number,
                code=use.allowed.code,
                days=Days(use.allowed.first_on, use.allowed.last_on),
                units=use.allowed.units,
                used=int(use.used + use.held),
                modifiers=use.allowed.modifiers,
            )
            for use in uses
            if not use.ended
        ]
    )


def _taken(session: Session, ids: list[int], beside: Sequence[ClaimId]) -> Mapping[int, tuple[Decimal, Decimal]]:
    """Units used and held by claims: of original and replacements, only the newest submission of a number counts.

    A claim to the next payer repeats the days of the first one and uses nothing more.
    """
    if not ids:
        return {}
    taken: dict[int, tuple[Decimal, Decimal]] = {}
    for authorization, state, units in _TAKEN.rows(session, {**as_ids(ids), **as_ids(beside, "beside")}):
        if authorization is None:
            continue
        used, held = taken.get(authorization, (Decimal(0), Decimal(0)))
        whole = Decimal(units).normalize()
        taken[authorization] = (used, held + whole) if state in HELD else (used + whole, held)
    return taken


def _taken_of(dialect: str) -> Select[*tuple[Any, ...]]:
    patients = select(Authorization.patient_id).where(is_given(dialect, Authorization.id))
    newest = (
        select(func.max(Claim.id))
        .where(Claim.patient_id.in_(patients), Claim.frequency != Frequency.VOID, Claim.primary_id.is_(None))
        .where(*(Claim.state != each for each in sorted(FREED)))
        .group_by(Claim.number)
        .scalar_subquery()
    )
    return (
        select(ClaimLine.authorization_id, Claim.state, func.sum(ClaimLine.units))
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(is_given(dialect, ClaimLine.authorization_id), Claim.id.in_(newest))
        .where(~is_given(dialect, Claim.id, "beside"))
        .group_by(ClaimLine.authorization_id, Claim.state)
    )


_TAKEN = Prepared(_taken_of)


def _of_many(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(*Authorization.__table__.c)
        .where(is_given(dialect, Authorization.patient_id))
        .order_by(Authorization.first_on.desc(), Authorization.id)
    )


_OF_MANY = Prepared(_of_many)


def _use(row: Any, taken: tuple[Decimal, Decimal]) -> AuthorizationUse:
    allowed = NewAuthorization(
        PatientId(row.patient_id),
        PayerId(row.payer_id),
        row.number,
        row.code,
        row.first_on,
        row.last_on,
        row.units,
        tuple(row.modifiers.split()),
        row.note,
    )
    return AuthorizationUse(AuthorizationId(row.id), allowed, taken[0], taken[1], row.ended_at is not None, row.version)


def _problems(new: NewAuthorization) -> list[str]:
    found = []
    if not new.number.strip():
        found.append("Type the authorization's number.")
    if len(new.number.strip()) > 50:
        found.append("An authorization's number has at most 50 characters.")
    if new.code.strip() and (len(new.code.strip()) != 5 or not new.code.strip().isalnum()):
        found.append("Type the authorized code's five letters and digits, or leave it empty for any code.")
    if new.last_on < new.first_on:
        found.append("The authorization ends before it begins. Correct its days.")
    if new.units is not None and new.units < 1:
        found.append("Type how many units are authorized, or leave it empty for no limit.")
    return found

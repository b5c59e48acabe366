"""Who orders: prescribers, added and changed, never deleted."""

from dataclasses import asdict, dataclass, replace
from datetime import date

from sqlalchemy import select

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.identifiers import read_npi, read_phone
from infusion_desktop.patients import rules
from infusion_desktop.patients.editing import change
from infusion_desktop.patients.tables import Prescriber
from infusion_desktop.patients.words import PrescriberId


@dataclass(frozen=True, slots=True)
class NewPrescriber:
    """Who they are; ``ended_on`` is the last day we take orders from them."""

    last_name: str
    first_name: str
    npi: str
    credentials: str = ""
    phone: str = ""
    fax: str = ""
    practice: str = ""
    ended_on: date | None = None


def add_prescriber(database: Database, prescriber: NewPrescriber, by: UserId) -> PrescriberId:
    """Somebody new who orders therapies. Refused when the NPI is wrong or known already."""
    good = _checked(prescriber)
    with database.transaction() as session:
        authorize(session, by, Permission.ADMIT)
        known = session.scalar(select(Prescriber).where(Prescriber.npi == good.npi))
        if known is not None:
            raise Refused(f"The NPI {good.npi} is {known.first_name} {known.last_name}'s. Choose them from the list.")
        row = Prescriber(**asdict(good))
        session.add(row)
        session.flush()
        record(session, by, "add", "prescriber", row.id, after=asdict(good))
        return PrescriberId(row.id)


def edit_prescriber(
    database: Database, prescriber_id: PrescriberId, prescriber: NewPrescriber, version: int, by: UserId
) -> None:
    """Change or end a prescriber; ``version`` is the one that was read."""
    good = _checked(prescriber)
    with database.transaction() as session:
        authorize(session, by, Permission.ADMIT)
        row = session.get(Prescriber, prescriber_id)
        if row is None:
            raise Refused("This prescriber is not known. Choose from the list again.")
        if session.scalar(select(Prescriber.id).where(Prescriber.npi == good.npi, Prescriber.id != prescriber_id)):
            raise Refused(f"The NPI {good.npi} is another prescriber's. Compare the digits.")
        before, after = change(row, asdict(good), version, "this prescriber")
        record(session, by, "edit", "prescriber", prescriber_id, before=before, after=after)


def _checked(prescriber: NewPrescriber) -> NewPrescriber:
    reasons: list[str] = []
    last, first = prescriber.last_name.strip(), prescriber.first_name.strip()
    if not last or not first:
        reasons.append("Type the prescriber's first and last name.")
    npi = rules.kept(read_npi, prescriber.npi, reasons)
    phone = rules.kept(read_phone, prescriber.phone, reasons) if prescriber.phone.strip() else ""
    fax = rules.kept(read_phone, prescriber.fax, reasons) if prescriber.fax.strip() else ""
    reasons += rules.reasons_against_length((last, first, prescriber.credentials, prescriber.practice))
    refuse_if(reasons)
    return replace(
        prescriber,
        last_name=last,
        first_name=first,
        npi=npi,
        phone=phone,
        fax=fax,
        credentials=prescriber.credentials.strip(),
        practice=prescriber.practice.strip(),
    )

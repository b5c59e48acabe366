"""Who pays: payers with their claim address, added and changed, never deleted. How they pay belongs to billing."""

from dataclasses import asdict, dataclass, replace
from datetime import date

from sqlalchemy import select

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.errors import Refused, refuse_if
from infusion_desktop.identifiers import read_phone, read_zip
from infusion_desktop.patients import rules
from infusion_desktop.patients.editing import change
from infusion_desktop.patients.tables import Payer
from infusion_desktop.patients.words import PayerId, PayerKind


@dataclass(frozen=True, slots=True)
class NewPayer:
    """A payer; ``payer_code`` is its id in claim files (X12 2010BB NM109)."""

    name: str
    payer_code: str
    kind: PayerKind
    street: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    phone: str = ""
    ended_on: date | None = None


def add_payer(database: Database, payer: NewPayer, by: UserId) -> PayerId:
    """A new payer. Refused when one of that name is known."""
    good = _checked(payer)
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        if session.scalar(select(Payer.id).where(Payer.name == good.name)) is not None:
            raise Refused(f"There is a payer named {good.name} already. Choose it from the list.")
        row = Payer(**asdict(good))
        session.add(row)
        session.flush()
        record(session, by, "add", "payer", row.id, after=asdict(good))
        return PayerId(row.id)


def edit_payer(database: Database, payer_id: PayerId, payer: NewPayer, version: int, by: UserId) -> None:
    """Change or end a payer; ``version`` is the one that was read."""
    good = _checked(payer)
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PAYERS)
        row = session.get(Payer, payer_id)
        if row is None:
            raise Refused("This payer is not known. Choose from the list again.")
        if session.scalar(select(Payer.id).where(Payer.name == good.name, Payer.id != payer_id)) is not None:
            raise Refused(f"There is another payer named {good.name}. Choose another name.")
        before, after = change(row, asdict(good), version, "this payer")
        record(session, by, "edit", "payer", payer_id, before=before, after=after)


def _checked(payer: NewPayer) -> NewPayer:
    reasons: list[str] = []
    name, code = payer.name.strip(), payer.payer_code.strip().upper()
    if not name:
        reasons.append("Type the payer's name.")
    if not code:
        reasons.append("Type the payer's id for claim files.")
    state = payer.state.strip().upper()
    if state:
        reasons += rules.reasons_against_state(state)
    zip_code = rules.kept(read_zip, payer.zip, reasons) if payer.zip.strip() else ""
    phone = rules.kept(read_phone, payer.phone, reasons) if payer.phone.strip() else ""
    reasons += rules.reasons_against_length((name, code, payer.street, payer.city))
    refuse_if(reasons)
    street, city = payer.street.strip(), payer.city.strip()
    return replace(payer, name=name, payer_code=code, state=state, zip=zip_code, phone=phone, street=street, city=city)

"""The places stock can be: the built-in ones every pharmacy has, our own bins, and patients' homes."""

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.errors import Refused
from infusion_desktop.stock.tables import Location
from infusion_desktop.stock.words import LocationId, LocationKind

BUILT_IN = {
    "VENDOR": ("Vendors", LocationKind.VENDOR),
    "USED": ("Used at home", LocationKind.USED),
    "LOST": ("Lost, wasted or destroyed", LocationKind.LOST),
    "ADJUST": ("Count differences", LocationKind.ADJUSTMENT),
    "MAIN": ("Main store", LocationKind.ROOM),
    "QUARANTINE": ("Quarantine", LocationKind.QUARANTINE),
    "RETURNS": ("Returns", LocationKind.RETURNS),
    "TRANSIT": ("On the way to patients", LocationKind.TRANSIT),
    "SERVICE": ("Equipment service area", LocationKind.SERVICE),
}


_BY_CODE = Prepared(select(Location.id).where(Location.code == bindparam("code"), Location.ended_on.is_(None)))


def set_up_places(session: Session, by: UserId) -> None:
    """Make the built-in places that are missing."""
    known = set(session.scalars(select(Location.code).where(Location.code.in_(BUILT_IN))))
    missing = [
        {"code": code, "name": name, "kind": kind, "pick_order": 0, "version": 1}
        for code, (name, kind) in BUILT_IN.items()
        if code not in known
    ]
    if missing:
        session.execute(insert(Location), missing)
        record(session, by, "set up places", "location", after={"codes": [row["code"] for row in missing]})


def place_id(session: Session, code: str) -> LocationId:
    """The place with this code; Refused when there is none or it was ended."""
    found = _BY_CODE.value(session, {"code": code})
    if found is None:
        raise Refused(f"There is no place “{code[:40]}”. Check the label or add the place first.")
    return LocationId(found)


def add_place(
    database: Database, code: str, name: str, kind: LocationKind, by: UserId, pick_order: int = 0
) -> LocationId:
    """A new bin, room, vehicle or other place of ours."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        if not kind.keeps_balance or kind is LocationKind.PATIENT_HOME:
            raise Refused("Only places of the pharmacy can be added: rooms, bins, vehicles, quarantine, returns.")
        return _add(session, code.strip().upper(), name, kind, by, pick_order)


def add_patient_home(session: Session, patient_number: str, by: UserId) -> LocationId:
    """The home of a newly admitted patient, coded by our own patient number and nothing else."""
    return _add(
        session, f"HOME-{patient_number}", f"Home of patient {patient_number}", LocationKind.PATIENT_HOME, by, 0
    )


def _add(session: Session, code: str, name: str, kind: LocationKind, by: UserId, pick_order: int) -> LocationId:
    if not code or len(code) > 40:
        raise Refused("A place needs a code of at most 40 characters, as printed on its label.")
    if session.scalar(select(Location.id).where(Location.code == code)) is not None:
        raise Refused(f"There is a place “{code}” already. Choose another code.")
    place = Location(code=code, name=name.strip() or code, kind=kind, pick_order=pick_order)
    session.add(place)
    session.flush()
    record(session, by, "add place", "location", place.id, after={"code": code, "kind": kind})
    return LocationId(place.id)

"""The places stock can be: the built-in ones every pharmacy has, our own bins, and patients' homes."""

from datetime import date

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.dates import today
from infusion_desktop.errors import Refused, Stale, refuse_if
from infusion_desktop.stock.tables import Balance, Location
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
    "BETWEEN": ("On the way between sites", LocationKind.TRANSIT),
}
ADDED = tuple(
    kind
    for kind in LocationKind
    if kind.keeps_balance and kind not in (LocationKind.PATIENT_HOME, LocationKind.TRANSIT)
)
"""What people add; homes come with their patients, and what is on the way needs no more places."""


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


def refuse_on_the_way(session: Session, *places: LocationId) -> None:
    """What a kit or a transfer carries belongs to it until it has come to its end there."""
    kinds = session.scalars(select(Location.kind).where(Location.id.in_(places)))
    if LocationKind.TRANSIT in set(kinds):
        raise Refused("These units are on their way. Say at their delivery or transfer what came of them.")


def add_place(
    database: Database, code: str, name: str, kind: LocationKind, by: UserId, pick_order: int = 0,
    parent_id: LocationId | None = None,
) -> LocationId:  # fmt: skip
    """A new site, room, bin, vehicle, nurse bag or other place of ours, perhaps inside another."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        if kind not in ADDED:
            raise Refused("Only places of the pharmacy can be added: sites, rooms, bins, vehicles, bags and the like.")
        _check_parent(session, None, kind, parent_id)
        return _add(session, code.strip().upper(), name, kind, by, pick_order, parent_id)


def change_place(
    database: Database, place: LocationId, name: str, parent_id: LocationId | None, pick_order: int, version: int,
    by: UserId,
) -> None:  # fmt: skip
    """Another name, walking order, or place it is in. Its code is on its label and stays."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        row = _ours(session, place)
        if row.version != version:
            raise Stale(f"Somebody else changed {row.code} meanwhile. Look at it again before you save.")
        if not name.strip():
            raise Refused("A place needs a name.")
        _check_parent(session, row, row.kind, parent_id)
        before = {"name": row.name, "in": row.parent_id, "order": row.pick_order}
        row.name, row.parent_id, row.pick_order = name.strip(), parent_id, pick_order
        session.flush()
        record(session, by, "change place", "location", place, before=before,
               after={"name": row.name, "in": parent_id, "order": pick_order})  # fmt: skip


def end_place(database: Database, place: LocationId, by: UserId, on: date | None = None) -> None:
    """A place is used no longer; refused while anything lies in it or another place is in it."""
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_CATALOGUE)
        row = _ours(session, place)
        if row.code in BUILT_IN:
            raise Refused(f"{row.name} is needed by the program. It stays.")
        left = session.scalar(select(func.sum(Balance.on_hand)).where(Balance.location_id == place)) or 0
        inside = session.scalars(
            select(Location.code).where(Location.parent_id == place, Location.ended_on.is_(None))
        ).all()
        reasons = [f"{int(left):,} units lie in {row.name}. Move them first."] if left else []
        if inside:
            reasons.append(
                f"{', '.join(inside[:5])} {'is' if len(inside) == 1 else 'are'} in {row.name}. End them first."
            )
        refuse_if(reasons)
        row.ended_on = on or today()
        session.flush()
        record(session, by, "end place", "location", place, before={"code": row.code})


def _ours(session: Session, place: LocationId) -> Location:
    row = session.get(Location, place, with_for_update=True)
    if row is None or row.ended_on is not None or row.kind not in (*ADDED, LocationKind.TRANSIT):
        raise Refused("There is no such place any more. Look at the places again.")
    return row


def _check_parent(session: Session, row: Location | None, kind: LocationKind, parent_id: LocationId | None) -> None:
    """A place is in a place of ours that is not itself, nor inside itself; a site is in nothing."""
    if parent_id is None:
        return
    if kind is LocationKind.SITE:
        raise Refused("A site is in no other place.")
    above: int | None = parent_id
    while above is not None:
        found = session.get(Location, above)
        if found is None or found.ended_on is not None or found.kind not in ADDED:
            raise Refused("Choose a site, room or other place of ours that it is in.")
        if row is not None and found.id == row.id:
            raise Refused(f"{row.name} cannot be inside itself.")
        above = found.parent_id


def between_sites(session: Session, by: UserId) -> LocationId:
    """Where stock is while it travels between sites."""
    code = "BETWEEN"
    found = session.scalar(select(Location.id).where(Location.code == code))
    if found is not None:
        return LocationId(found)
    name, kind = BUILT_IN[code]
    return _add(session, code, name, kind, by, 0)


def add_patient_home(session: Session, patient_number: str, by: UserId) -> LocationId:
    """The home of a newly admitted patient, coded by our own patient number and nothing else."""
    return _add(
        session, f"HOME-{patient_number}", f"Home of patient {patient_number}", LocationKind.PATIENT_HOME, by, 0
    )


def _add(
    session: Session, code: str, name: str, kind: LocationKind, by: UserId, pick_order: int,
    parent_id: LocationId | None = None,
) -> LocationId:  # fmt: skip
    if not code or len(code) > 40:
        raise Refused("A place needs a code of at most 40 characters, as printed on its label.")
    if session.scalar(select(Location.id).where(Location.code == code)) is not None:
        raise Refused(f"There is a place “{code}” already. Choose another code.")
    place = Location(code=code, name=name.strip() or code, kind=kind, pick_order=pick_order, parent_id=parent_id)
    session.add(place)
    session.flush()
    record(session, by, "add place", "location", place.id, after={"code": code, "kind": kind})
    return LocationId(place.id)

"""The pharmacy's own name, address and numbers, as they stand on every paper and claim."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Pharmacy
from infusion_desktop.database.engine import Database
from infusion_desktop.database.prepared import Prepared
from infusion_desktop.errors import Refused, Stale, refuse_if
from infusion_desktop.identifiers import read_npi, read_phone, read_tax_id, read_taxonomy, read_zip

HOME_INFUSION_PHARMACY = "3336H0001X"
"""NUCC taxonomy code for a home infusion therapy pharmacy."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Who we are. ``version`` is the one that was read, 0 for a new pharmacy."""

    name: str
    street: str
    city: str
    state: str
    zip: str
    phone: str
    npi: str
    tax_id: str
    taxonomy: str = HOME_INFUSION_PHARMACY
    street_2: str = ""
    fax: str = ""
    demonstration: bool = False
    version: int = 0


def checked(profile: Profile) -> Profile:
    """The profile in its kept spelling; Refused with every reason when something is missing or wrong."""
    reasons: list[str] = []
    values: dict[str, Any] = {
        name: value.strip() if isinstance(value, str) else value for name, value in asdict(profile).items()
    }
    needed = {"name": "The pharmacy needs a name.", "street": "Type the street.", "city": "Type the city."}
    reasons += [sentence for name, sentence in needed.items() if not values[name]]
    if len(values["state"]) != 2:
        reasons.append("Type the state as two letters, such as OR.")
    values["state"] = values["state"].upper()
    readers = {"zip": read_zip, "phone": read_phone, "npi": read_npi, "tax_id": read_tax_id, "taxonomy": read_taxonomy}
    for name, read in readers.items():
        try:
            values[name] = read(values[name])
        except Refused as no:
            reasons += no.reasons
    if values["fax"]:
        try:
            values["fax"] = read_phone(values["fax"])
        except Refused as no:
            reasons += [reason.replace("a telephone number", "a fax number") for reason in no.reasons]
    refuse_if(reasons)
    return Profile(**values)


def save_profile(database: Database, profile: Profile, by: UserId) -> None:
    """Keep the pharmacy's profile; refused when somebody else changed it since it was read."""
    good = checked(profile)
    with database.transaction() as session:
        authorize(session, by, Permission.EDIT_PHARMACY)
        kept = session.get(Pharmacy, 1)
        values = {name: value for name, value in asdict(good).items() if name != "version"}
        before = {} if kept is None else {name: getattr(kept, name) for name in values}
        if kept is None:
            session.add(Pharmacy(id=1, **values))
        elif kept.version != profile.version:
            raise Stale("Somebody else changed the pharmacy's profile meanwhile. Look at it again before you save.")
        else:
            for name, value in values.items():
                setattr(kept, name, value)
        record(session, by, "save profile", "pharmacy", 1, before=before, after=values)


def profile(session: Session) -> Profile | None:
    """The pharmacy's profile, or None before the first start is finished."""
    kept = _PROFILE.first(session, {})
    return None if kept is None else Profile(*kept)


def _profile(_dialect: str) -> Select[*tuple[Any, ...]]:
    table = Pharmacy.__table__.c
    return select(*(table[name] for name in Profile.__dataclass_fields__)).where(table.id == 1)


_PROFILE = Prepared(_profile)

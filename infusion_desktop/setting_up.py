"""The first start: the first administrator, who we are, the built-in places, the demonstration when wanted."""

from collections.abc import Generator

from infusion_desktop.access.passwords import hash_password
from infusion_desktop.access.people import User, add_first_administrator, user_of
from infusion_desktop.access.pharmacy import Profile, checked, profile, save_profile
from infusion_desktop.database.engine import Database
from infusion_desktop.progress import Progress
from infusion_desktop.stock.places import set_up_places

EXAMPLE = Profile(
    name="Cascade Home Infusion",
    street="1420 Larkspur Place",
    street_2="Suite 200",
    city="Portland",
    state="OR",
    zip="97205-1234",
    phone="503-555-0100",
    fax="503-555-0101",
    npi="1234567893",
    tax_id="93-1234567",
    demonstration=True,
)
"""The invented pharmacy of the demonstration."""


def is_set_up(database: Database) -> bool:
    """Whether the first start was finished."""
    with database.reading() as session:
        return profile(session) is not None


def set_up(
    database: Database, who_we_are: Profile, username: str, name: str, password: str, *, demonstration: bool = False
) -> Generator[Progress, None, User]:
    """Set the pharmacy up; slow, so a job. Refused with every reason before anything is written."""
    checked(who_we_are)
    yield Progress(0, 0, "Setting up")
    administrator = add_first_administrator(database, username, name, password)
    save_profile(database, who_we_are, administrator)
    with database.transaction() as session:
        set_up_places(session, administrator)
    if demonstration:
        from infusion_desktop.demonstration import fill

        yield from fill(database, administrator, hash_password(password))
    with database.reading() as session:
        return user_of(session, administrator)

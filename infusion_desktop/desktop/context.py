"""What every screen is given when it is made: who works here, where, and what the shell lends."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from infusion_desktop.access.roles import UserId

if TYPE_CHECKING:
    from infusion_desktop.access.pharmacy import Profile
    from infusion_desktop.database.engine import Database, Place
    from infusion_desktop.desktop.changes import Changes
    from infusion_desktop.desktop.jobs import Jobs
    from infusion_desktop.desktop.lists import Lists
    from infusion_desktop.desktop.messages import Messages


@dataclass(frozen=True, slots=True)
class Context:
    """The pharmacy, its database and the person at the keyboard; a new one is made at each sign-in."""

    database: "Database"
    user_id: UserId
    user_name: str
    permissions: frozenset[str]
    profile: "Profile | None" = None
    folder: Path | None = None
    """Where the application keeps what is its own on this computer: window state, papers that are open in a viewer."""
    place: str = ""
    """The database as people may see it, without its password."""
    copies: Path | None = None
    """The folder of the daily copies."""

    def may(self, permission: str) -> bool:
        """Whether to offer a deed; the deed itself asks again."""
        return permission in self.permissions


Exchange: TypeAlias = "Callable[[Place], Place]"
"""What is done to a database that nobody has open: it gets the place and returns it, with another key perhaps."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the shell lends to its screens, so that none of them needs to know the shell or another screen."""

    jobs: "Jobs"
    messages: "Messages"
    changes: "Changes"
    open: Callable[[str, object], None]
    """Open what a kind and an id name, on whatever screen shows it: ``desk.open("patient", 12)``."""
    lists: "Lists | None" = None
    """The person's kept filters and the printing of lists; None where no shell stands behind."""
    exchange: "Callable[[Exchange], None] | None" = None
    """Close the database, do something to its file, open it again and ask who is there."""

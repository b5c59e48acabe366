"""Where the data live: asked before the first window, so without SQLAlchemy and without a driver."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infusion_desktop.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_LOGIN = re.compile(r".*?://(?:[^:/]*(?::[^@]*)?@)?")  # As SQLAlchemy reads an address: a password may hold ? and /.


@dataclass(frozen=True, slots=True)
class Place:
    """Where the data live: an address (`sqlite:///path` or `postgresql://...`) and, for SQLite, the raw 32-byte key."""

    address: str
    key: bytes | None = None

    @classmethod
    def of(cls, address: str, key: bytes | None = None) -> "Place":
        """The place a person named; a plain path means a SQLite file."""
        text = address if "://" in address else f"sqlite:///{address}"
        place = cls(text, key)
        if not place.is_sqlite and place.engine != "postgresql":
            raise Refused(f"“{place.engine}” is not a database this program knows: SQLite or PostgreSQL.")
        if key is not None:
            from infusion_desktop.database.driver import CAN_ENCRYPT

            if not CAN_ENCRYPT:
                raise Refused("This Python has no encrypting SQLite (sqlcipher3). Use Python 3.11 to 3.14.")
        return place

    @property
    def engine(self) -> str:
        """What keeps the data: "sqlite" or "postgresql"."""
        return self.address.partition(":")[0].partition("+")[0]

    @property
    def is_sqlite(self) -> bool:
        return self.engine == "sqlite"

    @property
    def url(self) -> "URL":
        """The address as SQLAlchemy reads it."""
        from sqlalchemy.engine import make_url

        return make_url(self.address)

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return Path(self.address.partition(":///")[2])

    def without_login(self) -> str:
        """Which place this is, without who signs in there and how."""
        if self.is_sqlite:
            return str(self.file)
        return _LOGIN.sub("", self.address, count=1).partition("?")[0]

    def shown(self) -> str:
        """The place as people may see it: a path, or the server without its password."""
        return str(self.file) if self.is_sqlite else self.url.render_as_string(hide_password=True)

"""Where the data live, and the SQLite driver: all that is needed before the first window, so without SQLAlchemy."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infusion_desktop.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["CAN_ENCRYPT", "Place", "opened_to_read", "opens_with", "sqlite"]

try:  # A current, encrypting SQLite; no wheel exists for Python 3.15 yet.
    from sqlcipher3 import dbapi2 as sqlite

    CAN_ENCRYPT = True
except ImportError:  # pragma: no cover - depends on the platform
    import sqlite3 as sqlite

    CAN_ENCRYPT = False


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
        if not place.is_sqlite and (backend := place.url.get_backend_name()) != "postgresql":
            raise Refused(f"“{backend}” is not a database this program knows: SQLite or PostgreSQL.")
        if key is not None and not CAN_ENCRYPT:
            raise Refused("This Python has no encrypting SQLite (sqlcipher3). Use Python 3.11 to 3.14.")
        return place

    @property
    def is_sqlite(self) -> bool:
        return self.address.partition(":")[0].partition("+")[0] == "sqlite"

    @property
    def url(self) -> "URL":
        """The address as SQLAlchemy reads it."""
        from sqlalchemy.engine import make_url

        return make_url(self.address)

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return Path(self.address.partition(":///")[2])

    def shown(self) -> str:
        """The place as people may see it: a path, or the server without its password."""
        return str(self.file) if self.is_sqlite else self.url.render_as_string(hide_password=True)


def opened_to_read(file: Path, key: bytes | None) -> Any:
    """A connection to a SQLite file that can only read; a wrong key fails at the first statement."""
    connection = sqlite.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    if key is not None:
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    return connection


def opens_with(file: Path, key: bytes | None) -> bool:
    """Whether a SQLite file can be read with this key (None: without one)."""
    connection = opened_to_read(file, key)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite.DatabaseError:
        return False
    finally:
        connection.close()
    return True

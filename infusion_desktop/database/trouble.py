"""What the database says when the disk is full, the server is gone or the file is not ours: in a person's words."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from infusion_desktop.errors import Kept

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError


class Unavailable(Exception):
    """The database cannot be reached or written now. Nothing was changed; the sentence says what to do."""


class Contended(Unavailable):
    """Another workstation's deed stood in the way (a deadlock). Nothing was changed; it may be done again."""


class Unsure(Unavailable):
    """The server went away between being told to keep a deed and saying that it did; it is not known whether it was."""

    def __init__(self, is_kept: Callable[[], bool]) -> None:
        super().__init__(
            "The server went away while this was being saved, and does not say yet whether it was. What you typed is "
            "kept here. Press again when the server is back: if it was saved, it is not saved twice."
        )
        self._is_kept = is_kept

    def settle(self) -> None:
        """Ask the server now: Kept when it kept the deed after all, Unsure again when it does not say so yet."""
        if self._is_kept():
            raise Kept


_FULL = "The disk is full. Nothing was saved. Free some space, then try again."
_SQLITE = {
    "SQLITE_FULL": _FULL,
    "SQLITE_IOERR_SHMSIZE": _FULL,
    "SQLITE_READONLY": "The database can only be read, not written. Check that its folder may be written to.",
    "SQLITE_BUSY": "Another program holds the database. Nothing was saved. Try again in a moment.",
    "SQLITE_LOCKED": "Another program holds the database. Nothing was saved. Try again in a moment.",
    "SQLITE_IOERR": "The disk did not answer. Nothing was saved. Check the disk, then try again.",
    "SQLITE_CANTOPEN": "The database file cannot be opened. Check that its folder exists and may be written to.",
    "SQLITE_NOTADB": "This file is not a database of this program, or its key is another one. Choose another file, or "
    "go back to the newest copy: infusion-desktop restore FILE.",
    "SQLITE_CORRUPT": "The database file is damaged. Stop working and go back to the newest copy: Data and copies, or "
    "the command infusion-desktop restore FILE.",
}
"""In this order: the first name that fits speaks."""
_POSTGRESQL = {
    "08": "The database server cannot be reached. Nothing was saved. Check the network, then try again.",
    "57": "The database server is starting or shutting down. Nothing was saved. Try again in a moment.",
    "53": "The database server is out of space or connections. Nothing was saved. Tell its administrator.",
    "28": "The database server does not accept this user or password. Check the address in the settings.",
    "3D": "The database does not exist on the server. Check the address in the settings.",
    "40": "Another workstation was quicker. Nothing was saved. Try again.",
    "42501": "The database server does not let this user do this. Nothing was changed. Ask its administrator.",
    "TLS": "The database server does not prove who it is, or speaks no TLS. Nothing was saved. Check sslmode and "
    "sslrootcert in the address, or ask its administrator.",
    "25006": "The database server only reads now. Nothing was saved. Tell its administrator.",
}
_BEFORE_LETTING_IN = {
    "too many": "53", "connection slots": "53", "authentication failed": "28", "no pg_hba.conf entry": "28",
    "is not permitted to log in": "28", "role \"": "28", "permission denied for database": "42501",
    "starting up": "57", "shutting down": "57", "certificate": "TLS", "SSL error": "TLS", "not support SSL": "TLS",
    "authentication method requirement": "TLS", "does not exist": "3D",
}  # fmt: skip
"""Whom a server does not let in hears no state, only words. In this order: some name the user or the database too."""


def explain(error: "DBAPIError") -> Unavailable | None:
    """The sentence for trouble with disk, file, server or network; None when the fault is the program's own."""
    original = error.orig
    found = explain_sqlite(original)
    if found is not None:
        return found
    state = sqlstate(error)
    for start, sentence in _POSTGRESQL.items():
        if state.startswith(start):
            return (Contended if start == "40" else Unavailable)(sentence)
    if error.connection_invalidated or (not state and type(original).__module__.startswith("psycopg")):
        words = str(original) if str(original).startswith("connection failed") else ""
        said = (state for part, state in _BEFORE_LETTING_IN.items() if part in words)
        return Unavailable(_POSTGRESQL[next(said, "08")])
    return None


def went_away(error: "DBAPIError") -> bool:
    """Whether the server was lost, so that nobody heard how it ended."""
    return error.connection_invalidated or sqlstate(error).startswith(("08", "57P"))


def sqlstate(error: "DBAPIError") -> str:
    """What a server calls an error; "" for a file's, and for a server that is gone."""
    return getattr(error.orig, "sqlstate", None) or ""


def explain_sqlite(original: BaseException | None) -> Unavailable | None:
    """The same for an error of the SQLite driver itself."""
    name = getattr(original, "sqlite_errorname", "") or ""
    for known, sentence in _SQLITE.items():
        if name.startswith(known):
            return Unavailable(sentence)
    return _by_message(original)


def _by_message(original: BaseException | None) -> Unavailable | None:
    """Older SQLite drivers carry no error name; their fixed English sentences are matched instead."""
    text = str(original)
    known = {
        "database or disk is full": "SQLITE_FULL",
        "attempt to write a readonly database": "SQLITE_READONLY",
        "database is locked": "SQLITE_BUSY",
        "disk I/O error": "SQLITE_IOERR",
        "unable to open database file": "SQLITE_CANTOPEN",
        "file is not a database": "SQLITE_NOTADB",
        "database disk image is malformed": "SQLITE_CORRUPT",
    }
    for message, name in known.items():
        if message in text:
            return Unavailable(_SQLITE[name])
    return None

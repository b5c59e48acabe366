"""Whether the database file itself is whole: a flipped bit or a torn page is told before anybody relies on it."""

from infusion_desktop.database.backup import opened
from infusion_desktop.database.engine import Place, sqlite

MOST = 20


def file_problems(place: Place) -> tuple[str, ...]:
    """What is wrong with the SQLite file, each as a sentence; empty when it is whole, and for a server.

    Each page of an encrypted file has a seal; those are checked when no journal holds newer pages (RELIABILITY F2, G4).
    """
    if not place.is_sqlite:
        return ()
    found: list[str] = []
    try:
        with opened(place.file, place.key) as connection:
            found += [row[0] for row in connection.execute(f"PRAGMA integrity_check({MOST})") if row[0] != "ok"]
            found += [row[0] for row in connection.execute("PRAGMA foreign_key_check").fetchmany(MOST)]
            if place.key is not None and not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                found += [row[0] for row in connection.execute("PRAGMA cipher_integrity_check").fetchmany(MOST)]
    except sqlite.DatabaseError as error:
        if not isinstance(error, sqlite.OperationalError) or "malformed" in str(error):
            found.append(type(error).__name__)
        else:
            raise
    if not found:
        return ()
    return (f"The database file is damaged ({len(found)} places). Stop working and go back to the newest copy.",)

"""Copies of a SQLite database made while people work, and the check that a copy opens."""

from pathlib import Path

from infusion_desktop.database.engine import Place, prepare_sqlite, sqlite
from infusion_desktop.errors import Refused


def back_up(place: Place, target: Path) -> Path:
    """A complete copy of the database in ``target`` (same key), written whole or not at all, checked by opening it."""
    if not place.is_sqlite:
        raise Refused("A PostgreSQL database is backed up on its server, with pg_dump.")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    source = sqlite.connect(str(place.file), isolation_level=None)
    copy = sqlite.connect(str(unfinished), isolation_level=None)
    try:
        prepare_sqlite(source, place.key)
        if place.key is not None:
            copy.execute(f"PRAGMA key = \"x'{place.key.hex()}'\"")
        source.backup(copy)
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise Refused("The copy of the database is damaged and was not kept. Check the disk.")
    finally:
        copy.close()
        source.close()
    unfinished.chmod(0o600)
    unfinished.replace(target)
    return target

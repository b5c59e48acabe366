"""Opening the pharmacy's database: created or upgraded when needed, sealed by the audit trail, never a newer one."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from infusion_desktop.access.audit import seal
from infusion_desktop.database import migrations
from infusion_desktop.database.engine import Database, Place, in_plain_words
from infusion_desktop.database.local_disk import refuse_network_drive
from infusion_desktop.database.when_asked import map_all
from infusion_desktop.errors import Refused


def open_pharmacy(
    place: Place, workstation: str = "", *, backups: Path | None = None, has_dump: bool = False
) -> Database:
    """The pharmacy's database, ready to work with.

    A new place is given its tables; an older file is backed up first (into ``backups``), then upgraded. An older server
    is upgraded only when its administrator says so and ``has_dump``: others work on it. Refused when the schema is
    newer than this program or the file lies on a network drive; Unavailable when it cannot be opened.
    """
    if place.is_sqlite:
        refuse_network_drive(place.file)
        place.file.parent.mkdir(parents=True, exist_ok=True)
    database = Database(place, seal, workstation, know_tables)
    try:
        with in_plain_words():
            if not _is_up_to_date(database):
                database.close()
                _bring_up_to_date(place, backups, has_dump)
                database = Database(place, seal, workstation, know_tables)
    except BaseException:
        database.close()
        raise
    if place.is_sqlite:
        _for_the_owner_only(place.file)
    return database


def know_tables() -> None:
    """Read and map the tables of all rooms. A start waits for none that its first screen does not show."""
    from infusion_desktop.schema import ROOMS

    assert ROOMS
    map_all()


def _is_up_to_date(database: Database) -> bool:
    """Asked of the connection that the first screen works on: opening one more takes a server as long as a screen."""
    try:
        with database.reading() as session:
            stands_at: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    except DBAPIError:  # There is no such table yet.
        return False
    return stands_at == migrations.newest()


def _bring_up_to_date(place: Place, backups: Path | None, has_dump: bool) -> None:
    if migrations.is_older(place):
        if not place.is_sqlite:
            if not has_dump:
                raise Refused(_OLDER_SERVER)
        elif backups is not None:
            from infusion_desktop.database.backup import back_up

            back_up(place, backups / f"before-upgrade-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db")
    migrations.upgrade(place)


_OLDER_SERVER = (
    "The pharmacy on this server was made by an older version of the program. Close the program at every workstation, "
    "copy the database with the server's tools (pg_dump), then let this version upgrade it, as a user who may change "
    "its tables: infusion-desktop --database URL migrate --copied"
)


def _for_the_owner_only(file: Path) -> None:
    with suppress(PermissionError):  # It is somebody else's, who says who may look into it.
        file.chmod(0o600)

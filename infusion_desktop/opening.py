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


def open_pharmacy(place: Place, workstation: str = "", *, backups: Path | None = None) -> Database:
    """The pharmacy's database, ready to work with.

    A new place is given its tables; an older schema is backed up first (into ``backups``), then upgraded. Refused when
    the schema is newer than this program or the file lies on a network drive; Unavailable when it cannot be opened.
    """
    if place.is_sqlite:
        refuse_network_drive(place.file)
        place.file.parent.mkdir(parents=True, exist_ok=True)
    database = Database(place, seal, workstation, know_tables)
    with in_plain_words():
        if not _is_up_to_date(database):
            database.close()
            _bring_up_to_date(place, backups)
            database = Database(place, seal, workstation, know_tables)
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


def _bring_up_to_date(place: Place, backups: Path | None) -> None:
    from infusion_desktop.database.backup import back_up

    before = migrations.version_of(place)
    if before != migrations.newest():
        if before is not None and place.is_sqlite and backups is not None:
            back_up(place, backups / f"before-upgrade-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db")
        migrations.upgrade(place)


def _for_the_owner_only(file: Path) -> None:
    with suppress(PermissionError):  # It is somebody else's, who says who may look into it.
        file.chmod(0o600)

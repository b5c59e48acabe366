"""Whose data these are, told by the driver alone: what the sign-in window shows before anything else is read."""

from infusion_desktop.database.migrations import newest
from infusion_desktop.database.place import Place, opened_to_read, sqlite


def known_pharmacy(place: Place) -> str | None:
    """The pharmacy's name where its data are ready for this program; None where they must be opened to tell."""
    if not place.is_sqlite or not place.file.exists():
        return None
    try:
        connection = opened_to_read(place.file, place.key)
        try:
            version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            name = connection.execute("SELECT name FROM pharmacy WHERE id = 1").fetchone()
        finally:
            connection.close()
    except sqlite.Error:
        return None
    return str(name[0]) if name is not None and version == (newest(),) else None

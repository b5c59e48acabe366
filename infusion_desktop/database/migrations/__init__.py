"""Alembic's scripts and the three things done with them: ask the version, upgrade, refuse a newer file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from infusion_desktop.database.place import Place
from infusion_desktop.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData

SCRIPTS = Path(__file__).parent


def newest() -> str:
    """The revision this program knows: the number in front of the last script's name (Alembic is slow to import)."""
    return max(script.name for script in (SCRIPTS / "versions").glob("[0-9]*.py")).partition("_")[0]


def version_of(place: Place) -> str | None:
    """The revision a database stands at; None when it is empty."""
    from sqlalchemy import inspect

    from infusion_desktop.database.engine import open_engine

    engine = open_engine(place, guarded=False)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    finally:
        engine.dispose()


def upgrade(place: Place) -> None:
    """Bring the database to this program's schema; refused when it is newer than the program."""
    from alembic import command
    from alembic.script import ScriptDirectory
    from sqlalchemy import event

    from infusion_desktop.database.engine import open_engine

    current = version_of(place)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise Refused("This database was made by a newer version of the program. Install that version to open it.")
    if current == newest():
        return
    engine = open_engine(place, guarded=False)
    event.listen(engine, "connect", _without_foreign_keys) if place.is_sqlite else None
    try:
        with engine.begin() as connection:
            command.upgrade(_config(connection), "head")
    finally:
        engine.dispose()


def _without_foreign_keys(connection: Any, _record: Any) -> None:
    # SQLite rebuilds a table by making it anew under another name; the pragma cannot be changed inside a transaction.
    connection.execute("PRAGMA foreign_keys = OFF")


def differences(connection: "Connection", metadata: "MetaData") -> list[Any]:
    """What the mapped tables have that the database has not, and the other way round; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    context = MigrationContext.configure(connection, opts={"compare_type": False})
    return list(compare_metadata(context, metadata))


def _config(connection: "Connection | None" = None) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config

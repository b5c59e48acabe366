"""Alembic's scripts and the three things done with them: ask the version, upgrade, refuse a newer file."""

from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from infusion_desktop.database.place import Place
from infusion_desktop.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData

SCRIPTS = Path(__file__).parent
_ONE_AT_A_TIME = 840_700_715
"""The lock under which a server is given its tables: of two first starts at once the second waits and finds them."""
GONE_S = 5.0
"""How long a server may take to notice that a program has just closed its connections."""


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


def is_older(place: Place) -> bool:
    """Whether a pharmacy was made by an older version and has to be upgraded; refused when by a newer one."""
    current = version_of(place)
    if current is not None and current > newest():
        raise Refused("This database was made by a newer version of the program. Install that version to open it.")
    return current is not None and current != newest()


def upgrade(place: Place) -> None:
    """Bring the database to this program's schema. Refused when it is newer, or while another program works in it.

    That one would be an older program, which knows nothing of what the newer schema asks of each row.
    """
    from alembic import command
    from sqlalchemy import event

    from infusion_desktop.database.engine import open_engine

    has_data = is_older(place)
    if has_data and place.is_sqlite:
        from infusion_desktop.database.restoring import close_for_replacing

        close_for_replacing(place)
    engine = open_engine(place, guarded=False)
    event.listen(engine, "connect", _without_foreign_keys) if place.is_sqlite else None
    try:
        with engine.begin() as connection:
            if not place.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")
                if has_data:
                    _have_it_alone(connection)
            command.upgrade(_config(connection), "head")
    finally:
        engine.dispose()


def _have_it_alone(connection: "Connection") -> None:
    """Refused while others are connected; who starts from now on waits until the upgrade is done."""
    connection.exec_driver_sql("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
    others, end = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usesysid IS NOT NULL"
        " AND pid <> pg_backend_pid()",
        monotonic() + GONE_S,
    )
    while connection.exec_driver_sql(others).scalar():
        if monotonic() >= end:
            raise Refused("Others are connected to this database. Close the program at every workstation, and "
                          "whatever else is connected, then upgrade again. Nothing was changed.")  # fmt: skip
        connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
        sleep(0.1)


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

"""Who owns the file or the server, and changes what the program never changes."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from infusion_desktop.database.engine import Place, open_engine

TRIGGERS = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")


@contextmanager
def meddling(place: Place) -> Iterator[Connection]:
    """A connection past the program's guards and the database's own; these stand again after the block."""
    engine = open_engine(place, guarded=False)
    with engine.begin() as connection:
        triggers = connection.execute(TRIGGERS).all() if place.is_sqlite else []
        for name, _ in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        if not place.is_sqlite:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        yield connection
        for _, made in triggers:
            connection.exec_driver_sql(made)
    engine.dispose()

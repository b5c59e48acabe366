"""Pharmacies without end that hold what another one holds: what machines of generated days begin with, one each day."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, text

from infusion_desktop.database.engine import Database, Place
from infusion_desktop.opening import open_pharmacy


def fresh_copies(pharmacy: Database, folder: Path) -> Iterator[Database]:
    """On the same engine, files below ``folder``; each takes the place of the one before it."""
    pharmacy.close()
    copies = _files(pharmacy.place.file, folder) if pharmacy.place.is_sqlite else _on_its_server(pharmacy.place)
    return (open_pharmacy(place, "bench-1") for place in copies)


def _files(first: Path, folder: Path) -> Iterator[Place]:
    for number in itertools.count():
        file = folder / f"fresh-{number}.db"
        (folder / f"fresh-{number - 1}.db").unlink(missing_ok=True)
        shutil.copy(first, file)
        yield Place.of(str(file))


def _on_its_server(first: Place) -> Iterator[Place]:
    name = first.url.database
    server = first.url.set(drivername="postgresql+psycopg", database="postgres")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    for number in itertools.count():
        with engine.connect() as connection:
            if number:
                connection.execute(text(f"DROP DATABASE {name}_{number - 1} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name}_{number} TEMPLATE {name}"))
        yield Place.of(first.url.set(database=f"{name}_{number}").render_as_string(hide_password=False))

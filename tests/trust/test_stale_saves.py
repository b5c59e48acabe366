"""A save of a row that somebody else changed meanwhile is refused, on every table that counts its changes (B5)."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, update
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.attributes import flag_modified

from infusion_desktop.access.audit import record
from infusion_desktop.database.engine import Place
from infusion_desktop.database.types import Table
from infusion_desktop.errors import Stale
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.verifying import verify_books

assert open_pharmacy  # Maps every room's tables.
COUNTED = sorted(
    (mapper for mapper in Table.registry.mappers if mapper.version_id_col is not None),
    key=lambda mapper: str(mapper.local_table),
)


def test_every_table_with_a_version_counts_it() -> None:
    """A column named version that the mapping does not watch would let a stale save through."""
    unwatched = {
        str(mapper.local_table)
        for mapper in Table.registry.mappers
        if "version" in mapper.columns and mapper.version_id_col is None
    }
    assert not unwatched
    assert len(COUNTED) >= 35


def test_stale_saves_are_refused_and_change_nothing(demonstration: Path, tmp_path: Path) -> None:
    file = tmp_path / "demo.db"
    shutil.copy(demonstration, file)
    database = open_pharmacy(Place.of(str(file)))
    tried = []
    for mapper in COUNTED:
        with database.reading() as session:
            if session.scalars(select(mapper.class_).limit(1)).first() is None:
                continue
        with pytest.raises(Stale, match="Somebody else changed"), database.transaction() as session:
            row = session.scalars(select(mapper.class_).limit(1)).one()
            before = row.version
            keys = [column == getattr(row, column.key) for column in mapper.primary_key]
            session.connection().execute(update(mapper.local_table).where(*keys).values(version=before + 1))
            flag_modified(row, _some_column(mapper))
            record(session, None, "save", str(mapper.local_table))
        with database.reading() as session:
            assert session.scalars(select(mapper.class_.version).where(*keys)).one() == before
        tried.append(str(mapper.local_table))
    assert len(tried) >= 20, tried
    assert verify_books(database) == ()
    database.close()


def _some_column(mapper: Mapper[Table]) -> str:
    watched = mapper.version_id_col
    return next(
        attribute.key
        for attribute in inspect(mapper.class_).column_attrs
        if not attribute.columns[0].primary_key and attribute.columns[0] is not watched
    )

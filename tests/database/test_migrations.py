"""The newest migration makes exactly the mapped tables, and a newer file is refused."""

import pytest
from sqlalchemy import text

from infusion_desktop.database import migrations
from infusion_desktop.database.engine import Database, open_engine
from infusion_desktop.errors import Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.schema import metadata


def test_the_migrations_make_the_mapped_tables(database: Database) -> None:
    with database.engine.connect() as connection:
        assert migrations.differences(connection, metadata()) == []


def test_a_newer_database_is_refused_and_left_alone(database: Database) -> None:
    engine = open_engine(database.place, guarded=False)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Refused, match="newer version"):
        open_pharmacy(database.place)
    assert migrations.version_of(database.place) == "9999"
    engine.dispose()


def test_sqlite_keeps_each_table_as_it_is_mapped(sqlite_database: Database) -> None:
    with sqlite_database.engine.connect() as connection:
        kinds = connection.exec_driver_sql("SELECT name, wr, strict FROM pragma_table_list WHERE type = 'table'")
        kept = {name: (bool(key_alone), bool(strict)) for name, key_alone, strict in kinds}
        indexes = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'index'").all()
    for name, table in metadata().tables.items():
        mapped = table.dialect_options["sqlite"]
        assert kept[name] == (not mapped["with_rowid"], mapped["strict"]), name
    some = {index.name for table in metadata().tables.values() for index in table.indexes if "where" in index.info}
    assert some == {name for name, sql in indexes if sql and " WHERE " in sql}

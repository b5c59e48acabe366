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

"""An older register keeps its pumps, their lives and its guards when the states of the round grow."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from infusion_desktop.database import migrations
from infusion_desktop.database.engine import Place, open_engine
from infusion_desktop.opening import open_pharmacy

AT = "'2026-01-02T18:00:00.000000+00:00'"
PUMP = """INSERT INTO asset (id, item_id, serial, tag, state, location_id, document, clean, held, firmware, run_hours,
owner, cost, version) VALUES (7, 1, 'S7', 'P0007', 'cleaned', 1, '', 1, '', '', 0, '', 95000, 1)"""
EVENT = f"""INSERT INTO asset_event (id, asset_id, deed, to_state, to_location_id, document, effective_at, recorded_at,
staff_id, note, measured) VALUES (3, 7, 'clean', 'cleaned', 1, '', {AT}, {AT}, 1, 'wiped', '{{}}')"""


def test_pumps_of_an_older_file_and_their_events_are_kept_and_stay_append_only(tmp_path: Path) -> None:
    place = Place.of(str(tmp_path / "old.db"))
    engine = open_engine(place, guarded=False)
    event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA foreign_keys = OFF"))
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(migrations.SCRIPTS))
        command.upgrade(config, "0006")
        for statement in (PUMP, EVENT):
            connection.exec_driver_sql(statement)
    engine.dispose()
    open_pharmacy(place).close()
    engine = open_engine(place, guarded=False)
    with engine.connect() as connection:
        pump = connection.exec_driver_sql("SELECT tag, state, cost, fault, maintenance_owed FROM asset").one()
        assert tuple(pump) == ("P0007", "cleaned", 95000, "", 0)
        assert connection.exec_driver_sql("SELECT note FROM asset_event").scalar_one() == "wiped"
        made = "SELECT sql FROM sqlite_master WHERE name = 'asset'"
        assert connection.exec_driver_sql(made).scalar_one().rstrip().upper().endswith("STRICT")
        connection.exec_driver_sql("UPDATE asset SET state = 'function check'")
        for refused in ("UPDATE asset SET state = 'borrowed'", "DELETE FROM asset_event",
                        "UPDATE asset_event SET note = 'x'", "INSERT INTO asset SELECT * FROM asset"):  # fmt: skip
            with pytest.raises(DBAPIError):
                connection.exec_driver_sql(refused)
    engine.dispose()

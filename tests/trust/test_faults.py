"""Full disk, read-only file, network drive, spoilt file, clock set back, killed in an upgrade (RELIABILITY A4, F6)."""

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import select

from infusion_desktop.access import audit
from infusion_desktop.access.audit import first_broken_entry, record
from infusion_desktop.access.people import UserId
from infusion_desktop.access.queries import audit_rows
from infusion_desktop.database import local_disk, migrations
from infusion_desktop.database.driver import sqlite
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.database.local_disk import file_system_of, refuse_network_drive
from infusion_desktop.database.trouble import Unavailable, explain_sqlite
from infusion_desktop.errors import Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.stock.tables import Move
from infusion_desktop.verifying import verify_books
from tests.kept import ON_SERVER, ON_SQLITE, content, restore, schema_of
from tests.promises import times

KILLS = times(2, 50)
REFUSALS = times(5, 50)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of a process's files")
def test_a_full_disk_is_told_nothing_half_done_remains_and_work_resumes(
    sqlite_database: Database, make_shelf: Callable[..., Any], program: Callable[..., list[str]]
) -> None:
    database = sqlite_database
    from infusion_desktop.access.people import add_first_administrator

    by = add_first_administrator(database, "admin", "Ada Min", "correct horse battery")
    shelf = make_shelf(database, by, 2, 1_000_000)
    room = database.place.file.stat().st_size + 300_000
    command = program("fill", database.place.file, by, REFUSALS, room, *shelf.lots)
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    saved = {int(line.split()[1]) for line in lines if line.startswith("saved")}
    refused = [line for line in lines if line.startswith("refused")]
    assert len(refused) == REFUSALS
    assert all("Nothing was saved" in line and ("disk" in line.casefold()) for line in refused), refused
    assert len(saved) >= REFUSALS // 2 and lines[-1].startswith("saved")
    with database.reading() as session:
        kept = session.scalars(select(Move.document_id).where(Move.document == "transfer")).all()
    assert sorted(kept) == sorted([*saved, *saved]), "each kit has its two moves, and no other is there"
    assert verify_books(database) == ()


def test_a_full_disk_is_called_full(sqlite_database: Database) -> None:
    """To SQLite a file that may have no more pages is one on a full disk."""
    database, saved = sqlite_database, 0

    def pages(most: int) -> None:
        with database.reading() as session:  # There is one connection, as one thread asks.
            session.connection().exec_driver_sql(f"PRAGMA max_page_count = {most}").scalar_one()

    def save() -> None:
        with database.transaction() as session:
            record(session, None, "look around", "shelf", reason="x" * 2_000)

    pages(1)
    with pytest.raises(Unavailable, match=r"^The disk is full\. Nothing was saved\."):
        while True:
            save()
            saved += 1
    pages(1_000_000)
    save()
    with database.reading() as session:
        assert len([row for row in audit_rows(session) if row.action == "look around"]) == saved + 1
    assert verify_books(database) == ()


def test_a_disk_that_was_full_before_the_start_is_called_full() -> None:
    """SQLite cannot make even its own little files beside the database then, and calls that trouble with the disk."""
    full = sqlite.OperationalError("disk I/O error")
    full.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"  # type: ignore[attr-defined]
    assert "The disk is full" in str(explain_sqlite(full))
    full.sqlite_errorname = "SQLITE_IOERR_READ"  # type: ignore[attr-defined]
    assert "did not answer" in str(explain_sqlite(full))


@pytest.mark.parametrize("what", ["file", "folder", "both"])
def test_what_may_only_be_read_is_told(
    sqlite_database: Database, administrator: UserId, program: Callable[..., list[str]], what: str
) -> None:
    """The superuser may write everywhere: the program lets go of that before it opens the file."""
    used = sqlite_database.place.file
    sqlite_database.close()
    with TemporaryDirectory(prefix="only-read-") as name:
        folder, file = Path(name), Path(name) / "pharmacy.db"
        shutil.copy(used, file)
        file.chmod(0o666 if what == "folder" else 0o444)
        folder.chmod(0o777 if what == "file" else 0o555)
        before = file.read_bytes()
        done = subprocess.run(program("only_read", used, file), capture_output=True, text=True, timeout=600)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("refused"), done.stdout
        assert "may be written to" in done.stdout and "Check that its folder" in done.stdout
        assert file.read_bytes() == before
        folder.chmod(0o700)


def test_a_network_drive_is_refused_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = (
        "overlay / overlay rw 0 0\n//server/share /mnt/the\\040pharmacy cifs rw 0 0\nnas:/x /mnt/nas nfs4 rw 0 0\n"
        "/dev/sda1 /mnt/nas/local ext4 rw 0 0\nbroken\n"
    )
    kinds = {"/mnt/the pharmacy/data": "cifs", "/mnt/nas": "nfs4", "/mnt/nas/local/x": "ext4", "/home/a": "overlay"}
    for folder, kind in kinds.items():
        assert file_system_of(PurePosixPath(folder), mounts) == kind
    for named in (r"\\server\share\pharmacy.db", "//server/share/pharmacy.db"):
        with pytest.raises(Refused, match="network drive"):
            refuse_network_drive(Path(named))
    monkeypatch.setattr(local_disk, "file_system_of", lambda _folder, _mounts: "nfs4")
    with pytest.raises(Refused, match="this computer's own disk"):
        open_pharmacy(Place.of(str(tmp_path / "new" / "pharmacy.db")))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("how", ["zeros", "text", "cut", "header"])
def test_a_spoilt_file_is_told_in_a_sentence_and_left_as_it_is(sqlite_database: Database, how: str) -> None:
    sqlite_database.close()
    file = sqlite_database.place.file
    good = file.read_bytes()
    spoilt = {
        "zeros": b"\x00" * 8192, "text": b"Name,Lot\nSaline,A1\n" * 500, "cut": good[: len(good) // 3],
        "header": good[:16] + b"\xff" * 84 + good[100:],
    }[how]  # fmt: skip
    file.write_bytes(spoilt)
    with pytest.raises((Unavailable, Refused)) as told:
        database = open_pharmacy(Place.of(str(file)))
        problems = verify_books(database)
        database.close()
        raise Unavailable(problems[0])
    assert len(str(told.value)) < 300
    assert file.read_bytes() == spoilt


def test_a_clock_set_back_breaks_neither_the_trail_nor_its_order(
    database: Database, administrator: UserId, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hours in (0, -72, 5, -1):
        monkeypatch.setattr(audit, "now_utc", lambda hours=hours: datetime.now(UTC) + timedelta(hours=hours))
        with database.transaction() as session:
            record(session, administrator, "look around", "shelf", hours)
    with database.reading() as session:
        assert first_broken_entry(session) is None
        rows = audit_rows(session)
    assert [row.id for row in rows] == sorted((row.id for row in rows), reverse=True), "by number, not by the clock"


@pytest.mark.parametrize("kept", [*ON_SQLITE[: times(1, 99)], *ON_SERVER[: times(1, 99)]], ids=lambda file: file.name)
def test_killed_while_it_upgrades_it_is_the_old_one_or_the_new_one(
    kept: Path,
    tmp_path: Path,
    bare_on_server: Callable[..., Place],
    program: Callable[..., list[str]],
    pick: random.Random,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One upgrade is let be and counts its statements: the others are killed before one of them, then go to the end."""
    monkeypatch.setattr(migrations, "GONE_S", 60.0)  # A busy server may take long to notice who was killed.
    is_file = kept in ON_SQLITE
    old = restore(kept, Place.of(str(tmp_path / "old.db")) if is_file else bare_on_server())
    before, stood, fatal, statements = content(old), schema_of(kept), 0, 0
    for turn in range(1 + KILLS):
        if is_file:
            place = Place.of(str(tmp_path / f"{turn}.db"))
            shutil.copy(old.file, place.file)
        else:
            place = bare_on_server(old)
        address = place.url.set(drivername=place.engine).render_as_string(hide_password=False)
        command = program("upgrade", address, tmp_path / "copies", fatal)
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert done.returncode == (-9 if fatal else 0), done.stderr
        statements = statements or int(done.stdout)
        assert migrations.version_of(place) == (stood if fatal else migrations.newest()), "all of it or nothing"
        if fatal:
            assert content(place) == before
        database = open_pharmacy(place, has_dump=True)
        assert verify_books(database) == ()
        database.close()
        after = content(place)
        assert {name: len(after[name][1]) for name in before} == {name: len(rows) for name, (_, rows) in before.items()}
        fatal = pick.randrange(statements // 10, statements - 2)

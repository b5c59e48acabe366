"""When the power goes, nothing that was said to be saved is lost and nothing is half done (RELIABILITY A2)."""

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.database.file_check import file_problems
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.stock.tables import Move
from infusion_desktop.verifying import verify_books
from tests.promises import times
from tests.trust.power_cuts import Asked, after_the_cut, recorded

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not here: nothing can write down what a program asks of the disk"
)


def test_what_was_synced_stays_and_of_the_rest_any_part(pick: random.Random) -> None:
    old, new, newer = b"o" * 1024, b"n" * 1024, b"w" * 1024
    asked = [
        Asked("write", "/d/f", new), Asked("sync", "/d/f"), Asked("write", "/d/f", newer),
        Asked("make", "/d/g"), Asked("write", "/d/g", new), Asked("sync", "/d/g"),
    ]  # fmt: skip
    seen = [after_the_cut(asked, {"/d/f": old}, "/d", pick) for _ in range(200)]
    assert {cut["/d/f"] for cut in seen} == {
        first + last for first in (b"n" * 512, b"w" * 512) for last in (b"n" * 512, b"w" * 512)
    }
    assert {cut.get("/d/g") for cut in seen} == {None, new}, "a name is not sure before its folder was synced"
    sure = after_the_cut([*asked, Asked("sync", "/d")], {"/d/f": old}, "/d", pick)
    assert sure["/d/g"] == new


@needs_strace
def test_a_power_cut_loses_nothing_that_was_said_to_be_saved(
    sqlite_database: Database,
    make_shelf: Callable[..., Any],
    program: Callable[..., list[str]],
    pick: random.Random,
    tmp_path: Path,
) -> None:
    """120 kits, so that the log is written back into the file more than once on the way."""
    administrator = add_first_administrator(sqlite_database, "admin", "Ada Min", "correct horse battery")
    shelf = make_shelf(sqlite_database, administrator, 2, 1_000_000)
    file = sqlite_database.place.file
    sqlite_database.close()
    used = tmp_path / "used"
    used.mkdir()
    shutil.copy(file, used / "pharmacy.db")
    before = {str(used / "pharmacy.db"): (used / "pharmacy.db").read_bytes()}
    command = program("post_some", used / "pharmacy.db", administrator, 120, *shelf.lots)
    asked = recorded(command, used, tmp_path / "record")
    assert sum(each.what == "said" for each in asked) == 121
    for cut in sorted(pick.sample(range(len(asked)), times(12, 1_000))):
        told = _told(asked[:cut])
        _lay(after_the_cut(asked[:cut], before, str(used), pick), used, tmp_path / "found")
        database = open_pharmacy(Place.of(str(tmp_path / "found" / "pharmacy.db")))
        assert file_problems(database.place) == ()
        with database.reading() as session:
            moved = select(Move.document_id, func.count()).where(Move.document == "transfer")
            found = dict(session.execute(moved.group_by(Move.document_id)).all())
            entries = Counter(session.scalars(select(AuditEntry.subject_id).where(AuditEntry.action == "send")))
        assert told <= set(found), f"lost at {cut}: {sorted(told - set(found))}"
        assert set(found.values()) <= {2}, "a kit with one of its two moves is half a kit"
        assert entries == dict.fromkeys(found, 1)
        assert verify_books(database) == ()
        database.close()


@needs_strace
@pytest.mark.parametrize(("level", "expected"), [("OFF", "damaged"), ("NORMAL", "lost")])
def test_the_same_cuts_find_what_a_looser_setting_loses(
    level: str, expected: str, program: Callable[..., list[str]], pick: random.Random, tmp_path: Path
) -> None:
    """The control: a cut that finds nothing anywhere would prove nothing above."""
    used = tmp_path / "used"
    used.mkdir()
    file = used / "loose.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)")
    connection.close()
    before = {str(file): file.read_bytes()}
    asked = recorded(program("write_loosely", file, level, 120), used, tmp_path / "record")
    found: Counter[str] = Counter()
    for _ in range(times(60, 300)):
        cut = pick.randrange(len(asked))
        _lay(after_the_cut(asked[:cut], before, str(used), pick), used, tmp_path / "found")
        found[_state(tmp_path / "found" / "loose.db", max(_told(asked[:cut]), default=0))] += 1
    assert found[expected] > 0, found
    assert level == "OFF" or found["damaged"] == 0, found


def _told(asked: list[Asked]) -> set[int]:
    return {int(each.data) for each in asked if each.what == "said" and each.data.strip().isdigit()}


def _lay(files: dict[str, bytes], used: Path, found: Path) -> None:
    shutil.rmtree(found, ignore_errors=True)
    found.mkdir()
    for name, data in files.items():
        if not name.endswith("-shm"):  # It is made anew from the log.
            (found / Path(name).relative_to(used)).write_bytes(data)


def _state(file: Path, told: int) -> str:
    connection = sqlite3.connect(file)
    try:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            return "damaged"
        ids = [row[0] for row in connection.execute("SELECT id FROM note ORDER BY id")]
        if ids != list(range(1, len(ids) + 1)):
            return "damaged"
        return "lost" if len(ids) < told else "whole"
    except sqlite3.DatabaseError:
        return "damaged"
    finally:
        connection.close()

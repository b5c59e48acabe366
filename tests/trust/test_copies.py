"""Copies beside a writer, kept by age, put back; encrypted at rest; damage told (RELIABILITY A4, F1, F2, F3, F4)."""

import contextlib
import random
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import UserId, add_first_administrator
from infusion_desktop.database import backup
from infusion_desktop.database.backup import (
    Copy,
    back_up,
    backup_if_due,
    copies,
    facts,
    naming_newest,
    opened,
    to_let_go,
)
from infusion_desktop.database.engine import Database, Place, sqlite
from infusion_desktop.database.file_check import file_problems
from infusion_desktop.database.restoring import put_in_place, stage
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.errors import Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.recovering import go_back, reach_of, rehearse_if_due, staged_copy
from infusion_desktop.verifying import verify_books
from tests.promises import times

KEY = bytes(range(1, 33))
CANARY = "Zebulonia Quagmire"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """These files are SQLite's; a server is copied by its own tools."""
    return sqlite_database


def test_copies_beside_a_writer_open_verify_and_hold_what_was_saved(
    database: Database,
    administrator: UserId,
    make_shelf: Callable[..., Any],
    program: Callable[..., list[str]],
    tmp_path: Path,
) -> None:
    shelf = make_shelf(database, administrator, 2, 1_000_000)
    command = program("post", database.place.file, administrator, 1, *shelf.lots)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        made = []
        for number in range(times(10, 60)):
            last = int(writer.stdout.readline())
            made.append((last, back_up(database.place, tmp_path / f"copy-{number}.db")))
        writer.kill()
    for last, file in made:
        copy = open_pharmacy(Place.of(str(file)))
        assert verify_books(copy) == ()
        copy.close()
        with opened(file, None) as connection:
            held = connection.execute(
                "SELECT count(*) FROM move WHERE document = 'transfer' AND document_id = ?", [last]
            )
            assert held.fetchone()[0] == 2, f"{file.name} lacks kit {last}, which was saved before it was made"


def test_a_copy_that_is_not_as_the_original_is_not_kept(
    database: Database,
    administrator: UserId,
    make_shelf: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The disk keeps another number than it was given: every page of the copy is whole, and a balance is wrong."""
    make_shelf(database, administrator, 2, 10)
    kept, prove = back_up(database.place, tmp_path / "copies" / "copy.db"), backup._prove
    before = kept.read_bytes()

    def forget_and_prove(target: Path, *facts: Any) -> None:
        with opened(target, None) as copy:
            copy.execute("UPDATE balance SET on_hand = on_hand - 1 WHERE lot_id = 1")
        prove(target, *facts)

    monkeypatch.setattr(backup, "_prove", forget_and_prove)
    for name in ("copy.db", "other.db"):
        with pytest.raises(Refused, match="damaged and was not kept"):
            back_up(database.place, kept.with_name(name))
    assert [each.name for each in kept.parent.iterdir()] == ["copy.db"] and kept.read_bytes() == before


def test_two_units_in_the_wrong_lots_are_noticed_though_every_sum_is_right(
    database: Database, administrator: UserId, make_shelf: Callable[..., Any], tmp_path: Path
) -> None:
    make_shelf(database, administrator, 2, 10)
    file = back_up(database.place, tmp_path / "copy.db")
    with opened(database.place.file, None) as one, opened(file, None) as other:
        assert facts(one) == facts(other)
        other.execute("UPDATE balance SET on_hand = on_hand + CASE lot_id WHEN 1 THEN 1 ELSE -1 END")
        assert facts(one) != facts(other)


def test_a_copy_a_day_and_the_old_ones_go(database: Database, administrator: UserId, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "holiday.db").write_text("not ours")
    assert backup_if_due(database, folder, at=NOON) is not None
    assert backup_if_due(database, folder, at=NOON + timedelta(hours=23)) is None
    for day in range(1, 60):
        assert backup_if_due(database, folder, at=NOON + timedelta(days=day)) is not None
    kept = [copy.at for copy in copies(database.place, folder)]
    assert kept[:7] == [NOON + timedelta(days=59 - day) for day in range(7)]
    assert 9 <= len(kept) <= 10, "seven days, and the weeks before them up to four"
    assert (folder / "holiday.db").exists()


def test_a_clock_that_was_wrong_once_does_not_stop_the_copies(database: Database, tmp_path: Path) -> None:
    ahead = backup_if_due(database, tmp_path, at=NOON + timedelta(days=400))
    assert backup_if_due(database, tmp_path, at=NOON) is not None
    assert ahead is not None
    assert ahead.exists()


def test_what_is_let_go_is_never_the_newest() -> None:
    pick = random.Random(4)
    for _ in range(50):
        found = [Copy(Path(str(n)), NOON - timedelta(hours=pick.randrange(2000))) for n in range(pick.randrange(1, 40))]
        gone = to_let_go(found)
        newest = max(copy.at for copy in found)
        assert any(copy.at == newest for copy in found if copy not in gone)
        assert len(found) - len(gone) <= 11


def test_a_folder_that_cannot_take_the_copy_is_told_and_work_goes_on(
    database: Database, administrator: UserId, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(Unavailable, match="No copy was made"):
        backup_if_due(database, tmp_path / "taken" / "backups")
    with database.transaction() as session:
        record(session, administrator, "look around", "shelf")
    assert verify_books(database) == ()


def test_restoring_brings_the_copy_and_keeps_the_file(
    database: Database, administrator: UserId, tmp_path: Path
) -> None:
    file = back_up(database.place, tmp_path / "copy.db")
    with database.transaction() as session:
        record(session, administrator, "look around", "shelf")
    before = file.read_bytes()
    with pytest.raises(Refused, match="has the database open"):
        put_in_place(database.place, stage(database.place, file))
    database.close()
    aside = put_in_place(database.place, stage(database.place, file))
    assert aside is not None
    for place, entries in ((database.place.file, 1), (aside, 2)):
        with opened(place, None) as connection:
            assert connection.execute("SELECT count(*) FROM audit_entry").fetchone()[0] == entries
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "newer version"),
        ("DROP TABLE alembic_version", "holds no pharmacy"),
    ],
)
def test_an_unfit_copy_is_refused_and_nothing_is_touched(
    database: Database, administrator: UserId, tmp_path: Path, spoil: str, sentence: str
) -> None:
    file = back_up(database.place, tmp_path / "copy.db")
    with opened(file, None) as connection:
        connection.execute(spoil)
    with pytest.raises(Refused, match=sentence):
        stage(database.place, file)
    assert list(tmp_path.glob("*.restoring*")) == []
    assert verify_books(database) == ()


def test_a_folder_of_copies_that_cannot_be_read_hides_nothing(database: Database, tmp_path: Path) -> None:
    with (
        pytest.raises(Unavailable, match=r"^The file is damaged: infusion-desktop restore FILE$"),
        naming_newest(database.place, tmp_path / ("n" * 300)),
    ):
        raise Unavailable("The file is damaged: infusion-desktop restore FILE")


@pytest.mark.parametrize("how", ["zeros", "cut", "holes", "text"])
def test_a_spoilt_copy_is_told_of_as_a_copy(database: Database, tmp_path: Path, how: str) -> None:
    """Not as if the data in use were damaged, which would stop a pharmacy's work."""
    file = back_up(database.place, tmp_path / "copy.db")
    good = file.read_bytes()
    file.write_bytes({
        "zeros": b"\x00" * 8192, "cut": good[: len(good) // 3], "text": b"Name,Lot\nSaline,A1\n" * 500,
        "holes": good[:40_960] + b"\xff" * 200_000 + good[240_960:],
    }[how])  # fmt: skip
    with pytest.raises(Refused, match=r"copy\.db is damaged.*Nothing was changed. Choose another copy"):
        stage(database.place, file)
    assert list(tmp_path.glob("*.restoring*")) == []
    assert verify_books(database) == ()


def test_a_copy_with_a_damaged_index_is_told_though_every_row_reads_as_it_should(
    database: Database, administrator: UserId, tmp_path: Path
) -> None:
    file = back_up(database.place, tmp_path / "copy.db")
    with opened(file, None) as copy:
        asked = "SELECT rootpage FROM sqlite_master WHERE type = 'index' AND tbl_name = 'staff'"
        pages = [row[0] for row in copy.execute(asked)]
        size = copy.execute("PRAGMA page_size").fetchone()[0]
    content = bytearray(file.read_bytes())
    for page in pages:
        at = (page - 1) * size + 3
        content[at : at + 2] = b"\x00\x00"  # It holds no entries any more.
    file.write_bytes(content)
    with opened(database.place.file, None) as one, opened(file, None) as other:
        assert facts(one) == facts(other)
    with pytest.raises(Refused, match="is damaged"):
        stage(database.place, file)
    assert list(tmp_path.glob("*.restoring*")) == []


def test_a_copy_whose_books_are_not_in_order_leaves_the_data_in_use_and_nothing_beside_them(
    database: Database, administrator: UserId, make_shelf: Callable[[Database, UserId, int, int], Any], tmp_path: Path
) -> None:
    """Both replacements fall into one second: the second must not write over what the first one kept."""
    make_shelf(database, administrator, 2, 10)
    file = back_up(database.place, tmp_path / "copy.db")
    with opened(file, None) as connection:
        connection.execute("UPDATE balance SET on_hand = on_hand + 1")
    with database.transaction() as session:
        record(session, administrator, "look around", "shelf")
    place, before = database.place, verify_books(database)
    database.close()
    reach = reach_of(place)
    for _ in range(2):
        staged, _reach = staged_copy(place, file)
        with pytest.raises(Refused, match="present data were kept"):
            go_back(place, staged, "to try", administrator)
        assert reach_of(place) == reach
    assert list(place.file.parent.glob("*-replaced-*")) == []
    again = open_pharmacy(place)
    assert verify_books(again) == before == ()
    again.close()


def test_two_replacements_in_one_second_keep_both_files(database: Database, tmp_path: Path) -> None:
    file = back_up(database.place, tmp_path / "copy.db")
    database.close()
    asides = [put_in_place(database.place, stage(database.place, file), at=NOON) for _ in range(3)]
    assert len(set(asides)) == 3 and all(aside is not None and aside.exists() for aside in asides)


def test_a_damaged_file_is_replaced_and_kept(database: Database, administrator: UserId, tmp_path: Path) -> None:
    file = back_up(database.place, tmp_path / "copy.db")
    database.close()
    database.place.file.write_bytes(b"\x00" * 8192)
    aside = put_in_place(database.place, stage(database.place, file))
    assert aside is not None
    assert aside.read_bytes() == b"\x00" * 8192
    again = open_pharmacy(database.place)
    assert verify_books(again) == ()
    again.close()


@pytest.fixture
def locked(tmp_path: Path) -> Place:
    """An encrypted pharmacy with a name in it that must not be seen outside."""
    place = Place.of(str(tmp_path / "locked.db"), KEY)
    database = open_pharmacy(place)
    by = add_first_administrator(database, "admin", CANARY, "correct horse battery")
    for number in range(50):
        with database.transaction() as session:
            record(session, by, "note", "shelf", number, after={"note": CANARY * 20})
    database.close()
    return place


def test_nothing_of_an_encrypted_database_can_be_read_from_its_files(locked: Place, tmp_path: Path) -> None:
    database = open_pharmacy(locked)
    with database.transaction() as session:
        record(session, None, "note", "shelf", after={"note": CANARY})
    made = back_up(locked, tmp_path / "copy.db")
    assert locked.file.with_name("locked.db-wal").stat().st_size > 0, "the journal is looked into as well"
    written = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {made, locked.file} <= set(written)
    for file in written:
        content = file.read_bytes()
        for word in (CANARY.encode(), b"Quagmire", CANARY.encode("utf-16-le"), b"SQLite format 3"):
            assert word not in content, file.name
    assert verify_books(database) == ()
    database.close()


def test_a_wrong_key_is_told_in_a_sentence(locked: Place) -> None:
    for key in (bytes(32), None):
        with pytest.raises(Unavailable, match="its key is another one"):
            open_pharmacy(Place.of(str(locked.file), key))
    database = open_pharmacy(locked)
    assert verify_books(database) == ()
    database.close()


def test_every_flipped_bit_of_an_encrypted_file_is_noticed(locked: Place, pick: random.Random) -> None:
    whole = locked.file.read_bytes()
    assert file_problems(locked) == ()
    whole = locked.file.read_bytes()
    for _ in range(times(20, 200)):
        at = pick.randrange(len(whole))
        spoilt = bytearray(whole)
        spoilt[at] ^= 1 << pick.randrange(8)
        locked.file.write_bytes(spoilt)
        assert file_problems(locked) != (), f"a bit of byte {at} was flipped and nobody noticed"
    locked.file.write_bytes(whole)
    assert file_problems(locked) == ()


def test_a_locked_database_is_told_and_work_resumes(
    database: Database, administrator: UserId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infusion_desktop.database.engine.BUSY_MS", 200)
    impatient = Database(database.place, database._seal)
    with contextlib.closing(sqlite.connect(str(database.place.file), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="Another program holds"), impatient.transaction() as session:
            record(session, administrator, "look around", "shelf")
        other.execute("ROLLBACK")
    with impatient.transaction() as session:
        record(session, administrator, "look around", "shelf")
    assert verify_books(impatient) == ()
    impatient.close()


def test_only_one_copy_is_made_at_a_time(database: Database, tmp_path: Path) -> None:
    with backup._ONE_AT_A_TIME:
        assert backup_if_due(database, tmp_path) is None
    assert backup_if_due(database, tmp_path) is not None


def test_once_a_month_a_copy_is_restored_to_try_it(
    database: Database, administrator: UserId, make_shelf: Callable[..., Any], tmp_path: Path
) -> None:
    make_shelf(database, administrator, 2, 10)
    folder, place = tmp_path / "copies", database.place
    assert rehearse_if_due(database, folder) is None, "there is no copy yet"
    made = backup_if_due(database, folder)
    assert made is not None
    assert rehearse_if_due(database, folder) == ()
    assert rehearse_if_due(database, folder) is None
    with opened(made, None) as connection:
        connection.execute("UPDATE balance SET on_hand = on_hand + 1")
    later = datetime.now(UTC) + timedelta(days=31)
    assert rehearse_if_due(database, folder, at=later - timedelta(days=2)) is None
    problems = rehearse_if_due(database, folder, at=later)
    assert problems and "balance" in " ".join(problems).casefold()
    made.write_bytes(b"\x00" * 8192)
    spoilt = rehearse_if_due(database, folder, at=later + timedelta(days=40))
    assert spoilt and "database" in spoilt[0]
    assert list(place.file.parent.glob(".rehearsal-*")) == []
    assert verify_books(database) == ()

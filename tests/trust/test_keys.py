"""Encryption at rest: switched on, opened by phrase or key store, given another key, killed meanwhile (F1, F4, F5)."""

import contextlib
import random
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from infusion_desktop.access.audit import record
from infusion_desktop.access.people import add_first_administrator
from infusion_desktop.database import backup, keys
from infusion_desktop.database.backup import back_up, backup_if_due
from infusion_desktop.database.encrypting import encrypt, plain_copies, unlocked
from infusion_desktop.database.engine import Place, sqlite
from infusion_desktop.database.keys import find_key, is_encrypted, key_file_of, read_key_file, recovery_phrase
from infusion_desktop.database.restoring import put_in_place, stage
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.errors import Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.verifying import verify_books
from tests.promises import times

CANARY = "Wilhelmina Quagmire-Featherstonehaugh"
PHRASE = "a sentence of a few words"
KILLS = times(4, 60)


class Pocket(KeyringBackend):
    """A key store that keeps secrets in memory: the library's own way to plug one in."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture(autouse=True)
def _quick_phrases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MEMORY_KIB", 64)
    monkeypatch.setattr(keys, "PASSES", 1)


@pytest.fixture
def plain(tmp_path: Path) -> Place:
    """A pharmacy that is not encrypted, with a name in it that must not be seen outside."""
    place = Place.of(str(tmp_path / "data" / "pharmacy.db"))
    database = open_pharmacy(place)
    by = add_first_administrator(database, "admin", CANARY, "correct horse battery")
    for number in range(30):
        with database.transaction() as session:
            record(session, by, "note", "shelf", number, after={"note": CANARY * 5})
    database.close()
    return place


def entries(place: Place) -> int:
    database = open_pharmacy(place)
    try:
        assert verify_books(database) == ()
        with database.reading() as session:
            return session.connection().exec_driver_sql("SELECT count(*) FROM audit_entry").scalar_one()
    finally:
        database.close()


def test_a_pharmacy_is_encrypted_whole_and_opened_by_either_phrase(plain: Place) -> None:
    before, written = entries(plain), recovery_phrase()
    locked = encrypt(plain, [PHRASE, written])
    assert entries(locked) == before
    for file in plain.file.parent.rglob("*"):
        content = file.read_bytes()
        assert CANARY.encode() not in content and b"SQLite format 3" not in content, file.name
        assert file.stat().st_mode & 0o077 == 0, f"{file.name} is for its owner only"
    assert unlocked(plain) is None
    for phrase in (PHRASE, "  a sentence   of a few words ", written, written.lower().replace("-", " ")):
        assert unlocked(plain, phrase) == locked
    with pytest.raises(Refused, match="not the passphrase"):
        unlocked(plain, "another sentence of words")
    with pytest.raises(Refused, match="at least 12 characters"):
        encrypt(plain, ["short"])


def test_a_key_store_spares_the_typing_and_its_loss_costs_nothing(plain: Place) -> None:
    store = Pocket()
    locked = encrypt(plain, [PHRASE], store)
    assert unlocked(plain, store=store) == locked
    assert len(store.kept) == 1
    store.kept.clear()
    assert unlocked(plain, store=store) is None
    assert unlocked(plain, PHRASE, store) == locked
    assert unlocked(plain, store=store) == locked, "typed once, it is kept again"


class Locked(Pocket):
    """A store that answers nothing: locked, its question cancelled, or no session of the system's to ask in."""

    def __init__(self, error: type[Exception]) -> None:
        super().__init__()
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self.error

    def delete_password(self, service: str, username: str) -> None:
        raise self.error


class OfTheSystem(Exception):
    """As Windows' store raises: an error of no kind that others know."""


@pytest.mark.parametrize("error", [KeyringLocked, OfTheSystem, OSError])
def test_a_locked_key_store_keeps_nobody_out_who_has_the_phrase(plain: Place, error: type[Exception]) -> None:
    with pytest.raises(Refused, match="Use a passphrase instead"):
        encrypt(plain, [PHRASE], Locked(error))
    assert unlocked(plain) == plain, "it is as it was"
    locked = encrypt(plain, [PHRASE], None)
    assert unlocked(plain, store=Locked(error)) is None, "the phrase is asked for"
    assert unlocked(plain, PHRASE, Locked(error)) == locked
    store = Pocket()
    changed = encrypt(locked, [PHRASE], store)
    assert unlocked(plain, PHRASE, Locked(error)) == changed
    assert unlocked(plain, store=store) == changed


def test_another_key_closes_the_old_phrases(plain: Place) -> None:
    store = Pocket()
    first = encrypt(plain, [PHRASE], store)
    before = entries(first)
    second = encrypt(first, ["quite another sentence"], store)
    assert second.key is not None and second.key != first.key
    assert {each.mark for each in read_key_file(plain.file).wraps} == {keys.mark_of(second.key)}
    assert list(store.kept.values()) == [second.key.hex()], "nothing of the change is left"
    assert entries(second) == before
    assert unlocked(plain, store=store) == second
    assert unlocked(plain, "quite another sentence") == second
    with pytest.raises(Refused, match="not the passphrase"):
        unlocked(plain, PHRASE)


@pytest.mark.parametrize("refuses", ["store", "disk"])
def test_a_change_of_key_that_stops_before_the_file_is_exchanged_leaves_the_old_phrases(
    plain: Place, monkeypatch: pytest.MonkeyPatch, refuses: str
) -> None:
    before, store, coming, exchange = encrypt(plain, [PHRASE]), Pocket(), "another sentence of words", Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if self.suffix == ".encrypting":
            raise OSError(5, "Input/output error")
        return exchange(self, target)

    if refuses == "store":
        store.set_password = _locked  # type: ignore[method-assign]
    else:
        monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises((Refused, Unavailable), match=r"key store did not take the key|Input/output error"):
        encrypt(before, [coming], store)
    closed = Place.of(str(plain.file))
    with pytest.raises(Refused, match="its key does not open this file"):
        unlocked(closed, coming)
    opened = unlocked(closed, PHRASE)
    assert opened is not None and entries(opened) == 31
    with pytest.raises(Refused):
        unlocked(closed, coming)


def test_what_came_out_otherwise_under_its_new_key_does_not_take_the_files_place(
    plain: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, prove = encrypt(plain, [PHRASE]), backup._prove
    before, stood = entries(place), key_file_of(plain.file).read_bytes()

    def forget_and_prove(target: Path, key: bytes, *facts: object) -> None:
        with backup.opened(target, key) as copy:
            copy.execute("UPDATE audit_head SET number = number - 1")
        prove(target, key, *facts)  # type: ignore[arg-type]

    monkeypatch.setattr(backup, "_prove", forget_and_prove)
    with pytest.raises(Refused, match="is damaged"):
        encrypt(place, ["another sentence of words"])
    assert key_file_of(plain.file).read_bytes() == stood
    assert unlocked(plain, PHRASE) == place and entries(place) == before
    assert {each.suffix for each in plain.file.parent.iterdir()} <= {".db", ".key"}


def test_a_key_file_is_written_whole_or_not_at_all(plain: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    encrypt(plain, [PHRASE])
    file = key_file_of(plain.file)
    stood = file.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Refused, match="the disk is full"):
        keys.write_key_file(plain.file, keys.new_key_file(bytes(32), ["another sentence of words"]))
    assert file.read_bytes() == stood


def _locked(*_what: str) -> None:
    raise KeyringLocked


def test_nothing_is_encrypted_under_somebody_who_works_in_it(plain: Place) -> None:
    with contextlib.closing(sqlite.connect(str(plain.file), isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM audit_entry").fetchone()
        with pytest.raises(Refused, match="Close it everywhere"):
            encrypt(plain, [PHRASE])
    assert not is_encrypted(plain.file)
    assert not key_file_of(plain.file).exists()
    assert entries(plain)


@pytest.mark.parametrize("journal", ["wal", "truncate"])
def test_a_program_killed_while_changing_the_key_leaves_one_key_that_opens(
    plain: Place, program: Callable[..., list[str]], pick: random.Random, journal: str
) -> None:
    place = encrypt(plain, ["sentence number 0"])
    before, said = entries(place), 0
    for turn in range(KILLS):
        running = subprocess.Popen(program("rekey", plain.file, said, journal), stdout=subprocess.PIPE, text=True)
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        said = said if turn else int(running.stdout.readline())  # A busy machine may never get that far by itself.
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(pick.uniform(0.01, 0.8))
        running.kill()
        said = max([said, *map(int, running.stdout.read().split())])
        running.stdout.close()
        running.wait()
        opening = []
        for number in (said, said + 1):
            with contextlib.suppress(Refused):
                opening.append((number, unlocked(plain, f"sentence number {number}")))
        assert len(opening) == 1, "exactly one of the two keys opens it"
        said, opened = opening[0]
        assert opened is not None
        assert entries(opened) == before
    assert said, "the key was changed at all"


def test_a_copy_is_opened_on_a_new_machine_by_the_phrase_alone(plain: Place, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    bare = backup_if_due(_closed(plain), copies)
    locked = encrypt(plain, [PHRASE])
    assert plain_copies(locked, copies) == [bare]
    copy = back_up(locked, copies / "kept.db")
    fresh = Place.of(str(tmp_path / "fresh" / "pharmacy.db"))
    key = find_key(copy, read_key_file(copy), PHRASE)
    assert key is not None
    staged = stage(replace(fresh, key=key), copy)
    put_in_place(replace(fresh, key=key), staged)
    keys.write_key_file(fresh.file, read_key_file(copy))
    assert entries(replace(fresh, key=key)) == entries(locked)
    assert unlocked(fresh, PHRASE) == replace(fresh, key=key)


def test_a_copy_from_before_a_change_of_key_is_restored_under_the_present_key(plain: Place, tmp_path: Path) -> None:
    first = encrypt(plain, [PHRASE])
    copy = back_up(first, tmp_path / "copies" / "kept.db")
    second = encrypt(first, ["quite another sentence"])
    own = find_key(copy, read_key_file(copy), PHRASE)
    put_in_place(second, stage(second, copy, own))
    assert entries(second)
    assert unlocked(plain, "quite another sentence") == second


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"name": "x", "wraps": []}', '{"name": "00aa00aa00aa00aa"}'])
def test_a_spoilt_or_missing_key_file_is_told_with_the_way_out(plain: Place, spoilt: str) -> None:
    encrypt(plain, [PHRASE])
    key_file_of(plain.file).write_text(spoilt)
    with pytest.raises(Refused, match="folder of copies"):
        unlocked(plain, PHRASE)
    key_file_of(plain.file).unlink()
    with pytest.raises(Refused, match="is missing"):
        unlocked(plain, PHRASE)


def _closed(place: Place):  # type: ignore[no-untyped-def]
    database = open_pharmacy(place)
    database.close()
    return database

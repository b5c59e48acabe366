"""Copies of a SQLite database made while people work: proven, one a day, the old ones let go (RELIABILITY F3, F4)."""

import contextlib
import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infusion_desktop.database.engine import BUSY_MS, Database, Place, sqlite
from infusion_desktop.database.keys import key_file_of
from infusion_desktop.database.trouble import Unavailable, explain_sqlite
from infusion_desktop.errors import Refused

DAYS_KEPT = 7
WEEKS_KEPT = 4
DUE_AFTER = timedelta(hours=24)

FROM_A_COPY = "restore FILE"
"""How a sentence names the command that goes back to a copy."""

_ONE_AT_A_TIME = threading.Lock()

Facts = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that was kept, and when it was made."""

    file: Path
    at: datetime


def back_up(place: Place, target: Path) -> Path:
    """A complete copy of the database in ``target`` (same key), written whole or not at all.

    The copy is opened and compared with the database as it stood at that moment: every table's rows and every balance.
    Unavailable with a sentence when the disk is full or the folder cannot be written to.
    """
    if not place.is_sqlite:
        raise Refused("A PostgreSQL database is backed up on its server, with pg_dump.")
    unfinished = target.with_name(target.name + ".part")
    try:
        with explained_for(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_proven(place.file, unfinished, place.key)
            unfinished.replace(target)
            if place.key is not None and key_file_of(place.file).exists():
                shutil.copyfile(key_file_of(place.file), key_file_of(target))  # Without it no phrase opens the copy.
                key_file_of(target).chmod(0o600)
            sync_folder(target.parent)
    finally:
        with contextlib.suppress(OSError):  # Where even this is refused, the reason is told already.
            forget(unfinished)
    return target


def backup_if_due(database: Database, folder: Path, *, at: datetime | None = None) -> Path | None:
    """The day's copy in ``folder``, unless one was made within the last 24 hours; old copies are let go after it.

    None when none was due, when one is just being made, and on a server, which has its own backups.
    """
    place, now = database.place, at or datetime.now(UTC)
    if not place.is_sqlite or not _ONE_AT_A_TIME.acquire(blocking=False):
        return None
    try:
        if any(timedelta(0) <= now - copy.at < DUE_AFTER for copy in copies(place, folder)):
            return None
        made = back_up(place, folder / f"{place.file.stem}-{now:%Y%m%dT%H%M%SZ}.db")
        for copy in to_let_go([copy for copy in copies(place, folder) if copy.at <= now]):
            copy.file.unlink(missing_ok=True)
            key_file_of(copy.file).unlink(missing_ok=True)
        return made
    finally:
        _ONE_AT_A_TIME.release()


def copies(place: Place, folder: Path) -> list[Copy]:
    """The daily copies of this database in the folder, the newest first. Other files there are not ours."""
    named = re.compile(re.escape(place.file.stem) + r"-(\d{8}T\d{6}Z)\.db", re.ASCII)
    found = []
    with explained_for(folder):
        for file in folder.iterdir() if folder.is_dir() else ():
            match = named.fullmatch(file.name)
            if match:
                found.append(Copy(file, datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)))
    return sorted(found, key=lambda copy: copy.at, reverse=True)


def newest_copy(place: Place, folder: Path) -> Copy | None:
    """The newest daily copy; None on a server, where there is none, and where the folder cannot be read."""
    with contextlib.suppress(Unavailable):
        return next(iter(copies(place, folder)), None) if place.is_sqlite else None
    return None


@contextlib.contextmanager
def naming_newest(place: Place, folder: Path) -> Iterator[None]:
    """Where a copy is the way out, the newest is named: who cannot open the data cannot look for it in the window."""
    try:
        yield
    except (Refused, Unavailable) as no:
        newest = newest_copy(place, folder) if FROM_A_COPY in str(no) else None
        if newest is None:
            raise
        sentence = str(no).replace(FROM_A_COPY, f'restore "{newest.file}"')
        raise (Unavailable if isinstance(no, Unavailable) else Refused)(sentence) from no


def to_let_go(found: list[Copy]) -> list[Copy]:
    """Copies beyond the newest of each of the last 7 days and of each of the last 4 weeks that have any."""
    days: dict[Any, Copy] = {}
    weeks: dict[Any, Copy] = {}
    for copy in sorted(found, key=lambda copy: copy.at, reverse=True):
        days.setdefault(copy.at.date(), copy)
        weeks.setdefault(copy.at.isocalendar()[:2], copy)
    kept = {*list(days.values())[:DAYS_KEPT], *list(weeks.values())[:WEEKS_KEPT]}
    return [copy for copy in found if copy not in kept]


def copy_rekeyed(source: Path, target: Path, key: bytes | None, new_key: bytes) -> None:
    """Copy a database file that nobody has open under another key, and prove that the copy equals it.

    ``key`` is None for a file that is not encrypted. The pages are written anew by SQLCipher's own export.
    """
    forget(target)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with opened(source, key) as original:
        expected = facts(original)
        original.execute(f"ATTACH DATABASE ? AS copied KEY \"x'{new_key.hex()}'\"", (str(target),))
        original.execute("PRAGMA copied.synchronous = OFF")  # Synced once, below; half a copy is thrown away.
        original.execute("BEGIN")
        original.execute("SELECT sqlcipher_export('copied')").fetchone()
        original.execute("COMMIT")
        original.execute("DETACH DATABASE copied")
    with target.open("rb+") as written:
        os.fsync(written.fileno())
    _prove(target, new_key, expected)


def copy_proven(source: Path, target: Path, key: bytes | None) -> None:
    """Copy a database file through SQLite, beside its writers, and prove that the copy equals what was copied."""
    forget(target)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with opened(source, key) as original, opened(target, key) as copy:
        original.execute("BEGIN")  # One look at one moment: writers go on, the copy and the proof see the same.
        expected = facts(original)
        original.backup(copy)
        original.execute("COMMIT")
        copy.execute("PRAGMA journal_mode = DELETE")  # One file that can be opened from anywhere, even read-only.
    _prove(target, key, expected)


def _prove(target: Path, key: bytes | None, expected: Facts) -> None:
    with opened(target, key) as copy:
        if copy.execute("PRAGMA integrity_check").fetchone()[0] != "ok" or facts(copy) != expected:
            raise Refused("The copy of the database is damaged and was not kept. Check the disk.")


def facts(connection: Any) -> Facts:
    """For each table: how many rows, and for each column a sum in which every value counts with its row.

    Two databases with the same facts have the same balances, lot by lot; reckoned by SQLite, so no window waits.
    """
    tables = connection.execute(
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    found: Facts = {}
    for table, has_key_alone in tables.fetchall():
        columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
        key = [name for _, name, _, _, _, place in columns if place]
        row = f"({' * 31 + '.join(key)})" if has_key_alone else "rowid"  # Whole numbers, as all of our keys.
        sums = "".join(
            f', coalesce(sum((CASE typeof("{name}") WHEN \'integer\' THEN "{name}" % 1000003 '
            f'ELSE length("{name}") END) * ({row} % 9973 + 1)), 0)'
            for _, name, *_ in columns
        )
        found[table] = tuple(connection.execute(f'SELECT count(*){sums} FROM "{table}"').fetchone())
    return found


def forget(unfinished: Path) -> None:
    """Remove an unfinished copy with whatever SQLite keeps beside it: a stale journal would spoil the next one."""
    for end in ("", "-wal", "-shm", "-journal"):
        unfinished.with_name(unfinished.name + end).unlink(missing_ok=True)


@contextlib.contextmanager
def opened(file: Path, key: bytes | None) -> Iterator[Any]:
    """A connection of its own to a database file, to look at it or fill it; closed afterwards.

    It keeps no statements: those of a hundred tables would take SQLite's small memory from each other, and what is
    taken elsewhere is locked and wiped piece by piece where the file is encrypted (twenty times the time).
    """
    connection = sqlite.connect(str(file), isolation_level=None, timeout=BUSY_MS / 1000, cached_statements=0)
    try:
        if key is not None:
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def explained_for(target: Path) -> Iterator[None]:
    """What disk and folder refuse in the block is raised as Unavailable, naming the path."""
    try:
        yield
    except OSError as error:
        why = error.strerror or "it cannot be used"
        raise Unavailable(f"{target}: {why}. No copy was made. Free some space or choose another folder.") from error
    except sqlite.Error as error:
        explained = explain_sqlite(error)
        if explained is None:
            raise
        raise explained from error


def sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Putting a copy in the database's place: proven first, the present file kept beside it, old or new and never half."""

import contextlib
import itertools
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from infusion_desktop.database import migrations
from infusion_desktop.database.backup import copy_proven, copy_rekeyed, explained_for, forget, opened, sync_folder
from infusion_desktop.database.engine import Place, sqlite
from infusion_desktop.database.keys import is_encrypted
from infusion_desktop.database.trouble import explain_sqlite
from infusion_desktop.errors import Refused

DAMAGED = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "file is not a database", "disk image is malformed")


def stage(place: Place, copy: Path, copy_key: bytes | None = None) -> Path:
    """Bring a copy beside the database, proven equal and fit for this program; nothing in use is touched.

    ``copy_key`` is the copy's own key where it has another one than the database (it was made before a change).
    Refused when the file is missing, holds no pharmacy, or was made by a newer version of the program.
    """
    if not place.is_sqlite:
        raise Refused("A PostgreSQL database is restored on its server, with pg_restore.")
    if not copy.is_file():
        raise Refused(f"There is no file {copy}. Check the path.")
    staged = place.file.with_name(place.file.name + ".restoring")
    try:
        with explained_for(copy), _refused_if_damaged(copy):
            place.file.parent.mkdir(parents=True, exist_ok=True)
            if copy_key is not None and place.key is not None and copy_key != place.key:
                copy_rekeyed(copy, staged, copy_key, place.key)
            elif place.key is not None and not is_encrypted(copy):
                copy_rekeyed(copy, staged, None, place.key)
            else:
                copy_proven(copy, staged, place.key)
            _refuse_unfit(staged, place.key)
    except BaseException:
        with contextlib.suppress(OSError):
            forget(staged)
        raise
    return staged


@contextlib.contextmanager
def _refused_if_damaged(copy: Path) -> Iterator[None]:
    """What is wrong with a copy says nothing of the data in use."""
    try:
        yield
    except sqlite.Error as error:
        if not _is_damaged(error):
            raise
        raise Refused(
            f"{copy.name} is damaged, no database of this program, or encrypted under another key. Nothing was "
            "changed. Choose another copy, such as the one made before it."
        ) from error


def _is_damaged(error: BaseException) -> bool:
    text = f"{getattr(error, 'sqlite_errorname', '')} {error}"
    return any(known in text for known in DAMAGED)


def put_in_place(place: Place, staged: Path, *, at: datetime | None = None) -> Path | None:
    """Let the staged copy take the database's place; where the present file is kept now (None when there was none).

    Refused, with nothing changed, while another program has the database open.
    """
    now = at or datetime.now(UTC)
    aside = _free_name(place.file.with_name(f"{place.file.stem}-replaced-{now:%Y%m%dT%H%M%SZ}.db"))
    with explained_for(place.file):
        kept = place.file.exists()
        if kept:
            close_for_replacing(place, aside)
            _keep_beside(place.file, aside)
        staged.replace(place.file)
        place.file.chmod(0o600)
        sync_folder(place.file.parent)
    return aside if kept else None


def _refuse_unfit(staged: Path, key: bytes | None) -> None:
    with opened(staged, key) as connection:
        named = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
        found = (
            connection.execute(named).fetchone()[0]
            and connection.execute("SELECT version_num FROM alembic_version").fetchone()
        )
    if not found:
        raise Refused("This file holds no pharmacy. Choose a copy that this program made.")
    if found[0] > migrations.newest():
        raise Refused("This copy was made by a newer version of the program. Install that version to restore it.")


def close_for_replacing(place: Place, aside: Path | None = None) -> None:
    """Fold what is still in the journal into the file; only the last one to have it open can do that.

    The journal of a damaged file is kept beside ``aside``. Refused while another program has the database open.
    """
    try:
        with opened(place.file, place.key) as connection:
            connection.execute("PRAGMA busy_timeout = 2000")
            journal = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    except sqlite.Error as error:
        if aside is None or not _is_damaged(error):
            text = f"{getattr(error, 'sqlite_errorname', '')} {error}"
            raise _in_use() if "locked" in text or "BUSY" in text else (explain_sqlite(error) or error) from error
        for end in ("-wal", "-shm"):  # A damaged file keeps its journal beside it, for whoever examines it.
            journal_file = place.file.with_name(place.file.name + end)
            if journal_file.exists():
                journal_file.replace(aside.with_name(aside.name + end))
        return
    if journal != "delete":
        raise _in_use()


def _in_use() -> Refused:
    return Refused("Another program has the database open. Close it everywhere, then try again.")


def _free_name(wanted: Path) -> Path:
    """A name that no file has: two replacements in one second must not write over what the first one kept."""
    others = (wanted.with_name(f"{wanted.stem}-{number}.db") for number in itertools.count(2))
    return next(name for name in itertools.chain([wanted], others) if not name.exists())


def _keep_beside(file: Path, aside: Path) -> None:
    try:
        os.link(file, aside)
    except FileExistsError:  # Never written over.
        raise
    except OSError:  # Some disks know no second name for a file.
        shutil.copy2(file, aside)

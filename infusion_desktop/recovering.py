"""Deeds done to the data as a whole: copying, checking, encrypting, and going back to a copy."""

import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select, text

from infusion_desktop.access.anchors import note_head, note_restored
from infusion_desktop.access.audit import head_of, newest_entry, record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import AuditKind, Permission, UserId
from infusion_desktop.access.tables import AuditEntry
from infusion_desktop.database import migrations
from infusion_desktop.database.backup import back_up, copies, forget
from infusion_desktop.database.encrypting import encrypt
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.database.keys import KeyStore
from infusion_desktop.database.restoring import put_in_place, stage
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.dates import now_utc, show_instant
from infusion_desktop.errors import Refused
from infusion_desktop.opening import open_pharmacy
from infusion_desktop.verifying import verify_books

ABOUT_THE_DATA = ("make copy", "check books")
"""Entries that nobody misses after going back to a copy."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a database file reaches: its newest audit entry; zero and None when nothing was done in it."""

    entries: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Lost:
    """What was done after a copy was made and would only be in the file set aside."""

    action: str
    subject: str
    times: int


def make_copy(database: Database, file: Path, by: UserId, noted: Path | None = None) -> Path:
    """A proven copy now, and a note of the trail's seal beside the copies (``noted``)."""
    with database.reading() as session:
        authorize(session, by, Permission.BACK_UP)
    made = back_up(database.place, file)
    if noted is not None:
        note_head(database, noted)
    with database.transaction() as session:
        record(session, by, "make copy", "database", after={"file": made.name})
    return made


def check_books(database: Database, by: UserId, noted: Path | None = None) -> tuple[str, ...]:
    """Every problem of the books; that somebody looked, and how many were found, is kept in the trail."""
    with database.reading() as session:
        authorize(session, by, Permission.SEE_AUDIT)
    problems = verify_books(database, noted)
    with contextlib.suppress(Unavailable), database.transaction() as session:
        record(session, by, "check books", "database", after={"problems": len(problems)})
    return problems


def protect(place: Place, phrases: Iterable[str], store: KeyStore | None, by: UserId) -> Place:
    """Encrypt the data, or give them another key and other phrases; the place with its key."""
    _authorize(place, by)
    now = encrypt(place, phrases, store)
    note_protected(now, by, is_first=place.key is None)
    return now


def note_protected(place: Place, who: UserId | None, *, is_first: bool) -> None:
    """Have the trail tell that the data were encrypted, or have another key now.

    Nobody is named from the command line only, where whoever may write the file may replace it.
    """
    database = open_pharmacy(place)
    try:
        with database.transaction() as session:
            record(session, who, "encrypt" if is_first else "change key", "database")
    finally:
        database.close()


def reach_of(place: Place) -> Reach:
    """How far a file reaches. Unavailable when it cannot be read."""
    database = Database(place)
    try:
        with database.reading() as session:
            newest = newest_entry(session)
    finally:
        database.close()
    return Reach(0, None) if newest is None else Reach(newest[0], newest[1])


def would_be_lost(database: Database, copy: Reach) -> tuple[Lost, ...]:
    """What was done since the copy reached, most frequent first; empty when the copy has everything."""
    with database.reading() as session:
        rows = session.execute(
            select(AuditEntry.action, AuditEntry.subject, func.count())
            .where(
                AuditEntry.number > copy.entries,
                AuditEntry.kind == AuditKind.CHANGE,
                AuditEntry.action.not_in(ABOUT_THE_DATA),
            )
            .group_by(AuditEntry.action, AuditEntry.subject)
            .order_by(func.count().desc(), AuditEntry.action, AuditEntry.subject)
        )
        return tuple(Lost(action, subject, times) for action, subject, times in rows)


def staged_copy(place: Place, copy: Path, copy_key: bytes | None = None) -> tuple[Path, Reach]:
    """A proven copy beside the database, and how far it reaches; forget it when it is not wanted after all."""
    staged = stage(place, copy, copy_key)
    try:
        return staged, reach_of(replace(place, address=f"sqlite:///{staged}"))
    except BaseException:
        forget(staged)
        raise


def go_back(place: Place, staged: Path, why: str, by: UserId | None, noted: Path | None = None) -> Path | None:
    """Let a staged copy take the database's place, with an entry in its trail; where the present file is kept now.

    ``by`` is None from the command line only, where whoever may write the file may replace it. Refused when the copy's
    books are not in order: the present file is put back then. What was ``noted`` of the trail beyond the copy counts no
    longer.
    """
    if by is not None:
        _authorize(place, by)
    if noted is not None:  # Counts only once the trail tells of it, too.
        note_restored(place, noted, reach_of(replace(place, address=f"sqlite:///{staged}")).entries)
    aside = put_in_place(place, staged)
    try:
        problems = _begin_in_copy(place, why, by)
    except BaseException:
        _put_back(place, aside)
        raise
    if problems:
        _put_back(place, aside)
        raise Refused(f"This copy's books are not in order ({len(problems)} problems). The present data were kept.")
    return aside


REHEARSED_EVERY = timedelta(days=30)
REHEARSAL = "rehearse restore"


def rehearse_if_due(database: Database, folder: Path, *, at: datetime | None = None) -> tuple[str, ...] | None:
    """Once in thirty days, restore the newest copy to a place of its own and prove every balance of it (F4).

    It is staged as for a restore, which compares it with the copy row by row, then opened and its books proven.
    The problems found, () when there are none; None when no rehearsal was due, there is no copy, or on a server. What
    was found stands in the audit trail.
    """
    place, now = database.place, at or now_utc()
    found = copies(place, folder) if place.is_sqlite else []
    if not found or not _is_due(database, now):
        return None
    newest = found[0]
    with TemporaryDirectory(dir=place.file.parent, prefix=".rehearsal-") as scratch:
        target = Place.of(str(Path(scratch) / "rehearsal.db"), place.key)
        problems = _rehearsed(target, newest.file)
    with database.transaction() as session:
        after = {"copy": newest.file.name, "problems": len(problems)}
        record(session, None, REHEARSAL, "database", after=after)
    return problems


def _is_due(database: Database, now: datetime) -> bool:
    with database.reading() as session:
        last = session.scalar(select(func.max(AuditEntry.at)).where(AuditEntry.action == REHEARSAL))
    return last is None or not timedelta(0) <= now - last < REHEARSED_EVERY


def _rehearsed(target: Place, copy: Path) -> tuple[str, ...]:
    try:
        stage(target, copy).replace(target.file)
        restored = open_pharmacy(target)
    except (Refused, Unavailable) as no:
        return (str(no),)
    try:
        return verify_books(restored)
    finally:
        restored.close()


PROVEN = "prove copy"
PROVEN_EVERY = timedelta(hours=24)
_ONE_OF_US = 840_700_714


@dataclass(frozen=True, slots=True)
class Proven:
    """What a server's own tools restored: how far it reaches, and every problem found."""

    reach: Reach
    problems: tuple[str, ...]


def prove_server_copy(database: Database, restored: Place, by: UserId) -> Proven:
    """Prove a dump that the server's own tools restored into a database of its own, by every balance of it (F4).

    It must be of this database: its trail ends with one of our entries; and lack nothing that is a day old. What was
    found stands in the audit trail. Refused when it is another pharmacy's, or the database in use itself.
    """
    with database.reading() as session:
        authorize(session, by, Permission.BACK_UP)
    if restored.is_sqlite or database.place.is_sqlite:
        raise Refused("A SQLite file's copies are proven when they are made. Name a PostgreSQL database restored from "
                      "a dump.")  # fmt: skip
    if migrations.version_of(restored) != migrations.newest():
        raise Refused("That database holds no pharmacy of this version. Restore a dump of the present version into it.")
    copy = Database(restored)
    try:
        problems, head = _proven_apart(database, copy)
    finally:
        copy.close()
    with database.reading() as session:
        made = session.execute(select(AuditEntry.seal, AuditEntry.at).where(AuditEntry.number == head[0])).first()
        if made is None or made.seal != head[1]:
            raise Refused("That is no copy of the database in use: its last entry was not made here.")
        day_old = now_utc() - PROVEN_EVERY
        missing = select(func.count()).where(AuditEntry.number > head[0], AuditEntry.at < day_old)
        if lacking := session.scalar(missing):
            problems += (f"It lacks what was done until a day ago ({lacking:,} entries). Restore a newer dump.",)
    with database.transaction() as session:
        record(session, by, PROVEN, "database", after={"entries": head[0], "problems": len(problems)})
    return Proven(Reach(head[0], made.at), problems)


def _proven_apart(database: Database, copy: Database) -> tuple[tuple[str, ...], tuple[int, str]]:
    """The books of another database; a lock tells whether it is another one, whatever its address is called."""
    mine = text("SELECT pg_advisory_xact_lock(:lock)")
    theirs = text("SELECT pg_try_advisory_xact_lock(:lock)")
    with database.reading() as here, copy.reading() as there:
        here.execute(mine, {"lock": _ONE_OF_US})
        if not there.scalar(theirs, {"lock": _ONE_OF_US}):
            raise Refused("That is the database in use, not a copy. Restore the dump into a database of its own.")
    problems = verify_books(copy)
    with copy.reading() as session:
        head = head_of(session)
    if head is None:
        raise Refused("Nothing was ever done in that database. Restore a dump into it.")
    return problems, head


def copy_not_proven(database: Database, *, at: datetime | None = None) -> str:
    """A sentence when no dump of a server was proven within a day; "" when one was, and for a SQLite file."""
    if database.place.is_sqlite:
        return ""
    with database.reading() as session:
        newest = session.execute(
            select(AuditEntry.at, AuditEntry.after)
            .where(AuditEntry.action == PROVEN)
            .order_by(AuditEntry.number.desc())
            .limit(1)
        ).first()
    way = "Restore the server's newest dump into a database of its own and prove it there (prove-copy)."
    if newest is None:
        return f"No copy of this server was ever proven. {way}"
    if json.loads(newest.after)["problems"]:
        return f"The copy looked at on {show_instant(newest.at)} is not in order. {way}"
    if not timedelta(0) <= (at or now_utc()) - newest.at < PROVEN_EVERY:
        return f"The newest proven copy of this server is of {show_instant(newest.at)}. {way}"
    return ""


def _begin_in_copy(place: Place, why: str, by: UserId | None) -> tuple[str, ...]:
    """Open the copy, prove its books and put the entry into its trail; the problems found."""
    database = open_pharmacy(place)
    try:
        problems = verify_books(database)
        if not problems:
            with database.transaction() as session:
                record(session, by, "restore copy", "database", reason=why)
        return problems
    finally:
        database.close()


def _put_back(place: Place, aside: Path | None) -> None:
    """The data that were in use are in use again; of the copy that did not do, nothing stays beside them."""
    unfit = put_in_place(place, aside) if aside is not None else place.file
    if unfit is not None:
        forget(unfit)


def _authorize(place: Place, by: UserId) -> None:
    """Ask the data in use whether this person may go back to a copy; data that cannot be read cannot say no."""
    try:
        database = Database(place)
    except Unavailable:
        return
    try:
        with database.reading() as session:
            authorize(session, by, Permission.BACK_UP)
    except Unavailable:
        return
    finally:
        database.close()


def shown(reach: Reach | None) -> str:
    """A reach in words."""
    if reach is None:
        return "it cannot be read"
    return "nothing was done in it yet" if reach.until is None else (
        f"{reach.entries:,} entries, until {show_instant(reach.until)}"
    )  # fmt: skip


def reach_or_none(place: Place) -> Reach | None:
    """How far a file reaches; None when it cannot be read."""
    try:
        return reach_of(place)
    except Unavailable:
        return None

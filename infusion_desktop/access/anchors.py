"""The audit trail's newest seal, noted outside the database: who seals a changed trail anew does not agree with it.

Whoever reads the whole database can read the secret that seals are made with, and could seal a changed trail again to
its end; nothing inside the database would tell. A line of this file is written with each copy, at least once a day,
into the folder of the copies (another disk, where the pharmacy is careful), and the seal stands on the month-end
bundle. RELIABILITY C7, G7.
"""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import head_of
from infusion_desktop.access.roles import Kept
from infusion_desktop.access.tables import AuditEntry, Purge
from infusion_desktop.database.engine import Database, Place
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.dates import now_utc, show_instant

DUE_AFTER = timedelta(hours=20)
RESTORED = "restored"
_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (\d{1,12}) ([0-9a-f]{64}|restored)", re.ASCII)
_TOGETHER = 500


@dataclass(frozen=True, slots=True)
class Anchor:
    """At that moment the trail ended with this entry and this seal; or it was set back to this entry by a copy."""

    at: datetime
    number: int
    seal: str


def anchor_file(place: Place, folder: Path) -> Path:
    """Where the seals of this database are noted."""
    stem = place.file.stem if place.is_sqlite else (place.url.database or "pharmacy")
    return folder / f"{stem}-trail.txt"


def note_head(database: Database, folder: Path, *, at: datetime | None = None) -> Anchor | None:
    """Note the trail's newest seal; None when nothing was ever done. Unavailable when the folder cannot be written."""
    with database.reading() as session:
        head = head_of(session)
    if head is None:
        return None
    anchor = Anchor(at or now_utc(), *head)
    _append(anchor_file(database.place, folder), anchor)
    return anchor


def note_head_if_due(database: Database, folder: Path, *, at: datetime | None = None) -> Anchor | None:
    """The day's note, unless there is one of the last hours already."""
    now = at or now_utc()
    noted = read_anchors(database.place, folder)
    if noted and timedelta(0) <= now - noted[-1].at < DUE_AFTER:
        return None
    return note_head(database, folder, at=now)


def note_restored(place: Place, folder: Path, number: int) -> None:
    """Note that a copy which reached this entry took the database's place: what was noted beyond it is gone rightly."""
    _append(anchor_file(place, folder), Anchor(now_utc(), number, RESTORED))


def read_anchors(place: Place, folder: Path) -> tuple[Anchor, ...]:
    """What was noted, the oldest first; lines that are none are passed over."""
    file = anchor_file(place, folder)
    with _explained(file):
        lines = file.read_text(encoding="ascii", errors="replace").splitlines() if file.is_file() else []
    found = [_LINE.fullmatch(line) for line in lines]
    return tuple(
        Anchor(datetime.strptime(each[1], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC), int(each[2]), each[3])
        for each in found
        if each is not None
    )


def disagreements(session: Session, anchors: Iterable[Anchor]) -> tuple[str, ...]:
    """The first day whose note the trail does not agree with, as a sentence; empty when it agrees with every one.

    Entries that went after their time are missed by nobody.
    """
    gone = session.scalar(select(func.max(Purge.through)).where(Purge.kept == Kept.AUDIT_TRAIL)) or 0
    standing = [anchor for anchor in _standing(session, anchors) if anchor.number > gone]
    kept: dict[int, str] = {}
    numbers = sorted({anchor.number for anchor in standing})
    for first in range(0, len(numbers), _TOGETHER):
        some = numbers[first : first + _TOGETHER]
        rows = session.execute(select(AuditEntry.number, AuditEntry.seal).where(AuditEntry.number.in_(some)))
        kept.update((row.number, row.seal) for row in rows)
    for anchor in standing:
        if kept.get(anchor.number) != anchor.seal:
            return (
                f"The audit trail is not the one that was noted outside the database on {show_instant(anchor.at)}: "
                f"its entry {anchor.number:,} had another seal then. Compare with a copy of that day or before.",
            )
    return ()


def _standing(session: Session, anchors: Iterable[Anchor]) -> list[Anchor]:
    """The notes that still count: going back to a copy ends those beyond it, where the trail tells of it there."""
    standing: list[Anchor] = []
    for anchor in anchors:
        if anchor.seal != RESTORED:
            standing.append(anchor)
            continue
        told = session.scalar(select(AuditEntry.action).where(AuditEntry.number == anchor.number + 1))
        if told == "restore copy":
            standing = [each for each in standing if each.number <= anchor.number]
    return standing


@contextlib.contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"{file}: {error.strerror}. The trail's seal was not noted; choose another folder."
        ) from error


def _append(file: Path, anchor: Anchor) -> None:
    with _explained(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="ascii") as out:
            out.write(f"{anchor.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {anchor.number} {anchor.seal}\n")
            out.flush()
            os.fsync(out.fileno())

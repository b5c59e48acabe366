"""The technician's morning: what is to be done with which pump or pole, and by when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from infusion_desktop.equipment.queries import AssetRow, board
from infusion_desktop.equipment.words import AssetId, AssetState

S = AssetState
_ELSEWHERE = (S.LOST, S.REPAIR, S.MAINTENANCE)
_AT_HOME = (S.WITH_PATIENT, S.DUE_BACK, S.IN_TRANSIT)


class DueKind(StrEnum):
    """What sort of work it is, in the order of a morning."""

    CLEAN = "To clean"
    CHECK = "To check"
    MAINTAIN = "Maintenance"
    SET_ASIDE = "Set aside, to decide"
    UPDATE = "Software and drug library"
    FETCH = "To fetch from patients"
    GIVE_BACK = "Rentals to give back"


@dataclass(frozen=True, slots=True)
class Due:
    """Something to do with a pump or pole, and by when (None: now)."""

    id: AssetId
    tag: str
    item_name: str
    what: str
    on: date | None
    kind: DueKind
    serial: str
    place: str


def due_list(session: Session, today: date, days: int = 14) -> tuple[Due, ...]:
    """The morning's list: to clean, check, fetch; maintenance and the end of rentals within so many days."""
    return due_of(board(session, today), today, days)


def due_of(rows: tuple[AssetRow, ...], today: date, days: int = 14) -> tuple[Due, ...]:
    """The same from a board that was asked for already."""
    found = [
        Due(row.id, row.tag, row.item_name, what, on, kind, row.serial, row.place)
        for row in rows
        for kind, what, on in _work(row, today, today + timedelta(days=days))
    ]
    return tuple(sorted(found, key=lambda due: (due.on or today, due.tag)))


def _work(row: AssetRow, today: date, until: date) -> Iterator[tuple[DueKind, str, date | None]]:
    yield from _round(row)
    due = row.maintenance_due_on
    if row.state not in _ELSEWHERE and due is not None and due <= until:
        yield DueKind.MAINTAIN, "Preventive maintenance.", due
    if row.state not in _ELSEWHERE and row.hours_left is not None and row.hours_left <= 0:
        yield DueKind.MAINTAIN, f"Preventive maintenance by hours: {-row.hours_left:,} over.", None
    if row.state is S.MAINTENANCE:
        yield DueKind.MAINTAIN, "On the workbench: finish its maintenance.", None
    if row.is_behind and row.state not in (*_AT_HOME, S.LOST, S.REPAIR):
        yield DueKind.UPDATE, "Load the software and drug library its model asks for.", None
    if row.booked_from is not None and row.booked_from < today:
        yield DueKind.SET_ASIDE, "Kept for a day that has passed: send it, or end its booking.", row.booked_from
    if row.rental_ends_on is not None and row.rental_ends_on <= until:
        yield DueKind.GIVE_BACK, f"Give back to {row.owner}.", row.rental_ends_on


def _round(row: AssetRow) -> Iterator[tuple[DueKind, str, date | None]]:
    if row.state in (S.RECEIVED, S.RETURNED):
        yield DueKind.CLEAN, "Clean it, then do the function check.", None
    elif row.state in (S.CLEANED, S.CHECKING) and (row.fault or row.maintenance_owed):
        yield DueKind.MAINTAIN, f"Maintenance or repair: {row.fault or 'its model asks for it at each return'}.", None
    elif row.state is S.CLEANED:
        yield DueKind.CHECK, "Do the function check.", None
    elif row.state is S.CHECKING:
        yield DueKind.CHECK, "Finish the function check.", None
    elif row.state is S.READY and row.lacks:
        yield DueKind.CHECK, f"Complete it ({row.lacks}), then check it again.", None
    elif row.state is S.QUARANTINED:
        yield DueKind.SET_ASIDE, "Release it, maintain it, or send it for repair.", None
    elif row.state is S.DUE_BACK:
        yield DueKind.FETCH, "Fetch it from the patient.", row.due_back_on

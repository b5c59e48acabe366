"""One paper, or some, printed at once and noted in the print log."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc
from infusion_desktop.deliveries.bench.wave_queries import wave_paper
from infusion_desktop.deliveries.papers import picks, tell_deliveries, tote_labels
from infusion_desktop.deliveries.print_log import (
    keep_prints,
    keep_subject_print,
    printed_before,
    subject_printed_before,
)
from infusion_desktop.deliveries.schedule.dispatch_words import PaperKind, WaveId
from infusion_desktop.deliveries.schedule.route_papers import route_sheet_of
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.errors import Refused
from reports import press


def print_pick_lists(database: Database, delivery_ids: Sequence[DeliveryId], by: UserId, override: str = "") -> bytes:
    """The pick lists of these deliveries."""
    return _print(database, PaperKind.PICK_LIST, delivery_ids, by, override)


def print_tote_labels(database: Database, delivery_ids: Sequence[DeliveryId], by: UserId, override: str = "") -> bytes:
    """A label for each tote of these deliveries."""
    return _print(database, PaperKind.TOTE_LABEL, delivery_ids, by, override)


def print_route_sheet(database: Database, day: date, whose: str, by: UserId) -> bytes:
    """A tour's route sheet; what was printed before is marked as a copy, as the stops may have changed."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        now, subject = now_utc(), f"{day.isoformat()} {whose}"
        copy = subject_printed_before(session, PaperKind.ROUTE_SHEET, subject)
        sheet = route_sheet_of(session, day, whose, by, now, copy=copy)
        if not sheet.stops:
            raise Refused(f"Nothing released goes with {whose} that day. Release a delivery first.")
        keep_subject_print(session, PaperKind.ROUTE_SHEET, subject, copy, by, now)
        record(session, by, "print", "route sheet", after={"day": day, "stops": len(sheet.stops), "copy": copy})
    return press.draw([sheet])[0]


def print_wave_list(database: Database, wave_id: WaveId, by: UserId) -> bytes:
    """A wave's pick list."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        now = now_utc()
        paper = wave_paper(session, wave_id, by, now)
        copy = subject_printed_before(session, PaperKind.WAVE_LIST, paper.number)
        if copy:
            paper = wave_paper(session, wave_id, by, now, copy=True)
        keep_subject_print(session, PaperKind.WAVE_LIST, paper.number, copy, by, now)
        record(session, by, "print", "wave", wave_id, after={"copy": copy})
    return press.draw([paper])[0]


def _print(database: Database, kind: PaperKind, delivery_ids: Sequence[DeliveryId], by: UserId, override: str) -> bytes:
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        now = now_utc()
        whose = tell_deliveries(session, kind.value, delivery_ids, by, override)
        copies = printed_before(session, kind, delivery_ids)
        papers: list[Any] = []
        for each in delivery_ids:
            if kind is PaperKind.TOTE_LABEL:
                papers += tote_labels(session, each, now.astimezone().date(), copy=each in copies)
            else:
                papers.append(picks(session, each, by, now, copy=each in copies))
        if not papers:
            raise Refused("Nothing is packed into totes yet. Pack it first, then print the labels.")
        keep_prints(session, kind, delivery_ids, copies, by, now)
        for each in delivery_ids:
            record(session, by, "print", "delivery", each, patient_id=whose[each],
                   after={"paper": kind, "copy": each in copies})  # fmt: skip
    return press.draw(papers)[0]

"""Printing many papers as one: drawn part by part in a process of its own, stopped and gone on with at any part."""

import json
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from infusion_desktop.access.audit import record
from infusion_desktop.access.authority import authorize
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.access.tables import Staff
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, show_day
from infusion_desktop.deliveries.bench.wave_queries import wave_paper
from infusion_desktop.deliveries.papers import manifest, picks, tell_deliveries, tote_labels
from infusion_desktop.deliveries.print_log import (
    keep_prints,
    keep_subject_print,
    printed_before,
    subject_printed_before,
)
from infusion_desktop.deliveries.pumps.pickup_papers import ticket_paper
from infusion_desktop.deliveries.pumps.pickups import ticket_rows
from infusion_desktop.deliveries.schedule.dispatch_tables import PrintBatch, PrintPart, Wave, WaveDelivery
from infusion_desktop.deliveries.schedule.dispatch_words import BatchId, PaperKind, WaveId
from infusion_desktop.deliveries.schedule.route_papers import route_sheet_of, teaching_sheets, tours
from infusion_desktop.deliveries.tables import Delivery
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.equipment.tables import Pickup
from infusion_desktop.equipment.words import PickupId
from infusion_desktop.errors import Refused
from infusion_desktop.patients.openings import tell_papers
from infusion_desktop.progress import Progress
from infusion_desktop.worker import Worker
from reports import press

AT_ONCE = 20
"""Deliveries in one part: what is drawn again at most after a failure."""
DAY_PAPERS = (
    PaperKind.ROUTE_SHEET,
    PaperKind.PICK_LIST,
    PaperKind.TEACHING_LIST,
    PaperKind.MANIFEST,
    PaperKind.PICK_UP_TICKET,
    PaperKind.TOTE_LABEL,
)
_NO_PAPER = (DeliveryState.DRAFT, DeliveryState.CANCELLED, DeliveryState.REFUSED)
_TO_PICK = (DeliveryState.RELEASED,)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch in a list, and how far it is."""

    id: BatchId
    title: str
    made_at: datetime
    by: str
    parts: int
    drawn: int
    pages: int
    labels: int
    finished: bool
    closed: bool


def print_day(database: Database, day: date, kinds: Iterable[PaperKind], by: UserId, override: str = "") -> BatchId:
    """A batch of the papers of a day, by tour; Refused when nothing of the day is released.

    As the other batches, AsksWhy where a patient's record is restricted and ``override`` says nothing.
    """
    wanted = [kind for kind in PaperKind if kind in set(kinds)]
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        by_tour = tours(session, day, now_utc().astimezone().date())
        deliveries = [row.id for rows in by_tour.values() for row in rows]
        tickets = ticket_rows(session) if PaperKind.PICK_UP_TICKET in wanted else ()
        fetched = [ticket for ticket in tickets if ticket.collect_on == day]
        if not deliveries and not fetched:
            raise Refused(f"Nothing of {show_day(day)} is released yet, so there is nothing to print.")
        tell_deliveries(session, "papers of a delivery", deliveries, by, override)
        tell_papers(session, "pick-up ticket", [(each.id, each.patient_id) for each in fetched], by, override)
        parts: list[tuple[PaperKind, list[Any]]] = []
        for kind in wanted:
            if kind is PaperKind.ROUTE_SHEET:
                parts += [(kind, [day.isoformat(), whose]) for whose in by_tour]
            elif kind is PaperKind.PICK_UP_TICKET:
                parts += [(kind, [ticket.id, ticket.number]) for ticket in fetched]
            else:
                parts += [(kind, some) for some in _in_chunks(kind, _fitting(session, kind, deliveries))]
        return _add_batch(session, f"Papers of {show_day(day)}", parts, by)


def print_deliveries(
    database: Database, delivery_ids: Sequence[DeliveryId], kinds: Iterable[PaperKind], by: UserId, override: str = ""
) -> BatchId:
    """A batch of the papers of these deliveries; Refused when none of them has such a paper yet."""
    wanted = [kind for kind in PaperKind if kind in set(kinds)]
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        tell_deliveries(session, "papers of a delivery", delivery_ids, by, override)
        parts = [
            (kind, some) for kind in wanted for some in _in_chunks(kind, _fitting(session, kind, list(delivery_ids)))
        ]  # fmt: skip
        return _add_batch(session, f"Papers of {len(delivery_ids)} deliveries", parts, by)


def print_wave(
    database: Database, wave_id: WaveId, kinds: Iterable[PaperKind], by: UserId, override: str = ""
) -> BatchId:
    """A batch of the papers of a wave, in the order of its slots."""
    wanted = [kind for kind in PaperKind if kind in set(kinds)]
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        wave = session.get(Wave, wave_id)
        if wave is None:
            raise Refused("This wave is not known. Choose it from the list again.")
        deliveries = session.scalars(
            select(WaveDelivery.delivery_id).where(WaveDelivery.wave_id == wave_id).order_by(WaveDelivery.slot)
        ).all()
        tell_deliveries(session, "papers of a delivery", [DeliveryId(each) for each in deliveries], by, override)
        parts: list[tuple[PaperKind, list[Any]]] = []
        for kind in wanted:
            if kind is PaperKind.WAVE_LIST:
                parts.append((kind, [wave_id, wave.number]))
            else:
                chosen = _fitting(session, kind, [DeliveryId(each) for each in deliveries])
                parts += [(kind, some) for some in _in_chunks(kind, chosen)]
        return _add_batch(session, f"Papers of wave {wave.number}", parts, by)


def draw_batch(database: Database, batch_id: BatchId, by: UserId) -> Generator[Progress, None, BatchId]:
    """Draw what is not drawn yet. Stopped or failed, it goes on there the next time; nothing is drawn twice.

    What was printed before, in this batch's own past not counted, is marked as a copy.
    """
    with database.reading() as session:
        parts = session.execute(
            select(PrintPart.id, PrintPart.kind, PrintPart.subjects, PrintPart.drawn_at)
            .where(PrintPart.batch_id == batch_id)
            .order_by(PrintPart.position)
        ).all()
    if not parts:
        raise Refused("This batch is not known. Make a new one.")
    done, total = sum(part.drawn_at is not None for part in parts), len(parts)
    with Worker() as worker:
        for part in parts:
            if part.drawn_at is not None:
                continue
            yield Progress(done, total, f"{part.kind.value}s")
            _draw_part(database, worker, batch_id, part, by)
            done += 1
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        session.execute(
            update(PrintBatch)
            .where(PrintBatch.id == batch_id, PrintBatch.finished_at.is_(None))
            .values(finished_at=now_utc())
        )
        record(session, by, "finish", "print batch", batch_id)
    yield Progress(total, total, "")
    return batch_id


def drawn_pages(database: Database, batch_id: BatchId, by: UserId, *, labels: bool = False) -> bytes:
    """What is drawn of a batch as one PDF: the letters, or the labels. Refused when there is nothing."""
    with database.reading() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        rows = session.execute(
            select(PrintPart.kind, PrintPart.pdf)
            .where(PrintPart.batch_id == batch_id, PrintPart.pdf.is_not(None))
            .order_by(PrintPart.position)
        ).all()
    pdfs = [row.pdf for row in rows if row.kind.is_label == labels]
    if not pdfs:
        raise Refused("No label is drawn in this batch." if labels else "No page is drawn in this batch yet.")
    if len(pdfs) == 1:
        return bytes(pdfs[0])
    with Worker() as worker:
        joined: bytes = worker.run(press.join, pdfs)
    return joined


def close_batch(database: Database, batch_id: BatchId, by: UserId) -> None:
    """Everything lies printed: the drawn pages are forgotten, what is printed again is a copy."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        batch = session.get(PrintBatch, batch_id, with_for_update=True)
        if batch is None or batch.closed_at is not None:
            raise Refused("This batch was put away already.")
        if batch.finished_at is None:
            raise Refused("This batch is not drawn to its end. Go on with it, or give it up.")
        batch.closed_at = now_utc()
        session.execute(update(PrintPart).where(PrintPart.batch_id == batch_id).values(pdf=None))
        record(session, by, "close", "print batch", batch_id)


def give_up_batch(database: Database, batch_id: BatchId, by: UserId) -> None:
    """Draw no more of it; what was drawn stays in the print log."""
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        batch = session.get(PrintBatch, batch_id, with_for_update=True)
        if batch is None or batch.closed_at is not None:
            raise Refused("This batch was put away already.")
        batch.closed_at = now_utc()
        session.execute(delete(PrintPart).where(PrintPart.batch_id == batch_id, PrintPart.drawn_at.is_(None)))
        session.execute(update(PrintPart).where(PrintPart.batch_id == batch_id).values(pdf=None))
        record(session, by, "give up", "print batch", batch_id)


def batches(session: Session, *, closed_too: bool = False) -> tuple[BatchRow, ...]:
    """The batches that are not put away, the newest first."""
    sheet = PrintPart.kind != PaperKind.TOTE_LABEL
    query = (
        select(
            PrintBatch,
            Staff.name,
            func.count(PrintPart.id),
            func.count(PrintPart.drawn_at),
            func.coalesce(func.sum(PrintPart.pages).filter(sheet), 0),
            func.coalesce(func.sum(PrintPart.pages).filter(~sheet), 0),
        )
        .join(Staff, Staff.id == PrintBatch.staff_id)
        .outerjoin(PrintPart, PrintPart.batch_id == PrintBatch.id)
        .group_by(PrintBatch.id, Staff.name)
        .order_by(PrintBatch.id.desc())
        .limit(100)
    )
    if not closed_too:
        query = query.where(PrintBatch.closed_at.is_(None))
    return tuple(
        BatchRow(
            BatchId(batch.id), batch.title, batch.made_at, name, parts, drawn, int(pages), int(labels),
            batch.finished_at is not None, batch.closed_at is not None,
        )
        for batch, name, parts, drawn, pages, labels in session.execute(query)
    )  # fmt: skip


def _draw_part(database: Database, worker: Worker, batch_id: BatchId, part: Any, by: UserId) -> None:
    subjects, now = json.loads(part.subjects), now_utc()
    with database.reading() as session:
        papers, copies = _fill(session, part.kind, subjects, by, now)
    pdf, pages = worker.run(press.draw, papers)
    with database.transaction() as session:
        authorize(session, by, Permission.SEE_DELIVERIES)
        waiting = select(PrintPart.id).where(PrintPart.id == part.id, PrintPart.drawn_at.is_(None)).with_for_update()
        if session.scalar(waiting) is None:
            return  # Somebody else went on with the batch at the same time and was first.
        session.execute(update(PrintPart).where(PrintPart.id == part.id).values(drawn_at=now, pages=pages, pdf=pdf))
        if part.kind in _SUBJECT:
            keep_subject_print(session, part.kind, _SUBJECT[part.kind](subjects), bool(copies), by, now, batch_id)
            if part.kind is PaperKind.PICK_UP_TICKET:
                session.execute(update(Pickup).where(Pickup.id == subjects[0]).values(printed=Pickup.printed + 1))
        else:
            keep_prints(session, part.kind, [DeliveryId(each) for each in subjects], copies, by, now, batch_id)
        record(session, by, "print", part.kind.value, batch_id, after={"papers": len(subjects), "copies": len(copies)})


_SUBJECT = {
    PaperKind.ROUTE_SHEET: lambda subjects: f"{subjects[0]} {subjects[1]}",
    PaperKind.WAVE_LIST: lambda subjects: str(subjects[1]),
    PaperKind.PICK_UP_TICKET: lambda subjects: str(subjects[1]),
}


def _fill(
    session: Session, kind: PaperKind, subjects: Sequence[Any], by: UserId, now: datetime
) -> tuple[list[Any], frozenset[Any]]:
    """The papers of a part as plain data, and which of them are copies."""
    if kind in _SUBJECT:
        copy = subject_printed_before(session, kind, _SUBJECT[kind](subjects))
        again: frozenset[Any] = frozenset([0]) if copy else frozenset()
        if kind is PaperKind.ROUTE_SHEET:
            day = date.fromisoformat(subjects[0])
            return [route_sheet_of(session, day, subjects[1], by, now, copy=copy)], again
        if kind is PaperKind.WAVE_LIST:
            return [wave_paper(session, WaveId(subjects[0]), by, now, copy=copy)], again
        ticket = ticket_paper(session, PickupId(subjects[0]), by, now)
        return [ticket], frozenset([0]) if ticket.printed.copy else frozenset()
    ids = [DeliveryId(each) for each in subjects]
    copies = printed_before(session, kind, ids)
    today = now.astimezone().date()
    if kind is PaperKind.TEACHING_LIST:
        return [teaching_sheets(session, ids, today, by, now, copy=len(copies) == len(ids))], copies
    if kind is PaperKind.TOTE_LABEL:
        return [label for each in ids for label in tote_labels(session, each, today, copy=each in copies)], copies
    fill = manifest if kind is PaperKind.MANIFEST else picks
    return [fill(session, each, by, now, copy=each in copies) for each in ids], copies


def _fitting(session: Session, kind: PaperKind, deliveries: Sequence[DeliveryId]) -> list[DeliveryId]:
    """Those of the deliveries, in their order, that have such a paper now."""
    wanted = select(Delivery.id).where(Delivery.id.in_(deliveries), Delivery.state.not_in(_NO_PAPER))
    if kind is PaperKind.PICK_LIST:
        wanted = wanted.where(Delivery.state.in_(_TO_PICK))
    if kind is PaperKind.TOTE_LABEL:
        wanted = wanted.where(Delivery.totes > 0)
    have = set(session.scalars(wanted))
    return [each for each in deliveries if each in have]


def _in_chunks(kind: PaperKind, deliveries: Sequence[DeliveryId]) -> list[list[Any]]:
    """The deliveries as they are drawn at once; a list of all of them is never cut."""
    step = max(1, len(deliveries)) if kind is PaperKind.TEACHING_LIST else AT_ONCE
    return [list(deliveries[start : start + step]) for start in range(0, len(deliveries), step)]


def _add_batch(session: Session, title: str, parts: Sequence[tuple[PaperKind, list[Any]]], by: UserId) -> BatchId:
    if not parts:
        raise Refused("None of these papers exists yet: pick lists come with release, labels with packing.")
    batch = PrintBatch(title=title, made_at=now_utc(), staff_id=by)
    session.add(batch)
    session.flush()
    session.add_all(
        PrintPart(batch_id=batch.id, position=position, kind=kind, subjects=json.dumps(subjects), pages=0)
        for position, (kind, subjects) in enumerate(parts, 1)
    )
    record(session, by, "make", "print batch", batch.id, after={"parts": len(parts)})
    return BatchId(batch.id)

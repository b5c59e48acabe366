"""Papers of a day as one: drawn in another process, stopped and gone on with, a second printing marked as a copy."""

import os
import signal
from io import BytesIO
from threading import Timer
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from infusion_desktop.dates import today
from infusion_desktop.deliveries import batches as printing_batches
from infusion_desktop.deliveries.batches import (
    DAY_PAPERS,
    batches,
    close_batch,
    draw_batch,
    drawn_pages,
    give_up_batch,
    print_day,
    print_deliveries,
)
from infusion_desktop.deliveries.bench.release import release
from infusion_desktop.deliveries.door.proof import (
    Attachment,
    attach,
    attachment,
    attachments_of,
    read_sheets,
)
from infusion_desktop.deliveries.papers import print_manifests
from infusion_desktop.deliveries.plans.planning import Wanted, plan_items
from infusion_desktop.deliveries.print_log import prints_of
from infusion_desktop.deliveries.printing import print_pick_lists, print_route_sheet, print_tote_labels
from infusion_desktop.deliveries.queries import delivery_page
from infusion_desktop.deliveries.schedule.dispatch_tables import PaperPrint, PrintPart
from infusion_desktop.deliveries.schedule.dispatch_words import AttachmentKind, PaperKind
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.errors import Refused
from infusion_desktop.progress import run_to_end
from infusion_desktop.worker import Worker
from reports import press

from .test_steps import WEEK, page, shipped


def several(bench: Any, count: int) -> list[DeliveryId]:
    wanted = [Wanted(bench.items["flush"], 2, "came loose")]
    made = [plan_items(bench.database, bench.patient, WEEK, today(), wanted, bench.pharmacist) for _ in range(count)]
    for each in made:
        release(bench.database, each, bench.pharmacist)
    return made


def test_a_day_is_printed_as_one_and_goes_on_where_it_stopped(
    bench: Any, read_pdf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing_batches, "AT_ONCE", 2)
    deliveries = several(bench, 5)
    with pytest.raises(Refused, match="nothing to print"):
        print_day(bench.database, WEEK.last, DAY_PAPERS, bench.tech)
    batch = print_day(bench.database, today(), DAY_PAPERS, bench.tech)
    job = draw_batch(bench.database, batch, bench.tech)
    for _ in range(4):
        next(job)
    job.close()
    with bench.database.reading() as session:
        row = batches(session)[0]
        drawn = session.scalars(select(PrintPart.pdf).where(PrintPart.pdf.is_not(None))).all()
    assert (row.parts, row.drawn, row.finished) == (8, 3, False)
    with pytest.raises(Refused, match="not drawn to its end"):
        close_batch(bench.database, batch, bench.tech)
    told: list[str] = []
    run_to_end(draw_batch(bench.database, batch, bench.tech), lambda step: told.append(f"{step.done} {step.text}"))
    assert told[0] == "3 pick lists" and told[1] == "4 teaching sheet lists" and told[-1] == "8 "
    with bench.database.reading() as session:
        after = session.scalars(
            select(PrintPart.pdf).where(PrintPart.batch_id == batch).order_by(PrintPart.position)
        ).all()
        assert list(after[:3]) == list(drawn), "what was drawn is not drawn again"
        kept = session.execute(select(PaperPrint.kind, PaperPrint.is_copy)).all()
    assert not any(row.is_copy for row in kept)
    whole = drawn_pages(bench.database, batch, bench.tech)
    words = read_pdf(whole)
    numbers = [page(bench, each).row.number for each in deliveries]
    assert [words.count(f"Delivery manifest No. {number}") for number in numbers] == [1] * 5
    assert words.index("Route sheet") < words.index("Pick list") < words.index("Delivery manifest")
    assert "COPY" not in words
    close_batch(bench.database, batch, bench.tech)
    with pytest.raises(Refused, match="No page"):
        drawn_pages(bench.database, batch, bench.tech)
    again = print_day(bench.database, today(), [PaperKind.MANIFEST, PaperKind.ROUTE_SHEET], bench.tech)
    run_to_end(draw_batch(bench.database, again, bench.tech))
    assert "COPY" in read_pdf(drawn_pages(bench.database, again, bench.tech))
    with bench.database.reading() as session:
        manifests = [row.is_copy for row in prints_of(session, deliveries[0]) if row.kind is PaperKind.MANIFEST]
    assert manifests == [True, False]
    assert page(bench, deliveries[0]).row.printed == 2
    give_up_batch(bench.database, again, bench.tech)
    with bench.database.reading() as session:
        assert batches(session) == ()


def test_what_one_drew_nobody_draws_again(bench: Any) -> None:
    deliveries = several(bench, 1)
    batch = print_deliveries(bench.database, deliveries, [PaperKind.PICK_LIST], bench.tech)
    one, other = (draw_batch(bench.database, batch, bench.tech) for _ in range(2))
    next(one)
    next(other)
    run_to_end(one)
    run_to_end(other)
    with bench.database.reading() as session:
        assert len(session.scalars(select(PaperPrint.id)).all()) == 1


@pytest.mark.skipif(os.name == "nt", reason="the signals of POSIX stop and kill the process")
def test_a_drawing_program_that_ends_is_told_and_the_next_one_goes_on() -> None:
    with Worker() as worker:
        assert worker.run(press.join, [b"one"]) == b"one"
        assert worker._process is not None
        process = worker._process.pid
        os.kill(process, signal.SIGSTOP)  # It hangs in the middle of its work, then it is killed.
        Timer(0.2, os.kill, (process, signal.SIGKILL)).start()
        with pytest.raises(Refused, match="what was drawn is kept"):
            worker.run(press.join, [b"one"])
        assert worker.run(press.join, [b"two"]) == b"two"
        with pytest.raises(ValueError, match="nothing to draw"):
            worker.run(press.draw, [])
        with pytest.raises(ValueError, match="only papers"):
            worker.run(os.getpid)
    pages = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 14400 14400]>>"
    wall = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj" + pages + b"endobj 3 0 obj" + page
    wall += b"endobj trailer<</Root 1 0 R>>"
    assert [sheet.pages for sheet in press.read_sheets(wall, "application/pdf")] == [1], "as large as a wall"
    with Worker(patience=0.01) as hurried, pytest.raises(Refused, match="stopped"):
        hurried.run(press.read_sheets, wall, "application/pdf")


def test_single_papers_are_in_the_log_and_copies_say_so(bench: Any, read_pdf: Any) -> None:
    delivery = shipped(bench)
    for _ in range(2):
        print_tote_labels(bench.database, [delivery], bench.tech)
        print_pick_lists(bench.database, [delivery], bench.tech)
        print_manifests(bench.database, [delivery], bench.tech)
        whose = "own driver"
        sheet = print_route_sheet(bench.database, today(), whose, bench.tech)
    assert "COPY" in read_pdf(sheet)
    assert "COPY" in read_pdf(print_tote_labels(bench.database, [delivery], bench.tech))
    with bench.database.reading() as session:
        found = [(row.kind.value, row.is_copy, row.by) for row in prints_of(session, delivery)]
    assert ("tote label", False, "Some Technician") in found
    assert sum(is_copy for _, is_copy, _ in found) == len(found) - 3
    with pytest.raises(Refused, match="Nothing released goes"):
        print_route_sheet(bench.database, today(), "Nobody", bench.tech)


def scanned(pdf: bytes, dots: int = 120, kind: str = "JPEG") -> bytes:
    """The first page as it comes from the scanner: a picture, a little gray."""
    import pypdfium2

    with pypdfium2.PdfDocument(pdf) as document:
        picture = document[0].render(scale=dots / 72).to_pil().convert("L").point(lambda value: 20 + value * 9 // 10)
    out = BytesIO()
    picture.rotate(0.6, fillcolor=235).save(out, kind)
    return out.getvalue()


def test_a_scanned_signed_sheet_finds_its_delivery_and_stays_with_it(bench: Any) -> None:
    delivery = shipped(bench)
    manifest = print_manifests(bench.database, [delivery], bench.tech)
    other = print_manifests(bench.database, several(bench, 1), bench.tech)
    number = page(bench, delivery).row.number
    sheet = scanned(manifest)
    found = read_sheets(bench.database, sheet, "image/jpeg")
    assert [(each.number, each.delivery_id, each.patient_name) for each in found] == [
        (number, delivery, "Abernathy, Ann")
    ]
    blank = BytesIO()
    Image.new("L", (850, 1100), 255).save(blank, "PDF")
    stack = press.join([blank.getvalue(), manifest, blank.getvalue(), other])
    read = read_sheets(bench.database, stack, "application/pdf")
    assert [(each.number, each.sheet.pages) for each in read] == [("", 1), (number, 2), ("D000002", 1)]
    made = attach(bench.database, delivery, Attachment(AttachmentKind.SIGNED_SHEET, sheet, "image/jpeg"), bench.tech)
    with pytest.raises(Refused, match="already"):
        attach(bench.database, delivery, Attachment(AttachmentKind.SIGNED_SHEET, sheet, "image/jpeg"), bench.tech)
    for content, kind, said in (
        (b"%PDF-" + b"0" * 5_000_001, "application/pdf", "larger than 5 MB"),
        (b"GIF89a", "image/png", "no PDF, PNG or JPEG"),
        (sheet, "text/html", "no PDF, PNG or JPEG"),
    ):
        with pytest.raises(Refused, match=said):
            attach(bench.database, delivery, Attachment(AttachmentKind.PHOTO, content, kind), bench.tech)
    for content, kind in ((b"%PDF-1.7 broken", "application/pdf"), (b"\x89PNG\r\n\x1a\nbroken", "image/png")):
        with pytest.raises(Refused, match="The scan was not used"):
            read_sheets(bench.database, content, kind)
    with bench.database.reading() as session:
        assert [(row.id, row.size, row.by) for row in attachments_of(session, delivery)] == [
            (made, len(sheet), "Some Technician")
        ]
        assert attachment(session, made).content == sheet
        assert delivery_page(session, delivery, today()).row.state.value == "shipped"

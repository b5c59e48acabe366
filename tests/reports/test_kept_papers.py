"""Every paper against a kept one, by its words and by its pictures, with long and hostile names.

The fonts are bundled, so a page is the same everywhere. A difference that is meant: look at the new pictures, then keep
them with ``KEEP_PAPERS=1 python -m pytest tests/reports/test_kept_papers.py``. To add a paper, add a line to PAPERS.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from io import BytesIO
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageStat

import reports
from reports import (
    delivery_manifest,
    labels,
    pick_list,
    pickup_ticket,
    purchase_order,
    recall_letter,
    route_sheet,
    table_report,
    teaching_list,
    wave_list,
)
from reports.delivery_manifest import (
    DeliveryManifest,
    EquipmentSent,
    Line,
    LotSent,
    Outcome,
    Owed,
    Receipt,
    Recipient,
    Step,
    Storage,
    TherapySupplied,
    Tote,
    Visit,
)
from reports.paper import Letterhead, Paper, Printed
from tests.reports import papers_of_the_office

KEPT = Path(__file__).parent / "kept"
DOTS = 50
MOST_MEAN = 1.5
"""Gray levels of 255 by which a page may differ on the average: another rasterizer's smoothing, never another word."""
MOST_CHANGED = 0.004
"""Share of the points that may differ by more than a quarter of the way from white to black."""
DAY = date(2026, 3, 5)
HEAD = Letterhead("Cedar Valley Home Infusion", ("1200 Prairie Road", "Cedar Rapids, IA 52402"), "(319) 555-0140",
                  "(319) 555-0141", "1234567893")  # fmt: skip
PRINTED = Printed(datetime(2026, 3, 3, 14, 5, tzinfo=UTC), "Dana Ortiz")
LONG = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh, Maximiliana Theodora Anastasia"
HOSTILE = "O'Brien <b>&amp; Łukasz</b> \u202egro.live Nguyễn 李 \x00\n'; DROP TABLE--"
KINDS = ("Drug", "Flush", "Tubing", "Dressing")


def _line(index: int) -> Line:
    lots = [LotSent(10 + index, f"LA{index:04d}", date(2027, 1 + index % 12, 3), tote="1")]
    if index % 3 == 1:
        lots.append(LotSent(4, f"LB{index:04d}", date(2026, 11, 30), f"SR{index:04d}", "2", Outcome(refused=2)))
    name = HOSTILE if index == 2 else LONG if index == 3 else f"Administration set, vented, no. {index}"
    note = "instead of Huber needle 20 G" if index == 4 else ""
    kind = KINDS[index * len(KINDS) // 30]
    return Line(kind, f"IT-{index:04d}", name, "each", tuple(lots),
                Storage.REFRIGERATED if kind == "Drug" else Storage.ROOM, note)  # fmt: skip


def _manifest() -> DeliveryManifest:
    return DeliveryManifest(
        HEAD, Printed(PRINTED.at, PRINTED.by, copy=True), "D004812",
        Recipient(LONG, ("4417 Old Mill Lane", "Cedar Rapids, IA"), "(319) 555-0172", "P20331", date(1951, 7, 9),
                  HOSTILE),
        Visit(DAY, "09:00 to 12:00", "Ring at the side door. " * 6, "own driver", "1Z999AA10123456784"),
        (TherapySupplied("Vancomycin 1 g q12h", date(2026, 3, 6), date(2026, 3, 12), "A. Nguyen, MD", "PICC"),),
        tuple(_line(index) for index in range(30)),
        (EquipmentSent("Ambulatory pump", "CADD-Solis VIP", "2204481907", "A-0113", DAY, date(2026, 9, 1)),),
        (Tote("1 of 2"), Tote("2 of 2", Storage.REFRIGERATED, "3 cold packs", "S-17")),
        (Owed("IT-9001", "Extension set", 6, "each", "Mar 9"),),
        (Step("Picked", "L. Baker", PRINTED.at), Step("Verified", "R. Singh"), Step("Shipped", HOSTILE)),
        Receipt(HOSTILE, "neighbor", datetime(2026, 3, 5, 10, 31, tzinfo=UTC), "One box wet"),
        "delivered",
    )  # fmt: skip


def _pick_list() -> bytes:
    picks = tuple(
        pick_list.Pick(
            "", f"Aisle {index // 10 + 1}, bin {index % 10}", f"IT-{index:04d}",
            LONG if index == 1 else HOSTILE if index == 2 else f"Saline flush no. {index}", 12 + index, "each",
            f"LT{index:03d}", DAY, storage=Storage.FROZEN if index % 9 == 4 else Storage.ROOM,
        )
        for index in range(32)
    )  # fmt: skip
    alerts = ("LATEX ALLERGY", "Scan a patient-ready ambulatory pump", f"Short: {LONG}, 6 each")
    return pick_list.render(pick_list.PickList(HEAD, PRINTED, "D004812", "P20331", DAY, picks, "a week", alerts))


def _wave() -> bytes:
    slots = tuple(
        wave_list.Slot(number, f"D00481{number}", f"P2033{number}", 9 + number,
                       ("ambulatory pump", "pole") if number == 2 else (), ("LATEX ALLERGY",) if number == 3 else ())
        for number in range(1, 7)
    )  # fmt: skip
    picks = tuple(
        wave_list.WavePick(
            f"Aisle {index // 10 + 1}, bin {index % 10}", f"IT-{index:04d}", LONG if index == 1 else HOSTILE
            if index == 2 else f"Dressing no. {index}", "each", f"LT{index:03d}", DAY,
            Storage.REFRIGERATED if index == 4 else Storage.ROOM,
            tuple((slot, 2 * slot + index) for slot in range(1, 2 + index % 6)),
        )
        for index in range(28)
    )  # fmt: skip
    return wave_list.render(wave_list.WaveList(HEAD, PRINTED, "W00017", slots, picks))


def _route_sheet() -> bytes:
    stops = tuple(
        route_sheet.Stop(
            number, f"D00{4800 + number}", {2: LONG, 3: HOSTILE}.get(number, f"Patient {number}, Ann"),
            (f"{number}00 Old Mill Lane", "Cedar Rapids, IA 52402"), "(319) 555-0172",
            "Bob (319) 555-0173" if number % 2 else "", "10:00 to 14:00", number % 3, 2 if number % 3 == 2 else 0,
            number % 3 == 2, number % 2, "Ring at the side door; the dog is friendly. " * (1 + number % 4),
            "Nobody was there once before." if number == 4 else "",
        )
        for number in range(1, 10)
    )  # fmt: skip
    remarks = ("3 not packed yet: print again before leaving",)
    paper = Paper("Route sheets")
    for sheet in (
        route_sheet.RouteSheet(HEAD, PRINTED, DAY, "Maria Ortega", stops, "(319) 555-0142", remarks),
        route_sheet.RouteSheet(HEAD, replace(PRINTED, copy=True), DAY, HOSTILE, ()),
    ):
        paper.missing = ""
        route_sheet.draw(paper, sheet)
    return paper.finish()


def _teaching() -> bytes:
    sheets = ("Washing hands and a clean place to work", "Ambulatory pump: start, alarms, batteries", HOSTILE)
    packets = tuple(
        teaching_list.Packet(f"D00{4800 + number}", LONG if number == 1 else f"Patient {number}", "Vancomycin q12h",
                             sheets[: number % 4], "Spanish" if number == 2 else "", number % 2 == 0)
        for number in range(26)
    )  # fmt: skip
    return teaching_list.render(teaching_list.TeachingList(HEAD, PRINTED, DAY, packets))


def _ticket() -> bytes:
    things = tuple(
        pickup_ticket.Collected("Pump", LONG if number == 1 else HOSTILE if number == 2 else "CADD-Solis VIP",
                                serial=f"22044819{number:02}", asset_number=f"A-01{number:02}", note="out of order")
        for number in range(14)
    )  # fmt: skip
    home = Recipient(HOSTILE, ("4417 Old Mill Lane", "Cedar Rapids, IA"), "(319) 555-0172", caregiver=LONG)
    return pickup_ticket.render(
        pickup_ticket.PickupTicket(HEAD, PRINTED, "PU00118", home, DAY, "13:00 to 16:00", "The therapy ended.", things,
                                   "Call before. " * 8, "Maria Ortega")
    )  # fmt: skip


def _tote_labels() -> bytes:
    return labels.render_totes(
        [
            labels.ToteLabel("D004812", 1, 2, LONG, "Cedar Rapids", DAY, "10:00 to 14:00", "North",
                             Storage.REFRIGERATED, "3 cold packs", HEAD.name),
            labels.ToteLabel("D004812", 2, 2, HOSTILE, LONG, DAY, pharmacy=LONG, copy=True),
        ]
    )  # fmt: skip


def _small_labels() -> bytes:
    return labels.render(
        [
            labels.asset_label("A-0113", "CADD-Solis VIP ambulatory infusion pump", "2204481907", LONG),
            labels.bin_label("A-03-12", HOSTILE, "Shelf A"),
            labels.lot_label("IT-1023", "Flush syringe", "LOT023A7", date(2027, 12, 24), "00312345678906"),
        ],
        labels.LabelStock.SHEET_30,
        skip=28,
    )


def _order() -> bytes:
    lines = tuple(
        purchase_order.OrderLine(f"MMS-{index}", {1: LONG, 2: HOSTILE}.get(index, f"Flush no. {index}"),
                                 3 + index, "case of 50", None if index == 5 else Decimal("48.25"))
        for index in range(40)
    )  # fmt: skip
    return purchase_order.render(
        purchase_order.PurchaseOrder(HEAD, PRINTED, "2291", DAY, HOSTILE, ("Des Moines",), ("Dock 2",), lines)
    )


def _letter() -> bytes:
    lots = tuple(recall_letter.RecalledItem("Flush 10 mL", f"LOT{index:03d}", 30, "each", DAY) for index in range(20))
    return recall_letter.render(
        recall_letter.RecallLetter(HEAD, PRINTED, "R-4", DAY, HOSTILE, ("Main St",), "Flush 10 mL", LONG, "May leak.",
                                   ("Do not use it.", "Put it into a bag."), lots)
    )  # fmt: skip


def _table() -> bytes:
    columns = (
        table_report.Column("Item"),
        table_report.Column("Description"),
        table_report.Column("On hand", table_report.Kind.NUMBER),
        table_report.Column("Value", table_report.Kind.MONEY),
        table_report.Column("Expires", table_report.Kind.DAY),
    )
    rows = tuple(
        (f"IT-{index:04d}", LONG if index == 1 else HOSTILE if index == 2 else f"Set no. {index}", 1200 + index,
         Decimal("-18.50"), DAY)
        for index in range(45)
    )  # fmt: skip
    return table_report.render(
        table_report.TableReport(
            HEAD, PRINTED, "Stock value", columns, rows, totals=("", "", 9, Decimal("1234.50"), None)
        )
    )


PAPERS: dict[str, Callable[[], bytes]] = {
    "manifest": lambda: delivery_manifest.render(_manifest()),
    "pick-list": _pick_list,
    "wave-list": _wave,
    "route-sheet": _route_sheet,
    "teaching-list": _teaching,
    "pick-up-ticket": _ticket,
    "tote-labels": _tote_labels,
    "labels": _small_labels,
    "purchase-order": _order,
    "recall-letter": _letter,
    "table-report": _table,
    **papers_of_the_office.PAPERS,
}


def pages_of(pdf: bytes) -> tuple[str, list[Image.Image]]:
    """The words page by page, and each page as a small gray picture."""
    with pypdfium2.PdfDocument(pdf) as document:
        texts, pictures = [], []
        for page in document:
            texts.append(page.get_textpage().get_text_bounded().replace("\r\n", "\n").rstrip())
            dots = DOTS if page.get_width() > 400 else 2 * DOTS
            pictures.append(page.render(scale=dots / 72, grayscale=True).to_pil())
    return "\n\f\n".join(texts) + "\n", pictures


def as_png(pictures: list[Image.Image]) -> bytes:
    """The pages beside each other in one small file of sixteen grays."""
    whole = Image.new("L", (sum(each.width for each in pictures), max(each.height for each in pictures)), 255)
    left = 0
    for each in pictures:
        whole.paste(each, (left, 0))
        left += each.width
    out = BytesIO()
    whole.quantize(16).save(out, "PNG", optimize=True)
    return out.getvalue()


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_is_as_it_was_kept(name: str) -> None:
    words, pictures = pages_of(PAPERS[name]())
    assert len(pictures) > 1, "a kept paper has several pages"
    drawn = as_png(pictures)
    text_file, picture_file = KEPT / f"{name}.txt", KEPT / f"{name}.png"
    if os.environ.get("KEEP_PAPERS"):
        KEPT.mkdir(exist_ok=True)
        text_file.write_text(words, encoding="utf-8")
        picture_file.write_bytes(drawn)
    assert words == text_file.read_text(encoding="utf-8")
    with Image.open(picture_file) as opened, Image.open(BytesIO(drawn)) as now:
        kept, shown = opened.convert("L"), now.convert("L")
    assert kept.size == shown.size
    difference = ImageChops.difference(kept, shown)
    changed = sum(difference.histogram()[64:]) / (kept.width * kept.height)
    assert ImageStat.Stat(difference).mean[0] <= MOST_MEAN and changed <= MOST_CHANGED


def test_no_kind_of_paper_is_left_out() -> None:
    here = [*globals().values(), *vars(papers_of_the_office).values()]
    kept = {each.__name__ for each in here if isinstance(each, ModuleType)}
    for found in iter_modules(reports.__path__, "reports."):
        known = vars(import_module(found.name))
        draws = any(name.startswith("render") for name in known) or "Bundle" in known
        assert not draws or found.name in kept, f"keep a paper of {found.name}: add it to PAPERS"


def test_another_word_or_a_moved_box_is_noticed() -> None:
    """The tolerance is for smoothing alone: one changed line of a page lies beyond it."""
    kept = pages_of(delivery_manifest.render(_manifest()))
    other = replace(_manifest(), totes=(Tote("1 of 1"),))
    found = pages_of(delivery_manifest.render(other))
    assert kept[0] != found[0]
    difference = ImageChops.difference(kept[1][0], found[1][0])
    changed = sum(difference.histogram()[64:]) / (difference.width * difference.height)
    assert changed > MOST_CHANGED

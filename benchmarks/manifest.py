"""One three-page delivery manifest against a bare canvas of three pages."""

import time
from datetime import UTC, date, datetime

from benchmarks.figures import Figure, in_turns, memory
from benchmarks.floors import bare_canvas
from reports.delivery_manifest import (
    DeliveryManifest,
    EquipmentSent,
    Line,
    LotSent,
    Recipient,
    Step,
    TherapySupplied,
    Tote,
    Visit,
    render,
)
from reports.paper import Letterhead, Printed

KINDS = ("Tubing", "Needles and syringes", "Dressings", "Diluents", "Antiseptics", "Drugs")
PAGES = 3


def measure() -> list[Figure]:
    """Processor time of drawing it, fonts and library loaded before."""
    paper = three_pages()
    floor, ours = in_turns(lambda: bare_canvas(PAGES), lambda: render(paper), runs=15, clock=time.process_time)
    return [
        Figure(f"manifest of {PAGES} pages, cpu", ours, "ms", floor, ratio_goal=2),
        Figure("  memory after it", memory(), "MB"),
    ]


def three_pages() -> DeliveryManifest:
    """The shortest manifest that fills three pages well: lines are added until a fourth page would begin."""
    count = 20
    while pages(render(manifest(count + 1))) <= PAGES:
        count += 1
    return manifest(count)


def pages(pdf: bytes) -> int:
    """How many pages a PDF has."""
    import pypdfium2

    return len(pypdfium2.PdfDocument(pdf))


def manifest(count: int) -> DeliveryManifest:
    """A manifest of so many lines, every third from two lots."""
    return DeliveryManifest(
        Letterhead("Cedar Valley Home Infusion", ("1200 Prairie Road", "Cedar Rapids, IA 52402"), "(319) 555-0140"),
        Printed(datetime(2026, 3, 3, 14, 5, tzinfo=UTC), "Dana Ortiz"),
        "D004812",
        Recipient("Margaret O'Connor", ("4417 Old Mill Lane", "Cedar Rapids, IA"), "(319) 555-0172", "P20331"),
        Visit(date(2026, 3, 5), "9:00 – 12:00", "Ring at the side door.", "Route 3"),
        therapies=(TherapySupplied("Vancomycin q12h", date(2026, 3, 6), date(2026, 3, 12), "A. Nguyen", "PICC"),),
        lines=tuple(_line(index, count) for index in range(count)),
        equipment=(EquipmentSent("Pump", "Ambulatory", "2204481907", "A-0113", date(2026, 3, 2)),),
        totes=(Tote("1 of 2"), Tote("2 of 2")),
        steps=(Step("Picked", "L. Baker", datetime(2026, 3, 3, 10, 11, tzinfo=UTC)), Step("Verified", "R. Singh")),
    )


def _line(index: int, of: int) -> Line:
    lots = [LotSent(10 + index, f"LA{index:04d}", date(2027, 1 + index % 12, 3), tote="1")]
    if index % 3 == 1:
        lots.append(LotSent(4, f"LB{index:04d}", date(2026, 11, 30), tote="2"))
    description = f"Administration set, vented, with two needle-free sites, no. {index}"
    return Line(KINDS[index * len(KINDS) // of], f"IT-{index:04d}", description, "each", tuple(lots))

"""Papers read back: their words, where the words stand, and what their codes say."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pypdfium2
import pytest
import zxingcpp

from reports.delivery_manifest import (
    DeliveryManifest,
    EquipmentSent,
    Line,
    LotSent,
    Owed,
    Recipient,
    Step,
    Storage,
    TherapySupplied,
    Tote,
    Visit,
)
from reports.paper import Letterhead, Printed

KINDS = ("Tubing", "Needles and syringes", "Dressings", "Diluents", "Antiseptics", "Drugs")


class Read:
    """A PDF as a reader sees it."""

    def __init__(self, pdf: bytes) -> None:
        self.document = pypdfium2.PdfDocument(pdf)
        self.pages = [page.get_textpage() for page in self.document]
        self.texts = [page.get_text_bounded().replace("\r\n", "\n") for page in self.pages]
        self.words = " ".join(" ".join(self.texts).split())

    def heights(self, page: int, text: str) -> list[float]:
        """How high above the page's foot each occurrence of the text stands, from the top down."""
        searched = self.pages[page].search(text, match_case=True)
        found = []
        while hit := searched.get_next():
            found.append(self.pages[page].get_charbox(hit[0])[1])
        return sorted(found, reverse=True)

    def codes(self, page: int, dots_per_inch: int = 150) -> list[zxingcpp.Barcode]:
        """The data matrices on a page, as a scanner reads them from the print."""
        picture = self.document[page].render(scale=dots_per_inch / 72, grayscale=True).to_pil()
        return list(zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.DataMatrix))


@pytest.fixture
def read() -> type[Read]:
    return Read


@pytest.fixture
def letterhead() -> Letterhead:
    return Letterhead(
        "Cedar Valley Home Infusion",
        ("1200 Prairie Road", "Cedar Rapids, IA 52402"),
        "(319) 555-0140",
        npi="1234567893",
    )


@pytest.fixture
def printed() -> Printed:
    return Printed(datetime(2026, 3, 3, 14, 5, tzinfo=UTC), "Dana Ortiz")


def sample_line(index: int, of: int) -> Line:
    """A line whose description ends in a word of its own, with one or two lots."""
    lots = [LotSent(10 + index, f"LA{index:04d}", date(2027, 1 + index % 12, 3), tote="1")]
    if index % 3 == 1:
        lots.append(LotSent(4, f"LB{index:04d}", date(2026, 11, 30), serial=f"SR{index:04d}", tote="2"))
    kind = KINDS[index * len(KINDS) // of]
    storage = Storage.REFRIGERATED if kind == "Drugs" else Storage.ROOM
    description = f"Administration set, vented, with two needle-free sites, tail{index:04d}"
    return Line(kind, f"IT-{index:04d}", description, "each", tuple(lots), storage)


@pytest.fixture
def manifest(letterhead: Letterhead, printed: Printed) -> Callable[..., DeliveryManifest]:
    """A manifest with so many lines; any other field by name."""

    def build(count: int = 4, **other: object) -> DeliveryManifest:
        fields: dict[str, object] = {
            "letterhead": letterhead,
            "printed": printed,
            "number": "DL-4812",
            "recipient": Recipient(
                "Margaret O'Connor", ("4417 Old Mill Lane", "Cedar Rapids, IA"), "(319) 555-0172", "P-20331"
            ),
            "visit": Visit(date(2026, 3, 5), "9:00 – 12:00", "Ring at the side door.", "Route 3"),
            "therapies": (
                TherapySupplied("Vancomycin q12h", date(2026, 3, 6), date(2026, 3, 12), "A. Nguyen", "PICC"),
            ),
            "lines": tuple(sample_line(index, count) for index in range(count)),
            "equipment": (EquipmentSent("Pump", "CADD-Solis", "2204481907", "A-0113", date(2026, 3, 2)),),
            "totes": (Tote("1 of 2"), Tote("2 of 2", Storage.REFRIGERATED, seal="S-17")),
            "owed": (Owed("IT-9001", "Extension set", 6, "each", "Mar 9"),),
            "steps": (
                Step("Picked", "L. Baker", datetime(2026, 3, 3, 10, 11, tzinfo=UTC)),
                Step("Verified", "R. Singh"),
            ),
        }
        return DeliveryManifest(**{**fields, **other})  # type: ignore[arg-type]

    return build

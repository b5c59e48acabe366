"""A thousand four-line claims as 837P, checked and cleaned, against printing the same segments from ready strings."""

import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from datetime import date, timedelta
from datetime import time as clock_time
from decimal import Decimal

from benchmarks.figures import Figure, in_turns
from infusion_desktop.dates import Days
from infusion_desktop.edi.claim_data import (
    Address,
    BillingProvider,
    Claim,
    Drug,
    Heading,
    Name,
    Payer,
    Provider,
    Receiver,
    ServiceLine,
    Submitter,
    Subscriber,
)
from infusion_desktop.edi.claims_837p import segments
from infusion_desktop.edi.x12_writing import Interchange

CLAIMS = 1_000
LONG = 5_000
"""As many claims as one file takes."""


def measure() -> list[Figure]:
    """Processor time of writing the file segment by segment; and how memory grows with a file five times as long."""
    claims = [claim(number) for number in range(CLAIMS)]
    ready = [line.split("*") for line in "".join(segments(heading(), claims)).split("~\n") if line]

    with tempfile.TemporaryFile("w") as file:

        def by_hand() -> None:
            file.seek(0)
            for elements in ready:
                print(*elements, sep="*", end="~\n", file=file)

        def ours() -> None:
            file.seek(0)
            file.writelines(segments(heading(), claims))

        floor, taken = in_turns(by_hand, ours, runs=7, warm=2, clock=time.process_time)
    short, long = _most_memory(CLAIMS), _most_memory(LONG)
    return [
        Figure(f"{CLAIMS:,} claims of four lines as 837P, cpu", taken, "ms", floor, ratio_goal=5, goal=200),
        Figure(f"  segments of it, {len(ready):,}: each", taken / len(ready) * 1000, "us"),
        Figure(f"  memory while streaming {LONG:,} claims, growth", long, "kB", short, ratio_goal=1.2),
    ]


def measure_large() -> list[Figure]:
    """Ten and fifty times as many claims, a file for each 5,000, made as they are written: time of a claim, memory."""
    figures = []
    shortest = None
    for count in (CLAIMS, 10 * CLAIMS, 50 * CLAIMS):
        with tempfile.TemporaryFile("w") as file:
            begun = time.process_time()
            file.writelines(_files(count))
            each = (time.process_time() - begun) / count * 1e6
        held = _most_memory(count)
        floor_each, floor_held = shortest or (None, None)
        shortest = shortest or (each, held)
        figures += [
            Figure(f"837P of {count:,} claims, made and written, cpu of a claim", each, "us", floor_each, 1.2),
            Figure("  memory while streaming it", held, "kB", floor_held, 1.2),
        ]
    return figures


def _most_memory(count: int) -> float:
    """The most that writing so many claims held at once, in kB; the claims are made as they are written."""
    tracemalloc.start()
    for _ in _files(count):
        pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1024


def _files(count: int) -> Iterator[str]:
    """The segments of so many claims, in as many files as they take."""
    for start in range(0, count, LONG):
        yield from segments(heading(), each_claim(min(LONG, count - start)))


def each_claim(count: int) -> Iterator[Claim]:
    """So many claims, one at a time."""
    return (claim(number, "O'Connor") for number in range(count))


def heading() -> Heading:
    """Sender, receiver and pharmacy."""
    address = Address("1200 Prairie Road", "Cedar Rapids", "IA", "524021234")
    return Heading(
        Interchange("PHARMACY1", "PAYER99", 1, 1, date(2026, 11, 30), clock_time(14, 5), True),
        "0001",
        "B000001",
        Submitter("Cedar Valley Home Infusion", "SUB001", "Pat Biller", "3195550140"),
        Receiver("Clearing House", "CH001"),
        BillingProvider("Cedar Valley Home Infusion", "1234567893", "411234567", address),
    )


def claim(number: int, last_name: str = "") -> Claim:
    """A week of an antibiotic: per diem, drug with its NDC, nursing visit, catheter care; texts as people type them."""
    first = date(2026, 3, 2) + timedelta(number % 20)
    week = Days(first, first + timedelta(6))
    home = Address(f"{number} Old Mill Lane", "Iowa City", "IA", "52240", "Apt 5" if number % 7 == 0 else "")
    return Claim(
        f"C{number:07d}",
        Subscriber(
            Name(last_name or ("O'Connor" if number % 3 else "Müller"), "Margaret"),
            f"M{number:08d}",
            home,
            date(1951, 4, 9),
            "F",
        ),
        Payer("Big Health Plan", "BHP01", "CI"),
        ("M86.171", "Z45.2"),
        (
            _line(number, 1, "S9500", Decimal("118.00"), Decimal(7), week),
            _line(number, 2, "J0690", Decimal("61.74"), Decimal(84), week, Drug("00143992490", Decimal(21), "UN")),
            _line(number, 3, "99601", Decimal("140.00"), Decimal(1), Days(first, first)),
            _line(number, 4, "S5498", Decimal("22.50"), Decimal(7), week),
        ),
        authorization=f"A{number:06d}",
        referring=Provider(Name("Hartmann", "Lena"), "1234567893"),
    )


def _line(
    number: int, place: int, code: str, charge: Decimal, units: Decimal, days: Days, drug: Drug | None = None
) -> ServiceLine:
    return ServiceLine(code, charge, units, days, f"{number}L{place}", pointers=(1,), drug=drug)

"""The claim summary read back as a biller reads it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from reports.claim_summary import (
    AuthorizationShown,
    CalendarDay,
    Claim,
    ClaimSummary,
    CoverageShown,
    DayState,
    DeliveryCover,
    LineKind,
    Patient,
    ServiceLine,
    TherapyCalendar,
    TraceStep,
    render,
    render_batch,
)

FIRST, LAST = date(2026, 3, 3), date(2026, 3, 31)


def per_diem(number=1, traces=1):
    steps = tuple(
        TraceStep(FIRST, LAST, 27, f"Access basis, step {index:03d}", "Therapy T-118") for index in range(traces)
    )
    return ServiceLine(
        number,
        LineKind.PER_DIEM,
        "S9501",
        "Anti-infective per diem",
        FIRST,
        LAST,
        27,
        Decimal("3105.00"),
        ("SH", "SS"),
        rate=Decimal(115),
        expected=Decimal("1552.50"),
        authorization="AUTH-77",
        trace=steps,
    )


def calendar():
    days = tuple(
        CalendarDay(
            FIRST + timedelta(index),
            DayState.INTERRUPTED if index in (6, 7) else DayState.COUNTED,
            "H" if index in (6, 7) else "",
            index == 1,
        )
        for index in range(29)
    )
    return TherapyCalendar("Vancomycin q12h", days, "H hospital stay")


@pytest.fixture
def claim():
    drug = ServiceLine(
        2,
        LineKind.DRUG,
        "J3370",
        "Vancomycin",
        FIRST,
        LAST,
        Decimal("12.5"),
        Decimal(540),
        ("JZ",),
        "500 mg",
        ndc="0409",
    )
    visit = ServiceLine(3, LineKind.NURSING, "99601", "Home visit", FIRST, FIRST, 1, Decimal(165), unit="visit")
    return Claim(
        "C-317",
        "Draft",
        CoverageShown("Blue Prairie", "XJB 44127", "Primary", "70013-A", "Self"),
        (per_diem(), drug, visit),
        (AuthorizationShown("AUTH-77", "S9501", FIRST, date(2026, 3, 20), 20, 16, 4),),
        (calendar(),),
        (DeliveryCover("DL-4812", date(2026, 3, 4), "signed by T. Whitfield", FIRST, date(2026, 3, 11), 7),),
        ("No signed order. Attach it.",),
        file_by=date(2026, 5, 30),
    )


@pytest.fixture
def summary(letterhead, printed):
    def build(*claims):
        patient = Patient("Margaret O'Connor", "P-20331", date(1951, 7, 9))
        return ClaimSummary(letterhead, printed, patient, date(2026, 3, 1), LAST, claims)

    return build


def test_it_shows_the_whole_claim(read, summary, claim):
    words = read(render(summary(claim))).words
    for text in (
        "Claim C-317",
        "Mar 1 – Mar 31, 2026",
        "Margaret O'Connor",
        "PRIMARY COVERAGE",
        "Member ID XJB 44127",
        "1 thing is missing before it can be sent",
        "No signed order. Attach it.",
        "Mar 3 – Mar 20, 2026 20 16 4",
        "S9501 SH SS",
        "$115.00 $3,105.00 $1,552.50",
        "Authorization AUTH-77",
        "NDC 0409",
        "12.5",
        "Nursing visits",
        "Claim total $3,810.00 $1,552.50",
        "27 therapy days count, 2 interrupted",
        "H hospital stay",
        "DL-4812 Mar 4, 2026 signed by T. Whitfield Mar 3 – Mar 11, 2026 7",
        "Access basis, step 000",
        "Therapy T-118",
        "Line 1 · S9501 SH SS",
        "File by: May 30, 2026",
    ):
        assert text in words, text


def test_a_claim_with_nothing_missing_says_so(read, summary, claim):
    assert "The checks of this claim found nothing missing." in read(render(summary(replace(claim, missing=())))).words


def test_a_delivery_without_proof_is_named(read, summary, claim):
    bare = replace(claim, deliveries=(DeliveryCover("DL-9", None, ""),))
    assert "DL-9 not delivered no proof of delivery" in read(render(summary(bare))).words


def test_several_claims_of_a_patient_are_added_up(read, summary, claim):
    words = read(render(summary(claim, replace(claim, number="C-318")))).words
    assert "2 claims" in words and "Claim C-318" in words
    assert "Total 54 $7,620.00 $3,105.00" in words


def test_no_claim_at_all_prints(read, summary):
    assert "No claim for this patient in this period" in read(render(summary())).words


def test_many_lines_and_reasons_stay_whole(read, summary, claim):
    big = replace(claim, lines=tuple(per_diem(number, 5) for number in range(1, 41)))
    paper = read(render(summary(big)))
    assert len(paper.texts) > 5
    for page in range(len(paper.texts)):
        rows = paper.heights(page, "Access basis")
        assert all(any(0 < heading - row < 30 for row in rows) for heading in paper.heights(page, "Line "))
    assert paper.words.count("Access basis, step 004") == 40


def test_a_therapy_over_many_months_shows_each_month(read, summary, claim):
    days = tuple(CalendarDay(date(2026, 1, 1) + timedelta(index), DayState.COUNTED) for index in range(180))
    words = read(render(summary(replace(claim, calendars=(TherapyCalendar("Long", days),))))).words
    for month in ("January", "February", "March", "April", "May", "June"):
        assert f"{month} 2026" in words
    assert "31 count" in words and "28 count" in words


def test_properties_hold_no_patient_data_and_bytes_repeat(read, summary, claim):
    pdf = render(summary(claim))
    assert pdf == render(summary(claim))
    assert "Margaret" not in str(read(pdf).document.get_metadata_dict())


def test_a_months_summaries_come_in_one_file(read, summary, claim):
    paper = read(render_batch([summary(claim), summary(replace(claim, number="C-400"))]))
    assert sum("Page 1 of" in text for text in paper.texts) == 2
    with pytest.raises(ValueError, match="no claim summary"):
        render_batch([])

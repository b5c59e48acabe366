"""The delivery manifest read back as driver, patient and auditor read it."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from reports.delivery_manifest import (
    LotSent,
    Outcome,
    Receipt,
    Recipient,
    Visit,
    render,
    render_batch,
)
from reports.paper import FOOTER, MARGIN

KINDS = ("Tubing", "Needles and syringes", "Dressings", "Diluents", "Antiseptics", "Drugs")


def test_it_shows_all_that_a_driver_and_an_auditor_need(read, manifest):
    words = read(render(manifest(6))).words
    for text in (
        "Cedar Valley Home Infusion",
        "NPI 1234567893",
        "Margaret O'Connor",
        "4417 Old Mill Lane",
        "Mar 5, 2026 9:00 – 12:00",
        "Ring at the side door.",
        "Vancomycin q12h · supplies for Mar 6 – Mar 12, 2026 · access: PICC · ordered by A. Nguyen",
        "IT-0001",
        "LA0001",
        "LB0001",
        "SN SR0001",
        "15 each in 2 lots",
        "COLD 2–8 °C: put into the refrigerator on arrival",
        "S-17",
        "CADD-Solis",
        "2204481907",
        "Still owed",
        "Extension set",
        "Picked by L. Baker, Mar 3, 2026 10:11 Verified by R. Singh",
        "Refused",
        "Returned",
        "Signature",
        "Printed Mar 3, 2026 14:05 by Dana Ortiz",
    ):
        assert text in words, text


def test_its_code_opens_the_delivery_from_any_page(read, manifest):
    paper = read(render(manifest(80)))
    assert len(paper.texts) > 3
    for page in range(len(paper.texts)):
        assert [code.text for code in paper.codes(page)] == ["DLV:DL-4812"]


@pytest.mark.parametrize("lines", [1, 2, 35, 200])
def test_no_row_is_split_and_no_heading_is_left_alone(read, manifest, lines):
    paper = read(render(manifest(lines)))
    total = len(paper.texts)
    for page, text in enumerate(paper.texts):
        assert f"Page {page + 1} of {total}" in text
    for index in range(lines):
        parts = [f"IT-{index:04d}", f"tail{index:04d}", f"LA{index:04d}"]
        parts += [f"LB{index:04d}", f"SR{index:04d}"] if index % 3 == 1 else []
        places = [[page for page, text in enumerate(paper.texts) if part in text] for part in parts]
        assert len(places[0]) == 1
        assert all(place == places[0] for place in places), parts
    _no_lonely_heading(paper)


@pytest.mark.parametrize("lines", range(20, 50, 3))
def test_wherever_the_page_ends_its_last_heading_has_a_row(read, manifest, lines):
    _no_lonely_heading(read(render(manifest(lines))))


def _no_lonely_heading(paper):
    for page in range(len(paper.texts)):
        rows = [height for text in ("LA", "LB") for height in paper.heights(page, text)]
        assert all(height > MARGIN + FOOTER for height in rows)
        for kind in KINDS:
            for heading in paper.heights(page, kind):
                assert any(0 < heading - row < 40 for row in rows), (page, kind)
        if rows:
            (table,) = paper.heights(page, "Lot / serial")
            assert table > max(rows)


def test_a_group_that_goes_on_says_so_on_the_next_page(read, manifest):
    paper = read(render(manifest(200)))
    assert any("Dressings (continued)" in text for text in paper.texts)


def test_the_signature_block_is_whole_and_comes_once(read, manifest):
    for lines in range(14, 30, 3):
        paper = read(render(manifest(lines)))
        places = [page for page, text in enumerate(paper.texts) if "Name in print" in text]
        assert places == [len(paper.texts) - 1]
        assert "Received" in paper.texts[-1] and "Remarks" in paper.texts[-1]


def test_a_line_from_very_many_lots_goes_over_pages_with_its_item_named_again(read, manifest):
    line = manifest(1).lines[0]
    many = replace(line, lots=tuple(LotSent(1, f"MANY{number:03d}") for number in range(90)))
    paper = read(render(manifest(1, lines=(many,))))
    assert len(paper.texts) > 2
    assert all(f"MANY{number:03d}" in paper.words for number in range(90))
    assert all("IT-0000" in text for text in paper.texts if "MANY" in text)


def test_an_empty_delivery_prints_and_says_so(read, manifest):
    empty = manifest(
        0,
        lines=(),
        equipment=(),
        totes=(),
        owed=(),
        steps=(),
        therapies=(),
        recipient=Recipient("", ()),
        visit=Visit(None),
    )
    words = read(render(empty)).words
    assert "Nothing but what is listed above." in words
    assert "Not agreed" in words
    assert "Page 1 of 1" in words


def test_the_same_data_gives_the_same_bytes(manifest):
    assert render(manifest(30)) == render(manifest(30))
    assert render(manifest(30)) != render(manifest(30, number="DL-4813"))


def test_a_second_print_is_marked_as_a_copy_and_the_first_is_not(read, manifest, printed):
    assert "COPY" not in read(render(manifest())).words
    for text in read(render(manifest(30, printed=replace(printed, copy=True)))).texts:
        assert "COPY · Printed Mar 3, 2026" in " ".join(text.split())


def test_a_recorded_receipt_and_what_came_back_are_printed(read, manifest):
    line = manifest(1).lines[0]
    lot = replace(line.lots[0], outcome=Outcome(not_delivered=71, refused=82, returned=93))
    receipt = Receipt("Thomas Whitfield", "Neighbour", datetime(2026, 3, 5, 10, 31, tzinfo=UTC), "One box wet")
    words = read(render(manifest(1, lines=(replace(line, lots=(lot,)),), receipt=receipt))).words
    for text in ("71 82 93", "Thomas Whitfield", "Neighbour", "Mar 5, 2026", "10:31", "Remark: One box wet", "on file"):
        assert text in words, text


def test_no_patient_data_is_in_the_properties(read, manifest):
    properties = " ".join(read(render(manifest())).document.get_metadata_dict().values())
    assert "Delivery manifest DL-4812" in properties
    for private in ("Margaret", "Connor", "P-20331", "Old Mill", "555-0172", "Dana"):
        assert private not in properties


def test_a_days_manifests_come_in_one_file_each_counting_its_own_pages(read, manifest):
    paper = read(render_batch([manifest(30), manifest(1, number="DL-4813")]))
    assert "Page 1 of 1" in paper.texts[-1] and "DL-4813" in paper.texts[-1]
    assert f"Page 1 of {len(paper.texts) - 1}" in paper.texts[0]
    with pytest.raises(ValueError, match="no manifest"):
        render_batch([])


def test_long_names_stay_inside_their_places(read, manifest):
    long = "Wolfeschlegelsteinhausenbergerdorff" * 5
    who = Recipient(long, (long, "Cedar Rapids"), "(319) 555-0172", born_on=date(1951, 7, 9), caregiver=long)
    paper = read(render(manifest(3, recipient=who, visit=Visit(date(2026, 3, 5), "9–12", "word " * 700))))
    for page in range(len(paper.pages)):
        width, height = paper.document[page].get_size()
        for index in range(paper.pages[page].count_chars()):
            left, bottom, right, top = paper.pages[page].get_charbox(index)
            assert left >= 0 and right <= width - MARGIN + 2 and bottom >= 0 and top <= height
    assert "LA0000" in paper.words and "Signature" in paper.words


def test_a_number_is_never_cut_in_two(read, manifest):
    line = replace(manifest(1).lines[0], lots=(LotSent(1234567, "L1"),))
    assert "1,234,567 each L1" in read(render(manifest(1, lines=(line,)))).words

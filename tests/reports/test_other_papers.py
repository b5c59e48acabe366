"""Pick list, purchase order, pick-up ticket, recall letter, table report and labels read back."""

from datetime import date
from decimal import Decimal

import pytest

from reports import labels, pick_list, pickup_ticket, purchase_order, recall_letter, table_report
from reports.delivery_manifest import Recipient, Storage
from reports.table_report import Column, Kind, Section, TableReport

DAY = date(2026, 3, 5)


def test_a_pick_list_goes_by_zone_and_scans_to_the_delivery(read, letterhead, printed):
    picks = tuple(
        pick_list.Pick(
            ("Cold room", "Shelf A")[index // 30], f"B-{index:03d}", "IT-1", "Flush", 12, "each", f"LT{index:03d}"
        )
        for index in range(60)
    )
    paper = read(
        pick_list.render(pick_list.PickList(letterhead, printed, "DL-1", "Whitfield", DAY, picks, alerts=("Latex",)))
    )
    assert len(paper.texts) > 1 and "Latex" in paper.words
    for index in range(60):
        assert sum(f"B-{index:03d}" in text and f"LT{index:03d}" in text for text in paper.texts) == 1
    assert {code.text for page in range(len(paper.texts)) for code in paper.codes(page)} == {"DLV:DL-1"}
    empty = pick_list.PickList(letterhead, printed, "DL-1", "", None, ())
    assert "Nothing to pick" in read(pick_list.render(empty)).words


def test_a_purchase_order_adds_up_and_says_when_prices_are_open(read, letterhead, printed):
    line = purchase_order.OrderLine("MMS-1", "Flush", 3, "case of 50", Decimal("48.25"))
    order = purchase_order.PurchaseOrder(
        letterhead, printed, "2291", DAY, "Midwest <Supply> & Co.", ("Des Moines",), ("Dock 2",), (line, line)
    )
    paper = read(purchase_order.render(order))
    assert "Midwest <Supply> & Co." in paper.words
    assert "$144.75" in paper.words and "Total $289.50" in paper.words
    assert [code.text for code in paper.codes(0)] == ["PO:2291"]
    unpriced = purchase_order.OrderLine("MMS-2", "Set", 1, "each")
    open_order = purchase_order.PurchaseOrder(letterhead, printed, "1", None, "M", (), (), (line, unpriced))
    assert "Total of the lines with a price $144.75" in read(purchase_order.render(open_order)).words


def test_a_pickup_ticket_lists_serials_and_scans(read, letterhead, printed):
    thing = pickup_ticket.Collected("Pump", "CADD-Solis", serial="2204481907", asset_number="A-0113")
    home = Recipient("Margaret O'Connor", ("Old Mill Lane",))
    ticket = pickup_ticket.PickupTicket(letterhead, printed, "118", home, DAY, "13–16", "Therapy ended", (thing,))
    paper = read(pickup_ticket.render(ticket))
    for text in ("Margaret O'Connor", "2204481907", "A-0113", "Therapy ended", "Handed over"):
        assert text in paper.words
    assert [code.text for code in paper.codes(0)] == ["PUT:118"]
    empty = pickup_ticket.PickupTicket(letterhead, printed, "118", home, None, "", "", ())
    assert "Nothing is recorded at this home" in read(pickup_ticket.render(empty)).words


def letter(letterhead, printed, items=2, instructions=("Do not use it.",)):
    lots = tuple(recall_letter.RecalledItem("Flush", f"LOT{index:03d}", 30, "each", DAY) for index in range(items))
    return recall_letter.RecallLetter(
        letterhead,
        printed,
        "R-4",
        DAY,
        "Ann Lee",
        ("Main St",),
        "Flush 10 mL",
        "Maker",
        "May leak.",
        instructions,
        lots,
    )


def test_a_recall_letter_names_lots_and_keeps_its_slip_whole(read, letterhead, printed):
    for items in (1, 9, 14, 60):
        paper = read(recall_letter.render(letter(letterhead, printed, items)))
        assert all(f"LOT{index:03d}" in paper.words for index in range(items))
        assert "Reply to recall R-4" in paper.texts[-1] and "Signature" in paper.texts[-1]
    assert [code.text for code in paper.codes(0)] == ["RCL:R-4"]
    assert "Call us at (319) 555-0140" in paper.words


def test_a_recalls_letters_come_in_one_file(read, letterhead, printed):
    paper = read(recall_letter.render_batch([letter(letterhead, printed)] * 3))
    assert [text.count("Page 1 of 1") for text in paper.texts] == [1, 1, 1]
    with pytest.raises(ValueError, match="no recall letter"):
        recall_letter.render_batch([])


COLUMNS = (
    Column("Item"),
    Column("Description"),
    Column("On hand", Kind.NUMBER),
    Column("Value", Kind.MONEY),
    Column("Share", Kind.PERCENT),
    Column("Expires", Kind.DAY),
)


def rows(count, offset=0):
    return tuple(
        (f"RW-{index + offset:04d}", "Set, vented " * 6 + f"tail{index + offset:04d}", 1200, Decimal("-18.5"), 25, DAY)
        for index in range(count)
    )


@pytest.mark.parametrize("count", [1, 200])
def test_a_table_shows_every_row_whole_under_its_heading(read, letterhead, printed, count):
    totals = ("", "", 99, Decimal("1234.5"), None, None)
    report = TableReport(
        letterhead,
        printed,
        "Stock value",
        COLUMNS,
        rows(count),
        totals=totals,
        definition="What it counts.",
        parameters=(("As of", "Mar 3"),),
    )
    paper = read(table_report.render(report))
    assert "What it counts. As of: Mar 3" in paper.words
    assert "1,200 -$18.50 25.0 % Mar 5, 2026" in paper.words
    assert "Total 99 $1,234.50" in paper.words
    for index in range(count):
        assert sum(f"RW-{index:04d}" in text and f"tail{index:04d}" in text for text in paper.texts) == 1
    for page, text in enumerate(paper.texts):
        assert "On hand" in text and f"Page {page + 1} of {len(paper.texts)}" in text
        assert "RW-" in text


def test_sections_have_subtotals_and_no_lonely_heading(read, letterhead, printed):
    sections = tuple(
        Section(f"Zone {index}", rows(7, index * 10), (None, None, 7, None, None, None)) for index in range(20)
    )
    paper = read(
        table_report.render(TableReport(letterhead, printed, "Stock", COLUMNS, sections=sections, landscape=True))
    )
    assert paper.words.count("Subtotal 7") == 20
    for page in range(len(paper.texts)):
        below = paper.heights(page, "RW-")
        assert all(any(0 < heading - row < 30 for row in below) for heading in paper.heights(page, "Zone "))
        sums = paper.heights(page, "Subtotal")
        assert all(any(row > place for row in below) for place in sums)


def test_an_empty_table_says_so_and_a_crooked_row_is_a_mistake(read, letterhead, printed):
    assert "nothing to show" in read(table_report.render(TableReport(letterhead, printed, "Empty", COLUMNS))).words
    with pytest.raises(ValueError, match="does not match"):
        table_report.render(TableReport(letterhead, printed, "Bad", COLUMNS, (("a", "b"),)))


def test_many_columns_stay_on_the_page(read, letterhead, printed):
    columns = tuple(Column(f"Column {index}", Kind.MONEY if index % 2 else Kind.TEXT) for index in range(16))
    row = tuple(Decimal("1234567.89") if index % 2 else "Some words here" for index in range(16))
    paper = read(table_report.render(TableReport(letterhead, printed, "Wide", columns, (row,), landscape=True)))
    width = paper.document[0].get_size()[0]
    boxes = [paper.pages[0].get_charbox(index) for index in range(paper.pages[0].count_chars())]
    assert max(box[2] for box in boxes) <= width - 30


SMALL = (
    labels.asset_label("A-0113", "CADD-Solis VIP ambulatory infusion pump", "2204481907", "Cedar Valley"),
    labels.bin_label("A-03-12", "Flush syringes", "Shelf A"),
    labels.lot_label("IT-1023", "Flush syringe", "LOT023A7", date(2027, 12, 24), "00312345678906"),
    labels.lot_label("IT-1040", "Vancomycin bag", "V26-03", DAY, storage=Storage.REFRIGERATED),
)
CODES = ["AST:A-0113", "LOC:A-03-12", "(01)00312345678906(17)271224(10)LOT023A7", "LOT:IT-1040/V26-03"]


def test_small_labels_scan_and_read_on_the_roll(read):
    paper = read(labels.render(SMALL))
    assert len(paper.texts) == 4
    assert paper.document[0].get_size() == (144, 72)
    scanned = [paper.codes(page, 203)[0] for page in range(4)]
    assert [code.text for code in scanned] == CODES
    assert scanned[2].content_type == scanned[2].content_type.GS1
    for text in ("A-0113", "SN 2204481907", "Shelf A", "Lot LOT023A7", "Exp Dec 24, 2027", "COLD", "Vancomycin bag"):
        assert text in paper.words, text


def test_a_sheet_begins_where_the_used_part_ends(read):
    paper = read(labels.render(SMALL * 8, labels.LabelStock.SHEET_30, skip=29))
    assert [len(paper.codes(page, 200)) for page in range(3)] == [1, 30, 1]
    left, bottom, _, _ = paper.pages[0].get_charbox(0)
    assert left > 400 and bottom < 110


def test_a_tote_label_scans_and_shouts_cold(read):
    tote = labels.ToteLabel("DL-4812", 2, 3, "Whitfield, Margaret", "Cedar Rapids", DAY, storage=Storage.REFRIGERATED)
    for stock in (labels.LabelStock.THERMAL_4X3, labels.LabelStock.SHEET_6):
        paper = read(labels.render_totes((tote,), stock))
        assert [code.text for code in paper.codes(0)] == ["TOTE:DL-4812/2"]
        for text in ("Tote 2 of 3", "Whitfield, Margaret", "COLD 2–8 °C"):
            assert text in paper.words


def test_a_label_that_no_scanner_can_type_says_so(read):
    paper = read(labels.render((labels.Label("LOT:Ł12", "Ł12 李"),)))
    assert paper.codes(0) == []
    assert "no code" in paper.words and "cannot be printed" in paper.words


def test_no_label_is_a_mistake():
    with pytest.raises(ValueError, match="no label"):
        labels.render(())

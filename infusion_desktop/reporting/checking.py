"""Reports on how well the pharmacy buys, counts and recalls."""

from collections import defaultdict
from decimal import Decimal

from sqlalchemy import Text, select, type_coerce
from sqlalchemy.orm import Session

from infusion_desktop.database.local_days import KeptDays, local_day_of
from infusion_desktop.database.types import Whole
from infusion_desktop.dates import Days, local_day
from infusion_desktop.deliveries.scarce.recall_queries import recall_page
from infusion_desktop.money import ZERO, percent
from infusion_desktop.reporting.report import Found, instants
from infusion_desktop.stock.purchase_tables import (
    PurchaseOrderLine,
    ReceiptCorrection,
    ReceiptLine,
)
from infusion_desktop.stock.rules import worth
from infusion_desktop.stock.tables import Count, CountLine, Item, Lot, Recall, Receipt, Vendor
from infusion_desktop.stock.valuation import in_dollars
from infusion_desktop.stock.words import Condition, CountState, RecallId
from reports.table_report import Column, Kind, Row

_NUMBER, _MONEY = Kind.NUMBER, Kind.MONEY
_TENTH = Decimal("0.1")


def price_variance(session: Session, period: Days) -> Found:
    """Each receipt's good units at what they cost and at the price that was expected, the dearest surprise first."""
    start, end = instants(period)
    corrected = select(ReceiptCorrection.receipt_line_id)
    rows = session.execute(
        select(Item.name, type_coerce(Item.unit_cost, Whole).label("usual"), Vendor.name, Receipt.number,
               type_coerce(local_day_of(session, Receipt.received_at, period), Text), ReceiptLine.quantity,
               type_coerce(ReceiptLine.unit_cost, Whole).label("paid"),
               type_coerce(PurchaseOrderLine.pack_price, Whole), PurchaseOrderLine.pack_quantity)
        .select_from(ReceiptLine)
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .join(Item, Item.id == ReceiptLine.item_id)
        .outerjoin(Vendor, Vendor.id == Receipt.vendor_id)
        .outerjoin(PurchaseOrderLine, PurchaseOrderLine.id == ReceiptLine.order_line_id)
        .where(Receipt.received_at >= start, Receipt.received_at < end)
        .where(ReceiptLine.condition == Condition.GOOD, ReceiptLine.id.not_in(corrected))
    )  # fmt: skip
    found = []
    days = KeptDays()
    for name, usual, vendor, receipt, day, units, cost, pack_price, pack in rows.all():
        paid = (cost * units + 50) // 100
        planned = (
            (usual * units + 50) // 100 if pack_price is None else (2 * pack_price * units + 100 * pack) // (200 * pack)
        )
        found.append((abs(paid - planned), name, receipt, vendor or "", days[day], units, planned, paid))
    found.sort(key=lambda each: (-each[0], each[1], each[2]))
    columns = (Column("Item"), Column("Vendor"), Column("Receipt"), Column("Day", Kind.DAY), Column("Units", _NUMBER),
               Column("Expected", _MONEY), Column("Paid", _MONEY), Column("More paid", _MONEY),
               Column("More", Kind.PERCENT))  # fmt: skip
    if not found:
        return Found(columns, ())
    rows_shown = tuple((name, vendor, receipt, day, units, *_varied(planned, paid))
                       for _, name, receipt, vendor, day, units, planned, paid in found)  # fmt: skip
    planned, paid = sum(row[6] for row in found), sum(row[7] for row in found)
    return Found(columns, rows_shown, (None, None, None, None, None, *_varied(planned, paid)))


def _varied(planned: int, paid: int) -> Row:
    """Cents that were expected and paid, as dollars, with what was paid more and by how many percent."""
    more = Decimal(paid - planned)
    rate = (100 * more / planned).quantize(_TENTH) if planned else None
    return (in_dollars(planned), in_dollars(paid), more.scaleb(-2), rate)


def count_accuracy(session: Session, period: Days) -> Found:
    """Each posted count: how many of its lines agreed with the books, and what the differences were worth."""
    start, end = instants(period)
    rows = session.execute(
        select(Count.number, Count.title, Count.approved_at, CountLine.counted, CountLine.expected, CountLine.again,
               Lot.unit_cost)
        .join(CountLine, CountLine.count_id == Count.id)
        .join(Lot, Lot.id == CountLine.lot_id)
        .where(Count.state == CountState.POSTED, Count.approved_at >= start, Count.approved_at < end)
        .where(CountLine.counted.is_not(None), CountLine.expected.is_not(None))
        .order_by(Count.approved_at, Count.id)
    )  # fmt: skip
    sheets: dict[tuple[str, str, object], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 5)
    for row in rows:
        assert row.approved_at is not None and row.counted is not None and row.expected is not None
        kept = sheets[row.number, row.title, local_day(row.approved_at)]
        value = worth(row.unit_cost, row.counted - row.expected)
        kept[0] += 1
        kept[1] += row.counted == row.expected
        kept[2] += bool(row.again)
        kept[3] += max(value, ZERO)
        kept[4] += max(-value, ZERO)
    columns = (Column("Count"), Column("What"), Column("Posted", Kind.DAY), Column("Lines", _NUMBER),
               Column("Exact", _NUMBER), Column("Counted again", _NUMBER), Column("Accuracy", Kind.PERCENT),
               Column("Found over", _MONEY), Column("Found short", _MONEY), Column("Net", _MONEY))  # fmt: skip
    if not sheets:
        return Found(columns, ())
    total = [sum((kept[place] for kept in sheets.values()), Decimal(0)) for place in range(5)]
    return Found(
        columns, tuple((*key, *_count_row(kept)) for key, kept in sheets.items()),  # type: ignore[arg-type]
        (None, None, None, *_count_row(total)),
    )  # fmt: skip


def _count_row(kept: list[Decimal]) -> Row:
    lines, exact, again, over, short = kept
    return (int(lines), int(exact), int(again), percent(int(exact), int(lines)), over, short, over - short)


def recall_effectiveness(session: Session, period: Days) -> Found:
    """Each recall that was open on a day of the period: whom it reached and where its units are, as of now."""
    start, end = instants(period)
    recalls = session.execute(
        select(Recall.id, Recall.opened_at, Recall.closed_at)
        .where(Recall.opened_at < end, Recall.closed_at.is_(None) | (Recall.closed_at >= start))
        .order_by(Recall.opened_at, Recall.id)
    ).all()
    found: list[Row] = []
    sums = [0] * 6
    for each in recalls:
        page = recall_page(session, RecallId(each.id))
        figures = (len(page.patients), sum(row.is_reached for row in page.patients), page.tally.came_in,
                   page.tally.accounted, page.tally.at_home + page.tally.in_transit, len(page.contacts))  # fmt: skip
        sums = [old + new for old, new in zip(sums, figures, strict=True)]
        closed = None if each.closed_at is None else local_day(each.closed_at)
        found.append((page.row.number, page.row.item_name, local_day(each.opened_at), closed, *_reach(figures)))
    columns = (Column("Recall"), Column("Item"), Column("Opened", Kind.DAY), Column("Closed", Kind.DAY),
               Column("Patients", _NUMBER), Column("Reached", _NUMBER), Column("Reached of all", Kind.PERCENT),
               Column("Tries", _NUMBER), Column("Units", _NUMBER), Column("Accounted for", _NUMBER),
               Column("Accounted of all", Kind.PERCENT), Column("Still at patients", _NUMBER))  # fmt: skip
    return Found(columns, tuple(found), (None, None, None, None, *_reach(tuple(sums))) if found else None)


def _reach(figures: tuple[int, ...]) -> Row:
    patients, reached, units, accounted, at_home, tries = figures
    return (patients, reached, percent(reached, patients), tries, units, accounted, percent(accounted, units), at_home)

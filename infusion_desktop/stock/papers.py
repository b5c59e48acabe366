"""Filling the papers of the stock room: counting sheets, differences, labels of lots, places and transfers."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from infusion_desktop.access.papers import letterhead, printed
from infusion_desktop.access.roles import UserId
from infusion_desktop.dates import local_day, show_day, show_instant
from infusion_desktop.errors import Refused
from infusion_desktop.stock.counting.count_queries import CountRow, SheetRow, count_row, sheet, variances
from infusion_desktop.stock.pack_rules import plural
from infusion_desktop.stock.scanning.lot_scans import BY_ID
from infusion_desktop.stock.scanning.scan_values import ScanKind
from infusion_desktop.stock.scanning.scans import own_code
from infusion_desktop.stock.site_transfers import transfer_lines
from infusion_desktop.stock.tables import Item, ItemPack, Location, Lot, SiteTransfer
from infusion_desktop.stock.words import CountId, CountState, LocationId, LotId, SiteTransferId, Storage

if TYPE_CHECKING:
    from reports.count_sheet import CountLine, CountSheet
    from reports.labels import Label
    from reports.table_report import TableReport


def count_sheet(session: Session, count_id: CountId, by: UserId, now: datetime) -> "CountSheet":
    """The blind sheet of a count; where lines go back to be counted a second time, those alone."""
    from reports import count_sheet as paper

    row = count_row(session, count_id)
    if row.state is not CountState.OPEN:
        raise Refused(f"{row.number} is {row.state.value}. Only an open count has a sheet to write on.")
    lines = sheet(session, count_id)
    if not lines:
        raise Refused(f"{row.number} has no line yet. Scan what lies there.")
    again = any(line.again for line in lines)
    return paper.CountSheet(
        letterhead(session), printed(session, by, now), row.number, row.title,
        tuple(_sheet_line(row, line) for line in lines if line.again or not again), again,
    )  # fmt: skip


def _sheet_line(row: CountRow, line: SheetRow) -> "CountLine":
    from reports import count_sheet as paper

    lot = f"{line.lot} / {line.serial}" if line.serial else line.lot
    return paper.CountLine(
        line.place, line.place_name, line.item_number, line.item_name, lot, line.expires_on, line.unit,
        own_code(ScanKind.COUNT_LINE, f"{row.number}/{line.id}"), line.again,
    )  # fmt: skip


def variance_report(session: Session, count_id: CountId, by: UserId, now: datetime) -> "TableReport":
    """What was counted against what should have lain there, with both counts where it was counted twice."""
    from reports.table_report import Column, Kind, TableReport

    row, found = count_row(session, count_id), variances(session, count_id)
    rows = tuple(
        (
            each.line.place, each.line.item_name, each.line.lot, each.expected,
            None if each.first is None else each.first[0], each.line.counted, each.difference, each.value,
            each.counted_by, show_instant(each.counted_at),
        )
        for each in found
    )  # fmt: skip
    off = [each for each in found if each.difference]
    more = sum((each.value for each in off if each.difference > 0), Decimal(0))
    less = sum((each.value for each in off if each.difference < 0), Decimal(0))
    right = len(found) - len(off)
    note = (
        f"{len(found)} lines counted, {right} as expected ({right * 100 // max(1, len(found))} %), found more worth "
        f"${more:,.2f}, found less worth ${abs(less):,.2f}. “Expected” is the balance at the moment each line was "
        "counted, less what pickers had carried to totes."
    )
    state = row.state.value
    if row.approved_at is not None:
        state = f"posted {show_instant(row.approved_at)}, approved by {row.approved_by}"
    columns = (
        Column("Place"), Column("Item"), Column("Lot"), Column("Expected", Kind.NUMBER),
        Column("First count", Kind.NUMBER), Column("Counted", Kind.NUMBER), Column("Difference", Kind.NUMBER),
        Column("Value", Kind.MONEY), Column("Counted by"), Column("When"),
    )  # fmt: skip
    totals = (None, None, None, None, None, None, sum(each.difference for each in off), more + less, None, None)
    return TableReport(
        letterhead(session), printed(session, by, now), f"Differences of count {row.number}", columns, rows,
        totals=totals, definition=row.title, parameters=(("State", state), ("Opened by", row.opened_by)), note=note,
        landscape=True,
    )  # fmt: skip


_MARKS = {Storage.ROOM: "ROOM", Storage.REFRIGERATED: "REFRIGERATED", Storage.FROZEN: "FROZEN"}


def lot_labels(session: Session, lots: Sequence[LotId]) -> "tuple[Label, ...]":
    """A label for each lot: the maker's GTIN with lot and expiry where we know it, else our own number."""
    from reports import labels
    from reports.delivery_manifest import Storage as OnPaper

    rows = session.execute(
        select(Lot.id, Lot.number, Lot.serial, Lot.expires_on, Item.number.label("item"), Item.name, Item.storage,
               Item.id.label("item_id"))
        .join(Item, Item.id == Lot.item_id)
        .where(Lot.id.in_(lots))
    ).all()  # fmt: skip
    each = select(ItemPack.item_id, ItemPack.gtin).where(ItemPack.quantity == 1, ItemPack.gtin != "")
    gtins = {row.item_id: row.gtin for row in session.execute(each) if row.gtin.isdecimal()}
    by_id = {row.id: row for row in rows}
    made = []
    for lot in lots:
        row = by_id[lot]
        code = _lot_code(row.id, row.item, row.number, row.serial)
        gtin = gtins.get(row.item_id, "") if row.number and not row.serial else ""
        storage = OnPaper[_MARKS[row.storage]]
        named = row.serial or row.number
        made.append(labels.lot_label(row.item, row.name, named, row.expires_on, gtin, storage, code))
    return tuple(made)


def _lot_code(lot_id: int, item: str, number: str, serial: str) -> str:
    """What our own label of a lot says; lots with characters that our labels do not hold are named by their id."""
    try:
        if serial or not number or "/" in item:
            raise ValueError
        return own_code(ScanKind.LOT_LABEL, f"{item}/{number}")
    except ValueError:
        return own_code(ScanKind.LOT_LABEL, f"{BY_ID}{lot_id}")


def transfer_labels(session: Session, transfer_id: SiteTransferId) -> "tuple[Label, ...]":
    """The label of a transfer between sites, for each tote it travels in."""
    from reports import labels

    transfer, lines = session.get_one(SiteTransfer, transfer_id), transfer_lines(session, transfer_id)
    to = session.get_one(Location, transfer.to_id)
    count, units = len(lines), sum(line.sent for line in lines)
    told = (
        f"To {to.name}",
        f"{units:,} units, {count:,} {plural('lot', count)}",
        f"Sent {show_day(local_day(transfer.sent_at))}",
    )
    return (labels.Label(own_code(ScanKind.TRANSFER, transfer.number), transfer.number, told),)


def place_labels(session: Session, places: Sequence[LocationId]) -> "tuple[Label, ...]":
    """A label for each place."""
    from reports import labels

    rows = {row.id: row for row in session.scalars(select(Location).where(Location.id.in_(places)))}
    return tuple(labels.bin_label(rows[place].code, rows[place].name, rows[place].kind.value) for place in places)

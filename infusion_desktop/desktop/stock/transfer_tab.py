"""Transfers between sites: sent by scan, on the way, received by scan, and what never arrived."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, show_instant, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.forms import CheckField, ChoiceField, Form, QuantityField, TextField
from infusion_desktop.desktop.label_dialog import LabelDialog
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import roomy
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.stock.papers import transfer_labels
from infusion_desktop.stock.queries import PlaceRow, StockRow
from infusion_desktop.stock.scanning.lot_scans import ScannedLots, scanned_lots
from infusion_desktop.stock.scanning.scan_values import Scan, ScanKind
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.site_transfers import (
    Sending,
    TransferLine,
    TransferRow,
    receive,
    send,
    settle,
    transfer_lines,
)
from infusion_desktop.stock.words import LocationId, LotId, SiteTransferId, SiteTransferState

_TONES = {
    SiteTransferState.SENT: Tone.INFO, SiteTransferState.RECEIVED: Tone.GOOD, SiteTransferState.SHORT: Tone.BAD,
    SiteTransferState.CLOSED: Tone.NEUTRAL,
}  # fmt: skip
COLUMNS: tuple[Column[TransferRow], ...] = (
    Column("Number", lambda row: row.number),
    Column("State", lambda row: row.state.value.capitalize(), tone=lambda row: _TONES[row.state]),
    Column("To", lambda row: row.to_place),
    Column("Sent", lambda row: f"{row.sent:,}", sort_key=lambda row: row.sent, numeric=True),
    Column("Received", lambda row: f"{row.received:,}", sort_key=lambda row: row.received, numeric=True),
    Column("Missing", lambda row: f"{row.missing:,}" if row.missing else "", sort_key=lambda row: row.missing,
           numeric=True),
    Column("Sent at", lambda row: show_instant(row.sent_at), sort_key=lambda row: row.sent_at, hidden=True),
    Column("Sent by", lambda row: row.sent_by, hint=lambda row: show_instant(row.sent_at)),
    Column("Received by", lambda row: row.received_by, hint=lambda row: show_instant(row.received_at)),
    Column("Note", lambda row: row.note, stretch=True, hint=lambda row: row.note),
)  # fmt: skip
_OPEN = (SiteTransferState.SENT, SiteTransferState.SHORT)


class TransferTab(QWidget):
    """Belongs to the stock screen."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.owner, self.context, self.desk = screen, screen.context, screen.desk
        self.places: tuple[PlaceRow, ...] = ()
        self.stock: tuple[StockRow, ...] = ()
        self.send_button = button("Send", self.send, icon="truck", kind="primary")
        self.receive_button = button("Receive", self.receive, icon="check")
        self.settle_button = button("Settle the rest", self.settle, icon="warning")
        self.label_button = button("Label", self.print_label, icon="tag")
        self.label_button.setToolTip("A label for the tote; its scan opens the transfer at the other site")
        self.table: TableView[TransferRow] = TableView(
            COLUMNS, lambda row: row.id, name="Transfers", noun=("transfer", "transfers"), desk=self.desk,
            settings=screen.settings(), empty="Nothing was sent between sites yet.",
        )  # fmt: skip
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(label("What is sent is on the way until the other site has received it.", "muted", wrap=True), 1)
        for press in (self.label_button, self.settle_button, self.receive_button, self.send_button):
            top.addWidget(press)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        self.table.selected.connect(lambda _row: self._allow())
        self.table.opened.connect(lambda _row: self.receive())
        self._allow()

    def show_rows(
        self, rows: tuple[TransferRow, ...], places: tuple[PlaceRow, ...], stock: tuple[StockRow, ...]
    ) -> None:
        """Show them."""
        self.places, self.stock = places, stock
        self.table.set_rows(rows)
        self._allow()

    def send(self) -> None:
        """Send stock to another site."""
        SendDialog(self.context, self.desk, self.places, self.stock, self).open()

    def receive(self) -> None:
        """Take in what arrived of the chosen transfer."""
        self._with_lines(lambda row, lines: ArrivedDialog(self.context, self.desk, row, lines, self).open())

    def receive_numbered(self, number: str) -> None:
        """Take in what arrived of the transfer whose label was scanned."""
        row = next((row for row in self.table.model.rows if row.number == number), None)
        if row is None:
            self.desk.messages.wrong(f"There is no transfer {number}. Check the label.")
        elif row.state not in _OPEN:
            self.desk.messages.wrong(f"Transfer {number} is {row.state.value}. Nothing of it is on the way.")
        else:
            self.table.clear_filter()
            self.table.select_ids([row.id])
            self.receive()

    def print_label(self) -> None:
        """The label of the chosen transfer."""
        row, database = self.table.current_row(), self.context.database
        if row is not None:
            what = f"transfer {row.number}"
            LabelDialog(self.context, self.desk, self, what, lambda: _label(database, row.id)).open()

    def settle(self) -> None:
        """Say what became of what never arrived."""
        row = self.table.current_row()
        if row is not None and row.state in _OPEN:
            SettleDialog(self.context, self.desk, row, self).open()

    def _with_lines(self, then: Callable[[TransferRow, tuple[TransferLine, ...]], object]) -> None:
        row, database = self.table.current_row(), self.context.database
        if row is not None and row.state in _OPEN and self.receive_button.isEnabled():
            self.owner.ask(lambda: _lines(database, row.id), lambda lines: then(row, lines), key="transfer")

    def _allow(self) -> None:
        row, may = self.table.current_row(), self.context.may(Permission.MOVE_STOCK)
        is_open = row is not None and row.state in _OPEN
        self.label_button.setEnabled(row is not None)
        for press, needed in ((self.send_button, True), (self.receive_button, is_open), (self.settle_button, is_open)):
            press.setEnabled(may and needed)
            press.setToolTip("" if may else "Technicians and pharmacists move stock.")


@dataclass(slots=True)
class _Line:
    lot_id: LotId
    item: str
    lot: str
    units: int


class SendDialog(DeedDialog):
    """Where it goes, where it lies now, and what: each scan of a box adds one package."""

    changed = ("stock",)

    def __init__(
        self, context: Context, desk: Desk, places: tuple[PlaceRow, ...], stock: tuple[StockRow, ...], parent: QWidget
    ) -> None:
        super().__init__(context, desk, "Send to another site", parent, save="Send", width=640)
        self.stock = stock
        self.lines: dict[LotId, _Line] = {}
        offered = [(f"{place.name} ({place.code})", place.id) for place in places if place.takes_stock]
        self.codes = {place.id: place.code for place in places}
        self.source: ChoiceField[LocationId] = ChoiceField("From", offered, required=True)
        self.target: ChoiceField[LocationId] = ChoiceField("To", offered, required=True)
        self.lot: ChoiceField[LotId] = ChoiceField("Lot", hint="Scan a box, or choose what lies there.")
        self.units = QuantityField("Units", least=1)
        self.note = TextField("Note", longest=200)
        self.add_button = button("Add", self.add, icon="plus")
        self.form = Form()
        self.form.section("", (self.source, self.target), (self.lot, self.units), (self.note,))
        self.table: TableView[_Line] = TableView(
            (
                Column("Item", lambda line: line.item, stretch=True), Column("Lot", lambda line: line.lot),
                Column("Units", lambda line: f"{line.units:,}", numeric=True),
            ),
            lambda line: line.lot_id, name="What is sent", noun=("lot", "lots"), empty="Scan the first box.",
        )  # fmt: skip
        self.table.setMinimumHeight(190)
        self.body.addWidget(self.form)
        self.body.addWidget(self.add_button)
        self.body.addWidget(self.table, 1)
        self.source.changed.connect(self._offer_lots)
        self.source.setFocus()

    def on_scan(self, raw: str) -> None:
        try:
            scan = read_scan(raw, today=today())
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return
        if scan.kind is ScanKind.LOCATION:
            place = next((each for each, code in self.codes.items() if code == scan.code), None)
            field = self.target if self.source.value() is not None else self.source
            field.set_value(place)
            self._offer_lots()
            return
        database = self.context.database
        self.desk.jobs.run(self, lambda: _scanned(database, scan), self._scanned)

    def add(self) -> None:
        """Put the chosen lot on the list."""
        if not self.lot.check() or not self.units.check():
            return
        lot, units = self.lot.value(), self.units.value()
        row = next((row for row in self._there() if row.id[0] == lot), None)
        if row is None or not units:
            self.lot.complain("Choose a lot and how many.")
            return
        self._put(row, units)
        self.units.set_value(None)

    def deed(self) -> Callable[[str], Any] | None:
        source, target = (self.source.value(), self.target.value()) if self.form.check() else (None, None)
        if source is None or target is None:
            return None
        lines = [Sending(line.lot_id, source, line.units) for line in self.lines.values()]
        database, by, code, note = self.context.database, self.context.user_id, self.codes[target], self.note.value()
        return lambda _override: send(database, lines, code, by, note)

    def said(self, _result: Any) -> str:
        return f"{sum(line.units for line in self.lines.values()):,} units are on the way."

    def _there(self) -> list[StockRow]:
        source = self.source.value() if not self.source.is_blank() else None
        return [row for row in self.stock if row.id[1] == source and row.on_hand > row.reserved]

    def _offer_lots(self) -> None:
        try:
            there = self._there()
        except Refused:
            there = []
        self.lot.set_choices([(f"{row.item_name}, lot {row.lot}, {row.on_hand - row.reserved:,} free"
                               + (f", expires {show_day(row.expires_on)}" if row.expires_on else ""), row.id[0])
                              for row in there])  # fmt: skip

    def _scanned(self, found: ScannedLots | Refused) -> None:
        if isinstance(found, Refused):
            self.desk.messages.wrong(str(found))
            return
        ids = {lot for lot, _, _ in found.lots}
        rows = [row for row in self._there() if row.id[0] in ids]
        if len(rows) != 1:
            what = "Nothing of it lies free there" if not rows else "Scan the code that holds the lot number"
            self.desk.messages.wrong(f"{found.item_name}: {what}.")
            return
        self._put(rows[0], found.pack_quantity)

    def _put(self, row: StockRow, units: int) -> None:
        line = self.lines.setdefault(row.id[0], _Line(row.id[0], row.item_name, row.lot, 0))
        line.units += units
        self.table.set_rows(self.lines.values())
        self.desk.messages.right(f"{line.units:,} of {row.item_name}, lot {row.lot}")


class ArrivedDialog(DeedDialog):
    """How many of each lot arrived; a scan of a box counts one package."""

    changed = ("stock",)

    def __init__(
        self, context: Context, desk: Desk, row: TransferRow, lines: tuple[TransferLine, ...], parent: QWidget
    ) -> None:
        super().__init__(context, desk, f"Receive transfer {row.number}", parent, save="Receive")
        self.row, self.lines = row, [line for line in lines if line.left]
        self.body.addWidget(label("Scan each box, or type what arrived. What is missing stays on the way.", "muted",
                                  wrap=True))  # fmt: skip
        self.fields: dict[int, QuantityField] = {}
        form = Form()
        for line in self.lines:
            field = QuantityField(f"{line.item_name}, lot {line.lot or '(none)'}: {line.left:,} sent", most=line.left,
                                  required=True)  # fmt: skip
            field.set_value(0)
            self.fields[line.id] = field
            form.section("", (field,))
        self.form = form
        self.all_button = button("All of it arrived", self.fill, icon="check")
        self.body.addWidget(self.all_button)
        self.body.addWidget(roomy(form, len(self.fields)))

    def fill(self) -> None:
        """Everything arrived."""
        for line in self.lines:
            self.fields[line.id].set_value(line.left)

    def on_scan(self, raw: str) -> None:
        try:
            scan = read_scan(raw, today=today())
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return
        database = self.context.database
        self.desk.jobs.run(self, lambda: _scanned(database, scan), self._scanned)

    def deed(self) -> Callable[[str], Any] | None:
        if not self.form.check():
            return None
        arrived = {line: field.value() or 0 for line, field in self.fields.items()}
        database, by, transfer = self.context.database, self.context.user_id, self.row.id
        return lambda _override: receive(database, transfer, arrived, by)

    def said(self, result: SiteTransferState) -> str:
        return f"Transfer {self.row.number} is {result.value}."

    def _scanned(self, found: ScannedLots | Refused) -> None:
        if isinstance(found, Refused):
            self.desk.messages.wrong(str(found))
            return
        ids = {lot for lot, _, _ in found.lots}
        line = next((line for line in self.lines if line.lot_id in ids), None)
        if line is None:
            self.desk.messages.wrong(f"{found.item_name} is not on this transfer. Put it aside and count it there.")
            return
        field = self.fields[line.id]
        counted = (field.value() or 0) + found.pack_quantity
        if counted > line.left:
            self.desk.messages.wrong(f"Only {line.left:,} of lot {line.lot} were sent. Count the rest at its shelf.")
            return
        field.set_value(counted)
        self.desk.messages.right(f"{counted:,} of {line.left:,}, lot {line.lot}")


class SettleDialog(DeedDialog):
    """What never arrived: back where it came from, or lost."""

    changed = ("stock",)

    def __init__(self, context: Context, desk: Desk, row: TransferRow, parent: QWidget) -> None:
        super().__init__(context, desk, f"Settle transfer {row.number}", parent, save="Settle", kind="danger")
        self.row = row
        self.body.addWidget(label(f"{row.missing:,} units never arrived at {row.to_place}.", "strong", wrap=True))
        self.went_back = CheckField("They were never sent, or came back: put them back where they lay")
        self.why = TextField("What became of them", required=True)
        form = Form()
        form.section("", (self.went_back,), (self.why,))
        self.form = form
        self.body.addWidget(form)
        self.why.setFocus()

    def deed(self) -> Callable[[str], Any] | None:
        if not self.form.check():
            return None
        database, by, transfer = self.context.database, self.context.user_id, self.row.id
        why, went_back = self.why.value(), self.went_back.value()
        return lambda _override: settle(database, transfer, why, by, went_back=went_back)

    def said(self, result: int) -> str:
        return f"{result:,} units are settled."


def _lines(database: Database, transfer_id: SiteTransferId) -> tuple[TransferLine, ...]:
    with database.reading() as session:
        return transfer_lines(session, transfer_id)


def _label(database: Database, transfer_id: SiteTransferId) -> tuple[Any, ...]:
    with database.reading() as session:
        return transfer_labels(session, transfer_id)


def _scanned(database: Database, scan: Scan) -> ScannedLots | Refused:
    try:
        with database.reading() as session:
            return scanned_lots(session, scan)
    except Refused as refusal:
        return refusal

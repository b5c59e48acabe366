"""What lies where: every lot in every place, what expires, what is held, and what may be done with it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, NamedTuple

from PySide6.QtCore import QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.label_dialog import LabelDialog
from infusion_desktop.desktop.pages import Figure, Page
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.stock.lot_dialogs import LotMovesDialog, MoveDialog, WriteOffDialog
from infusion_desktop.desktop.stock.place_tab import PlaceTab
from infusion_desktop.desktop.stock.transfer_tab import TransferTab
from infusion_desktop.desktop.stock.write_off_tab import WriteOffTab
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO, show_money
from infusion_desktop.stock.buying.receiving import Recognised, recognise
from infusion_desktop.stock.house_rules import HouseRules, house_rules
from infusion_desktop.stock.moving import hold_lot, release_lot
from infusion_desktop.stock.papers import lot_labels
from infusion_desktop.stock.queries import PlaceRow, StockRow, place_rows, stock_rows
from infusion_desktop.stock.scanning.lot_scans import ScannedLots, scanned_lots
from infusion_desktop.stock.scanning.scan_values import Scan, ScanKind
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.site_transfers import TransferRow, transfer_rows
from infusion_desktop.stock.words import LocationKind, LotId, WriteOffState
from infusion_desktop.stock.write_offs import WriteOffRow, write_off_rows

SHORT_DAYS = 14
"""Less than this is too short for a usual supply period of two weeks."""

_LABELS = {
    "place label": ScanKind.LOCATION, "lot label": ScanKind.LOT_LABEL, "transfer label": ScanKind.TRANSFER,
}  # fmt: skip
"""Our own labels that lead here (see places.py)."""


class _Stock(NamedTuple):
    rows: tuple[StockRow, ...]
    places: tuple[PlaceRow, ...]
    write_offs: tuple[WriteOffRow, ...]
    transfers: tuple[TransferRow, ...]
    limits: HouseRules


class StockScreen(Screen):
    """Lots by place."""

    title = "Stock"
    topics: ClassVar[frozenset[str]] = frozenset({"stock", "deliveries"})
    help = (
        "Every lot and the place it lies in. Scan a box to see its lots, or a shelf label to see that place. "
        "Ctrl+M moves the selected lot, Enter shows its moves."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.day = today()
        self.rows: tuple[StockRow, ...] = ()
        self.places: tuple[PlaceRow, ...] = ()
        self.limits = HouseRules()
        self._wanted: Scan | None = None
        """A label that was scanned elsewhere, until the list is here."""
        self._lay_out()
        self.place_choice.currentIndexChanged.connect(lambda _place: self._show_rows())
        self.table.selected.connect(lambda _row: self._allow())
        self.table.opened.connect(lambda _row: self.show_moves())
        QShortcut(QKeySequence("Ctrl+M"), self).activated.connect(self.move_lot)
        self._allow()

    def load(self) -> None:
        database = self.context.database
        self.ask(lambda: _stock(database), self._show)

    def on_scan(self, raw: str) -> bool:
        try:
            scan = read_scan(raw, today=today())
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return True
        return self._use(scan)

    def show_record(self, kind: str, record: object) -> None:
        if kind in _LABELS and isinstance(record, str):
            self._wanted = Scan(_LABELS[kind], record, record)
            if self.places:
                self._use_wanted()

    def _use_wanted(self) -> None:
        scan, self._wanted = self._wanted, None
        if scan is not None:
            self._use(scan)

    def _use(self, scan: Scan) -> bool:
        database = self.context.database
        if scan.kind is ScanKind.LOCATION:
            self._choose_place(scan.code)
        elif scan.kind is ScanKind.TRANSFER:
            self.tabs.setCurrentWidget(self.transfers)
            self.transfers.receive_numbered(scan.code)
        elif scan.kind is ScanKind.LOT_LABEL:
            self.ask(lambda: _labelled(database, scan), self._show_labelled, key="scan")
        elif scan.kind is ScanKind.PRODUCT:
            self.ask(lambda: _recognise(database, scan), self._show_scanned, key="scan")
        else:
            return False
        return True

    def move_lot(self) -> None:
        """Move the selected lot to another place."""
        row = self.table.current_row()
        if row is not None and self.move_button.isEnabled():
            MoveDialog(self.context, self.desk, row, self.places, self).open()

    def write_off(self) -> None:
        """Take units of the selected lot out of the books."""
        row = self.table.current_row()
        if row is not None:
            WriteOffDialog(self.context, self.desk, row, self, self.limits).open()

    def hold_or_release(self) -> None:
        """Hold the selected lot everywhere, or let it be used again."""
        row = self.table.current_row()
        if row is None:
            return
        name = f"Lot {row.lot} of {row.item_name}"
        if row.held:
            asked = Question(
                "Release this lot?", (f"{name} is held: {row.held}. Released, it can be reserved and sent again.",),
                yes="Release",
            )  # fmt: skip
        else:
            asked = Question(
                "Hold this lot?", (f"{name} cannot be reserved or picked anywhere until it is released.",), yes="Hold",
                needs_reason=True,
            )  # fmt: skip
        self.desk.messages.ask(asked, lambda answer: self._hold(row, answer), self.window())

    def print_labels(self) -> None:
        """Labels of the selected lots."""
        rows = self.table.selected_rows()
        lots = list(dict.fromkeys(row.id[0] for row in rows))
        if not lots:
            self.desk.messages.refused(("Select the lots whose labels you want first.",), self, Tone.INFO)
        else:
            database = self.context.database
            what = f"lot {rows[0].lot}" if len(lots) == 1 else f"{len(lots):,} lots"
            LabelDialog(self.context, self.desk, self, what, lambda: _labels(database, lots)).open()

    def show_moves(self) -> None:
        """All moves of the selected lot."""
        row = self.table.current_row()
        if row is not None:
            LotMovesDialog(self.context, self.desk, row, self).open()

    def _hold(self, row: StockRow, answer: Answer) -> None:
        if not answer.yes:
            return
        database, by, lot_id = self.context.database, self.context.user_id, row.id[0]
        if row.held:
            self.do(
                lambda _override: release_lot(database, lot_id, by, was=row.held), changed=("stock",),
                said=f"Lot {row.lot} is released.",
            )  # fmt: skip
        else:
            self.do(
                lambda _override: hold_lot(database, lot_id, answer.reason, by), changed=("stock",),
                said=f"Lot {row.lot} is held.",
            )  # fmt: skip

    def _lay_out(self) -> None:
        self.place_choice = QComboBox()
        self.place_choice.setAccessibleName("Place")
        self.place_choice.setMinimumWidth(220)
        self.place_choice.addItem("All places", "")
        self.label_button = button("Label", self.print_labels, icon="tag")
        self.label_button.setToolTip("Print labels of the selected lots")
        self.moves_button = button("Moves", self.show_moves, icon="history")
        self.hold_button = button("Hold", self.hold_or_release, icon="pause")
        self.write_off_button = button("Write off", self.write_off, icon="trash")
        self.move_button = button("Move", self.move_lot, icon="place", kind="primary")
        self.move_button.setToolTip("Move the selected lot (Ctrl+M)")
        self.value = Figure("Stock at cost", Tone.INFO)
        self.soon = Figure("Expires in 30 days", Tone.WARN)
        self.blocked = Figure("Held or quarantined", Tone.BAD)
        figures = QHBoxLayout()
        figures.setSpacing(14)
        for figure in (self.value, self.soon, self.blocked):
            figures.addWidget(figure)
        self.table: TableView[StockRow] = TableView(
            self._columns(), lambda row: row.id, name="Lots in stock", chips=self._chips(), noun=("lot", "lots"),
            desk=self.desk, settings=self.settings(),
            empty="Nothing in stock here. Receive the first boxes at the bench.",
        )  # fmt: skip
        self.soon.pressed.connect(lambda: self._only("30 days"))
        self.blocked.pressed.connect(lambda: self._only("Held", "Quarantine"))
        self.value.pressed.connect(self.table.clear_filter)
        actions = QHBoxLayout()
        actions.setSpacing(10)
        actions.addWidget(self.place_choice)
        actions.addStretch(1)
        for press in (self.label_button, self.moves_button, self.hold_button, self.write_off_button, self.move_button):
            actions.addWidget(press)
        front = QWidget()
        column = QVBoxLayout(front)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(12)
        column.addLayout(figures)
        column.addLayout(actions)
        column.addWidget(self.table, 1)
        self.write_offs, self.transfers, self.place_list = WriteOffTab(self), TransferTab(self), PlaceTab(self)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for tab, title in ((front, "In stock"), (self.write_offs, "Write-offs"), (self.transfers, "Transfers"),
                           (self.place_list, "Places")):  # fmt: skip
            self.tabs.addTab(tab, title)
        self.tabs.currentChanged.connect(lambda _tab: QTimer.singleShot(0, self, self._fit))
        page = Page(self)
        page.lead.hide()
        page.add(self.tabs, 1)

    def _fit(self) -> None:
        for part in (self.write_offs, self.transfers, self.place_list):
            part.table.fit_columns()

    def _columns(self) -> tuple[Column[StockRow], ...]:
        return (
            Column("Item", lambda row: row.item_name, stretch=True, hint=lambda row: row.item_name),
            Column("Number", lambda row: row.item_number),
            Column("Lot", lambda row: row.lot),
            Column(
                "Expires", lambda row: show_day(row.expires_on), sort_key=lambda row: row.expires_on,
                value=lambda row: row.expires_on,
            ),
            Column("Place", lambda row: row.place),
            Column(
                "On hand", lambda row: f"{row.on_hand:,}", sort_key=lambda row: row.on_hand, numeric=True,
                value=lambda row: row.on_hand,
            ),
            Column(
                "Available", lambda row: f"{row.available:,}", sort_key=lambda row: row.available, numeric=True,
                value=lambda row: row.available,
            ),
            Column("Unit", lambda row: row.unit, hidden=True),
            Column("State", self._state, tone=self._tone, hint=lambda row: row.held),
            Column(
                "Value", lambda row: show_money(row.value), sort_key=lambda row: row.value, numeric=True,
                value=lambda row: row.value, hidden=True,
            ),
            Column("Storage", lambda row: row.storage.value, hidden=True),
        )  # fmt: skip

    def _chips(self) -> tuple[Chip[StockRow], ...]:
        return (
            Chip("Expired", lambda row: self._expires_within(row, 0), "expiry"),
            Chip("Short dated", lambda row: self._expires_within(row, SHORT_DAYS), "expiry"),
            Chip("30 days", lambda row: self._expires_within(row, 30), "expiry"),
            Chip("60 days", lambda row: self._expires_within(row, 60), "expiry"),
            Chip("90 days", lambda row: self._expires_within(row, 90), "expiry"),
            Chip("Held", lambda row: bool(row.held), "use"),
            Chip("Quarantine", lambda row: row.place_kind is LocationKind.QUARANTINE, "use"),
        )

    def _expires_within(self, row: StockRow, days: int) -> bool:
        return row.expires_on is not None and row.expires_on <= self.day + timedelta(days=days)

    def _state(self, row: StockRow) -> str:
        if row.held:
            return "Held"
        if self._expires_within(row, 0):
            return "Expired"
        if row.place_kind is LocationKind.QUARANTINE:
            return "Quarantine"
        if not row.place_kind.is_pickable:
            return row.place_kind.value.capitalize()
        if self._expires_within(row, SHORT_DAYS):
            return "Short dated"
        if self._expires_within(row, 90):
            return "Expires soon"
        return "Reserved" if row.available == 0 else "Available"

    def _tone(self, row: StockRow) -> Tone:
        return {
            "Held": Tone.BAD, "Expired": Tone.BAD, "Quarantine": Tone.BAD, "Short dated": Tone.WARN,
            "Expires soon": Tone.WARN, "Available": Tone.GOOD,
        }.get(self._state(row), Tone.INFO)  # fmt: skip

    def _show(self, found: _Stock) -> None:
        self.day = today()
        self.rows, self.places, self.limits = found.rows, found.places, found.limits
        self.write_offs.show_rows(found.write_offs)
        self.transfers.show_rows(found.transfers, found.places, found.rows)
        self.place_list.show_rows(found.places)
        waiting = sum(row.state is WriteOffState.WAITING for row in found.write_offs)
        self.tabs.setTabText(1, f"Write-offs ({waiting:,} to decide)" if waiting else "Write-offs")
        way = sum(bool(row.missing) for row in found.transfers)
        self.tabs.setTabText(2, f"Transfers ({way:,} on the way)" if way else "Transfers")
        chosen = self.place_choice.currentData()
        self.place_choice.blockSignals(True)
        self.place_choice.clear()
        self.place_choice.addItem("All places", "")
        for place in self.places:
            self.place_choice.addItem(f"{place.name} ({place.code})", place.code)
        self.place_choice.setCurrentIndex(max(0, self.place_choice.findData(chosen)))
        self.place_choice.blockSignals(False)
        self._show_figures()
        self._show_rows()
        self._use_wanted()

    def _show_rows(self) -> None:
        code = self.place_choice.currentData()
        self.table.set_rows([row for row in self.rows if not code or row.place == code])

    def _show_figures(self) -> None:
        soon = [row for row in self.rows if self._expires_within(row, 30)]
        blocked = [row for row in self.rows if row.held or row.place_kind is LocationKind.QUARANTINE]
        items = len({row.item_id for row in self.rows})
        worth = [show_money(sum((row.value for row in rows), ZERO)) for rows in (self.rows, soon, blocked)]
        self.value.show_value(worth[0], f"{_lots(self.rows)} of {items:,} items", Tone.INFO)
        self.soon.show_value(_lots(soon), f"{worth[1]} at cost", Tone.WARN if soon else Tone.GOOD)
        self.blocked.show_value(_lots(blocked), f"{worth[2]} at cost", Tone.BAD if blocked else Tone.GOOD)

    def _only(self, *titles: str) -> None:
        self.table.clear_filter()
        for chip, press in self.table.chips:
            press.setChecked(chip.title in titles)

    def _allow(self) -> None:
        row = self.table.current_row()
        is_held = row is not None and bool(row.held)
        self.hold_button.setText("Release" if is_held else "Hold")
        for press, permission, who in (
            (self.move_button, Permission.MOVE_STOCK, "Technicians and pharmacists move stock."),
            (self.write_off_button, Permission.WRITE_OFF, "Pharmacists write off."),
            (self.hold_button, Permission.RECALL, "Pharmacists hold and release lots."),
        ):
            may = self.context.may(permission)
            press.setEnabled(row is not None and may)
            if not may:
                press.setToolTip(who)
        self.moves_button.setEnabled(row is not None)

    def _choose_place(self, code: str) -> None:
        place = self.place_choice.findData(code)
        if place < 0:
            self.desk.messages.wrong(f"There is no place “{code}”. Check the label, or add the place first.")
            return
        self.tabs.setCurrentIndex(0)
        self.place_choice.setCurrentIndex(place)
        self.desk.messages.right(f"{self.place_choice.currentText()}: {_lots(self.table.model.shown)}")

    def _show_scanned(self, known: Recognised) -> None:
        if known.item_id is None:
            self.desk.messages.wrong("No item has this code yet. Attach it when you receive it.")
            return
        self._show_found(known.item_name, known.item_number, known.scan.lot or "")

    def _show_labelled(self, found: ScannedLots | Refused) -> None:
        if isinstance(found, Refused):
            self.desk.messages.wrong(str(found))
        else:
            self._show_found(found.item_name, found.item_number, found.lots[0][1])

    def _show_found(self, item_name: str, item_number: str, lot: str) -> None:
        self.tabs.setCurrentIndex(0)
        self.table.clear_filter()
        self.table.filter.setText(f"{item_number} {lot}".strip())
        self.table.apply_filter()
        rows = self.table.model.shown
        if rows:
            self.table.select_ids([rows[0].id])
            self.desk.messages.right(f"{item_name}: {_lots(rows)}")
        else:
            self.desk.messages.wrong(f"{item_name}: no such lot in stock.")


def _lots(rows: Sequence[StockRow]) -> str:
    number = len(rows)
    return f"{number:,} lot" if number == 1 else f"{number:,} lots"


def _stock(database: Database) -> _Stock:
    with database.reading() as session:
        return _Stock(
            stock_rows(session), place_rows(session), write_off_rows(session), transfer_rows(session),
            house_rules(session),
        )  # fmt: skip


def _labels(database: Database, lots: Sequence[LotId]) -> tuple[Any, ...]:
    with database.reading() as session:
        return lot_labels(session, lots)


def _labelled(database: Database, scan: Scan) -> ScannedLots | Refused:
    try:
        with database.reading() as session:
            return scanned_lots(session, scan)
    except Refused as refusal:
        return refusal


def _recognise(database: Database, scan: Scan) -> Recognised:
    with database.reading() as session:
        return recognise(session, scan, today())

"""Receiving at the bench: scan box after box, correct what no label says, take all of it in as one receipt."""

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.database.trouble import Unavailable
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.forms import ChoiceField, TextField
from infusion_desktop.desktop.labels import icon_label, label
from infusion_desktop.desktop.pages import Card, Page
from infusion_desktop.desktop.scanner import GS
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.stock.identify_panel import Identified, IdentifyPanel
from infusion_desktop.desktop.stock.line_form import LineForm
from infusion_desktop.desktop.stock.order_strip import OrderStrip
from infusion_desktop.desktop.stock.receipt_lines import Line, ReceiptLines, is_second_code
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.equipment.receiving import receive
from infusion_desktop.errors import Refused
from infusion_desktop.stock.buying.purchase_queries import OrderPage, order_id_by_number, order_page
from infusion_desktop.stock.buying.receiving import NewReceipt, Recognised, recognise
from infusion_desktop.stock.catalogue import attach_code
from infusion_desktop.stock.pack_rules import say_packs
from infusion_desktop.stock.queries import PlaceRow, place_rows
from infusion_desktop.stock.scanning.scan_values import Scan, ScanKind
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.words import Condition, OrderId, ReceiptId

_ORDERED = 3
"""The column that is there only while goods are received against an order."""


class ReceiveScreen(Screen):
    """The receiving bench."""

    title = "Receive"
    topics: ClassVar[frozenset[str]] = frozenset({"stock"})
    help = (
        "Scan a printed order to receive against it, then each box. The same box again counts up; a second code with "
        "lot and expiry completes the last line. "
        "Ctrl+Enter takes everything in, Ctrl+Z takes the last step back."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.receipt = ReceiptLines()
        self.unknown: list[Scan] = []
        """Boxes whose item is not known yet, each followed by its second codes."""
        self.last_receipt: ReceiptId | None = None
        self._waiting: list[Scan] = []
        self._reading = False
        self._sends_separators = False
        """Whether this scanner was seen to send the separator, so that its absence says that there is none."""
        self._save_when_read = False
        self._typing = False
        self._refilling = False
        self._lay_out()
        self._connect()
        self._against(None)

    def load(self) -> None:
        self.ask(lambda: _places(self.context.database), self._show_places, key="places")
        if self._waiting:
            self._read_next()

    def may_leave(self) -> bool:
        return not self.receipt.lines and not self.unknown

    def on_scan(self, raw: str) -> bool:
        self._sends_separators = self._sends_separators or GS in raw
        try:
            scan = read_scan(raw, today=today(), separators_proven=self._sends_separators)
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return True
        if scan.kind is ScanKind.LOCATION:
            self._go_to_place(scan.code)
            return True
        if scan.kind is ScanKind.ORDER:
            database, code = self.context.database, scan.code
            self.ask(lambda: _order_by_number(database, code), self._receive_against, key="order")
            return True
        if scan.kind not in (ScanKind.PRODUCT, ScanKind.TEXT) and self.may_leave():
            return False
        self._waiting.append(scan)
        self._read_next()
        return True

    def show_record(self, kind: str, record: object) -> None:
        if kind == "receive order" and isinstance(record, int):
            database, order = self.context.database, OrderId(record)
            self.ask(lambda: _order(database, order), self._receive_against, key="order")

    def leave_order(self) -> None:
        """Receive without an order again."""
        self._against(None)

    def save(self) -> None:
        """Take everything on the list in, as one receipt."""
        if self._reading:
            self._save_when_read = True
            return
        if not self.receipt.lines or not self.save_button.isEnabled() or not self.place.check():
            return
        if self.unknown:
            self.desk.messages.refused(("A scanned box still waits for its item. Attach it or leave it aside.",), self)
            return
        incomplete = next((line for line in self.receipt.lines if line.missing), None)
        if incomplete is not None:
            self._select(incomplete)
            self.line_form.focus_missing()
            return
        if self.side.currentWidget() is self.line_form and not self.line_form.form.check():
            return
        order = None if self.strip.page is None else self.strip.page.row.id
        new = NewReceipt(
            self.receipt.receipt_lines(), self.place.value() or "MAIN", self.packing_slip.value(), order_id=order
        )
        equipment, database, by = self.receipt.new_assets(), self.context.database, self.context.user_id
        topics = ("stock", "equipment", "purchasing") if equipment else ("stock", "purchasing")
        saved = self.receipt.lines
        self.do(
            lambda override: receive(database, new, equipment, by, override=override),
            changed=topics, said=f"Received {_counted(len(saved))}: {_in_units(saved)}.",
            then=lambda receipt_id: self._received(receipt_id, saved), pressed=self.save_button,
        )  # fmt: skip

    def undo(self) -> None:
        """Take the last scan or correction back."""
        self.receipt.undo()
        self._refresh()
        self._show_latest()

    def set_aside(self, line_id: int) -> None:
        """One pack of a line is not good; it goes to quarantine, to be sent back."""
        aside = self.receipt.set_aside(line_id)
        self._refresh()
        if aside is not None:
            self._select(aside)
            self.line_form.note.setFocus()

    def add_by_hand(self) -> None:
        """A box without a readable code."""
        self.identify.ask(None)
        self.side.setCurrentWidget(self.identify)

    def _lay_out(self) -> None:
        self.place: ChoiceField[str] = ChoiceField("Into place")
        self.packing_slip = TextField("Packing slip", longest=60, placeholder="Number, if there is one")
        self.hand_button = button("Add by hand", self.add_by_hand, icon="plus")
        self.undo_button = button("Undo", self.undo, icon="undo")
        self.undo_button.setToolTip("Take the last step back (Ctrl+Z)")
        self.last_button = button("Show last receipt", self._show_last, icon="history")
        self.strip = OrderStrip(self.receipt)
        self.table: TableView[Line] = TableView(
            self._columns(), lambda line: line.id, name="Lines of this receipt", noun=("line", "lines"),
            empty="Scan the first box. Its item, lot and expiry fill a line here.", settings=self.settings(),
            empty_button=("Add by hand", self.add_by_hand),
        )  # fmt: skip
        self.line_form = LineForm()
        self.identify = IdentifyPanel(self.context, self.desk)
        self.hint = _hint_card()
        self.side = QStackedWidget()
        for panel in (self.hint, self.line_form, self.identify):
            self.side.addWidget(panel)
        self.side.setFixedWidth(320)
        self.total = label("", "muted")
        self.save_button = button("Receive", self.save, icon="check", kind="primary")
        self.save_button.setMinimumHeight(52)
        self.save_button.setMinimumWidth(230)
        self.save_button.setToolTip("Take everything in (Ctrl+Enter)")
        top = QHBoxLayout()
        top.setSpacing(14)
        self.place.setFixedWidth(260)
        self.packing_slip.setFixedWidth(240)
        for part in (self.place, self.packing_slip):
            top.addWidget(part)
        top.addStretch(1)
        for press in (self.last_button, self.undo_button, self.hand_button):
            top.addWidget(press, 0, Qt.AlignmentFlag.AlignBottom)
        middle = QHBoxLayout()
        middle.setSpacing(14)
        middle.addWidget(self.table, 1)
        middle.addWidget(self.side)
        foot = QHBoxLayout()
        foot.addWidget(self.total, 1)
        foot.addWidget(self.save_button)
        page = Page(self)
        page.lead.hide()
        page.add(top)
        page.add(self.strip)
        page.add(middle, 1)
        page.add(foot)

    def _connect(self) -> None:
        self.table.selected.connect(self._line_selected)
        self.line_form.edited.connect(self._line_edited)
        self.line_form.removed.connect(self._line_removed)
        self.line_form.set_aside.connect(self.set_aside)
        self.strip.open_asked.connect(lambda order: self.desk.open("purchase order", order))
        self.strip.left.connect(self.leave_order)
        self.identify.identified.connect(self._identified)
        self.identify.skipped.connect(self._skip_unknown)
        for keys, press in (("Ctrl+Return", self.save), ("Ctrl+Enter", self.save), ("Ctrl+Z", self.undo)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(press)

    def _columns(self) -> tuple[Column[Line], ...]:
        return (
            Column("#", self.receipt.number_of, sort_key=lambda line: line.id, numeric=True, width=46),
            Column("Item", lambda line: line.item_name, stretch=True, hint=lambda line: line.item_number),
            Column("Count", _shown_packs, sort_key=lambda line: line.units, numeric=True),
            Column("Ordered", self.strip.ordered, tone=self.strip.tone),
            Column("State", _state, tone=_tone, hint=_state_hint, width=124),
            Column("Lot or serial", lambda line: line.serial or line.lot),
            Column("Expires", lambda line: show_day(line.expires_on), sort_key=lambda line: line.expires_on),
        )

    # The order that is received against.

    def _against(self, page: OrderPage | None) -> None:
        self.strip.show_order(page)
        self.table.grid.setColumnHidden(_ORDERED, page is None)
        self._refresh()
        self.table.fit_columns()

    def _receive_against(self, page: OrderPage | None) -> None:
        if page is None:
            self.desk.messages.wrong("There is no such order. Check the code on it.")
        elif not page.row.state.is_expected:
            self.desk.messages.wrong(
                f"{page.row.number} is {page.row.state.value}; nothing can be received against it."
            )
        else:
            self._against(page)
            self.desk.messages.right(f"{page.row.number}: scan what is in the boxes.")

    # Scans, one after the other in the order they came.

    def _read_next(self) -> None:
        if self._reading:
            return
        if not self._waiting:
            if self._save_when_read:
                self._save_when_read = False
                self.save()
            return
        scan = self._waiting.pop(0)
        if is_second_code(scan):
            self._complete(scan)
            self._read_next()
            return
        self._reading = True
        database = self.context.database
        self.desk.jobs.run(
            self, lambda: _recognise(database, scan), self._recognised, lambda error: self._not_recognised(error, scan)
        )

    def _recognised(self, known: Recognised) -> None:
        self._reading = False
        if known.item_id is None:
            self._keep_unknown(known.scan)
        else:
            self._take(known)
        self._read_next()

    def _not_recognised(self, error: Exception, scan: Scan) -> None:
        self._reading = False
        if isinstance(error, Unavailable):  # The box was scanned: it waits until the database is back.
            self._waiting.insert(0, scan)
            self.show_failure(error)
            return
        if isinstance(error, Refused):
            self.desk.messages.wrong(str(error))
        else:
            self.show_failure(error)
        self._read_next()

    def _take(self, known: Recognised, packs: int = 1) -> None:
        self._change(lambda: self.receipt.add(known, packs))

    def _complete(self, scan: Scan) -> None:
        if self.unknown and self.side.currentWidget() is self.identify:
            self.unknown.append(scan)  # It belongs to the box whose item is being asked for.
            return
        self._change(lambda: self.receipt.complete(scan))

    def _change(self, change: Callable[[], Line]) -> None:
        try:
            line = change()
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return
        self._refresh()
        self._show_latest()
        still = f"scan its {' and '.join(line.missing)}" if line.missing else f"{line.units:,} in all"
        self.desk.messages.right(f"{_short(line.item_name)}: {still}")

    # Boxes whose item is not known.

    def _keep_unknown(self, scan: Scan) -> None:
        self.unknown.append(scan)
        self.desk.messages.wrong("No item has this code yet. Attach it once, at the right.")
        if self.side.currentWidget() is not self.identify or self.identify.scan is None:
            self._ask_next_unknown()
        self._refresh()

    def _ask_next_unknown(self) -> None:
        while self.unknown and is_second_code(self.unknown[0]):
            self.unknown.pop(0)
        if self.unknown:
            self.identify.ask(self.unknown[0])
            self.side.setCurrentWidget(self.identify)
        else:
            self._show_latest(leave_identify=True)
        self._refresh()

    def _identified(self, said: Identified) -> None:
        scan = said.scan
        if scan is None or not scan.pack_code:
            self._take(_by_hand(said), said.quantity)
            self._continue_with(self.unknown[1:] if scan is not None else self.unknown, said.scan is None)
            return
        database, by = self.context.database, self.context.user_id
        self.do(
            lambda _override: attach_code(database, said.item.id, scan.pack_code, said.pack_name, said.quantity, by),
            changed=(), then=lambda _pack: self._continue_with(self.unknown), pressed=self.identify.use_button,
        )  # fmt: skip

    def _continue_with(self, scans: list[Scan], is_by_hand: bool = False) -> None:
        if is_by_hand:
            self._ask_next_unknown()
            return
        self._waiting[:0] = scans
        self.unknown = []
        self._show_latest(leave_identify=True)
        self._read_next()

    def _skip_unknown(self) -> None:
        if self.identify.scan is not None and self.unknown:
            self.unknown.pop(0)
        self._ask_next_unknown()

    # The list and its side.

    def _line_selected(self, line: Line | None) -> None:
        if line is not None and not self._refilling and self.side.currentWidget() is not self.identify:
            self.line_form.show_line(line, keep_typed=self._typing)
            self.side.setCurrentWidget(self.line_form)

    def _line_edited(self, line: Line) -> None:
        self._typing = True
        self.receipt.edit(line)
        self._refresh()
        self.line_form.show_line(line, keep_typed=True)
        self._typing = False

    def _line_removed(self, line_id: int) -> None:
        self.receipt.remove(line_id)
        self._refresh()
        self._show_latest()

    def _show_latest(self, *, leave_identify: bool = False) -> None:
        if self.side.currentWidget() is self.identify and not leave_identify:
            return
        line = self.receipt.line(self.receipt.latest) or (self.receipt.lines[-1] if self.receipt.lines else None)
        if line is None:
            self.side.setCurrentWidget(self.hint)
            return
        self._select(line)

    def _select(self, line: Line) -> None:
        self.table.select_ids([line.id])
        self.line_form.show_line(line)
        self.side.setCurrentWidget(self.line_form)

    def _refresh(self) -> None:
        lines = self.receipt.lines
        self._refilling = True
        self.table.set_rows(tuple(reversed(lines)))
        self._refilling = False
        may = self.context.may(Permission.RECEIVE)
        self.save_button.setText(f"Receive {_counted(len(lines))}" if lines else "Receive")
        self.save_button.setEnabled(bool(lines) and may)
        if not may:
            self.save_button.setToolTip("Technicians and pharmacists receive.")
        self.undo_button.setEnabled(self.receipt.can_undo)
        self.last_button.setVisible(self.last_receipt is not None)
        waiting = sum(1 for scan in self.unknown if not is_second_code(scan))
        open_lines = sum(1 for line in lines if line.missing)
        parts = [
            f"{sum(line.units for line in lines):,} units" if lines else "",
            f"{open_lines} still incomplete" if open_lines else "",
            f"{waiting} unknown" if waiting else "",
        ]
        self.total.setText("  ·  ".join(filter(None, parts)))

    def _received(self, receipt_id: ReceiptId, saved: tuple[Line, ...]) -> None:
        self.last_receipt = receipt_id
        self.receipt.received(saved)
        self.packing_slip.set_value("")
        self._against(None)
        self._show_latest()
        self.table.setFocus()

    def _show_last(self) -> None:
        if self.last_receipt is not None:
            self.desk.open("receipt", self.last_receipt)

    # Places.

    def _show_places(self, places: tuple[PlaceRow, ...]) -> None:
        chosen = self.place.value() if self._is_place_valid() else None
        usable = [place for place in places if place.code not in ("TRANSIT", "SERVICE")]
        self.place.set_choices([(f"{place.name} ({place.code})", place.code) for place in usable])
        self.place.set_value(chosen or "MAIN")

    def _is_place_valid(self) -> bool:
        try:
            return self.place.value() is not None
        except Refused:
            return False

    def _go_to_place(self, code: str) -> None:
        self.place.set_value(code)
        if self._is_place_valid():
            self.desk.messages.right(f"Into {self.place.combo.currentText()}")
        else:
            self.place.set_value("MAIN")
            self.desk.messages.wrong(f"There is no place “{code}”. Check the label, or add the place first.")


def _hint_card() -> Card:
    card = Card("Ready to scan")
    card.add(icon_label("scan", "accent", 48))
    for sentence in (
        "Scan each box once, or several times to count up.",
        "Two codes on one label: scan the item's code, then the one with lot and expiry.",
        "A shelf label (LOC) chooses the place.",
        "Pumps and poles go into the equipment register, each by its serial number.",
    ):
        card.add(label(sentence, "muted", wrap=True))
    card.column.addStretch(1)
    return card


def _shown_packs(line: Line) -> str:
    return f"{line.packs:,} × {line.pack_name}" + (f" of {line.pack_quantity}" if line.pack_quantity > 1 else "")


def _state(line: Line) -> str:
    if line.missing:
        return "Lot?" if line.missing[0] == "lot" else "Serial?"
    if line.condition is not Condition.GOOD:
        return {Condition.DAMAGED: "Damaged", Condition.MISSING: "Missing"}.get(line.condition, "Goes back")
    if line.expires_on is not None and line.expires_on <= today():
        return "Expired"
    if any("held" in note for note in line.notes):
        return "Held lot"
    return "Register" if line.is_equipment else "Ready"


def _state_hint(line: Line) -> str:
    needed = f"Scan or type its {' and '.join(line.missing)}." if line.missing else ""
    return "\n".join(filter(None, (needed, *line.notes)))


def _tone(line: Line) -> Tone:
    return {
        "Expired": Tone.BAD,
        "Damaged": Tone.BAD,
        "Missing": Tone.BAD,
        "Held lot": Tone.WARN,
        "Ready": Tone.GOOD,
        "Register": Tone.INFO,
    }.get(_state(line), Tone.WARN)


def _in_units(lines: tuple[Line, ...]) -> str:
    """What came in, as packs and units, of the first lines: "2 cases of 60 = 120 each of Saline flush"."""
    said = [f"{say_packs(line.packs, line.pack_name, line.pack_quantity)} of {_short(line.item_name)}"
            for line in lines[:2]]  # fmt: skip
    more = f" and {len(lines) - 2} more" if lines[2:] else ""
    return ", ".join(said) + more


def _counted(lines: int) -> str:
    return f"{lines:,} line" if lines == 1 else f"{lines:,} lines"


def _short(name: str) -> str:
    return name if len(name) <= 48 else f"{name[:47]}…"


def _by_hand(said: Identified) -> Recognised:
    item = said.item
    scan = said.scan or Scan(ScanKind.TEXT, raw=item.number, code=item.number)
    return Recognised(
        scan, item.id, item.number, item.name, None, item.unit, 1, item.kind.is_equipment, item.lot_tracked,
        item.serial_tracked,
    )  # fmt: skip


def _recognise(database: Database, scan: Scan) -> Recognised:
    with database.reading() as session:
        return recognise(session, scan, today())


def _order(database: Database, order: OrderId) -> OrderPage:
    with database.reading() as session:
        return order_page(session, order, today())


def _order_by_number(database: Database, number: str) -> OrderPage | None:
    with database.reading() as session:
        found = order_id_by_number(session, number)
        return None if found is None else order_page(session, found, today())


def _places(database: Database) -> tuple[PlaceRow, ...]:
    with database.reading() as session:
        return place_rows(session)

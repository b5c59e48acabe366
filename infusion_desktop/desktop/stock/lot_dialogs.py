"""Dialogs about a lot in a place: moving it, writing it off, and looking at its moves."""

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.stock.move_columns import columns_without
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO, show_money
from infusion_desktop.stock.house_rules import HouseRules
from infusion_desktop.stock.moving import transfer
from infusion_desktop.stock.queries import MoveRow, PlaceRow, StockRow, move_rows
from infusion_desktop.stock.rules import worth
from infusion_desktop.stock.scanning.scan_values import ScanKind
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.words import LotId, MoveReason, WriteOffCode
from infusion_desktop.stock.write_offs import WrittenOff, write_off


class _LotDialog(DeedDialog):
    """Says which lot it is about and asks how many units."""

    changed = ("stock",)

    def __init__(
        self, context: Context, desk: Desk, title: str, row: StockRow, parent: QWidget, *, save: str, kind: str
    ) -> None:
        super().__init__(context, desk, title, parent, save=save, kind=kind)
        self.row = row
        free = row.on_hand - row.reserved
        about = [f"Lot {row.lot or '–'}", f"in {row.place}", f"{row.on_hand:,} {row.unit} on hand"]
        if row.reserved:
            about.append(f"{row.reserved:,} reserved")
        if row.expires_on:
            about.append(f"expires {show_day(row.expires_on)}")
        self.body.addWidget(label(row.item_name, "strong", wrap=True))
        self.body.addWidget(label(" · ".join(about), "muted", wrap=True))
        self.quantity = QuantityField("Quantity", least=1, unit=row.unit, required=True)
        self.quantity.set_value(free or None)
        self.form = Form()

    def _units(self) -> int:
        return self.quantity.value() or 0


class MoveDialog(_LotDialog):
    """To another place of ours; a shelf label may be scanned."""

    def __init__(
        self, context: Context, desk: Desk, row: StockRow, places: tuple[PlaceRow, ...], parent: QWidget
    ) -> None:
        super().__init__(context, desk, "Move to another place", row, parent, save="Move", kind="primary")
        others = [place for place in places if place.code != row.place and place.takes_stock]
        self.to: ChoiceField[str] = ChoiceField(
            "To place", [(f"{place.name} ({place.code})", place.code) for place in others], required=True,
            hint="Choose, or scan the shelf label.",
        )  # fmt: skip
        self.form.section("", (self.quantity,), (self.to,))
        self.body.addWidget(self.form)
        self.to.setFocus()

    def on_scan(self, raw: str) -> None:
        try:
            scan = read_scan(raw, today=today())
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return
        if scan.kind is not ScanKind.LOCATION:
            self.desk.messages.wrong("Scan the label of a shelf or place.")
            return
        self.to.set_value(scan.code)
        if self.to.is_blank():
            self.to.complain(f"There is no other place “{scan.code}”.")
            self.desk.messages.beep()

    def deed(self) -> Callable[[str], Any] | None:
        to = self.to.value() if self.form.check() else None
        if to is None:
            return None
        database, by, (lot_id, from_id), units = self.context.database, self.context.user_id, self.row.id, self._units()
        return lambda _override: transfer(database, lot_id, from_id, to, units, by)

    def said(self, _result: Any) -> str:
        return f"Moved {self._units():,} {self.row.unit} to {self.to.value()}."


class WriteOffDialog(_LotDialog):
    """Out of the books, with the reason kept; above the pharmacy's limit a second person decides."""

    def __init__(
        self, context: Context, desk: Desk, row: StockRow, parent: QWidget, limits: HouseRules | None = None
    ) -> None:
        super().__init__(context, desk, "Write off", row, parent, save="Write off", kind="danger")
        self.limit = (limits or HouseRules()).second_person_above
        self.reason: ChoiceField[WriteOffCode] = ChoiceField(
            "Why", [(f"{code.reason.value.capitalize()}: {code.value}", code) for code in WriteOffCode], required=True
        )
        is_expired = row.expires_on is not None and row.expires_on <= today()
        self.reason.set_value(WriteOffCode.EXPIRED_ON_SHELF if is_expired else None)
        self.note = TextField("What happened", hint="Needed unless it expired.")
        self.worth = label("", "muted", wrap=True)
        self.form.section("", (self.quantity,), (self.reason,), (self.note,))
        self.body.addWidget(self.form)
        self.body.addWidget(self.worth)
        self.quantity.line.textChanged.connect(lambda _text: self._tell())
        self._tell()
        self.quantity.setFocus()

    def _tell(self) -> None:
        """What it is worth, and whether somebody else has to agree."""
        try:
            value = worth(self.row.unit_cost, self._units())
        except Refused:
            value = ZERO
        told = f"{show_money(value)} at cost."
        if value > self.limit:
            told += f" Above {show_money(self.limit)} a second person decides; until then it is set aside."
        self.worth.setText(told)

    def deed(self) -> Callable[[str], Any] | None:
        code = self.reason.value() if self.form.check() else None
        if code is None:
            return None
        if code.reason is not MoveReason.EXPIRED and not self.note.value():
            self.note.complain("Say in a few words what happened.")
            self.note.setFocus()
            return None
        database, by, (lot_id, from_id) = self.context.database, self.context.user_id, self.row.id
        units, note = self._units(), self.note.value()
        return lambda _override: write_off(database, lot_id, from_id, units, code.reason, note, by, code=code)

    def said(self, result: WrittenOff) -> str:
        what = f"{self._units():,} {self.row.unit} of lot {self.row.lot}"
        return f"{what} wait for a second person ({result.number})." if result.waits else f"Wrote off {what}."


class LotMovesDialog(QDialog):
    """Everything that happened to a lot."""

    def __init__(self, context: Context, desk: Desk, row: StockRow, parent: QWidget) -> None:
        super().__init__(parent)
        title = f"Moves of lot {row.lot}" if row.lot else "Moves"
        self.setWindowTitle(title)
        self.resize(980, 520)
        self.table: TableView[MoveRow] = TableView(
            columns_without("Item", "Lot"), lambda move: move.id, name="Moves of the lot", noun=("move", "moves"),
            desk=desk,
        )  # fmt: skip
        close = button("Close", self.accept)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(label(f"{title} · {row.item_name}", "heading", wrap=True))
        column.addWidget(self.table, 1)
        column.addLayout(foot)
        self.finished.connect(self.deleteLater)
        database, lot_id = context.database, row.id[0]
        desk.jobs.run(
            self, lambda: _moves(database, lot_id), self.table.set_rows,
            lambda error: desk.messages.show_failure(error, parent),
        )  # fmt: skip


def _moves(database: Database, lot_id: LotId) -> tuple[MoveRow, ...]:
    with database.reading() as session:
        return move_rows(session, lot_id=lot_id)

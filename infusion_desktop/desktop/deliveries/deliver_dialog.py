"""At the door: who received it, their signature, and what was refused or came back."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar

from PySide6.QtCore import QDate, QDateTime, Qt, QTime
from PySide6.QtWidgets import QComboBox, QDateTimeEdit, QGridLayout, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from infusion_desktop.deliveries.delivering import CameBack, EquipmentBack, Proof
from infusion_desktop.deliveries.queries import DeliveryPage, EquipmentRow, LineRow, LotRow
from infusion_desktop.deliveries.words import LineOutcome
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, Field, Form, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import scrolled
from infusion_desktop.desktop.signature import SignaturePad

RELATIONS = ("Patient", "Spouse", "Parent", "Child", "Caregiver", "Relative", "Neighbor", "Facility staff")
_OUTCOMES = ((LineOutcome.REFUSED, "refused"), (LineOutcome.RETURNED, "returned"),
             (LineOutcome.NOT_DELIVERED, "not delivered"))  # fmt: skip
Deliver = Callable[[Proof, Sequence[CameBack], Sequence[EquipmentBack]], object]


class TimeField(Field[datetime]):
    """When it arrived, to the minute."""

    def __init__(self, title: str) -> None:
        self.edit = QDateTimeEdit(QDateTime.currentDateTime())
        self.edit.setDisplayFormat("M/d/yyyy HH:mm")
        super().__init__(title, self.edit, required=True)

    def value(self) -> datetime:
        shown = self.edit.dateTime()
        day: QDate = shown.date()
        time: QTime = shown.time()
        return datetime(day.year(), day.month(), day.day(), time.hour(), time.minute()).astimezone()

    def set_value(self, value: datetime) -> None:
        here = value.astimezone()
        self.edit.setDateTime(QDateTime(QDate(here.year, here.month, here.day), QTime(here.hour, here.minute)))


class BackRows(QWidget):
    """What did not stay: a number and an outcome for each lot and each pump."""

    def __init__(self, page: DeliveryPage) -> None:
        super().__init__()
        self.lots: list[tuple[LotRow, QSpinBox, QComboBox]] = []
        self.equipment: list[tuple[EquipmentRow, QComboBox]] = []
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 6, 0)
        grid.setColumnStretch(0, 1)
        for line in page.lines:
            for lot in line.lots:
                self._add_lot(grid, line, lot)
        for thing in page.equipment:
            if thing.asset_id is not None:
                self._add_equipment(grid, thing)

    def came_back(self) -> tuple[CameBack, ...]:
        """The lots of which something did not stay."""
        return tuple(
            CameBack(lot.id, number.value(), outcome.currentData()) for lot, number, outcome in self.lots
            if number.value()
        )  # fmt: skip

    def equipment_back(self) -> tuple[EquipmentBack, ...]:
        """The pumps and poles that did not stay."""
        return tuple(
            EquipmentBack(row.id, outcome.currentData()) for row, outcome in self.equipment
            if outcome.currentData() is not None
        )  # fmt: skip

    def _add_lot(self, grid: QGridLayout, line: LineRow, lot: LotRow) -> None:
        number = QSpinBox()
        number.setRange(0, lot.quantity)
        number.setFixedWidth(90)
        number.setAccessibleName(f"Came back of {line.item_name} {lot.lot}")
        outcome = _outcomes()
        outcome.setEnabled(False)
        number.valueChanged.connect(lambda value: outcome.setEnabled(value > 0))
        row = grid.rowCount()
        grid.addWidget(label(f"{line.item_name}, lot {lot.serial or lot.lot}: {lot.quantity:,} {line.unit}", wrap=True),
                       row, 0)  # fmt: skip
        grid.addWidget(number, row, 1)
        grid.addWidget(outcome, row, 2)
        self.lots.append((lot, number, outcome))

    def _add_equipment(self, grid: QGridLayout, thing: EquipmentRow) -> None:
        outcome = QComboBox()
        outcome.addItem("stays", None)
        for value, shown in _OUTCOMES:
            outcome.addItem(shown, value)
        row = grid.rowCount()
        grid.addWidget(label(f"{thing.model} {thing.tag}", wrap=True), row, 0)
        grid.addWidget(outcome, row, 1, 1, 2)
        self.equipment.append((thing, outcome))


class DeliverDialog(DeedDialog):
    """Proof of delivery."""

    changed: ClassVar[frozenset[str]] = frozenset({"deliveries", "stock", "equipment"})  # type: ignore[misc]

    def __init__(self, context: Context, desk: Desk, page: DeliveryPage, parent: QWidget, deliver: Deliver) -> None:
        super().__init__(context, desk, f"{page.row.number} arrived", parent, save="Delivered", width=620)
        self._deliver = deliver
        self.received_by = TextField("Received by", required=True, longest=80)
        self.relation: ChoiceField[str] = ChoiceField(
            "Who is that", [(each, each.casefold()) for each in RELATIONS], required=True
        )
        self.at = TimeField("When")
        self.note = TextField("Note", placeholder="Left at the side door, …")
        self.pad = SignaturePad()
        self.pad.setMinimumHeight(120)
        self.form = Form()
        self.form.section("", (self.received_by, self.relation), (self.at, self.note))
        self.body.addWidget(self.form)
        self.body.addWidget(label("Signature", "caption"))
        self.body.addWidget(self.pad)
        self.back = BackRows(page)
        self.back_area = scrolled(self.back)
        self.back_area.setMinimumHeight(170)
        self.back_area.hide()
        self.back_button = button("Something came back", self._show_back, icon="undo")
        row = QHBoxLayout()
        row.addWidget(self.back_button)
        row.addStretch(1)
        row.addWidget(button("Sign again", self.pad.clear, kind="quiet"))
        tail = QVBoxLayout()
        tail.addLayout(row)
        tail.addWidget(self.back_area)
        self.body.addLayout(tail)
        self.received_by.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        relation, signature = self.relation.value(), self.pad.png()
        assert relation is not None
        proof = Proof(self.received_by.value(), relation, self.at.value(), signature or None, note=self.note.value())
        back, equipment, deliver = self.back.came_back(), self.back.equipment_back(), self._deliver
        return lambda _override: deliver(proof, back, equipment)

    def said(self, _result: Any) -> str:
        return "The delivery is recorded."

    def _show_back(self) -> None:
        self.back_area.setVisible(not self.back_area.isVisible())
        self.adjustSize()


def _outcomes() -> QComboBox:
    made = QComboBox()
    for value, shown in _OUTCOMES:
        made.addItem(shown, value)
    made.setAccessibleName("What happened to it")
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return made

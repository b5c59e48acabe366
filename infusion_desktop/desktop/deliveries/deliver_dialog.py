"""At the door: who received it, their signature, and what was refused or came back."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from infusion_desktop.dates import now_utc, today
from infusion_desktop.deliveries.door.delivering import LARGEST_ATTACHMENT, CameBack, EquipmentBack, Proof
from infusion_desktop.deliveries.door.proof import Attachment, attach, reasons_against_file
from infusion_desktop.deliveries.door.proof_rules import Condition, verdict
from infusion_desktop.deliveries.queries import DeliveryPage, EquipmentRow, LineRow, LotRow
from infusion_desktop.deliveries.schedule.dispatch_words import AttachmentKind
from infusion_desktop.deliveries.words import LineOutcome
from infusion_desktop.desktop import file_choice
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.counts import CountField
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.deliveries.sheet_files import PICTURES, SheetPicture, read_file
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import scrolled
from infusion_desktop.desktop.signature import SignaturePad
from infusion_desktop.errors import Refused, refuse_if
from reports.press import Sheet

RELATIONS = ("Patient", "Spouse", "Parent", "Child", "Caregiver", "Relative", "Neighbor", "Facility staff")
_OUTCOMES = ((LineOutcome.REFUSED, "refused"), (LineOutcome.RETURNED, "returned"),
             (LineOutcome.NOT_DELIVERED, "not delivered"))  # fmt: skip
Deliver = Callable[[Proof, Sequence[CameBack], Sequence[EquipmentBack]], object]


def read_time(typed: str) -> str:
    """The time of day somebody typed, as 14:05; otherwise Refused naming what is expected."""
    match = re.fullmatch(r"(\d{1,2}):?(\d{2})\s*([ap]m?)?", typed.strip().casefold(), re.ASCII)
    hour = int(match[1]) if match else 99
    if match and match[3]:
        hour = hour % 12 + (12 if match[3].startswith("p") else 0) if 1 <= hour <= 12 else 99
    if match is None or hour > 23 or int(match[2]) > 59:
        raise Refused("Type the time as 14:05 or 2:05 pm.")
    return f"{hour:02}:{match[2]}"


class BackRows(QWidget):
    """What did not stay: a number, an outcome and how it looks for each lot; and each pump."""

    def __init__(self, page: DeliveryPage) -> None:
        super().__init__()
        self.lots: list[tuple[LotRow, CountField, QComboBox]] = []
        self.conditions: dict[int, QComboBox] = {}
        self.goes: dict[int, QLabel] = {}
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
            CameBack(
                lot.id, units, LineOutcome(outcome.currentData()), Condition(self.conditions[lot.id].currentData())
            )
            for lot, number, outcome in self.lots
            if (units := number.number())
        )  # fmt: skip

    def check(self) -> bool:
        """Whether every number is one."""
        wrong = [number for _lot, number, _outcome in self.lots if not number.show_whether_right()]
        return not wrong

    def equipment_back(self) -> tuple[EquipmentBack, ...]:
        """The pumps and poles that did not stay."""
        return tuple(
            EquipmentBack(row.id, LineOutcome(outcome.currentData())) for row, outcome in self.equipment
            if outcome.currentData() is not None
        )  # fmt: skip

    def _add_lot(self, grid: QGridLayout, line: LineRow, lot: LotRow) -> None:
        number = CountField(f"Came back of {line.item_name} {lot.lot}")
        number.setAccessibleName(f"Came back of {line.item_name} {lot.lot}")
        number.setPlaceholderText("0")
        outcome = _outcomes()
        condition, goes = _conditions(), label("", "small", wrap=True)
        self.conditions[lot.id], self.goes[lot.id] = condition, goes

        def changed(*_what: object) -> None:
            some = bool(number.number())
            for choice in (outcome, condition):
                choice.setEnabled(some)
            found = verdict(line.kind, line.storage, LineOutcome(outcome.currentData()),
                            Condition(condition.currentData()),
                            is_held=bool(lot.held))  # fmt: skip
            goes.setText(f"goes {found.goes_to.value}: {found.why}" if some else "")

        changed()
        number.textEdited.connect(changed)
        outcome.currentIndexChanged.connect(changed)
        condition.currentIndexChanged.connect(changed)
        row = grid.rowCount()
        grid.addWidget(label(f"{line.item_name}, lot {lot.serial or lot.lot}: {lot.quantity:,} {line.unit}", wrap=True),
                       row, 0)  # fmt: skip
        grid.addWidget(number, row, 1)
        grid.addWidget(outcome, row, 2)
        grid.addWidget(condition, row, 3)
        grid.addWidget(goes, row + 1, 0, 1, 4)
        self.lots.append((lot, number, outcome))

    def _add_equipment(self, grid: QGridLayout, thing: EquipmentRow) -> None:
        outcome = QComboBox()
        outcome.addItem("stays", None)
        for value, shown in _OUTCOMES:
            outcome.addItem(shown, value)
        row = grid.rowCount()
        grid.addWidget(label(f"{thing.model} {thing.tag}", wrap=True), row, 0)
        grid.addWidget(outcome, row, 1, 1, 3)
        self.equipment.append((thing, outcome))


class DeliverDialog(DeedDialog):
    """Proof of delivery."""

    changed: ClassVar[frozenset[str]] = frozenset({"deliveries", "stock", "equipment"})  # type: ignore[misc]

    def __init__(self, context: Context, desk: Desk, page: DeliveryPage, parent: QWidget, deliver: Deliver) -> None:
        super().__init__(context, desk, f"{page.row.number} arrived", parent, save="Delivered", width=620)
        self._deliver, self._delivery_id = deliver, page.row.id
        self.received_by = TextField("Received by", required=True, longest=80)
        self.relation: ChoiceField[str] = ChoiceField(
            "Who is that", [(each, each.casefold()) for each in RELATIONS], required=True
        )
        self.day = DayField("Day", required=True)
        self.day.set_value(today())
        self.time = TextField("Time", required=True, read=read_time, longest=8, placeholder="14:05")
        self.time.set_value(f"{now_utc().astimezone():%H:%M}")
        self._offered = (self.day.typed(), self.time.typed())
        self.signed_on = DayField("Dated beside the signature", placeholder="the same day")
        self.note = TextField("Note", placeholder="Left at the side door, …")
        self.pad = SignaturePad()
        self.pad.setMinimumHeight(120)
        self.form = Form()
        self.form.section("", (self.received_by, self.relation), (self.day, self.time, self.signed_on), (self.note,))
        self.form.changed.connect(self._compare)
        self.picture = SheetPicture()
        self.picture.hide()
        self.differs = label("", "error", wrap=True)
        self.differs.hide()
        across, fields = QHBoxLayout(), QVBoxLayout()
        across.setSpacing(18)
        across.addWidget(self.picture, 1)
        across.addLayout(fields, 1)
        self.body.addLayout(across, 1)
        fields.addWidget(self.form)
        fields.addWidget(self.differs)
        self.signature_caption = label("Signature", "caption")
        fields.addWidget(self.signature_caption)
        fields.addWidget(self.pad)
        self.back = BackRows(page)
        self.back_area = scrolled(self.back)
        self.back_area.setMinimumHeight(170)
        self.back_area.hide()
        self.back_button = button("Something came back", self._show_back, icon="undo")
        self.sheet: tuple[bytes, str] = (b"", "")
        self.ask_path = file_choice.ask_what_to_read
        self.sheet_button = button("Attach signed sheet…", self._ask_sheet, icon="import")
        self.photo: tuple[bytes, str] = (b"", "")
        self.photo_button = button("Photo…", self._ask_photo, icon="eye")
        row = QHBoxLayout()
        row.addWidget(self.back_button)
        row.addWidget(self.sheet_button)
        row.addWidget(self.photo_button)
        row.addStretch(1)
        self.again_button = button("Sign again", self.pad.clear, kind="quiet")
        row.addWidget(self.again_button)
        tail = QVBoxLayout()
        tail.addLayout(row)
        tail.addWidget(self.back_area)
        fields.addLayout(tail)
        fields.addStretch(1)
        self.received_by.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        if not self.back.check():
            return None
        relation, signature, day = self.relation.value(), self.pad.png(), self.day.value()
        assert relation is not None and day is not None
        as_offered = (self.day.typed(), self.time.typed()) == self._offered
        arrived = now_utc() if as_offered else datetime.combine(day, time.fromisoformat(self.time.value())).astimezone()
        sheet, sheet_kind = self.sheet
        proof = Proof(
            self.received_by.value(), relation, arrived, signature or None, sheet or None, sheet_kind,
            self.note.value(), self.signed_on.value(),
        )  # fmt: skip
        back, equipment, deliver = self.back.came_back(), self.back.equipment_back(), self._deliver
        photo, photo_kind = self.photo
        kept = Attachment(AttachmentKind.PHOTO, photo, photo_kind) if photo else None
        database, by, delivery_id = self.context.database, self.context.user_id, self._delivery_id
        refuse_if(reasons_against_file(photo, photo_kind) if photo else ())

        def work(_override: str) -> object:
            result = deliver(proof, back, equipment)
            if kept is not None:
                attach(database, delivery_id, kept, by)
            return result

        return work

    def said(self, _result: Any) -> str:
        return "The delivery is recorded."

    def show_sheet(self, sheet: Sheet) -> None:
        """The signed sheet was scanned: it is the proof, and its picture is read from while typing."""
        self.sheet = (sheet.content, sheet.content_type)
        pages = "1 page" if sheet.pages == 1 else f"{sheet.pages} pages"
        self.picture.show_png(sheet.picture, f"The signed sheet, {pages}. Type what it says.")
        self.picture.show()
        for part in (self.pad, self.signature_caption, self.again_button):
            part.hide()
        self.sheet_button.setText("Signed sheet attached")
        self.setMinimumWidth(1100)

    def attach(self, path: Path) -> None:
        """Take the scanned sheet that the recipient signed on paper."""

        def read() -> tuple[bytes, str]:
            return read_file(path, largest=LARGEST_ATTACHMENT)

        def taken(sheet: tuple[bytes, str]) -> None:
            self.sheet = sheet
            self.banner.clear()
            self.sheet_button.setText("Signed sheet attached")

        self.desk.jobs.run(self, read, taken, lambda error: self.desk.messages.show_failure(error, self))

    def _ask_sheet(self) -> None:
        self.ask_path(self, "Attach the signed sheet", "Signed sheet (*.pdf *.png *.jpg *.jpeg)", self.attach)

    def _ask_photo(self) -> None:
        self.ask_path(self, "Add a photo", PICTURES, self.take_photo)

    def take_photo(self, path: Path) -> None:
        """A photo of the delivery at the door."""

        def taken(photo: tuple[bytes, str]) -> None:
            self.photo = photo
            self.photo_button.setText("Photo added")

        self.desk.jobs.run(
            self, lambda: read_file(path, largest=LARGEST_ATTACHMENT), taken,
            lambda error: self.desk.messages.show_failure(error, self),
        )  # fmt: skip

    def _compare(self) -> None:
        """A signature of another day than the delivery is told at once: Medicare does not take it."""
        try:
            signed_on, day = self.signed_on.value(), self.day.value()
        except Refused:
            signed_on = day = None
        differs = signed_on is not None and day is not None and signed_on != day
        self.differs.setText("The signature's day is not the day it arrived. Medicare takes only the same day.")
        self.differs.setVisible(differs)

    def _show_back(self) -> None:
        self.back_area.setVisible(not self.back_area.isVisible())
        self.adjustSize()


def _conditions() -> QComboBox:
    made = QComboBox()
    for each in Condition:
        made.addItem(each.value, each)
    made.setAccessibleName("How it looks")
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return made


def _outcomes() -> QComboBox:
    made = QComboBox()
    for value, shown in _OUTCOMES:
        made.addItem(shown, value)
    made.setAccessibleName("What happened to it")
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return made

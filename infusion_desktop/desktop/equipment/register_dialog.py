"""Registering a pump or pole: scan its label, or choose the model and type the serial number."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, MoneyField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.equipment.registering import NewAsset, register
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO
from infusion_desktop.stock.buying.receiving import Recognised, recognise
from infusion_desktop.stock.queries import ItemFound, find_items
from infusion_desktop.stock.scanning.scan_values import Scan, ScanKind
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.words import ItemId, ItemKind


@dataclass(frozen=True, slots=True)
class Prefill:
    """What a scan told already."""

    item_id: ItemId
    serial: str


class RegisterDialog(DeedDialog):
    """The model, the serial number and what else is known."""

    changed = ("equipment",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, known: Prefill | None = None) -> None:
        super().__init__(context, desk, "Register a pump or pole", parent, save="Register", width=600)
        self._known = known
        self.model: ChoiceField[ItemId] = ChoiceField("Model", required=True, hint="Pumps and poles of the catalogue.")
        self.serial = TextField("Serial number", required=True, longest=60, hint="Scan the maker's label, or type it.")
        self.tag = TextField("Tag", longest=20, hint="Left empty, the next one is given.")
        self.maintenance = DayField("Maintenance due", hint="Left empty, the model's interval from today.")
        self.owner = TextField("Owner", longest=60, placeholder="Ours, or who rents it to us")
        self.cost = MoneyField("Cost ($)")
        self.firmware = TextField("Firmware", longest=40)
        self.form = Form()
        self.form.section(
            "", (self.model,), (self.serial, self.tag), (self.maintenance, self.cost), (self.owner, self.firmware)
        )
        self.body.addWidget(label("It starts as received: clean and check it next.", "muted", wrap=True))
        self.body.addWidget(self.form)
        database = context.database
        desk.jobs.run(self, lambda: _models(database), self._show_models, self._failed)
        if known is not None:
            self.serial.set_value(known.serial)
        self.serial.setFocus()

    def on_scan(self, raw: str) -> None:
        try:
            scan = read_scan(raw, today=today())
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return
        if scan.kind is ScanKind.ASSET:
            self.tag.set_value(scan.code)
        elif scan.kind is ScanKind.TEXT:
            self.serial.set_value(scan.code)
        elif scan.kind is ScanKind.PRODUCT:
            if scan.serial:
                self.serial.set_value(scan.serial)
            database = self.context.database
            if scan.gtin14 or scan.code:
                self.desk.jobs.run(self, lambda: _recognise(database, scan), self._show_scanned, self._failed)
        else:
            self.desk.messages.wrong("Scan the maker's label on the pump or pole.")

    def deed(self) -> Callable[[str], Any] | None:
        item_id = self.model.value() if self.form.check() else None
        if item_id is None:
            return None
        new = NewAsset(
            item_id, self.serial.value(), self.tag.value(), self.maintenance.value(), self.owner.value(),
            self.cost.value() or ZERO, self.firmware.value(),
        )  # fmt: skip
        database, by = self.context.database, self.context.user_id
        return lambda _override: register(database, new, by)

    def said(self, _result: Any) -> str:
        return f"Serial number {self.serial.value().upper()} is registered."

    def _show_models(self, models: tuple[ItemFound, ...]) -> None:
        self.model.set_choices([(f"{item.name} ({item.number})", item.id) for item in models])
        if self._known is not None:
            self.model.set_value(self._known.item_id)
        elif len(models) == 1:
            self.model.set_value(models[0].id)
        if not models:
            self.model.complain("There is no pump or pole in the catalogue. Add the model there first.")

    def _show_scanned(self, known: Recognised) -> None:
        if known.item_id is None or not known.is_equipment:
            self.desk.messages.wrong("This is no pump or pole of the catalogue. Add the model there first.")
        else:
            self.model.set_value(known.item_id)

    def _failed(self, error: Exception) -> None:
        self.desk.messages.show_failure(error, self)


def _models(database: Database) -> tuple[ItemFound, ...]:
    with database.reading() as session:
        return find_items(session, "", kinds=(ItemKind.PUMP, ItemKind.POLE), limit=500)


def _recognise(database: Database, scan: Scan) -> Recognised:
    with database.reading() as session:
        return recognise(session, scan, today())

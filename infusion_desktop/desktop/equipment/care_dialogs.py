"""Dialogs of a technician's deeds that ask for more than a reason: what came back with it, meter, bill, versions."""

from collections.abc import Iterable
from typing import Any

from PySide6.QtWidgets import QCheckBox, QWidget

from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import DayField, Form, MoneyField, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.equipment import custody
from infusion_desktop.equipment.correcting import Versions, set_maintenance_due, set_versions
from infusion_desktop.equipment.models import ModelFacts
from infusion_desktop.equipment.queries import AssetRow


class AssetDialog(DeedDialog):
    """A dialog about one pump or pole: its name stands at the top."""

    changed: Iterable[str] = ("equipment",)

    def __init__(self, context: Context, desk: Desk, title: str, row: AssetRow, parent: QWidget, **look: Any) -> None:
        super().__init__(context, desk, title, parent, **look)
        self.row = row
        self.body.addWidget(label(f"{row.tag}, {row.item_name}, serial number {row.serial}", "muted", wrap=True))
        self.form = Form()


class TakeBackDialog(AssetDialog):
    """What came back with it: a tick for each accessory, the hour meter, how it looks."""

    changed: Iterable[str] = ("equipment", "deliveries")

    def __init__(self, context: Context, desk: Desk, row: AssetRow, model: ModelFacts, parent: QWidget) -> None:
        super().__init__(context, desk, "Take it back", row, parent, save="Take back")
        self.boxes: dict[str, QCheckBox] = {}
        if model.accessories:
            self.body.addWidget(label("Untick what did not come back with it.", wrap=True))
        for name in model.accessories:
            box = QCheckBox(name)
            box.setChecked(True)
            self.boxes[name] = box
            self.body.addWidget(box)
        self.hours = QuantityField("Hour meter", most=9_999_999, hint=f"It was {row.run_hours:,} before.")
        self.note = TextField("Condition", placeholder="clean case, cord wrapped, nothing broken")
        self.form.section("", (self.hours, self.note) if model.maintenance_hours else (self.note,))
        self.hours.setVisible(bool(model.maintenance_hours))
        self.body.addWidget(self.form)
        self.save_button.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        lacks = [name for name, box in self.boxes.items() if not box.isChecked()]
        hours = self.hours.value() if not self.hours.isHidden() else None
        database, by, asset_id, note = self.context.database, self.context.user_id, self.row.id, self.note.value()
        return lambda _override: custody.take_back(database, asset_id, by, None, note, lacks=lacks, run_hours=hours)

    def said(self, _result: Any) -> str:
        return f"{self.row.tag} is back and dirty."


class MaintenanceDialog(AssetDialog):
    """What was done, and what the meter says where hours count."""

    def __init__(self, context: Context, desk: Desk, row: AssetRow, model: ModelFacts, parent: QWidget) -> None:
        super().__init__(context, desk, "Maintenance is done", row, parent, save="Maintenance done")
        self.work_done = TextField("What was done", placeholder="per service manual, battery replaced", required=True)
        self.hours = QuantityField("Hour meter", most=9_999_999, hint=f"It was {row.run_hours:,} before.")
        self.form.section("", (self.work_done,), *(((self.hours,),) if model.maintenance_hours else ()))
        self.hours.setVisible(bool(model.maintenance_hours))
        self.body.addWidget(self.form)
        self.work_done.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        hours = self.hours.value() if not self.hours.isHidden() else None
        database, by, asset_id, note = self.context.database, self.context.user_id, self.row.id, self.work_done.value()
        return lambda _override: custody.finish_maintenance(database, asset_id, by, None, note, run_hours=hours)

    def said(self, _result: Any) -> str:
        return f"{self.row.tag} is maintained; check it next."


class VendorDialog(AssetDialog):
    """What is wrong with it, and under which number the vendor takes it."""

    def __init__(self, context: Context, desk: Desk, row: AssetRow, parent: QWidget) -> None:
        super().__init__(context, desk, "Send it for repair", row, parent, save="Send for repair")
        self.vendor = TextField("Vendor", longest=60, placeholder="who repairs it")
        self.number = TextField("Return number (RMA)", longest=40)
        self.wrong = TextField("What is wrong", required=True)
        self.wrong.set_value(row.fault)
        self.form.section("", (self.wrong,), (self.vendor, self.number))
        self.body.addWidget(self.form)
        self.wrong.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        number = self.number.value()
        note = self.wrong.value() + (f" (RMA {number})" if number else "")
        database, by, asset_id, vendor = self.context.database, self.context.user_id, self.row.id, self.vendor.value()
        return lambda _override: custody.send_to_vendor(database, asset_id, by, None, note, vendor=vendor)

    def said(self, _result: Any) -> str:
        return f"{self.row.tag} is out for repair."


class BackFromVendorDialog(AssetDialog):
    """What the vendor did, and the bill: it counts in the cost of a day in use."""

    def __init__(self, context: Context, desk: Desk, row: AssetRow, parent: QWidget) -> None:
        super().__init__(context, desk, "Back from repair", row, parent, save="Book it in")
        self.work_done = TextField("What was done", placeholder="sensor replaced")
        self.cost = MoneyField("Repair cost ($)", hint="Left empty under warranty.")
        self.form.section("", (self.work_done,), (self.cost,))
        self.body.addWidget(self.form)
        self.work_done.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        database, by, asset_id, note = self.context.database, self.context.user_id, self.row.id, self.work_done.value()
        cost = self.cost.value()
        return lambda _override: custody.return_from_vendor(database, asset_id, by, None, note, cost=cost)

    def said(self, _result: Any) -> str:
        return f"{self.row.tag} is back from repair; clean it next."


class VersionsDialog(AssetDialog):
    """The software and drug library it runs now; what its model asks for is offered."""

    def __init__(self, context: Context, desk: Desk, row: AssetRow, model: ModelFacts, parent: QWidget) -> None:
        super().__init__(context, desk, "Software and drug library", row, parent)
        wanted = (f"Its model asks for {model.firmware}." if model.firmware else "",
                  f"Its model asks for {model.library}." if model.library else "")  # fmt: skip
        self.firmware = TextField("Software", longest=60, hint=wanted[0])
        self.library = TextField("Drug library", longest=60, hint=wanted[1])
        self.firmware.set_value(model.firmware or row.firmware)
        self.library.set_value(model.library or row.library)
        self.form.section("", (self.firmware, self.library))
        has = f"It has software {row.firmware or '(unknown)'} and drug library {row.library or '(unknown)'}."
        self.body.addWidget(label(has, wrap=True))
        self.body.addWidget(self.form)
        self.firmware.setFocus()

    def deed(self) -> Deed | None:
        versions = Versions(self.firmware.value(), self.library.value())
        database, by, asset_id = self.context.database, self.context.user_id, self.row.id
        was = Versions(self.row.firmware, self.row.library)
        return lambda _override: set_versions(database, asset_id, versions, by, was=was)

    def said(self, _result: Any) -> str:
        return f"The versions of {self.row.tag} are kept."


class DueDayDialog(AssetDialog):
    """Another day on which maintenance is due."""

    def __init__(self, context: Context, desk: Desk, row: AssetRow, parent: QWidget) -> None:
        super().__init__(context, desk, "When maintenance is due", row, parent)
        self.due = DayField("Maintenance due", required=True)
        self.due.set_value(row.maintenance_due_on)
        self.why = TextField("Why the day changes", required=True, placeholder="letter from the maker")
        self.form.section("", (self.due, self.why))
        self.body.addWidget(self.form)
        self.due.setFocus()

    def deed(self) -> Deed | None:
        due = self.due.value() if self.form.check() else None
        if due is None:
            return None
        database, by, asset_id, why = self.context.database, self.context.user_id, self.row.id, self.why.value()
        was = self.row.maintenance_due_on
        return lambda _override: set_maintenance_due(database, asset_id, due, why, by, was=was)

    def said(self, _result: Any) -> str:
        return f"The due day of {self.row.tag} is kept."

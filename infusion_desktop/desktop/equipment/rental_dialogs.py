"""Dialogs of rentals: what a vendor asks, and another day by which it must be back."""

from typing import Any

from PySide6.QtWidgets import QWidget

from infusion_desktop.dates import today
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.equipment.care_dialogs import AssetDialog
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, MoneyField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.equipment.queries import AssetRow
from infusion_desktop.equipment.rentals import NewRental, RentalRow, extend, rent
from infusion_desktop.equipment.words import Per


class RentDialog(AssetDialog):
    """Notes that a registered pump is rented."""

    def __init__(self, context: Context, desk: Desk, row: AssetRow, parent: QWidget) -> None:
        super().__init__(context, desk, "This pump is rented", row, parent, save="Keep the rental", width=560)
        self.vendor = TextField("Vendor", required=True, longest=60)
        self.vendor.set_value(row.owner)
        self.agreement = TextField("Agreement number", longest=40)
        self.rate = MoneyField("Rate ($)", required=True)
        self.per: ChoiceField[Per] = ChoiceField("For each", [(each.value, each) for each in Per], required=True)
        self.per.set_value(Per.DAY)
        self.starts = DayField("Since", required=True)
        self.starts.set_value(today())
        self.back = DayField("Back by", hint="The last day it may be here; left empty where that is open.")
        self.form.section("", (self.vendor, self.agreement), (self.rate, self.per), (self.starts, self.back))
        self.body.addWidget(self.form)
        self.vendor.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        rate, per, starts = self.rate.value(), self.per.value(), self.starts.value()
        if rate is None or per is None or starts is None:
            return None
        new = NewRental(self.vendor.value(), rate, per, starts, self.back.value(), self.agreement.value())
        database, by, asset_id = self.context.database, self.context.user_id, self.row.id
        return lambda _override: rent(database, asset_id, new, by)

    def said(self, _result: Any) -> str:
        return f"{self.row.tag} is kept as rented."


class ExtendDialog(DeedDialog):
    """Another day by which a rented pump must be back."""

    changed = ("equipment",)

    def __init__(self, context: Context, desk: Desk, row: RentalRow, parent: QWidget) -> None:
        super().__init__(context, desk, f"Extend the rental of {row.tag}", parent)
        self.row = row
        self.back = DayField("Back by", hint="Left empty where it is open.")
        self.back.set_value(row.return_by)
        self.reason = TextField("What was agreed", required=True, placeholder="with whom, under which number")
        self.form = Form()
        self.form.section("", (self.back, self.reason))
        self.body.addWidget(label(f"{row.item_name}, rented from {row.vendor}.", "muted", wrap=True))
        self.body.addWidget(self.form)
        self.back.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        database, by, row = self.context.database, self.context.user_id, self.row
        back, reason = self.back.value(), self.reason.value()
        return lambda _override: extend(database, row.id, back, reason, row.version, by)

    def said(self, _result: Any) -> str:
        return f"The rental of {self.row.tag} is extended."

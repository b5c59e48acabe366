"""Small deeds on a payer's contract: a price, the end of a price, the end of the contract."""

from datetime import date
from decimal import Decimal

from PySide6.QtWidgets import QWidget

from infusion_desktop.billing.rules.therapy import RateBasis
from infusion_desktop.billing.terms.contracts import end_contract
from infusion_desktop.billing.terms.fees import KeptFee, NewFee, add_fee, end_fee
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, MoneyField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.money import show_money
from infusion_desktop.patients.words import PayerId


class PriceDialog(DeedDialog):
    """One price."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, payer: PayerId) -> None:
        super().__init__(context, desk, "A price of this payer", parent, width=620)
        self._payer = payer
        self.code = TextField("Code", required=True, placeholder="S9500", longest=5)
        self.modifiers = TextField("Only with modifiers", placeholder="SH")
        bases = [(each.words.capitalize(), each) for each in RateBasis]
        bases[0] = ("Per diem, or the code's own unit", RateBasis.PER_DIEM)
        self.basis: ChoiceField[RateBasis] = ChoiceField("Pays for one", bases, required=True)
        self.basis.set_value(RateBasis.PER_DIEM)
        self.rate = MoneyField("The contract pays for one unit", required=True)
        self.charge = MoneyField("We charge for one unit", required=True)
        self.starts_on = DayField("From", required=True)
        self.starts_on.set_value(date(today().year, 1, 1))
        self.category = TextField("Medicare category", placeholder="CR", longest=2, hint="CR is a capped rental.")
        self.drug = TextField("Only for the drug", placeholder="item number", longest=40, hint="Empty: for every drug.")
        self.form = Form()
        self.form.section(
            "", (self.code, self.modifiers, self.basis), (self.rate, self.charge),
            (self.starts_on, self.category, self.drug),
        )  # fmt: skip
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        new = NewFee(
            self.code.value().upper(),
            self.rate.value() or Decimal(0),
            self.charge.value() or Decimal(0),
            self.starts_on.value() or today(),
            modifiers=tuple(self.modifiers.value().upper().split()),
            basis=self.basis.value() or RateBasis.PER_DIEM,
            rate_key=self.drug.value(),
            category=self.category.value().upper(),
        )
        database, by, payer = self.context.database, self.context.user_id, self._payer
        return lambda _why: add_fee(database, payer, new, by)

    def said(self, _result: object) -> str:
        return "The price is kept."


class EndPriceDialog(DeedDialog):
    """The last day of a price."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, kept: KeptFee) -> None:
        super().__init__(context, desk, "End a price", parent, save="End the price")
        self._kept = kept
        fee = kept.fee
        code = " ".join([fee.code, *fee.modifiers])
        self.body.addWidget(
            label(f"{code} pays {show_money(fee.rate)} {fee.pays_for} from {show_day(fee.starts_on)}.", wrap=True)
        )
        self.last_on = DayField("Its last day", required=True)
        self.last_on.set_value(fee.ends_on or today())
        self.form = Form()
        self.form.section("", (self.last_on,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        day = self.last_on.value() if self.form.check() else None
        if day is None:
            return None
        database, by, fee = self.context.database, self.context.user_id, self._kept.id
        return lambda _why: end_fee(database, fee, day, by)

    def said(self, _result: object) -> str:
        return "The price ends on that day."


class EndContractDialog(DeedDialog):
    """The last day of a payer's rules and prices."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, payer: PayerId, name: str) -> None:
        super().__init__(context, desk, f"End the contract with {name}", parent, save="End the contract", kind="danger")
        self._payer = payer
        told = "Its rules and every price end on that day. Days after it cannot be counted until new rules begin."
        self.body.addWidget(label(told, "muted", wrap=True))
        self.last_on = DayField("Its last day", required=True)
        self.reason = TextField("Why", required=True, placeholder="Not renewed")
        self.form = Form()
        self.form.section("", (self.last_on, self.reason))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        day = self.last_on.value() if self.form.check() else None
        if day is None:
            return None
        database, by, payer, why = self.context.database, self.context.user_id, self._payer, self.reason.value()
        return lambda _override: end_contract(database, payer, day, by, why)

    def said(self, result: object) -> str:
        return f"The contract ends on that day, with {result} prices."

"""Dialogs about money: a deposit, a patient's payment, a refund, a write-off, who works on a payer, a posting rule."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from PySide6.QtWidgets import QWidget

from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.money.adjusting import WRITE_OFF_REASONS, move_balance, write_off
from infusion_desktop.billing.money.aging import OpenClaim
from infusion_desktop.billing.money.collectors import CollectorRow, assign_collector
from infusion_desktop.billing.money.deposits import (
    DepositRow,
    NewDeposit,
    RemittanceRow,
    add_deposit,
    tie,
    withdraw_deposit,
)
from infusion_desktop.billing.money.eob import take_back_paper
from infusion_desktop.billing.money.equipment_charges import refund_charge
from infusion_desktop.billing.money.patient_money import (
    METHODS,
    NewPatientPayment,
    PatientOwes,
    refund,
    take_patient_payment,
)
from infusion_desktop.billing.money.posting_rules import add_posting_rule
from infusion_desktop.billing.money.set_aside import ItemRow, place_item
from infusion_desktop.billing.words import Account, ClaimId, Outcome
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, MoneyField, NotesField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.why_dialog import WhyDialog
from infusion_desktop.money import ZERO, show_money
from infusion_desktop.patients.words import PayerId

OWERS = (("the payer", Account.PAYER), ("the patient", Account.PATIENT))


class DepositDialog(DeedDialog):
    """A line of the bank statement."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, remittance: RemittanceRow | None = None) -> None:
        super().__init__(context, desk, "A deposit of the bank statement", parent)
        self.reference = TextField("Check or transfer number", required=True, hint="As the bank shows it.")
        self.deposited_on = DayField("Date", required=True)
        self.amount = MoneyField(
            "Amount", required=True, allow_negative=True, hint="Negative where a payer took money."
        )
        self.payer_name = TextField("From")
        self.deposited_on.set_value(today())
        if remittance is not None:
            self.reference.set_value(remittance.trace)
            self.payer_name.set_value(remittance.payer)
        self.form = Form()
        self.form.section("", (self.reference, self.payer_name), (self.deposited_on, self.amount))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        new = NewDeposit(
            self.deposited_on.value() or today(), self.amount.value() or Decimal(0), self.reference.value(),
            self.payer_name.value(),
        )  # fmt: skip
        database, by = self.context.database, self.context.user_id
        return lambda _why: add_deposit(database, new, by)

    def said(self, _result: object) -> str:
        return "The deposit is kept. A remittance with its number is tied to it."


class TieDialog(DeedDialog):
    """Which deposit brought a remittance."""

    changed = ("billing",)

    def __init__(
        self, context: Context, desk: Desk, parent: QWidget, row: RemittanceRow, deposits: Sequence[DepositRow]
    ) -> None:
        super().__init__(context, desk, f"Which deposit brought {row.trace}?", parent)
        self._row = row
        choices = [
            (f"{each.deposit.reference}, {show_day(each.deposit.deposited_on)}: {show_money(each.left)} left", each)
            for each in deposits
            if not each.withdrawn and each.left
        ]
        self.deposit: ChoiceField[DepositRow] = ChoiceField("Deposit", choices, required=True)
        self.form = Form()
        self.form.section("", (self.deposit,))
        self.body.addWidget(label(f"{row.payer}, {show_money(row.amount)}", "muted"))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        chosen = self.deposit.value() if self.form.check() else None
        if chosen is None:
            return None
        database, by, row, deposit = self.context.database, self.context.user_id, self._row.id, chosen.id
        return lambda _why: tie(database, row, deposit, by)

    def said(self, _result: object) -> str:
        return "The remittance is tied to its deposit."


def paper_dialog(context: Context, desk: Desk, parent: QWidget, row: RemittanceRow) -> WhyDialog:
    """What was typed wrong on a paper."""
    told = (
        f"Everything that {row.trace} of {row.payer} said is reversed; both stay on record. Type the right paper then, "
        f"under a number of its own where the amount is the same, such as {row.trace}-2."
    )
    return WhyDialog(
        context, desk, parent, "Take back a paper",
        lambda database, by, why: take_back_paper(database, row.id, why, by), told=told, save="Take it back",
        field="What was typed wrong", said="The paper is taken back. Type the right one.",
    )  # fmt: skip


def withdraw_dialog(context: Context, desk: Desk, parent: QWidget, row: DepositRow) -> WhyDialog:
    """Why a deposit is taken back."""
    deposit = row.id
    return WhyDialog(
        context, desk, parent, f"Take back deposit {row.deposit.reference}",
        lambda database, by, why: withdraw_deposit(database, deposit, by, why), save="Take back", kind="danger",
    )  # fmt: skip


class PlaceDialog(DeedDialog):
    """Which claim of ours a payment of an unknown claim is for."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, row: ItemRow) -> None:
        super().__init__(context, desk, f"Whose are {show_money(row.amount)}?", parent, save="Place it")
        self._row = row
        told = f"The payer calls the claim {row.reference}. Ask the payer for patient and days, then name our claim."
        if row.amount < ZERO:
            told = f"The payer took it back, for {row.reference}. Name the claim that it had paid too much for."
        self.body.addWidget(label(told, "muted", wrap=True))
        self.number = TextField("Our claim", required=True, placeholder="C0000123")
        self.number.set_value(row.claim)
        self.form = Form()
        self.form.section("", (self.number,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        database, by, item, number = self.context.database, self.context.user_id, self._row.id, self.number.value()
        return lambda _why: place_item(database, item, number, by)

    def said(self, _result: object) -> str:
        return "The payment stands on the claim now."


class PatientPaymentDialog(DeedDialog):
    """Money a patient gave."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, row: PatientOwes) -> None:
        super().__init__(context, desk, "A patient's payment", parent)
        self._row = row
        told = f"{row.patient} owes {show_money(row.owed)}. The oldest share is paid first."
        if row.for_equipment:
            told += f" {show_money(row.for_equipment)} of it are for equipment, paid last."
        self.body.addWidget(label(told, "muted", wrap=True))
        self.amount = MoneyField("Amount", required=True)
        self.amount.set_value(max(row.owed, Decimal(0)))
        self.method: ChoiceField[str] = ChoiceField("Paid by", [(each, each) for each in METHODS], required=True)
        self.number = TextField("Check or receipt number")
        self.received_on = DayField("Received", required=True)
        self.received_on.set_value(today())
        self.form = Form()
        self.form.section("", (self.amount, self.received_on), (self.method, self.number))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        new = NewPatientPayment(
            self._row.patient_id, self.amount.value() or Decimal(0), self.method.value() or "", self.number.value(),
            self.received_on.value(),
        )  # fmt: skip
        database, by = self.context.database, self.context.user_id
        return lambda why: take_patient_payment(database, new, by, why)

    def said(self, result: object) -> str:
        told = ", ".join(f"{show_money(amount)} to {claim}" for claim, amount in result)  # type: ignore[attr-defined]
        return f"Posted: {told}."


class RefundDialog(DeedDialog):
    """Give a credit back."""

    changed = ("billing",)

    def __init__(
        self, context: Context, desk: Desk, parent: QWidget, row: OpenClaim
    ) -> None:  # fmt: skip
        what = "claim" if row.charge_id is None else "charge"
        super().__init__(context, desk, f"Refund of {what} {row.claim}", parent, save="Post the refund")
        self._row = row
        told = f"A credit of {show_money(-row.owed)} belongs to the {row.account.value}."
        self.body.addWidget(label(told, "muted"))
        self.amount = MoneyField("Amount", required=True)
        self.amount.set_value(-row.owed)
        self.number = TextField("Check or transfer number", required=True)
        self.form = Form()
        self.form.section("", (self.amount, self.number))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        amount, number = self.amount.value() or Decimal(0), self.number.value()
        database, by, row = self.context.database, self.context.user_id, self._row
        charge, claim = row.charge_id, row.claim_id
        if charge is not None:
            return lambda _why: refund_charge(database, charge, amount, number, by)
        assert claim is not None
        return lambda _why: refund(database, claim, row.account, amount, number, by)

    def said(self, _result: object) -> str:
        return "The refund is posted."


class AdjustDialog(DeedDialog):
    """Write off, or say that somebody else owes it."""

    changed = ("billing",)

    def __init__(
        self, context: Context, desk: Desk, parent: QWidget, claim: ClaimId, number: str, owed: dict[Account, Decimal]
    ) -> None:
        super().__init__(context, desk, f"Adjust claim {number}", parent, save="Post", kind="danger")
        self._claim = claim
        told = f"The payer owes {show_money(owed[Account.PAYER])}, the patient {show_money(owed[Account.PATIENT])}."
        self.body.addWidget(label(told, "muted"))
        choices = [(f"Write off what {name} owes", (account, True)) for name, account in OWERS]
        choices += [("The patient owes it, not the payer", (Account.PATIENT, False)),
                    ("The payer owes it, not the patient", (Account.PAYER, False))]  # fmt: skip
        self.what: ChoiceField[tuple[Account, bool]] = ChoiceField("What", choices, required=True)
        self.amount = MoneyField("Amount", hint="Empty for all of it.")
        self.reason: ChoiceField[str] = ChoiceField("Reason of the write-off", [(r, r) for r in WRITE_OFF_REASONS])
        self.note = NotesField("Note", lines=2, hint="Needed when somebody else owes it.")
        self.form = Form()
        self.form.section("", (self.what, self.amount), (self.reason,), (self.note,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        chosen = self.what.value() if self.form.check() else None
        if chosen is None:
            return None
        account, off = chosen
        amount, note, reason = self.amount.value(), self.note.value(), self.reason.value() or ""
        database, by, claim = self.context.database, self.context.user_id, self._claim
        if off:
            return lambda _why: write_off(database, claim, account, amount, reason, by, note)
        return lambda _why: move_balance(database, claim, account, amount, by, note)

    def said(self, result: object) -> str:
        return f"{show_money(result)} posted." if isinstance(result, Decimal) else ""


class CollectorDialog(DeedDialog):
    """Who works on what a payer owes."""

    changed = ("billing",)

    def __init__(
        self, context: Context, desk: Desk, parent: QWidget, row: CollectorRow, people: Sequence[tuple[str, UserId]]
    ) -> None:
        super().__init__(context, desk, f"Who works on {row.payer}?", parent)
        self._row = row
        self.person: ChoiceField[UserId] = ChoiceField("Person", people, required=True)
        self.person.set_value(row.staff_id)
        self.form = Form()
        self.form.section("", (self.person,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        person = self.person.value() if self.form.check() else None
        if person is None:
            return None
        database, by, row = self.context.database, self.context.user_id, self._row
        return lambda _why: assign_collector(database, row.payer_id, person, by, was=row.staff_id)

    def said(self, _result: object) -> str:
        return "Assigned from today on."


class PostingRuleDialog(DeedDialog):
    """What an adjustment does to what is owed."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, payers: Sequence[tuple[str, PayerId]]) -> None:
        super().__init__(context, desk, "A posting rule", parent)
        everybody: list[tuple[str, PayerId | None]] = [("every payer", None), *payers]
        self.payer: ChoiceField[PayerId | None] = ChoiceField("Payer", everybody, required=True)
        groups = [("CO contract", "CO"), ("PR patient", "PR"), ("OA other", "OA"), ("PI payer's own", "PI")]
        self.group: ChoiceField[str] = ChoiceField("Group", groups, required=True)
        self.reason = TextField("Reason code", longest=5, hint="Such as 45; empty for all others of the group.")
        outcomes = [(each.value, each) for each in Outcome]
        self.outcome: ChoiceField[Outcome] = ChoiceField("What happens", outcomes, required=True)
        self.starts_on = DayField("From", required=True)
        self.starts_on.set_value(today())
        self.note = TextField("Note", placeholder="Where it is written")
        self.form = Form()
        self.form.section("", (self.payer, self.starts_on), (self.group, self.reason), (self.outcome,), (self.note,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        outcome = self.outcome.value() if self.form.check() else None
        if outcome is None:
            return None
        payer, group, reason = self.payer.value(), self.group.value() or "", self.reason.value()
        day: date = self.starts_on.value() or today()
        database, by, note = self.context.database, self.context.user_id, self.note.value()
        return lambda _why: add_posting_rule(database, payer, group, reason, outcome, day, by, note)

    def said(self, _result: object) -> str:
        return "The rule counts for what is posted from that day on."

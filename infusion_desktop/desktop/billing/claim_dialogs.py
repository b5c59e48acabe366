"""Dialogs about one claim: replace it, void it, and where a printer puts the CMS-1500's text."""

from collections.abc import Sequence
from decimal import Decimal

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QWidget

from infusion_desktop.billing.claiming.checking import give_delay_reason
from infusion_desktop.billing.claiming.claims import print_claims, replace_claim, void_claim
from infusion_desktop.billing.money.adjusting import undo_write_off
from infusion_desktop.billing.money.patient_money import take_back_payment
from infusion_desktop.billing.queries import ClaimPage
from infusion_desktop.billing.words import ClaimId
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, Form, MoneyField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.why_dialog import WhyDialog
from infusion_desktop.edi.claim_checks import DELAY_REASONS
from infusion_desktop.errors import Refused
from infusion_desktop.money import read_number, show_money

_RIGHT, _DOWN = "cms1500/right", "cms1500/down"


def replace_dialog(context: Context, desk: Desk, parent: QWidget, claim: ClaimId, number: str) -> WhyDialog:
    """Why a claim is replaced."""
    return WhyDialog(
        context, desk, parent, f"Replace claim {number}",
        lambda database, by, why: replace_claim(database, claim, by, why),
        told="The month is counted again with what is known now. All lines go to the payer again, under the same "
        "number and with the payer's own number of the first claim. One that was refused before is drafted anew.",
        field="What is put right", save="Draft the replacement",
        said="The replacement is drafted. Check it, then write its file.",
    )  # fmt: skip


def void_dialog(context: Context, desk: Desk, parent: QWidget, claim: ClaimId, number: str) -> WhyDialog:
    """Why a claim is voided."""
    return WhyDialog(
        context, desk, parent, f"Void claim {number}", lambda database, by, why: void_claim(database, claim, by, why),
        told="A claim that never left, or was refused, is closed here, and no run makes it again until you say so "
        "(Correct, Bill it after all). One the payer has decided on gets a void claim (frequency 8), ready for the "
        "next file; its charges are taken back when that file is written.",
        save="Void", kind="danger",
        said=lambda made: "The claim is voided." if made == claim else "The void claim is ready: write its file.",
    )  # fmt: skip


class DelayDialog(DeedDialog):
    """Why a claim is filed after the payer's limit."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, page: ClaimPage) -> None:
        super().__init__(context, desk, f"Claim {page.row.number} comes late", parent, save="Save and check")
        self._page = page
        told = "The payer reads the reason in the claim. Keep what proves it: a refusal, a letter, an answer."
        self.body.addWidget(label(told, "muted", wrap=True))
        choices = [(words, code) for code, words in DELAY_REASONS.items()]
        self.reason: ChoiceField[str] = ChoiceField("Why it comes late", choices, required=True)
        self.reason.set_value(page.delay_reason or None)
        self.form = Form()
        self.form.section("", (self.reason,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        reason = self.reason.value() if self.form.check() else None
        if reason is None:
            return None
        database, by, page = self.context.database, self.context.user_id, self._page
        return lambda _why: give_delay_reason(database, page.row.id, reason, by, was=page.delay_reason)

    def said(self, _result: object) -> str:
        return "The reason stands in the claim, and it was checked again."


def undo_dialog(context: Context, desk: Desk, parent: QWidget, entry: int, told: str) -> WhyDialog:
    """Why a write-off is put back."""
    return WhyDialog(
        context, desk, parent, "Undo a write-off", lambda database, by, why: undo_write_off(database, entry, by, why),
        told=told, save="Put it back", said="It is owed again; both entries stay in the ledger.",
    )  # fmt: skip


def payment_dialog(context: Context, desk: Desk, parent: QWidget, entry: int, note: str) -> WhyDialog:
    """Why a patient's payment is taken back."""
    return WhyDialog(
        context, desk, parent, "Take back a payment of the patient",
        lambda database, by, why: take_back_payment(database, entry, why, by),
        told=f"The whole payment ({note}) is owed again, on every claim it was put to.", save="Take it back",
        said=lambda amount: f"{show_money(amount)} are owed by the patient again; all entries stay in the ledger.",
    )  # fmt: skip


class OffsetDialog(DeedDialog):
    """How far this computer's printer misses the pre-printed form; kept on this computer.

    With ``claims`` they are sent on paper: charged, and marked as sent.
    """

    changed = ("billing",)

    def __init__(
        self, context: Context, desk: Desk, parent: QWidget, kept: QSettings | None, claims: Sequence[ClaimId] = ()
    ) -> None:
        save = "Send on paper" if claims else "Preview"
        super().__init__(context, desk, "Text for the pre-printed CMS-1500", parent, save=save)
        self._kept, self._claims = kept, tuple(claims)
        told = (
            "Print one on plain paper first and hold it against a form. Shift the text in millimetres until it fits; "
            "this computer keeps the numbers. Print at 100 percent, without fitting to the page."
        )
        self.body.addWidget(label(told, "muted", wrap=True))
        self.right = MoneyField("To the right (mm)", allow_negative=True, hint="Negative shifts to the left.")
        self.down = MoneyField("Down (mm)", allow_negative=True, hint="Negative shifts up.")
        for field, key in ((self.right, _RIGHT), (self.down, _DOWN)):
            field.set_value(_number(kept.value(key) if kept is not None else None))
        self.form = Form()
        self.form.section("", (self.right, self.down))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        offset = self.right.value() or Decimal(0), self.down.value() or Decimal(0)
        if self._kept is not None:
            for key, value in zip((_RIGHT, _DOWN), offset, strict=True):
                self._kept.setValue(key, str(value))
        if not self._claims:
            return lambda _why: offset
        database, by, claims = self.context.database, self.context.user_id, self._claims
        return lambda _why: print_claims(database, claims, by, *offset)

    def said(self, _result: object) -> str:
        return "The claims are sent on paper: print the forms and mail them." if self._claims else ""


def _number(kept: object) -> Decimal:
    try:
        return read_number(str(kept), 2, 3)
    except Refused:
        return Decimal(0)

"""A new payer, asked for by billing and while a patient is admitted."""

from PySide6.QtWidgets import QWidget

from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, Form, TextField
from infusion_desktop.patients.payers import NewPayer, add_payer
from infusion_desktop.patients.words import PayerKind


def kind_words(kind: PayerKind) -> str:
    """What a kind of payer is called."""
    return {PayerKind.HMO: "HMO", PayerKind.MEDICARE_B: "Medicare Part B"}.get(
        kind, kind.name.replace("_", " ").capitalize()
    )


class PayerDialog(DeedDialog):
    """A new payer."""

    changed = ("billing", "patients")

    def __init__(self, context: Context, desk: Desk, parent: QWidget) -> None:
        super().__init__(context, desk, "A new payer", parent, save="Add")
        self.name = TextField("Name", required=True)
        self.code = TextField("Payer id in claim files", required=True)
        kinds = [(kind_words(each), each) for each in PayerKind]
        self.kind: ChoiceField[PayerKind] = ChoiceField("Kind", kinds, required=True)
        self.form = Form()
        self.form.section("", (self.name,), (self.code, self.kind))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        kind = self.kind.value() if self.form.check() else None
        if kind is None:
            return None
        new, database, by = (
            NewPayer(self.name.value(), self.code.value(), kind),
            self.context.database,
            self.context.user_id,
        )
        return lambda _why: add_payer(database, new, by)

    def said(self, _result: object) -> str:
        return "The payer is added. Set its rules and prices next."

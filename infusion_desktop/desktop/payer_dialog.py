"""A payer: a new one, asked for by billing and while a patient is admitted, and one whose particulars change."""

from dataclasses import replace

from PySide6.QtWidgets import QWidget

from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, Form, TextField
from infusion_desktop.identifiers import show_phone, show_zip
from infusion_desktop.patients.payers import NewPayer, add_payer, edit_payer
from infusion_desktop.patients.queries import PayerRow
from infusion_desktop.patients.words import PayerKind


def kind_words(kind: PayerKind) -> str:
    """What a kind of payer is called."""
    return {PayerKind.HMO: "HMO", PayerKind.MEDICARE_B: "Medicare Part B"}.get(
        kind, kind.name.replace("_", " ").capitalize()
    )


class PayerDialog(DeedDialog):
    """Who a payer is, and where its forms and letters go."""

    changed = ("billing", "patients")

    def __init__(self, context: Context, desk: Desk, parent: QWidget, row: PayerRow | None = None) -> None:
        super().__init__(
            context, desk, "A new payer" if row is None else "Change the payer", parent,
            save="Add" if row is None else "Save", width=620,
        )  # fmt: skip
        self.row = row
        self.name = TextField("Name", required=True)
        self.code = TextField("Payer id in claim files", required=True)
        kinds = [(kind_words(each), each) for each in PayerKind]
        self.kind: ChoiceField[PayerKind] = ChoiceField("Kind", kinds, required=True)
        self.street, self.city = TextField("Street or post office box"), TextField("City")
        self.state, self.zip = TextField("State", longest=2), TextField("ZIP code", longest=10)
        self.phone = TextField("Telephone", longest=20)
        self.form = Form()
        self.form.section("", (self.name,), (self.code, self.kind))
        self.form.section(
            "Where its forms and letters go", (self.street, self.phone), (self.city, self.state, self.zip)
        )
        self.body.addWidget(self.form)
        if row is not None:
            self._fill(row.payer)

    def _fill(self, payer: NewPayer) -> None:
        self.kind.set_value(payer.kind)
        for field, value in (
            (self.name, payer.name), (self.code, payer.payer_code), (self.street, payer.street),
            (self.city, payer.city), (self.state, payer.state), (self.zip, show_zip(payer.zip)),
            (self.phone, show_phone(payer.phone)),
        ):  # fmt: skip
            field.set_value(value)

    def deed(self) -> Deed | None:
        kind = self.kind.value() if self.form.check() else None
        if kind is None:
            return None
        new = NewPayer(
            self.name.value(), self.code.value(), kind, self.street.value(), self.city.value(), self.state.value(),
            self.zip.value(), self.phone.value(),
        )  # fmt: skip
        database, by, row = self.context.database, self.context.user_id, self.row
        if row is None:
            return lambda _why: add_payer(database, new, by)
        kept = replace(new, ended_on=row.payer.ended_on)
        return lambda _why: edit_payer(database, row.id, kept, row.version, by)

    def said(self, _result: object) -> str:
        if self.row is not None:
            return "The payer is changed. Claims that leave from now on say so."
        return "The payer is added. Set its rules and prices next."

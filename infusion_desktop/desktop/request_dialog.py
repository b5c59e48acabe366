"""The request for an authorization: asked for by billing, and on the page of a patient who has none yet."""

from datetime import date, timedelta

from PySide6.QtWidgets import QWidget

from infusion_desktop.billing.months.authorization_papers import print_request
from infusion_desktop.dates import Days
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import DayField, Form, NotesField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.patients.words import PatientId, PayerId


class RequestDialog(DeedDialog):
    """The days to ask for, and why; ``succeeded`` carries the request as a PDF."""

    def __init__(
        self, context: Context, desk: Desk, parent: QWidget, patient: PatientId, payer: PayerId, who: str, begins: date
    ) -> None:
        super().__init__(context, desk, "Request an authorization", parent, save="Show the request")
        self._patient, self._payer = patient, payer
        told = f"{who}. The request names the therapies, their codes and one unit a day."
        self.body.addWidget(label(told, "muted", wrap=True))
        self.first_on, self.last_on = DayField("From", required=True), DayField("To", required=True)
        self.first_on.set_value(begins)
        self.last_on.set_value(begins + timedelta(days=29))
        self.note = NotesField("Why", hint="Printed on the request", lines=3)
        self.form = Form()
        self.form.section("", (self.first_on, self.last_on), (self.note,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        first, last = self.first_on.value(), self.last_on.value()
        if first is None or last is None:
            return None
        if last < first:
            self.last_on.complain("The last day is before the first.")
            return None
        patient, payer, note = self._patient, self._payer, self.note.value()
        database, by = self.context.database, self.context.user_id

        return lambda why: print_request(database, patient, payer, Days(first, last), by, note, override=why)

    def said(self, _result: object) -> str:
        return ""


def request_preview(context: Context, desk: Desk, parent: QWidget, pdf: bytes) -> PdfDialog:
    """The request as it prints."""
    return PdfDialog(desk, "Authorization request", pdf, "authorization-request.pdf", context.folder, parent)

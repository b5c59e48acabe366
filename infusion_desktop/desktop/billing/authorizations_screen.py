"""What payers allowed: used, held and left, which next delivery runs over, and the request for more."""

from datetime import timedelta

from PySide6.QtWidgets import QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.months.authorization_list import AuthorizationRow, Standing, authorization_rows
from infusion_desktop.billing.terms.authorizations import ChangedAuthorization, change_authorization, end_authorization
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import DayField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.request_dialog import RequestDialog, request_preview
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.desktop.why_dialog import WhyDialog

_TONES = {
    Standing.GOOD: Tone.GOOD,
    Standing.SOON_OVER: Tone.WARN,
    Standing.RUNNING_OUT: Tone.WARN,
    Standing.RUNS_OVER: Tone.BAD,
    Standing.USED_UP: Tone.BAD,
    Standing.OVER: Tone.NEUTRAL,
    Standing.ENDED: Tone.NEUTRAL,
}
_NEEDS = (Standing.RUNS_OVER, Standing.USED_UP, Standing.RUNNING_OUT, Standing.SOON_OVER)


def _taken(row: AuthorizationRow) -> str:
    use = row.use
    held = f" + {use.held.normalize():f}" if use.held else ""
    units = "no limit" if use.allowed.units is None else str(use.allowed.units)
    return f"{use.used.normalize():f}{held} of {units}"


def _left(row: AuthorizationRow) -> str:
    return "" if row.use.left is None else f"{row.use.left.normalize():f}"


ROWS: tuple[Column[AuthorizationRow], ...] = (
    Column("Patient", text=lambda row: row.patient, width=160),
    Column("Payer", text=lambda row: row.payer, width=160),
    Column("Number", text=lambda row: row.use.allowed.number),
    Column("Code", text=lambda row: " ".join([row.use.allowed.code or "any", *row.use.allowed.modifiers])),
    Column("From", text=lambda row: show_day(row.use.allowed.first_on),
           sort_key=lambda row: row.use.allowed.first_on, hidden=True),
    Column("To", text=lambda row: show_day(row.use.allowed.last_on), sort_key=lambda row: row.use.allowed.last_on),
    Column("Used + held of", text=_taken, numeric=True, sort_key=lambda row: row.percent,
           hint=lambda _row: "Used by claims that left, held by claims that have not left yet"),
    Column("Left", text=_left, numeric=True, sort_key=lambda row: row.use.left),
    Column("Stands", text=lambda row: row.standing.value, tone=lambda row: _TONES[row.standing]),
    Column("What to look at", text=lambda row: row.sentence, stretch=True, hint=lambda row: row.sentence, hidden=True),
)  # fmt: skip


class AuthorizationsScreen(Screen):
    """All permissions, those that need something first."""

    title = "Authorizations"
    topics = frozenset({"billing", "patients", "deliveries"})
    help = "What payers allowed, what claims used and hold of it, and which next delivery runs over. Enter opens it."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.table: TableView[AuthorizationRow] = TableView(
            ROWS, lambda row: row.use.id, name="Authorizations", desk=desk, noun=("authorization", "authorizations"),
            chips=[
                Chip("Needs something", lambda row: row.standing in _NEEDS, group="stands"),
                Chip("Next delivery runs over", lambda row: row.standing is Standing.RUNS_OVER, group="stands"),
                Chip("In use", lambda row: row.standing not in (Standing.OVER, Standing.ENDED), group="life"),
            ],
            empty="No authorization yet. Enter it on the patient's page.", settings=self.settings(),
        )  # fmt: skip
        self.table.opened.connect(self._open_what)
        self.table.selected.connect(self._tell)
        self.told = label("", "strong", wrap=True)
        page = Page(self)
        page.actions(
            button("Patient", self._open_patient, icon="patient"),
            button("Request more…", self.request, icon="print"),
        )
        if context.may(Permission.EDIT_COVERAGE):
            page.actions(button("End…", self.end), button("Change…", self.change, icon="edit", kind="primary"))
        page.add(self.table, 1)
        page.add(self.told)

    def load(self) -> None:
        self.ask(self._rows, self._show, key="authorizations")

    def _rows(self) -> tuple[AuthorizationRow, ...]:
        with self.context.database.reading() as session:
            return authorization_rows(session, today(), ended=True)

    def _show(self, rows: tuple[AuthorizationRow, ...]) -> None:
        self.table.set_rows(rows)
        self._tell(self.table.current_row())

    def _tell(self, row: object) -> None:
        self.told.setText(row.sentence if isinstance(row, AuthorizationRow) else "")

    def _chosen(self) -> AuthorizationRow | None:
        row = self.table.current_row()
        if row is None:
            self.desk.messages.refused(("Select an authorization first.",), self, Tone.INFO)
        return row

    def _open_what(self, row: object) -> None:
        if not isinstance(row, AuthorizationRow):
            return
        if row.outlook is not None:
            self.desk.open("delivery", row.outlook.delivery.delivery_id)
        else:
            self.desk.open("patient", row.use.allowed.patient_id)

    def _open_patient(self) -> None:
        if (row := self._chosen()) is not None:
            self.desk.open("patient", row.use.allowed.patient_id)

    def change(self) -> None:
        """Ask what the payer changed."""
        if (row := self._chosen()) is not None:
            self._open(ChangeDialog(self.context, self.desk, self, row).opened_by(self.change))

    def end(self) -> None:
        """Ask why it is out of use."""
        if (row := self._chosen()) is not None:
            use = row.use
            dialog = WhyDialog(
                self.context, self.desk, self, "End an authorization",
                lambda database, by, why: end_authorization(database, use.id, use.version, by, why),
                told=f"{use.allowed.number} of {row.patient}: no further claim uses it; what claims used of it stays.",
                save="End it", kind="danger", said="It is out of use.", changed=("billing", "patients"),
            )  # fmt: skip
            self._open(dialog.opened_by(self.end))

    def request(self) -> None:
        """Ask for which days more is wanted, and show the request."""
        if (row := self._chosen()) is not None:
            allowed = row.use.allowed
            begins = row.outlook.first_uncovered if row.outlook else max(today(), allowed.last_on) + timedelta(1)
            who = f"{row.patient}, {row.payer}"
            dialog = RequestDialog(self.context, self.desk, self, allowed.patient_id, allowed.payer_id, who, begins)
            dialog.succeeded.connect(lambda pdf: self.preview(pdf))
            self._open(dialog)

    def preview(self, pdf: bytes) -> None:
        """Show the request."""
        self.paper = request_preview(self.context, self.desk, self, pdf)
        self.paper.open()

    def _open(self, dialog: DeedDialog) -> None:
        self.dialog = dialog
        dialog.open()


class ChangeDialog(DeedDialog):
    """Number, days and units as the payer changed them."""

    changed = ("billing", "patients")

    def __init__(self, context: Context, desk: Desk, parent: QWidget, row: AuthorizationRow) -> None:
        super().__init__(context, desk, "Change an authorization", parent)
        self._row = row
        allowed = row.use.allowed
        self.body.addWidget(label(f"{row.patient}, {row.payer}, {allowed.code or 'any code'}", "muted", wrap=True))
        self.number = TextField("Number", required=True, longest=50)
        self.number.set_value(allowed.number)
        self.units = QuantityField("Units", least=1, most=10_000, hint="Empty for as many as there are days.")
        self.units.set_value(allowed.units)
        self.first_on, self.last_on = DayField("First day", required=True), DayField("Last day", required=True)
        self.first_on.set_value(allowed.first_on)
        self.last_on.set_value(allowed.last_on)
        self.reason = TextField("Why", required=True, placeholder="Extended by the payer, call of ...")
        self.form = Form()
        self.form.section("", (self.number, self.units), (self.first_on, self.last_on), (self.reason,))
        self.body.addWidget(self.form)

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        first, last = self.first_on.value(), self.last_on.value()
        if first is None or last is None:
            return None
        use = self._row.use
        changed = ChangedAuthorization(self.number.value(), first, last, self.units.value(), use.allowed.note)
        database, by, why = self.context.database, self.context.user_id, self.reason.value()
        return lambda _override: change_authorization(database, use.id, use.version, changed, by, why)

    def said(self, _result: object) -> str:
        return "Changed. Count the months anew that it covers."

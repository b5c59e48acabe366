"""The audit trail: who did what, when, where and why; and the proof that the books are in order."""

from datetime import UTC, date, datetime, time, timedelta

from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit

from infusion_desktop.access.queries import AuditRow, all_people, audit_rows
from infusion_desktop.access.roles import AuditKind, UserId
from infusion_desktop.dates import ONE_DAY, show_instant, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.forms import ChoiceField, DayField, Field, TextField
from infusion_desktop.desktop.office.trail_words import facts
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column, capital
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.patients.queries import patient_by_number, patient_number
from infusion_desktop.patients.words import PatientId
from infusion_desktop.recovering import check_books

MOST = 5_000
MONTH = timedelta(days=30)

COLUMNS: tuple[Column[AuditRow], ...] = (
    Column("No.", text=lambda row: str(row.id), sort_key=lambda row: row.id, numeric=True),
    Column("When", text=lambda row: show_instant(row.at), sort_key=lambda row: row.at),
    Column("Who", text=lambda row: row.by),
    Column("Where", text=lambda row: row.workstation, hidden=True),
    Column("Did", text=lambda row: capital(row.action)),
    Column("What", text=lambda row: capital(row.subject)),
    Column(
        "Before", text=lambda row: facts(row.before), stretch=True, width=240, hint=lambda row: facts(row.before, "\n")
    ),
    Column(
        "After", text=lambda row: facts(row.after), stretch=True, width=240, hint=lambda row: facts(row.after, "\n")
    ),
    Column("Why", text=lambda row: row.reason),
)


class TrailScreen(Screen):
    """The entries of the audit trail that were asked for, the newest first."""

    title = "Audit trail"
    topics = frozenset({"stock", "equipment", "patients", "deliveries", "billing", "people"})
    help = (
        "Every change and every opening of a patient's record. Narrow it by person, patient, kind and days; the list "
        "can be saved. Entries are sealed; a changed one is found and named."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.who: ChoiceField[UserId] = ChoiceField("Person", placeholder="Everybody")
        self.patient = TextField("Patient number", longest=20, placeholder="All")
        self.kind: ChoiceField[AuditKind] = ChoiceField(
            "Kind", (("Changes", AuditKind.CHANGE), ("Openings of records", AuditKind.VIEW)), placeholder="Both"
        )
        self.first, self.last = DayField("From day"), DayField("To day")
        self.first.set_value(today() - MONTH)
        self.table: TableView[AuditRow] = TableView(
            COLUMNS, lambda row: row.id, name="Audit trail", desk=desk, noun=("entry", "entries"),
            empty="No entry fits. Take a filter away, or another day.", settings=self.settings(),
        )  # fmt: skip
        page = Page(self, f"The newest {MOST:,} entries that fit. Nothing here can be changed or removed.")
        self.prove = button("Are the books in order?", self.verify, icon="shield", kind="primary")
        self.everything = button("Clear filters", lambda: self.clear_filters())
        page.actions(self.everything, self.prove)
        row = QHBoxLayout()
        row.setSpacing(12)
        for field, share in ((self.who, 3), (self.patient, 2), (self.kind, 3), (self.first, 2), (self.last, 2)):
            row.addWidget(field, share)
            field.changed.connect(self.load)
        page.add(row)
        page.add(self.table, 1)
        self.whole = QPlainTextEdit()
        self.whole.setReadOnly(True)
        self.whole.setTabChangesFocus(True)
        self.whole.setAccessibleName("The marked entry in full")
        self.whole.setPlaceholderText("Mark an entry to read it in full.")
        self.whole.setFixedHeight(4 * self.whole.fontMetrics().lineSpacing() + 20)
        self.table.selected.connect(self._show_whole)
        page.add(self.whole)

    def _show_whole(self, row: AuditRow | None) -> None:
        """The marked entry, nothing cut."""
        self.whole.setPlainText("" if row is None else in_full(row))

    def show_record(self, kind: str, record: object) -> None:
        """Who looked at or changed a patient's record, all days."""
        if isinstance(record, int):
            database, patient = self.context.database, PatientId(record)

            def read() -> str:
                with database.reading() as session:
                    return patient_number(session, patient)

            self.ask(read, self.clear_filters, key="patient")

    def clear_filters(self, patient: str = "") -> None:
        """Show everybody's entries of all days, of one patient or of all."""
        self.who.set_value(None)
        self.kind.set_value(None)
        for day in (self.first, self.last):
            day.set_value(None)
        self.patient.set_value(patient)
        self.load()

    def load(self) -> None:
        fields: tuple[Field[object], ...] = (self.who, self.kind, self.first, self.last)  # type: ignore[assignment]
        if not all(each.is_blank() or each.check() for each in fields):
            return
        who, kind, number = self.who.value(), self.kind.value(), self.patient.value()
        since, until = _start(self.first.value()), _start(self.last.value(), ONE_DAY)
        database = self.context.database

        def read() -> tuple[tuple[tuple[str, UserId], ...], tuple[AuditRow, ...]]:
            with database.reading() as session:
                patient = patient_by_number(session, number) if number else None
                if number and patient is None:
                    return all_people(session), ()
                return all_people(session), audit_rows(
                    session, since, until, by=who, kind=kind, patient_id=patient, limit=MOST
                )

        self.ask(read, lambda found: self._show(*found), key="trail")

    def _show(self, people: tuple[tuple[str, UserId], ...], rows: tuple[AuditRow, ...]) -> None:
        self.who.set_choices(people)
        self.table.set_rows(rows)

    def verify(self) -> None:
        """Prove every balance and the trail itself."""
        database, by, folder = self.context.database, self.context.user_id, self.context.copies
        self.prove.setEnabled(False)
        self.ask(lambda: check_books(database, by, folder), self._tell, key="verify")

    def _tell(self, problems: tuple[str, ...]) -> None:
        self.prove.setEnabled(True)
        if problems:
            self.desk.messages.refused(problems[:12], self, Tone.BAD)
        else:
            self.desk.messages.right("The books are in order.")


def in_full(row: AuditRow) -> str:
    """Everything an entry says, line by line."""
    where = f", at {row.workstation}" if row.workstation else ""
    head = f"{capital(row.action)} {row.subject} by {row.by}, {show_instant(row.at)}{where}"
    parts = (("Why", row.reason), ("Before", facts(row.before)), ("After", facts(row.after)))
    return "\n".join([head, *(f"{name}: {text}" for name, text in parts if text)])


def _start(day: date | None, later: timedelta = timedelta(0)) -> datetime | None:
    """The instant a day begins where this computer stands."""
    return None if day is None else datetime.combine(day + later, time.min).astimezone(UTC)

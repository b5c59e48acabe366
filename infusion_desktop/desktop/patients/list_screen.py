"""Every patient, found by any part of name, number or telephone."""

from infusion_desktop.access.roles import Permission
from infusion_desktop.dates import show_day
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.identifiers import show_phone
from infusion_desktop.patients.queries import PatientRow, patients

COLUMNS: tuple[Column[PatientRow], ...] = (
    Column("Name", text=lambda row: row.name, width=220),
    Column("Number", text=lambda row: row.number),
    Column("Born", text=lambda row: show_day(row.born_on), sort_key=lambda row: row.born_on),
    Column("Telephone", text=lambda row: show_phone(row.phone)),
    Column("Town", text=lambda row: row.city),
    Column(
        "Therapies", text=lambda row: "; ".join(row.therapies), stretch=True, hint=lambda row: "\n".join(row.therapies)
    ),
    Column("Payer", text=lambda row: row.payer, stretch=True),
    Column("Route", text=lambda row: row.route, hidden=True),
    Column(
        "State",
        text=lambda row: "In care" if row.in_care else "Discharged",
        tone=lambda row: Tone.GOOD if row.in_care else Tone.NEUTRAL,
    ),
)


class PatientsScreen(Screen):
    """The list of patients."""

    title = "Patients"
    topics = frozenset({"patients"})
    help = "Every patient. Type any part of a name, number or telephone; Enter opens the patient's page."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        may_admit = context.may(Permission.ADMIT)
        self.table: TableView[PatientRow] = TableView(
            COLUMNS, lambda row: row.id, name="Patients", desk=desk, noun=("patient", "patients"),
            chips=[
                Chip("In care", lambda row: row.in_care, group="state", on=True),
                Chip("Discharged", lambda row: not row.in_care, group="state"),
            ],
            empty="Nobody here yet. Admit the first patient." if may_admit else "Nobody here yet.",
            empty_button=("Admit", self.admit) if may_admit else None,
            settings=self.settings(),
        )  # fmt: skip
        self.table.opened.connect(self._open)
        page = Page(self, "Enter opens a patient's page.")
        if may_admit:
            page.actions(button("Admit", self.admit, icon="plus", kind="primary"))
        page.add(self.table, 1)

    def load(self) -> None:
        self.ask(self._rows, self.table.set_rows)

    def admit(self) -> None:
        """To the intake form."""
        self.desk.open("admit", None)

    def _rows(self) -> tuple[PatientRow, ...]:
        with self.context.database.reading() as session:
            return patients(session)

    def _open(self, row: object) -> None:
        if isinstance(row, PatientRow):
            self.desk.open("patient", row.id)

"""The audit trail: who did what, when, where and why; and the proof that the books are in order."""

from infusion_desktop.access.queries import AuditRow, audit_rows
from infusion_desktop.access.roles import AuditKind
from infusion_desktop.dates import show_instant
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.verifying import verify_books

COLUMNS: tuple[Column[AuditRow], ...] = (
    Column("No.", text=lambda row: str(row.id), sort_key=lambda row: row.id, numeric=True),
    Column("When", text=lambda row: show_instant(row.at), sort_key=lambda row: row.at),
    Column("Who", text=lambda row: row.by),
    Column("Where", text=lambda row: row.workstation, hidden=True),
    Column("Did", text=lambda row: row.action),
    Column("What", text=lambda row: row.subject),
    Column(
        "Before", text=lambda row: "" if row.before == "{}" else row.before, stretch=True, hint=lambda row: row.before
    ),
    Column("After", text=lambda row: "" if row.after == "{}" else row.after, stretch=True, hint=lambda row: row.after),
    Column("Why", text=lambda row: row.reason),
)


class TrailScreen(Screen):
    """The newest entries of the audit trail."""

    title = "Audit trail"
    topics = frozenset({"stock", "equipment", "patients", "deliveries", "billing", "people"})
    help = "Every change and every opening of a patient's record. Entries are sealed; a changed one is found and named."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.table: TableView[AuditRow] = TableView(
            COLUMNS, lambda row: row.id, name="Audit trail", desk=desk, noun=("entry", "entries"),
            chips=[
                Chip("Changes", lambda row: row.kind is AuditKind.CHANGE, group="kind"),
                Chip("Openings", lambda row: row.kind is AuditKind.VIEW, group="kind"),
            ],
            empty="Nothing has happened yet.", settings=self.settings(),
        )  # fmt: skip
        page = Page(self, "The newest 5,000 entries. Nothing here can be changed or removed.")
        self.prove = button("Are the books in order?", self.verify, icon="shield", kind="primary")
        page.actions(self.prove)
        page.add(self.table, 1)

    def load(self) -> None:
        self.ask(self._rows, self.table.set_rows)

    def _rows(self) -> tuple[AuditRow, ...]:
        with self.context.database.reading() as session:
            return audit_rows(session)

    def verify(self) -> None:
        """Prove every balance and the trail itself."""
        database = self.context.database
        self.prove.setEnabled(False)
        self.ask(lambda: verify_books(database), self._tell)

    def _tell(self, problems: tuple[str, ...]) -> None:
        self.prove.setEnabled(True)
        if problems:
            self.desk.messages.refused(problems[:12], self, Tone.BAD)
        else:
            self.desk.messages.right("The books are in order.")

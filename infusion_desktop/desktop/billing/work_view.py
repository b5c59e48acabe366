"""What holds claims up: reasons with money and age above, the findings of the chosen one below; each opens its fix."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from infusion_desktop.billing.claiming.work_queue import WorkReason, WorkRow, reasons
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.money import show_money

AGES = ((30, "To 30 days"), (60, "31 to 60"), (90, "61 to 90"), (100_000, "Older"))


def _age_chips() -> list[Chip[WorkRow]]:
    found = []
    least = -1
    for most, title in AGES:
        found.append(
            Chip[WorkRow](title, lambda row, least=least, most=most: least < row.age <= most, group="age")  # type: ignore[misc]
        )
        least = most
    return found


REASONS: tuple[Column[WorkReason], ...] = (
    Column("What holds claims up", text=lambda row: row.title, stretch=True),
    Column("", text=lambda row: "Stops" if row.stops else "Look",
           tone=lambda row: Tone.BAD if row.stops else Tone.WARN),
    Column("Claims", text=lambda row: str(row.claims), sort_key=lambda row: row.claims, numeric=True),
    Column("Charge", text=lambda row: show_money(row.value), sort_key=lambda row: row.value, numeric=True,
           value=lambda row: row.value),
    Column("Oldest, days", text=lambda row: str(row.oldest), sort_key=lambda row: row.oldest, numeric=True),
    Column("Put it right in", text=lambda row: row.where),
)  # fmt: skip
WORK: tuple[Column[WorkRow], ...] = (
    Column("Claim", text=lambda row: row.claim),
    Column("Patient", text=lambda row: row.patient, width=170),
    Column("Payer", text=lambda row: row.payer, width=170),
    Column("What", text=lambda row: row.sentence, stretch=True, hint=lambda row: row.sentence),
    Column("Charge", text=lambda row: show_money(row.value), sort_key=lambda row: row.value, numeric=True,
           value=lambda row: row.value),
    Column("Days old", text=lambda row: str(row.age), sort_key=lambda row: row.age, numeric=True),
    Column("Put it right in", text=lambda row: row.where, hidden=True),
)  # fmt: skip


class WorkView(QWidget):
    """The queue. Enter on a finding opens the record where it is put right."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.rows: tuple[WorkRow, ...] = ()
        self.reasons: TableView[WorkReason] = TableView(
            REASONS, lambda row: row.code, name="Reasons", desk=desk, noun=("reason", "reasons"),
            empty="No claim waits for anything.",
        )  # fmt: skip
        self.reasons.selected.connect(self._chosen)
        self.table: TableView[WorkRow] = TableView(
            WORK, lambda row: row.id, name="Findings of claims", desk=desk, noun=("finding", "findings"),
            chips=_age_chips(), empty="Nothing is wrong here.",
        )  # fmt: skip
        self.table.opened.connect(self._open)
        self.fix_button = button("Put it right", lambda: self._open(self.table.current_row()), icon="chevron-right")
        self.claim_button = button("The claim", self._open_claim, icon="claim")
        self.all_button = button("All findings", self._all)
        self.heading = label("", "heading")
        lower = QWidget()
        under = QVBoxLayout(lower)
        under.setContentsMargins(0, 6, 0, 0)
        row = QHBoxLayout()
        row.addWidget(self.heading, 1)
        for each in (self.all_button, self.claim_button, self.fix_button):
            row.addWidget(each)
        under.addLayout(row)
        under.addWidget(self.table, 1)
        both = QSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.reasons)
        both.addWidget(lower)
        both.setStretchFactor(0, 2)
        both.setStretchFactor(1, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.addWidget(both)

    def set_rows(self, rows: tuple[WorkRow, ...]) -> None:
        """Show these findings; the chosen reason stays chosen."""
        before = self.reasons.current_row()
        self.rows = rows
        self.reasons.set_rows(reasons(rows))
        self._chosen(before)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(0, self, self._fit)

    def _fit(self) -> None:
        """A list is as wide as it is seen only once it is seen."""
        self.reasons.fit_columns()
        self.table.fit_columns()

    def _chosen(self, reason: object) -> None:
        code = reason.code if isinstance(reason, WorkReason) else None
        self.heading.setText(reason.title if isinstance(reason, WorkReason) else "All findings")
        self.table.set_rows([row for row in self.rows if code in (None, row.code)])

    def _all(self) -> None:
        self.reasons.grid.clearSelection()
        self._chosen(None)

    def _open(self, row: object) -> None:
        if isinstance(row, WorkRow):
            self.desk.open(row.fix.kind, row.fix.record)

    def _open_claim(self) -> None:
        row = self.table.current_row()
        if row is not None:
            self.desk.open("claim", row.claim_id)

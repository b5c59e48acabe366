"""Recalls: the list, one recall at work, and everything a patient ever received."""

from typing import ClassVar

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, today
from infusion_desktop.deliveries.scarce.recall_papers import received_report
from infusion_desktop.deliveries.scarce.recall_queries import ReceivedRow, ever_received
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.picker import Picker
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.stock.recall_columns import (
    RECALL_CHIPS,
    RECALL_COLUMNS,
    RECEIVED_CHIPS,
    RECEIVED_COLUMNS,
)
from infusion_desktop.desktop.stock.recall_dialogs import NewRecallDialog
from infusion_desktop.desktop.stock.recall_view import RecallView
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.patients.openings import note_opening
from infusion_desktop.patients.queries import PatientRow, patients
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.scanning.scan_values import ScanKind
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.scarce.recall import RecallRow, recall_rows
from infusion_desktop.stock.words import RecallId


class RecallsScreen(Screen):
    """All recalls, or one."""

    title = "Recalls"
    topics: ClassVar[frozenset[str]] = frozenset({"stock", "recalls", "deliveries", "equipment"})
    help = (
        "A recall freezes its lots or serial numbers everywhere at once and is worked to its end: letters, contacts, "
        "replacement and pick-up, quarantine, file. Scan the code of a letter to open its recall."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.patient: PatientRow | None = None
        self._wanted_number = ""
        self._lay_out()
        self.recalls.opened.connect(lambda row: self.open_recall(row.id))
        self.view.back_asked.connect(self.show_list)
        self.picker.picked.connect(self._show_patient)
        self.received.opened.connect(lambda row: self.desk.open("delivery", row.delivery_id))

    def load(self) -> None:
        database = self.context.database
        self.ask(lambda: _recalls(database), self._show, key="list")
        if self.stack.currentWidget() is self.view:
            self.view.load()

    def show_record(self, kind: str, record: object) -> None:
        if kind == "recall" and isinstance(record, int):
            self.open_recall(RecallId(record))
        elif kind == "recall number" and isinstance(record, str):
            self._wanted_number = record
            self._open_wanted()

    def on_scan(self, raw: str) -> bool:
        try:
            scan = read_scan(raw, today=today())
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return True
        if scan.kind is not ScanKind.RECALL:
            return False
        self._wanted_number = scan.code
        self._open_wanted()
        return True

    def open_recall(self, recall_id: RecallId) -> None:
        """Show one recall."""
        self.view.show_recall(recall_id)
        self.stack.setCurrentWidget(self.view)

    def show_list(self) -> None:
        """Back to all recalls."""
        self.stack.setCurrentWidget(self.tabs)
        self.load()

    def new_recall(self) -> None:
        """Freeze something."""
        dialog = NewRecallDialog(self.context, self.desk, self)
        dialog.succeeded.connect(lambda recall_id: self.open_recall(recall_id))
        dialog.open()

    def print_received(self) -> None:
        """What the chosen patient ever received, as a paper."""
        if self.patient is None:
            return
        database, by, patient = self.context.database, self.context.user_id, self.patient.id

        def draw() -> bytes:
            with database.reading() as session:
                return received_report(session, patient, by, now_utc())

        def show(pdf: bytes) -> None:
            PdfDialog(self.desk, "Everything received", pdf, "received.pdf", self.context.folder, self).show()

        self.ask(draw, show, key="paper")

    def _lay_out(self) -> None:
        may = self.context.may(Permission.RECALL)
        self.new_button = button("New recall", self.new_recall, icon="recall", kind="danger")
        self.new_button.setEnabled(may)
        self.new_button.setToolTip("" if may else "Pharmacists open recalls.")
        self.recalls: TableView[RecallRow] = TableView(
            RECALL_COLUMNS, lambda row: row.id, name="Recalls", chips=RECALL_CHIPS, noun=("recall", "recalls"),
            desk=self.desk, settings=self.settings(), empty="No recall yet. A notice from the maker or FDA opens one.",
            empty_button=("New recall", self.new_recall) if may else None,
        )  # fmt: skip
        database = self.context.database
        self.picker: Picker[PatientRow] = Picker(
            self.desk.jobs, lambda typed: _patients(database, typed), lambda row: f"{row.name}   {row.number}",
            placeholder="Name, number, telephone or birth date", name="Patient", on_failure=self.show_failure,
        )  # fmt: skip
        self.picker.setFixedWidth(300)
        self.received: TableView[ReceivedRow] = TableView(
            RECEIVED_COLUMNS, lambda row: row.lot_line_id, name="Everything received", chips=RECEIVED_CHIPS,
            noun=("lot", "lots"), desk=self.desk, settings=self.settings(),
            empty="Choose a patient to see every lot they ever received.",
        )  # fmt: skip
        self.chosen = label("No patient chosen.", "strong")
        self.print_button = button("Print", self.print_received, icon="print")
        self.print_button.setEnabled(False)
        top = QHBoxLayout()
        top.addWidget(self.chosen, 1)
        top.addWidget(self.print_button)
        right = QVBoxLayout()
        right.addLayout(top)
        right.addWidget(self.received, 1)
        across = QHBoxLayout()
        across.setSpacing(14)
        across.addWidget(self.picker)
        across.addLayout(right, 1)
        recalls = QVBoxLayout()
        recalls.addWidget(self.recalls)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for layout, title in ((recalls, "Recalls"), (across, "What a patient received")):
            layout.setContentsMargins(0, 12, 0, 0)
            holder = QWidget()
            holder.setLayout(layout)
            self.tabs.addTab(holder, title)
        if not self.context.may(Permission.SEE_PATIENTS):
            self.tabs.setTabVisible(1, False)
        self.tabs.currentChanged.connect(lambda tab: self.picker.search() if tab == 1 else None)
        self.view = RecallView(self)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.tabs)
        self.stack.addWidget(self.view)
        self.stack.currentChanged.connect(lambda _shown: self._show_actions())
        self.page = Page(self, "Frozen at once everywhere, worked to a documented end.")
        self.page.actions(self.new_button)
        self.page.add(self.stack, 1)

    def _show_actions(self) -> None:
        is_list = self.stack.currentWidget() is self.tabs
        for part in (self.page.lead, self.new_button):
            part.setVisible(is_list)

    def _show(self, rows: tuple[RecallRow, ...]) -> None:
        self.recalls.set_rows(rows)
        self._open_wanted()

    def _open_wanted(self) -> None:
        """Open the recall whose letter was scanned, as soon as the list is there."""
        rows = self.recalls.model.rows
        if not self._wanted_number or not rows:
            return
        number, self._wanted_number = self._wanted_number, ""
        row = next((row for row in rows if row.number == number), None)
        if row is None:
            self.desk.messages.wrong(f"There is no recall {number}.")
        else:
            self.open_recall(row.id)

    def _show_patient(self, row: PatientRow) -> None:
        self.patient = row
        self.chosen.setText(f"{row.name} ({row.number})")
        self.print_button.setEnabled(True)
        self.received.set_empty("Nothing was sent to this patient yet.")
        database, by, patient = self.context.database, self.context.user_id, row.id
        self.received.set_rows(())
        self.opens_anew()
        self.ask_to_open(
            lambda why: _received(database, patient, by, why), self.received.set_rows, key="received", hides=False
        )


def _recalls(database: Database) -> tuple[RecallRow, ...]:
    with database.reading() as session:
        return recall_rows(session)


def _patients(database: Database, typed: str) -> tuple[PatientRow, ...]:
    with database.reading() as session:
        return patients(session, typed, limit=51)


def _received(database: Database, patient_id: PatientId, by: UserId, why: str) -> tuple[ReceivedRow, ...]:
    note_opening(database, patient_id, "received lots", patient_id, by, why)
    with database.reading() as session:
        return ever_received(session, patient_id)

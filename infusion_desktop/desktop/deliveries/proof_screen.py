"""Proof of delivery: what cannot be billed yet and why; signed sheets scanned in a stack find their deliveries."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.door.delivering import CameBack, EquipmentBack, Proof, deliver
from infusion_desktop.deliveries.door.proof import (
    Attachment,
    FoundSheet,
    ProofToComplete,
    attach,
    correct_proof,
    read_sheets,
    to_complete,
)
from infusion_desktop.deliveries.queries import DeliveryPage, delivery_page
from infusion_desktop.deliveries.schedule.dispatch_words import AttachmentKind
from infusion_desktop.deliveries.words import DeliveryId, DeliveryState
from infusion_desktop.desktop import file_choice
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.deliveries.after_dialogs import AttachDialog, CorrectProofDialog
from infusion_desktop.desktop.deliveries.deliver_dialog import DeliverDialog
from infusion_desktop.desktop.deliveries.looks import who_may
from infusion_desktop.desktop.deliveries.sheet_files import CHOICE, read_file
from infusion_desktop.desktop.deliveries.whose_dialog import WhoseDialog
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.stock.scanning.scan_values import ScanKind
from infusion_desktop.stock.scanning.scans import read_scan


def _missing(row: ProofToComplete) -> str:
    more = f" (and {len(row.missing) - 1} more)" if len(row.missing) > 1 else ""
    return row.missing[0] + more


COLUMNS: tuple[Column[ProofToComplete], ...] = (
    Column("Payer", lambda row: "Medicare" if row.is_medicare else row.payer or "none", width=120,
           tone=lambda row: Tone.BAD if row.is_medicare else None, hint=lambda row: row.payer),
    Column("Arrived", lambda row: show_day(row.delivered_on) or f"due {show_day(row.day)}", width=150,
           sort_key=lambda row: row.delivered_on or row.day, value=lambda row: row.delivered_on),
    Column("Number", lambda row: row.number),
    Column("Patient", lambda row: row.patient_name, stretch=True, width=150),
    Column("Taken by", lambda row: f"{row.received_by}, {row.relation}".strip(", "), hidden=True),
    Column("Missing", _missing, stretch=True, width=330, hint=lambda row: "\n".join(row.missing)),
)  # fmt: skip


class ProofScreen(Screen):
    """Deliveries whose proof is not complete."""

    title = "Proof of delivery"
    topics: ClassVar[frozenset[str]] = frozenset({"deliveries", "patients"})
    help = (
        "What is listed here cannot be billed yet; Medicare's come first. Scan the signed sheets with the office "
        "scanner into one PDF and read them here: each sheet's code finds its delivery. Enter completes a line."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.dialog: DeedDialog | None = None
        self.waiting: list[FoundSheet] = []
        """Sheets whose delivery is not recorded as arrived yet, or whose code could not be read."""
        self.ask_path = file_choice.ask_what_to_read
        self.table: TableView[ProofToComplete] = TableView(
            COLUMNS, lambda row: row.id, name="Proofs to complete", desk=desk, noun=("delivery", "deliveries"),
            settings=self.settings(), empty="Every delivery has its proof. Nothing is to be completed.",
            chips=[
                Chip("Medicare", lambda row: row.is_medicare, group="payer"),
                Chip("On the way", lambda row: row.state is DeliveryState.SHIPPED, group="state"),
                Chip("Arrived", lambda row: row.state is DeliveryState.DELIVERED, group="state"),
            ],
        )  # fmt: skip
        may = context.may(Permission.DELIVER)
        self.sheets_button = button("Read signed sheets…", self.ask_sheets, icon="import", kind="primary")
        self.waiting_button = button("", self.next_sheet, icon="sign")
        self.complete_button = button("Complete…", self.complete, icon="edit")
        self.attach_button = button("Attach a file…", self.attach_file, icon="plus")
        for each in (self.sheets_button, self.complete_button, self.attach_button):
            each.setEnabled(may)
            each.setToolTip("" if may else who_may(Permission.DELIVER))
        self.waiting_button.hide()
        page = Page(self, "What cannot be billed yet, and why. Medicare first.")
        page.actions(self.waiting_button, self.attach_button, self.complete_button, self.sheets_button)
        page.add(self.table, 1)
        self.table.opened.connect(lambda _row: self.complete())

    def load(self) -> None:
        database = self.context.database
        self.ask(lambda: _to_complete(database), self.table.set_rows, key="rows")

    def on_scan(self, raw: str) -> bool:
        """A manifest's code marks its line."""
        try:
            scan = read_scan(raw, today=today())
        except Refused:
            return False
        row = next((row for row in self.table.model.rows if row.number == scan.code), None)
        if scan.kind is not ScanKind.DELIVERY or row is None:
            return False
        self.table.select_ids([row.id])
        self.complete()
        return True

    # A line.

    def complete(self) -> None:
        """Type what is missing of the marked delivery."""
        row = self.table.current_row()
        if row is None:
            self.desk.messages.refused(("Mark a line of the list first.",), self, Tone.INFO)
            return
        database = self.context.database
        self.ask(lambda: _page(database, row.id), lambda page: self._open_for(page, row.missing), key="page")

    def attach_file(self) -> None:
        """Keep a sheet or photo with the marked delivery."""
        row = self.table.current_row()
        if row is None:
            self.desk.messages.refused(("Mark a line of the list first.",), self, Tone.INFO)
            return
        self._open(AttachDialog(self.context, self.desk, row.id, row.number, self))

    def _open_for(self, page: DeliveryPage, missing: Sequence[str] = (), sheet: FoundSheet | None = None) -> None:
        database, by, delivery_id = self.context.database, self.context.user_id, page.row.id
        if page.row.state is DeliveryState.SHIPPED:

            def work(proof: Proof, back: Sequence[CameBack], equipment: Sequence[EquipmentBack]) -> DeliveryState:
                return deliver(database, delivery_id, proof, by, back=back, equipment_back=equipment)

            dialog = DeliverDialog(self.context, self.desk, page, self, work)
            if sheet is not None:
                dialog.show_sheet(sheet.sheet)
                dialog.succeeded.connect(lambda _result: self._settled(sheet))
            self._open(dialog)
        elif page.row.state is DeliveryState.DELIVERED and page.proof is not None:
            self._open(CorrectProofDialog(
                self.context, self.desk, page, page.proof.signed_on, self,
                lambda proof, signed_on, why: correct_proof(database, delivery_id, proof, signed_on, why, by), missing,
            ))  # fmt: skip
        else:
            self.desk.open("delivery", delivery_id)

    # Sheets.

    def ask_sheets(self) -> None:
        """Choose a scan of one sheet or of a stack."""
        self.ask_path(self, "Read signed sheets", CHOICE, self.read)

    def read(self, path: Path) -> None:
        """Read a scan: each sheet's code finds its delivery."""
        database, by = self.context.database, self.context.user_id

        def work(_override: str) -> tuple[int, tuple[FoundSheet, ...]]:
            content, content_type = read_file(path)
            found = read_sheets(database, content, content_type)
            return _attach_known(database, found, by)

        self.do(work, changed=("deliveries",), then=self._read, pressed=self.sheets_button, text="Reading the sheets")

    def next_sheet(self) -> None:
        """Go on with the next sheet that waits."""
        if not self.waiting:
            return
        sheet = self.waiting[0]
        if sheet.delivery_id is None:
            self._open(WhoseDialog(self.context, self.desk, sheet, self, self._known))
            return
        database, delivery_id = self.context.database, sheet.delivery_id
        self.ask(lambda: _page(database, delivery_id), lambda page: self._open_for(page, (), sheet), key="page")

    def _read(self, result: tuple[int, tuple[FoundSheet, ...]]) -> None:
        attached, left = result
        self.waiting += left
        self._show_waiting()
        if attached:
            self.desk.messages.said(f"{attached} sheet{'' if attached == 1 else 's'} attached.")
        if left:
            self.next_sheet()

    def _known(self, sheet: FoundSheet, delivery_id: DeliveryId) -> None:
        """Somebody said whose a sheet without a readable code is."""
        database, by = self.context.database, self.context.user_id
        self.waiting.remove(sheet)

        def found(page: DeliveryPage) -> None:
            row = page.row
            mine = FoundSheet(sheet.sheet, row.id, row.number, row.patient_name, row.state)
            if row.state is DeliveryState.SHIPPED:
                self.waiting.insert(0, mine)
                self._show_waiting()
                self._open_for(page, (), mine)
                return
            self._show_waiting()
            self.do(lambda _override: _attach_one(database, mine, by), changed=("deliveries",), said="Attached.")

        self.ask(lambda: _page(database, delivery_id), found, key="page")

    def _settled(self, sheet: FoundSheet) -> None:
        if sheet in self.waiting:
            self.waiting.remove(sheet)
        self._show_waiting()

    def _show_waiting(self) -> None:
        count = len(self.waiting)
        self.waiting_button.setVisible(bool(count))
        self.waiting_button.setText("1 sheet waits" if count == 1 else f"{count} sheets wait")

    def _open(self, dialog: Any) -> None:
        self.dialog = dialog
        dialog.open()


def _attach_one(database: Database, sheet: FoundSheet, by: Any) -> None:
    assert sheet.delivery_id is not None
    made = Attachment(
        AttachmentKind.SIGNED_SHEET, sheet.sheet.content, sheet.sheet.content_type, sheet.sheet.pages
    )  # fmt: skip
    attach(database, sheet.delivery_id, made, by)


def _attach_known(database: Database, found: Sequence[FoundSheet], by: Any) -> tuple[int, tuple[FoundSheet, ...]]:
    """Keep each sheet whose delivery has arrived; the others wait for a person."""
    left: list[FoundSheet] = []
    attached, problems = 0, list[str]()
    for sheet in found:
        if sheet.state in (DeliveryState.DELIVERED, DeliveryState.REFUSED):
            try:
                _attach_one(database, sheet, by)
                attached += 1
            except Refused as no:
                problems += no.reasons
        else:
            left.append(sheet)
    if problems and not attached and not left:
        raise Refused(*problems)
    return attached, tuple(left)


def _to_complete(database: Database) -> tuple[ProofToComplete, ...]:
    with database.reading() as session:
        return to_complete(session, today())


def _page(database: Database, delivery_id: DeliveryId) -> DeliveryPage:
    with database.reading() as session:
        return delivery_page(session, delivery_id, today())

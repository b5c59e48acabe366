"""Pumps and poles: the board with what comes next, the morning's list, returns, rentals, models, use and cost."""

from dataclasses import dataclass
from typing import Any, ClassVar

from PySide6.QtCore import QTimer

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import now_utc, today
from infusion_desktop.deliveries.pumps.asset_pages import asset_page
from infusion_desktop.deliveries.pumps.pickups import count_unwritten
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.equipment.asset_deeds import AssetDeeds
from infusion_desktop.desktop.equipment.asset_panel import AssetFacts, AssetPanel
from infusion_desktop.desktop.equipment.board_columns import board_chips, board_columns
from infusion_desktop.desktop.equipment.deeds import CHECK, BoardDeed, allowed, by_code, for_the_sheet
from infusion_desktop.desktop.equipment.due_tab import DueTab
from infusion_desktop.desktop.equipment.import_dialog import ImportAssetsDialog
from infusion_desktop.desktop.equipment.list_tabs import ListTabs
from infusion_desktop.desktop.equipment.register_dialog import Prefill, RegisterDialog
from infusion_desktop.desktop.equipment.tab_pages import TabPages
from infusion_desktop.desktop.label_dialog import LabelDialog
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.desktop.scanner import GS
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.equipment.checks import check_limits, pass_check, read_hours
from infusion_desktop.equipment.custody import move
from infusion_desktop.equipment.due import Due, due_of
from infusion_desktop.equipment.models import model_facts
from infusion_desktop.equipment.papers import asset_labels, deed_codes, morning_list
from infusion_desktop.equipment.queries import AssetRow, asset_row, board, find_scanned, history
from infusion_desktop.equipment.rules import next_step
from infusion_desktop.equipment.words import AssetId, AssetState
from infusion_desktop.errors import Refused
from infusion_desktop.stock.buying.receiving import Recognised
from infusion_desktop.stock.scanning.scan_values import Scan, ScanKind
from infusion_desktop.stock.scanning.scans import read_scan

BOARD, DUE = 0, 1
_USED = (ScanKind.ASSET, ScanKind.TEXT, ScanKind.PRODUCT, ScanKind.DEED, ScanKind.PICK_UP,
         ScanKind.LOCATION)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Board:
    rows: tuple[AssetRow, ...]
    due: tuple[Due, ...]
    unwritten: int
    """Things that ended therapies left with patients, on no pick-up ticket yet."""


class BoardScreen(Screen):
    """Pumps and poles."""

    title = "Pumps and poles"
    topics: ClassVar[frozenset[str]] = frozenset({"equipment", "deliveries"})
    help = (
        "Every pump and pole. Scan its tag or serial number to choose it, then press what you did with it, or scan the "
        "deed from the code sheet (print it under “Due this morning”), or the label of the shelf it lies on. Swap, "
        "booking, papers and the rest stand under More. The other tabs: the morning's list, what should be back, "
        "pick-ups, rentals, models, use and cost."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.day = today()
        self.chosen: AssetId | None = None
        self._sends_separators = False
        self.deeds = AssetDeeds(self)
        self._lay_out()
        self.panel.show_nothing()
        self.table.selected.connect(lambda row: self._choose(row.id) if row is not None else None)
        self.due.chosen.connect(self._choose)
        self.panel.deed_asked.connect(self._ask_deed)
        self.panel.checked.connect(self._save_check)

    def load(self) -> None:
        database = self.context.database
        self.ask(lambda: _board(database), self._show, key="board")
        if self.chosen is not None:
            self._load_chosen(self.chosen)
        self.lists.load()

    def show_record(self, kind: str, record: object) -> None:
        if kind == "pickup" and isinstance(record, int):
            self.lists.show_ticket(record)
        elif isinstance(record, int):
            self.select(AssetId(record))

    def on_scan(self, raw: str) -> bool:
        self._sends_separators = self._sends_separators or GS in raw
        try:
            scan = read_scan(raw, today=today(), separators_proven=self._sends_separators)
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return True
        if scan.kind not in _USED:
            return False
        if scan.kind is ScanKind.DEED:
            self._do_scanned(scan.code)
        elif scan.kind is ScanKind.PICK_UP:
            self.lists.find_ticket(scan.code)
        elif scan.kind is ScanKind.LOCATION:
            self._move_to(scan.code)
        else:
            database = self.context.database
            self.ask(lambda: _find(database, scan), lambda found: self._show_scanned(scan, *found), key="scan")
        return True

    def select(self, asset_id: AssetId) -> None:
        """Choose a pump or pole on the board."""
        self.chosen = asset_id
        self.tabs.show_page(self.table)
        if asset_id not in {row.id for row in self.table.model.shown}:
            self.table.clear_filter()
        self.table.select_ids([asset_id])
        self._load_chosen(asset_id)

    def register(self, known: Prefill | None = None) -> None:
        """A new pump or pole."""
        dialog = RegisterDialog(self.context, self.desk, self, known)
        dialog.succeeded.connect(lambda asset_id: self.select(asset_id))
        dialog.open()

    def import_file(self) -> None:
        """A whole register from a file."""
        ImportAssetsDialog(self.context, self.desk, self).open()

    def print_due(self) -> None:
        """The morning's list on paper."""
        self.deeds.show_paper("Equipment due", "equipment-due.pdf",
                              lambda session, by: morning_list(session, today(), by, now_utc()))  # fmt: skip

    def print_labels(self) -> None:
        """Labels of the selected pumps and poles, for those whose code cannot be scanned."""
        rows = self.table.selected_rows()
        if not rows:
            self.desk.messages.wrong("Select the pumps and poles to label first.")
            return
        database, ids = self.context.database, [row.id for row in rows]
        what = rows[0].tag if len(rows) == 1 else f"{len(rows):,} pumps and poles"
        LabelDialog(self.context, self.desk, self, what, lambda: _labels(database, ids)).open()

    def print_codes(self) -> None:
        """The sheet of codes for the service bench."""
        self.deeds.show_paper("Equipment codes", "equipment-codes.pdf",
                              lambda session, by: deed_codes(session, for_the_sheet(), by, now_utc()))  # fmt: skip

    def _lay_out(self) -> None:
        may_register = self.context.may(Permission.REGISTER_EQUIPMENT)
        self.register_button = button("Register", self.register, icon="plus", kind="primary")
        self.import_button = button("Import", self.import_file, icon="import")
        self.label_button = button("Labels", self.print_labels, icon="tag")
        self.label_button.setToolTip("Print labels of the selected pumps and poles")
        for each in (self.register_button, self.import_button):
            each.setEnabled(may_register)
            each.setToolTip("" if may_register else "Technicians and pharmacists register equipment.")
        self.table: TableView[AssetRow] = TableView(
            board_columns(lambda: self.day), lambda row: row.id, name="Pumps and poles",
            chips=board_chips(lambda: self.day), desk=self.desk, noun=("asset", "assets"), settings=self.settings(),
            chips_below=True,
            empty="No pump or pole is registered yet. Scan its label, register it by hand, or import your list.",
            empty_button=("Register", self.register) if may_register else None,
        )  # fmt: skip
        self.due = DueTab(self.desk, self.print_due, self.print_codes)
        self.lists = ListTabs(self)
        self.panel = AssetPanel(self.context.may(Permission.CARE_FOR_EQUIPMENT), self.deeds.more)
        self.panel.setFixedWidth(330)
        self.tabs = TabPages(self.panel)
        self.tabs.add(self.table, "Board")
        self.tabs.add(self.due, "Due this morning")
        self.lists.add_to(self.tabs)
        self.tabs.currentChanged.connect(self._tab_changed)
        page = Page(self, "Scan a tag or a serial number to choose it. PM is preventive maintenance.")
        page.actions(self.label_button, self.import_button, self.register_button)
        page.add(self.tabs, 1)

    def _tab_changed(self, tab: int) -> None:
        self.panel.setVisible(tab in (BOARD, DUE))
        if tab > DUE:
            self.lists.load()
        QTimer.singleShot(0, self, self.due.table.fit_columns if tab == DUE else self.lists.fit)

    def _show(self, found: _Board) -> None:
        self.day = today()
        self.table.set_rows(found.rows)
        self.due.show_due(found.due, self.day)
        self.tabs.entitle(self.due, f"Due this morning ({len(found.due)})" if found.due else "Due this morning")
        self.lists.count_unwritten(found.unwritten)
        self.lists.count_overdue(sum(row.due_back_on is not None and row.due_back_on < self.day for row in found.rows))
        if self.chosen is not None:
            self.table.select_ids([self.chosen])

    def _choose(self, asset_id: AssetId) -> None:
        if asset_id != self.chosen:
            self.chosen = asset_id
            self._load_chosen(asset_id)

    def _load_chosen(self, asset_id: AssetId) -> None:
        database = self.context.database
        self.ask(lambda: _facts(database, asset_id), self._show_chosen, key="asset")

    def _show_chosen(self, facts: AssetFacts | None) -> None:
        if facts is None:
            self.chosen = None
            self.panel.show_nothing()
        elif facts.row.id == self.chosen:
            self.panel.show_facts(facts)

    def _show_scanned(self, scan: Scan, row: AssetRow | None, known: Recognised | None) -> None:
        facts = self.panel.facts
        if row is not None and facts is not None and row.id != facts.row.id and self.panel.is_checking:
            self.desk.messages.wrong(f"Save or cancel the check of {facts.row.tag} first")
        elif row is not None:
            self.select(row.id)
            tone_said = row.state.value if row.why_not else "ready for a patient"
            self.desk.messages.right(f"{row.tag}: {tone_said}")
        elif known is not None and known.item_id is not None and known.is_equipment:
            if self.context.may(Permission.REGISTER_EQUIPMENT):
                self.register(Prefill(known.item_id, scan.serial or ""))
            else:
                self.desk.messages.wrong(f"{known.item_name} with this serial number is not registered.")
        else:
            name = scan.serial or scan.code or scan.raw
            self.desk.messages.wrong(f"No pump or pole has the tag or serial number “{name[:40]}”.")

    def _do_scanned(self, code: str) -> None:
        """A code of the bench's sheet: the deed is done with the pump in the panel, or why not is said."""
        facts, deed = self.panel.facts, by_code(code)
        if facts is None or facts.row.id != self.chosen:
            self.desk.messages.wrong("Scan the pump first, then the deed.")
        elif deed is None:
            self.desk.messages.wrong("This code is of another sheet. Print the code sheet again.")
        elif not self.context.may(Permission.CARE_FOR_EQUIPMENT):
            self.desk.messages.wrong("Technicians and pharmacists care for equipment.")
        elif deed not in allowed(facts.row.state):
            row = facts.row
            self.desk.messages.wrong(f"{row.tag} is {row.state.value}. {next_step(row.state)}")
        elif deed is CHECK:
            self.panel.start_check()
        else:
            self._ask_deed(deed)

    def _move_to(self, code: str) -> None:
        """A shelf's label: the pump in the panel lies there now."""
        facts = self.panel.facts
        if facts is None or facts.row.id != self.chosen:
            self.desk.messages.wrong("Scan the pump first, then the shelf.")
            return
        database, by, row = self.context.database, self.context.user_id, facts.row
        self.do(lambda _override: move(database, row.id, code, by), changed=("equipment",),
                said=lambda place: f"{row.tag} lies in {place} now.")  # fmt: skip

    def _ask_deed(self, deed: BoardDeed) -> None:
        facts = self.panel.facts
        if facts is None or self.deeds.open_dialog(deed, facts):
            return
        if not deed.asks_why:
            self._do_deed(deed, facts.row, "")
            return
        asked = Question(
            deed.asks_why, (f"{facts.row.tag}, {facts.row.item_name}.", deed.sentence), yes=deed.title,
            needs_reason=True, tone=deed.tone,
        )  # fmt: skip

        def answered(answer: Answer) -> None:
            if answer.yes:
                self._do_deed(deed, facts.row, answer.reason)

        self.desk.messages.ask(asked, answered, self.window())

    def _do_deed(self, deed: BoardDeed, row: AssetRow, why: str) -> None:
        database, by = self.context.database, self.context.user_id
        self.do(
            lambda _override: deed.act(database, row.id, by, why), changed=("equipment",),
            said=f"{row.tag} {deed.said}.", pressed=self.panel.buttons.get(deed.title),
        )  # fmt: skip

    def _save_check(self, measured: dict[str, str]) -> None:
        facts = self.panel.facts
        if facts is None:
            return
        database, by, row = self.context.database, self.context.user_id, facts.row
        meter = self.panel.check.meter.text() if facts.model.maintenance_hours else ""

        def told(state: Any) -> None:
            self.panel.leave_check()
            if state is AssetState.READY:
                self.desk.messages.right(f"{row.tag} is ready for a patient")
            else:
                self.desk.messages.wrong(f"{row.tag} failed its check and is in quarantine")

        self.do(
            lambda _override: pass_check(database, row.id, measured, by, run_hours=read_hours(meter)),
            changed=("equipment",), then=told, pressed=self.panel.check.save_button,
        )  # fmt: skip


def _labels(database: Database, assets: list[AssetId]) -> tuple[Any, ...]:
    with database.reading() as session:
        return asset_labels(session, assets)


def _board(database: Database) -> _Board:
    with database.reading() as session:
        rows = board(session, today())
        return _Board(rows, due_of(rows, today()), count_unwritten(session, today()))


def _facts(database: Database, asset_id: AssetId) -> AssetFacts | None:
    with database.reading() as session:
        row = asset_row(session, asset_id, today())
        if row is None:
            return None
        return AssetFacts(
            row, history(session, asset_id), check_limits(session, row.item_id), model_facts(session, row.item_id),
            asset_page(session, asset_id),
        )  # fmt: skip


def _find(database: Database, scan: Scan) -> tuple[AssetRow | None, Recognised | None]:
    with database.reading() as session:
        return find_scanned(session, scan, today())

"""The board: every pump and pole, where it is, why it cannot go, and what the technician does next."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.equipment.asset_panel import AssetFacts, AssetPanel
from infusion_desktop.desktop.equipment.deeds import BoardDeed, tone_of
from infusion_desktop.desktop.equipment.register_dialog import Prefill, RegisterDialog
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.question import Answer, Question
from infusion_desktop.desktop.scanner import GS
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.equipment.custody import pass_check
from infusion_desktop.equipment.due import Due, due_list
from infusion_desktop.equipment.queries import (
    AssetRow,
    asset_row,
    board,
    find_scanned,
    history,
    limits_of,
)
from infusion_desktop.equipment.words import AssetId, AssetState
from infusion_desktop.errors import Refused
from infusion_desktop.stock.receiving import Recognised
from infusion_desktop.stock.scan_values import Scan, ScanKind
from infusion_desktop.stock.scans import read_scan

S = AssetState
DUE_DAYS = 14


@dataclass(frozen=True, slots=True)
class _Board:
    rows: tuple[AssetRow, ...]
    due: tuple[Due, ...]


class BoardScreen(Screen):
    """Pumps and poles."""

    title = "Pumps and poles"
    topics: ClassVar[frozenset[str]] = frozenset({"equipment", "deliveries"})
    help = (
        "Every pump and pole. Scan its tag or serial number to choose it, then press what you did with it. "
        "What is due stands in the second list."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.day = today()
        self.chosen: AssetId | None = None
        self._sends_separators = False
        self._lay_out()
        self.panel.show_nothing()
        self.table.selected.connect(lambda row: self._choose(row.id) if row is not None else None)
        self.due.selected.connect(lambda due: self._choose(due.id) if due is not None else None)
        self.panel.deed_asked.connect(self._ask_deed)
        self.panel.checked.connect(self._save_check)

    def load(self) -> None:
        database = self.context.database
        self.ask(lambda: _board(database), self._show, key="board")
        if self.chosen is not None:
            self._load_chosen(self.chosen)

    def show_record(self, kind: str, record: object) -> None:
        if isinstance(record, int):
            self._select(AssetId(record))

    def on_scan(self, raw: str) -> bool:
        self._sends_separators = self._sends_separators or GS in raw
        try:
            scan = read_scan(raw, today=today(), separators_proven=self._sends_separators)
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return True
        if scan.kind not in (ScanKind.ASSET, ScanKind.TEXT, ScanKind.PRODUCT):
            return False
        database = self.context.database
        self.ask(lambda: _find(database, scan), lambda found: self._show_scanned(scan, *found), key="scan")
        return True

    def register(self, known: Prefill | None = None) -> None:
        """A new pump or pole."""
        dialog = RegisterDialog(self.context, self.desk, self, known)
        dialog.succeeded.connect(lambda asset_id: self._select(asset_id))
        dialog.open()

    def _lay_out(self) -> None:
        self.register_button = button("Register", self.register, icon="plus", kind="primary")
        may_register = self.context.may(Permission.REGISTER_EQUIPMENT)
        self.register_button.setEnabled(may_register)
        self.register_button.setToolTip("" if may_register else "Technicians and pharmacists register equipment.")
        self.table: TableView[AssetRow] = TableView(
            self._columns(), lambda row: row.id, name="Pumps and poles", chips=self._chips(), desk=self.desk,
            noun=("asset", "assets"), settings=self.settings(),
            empty="No pump or pole is registered yet. Scan its label, or register it by hand.",
            empty_button=("Register", self.register) if may_register else None,
        )  # fmt: skip
        self.due: TableView[Due] = TableView(
            (
                Column("Tag", lambda due: due.tag),
                Column("Item", lambda due: due.item_name, stretch=True),
                Column("What to do", lambda due: due.what, stretch=True),
                Column(
                    "By", self._shown_due, sort_key=lambda due: due.on, tone=self._due_tone, value=lambda due: due.on
                ),
            ),
            lambda due: (due.id, due.what), name="Due list", noun=("thing to do", "things to do"), desk=self.desk,
            empty="Nothing to do: everything is clean, checked and maintained.",
        )  # fmt: skip
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for table, title in ((self.table, "Board"), (self.due, "To do")):
            holder = QWidget()
            column = QVBoxLayout(holder)
            column.setContentsMargins(0, 12, 0, 0)
            column.addWidget(table)
            self.tabs.addTab(holder, title)
        self.tabs.currentChanged.connect(lambda _tab: QTimer.singleShot(0, self, self.due.fit_columns))
        self.panel = AssetPanel(self.context.may(Permission.CARE_FOR_EQUIPMENT))
        self.panel.setFixedWidth(330)
        body = QHBoxLayout()
        body.setSpacing(14)
        body.addWidget(self.tabs, 1)
        body.addWidget(self.panel)
        page = Page(self, "Scan a tag or a serial number to choose it. PM is preventive maintenance.")
        page.actions(self.register_button)
        page.add(body, 1)

    def _columns(self) -> tuple[Column[AssetRow], ...]:
        return (
            Column("Tag", lambda row: row.tag),
            Column(
                "State", lambda row: row.state.value.capitalize(), tone=lambda row: tone_of(row.state),
                hint=lambda row: row.why_not or "Ready for a patient.",
            ),
            Column("Item", lambda row: row.item_name, stretch=True, hint=lambda row: row.item_name),
            Column("Serial", lambda row: row.serial),
            Column("Where", lambda row: row.place, hint=lambda row: row.place, width=100),
            Column(
                "PM due", lambda row: show_day(row.maintenance_due_on),
                sort_key=lambda row: row.maintenance_due_on, tone=self._maintenance_tone,
                value=lambda row: row.maintenance_due_on,
            ),
            Column("Why not ready", lambda row: row.why_not, hint=lambda row: row.why_not, hidden=True),
            Column("Back by", lambda row: show_day(row.due_back_on), sort_key=lambda row: row.due_back_on, hidden=True),
            Column("For", lambda row: row.document, hidden=True),
        )  # fmt: skip

    def _chips(self) -> tuple[Chip[AssetRow], ...]:
        return (
            Chip("Ready", lambda row: row.is_ready, "state"),
            Chip("Clean", lambda row: row.state in (S.RECEIVED, S.RETURNED), "state"),
            Chip("Check", lambda row: row.state is S.CLEANED, "state"),
            Chip("Out", lambda row: row.state in (S.RESERVED, S.IN_TRANSIT, S.WITH_PATIENT, S.DUE_BACK), "state"),
            Chip("Aside", lambda row: row.state in (S.QUARANTINED, S.MAINTENANCE, S.REPAIR, S.LOST), "state"),
            Chip("PM due", self._is_due, "due"),
        )

    def _is_due(self, row: AssetRow) -> bool:
        return row.maintenance_due_on is not None and row.maintenance_due_on <= self.day + timedelta(days=DUE_DAYS)

    def _maintenance_tone(self, row: AssetRow) -> Tone | None:
        if not self._is_due(row):
            return None
        return Tone.BAD if row.maintenance_due_on is not None and row.maintenance_due_on <= self.day else Tone.WARN

    def _shown_due(self, due: Due) -> str:
        return show_day(due.on) if due.on else "Today"

    def _due_tone(self, due: Due) -> Tone:
        if due.on is None:
            return Tone.INFO
        return Tone.BAD if due.on < self.day else Tone.WARN

    def _show(self, found: _Board) -> None:
        self.day = today()
        self.table.set_rows(found.rows)
        self.due.set_rows(found.due)
        self.tabs.setTabText(1, f"To do ({len(found.due)})" if found.due else "To do")
        if self.chosen is not None:
            self.table.select_ids([self.chosen])

    def _choose(self, asset_id: AssetId) -> None:
        if asset_id != self.chosen:
            self.chosen = asset_id
            self._load_chosen(asset_id)

    def _select(self, asset_id: AssetId) -> None:
        self.chosen = asset_id
        self.tabs.setCurrentIndex(0)
        if asset_id not in {row.id for row in self.table.model.shown}:
            self.table.clear_filter()
        self.table.select_ids([asset_id])
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
            self._select(row.id)
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

    def _ask_deed(self, deed: BoardDeed) -> None:
        facts = self.panel.facts
        if facts is None:
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

        def told(state: Any) -> None:
            self.panel.leave_check()
            if state is S.READY:
                self.desk.messages.right(f"{row.tag} is ready for a patient")
            else:
                self.desk.messages.wrong(f"{row.tag} failed its check and is in quarantine")

        self.do(
            lambda _override: pass_check(database, row.id, measured, by), changed=("equipment",), then=told,
            pressed=self.panel.check.save_button,
        )  # fmt: skip


def _board(database: Database) -> _Board:
    with database.reading() as session:
        return _Board(board(session, today()), due_list(session, today()))


def _facts(database: Database, asset_id: AssetId) -> AssetFacts | None:
    with database.reading() as session:
        row = asset_row(session, asset_id, today())
        return None if row is None else AssetFacts(row, history(session, asset_id), limits_of(session, asset_id))


def _find(database: Database, scan: Scan) -> tuple[AssetRow | None, Recognised | None]:
    with database.reading() as session:
        return find_scanned(session, scan, today())

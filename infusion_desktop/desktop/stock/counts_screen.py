"""Counting: the counts there are, the plans that say what is due, and the sheet of one count."""

from typing import ClassVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.question import Question
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.stock.count_columns import COUNT_CHIPS, COUNT_COLUMNS, PLAN_COLUMNS, SHELF_COLUMNS
from infusion_desktop.desktop.stock.count_dialogs import LimitsDialog, NewCountDialog, PlanDialog
from infusion_desktop.desktop.stock.count_sheet_view import CountSheetView
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.stock.counting.count_plans import PlanRow, Shelf, end_plan, open_planned, plan_rows, plan_shelves
from infusion_desktop.stock.counting.count_queries import CountRow, count_rows
from infusion_desktop.stock.house_rules import HouseRules, house_rules
from infusion_desktop.stock.queries import PlaceRow, place_rows
from infusion_desktop.stock.scanning.scan_values import ScanKind
from infusion_desktop.stock.scanning.scans import own_code, read_scan
from infusion_desktop.stock.words import CountId, CountPlanId

Found = tuple[tuple[CountRow, ...], tuple[PlanRow, ...], tuple[PlaceRow, ...], HouseRules]


class CountsScreen(Screen):
    """Counts and plans, and one count at a time."""

    title = "Counts"
    topics: ClassVar[frozenset[str]] = frozenset({"stock", "counts"})
    help = (
        "Start a count of a place, or the sheet of what a plan says is due. Scan a shelf, then its boxes; each scan "
        "counts one package, Enter writes the number down. Differences are posted when somebody else approved them."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.places: tuple[PlaceRow, ...] = ()
        self.limits = HouseRules()
        self._wanted_line = ""
        """A line of a sheet that was scanned elsewhere, until the list is here."""
        self._lay_out()
        self.counts.opened.connect(lambda row: self.open_sheet(row.id))
        self.plans.selected.connect(self._show_shelves)
        self.plans.opened.connect(lambda _row: self.change_plan())
        self.sheet.back_asked.connect(self.show_list)
        self._allow()

    def load(self) -> None:
        database = self.context.database
        self.ask(lambda: _found(database), self._show, key="list")
        if self.stack.currentWidget() is self.sheet:
            self.sheet.load()

    def show_record(self, kind: str, record: object) -> None:
        if kind == "count" and isinstance(record, int):
            self.open_sheet(CountId(record))
        elif kind == "count line" and isinstance(record, str):
            self._wanted_line = record
            if self.counts.model.rows:
                self._open_wanted()

    def may_leave(self) -> bool:
        return not self.sheet.has_unsaved()

    def on_scan(self, raw: str) -> bool:
        if self.stack.currentWidget() is self.sheet:
            return self.sheet.on_scan(raw)
        try:
            scan = read_scan(raw, today=today())
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return True
        if scan.kind is ScanKind.COUNT_LINE:
            self._wanted_line = scan.code
            self._open_wanted()
            return True
        return False

    def _open_wanted(self) -> None:
        code, self._wanted_line = self._wanted_line, ""
        number = code.partition("/")[0]
        row = next((row for row in self.counts.model.rows if row.number == number), None)
        if row is None:
            self.desk.messages.wrong(f"There is no count {number}.")
        else:
            self.open_sheet(row.id, own_code(ScanKind.COUNT_LINE, code))

    def open_sheet(self, count_id: CountId, scan: str = "") -> None:
        """Show one count; ``scan`` is the line that was scanned to come here."""
        self.sheet.show_count(count_id, scan)
        self.stack.setCurrentWidget(self.sheet)

    def show_list(self) -> None:
        """Back to all counts."""
        self.stack.setCurrentIndex(0)
        self.load()

    def new_count(self) -> None:
        """Count a place."""
        dialog = NewCountDialog(self.context, self.desk, self.places, self)
        dialog.succeeded.connect(lambda count_id: self.open_sheet(count_id))
        dialog.open()

    def start_planned(self) -> None:
        """The sheet of what the chosen plan says is due."""
        row = self.plans.current_row()
        if row is not None:
            database, by = self.context.database, self.context.user_id
            self.do(
                lambda _override: open_planned(database, row.id, by), changed=("counts",), then=self.open_sheet,
                pressed=self.start_button,
            )  # fmt: skip

    def new_plan(self) -> None:
        """A new plan."""
        PlanDialog(self.context, self.desk, self.places, self).open()

    def change_plan(self) -> None:
        """Change the chosen plan."""
        row = self.plans.current_row()
        if row is not None and self.change_button.isEnabled():
            PlanDialog(self.context, self.desk, self.places, self, row).opened_by(self.change_plan).open()

    def end_plan(self) -> None:
        """Count by the chosen plan no longer."""
        row = self.plans.current_row()
        if row is None:
            return
        database, by = self.context.database, self.context.user_id
        asked = Question(f"End “{row.plan.title}”?", ("Nothing is due by it any more. Its counts stay.",), yes="End")
        self.desk.messages.confirm(
            asked,
            lambda: self.do(lambda _o: end_plan(database, row.id, by), changed=("counts",), said="The plan is ended."),
            self,
        )

    def show_limits(self) -> None:
        """The pharmacy's tolerances."""
        LimitsDialog(self.context, self.desk, self.limits, self).opened_by(self.show_limits).open()

    def _lay_out(self) -> None:
        self.new_button = button("New count", self.new_count, icon="plus", kind="primary")
        self.limits_button = button("Limits", self.show_limits, icon="settings")
        self.start_button = button("Start what is due", self.start_planned, icon="count", kind="primary")
        self.plan_button = button("New plan", self.new_plan, icon="plus")
        self.change_button = button("Change", self.change_plan, icon="edit")
        self.end_button = button("End", self.end_plan, icon="cross")
        self.counts: TableView[CountRow] = TableView(
            COUNT_COLUMNS, lambda row: row.id, name="Counts", chips=COUNT_CHIPS, noun=("count", "counts"),
            desk=self.desk, settings=self.settings(), empty="Nothing was counted yet. Start with one shelf.",
            empty_button=("New count", self.new_count) if self.context.may(Permission.COUNT) else None,
        )  # fmt: skip
        self.plans: TableView[PlanRow] = TableView(
            PLAN_COLUMNS, lambda row: row.id, name="Count plans", noun=("plan", "plans"), desk=self.desk,
            empty="No plan yet. A plan says how often A, B and C items are counted.",
            empty_button=("New plan", self.new_plan) if self.context.may(Permission.APPROVE_COUNT) else None,
        )  # fmt: skip
        self.shelves: TableView[Shelf] = TableView(
            SHELF_COLUMNS, lambda row: (row.item_id, row.location_id), name="Shelves of the plan",
            noun=("shelf", "shelves"), desk=self.desk, empty="Choose a plan to see what it counts.",
        )  # fmt: skip
        plans = QVBoxLayout()
        row = QHBoxLayout()
        row.addStretch(1)
        for press in (self.end_button, self.change_button, self.plan_button, self.start_button):
            row.addWidget(press)
        plans.addLayout(row)
        plans.addWidget(self.plans, 2)
        plans.addWidget(self.shelves, 3)
        counts = QVBoxLayout()
        counts.addWidget(self.counts)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for layout, title in ((counts, "Counts"), (plans, "Plans")):
            layout.setContentsMargins(0, 12, 0, 0)
            holder = QWidget()
            holder.setLayout(layout)
            self.tabs.addTab(holder, title)
        self.tabs.currentChanged.connect(lambda _tab: QTimer.singleShot(0, self, self._fit))
        self.sheet = CountSheetView(self)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.tabs)
        self.stack.addWidget(self.sheet)
        self.stack.currentChanged.connect(lambda _shown: self._show_actions())
        self.page = Page(
            self, "Counted blind, beside the work; differences are posted when somebody else approved them."
        )
        self.page.actions(self.limits_button, self.new_button)
        self.page.add(self.stack, 1)

    def _show_actions(self) -> None:
        """The buttons and the line above belong to the list, not to one sheet."""
        is_list = self.stack.currentWidget() is self.tabs
        for part in (self.page.lead, self.limits_button, self.new_button):
            part.setVisible(is_list)

    def _fit(self) -> None:
        self.plans.fit_columns()
        self.shelves.fit_columns()

    def _show(self, found: Found) -> None:
        rows, plans, self.places, self.limits = found
        self.counts.set_rows(rows)
        if self._wanted_line:
            self._open_wanted()
        chosen = self.plans.current_row()
        self.plans.set_rows(plans)
        due = sum(row.due for row in plans)
        self.tabs.setTabText(1, f"Plans ({due:,} due)" if due else "Plans")
        if chosen is None and plans:
            self.plans.select_ids([plans[0].id])
        self._allow()

    def _show_shelves(self, row: PlanRow | None) -> None:
        self._allow()
        if row is None:
            self.shelves.set_rows(())
            return
        database, plan_id = self.context.database, row.id
        self.ask(lambda: _shelves(database, plan_id), self.shelves.set_rows, key="shelves")

    def _allow(self) -> None:
        may_count, may_plan = self.context.may(Permission.COUNT), self.context.may(Permission.APPROVE_COUNT)
        row = self.plans.current_row()
        for press, may, who, needed in (
            (self.new_button, may_count, "Technicians and pharmacists count.", True),
            (self.start_button, may_count, "Technicians and pharmacists count.", row is not None and row.due > 0),
            (self.plan_button, may_plan, "Pharmacists make plans.", True),
            (self.change_button, may_plan, "Pharmacists change plans.", row is not None),
            (self.end_button, may_plan, "Pharmacists end plans.", row is not None),
        ):
            press.setEnabled(may and needed)
            press.setToolTip("" if may else who)


def _found(database: Database) -> Found:
    with database.reading() as session:
        return count_rows(session), plan_rows(session, today()), place_rows(session), house_rules(session)


def _shelves(database: Database, plan_id: CountPlanId) -> tuple[Shelf, ...]:
    with database.reading() as session:
        return plan_shelves(session, plan_id, today())

"""The first screen of everybody: figures that lead to the rows behind them, and the calls and tasks that are due."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.access.roles import PERMISSIONS, Permission, Role
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.calls.follow_ups import FollowUpRow, Kind
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Figure, Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.desktop.today import to_do
from infusion_desktop.desktop.today.to_do import Gather, Heap, ToDo
from infusion_desktop.identifiers import show_phone

if TYPE_CHECKING:
    from infusion_desktop.desktop.today.done_dialog import DoneDialog

_P = Permission
HEAPS: tuple[tuple[str, str, Permission, Gather, str], ...] = (
    ("deliveries", "Deliveries today", _P.SEE_DELIVERIES, to_do.deliveries_today, "Nothing goes out today."),
    ("bench", "At the bench", _P.SEE_DELIVERIES, to_do.at_the_bench, "Nothing waits at the bench."),
    ("pumps", "Pumps", _P.SEE_EQUIPMENT, to_do.pumps, "Nothing is to be done with pumps and poles."),
    ("short", "Items short", _P.SEE_STOCK, to_do.items_short, "No item is at or below its reorder point."),
    ("expiring", "Expiring", _P.SEE_STOCK, to_do.expiring_soon, "No lot expires in the next 30 days."),
    ("claims", "Claims stopped", _P.SEE_BILLING, to_do.claims_stopped, "Nothing stops a claim."),
)
"""Each figure: its key, its caption, who sees it, where it comes from, and what its empty list says."""

_CALL = "Call: "
COLUMNS: tuple[Column[ToDo], ...] = (
    Column("What", lambda row: row.what, stretch=True, width=150, hint=lambda row: row.what),
    Column("Details", lambda row: row.detail, stretch=True, width=200, hint=lambda row: row.detail),
    Column(
        "When",
        lambda row: row.when_text,
        hint=lambda row: show_day(row.when) if row.when else "",
        sort_key=lambda row: row.when,
        value=lambda row: row.when,
    ),
    Column("State", lambda row: row.state, tone=lambda row: row.tone),
)


def _due(row: FollowUpRow) -> str:
    if row.due_on == today():
        return "Today"
    return show_day(row.due_on).partition(",")[0] if row.due_on.year == today().year else show_day(row.due_on)


def _is_call(row: FollowUpRow) -> bool:
    return Kind(row.kind).is_call or row.title.startswith(_CALL)


def _to_do(row: FollowUpRow) -> str:
    plain = row.title.removeprefix(_CALL)
    return plain[:1].upper() + plain[1:]


CALL_COLUMNS: tuple[Column[FollowUpRow], ...] = (
    Column("Due", _due, sort_key=lambda row: row.due_on,
           tone=lambda row: Tone.BAD if row.due_on < today() else Tone.WARN),
    Column("Patient", lambda row: row.patient_name, stretch=True, width=140, hint=lambda row: row.patient_number),
    Column("To do", _to_do, stretch=True, width=150, hint=lambda row: row.title),
    Column("Telephone", lambda row: show_phone(row.phone), hidden=True),
)  # fmt: skip


def asked(database: Database, day: date) -> tuple[Callable[[], object], ...]:
    """Everything the screen asks, as it is asked for somebody who may see all of it."""
    return (
        *(partial(gather, database, day) for *_caption, gather, _empty in HEAPS),
        partial(to_do.calls, database, day),
    )


class TodayScreen(Screen):
    """What the day asks for."""

    title = "Today"
    topics: ClassVar[frozenset[str]] = frozenset({"deliveries", "stock", "equipment", "patients", "billing"})
    help = (
        "Press a figure to see what it counts; Enter on a line opens the record. Calls and tasks due are at the right."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.heaps: dict[str, Heap] = {}
        self.chosen = ""
        self.offered = [each for each in HEAPS if context.may(each[2])]
        self.figures = {key: Figure(caption) for key, caption, *_rest in self.offered}
        self.dialog: DoneDialog | None = None
        self._lay_out()
        if self.offered:
            self.choose(self.offered[0][0])

    def load(self) -> None:
        database, day = self.context.database, today()
        self.page.lead.setText(_greeting(day))
        for key, _caption, _permission, gather, _empty in self.offered:
            self.ask(partial(gather, database, day), partial(self._show, key), key=key)
        if self.context.may(Permission.SEE_DELIVERIES):
            self.ask(partial(to_do.calls, database, day), self._show_calls, key="calls")

    def choose(self, key: str) -> None:
        """Show the rows behind a figure."""
        self.chosen = key
        caption, empty = next((each[1], each[4]) for each in self.offered if each[0] == key)
        self.heading.setText(caption)
        self.table.set_empty(empty)
        heap = self.heaps.get(key)
        self.table.set_rows(heap.rows if heap is not None else ())
        if heap is not None and heap.rows:
            self.table.fit_columns()

    def done(self) -> None:
        """The marked call was made."""
        from infusion_desktop.desktop.today.done_dialog import DoneDialog

        row = self.calls.current_row()
        if row is None:
            self.desk.messages.refused(("Mark the call or task that is done first.",), self, Tone.INFO)
            return
        self.dialog = DoneDialog(self.context, self.desk, row, self)
        self.dialog.open()

    def plan_refill(self) -> None:
        """Make the marked refill call, or plan the supply of the marked task's patient."""
        row = self.calls.current_row()
        if row is None:
            self.desk.messages.refused(("Mark the patient's call first.",), self, Tone.INFO)
            return
        self.desk.open("refill call" if row.kind == Kind.REFILL_CALL else "supply plan", row.patient_id)

    def _show(self, key: str, heap: Heap) -> None:
        self.heaps[key] = heap
        self.figures[key].show_value(heap.number, heap.detail, heap.tone)
        if key == self.chosen:
            self.choose(key)

    def _show_calls(self, rows: tuple[FollowUpRow, ...]) -> None:
        self.calls.set_rows(rows)
        calls = sum(_is_call(row) for row in rows)
        tasks = len(rows) - calls
        counted = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in ((calls, "call"), (tasks, "task"))
                   if number]  # fmt: skip
        self.calls_heading.setText(f"Due: {', '.join(counted) or 'nothing'}")
        overdue = sum(row.due_on < today() for row in rows)
        self.calls_overdue.setText(f"{overdue} overdue" if overdue else "")
        self.calls_overdue.setVisible(bool(overdue))

    def _lay_out(self) -> None:
        self.heading, self.calls_heading = label("", "heading"), label("Due", "heading")
        self.calls_overdue = label("", "small")
        self.calls_overdue.hide()
        self.table: TableView[ToDo] = TableView(
            COLUMNS, lambda row: row.id, name="What the figure counts", desk=self.desk, settings=self.settings(),
        )  # fmt: skip
        self.calls: TableView[FollowUpRow] = TableView(
            CALL_COLUMNS, lambda row: row.id, name="Calls and tasks due", desk=self.desk, noun=("due", "due"),
            settings=self.settings(), empty="Nothing is due. Refill calls appear here before a supply ends.",
        )  # fmt: skip
        self.table.opened.connect(lambda row: self.desk.open(row.opens, row.record))
        self.calls.opened.connect(lambda row: self.desk.open("patient", row.patient_id))
        self.plan_button = button("Plan refill", self.plan_refill, icon="plus")
        self.done_button = button("Done…", self.done, icon="check")
        if not self.context.may(Permission.PLAN_DELIVERY):
            roles = [role.value for role in Role if Permission.PLAN_DELIVERY in PERMISSIONS[role]]
            for each in (self.plan_button, self.done_button):
                each.setEnabled(False)
                each.setToolTip(f"Done by: {', '.join(roles)}.")
        self.page = Page(self)
        figures = QGridLayout()
        figures.setSpacing(14)
        for place, (key, figure) in enumerate(self.figures.items()):
            figure.pressed.connect(partial(self.choose, key))
            figures.addWidget(figure, place // 6, place % 6)
            figures.setColumnStretch(place % 6, 1)
        self.page.add(figures)
        lists = QHBoxLayout()
        lists.setSpacing(18)
        lists.addLayout(_column(self.heading, self.table), 11)
        due = QWidget()
        above = QVBoxLayout(due)
        above.setContentsMargins(0, 0, 0, 0)
        above.setSpacing(0)
        above.addWidget(self.calls_heading)
        above.addWidget(self.calls_overdue)
        lists.addLayout(_column(due, self.calls, self.plan_button, self.done_button), 8)
        self.page.add(lists, 1)


def _greeting(day: date) -> str:
    return f"{day:%A}, {show_day(day)}"


def _column(heading: QWidget, table: QWidget, *presses: QWidget) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(8)
    top = QHBoxLayout()
    top.addWidget(heading, 1)
    heading.setMinimumHeight(38)
    for press in presses:
        top.addWidget(press)
    column.addLayout(top)
    column.addWidget(table, 1)
    return column

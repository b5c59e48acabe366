"""The day's board: what is to go out, where each delivery stands, and the manifests of a day."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import ClassVar

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import Days, show_day, today
from infusion_desktop.deliveries.batches import print_deliveries
from infusion_desktop.deliveries.lists import DeliveryRow, day_board
from infusion_desktop.deliveries.papers import print_manifests
from infusion_desktop.deliveries.schedule.dispatch_words import PaperKind
from infusion_desktop.deliveries.words import DeliveryState
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deliveries.board_columns import BOARD_COLUMNS
from infusion_desktop.desktop.deliveries.looks import in_days, who_may
from infusion_desktop.desktop.deliveries.print_dialogs import print_many
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused

_BEFORE, _AHEAD = 14, 28
_PAPERS = (PaperKind.MANIFEST, PaperKind.TOTE_LABEL)
MANY = 20
"""Manifests beyond which they are drawn as a batch in a process of their own."""
Accepts = Callable[[DeliveryRow, date], bool]
SPANS: tuple[tuple[str, Accepts], ...] = (
    ("Today", lambda row, day: row.scheduled_on == day or row.late),
    ("Tomorrow", lambda row, day: in_days(row, day + timedelta(days=1), 1)),
    ("Next 7 days", lambda row, day: in_days(row, day, 7) or row.late),
    ("Everything", lambda _row, _day: True),
)
"""Which days are shown; what is late shows up with today, because it still has to go."""


class BoardScreen(Screen):
    """The deliveries of today and of the days around it."""

    title = "Deliveries"
    topics: ClassVar[frozenset[str]] = frozenset({"deliveries"})
    help = (
        "What goes out on which day and where it stands. Choose days and states above the list; Enter opens a "
        "delivery. Scan a manifest anywhere to open its delivery."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.rows: tuple[DeliveryRow, ...] = ()
        self.table: TableView[DeliveryRow] = TableView(
            BOARD_COLUMNS, lambda row: row.id, name="Deliveries", desk=desk, noun=("delivery", "deliveries"),
            settings=self.settings(), empty="No delivery.",
        )  # fmt: skip
        self.span = QButtonGroup(self)
        self.summary = label("", "muted")
        self.states = {
            state: button(state.value.capitalize(), kind="chip")
            for state in DeliveryState
            if state is not DeliveryState.CANCELLED
        }
        self.print_button = button("Print manifests", self.print_manifests, icon="print")
        self.print_button.setToolTip("The manifests of the marked deliveries, or of all that the list shows")
        self.new_button = button("New delivery", lambda: desk.open("new delivery", None), icon="plus", kind="primary")
        if not context.may(Permission.PLAN_DELIVERY):
            self.new_button.setEnabled(False)
            self.new_button.setToolTip(who_may(Permission.PLAN_DELIVERY))
        self._lay_out()
        self.table.opened.connect(lambda row: desk.open("delivery", row.id))

    def load(self) -> None:
        database, day = self.context.database, today()
        self.ask(lambda: _board(database, day), self._show, key="board")

    def print_manifests(self) -> None:
        """Show the manifests of the marked deliveries, or of the day, to print."""
        database, by, day = self.context.database, self.context.user_id, today()
        marked = self.table.selected_rows()
        chosen = [row.id for row in (marked if len(marked) > 1 else self.table.model.shown)
                  if row.state not in (DeliveryState.DRAFT, DeliveryState.REFUSED)]  # fmt: skip

        if len(chosen) > MANY:
            print_many(
                self.context, self.desk, f"Papers of {len(chosen)} deliveries", _PAPERS, self,
                lambda kinds, why: print_deliveries(database, chosen, kinds, by, why),
            )  # fmt: skip
            return

        def draw(why: str) -> bytes:
            if not chosen:
                raise Refused("Nothing on this list is released yet, so there is no manifest to print.")
            return print_manifests(database, chosen, by, why)

        def show(pdf: bytes) -> None:
            name = f"manifests-{day.isoformat()}.pdf"
            PdfDialog(self.desk, "Delivery manifests", pdf, name, self.context.folder, self).open()

        self.do(draw, changed=("deliveries",), then=show, pressed=self.print_button, text="Drawing manifests")

    def _show(self, rows: tuple[DeliveryRow, ...]) -> None:
        self.rows = rows
        self._filter()

    def _filter(self) -> None:
        day = today()
        accepts = SPANS[max(0, self.span.checkedId())][1]
        in_span = [row for row in self.rows if accepts(row, day)]
        counts = Counter(row.state for row in in_span)
        for state, chip in self.states.items():
            chip.setText(f"{state.value.capitalize()} {counts[state]}" if counts[state] else state.value.capitalize())
        chosen = {state for state, chip in self.states.items() if chip.isChecked()}
        self.table.set_empty(
            "No delivery in these days. Plan one with New delivery."
            if not in_span
            else "No delivery stands in the chosen state. Press the state again to see all."
        )
        self.table.set_rows(row for row in in_span if not chosen or row.state in chosen)
        late, short = sum(row.late for row in in_span), sum(bool(row.owed) for row in in_span)
        parts = [show_day(day), f"{late} late" if late else "", f"{short} with something short" if short else ""]
        self.summary.setText("   ".join(part for part in parts if part))

    def _lay_out(self) -> None:
        spans = QHBoxLayout()
        spans.setSpacing(8)
        for number, (name, _accepts) in enumerate(SPANS):
            chip = button(name, kind="chip")
            chip.setCheckable(True)
            chip.setChecked(number == 0)
            self.span.addButton(chip, number)
            spans.addWidget(chip)
        spans.addStretch(1)
        spans.addWidget(self.summary)
        states = QHBoxLayout()
        states.setSpacing(8)
        for chip in self.states.values():
            chip.setCheckable(True)
            chip.toggled.connect(lambda _on: self._filter())
            states.addWidget(chip)
        states.addStretch(1)
        self.span.idToggled.connect(lambda _id, on: self._filter() if on else None)
        page = Page(self, "What goes out, and where each kit stands.")
        page.actions(self.print_button, self.new_button)
        page.add(spans)
        page.add(states)
        page.add(self.table, 1)


def _board(database: Database, day: date) -> tuple[DeliveryRow, ...]:
    with database.reading() as session:
        return day_board(session, Days(day - timedelta(days=_BEFORE), day + timedelta(days=_AHEAD)), day)

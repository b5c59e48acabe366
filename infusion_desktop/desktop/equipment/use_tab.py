"""Use and cost: how the days of a period were spent, what stands idle, and what a day with a patient costs."""

from datetime import date, timedelta
from decimal import Decimal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.dates import Days, show_day
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.equipment.figures import Use
from infusion_desktop.equipment.usage import UseRow, by_model
from infusion_desktop.money import show_money

LONG_IDLE = 30


def _together(rows: tuple[UseRow, ...]) -> tuple[UseRow, ...]:
    """A line for each model; its tag says how many there are, and its first pump is what it opens."""
    first = {row.item_number: row.asset_id for row in reversed(rows)}
    return tuple(
        UseRow(first[row.item_number], f"{row.count} of", row.item_number, row.item_name, "", row.use, None)
        for row in by_model(rows)
    )


def _percent(row: UseRow) -> str:
    return "" if row.use.percent is None else f"{row.use.percent} %"


class UseTab(QWidget):
    """``period_changed`` asks for another period."""

    chosen = Signal(object)
    period_changed = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.day = date.min
        self.period = QComboBox()
        self.period.setAccessibleName("Period")
        for title, days in (("Last 30 days", 30), ("Last 90 days", 90), ("Last 365 days", 365)):
            self.period.addItem(title, days)
        self.period.setCurrentIndex(1)
        self.period.activated.connect(lambda _index: self.period_changed.emit())
        self.kind = QComboBox()
        self.kind.setAccessibleName("Counted by")
        self.kind.addItems(["Each pump and pole", "By model"])
        self.kind.activated.connect(lambda _index: self._show())
        self._rows: tuple[UseRow, ...] = ()
        self.summary = label("", "strong", wrap=True)
        self.table: TableView[UseRow] = TableView(
            (
                Column("Tag", lambda row: row.tag),
                Column("Item", lambda row: row.item_name, stretch=True, hint=lambda row: row.item_name),
                Column("In use", _percent, sort_key=lambda row: row.use.percent, numeric=True,
                       value=lambda row: row.use.percent),
                Column("Days out", lambda row: f"{row.use.out:,}", sort_key=lambda row: row.use.out, numeric=True,
                       value=lambda row: row.use.out),
                Column("Idle", lambda row: f"{row.use.idle:,}", sort_key=lambda row: row.use.idle, numeric=True,
                       value=lambda row: row.use.idle),
                Column("In service", lambda row: f"{row.use.in_service:,}", sort_key=lambda row: row.use.in_service,
                       numeric=True, value=lambda row: row.use.in_service),
                Column("Cost", lambda row: show_money(row.use.cost), sort_key=lambda row: row.use.cost, numeric=True,
                       value=lambda row: row.use.cost),
                Column("A day in use", lambda row: _cost(row.use), sort_key=lambda row: row.use.cost_per_day,
                       numeric=True, value=lambda row: row.use.cost_per_day),
                Column("Idle since", lambda row: show_day(row.idle_since), sort_key=lambda row: row.idle_since,
                       tone=self._tone, value=lambda row: row.idle_since),
                Column("Owner", lambda row: row.owner or "ours", hidden=True),
            ),
            lambda row: row.asset_id, name="Use and cost", desk=desk, noun=("asset", "assets"),
            chips=(Chip("Idle for a month", self._is_long_idle, "idle"),
                   Chip("Rented", lambda row: bool(row.owner), "owner")),
            empty="No pump or pole was here in this period.",
        )  # fmt: skip
        top = QHBoxLayout()
        top.addWidget(self.summary, 1)
        top.addWidget(self.kind)
        top.addWidget(self.period)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        self.table.selected.connect(lambda row: self.chosen.emit(row.asset_id) if row is not None else None)

    def days(self, today: date) -> Days:
        """The period that is chosen, until yesterday's end and today."""
        return Days(today - timedelta(days=self.period.currentData() - 1), today)

    def show_rows(self, rows: tuple[UseRow, ...], day: date) -> None:
        """Show the rows of the period and what they come to."""
        self.day, self._rows = day, rows
        self._show()

    def _show(self) -> None:
        rows = self._rows
        total = Use()
        for row in rows:
            total.add(row.use)
        self.table.set_rows(_together(rows) if self.kind.currentIndex() else rows)
        idle = sum(self._is_long_idle(row) for row in rows)
        parts = [
            f"{total.percent} % of days in use" if total.percent is not None else "",
            f"{_cost(total)} a day in use" if total.out else "",
            f"{show_money(total.cost)} in all" if total.cost else "",
            f"{idle} idle for a month" if idle else "",
        ]
        self.summary.setText("   ".join(filter(None, parts)))

    def _is_long_idle(self, row: UseRow) -> bool:
        return row.idle_since is not None and (self.day - row.idle_since).days >= LONG_IDLE

    def _tone(self, row: UseRow) -> Tone | None:
        return Tone.WARN if self._is_long_idle(row) else None


def _cost(use: Use) -> str:
    per_day: Decimal | None = use.cost_per_day
    return "" if per_day is None else show_money(per_day)

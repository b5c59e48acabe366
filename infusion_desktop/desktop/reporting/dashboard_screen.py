"""What a manager sees first: figures and bars, each of which opens what is behind it."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar, TypeVar

from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.dates import Days, show_day, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.charts import Bar, BarChart
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card, Figure, Page, scrolled
from infusion_desktop.desktop.reporting.costs_dialog import CostsDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column, capital
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.money import percent, show_money, show_percent
from infusion_desktop.reporting import dashboard
from infusion_desktop.reporting.behind import (
    BACK_OVERDUE,
    BILLED,
    DENIED,
    OUT,
    PM_DUE,
    PM_OVERDUE,
    READY,
    UNBILLED,
)
from infusion_desktop.reporting.margin_rules import Margin
from infusion_desktop.reporting.report import Choice

T = TypeVar("T")
_FIGURES = (
    "Deliveries", "On time", "Calls due", "Patients in care", "Margin a day", "Days of supply", "Pumps out",
    "PM due", "Back overdue", "Stock at cost", "Items short", "Lots expiring",
)  # fmt: skip
_IN_A_ROW = 6
_LONG_AGO = date(2000, 1, 1)
_CHARTS = {
    "Deliveries today": "No delivery is promised for today.", "Pumps": "There are no pumps in the register.",
    "Patients by therapy": "No patient is in care.", "Money by month": "Nothing was billed or paid in four months.",
}  # fmt: skip
"""Each with what it says where it has no bar."""
Behind = tuple[str, Days | None, Choice]
"""The report that lists what a number counts: its key, its days, and what it is narrowed to."""


COLUMNS: tuple[Column[Margin], ...] = (
    Column("What", lambda row: row.therapy, stretch=True, width=220),
    Column("Days", lambda row: f"{row.days:,.0f}", sort_key=lambda row: row.days, numeric=True),
    Column("Per diem", lambda row: _money(row.per_diem), sort_key=lambda row: row.per_diem, numeric=True),
    Column("Costs", lambda row: _money(row.cost), sort_key=lambda row: row.cost, numeric=True),
    Column("A day", width=90, text=lambda row: "" if row.per_day is None else show_money(row.per_day), numeric=True,
           sort_key=lambda row: row.per_day if row.per_day is not None else Decimal("-Infinity")),
    Column("Why", lambda row: row.reason, stretch=True, width=260, hint=lambda row: row.reason),
)  # fmt: skip


class DashboardScreen(Screen):
    """The pharmacy at a glance."""

    title = "Dashboard"
    topics: ClassVar[frozenset[str]] = frozenset({"deliveries", "stock", "equipment", "patients", "billing"})
    help = "Press a figure or a bar to see what it counts. Nothing can be changed here."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.figures = {caption: Figure(caption) for caption in _FIGURES}
        self.charts = {name: BarChart(name, empty) for name, empty in _CHARTS.items()}
        self.behind: dict[str, Behind] = {}
        """What each figure opens."""
        self.behind_bars: dict[str, list[Behind]] = {name: [] for name in _CHARTS}
        """What each bar opens, in their order."""
        self.rows: TableView[Margin] = TableView(
            COLUMNS, lambda row: row.therapy, name="Lowest margin a day", desk=desk, settings=self.settings(),
            noun=("row", "rows"), empty="No therapy day was counted last month.",
        )  # fmt: skip
        self.rows.setMinimumHeight(300)
        self.margin: dashboard.MarginFigures | None = None
        self.by = QButtonGroup(self)
        self.heading = label("Lowest margin a day", "heading")
        self.dialog: CostsDialog | None = None
        self._lay_out()

    def load(self) -> None:
        day = today()
        self.page.lead.setText(f"{day:%A}, {show_day(day)}")
        self._look(partial(dashboard.delivery_figures, day=day), self._deliveries)
        self._look(partial(dashboard.calls_figure, day=day), self._calls)
        self._look(partial(dashboard.pump_figures, day=day), self._pumps)
        self._look(partial(dashboard.stock_figures, day=day), self._stock)
        self._look(partial(dashboard.days_of_supply, day=day), self._supply)
        self._look(partial(dashboard.census, day=day), self._census)
        self._look(partial(dashboard.money_figures, day=day), self._money)
        self._look(partial(dashboard.margin_figures, day=day), self._margin)

    def set_costs(self) -> None:
        """What a delivery costs by carrier."""
        self.dialog = CostsDialog(self.context, self.desk, self)
        self.dialog.open()

    def _look(self, query: Callable[[Any], T], then: Callable[[T], object]) -> None:
        database = self.context.database

        def read() -> T:
            with database.reading() as session:
                return query(session)

        self.ask(read, then, key=then.__name__)

    def _show(
        self, caption: str, number: str, detail: str, tone: Tone, key: str, period: Days | None = None, only: str = ""
    ) -> None:
        """A figure, and the list it opens."""
        self.figures[caption].show_value(number, detail, tone)
        self.behind[caption] = (key, period, Choice(only=only))

    def _draw(self, name: str, bars: Sequence[tuple[Bar, Behind]]) -> None:
        """Bars, and the list each one opens."""
        self.charts[name].show_bars([bar for bar, _ in bars])
        self.behind_bars[name] = [opens for _, opens in bars]

    def _deliveries(self, found: dashboard.DeliveryFigures) -> None:
        day, seen = Days(today(), today()), dashboard.on_time_days(today())
        going = sum(count for _, count in found.today)
        self._show("Deliveries", f"{going:,}", "promised for today", Tone.INFO, "deliveries", day)
        self._draw("Deliveries today", [
            (Bar(capital(state), count, f"{count:,}"), ("deliveries", day, Choice(only=state)))
            for state, count in found.today
        ])  # fmt: skip
        arrived = found.on_time + found.late
        share = percent(found.on_time, arrived)
        self._show(
            "On time", f"{show_percent(share)} %" if arrived else "–",
            f"{found.late:,} of {arrived:,} late in {dashboard.ON_TIME_DAYS} days" if arrived else
            f"nothing was sent in {dashboard.ON_TIME_DAYS} days",
            Tone.NEUTRAL if not arrived else Tone.GOOD if share >= 97 else Tone.WARN, "on time", seen,
        )  # fmt: skip

    def _calls(self, found: tuple[int, int]) -> None:
        due, urgent = found
        tone = Tone.BAD if urgent else Tone.INFO if due else Tone.GOOD
        self._show("Calls due", f"{due:,}", "some end by tomorrow" if urgent else "for a refill", tone, "calls")

    def _pumps(self, found: dashboard.PumpFigures) -> None:
        among, whole = found.among, found.all
        self._show(
            "Pumps out", f"{show_percent(percent(among[OUT], whole))} %" if whole else "–",
            f"{among[OUT]:,} of {whole:,} pumps" if whole else "no pumps yet",
            Tone.NEUTRAL if not whole else Tone.GOOD if among[READY] else Tone.WARN, "pumps", None, OUT,
        )  # fmt: skip
        self._show("PM due", f"{among[PM_DUE]:,}", "within 30 days or overdue",
                   Tone.WARN if among[PM_OVERDUE] else Tone.GOOD, "pumps", None, PM_DUE)  # fmt: skip
        self._show("Back overdue", f"{among[BACK_OVERDUE]:,}", "pumps past their day",
                   Tone.WARN if among[BACK_OVERDUE] else Tone.GOOD, "pumps", None, BACK_OVERDUE)  # fmt: skip
        sorts = [(state, count, Tone.INFO) for state, count in found.states]
        sorts += [(PM_OVERDUE, among[PM_OVERDUE], Tone.WARN)] if among[PM_OVERDUE] else []
        self._draw("Pumps", [
            (Bar(capital(what), count, f"{count:,}", tone), ("pumps", None, Choice(only=what)))
            for what, count, tone in sorts
        ])  # fmt: skip

    def _stock(self, found: dashboard.StockFigures) -> None:
        self._show("Stock at cost", _short(found.value), "in our places now", Tone.INFO, "stock value")
        self._show("Items short", f"{found.short:,}", "at their reorder point or below",
                   Tone.WARN if found.short else Tone.GOOD, "reorder")  # fmt: skip
        until = Days(_LONG_AGO, today() + timedelta(days=dashboard.EXPIRY_DAYS))
        self._show("Lots expiring", f"{found.expiring:,}", f"until {show_day(until.last)}",
                   Tone.WARN if found.expiring else Tone.GOOD, "expiry", until)  # fmt: skip

    def _supply(self, found: int | None) -> None:
        number, detail = ("–", "nothing was sent lately") if found is None else (f"{found:,}", "of stock, by cost")
        self._show("Days of supply", number, detail, Tone.INFO, "days of supply")

    def _census(self, found: dashboard.Census) -> None:
        day = Days(today(), today())
        self._show("Patients in care", f"{found.patients:,}", "with a running therapy", Tone.INFO, "census", day)
        self._draw("Patients by therapy", [
            (Bar(capital(kind), count, f"{count:,}"), ("census", day, Choice(therapy_class=kind)))
            for kind, count in found.classes
        ])  # fmt: skip

    def _money(self, found: tuple[dashboard.MoneyFigures, ...]) -> None:
        bars: list[tuple[Bar, Behind]] = []
        is_empty = not any(each.billed or each.unbilled or each.denied or each.collected for each in found)
        for each in () if is_empty else found:
            for name, amount, tone, key, only in (
                ("Billed", each.billed, Tone.NEUTRAL, "counted claims", BILLED),
                ("Not billed", each.unbilled, Tone.WARN, "counted claims", UNBILLED),
                ("Denied", each.denied, Tone.BAD, "counted claims", DENIED),
                ("Collected", each.collected, Tone.GOOD, "payments", ""),
            ):
                bar = Bar(name, float(amount), _money(amount), tone, f"{each.month.first:%b %Y}")
                bars.append((bar, (key, each.month, Choice(only=only))))
        self._draw("Money by month", bars)

    def _margin(self, found: dashboard.MarginFigures) -> None:
        total = found.all
        self._show(
            "Margin a day", "–" if total.per_day is None else show_money(total.per_day),
            f"{total.days:,.0f} therapy days in {found.month.first:%B}",
            Tone.NEUTRAL if total.per_day is None else Tone.GOOD if total.per_day > 0 else Tone.BAD,
            "margin by therapy", found.month,
        )  # fmt: skip
        self.heading.setText(f"Lowest margin a day, {found.month.first:%B %Y}")
        self.margin = found
        self._show_margins()

    @property
    def _margin_by(self) -> str:
        return dashboard.MARGIN_BY[max(0, self.by.checkedId())]

    def _show_margins(self) -> None:
        if self.margin is not None:
            self.rows.set_rows(self.margin.by[self._margin_by])

    def _open_margins(self) -> None:
        """The report of what the list shows the worst of."""
        if self.margin is not None:
            self.desk.open("report", (f"margin by {self._margin_by}", self.margin.month, Choice()))

    def _lay_out(self) -> None:
        self.page = Page(self)
        self.page.actions(button("Delivery costs…", self.set_costs, icon="truck"))
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        top = QGridLayout()
        top.setSpacing(10)
        for place, figure in enumerate(self.figures.values()):
            top.addWidget(figure, place // _IN_A_ROW, place % _IN_A_ROW)
            top.setColumnStretch(place % _IN_A_ROW, 1)
        column.addLayout(top)
        charts = QGridLayout()
        charts.setSpacing(14)
        for place, (name, chart) in enumerate(self.charts.items()):
            card = Card()
            card.add(label(name, "heading"))
            card.add(chart)
            card.column.addStretch(1)
            charts.addWidget(card, place // 2, place % 2)
            charts.setColumnStretch(place % 2, 1)
        column.addLayout(charts)
        head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        for number, by in enumerate(dashboard.MARGIN_BY):
            chip = button(capital(by), kind="chip")
            chip.setCheckable(True)
            chip.setChecked(number == 0)
            self.by.addButton(chip, number)
            head.addWidget(chip)
        self.by.idToggled.connect(lambda _id, on: self._show_margins() if on else None)
        column.addLayout(head)
        column.addWidget(self.rows)
        self.page.add(scrolled(whole), 1)
        for caption, figure in self.figures.items():
            figure.pressed.connect(partial(self._open_figure, caption))
        for name, chart in self.charts.items():
            chart.pressed.connect(partial(self._open_bar, name))
        self.rows.opened.connect(lambda _row: self._open_margins())

    def _open_figure(self, caption: str) -> None:
        if caption in self.behind:
            self.desk.open("report", self.behind[caption])

    def _open_bar(self, name: str, place: int) -> None:
        if place < len(self.behind_bars[name]):
            self.desk.open("report", self.behind_bars[name][place])


def _short(amount: Decimal) -> str:
    """Millions as millions: "$5.56 M"."""
    return f"${amount / 1_000_000:,.2f} M" if amount >= 1_000_000 else _money(amount)


def _money(amount: Decimal) -> str:
    """Whole dollars: cents say nothing at a glance."""
    return f"-${-amount:,.0f}" if amount < 0 else f"${amount:,.0f}"

"""What a manager sees first: figures and bars, each of which opens what is behind it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar, TypeVar

from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from infusion_desktop.dates import Days, month_of, show_day, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.charts import Bar, BarChart
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card, Figure, Page, scrolled
from infusion_desktop.desktop.reporting.costs_dialog import CostsDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.money import show_money
from infusion_desktop.reporting import dashboard
from infusion_desktop.reporting.margin_rules import Margin

T = TypeVar("T")
_FIGURES = ("Deliveries today", "On time", "Calls due", "Pumps out", "Stock at cost", "Margin a day")

COLUMNS: tuple[Column[Margin], ...] = (
    Column("Therapy", lambda row: row.therapy, stretch=True, width=220),
    Column("Days", lambda row: f"{row.days:,.0f}", sort_key=lambda row: row.days, numeric=True),
    Column("Per diem", lambda row: _money(row.per_diem), sort_key=lambda row: row.per_diem, numeric=True),
    Column("Costs", lambda row: _money(row.cost), sort_key=lambda row: row.cost, numeric=True),
    Column("A day", lambda row: "" if row.per_day is None else show_money(row.per_day), numeric=True,
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
        self.charts = {
            name: BarChart(name)
            for name in ("Deliveries today", "Pumps by state", "Patients by therapy", "Money by month")
        }
        self.rows: TableView[Margin] = TableView(
            COLUMNS, lambda row: row.therapy, name="Lowest margin a day", desk=desk, settings=self.settings(),
            noun=("therapy", "therapies"), empty="No therapy day was counted last month.",
        )  # fmt: skip
        self.rows.setMinimumHeight(300)
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

    def _deliveries(self, found: dashboard.DeliveryFigures) -> None:
        going = sum(count for _, count in found.today)
        self.figures["Deliveries today"].show_value(f"{going:,}", "by the day they are promised for", Tone.INFO)
        self.charts["Deliveries today"].show_bars(
            [Bar(state.capitalize(), count, f"{count:,}") for state, count in found.today]
        )
        arrived = found.on_time + found.late
        percent = 100 * found.on_time / arrived if arrived else 0
        self.figures["On time"].show_value(
            f"{percent:.0f} %" if arrived else "–",
            f"{found.late:,} of {arrived:,} late in {dashboard.ON_TIME_DAYS} days",
            Tone.GOOD if percent >= 97 or not arrived else Tone.WARN,
        )

    def _calls(self, found: tuple[int, int]) -> None:
        due, urgent = found
        tone = Tone.BAD if urgent else Tone.INFO if due else Tone.GOOD
        self.figures["Calls due"].show_value(f"{due:,}", f"{urgent:,} with supply that ends by tomorrow", tone)

    def _pumps(self, found: dashboard.PumpFigures) -> None:
        percent = 100 * found.out / found.all if found.all else 0
        self.figures["Pumps out"].show_value(
            f"{percent:.0f} %", f"{found.ready:,} ready; {found.overdue:,} PM overdue; {found.due_back:,} due back",
            Tone.WARN if found.overdue or not found.ready else Tone.GOOD,
        )  # fmt: skip
        self.charts["Pumps by state"].show_bars(
            [Bar(state.capitalize(), count, f"{count:,}") for state, count in found.states]
        )

    def _stock(self, found: dashboard.StockFigures) -> None:
        self.figures["Stock at cost"].show_value(
            _short(found.value), f"{found.short:,} items short; {found.expiring:,} lots expire in 30 days",
            Tone.WARN if found.short else Tone.GOOD,
        )  # fmt: skip

    def _census(self, found: tuple[tuple[str, int], ...]) -> None:
        self.charts["Patients by therapy"].show_bars(
            [Bar(kind.capitalize(), count, f"{count:,}") for kind, count in found]
        )

    def _money(self, found: tuple[dashboard.MoneyFigures, ...]) -> None:
        bars = []
        for each in found:
            month = f"{each.month.first:%b}"
            bars += [
                Bar(f"{month} expected", float(each.expected), _money(each.expected), Tone.NEUTRAL),
                Bar(f"{month} collected", float(each.collected), _money(each.collected), Tone.GOOD),
            ]
            if each.unbilled:
                bars.append(Bar(f"{month} not sent", float(each.unbilled), _money(each.unbilled), Tone.WARN))
            if each.denied:
                bars.append(Bar(f"{month} denied", float(each.denied), _money(each.denied), Tone.BAD))
        self.charts["Money by month"].show_bars(bars)

    def _margin(self, found: dashboard.MarginFigures) -> None:
        total = found.all
        self.figures["Margin a day"].show_value(
            "–" if total.per_day is None else show_money(total.per_day),
            f"{total.days:,.0f} therapy days in {found.month.first:%B}",
            Tone.NEUTRAL if total.per_day is None else Tone.GOOD if total.per_day > 0 else Tone.BAD,
        )
        self.heading.setText(f"Lowest margin a day, {found.month.first:%B %Y}")
        self.rows.set_rows(found.rows)

    def _lay_out(self) -> None:
        self.page = Page(self)
        self.page.actions(button("Delivery costs…", self.set_costs, icon="truck"))
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        top = QGridLayout()
        top.setSpacing(12)
        for place, figure in enumerate(self.figures.values()):
            top.addWidget(figure, place // 6, place % 6)
            top.setColumnStretch(place % 6, 1)
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
        column.addWidget(self.heading)
        column.addWidget(self.rows)
        self.page.add(scrolled(whole), 1)
        last = month_of(month_of(today()).first - timedelta(days=1))
        for caption, key in (("On time", "on time"), ("Stock at cost", "stock value"), ("Pumps out", "equipment use")):
            self.figures[caption].pressed.connect(partial(self._report, key, None))
        self.figures["Margin a day"].pressed.connect(partial(self._report, "margin by therapy", last))
        self.figures["Deliveries today"].pressed.connect(partial(self.desk.open, "deliveries", today()))
        self.figures["Calls due"].pressed.connect(partial(self.desk.open, "calls", today()))
        self.charts["Deliveries today"].pressed.connect(lambda _bar: self.desk.open("deliveries", today()))
        self.charts["Pumps by state"].pressed.connect(lambda _bar: self._report("equipment use", None))
        self.charts["Patients by therapy"].pressed.connect(lambda _bar: self._report("census", None))
        self.charts["Money by month"].pressed.connect(lambda _bar: self._report("claims", None))
        self.rows.opened.connect(lambda _row: self._report("margin by therapy", last))

    def _report(self, key: str, period: Days | None) -> None:
        self.desk.open("report", (key, period))


def _short(amount: Decimal) -> str:
    """Millions as millions: "$5.56 M"."""
    return f"${amount / 1_000_000:,.2f} M" if amount >= 1_000_000 else _money(amount)


def _money(amount: Decimal) -> str:
    """Whole dollars: cents say nothing at a glance."""
    return f"-${-amount:,.0f}" if amount < 0 else f"${amount:,.0f}"

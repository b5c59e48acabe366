"""Costs: items that cost something else than expected, and what that does to a day of the therapies they feed."""

from decimal import Decimal

from PySide6.QtWidgets import QHBoxLayout

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.months.price_effects import CostAlert, TherapyEffect, cost_alert
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.purchasing.order_dialogs import show_price
from infusion_desktop.desktop.purchasing.tab import Tab, allow
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.money import show_money
from infusion_desktop.stock.buying.costs import CostRow, accept_cost


def _percent(row: CostRow) -> str:
    percent = row.change.percent
    return "new" if percent is None else f"{percent:+} %"


def _money(amount: Decimal | None) -> str:
    return "" if amount is None else show_money(amount)


def _because(row: TherapyEffect) -> str:
    return ", ".join(f"{name} {amount:+.2f}" for name, amount in row.effect.because)


THERAPIES: tuple[Column[TherapyEffect], ...] = (
    Column("Therapy", lambda row: f"{row.patient} {row.drug}", stretch=True, hint=lambda row: row.drug),
    Column("Payer", lambda row: row.payer or "Not billed yet", width=150, hint=lambda row: row.payer),
    Column("Per diem", lambda row: _money(row.effect.per_diem), sort_key=lambda row: row.effect.per_diem, numeric=True),
    Column("Supplies a day", lambda row: f"{_money(row.effect.cost_before)} → {_money(row.effect.cost_after)}",
           sort_key=lambda row: row.effect.cost_after, numeric=True),
    Column("Margin a day", lambda row: _margin(row), sort_key=lambda row: row.effect.margin_after, numeric=True),
    Column("Change", lambda row: f"{-row.effect.change:+.2f}", sort_key=lambda row: row.effect.change, numeric=True,
           tone=lambda row: Tone.BAD if (row.effect.margin_after or 0) < 0 else Tone.WARN if row.effect.change > 0
           else Tone.GOOD, value=lambda row: -row.effect.change),
    Column("Because of", _because, hint=_because, width=280),
)  # fmt: skip


def _margin(row: TherapyEffect) -> str:
    if row.effect.per_diem is None:
        return ""
    return f"{_money(row.effect.margin_before)} → {_money(row.effect.margin_after)}"


class CostsTab(Tab):
    """Changed costs above, the therapies they touch below."""

    title = "Costs"

    def __init__(self, screen: Screen) -> None:
        super().__init__(
            screen, "Items that cost something else than expected, and what that does to a day paid by a per diem."
        )
        self.alert = CostAlert((), (), {}, {})
        settings = screen.settings()
        self.accept_button = button("Expect this cost", self.accept, icon="check", kind="primary")
        self.put_actions(self.accept_button)
        self.table: TableView[CostRow] = TableView(
            self._columns(), lambda row: row.item_id, name="Changed costs", desk=self.desk, noun=("item", "items"),
            settings=settings, empty="Everything costs what is expected.",
            chips=(
                Chip("Rose", lambda row: row.change.rise > 0, on=True),
                Chip("Inside the per diem", lambda row: row.in_per_diem),
                Chip("Used now", lambda row: self.alert.used_by.get(row.item_id, 0) > 0),
            ),
        )  # fmt: skip
        self.heading = label("What it does to a day of therapy", "heading")
        self.therapies: TableView[TherapyEffect] = TableView(
            THERAPIES, lambda row: row.therapy_id, name="Margin of a day", desk=self.desk,
            noun=("therapy", "therapies"), settings=settings,
            empty="No running therapy uses an item whose cost changed.",
            chips=(Chip("Below zero", lambda row: (row.effect.margin_after or 0) < 0),),
        )  # fmt: skip
        bar = QHBoxLayout()
        bar.addWidget(self.heading, 1)
        self.column.addWidget(self.table, 1)
        self.column.addLayout(bar)
        self.column.addWidget(self.therapies, 1)
        sees = self.context.may(Permission.SEE_BILLING)
        self.heading.setVisible(sees)
        self.therapies.setVisible(sees)
        self.table.selected.connect(lambda _row: self._allow())
        self.table.opened.connect(lambda _row: self.accept())
        self._allow()

    def load(self) -> None:
        database = self.context.database
        self.owner.ask(lambda: _alert(database), self._show, key="costs")

    def fit(self) -> None:
        self.table.fit_columns()
        self.therapies.fit_columns()

    def accept(self) -> None:
        """From now on the new cost is the expected one."""
        row = self.table.current_row()
        if row is not None and self.accept_button.isEnabled():
            database, by, cost = self.context.database, self.context.user_id, row.change.now
            self.owner.do(
                lambda _o: accept_cost(database, row.item_id, cost, by, was=row.change.was),
                changed=("stock", "purchasing"),
                said=f"{row.change.name} is expected to cost ${cost:f} now.", pressed=self.accept_button,
            )  # fmt: skip

    def _columns(self) -> tuple[Column[CostRow], ...]:
        return (
            Column("Item", lambda row: row.change.name, stretch=True, hint=lambda row: row.number),
            Column("Expected", lambda row: show_price(row.change.was), sort_key=lambda row: row.change.was,
                   numeric=True),
            Column("Now", lambda row: show_price(row.change.now), sort_key=lambda row: row.change.now,
                   numeric=True),
            Column("Change", _percent, sort_key=lambda row: row.change.percent, numeric=True,
                   tone=lambda row: Tone.WARN if row.change.rise > 0 else Tone.GOOD),
            Column("From", lambda row: row.source, hint=lambda row: f"since {show_day(row.since)}", width=200),
            Column("Since", lambda row: show_day(row.since), sort_key=lambda row: row.since, hidden=True),
            Column("Therapies", lambda row: f"{self.alert.used_by.get(row.item_id, 0):,}", numeric=True,
                   sort_key=lambda row: self.alert.used_by.get(row.item_id, 0)),
            Column("A month", lambda row: show_money(self.alert.a_month.get(row.item_id, Decimal(0))), numeric=True,
                   sort_key=lambda row: self.alert.a_month.get(row.item_id, Decimal(0)),
                   hint=lambda _row: "What the change costs over all running therapies"),
            Column("Paid by", lambda row: "the per diem" if row.in_per_diem else "lines of their own",
                   hidden=True),
        )  # fmt: skip

    def _show(self, alert: CostAlert) -> None:
        self.alert = alert
        self.table.set_rows(alert.changes)
        self.therapies.set_rows(alert.therapies)
        lost = sum((row.effect.change for row in alert.therapies), Decimal(0))
        over = (
            f": {show_money(-lost)} of margin a day over {len(alert.therapies):,} therapies" if alert.therapies else ""
        )
        self.heading.setText(f"What it does to a day of therapy{over}")
        self._allow()

    def _allow(self) -> None:
        may = self.context.may(Permission.EDIT_CATALOGUE)
        allow(self.accept_button, may, self.table.current_row() is not None, "Pharmacists change expected costs.")


def _alert(database: Database) -> CostAlert:
    with database.reading() as session:
        return cost_alert(session, today())

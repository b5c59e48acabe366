"""What if: a past month under another contract, kit or supply price, compared by payer, therapy and patient."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from infusion_desktop.dates import ONE_DAY, month_of, read_month, today
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.forms import ChoiceField, Field, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.money import read_number, show_money, to_cents
from infusion_desktop.patients.words import PayerId
from infusion_desktop.reporting.kit_again import KitLine
from infusion_desktop.reporting.what_if import (
    BY_CONTRACT,
    BY_KIT,
    BY_PRICE,
    Changed,
    Offers,
    WhatIf,
    offers,
    together,
    under_contract,
    with_prices,
    with_template,
)

CONTRACT, KIT, PRICE = "Another contract", "Another kit", "Other supply prices"
_BY: dict[str, Callable[[Changed], str]] = {
    "Therapy": lambda row: row.therapy, "Payer": lambda row: row.payer, "Patient": lambda row: row.patient,
}  # fmt: skip

COLUMNS: tuple[Column[Changed], ...] = (
    Column("Name", lambda row: row.therapy, stretch=True, width=260),
    Column("As it was", lambda row: show_money(row.before), sort_key=lambda row: row.before, numeric=True,
           value=lambda row: row.before),
    Column("As it would be", lambda row: show_money(row.after), sort_key=lambda row: row.after, numeric=True,
           value=lambda row: row.after),
    Column("Difference", lambda row: show_money(row.difference), sort_key=lambda row: row.difference, numeric=True,
           value=lambda row: row.difference),
)  # fmt: skip


LINE = "Delivery line"
"""Another kit's difference, item by item."""

LINES: tuple[Column[KitLine], ...] = (
    Column("Patient", lambda row: row.patient, width=170),
    Column("Delivery", lambda row: row.delivery),
    Column("Item", lambda row: row.item, stretch=True, hint=lambda row: row.item),
    Column("Sent", lambda row: f"{row.sent:,}", sort_key=lambda row: row.sent, numeric=True,
           value=lambda row: row.sent),
    Column("Would be", lambda row: f"{row.would_be:,}", sort_key=lambda row: row.would_be, numeric=True,
           value=lambda row: row.would_be),
    Column("Costs more", lambda row: show_money(row.costs_more), sort_key=lambda row: row.costs_more, numeric=True,
           value=lambda row: to_cents(row.costs_more)),
    Column("How it comes about", lambda row: row.why, width=320, hint=lambda row: row.why),
)  # fmt: skip


class WhatIfPanel(Screen):
    """Compares; the books stay as they are."""

    title = "What if"
    help = "Choose what should have been different and a month. The books stay as they are."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.found: WhatIf | None = None
        self.kind: ChoiceField[str] = ChoiceField("What", [(each, each) for each in (CONTRACT, KIT, PRICE)])
        self.month = TextField("Month", required=True, longest=7)
        self.month.set_value(f"{month_of(today()).first - ONE_DAY:%Y-%m}")
        self.payer: ChoiceField[PayerId] = ChoiceField("Payer", required=True)
        self.like: ChoiceField[PayerId] = ChoiceField("With the contract of", required=True)
        self.kit: ChoiceField[str] = ChoiceField("Instead of the kit", required=True)
        self.instead: ChoiceField[str] = ChoiceField("The kit", required=True)
        self.item: ChoiceField[str] = ChoiceField("Item", placeholder="All supplies")
        self.percent = TextField("Percent more", required=True, longest=7)
        self.percent.set_value("10")
        self.by: ChoiceField[str] = ChoiceField("Compare by", [(each, each) for each in (*_BY, LINE)])
        self.compare = button("Compare", self.run, kind="primary")
        self.total, self.problems = label("", "strong", wrap=True), label("", "muted", wrap=True)
        self.definition = label("", "muted", wrap=True)
        self.rows: TableView[Changed] = TableView(
            COLUMNS, lambda row: row.therapy, name="What if", desk=desk, noun=("row", "rows"),
            empty="Choose what should have been different, then press Compare. Nothing is changed in the books.",
        )  # fmt: skip
        self.lines: TableView[KitLine] = TableView(
            LINES, lambda row: (row.delivery_id, row.item), name="What if by delivery line", desk=desk,
            noun=("line", "lines"), empty="Another kit is compared line by line. Here is no line that differs.",
        )  # fmt: skip
        self._only: dict[str, tuple[Field[Any], Field[Any]]] = {
            CONTRACT: (self.payer, self.like),
            KIT: (self.kit, self.instead),
            PRICE: (self.item, self.percent),
        }
        self._lay_out()
        self.kind.set_value(CONTRACT)
        self.by.set_value("Therapy")
        self._show_fields()
        self.kind.combo.currentIndexChanged.connect(lambda _place: self._show_fields())
        self.by.combo.currentIndexChanged.connect(lambda _place: self._show_rows())

    def load(self) -> None:
        """Ask what may be chosen."""
        database, by, month = self.context.database, self.context.user_id, month_of(month_of(today()).first - ONE_DAY)
        self.ask(lambda: offers(database, month, by), self._offer, key="offers")

    def run(self) -> None:
        """Compare the month."""
        kind = self.kind.value()
        wrong = [field for field in (self.month, *self._only[kind or CONTRACT]) if not field.check()]
        if wrong:
            return
        database, by = self.context.database, self.context.user_id
        try:
            month = read_month(self.month.value())
            percent = read_number(self.percent.value(), 2, 3) if kind == PRICE else Decimal(0)
        except Refused as no:
            (self.percent if kind == PRICE else self.month).complain(str(no))
            return
        if kind == KIT:
            work: Callable[[], Any] = partial(
                with_template, database, self.kit.value() or "", self.instead.value() or "", month, by
            )
        elif kind == PRICE:
            work = partial(with_prices, database, self.item.value() or "", percent, month, by)
        else:
            payer, like = self.payer.value(), self.like.value()
            assert payer is not None and like is not None
            work = partial(under_contract, database, payer, like, month, by)
        self.do(lambda _override: work(), then=self._show, pressed=self.compare, text="What if")

    def _offer(self, found: Offers) -> None:
        self.payer.set_choices(found.payers)
        self.like.set_choices(found.payers)
        self.item.set_choices(found.items)
        for field, names in ((self.kit, found.kits), (self.instead, found.instead)):
            field.set_choices([(name, name) for name in names])

    def _show(self, found: WhatIf) -> None:
        self.found = found
        total = found.total
        self.total.setText(
            f"In all, {found.what}: {show_money(total.before)} as it was, {show_money(total.after)} as it would be,"
            f" {show_money(total.difference)} difference."
        )
        shown = " ".join(found.problems[:5])
        more = len(found.problems) - 5
        self.problems.setText(f"{shown} And {more} more that cannot be counted." if more > 0 else shown)
        self._show_rows()

    def _show_rows(self) -> None:
        by = self.by.value() or "Therapy"
        self.rows.setVisible(by != LINE)
        self.lines.setVisible(by == LINE)
        if self.found is None:
            return
        if by == LINE:
            self.lines.set_rows(self.found.lines)
        else:
            self.rows.set_rows(together(self.found.rows, _BY[by]))

    def _show_fields(self) -> None:
        chosen = self.kind.value() or CONTRACT
        self.definition.setText({CONTRACT: BY_CONTRACT, KIT: BY_KIT, PRICE: BY_PRICE}[chosen])
        for kind, fields in self._only.items():
            for field in fields:
                field.setVisible(kind == chosen)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        for field, wide in ((self.kind, 170), (self.month, 90), (self.payer, 220), (self.like, 220), (self.kit, 220),
                            (self.instead, 220), (self.item, 240), (self.percent, 100), (self.by, 140)):  # fmt: skip
            field.setFixedWidth(wide)
            row.addWidget(field)
        row.addWidget(self.compare)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.addLayout(row)
        column.addWidget(self.definition)
        column.addWidget(self.total)
        column.addWidget(self.problems)
        column.addWidget(self.rows, 1)
        column.addWidget(self.lines, 1)
        self.lines.hide()

"""Proposals: what to order of each item, with the sum that says why; accepted ones become one draft for each vendor."""

from collections.abc import Callable
from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.scarce.supply_demand import reorder_proposals
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.forms import ChoiceField, QuantityField
from infusion_desktop.desktop.labels import label, rule
from infusion_desktop.desktop.pages import Card, scrolled
from infusion_desktop.desktop.purchasing.tab import Tab, allow, once
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.money import ZERO, show_money, to_cents
from infusion_desktop.stock.buying.purchase_orders import Wanted, draft_orders
from infusion_desktop.stock.buying.reordering import ProposalRow, bought_from
from infusion_desktop.stock.pack_rules import plural, say_packs
from infusion_desktop.stock.words import ItemId, OrderId, VendorId

MOST_DEMANDS = 14


def _state(row: ProposalRow) -> str:
    if row.reorder.is_for_patients:
        return "Patients"
    if row.reorder.packs:
        return "Order"
    if row.coming.backordered:
        return "On backorder"
    if row.is_short:
        return "Short"
    return "Enough"


def _state_hint(row: ProposalRow) -> str:
    if row.reorder.is_for_patients:
        return "Without an order, planned deliveries or running therapies go short."
    return "" if row.vendor_id is not None else "No vendor sells it yet: add one on the Vendors tab."


_TONES = {"Patients": Tone.BAD, "Order": Tone.WARN, "On backorder": Tone.INFO, "Short": Tone.WARN}
CHIPS: tuple[Chip[ProposalRow], ...] = (
    Chip("To order", lambda row: row.reorder.packs > 0, on=True),
    Chip("Short", lambda row: row.is_short),
    Chip("Below par", lambda row: row.is_below_par),
    Chip("Backorder", lambda row: row.coming.backordered > 0),
)


class ProposalsTab(Tab):
    """The list at the left, one item's sum at the right."""

    title = "Proposals"

    def __init__(self, screen: Screen, opened: Callable[[OrderId], object]) -> None:
        super().__init__(
            screen, "What levels, planned deliveries and running therapies ask for until an order is here."
        )
        self._opened = opened
        self.packs: dict[ItemId, int] = {}
        """What a person set instead of the proposal."""
        self.elsewhere: dict[ItemId, ProposalRow] = {}
        """Items that a person buys from another vendor than the proposed one."""
        self.order_button = button("Draft orders", self.order, icon="plus", kind="primary")
        self.order_button.setToolTip("Draft an order for each vendor of the selected rows (Ctrl+Enter)")
        self.put_actions(self.order_button)
        self.table: TableView[ProposalRow] = TableView(
            self._columns(), lambda row: row.item_id, name="Reorder proposals", chips=CHIPS, desk=self.desk,
            noun=("item", "items"), settings=screen.settings(),
            empty="Nothing has to be ordered. Set par levels and vendors in the catalogue to get proposals.",
        )  # fmt: skip
        self.side = SumPanel(self._set)
        body = QHBoxLayout()
        body.setSpacing(14)
        body.addWidget(self.table, 1)
        body.addWidget(self.side)
        self.column.addLayout(body, 1)
        self.table.selected.connect(lambda _row: self._show_selected())
        self.table.grid.selectionModel().selectionChanged.connect(once(self._count))
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self.order)
        self._count()

    def load(self) -> None:
        database = self.context.database
        self.owner.ask(lambda: _proposals(database), self._show, key="proposals")

    def fit(self) -> None:
        self.table.fit_columns()

    def order(self) -> None:
        """Draft an order for each vendor of the selected rows."""
        rows = self._chosen()
        if not rows or not self.order_button.isEnabled():
            return
        without = [row.name for row in rows if row.vendor_id is None]
        if without:
            self.desk.messages.refused(
                (f"{without[0]} has no vendor. Add how a vendor sells it on the Vendors tab, or leave it out.",), self
            )
            return
        wanted = [(row.vendor_id, Wanted(row.item_id, self._packs(row), self._why(row)))
                  for row in rows if row.vendor_id is not None]  # fmt: skip
        database, by = self.context.database, self.context.user_id
        self.owner.do(
            lambda _override: draft_orders(database, wanted, by), changed=("stock", "purchasing"), said=_said,
            then=self._drafted, pressed=self.order_button,
        )  # fmt: skip

    def _drafted(self, made: tuple[tuple[OrderId, str], ...]) -> None:
        self.packs, self.elsewhere = {}, {}
        if len(made) == 1:
            self._opened(made[0][0])

    def _columns(self) -> tuple[Column[ProposalRow], ...]:
        return (
            Column("Item", lambda row: row.name, stretch=True, hint=lambda row: f"{row.number}: {row.reorder.why}"),
            Column(
                "Free", lambda row: f"{row.position.free:,}", sort_key=lambda row: row.position.free, numeric=True,
                value=lambda row: row.position.free,
            ),
            Column(
                "Needed", lambda row: f"{row.position.deliveries + row.position.therapies:,}", numeric=True,
                sort_key=lambda row: row.position.deliveries + row.position.therapies,
            ),
            Column(
                "On order", lambda row: f"{row.position.on_order:,}", sort_key=lambda row: row.position.on_order,
                numeric=True, hidden=True,
            ),
            Column("Order", self._shown_packs, sort_key=lambda row: row.reorder.units, numeric=True),
            Column("Vendor", lambda row: self._now(row).vendor or "none", hidden=True),
            Column(
                "Amount", lambda row: show_money(self._worth(row)) if self._packs(row) else "", sort_key=self._worth,
                numeric=True, value=self._worth,
            ),
            Column("State", _state, tone=lambda row: _TONES.get(_state(row), Tone.GOOD), hint=_state_hint),
            Column("Number", lambda row: row.number, hidden=True),
            Column(
                "Par", lambda row: f"{row.position.par:,}", sort_key=lambda row: row.position.par, numeric=True,
                hidden=True,
            ),
            Column(
                "Reorder at", lambda row: f"{row.position.reorder_point:,}", numeric=True, hidden=True,
                sort_key=lambda row: row.position.reorder_point,
            ),
            Column("Unit", lambda row: row.unit, hidden=True),
            Column("Why", lambda row: row.reorder.why, hidden=True),
        )  # fmt: skip

    def _now(self, row: ProposalRow) -> ProposalRow:
        return self.elsewhere.get(row.item_id, row)

    def _packs(self, row: ProposalRow) -> int:
        return self.packs.get(row.item_id, self._now(row).reorder.packs)

    def _why(self, row: ProposalRow) -> str:
        packs, proposed = self._packs(row), self._now(row).reorder
        return proposed.why if packs == proposed.packs else f"{proposed.why}; set to {packs:,} by hand"

    def _shown_packs(self, row: ProposalRow) -> str:
        packs, sold = self._packs(row), self._now(row).sold
        if not packs:
            return ""
        if sold.pack_quantity == 1:
            return f"{packs:,} {row.unit}"
        return f"{packs:,} {plural(sold.pack_name, packs)} of {sold.pack_quantity:,}"

    def _worth(self, row: ProposalRow) -> Decimal:
        return to_cents(self._packs(row) * self._now(row).pack_cost)

    def _set(self, row: ProposalRow, packs: int | None, vendor: VendorId | None) -> None:
        """The person chose another vendor (whose packs the proposal is counted in again) or another number of packs."""
        now = self._now(row)
        if vendor is not None and vendor != now.vendor_id:
            offer = next(offer for offer in row.offers if offer.vendor_id == vendor)
            self.elsewhere[row.item_id] = bought_from(row, offer)
            self.packs.pop(row.item_id, None)
            self._show_selected()
        elif packs is not None:
            self.packs[row.item_id] = packs
        self.table.grid.viewport().update()
        self._count()

    def _show(self, rows: tuple[ProposalRow, ...]) -> None:
        self.table.set_rows(rows)
        if self.table.current_row() is None and self.table.model.shown:
            self.table.select_ids([self.table.model.shown[0].item_id])
        self._show_selected()

    def _show_selected(self) -> None:
        row = self.table.current_row()
        self.side.show_row(None if row is None else self._now(row), 0 if row is None else self._packs(row))
        self._count()

    def _chosen(self) -> list[ProposalRow]:
        return [self._now(row) for row in self.table.selected_rows() if self._packs(row)]

    def _count(self) -> None:
        rows = self._chosen()
        worth = show_money(sum((self._worth(row) for row in rows), ZERO))
        counted = "1 item" if len(rows) == 1 else f"{len(rows):,} items"
        self.order_button.setText(f"Draft orders: {counted}, {worth}" if rows else "Draft orders")
        allow(self.order_button, self.context.may(Permission.ORDER), bool(rows), "Technicians and pharmacists order.")


class SumPanel(QWidget):
    """Where one item's number comes from, and how many packs of whom."""

    def __init__(self, chosen: Callable[[ProposalRow, int | None, VendorId | None], object]) -> None:
        super().__init__()
        self._chosen, self._filling = chosen, False
        self._row: ProposalRow | None = None
        self.setFixedWidth(300)
        self.card = Card("")
        self.name = label("Select an item", "heading", wrap=True)
        self.why = label("", "", wrap=True)
        self.sums = QGridLayout()
        self.sums.setColumnStretch(0, 1)
        self.sums.setVerticalSpacing(4)
        self.vendor: ChoiceField[VendorId] = ChoiceField("Vendor")
        self.packs = QuantityField("Packs to order")
        self.comes_to = label("", "muted", wrap=True)
        self.demands = QVBoxLayout()
        self.demands.setSpacing(2)
        self.demand_title = label("", "caption")
        self.card.add(self.name)
        self.card.add(self.why)
        self.card.add(self.sums)
        for part in (rule(), self.vendor, self.packs, self.comes_to, self.demand_title):
            self.card.add(part)
        self.card.add(self.demands)
        self.card.column.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scrolled(self.card))
        self.vendor.changed.connect(self._edited)
        self.packs.changed.connect(self._edited)
        self.show_row(None, 0)

    def show_row(self, row: ProposalRow | None, packs: int) -> None:
        """Show an item's sum, with the packs as they are chosen now."""
        self._row = row
        for part in (self.vendor, self.packs, self.comes_to, self.demand_title, self.why):
            part.setVisible(row is not None)
        _clear(self.sums)
        _clear(self.demands)
        if row is None:
            self.name.setText("Select an item to see its sum.")
            return
        self.name.setText(row.name)
        self.why.setText(row.reorder.why)
        self._fill_sum(row)
        self._filling = True
        self.vendor.set_choices([(offer.vendor, offer.vendor_id) for offer in row.offers])
        self.vendor.set_value(row.vendor_id)
        self.vendor.setVisible(bool(row.offers))
        self.packs.set_value(packs)
        self._filling = False
        self._say(row, packs)
        self.demand_title.setText(f"Needed until {show_day(row.until)}" if row.demands else "")
        for each in row.demands[:MOST_DEMANDS]:
            self.demands.addWidget(label(f"{each.units:,} on {show_day(each.on)}: {each.what}", "small", wrap=True))
        if len(row.demands) > MOST_DEMANDS:
            self.demands.addWidget(label(f"and {len(row.demands) - MOST_DEMANDS} more", "small"))

    def _fill_sum(self, row: ProposalRow) -> None:
        p, coming = row.position, row.coming
        backorder = f", {coming.backordered:,} on backorder" if coming.backordered else ""
        drafted = f", {coming.drafted:,} in drafts" if coming.drafted else ""
        lines = [
            ("Planned deliveries", p.deliveries), ("Running therapies", p.therapies),
            ("Par level" if p.par >= p.reorder_point else "Reorder point", p.target), ("Free on hand", -p.free),
            (f"On order{drafted}{backorder}", -p.on_order),
        ]  # fmt: skip
        place = 0
        for name, units in lines:
            if units or name == "Free on hand":
                self._add_sum(place, name, f"{units:+,}" if units else "0")
                place += 1
        self._add_sum(place, "Missing" if p.target > p.projected else "Beyond what is needed",
                      f"{abs(p.target - p.projected):,} {row.unit}", strong=True)  # fmt: skip
        more = f"Reorder at {p.reorder_point:,}. " if p.reorder_point else ""
        most = f"At most {p.most:,}. " if p.most else ""
        self.sums.addWidget(
            label(f"{more}{most}Lead time {row.lead_days} days.", "small", wrap=True), place + 1, 0, 1, 2
        )

    def _add_sum(self, place: int, name: str, value: str, *, strong: bool = False) -> None:
        self.sums.addWidget(label(name, "strong" if strong else "muted", wrap=True), place, 0)
        shown = label(value, "strong" if strong else "")
        shown.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.sums.addWidget(shown, place, 1)

    def _edited(self) -> None:
        if self._filling or self._row is None:
            return
        try:
            packs, vendor = self.packs.value(), self.vendor.value()
        except Refused:
            return
        self._say(self._row, packs or 0)
        self._chosen(self._row, packs, vendor)

    def _say(self, row: ProposalRow, packs: int) -> None:
        sold = row.sold
        said = say_packs(packs, sold.pack_name, sold.pack_quantity, row.unit)
        worth = show_money(to_cents(packs * row.pack_cost))
        number = f" Vendor's number {row.offer.number}." if row.offer is not None and row.offer.number else ""
        self.comes_to.setText(f"{said}, {worth}.{number}" if packs else "Not ordered.")


def _clear(layout: QGridLayout | QVBoxLayout) -> None:
    while layout.count():
        place = layout.takeAt(0)
        widget = place.widget() if place is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def _said(made: tuple[tuple[OrderId, str], ...]) -> str:
    return f"Drafted {', '.join(number for _, number in made)}."


def _proposals(database: Database) -> tuple[ProposalRow, ...]:
    with database.reading() as session:
        return reorder_proposals(session, today())

"""The supply plan of a patient: what goes for which days and why, and what it costs against the per diem."""

from dataclasses import dataclass
from typing import Any, ClassVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.months.expected import ExpectedPerDiem, expected_per_diem
from infusion_desktop.dates import ONE_DAY, Days, show_day, today
from infusion_desktop.deliveries.kits.supply_rules import DayNeed
from infusion_desktop.deliveries.plans.planning import Visit
from infusion_desktop.deliveries.plans.supply_plan import (
    CallSheet,
    PlannedItem,
    SupplyPlan,
    call_sheet,
    plan_together,
    supply_plan,
)
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.forms import DayField, Form, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card, Figure, Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.money import show_money, to_cents
from infusion_desktop.patients.openings import note_opening
from infusion_desktop.patients.words import PatientId, TherapyId

_AFTER_MS = 250

ITEMS: tuple[Column[PlannedItem], ...] = (
    Column("Item", text=lambda row: row.name, width=235, hint=lambda row: f"{row.number}\n{row.why}"),
    Column("Needed", text=lambda row: f"{row.needed:,}", sort_key=lambda row: row.needed, numeric=True),
    Column("At home", text=lambda row: f"{row.at_home:,}" if row.at_home else "", sort_key=lambda row: row.at_home,
           numeric=True),
    Column("To send", text=lambda row: f"{row.to_send:,} {row.unit}", sort_key=lambda row: row.to_send, numeric=True),
    Column("Short on", text=lambda row: show_day(row.short_on), sort_key=lambda row: row.short_on,
           hint=lambda _row: "The first day it would run out if nothing came"),
    Column("Cost", text=lambda row: show_money(row.cost), sort_key=lambda row: row.cost, numeric=True),
    Column("Why", text=lambda row: row.why, hidden=True, hint=lambda row: row.why.replace("; ", "\n")),
)  # fmt: skip
DAYS: tuple[Column[DayNeed], ...] = (
    Column("Day", text=lambda row: f"{row.day:%a} {show_day(row.day)}", sort_key=lambda row: row.day),
    Column("Takes", text=lambda row: f"{row.needed:,}" if row.needed else "", sort_key=lambda row: row.needed,
           numeric=True),
    Column("If nothing came", text=lambda row: f"{row.left:,}" if row.left >= 0 else f"short {-row.left:,}",
           sort_key=lambda row: row.left, tone=lambda row: Tone.BAD if row.left < 0 else None),
    Column("For", text=lambda row: row.why, stretch=True, hint=lambda row: row.why),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan beside what the days bring."""

    plan: SupplyPlan
    brings: ExpectedPerDiem | None


class SupplyScreen(Screen):
    """What a patient needs next."""

    title = "Supply plan"
    topics: ClassVar[frozenset[str]] = frozenset({"patients", "deliveries"})
    help = (
        "All running orders together: what they need for the days, less what was counted on the refill call and is not "
        "used up by then. Mark an item to see its days. The figures set the kit's cost against the per diem."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self._patient: PatientId | None = None
        self.sheet: CallSheet | None = None
        self.shown: Shown | None = None
        self.orders: dict[TherapyId, QCheckBox] = {}
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_AFTER_MS)
        self._typing.timeout.connect(self.reckon)
        self._lay_out()

    def _lay_out(self) -> None:
        self.who, self.counted = label("", "title"), label("", "muted", wrap=True)
        self.first, self.last = DayField("First day of supply", required=True), DayField("Last day", required=True)
        self.day, self.window_field = DayField("Arrives on", required=True), TextField("Window", longest=40)
        self.form = Form()
        self.form.section("", (self.first, self.last, self.day, self.window_field))
        self.order_box = QVBoxLayout()
        self.figures = {name: Figure(name) for name in ("Kit cost", "Per diem of these days", "Left of the per diem")}
        head = Card()
        top = QHBoxLayout()
        left = QVBoxLayout()
        left.addWidget(self.who)
        left.addWidget(self.counted)
        left.addLayout(self.order_box)
        left.addStretch(1)
        top.addLayout(left, 3)
        for figure in self.figures.values():
            top.addWidget(figure, 2)
        head.add(top)
        head.add(self.form)
        self.items: TableView[PlannedItem] = TableView(
            ITEMS, lambda row: row.item_id, name="Items of the plan", desk=self.desk, noun=("item", "items"),
            empty="Nothing is needed in these days.", settings=self.settings(),
        )  # fmt: skip
        self.days: TableView[DayNeed] = TableView(
            DAYS, lambda row: row.day, name="Days of the item", desk=self.desk, noun=("day", "days"),
            empty="Mark an item to see its days.", settings=self.settings(),
        )  # fmt: skip
        self.items.selected.connect(self._show_days)
        self.why = label("", "muted", wrap=True)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.why)
        column.addWidget(self.days, 1)
        split = QSplitter()
        split.addWidget(self.items)
        split.addWidget(right)
        split.setStretchFactor(0, 7)
        split.setStretchFactor(1, 3)
        split.setSizes([700, 320])
        self.plan_button = button("Plan the delivery", self.plan, icon="check", kind="primary")
        self.page = Page(self)
        self.page.actions(
            button("Refill call", lambda: self._go("refill call"), icon="phone"),
            button("Patient's page", lambda: self._go("patient"), icon="patient"), self.plan_button,
        )  # fmt: skip
        self.page.add(head)
        self.page.add(split, 1)
        for field in (self.first, self.last, self.day):
            field.changed.connect(self._typing.start)

    def show_record(self, kind: str, record: object) -> None:
        """Plan for this patient."""
        if isinstance(record, int):
            self._patient = PatientId(record)
            self._blank()
            self.opens_anew()
            self.load()

    def _blank(self) -> None:
        self.sheet = self.shown = None
        self.who.setText("")
        self.counted.setText("")
        self.items.set_rows(())
        self.days.set_rows(())
        self.page.banner.clear()

    def load(self) -> None:
        if self._patient is None:
            return
        database, patient, by = self.context.database, self._patient, self.context.user_id
        is_opened = self.sheet is None

        def read(why: str) -> CallSheet:
            if is_opened:
                note_opening(database, patient, "supply plan", patient, by, why)
            with database.reading() as session:
                return call_sheet(session, patient, today())

        self.ask_to_open(read, self._show_sheet, key="sheet")

    def _show_sheet(self, sheet: CallSheet) -> None:
        is_new = self.sheet is None
        self.sheet = sheet
        self.who.setText(sheet.name)
        if sheet.counted_on is None:
            self.counted.setText("Nothing was counted since the last supply came: the plan sends all that is needed.")
        else:
            self.counted.setText(f"Counted on {show_day(sheet.counted_on)}: {len(sheet.counts)} items.")
        if is_new:
            self._offer_orders(sheet)
            self.first.set_value(sheet.next_days.first)
            self.last.set_value(sheet.next_days.last)
            agreed = next((row.next_on for row in sheet.calls if row.id == sheet.call_id), None)
            self.day.set_value(agreed or max(today(), sheet.next_days.first - ONE_DAY))
        self.reckon()

    def _offer_orders(self, sheet: CallSheet) -> None:
        for box in self.orders.values():
            box.setParent(None)
            box.deleteLater()
        self.orders = {}
        for order in sheet.orders:
            through = f", supplied through {show_day(order.supplied_through)}" if order.supplied_through else ""
            box = QCheckBox(order.drug.replace("&", "&&"))
            box.setToolTip(f"{order.how}{through}")
            box.setChecked(True)
            box.toggled.connect(lambda _on: self._typing.start())
            self.order_box.addWidget(box)
            self.orders[order.therapy_id] = box

    def _chosen(self) -> tuple[tuple[TherapyId, ...], Days] | None:
        try:
            first, last = self.first.value(), self.last.value()
        except Refused:
            return None
        if first is None or last is None:
            return None
        if last < first:
            self.last.complain("The last day is before the first.")
            return None
        if (last - first).days > 180:
            self.last.complain("Plan up to half a year at a time.")
            return None
        return tuple(each for each, box in self.orders.items() if box.isChecked()), Days(first, last)

    def reckon(self) -> None:
        """Ask what the orders chosen need in the days."""
        self._typing.stop()
        sheet, asked = self.sheet, self._chosen()
        if sheet is None or asked is None:
            return
        therapies, period = asked
        database, patient, sees_money = (
            self.context.database,
            sheet.patient_id,
            self.context.may(Permission.SEE_BILLING),
        )
        try:
            day = self.day.value()
        except Refused:
            day = None

        def read() -> Shown:
            with database.reading() as session:
                plan = supply_plan(session, patient, therapies, period, sheet.counts, sheet.counted_on or today(),
                                   arrives_on=day, call_id=sheet.call_id)  # fmt: skip
                return Shown(plan, expected_per_diem(session, patient, period) if sees_money else None)

        self.ask(read, self._show, key="plan")

    def _show(self, found: Shown) -> None:
        self.shown = found
        plan, brings = found.plan, found.brings
        self.items.set_rows(plan.items)
        self._show_days(self.items.current_row())
        cost = plan.supplies_cost
        parts = [f"{show_money(to_cents(cost / plan.days_at_home))} a day at home"] if plan.days_at_home else []
        if plan.drugs_cost:
            parts.append(f"and {show_money(plan.drugs_cost)} of drugs")
        self.figures["Kit cost"].show_value(show_money(cost), " ".join(parts), Tone.INFO)
        per_diem, left = self.figures["Per diem of these days"], self.figures["Left of the per diem"]
        if brings is None or brings.why_not:
            per_diem.show_value("–", brings.why_not if brings else "Shown to those who see billing.", Tone.NEUTRAL)
            left.show_value("–", "", Tone.NEUTRAL)
        else:
            codes = ", ".join(brings.codes) or "no code counts"
            per_diem.show_value(show_money(brings.amount), f"{brings.days.normalize():f} units, {codes}", Tone.INFO)
            rest = brings.amount - cost
            share = f"{rest / brings.amount:.0%} of it; drugs are paid beside it" if brings.amount else ""
            nothing = not brings.amount and not cost
            left.show_value(show_money(rest), share, Tone.NEUTRAL if nothing else Tone.GOOD if rest > 0 else Tone.BAD)
        unknown = [
            f"No kit fits {each.drug}: add a template, or name the items." for each in plan.therapies if not each.kit
        ]
        if plan.held or unknown or plan.covered:
            tone = Tone.WARN if plan.held or unknown else Tone.INFO
            self.desk.messages.refused((*unknown, *plan.held, *plan.covered), self, tone)
        else:
            self.page.banner.clear()

    def _show_days(self, row: object) -> None:
        item = row if isinstance(row, PlannedItem) else None
        self.days.set_rows(() if item is None else item.days)
        self.why.setText("" if item is None else item.why.replace("; ", "\n"))

    def plan(self) -> None:
        """Make a draft for each order chosen."""
        sheet, asked = self.sheet, self._chosen()
        if sheet is None or asked is None or not self.form.check():
            return
        therapies, period = asked
        day = self.day.value()
        assert day is not None
        database, by, visit = self.context.database, self.context.user_id, Visit(self.window_field.value())
        running = [each.therapy_id for each in self.shown.plan.therapies if each.kit] if self.shown else list(therapies)
        self.do(
            lambda _why: plan_together(database, sheet.patient_id, running, period, day, by, call_id=sheet.call_id,
                                       visit=visit),
            changed=("deliveries", "stock"), then=self._planned, pressed=self.plan_button,
            said=lambda made: "The draft is saved." if len(made) == 1 else f"{len(made)} drafts are saved.",
        )  # fmt: skip

    def _planned(self, made: Any) -> None:
        self._blank()
        if len(made) == 1:
            self.desk.open("delivery", made[0])
        else:
            self._go("patient")

    def _go(self, kind: str) -> None:
        if self._patient is not None:
            self.desk.open(kind, self._patient)

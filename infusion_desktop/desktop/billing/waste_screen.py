"""A delivery's drugs at the bench: what was thrown away of each (billed apart, JW), and what was made into one."""

from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtWidgets import QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.months.compounds import record_compound, take_apart
from infusion_desktop.billing.months.waste import (
    DrugOfDelivery,
    WasteEntry,
    WastePage,
    read_quantity,
    record_waste,
    take_back_waste,
    waste_page,
)
from infusion_desktop.billing.rules.drugs import discarded_units
from infusion_desktop.dates import show_instant
from infusion_desktop.deliveries.words import DeliveryId
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import Form, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.desktop.why_dialog import WhyDialog
from infusion_desktop.errors import Refused


@dataclass(frozen=True, slots=True)
class EntryLine:
    """A record with the drug it is about."""

    drug: DrugOfDelivery
    entry: WasteEntry


def _shown(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


DRUGS: tuple[Column[DrugOfDelivery], ...] = (
    Column("Drug", text=lambda row: row.name, stretch=True),
    Column("Code", text=lambda row: row.hcpcs or "none"),
    Column("Sent", text=lambda row: f"{_shown(row.sent)} {row.ndc_unit}", sort_key=lambda row: row.sent, numeric=True),
    Column("Thrown away", text=lambda row: f"{_shown(row.discarded)} {row.ndc_unit}" if row.discarded else "nothing",
           sort_key=lambda row: row.discarded, numeric=True, tone=lambda row: Tone.WARN if row.discarded else None),
    Column("Compound", text=lambda row: row.compound, tone=lambda row: Tone.INFO if row.compound else None),
    Column("Billed with JW", text=lambda row: f"{row.billing_units} units" if row.billing_units else "",
           sort_key=lambda row: row.billing_units, numeric=True),
)  # fmt: skip
ENTRIES: tuple[Column[EntryLine], ...] = (
    Column("When", text=lambda row: show_instant(row.entry.at), sort_key=lambda row: row.entry.at),
    Column("Drug", text=lambda row: row.drug.name, stretch=True),
    Column("Thrown away", text=lambda row: f"{_shown(row.entry.discarded)} {row.drug.ndc_unit}", numeric=True,
           sort_key=lambda row: row.entry.discarded),
    Column("What and why", text=lambda row: row.entry.reason, stretch=True),
    Column("Who", text=lambda row: row.entry.who),
    Column("", text=lambda row: "taken back" if row.entry.taken_back else "",
           tone=lambda row: Tone.NEUTRAL if row.entry.taken_back else None),
)  # fmt: skip


class WasteScreen(Screen):
    """The drugs of one delivery above, what was recorded below."""

    title = "Waste and compounds"
    topics = frozenset({"billing", "deliveries"})
    help = (
        "Record what was thrown away of a single-dose container, in the unit of its NDC: 0.3 of a vial, 2.5 ML. Select "
        "the drugs that were made into one preparation, so that the claim ties their lines as one compound."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self._delivery: DeliveryId | None = None
        self.shown: WastePage | None = None
        settings = self.settings()
        self.drugs: TableView[DrugOfDelivery] = TableView(
            DRUGS, lambda row: row.item_id, name="Drugs of the delivery", desk=desk, noun=("drug", "drugs"),
            empty="This delivery holds no drug.", settings=settings,
        )  # fmt: skip
        self.drugs.opened.connect(lambda _row: self.record())
        self.entries: TableView[EntryLine] = TableView(
            ENTRIES, lambda row: row.entry.id, name="Records of waste", desk=desk, noun=("record", "records"),
            empty="Nothing was thrown away of this delivery's drugs.", settings=settings,
        )  # fmt: skip
        self.name = label("", "title")
        page = Page(self)
        self.record_button = button("Record waste", self.record, icon="trash", kind="primary")
        page.actions(button("The delivery", self._open_delivery, icon="truck"))
        if context.may(Permission.PICK):
            page.actions(
                button("Compounded together", self.compound, icon="kit"), button("Take apart", self.take_apart),
                button("Take a record back", self.take_back, icon="undo"), self.record_button,
            )  # fmt: skip
        page.add(self.name)
        page.add(self.drugs, 2)
        page.add(label("What was recorded", "heading"))
        page.add(self.entries, 3)

    def show_record(self, kind: str, record: object) -> None:
        if isinstance(record, int):
            self._delivery, self.shown = DeliveryId(record), None
            self.load()

    def load(self) -> None:
        if (delivery := self._delivery) is not None:
            self.ask(lambda: self._page(delivery), self._show, key="waste")

    def _page(self, delivery: DeliveryId) -> WastePage:
        with self.context.database.reading() as session:
            return waste_page(session, delivery)

    def _show(self, page: WastePage) -> None:
        self.shown = page
        self.name.setText(f"Delivery {page.number}   {page.patient}")
        self.drugs.set_rows(page.drugs)
        self.entries.set_rows(EntryLine(drug, entry) for drug in page.drugs for entry in drug.entries)
        if page.drugs and self.drugs.current_row() is None:
            self.drugs.select_ids([page.drugs[0].item_id])

    def record(self) -> None:
        """Ask how much of the selected drug was thrown away."""
        drug = self.drugs.current_row()
        if drug is None or self._delivery is None:
            self.desk.messages.refused(("Select the drug first.",), self, Tone.INFO)
            return
        self.dialog: DeedDialog = WasteDialog(self.context, self.desk, self, self._delivery, drug)
        self.dialog.open()

    def compound(self) -> None:
        """The selected drugs were made into one preparation."""
        delivery = self._delivery
        if delivery is None:
            return
        items = [row.item_id for row in self.drugs.selected_rows()]
        database, by = self.context.database, self.context.user_id
        self.do(
            lambda _why: record_compound(database, delivery, items, by), changed=("billing", "deliveries"),
            said=lambda number: f"They are compound {number}: the claim ties their lines.",
        )  # fmt: skip

    def take_apart(self) -> None:
        """Ask why the selected drug's compound was a mistake."""
        drug = self.drugs.current_row()
        if drug is None or self._delivery is None or not drug.compound:
            self.desk.messages.refused(("Select a drug of the compound.",), self, Tone.INFO)
            return
        delivery, compound = self._delivery, drug.compound
        self.dialog = WhyDialog(
            self.context, self.desk, self, f"Take compound {compound} apart",
            lambda database, by, why: take_apart(database, delivery, compound, why, by), save="Take it apart",
            said="Each is billed for itself again.", changed=("billing", "deliveries"),
        )  # fmt: skip
        self.dialog.open()

    def take_back(self) -> None:
        """Ask why the selected record is taken back."""
        line = self.entries.current_row()
        if line is None or line.entry.taken_back:
            self.desk.messages.refused(("Select the record that was a mistake.",), self, Tone.INFO)
            return
        waste = line.entry.id
        self.dialog = WhyDialog(
            self.context, self.desk, self, "Take a record back",
            lambda database, by, why: take_back_waste(database, waste, why, by),
            told=f"{line.drug.name}: {_shown(line.entry.discarded)} {line.drug.ndc_unit}, {line.entry.reason}",
            save="Take it back", said="Taken back; both entries stay to be read.", changed=("billing", "deliveries"),
        )  # fmt: skip
        self.dialog.open()

    def _open_delivery(self) -> None:
        if self._delivery is not None:
            self.desk.open("delivery", self._delivery)


class WasteDialog(DeedDialog):
    """How much was thrown away, and of what."""

    changed = ("billing", "deliveries")

    def __init__(
        self, context: Context, desk: Desk, parent: QWidget, delivery: DeliveryId, drug: DrugOfDelivery
    ) -> None:
        super().__init__(context, desk, "Thrown away", parent, save="Record")
        self._delivery, self._drug = delivery, drug
        unit = drug.ndc_unit
        told = f"{drug.name}: {_shown(drug.sent)} {unit} were taken, {_shown(drug.discarded)} thrown away so far."
        self.body.addWidget(label(told, "muted", wrap=True))
        self.amount = TextField(f"Thrown away, in {drug.ndc_unit}", required=True, placeholder="0.3", longest=12)
        self.units = label("The billing units are told as you type.", "small", wrap=True)
        self.reason = TextField("What and why", required=True, placeholder="Rest of the second vial")
        self.form = Form()
        self.form.section("", (self.amount,), (self.reason,))
        self.body.addWidget(self.form)
        self.body.addWidget(self.units)
        self.amount.changed.connect(self._tell)

    def _tell(self) -> None:
        try:
            amount = read_quantity(self.amount.value())
        except Refused:
            self.units.setText("")
            return
        drug = self._drug
        if not drug.per_unit:
            self.units.setText("The catalogue does not say how many billing units this is.")
            return
        total = drug.discarded + amount
        units = discarded_units(drug.sent - total, total, drug.per_unit)
        self.units.setText(f"{units} units of {drug.hcpcs} are billed with JW where the payer asks for it.")

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        try:
            amount = read_quantity(self.amount.value())
        except Refused as no:
            self.amount.complain(str(no))
            return None
        database, by, delivery, item = self.context.database, self.context.user_id, self._delivery, self._drug.item_id
        reason = self.reason.value()
        return lambda _why: record_waste(database, delivery, item, amount, reason, by)

    def said(self, _result: object) -> str:
        return "Recorded."

"""What a delivery costs by carrier, from a day on."""

from typing import Any, ClassVar

from PySide6.QtWidgets import QWidget

from infusion_desktop.dates import today
from infusion_desktop.deliveries.schedule.costs import CostRow, cost_rows, set_delivery_cost
from infusion_desktop.deliveries.words import Carrier
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, DayField, MoneyField
from infusion_desktop.desktop.labels import label
from infusion_desktop.money import show_money


class CostsDialog(DeedDialog):
    """One carrier's cost; what is known of all of them stands above."""

    changed: ClassVar[frozenset[str]] = frozenset({"deliveries"})  # type: ignore[misc]

    def __init__(self, context: Context, desk: Desk, parent: QWidget) -> None:
        super().__init__(context, desk, "Delivery costs", parent)
        self.known = label("", "small", wrap=True)
        self.carrier: ChoiceField[Carrier] = ChoiceField(
            "Carrier", [(each.value.capitalize(), each) for each in Carrier], required=True
        )
        self.amount = MoneyField("One delivery costs", required=True)
        self.since = DayField("From", required=True)
        self.since.set_value(today())
        self.body.addWidget(label("The margin of a therapy day takes these off.", "muted", wrap=True))
        for part in (self.known, self.carrier, self.amount, self.since):
            self.body.addWidget(part)
        database = context.database

        def read() -> tuple[CostRow, ...]:
            with database.reading() as session:
                return cost_rows(session, today())

        desk.jobs.run(self, read, self._show, lambda error: desk.messages.show_failure(error, self))

    def deed(self) -> Deed | None:
        wrong = [field for field in (self.carrier, self.amount, self.since) if not field.check()]
        carrier, amount, since = self.carrier.value(), self.amount.value(), self.since.value()
        if wrong or carrier is None or amount is None or since is None:
            return None
        database, by = self.context.database, self.context.user_id
        return lambda _override: set_delivery_cost(database, carrier, amount, since, by)

    def said(self, _result: Any) -> str:
        return "Kept. Margins are counted with it."

    def _show(self, rows: tuple[CostRow, ...]) -> None:
        self.known.setText("   ".join(
            f"{row.carrier.value.capitalize()}: {'not set' if row.amount is None else show_money(row.amount)}"
            for row in rows
        ))  # fmt: skip

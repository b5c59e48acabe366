"""Another item instead of what is short: only what the rules allow is offered, and the reason is kept."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from PySide6.QtWidgets import QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.bench.substituting import Alternative, alternatives
from infusion_desktop.deliveries.queries import LineRow
from infusion_desktop.deliveries.words import DeliveryLineId
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.stock.words import ItemId

Substitute = Callable[[DeliveryLineId, ItemId, int, str, str], object]


class InsteadDialog(DeedDialog):
    """Which line, which item instead, how many, and why."""

    changed: ClassVar[frozenset[str]] = frozenset({"deliveries", "stock"})  # type: ignore[misc]

    def __init__(
        self, context: Context, desk: Desk, lines: Sequence[LineRow], first: DeliveryLineId | None, parent: QWidget,
        substitute: Substitute,
    ) -> None:  # fmt: skip
        super().__init__(context, desk, "Send something else instead", parent, save="Send instead", width=560)
        self._substitute = substitute
        self.line: ChoiceField[LineRow] = ChoiceField(
            "Instead of", [(f"{line.item_name}: {line.to_send - line.picked:,} {line.unit}", line) for line in lines],
            required=True,
        )  # fmt: skip
        self.item: ChoiceField[Alternative] = ChoiceField("Send", required=True)
        self.units = QuantityField("How many", least=1, required=True)
        self.why = TextField("Why", required=True, placeholder="out of stock until Friday")
        self.said_why_not = label("", "muted", wrap=True)
        self.form = Form()
        self.form.section("", (self.line,), (self.item,), (self.units, self.why))
        self.body.addWidget(self.form)
        self.body.addWidget(self.said_why_not)
        self.line.changed.connect(self._offer)
        chosen = next((line for line in lines if line.id == first), None)
        chosen = chosen or max(lines, key=lambda line: line.owed)
        self.line.set_value(chosen)
        self._offer()
        self.item.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        line, item, units = self.line.value(), self.item.value(), self.units.value()
        assert line is not None and item is not None and units is not None
        why, work = self.why.value(), self._substitute
        return lambda override: work(line.id, item.item_id, units, why, override)

    def said(self, _result: Any) -> str:
        return "It goes instead; the manifest says so."

    def _offer(self) -> None:
        if self.line.is_blank():
            return
        line = self.line.value()
        assert line is not None
        self.units.set_value(line.owed or line.to_send - line.picked)
        database = self.context.database

        def show(found: tuple[Alternative, ...]) -> None:
            self.item.set_choices((f"{each.name}, {each.free:,} {each.unit} free", each) for each in found)
            if len(found) == 1 or (found and found[0].is_named):
                self.item.set_value(found[0])
            drug = "A drug or diluent is named by the order: ask for another order."
            none = "Nothing of the same kind and unit is free."
            is_ordered = line.kind.value in ("drug", "diluent")
            self.said_why_not.setText("" if found else drug if is_ordered else none)

        self.desk.jobs.run(self, lambda: _alternatives(database, line.id), show, self._fail)

    def _fail(self, error: Exception) -> None:
        self.desk.messages.show_failure(error, self)


def _alternatives(database: Database, line_id: DeliveryLineId) -> tuple[Alternative, ...]:
    with database.reading() as session:
        return alternatives(session, line_id)

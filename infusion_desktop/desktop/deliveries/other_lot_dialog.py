"""What left was another lot or item: which it was is scanned or chosen, with how many and how somebody knows."""

from typing import Any, ClassVar

from PySide6.QtWidgets import QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day
from infusion_desktop.deliveries.bench.bench import Wrong, understand
from infusion_desktop.deliveries.door.other_lots import (
    OtherItem,
    OtherLot,
    OtherLots,
    correct_lot,
    other_items,
    other_lots,
)
from infusion_desktop.deliveries.queries import DeliveryPage
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.deliveries.after_dialogs import Lot, lots_with_patient
from infusion_desktop.desktop.forms import CheckField, ChoiceField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.stock.words import ItemId, LotId


class OtherLotDialog(DeedDialog):
    """Which lot it was instead of the one that the delivery says, of its own item or of another."""

    changed: ClassVar[frozenset[str]] = frozenset({"deliveries", "stock", "patients"})  # type: ignore[misc]

    def __init__(self, context: Context, desk: Desk, page: DeliveryPage, parent: QWidget) -> None:
        super().__init__(context, desk, "Another lot or item was sent", parent, save="Correct", width=600)
        self.wrong: ChoiceField[Lot] = ChoiceField("The delivery says", lots_with_patient(page), required=True)
        self.item: ChoiceField[ItemId] = ChoiceField("It was", required=True)
        self.right: ChoiceField[LotId] = ChoiceField(
            "Lot", required=True, hint="Scan the box, or choose. Only lots that were received here."
        )
        self.units = QuantityField("How many", least=1, required=True)
        self.why = TextField("How you know", required=True, placeholder="the caregiver read the lot on the box")
        self.counted = CheckField("The shelf was counted since, and its numbers are right")
        self.counted.hide()
        self.serves = CheckField("It serves as well: nothing is owed")
        self.serves.hide()
        self.form = Form()
        self.form.section("", (self.wrong,), (self.item,), (self.right,), (self.units, self.why), (self.serves,),
                          (self.counted,))  # fmt: skip
        self.body.addWidget(self.form)
        self.body.addWidget(
            label(
                "The ledger, this delivery, what is at the patient's home and recalls say what was sent from then on. "
                "What was written first stays beside it; what did not go is owed.", "muted", wrap=True,
            )
        )  # fmt: skip
        self.offered: tuple[OtherLot, ...] = ()
        self.items: set[ItemId] = set()
        self._scanned: LotId | None = None
        self.wrong.changed.connect(self._offer)
        self.item.changed.connect(self._offer_lots)
        if len(choices := lots_with_patient(page)) == 1:
            self.wrong.set_value(choices[0][1])
        self.wrong.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        wrong, right, units = self.wrong.value(), self.right.value(), self.units.value()
        assert wrong is not None and right is not None and units is not None
        database, by, why = self.context.database, self.context.user_id, self.why.value()
        line, counted, serves = wrong[1].id, self.counted.value(), self.serves.value()
        return lambda override: correct_lot(
            database, line, right, units, why, by, shelf_counted=counted, serves=serves, override=override
        )

    def said(self, _result: Any) -> str:
        return "Corrected: what was sent stands everywhere."

    def on_scan(self, raw: str) -> None:
        """The box, or a photo of its code that the caregiver sent."""
        database = self.context.database

        def found(answer: tuple[Any, str]) -> None:
            lot, sentence = answer
            chosen = self.wrong.value() if not self.wrong.is_blank() else None
            if lot is None or chosen is None or lot.item_id not in self.items or lot.id == chosen[1].lot_id:
                self.desk.messages.wrong(sentence or "This is not what it may have been instead. Scan what came.")
                return
            self._scanned = LotId(lot.id)
            if self.item.value() == lot.item_id:
                self._choose_scanned()
            else:
                self.item.set_value(ItemId(lot.item_id))

        self.desk.jobs.run(self, lambda: _lot_of(database, raw), found, self._fail)

    def _choose_scanned(self) -> None:
        if self._scanned is not None and self._scanned in {each.id for each in self.offered}:
            self.right.set_value(self._scanned)
            self._scanned = None
            self.desk.messages.right("Lot found")

    def _offer(self) -> None:
        """The items it may have been, once it is known which lot is wrong: most often the same."""
        if self.wrong.is_blank() or (chosen := self.wrong.value()) is None:
            return
        line, lot = chosen
        self.units.set_value(lot.quantity - lot.came_back)
        database = self.context.database

        def show(found: tuple[OtherItem, ...]) -> None:
            self.items = {each.id for each in found}
            self.item.set_choices([(each.name, each.id) for each in found])
            self.item.blockSignals(True)
            self.item.set_value(line.item_id)
            self.item.blockSignals(False)
            self._offer_lots()

        def read() -> tuple[OtherItem, ...]:
            with database.reading() as session:
                return other_items(session, lot.id)

        self.desk.jobs.run(self, read, show, self._fail)

    def _offer_lots(self) -> None:
        """The lots it may have been, of the item that is chosen."""
        if self.wrong.is_blank() or self.item.is_blank() or (chosen := self.wrong.value()) is None:
            return
        line, lot = chosen
        item, asked = self.item.value(), self.item.shown()
        is_other = item != line.item_id
        self.serves.setVisible(is_other)
        self.serves.set_value(False)
        database = self.context.database

        def show(found: OtherLots) -> None:
            if self.item.shown() != asked:  # Another item was chosen meanwhile.
                return
            self.offered = found.lots
            self.right.set_choices([(_shown(each), each.id) for each in found.lots])
            self.right.complain("" if found.lots else "No other lot of this item was ever received.")
            self.counted.setVisible(found.counted)
            self.counted.set_value(found.counted)
            self._choose_scanned()

        def read() -> OtherLots:
            with database.reading() as session:
                return other_lots(session, lot.id, item)

        self.desk.jobs.run(self, read, show, self._fail)

    def _fail(self, error: Exception) -> None:
        self.desk.messages.show_failure(error, self)


def _shown(lot: OtherLot) -> str:
    parts = [lot.serial or lot.number or "(none)"]
    parts += [f"expires {show_day(lot.expires_on)}"] if lot.expires_on else []
    parts += [f"{lot.free:,} on the shelf" if lot.free else "none on the shelf"]
    return ", ".join([*parts, *(["held"] if lot.held else [])])


def _lot_of(database: Database, raw: str) -> tuple[Any, str]:
    """The lot that a scan names; a sentence where it names none."""
    with database.reading() as session:
        try:
            lot = understand(session, raw).lot
        except Wrong as wrong:
            return None, str(wrong)
    return lot, "This code does not say the lot. Scan the one that does, or choose." if lot is None else ""

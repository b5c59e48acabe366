"""The lot that left was another one: which it was is scanned or chosen, with how many and how somebody knows."""

from typing import Any, ClassVar

from PySide6.QtWidgets import QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day
from infusion_desktop.deliveries.bench.bench import Wrong, understand
from infusion_desktop.deliveries.door.other_lots import OtherLot, OtherLots, correct_lot, other_lots
from infusion_desktop.deliveries.queries import DeliveryPage
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.deliveries.after_dialogs import Lot, lots_with_patient
from infusion_desktop.desktop.forms import CheckField, ChoiceField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.stock.words import LotId


class OtherLotDialog(DeedDialog):
    """Which lot it was instead of the one that the delivery says."""

    changed: ClassVar[frozenset[str]] = frozenset({"deliveries", "stock", "patients"})  # type: ignore[misc]

    def __init__(self, context: Context, desk: Desk, page: DeliveryPage, parent: QWidget) -> None:
        super().__init__(context, desk, "The lot was another one", parent, save="Correct", width=600)
        self.wrong: ChoiceField[Lot] = ChoiceField("The delivery says", lots_with_patient(page), required=True)
        self.right: ChoiceField[LotId] = ChoiceField(
            "It was lot", required=True, hint="Scan the box, or choose. Only lots that were received here."
        )
        self.units = QuantityField("How many", least=1, required=True)
        self.why = TextField("How you know", required=True, placeholder="the caregiver read the lot on the box")
        self.counted = CheckField("The shelf was counted since, and its numbers are right")
        self.counted.hide()
        self.form = Form()
        self.form.section("", (self.wrong,), (self.right, self.units), (self.why,), (self.counted,))
        self.body.addWidget(self.form)
        self.body.addWidget(
            label(
                "The ledger, this delivery, what is at the patient's home and recalls say the right lot from then on. "
                "What was written first stays beside it.", "muted", wrap=True,
            )
        )  # fmt: skip
        self.offered: tuple[OtherLot, ...] = ()
        self.wrong.changed.connect(self._offer)
        if len(choices := lots_with_patient(page)) == 1:
            self.wrong.set_value(choices[0][1])
        self.wrong.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        wrong, right, units = self.wrong.value(), self.right.value(), self.units.value()
        assert wrong is not None and right is not None and units is not None
        database, by, why = self.context.database, self.context.user_id, self.why.value()
        line, counted = wrong[1].id, self.counted.value()
        return lambda override: correct_lot(
            database, line, right, units, why, by, shelf_counted=counted, override=override
        )

    def said(self, _result: Any) -> str:
        return "Corrected: the right lot stands everywhere."

    def on_scan(self, raw: str) -> None:
        """The box, or a photo of its code that the caregiver sent."""
        database = self.context.database

        def found(answer: tuple[LotId | None, str]) -> None:
            lot, sentence = answer
            if lot is None or lot not in {each.id for each in self.offered}:
                self.desk.messages.wrong(sentence or "This is not another lot of the item that the delivery says.")
                return
            self.right.set_value(lot)
            self.desk.messages.right("Lot found")

        self.desk.jobs.run(
            self, lambda: _lot_of(database, raw), found, lambda error: self.desk.messages.show_failure(error, self)
        )

    def _offer(self) -> None:
        """The lots it may have been, once it is known which one is wrong."""
        if self.wrong.is_blank() or (chosen := self.wrong.value()) is None:
            return
        _line, lot = chosen
        self.units.set_value(lot.quantity - lot.came_back)
        database = self.context.database

        def show(found: OtherLots) -> None:
            self.offered = found.lots
            self.right.set_choices([(_shown(each), each.id) for each in found.lots])
            self.right.complain("" if found.lots else "No other lot of this item was ever received.")
            self.counted.setVisible(found.counted)
            self.counted.set_value(found.counted)

        def read() -> OtherLots:
            with database.reading() as session:
                return other_lots(session, lot.id)

        self.desk.jobs.run(self, read, show, lambda error: self.desk.messages.show_failure(error, self))


def _shown(lot: OtherLot) -> str:
    parts = [lot.serial or lot.number or "(none)"]
    parts += [f"expires {show_day(lot.expires_on)}"] if lot.expires_on else []
    parts += [f"{lot.free:,} on the shelf" if lot.free else "none on the shelf"]
    return ", ".join([*parts, *(["held"] if lot.held else [])])


def _lot_of(database: Database, raw: str) -> tuple[LotId | None, str]:
    """The lot that a scan names; a sentence where it names none."""
    with database.reading() as session:
        try:
            lot = understand(session, raw).lot
        except Wrong as wrong:
            return None, str(wrong)
    return (
        (None, "This code does not say the lot. Scan the one that does, or choose.")
        if lot is None
        else (LotId(lot.id), "")
    )

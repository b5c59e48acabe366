"""One line of a kit: the item or kind of equipment, how much of it, for whom, and what may go instead."""

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from re import ASCII, fullmatch

from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QVBoxLayout

from infusion_desktop.deliveries.care_words import Purpose
from infusion_desktop.deliveries.kits.kinds import EQUIPMENT_KINDS
from infusion_desktop.deliveries.kits.template_rules import TemplateLine
from infusion_desktop.deliveries.rules import QuantityRule
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.forms import CheckField, ChoiceField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import scrolled
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.errors import Refused
from infusion_desktop.patients.words import AccessKind
from infusion_desktop.stock.queries import ItemFound
from infusion_desktop.stock.words import ItemId


def read_quantity(text: str) -> str:
    """A quantity such as 1, 0.25 or 2.5; Refused otherwise."""
    if not fullmatch(r"\d{1,5}(\.\d{1,4})?", text.strip(), ASCII):
        raise Refused("Type a number such as 1, 2.5 or 0.25.")
    return text.strip()


class LineDialog(QDialog):
    """Nothing is kept here: the kit's screen gets the line, and saves it with the version."""

    def __init__(
        self, screen: Screen, items: Sequence[ItemFound], line: TemplateLine | None,
        put: Callable[[TemplateLine], object],
    ) -> None:  # fmt: skip
        super().__init__(screen)
        self.setWindowTitle("A line of the kit")
        self.setMinimumSize(680, 620)
        self._put = put
        choices = [(f"{item.name} ({item.number})", item.id) for item in items]
        self.item: ChoiceField[ItemId] = ChoiceField("Item", choices, placeholder="Type a part of its name")
        self.equipment: ChoiceField[str] = ChoiceField(
            "or a pump or pole", [(kind.capitalize(), kind) for kind in EQUIPMENT_KINDS], placeholder="None"
        )
        self.amount = TextField("How much", required=True, read=read_quantity, longest=10)
        rules = [(rule.value.replace("_", " ").capitalize(), rule) for rule in QuantityRule]
        self.rule: ChoiceField[QuantityRule] = ChoiceField("By", rules, required=True)
        self.pack = QuantityField("In packs of", least=1, most=10_000, required=True)
        self.per_lumen = CheckField("For each lumen")
        self.optional = CheckField("Only when asked for")
        self.purpose: ChoiceField[Purpose] = ChoiceField(
            "It is", [(each.value.capitalize(), each) for each in Purpose], required=True
        )
        self.latex_free: ChoiceField[ItemId] = ChoiceField("Without latex goes", choices, placeholder="The same item")
        self.note = TextField("Note")
        self.access = {each: CheckField(each.value) for each in AccessKind}
        self.another: ChoiceField[ItemId] = ChoiceField("May go instead", choices, placeholder="Add an item")
        self.instead: list[ItemId] = []
        self.names = {item.id: item.name for item in items}
        self.shown = QListWidget()
        self.shown.setAccessibleName("May go instead, the first choice first")
        self.shown.setMaximumHeight(90)
        self.form = Form()
        self.form.section("", (self.item, self.equipment), (self.amount, self.rule, self.pack),
                          (self.per_lumen, self.optional), (self.purpose, self.latex_free), (self.note,))  # fmt: skip
        boxes = list(self.access.values())
        self.form.section("Only for (none for any)", boxes[:4], boxes[4:])
        self.form.section("Substitutes", (self.another,))
        self._lay_out()
        self._fill(line)
        self.finished.connect(self.deleteLater)

    def _lay_out(self) -> None:
        self.save_button = button("Take over", self._take, kind="primary")
        self.save_button.setDefault(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.addWidget(label("A line of the kit", "heading"))
        whole = Form()
        inner = whole.layout()
        assert inner is not None
        inner.addWidget(self.form)
        inner.addWidget(self.shown)
        column.addWidget(scrolled(whole), 1)
        self.wrong = label("", "error", wrap=True)
        column.addWidget(self.wrong)
        foot = QHBoxLayout()
        foot.addWidget(button("Add as substitute", self.add_substitute))
        foot.addWidget(button("Remove substitute", self._drop_substitute))
        foot.addStretch(1)
        foot.addWidget(button("Cancel", self.reject))
        foot.addWidget(self.save_button)
        column.addLayout(foot)

    def _fill(self, line: TemplateLine | None) -> None:
        self.rule.set_value(QuantityRule.PER_DOSE if line is None else line.rule)
        self.amount.set_value("1" if line is None else f"{line.amount.normalize():f}")
        self.pack.set_value(1 if line is None else line.round_to)
        self.purpose.set_value(Purpose.SUPPLY if line is None else line.purpose)
        if line is None:
            return
        self.item.set_value(line.item_id)
        self.equipment.set_value(line.equipment or None)
        self.per_lumen.set_value(line.per_lumen)
        self.optional.set_value(line.optional)
        self.latex_free.set_value(line.latex_free_item_id)
        self.note.set_value(line.note)
        for kind in line.access_kinds:
            self.access[kind].set_value(True)
        self.instead = list(line.alternatives)
        self._show_instead()

    def add_substitute(self) -> None:
        """The chosen item may go instead, after those that are there."""
        try:
            chosen = self.another.value()
        except Refused:
            chosen = None
        if chosen is not None and chosen not in self.instead:
            self.instead.append(chosen)
            self._show_instead()
            self.another.set_value(None)

    def _drop_substitute(self) -> None:
        place = self.shown.currentRow()
        if 0 <= place < len(self.instead):
            del self.instead[place]
            self._show_instead()

    def _show_instead(self) -> None:
        self.shown.clear()
        self.shown.addItems([self.names.get(each, "an item that was ended") for each in self.instead])

    def _take(self) -> None:
        if not self.form.check():
            return
        item, equipment, rule, purpose = (
            self.item.value(),
            self.equipment.value(),
            self.rule.value(),
            self.purpose.value(),
        )
        if (item is None) == (equipment is None) or rule is None or purpose is None:
            self.wrong.setText("Choose an item or a kind of equipment, one of the two.")
            return
        try:
            amount = Decimal(self.amount.value())
        except InvalidOperation:
            amount = Decimal(0)
        if amount <= 0:
            self.amount.complain("The amount is above zero.")
            return
        self._put(
            TemplateLine(
                item, rule, amount, self.pack.value() or 1, equipment or "", self.optional.value(),
                self.latex_free.value(), self.note.value(), purpose, self.per_lumen.value(),
                tuple(kind for kind, box in self.access.items() if box.value()), tuple(self.instead),
            )
        )  # fmt: skip
        self.accept()

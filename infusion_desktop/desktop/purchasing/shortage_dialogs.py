"""What may be sent instead of an item, and which therapies are served first."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.database.engine import Database
from infusion_desktop.deliveries.scarce.priorities import set_priority
from infusion_desktop.deliveries.scarce.shortages import ShortageRow
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.picker import Picker
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.patients.words import TherapyClass
from infusion_desktop.stock.queries import ItemFound, find_items
from infusion_desktop.stock.scarce.substitutes import NewSubstitute, SubstituteRow, set_substitute
from infusion_desktop.stock.words import ItemId


class SubstituteDialog(DeedDialog):
    """Another item, its rank, and how many stand for how many."""

    changed = ("purchasing",)

    def __init__(
        self, context: Context, desk: Desk, row: ShortageRow, substitute: ItemId | None, parent: QWidget
    ) -> None:
        super().__init__(context, desk, f"Instead of {row.proposal.name}", parent, width=600)
        self.row = row
        self.item_id: ItemId | None = None
        database = context.database
        self.picker: Picker[ItemFound] = Picker(
            desk.jobs, lambda typed: _items(database, typed, row.item_id),
            lambda item: f"{item.number}  ·  {item.name}", placeholder="Part of the name or the number",
            name="Find the substitute", on_failure=lambda error: desk.messages.show_failure(error, self),
        )  # fmt: skip
        self.picker.list.setMinimumHeight(150)
        self.chosen = label("No item chosen yet.", "strong", wrap=True)
        self.rank = QuantityField("Rank", least=1, most=99, required=True, hint="1 is tried first.")
        self.gives = QuantityField("So many of it", least=1, most=10_000, required=True)
        self.for_units = QuantityField("stand for so many", least=1, most=10_000, required=True)
        self.note = TextField("Note", longest=200, placeholder="such as “needs another connector”")
        self.says = label("", "muted", wrap=True)
        self.form = Form()
        self.form.section("", (self.rank, self.gives, self.for_units), (self.note,))
        for part in (self.picker, self.chosen, self.form, self.says):
            self.body.addWidget(part)
        self.rank.set_value(max((each.rank for each in row.substitutes), default=0) + 1)
        self.gives.set_value(1)
        self.for_units.set_value(1)
        self.picker.picked.connect(self.choose)
        self.form.changed.connect(self._say)
        if (known := self._known(substitute)) is not None:
            self._fill(known)
        self.picker.search()
        self.picker.setFocus()

    def choose(self, item: ItemFound) -> None:
        """This item."""
        if (known := self._known(item.id)) is not None:
            self._fill(known)
        else:
            self.item_id = item.id
            self.chosen.setText(f"{item.name} ({item.number})")
            self._say()
        self.rank.setFocus()

    def deed(self) -> Deed | None:
        if self.item_id is None:
            self.desk.messages.refused(("Choose an item from the list.",), self)
            return None
        if not self.form.check():
            return None
        new = NewSubstitute(
            self.row.item_id, self.item_id, self.rank.value() or 1, self.gives.value() or 1,
            self.for_units.value() or 1, self.note.value(),
        )  # fmt: skip
        known = self._known(self.item_id)
        version = None if known is None else known.version
        database, by = self.context.database, self.context.user_id
        return lambda _override: set_substitute(database, new, by, version=version)

    def said(self, _result: Any) -> str:
        return "The substitute is kept."

    def _known(self, item: ItemId | None) -> SubstituteRow | None:
        """The substitute that this item is already."""
        return next((each for each in self.row.substitutes if each.substitute_id == item), None)

    def _fill(self, known: SubstituteRow) -> None:
        self.item_id = known.substitute_id
        self.chosen.setText(f"{known.name} ({known.number})")
        values: tuple[tuple[Any, Any], ...] = (
            (self.rank, known.rank), (self.gives, known.gives), (self.for_units, known.for_units),
            (self.note, known.note),
        )  # fmt: skip
        for field, value in values:
            field.set_value(value)
        self._say()

    def _say(self) -> None:
        try:
            gives, for_units = self.gives.value() or 1, self.for_units.value() or 1
        except Refused:
            return
        self.says.setText(f"{gives:,} of the substitute are sent for each {for_units:,} of {self.row.proposal.name}.")


PRIORITIES: tuple[Column[tuple[TherapyClass, int]], ...] = (
    Column("First", lambda row: f"{row[1]}", sort_key=lambda row: row[1], numeric=True),
    Column("Therapy", lambda row: row[0].value.capitalize(), stretch=True),
)


class PriorityDialog(DeedDialog):
    """The ranks of all therapies, and another rank for one of them."""

    changed = ("purchasing",)

    def __init__(
        self, context: Context, desk: Desk, ranks: Mapping[TherapyClass, int], therapy: TherapyClass | None,
        parent: QWidget,
    ) -> None:  # fmt: skip
        super().__init__(context, desk, "Who is served first when something is scarce", parent, width=560)
        self.table: TableView[tuple[TherapyClass, int]] = TableView(
            PRIORITIES, lambda row: row[0], name="Priorities of therapies", noun=("therapy", "therapies"),
        )  # fmt: skip
        self.ranks = ranks
        self.table.setMinimumHeight(300)
        self.therapy: ChoiceField[TherapyClass] = ChoiceField(
            "Therapy", [(each.value.capitalize(), each) for each in TherapyClass], required=True
        )
        self.rank = QuantityField("Priority", least=1, most=9, required=True, hint="1 is served first.")
        self.why = TextField("Why", required=True, longest=200)
        self.form = Form()
        self.form.section("", (self.therapy, self.rank), (self.why,))
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.form)
        self.table.selected.connect(self._choose)
        may = context.may(Permission.EDIT_TEMPLATES)
        self.form.setEnabled(may)
        self.save_button.setEnabled(may)
        self.save_button.setToolTip("" if may else "Pharmacists set priorities.")
        self.therapy.setFocus()
        self.table.set_rows(sorted(ranks.items(), key=lambda each: (each[1], each[0].value)))
        if therapy is not None:
            self._choose((therapy, ranks[therapy]))

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        therapy, rank, why = self.therapy.value(), self.rank.value(), self.why.value()
        if therapy is None or rank is None:
            return None
        database, by = self.context.database, self.context.user_id
        was = self.ranks[therapy]
        return lambda _override: set_priority(database, therapy, rank, why, by, was=was)

    def said(self, _result: Any) -> str:
        return "The priority is kept."

    def _choose(self, row: tuple[TherapyClass, int] | None) -> None:
        if row is not None:
            self.therapy.set_value(row[0])
            self.rank.set_value(row[1])


def _items(database: Database, typed: str, without: ItemId) -> tuple[ItemFound, ...]:
    with database.reading() as session:
        found = find_items(session, typed)
    return tuple(item for item in found if item.id != without and not item.kind.is_equipment)

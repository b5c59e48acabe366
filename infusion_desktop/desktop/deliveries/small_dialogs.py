"""Small dialogs of deliveries: another quantity, an added item, a shortage, another day, a reason."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, ClassVar

from PySide6.QtWidgets import QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import show_day
from infusion_desktop.deliveries.plans.planning import Visit
from infusion_desktop.deliveries.queries import DeliveryPage
from infusion_desktop.deliveries.words import Carrier
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, NotesField, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.picker import Picker
from infusion_desktop.stock.queries import ItemFound, find_items
from infusion_desktop.stock.words import ItemId, ItemKind

_TOPICS = frozenset({"deliveries", "stock", "equipment"})
SENDABLE = tuple(kind for kind in ItemKind if not kind.is_equipment)


class QuantityDialog(DeedDialog):
    """Another quantity of a line, with the reason."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(
        self, context: Context, desk: Desk, item: str, unit: str, now: int, why: str, parent: QWidget,
        change: Callable[[int, str], object],
    ) -> None:  # fmt: skip
        super().__init__(context, desk, f"How many of {item}?", parent)
        self.quantity = QuantityField("To send", unit=unit, required=True)
        self.quantity.set_value(now)
        self.reason = TextField("Why another quantity", required=True, placeholder="The patient asked for spares")
        form = Form()
        form.section("", (self.quantity, self.reason))
        self.body.addWidget(label(why, "muted", wrap=True))
        self.body.addWidget(form)
        self.form, self._change = form, change
        self.quantity.line.selectAll()
        self.quantity.setFocus()

    def deed(self) -> Deed | None:
        quantity = self.quantity.value() if self.form.check() else None
        if quantity is None:
            return None
        reason, change = self.reason.value(), self._change
        return lambda _override: change(quantity, reason)


class ShortDialog(DeedDialog):
    """Fewer of a lot are in its bin; the rest stays owed."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(
        self, context: Context, desk: Desk, item: str, done: int, wanted: int, parent: QWidget,
        report: Callable[[int, str], object],
    ) -> None:  # fmt: skip
        super().__init__(context, desk, f"Short: {item}", parent, save="Report short")
        self.found = QuantityField("How many are there", most=max(0, wanted - 1), required=True)
        self.found.set_value(min(done, wanted - 1))
        self.reason = TextField("What is wrong", required=True)
        self.reason.set_value("not on the shelf")
        form = Form()
        form.section("", (self.found, self.reason))
        self.body.addWidget(
            label(f"{wanted:,} are wanted. What is missing stays owed to the patient.", "muted", wrap=True)
        )
        self.body.addWidget(form)
        self.form, self._report = form, report
        self.found.line.selectAll()
        self.found.setFocus()

    def deed(self) -> Deed | None:
        found = self.found.value() if self.form.check() else None
        if found is None:
            return None
        reason, report = self.reason.value(), self._report
        return lambda _override: report(found, reason)


class AddItemDialog(DeedDialog):
    """An item that the kit does not hold, with the reason."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(
        self, context: Context, desk: Desk, parent: QWidget, add: Callable[[ItemId, int, str], object]
    ) -> None:
        super().__init__(context, desk, "Add an item", parent, save="Add", width=560)
        database = context.database
        self.item: ItemFound | None = None
        self.picker: Picker[ItemFound] = Picker(
            desk.jobs, lambda typed: _items(database, typed), lambda item: f"{item.name}   {item.number}",
            placeholder="Item name, number or maker", name="Item", on_failure=self._fail,
        )  # fmt: skip
        self.picker.list.setMinimumHeight(150)
        self.chosen = label("No item chosen yet.", "muted", wrap=True)
        self.quantity = QuantityField("To send", least=1, required=True)
        self.reason = TextField("Why it is added", required=True)
        self.form = Form()
        self.form.section("", (self.quantity, self.reason))
        for part in (self.picker, self.chosen, self.form):
            self.body.addWidget(part)
        self.picker.picked.connect(self.choose)
        self._add = add
        self.picker.setFocus()
        self.picker.search()

    def choose(self, item: ItemFound) -> None:
        """This one."""
        self.item = item
        self.chosen.setText(f"{item.name}, counted in {item.unit}")
        self.quantity.setFocus()

    def deed(self) -> Deed | None:
        if self.item is None:
            self.desk.messages.refused(("Choose an item from the list.",), self)
            return None
        quantity = self.quantity.value() if self.form.check() else None
        if quantity is None:
            return None
        item_id, reason, add = self.item.id, self.reason.value(), self._add
        return lambda _override: add(item_id, quantity, reason)

    def _fail(self, error: Exception) -> None:
        self.desk.messages.show_failure(error, self)


class RescheduleDialog(DeedDialog):
    """Another day, window, carrier or instruction."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(
        self, context: Context, desk: Desk, page: DeliveryPage, parent: QWidget, move: Callable[[Any, Visit], object]
    ) -> None:
        super().__init__(context, desk, f"When and how {page.row.number} goes", parent)
        self.day = DayField("Day", required=True)
        self.day.set_value(page.row.scheduled_on)
        self.window_field = TextField("Window", placeholder="08:00 to 12:00", longest=40)
        self.window_field.set_value(page.row.window)
        self.carrier: ChoiceField[Carrier] = ChoiceField("Carrier", carriers(), required=True)
        self.carrier.set_value(page.row.carrier)
        self.instructions = TextField("Instructions for the driver")
        self.instructions.set_value(page.instructions)
        self.note = NotesField("Note for the pharmacy", lines=2)
        self.note.set_value(page.note)
        self.form = Form()
        self.form.section("", (self.day, self.window_field), (self.carrier,), (self.instructions,), (self.note,))
        self.body.addWidget(self.form)
        self._move = move

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        day, carrier, move = self.day.value(), self.carrier.value(), self._move
        assert day is not None and carrier is not None
        visit = Visit(self.window_field.value(), carrier, self.instructions.value(), self.note.value())
        return lambda _override: move(day, visit)

    def said(self, _result: Any) -> str:
        return "Saved."


class NobodyDialog(DeedDialog):
    """Nobody took it: what happened, and on which day the driver tries again."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(
        self, context: Context, desk: Desk, number: str, parent: QWidget, work: Callable[[str, date | None], object],
        *, failed: bool,
    ) -> None:  # fmt: skip
        title = f"Nobody took {number}" if failed else f"{number} goes on another day"
        super().__init__(context, desk, title, parent, save="Record" if failed else "Try again then")
        self.text = TextField("What happened", required=True, placeholder="nobody at home")
        self.day = DayField("Try again on", required=not failed, placeholder="leave open" if failed else "")
        self.form = Form()
        self.form.section("", *([(self.text, self.day)] if failed else [(self.day,)]))
        self.body.addWidget(self.form)
        self.body.addWidget(label("It stays on the way, with the driver.", "muted", wrap=True))
        self._work, self._failed = work, failed
        (self.text if failed else self.day).setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check():
            return None
        said, day, work = self.text.value() if self._failed else "", self.day.value(), self._work
        return lambda _override: work(said, day)

    def said(self, _result: Any) -> str:
        day = self.day.value()
        return "Recorded. It stays on the way." if day is None else f"The driver tries again on {show_day(day)}."


class SayDialog(DeedDialog):
    """One sentence that is kept: what happened, or why."""

    changed: ClassVar[frozenset[str]] = _TOPICS  # type: ignore[misc]

    def __init__(
        self, context: Context, desk: Desk, title: str, field: str, parent: QWidget, deed: Callable[[str], object],
        *, save: str, done: str, lead: str = "", kind: str = "primary", suggestions: Sequence[str] = (),
    ) -> None:  # fmt: skip
        super().__init__(context, desk, title, parent, save=save, kind=kind)
        self.text = TextField(field, required=True, placeholder=suggestions[0] if suggestions else "")
        if lead:
            self.body.addWidget(label(lead, "muted", wrap=True))
        self.body.addWidget(self.text)
        self._deed, self._done = deed, done
        self.text.setFocus()

    def deed(self) -> Deed | None:
        if not self.text.check():
            return None
        typed, deed = self.text.value(), self._deed
        return lambda _override: deed(typed)

    def said(self, _result: Any) -> str:
        return self._done


def carriers() -> tuple[tuple[str, Carrier], ...]:
    """Who may take it, as choices."""
    return tuple((carrier.value.capitalize(), carrier) for carrier in Carrier)


def _items(database: Database, typed: str) -> tuple[ItemFound, ...]:
    with database.reading() as session:
        return find_items(session, typed, kinds=SENDABLE)

"""Models: what each pump and pole of the catalogue asks for, and the dialog that sets it."""

from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.desktop.buttons import button, tool
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import CheckField, Form, MoneyField, NotesField, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import scrolled
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.equipment.checks import PASSES
from infusion_desktop.equipment.models import ALARMS, CheckLimit, ModelFacts, ModelRow, edit_model
from infusion_desktop.money import ZERO, show_money


def maintenance_text(facts: ModelFacts) -> str:
    """When maintenance is asked for, as one short line."""
    parts = (
        f"{facts.maintenance_days:,} days" if facts.maintenance_days else "",
        f"{facts.maintenance_hours:,} hours" if facts.maintenance_hours else "",
        "at return" if facts.maintenance_at_return else "",
    )
    return ", ".join(filter(None, parts)) or "none"


COLUMNS: tuple[Column[ModelRow], ...] = (
    Column("Number", lambda row: row.number),
    Column("Model", lambda row: row.name, stretch=True, hint=lambda row: row.name),
    Column("How many", lambda row: f"{row.assets:,}", sort_key=lambda row: row.assets, numeric=True,
           value=lambda row: row.assets),
    Column("Maintenance", lambda row: maintenance_text(row.facts)),
    Column("Check", lambda row: f"{len(row.facts.limits)} values" if row.facts.limits else "none",
           hint=lambda row: "\n".join(show_limit(limit) for limit in row.facts.limits)),
    Column("Software, library", lambda row: ", ".join(filter(None, (row.facts.firmware, row.facts.library)))),
    Column("Behind", lambda row: str(row.behind or ""), sort_key=lambda row: row.behind, numeric=True,
           tone=lambda row: Tone.WARN if row.behind else None, value=lambda row: row.behind),
    Column("If lost", lambda row: show_money(row.facts.replacement_value) if row.facts.replacement_value else "",
           sort_key=lambda row: row.facts.replacement_value, numeric=True,
           value=lambda row: row.facts.replacement_value),
    Column("Travels with", lambda row: ", ".join(row.facts.accessories), hidden=True),
)  # fmt: skip


def show_limit(limit: CheckLimit) -> str:
    """A value of the check and what it may be."""
    return f"{limit.name} passes" if limit.is_tried else f"{limit.name} {limit.lowest} to {limit.highest} {limit.unit}"


class ModelsTab(QWidget):
    """The list; Enter or the button opens a model."""

    edit_asked = Signal(object)

    def __init__(self, desk: Desk, may_edit: bool) -> None:
        super().__init__()
        self.may_edit = may_edit
        self.table: TableView[ModelRow] = TableView(
            COLUMNS, lambda row: row.item_id, name="Equipment models", desk=desk, noun=("model", "models"),
            empty="The catalogue has no pump or pole yet. Add one there.",
        )  # fmt: skip
        self.edit_button = button("Edit the model", self._edit, icon="edit")
        self.edit_button.setToolTip("" if may_edit else "Pharmacists edit equipment models.")
        top = QHBoxLayout()
        top.addWidget(
            label("Maintenance, check limits, versions, accessories and hand-over, for each model.", "muted"), 1
        )
        top.addWidget(self.edit_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        self.table.opened.connect(lambda row: self.edit_asked.emit(row) if may_edit else None)
        self.table.selected.connect(lambda row: self.edit_button.setEnabled(may_edit and row is not None))
        self.edit_button.setEnabled(False)

    def _edit(self) -> None:
        row = self.table.current_row()
        if row is not None:
            self.edit_asked.emit(row)


class _Limits(QWidget):
    """The values of the check, a line each: name, unit, lowest, highest; "pass" in both for what is tried."""

    def __init__(self, limits: tuple[CheckLimit, ...]) -> None:
        super().__init__()
        self.lines: list[tuple[QLineEdit, QLineEdit, QLineEdit, QLineEdit]] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        for place, title in enumerate(("What is measured or tried", "Unit", "Lowest", "Highest")):
            self._grid.addWidget(label(title, "caption"), 0, place)
        self._grid.setColumnStretch(0, 1)
        foot = QHBoxLayout()
        foot.addWidget(button("Add a value", lambda: self.add(), icon="plus"))
        foot.addWidget(button("Add the usual alarms", self.add_alarms, icon="bell"))
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(label("An alarm is tried, not measured: type “pass” as its lowest and highest.", "muted",
                               wrap=True))  # fmt: skip
        column.addLayout(self._grid)
        column.addLayout(foot)
        column.addStretch(1)
        for limit in limits:
            self.add(limit)

    def add(self, limit: CheckLimit | None = None) -> None:
        """One more line."""
        at = len(self.lines) + 1
        texts = (limit.name, limit.unit, limit.lowest, limit.highest) if limit else ("", "", "", "")
        fields = (QLineEdit(), QLineEdit(), QLineEdit(), QLineEdit())
        names = ("Name", "Unit", "Lowest", "Highest")
        for place, (field, text, name) in enumerate(zip(fields, texts, names, strict=True)):
            field.setText(text)
            field.setAccessibleName(f"{name} of value {at}")
            field.setMaxLength(60 if place == 0 else 12)
            if place:
                field.setFixedWidth(80)
            if place > 1:
                field.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(field, at, place)
        self._grid.addWidget(tool("trash", f"Remove value {at}", lambda: _clear(fields)), at, 4)
        self.lines.append(fields)
        if limit is None:
            fields[0].setFocus()

    def add_alarms(self) -> None:
        """The alarms every pump has; those that stand there already are left out."""
        there = {line[0].text().strip().casefold() for line in self.lines}
        for alarm in ALARMS:
            if alarm.name.casefold() not in there:
                self.add(alarm)

    def value(self) -> tuple[CheckLimit, ...]:
        """The lines that say something."""
        found = []
        for line in self.lines:
            name, unit, lowest, highest = (field.text().strip() for field in line)
            if name or lowest or highest:
                tried = lowest.casefold() == PASSES
                found.append(CheckLimit(name, unit, PASSES, PASSES) if tried else
                             CheckLimit(name, unit, lowest, highest))  # fmt: skip
        return tuple(found)


class ModelDialog(DeedDialog):
    """What a model asks for, on three pages."""

    changed = ("equipment",)

    def __init__(self, context: Context, desk: Desk, row: ModelRow, parent: QWidget) -> None:
        super().__init__(context, desk, row.name, parent, width=660)
        self.row = row
        facts = row.facts
        self.days = QuantityField("Every so many days", most=3660, hint="0 asks for none.")
        self.hours = QuantityField("Every so many hours", most=200_000, hint="By its hour meter; 0 where none counts.")
        self.per_day = QuantityField("Hours it may run a day", least=1, most=24, hint="To foresee its hours.")
        self.at_return = CheckField("At each return", hint="Before the check, whenever it comes back from a patient.")
        self.firmware = TextField("Software", longest=60, hint="The version every one of them should have.")
        self.library = TextField("Drug library", longest=60)
        self.lost = MoneyField("Charged if lost ($)")
        self.daily = MoneyField("Cost a day ($)", hint="Left empty, its price is spread over its life.")
        self.life = QuantityField("Life", least=1, most=600, unit="months")
        self.accessories = NotesField("Travels with it", hint="One a line. Asked for when it comes back.", lines=7)
        self.handover = NotesField("Hand-over check list", hint="One a line. Left empty, the usual list.", lines=7)
        self.limits = _Limits(facts.limits)
        self.form, self.lists = Form(), Form()
        self.form.section("Preventive maintenance", (self.days, self.hours), (self.per_day, self.at_return))
        self.form.section("Versions", (self.firmware, self.library))
        self.form.section("Money", (self.lost, self.daily, self.life))
        self.form.end()
        self.lists.section("", (self.accessories,), (self.handover,))
        self.lists.end()
        self._fill(facts)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for page, title in ((self.form, "Maintenance and money"), (scrolled(self.limits), "Function check"),
                            (self.lists, "Accessories and hand-over")):  # fmt: skip
            self.tabs.addTab(page, title)
        self.body.addWidget(self.tabs, 1)
        self.resize(720, 640)
        self.days.setFocus()

    def deed(self) -> Deed | None:
        if not self.form.check() or not self.lists.check():
            self.tabs.setCurrentIndex(0)
            return None
        facts = ModelFacts(
            self.days.value() or 0, self.hours.value() or 0, self.at_return.value(), self.per_day.value() or 24,
            self.limits.value(), self.firmware.value(), self.library.value(),
            tuple(self.accessories.value().splitlines()), tuple(self.handover.value().splitlines()),
            self.lost.value() or ZERO, self.daily.value() or ZERO, self.life.value() or 60,
        )  # fmt: skip
        database, by, row = self.context.database, self.context.user_id, self.row
        return lambda _override: edit_model(database, row.item_id, facts, row.version, by)

    def said(self, _result: Any) -> str:
        return f"{self.row.name} is kept."

    def _fill(self, facts: ModelFacts) -> None:
        self.days.set_value(facts.maintenance_days)
        self.hours.set_value(facts.maintenance_hours)
        self.per_day.set_value(facts.hours_per_day)
        self.at_return.set_value(facts.maintenance_at_return)
        self.firmware.set_value(facts.firmware)
        self.library.set_value(facts.library)
        self.lost.set_value(_blank_if_zero(facts.replacement_value))
        self.daily.set_value(_blank_if_zero(facts.daily_cost))
        self.life.set_value(facts.life_months)
        self.accessories.set_value("\n".join(facts.accessories))
        self.handover.set_value("\n".join(facts.handover))


def _blank_if_zero(amount: Decimal) -> Decimal | None:
    return amount or None


def _clear(fields: tuple[QLineEdit, ...]) -> None:
    for field in fields:
        field.clear()

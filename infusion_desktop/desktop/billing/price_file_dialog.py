"""A contract's price list from a file: what it changes and what it would do to a month, before it is taken in."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QWidget

from infusion_desktop.billing.months.rule_effects import Effect, effect_of_fees
from infusion_desktop.billing.terms.fee_files import (
    Change,
    ComparedFee,
    FeeFile,
    Place,
    compare,
    import_fee_file,
    read_fee_file,
    states_in,
)
from infusion_desktop.dates import Days, show_day, today
from infusion_desktop.desktop import file_choice
from infusion_desktop.desktop.billing.effect_view import Count, EffectView
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed, DeedDialog
from infusion_desktop.desktop.forms import CheckField, ChoiceField, DayField, Form
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.files import read_part
from infusion_desktop.money import show_money
from infusion_desktop.patients.words import PayerId
from infusion_desktop.progress import Progress
from infusion_desktop.stock.importing.table_files import BIGGEST_FILE, Problem

_TONES = {Change.NEW: Tone.INFO, Change.CHANGED: Tone.WARN}
PRICES: tuple[Column[ComparedFee], ...] = (
    Column("Line", text=lambda row: str(row.line), sort_key=lambda row: row.line, numeric=True),
    Column("Code", text=lambda row: " ".join([row.fee.code, *row.fee.modifiers])),
    Column("Pays now", text=lambda row: "" if row.was is None else show_money(row.was), sort_key=lambda row: row.was,
           numeric=True, value=lambda row: row.was),
    Column("Pays then", text=lambda row: show_money(row.fee.rate), sort_key=lambda row: row.fee.rate, numeric=True,
           value=lambda row: row.fee.rate),
    Column("For one", text=lambda row: row.fee.pays_for),
    Column("From", text=lambda row: show_day(row.fee.starts_on), sort_key=lambda row: row.fee.starts_on),
    Column("To", text=lambda row: show_day(row.fee.ends_on) or "further notice", sort_key=lambda row: row.fee.ends_on),
    Column("Category", text=lambda row: row.fee.category, hidden=True),
    Column("", text=lambda row: row.change.value, tone=lambda row: _TONES.get(row.change)),
)  # fmt: skip
PROBLEMS: tuple[Column[Problem], ...] = (
    Column("Line", text=lambda row: str(row.line), sort_key=lambda row: row.line, numeric=True),
    Column("Column", text=lambda row: row.column),
    Column("What is wrong", text=lambda row: row.reason, stretch=True, hint=lambda row: row.reason),
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the file found."""

    states: tuple[str, ...]
    file: FeeFile | None
    fees: tuple[ComparedFee, ...]


class PriceFileDialog(DeedDialog):
    """Chooses a price list, shows line by line what it changes, and takes it in whole."""

    changed = ("billing",)

    def __init__(self, context: Context, desk: Desk, parent: QWidget, payer: PayerId, name: str) -> None:
        super().__init__(context, desk, f"Prices of {name} from a file", parent, save="Take the prices in", width=1000)
        self._payer = payer
        self.ask_path = file_choice.ask_what_to_read
        self._content, self._name = b"", ""
        self._turn = 0
        self.looked = Looked((), None, ())
        self.file_button = button("Choose the file", self._ask_file, icon="import")
        self.file_label = label(
            "CSV or Excel with code, rate, charge, starts_on; or the CMS DMEPOS fee schedule.", "muted", wrap=True
        )
        self.starts_on = DayField("Prices begin", hint="Where the file names no day")
        self.starts_on.set_value(today().replace(month=1, day=1))
        self.state: ChoiceField[str] = ChoiceField("State")
        self.rural = CheckField("Rural prices (R)")
        self.form = Form()
        self.form.section("", (self.starts_on, self.state, self.rural))
        for field in (self.starts_on, self.state, self.rural):
            field.changed.connect(self._look)
        self.sentence = label("Nothing is changed before you take the prices in.", "strong", wrap=True)
        self.prices: TableView[ComparedFee] = TableView(
            PRICES, lambda row: row.line, name="Prices in the file", desk=desk, noun=("price", "prices"),
            chips=[Chip(each.value.capitalize(), lambda row, each=each: row.change is each, group="change")  # type: ignore[misc]
                   for each in Change],
            empty="Choose a file to see its prices here.",
        )  # fmt: skip
        self.problems: TableView[Problem] = TableView(
            PROBLEMS, id, name="Problems in the file", desk=desk, noun=("problem", "problems"),
            empty="No problem found.",
        )  # fmt: skip
        self.effect = EffectView(desk, self._count, self)
        self.effect.say("Choose a file to see what it does to a month.")
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for contents, title in ((self.prices, "Prices"), (self.problems, "Problems"), (self.effect, "Effect")):
            self.tabs.addTab(contents, title)
        top = QHBoxLayout()
        top.addWidget(self.file_button)
        top.addWidget(self.file_label, 1)
        self.body.addLayout(top)
        self.body.addWidget(self.form)
        self.body.addWidget(self.sentence)
        self.body.addWidget(self.tabs, 1)
        self.state.hide()
        self.rural.hide()
        self.save_button.setEnabled(False)
        self.resize(1080, 720)

    def read_file(self, file: Path) -> None:
        """Read the file off the window's thread and show what it would change."""

        def read(content: bytes) -> None:
            self._content, self._name = content, file.name
            self.file_label.setText(file.name)
            self._look()

        self.banner.clear()
        self.desk.jobs.run(self, lambda: read_part(file, BIGGEST_FILE), read, self._failed)

    def _ask_file(self) -> None:
        self.ask_path(self, "Which price list?", "Price lists (*.csv *.txt *.xlsx)", self.read_file)

    def _look(self) -> None:
        if not self._content or not self.form.check():
            return
        self._turn += 1
        turn, content, name, payer, database = (
            self._turn, self._content, self._name, self._payer, self.context.database,
        )  # fmt: skip
        day, state, rural = self.starts_on.value(), self.state.value(), self.rural.value()

        def look() -> Looked:
            states = states_in(content, name)
            if states and (state not in states or day is None):
                return Looked(states, None, ())
            place = Place(state or "", rural) if states else None
            file = read_fee_file(content, name, starts_on=day, place=place)
            with database.reading() as session:
                return Looked(states, file, compare(session, payer, file))

        def show(looked: Looked) -> None:
            if turn == self._turn:
                self._show(looked)

        self.save_button.setEnabled(False)
        self.desk.jobs.run(self, look, show, self._failed)

    def _show(self, looked: Looked) -> None:
        self.banner.clear()
        self.looked = looked
        is_cms = bool(looked.states)
        if is_cms:
            self.state.set_choices([(each, each) for each in looked.states])
        self.state.setVisible(is_cms)
        self.rural.setVisible(is_cms)
        file = looked.file
        problems = () if file is None else file.problems
        self.prices.set_rows(looked.fees)
        self.problems.set_rows(problems)
        self.tabs.setTabText(1, f"Problems ({len(problems)})" if problems else "Problems")
        wanted = [each for each in looked.fees if each.change is not Change.SAME]
        self.save_button.setEnabled(file is not None and not problems and bool(wanted))
        self.sentence.setText(_told(looked, len(wanted)))
        if problems:
            self.tabs.setCurrentIndex(1)
            self.effect.say("Mend the file to see what it does.")
        elif wanted:
            self.effect.recount()

    def _count(self) -> Count | None:
        new = tuple(each.fee for each in self.looked.fees if each.change is not Change.SAME)
        if not new:
            return None
        database, payer, by = self.context.database, self._payer, self.context.user_id

        def count(month: Days) -> Generator[Progress, None, Effect]:
            return effect_of_fees(database, payer, new, month, by)

        return count

    def deed(self) -> Deed | None:
        file, database, by, payer = self.looked.file, self.context.database, self.context.user_id, self._payer
        if file is None or file.problems:
            return None
        return lambda _override: import_fee_file(database, payer, file, by)

    def said(self, result: Any) -> str:
        return f"{result} prices were taken in." if result != 1 else "One price was taken in."

    def _failed(self, error: Exception) -> None:
        self.looked = Looked((), None, ())
        self.prices.set_rows(())
        self.problems.set_rows(())
        self.save_button.setEnabled(False)
        self.desk.messages.show_failure(error, self)


def _told(looked: Looked, wanted: int) -> str:
    file = looked.file
    if file is None:
        return "This is the CMS fee schedule: choose the state whose prices count, and the day they begin."
    if file.problems:
        count = len(file.problems)
        return f"{count} problem{'s' if count != 1 else ''}: mend the file and choose it again. Nothing is changed."
    without = f" {file.skipped} lines have no price there." if file.skipped else ""
    return f"{file.layout.value[0].upper()}{file.layout.value[1:]}: {wanted} prices change, " \
        f"{len(looked.fees) - wanted} stay.{without} Nothing is changed yet."  # fmt: skip

"""Planning a delivery: the patient, the order, the days, what is at home, and at once what that sends and why."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, Days, show_day, today
from infusion_desktop.deliveries.plans.planning import Visit, plan
from infusion_desktop.deliveries.screen_queries import (
    PlanStart,
    Preview,
    TherapyToSupply,
    open_plan,
    plan_start,
    preview,
)
from infusion_desktop.deliveries.words import Carrier
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deliveries.plan_lines import PlanLines
from infusion_desktop.desktop.deliveries.small_dialogs import carriers
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card, Page, scrolled
from infusion_desktop.desktop.picker import Picker
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import show_phone
from infusion_desktop.patients.queries import PatientRow, patients
from infusion_desktop.patients.words import PatientId, TherapyId
from infusion_desktop.stock.words import ItemId

_AFTER_MS = 200


class PlanScreen(Screen):
    """A new delivery."""

    title = "New delivery"
    topics: ClassVar[frozenset[str]] = frozenset({"patients", "deliveries"})
    help = (
        "Choose the patient and the order. Type what the patient counted at home: the quantities follow at once. "
        "Save makes a draft; there quantities are changed, items added, and the draft released."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.start: PlanStart | None = None
        self.shown: Preview | None = None
        self._patient_id: PatientId | None = None
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_AFTER_MS)
        self._typing.timeout.connect(self.show_preview)
        self._lay_out()
        self._connect()

    def load(self) -> None:
        if self._patient_id is None:
            self.picker.search()
            return
        database, patient_id, by = self.context.database, self._patient_id, self.context.user_id
        if self.start is None:
            self.stack.setCurrentWidget(self.picker_page)
            self.ask_to_open(
                lambda why: open_plan(database, patient_id, by, why), self._show_start, key="start", hides=False
            )
        else:
            self.ask(lambda: _start(database, patient_id), self._show_start, key="start")

    def show_record(self, kind: str, record: object) -> None:
        """Plan for this patient; without one, ask for whom."""
        self._clear()
        self.opens_anew()
        self._patient_id = PatientId(record) if isinstance(record, int) else None
        if self._patient_id is None:
            self.stack.setCurrentWidget(self.picker_page)
            self.picker.setFocus()
        self.load()

    def may_leave(self) -> bool:
        return not self.lines.typed_counts()

    def choose_patient(self, row: PatientRow) -> None:
        """Plan for this patient."""
        self.show_record("new delivery", row.id)

    def choose_other(self) -> None:
        """Ask for another patient."""
        self.show_record("new delivery", None)

    def show_preview(self) -> None:
        """Ask what the plan would send."""
        self._typing.stop()
        asked = self._asked_for()
        if asked is None or not self.lines.check():
            return
        therapy, period = asked
        database, counts, optional = self.context.database, self.lines.typed_counts(), self.lines.chosen()
        self.save_button.setEnabled(False)

        def work() -> "Preview | Refused":
            try:
                return _preview(database, therapy, period, counts, optional)
            except Refused as no:
                return no

        self.ask(work, self._show_preview, key="preview")

    def save(self) -> None:
        """Keep it as a draft and go to its page."""
        asked = self._asked_for()
        if asked is None or not self.form.check() or not self.lines.check() or self.shown is None:
            return
        therapy, period = asked
        day, carrier = self.day.value(), self.carrier.value()
        assert day is not None and carrier is not None
        counts, optional, told_by = dict(self.lines.typed_counts()), self.lines.chosen(), self.told_by.value()
        if counts and not told_by:
            self.told_by.complain("Type whom you asked.")
            self.told_by.editor.setFocus()
            return
        visit = Visit(self.window_field.value(), carrier, self.instructions.value())
        database, by, template = self.context.database, self.context.user_id, self.shown.template_id
        self.do(
            lambda override: plan(
                database, therapy, period, day, counts, by, counted_with=told_by, template_id=template,
                optional=optional, visit=visit, override=override,
            ),
            changed=("deliveries", "stock"), said="The draft is saved. Look it over and release it.", then=self._saved,
            pressed=self.save_button,
        )  # fmt: skip

    def _saved(self, delivery_id: Any) -> None:
        self._clear()
        self._patient_id = None
        self.stack.setCurrentWidget(self.picker_page)
        self.desk.open("delivery", delivery_id)

    def _clear(self) -> None:
        self.start, self.shown = None, None
        self.therapy.set_choices(())
        self.lines.clear()
        for field in (self.window_field, self.instructions, self.told_by):
            field.set_value("")
        self.kit.setText("")
        self.page.banner.clear()

    def _asked_for(self) -> tuple[TherapyId, Days] | None:
        try:
            chosen, first, last = self.therapy.value(), self.first.value(), self.last.value()
        except Refused:
            return None
        if chosen is None or first is None or last is None:
            return None
        if last < first:
            self.last.complain("The last day is before the first.")
            return None
        return chosen.therapy.id, Days(first, last)

    def _show_start(self, start: PlanStart) -> None:
        is_new = self.start is None
        self.start = start
        self.stack.setCurrentWidget(self.form_page)
        self.who.setText(start.name)
        facts = [start.number, show_phone(start.phone), "LATEX ALLERGY" if start.latex_allergy else ""]
        self.facts.setText("   ".join(fact for fact in facts if fact))
        self.door.setText(start.instructions)
        self.door.setVisible(bool(start.instructions))
        if not is_new:
            return
        if not start.therapies:
            self.desk.messages.refused(
                ("This patient has no running order. Write the order on the patient's page first.",), self
            )
        self.therapy.set_choices((_show_therapy(each), each) for each in start.therapies)
        if start.therapies:
            self.therapy.set_value(start.therapies[0])
            if (line := self.therapy.combo.lineEdit()) is not None:
                line.setCursorPosition(0)
            self._therapy_chosen()
        self.carrier.set_value(Carrier.OWN_DRIVER)

    def _therapy_chosen(self) -> None:
        try:
            chosen = self.therapy.value()
        except Refused:
            return
        if chosen is None:
            return
        days = chosen.next_days
        self.first.set_value(days.first)
        self.last.set_value(days.last)
        self.day.set_value(max(today(), days.first - ONE_DAY))
        self.window_field.set_value(chosen.last_window)
        supplied = chosen.supplied_through
        self.supplied.setText(
            f"Supplied through {show_day(supplied)}." if supplied else "Nothing was supplied for this order yet."
        )
        self.show_preview()

    def _show_preview(self, answer: "Preview | Refused") -> None:
        if isinstance(answer, Refused):
            self.shown = None
            self.lines.clear()
            self.kit.setText("")
            self.desk.messages.refused(answer.reasons, self)
            return
        self.page.banner.clear()
        self.shown = answer
        equipment = f"   With {', '.join(answer.equipment)}, unless one is there already." if answer.equipment else ""
        self.kit.setText(f"{answer.kit}{equipment}")
        self.lines.show_lines(answer.lines, answer.optional)
        self.save_button.setEnabled(True)

    def _lay_out(self) -> None:
        database = self.context.database
        self.picker: Picker[PatientRow] = Picker(
            self.desk.jobs, lambda typed: _patients(database, typed),
            lambda row: f"{row.name}   {row.number}   {', '.join(row.therapies)}",
            placeholder="Name, number, telephone or birth date", name="Patient", on_failure=self.show_failure,
        )  # fmt: skip
        self.therapy: ChoiceField[TherapyToSupply] = ChoiceField("Order", required=True)
        self.first = DayField("First day of supply", required=True)
        self.last = DayField("Last day of supply", required=True)
        self.day = DayField("Arrives on", required=True)
        self.window_field = TextField("Window", placeholder="08:00 to 12:00", longest=40)
        self.carrier: ChoiceField[Carrier] = ChoiceField("Carrier", carriers(), required=True)
        self.instructions = TextField("Instructions for the driver")
        self.told_by = TextField("Counted with", placeholder="Patient, spouse …", longest=80)
        self.who = label("", "title", wrap=True)
        self.facts = label("", "muted", wrap=True)
        self.door = label("", "muted", wrap=True)
        self.supplied = label("", "small", wrap=True)
        self.kit = label("", "muted", wrap=True)
        self.lines = PlanLines()
        self.save_button = button("Save draft", self.save, icon="check", kind="primary")
        self.save_button.setToolTip("Keep it as a draft and look it over (Enter)")
        self.other_button = button("Other patient", self.choose_other, icon="people")
        self.form = Form()
        self.form.section("", (self.therapy,), (self.first, self.last), (self.day, self.window_field), (self.carrier,),
                          (self.instructions,))  # fmt: skip
        self.picker_page = self._make_picker_page()
        self.form_page = self._make_form_page()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.picker_page)
        self.stack.addWidget(self.form_page)
        self.page = Page(self, "What the order needs for the days, less what is at home, is what goes.")
        self.page.add(self.stack, 1)

    def _make_picker_page(self) -> QWidget:
        card = Card("For whom?")
        card.add(self.picker, 1)
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(card, 3)
        row.addStretch(1)
        return page

    def _make_form_page(self) -> QWidget:
        left = Card()
        for part in (self.who, self.facts, self.door, self.form, self.supplied):
            left.add(part)
        left.column.addStretch(1)
        side = scrolled(left)
        side.setMinimumWidth(330)
        side.setMaximumWidth(440)
        right = Card("What goes")
        told = QHBoxLayout()
        told.addWidget(self.kit, 1)
        right.add(told)
        right.add(scrolled(self.lines), 1)
        foot = QHBoxLayout()
        self.told_by.setFixedWidth(220)
        foot.addWidget(self.told_by)
        foot.addStretch(1)
        buttons = QVBoxLayout()
        buttons.addStretch(1)
        row = QHBoxLayout()
        row.addWidget(self.other_button)
        row.addWidget(self.save_button)
        buttons.addLayout(row)
        foot.addLayout(buttons)
        right.add(foot)
        page = QWidget()
        across = QHBoxLayout(page)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(14)
        across.addWidget(side, 2)
        across.addWidget(right, 4)
        return page

    def _connect(self) -> None:
        self.picker.picked.connect(self.choose_patient)
        self.therapy.combo.currentIndexChanged.connect(lambda _place: self._therapy_chosen())
        for field in (self.first, self.last):
            field.changed.connect(self._typing.start)
        self.lines.changed.connect(self._typing.start)
        for line in (self.window_field, self.instructions, self.day, self.told_by):
            line.line.returnPressed.connect(self.save)


def _show_therapy(each: TherapyToSupply) -> str:
    order = each.therapy.order
    return f"{order.drug}, every {order.interval_hours} hours, {order.method.value}"


def _patients(database: Database, typed: str) -> tuple[PatientRow, ...]:
    with database.reading() as session:
        return patients(session, typed, in_care_only=True, limit=60)


def _start(database: Database, patient_id: PatientId) -> PlanStart:
    with database.reading() as session:
        return plan_start(session, patient_id, today())


def _preview(
    database: Database, therapy: TherapyId, period: Days, counts: Mapping[ItemId, int], optional: Sequence[ItemId]
) -> Preview:
    with database.reading() as session:
        return preview(session, therapy, period, counts, optional)

"""The refill call: what to ask, what was answered, what is left of each item, and whether the refill may go."""

from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.calls.refill_calls import Kept, NewCall, record_call
from infusion_desktop.deliveries.care_words import CallOutcome, SiteState
from infusion_desktop.deliveries.plans.supply_plan import CallSheet, CountLine, call_sheet
from infusion_desktop.deliveries.rules import contact_from, delivery_from
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.counts import CountField
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card, Page, scrolled
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.errors import Refused
from infusion_desktop.identifiers import show_phone
from infusion_desktop.patients.openings import note_opening
from infusion_desktop.patients.words import PatientId
from infusion_desktop.stock.words import ItemId

_HEADINGS = ("Item", "Should be left", "Counted", "A day")


class RefillCallScreen(Screen):
    """One patient on the telephone."""

    title = "Refill call"
    topics: ClassVar[frozenset[str]] = frozenset({"patients", "deliveries"})
    help = (
        "Ask, count, agree on a day. An empty count was not asked; 0 is none left. Saving keeps the call, books what "
        "was used, and leads on to the supply plan. What a payer's rule holds is told at once."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self._patient: PatientId | None = None
        self.sheet: CallSheet | None = None
        self.counts: dict[ItemId, CountField] = {}
        self._rows: QWidget | None = None
        self._make_fields()
        self._lay_out()

    def _make_fields(self) -> None:
        outcomes = [(each.value.capitalize(), each) for each in CallOutcome]
        sites = [(each.value.capitalize(), each) for each in SiteState]
        self.outcome: ChoiceField[CallOutcome] = ChoiceField("The answer", outcomes, required=True)
        self.spoke_with = TextField("Spoke with", longest=80)
        self.relation = TextField("Who is the patient's", placeholder="self, spouse, daughter …", longest=40)
        self.next_on = DayField("Next day agreed", hint="Of the delivery; of the next call where none is wanted now.")
        self.missed = QuantityField("Doses missed", most=999)
        self.missed_why = TextField("Why missed")
        self.site: ChoiceField[SiteState] = ChoiceField("Site", sites)
        self.catheter: ChoiceField[SiteState] = ChoiceField("Catheter", sites)
        self.hospital = TextField("Hospital or emergency since the last call", placeholder="no")
        self.side_effects = TextField("Side effects", placeholder="none")
        self.note = TextField("Note")
        self.form = Form()
        self.form.section("", (self.outcome, self.next_on), (self.spoke_with, self.relation),
                          (self.missed, self.missed_why), (self.site, self.catheter), (self.hospital,),
                          (self.side_effects,), (self.note,))  # fmt: skip

    def _lay_out(self) -> None:
        self.who, self.facts = label("", "title", wrap=True), label("", "muted", wrap=True)
        self.orders, self.window_text = label("", wrap=True), label("", "muted", wrap=True)
        self.before = label("", "small", wrap=True)
        left = Card()
        for part in (self.who, self.facts, self.orders, self.window_text, self.before, self.form):
            left.add(part)
        left.column.addStretch(1)
        self.lines = Card("What is left at home")
        self.lines.add(label("Type what the patient counts. Empty is not asked, 0 is none left.", "muted", wrap=True))
        self.holder = QWidget()
        self.grid_place = QHBoxLayout(self.holder)
        self.grid_place.setContentsMargins(0, 0, 0, 0)
        self.lines.add(scrolled(self.holder), 1)
        across = QHBoxLayout()
        across.setSpacing(14)
        side = scrolled(left)
        side.setMinimumWidth(430)
        across.addWidget(side, 5)
        across.addWidget(self.lines, 6)
        self.save_button = button("Save the call", self.save, icon="check", kind="primary")
        self.page = Page(self)
        self.page.actions(
            button("Supply plan", lambda: self._go("supply plan"), icon="kit"),
            button("Patient's page", lambda: self._go("patient"), icon="patient"), self.save_button,
        )  # fmt: skip
        self.page.add(across, 1)

    def show_record(self, kind: str, record: object) -> None:
        """Call this patient."""
        if isinstance(record, int):
            if record != self._patient:
                self._clear()
            self._patient = PatientId(record)
            self.opens_anew()
            self.load()

    def load(self) -> None:
        if self._patient is None:
            return
        database, patient, by = self.context.database, self._patient, self.context.user_id
        is_opened = self.sheet is None

        def read(why: str) -> CallSheet:
            if is_opened:
                note_opening(database, patient, "refill call", patient, by, why)
            with database.reading() as session:
                return call_sheet(session, patient, today())

        self.ask_to_open(read, self._show, key="sheet")

    def may_leave(self) -> bool:
        typed = [field.typed() for field in self.form.fields if isinstance(field, TextField)]
        return not any([*typed, *(field.text().strip() for field in self.counts.values())])

    def _clear(self) -> None:
        self.sheet = None
        for field in self.form.fields:
            field.set_value(None if isinstance(field, ChoiceField | DayField | QuantityField) else "")
        for text in (self.who, self.facts, self.orders, self.window_text, self.before):
            text.setText("")
        self._show_lines(())
        self.page.banner.clear()

    def _show(self, sheet: CallSheet) -> None:
        is_new = self.sheet is None or self.sheet.patient_id != sheet.patient_id
        self.sheet = sheet
        self.who.setText(sheet.name)
        phones = [show_phone(phone) for phone in (sheet.phone, sheet.phone_2) if phone]
        if sheet.caregiver:
            phones.append(
                f"{sheet.caregiver} {show_phone(sheet.caregiver_phone) if sheet.caregiver_phone else ''}".strip()
            )
        self.facts.setText("   ".join([sheet.number, *phones]))
        self.orders.setText("\n".join(
            f"{order.drug}, {order.how}; "
            + (f"supplied through {show_day(order.supplied_through)}" if order.supplied_through else "not supplied yet")
            for order in sheet.orders
        ) or "No order runs.")  # fmt: skip
        self.window_text.setText(_window(sheet))
        self.before.setText("\n".join(_told(sheet)))
        if is_new:
            self._show_lines(sheet.lines)

    def _show_lines(self, lines: tuple[CountLine, ...]) -> None:
        if self._rows is not None:
            self._rows.setParent(None)
            self._rows.deleteLater()
        self.counts, self._rows = {}, QWidget()
        grid = QGridLayout(self._rows)
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for place, heading in enumerate(_HEADINGS):
            grid.addWidget(label(heading, "caption"), 0, place, right if place else Qt.AlignmentFlag.AlignLeft)
        grid.setColumnStretch(0, 1)
        for turn, line in enumerate(lines, 1):
            field = CountField(line.name)
            field.returnPressed.connect(self._next_count)
            name = label(line.name, wrap=True)
            name.setToolTip(f"{line.number}; our books say {line.by_books:,} {line.unit}")
            grid.addWidget(name, turn, 0)
            grid.addWidget(label(f"{line.expected:,} {line.unit}", "muted"), turn, 1, right)
            grid.addWidget(field, turn, 2, right)
            grid.addWidget(label(f"{line.a_day.normalize():f}" if line.a_day else "", "muted"), turn, 3, right)
            self.counts[line.item_id] = field
        if not lines:
            grid.addWidget(label("Nothing of ours is at home, and no order runs.", "muted"), 1, 0, 1, 4)
        grid.setRowStretch(len(lines) + 2, 1)
        self.grid_place.addWidget(self._rows)

    def _next_count(self) -> None:
        """Enter goes to the next count, as one asks down the list."""
        fields = list(self.counts.values())
        focused = next((place for place, field in enumerate(fields) if field.hasFocus()), -1)
        (fields[focused + 1] if 0 <= focused < len(fields) - 1 else self.save_button).setFocus()

    def save(self) -> None:
        """Keep the call."""
        if self.sheet is None:
            return
        wrong = [field for field in self.counts.values() if not field.show_whether_right()]
        if wrong:
            self.desk.messages.refused(("A count is no whole number. Type how many are left, or nothing.",), self)
            return
        if not self.form.check():
            return
        try:
            call = self.call()
        except Refused as no:
            self.show_failure(no)
            return
        database, by = self.context.database, self.context.user_id
        self.do(lambda _why: record_call(database, call, by), changed=("deliveries", "stock", "patients"),
                then=lambda kept: self._kept(call, kept), pressed=self.save_button,
                said="The call is kept.")  # fmt: skip

    def call(self) -> NewCall:
        """The call as typed."""
        assert self.sheet is not None
        counts = {item: number for item, field in self.counts.items() if (number := field.number()) is not None}
        return NewCall(
            self.sheet.patient_id, self.outcome.value() or CallOutcome.NO_ANSWER, counts, self.spoke_with.value(),
            self.relation.value(), self.missed.value() or 0, self.missed_why.value(),
            self.site.value() or SiteState.NOT_ASKED, self.catheter.value() or SiteState.NOT_ASKED,
            self.hospital.value(), self.side_effects.value(), self.note.value(), self.next_on.value(),
        )  # fmt: skip

    def _kept(self, call: NewCall, kept: Kept) -> None:
        patient = call.patient_id
        self._clear()
        self._patient = None
        if call.outcome is CallOutcome.AGREED:
            self.desk.open("supply plan", patient)
        else:
            self.desk.open("calls", None)
        if kept.tasks:
            self.desk.messages.refused(kept.tasks, None, Tone.INFO)

    def _go(self, kind: str) -> None:
        if self._patient is not None:
            self.desk.open(kind, self._patient)


def _window(sheet: CallSheet) -> str:
    """When the supply ends and what the payer allows from when on."""
    if sheet.supply_ends_on is None:
        return "When the supply ends is not known: nothing of ours is at home."
    said = f"What should be left lasts through {show_day(sheet.supply_ends_on)}."
    if sheet.rule is None:
        return f"{said} No refill rule of the payer is known."
    call, deliver = contact_from(sheet.rule, sheet.supply_ends_on, sheet.supply_ends_on), delivery_from(
        sheet.rule, sheet.supply_ends_on)  # fmt: skip
    parts = [f"call from {show_day(call)}" if call > today() else "the call may be made",
             f"deliver from {show_day(deliver)}" if deliver > today() else "it may be delivered"]  # fmt: skip
    if sheet.rule.longest_supply_days:
        parts.append(f"at most {sheet.rule.longest_supply_days} days at a time")
    return f"{said} The payer: {', '.join(parts)}."


def _told(sheet: CallSheet) -> list[str]:
    lines = [f"Owed: {row.said}" for row in sheet.owed]
    for row in sheet.calls[:3]:
        heard = [row.outcome.value]
        if row.doses_missed:
            heard.append(f"{row.doses_missed} doses missed ({row.missed_why})")
        heard += [
            f"{what} {state.value}" for what, state in (("site", row.site), ("catheter", row.catheter)) if state.worries
        ]
        heard += [text for text in (row.side_effects, row.hospital, row.note) if text]
        lines.append(f"{show_day(row.called_on)}, {row.by}: {'; '.join(heard)}")
    return lines

"""Dialogs of a recall: a new one, a contact, replacing and fetching, what came back, and the end."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from PySide6.QtWidgets import QWidget

from infusion_desktop.database.engine import Database
from infusion_desktop.dates import ONE_DAY, today
from infusion_desktop.deliveries.scarce.recall_queries import PatientRow, RecallPage
from infusion_desktop.deliveries.scarce.recalls import (
    Exchange,
    Exchanged,
    NewContact,
    Preview,
    bring_back,
    close_recall,
    log_contact,
    open_recall,
    preview,
    replace_and_fetch,
)
from infusion_desktop.deliveries.words import ContactOutcome, ContactWay
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.forms import CheckField, ChoiceField, DayField, Form, NotesField, QuantityField, TextField
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import roomy
from infusion_desktop.desktop.picker import Picker
from infusion_desktop.errors import Refused
from infusion_desktop.stock.buying.receiving import Recognised, recognise
from infusion_desktop.stock.queries import ItemFound, find_items
from infusion_desktop.stock.scanning.scan_values import Scan
from infusion_desktop.stock.scanning.scans import read_scan
from infusion_desktop.stock.scarce.recall_rules import Scope, read_scopes
from infusion_desktop.stock.words import ItemId


class NewRecallDialog(DeedDialog):
    """Which item, which lots or serial numbers, why; says beforehand what will be frozen."""

    changed = ("stock", "recalls", "equipment", "deliveries")

    def __init__(self, context: Context, desk: Desk, parent: QWidget) -> None:
        super().__init__(context, desk, "New recall", parent, save="Freeze everywhere", kind="danger", width=680)
        database = context.database
        self.item_id: ItemId | None = None
        self.unit = "each"
        self.picker: Picker[ItemFound] = Picker(
            desk.jobs, lambda typed: _items(database, typed), lambda item: f"{item.name}   {item.number}",
            placeholder="Item name, number or maker; or scan its box", name="Item", on_failure=self._fail,
        )  # fmt: skip
        self.picker.list.setFixedHeight(96)
        self.chosen = label("No item chosen yet.", "muted", wrap=True)
        self.lots = TextField("Lots", placeholder="A12, B3 to B9", longest=2000,
                              hint="Lot numbers with commas, ranges with “to”.")  # fmt: skip
        self.serials = TextField(
            "Serial numbers", placeholder="SN100 to SN105, SN220", longest=2000, hint="With commas; a range with “to”."
        )
        self.everything = CheckField("The whole item, every lot and serial number")
        self.reason = TextField("Reason", required=True, placeholder="Leaking bags")
        self.source = TextField("Notice", placeholder="FDA Z-1234-2026, maker's letter of Mar 3")
        self.told = label("", "strong", wrap=True)
        form = Form()
        form.section("", (self.lots, self.serials), (self.everything,), (self.reason, self.source))
        self.form = form
        for part in (self.picker, self.chosen, form, self.told):
            self.body.addWidget(part)
        self.picker.picked.connect(self._pick)
        for field in (self.lots, self.serials, self.everything):
            field.changed.connect(self._tell)
        self.picker.setFocus()

    def on_scan(self, raw: str) -> None:
        try:
            scan = read_scan(raw, today=today())
        except Refused as refusal:
            self.desk.messages.wrong(str(refusal))
            return
        database = self.context.database
        self.desk.jobs.run(self, lambda: _recognise(database, scan), self._scanned, self._fail)

    def _scanned(self, known: Recognised) -> None:
        if known.item_id is None:
            self.desk.messages.wrong("No item has this code yet.")
            return
        self._choose(known.item_id, known.item_name, known.item_number)
        if known.scan.lot and not self.lots.typed():
            self.lots.set_value(known.scan.lot)
        if known.scan.serial and not self.serials.typed():
            self.serials.set_value(known.scan.serial)
        self._tell()

    def _pick(self, item: ItemFound) -> None:
        self.unit = item.unit
        self._choose(item.id, item.name, item.number)
        self.lots.setFocus()

    def _choose(self, item_id: ItemId, name: str, number: str) -> None:
        self.item_id = item_id
        self.chosen.setText(f"{name} ({number})")
        self._tell()

    def scopes(self) -> tuple[Scope, ...]:
        """What is typed; Refused where it is odd."""
        if self.everything.value():
            return (Scope(),)
        return read_scopes(self.lots.typed(), self.serials.typed())

    def _odd(self) -> TextField:
        """The field whose numbers are refused."""
        try:
            read_scopes(self.lots.typed(), "")
        except Refused:
            return self.lots
        return self.serials

    def _tell(self) -> None:
        """Say what would be frozen."""
        try:
            scopes = self.scopes()
        except Refused:
            scopes = ()
        item_id, database = self.item_id, self.context.database
        if item_id is None or not scopes:
            self.told.setText("")
            return
        self.desk.jobs.run(self, lambda: _preview(database, item_id, scopes), self._show_preview, self._fail)

    def _show_preview(self, found: Preview) -> None:
        self.told.setText(found.shown(self.unit))

    def deed(self) -> Callable[[str], Any] | None:
        if not self.form.check():
            return None
        item_id = self.item_id
        if item_id is None:
            self.chosen.setText("Choose the item first: type a part of its name, or scan its box.")
            self.picker.setFocus()
            return None
        try:
            scopes = self.scopes()
        except Refused as refusal:
            self._odd().complain(str(refusal))
            return None
        if not scopes:
            self.lots.complain("Name a lot, a range or a serial number, or tick the whole item.")
            return None
        database, by = self.context.database, self.context.user_id
        reason, source = self.reason.value(), self.source.value()
        return lambda _override: open_recall(database, item_id, scopes, reason, source, by)

    def said(self, _result: Any) -> str:
        return "Frozen everywhere. Nobody can reserve, pick or ship it."

    def _fail(self, error: Exception) -> None:
        self.desk.messages.show_failure(error, self)


class ContactDialog(DeedDialog):
    """A try to reach a patient."""

    changed = ("recalls",)

    def __init__(self, context: Context, desk: Desk, page: RecallPage, row: PatientRow, parent: QWidget) -> None:
        super().__init__(context, desk, "Log a contact", parent, save="Keep")
        self.page, self.row = page, row
        self.body.addWidget(label(row.name, "strong", wrap=True))
        reach = " · ".join(filter(None, (row.phone, row.phone_2, row.caregiver, row.address)))
        self.body.addWidget(label(reach, "muted", wrap=True))
        self.how: ChoiceField[ContactWay] = ChoiceField(
            "How", [(way.value.capitalize(), way) for way in ContactWay], required=True
        )
        self.outcome: ChoiceField[ContactOutcome] = ChoiceField(
            "What came of it", [(each.value.capitalize(), each) for each in ContactOutcome], required=True
        )
        self.set_aside = QuantityField("Set aside for us", unit=page.unit)
        self.used = QuantityField("Used already", unit=page.unit)
        self.note = NotesField("What was said", lines=2)
        self.how.set_value(ContactWay.PHONE)
        form = Form()
        form.section("", (self.how, self.outcome), (self.set_aside, self.used), (self.note,))
        self.form = form
        self.body.addWidget(form)
        self.outcome.setFocus()

    def deed(self) -> Callable[[str], Any] | None:
        if not self.form.check():
            return None
        how, outcome = self.how.value(), self.outcome.value()
        assert how is not None and outcome is not None
        contact = NewContact(how, outcome, self.set_aside.value() or 0, self.used.value() or 0, self.note.value())
        database, by, recall, patient = self.context.database, self.context.user_id, self.page.row.id, self.row.id
        return lambda _override: log_contact(database, recall, patient, contact, by)

    def said(self, _result: Any) -> str:
        return "The contact is kept."


class ExchangeDialog(DeedDialog):
    """When the recalled units are fetched, and what is brought instead."""

    changed = ("recalls", "deliveries", "equipment")

    def __init__(
        self, context: Context, desk: Desk, page: RecallPage, rows: Sequence[PatientRow], parent: QWidget
    ) -> None:
        super().__init__(context, desk, "Replace and fetch", parent, save="Plan for all of them", width=620)
        self.page, self.rows = page, rows
        database = context.database
        self.item_id: ItemId | None = None if page.is_equipment else page.item_id
        units = sum(row.at_home for row in rows)
        told = f"{len(rows):,} patients" if len(rows) != 1 else rows[0].name
        self.body.addWidget(label(f"{told}, {units:,} {page.unit} at home. Each gets a draft delivery of as many units "
                                  "and a pick-up; the driver's sheet says what to bring back.", wrap=True))  # fmt: skip
        self.day = DayField("Day of the visit", required=True)
        self.day.set_value(today() + ONE_DAY)
        self.window_field = TextField("Window", placeholder="08:00 to 12:00", longest=40)
        self.only_fetch = CheckField("Only fetch, bring nothing instead")
        self.only_fetch.set_value(page.is_equipment)
        same = "" if page.is_equipment else f"Brought instead: {page.row.item_name}, another lot."
        self.chosen = label(same, "strong", wrap=True)
        self.picker: Picker[ItemFound] = Picker(
            desk.jobs, lambda typed: _items(database, typed), lambda item: f"{item.name}   {item.number}",
            placeholder="Another item instead (type to find)", name="Item brought instead",
            on_failure=lambda error: desk.messages.show_failure(error, self),
        )  # fmt: skip
        self.picker.list.setFixedHeight(80)
        self.form = Form()
        self.form.section("", (self.day, self.window_field), (self.only_fetch,))
        for part in (self.form, self.chosen, self.picker):
            self.body.addWidget(part)
        self.picker.picked.connect(self._pick)
        self.day.setFocus()

    def _pick(self, item: ItemFound) -> None:
        self.item_id = item.id
        self.chosen.setText(f"Brought instead: {item.name} ({item.number}).")

    def deed(self) -> Callable[[str], Any] | None:
        day: date | None = self.day.value() if self.form.check() else None
        if day is None:
            return None
        exchange = Exchange(day, None if self.only_fetch.value() else self.item_id, self.window_field.value())
        database, by, recall = self.context.database, self.context.user_id, self.page.row.id
        patients = [row.id for row in self.rows]
        return lambda _override: replace_and_fetch(database, recall, patients, exchange, by)

    def said(self, result: Exchanged) -> str:
        skipped = f" {result.skipped:,} had theirs already." if result.skipped else ""
        return f"{len(result.deliveries):,} deliveries planned, {result.pick_ups:,} pick-ups.{skipped}"


class BringBackDialog(DeedDialog):
    """How many of each lot a patient gave back."""

    changed = ("recalls", "stock", "deliveries")

    def __init__(self, context: Context, desk: Desk, page: RecallPage, row: PatientRow, parent: QWidget) -> None:
        super().__init__(context, desk, "Units came back", parent, save="To quarantine")
        self.page, self.row = page, row
        self.body.addWidget(label(row.name, "strong", wrap=True))
        self.body.addWidget(label("Count what the driver brought. Type 0 where nothing came back.", "muted", wrap=True))
        self.fields: dict[int, QuantityField] = {}
        form, left = Form(), row.at_home
        for sent in row.sent:
            most = sent.quantity - sent.came_back
            if most <= 0 or sent.delivered_on is None:
                continue
            field = QuantityField(f"Lot {sent.serial or sent.lot}, delivery {sent.delivery}", most=most, required=True)
            field.set_value(min(most, left))
            left -= min(most, left)
            self.fields[sent.lot_line_id] = field
            form.section("", (field,))
        self.form = form
        self.body.addWidget(roomy(form, len(self.fields)))

    def deed(self) -> Callable[[str], Any] | None:
        if not self.form.check():
            return None
        units = {line: field.value() or 0 for line, field in self.fields.items()}
        database, by, recall, patient = self.context.database, self.context.user_id, self.page.row.id, self.row.id
        return lambda _override: bring_back(database, recall, patient, units, by)

    def said(self, result: int) -> str:
        return f"{result:,} {self.page.unit} are in quarantine."


class CloseDialog(DeedDialog):
    """What came of the recall."""

    changed = ("recalls",)

    def __init__(self, context: Context, desk: Desk, page: RecallPage, parent: QWidget) -> None:
        super().__init__(context, desk, f"Close recall {page.row.number}", parent, save="Close")
        self.page = page
        told = (
            f"{page.effectiveness} % of the patients were reached, {page.accounted} % of the units are accounted for."
        )
        self.body.addWidget(label(told, "strong", wrap=True))
        self.body.addWidget(label("The lots stay held. What is still open is asked about.", "muted", wrap=True))
        self.outcome = NotesField(
            "What came of it", required=True, hint="Such as “12 destroyed, 3 returned to the maker”."
        )
        form = Form()
        form.section("", (self.outcome,))
        self.form = form
        self.body.addWidget(form)
        self.outcome.setFocus()

    def deed(self) -> Callable[[str], Any] | None:
        if not self.form.check():
            return None
        database, by, recall, outcome = (
            self.context.database, self.context.user_id, self.page.row.id, self.outcome.value(),
        )  # fmt: skip
        return lambda override: close_recall(database, recall, outcome, by, override)

    def said(self, _result: Any) -> str:
        return f"Recall {self.page.row.number} is closed."


def _items(database: Database, typed: str) -> Sequence[ItemFound]:
    with database.reading() as session:
        return find_items(session, typed)


def _recognise(database: Database, scan: Scan) -> Recognised:
    with database.reading() as session:
        return recognise(session, scan, today())


def _preview(database: Database, item_id: ItemId, scopes: Sequence[Scope]) -> Preview:
    with database.reading() as session:
        return preview(session, item_id, scopes)

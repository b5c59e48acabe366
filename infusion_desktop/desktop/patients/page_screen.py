"""Everything about one patient at a glance, and what is done for them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QTabWidget, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.dates import Days, show_day, today
from infusion_desktop.deliveries.home_counts import AtHome, at_home
from infusion_desktop.deliveries.queries import DeliveryRow, of_patient
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import Deed
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card, Page
from infusion_desktop.desktop.patients.coverage_dialogs import AuthorizationDialog, VisitDialog
from infusion_desktop.desktop.patients.order_form import OrderForm
from infusion_desktop.desktop.patients.small_dialogs import FormDialog, LastDayForm, PauseForm
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.equipment.queries import AssetRow, at_place
from infusion_desktop.identifiers import show_phone, show_zip
from infusion_desktop.patients.discharging import discharge
from infusion_desktop.patients.interruptions import NewInterruption, close_interruption, interrupt
from infusion_desktop.patients.queries import (
    EpisodeRow,
    InterruptionRow,
    PatientPage,
    TherapyRow,
    open_patient,
    patient_page,
    prescribers,
    therapy_calendars,
)
from infusion_desktop.patients.therapies import order_therapy, stop_therapy
from infusion_desktop.patients.words import DeviceId, InterruptionKind, PatientId, TherapyId
from infusion_desktop.stock.queries import find_items
from infusion_desktop.stock.words import ItemKind


@dataclass(frozen=True, slots=True)
class Everything:
    """What the page shows."""

    page: PatientPage
    deliveries: tuple[DeliveryRow, ...]
    supplies: tuple[AtHome, ...]
    equipment: tuple[AssetRow, ...]
    days: dict[TherapyId, int]
    """Days at home until today that each order has run, without its interruptions."""


def _therapy_state(row: TherapyRow) -> str:
    day = today()
    if row.order.stops_on is not None and row.order.stops_on < day:
        return "Ended"
    return "Runs" if row.order.starts_on <= day else "Begins soon"


_TONES = {"Ended": Tone.NEUTRAL, "Runs": Tone.GOOD, "Begins soon": Tone.INFO}


ORDER: Column[TherapyRow] = Column("Order", text=lambda row: row.order.drug, stretch=True)
THERAPIES: tuple[Column[TherapyRow], ...] = (
    Column("State", text=_therapy_state, tone=lambda row: _TONES[_therapy_state(row)]),
    Column("First day", text=lambda row: show_day(row.order.starts_on), sort_key=lambda row: row.order.starts_on),
    Column(
        "Last day", text=lambda row: show_day(row.order.stops_on) or "goes on", sort_key=lambda row: row.order.stops_on
    ),
    Column("How", text=lambda row: f"{row.order.method.value}, every {row.order.interval_hours} h"),
    Column("Through", text=lambda row: row.device),
    Column("Kind", text=lambda row: row.order.therapy_class.value, hidden=True),
    Column("Prescriber", text=lambda row: row.prescriber, hidden=True),
)
PAUSES: tuple[Column[InterruptionRow], ...] = (
    Column("Why", text=lambda row: row.pause.kind.value),
    Column("First day", text=lambda row: show_day(row.pause.first_on), sort_key=lambda row: row.pause.first_on),
    Column(
        "Last day",
        text=lambda row: show_day(row.pause.last_on) or "still lasts",
        sort_key=lambda row: row.pause.last_on,
    ),
    Column("Note", text=lambda row: row.pause.note, stretch=True),
)
SUPPLIES: tuple[Column[AtHome], ...] = (
    Column("Item", text=lambda row: row.name, stretch=True),
    Column("Number", text=lambda row: row.number),
    Column(
        "By our books",
        text=lambda row: f"{row.by_ledger:,} {row.unit}",
        sort_key=lambda row: row.by_ledger,
        numeric=True,
    ),
    Column("Counted", text=lambda row: "" if row.counted is None else str(row.counted), numeric=True),
    Column("On", text=lambda row: show_day(row.counted_on), sort_key=lambda row: row.counted_on),
)
EQUIPMENT: tuple[Column[AssetRow], ...] = (
    Column("Tag", text=lambda row: row.tag),
    Column("Item", text=lambda row: row.item_name, stretch=True),
    Column("Serial", text=lambda row: row.serial),
    Column("State", text=lambda row: row.state.value),
    Column(
        "Maintenance due",
        text=lambda row: show_day(row.maintenance_due_on),
        sort_key=lambda row: row.maintenance_due_on,
    ),
)
DELIVERIES: tuple[Column[DeliveryRow], ...] = (
    Column("Number", text=lambda row: row.number),
    Column("Day", text=lambda row: show_day(row.scheduled_on), sort_key=lambda row: row.scheduled_on),
    Column("Therapy", text=lambda row: row.therapy, stretch=True),
    Column("State", text=lambda row: row.state.value),
)


class PatientScreen(Screen):
    """The page of one patient."""

    title = "Patient"
    topics = frozenset({"patients", "deliveries", "equipment"})
    help = (
        "Therapies and their days, what is at home, deliveries, coverage. Opening a patient is kept in the audit trail."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self._patient: PatientId | None = None
        self.shown: Everything | None = None
        self._head()
        days = Column[TherapyRow](
            "Days at home", text=lambda row: str(self._days(row)), sort_key=self._days, numeric=True
        )
        self.therapies = self._table((ORDER, days, *THERAPIES), "Orders", "order", "No order yet. Write the first one.")
        self.pauses = self._table(PAUSES, "Interruptions", "interruption", "No interruption.")
        self.supplies = self._table(SUPPLIES, "Supplies at home", "item", "Nothing of ours is at home.")
        self.equipment = self._table(EQUIPMENT, "Equipment at home", "device", "No pump or pole is at home.")
        self.deliveries = self._table(DELIVERIES, "Deliveries", "delivery", "Nothing was delivered yet.")
        self.deliveries.opened.connect(lambda row: self._open("delivery", row))
        self.equipment.opened.connect(lambda row: self._open("asset", row))
        tabs = QTabWidget()
        for title, table in (
            ("Therapies", self.therapies),
            ("Interruptions", self.pauses),
            ("Supplies at home", self.supplies),
            ("Pumps and poles", self.equipment),
            ("Deliveries", self.deliveries),
        ):
            tabs.addTab(table, title)
        self.tabs = tabs
        page = Page(self)
        page.actions(*self._buttons())
        page.add(self.head)
        page.add(tabs, 1)

    def _open(self, kind: str, row: DeliveryRow | AssetRow | None) -> None:
        if row is not None:
            self.desk.open(kind, row.id)

    def _table(self, columns: object, name: str, noun: str, empty: str) -> TableView:  # type: ignore[type-arg]
        plural = {"delivery": "deliveries"}.get(noun, noun + "s")
        return TableView(
            columns, lambda row: row.item_id if isinstance(row, AtHome) else row.id, name=name, desk=self.desk,  # type: ignore[arg-type]
            noun=(noun, plural), empty=empty, settings=self.settings(),
        )  # fmt: skip

    def _buttons(self) -> list[QWidget]:
        may = self.context.may
        found: list[QWidget] = []
        if may(Permission.SEE_BILLING):
            found.append(button("Bill a month", self._bill, icon="claim"))
        if may(Permission.EDIT_COVERAGE):
            found += [button("Authorization", self._authorize)]
        if may(Permission.WRITE_THERAPY):
            found += [
                button("Interrupt", self._interrupt, icon="pause"),
                button("Write an order", self._order, icon="edit"),
            ]
        if deeds := self._rarer_deeds():
            found.append(_menu_button("More", deeds))
        if may(Permission.PLAN_DELIVERY):
            found.append(button("New delivery", self._deliver, icon="truck", kind="primary"))
        return found

    def _rarer_deeds(self) -> list[tuple[str, Callable[[], object]]]:
        may = self.context.may
        deeds: list[tuple[str, Callable[[], object]]] = []
        if may(Permission.WRITE_THERAPY):
            deeds += [("Stop an order", self._stop), ("End an interruption", self._end_pause)]
        if may(Permission.CHARGE):
            deeds.append(("Nursing visit", self._visit))
        if may(Permission.ADMIT):
            deeds.append(("Discharge", self._discharge))
        return deeds

    def _head(self) -> None:
        self.head = Card()
        self.name = label("", "title")
        self.latex = label("LATEX ALLERGY", "error")
        self.latex.hide()
        self.facts = label("", "muted", wrap=True)
        self.care = label("", wrap=True)
        self.pays = label("", "muted", wrap=True)
        top = QHBoxLayout()
        top.addWidget(self.name)
        top.addWidget(self.latex)
        top.addStretch(1)
        self.head.add(top)
        for line in (self.facts, self.care, self.pays):
            self.head.add(line)

    def show_record(self, kind: str, record: object) -> None:
        if isinstance(record, int):
            if record != self._patient:
                self._blank()
            self._patient = PatientId(record)
            self.load()

    def _blank(self) -> None:
        """Nobody's page, so that no deed for one patient is done in view of another."""
        self.shown = None
        self.latex.hide()
        for text in (self.name, self.facts, self.care, self.pays):
            text.setText("")
        for table in (self.therapies, self.pauses, self.supplies, self.equipment, self.deliveries):
            table.set_rows(())

    def load(self) -> None:
        if self._patient is not None:
            patient = self._patient
            self.ask(lambda: self._everything(patient), self._show)

    def _everything(self, patient: PatientId) -> Everything:
        database = self.context.database
        page = self._read(patient)
        with database.reading() as session:
            begun = min((row.order.starts_on for row in page.therapies), default=today())
            so_far = Days(min(begun, today()), today())
            calendars = therapy_calendars(session, so_far, patient)
            return Everything(
                page,
                of_patient(session, patient, today()),
                at_home(session, patient),
                at_place(session, page.home_id, today()),
                {each.therapy_id: len(each.days(so_far)) for each in calendars},
            )

    def _read(self, patient: PatientId) -> PatientPage:
        """The page; opening it is kept in the audit trail, bringing it up to date is not another opening."""
        if self.shown is None:
            return open_patient(self.context.database, patient, self.context.user_id)
        with self.context.database.reading() as session:
            return patient_page(session, patient)

    def _days(self, row: TherapyRow) -> int:
        return 0 if self.shown is None else self.shown.days.get(row.id, 0)

    def _show(self, found: Everything) -> None:
        self.shown = found
        page, person = found.page, found.page.person
        self.name.setText(f"{person.last_name}, {person.first_name}")
        self.latex.setVisible(person.latex_allergy)
        age = _age(person.born_on, today())
        lines = [f"{page.number}   {person.sex.name.capitalize()}, {age} years, born {show_day(person.born_on)}"]
        street = f"{person.street} {person.street_2}".strip()
        town = f"{person.city}, {person.state} {show_zip(person.zip)}"
        lines.append(f"{street}, {town}   {show_phone(person.phone)}")
        self.facts.setText("\n".join(lines))
        care = [f"Allergies: {person.allergies or 'none known'}"]
        if person.caregiver_name:
            care.append(
                f"Caregiver: {person.caregiver_name} ({person.caregiver_relation}) {show_phone(person.caregiver_phone)}"
            )
        if page.episode is not None:
            care.append(
                f"In care since {show_day(page.episode.admitted_on)}; "
                f"diagnoses {', '.join(page.episode.diagnoses) or 'missing'}"
            )
            if page.episode.checklist.missing:
                care.append(f"Checklist still open: {', '.join(page.episode.checklist.missing)}")
        else:
            care.append("Discharged")
        self.care.setText("\n".join(care))
        self.pays.setText("\n".join(f"{row.payer}, member {row.policy.member_id}" for row in page.coverages))
        self.therapies.set_rows(page.therapies)
        self.pauses.set_rows(page.interruptions)
        self.supplies.set_rows(found.supplies)
        self.equipment.set_rows(found.equipment)
        self.deliveries.set_rows(found.deliveries)

    def _deliver(self) -> None:
        if self.shown is not None:
            self.desk.open("new delivery", self.shown.page.id)

    def _bill(self) -> None:
        if self.shown is not None:
            self.desk.open("patient month", self.shown.page.id)

    def _authorize(self) -> None:
        if self.shown is not None:
            self.asked = AuthorizationDialog(self.context, self.desk, self, self.shown.page)
            self.asked.open()

    def _visit(self) -> None:
        if self.shown is not None:
            self.told = VisitDialog(self.context, self.desk, self, self.shown.page)
            self.told.open()

    def _order(self) -> None:
        if self.shown is None:
            return
        patient = self.shown.page.id
        form = OrderForm()
        form.begin(today())
        devices = self.shown.page.devices
        device: DeviceId | None = next((each.id for each in devices if each.device.removed_on is None), None)
        self.dialog = FormDialog(
            self, "A new order", form, lambda: self._keep_order(patient, form, device), said="The order is written."
        )

        def offer(found: tuple[object, object]) -> None:
            form.offer(*found)  # type: ignore[arg-type]

        self.ask(self._choices, offer)
        self.dialog.open()

    def _choices(self) -> tuple[object, object]:
        with self.context.database.reading() as session:
            return prescribers(session), find_items(session, "", kinds=(ItemKind.DRUG,), limit=5000)

    def _keep_order(self, patient: PatientId, form: OrderForm, device: DeviceId | None) -> Deed:
        order, database, by = form.order(device), self.context.database, self.context.user_id
        return lambda _why: order_therapy(database, patient, order, by)

    def _stop(self) -> None:
        row = self._selected(self.therapies, "Select the order that ends.")
        if not isinstance(row, TherapyRow):
            return
        form = LastDayForm()
        self.dialog = FormDialog(
            self, f"Stop {row.order.drug}", form, lambda: self._keep_stop(row, form), said="The order ends then."
        )
        self.dialog.open()

    def _keep_stop(self, row: TherapyRow, form: LastDayForm) -> Deed:
        last_on, reason = form.last_on.value() or today(), form.reason.value()
        database, by = self.context.database, self.context.user_id
        return lambda _why: stop_therapy(database, row.id, last_on, reason, row.version, by)

    def _end_pause(self) -> None:
        row = self._selected(self.pauses, "Select the interruption that ends.")
        if not isinstance(row, InterruptionRow):
            return
        form = LastDayForm(with_reason=False)
        self.dialog = FormDialog(
            self,
            "The patient is back",
            form,
            lambda: self._keep_end_of_pause(row, form),
            said="The days after it count again.",
            changed=("patients", "billing"),
        )
        self.dialog.open()

    def _keep_end_of_pause(self, row: InterruptionRow, form: LastDayForm) -> Deed:
        last_on, database, by = form.last_on.value() or today(), self.context.database, self.context.user_id
        return lambda _why: close_interruption(database, row.id, last_on, row.version, by)

    def _discharge(self) -> None:
        episode = None if self.shown is None else self.shown.page.episode
        if episode is None:
            self.desk.messages.refused(("The patient is not in care.",), self, Tone.INFO)
            return
        form = LastDayForm()
        self.dialog = FormDialog(
            self,
            "Discharge; orders that still run stop on that day",
            form,
            lambda: self._keep_discharge(episode, form),
            said="The patient is discharged.",
            changed=("patients", "billing"),
        )
        self.dialog.open()

    def _keep_discharge(self, episode: EpisodeRow, form: LastDayForm) -> Deed:
        last_on, reason = form.last_on.value() or today(), form.reason.value()
        database, by = self.context.database, self.context.user_id
        return lambda _why: discharge(database, episode.id, last_on, reason, episode.version, by)

    def _selected(self, table: TableView[Any], sentence: str) -> object:
        """The row a deed is about: the marked one, or the only one; otherwise ask for it."""
        rows = table.model.rows
        row = table.current_row() or (rows[0] if len(rows) == 1 else None)
        if row is None:
            self.tabs.setCurrentWidget(table)
            self.desk.messages.refused((sentence,), self, Tone.INFO)
        return row

    def _interrupt(self) -> None:
        if self.shown is None:
            return
        patient = self.shown.page.id
        form = PauseForm()
        self.dialog = FormDialog(
            self,
            "Interrupt the therapies",
            form,
            lambda: self._keep_pause(patient, form),
            said="The interruption is kept; its days do not count.",
            changed=("patients", "billing"),
        )
        self.dialog.open()

    def _keep_pause(self, patient: PatientId, form: PauseForm) -> Deed:
        pause = NewInterruption(
            form.kind.value() or InterruptionKind.HOLD, form.first_on.value() or today(), form.last_on.value(),
            note=form.note.value(),
        )  # fmt: skip
        database, by = self.context.database, self.context.user_id
        return lambda _why: interrupt(database, patient, pause, by)


def _menu_button(title: str, deeds: list[tuple[str, Callable[[], object]]]) -> QPushButton:
    """A button that opens a short menu of deeds."""
    made = button(title)
    menu = QMenu(made)
    for name, press in deeds:
        menu.addAction(name, press)
    made.setMenu(menu)
    return made


def _age(born_on: date, day: date) -> int:
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))

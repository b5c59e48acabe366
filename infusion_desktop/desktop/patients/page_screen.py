"""Everything about one patient at a glance, and what is done for them."""

from collections.abc import Callable
from datetime import date
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.months.elsewhere import elsewhere_of
from infusion_desktop.billing.months.visits import visits_of
from infusion_desktop.billing.queries import patient_balance
from infusion_desktop.dates import Days, show_day, today
from infusion_desktop.deliveries.calls.follow_ups import follow_ups
from infusion_desktop.deliveries.care.patient_glance import HomeSupply, Moment, glance
from infusion_desktop.deliveries.lists import DeliveryRow, of_patient
from infusion_desktop.desktop.buttons import button, tool
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card, Page
from infusion_desktop.desktop.patients import page_columns as columns
from infusion_desktop.desktop.patients.event_deeds import EventDeeds
from infusion_desktop.desktop.patients.glance_tab import GlanceTab
from infusion_desktop.desktop.patients.order_deeds import OrderDeeds
from infusion_desktop.desktop.patients.page_base import Everything, with_buttons
from infusion_desktop.desktop.patients.person_deeds import PersonDeeds
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.equipment.queries import AssetRow, at_place
from infusion_desktop.identifiers import show_phone, show_zip
from infusion_desktop.patients.labs import labs_of
from infusion_desktop.patients.queries import PatientPage, TherapyRow, open_patient, patient_page, therapy_calendars
from infusion_desktop.patients.words import PatientId


class PatientScreen(OrderDeeds, PersonDeeds, EventDeeds):
    """The page of one patient."""

    title = "Patient"
    topics = frozenset({"patients", "deliveries", "equipment"})
    help = (
        "Therapies and their days, what is at home, deliveries, coverage, tasks. Deeds about a list stand below it. "
        "Opening a patient is kept in the audit trail."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self._patient: PatientId | None = None
        self._head()
        self._make_tables()
        self._fill_tabs()
        page = Page(self)
        page.actions(*self._buttons())
        page.add(self.head)
        page.add(self.tabs, 1)

    def _make_tables(self) -> None:
        days = Column[TherapyRow](
            "Days at home", text=lambda row: str(self._days(row)), sort_key=self._days, numeric=True
        )
        orders = (columns.ORDER, days, *columns.THERAPIES)
        self.therapies = self._table(orders, "Orders", "order", "No order yet. Write the first one.")
        self.labs = self._table(columns.LABS, "Tests", "test", "No test goes with the orders.")
        self.visits = self._table(columns.VISITS, "Nursing visits", "visit", "No nurse's visit is written down.")
        self.pauses = self._table(columns.PAUSES, "Interruptions", "interruption", "No interruption.")
        self.devices = self._table(columns.DEVICES, "Access devices", "access device", "No catheter, port or tube.")
        self.coverages = self._table(columns.COVERAGES, "Coverage", "coverage", "Nobody pays yet. Add a coverage.")
        self.supplies = self._table(columns.SUPPLIES, "Supplies at home", "item", "Nothing of ours is at home.")
        self.equipment = self._table(columns.EQUIPMENT, "Equipment at home", "device", "No pump or pole is at home.")
        self.elsewhere = self._table(
            columns.ELSEWHERE, "Equipment from elsewhere", "entry",
            "No rental months were paid to another supplier, and no pump was brought along.",
        )  # fmt: skip
        self.deliveries = self._table(columns.DELIVERIES, "Deliveries", "delivery", "Nothing was delivered yet.")
        self.tasks = self._table(columns.TASKS, "Tasks", "task", "Nothing is to be done.")
        self.calls = self._table(columns.CALLS, "Refill calls", "call", "Nobody called yet.")
        self.events = self._table(columns.EVENTS, "Events", "event", "Nothing went wrong.")
        self.line = self._table(columns.MOMENTS, "Time line", "moment", "Nothing happened yet.")
        self.line.opened.connect(lambda row: self.desk.open(row.opens, row.record) if row and row.opens else None)
        self.deliveries.opened.connect(lambda row: self._open("delivery", row))
        self.equipment.opened.connect(lambda row: self._open("asset", row))
        self.therapies.opened.connect(lambda _row: self._change() if self.context.may(Permission.WRITE_THERAPY) else 0)

    def _fill_tabs(self) -> None:
        self.glance = GlanceTab(self._open_tab)
        self.tabs.addTab(self.glance, "At a glance")
        self._add_tab("Time line", self.line)
        write, admit, cover = Permission.WRITE_THERAPY, Permission.ADMIT, Permission.EDIT_COVERAGE
        plan = Permission.PLAN_DELIVERY
        self._add_tab(
            "Orders", self.therapies, (write, "Stop…", self._stop), (admit, "Prescriber…", self._edit_prescriber),
            (write, "Signed…", self._signed), (write, "Correct…", self._correct),
            (write, "Change from a day on…", self._change), (write, "Write an order…", self._order),
        )  # fmt: skip
        self._add_tab(
            "Interruptions", self.pauses, (write, "Entered by mistake…", self._remove_pause),
            (write, "The patient is back…", self._end_pause), (write, "Interrupt…", self._interrupt),
        )  # fmt: skip
        self._add_tab("Tests", self.labs, (write, "End…", self._end_lab), (write, "Add a test…", self._add_lab))
        self._add_tab(
            "Access", self.devices, (write, "Change or removed…", self._edit_device),
            (write, "Add an access device…", self._add_device),
        )  # fmt: skip
        self._add_tab(
            "Coverage", self.coverages, (Permission.SEE_BILLING, "Request for the payer…", self._request),
            (cover, "Authorization…", self._authorize),
            (cover, "End…", self._end_coverage), (cover, "Change…", self._edit_coverage),
            (cover, "Add a coverage…", self._add_coverage),
        )  # fmt: skip
        if self.context.may(Permission.SEE_BILLING):
            charge = Permission.CHARGE
            self._add_tab(
                "Visits", self.visits, (charge, "Entered by mistake…", self._take_back_visit),
                (charge, "Correct…", self._correct_visit), (charge, "Nursing visit…", self._visit),
            )  # fmt: skip
        self._add_tab("Supplies", self.supplies)
        self.tabs.addTab(self._pumps(), "Pumps")
        self._add_tab("Deliveries", self.deliveries)
        self._add_tab(
            "Tasks", self.tasks, (plan, "Give to…", self._assign_task), (plan, "Done…", self._finish_task),
            (plan, "Add a task…", self._add_task),
        )  # fmt: skip
        self._add_tab("Calls", self.calls, (plan, "Refill call…", self._call))
        self._add_tab(
            "Events", self.events, (write, "Withdraw…", self._withdraw_event), (write, "Log an event…", self._log_event)
        )
        self.tabs.setUsesScrollButtons(True)

    def _pumps(self) -> QWidget:
        """What is at home of ours and, for who sees billing, what came from elsewhere."""
        if not self.context.may(Permission.SEE_BILLING):
            return with_buttons(self.equipment)
        deeds = []
        if self.context.may(Permission.CHARGE):
            deeds = [
                button("Entered by mistake…", self._take_back_elsewhere), button("From elsewhere…", self._add_elsewhere)
            ]  # fmt: skip
        both = QWidget()
        column = QVBoxLayout(both)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(with_buttons(self.equipment), 3)
        column.addWidget(with_buttons(self.elsewhere, *deeds), 2)
        return both

    def _add_tab(
        self, title: str, table: "TableView[Any]", *deeds: tuple[Permission, str, Callable[[], object]]
    ) -> None:
        allowed = [button(name, press) for permission, name, press in deeds if self.context.may(permission)]
        self.tabs.addTab(with_buttons(table, *allowed), title)

    def _open_tab(self, title: str) -> None:
        for place in range(self.tabs.count()):
            if self.tabs.tabText(place) == title:
                self.tabs.setCurrentIndex(place)

    def _open(self, kind: str, row: DeliveryRow | AssetRow | None) -> None:
        if row is not None:
            self.desk.open(kind, row.id)

    def _table(self, shown: Any, name: str, noun: str, empty: str) -> "TableView[Any]":
        plural = {"delivery": "deliveries", "entry": "entries"}.get(noun, noun + "s")
        return TableView(
            shown, _id_of, name=name, desk=self.desk,
            noun=(noun, plural), empty=empty, settings=self.settings(),
        )  # fmt: skip

    def _buttons(self) -> list[QWidget]:
        may = self.context.may
        found: list[QWidget] = []
        if may(Permission.SEE_BILLING):
            found.append(button("Bill a month", self._bill, icon="claim"))
        if may(Permission.WRITE_THERAPY):
            found.append(button("Log an event", self._log_event, icon="warning"))
        deeds: list[tuple[str, Callable[[], object]]] = []
        if may(Permission.ADMIT):
            deeds += [
                ("Particulars: name, address, allergies…", self._edit_person),
                ("Diagnoses and checklist…", self._edit_episode), ("Discharge…", self._discharge),
            ]  # fmt: skip
        if may(Permission.SEE_AUDIT):
            deeds.append(("Who looked at this record…", lambda: self.desk.open("who looked", self.patient)))
        if deeds:
            found.append(_menu_button("More", deeds))
        if may(Permission.PLAN_DELIVERY):
            found.append(button("Refill call", self._call, icon="phone"))
            found.append(button("Supply plan", self._plan, icon="kit"))
            found.append(button("New delivery", self._deliver, icon="truck", kind="primary"))
        return found

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
        if self.context.may(Permission.ADMIT):
            top.addWidget(tool("edit", "Change name, address, allergies, caregiver", self._edit_person))
            top.addWidget(tool("clipboard", "Diagnoses and intake checklist", self._edit_episode))
        self.head.column.setSpacing(6)
        self.head.add(top)
        who, how = QVBoxLayout(), QVBoxLayout()
        for column, part in ((who, self.facts), (who, self.pays), (how, self.care)):
            column.addWidget(part)
        how.addStretch(1)
        across = QHBoxLayout()
        across.setSpacing(24)
        across.addLayout(who, 1)
        across.addLayout(how, 1)
        self.head.add(across)

    def show_record(self, kind: str, record: object) -> None:
        if isinstance(record, int):
            if record != self._patient:
                self._blank()
            self._patient = PatientId(record)
            self.opens_anew()
            if kind == "visits":
                self._show_tab(self.visits)
            self.load()

    @property
    def _tables(self) -> "tuple[TableView[Any], ...]":
        return (
            self.therapies, self.pauses, self.labs, self.visits, self.devices, self.coverages, self.supplies,
            self.equipment, self.elsewhere, self.deliveries, self.tasks, self.calls, self.events, self.line,
        )  # fmt: skip

    def _blank(self) -> None:
        """Nobody's page, so that no deed for one patient is done in view of another."""
        self.shown = None
        self.latex.hide()
        for text in (self.name, self.facts, self.care, self.pays):
            text.setText("")
        for table in self._tables:
            table.set_rows(())
        self.glance.clear()

    def load(self) -> None:
        if self._patient is not None:
            patient = self._patient
            self.ask_to_open(lambda why: self._everything(patient, why), self._show)

    def _everything(self, patient: PatientId, why: str) -> Everything:
        database = self.context.database
        page = self._read(patient, why)
        with database.reading() as session:
            begun = min((row.order.starts_on for row in page.therapies), default=today())
            so_far = Days(min(begun, today()), today())
            calendars = therapy_calendars(session, so_far, patient)
            seen = glance(session, patient, today())
            owes = patient_balance(session, patient) if self.context.may(Permission.SEE_BILLING) else None
            return Everything(
                page,
                of_patient(session, patient, today()),
                tuple(each.item for each in seen.supplies),
                at_place(session, page.home_id, today()),
                {each.therapy_id: len(each.days(so_far)) for each in calendars},
                labs_of(session, patient),
                visits_of(session, patient) if self.context.may(Permission.SEE_BILLING) else (),
                elsewhere_of(session, patient) if self.context.may(Permission.SEE_BILLING) else (),
                follow_ups(session, patient_id=patient, done_too=True),
                seen,
                owes,
            )

    def _read(self, patient: PatientId, why: str) -> PatientPage:
        """The page; opening it is kept in the audit trail, bringing it up to date is not another opening."""
        if self.shown is None:
            return open_patient(self.context.database, patient, self.context.user_id, why)
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
        self.care.setText("\n".join(_care(page)))
        self.pays.setText("\n".join(f"{row.payer}, member {row.policy.member_id}" for row in page.coverages))
        self.therapies.set_rows(page.therapies)
        self.pauses.set_rows(page.interruptions)
        self.labs.set_rows(found.labs)
        self.visits.set_rows(found.visits)
        self.devices.set_rows(page.devices)
        self.coverages.set_rows(page.coverages)
        self.supplies.set_rows(found.glance.supplies)
        self.equipment.set_rows(found.equipment)
        self.elsewhere.set_rows(found.elsewhere)
        self.deliveries.set_rows(found.deliveries)
        self.tasks.set_rows(sorted(found.tasks, key=lambda row: (row.done, row.due_on)))
        self.calls.set_rows(found.glance.calls)
        self.events.set_rows(found.glance.events)
        self.line.set_rows(found.glance.moments)
        self.glance.show_everything(found, today())

    def _deliver(self) -> None:
        if self.shown is not None:
            self.desk.open("new delivery", self.shown.page.id)

    def _call(self) -> None:
        if self.shown is not None:
            self.desk.open("refill call", self.shown.page.id)

    def _plan(self) -> None:
        if self.shown is not None:
            self.desk.open("supply plan", self.shown.page.id)

    def _bill(self) -> None:
        if self.shown is not None:
            self.desk.open("patient month", self.shown.page.id)


def _id_of(row: Any) -> Any:
    """What tells the rows of each list apart."""
    if isinstance(row, HomeSupply):
        return row.item.item_id
    return row.key if isinstance(row, Moment) else row.id


def _care(page: PatientPage) -> list[str]:
    """Allergies, caregiver and episode as sentences."""
    person = page.person
    lines = [f"Allergies: {person.allergies or 'none known'}"]
    if person.caregiver_name:
        lines.append(
            f"Caregiver: {person.caregiver_name} ({person.caregiver_relation}) "
            + show_phone(person.caregiver_phone).replace(" ", "\u00a0")
        )
    if page.episode is None:
        return [*lines, "Discharged"]
    diagnoses = ", ".join(page.episode.diagnoses) or "missing"
    lines.append(f"In care since {show_day(page.episode.admitted_on)}; diagnoses {diagnoses}")
    if page.episode.checklist.missing:
        lines.append(f"Checklist still open: {', '.join(page.episode.checklist.missing)}")
    return lines


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

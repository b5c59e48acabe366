"""What is done with who a patient is: particulars, coverage, access devices, checklist, prescriber, tasks."""

from collections.abc import Callable
from datetime import date

from infusion_desktop.access.queries import working_people
from infusion_desktop.access.roles import UserId
from infusion_desktop.billing.months.elsewhere import ElsewhereRow, take_back_elsewhere
from infusion_desktop.billing.months.visits import Visit, take_back_visit
from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.calls.follow_ups import FollowUpRow, add_follow_up, assign_follow_up, finish_follow_up
from infusion_desktop.deliveries.care.ending import discharge_and_fetch
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.deed_dialog import Deed
from infusion_desktop.desktop.forms import ChoiceField, DayField, Form
from infusion_desktop.desktop.patients.coverage_dialogs import AuthorizationDialog, ElsewhereDialog, VisitDialog
from infusion_desktop.desktop.patients.page_base import PageBase
from infusion_desktop.desktop.patients.person_forms import CoverageForm, DeviceForm, EpisodeForm, PersonForm, TaskForm
from infusion_desktop.desktop.patients.small_dialogs import LastDayForm, PrescriberForm
from infusion_desktop.desktop.request_dialog import RequestDialog, request_preview
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.patients.admitting import edit_episode, readmit
from infusion_desktop.patients.coverage import add_coverage, edit_coverage
from infusion_desktop.patients.demographics import edit_demographics
from infusion_desktop.patients.devices import add_device, edit_device
from infusion_desktop.patients.prescribers import edit_prescriber
from infusion_desktop.patients.queries import (
    CoverageRow,
    DeviceRow,
    EpisodeRow,
    PayerRow,
    PrescriberRow,
    TherapyRow,
    payers,
    prescribers,
)


class PersonDeeds(PageBase):
    """The deeds about the person; the screen has the tables they are chosen in."""

    therapies: TableView[TherapyRow]
    coverages: TableView[CoverageRow]
    devices: TableView[DeviceRow]
    visits: TableView[Visit]
    elsewhere: TableView[ElsewhereRow]
    tasks: TableView[FollowUpRow]

    def _edit_person(self) -> None:
        if self.shown is None:
            return
        page, database, by = self.shown.page, self.context.database, self.context.user_id
        form = PersonForm(page.person)

        def keep() -> Deed:
            person, reason = form.person(), form.reason.value()
            return lambda _why: edit_demographics(database, page.id, person, page.version, by, reason)

        self._ask_form("Particulars", form, keep, "Saved.", ("patients", "deliveries"), self._edit_person)

    def _edit_episode(self) -> None:
        if self.shown is None:
            return
        episode, patient = self.shown.page.episode, self.patient
        form = EpisodeForm(episode)
        database, by = self.context.database, self.context.user_id

        def keep() -> Deed:
            codes, ticked = form.codes(), form.checklist()
            if episode is None:
                admitted_on = form.admitted_on.value() or today()
                return lambda _why: readmit(database, patient, admitted_on, codes, ticked, by)
            return lambda _why: edit_episode(database, episode.id, codes, ticked, episode.version, by)

        title = "Admit again" if episode is None else "Diagnoses and checklist"
        self._ask_form(title, form, keep, "The patient is in care." if episode is None else "Saved.",
                       ("patients", "billing"), self._edit_episode)  # fmt: skip

    def _discharge(self) -> None:
        episode = None if self.shown is None else self.shown.page.episode
        if episode is None:
            self.desk.messages.refused(("The patient is not in care.",), self, Tone.INFO)
            return
        form = LastDayForm()
        self._ask_form(
            "Discharge; orders that still run stop on that day", form, lambda: self._keep_discharge(episode, form),
            "The patient is discharged.", ("patients", "billing", "deliveries"), self._discharge,
        )  # fmt: skip

    def _keep_discharge(self, episode: EpisodeRow, form: LastDayForm) -> Deed:
        last_on, reason = form.last_on.value() or today(), form.reason.value()
        database, by = self.context.database, self.context.user_id
        return lambda _why: discharge_and_fetch(database, episode.id, last_on, reason, episode.version, by)

    def _add_coverage(self) -> None:
        if self.shown is None:
            return
        patient, form = self.patient, CoverageForm()
        database, by = self.context.database, self.context.user_id

        def keep() -> Deed:
            policy = form.policy()
            return lambda _why: add_coverage(database, patient, policy, by)

        self._ask_coverage("Another coverage", form, keep, "The coverage is added.")

    def _edit_coverage(self) -> None:
        """Another rank, another last day, a corrected number."""
        row = self._selected(self.coverages, "Select the coverage that changes.")
        if row is None:
            return
        form = CoverageForm(row.policy)
        database, by = self.context.database, self.context.user_id

        def keep() -> Deed:
            policy = form.policy()
            return lambda _why: edit_coverage(database, row.id, policy, row.version, by)

        self._ask_coverage(row.payer, form, keep, "The coverage is changed.", self._edit_coverage)

    def _end_coverage(self) -> None:
        row = self._selected(self.coverages, "Select the coverage that ends.")
        if row is None:
            return
        form = LastDayForm(with_reason=False)
        database, by = self.context.database, self.context.user_id

        def keep() -> Deed:
            policy = row.ending(form.last_on.value() or today())
            return lambda _why: edit_coverage(database, row.id, policy, row.version, by)

        self._ask_form(
            f"{row.payer} ends", form, keep, "The coverage ends then.", ("patients", "billing"), self._end_coverage
        )

    def _ask_coverage(
        self,
        title: str,
        form: CoverageForm,
        keep: Callable[[], Deed],
        said: str,
        again: Callable[[], object] | None = None,
    ) -> None:
        def read() -> tuple[PayerRow, ...]:
            with self.context.database.reading() as session:
                return payers(session)

        def show(found: tuple[PayerRow, ...]) -> None:
            form.offer(found)
            self._ask_form(title, form, keep, said, ("patients", "billing"), again)

        self.ask(read, show)

    def _authorize(self) -> None:
        if self.shown is not None:
            self.dialog = AuthorizationDialog(self.context, self.desk, self, self.shown.page)
            self.dialog.open()

    def _request(self) -> None:
        """The request for an authorization to the payer of the marked coverage."""
        row = self._selected(self.coverages, "Select the coverage whose payer is asked.")
        if row is None or self.shown is None:
            return
        page = self.shown.page
        running = [each.order.starts_on for each in page.therapies if (each.order.stops_on or today()) >= today()]
        begins = max(today(), min(running, default=today()))
        who = f"{page.person.last_name}, {page.person.first_name}; {row.payer}"
        dialog = RequestDialog(self.context, self.desk, self, page.id, row.policy.payer_id, who, begins)
        dialog.succeeded.connect(self._show_request)
        self.dialog = dialog
        dialog.open()

    def _show_request(self, pdf: bytes) -> None:
        self.paper = request_preview(self.context, self.desk, self, pdf)
        self.paper.open()

    def _visit(self) -> None:
        if self.shown is not None:
            self.dialog = VisitDialog(self.context, self.desk, self, self.shown.page)
            self.dialog.open()

    def _correct_visit(self) -> None:
        row = self._selected(self.visits, "Select the visit that was written down wrong.")
        if row is not None and self.shown is not None:
            self.dialog = VisitDialog(self.context, self.desk, self, self.shown.page, row)
            self.dialog.opened_by(self._correct_visit).open()

    def _take_back_visit(self) -> None:
        self._ask_mistake(
            self.visits, "Select the visit that never was.", take_back_visit,
            "It is billed no more; count its month again.", ("patients", "billing"), self._take_back_visit,
        )  # fmt: skip

    def _add_elsewhere(self) -> None:
        if self.shown is not None:
            self.dialog = ElsewhereDialog(self.context, self.desk, self, self.patient)
            self.dialog.open()

    def _take_back_elsewhere(self) -> None:
        self._ask_mistake(
            self.elsewhere, "Select what was entered by mistake.", take_back_elsewhere,
            "It counts no more; count its months again.", ("patients", "billing"), self._take_back_elsewhere,
        )  # fmt: skip

    def _add_device(self) -> None:
        if self.shown is None:
            return
        patient, form = self.patient, DeviceForm()
        database, by = self.context.database, self.context.user_id

        def keep() -> Deed:
            device = form.device()
            return lambda _why: add_device(database, patient, device, by)

        self._ask_form("An access device", form, keep, "The access device is kept.")

    def _edit_device(self) -> None:
        row = self._selected(self.devices, "Select the access device.")
        if row is None:
            return
        form = DeviceForm(row.device)
        database, by = self.context.database, self.context.user_id

        def keep() -> Deed:
            device = form.device()
            return lambda _why: edit_device(database, row.id, device, row.version, by)

        self._ask_form("The access device", form, keep, "Saved.", again=self._edit_device)

    def _edit_prescriber(self) -> None:
        """The prescriber of the marked order: telephone, practice, or that they order no longer."""
        row = self._selected(self.therapies, "Select the order whose prescriber changes.")
        if row is None:
            return

        def read() -> PrescriberRow | None:
            with self.context.database.reading() as session:
                every = prescribers(session, ended_too=True)
            return next((each for each in every if each.id == row.order.prescriber_id), None)

        def show(found: PrescriberRow | None) -> None:
            if found is None:
                return
            form = PrescriberForm(found.prescriber)
            database, by = self.context.database, self.context.user_id

            def keep() -> Deed:
                typed = form.prescriber()
                return lambda _why: edit_prescriber(database, found.id, typed, found.version, by)

            self._ask_form("The prescriber", form, keep, "Saved for every patient of this prescriber.",
                           again=self._edit_prescriber)  # fmt: skip

        self.ask(read, show)

    def _people(self) -> list[tuple[str, int]]:
        with self.context.database.reading() as session:
            return [(name, int(person)) for name, person in working_people(session)]

    def _add_task(self) -> None:
        if self.shown is None:
            return
        patient = self.patient
        database, by = self.context.database, self.context.user_id

        def show(people: list[tuple[str, int]]) -> None:
            form = TaskForm(people)

            def keep() -> Deed:
                title, due_on, owner = form.title.value(), form.due_on.value() or today(), form.owner.value()
                whose = None if owner is None else UserId(owner)
                return lambda _why: add_follow_up(database, patient, title, due_on, by, whose)

            self._ask_form("Something to do", form, keep, "The task is kept.", ("deliveries",))

        self.ask(self._people, show)

    def _assign_task(self) -> None:
        row = self._selected(self.tasks, "Select the task.")
        if row is None or row.done:
            return
        database, by = self.context.database, self.context.user_id

        def show(people: list[tuple[str, int]]) -> None:
            owner: ChoiceField[int] = ChoiceField("Whose task", people)
            owner.set_value(None if row.owner_id is None else int(row.owner_id))
            due_on = DayField("By", required=True)
            due_on.set_value(row.due_on)
            form = Form()
            form.section("", (owner, due_on))

            def keep() -> Deed:
                chosen, day = owner.value(), due_on.value() or row.due_on
                whose = None if chosen is None else UserId(chosen)
                return lambda _why: assign_follow_up(database, row.id, whose, day, row.version, by)

            self._ask_form(row.title, form, keep, "Saved.", ("deliveries",), self._assign_task)

        self.ask(self._people, show)

    def _finish_task(self) -> None:
        row = self._selected(self.tasks, "Select the task that is done.")
        if row is None or row.done:
            return
        database, by = self.context.database, self.context.user_id
        self._ask_why(
            row.title, "How it went", lambda outcome: finish_follow_up(database, row.id, outcome, row.version, by),
            "Done.", ("deliveries",), self._finish_task,
        )  # fmt: skip


def covers_in_words(row: CoverageRow, day: date) -> str:
    """Whether a policy covers a day: "covers", "ended Mar 3, 2026", "from Mar 3, 2026"."""
    if row.policy.starts_on > day:
        return f"from {show_day(row.policy.starts_on)}"
    if row.policy.ends_on is not None and row.policy.ends_on < day:
        return f"ended {show_day(row.policy.ends_on)}"
    return "covers"

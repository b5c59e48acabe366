"""The day's refill calls by urgency, everybody's tasks, and deliveries that a payer's refill rule holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.queries import working_people
from infusion_desktop.access.roles import Permission, UserId
from infusion_desktop.dates import show_day, today
from infusion_desktop.deliveries.calls.call_board import CallDue, HeldRow, calls_due, held_deliveries
from infusion_desktop.deliveries.calls.call_rules import Urgency
from infusion_desktop.deliveries.calls.follow_ups import FollowUpRow, assign_follow_up, finish_follow_up, follow_ups
from infusion_desktop.deliveries.calls.refill_calls import NewCall, record_call
from infusion_desktop.deliveries.calls.refill_rules_kept import RefillRuleRow, refill_rules
from infusion_desktop.deliveries.care_words import CallOutcome
from infusion_desktop.deliveries.plans.still_owed import OwedRow, send_owed, still_owed
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.care.care_dialogs import RuleDialog, TaskDialog, TextDialog, take_in
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.pages import Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column, capital
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.identifiers import show_phone

_TONES = {Urgency.NOW: Tone.BAD, Urgency.TODAY: Tone.WARN, Urgency.DUE: Tone.INFO, Urgency.LATER: Tone.NEUTRAL}
_TURN = list(Urgency)
_TITLES = ("Refill calls", "Tasks", "Held deliveries", "Still owed")
_SHORT = {CallOutcome.AGREED: "agreed", CallOutcome.NOT_NOW: "not now"}


def _allowed_from(row: CallDue) -> str:
    """From when on the payer lets one call and deliver; "" without a rule or where both are past."""
    window, day = row.window, today()
    parts = [
        f"{what} from {show_day(on)}"
        for what, on in (("call", window.call_from), ("deliver", window.deliver_from))
        if on is not None and on > day
    ]
    return ", ".join(parts)


CALLS: tuple[Column[CallDue], ...] = (
    Column("Urgency", text=lambda row: row.urgency.value.capitalize(), sort_key=lambda row: _TURN.index(row.urgency),
           tone=lambda row: _TONES[row.urgency]),
    Column("Patient", text=lambda row: row.name, width=175),
    Column("Telephone", text=lambda row: show_phone(row.phone)),
    Column("Supply ends", text=lambda row: show_day(row.supply_ends_on), sort_key=lambda row: row.supply_ends_on),
    Column("Call by", text=lambda row: show_day(row.window.latest_on), sort_key=lambda row: row.window.latest_on),
    Column("Last call", text=lambda row: _last(row), sort_key=lambda row: row.last_call_on, width=150,
           hint=lambda row: _last(row)),
    Column("Therapies", text=lambda row: "; ".join(row.therapies), stretch=True,
           hint=lambda row: "\n".join(row.therapies)),
    Column("Payer allows", text=_allowed_from, stretch=True),
    Column("Number", text=lambda row: row.number, hidden=True),
)  # fmt: skip


def _last(row: CallDue) -> str:
    if row.last_outcome is None:
        return "Never called"
    tries = f", {row.tries} tries" if row.tries > 1 else ""
    on = show_day(row.last_call_on)
    on = on.removesuffix(f", {today().year}")
    return f"{on}: {_SHORT.get(row.last_outcome, row.last_outcome.value)}{tries}"


def _state(row: FollowUpRow) -> str:
    day = today()
    return "Overdue" if row.due_on < day else "Today" if row.due_on == day else "Coming"


TASK_TONES = {"Overdue": Tone.BAD, "Today": Tone.WARN, "Coming": Tone.NEUTRAL}
TASKS: tuple[Column[FollowUpRow], ...] = (
    Column("State", text=_state, sort_key=lambda row: row.due_on, tone=lambda row: TASK_TONES[_state(row)]),
    Column("By", text=lambda row: show_day(row.due_on), sort_key=lambda row: row.due_on),
    Column("Kind", text=lambda row: capital(row.kind)),
    Column("What", text=lambda row: row.title, stretch=True, width=260, hint=lambda row: row.title),
    Column("Patient", text=lambda row: row.patient_name, width=170, hint=lambda row: show_phone(row.phone)),
    Column("Telephone", text=lambda row: show_phone(row.phone), hidden=True),
    Column("Whose", text=lambda row: row.owner or "Anybody's"),
)
HELD: tuple[Column[HeldRow], ...] = (
    Column("Delivery", text=lambda row: row.number),
    Column("Day", text=lambda row: show_day(row.scheduled_on), sort_key=lambda row: row.scheduled_on),
    Column("Patient", text=lambda row: row.patient, width=190),
    Column("Therapy", text=lambda row: row.therapy),
    Column("Why it is held", text=lambda row: " ".join(row.reasons), stretch=True,
           hint=lambda row: "\n".join(row.reasons)),
)  # fmt: skip


OWED: tuple[Column[OwedRow], ...] = (
    Column("Patient", text=lambda row: row.patient, width=190),
    Column("Item", text=lambda row: row.item, stretch=True, width=260, hint=lambda row: row.item),
    Column("Owed", text=lambda row: f"{row.units:,} {row.unit}", numeric=True, sort_key=lambda row: row.units,
           value=lambda row: row.units),
    Column("Of", text=lambda row: row.number),
    Column("For days until", text=lambda row: show_day(row.period.last), sort_key=lambda row: row.period.last),
    Column("On the shelf", text=lambda row: f"{row.on_shelf:,}", numeric=True, sort_key=lambda row: row.on_shelf,
           value=lambda row: row.on_shelf),
    Column("State", text=lambda row: f"Comes with {row.coming}" if row.coming else "Nobody sends it",
           tone=lambda row: Tone.INFO if row.coming else Tone.BAD),
)  # fmt: skip


def _days(number: int) -> str:
    return f"{number} days" if number else "No limit"


RULES: tuple[Column[RefillRuleRow], ...] = (
    Column("Payer", text=lambda row: row.payer, stretch=True),
    Column("From", text=lambda row: show_day(row.rule.starts_on), sort_key=lambda row: row.rule.starts_on),
    Column("Call no sooner than", text=lambda row: _contact(row), sort_key=lambda row: row.rule.contact_days),
    Column("Deliver no sooner than", text=lambda row: _before(row.rule.delivery_days, "the supply ends"),
           sort_key=lambda row: row.rule.delivery_days),
    Column("At most at a time", text=lambda row: _days(row.rule.longest_supply_days),
           sort_key=lambda row: row.rule.longest_supply_days),
    Column("Source", text=lambda row: row.rule.source, stretch=True, hint=lambda row: row.rule.source),
)  # fmt: skip


def _before(days: int, what: str) -> str:
    return f"{days} days before {what}" if days else "No limit"


def _contact(row: RefillRuleRow) -> str:
    what = "the delivery" if row.rule.contact_counts_from_delivery else "the supply ends"
    return _before(row.rule.contact_days, what)


@dataclass(frozen=True, slots=True)
class Lists:
    """What the screen shows."""

    calls: tuple[CallDue, ...]
    tasks: tuple[FollowUpRow, ...]
    held: tuple[HeldRow, ...]
    owed: tuple[OwedRow, ...]
    rules: tuple[RefillRuleRow, ...]


class CallsScreen(Screen):
    """Who is to be called and what is to be done."""

    title = "Calls and tasks"
    topics: ClassVar[frozenset[str]] = frozenset({"deliveries", "patients"})
    help = (
        "Refill calls by urgency: red means that a dose is not covered. Enter opens the call. Tasks are made by rules "
        "(first call, refill, lab, home assessment, pumps to fetch) for whoever has the patient, and by hand. Held "
        "deliveries say why. Still owed is what left short and nobody has sent since."
    )

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self.shown: Lists | None = None
        self.dialog: Any = None
        self._make_tables()
        self.tabs = QTabWidget()
        plan, payers = Permission.PLAN_DELIVERY, Permission.EDIT_PAYERS
        self._add_tab("Refill calls", self.calls, (plan, "No answer", self.no_answer), (plan, "Call…", self.call))
        self._add_tab(
            "Tasks", self.tasks, (plan, "Give to…", self.give), (plan, "Take", self.take), (plan, "Done…", self.finish)
        )
        self._add_tab("Held deliveries", self.held, (plan, "Open", lambda: self._open_held(self.held.current_row())))
        self._add_tab("Still owed", self.owed, (plan, "Send what is owed", self.send_owed))
        self._add_tab(
            "Payers' refill rules", self.rules, (payers, "Take the Medicare rules in", self.take_in),
            (payers, "Correct…", self.correct_rule), (payers, "Add a rule…", self.add_rule),
        )  # fmt: skip
        self.page = page = Page(self, "Enter opens a line. Where nobody answers, press No answer: the call comes back.")
        page.add(self.tabs, 1)

    def _make_tables(self) -> None:
        mine = self.context.user_id
        self.calls: TableView[CallDue] = TableView(
            CALLS, lambda row: row.patient_id, name="Refill calls", desk=self.desk, noun=("call", "calls"),
            empty="Nobody has to be called. Calls appear here days before a supply ends.", settings=self.settings(),
            chips=[Chip("Now and today", lambda row: row.urgency in (Urgency.NOW, Urgency.TODAY), group="urgency")],
        )  # fmt: skip
        self.tasks: TableView[FollowUpRow] = TableView(
            TASKS, lambda row: row.id, name="Tasks", desk=self.desk, noun=("task", "tasks"), settings=self.settings(),
            empty="Nothing is to be done.",
            chips=[
                Chip("Mine", lambda row: row.owner_id == mine, group="whose"),
                Chip("Anybody's", lambda row: row.owner_id is None, group="whose"),
                Chip("Due", lambda row: row.due_on <= today(), group="when"),
            ],
        )  # fmt: skip
        self.held: TableView[HeldRow] = TableView(
            HELD, lambda row: row.delivery_id, name="Held deliveries", desk=self.desk,
            noun=("delivery", "deliveries"), empty="No delivery is held by a payer's refill rule.",
            settings=self.settings(),
        )  # fmt: skip
        self.owed: TableView[OwedRow] = TableView(
            OWED, lambda row: row.line_id, name="Still owed", desk=self.desk, noun=("line", "lines"),
            empty="Nobody is owed anything: what left short has been sent since.", settings=self.settings(),
            chips=[Chip("Nobody sends it", lambda row: not row.coming, group="state"),
                   Chip("Drugs", lambda row: row.is_drug, group="kind")],
        )  # fmt: skip
        self.rules: TableView[RefillRuleRow] = TableView(
            RULES, lambda row: row.id, name="Refill rules", desk=self.desk, noun=("rule", "rules"),
            empty="No payer has a refill rule yet. Medicare's are ready to be taken in.", settings=self.settings(),
        )  # fmt: skip
        self.calls.opened.connect(self._open_call)
        self.tasks.opened.connect(lambda row: self.desk.open("patient", row.patient_id) if row else None)
        self.held.opened.connect(self._open_held)
        self.owed.opened.connect(lambda row: self.desk.open("delivery", row.delivery_id) if row else None)

    def _add_tab(
        self, title: str, table: "TableView[Any]", *deeds: tuple[Permission, str, Callable[[], object]]
    ) -> None:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(table, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        allowed = [each for each in deeds if self.context.may(each[0])]
        for _permission, name, press in allowed:
            row.addWidget(button(name, press, kind="primary" if press == allowed[-1][2] else ""))
        column.addLayout(row)
        self.tabs.addTab(holder, title)

    def load(self) -> None:
        self.ask(self._lists, self._show)

    def _lists(self) -> Lists:
        day = today()
        with self.context.database.reading() as session:
            return Lists(
                calls_due(session, day), follow_ups(session), held_deliveries(session, day),
                still_owed(session, day), refill_rules(session),
            )  # fmt: skip

    def _show(self, found: Lists) -> None:
        self.shown = found
        self.calls.set_rows(found.calls)
        self.tasks.set_rows(found.tasks)
        self.held.set_rows(found.held)
        self.owed.set_rows(found.owed)
        self.rules.set_rows(found.rules)
        due = sum(row.due_on <= today() for row in found.tasks)
        counts = (len(found.calls), due, len(found.held), len(found.owed))
        for place, (title, count) in enumerate(zip(_TITLES, counts, strict=True)):
            self.tabs.setTabText(place, f"{title} ({count})" if count else title)

    def show_record(self, kind: str, record: object) -> None:
        """Bring the tasks to the front for "tasks"."""
        self.tabs.setCurrentIndex(1 if record == "tasks" else 0)

    def call(self) -> None:
        """Open the marked call."""
        self._open_call(self._marked(self.calls, "Mark whom to call."))

    def _open_call(self, row: object) -> None:
        if isinstance(row, CallDue):
            self.desk.open("refill call" if self.context.may(Permission.PLAN_DELIVERY) else "patient", row.patient_id)

    def _open_held(self, row: object) -> None:
        if isinstance(row, HeldRow):
            self.desk.open("delivery", row.delivery_id)
        else:
            self._marked(self.held, "Mark the delivery to open.")

    def send_owed(self) -> None:
        """Draft a delivery of everything owed to the marked patient, and open it."""
        row = self._marked(self.owed, "Mark a patient to whom something is owed.")
        if row is not None:
            database, by = self.context.database, self.context.user_id
            self.do(
                lambda _why: send_owed(database, row.patient_id, today(), by), changed=("deliveries",),
                said="What is owed is drafted for today.", then=lambda made: self.desk.open("delivery", made),
            )  # fmt: skip

    def no_answer(self) -> None:
        """Keep that nobody answered."""
        row = self._marked(self.calls, "Mark who did not answer.")
        if row is None:
            return
        call = NewCall(row.patient_id, CallOutcome.NO_ANSWER)
        database, by = self.context.database, self.context.user_id
        self.do(lambda _why: record_call(database, call, by), changed=("deliveries",), said="Kept: no answer.")

    def finish(self) -> None:
        """The marked task is done."""
        row = self._marked(self.tasks, "Mark the task that is done.")
        if row is not None:
            database, by = self.context.database, self.context.user_id
            self.dialog = TextDialog(
                self, row.title, "How it went",
                lambda said: finish_follow_up(database, row.id, said, row.version, by), "Done.",
            ).opened_by(self.finish)  # fmt: skip
            self.dialog.open()

    def take(self) -> None:
        """The marked task is mine."""
        row = self._marked(self.tasks, "Mark the task you take.")
        if row is not None:
            database, by = self.context.database, self.context.user_id
            self.do(lambda _why: assign_follow_up(database, row.id, by, row.due_on, row.version, by),
                    changed=("deliveries",), said="It is yours.")  # fmt: skip

    def give(self) -> None:
        """Give the marked task to somebody, or put it to another day."""
        row = self._marked(self.tasks, "Mark the task.")
        if row is None:
            return

        def read() -> tuple[tuple[str, UserId], ...]:
            with self.context.database.reading() as session:
                return working_people(session)

        def show(people: tuple[tuple[str, UserId], ...]) -> None:
            self.dialog = TaskDialog(self, row, people).opened_by(self.give)
            self.dialog.open()

        self.ask(read, show, key="people")

    def take_in(self) -> None:
        """Medicare's published rules, for every Medicare payer without any."""
        take_in(self)

    def add_rule(self) -> None:
        """Another rule of a payer."""
        self.dialog = RuleDialog(self)
        self.dialog.open()

    def correct_rule(self) -> None:
        """Correct the marked rule."""
        row = self._marked(self.rules, "Mark the rule.")
        if row is not None:
            self.dialog = RuleDialog(self, row).opened_by(self.correct_rule)
            self.dialog.open()

    def _marked(self, table: "TableView[Any]", sentence: str) -> Any:
        row = table.current_row()
        if row is None:
            self.desk.messages.refused((sentence,), self, Tone.INFO)
        return row

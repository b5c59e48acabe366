"""A month's billing: count everybody's days, make and check the claims, write the files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.claim_lists import ClaimRow, claims
from infusion_desktop.billing.claiming.work_queue import WorkRow, work
from infusion_desktop.billing.months.day_view import DayView, day_view
from infusion_desktop.billing.papers import print_claim_summaries
from infusion_desktop.billing.queries import MonthOverview, month_overview
from infusion_desktop.billing.runs.month_run import MonthRun, run_month
from infusion_desktop.billing.runs.not_counted import NotCounted, not_counted
from infusion_desktop.billing.words import ClaimState
from infusion_desktop.dates import Days, month_of, today
from infusion_desktop.desktop.billing.claim_columns import CLAIMS
from infusion_desktop.desktop.billing.day_calendar import DayCalendar
from infusion_desktop.desktop.billing.work_view import WorkView
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.file_choice import ask_for_folder
from infusion_desktop.desktop.forms import ChoiceField
from infusion_desktop.desktop.jobs import Job
from infusion_desktop.desktop.pages import Figure, Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip, Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.errors import Refused
from infusion_desktop.files import safe_name, write_whole
from infusion_desktop.money import show_money
from infusion_desktop.patients.openings import is_closed
from infusion_desktop.patients.queries import PayerRow, payers
from infusion_desktop.patients.words import PayerId

MONTHS_BACK = 18
MOST_SENTENCES = 3
_OUT = (ClaimState.BATCHED, ClaimState.SENT, ClaimState.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Month:
    """What the screen shows."""

    rows: tuple[ClaimRow, ...]
    overview: MonthOverview
    work: tuple[WorkRow, ...]
    payers: tuple[PayerRow, ...]


MISSING: tuple[Column[NotCounted], ...] = (
    Column("Patient", text=lambda row: row.patient, width=190),
    Column("Payer", text=lambda row: row.payer, width=190),
    Column("Why there is no claim", text=lambda row: row.why, stretch=True, hint=lambda row: row.why),
    Column("Would come to", text=lambda row: show_money(row.expected) if row.expected else "", numeric=True,
           sort_key=lambda row: row.expected, value=lambda row: row.expected),
)  # fmt: skip


class MonthScreen(Screen):
    """The claims of a month."""

    title = "Month"
    topics = frozenset({"billing", "deliveries", "patients"})
    help = "Count a month, see what each claim still needs, and write the claim files. A second run doubles nothing."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self._wanted: int | None = None
        self.files: tuple[tuple[str, str], ...] = ()
        self.month: ChoiceField[Days] = ChoiceField(
            "Month", [(f"{each.first:%B %Y}", each) for each in _months(today())]
        )
        self.month.set_value(month_of(today().replace(day=1) - timedelta(days=1)))
        self.month.setFixedWidth(176)
        self.month.changed.connect(self.load)
        self.payer: ChoiceField[PayerRow] = ChoiceField("Payer", placeholder="All payers")
        self.payer.setFixedWidth(226)
        self.payer.changed.connect(self._payer_changed)
        self.payer.combo.editTextChanged.connect(lambda text: None if text else self.load())
        self._running: Job | None = None
        self.figures = [
            Figure("Expected", Tone.INFO), Figure("Sent", Tone.INFO), Figure("Not sent yet", Tone.WARN),
            Figure("Paid", Tone.GOOD), Figure("Not counted", Tone.WARN),
        ]  # fmt: skip
        self.table: TableView[ClaimRow] = TableView(
            CLAIMS, lambda row: row.id, name="Claims of the month", desk=desk, noun=("claim", "claims"),
            chips=[
                Chip("Draft", lambda row: row.state is ClaimState.DRAFT, group="state"),
                Chip("Ready", lambda row: row.state is ClaimState.READY, group="state"),
                Chip("Out", lambda row: row.state in _OUT, group="state"),
                Chip("Denied", lambda row: row.state in (ClaimState.DENIED, ClaimState.REJECTED), group="state"),
            ],
            empty="No claim of this month yet. Count the days and make the claims.",
            empty_button=self._count_when_empty(), settings=self.settings(),
        )  # fmt: skip
        self.table.opened.connect(self._open)
        self.table.selected.connect(self._show_days)
        self.calendar = DayCalendar()
        self.work = WorkView(desk)
        self.missing: TableView[NotCounted] = TableView(
            MISSING, id, name="Patients not counted", desk=desk, noun=("patient", "patients"),
            empty="Everybody in therapy has a claim.", settings=self.settings(),
        )  # fmt: skip
        self.missing.opened.connect(self._open_missing)
        self.figures[-1].pressed.connect(lambda: self.tabs.setCurrentWidget(self.missing))
        self._lay_out()

    def _count_when_empty(self) -> tuple[str, Callable[[], object]] | None:
        may = self.context.may(Permission.CHARGE)
        return ("Count and make claims", lambda: self.run(send=False)) if may else None

    def _lay_out(self) -> None:
        page = Page(self)
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.month)
        top.addWidget(self.payer)
        top.addStretch(1)
        self.print_button = button("Summaries", self.print_summaries, icon="print")
        top.addWidget(self.print_button)
        self.count_button = button("Count and make claims", lambda: self.run(send=False), icon="calendar")
        self.send_button = button("Write the claim files", lambda: self.run(send=True), icon="export", kind="primary")
        if self.context.may(Permission.CHARGE):
            top.addWidget(self.count_button)
        if self.context.may(Permission.CLAIM):
            top.addWidget(self.send_button)
        page.lead.hide()
        page.add(top)
        row = QHBoxLayout()
        row.setSpacing(12)
        for figure in self.figures:
            row.addWidget(figure)
        claims_and_days = QWidget()
        column = QVBoxLayout(claims_and_days)
        column.setContentsMargins(0, 10, 0, 0)
        column.addLayout(row)
        column.addWidget(self.table, 1)
        column.addWidget(self.calendar)
        self.tabs = QTabWidget()
        self.tabs.addTab(claims_and_days, "Claims")
        self.tabs.addTab(self.work, "What holds claims up")
        self.tabs.addTab(self.missing, "Not counted")
        self.tabs.currentChanged.connect(lambda _tab: self._look_at_missing())
        page.add(self.tabs, 1)

    @property
    def chosen(self) -> Days:
        """The month that is shown."""
        return self.month.value() or month_of(today())

    @property
    def chosen_payer(self) -> PayerRow | None:
        """The payer whose claims are shown; None for all."""
        try:
            return self.payer.value()
        except Refused:  # Still typing.
            return None

    def load(self) -> None:
        month, payer = self.chosen, self.chosen_payer
        self.ask(lambda: self._month(month, None if payer is None else payer.id), self._show, key="month")

    def _look_at_missing(self) -> None:
        """Why patients have no claim is counted only when somebody looks."""
        if self.tabs.currentWidget() is not self.missing:
            return
        month, payer, database = self.chosen, self.chosen_payer, self.context.database

        def look() -> tuple[NotCounted, ...]:
            with database.reading() as session:
                return not_counted(session, month, None if payer is None else payer.id)

        self.ask(look, self._show_missing, key="missing")

    def _show_missing(self, rows: tuple[NotCounted, ...]) -> None:
        self.missing.set_rows(rows)
        self.missing.fit_columns()

    def _open_missing(self, row: object) -> None:
        if isinstance(row, NotCounted):
            self.desk.open(row.fix.kind, row.fix.record)

    def _payer_changed(self) -> None:
        if self.payer.is_blank() or self.chosen_payer is not None:
            self.load()

    def _month(self, month: Days, payer: PayerId | None) -> Month:
        with self.context.database.reading() as session:
            return Month(
                claims(session, month=month, payer=payer),
                month_overview(session, month, payer),
                work(session, today(), month=month, payer=payer),
                payers(session),
            )

    def _show(self, found: Month) -> None:
        self.payer.set_choices([(each.payer.name, each) for each in found.payers])
        self.table.set_rows(found.rows)
        self.work.set_rows(found.work)
        stops = len({each.claim_id for each in found.work if each.stops})
        self.tabs.setTabText(1, f"What holds claims up ({stops})" if stops else "What holds claims up")
        count = len(found.overview.not_counted)
        self.tabs.setTabText(2, f"Not counted ({count})" if count else "Not counted")
        self._select_wanted()
        self._show_days(self.table.current_row())
        self._look_at_missing()
        seen = found.overview
        missing = len(seen.not_counted)
        values = (
            (_dollars(seen.expected), f"{len(found.rows)} claims" if len(found.rows) != 1 else "1 claim", Tone.INFO),
            (_dollars(seen.billed), "charged to payers", Tone.INFO),
            (
                _dollars(seen.unbilled),
                "charges of drafts and ready claims",
                Tone.WARN if seen.unbilled else Tone.GOOD,
            ),
            (_dollars(seen.paid), "by payers so far", Tone.GOOD),
            (str(missing), "patients in therapy without a claim", Tone.WARN if missing else Tone.GOOD),
        )
        for figure, (number, detail, tone) in zip(self.figures, values, strict=True):
            figure.show_value(number, detail, tone)

    def run(self, *, send: bool) -> None:
        """Count, make and check every claim of the month; with ``send`` write the files of what is ready."""
        month, database, by = self.chosen, self.context.database, self.context.user_id
        payer = self.chosen_payer
        name = "" if payer is None else payer.payer.name
        written: list[tuple[str, str]] = []
        pressed = self.send_button if send else self.count_button
        pressed.setEnabled(False)

        def over() -> None:
            pressed.setEnabled(True)
            self.desk.changes.announce("billing")

        def ran(run: MonthRun) -> None:
            over()
            self._ran(run)

        def failed(error: Exception) -> None:
            over()
            self.show_failure(error)
            self._ask_where(written)

        def cancelled() -> None:
            over()
            self._stopped(written)

        self._running = self.desk.jobs.run(
            self, lambda: run_month(database, month, by, name, send=send, files=written), ran, failed,
            on_cancelled=cancelled, text="Billing the month",
        )  # fmt: skip

    def _ran(self, run: MonthRun) -> None:
        self.desk.messages.clear(self)
        self.desk.messages.said(f"{len(run.claims)} claims counted, {len(run.files)} files written.")
        if told := (*_refusals(run.refused), *run.on_paper):
            self.desk.messages.refused(told, self, Tone.WARN if run.refused else Tone.INFO)
        self._ask_where(run.files)

    def _stopped(self, written: Sequence[tuple[str, str]]) -> None:
        """A run that was stopped keeps what it did; files that were written before must not be lost sight of."""
        if not written:
            self.desk.messages.refused(
                ("Stopped. Claims counted so far are kept, no file was written; run it again to go on.",),
                self, Tone.INFO,
            )  # fmt: skip
            return
        files = "One file was" if len(written) == 1 else f"{len(written)} files were"
        sentence = f"Stopped. {files} written before: save them now, or later from Payments, Claim files."
        self.desk.messages.refused((sentence,), self, Tone.WARN)
        self._ask_where(written)

    def _ask_where(self, files: Sequence[tuple[str, str]]) -> None:
        if files:
            self.files = tuple(files)
            ask_for_folder(self, "Where shall the claim files go?", self._write)

    def _write(self, folder: Path) -> None:
        files = self.files

        def write(_why: str) -> None:
            for name, text in files:
                write_whole(folder / safe_name(name), text.encode("ascii"))

        self.do(write, said=f"{len(files)} claim files are saved. Payments, Claim files has them too.")

    def print_summaries(self) -> None:
        """Preview the summaries of all claims of the month."""
        month, database, by = self.chosen, self.context.database, self.context.user_id

        self.do(
            lambda why: print_claim_summaries(database, month, by, override=why),
            then=lambda pdf: self._preview(pdf, f"claim-summaries-{month.first:%Y-%m}.pdf"),
        )

    def _preview(self, pdf: bytes, name: str) -> None:
        self.dialog = PdfDialog(self.desk, "Claim summaries", pdf, name, self.context.folder, self)
        self.dialog.open()

    def _open(self, row: object) -> None:
        if isinstance(row, ClaimRow):
            self.desk.open("claim", row.id)

    def _show_days(self, row: object) -> None:
        """The calendar of the selected claim's month, counted as it is now."""
        if not isinstance(row, ClaimRow):
            self.calendar.say("Select a claim to see its days.")
            return
        database, patient, period, claim = self.context.database, row.patient_id, row.period, row.id
        by = self.context.user_id

        def look() -> DayView | str:
            with database.reading() as session:
                if is_closed(session, patient, by):
                    return "This record is restricted. Open the claim and say why to see its days."
                try:
                    return day_view(session, patient, period, claim)
                except Refused as no:
                    return str(no)

        def show(found: DayView | str) -> None:
            if isinstance(found, str):
                self.calendar.say(found)
            else:
                self.calendar.show_view(found)

        self.ask(look, show, key="days")

    def show_record(self, kind: str, record: object) -> None:
        if kind == "patient month" and isinstance(record, int):
            self._wanted = record
            self._select_wanted()

    def _select_wanted(self) -> None:
        chosen = [row.id for row in self.table.model.rows if row.patient_id == self._wanted]
        if chosen:
            self.table.select_ids(chosen)
            self._wanted = None


def _dollars(amount: Decimal) -> str:
    """Whole dollars, as a figure has room for."""
    return show_money(amount).partition(".")[0]


def _refusals(sentences: tuple[str, ...]) -> tuple[str, ...]:
    """What a run could not do: told outright while it is little, else where the whole of it stands."""
    if len(sentences) <= MOST_SENTENCES:
        return sentences
    return (f"{len(sentences)} things still hold claims up: see What holds claims up, and Not counted.",)


def _months(day: date) -> list[Days]:
    found = [month_of(day)]
    for _ in range(MONTHS_BACK):
        found.append(month_of(found[-1].first - timedelta(days=1)))
    return found

"""A month's billing: count everybody's days, make and check the claims, write the files."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.month_run import MonthRun, run_month
from infusion_desktop.billing.papers import claim_summary
from infusion_desktop.billing.queries import ClaimRow, MonthOverview, claims, month_overview
from infusion_desktop.billing.words import ClaimState
from infusion_desktop.dates import Days, month_of, today
from infusion_desktop.desktop.billing.claim_columns import CLAIMS
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.file_choice import ask_for_folder
from infusion_desktop.desktop.forms import ChoiceField
from infusion_desktop.desktop.pages import Figure, Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Chip
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.files import safe_name, write_whole
from infusion_desktop.money import show_money

MONTHS_BACK = 18
_OUT = (ClaimState.BATCHED, ClaimState.SENT, ClaimState.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Month:
    """What the screen shows."""

    rows: tuple[ClaimRow, ...]
    overview: MonthOverview


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
        self.month.setFixedWidth(220)
        self.month.changed.connect(self.load)
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
            empty="No claim of this month yet. Count the days and make the claims.", settings=self.settings(),
        )  # fmt: skip
        self.table.opened.connect(self._open)
        self._lay_out()

    def _lay_out(self) -> None:
        page = Page(self)
        top = QHBoxLayout()
        top.addWidget(self.month)
        top.addStretch(1)
        self.print_button = button("Summaries", self.print_summaries, icon="print")
        top.addWidget(self.print_button)
        self.count_button = button("Count and make claims", lambda: self.run(send=False), icon="calendar")
        self.send_button = button("Write the claim files", lambda: self.run(send=True), icon="export", kind="primary")
        if self.context.may(Permission.CHARGE):
            top.addWidget(self.count_button)
        if self.context.may(Permission.CLAIM):
            top.addWidget(self.send_button)
        page.add(top)
        row = QHBoxLayout()
        row.setSpacing(12)
        for figure in self.figures:
            row.addWidget(figure)
        page.add(row)
        page.add(self.table, 1)

    @property
    def chosen(self) -> Days:
        """The month that is shown."""
        return self.month.value() or month_of(today())

    def load(self) -> None:
        month = self.chosen
        self.ask(lambda: self._month(month), self._show, key="month")

    def _month(self, month: Days) -> Month:
        with self.context.database.reading() as session:
            return Month(claims(session, month=month), month_overview(session, month))

    def _show(self, found: Month) -> None:
        self.table.set_rows(found.rows)
        self._select_wanted()
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
        self.do(
            lambda _why: run_month(database, month, by, send=send), changed=("billing",), then=self._ran,
            pressed=self.send_button if send else self.count_button, text="Billing the month",
        )  # fmt: skip

    def _ran(self, run: MonthRun) -> None:
        self.files = run.files
        self.desk.messages.said(f"{len(run.claims)} claims counted, {len(run.files)} files written.")
        if run.refused:
            more = [f"... and {len(run.refused) - 8} more; each claim lists its own."] if len(run.refused) > 8 else []
            self.desk.messages.refused([*run.refused[:8], *more], self, Tone.WARN)
        if run.files:
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

        def make() -> bytes:
            with database.reading() as session:
                return claim_summary(session, month, by)

        self.ask(make, lambda pdf: self._preview(pdf, f"claim-summaries-{month.first:%Y-%m}.pdf"))

    def _preview(self, pdf: bytes, name: str) -> None:
        self.dialog = PdfDialog(self.desk, "Claim summaries", pdf, name, self.context.folder, self)
        self.dialog.open()

    def _open(self, row: object) -> None:
        if isinstance(row, ClaimRow):
            self.desk.open("claim", row.id)

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


def _months(day: date) -> list[Days]:
    found = [month_of(day)]
    for _ in range(MONTHS_BACK):
        found.append(month_of(found[-1].first - timedelta(days=1)))
    return found

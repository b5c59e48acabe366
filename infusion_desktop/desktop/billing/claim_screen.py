"""One claim: its lines, why each unit is there, what it still needs, and its papers."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QSplitter, QTabWidget, QVBoxLayout, QWidget

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.checking import check
from infusion_desktop.billing.claims import WrittenFile, write_file
from infusion_desktop.billing.findings import KeptFinding
from infusion_desktop.billing.papers import claim_summary_of
from infusion_desktop.billing.queries import ClaimPage, EntryRow, EventRow, LineRow, claim_page
from infusion_desktop.billing.words import ClaimId, ClaimState
from infusion_desktop.dates import runs_of, show_day, show_days, show_instant
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.file_choice import ask_where_to_save
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card, Page
from infusion_desktop.desktop.pdf_preview import PdfDialog
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.files import safe_name, write_whole
from infusion_desktop.money import show_money

LINES: tuple[Column[LineRow], ...] = (
    Column("No.", text=lambda row: str(row.position), sort_key=lambda row: row.position, numeric=True),
    Column("Kind", text=lambda row: row.kind.value),
    Column("Code", text=lambda row: " ".join([row.code, *row.modifiers])),
    Column("What", text=lambda row: row.description, stretch=True),
    Column("Days", text=lambda row: show_day(row.days.first) if len(row.days) == 1 else show_days(row.days),
           sort_key=lambda row: row.days.first),
    Column("Units", text=lambda row: f"{row.units.normalize():f}", sort_key=lambda row: row.units, numeric=True),
    Column("Rate", text=lambda row: show_money(row.rate), sort_key=lambda row: row.rate, numeric=True),
    Column("Charge", text=lambda row: show_money(row.charge), sort_key=lambda row: row.charge, numeric=True),
    Column("Expected", text=lambda row: show_money(row.expected), sort_key=lambda row: row.expected, numeric=True),
)  # fmt: skip
FINDINGS: tuple[Column[KeptFinding], ...] = (
    Column(
        "",
        text=lambda row: "Stops it" if row.stops else "Look at it",
        tone=lambda row: Tone.BAD if row.stops else Tone.WARN,
    ),
    Column("What", text=lambda row: row.sentence, stretch=True, hint=lambda row: row.sentence),
    Column("Put it right in", text=lambda row: row.where),
    Column("Check", text=lambda row: row.code, hidden=True),
)
EVENTS: tuple[Column[EventRow], ...] = (
    Column("When", text=lambda row: show_instant(row.at), sort_key=lambda row: row.at),
    Column("State", text=lambda row: row.state.value),
    Column("Who", text=lambda row: row.who),
    Column("Note", text=lambda row: row.note, stretch=True),
)
ENTRIES: tuple[Column[EntryRow], ...] = (
    Column("Posted", text=lambda row: show_day(row.posted_on), sort_key=lambda row: row.posted_on),
    Column("What", text=lambda row: row.kind.value),
    Column("Who owes", text=lambda row: row.account.value),
    Column("Reason", text=lambda row: " ".join(filter(None, (row.group_code, row.reason_code)))),
    Column("Amount", text=lambda row: show_money(row.amount), sort_key=lambda row: row.amount, numeric=True),
    Column("Note", text=lambda row: row.note, stretch=True),
)


class ClaimScreen(Screen):
    """The page of one claim."""

    title = "Claim"
    topics = frozenset({"billing"})
    help = "Select a line to read why each of its units is there: therapy, delivery, rule, rank and rate."

    def __init__(self, context: Context, desk: Desk) -> None:
        super().__init__(context, desk)
        self._claim: ClaimId | None = None
        self.shown: ClaimPage | None = None
        self.lines: TableView[LineRow] = self._table(LINES, "Service lines", "line", "No line.")
        self.findings: TableView[KeptFinding] = self._table(FINDINGS, "Findings", "finding", "Nothing is missing.")
        self.events: TableView[EventRow] = self._table(EVENTS, "History", "event", "Nothing happened yet.")
        self.entries: TableView[EntryRow] = self._table(
            ENTRIES, "Ledger", "entry", "Nothing is posted before it is sent."
        )
        self.lines.selected.connect(self._explain)
        self.why = QPlainTextEdit()
        self.why.setReadOnly(True)
        self.why.setAccessibleName("Why this line")
        self._lay_out()

    def _table(self, columns: Sequence[Column[Any]], name: str, noun: str, empty: str) -> TableView[Any]:
        plural = {"entry": "entries"}.get(noun, noun + "s")
        return TableView(
            columns, _key_of, name=name, desk=self.desk, noun=(noun, plural), empty=empty, settings=self.settings()
        )

    def _lay_out(self) -> None:
        page = Page(self)
        self.file_button = button("Write the file", self.write, icon="export", kind="primary")
        self.check_button = button("Check again", self.check, icon="refresh")
        page.actions(button("Patient", self._patient, icon="patient"), button("Summary", self.preview, icon="print"))
        if self.context.may(Permission.CLAIM):
            page.actions(self.check_button, self.file_button)
        self.head = Card()
        self.name, self.state = label("", "title"), label("", "strong")
        self.facts = label("", "muted", wrap=True)
        top = QHBoxLayout()
        top.addWidget(self.name)
        top.addStretch(1)
        top.addWidget(self.state)
        self.head.add(top)
        self.head.add(self.facts)
        page.add(self.head)
        reasons = QWidget()
        column = QVBoxLayout(reasons)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(label("Why this line", "heading"))
        column.addWidget(self.why, 1)
        both = QSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.lines)
        both.addWidget(reasons)
        both.setStretchFactor(0, 3)
        both.setStretchFactor(1, 2)
        self.tabs = QTabWidget()
        for title, widget in (
            ("Lines", both),
            ("What it still needs", self.findings),
            ("Money", self.entries),
            ("History", self.events),
        ):
            self.tabs.addTab(widget, title)
        page.add(self.tabs, 1)

    def show_record(self, kind: str, record: object) -> None:
        if isinstance(record, int):
            self._claim, self.shown = ClaimId(record), None
            self.file_button.setEnabled(False)
            self.check_button.setEnabled(False)
            self.load()

    def load(self) -> None:
        if self._claim is not None:
            claim = self._claim
            self.ask(lambda: self._page(claim), self._show, key="claim")

    def _page(self, claim: ClaimId) -> ClaimPage:
        with self.context.database.reading() as session:
            return claim_page(session, claim)

    def _show(self, page: ClaimPage) -> None:
        self.shown = page
        row = page.row
        self.name.setText(f"{row.number}   {row.patient}")
        self.state.setText(row.state.value.capitalize())
        stops = sum(finding.stops for finding in page.findings)
        self.facts.setText(
            f"{row.payer}, {show_days(row.period)}; rules {page.rules}; "
            f"diagnoses {', '.join(page.diagnoses) or 'missing'}\n"
            f"Charge {show_money(row.charge)}, expected {show_money(row.expected)}; the payer owes "
            f"{show_money(page.payer_owes)}, the patient {show_money(page.patient_owes)}"
        )
        self.tabs.setTabText(1, f"What it still needs ({stops})" if stops else "What it still needs")
        self.file_button.setEnabled(row.state is ClaimState.READY)
        self.check_button.setEnabled(row.state in (ClaimState.DRAFT, ClaimState.READY))
        self.lines.set_rows(page.lines)
        self.findings.set_rows(page.findings)
        self.events.set_rows(page.events)
        self.entries.set_rows(page.entries)
        if page.lines:
            self._select_line(page)

    def _select_line(self, page: ClaimPage) -> None:
        before = self.lines.current_row()
        kept = before is not None and any(line.id == before.id for line in page.lines)
        self.lines.select_ids([before.id if before is not None and kept else page.lines[0].id])
        self._explain(self.lines.current_row())

    def _explain(self, line: object) -> None:
        if not isinstance(line, LineRow) or self.shown is None:
            return
        told = [f"{line.code} {' '.join(line.modifiers)}".strip(), *line.sentences, ""]
        covered: dict[tuple[str, bool], list[object]] = {}
        for unit in line.evidence:
            covered.setdefault((unit.delivery, unit.proven), []).append(unit.day)
        for (delivery, proven), days in covered.items():
            when = ", ".join(show_day(run.first) if len(run) == 1 else show_days(run) for run in runs_of(days))  # type: ignore[arg-type]
            by = (
                f"delivery {delivery}, {'delivered with proof' if proven else 'without proof of delivery'}"
                if delivery
                else "no delivery"
            )
            told.append(f"{when}: covered by {by}.")
        if line.authorization:
            told.append(f"Authorization {line.authorization}.")
        left = [f"{show_days(out.days)}: {out.why}" for out in self.shown.left_out]
        if left:
            told += ["", "Days that do not count:", *left]
        self.why.setPlainText("\n".join(told))

    def check(self) -> None:
        """Run every check again."""
        if self._claim is None:
            return
        claim, database, by = self._claim, self.context.database, self.context.user_id
        self.do(
            lambda _why: check(database, claim, by), changed=("billing",), said="Checked.", pressed=self.check_button
        )

    def preview(self) -> None:
        """Preview the claim summary."""
        if self._claim is None or self.shown is None:
            return
        claim, database, by = self._claim, self.context.database, self.context.user_id
        name = f"claim-summary-{self.shown.row.number}.pdf"

        def make() -> bytes:
            with database.reading() as session:
                return claim_summary_of(session, claim, by)

        self.ask(make, lambda pdf: self._preview(pdf, name))

    def _preview(self, pdf: bytes, name: str) -> None:
        self.dialog = PdfDialog(self.desk, "Claim summary", pdf, name, self.context.folder, self)
        self.dialog.open()

    def write(self) -> None:
        """Write this claim into a file of its own."""
        if self._claim is None:
            return
        claim, database, by = self._claim, self.context.database, self.context.user_id
        self.do(
            lambda _why: write_file(database, [claim], by), changed=("billing",), pressed=self.file_button,
            said="The claim is in a file now; it can be saved again from Payments, Claim files.", then=self._save_file,
        )  # fmt: skip

    def _save_file(self, written: WrittenFile) -> None:
        def save(file: Path) -> None:
            self.do(lambda _why: write_whole(file, written.text.encode("ascii")), said="The claim file is saved.")

        ask_where_to_save(self, "Where shall the claim file go?", safe_name(written.name), "Claim file (*.txt)", save)

    def _patient(self) -> None:
        if self.shown is not None:
            self.desk.open("patient", self.shown.row.patient_id)


def _key_of(row: LineRow | KeptFinding | EventRow | EntryRow) -> Hashable:
    """What a row is known by when it is shown again."""
    return row.id if isinstance(row, LineRow) else row

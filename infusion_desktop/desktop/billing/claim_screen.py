"""One claim: its lines, why each unit is there, what it still needs, and its papers."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from infusion_desktop.access.roles import Permission
from infusion_desktop.billing.claiming.checking import check
from infusion_desktop.billing.claiming.claims import WrittenFile, write_file
from infusion_desktop.billing.claiming.explaining import explain, links
from infusion_desktop.billing.claiming.work_queue import Fix, fix_of
from infusion_desktop.billing.findings import KeptFinding
from infusion_desktop.billing.money.decisions import DecisionRow, decisions_of
from infusion_desktop.billing.money.patient_money import is_patients_payment
from infusion_desktop.billing.queries import ClaimPage, EntryRow, EventRow, LineRow, claim_page, open_claim
from infusion_desktop.billing.words import ClaimId, ClaimState, EntryKind, Frequency
from infusion_desktop.dates import show_day, show_days, show_instant
from infusion_desktop.desktop.billing.claim_corrections import Corrections
from infusion_desktop.desktop.billing.claim_dialogs import (
    payment_dialog,
    undo_dialog,
)
from infusion_desktop.desktop.billing.claim_papers import ClaimPapers
from infusion_desktop.desktop.billing.money_views import Part
from infusion_desktop.desktop.buttons import button
from infusion_desktop.desktop.colours import Tone
from infusion_desktop.desktop.context import Context, Desk
from infusion_desktop.desktop.deed_dialog import DeedDialog
from infusion_desktop.desktop.file_choice import ask_where_to_save
from infusion_desktop.desktop.labels import label
from infusion_desktop.desktop.pages import Card, Page
from infusion_desktop.desktop.screens import Screen
from infusion_desktop.desktop.table import Column
from infusion_desktop.desktop.table_view import TableView
from infusion_desktop.files import safe_name, write_whole
from infusion_desktop.money import show_money

LINES: tuple[Column[LineRow], ...] = (
    Column("No.", text=lambda row: str(row.position), sort_key=lambda row: row.position, numeric=True),
    Column("Kind", text=lambda row: row.kind.value.capitalize()),
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
    Column("State", text=lambda row: row.state.value.capitalize()),
    Column("Who", text=lambda row: row.who),
    Column("Note", text=lambda row: row.note, stretch=True),
)
ENTRIES: tuple[Column[EntryRow], ...] = (
    Column("Posted", text=lambda row: show_day(row.posted_on), sort_key=lambda row: row.posted_on),
    Column("Line", text=lambda row: row.line),
    Column("What", text=lambda row: row.kind.value.capitalize()),
    Column("Who owes", text=lambda row: row.account.value.capitalize()),
    Column("Reason", text=lambda row: " ".join(filter(None, (row.group_code, row.reason_code)))),
    Column("Amount", text=lambda row: show_money(row.amount), sort_key=lambda row: row.amount, numeric=True),
    Column("Note", text=lambda row: row.note, stretch=True),
)


DECISIONS: tuple[Column[DecisionRow], ...] = (
    Column("Decided", text=lambda row: show_day(row.decided_on), sort_key=lambda row: row.decided_on),
    Column("Payment", text=lambda row: row.trace),
    Column("Line", text=lambda row: row.code),
    Column("Charge", text=lambda row: show_money(row.charge), sort_key=lambda row: row.charge, numeric=True),
    Column("Allowed", text=lambda row: "" if row.allowed is None else show_money(row.allowed), numeric=True),
    Column("Paid", text=lambda row: show_money(row.paid), sort_key=lambda row: row.paid, numeric=True),
    Column("Why", text=lambda row: row.why, stretch=True, hint=lambda row: row.why),
    Column("", text=lambda row: "taken back" if row.taken_back else "",
           tone=lambda row: Tone.NEUTRAL if row.taken_back else None),
)  # fmt: skip
_MOST_LINKS = 5


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
        self.decisions: TableView[DecisionRow] = self._table(
            DECISIONS, "Decisions", "decision", "No payer has decided on it yet."
        )
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
        self.papers = ClaimPapers(self, lambda: self.shown)
        self.corrections = Corrections(self, lambda: self.shown)
        self.file_button = button("Write the file", self.write, icon="export", kind="primary")
        self.check_button = button("Check again", self.check, icon="refresh")
        page.actions(
            button("Patient", self._patient, icon="patient"), self._with_menu("Papers", self.papers, icon="print")
        )
        if self.context.may(Permission.CLAIM):
            page.actions(self._with_menu("Correct", self.corrections), self.check_button, self.file_button)
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
        self.links = QHBoxLayout()
        self.links.setSpacing(8)
        top = QHBoxLayout()
        top.addWidget(label("Why this line", "heading"))
        top.addStretch(1)
        top.addLayout(self.links)
        column.addLayout(top)
        column.addWidget(self.why, 1)
        both = QSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.lines)
        both.addWidget(reasons)
        both.setStretchFactor(0, 3)
        both.setStretchFactor(1, 2)
        self.tabs = QTabWidget()
        for title, widget in (
            ("Lines", both),
            ("What it still needs", self._findings_part()),
            ("What the payer decided", self.decisions),
            ("Money", self._money_part()),
            ("History", self.events),
        ):
            self.tabs.addTab(widget, title)
        page.add(self.tabs, 1)

    def _with_menu(self, text: str, menu: QMenu, icon: str = "") -> QPushButton:
        made = button(text, icon=icon)
        made.setMenu(menu)
        return made

    def show_record(self, kind: str, record: object) -> None:
        if isinstance(record, int):
            if record != self._claim:
                self.desk.messages.clear(self)
            self._claim, self.shown = ClaimId(record), None
            self.file_button.setEnabled(False)
            self.check_button.setEnabled(False)
            self.opens_anew()
            self.load()

    def load(self) -> None:
        if self._claim is not None:
            claim, is_opened = self._claim, self.shown is None
            self.ask_to_open(lambda why: self._page(claim, is_opened, why), self._show, key="claim")

    def _page(self, claim: ClaimId, is_opened: bool, why: str) -> tuple[ClaimPage, tuple[DecisionRow, ...]]:
        """The claim; opening it is kept in the audit trail, bringing it up to date is not another opening."""
        database = self.context.database
        if is_opened:
            open_claim(database, claim, self.context.user_id, why)
        with database.reading() as session:
            return claim_page(session, claim), decisions_of(session, claim)

    def _show(self, found: tuple[ClaimPage, tuple[DecisionRow, ...]]) -> None:
        page, decided = found
        self.shown = page
        self.decisions.set_rows(decided)
        row = page.row
        self.name.setText(f"{row.number}   {row.patient}")
        kind = {Frequency.REPLACEMENT: "Replacement, ", Frequency.VOID: "Void, "}.get(row.frequency, "")
        self.state.setText(f"{kind}{row.state.value}".capitalize())
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
        told = [f"{line.code} {' '.join(line.modifiers)}".strip()]
        for each in explain(line, self.shown):
            told += ["", each.question, *(f"   {answer}" for answer in each.answers)]
        self.why.setPlainText("\n".join(told))
        while (item := self.links.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        for link in links(line, self.shown)[:_MOST_LINKS]:
            self.links.addWidget(
                button(link.text[:28], lambda link=link: self.desk.open(link.kind, link.id), icon="open-outside")  # type: ignore[misc]
            )

    def check(self) -> None:
        """Run every check again."""
        if self._claim is None:
            return
        claim, database, by = self._claim, self.context.database, self.context.user_id
        self.do(
            lambda _why: check(database, claim, by), changed=("billing",), said="Checked.", pressed=self.check_button
        )

    def _findings_part(self) -> QWidget:
        self.findings.opened.connect(self._put_right)
        fix = button("Put it right", lambda: self._put_right(self.findings.current_row()), icon="chevron-right")
        return Part("What the last check found. Put it right where it stands, then check again.", self.findings, [fix])

    def _put_right(self, row: object) -> None:
        """Open the record where a finding is put right."""
        if not isinstance(row, KeptFinding) or self._claim is None:
            self.desk.messages.refused(("Select a finding first.",), self, Tone.INFO)
            return
        claim, database = self._claim, self.context.database

        def find() -> Fix:
            with database.reading() as session:
                return fix_of(session, claim, row)

        def go(fix: Fix) -> None:
            if fix != Fix("claim", claim):
                self.desk.open(fix.kind, fix.record)
            else:
                self.tabs.setCurrentIndex(0)

        self.ask(find, go, key="fix")

    def _money_part(self) -> QWidget:
        deeds = [button("Undo", self.undo, icon="undo")]
        may = self.context.may(Permission.ADJUST_ACCOUNTS) or self.context.may(Permission.POST_PAYMENT)
        return Part("Every entry stays; what is wrong is put right by another one.", self.entries, deeds if may else ())

    def undo(self) -> None:
        """Put the selected write-off back, or take the selected payment of the patient back."""
        row = self.entries.current_row()
        if row is not None and is_patients_payment(row.kind, row.account, row.amount):
            self._open_dialog(payment_dialog(self.context, self.desk, self, row.id, row.note))
            return
        if row is None or row.kind is not EntryKind.WRITE_OFF:
            told = "Select a write-off or a payment of the patient in the list first."
            self.desk.messages.refused((told,), self, Tone.INFO)
            return
        told = f"{show_money(-row.amount)} are owed by the {row.account.value} again."
        self._open_dialog(undo_dialog(self.context, self.desk, self, row.id, told))

    def _open_dialog(self, dialog: DeedDialog) -> None:
        self.deed_dialog = dialog
        dialog.open()

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


def _key_of(row: LineRow | KeptFinding | EventRow | EntryRow | DecisionRow) -> Hashable:
    """What a row is known by when it is shown again."""
    return row.id if isinstance(row, LineRow | DecisionRow | EntryRow) else row
